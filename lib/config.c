#include "lib/config.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/text.h"

#define CONFIG_MAX (1u << 20)
#define TEXT_LIMIT 255
#define PARTY_LIMIT 31
#define SECTION_NAME_MAX 63

/* One section of the file and the values it gave, by the form's key. */
struct section {
	const struct config_section *kind;
	char *name; /* NULL where it takes none */
	unsigned line;
	char **value; /* n_keys of the form; NULL: not given */
};

struct config {
	const struct config_form *form;
	struct section *section;
	size_t n;
};

/* The reader's place in the file. */
struct reader {
	struct config *config;
	const char *name;
	struct fault *fault;
	unsigned line;
};

#define WRONG(r, ...) \
	fault_set((r)->fault, ERR_CONFIG, (r)->name, (r)->line, __VA_ARGS__)

/* --- the kinds of value -----------------------------------------------------
 */

typedef enum err kind_check(
    struct reader *r, const struct config_key *k, const char *value);

static enum err
text_valid(struct reader *r, const struct config_key *k, const char *value)
{
	size_t n = strlen(value), max = k->max ? k->max : TEXT_LIMIT;

	if (n < k->min || n > max)
		return WRONG(r, "%s: %zu bytes where %zu to %zu may be", k->key,
		    n, (size_t)k->min, max);
	return ERR_NONE;
}

static enum err
path_valid(struct reader *r, const struct config_key *k, const char *value)
{
	if (*value == '\0' || strlen(value) >= PATH_MAX)
		return WRONG(r, "%s: not a path", k->key);
	return ERR_NONE;
}

static enum err
number_valid(struct reader *r, const struct config_key *k, const char *value)
{
	uint64_t max = k->max ? k->max : UINT32_MAX, v;

	if (text_to_u64(value, max, &v) != ERR_NONE || v < k->min)
		return WRONG(r, "%s: not a number from %llu to %llu", k->key,
		    (unsigned long long)k->min, (unsigned long long)max);
	return ERR_NONE;
}

static enum err
bool_valid(struct reader *r, const struct config_key *k, const char *value)
{
	if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0)
		return WRONG(r, "%s: neither yes nor no", k->key);
	return ERR_NONE;
}

/* HOST:PORT, the host a name, an address, an [address] or '*'. */
static bool
is_address(const char *value, uint64_t lowest)
{
	static const char host[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789.-_[]:*";
	const char *colon = strrchr(value, ':');
	uint64_t port;

	if (colon == NULL || colon == value ||
	    strspn(value, host) != strlen(value))
		return false;
	return text_to_u64(colon + 1, 65535, &port) == ERR_NONE &&
	       port >= lowest;
}

static enum err
address_valid(struct reader *r, const struct config_key *k, const char *value)
{
	/* port 0: one that is free, for tests */
	if (!is_address(value, 0))
		return WRONG(r, "%s: not HOST:PORT", k->key);
	return ERR_NONE;
}

static enum err
endpoint_valid(struct reader *r, const struct config_key *k, const char *value)
{
	if (strncmp(value, "ipc://", 6) == 0 && strlen(value) > 6)
		return ERR_NONE;
	if (strncmp(value, "tcp://", 6) != 0 || !is_address(value + 6, 0))
		return WRONG(
		    r, "%s: neither tcp://HOST:PORT nor ipc://PATH", k->key);
	return ERR_NONE;
}

static bool
is_party(const char *value)
{
	size_t n = strlen(value);

	return n > 0 && n <= PARTY_LIMIT &&
	       strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

static enum err
party_valid(struct reader *r, const struct config_key *k, const char *value)
{
	if (!is_party(value))
		return WRONG(r, "%s: not a party code", k->key);
	return ERR_NONE;
}

static const struct {
	kind_check *check;
	const char *word; /* in the reference */
} kinds[] = {
    [CONFIG_TEXT] = {text_valid, "text"},
    [CONFIG_PATH] = {path_valid, "path"},
    [CONFIG_NUMBER] = {number_valid, "number"},
    [CONFIG_BOOL] = {bool_valid, "yes or no"},
    [CONFIG_ENDPOINT] = {endpoint_valid, "endpoint"},
    [CONFIG_ADDRESS] = {address_valid, "host:port"},
    [CONFIG_PARTY] = {party_valid, "party code"},
};

/* --- reading ----------------------------------------------------------------
 */

static const struct config_section *
kind_find(const struct config_form *form, const char *name)
{
	for (size_t i = 0; i < form->n_sections; i++)
		if (strcmp(form->sections[i].name, name) == 0)
			return &form->sections[i];
	return NULL;
}

/* n_keys where the section has no such key. */
static size_t
key_find(const struct config_form *form, const char *section, const char *key)
{
	size_t i = 0;

	while (
	    i < form->n_keys && (strcmp(form->keys[i].section, section) != 0 ||
				    strcmp(form->keys[i].key, key) != 0))
		i++;
	return i;
}

static struct section *
section_find(const struct config *c, const char *kind, size_t nth)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->section[i].kind->name, kind) == 0 && nth-- == 0)
			return &c->section[i];
	return NULL;
}

/* A section of this kind and name must not be there yet. */
static enum err
section_new_check(
    struct reader *r, const struct config_section *kind, const char *name)
{
	const struct section *s;

	if ((kind->count == CONFIG_NAMED) != (name != NULL))
		return WRONG(r, "[%s] %s", kind->name,
		    name != NULL ? "takes no name" : "needs a name");
	for (size_t i = 0; (s = section_find(r->config, kind->name, i)); i++)
		if (name == NULL || strcmp(s->name, name) == 0)
			return WRONG(r, "[%s%s%s] twice, first in line %u",
			    kind->name, name != NULL ? " " : "",
			    name != NULL ? name : "", s->line);
	return ERR_NONE;
}

static void
section_add(struct reader *r, const struct config_section *kind,
    const char *name, unsigned line)
{
	struct config *c = r->config;
	struct section *s;

	c->section = xrealloc(c->section, (c->n + 1) * sizeof(*c->section));
	s = &c->section[c->n++];
	*s = (struct section){.kind = kind,
	    .name = name != NULL ? xstrdup(name) : NULL,
	    .line = line,
	    .value = xcalloc(c->form->n_keys, sizeof(*s->value))};
}

static enum err
section_read(struct reader *r, char *line)
{
	size_t n = strlen(line);
	const struct config_section *kind;
	char *name;
	enum err e;

	if (line[n - 1] != ']')
		return WRONG(r, "a section without its ]");
	line[n - 1] = '\0';
	name = strchr(++line, ' ');
	if (name != NULL)
		*name++ = '\0';
	kind = kind_find(r->config->form, line);
	if (kind == NULL)
		return WRONG(r, "unknown section [%.60s]", line);
	if (name != NULL &&
	    (*name == '\0' || *name == ' ' || strlen(name) > SECTION_NAME_MAX))
		return WRONG(r, "not a section's name");
	e = section_new_check(r, kind, name);
	if (e == ERR_NONE)
		section_add(r, kind, name, r->line);
	return e;
}

/* A relative path is meant from where the file lies. */
static char *
path_absolute(const char *file, const char *value)
{
	const char *slash = strrchr(file, '/');
	char cwd[PATH_MAX] = "";
	struct buf b = {0};

	if (value[0] == '/')
		return xstrdup(value);
	if (file[0] != '/' && getcwd(cwd, sizeof(cwd)) != NULL)
		buf_printf(&b, "%s/", cwd);
	if (slash != NULL)
		buf_add(&b, file, (size_t)(slash - file) + 1);
	buf_add(&b, value, strlen(value) + 1);
	return (char *)b.p;
}

static enum err
value_read(struct reader *r, const char *key, const char *value)
{
	const struct config_form *form = r->config->form;
	const struct config_key *k;
	struct section *s;
	enum err e;
	size_t i;

	if (r->config->n == 0)
		return WRONG(r, "a key before any section");
	s = &r->config->section[r->config->n - 1];
	i = key_find(form, s->kind->name, key);
	if (i == form->n_keys)
		return WRONG(
		    r, "unknown key %.60s in [%s]", key, s->kind->name);
	if (s->value[i] != NULL)
		return WRONG(r, "%s twice in one section", key);
	k = &form->keys[i];
	e = kinds[k->kind].check(r, k, value);
	if (e == ERR_NONE)
		s->value[i] = k->kind == CONFIG_PATH
				  ? path_absolute(r->name, value)
				  : xstrdup(value);
	return e;
}

/* One line, trimmed, not empty, no comment; it may be written to. */
static enum err
line_read(struct reader *r, char *line)
{
	char *equals = strchr(line, '='), *end;

	if (line[0] == '[')
		return section_read(r, line);
	if (equals == NULL || equals == line)
		return WRONG(r, "neither a section nor key = value");
	*equals++ = '\0';
	for (end = equals - 2; end > line && (*end == ' ' || *end == '\t');)
		*end-- = '\0';
	return value_read(r, line, equals + strspn(equals, " \t"));
}

static enum err
lines_read(struct reader *r, struct span text)
{
	enum err e = ERR_NONE;

	while (text.n > 0 && e == ERR_NONE) {
		const uint8_t *end = memchr(text.p, '\n', text.n);
		size_t n = end != NULL ? (size_t)(end - text.p) : text.n;
		struct span line = text_trim(span_of(text.p, n));
		char *copy;

		r->line++;
		text.p += end != NULL ? n + 1 : n;
		text.n -= end != NULL ? n + 1 : n;
		if (text_check_content(line, CONFIG_MAX) != ERR_NONE)
			return WRONG(r, "not UTF-8 text");
		if (line.n == 0 || line.p[0] == '#')
			continue;
		copy = xcalloc(1, line.n + 1);
		memcpy(copy, line.p, line.n);
		e = memchr(line.p, '\r', line.n) != NULL
			? WRONG(r, "a carriage return")
			: line_read(r, copy);
		free(copy);
	}
	return e;
}

static enum err
section_complete(struct reader *r, const struct section *s)
{
	const struct config_form *form = r->config->form;

	r->line = s->line;
	for (size_t i = 0; i < form->n_keys; i++)
		if (form->keys[i].required && s->value[i] == NULL &&
		    strcmp(form->keys[i].section, s->kind->name) == 0)
			return WRONG(r, "[%s] lacks %s", s->kind->name,
			    form->keys[i].key);
	return ERR_NONE;
}

/* What must be there, is; an optional section's fallbacks need none. */
static enum err
complete(struct reader *r)
{
	const struct config_form *form = r->config->form;
	enum err e = ERR_NONE;

	for (size_t i = 0; i < form->n_sections; i++)
		if (form->sections[i].count == CONFIG_ONE &&
		    section_find(r->config, form->sections[i].name, 0) ==
			NULL) {
			r->line = 0;
			return WRONG(
			    r, "no section [%s]", form->sections[i].name);
		}
	for (size_t i = 0; i < r->config->n && e == ERR_NONE; i++)
		e = section_complete(r, &r->config->section[i]);
	return e;
}

enum err
config_parse(const char *name, struct span text, const struct config_form *form,
    struct config **out, struct fault *f)
{
	struct config *c = xcalloc(1, sizeof(*c));
	struct reader r = {.config = c, .name = name, .fault = f};
	enum err e;

	c->form = form;
	e = lines_read(&r, text);
	if (e == ERR_NONE)
		e = complete(&r);
	if (e != ERR_NONE) {
		config_free(c);
		c = NULL;
	}
	*out = c;
	return e;
}

enum err
config_read(const char *path, const struct config_form *form,
    struct config **out, struct fault *f)
{
	struct buf b = {0};
	enum err e = file_read(path, CONFIG_MAX, &b);

	*out = NULL;
	if (e == ERR_NONE)
		e = config_parse(path, buf_span(&b), form, out, f);
	else
		fault_set(f, e, path, 0, "%s",
		    e == ERR_FILE ? strerror(errno) : err_sentence(e));
	buf_free(&b);
	return e;
}

void
config_free(struct config *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->n; i++) {
		for (size_t k = 0; k < c->form->n_keys; k++)
			free(c->section[i].value[k]);
		free(c->section[i].value);
		free(c->section[i].name);
	}
	free(c->section);
	free(c);
}

/* --- asking -----------------------------------------------------------------
 */

size_t
config_count(const struct config *c, const char *section)
{
	size_t n = 0;

	while (section_find(c, section, n) != NULL)
		n++;
	return n;
}

const char *
config_name(const struct config *c, const char *section, size_t i)
{
	const struct section *s = section_find(c, section, i);

	assert(s != NULL && s->name != NULL);
	return s->name;
}

/* As it stands in the file or the form; NULL where in neither. */
static const char *
value_of(const struct config *c, const char *section, size_t i, const char *key,
    const struct config_key **k)
{
	const struct section *s = section_find(c, section, i);
	size_t at = key_find(c->form, section, key);

	assert(at < c->form->n_keys);
	*k = &c->form->keys[at];
	if (s != NULL && s->value[at] != NULL)
		return s->value[at];
	return (*k)->fallback;
}

const char *
config_text(
    const struct config *c, const char *section, size_t i, const char *key)
{
	const struct config_key *k;
	const char *value = value_of(c, section, i, key, &k);

	assert(k->kind != CONFIG_NUMBER && k->kind != CONFIG_BOOL);
	return value;
}

uint64_t
config_number(
    const struct config *c, const char *section, size_t i, const char *key)
{
	const struct config_key *k;
	const char *value = value_of(c, section, i, key, &k);
	uint64_t v = 0;

	assert(k->kind == CONFIG_NUMBER);
	if (value != NULL && text_to_u64(value, UINT64_MAX, &v) != ERR_NONE)
		assert(!"a fallback that is no number");
	return v;
}

bool
config_bool(
    const struct config *c, const char *section, size_t i, const char *key)
{
	const struct config_key *k;
	const char *value = value_of(c, section, i, key, &k);

	assert(k->kind == CONFIG_BOOL);
	return value != NULL && strcmp(value, "yes") == 0;
}

/* --- the reference ----------------------------------------------------------
 */

static void
key_describe(const struct config_key *k, struct buf *out)
{
	buf_printf(out, "%s (%s", k->key, kinds[k->kind].word);
	if (k->kind == CONFIG_NUMBER)
		buf_printf(out, " from %llu to %llu",
		    (unsigned long long)k->min,
		    (unsigned long long)(k->max ? k->max : UINT32_MAX));
	if (k->fallback != NULL)
		buf_printf(out, ", %s if not given", k->fallback);
	buf_printf(
	    out, "%s): %s\n", k->required ? ", required" : "", k->meaning);
}

void
config_reference(const struct config_form *form, struct buf *out)
{
	for (size_t i = 0; i < form->n_sections; i++) {
		const struct config_section *s = &form->sections[i];

		buf_printf(out, "%s[%s%s]\n", i > 0 ? "\n" : "", s->name,
		    s->count == CONFIG_NAMED ? " NAME" : "");
		for (size_t k = 0; k < form->n_keys; k++)
			if (strcmp(form->keys[k].section, s->name) == 0)
				key_describe(&form->keys[k], out);
	}
}

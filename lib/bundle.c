#include "lib/bundle.h"

#include <stdlib.h>
#include <string.h>

#include "lib/b64.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/text.h"
#include "lib/tsv.h"

#define OFFICERS_FILE_MAX (1024 * 1024)
#define OFFICERS_MAX 256
#define LINES_MAX 64 /* in a signature file */

struct officer {
	char id[OFFICER_ID_MAX + 1];
	struct verifykey *key;
	struct day from, until; /* until: exclusive */
};

struct officers {
	size_t n;
	struct officer *officer;
};

enum column { COL_OFFICER, COL_NAME, COL_KEY, COL_FROM, COL_UNTIL, COLUMNS };
static const char *const column_names[COLUMNS] = {
    "officer", "name", "key", "from", "until"};

/* ---- the register of officers ---------------------------------------------
 */

static const struct officer *
officer_find(const struct officers *o, const char *id)
{
	for (size_t i = 0; i < o->n; i++)
		if (strcmp(o->officer[i].id, id) == 0)
			return &o->officer[i];
	return NULL;
}

/* Two names for one key would let one person sign as two. */
static bool
key_is_new(const struct officers *o, const struct verifykey *k)
{
	for (size_t i = 0; i < o->n; i++)
		if (span_equal(
			verifykey_raw(o->officer[i].key), verifykey_raw(k)))
			return false;
	return true;
}

static enum err
key_parse(const char *text, struct verifykey **out)
{
	uint8_t raw[32];
	enum err e = b64_decode_fixed(span_str(text), raw, sizeof(raw));

	return e == ERR_NONE ? verifykey_parse(SIGN_ED25519, SPAN(raw), out)
			     : e;
}

static enum err
days_parse(const char *from, const char *until, struct officer *o)
{
	enum err e = day_parse(from, &o->from);

	o->until.n = INT32_MAX;
	if (e == ERR_NONE && until[0] != '\0')
		e = day_parse(until, &o->until);
	if (e == ERR_NONE && o->until.n <= o->from.n)
		e = ERR_LINE;
	return e;
}

static enum err
officer_read(const struct rows *r, size_t i, const size_t *at,
    struct officers *all, struct fault *f)
{
	const char *id = rows_cell(r, i, at[COL_OFFICER]);
	struct officer *o = &all->officer[all->n];

	if (id[0] == '\0' || strlen(id) > OFFICER_ID_MAX)
		return rows_fault(r, i, ERR_LINE, f, "officer");
	if (officer_find(all, id) != NULL)
		return rows_fault(r, i, ERR_DUPLICATE, f, "officer %s", id);
	if (days_parse(rows_cell(r, i, at[COL_FROM]),
		rows_cell(r, i, at[COL_UNTIL]), o) != ERR_NONE)
		return rows_fault(r, i, ERR_LINE, f, "from, until");
	if (key_parse(rows_cell(r, i, at[COL_KEY]), &o->key) != ERR_NONE)
		return rows_fault(r, i, ERR_KEY, f, "key of %s", id);
	strcpy(o->id, id);
	if (!key_is_new(all, o->key)) {
		verifykey_free(o->key);
		o->key = NULL;
		return rows_fault(r, i, ERR_DUPLICATE, f, "key of %s", id);
	}
	all->n++;
	return ERR_NONE;
}

enum err
officers_parse(
    const char *name, struct span file, struct officers **out, struct fault *f)
{
	struct officers *o = xcalloc(1, sizeof(*o));
	struct rows r = {0};
	size_t at[COLUMNS];
	enum err e = tsv_parse(name, file, &r, f);

	*out = NULL;
	if (e == ERR_NONE)
		e = rows_columns(&r, column_names, COLUMNS, false, at, f);
	if (e == ERR_NONE && r.n > OFFICERS_MAX)
		e = fault_set(f, ERR_TOO_LONG, name, 0, "too many officers");
	if (e == ERR_NONE)
		o->officer = xcalloc(r.n, sizeof(*o->officer));
	for (size_t i = 0; e == ERR_NONE && i < r.n; i++)
		e = officer_read(&r, i, at, o, f);
	rows_free(&r);
	if (e != ERR_NONE) {
		officers_free(o);
		return e;
	}
	*out = o;
	return ERR_NONE;
}

enum err
officers_open(const char *path, struct officers **out, struct fault *f)
{
	struct buf file = {0};
	enum err e = file_read(path, OFFICERS_FILE_MAX, &file);

	*out = NULL;
	if (e != ERR_NONE)
		fault_set(f, e, path, 0, "%s", err_sentence(e));
	else
		e = officers_parse(path, buf_span(&file), out, f);
	buf_free(&file);
	return e;
}

void
officers_free(struct officers *o)
{
	if (o == NULL)
		return;
	for (size_t i = 0; i < o->n; i++)
		verifykey_free(o->officer[i].key);
	free(o->officer);
	free(o);
}

/* ---- signatures -----------------------------------------------------------
 */

static void
signed_bytes(const struct bundle *b, struct buf *out)
{
	buf_add(out, "renkei/v1/bundle", 17); /* with its NUL */
	buf_add_lp(out, b->kind);
	buf_add_u64(out, b->version);
	buf_add(out, b->hash, HASH_LEN);
}

enum err
bundle_sign(const struct bundle *b, const char *officer,
    const struct signkey *k, struct buf *out)
{
	uint8_t signature[SIGNATURE_LEN];
	struct buf message = {0};
	enum err e;

	if (verifykey_algorithm(signkey_public(k)) != SIGN_ED25519)
		return ERR_KEY;
	signed_bytes(b, &message);
	e = signkey_sign(k, buf_span(&message), signature);
	if (e == ERR_NONE) {
		buf_printf(out, "%s\t", officer);
		b64_encode(SPAN(signature), out);
		buf_add_u8(out, '\n');
	}
	buf_free(&message);
	return e;
}

/* "id TAB base64" without its newline. */
static enum err
line_split(struct span line, char id[static OFFICER_ID_MAX + 1],
    uint8_t signature[static SIGNATURE_LEN])
{
	const uint8_t *tab = line.n > 0 ? memchr(line.p, '\t', line.n) : NULL;
	size_t n = tab != NULL ? (size_t)(tab - line.p) : 0;

	if (n == 0 || n > OFFICER_ID_MAX || memchr(line.p, '\0', n) != NULL)
		return ERR_LINE;
	memcpy(id, line.p, n);
	id[n] = '\0';
	return b64_decode_fixed(
	    span_of(tab + 1, line.n - n - 1), signature, SIGNATURE_LEN);
}

/* One bundle's check, line by line. */
struct check {
	const struct officers *officers;
	struct span message;
	struct day today;
	const struct officer *seen[LINES_MAX];
	unsigned n; /* of seen: good lines */
};

static enum err
line_check(struct check *c, struct span line, const char **what)
{
	char id[OFFICER_ID_MAX + 1];
	uint8_t signature[SIGNATURE_LEN];
	const struct officer *o;

	*what = "not an officer, a tab and a signature";
	if (c->n >= LINES_MAX || line_split(line, id, signature) != ERR_NONE)
		return ERR_LINE;
	*what = "an officer who is not known or not in office";
	o = officer_find(c->officers, id);
	if (o == NULL || c->today.n < o->from.n || c->today.n >= o->until.n)
		return ERR_KEY;
	*what = "the same officer twice";
	for (unsigned i = 0; i < c->n; i++)
		if (c->seen[i] == o)
			return ERR_DUPLICATE;
	*what = "a signature that does not verify";
	if (verifykey_check(o->key, c->message, SPAN(signature)) != ERR_NONE)
		return ERR_SIGNATURE;
	c->seen[c->n++] = o;
	return ERR_NONE;
}

static enum err
lines_check(struct check *c, struct span signatures, struct fault *f)
{
	const char *what = "no newline at the end";
	unsigned line = 1;

	for (; signatures.n > 0; line++) {
		const uint8_t *nl = memchr(signatures.p, '\n', signatures.n);
		size_t n = nl != NULL ? (size_t)(nl - signatures.p) : 0;
		enum err e =
		    nl == NULL ? ERR_LINE
			       : line_check(c, span_of(signatures.p, n), &what);

		if (e != ERR_NONE)
			return fault_set(f, e, "signatures", line, "%s", what);
		signatures.p += n + 1;
		signatures.n -= n + 1;
	}
	return ERR_NONE;
}

enum err
bundle_check(const struct officers *o, const struct bundle *b,
    struct span signatures, uint64_t now_ms, unsigned need, struct fault *f)
{
	struct buf message = {0};
	struct check c = {.officers = o, .today = day_of_ms(now_ms)};
	enum err e;

	signed_bytes(b, &message);
	c.message = buf_span(&message);
	e = lines_check(&c, signatures, f);
	if (e == ERR_NONE && c.n < need)
		e = fault_set(f, ERR_SIGNATURE, "signatures", 0,
		    "%u of the %u officers needed signed", c.n, need);
	buf_free(&message);
	return e;
}

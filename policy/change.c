#include "policy/change.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/blob.h"
#include "policy/model.h"

#define HEADER "sign\tkind\ta\tb\tc\td\te\tin_force_from\tin_force_until"
#define OPEN UINT32_MAX

/* ---- the days on which anything begins or ends ----------------------------
 */

struct days {
	uint32_t *v;
	uint32_t n;
};

static void
day_add(struct days *d, uint32_t day)
{
	if (day == 0 || day == OPEN)
		return;
	d->v = load_more(d->v, d->n, sizeof(*d->v));
	d->v[d->n++] = day;
}

#define PERIODS_ADD(d, array, count)                \
	for (uint32_t i_ = 0; i_ < (count); i_++) { \
		day_add(d, (array)[i_].from);       \
		day_add(d, (array)[i_].until);      \
	}

static void
days_collect(struct days *d, const struct policy *p)
{
	PERIODS_ADD(d, p->clause, p->n_clause);
	PERIODS_ADD(d, p->dated, p->n_dated);
	PERIODS_ADD(d, p->delegation, p->n_delegation);
	PERIODS_ADD(d, p->line, p->n_line);
	PERIODS_ADD(d, p->allowance, p->n_allowance);
	PERIODS_ADD(d, p->body + 1, p->codes.n);
}

static int
day_order(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void
days_settle(struct days *d)
{
	uint32_t n = 0;

	if (d->n == 0)
		return;
	qsort(d->v, d->n, sizeof(*d->v), day_order);
	for (uint32_t i = 1; i < d->n; i++)
		if (d->v[i] != d->v[n])
			d->v[++n] = d->v[i];
	d->n = n + 1;
}

/* ---- the list -------------------------------------------------------------
 */

struct lines {
	char **v;
	uint32_t n;
};

static void
line_add(struct lines *l, const char *key, uint32_t from, uint32_t until)
{
	struct buf line = {0};

	buf_printf(&line, "%s\t%04u-%02u-%02u\t", key, from / 10000,
	    from / 100 % 100, from % 100);
	if (until != OPEN)
		buf_printf(&line, "%04u-%02u-%02u", until / 10000,
		    until / 100 % 100, until % 100);
	buf_add_u8(&line, '\0');
	l->v = load_more(l->v, l->n, sizeof(*l->v));
	l->v[l->n++] = (char *)line.p;
}

static void
lines_fini(struct lines *l)
{
	for (uint32_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
}

static int
line_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Differences day by day, joined where they hold on neighbouring days. */
struct walk {
	struct names keys;
	struct {
		uint32_t first, last; /* places in days, plus one */
	} * held;		      /* by key */
	const struct days *days;
	uint32_t at; /* the day in hand, plus one */
	struct buf key;
	struct lines *out;
};

static void
held_end(struct walk *w, uint32_t key)
{
	uint32_t last = w->held[key].last;

	line_add(w->out, names_text(&w->keys, key),
	    w->days->v[w->held[key].first - 1],
	    last < w->days->n ? w->days->v[last] : OPEN);
}

static void
change_note(const struct policy_change *c, void *arg)
{
	struct walk *w = arg;
	uint32_t had = w->keys.n, key;

	buf_reset(&w->key);
	buf_printf(&w->key, "%c\t%s", c->sign, policy_change_word(c->kind));
	for (int i = 0; i < POLICY_CHANGE_FIELDS; i++)
		buf_printf(&w->key, "\t%s", c->field[i]);
	key = names_add(&w->keys, buf_span(&w->key));
	if (key > had)
		w->held = load_more(w->held, key, sizeof(*w->held));
	if (w->held[key].last != 0 && w->held[key].last + 1 == w->at) {
		w->held[key].last = w->at;
		return;
	}
	if (w->held[key].last != 0)
		held_end(w, key);
	w->held[key].first = w->held[key].last = w->at;
}

static void
rights_walk(
    const struct policy *before, const struct policy *after, struct lines *out)
{
	struct days days = {0};
	struct walk w = {.days = &days, .out = out};

	days_collect(&days, before);
	days_collect(&days, after);
	days_settle(&days);
	w.held = load_more(NULL, 0, sizeof(*w.held));
	for (uint32_t i = 0; i < days.n; i++) {
		w.at = i + 1;
		policy_diff(
		    before, days.v[i], after, days.v[i], change_note, &w);
	}
	for (uint32_t key = 1; key <= w.keys.n; key++)
		held_end(&w, key);
	names_fini(&w.keys);
	buf_free(&w.key);
	free(w.held);
	free(days.v);
}

/* An assessment decides as much as a right does: none, and it is refused. */
static void
assessments(const struct policy *p, char sign, struct lines *out)
{
	struct buf key = {0};

	for (uint32_t i = 0; i < p->n_pia; i++) {
		const struct pia *a = &p->pia[i];

		buf_reset(&key);
		buf_printf(&key, "%c\tpia\t%s\t%s\t%s\t\t", sign,
		    p->body[a->body].code,
		    a->row == 0 ? "*" : names_text(&p->rows, a->row),
		    policy_pia_name(a->state));
		buf_add_u8(&key, '\0');
		line_add(out, (char *)key.p, a->from, a->until);
	}
	buf_free(&key);
}

/* What a version files as stopped: to leave it out lifts a suspension. */
static void
suspensions(const struct policy *p, char sign, struct lines *out)
{
	struct buf key = {0};

	for (uint32_t i = 0; i < p->filed.n; i++) {
		const struct suspension *s = &p->filed.v[i];

		buf_reset(&key);
		buf_printf(&key, "%c\tsuspension\t%s\t%s\t%s\t\t", sign,
		    s->body == 0 ? "*" : p->body[s->body].code,
		    s->row == 0 ? "*" : names_text(&p->rows, s->row),
		    s->data == 0 ? "*" : names_text(&p->data, s->data));
		buf_add_u8(&key, '\0');
		line_add(out, (char *)key.p, s->from, s->until);
	}
	buf_free(&key);
}

/* What a provider has filed not to answer: to leave it out opens it again. */
static void
declines(const struct policy *p, char sign, struct lines *out)
{
	struct buf key = {0};

	for (uint32_t i = 0; i < p->n_decline; i++) {
		const struct decline *d = &p->decline[i];

		buf_reset(&key);
		buf_printf(&key, "%c\tdecline\t%s\t%s\t\t\t", sign,
		    p->body[d->body].code,
		    d->row == 0 ? "*" : names_text(&p->rows, d->row));
		buf_add_u8(&key, '\0');
		line_add(out, (char *)key.p, d->from, d->until);
	}
	buf_free(&key);
}

/* What else decides beside the rights. */
static void
guards(const struct policy *p, char sign, struct lines *out)
{
	assessments(p, sign, out);
	suspensions(p, sign, out);
	declines(p, sign, out);
}

/* Only what one side has: the sign is not compared. */
static void
sides_tell(struct lines *a, struct lines *b, struct lines *out)
{
	uint32_t i = 0, k = 0;

	qsort(a->v, a->n, sizeof(*a->v), line_order);
	qsort(b->v, b->n, sizeof(*b->v), line_order);
	while (i < a->n || k < b->n) {
		int order = i == a->n	? 1
			    : k == b->n ? -1
					: strcmp(a->v[i] + 1, b->v[k] + 1);
		char *only = order < 0 ? a->v[i] : b->v[k];

		if (order != 0) {
			out->v = load_more(out->v, out->n, sizeof(*out->v));
			out->v[out->n++] = xstrdup(only);
		}
		i += order <= 0;
		k += order >= 0;
	}
}

/* Sorted. */
static void
changes_list(
    const struct policy *before, const struct policy *after, struct lines *out)
{
	struct lines a = {0}, b = {0};

	rights_walk(before, after, out);
	guards(before, '-', &a);
	guards(after, '+', &b);
	sides_tell(&a, &b, out);
	lines_fini(&a);
	lines_fini(&b);
	if (out->n > 0)
		qsort(out->v, out->n, sizeof(*out->v), line_order);
}

static void
base_line(const struct policy *p, struct buf *out)
{
	buf_printf(out, "base\t%llu\t", (unsigned long long)p->version);
	for (size_t i = 0; i < POLICY_HASH_LEN; i++)
		buf_printf(out, "%02x", p->hash[i]);
}

void
policy_changes(
    const struct policy *before, const struct policy *after, struct buf *out)
{
	struct lines l = {0};

	changes_list(before, after, &l);
	base_line(before, out);
	buf_printf(out, "\n" HEADER "\n");
	for (uint32_t i = 0; i < l.n; i++)
		buf_printf(out, "%s\n", l.v[i]);
	lines_fini(&l);
}

/* ---- against what was declared --------------------------------------------
 */

struct check {
	struct buf *why;
	unsigned faults;
};

static void __attribute__((format(printf, 3, 4)))
fault(struct check *c, unsigned line, const char *fmt, ...)
{
	char what[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	buf_printf(c->why, CHANGES_FILE ":%u: %s\n", line, what);
	c->faults++;
}

/* A line of the file and where it stood. */
struct declared {
	const char *text;
	unsigned line;
};

static int
declared_order(const void *a, const void *b)
{
	const struct declared *x = a, *y = b;
	int order = strcmp(x->text, y->text);

	return order != 0 ? order : (x->line > y->line) - (x->line < y->line);
}

/* "+ right 73 ...": for a person to read. */
static const char *
spaced(const char *line, char out[static 512])
{
	size_t n = 0;
	bool gap = false;

	for (; *line != '\0' && n < 508; line++) {
		gap = gap || *line == '\t';
		if (*line == '\t')
			continue;
		if (gap)
			out[n++] = ' ';
		gap = false;
		out[n++] = *line;
	}
	out[n] = '\0';
	return out;
}

static void
lists_compare(struct check *c, const struct lines *real,
    const struct declared *said, uint32_t n)
{
	uint32_t i = 0, k = 0;
	char text[512];

	while (i < real->n || k < n) {
		int order = i == real->n ? 1
			    : k == n	 ? -1
					 : strcmp(real->v[i], said[k].text);

		if (order < 0)
			fault(
			    c, 0, "not declared: %s", spaced(real->v[i], text));
		else if (order > 0)
			fault(c, said[k].line, "declared, but not so: %s",
			    spaced(said[k].text, text));
		i += order <= 0;
		k += order >= 0;
	}
}

/* Cut the file into its lines; false where its head is not the right one. */
static bool
declared_read(struct check *c, const struct policy *before, char *text,
    struct declared **out, uint32_t *n)
{
	struct buf base = {0};
	char *line, *rest = text;
	unsigned at = 0;

	base_line(before, &base);
	buf_add_u8(&base, '\0');
	while ((line = strsep(&rest, "\n")) != NULL) {
		at++;
		if (rest == NULL && *line != '\0')
			fault(c, at, "no LF at the end");
		else if (at == 1 && strcmp(line, (char *)base.p) != 0)
			fault(c, 1, "not against the version in force: %s",
			    (char *)base.p);
		else if (at == 2 && strcmp(line, HEADER) != 0)
			fault(c, 2, "the header must be: %s", HEADER);
		else if (at > 2 && rest != NULL) {
			*out = load_more(*out, *n, sizeof(**out));
			(*out)[(*n)++] = (struct declared){line, at};
		}
	}
	if (at < 3)
		fault(c, at, "no header");
	buf_free(&base);
	return c->faults == 0;
}

static void
changes_compare(struct check *c, const struct policy *before,
    const struct policy *after, struct span file)
{
	struct declared *said = NULL;
	struct lines real = {0};
	char *text = xcalloc(file.n + 1, 1);
	uint32_t n = 0;

	memcpy(text, file.p, file.n);
	if (memchr(text, '\0', file.n) != NULL)
		fault(c, 0, "a NUL");
	else if (declared_read(c, before, text, &said, &n)) {
		if (n > 0)
			qsort(said, n, sizeof(*said), declared_order);
		changes_list(before, after, &real);
		lists_compare(c, &real, said, n);
	}
	lines_fini(&real);
	free(said);
	free(text);
}

/*
 * Under the code of one body stands another name: rights given to the one
 * would pass to the other by accident. It has to end, and the other to begin
 * under a code of its own.
 */
static void
names_compare(
    struct check *c, const struct policy *before, const struct policy *after)
{
	for (uint32_t i = 1; i <= before->codes.n; i++) {
		const struct policy_body *a = &before->body[i];
		const struct policy_body *b = policy_body(after, a->code);

		if (b == NULL || (strcmp(a->name, b->name) == 0 &&
				     strcmp(a->prefecture, b->prefecture) == 0))
			continue;
		buf_printf(c->why,
		    "%s:0: %s was %s%s and would be %s%s: a renamed body "
		    "inherits no rights\n",
		    b->ours ? "bodies.tsv" : "local_governments.tsv", a->code,
		    a->prefecture, a->name, b->prefecture, b->name);
		c->faults++;
	}
}

enum err
policy_changes_check(const struct policy *before, const struct policy *after,
    struct span blob, struct buf *why)
{
	struct check c = {.why = why};
	struct span file;

	if (after->version <= before->version) {
		buf_printf(why,
		    "manifest.tsv:1: version %llu is not above %llu, which is "
		    "in force\n",
		    (unsigned long long)after->version,
		    (unsigned long long)before->version);
		return ERR_POLICY_VERSION;
	}
	if (blob_find(blob, CHANGES_FILE, &file))
		changes_compare(&c, before, after, file);
	else
		fault(&c, 0, "the manifest does not name the file");
	names_compare(&c, before, after);
	return c.faults == 0 ? ERR_NONE : ERR_LINE;
}

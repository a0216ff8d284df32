/* What stops a lawful inquiry all the same: PIA missing, suspension. */
#include <stdlib.h>
#include <string.h>

#include "policy/model.h"

static bool
state_parse(const char *word, enum policy_pia *out)
{
	for (int i = PIA_NONE; i <= PIA_EXEMPT; i++)
		if (strcmp(word, policy_pia_name((enum policy_pia)i)) == 0) {
			*out = (enum policy_pia)i;
			return true;
		}
	return false;
}

static void
pia_add(struct load *l, struct sheet *s, const char *row)
{
	struct policy *p = l->p;
	struct pia a = {.body = names_find(&p->codes, s->cell[0]),
	    .row = names_find(&p->rows, row)};

	if (a.body == 0)
		sheet_fault(s, "no such body: %s", s->cell[0]);
	else if (a.row == 0 && strcmp(row, "*") != 0)
		sheet_fault(s, "no such row: %s", row);
	else if (!state_parse(s->cell[3], &a.state))
		sheet_fault(s, "no such state: %s", s->cell[3]);
	else if (*s->cell[1] == '\0' || *s->cell[6] == '\0')
		sheet_fault(s, "a PIA without a file or a citation");
	else if (sheet_period(s, 4, &a.from, &a.until)) {
		a.file = load_text(l, s->cell[1]);
		a.citation = load_text(l, s->cell[6]);
		p->pia = load_more(p->pia, p->n_pia, sizeof(*p->pia));
		p->pia[p->n_pia++] = a;
	}
}

static int
pia_order(const void *a, const void *b)
{
	const struct pia *x = a, *y = b;

	if (x->body != y->body)
		return x->body < y->body ? -1 : 1;
	if (x->row != y->row)
		return x->row < y->row ? -1 : 1;
	return (x->from > y->from) - (x->from < y->from);
}

static void
pia_index(struct load *l)
{
	struct policy *p = l->p;

	if (p->n_pia > 0)
		qsort(p->pia, p->n_pia, sizeof(*p->pia), pia_order);
	for (uint32_t i = 0; i < p->n_pia; i++) {
		const struct pia *a = &p->pia[i];
		struct run *r =
		    runs_add(&p->pia_runs, RUN_KEY(a->body, a->row));

		if (r->n++ == 0)
			r->at = i;
		else if (p->pia[i - 1].until > a->from) {
			buf_printf(l->why,
			    "pia.tsv:0: two states of %s on one day\n",
			    p->body[a->body].code);
			l->faults++;
		}
	}
}

static void
pia_load(struct load *l)
{
	struct sheet s;

	load_open(l, "pia.tsv",
	    "body\tfile\trows\tstate\tin_force_from\tin_force_until\t"
	    "citation",
	    &s);
	while (sheet_next(&s)) {
		char *rows = xstrdup(s.cell[2]), *save = NULL;

		for (char *r = strtok_r(rows, " ", &save); r != NULL;
		     r = strtok_r(NULL, " ", &save))
			pia_add(l, &s, r);
		free(rows);
	}
	sheet_close(&s);
	pia_index(l);
}

/* A cell that may be "*", for any: 0 then, and *ok. */
static uint32_t
any_or(const struct names *names, const char *text, bool *ok)
{
	uint32_t number = 0;

	if (strcmp(text, "*") == 0)
		return 0;
	number = names_find(names, text);
	*ok = *ok && number != 0;
	return number;
}

static bool
suspension_overlaps(const struct suspensions *list, const struct suspension *x)
{
	for (uint32_t i = 0; i < list->n; i++) {
		const struct suspension *o = &list->v[i];

		if (o->body == x->body && o->row == x->row &&
		    o->data == x->data && o->from < x->until &&
		    x->from < o->until)
			return true;
	}
	return false;
}

static void
suspension_add(struct policy *p, struct sheet *s, struct suspensions *list)
{
	bool ok = true;
	struct suspension x = {.body = any_or(&p->codes, s->cell[0], &ok),
	    .row = any_or(&p->rows, s->cell[1], &ok),
	    .data = any_or(&p->data, s->cell[2], &ok)};

	if (!ok || (x.body == 0 && x.row == 0 && x.data == 0)) {
		sheet_fault(s, "names no body, row or data that is known");
		return;
	}
	if (!sheet_period(s, 3, &x.from, &x.until))
		return;
	if (*s->cell[5] == '\0') {
		sheet_fault(s, "a suspension without a reason");
		return;
	}
	if (x.data != 0)
		x.data = p->canonical[x.data];
	if (suspension_overlaps(list, &x)) {
		sheet_fault(s, "overlaps an earlier line");
		return;
	}
	x.citation = names_text(&p->texts, names_put(&p->texts, s->cell[5]));
	list->v = load_more(list->v, list->n, sizeof(*list->v));
	list->v[list->n++] = x;
}

/* What a sheet says; an empty list where it is at fault. */
static struct suspensions
suspensions_read(struct policy *p, struct sheet *s)
{
	struct suspensions list = {0};

	while (sheet_next(s))
		suspension_add(p, s, &list);
	if (*s->faults > 0) {
		free(list.v);
		list = (struct suspensions){0};
	}
	return list;
}

#define SUSPENSIONS "suspensions.tsv"
#define SUSPENSIONS_HEADER \
	"body\trow\tdata\tin_force_from\tin_force_until\treason"

static void
suspensions_load(struct load *l)
{
	struct sheet s;

	load_open(l, SUSPENSIONS, SUSPENSIONS_HEADER, &s);
	l->p->filed = l->p->suspensions = suspensions_read(l->p, &s);
	sheet_close(&s);
}

/* Signed files begin with "# version N", which is not of the table. */
static struct span
comments_skip(struct span tsv, unsigned *lines)
{
	*lines = 0;
	while (tsv.n > 0 && tsv.p[0] == '#') {
		const uint8_t *end = memchr(tsv.p, '\n', tsv.n);
		size_t n = end == NULL ? tsv.n : (size_t)(end - tsv.p) + 1;

		tsv = span_of(tsv.p + n, tsv.n - n);
		(*lines)++;
	}
	return tsv;
}

/* The list of a signed file; ERR_LINE with its faults. */
static enum err
suspensions_parse(
    struct policy *p, struct span tsv, struct buf *why, struct suspensions *out)
{
	unsigned faults = 0, skipped;
	struct sheet s;

	tsv = comments_skip(tsv, &skipped);
	sheet_open(&s, SUSPENSIONS, tsv, SUSPENSIONS_HEADER, why, &faults);
	s.line += skipped;
	*out = suspensions_read(p, &s);
	sheet_close(&s);
	return faults > 0 ? ERR_LINE : ERR_NONE;
}

enum err
policy_suspend(struct policy *p, struct span tsv, struct buf *why)
{
	struct suspensions list;
	enum err e = suspensions_parse(p, tsv, why, &list);

	if (e != ERR_NONE)
		return e;
	if (p->suspensions.v != p->filed.v)
		free(p->suspensions.v);
	p->suspensions = list;
	return ERR_NONE;
}

enum err
policy_suspend_check(struct policy *p, struct span tsv, struct buf *why)
{
	struct suspensions list;
	enum err e = suspensions_parse(p, tsv, why, &list);

	free(list.v);
	return e;
}

void
load_guards(struct load *l)
{
	pia_load(l);
	suspensions_load(l);
}

/* A suspended body neither asks nor, with data named, answers with them. */
static bool
suspends(const struct suspension *x, uint32_t inquirer, uint32_t provider,
    uint32_t row, uint32_t data)
{
	bool body = x->body == 0 || x->body == provider ||
		    (x->body == inquirer && x->data == 0);

	return body && (x->row == 0 || x->row == row) &&
	       (x->data == 0 || x->data == data);
}

bool
guard_suspended(const struct policy *p, uint32_t inquirer, uint32_t provider,
    uint32_t row, uint32_t data, uint32_t day, const char **why)
{
	for (uint32_t i = 0; i < p->suspensions.n; i++) {
		const struct suspension *x = &p->suspensions.v[i];

		if (period_has(x->from, x->until, day) &&
		    suspends(x, inquirer, provider, row, data)) {
			*why = x->citation;
			return true;
		}
	}
	return false;
}

bool
policy_suspended(
    const struct policy *p, const struct policy_question *q, const char **why)
{
	uint32_t inquirer = names_find(&p->codes, q->inquirer);
	uint32_t provider = names_find(&p->codes, q->provider);
	uint32_t row = names_find(&p->rows, q->task);

	for (size_t i = 0; i < q->n_data; i++) {
		uint32_t data = names_find(&p->data, q->data[i]);

		if (guard_suspended(p, inquirer, provider, row,
			p->canonical[data], q->day, why))
			return true;
	}
	return false;
}

static enum policy_pia
pia_of(const struct policy *p, uint32_t body, uint32_t row, uint32_t day)
{
	const struct run *r = runs_find(&p->pia_runs, RUN_KEY(body, row));

	for (uint32_t i = 0; r != NULL && i < r->n; i++)
		if (period_has(
			p->pia[r->at + i].from, p->pia[r->at + i].until, day))
			return p->pia[r->at + i].state;
	return PIA_NONE;
}

enum policy_pia
policy_pia(
    const struct policy *p, const char *body, const char *row, uint32_t day)
{
	uint32_t b = names_find(&p->codes, body);
	uint32_t r = names_find(&p->rows, row);

	if (b == 0 || r == 0)
		return PIA_NONE;
	if (runs_find(&p->pia_runs, RUN_KEY(b, r)) != NULL)
		return pia_of(p, b, r, day);
	return pia_of(p, b, 0, day);
}

const char *
policy_pia_name(enum policy_pia s)
{
	static const char *const names[] = {"none", "published", "exempt"};

	return names[s];
}

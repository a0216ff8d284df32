/* The statute's two tables and who carries out a row for whom. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/model.h"

#define TABLE_HEADER \
	"row\tinquirer\ttask\tprovider\tdata\tin_force_from\tin_force_until"

/* "48", "12-2": digits, parted by hyphens. */
static bool
row_ok(const char *row)
{
	size_t n = strlen(row);

	return n > 0 && n <= 15 && strspn(row, "0123456789-") == n &&
	       row[0] != '-' && row[n - 1] != '-';
}

static uint32_t
canonical_of(struct load *l, const char *data)
{
	struct buf scratch = {0};
	uint32_t number = names_find(&l->p->data, load_plain(&scratch, data));

	buf_free(&scratch);
	return number == 0 ? 0 : l->p->canonical[number];
}

/* Let the statute's own spelling of a data name mean the same data. */
static void
spelling_add(struct policy *p, const char *spelling, uint32_t data)
{
	uint32_t before = p->data.n;
	uint32_t number = names_put(&p->data, spelling);

	if (number <= before)
		return;
	p->canonical = load_more(p->canonical, number, sizeof(uint32_t));
	p->canonical[number] = data;
}

static uint32_t
plain_text(struct policy *p, const char *text)
{
	struct buf scratch = {0};
	uint32_t number = names_put(&p->texts, load_plain(&scratch, text));

	buf_free(&scratch);
	return number;
}

void
clause_put(struct policy *p, struct clause c)
{
	p->clause = load_more(p->clause, p->n_clause, sizeof(*p->clause));
	p->clause[p->n_clause++] = c;
}

static void
clause_add(struct load *l, struct sheet *s, bool by_act)
{
	struct policy *p = l->p;
	struct clause c = {.line = s->line, .by_act = by_act};

	if (!row_ok(s->cell[0])) {
		sheet_fault(s, "no row: %s", s->cell[0]);
		return;
	}
	if (!sheet_period(s, 5, &c.from, &c.until))
		return;
	if (by_act ? c.until > ORDER_BEGINS : c.from < ORDER_BEGINS) {
		sheet_fault(s, "outside the days of its law");
		return;
	}
	c.data = canonical_of(l, s->cell[4]);
	if (c.data == 0) {
		sheet_fault(s, "data_names.tsv lacks: %s", s->cell[4]);
		return;
	}
	spelling_add(p, s->cell[4], c.data);
	c.row = names_put(&p->rows, s->cell[0]);
	c.inquirer = cell_intern(l, s->cell[1]);
	c.provider = cell_intern(l, s->cell[3]);
	c.inquirer_text = names_put(&p->texts, s->cell[1]);
	c.task_text = names_put(&p->texts, s->cell[2]);
	c.task_plain = plain_text(p, s->cell[2]);
	c.provider_text = names_put(&p->texts, s->cell[3]);
	c.data_text = names_put(&p->texts, s->cell[4]);
	clause_put(p, c);
}

static void
table_load(struct load *l, const char *file, bool by_act)
{
	struct sheet s;

	load_open(l, file, TABLE_HEADER, &s);
	while (sheet_next(&s))
		clause_add(l, &s, by_act);
	sheet_close(&s);
}

/*
 * data_names.tsv: every data name without its definitions; same_as gives the
 * name it is only another wording of.
 */
static void
data_load(struct load *l)
{
	struct policy *p = l->p;
	struct sheet s;

	load_open(l, "data_names.tsv", "data\tsame_as", &s);
	while (sheet_next(&s)) {
		uint32_t before = p->data.n;
		uint32_t number = names_put(&p->data, s.cell[0]);

		if (number <= before || strlen(s.cell[0]) > 4096)
			sheet_fault(&s, "the data name is there before");
		else
			p->canonical =
			    load_more(p->canonical, number, sizeof(uint32_t));
		p->canonical[number] = number;
	}
	sheet_close(&s);
	load_open(l, "data_names.tsv", "data\tsame_as", &s);
	while (sheet_next(&s)) {
		uint32_t a = names_find(&p->data, s.cell[0]);
		uint32_t b = names_find(&p->data, s.cell[1]);

		if (*s.cell[1] == '\0')
			continue;
		if (b == 0 || b == a || p->canonical[b] != b)
			sheet_fault(
			    &s, "not a data name of its own: %s", s.cell[1]);
		else
			p->canonical[a] = b;
	}
	sheet_close(&s);
}

static int
clause_order(const void *a, const void *b)
{
	const struct clause *x = a, *y = b;

	if (x->row != y->row)
		return x->row < y->row ? -1 : 1;
	if (x->data != y->data)
		return x->data < y->data ? -1 : 1;
	if (x->by_act != y->by_act)
		return x->by_act ? -1 : 1;
	return x->line < y->line ? -1 : x->line > y->line;
}

static int
file_order(const void *a, const void *b, void *arg)
{
	const struct policy *p = arg;
	const struct clause *x = &p->clause[*(const uint32_t *)a];
	const struct clause *y = &p->clause[*(const uint32_t *)b];

	if (x->ordinance != y->ordinance)
		return x->ordinance ? 1 : -1;
	if (x->by_act != y->by_act)
		return x->by_act ? -1 : 1;
	return x->line < y->line ? -1 : x->line > y->line;
}

static void
table_index(struct policy *p)
{
	p->in_file = xcalloc(p->n_clause + 1, sizeof(*p->in_file));
	p->right = xcalloc(p->n_clause + 1, sizeof(*p->right));
	if (p->n_clause > 0)
		qsort(p->clause, p->n_clause, sizeof(*p->clause), clause_order);
	for (uint32_t i = 0; i < p->n_clause; i++) {
		const struct clause *c = &p->clause[i];

		p->in_file[i] = i;
		p->right[i] = (struct right){c->data, c->inquirer, c->provider,
		    c->from, c->until, c->by_act};
		runs_grow(&p->rights, RUN_KEY(c->row, c->data), i);
		runs_grow(&p->row_runs, RUN_KEY(0, c->row), i);
	}
	qsort_r(p->in_file, p->n_clause, sizeof(*p->in_file), file_order, p);
}

/* Whether two cells name the same classes, however they say it. */
static bool
cells_alike(const struct policy *p, uint32_t a, uint32_t b)
{
	const struct cell *x = &p->cell[a], *y = &p->cell[b];

	return a == b || (x->n > 0 && x->n == y->n &&
			     memcmp(x->class_, y->class_,
				 x->n * sizeof(*x->class_)) == 0);
}

/* A clause that goes on, in other words, what another one gave. */
static bool
clause_goes_on(
    const struct policy *p, const struct clause *a, const struct clause *b)
{
	return a->until == b->from && a->row == b->row && a->data == b->data &&
	       a->by_act == b->by_act &&
	       cells_alike(p, a->inquirer, b->inquirer) &&
	       cells_alike(p, a->provider, b->provider);
}

/* Join clauses that only changed their wording: since and ends. */
static void
rights_span(struct policy *p, const struct run *r)
{
	for (uint32_t i = 0; i < r->n; i++) {
		struct clause *c = &p->clause[r->at + i];

		c->since = c->from;
		c->ends = c->until;
	}
	for (uint32_t i = 0; i < r->n * r->n; i++) {
		struct clause *a = &p->clause[r->at + i / r->n];
		struct clause *b = &p->clause[r->at + i % r->n];

		if (clause_goes_on(p, a, b) && a->since < b->since)
			b->since = a->since;
	}
	for (uint32_t i = r->n * r->n; i-- > 0;) {
		struct clause *a = &p->clause[r->at + i / r->n];
		struct clause *b = &p->clause[r->at + i % r->n];

		if (clause_goes_on(p, a, b) && b->ends > a->ends)
			a->ends = b->ends;
	}
}

static void
rights_join(struct policy *p)
{
	for (uint32_t i = 0; p->rights.slot && i <= p->rights.mask; i++)
		if (p->rights.slot[i].key != 0)
			rights_span(p, &p->rights.slot[i]);
}

static bool
clauses_clash(const struct clause *a, const struct clause *b)
{
	return a->inquirer_text == b->inquirer_text &&
	       a->task_text == b->task_text &&
	       a->provider_text == b->provider_text &&
	       a->data_text == b->data_text && a->from < b->until &&
	       b->from < a->until;
}

/* The same clause twice on one day is a fault of the file. */
static void
table_check(struct load *l)
{
	struct policy *p = l->p;

	for (uint32_t i = 0; i < p->n_clause; i++)
		for (uint32_t k = i + 1; k < p->n_clause; k++) {
			const struct clause *a = &p->clause[i];
			const struct clause *b = &p->clause[k];

			if (a->row != b->row || a->data != b->data)
				break;
			if (!clauses_clash(a, b))
				continue;
			buf_printf(l->why,
			    "%s:%u: says on the same days what line %u says\n",
			    b->by_act ? "act_appended_table_2.tsv"
				      : "order_table.tsv",
			    b->line, a->line);
			l->faults++;
		}
}

/* "12-2" as 12の2, the way a citation counts. */
static const char *
row_said(const char *row, char out[64])
{
	size_t n = 0;

	for (; *row != '\0' && n + 4 < 64; row++) {
		if (*row != '-') {
			out[n++] = *row;
		} else {
			memcpy(out + n, "の", 3);
			n += 3;
		}
	}
	out[n] = '\0';
	return out;
}

static void
rows_cite(struct policy *p)
{
	p->order_article = xcalloc(p->rows.n + 1, sizeof(char *));
	p->act_article = xcalloc(p->rows.n + 1, sizeof(char *));
	p->order_article[0] = p->act_article[0] = "番号法第19条第8号";
	for (uint32_t i = 1; i <= p->rows.n; i++) {
		char said[64], text[200];

		if (p->ordinance[i] != NULL) {
			p->order_article[i] = p->act_article[i] =
			    p->ordinance[i];
			continue;
		}
		row_said(names_text(&p->rows, i), said);
		snprintf(text, sizeof(text),
		    "番号法第19条第8号、"
		    "令和6年デジタル庁・総務省令第9号第2条の表の%sの項",
		    said);
		p->order_article[i] =
		    names_text(&p->texts, names_put(&p->texts, text));
		snprintf(text, sizeof(text),
		    "番号法第19条第8号、別表第二の%sの項"
		    "（令和6年5月27日前）",
		    said);
		p->act_article[i] =
		    names_text(&p->texts, names_put(&p->texts, text));
	}
}

void
load_table(struct load *l)
{
	data_load(l);
	table_load(l, "act_appended_table_2.tsv", true);
	table_load(l, "order_table.tsv", false);
	l->p->n_table = l->p->n_clause;
	load_ordinances(l);
	table_index(l->p);
	rights_join(l->p);
	table_check(l);
	rows_cite(l->p);
}

static bool
row_has_inquirer(
    const struct policy *p, uint32_t row, uint32_t body, uint32_t day)
{
	const struct run *r = runs_find(&p->row_runs, RUN_KEY(0, row));

	for (uint32_t i = 0; r != NULL && i < r->n; i++) {
		const struct right *c = &p->right[r->at + i];

		if (period_has(c->from, c->until, day) &&
		    cell_names(p, c->inquirer, body, day))
			return true;
	}
	return false;
}

static void
delegation_add(struct load *l, struct sheet *s)
{
	struct policy *p = l->p;
	struct delegation d = {.row = names_find(&p->rows, s->cell[0]),
	    .delegator = names_find(&p->codes, s->cell[1]),
	    .delegate = names_find(&p->codes, s->cell[2])};

	if (d.row == 0 || d.delegator == 0 || d.delegate == 0 ||
	    d.delegator == d.delegate) {
		sheet_fault(s, "no such row or body");
		return;
	}
	if (!sheet_period(s, 3, &d.from, &d.until))
		return;
	if (*s->cell[5] == '\0') {
		sheet_fault(s, "a delegation without a citation");
		return;
	}
	if (!row_has_inquirer(p, d.row, d.delegator, d.from)) {
		sheet_fault(
		    s, "the row is not the delegator's on %s", s->cell[3]);
		return;
	}
	d.citation = load_text(l, s->cell[5]);
	p->delegation =
	    load_more(p->delegation, p->n_delegation, sizeof(*p->delegation));
	p->delegation[p->n_delegation++] = d;
}

static int
delegation_order(const void *a, const void *b)
{
	const struct delegation *x = a, *y = b;

	if (x->row != y->row)
		return x->row < y->row ? -1 : 1;
	if (x->delegate != y->delegate)
		return x->delegate < y->delegate ? -1 : 1;
	return (x->from > y->from) - (x->from < y->from);
}

void
load_delegations(struct load *l)
{
	struct policy *p = l->p;
	struct sheet s;

	load_open(l, "delegations.tsv",
	    "row\tdelegator\tdelegate\tin_force_from\tin_force_until\t"
	    "citation",
	    &s);
	while (sheet_next(&s))
		delegation_add(l, &s);
	sheet_close(&s);
	if (p->n_delegation > 0)
		qsort(p->delegation, p->n_delegation, sizeof(*p->delegation),
		    delegation_order);
	for (uint32_t i = 0; i < p->n_delegation; i++)
		runs_grow(&p->delegation_runs,
		    RUN_KEY(p->delegation[i].row, p->delegation[i].delegate),
		    i);
}

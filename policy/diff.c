#include "policy/diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/model.h"

const char *
policy_change_word(enum policy_change_kind kind)
{
	static const char *const words[] = {
#define CHANGE_WORD(name, word, a, b, c, d, e) word,
	    POLICY_CHANGES(CHANGE_WORD)
#undef CHANGE_WORD
	};

	return words[kind];
}

const char *
policy_change_label(enum policy_change_kind kind, unsigned field)
{
	static const char *const labels[][POLICY_CHANGE_FIELDS] = {
#define CHANGE_LABELS(name, word, a, b, c, d, e) {a, b, c, d, e},
	    POLICY_CHANGES(CHANGE_LABELS)
#undef CHANGE_LABELS
	};

	return labels[kind][field];
}

/* One thing that holds on a side's day, by numbers in shared names. */
struct item {
	uint32_t kind, field[POLICY_CHANGE_FIELDS];
};

struct side {
	const struct policy *p;
	uint32_t day;
	bool rows; /* rights by row, with procedures and wordings */
	struct names *names;
	struct item *item;
	uint32_t n;
};

static void
item_add(struct side *s, enum policy_change_kind kind, const char *a,
    const char *b, const char *c, const char *d, const char *e)
{
	struct item i = {.kind = kind,
	    .field = {names_put(s->names, a), names_put(s->names, b),
		names_put(s->names, c), names_put(s->names, d),
		names_put(s->names, e)}};

	s->item = load_more(s->item, s->n, sizeof(*s->item));
	s->item[s->n++] = i;
}

/* The code of a cell's k-th class; an unlisted cell is a class by its text. */
static const char *
cell_class(const struct policy *p, const struct cell *c, uint32_t k)
{
	return c->n == 0 ? c->text : p->class_[c->class_[k]].code;
}

static void
right_items(struct side *s, const struct clause *c)
{
	const struct policy *p = s->p;
	const struct cell *in = &p->cell[c->inquirer];
	const struct cell *out = &p->cell[c->provider];
	const char *row = s->rows ? names_text(&p->rows, c->row) : "";
	const char *data = names_text(&p->data, c->data);

	for (uint32_t i = 0; i < in->n || i == 0; i++)
		for (uint32_t k = 0; k < out->n || k == 0; k++)
			item_add(s, CHANGE_RIGHT, row, cell_class(p, in, i),
			    cell_class(p, out, k), data, "");
}

static void
word_items(struct side *s, const struct clause *c)
{
	const struct policy *p = s->p;
	const char *row = names_text(&p->rows, c->row);

	item_add(s, CHANGE_TASK, row, names_text(&p->texts, c->task_plain), "",
	    "", "");
	item_add(s, CHANGE_WORDING, row,
	    names_text(&p->texts, c->inquirer_text),
	    names_text(&p->texts, c->provider_text),
	    names_text(&p->texts, c->data_text),
	    names_text(&p->texts, c->task_text));
}

static void
clause_items(struct side *s)
{
	const struct policy *p = s->p;

	for (uint32_t i = 0; i < p->n_clause; i++) {
		const struct clause *c = &p->clause[i];

		if (!period_has(c->from, c->until, s->day))
			continue;
		right_items(s, c);
		if (s->rows)
			word_items(s, c);
	}
}

static bool
class_has(const struct policy *p, uint32_t class_, uint32_t body, uint32_t day)
{
	const struct policy_body *b = &p->body[body];
	const struct run *r;

	if (b->from > day || (b->until != 0 && b->until <= day))
		return false;
	if (bits_has(p->class_[class_].bits, body))
		return true;
	r = runs_find(&p->dated_runs, RUN_KEY(class_, body));
	for (uint32_t i = 0; r != NULL && i < r->n; i++)
		if (period_has(p->dated[r->at + i].from,
			p->dated[r->at + i].until, day))
			return true;
	return false;
}

static void
member_items(struct side *s)
{
	const struct policy *p = s->p;

	for (uint32_t c = 1; c <= p->class_codes.n; c++)
		for (uint32_t b = 1; b <= p->codes.n; b++)
			if (class_has(p, c, b, s->day))
				item_add(s, CHANGE_MEMBER, p->class_[c].code,
				    p->body[b].code, "", "", "");
}

static void
delegation_items(struct side *s)
{
	const struct policy *p = s->p;

	for (uint32_t i = 0; i < p->n_delegation; i++) {
		const struct delegation *d = &p->delegation[i];

		if (period_has(d->from, d->until, s->day))
			item_add(s, CHANGE_DELEGATION,
			    names_text(&p->rows, d->row),
			    p->body[d->delegator].code,
			    p->body[d->delegate].code, "", "");
	}
}

static void
procedure_items(struct side *s)
{
	const struct policy *p = s->p;

	for (uint32_t i = 0; i < p->n_allowance; i++) {
		const struct allowance *a = &p->allowance[i];

		if (period_has(a->from, a->until, s->day))
			item_add(s, CHANGE_PROCEDURE,
			    p->procedure[a->procedure].code,
			    names_text(&p->data, a->data), "", "", "");
	}
}

static int
item_order(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	for (int i = 0; i < POLICY_CHANGE_FIELDS; i++)
		if (x->field[i] != y->field[i])
			return x->field[i] < y->field[i] ? -1 : 1;
	return 0;
}

/* Sort, and keep one of each. */
static void
side_settle(struct side *s)
{
	uint32_t n = 0;

	if (s->n == 0)
		return;
	qsort(s->item, s->n, sizeof(*s->item), item_order);
	for (uint32_t i = 1; i < s->n; i++)
		if (item_order(&s->item[n], &s->item[i]) != 0)
			s->item[++n] = s->item[i];
	s->n = n + 1;
}

/* By numbers: "9" before "12", "12" before "12-2". */
static int
row_order(const void *a, const void *b)
{
	unsigned x[2] = {0}, y[2] = {0};

	sscanf(*(const char *const *)a, "%u-%u", &x[0], &x[1]);
	sscanf(*(const char *const *)b, "%u-%u", &y[0], &y[1]);
	if (x[0] != y[0])
		return x[0] < y[0] ? -1 : 1;
	return (x[1] > y[1]) - (x[1] < y[1]);
}

/* Let rows of both sides have rising numbers in the shared names. */
static void
rows_first(struct names *names, const struct policy *a, const struct policy *b)
{
	uint32_t n = a->rows.n + b->rows.n;
	const char **rows = xcalloc(n + 1, sizeof(*rows));

	names_put(names, "");
	for (uint32_t i = 0; i < a->rows.n; i++)
		rows[i] = names_text(&a->rows, i + 1);
	for (uint32_t i = 0; i < b->rows.n; i++)
		rows[a->rows.n + i] = names_text(&b->rows, i + 1);
	qsort(rows, n, sizeof(*rows), row_order);
	for (uint32_t i = 0; i < n; i++)
		names_put(names, rows[i]);
	free(rows);
}

struct comparison {
	struct names names;
	struct side a, b;
	struct runs touched; /* row, data whose rights really changed */
	const struct policy *before, *after;
	void (*visit)(const struct policy_change *change, void *arg);
	void *arg;
};

/* The data a wording's text means: its number in the shared names. */
static uint32_t
data_meant(struct comparison *x, const struct policy *p, uint32_t text)
{
	uint32_t spelling = names_find(&p->data, names_text(&x->names, text));

	return names_find(
	    &x->names, names_text(&p->data, p->canonical[spelling]));
}

static void
change_tell(struct comparison *x, const struct item *i, char sign)
{
	struct policy_change c = {
	    .kind = (enum policy_change_kind)i->kind, .sign = sign};

	if (i->kind == CHANGE_RIGHT)
		runs_add(&x->touched, RUN_KEY(i->field[0], i->field[3]));
	if (i->kind == CHANGE_WORDING) {
		const struct policy *p = sign == '+' ? x->after : x->before;
		uint32_t data = data_meant(x, p, i->field[3]);

		if (runs_find(&x->touched, RUN_KEY(i->field[0], data)))
			return;
	}
	for (int f = 0; f < POLICY_CHANGE_FIELDS; f++)
		c.field[f] = names_text(&x->names, i->field[f]);
	x->visit(&c, x->arg);
}

/* Walk both sorted sides together. */
static void
sides_compare(struct comparison *x)
{
	uint32_t i = 0, k = 0;

	while (i < x->a.n || k < x->b.n) {
		int order = i == x->a.n ? 1
			    : k == x->b.n
				? -1
				: item_order(&x->a.item[i], &x->b.item[k]);

		if (order < 0)
			change_tell(x, &x->a.item[i++], '-');
		else if (order > 0)
			change_tell(x, &x->b.item[k++], '+');
		else
			i++, k++;
	}
}

static void
side_fill(struct side *s)
{
	clause_items(s);
	member_items(s);
	if (s->rows) {
		delegation_items(s);
		procedure_items(s);
	}
	side_settle(s);
}

void
policy_diff(const struct policy *before, uint32_t day_a,
    const struct policy *after, uint32_t day_b,
    void (*visit)(const struct policy_change *change, void *arg), void *arg)
{
	bool rows = (day_a < ORDER_BEGINS) == (day_b < ORDER_BEGINS);
	struct comparison x = {
	    .before = before, .after = after, .visit = visit, .arg = arg};

	rows_first(&x.names, before, after);
	x.a = (struct side){
	    .p = before, .day = day_a, .rows = rows, .names = &x.names};
	x.b = (struct side){
	    .p = after, .day = day_b, .rows = rows, .names = &x.names};
	side_fill(&x.a);
	side_fill(&x.b);
	sides_compare(&x);
	free(x.a.item);
	free(x.b.item);
	runs_fini(&x.touched);
	names_fini(&x.names);
}

static bool
right_known(const struct policy *p, const char *class_code)
{
	uint32_t c = names_find(&p->class_codes, class_code);

	return c != 0 && (p->class_[c].known == KNOWN_LIST ||
			     p->class_[c].known == KNOWN_SYNTHETIC);
}

void
policy_rights(const struct policy *p, uint32_t day,
    void (*visit)(const struct policy_change *right, void *arg), void *arg)
{
	struct names names = {0};
	struct side s = {.p = p, .day = day, .rows = true, .names = &names};

	rows_first(&names, p, p);
	clause_items(&s);
	side_settle(&s);
	for (uint32_t i = 0; i < s.n; i++) {
		struct policy_change c = {.kind = CHANGE_RIGHT, .sign = '+'};

		for (int f = 0; f < POLICY_CHANGE_FIELDS; f++)
			c.field[f] = names_text(&names, s.item[i].field[f]);
		if (s.item[i].kind == CHANGE_RIGHT &&
		    right_known(p, c.field[1]) && right_known(p, c.field[2]))
			visit(&c, arg);
	}
	free(s.item);
	names_fini(&names);
}

const char *
policy_class_name(const struct policy *p, const char *code)
{
	uint32_t c = names_find(&p->class_codes, code);

	return c == 0 ? code : p->class_[c].name;
}

bool
policy_class_has(const struct policy *p, const char *class_code,
    const char *body, uint32_t day)
{
	uint32_t c = names_find(&p->class_codes, class_code);
	uint32_t b = names_find(&p->codes, body);

	return c != 0 && b != 0 && class_has(p, c, b, day);
}

size_t
policy_class_size(const struct policy *p, const char *class_code, uint32_t day)
{
	uint32_t c = names_find(&p->class_codes, class_code);
	size_t n = 0;

	for (uint32_t b = 1; c != 0 && b <= p->codes.n; b++)
		n += class_has(p, c, b, day);
	return n;
}

/* Ordinances' own tasks (独自利用事務, Act Art. 19(ix)). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/model.h"
#include "policy/words.h"

/*
 * ordinance.tsv: a local body registered a task of its ordinance as like a
 * row of the order, for some of that row's data. It may then ask whom that row
 * makes provide them; one line a data name.
 */
#define ORDINANCE_HEADER                                                 \
	"task\tbody\ttitle\tlike\tdata\tin_force_from\tin_force_until\t" \
	"citation"

/* "o141003-1": its own body's code, so that no two bodies share one. */
static bool
task_ok(const char *task, const char *body)
{
	size_t n = strlen(body);

	return task[0] == 'o' && strncmp(task + 1, body, n) == 0 &&
	       task[n + 1] == '-' && strlen(task) <= 15 &&
	       task[n + 2] != '\0' &&
	       strspn(task + n + 2, "0123456789") == strlen(task + n + 2);
}

/* Only local bodies and their boards have ordinances. */
static bool
body_ok(const struct policy_body *b)
{
	return !b->ours || strncmp(b->code, "edu-", 4) == 0;
}

static uint32_t
like_data(const struct policy *p, const char *data)
{
	uint32_t spelling = names_find(&p->data, data);

	return spelling == 0 ? 0 : p->canonical[spelling];
}

struct task {
	uint32_t row, body, like, data, from, until, title;
	const char *citation;
};

/* The clauses of the row it is like, for this data, as this body's own. */
static unsigned
task_put(struct load *l, struct sheet *s, const struct task *t)
{
	struct policy *p = l->p;
	uint32_t most = p->n_table;
	unsigned n = 0;

	for (uint32_t i = 0; i < most; i++) {
		struct clause c = p->clause[i];

		if (c.row != t->like || c.data != t->data || c.by_act ||
		    c.from >= t->until || t->from >= c.until)
			continue;
		c.row = t->row;
		c.inquirer = cell_of_body(l, t->body, t->citation);
		c.inquirer_text = names_put(&p->texts, p->body[t->body].name);
		c.task_text = c.task_plain = t->title;
		c.from = c.from > t->from ? c.from : t->from;
		c.until = c.until < t->until ? c.until : t->until;
		c.line = s->line;
		c.ordinance = true;
		clause_put(p, c);
		n++;
	}
	return n;
}

static void
task_add(struct load *l, struct sheet *s)
{
	struct policy *p = l->p;
	struct task t = {.body = names_find(&p->codes, s->cell[1]),
	    .like = names_find(&p->rows, s->cell[3]),
	    .data = like_data(p, s->cell[4])};

	if (t.body == 0 || !body_ok(&p->body[t.body]))
		sheet_fault(s, "no body with ordinances: %s", s->cell[1]);
	else if (!task_ok(s->cell[0], s->cell[1]))
		sheet_fault(s, "not a task of this body: %s", s->cell[0]);
	else if (t.like == 0 || t.data == 0)
		sheet_fault(s, "no such %s: %s", t.like ? "data" : "row",
		    s->cell[t.like ? 4 : 3]);
	else if (*s->cell[2] == '\0' || *s->cell[7] == '\0')
		sheet_fault(s, "a task without a title or a citation");
	else if (sheet_period(s, 5, &t.from, &t.until)) {
		t.row = names_put(&p->rows, s->cell[0]);
		t.title = names_put(&p->texts, s->cell[2]);
		t.citation = load_text(l, s->cell[7]);
		if (task_put(l, s, &t) == 0)
			sheet_fault(
			    s, "row %s does not have this data", s->cell[3]);
	}
}

/* What its permits cite: the Act, the ordinance, the row it is like. */
static void
task_cite(struct load *l, const struct sheet *s)
{
	struct policy *p = l->p;
	uint32_t row = names_find(&p->rows, s->cell[0]);
	char text[256];

	if (row == 0 || p->ordinance[row] != NULL)
		return;
	snprintf(text, sizeof(text),
	    "番号法第19条第9号、%.150s（%.15sの項に準ずる事務）", s->cell[7],
	    s->cell[3]);
	p->ordinance[row] = load_text(l, text);
}

static void
tasks_load(struct load *l)
{
	struct sheet s;

	load_open(l, "ordinance.tsv", ORDINANCE_HEADER, &s);
	while (sheet_next(&s))
		task_add(l, &s);
	sheet_close(&s);
	l->p->ordinance = xcalloc(l->p->rows.n + 1, sizeof(*l->p->ordinance));
	load_open(l, "ordinance.tsv", ORDINANCE_HEADER, &s);
	while (sheet_next(&s))
		task_cite(l, &s);
	sheet_close(&s);
}

static void
decline_add(struct load *l, struct sheet *s)
{
	struct policy *p = l->p;
	struct decline d = {.body = names_find(&p->codes, s->cell[0]),
	    .row = names_find(&p->rows, s->cell[1])};

	if (d.body == 0)
		sheet_fault(s, "no such body: %s", s->cell[0]);
	else if (strcmp(s->cell[1], "*") != 0 &&
		 (d.row == 0 || p->ordinance[d.row] == NULL))
		sheet_fault(s, "no ordinance's task: %s", s->cell[1]);
	else if (*s->cell[4] == '\0')
		sheet_fault(s, "a decline without a citation");
	else if (sheet_period(s, 2, &d.from, &d.until)) {
		d.citation = load_text(l, s->cell[4]);
		p->decline = load_more(p->decline, p->n_decline, sizeof(d));
		p->decline[p->n_decline++] = d;
	}
}

void
load_ordinances(struct load *l)
{
	struct sheet s;

	tasks_load(l);
	load_open(l, "ordinance_declines.tsv",
	    "body\ttask\tin_force_from\tin_force_until\tcitation", &s);
	while (sheet_next(&s))
		decline_add(l, &s);
	sheet_close(&s);
}

bool
ordinance_declined(
    const struct policy *p, uint32_t row, uint32_t provider, uint32_t day)
{
	if (p->ordinance[row] == NULL)
		return false;
	for (uint32_t i = 0; i < p->n_decline; i++) {
		const struct decline *d = &p->decline[i];

		if (d->body == provider && (d->row == 0 || d->row == row) &&
		    period_has(d->from, d->until, day))
			return true;
	}
	return false;
}

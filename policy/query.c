#include "policy/query.h"

#include <string.h>

#include "policy/model.h"

size_t
policy_rows(const struct policy *p)
{
	return p->n_table;
}

size_t
policy_rows_all(const struct policy *p)
{
	return p->n_clause;
}

static const char *
cell_state_word(const struct cell *c)
{
	if (!c->listed)
		return "unlisted";
	switch (c->known) {
	case KNOWN_OPEN:
		return "open";
	case KNOWN_NONE:
		return "no-list";
	case KNOWN_PARTIAL:
		return "partial";
	default:
		return "resolved";
	}
}

bool
policy_row(
    const struct policy *p, size_t i, uint32_t day, struct policy_row *out)
{
	const struct clause *c = &p->clause[p->in_file[i]];

	*out = (struct policy_row){.row = names_text(&p->rows, c->row),
	    .inquirer = names_text(&p->texts, c->inquirer_text),
	    .task = names_text(&p->texts, c->task_text),
	    .task_plain = names_text(&p->texts, c->task_plain),
	    .provider = names_text(&p->texts, c->provider_text),
	    .data = names_text(&p->texts, c->data_text),
	    .data_plain = names_text(&p->data, c->data),
	    .article =
		c->by_act ? p->act_article[c->row] : p->order_article[c->row],
	    .inquirer_state = cell_state_word(&p->cell[c->inquirer]),
	    .provider_state = cell_state_word(&p->cell[c->provider]),
	    .from = c->from,
	    .until = c->until == UINT32_MAX ? 0 : c->until,
	    .by_act = c->by_act};
	return period_has(c->from, c->until, day);
}

static const char *
unmapped_word(enum unmapped u)
{
	static const char *const words[] = {"mapped", "no-code", "no-phrase",
	    "one-pass", "passes-differ", "no-data-name", "reference"};

	return words[u];
}

static const char *
table_file(const struct clause *c)
{
	return c->by_act ? "act_appended_table_2.tsv" : "order_table.tsv";
}

static void
clause_gap(const struct policy *p, const struct clause *c, bool provider,
    void (*visit)(const struct policy_gap *gap, void *arg), void *arg)
{
	const struct cell *cell =
	    &p->cell[provider ? c->provider : c->inquirer];
	struct policy_gap g = {.kind = provider ? "provider" : "inquirer",
	    .state = cell_state_word(cell),
	    .row = names_text(&p->rows, c->row),
	    .article =
		c->by_act ? p->act_article[c->row] : p->order_article[c->row],
	    .procedure = "",
	    .words = cell->text,
	    .file = table_file(c),
	    .line = c->line};

	if (cell->known >= KNOWN_OPEN)
		visit(&g, arg);
}

void
policy_gaps(const struct policy *p, uint32_t day,
    void (*visit)(const struct policy_gap *gap, void *arg), void *arg)
{
	for (uint32_t i = 0; i < p->n_table; i++) {
		const struct clause *c = &p->clause[p->in_file[i]];

		if (!period_has(c->from, c->until, day))
			continue;
		clause_gap(p, c, false, visit, arg);
		clause_gap(p, c, true, visit, arg);
	}
	for (uint32_t i = 0; i < p->n_line; i++) {
		const struct line *n = &p->line[i];

		if (n->unmapped == MAPPED ||
		    !period_has(n->from, n->until, day))
			continue;
		visit(&(struct policy_gap){.kind = "procedure",
			  .state = unmapped_word(n->unmapped),
			  .row = names_text(&p->rows, n->row),
			  .article = names_text(&p->texts, n->citation_text),
			  .procedure = names_text(&p->procedures, n->procedure),
			  .words = names_text(&p->texts, n->data_text),
			  .file = "order_procedures.tsv",
			  .line = n->line},
		    arg);
	}
}

/* A cell that names at least one class whose members are known. */
static bool
cell_resolves(const struct policy *p, uint32_t cell)
{
	enum known k = p->cell[cell].known;

	return k != KNOWN_OPEN && k != KNOWN_NONE;
}

void
policy_coverage(
    const struct policy *p, uint32_t day, struct policy_coverage *out)
{
	*out = (struct policy_coverage){0};
	for (uint32_t i = 0; i < p->n_table; i++) {
		const struct clause *c = &p->clause[p->in_file[i]];

		if (!period_has(c->from, c->until, day))
			continue;
		out->rows++;
		out->rows_resolved += cell_resolves(p, c->inquirer) &&
				      cell_resolves(p, c->provider);
	}
	for (uint32_t i = 0; i < p->n_line; i++) {
		const struct line *n = &p->line[i];

		if (!period_has(n->from, n->until, day))
			continue;
		out->lines++;
		out->lines_mapped += n->unmapped == MAPPED;
	}
}

/* NULL, or for whom the body may ask under the clause: "" for itself. */
static const char *
may_ask(
    const struct policy *p, const struct clause *c, uint32_t body, uint32_t day)
{
	const struct run *r;

	if (cell_names(p, c->inquirer, body, day))
		return "";
	r = runs_find(&p->delegation_runs, RUN_KEY(c->row, body));
	for (uint32_t i = 0; r != NULL && i < r->n; i++) {
		const struct delegation *d = &p->delegation[r->at + i];

		if (period_has(d->from, d->until, day) &&
		    cell_names(p, c->inquirer, d->delegator, day))
			return p->body[d->delegator].code;
	}
	return NULL;
}

const char *
policy_row_asks(
    const struct policy *p, size_t i, const char *body, uint32_t day)
{
	uint32_t b = names_find(&p->codes, body);

	return b == 0 ? NULL : may_ask(p, &p->clause[p->in_file[i]], b, day);
}

bool
policy_row_answers(
    const struct policy *p, size_t i, const char *body, uint32_t day)
{
	uint32_t b = names_find(&p->codes, body);

	return b != 0 &&
	       cell_names(p, p->clause[p->in_file[i]].provider, b, day);
}

/* How near a line comes to what was asked: 0 nearest, 3 not near. */
static int
nearness(const struct policy *p, const struct clause *c,
    const struct policy_question *q, uint32_t row, uint32_t provider)
{
	if (provider != 0 && c->row != row &&
	    cell_names(p, c->provider, provider, q->day))
		return 0;
	return c->row == row ? 1 : 2;
}

size_t
policy_nearest(const struct policy *p, const struct policy_question *q,
    size_t *lines, size_t most)
{
	uint32_t body = names_find(&p->codes, q->inquirer);
	uint32_t provider = names_find(&p->codes, q->provider);
	uint32_t row = names_find(&p->rows, q->task);
	uint32_t spelling =
	    q->n_data > 0 ? names_find(&p->data, q->data[0]) : 0;
	size_t n = 0;

	for (int near = 0; near < 3 && body != 0 && spelling != 0; near++)
		for (uint32_t i = 0; i < p->n_clause && n < most; i++) {
			const struct clause *c = &p->clause[p->in_file[i]];

			if (c->data == p->canonical[spelling] &&
			    period_has(c->from, c->until, q->day) &&
			    may_ask(p, c, body, q->day) != NULL &&
			    cell_resolves(p, c->provider) &&
			    nearness(p, c, q, row, provider) == near)
				lines[n++] = i;
		}
	return n;
}

size_t
policy_nearest_procedures(const struct policy *p,
    const struct policy_question *q, const char **codes, size_t most)
{
	uint32_t row = names_find(&p->rows, q->task);
	uint32_t spelling =
	    q->n_data > 0 ? names_find(&p->data, q->data[0]) : 0;
	size_t n = 0;

	for (uint32_t i = 0; i < p->n_allowance && spelling != 0; i++) {
		const struct allowance *a = &p->allowance[i];

		if (n < most && a->data == p->canonical[spelling] &&
		    p->procedure[a->procedure].row == row &&
		    period_has(a->from, a->until, q->day) &&
		    (n == 0 || codes[n - 1] != p->procedure[a->procedure].code))
			codes[n++] = p->procedure[a->procedure].code;
	}
	return n;
}

const char *
policy_procedure_words(const struct policy *p, const char *code, uint32_t day)
{
	uint32_t number = names_find(&p->procedures, code);
	const struct run *r = runs_find(&p->line_runs, RUN_KEY(0, number));

	for (uint32_t i = 0; r != NULL && i < r->n; i++) {
		const struct line *n = &p->line[p->by_procedure[r->at + i]];

		if (period_has(n->from, n->until, day))
			return names_text(&p->texts, n->procedure_text);
	}
	return "";
}

void
policy_procedures(const struct policy *p, const char *row, uint32_t day,
    void (*visit)(const struct policy_procedure *o, void *arg), void *arg)
{
	uint32_t only = names_find(&p->rows, row);

	for (uint32_t i = 0; i < p->n_line; i++) {
		const struct line *n = &p->line[i];

		if (!period_has(n->from, n->until, day) ||
		    (*row != '\0' && n->row != only))
			continue;
		visit(
		    &(struct policy_procedure){
			.code = names_text(&p->procedures, n->procedure),
			.row = names_text(&p->rows, n->row),
			.article = names_text(&p->texts, n->citation_text),
			.words = names_text(&p->texts, n->procedure_text),
			.data_words = names_text(&p->texts, n->data_text),
			.relation = names_text(&p->texts, n->relation_text),
			.mapped = unmapped_word(n->unmapped)},
		    arg);
	}
}

/* "A|B": the data names of a row on any day under the order. */
static void
names_of_row(const struct policy *p, uint32_t row, struct buf *out)
{
	const struct run *r = runs_find(&p->row_runs, RUN_KEY(0, row));
	uint32_t last = 0;

	buf_reset(out);
	for (uint32_t i = 0; r != NULL && i < r->n; i++) {
		const struct clause *c = &p->clause[r->at + i];

		if (c->by_act || c->data == last)
			continue;
		buf_printf(out, "%s%s", out->n > 0 ? "|" : "",
		    names_text(&p->data, c->data));
		last = c->data;
	}
	buf_add_u8(out, '\0');
}

void
policy_phrases(const struct policy *p,
    void (*visit)(
	const char *row, const char *phrase, const char *names, void *arg),
    void *arg)
{
	struct runs seen = {0};
	struct buf names = {0};

	for (uint32_t i = 0; i < p->n_line; i++) {
		const struct line *n = &p->line[i];

		if (n->phrase == 0 ||
		    runs_add(&seen, RUN_KEY(n->row, n->phrase))->n++ > 0)
			continue;
		names_of_row(p, n->row, &names);
		visit(names_text(&p->rows, n->row),
		    names_text(&p->phrases, n->phrase), (char *)names.p, arg);
	}
	runs_fini(&seen);
	buf_free(&names);
}

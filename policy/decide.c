/* The decision: table, then procedure, then suspension. */
#include <string.h>

#include "policy/model.h"

/* A question in numbers; 0 for what is not known. */
struct asked {
	uint32_t inquirer, inquirer_for, provider, provider_for;
	uint32_t row, procedure, data, day;
	bool act;	    /* the day is before the order's first */
	bool own_procedure; /* the procedure's code is the row's own */
	bool delegate;	    /* some row is delegated to the inquirer */
};

/* Why the law says no: what permits and refusals say of it. */
static const struct {
	enum outcome outcome;
	const char *rule;
} rules[] = {
    {OUTCOME_PERMITTED, "the row names inquirer, provider and data"},
    {OUTCOME_NO_ROW, "the table in force that day has no such row"},
    {OUTCOME_NOT_INQUIRER, "the row does not name this inquirer"},
    {OUTCOME_NOT_PROVIDER,
	"the row names the data, but another body to provide it"},
    {OUTCOME_NO_DATA, "the row has no clause for this data"},
    {OUTCOME_NOT_DELEGATED,
	"no delegation of this row to this body is in force"},
    {OUTCOME_CELL_UNRESOLVED,
	"the row names a class of bodies that is not resolved to this body"},
    {OUTCOME_NO_PROCEDURE, "the order has no such procedure in force that day"},
    {OUTCOME_OTHER_ROW, "the procedure belongs to another row"},
    {OUTCOME_NOT_YET, "the provision is not yet in force that day"},
    {OUTCOME_ENDED, "the provision is no longer in force that day"},
    {OUTCOME_UNMAPPED,
	"the procedure's words are not mapped to data; nothing is guessed"},
    {OUTCOME_PROCEDURE_DATA, "the procedure's words do not give this data"},
    {OUTCOME_DECLINED,
	"the provider has filed that it declines this ordinance's task"},
    {OUTCOME_SUSPENDED, "a policy officer suspended it"},
    {OUTCOME_UNKNOWN_BODY, "the policy knows no such body"},
    {OUTCOME_BAD_QUESTION, "the question names no data, or too many"},
};

static const char *
rule_of(enum outcome o)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].outcome == o)
			return rules[i].rule;
	return "not permitted";
}

/* The delegation under which the inquirer has this row that day, if any. */
static const struct delegation *
delegation_find(const struct policy *p, const struct asked *a)
{
	const struct run *r =
	    runs_find(&p->delegation_runs, RUN_KEY(a->row, a->inquirer));

	for (uint32_t i = 0; r != NULL && i < r->n; i++) {
		const struct delegation *d = &p->delegation[r->at + i];

		if (period_has(d->from, d->until, a->day) &&
		    (a->inquirer_for == 0 || d->delegator == a->inquirer_for))
			return d;
	}
	return NULL;
}

/* Whether the clause lets this inquirer ask: in its own name, or for another.
 */
static bool
clause_asks(const struct policy *p, const struct right *c,
    const struct asked *a, const struct delegation *d)
{
	if (a->inquirer_for == 0 &&
	    cell_names(p, c->inquirer, a->inquirer, a->day))
		return true;
	return d != NULL && cell_names(p, c->inquirer, d->delegator, a->day);
}

static bool
clause_answers(
    const struct policy *p, const struct right *c, const struct asked *a)
{
	return a->provider_for == 0 &&
	       cell_names(p, c->provider, a->provider, a->day);
}

/* Narrow the verdict to a right in force from..until. */
static void
verdict_span(struct policy_verdict *v, uint32_t from, uint32_t until)
{
	if (from > v->since)
		v->since = from;
	if (until != UINT32_MAX && (v->until == 0 || until < v->until))
		v->until = until;
}

static void
verdict_permit(const struct policy *p, const struct clause *c,
    const struct asked *a, const struct delegation *d, struct policy_verdict *v)
{
	v->article =
	    c->by_act ? p->act_article[c->row] : p->order_article[c->row];
	verdict_span(v, c->since, c->ends);
	v->partial |= cell_open(p, c->inquirer) || cell_open(p, c->provider);
	if (d != NULL && (a->inquirer_for != 0 || !cell_names(p, c->inquirer,
						      a->inquirer, a->day))) {
		v->inquirer_for = p->body[d->delegator].code;
		v->delegation = d->citation;
	}
}

/* What is true of a row's clauses, to tell the reason of a refusal. */
struct seen {
	bool in_force;
	bool asks, asks_open, minister;
	bool data, answers_open;
	uint32_t right_later, right_earlier; /* nearest days; 0 none */
	uint32_t row_later, row_earlier;
};

static void
nearest_later(uint32_t *at, uint32_t day)
{
	if (*at == 0 || day < *at)
		*at = day;
}

static void
nearest_earlier(uint32_t *at, uint32_t day)
{
	if (day > *at)
		*at = day;
}

static void
seen_right(const struct policy *p, const struct right *c, const struct asked *a,
    struct seen *s)
{
	if (c->data != a->data)
		return;
	if (period_has(c->from, c->until, a->day)) {
		s->data = true;
		s->answers_open |= cell_open(p, c->provider);
	} else if (clause_answers(p, c, a) && c->from > a->day) {
		nearest_later(&s->right_later, c->from);
	} else if (clause_answers(p, c, a)) {
		nearest_earlier(&s->right_earlier, c->until);
	}
}

/* Whether some row is delegated to the inquirer by a body of this cell. */
static bool
delegate_elsewhere(
    const struct policy *p, const struct right *c, const struct asked *a)
{
	for (uint32_t i = 0; i < p->n_delegation; i++)
		if (p->delegation[i].delegate == a->inquirer &&
		    cell_names(
			p, c->inquirer, p->delegation[i].delegator, a->day))
			return true;
	return false;
}

static void
seen_clause(const struct policy *p, const struct right *c,
    const struct asked *a, const struct delegation *d, struct seen *s)
{
	bool now = period_has(c->from, c->until, a->day);
	bool asks = clause_asks(p, c, a, d);

	if (c->by_act != a->act)
		return;
	s->in_force |= now;
	if (c->from > a->day)
		nearest_later(&s->row_later, c->from);
	else if (!now)
		nearest_earlier(&s->row_earlier, c->until);
	if (asks)
		seen_right(p, c, a, s);
	if (!now)
		return;
	s->asks |= asks;
	s->asks_open |= cell_open(p, c->inquirer);
	s->minister |= a->delegate && !asks && delegate_elsewhere(p, c, a);
}

/* It was or will be lawful: not yet, or no longer, with the day. */
static enum outcome
time_outcome(uint32_t later, uint32_t earlier, enum outcome never,
    struct policy_verdict *v)
{
	v->since = later;
	v->until = later == 0 ? earlier : 0;
	if (later != 0)
		return OUTCOME_NOT_YET;
	return earlier != 0 ? OUTCOME_ENDED : never;
}

static enum outcome
seen_outcome(
    const struct seen *s, const struct asked *a, struct policy_verdict *v)
{
	if (!s->in_force)
		return time_outcome(
		    s->row_later, s->row_earlier, OUTCOME_NO_ROW, v);
	if (!s->asks && (s->minister || a->inquirer_for != 0))
		return OUTCOME_NOT_DELEGATED;
	if (!s->asks)
		return s->asks_open ? OUTCOME_CELL_UNRESOLVED
				    : OUTCOME_NOT_INQUIRER;
	if (a->provider_for != 0)
		return OUTCOME_NOT_DELEGATED;
	if (s->data)
		return s->answers_open ? OUTCOME_CELL_UNRESOLVED
				       : OUTCOME_NOT_PROVIDER;
	return time_outcome(
	    s->right_later, s->right_earlier, OUTCOME_NO_DATA, v);
}

/* No clause fits: say why, from all clauses of the row. */
static enum outcome
row_refuse(const struct policy *p, const struct asked *a,
    const struct delegation *d, struct policy_verdict *v)
{
	const struct run *r = runs_find(&p->row_runs, RUN_KEY(0, a->row));
	struct seen s = {0};

	if (a->row == 0 || r == NULL)
		return OUTCOME_NO_ROW;
	v->article = a->act ? p->act_article[a->row] : p->order_article[a->row];
	for (uint32_t i = 0; i < r->n; i++)
		seen_clause(p, &p->right[r->at + i], a, d, &s);
	return seen_outcome(&s, a, v);
}

static enum outcome
table_decide(
    const struct policy *p, const struct asked *a, struct policy_verdict *v)
{
	const struct delegation *d = delegation_find(p, a);
	const struct run *r = NULL;

	if (a->row != 0 && a->data != 0)
		r = runs_find(&p->rights, RUN_KEY(a->row, a->data));
	for (uint32_t i = 0; r != NULL && i < r->n; i++) {
		const struct right *c = &p->right[r->at + i];

		if (period_has(c->from, c->until, a->day) &&
		    clause_asks(p, c, a, d) && clause_answers(p, c, a)) {
			verdict_permit(p, &p->clause[r->at + i], a, d, v);
			return OUTCOME_PERMITTED;
		}
	}
	return row_refuse(p, a, d, v);
}

static void
verdict_procedure(
    const struct policy *p, const struct line *n, struct policy_verdict *v)
{
	v->article = names_text(&p->texts, n->citation_text);
	v->procedure = names_text(&p->texts, n->procedure_text);
	v->relation = names_text(&p->texts, n->relation_text);
}

/* No line gives the data: because none is in force, mapped, or says so. */
static enum outcome
procedure_refuse(
    const struct policy *p, const struct asked *a, struct policy_verdict *v)
{
	const struct procedure *o = &p->procedure[a->procedure];
	const struct run *r =
	    runs_find(&p->line_runs, RUN_KEY(0, a->procedure));
	enum outcome why = OUTCOME_NO_PROCEDURE;

	if (a->day < o->first || a->day >= o->until)
		return time_outcome(a->day < o->first ? o->first : 0, o->until,
		    OUTCOME_NO_PROCEDURE, v);
	for (uint32_t i = 0; r != NULL && i < r->n; i++) {
		const struct line *n = &p->line[p->by_procedure[r->at + i]];

		if (!period_has(n->from, n->until, a->day))
			continue;
		if (why == OUTCOME_NO_PROCEDURE) {
			why = OUTCOME_PROCEDURE_DATA;
			v->article = names_text(&p->texts, n->citation_text);
			v->procedure = names_text(&p->texts, n->procedure_text);
		}
		if (n->unmapped != MAPPED)
			why = OUTCOME_UNMAPPED;
	}
	return why;
}

/* An ordinance's task is its own only procedure, under the same code. */
static enum outcome
ordinance_procedure(
    const struct policy *p, const struct asked *a, struct policy_verdict *v)
{
	if (!a->own_procedure)
		return a->procedure != 0 ? OUTCOME_OTHER_ROW
					 : OUTCOME_NO_PROCEDURE;
	v->procedure = p->ordinance[a->row];
	return OUTCOME_PERMITTED;
}

static enum outcome
procedure_decide(
    const struct policy *p, const struct asked *a, struct policy_verdict *v)
{
	const struct run *r;

	if (p->ordinance[a->row] != NULL)
		return ordinance_procedure(p, a, v);
	if (a->act || a->procedure == 0)
		return OUTCOME_NO_PROCEDURE;
	if (p->procedure[a->procedure].row != a->row)
		return OUTCOME_OTHER_ROW;
	r = runs_find(&p->allowances, RUN_KEY(a->procedure, a->data));
	for (uint32_t i = 0; r != NULL && i < r->n; i++) {
		const struct allowance *x = &p->allowance[r->at + i];

		if (period_has(x->from, x->until, a->day)) {
			verdict_procedure(p, &p->line[x->line], v);
			verdict_span(v, x->since, x->ends);
			return OUTCOME_PERMITTED;
		}
	}
	return procedure_refuse(p, a, v);
}

/* The verdict on one data name. */
static enum outcome
data_decide(const struct policy *p, const struct policy_question *q,
    const struct asked *a, struct policy_verdict *v)
{
	enum outcome o = table_decide(p, a, v);

	if (o == OUTCOME_PERMITTED && *q->procedure != '\0')
		o = procedure_decide(p, a, v);
	if (o == OUTCOME_PERMITTED &&
	    ordinance_declined(p, a->row, a->provider, a->day))
		o = OUTCOME_DECLINED;
	if (o == OUTCOME_PERMITTED &&
	    guard_suspended(p, a->inquirer, a->provider, a->row, a->data,
		a->day, &v->suspension))
		o = OUTCOME_SUSPENDED;
	return o;
}

/* Another body's code, "" for none; false where it names nobody. */
static bool
for_find(const struct policy *p, const char *code, uint32_t *out)
{
	*out = *code == '\0' ? 0 : names_find(&p->codes, code);
	return *code == '\0' || *out != 0;
}

static enum outcome
question_read(
    const struct policy *p, const struct policy_question *q, struct asked *a)
{
	a->day = q->day;
	a->act = q->day < ORDER_BEGINS;
	a->row = names_find(&p->rows, q->task);
	a->own_procedure = strcmp(q->procedure, q->task) == 0;
	a->inquirer = names_find(&p->codes, q->inquirer);
	a->provider = names_find(&p->codes, q->provider);
	a->procedure = *q->procedure == '\0'
			   ? 0
			   : names_find(&p->procedures, q->procedure);
	if (q->n_data == 0 || q->n_data > POLICY_DATA_MAX)
		return OUTCOME_BAD_QUESTION;
	if (a->inquirer == 0 || a->provider == 0 ||
	    !for_find(p, q->inquirer_for, &a->inquirer_for) ||
	    !for_find(p, q->provider_for, &a->provider_for))
		return OUTCOME_UNKNOWN_BODY;
	return OUTCOME_PERMITTED;
}

enum outcome
policy_decide(const struct policy *p, const struct policy_question *q,
    struct policy_verdict *v)
{
	struct asked a = {0};
	enum outcome o;

	*v = (struct policy_verdict){.outcome = OUTCOME_REFUSED,
	    .article = p->order_article[0],
	    .procedure = "",
	    .relation = "",
	    .inquirer_for = "",
	    .provider_for = "",
	    .delegation = "",
	    .suspension = "",
	    .by_act = q->day < ORDER_BEGINS};
	o = question_read(p, q, &a);
	for (uint32_t i = 0; i < p->n_delegation; i++)
		a.delegate |= p->delegation[i].delegate == a.inquirer;
	v->row = names_text(&p->rows, a.row);
	v->synthetic =
	    p->body[a.inquirer].synthetic | p->body[a.provider].synthetic;
	for (size_t i = 0; o == OUTCOME_PERMITTED && i < q->n_data; i++) {
		uint32_t spelling = names_find(&p->data, q->data[i]);

		a.data = spelling == 0 ? 0 : p->canonical[spelling];
		v->at = i;
		o = data_decide(p, q, &a, v);
	}
	if (o != OUTCOME_PERMITTED && o != OUTCOME_NOT_YET &&
	    o != OUTCOME_ENDED)
		v->since = v->until = 0;
	v->outcome = o;
	v->rule = rule_of(o);
	return o;
}

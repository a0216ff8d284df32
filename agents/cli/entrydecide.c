#include "agents/cli/entrydecide.h"

#include "lib/entry.h"

bool
entry_by_policy(const struct entry *e)
{
	return e->type == ENTRY_PERMIT ||
	       (e->type == ENTRY_REFUSAL && e->outcome >= OUTCOME_NO_ROW &&
		   e->outcome <= OUTCOME_DECLINED);
}

enum outcome
entry_was(const struct entry *e)
{
	return e->type == ENTRY_PERMIT ? OUTCOME_PERMITTED
				       : (enum outcome)e->outcome;
}

enum outcome
entry_decide(const struct policy *p, const struct entry *e)
{
	const char *data[TEXTS_MAX];
	struct policy_verdict v;
	struct policy_question q = {.inquirer = e->inquirer,
	    .inquirer_for = e->inquirer_for,
	    .task = e->task,
	    .procedure = e->procedure,
	    .provider = e->provider,
	    .provider_for = e->provider_for,
	    .data = data,
	    .n_data = e->n_data,
	    .day = policy_day(e->time_ms)};

	for (size_t i = 0; i < e->n_data; i++)
		data[i] = e->data[i];
	if (policy_decide(p, &q, &v) != OUTCOME_PERMITTED)
		return v.outcome;
	if (policy_pia(p, e->inquirer, e->task, q.day) == PIA_NONE ||
	    policy_pia(p, e->provider, e->task, q.day) == PIA_NONE)
		return OUTCOME_NO_PIA;
	return OUTCOME_PERMITTED;
}

/* Admission of an inquiry: the decision, and the one conversion of a code. */
#include "broker/vault_parts.h"
#include "lib/sha256.h"
#include "lib/text.h"
#include "lib/uuid.h"

#include <assert.h>
#include <string.h>

#define COPY(to, from) text_copy(to, sizeof(to), from)

/* An inquiry on its way to a permit or a refusal. */
struct admission {
	struct vault_work *w;
	struct inquiry q;
	uint8_t hash[HASH_LEN]; /* of the inquiry's body */
	enum err code;		/* why the inquirer's code does not open */
	const struct party *provider;
	/* the decision; rule and article are static or the policy's */
	enum outcome outcome;
	const char *rule, *article;
	bool pia_missing;
};

/* --- is it an inquiry at all? What fails here is in no log --- */

static enum err
inquiry_open(struct admission *a)
{
	struct vault_work *w = a->w;
	struct envelope env;
	enum err e = vault_envelope(w, "inquiry", &env);

	if (e == ERR_NONE)
		e = inquiry_decode(env.body, &w->v->arena, &a->q);
	if (e != ERR_NONE)
		return e;
	sha256(env.body, a->hash);
	if (a->q.version != 1)
		return ERR_VERSION;
	if (strcmp(a->q.inquirer, env.signer) != 0)
		return ERR_SIGNER;
	return uuid_is_v7(a->q.exchange_id) ? ERR_NONE : ERR_MALFORMED;
}

/* --- the checks, in their order; each lets go on or refuses --- */

static enum outcome
refuse(struct admission *a, enum outcome o, const char *rule)
{
	assert(o != OUTCOME_PERMITTED);
	a->rule = rule;
	return o;
}

static bool
within_window(uint64_t a, uint64_t b)
{
	return (a > b ? a - b : b - a) <= VAULT_WINDOW_MS;
}

static enum outcome
fresh_check(struct admission *a)
{
	if (!within_window(a->q.time_ms, a->w->now_ms))
		return refuse(a, OUTCOME_STALE,
		    "the time of the inquiry is not within 120 s");
	if (!within_window(uuid_ms(a->q.exchange_id), a->w->now_ms))
		return refuse(a, OUTCOME_STALE,
		    "the time of the exchange id is not within 120 s");
	return OUTCOME_PERMITTED;
}

static bool
data_repeats(const struct inquiry *q)
{
	for (size_t i = 0; i < q->n_data; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(q->data[i], q->data[j]) == 0)
				return true;
	return false;
}

/* Order Art. 20, Rule Art. 40(2); the case reference is our own demand. */
static enum outcome
fields_check(struct admission *a)
{
	static const uint8_t none[HASH_LEN];
	const struct inquiry *q = &a->q;
	const struct {
		bool lacks;
		const char *rule;
	} musts[] = {
	    {q->unit[0] == '\0', "the organisation unit is missing"},
	    {q->task[0] == '\0', "the task is missing"},
	    {q->procedure[0] == '\0', "the procedure is missing"},
	    {q->provider[0] == '\0', "the provider is missing"},
	    {strcmp(q->provider, q->inquirer) == 0,
		"the inquirer names itself as the provider"},
	    {q->n_data == 0, "no data are named"},
	    {data_repeats(q), "the same data are named twice"},
	    {memcmp(q->case_tag, none, HASH_LEN) == 0,
		"the case reference is missing"},
	    {q->person.suite != SEAL_SUITE ||
		    q->person.kind != PERSON_LINK_CODE,
		"the person is not named by a link code of suite 1"},
	};

	for (size_t i = 0; i < sizeof(musts) / sizeof(musts[0]); i++)
		if (musts[i].lacks)
			return refuse(a, OUTCOME_BAD_QUESTION, musts[i].rule);
	return OUTCOME_PERMITTED;
}

/* Act Art. 19(viii), Order Art. 26(1). */
static enum outcome
table_check(struct admission *a)
{
	const struct inquiry *q = &a->q;
	const char *data[TEXTS_MAX];
	struct policy_verdict verdict;
	struct policy_question ask = {.inquirer = q->inquirer,
	    .inquirer_for = q->inquirer_for,
	    .task = q->task,
	    .procedure = q->procedure,
	    .provider = q->provider,
	    .provider_for = q->provider_for,
	    .data = data,
	    .n_data = q->n_data,
	    .day = policy_day(a->w->now_ms)};

	for (size_t i = 0; i < q->n_data; i++)
		data[i] = q->data[i];
	a->outcome = policy_decide(a->w->v->policy, &ask, &verdict);
	a->rule = verdict.rule;
	a->article = verdict.article;
	return a->outcome;
}

/* Act Arts. 21(2), 28(6): none published, and it must be refused. */
static enum outcome
pia_check(struct admission *a)
{
	const struct policy *p = a->w->v->policy;
	const struct inquiry *q = &a->q;
	uint32_t day = policy_day(a->w->now_ms);

	a->pia_missing = true;
	if (policy_pia(p, q->inquirer, q->task, day) == PIA_NONE)
		return refuse(a, OUTCOME_NO_PIA,
		    "the inquirer has published no privacy impact assessment");
	if (policy_pia(p, q->provider, q->task, day) == PIA_NONE)
		return refuse(a, OUTCOME_NO_PIA,
		    "the provider has published no privacy impact assessment");
	a->pia_missing = false;
	return OUTCOME_PERMITTED;
}

static enum outcome
provider_check(struct admission *a)
{
	const struct party *p =
	    directory_find(a->w->v->directory, a->q.provider);

	if (p == NULL || p->role != PARTY_AGENCY)
		return refuse(a, OUTCOME_UNKNOWN_BODY,
		    "the provider does not take part in the network");
	if (p->state == ERR_REFUSED)
		return refuse(
		    a, OUTCOME_SUSPENDED, "the provider is suspended");
	if (party_check(p, a->w->now_ms) != ERR_NONE)
		return refuse(
		    a, OUTCOME_UNKNOWN_BODY, "the provider has no valid keys");
	a->provider = p;
	return OUTCOME_PERMITTED;
}

static enum outcome
code_check(struct admission *a)
{
	if (a->code != ERR_NONE)
		return refuse(a, OUTCOME_BAD_CODE, err_sentence(a->code));
	return OUTCOME_PERMITTED;
}

/* Signature before all of them (inquiry_open); then table, PIA, person. */
static enum outcome (*const checks[])(struct admission *) = {
    fresh_check,
    fields_check,
    table_check,
    pia_check,
    provider_check,
    code_check,
};

/* Starts at refused; only all checks together permit. */
static void
decide(struct admission *a)
{
	enum outcome o = OUTCOME_REFUSED;

	a->rule = a->article = "";
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		o = checks[i](a);
		if (o != OUTCOME_PERMITTED)
			break;
	}
	a->outcome = o;
}

/* --- what is written down --- */

static void
facts_copy(const struct admission *a, struct entry *e)
{
	const struct inquiry *q = &a->q;

	memcpy(e->exchange_id, q->exchange_id, ID_LEN);
	COPY(e->inquirer, q->inquirer);
	COPY(e->inquirer_for, q->inquirer_for);
	COPY(e->unit, q->unit);
	COPY(e->task, q->task);
	COPY(e->procedure, q->procedure);
	COPY(e->relation, q->relation);
	COPY(e->provider, q->provider);
	COPY(e->provider_for, q->provider_for);
	e->n_data = q->n_data;
	memcpy(e->data, q->data, sizeof(e->data));
	COPY(e->period_from, q->period_from);
	COPY(e->period_until, q->period_until);
	memcpy(e->case_tag, q->case_tag, HASH_LEN);
	memcpy(e->inquiry_hash, a->hash, HASH_LEN);
	e->inquirer_hides = q->non_disclosure;
	e->asked_ms = q->time_ms;
	e->sequence = q->sequence;
	e->outcome = a->outcome;
	e->pia_missing = a->pia_missing;
	COPY(e->hop, "vault");
	COPY(e->rule, a->rule);
	COPY(e->article, a->article);
}

static void
verdict_copy(const struct admission *a, struct vault_reply *r)
{
	r->outcome = a->outcome;
	COPY(r->rule, a->rule);
	COPY(r->citation, a->article);
}

/*
 * The one place where a code is converted: the inquirer's was opened, the
 * law permits, and the provider's goes out sealed to nobody but the provider,
 * bound to this inquiry (Order Art. 26(1), Rule Art. 41).
 */
static enum err
permit_write(struct admission *a)
{
	struct vault_work *w = a->w;
	struct vault_reply *r = w->reply;
	enum err e;

	assert(a->outcome == OUTCOME_PERMITTED && w->has_handle);
	vault_entry_begin(w, ENTRY_PERMIT, a->q.exchange_id);
	facts_copy(a, &w->entry);
	w->entry.answer_by_ms = w->now_ms + w->v->answer_by_ms;
	w->entry.valid_until_ms = w->now_ms + w->v->valid_for_ms;
	buf_reset(&w->v->scratch);
	seal_ad_permit(&w->v->scratch, a->q.inquirer, a->q.provider,
	    a->q.exchange_id, a->hash);
	e = vault_code_seal(
	    w, a->provider, PERSON_LINK_CODE, &w->v->person, &r->person);
	if (e != ERR_NONE)
		return e;
	r->has_person = true;
	sha256(r->person.data, w->entry.provider_ref_hash);
	return vault_entry_close(w);
}

/* A refusal has an id, and so a month, of its own. */
static enum err
refusal_write(struct admission *a)
{
	vault_entry_begin(a->w, ENTRY_REFUSAL, NULL);
	facts_copy(a, &a->w->entry);
	return vault_entry_close(a->w);
}

enum err
vault_admit(struct vault_work *w)
{
	struct admission a = {.w = w};
	enum err e = inquiry_open(&a);

	if (e != ERR_NONE)
		return e;
	a.code = vault_person_open(w, &a.q);
	decide(&a);
	verdict_copy(&a, w->reply);
	return a.outcome == OUTCOME_PERMITTED ? permit_write(&a)
					      : refusal_write(&a);
}

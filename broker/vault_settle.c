/* The end of an exchange: outcomes, lapses, and what is only verified. */
#include "broker/vault_ops.h"
#include "broker/vault_parts.h"
#include "lib/sha256.h"
#include "lib/text.h"

#include <string.h>

#define COPY(to, from) text_copy(to, sizeof(to), from)

/* A permit of ours, as its row in the ledger holds it. */
struct settlement {
	struct vault_work *w;
	struct entry permit;
	uint8_t leaf_hash[HASH_LEN];
	bool has_inquiry;
	struct inquiry inquiry;
};

/* --- the permit --- */

/* Ours by its endorsement: the front's word about a permit is not taken. */
static enum err
permit_open(struct settlement *s)
{
	const struct vault_request *ask = s->w->ask;
	uint8_t leaf[ENTRY_LEAF_LEN];
	enum err e =
	    entry_decode(ask->permit_body, &s->w->v->arena, &s->permit);

	if (e != ERR_NONE)
		return e;
	entry_leaf(ENTRY_PERMIT, ask->permit_salt, ask->permit_body, leaf);
	if (s->permit.type != ENTRY_PERMIT ||
	    !entry_endorse_check(linkcode_endorse_key(s->w->v->keys), leaf,
		s->permit.record_code_hash, s->permit.entry_id,
		ask->permit_endorsement))
		return ERR_ENDORSEMENT;
	entry_leaf_hash(leaf, s->leaf_hash);
	return ERR_NONE;
}

/*
 * The inquiry of that permit, for the person: bound to it by its hash, so no
 * signature is looked at again. A key changed since makes the code unreadable;
 * the entry then has no record code and is found through its permit's.
 */
static enum err
person_find(struct settlement *s)
{
	struct vault_work *w = s->w;
	uint8_t hash[HASH_LEN];
	struct envelope env;
	enum err e = envelope_decode(w->ask->inquiry, &w->v->arena, &env);

	if (e != ERR_NONE)
		return e;
	sha256(env.body, hash);
	if (memcmp(hash, s->permit.inquiry_hash, HASH_LEN) != 0)
		return ERR_OTHER_BODY;
	e = inquiry_decode(env.body, &w->v->arena, &s->inquiry);
	if (e == ERR_NONE)
		vault_person_open(w, &s->inquiry);
	return e;
}

/* --- suspension, looked at again before an answer is handed over --- */

static bool
is_suspended(const struct settlement *s)
{
	const struct vault *v = s->w->v;
	const struct entry *p = &s->permit;
	const struct party *inquirer =
	    directory_find(v->directory, p->inquirer);
	const char *data[TEXTS_MAX], *reason;
	struct policy_question ask = {.inquirer = p->inquirer,
	    .task = p->task,
	    .provider = p->provider,
	    .data = data,
	    .n_data = p->n_data,
	    .day = policy_day(s->w->now_ms)};

	for (size_t i = 0; i < p->n_data; i++)
		data[i] = p->data[i];
	return inquirer == NULL || inquirer->state == ERR_REFUSED ||
	       policy_suspended(v->policy, &ask, &reason);
}

/* --- entries --- */

/* What an outcome repeats of its permit, so that it can be read alone. */
static void
entry_begin(
    struct settlement *s, enum entry_type type, enum outcome o, const char *hop)
{
	struct entry *e = &s->w->entry;
	const struct entry *p = &s->permit;

	vault_entry_begin(s->w, type, NULL);
	/* it was admitted under that version, and ends under it */
	memcpy(e->policy_hash, p->policy_hash, HASH_LEN);
	e->policy_version = p->policy_version;
	memcpy(e->exchange_id, p->exchange_id, ID_LEN);
	COPY(e->inquirer, p->inquirer);
	COPY(e->inquirer_for, p->inquirer_for);
	COPY(e->task, p->task);
	COPY(e->procedure, p->procedure);
	COPY(e->provider, p->provider);
	COPY(e->provider_for, p->provider_for);
	e->inquirer_hides = p->inquirer_hides;
	e->asked_ms = p->asked_ms;
	memcpy(e->permit_leaf, s->leaf_hash, HASH_LEN);
	e->outcome = o;
	COPY(e->hop, hop);
}

static enum err
entry_close(struct settlement *s)
{
	s->w->reply->outcome = s->w->entry.outcome;
	COPY(s->w->reply->rule, s->w->entry.rule);
	return vault_entry_close(s->w);
}

/* --- the provider's answer --- */

/* Fields that only an answer has: all of them, or none. */
static bool
is_whole(const struct provision *p)
{
	static const uint8_t none[HASH_LEN];
	bool sealed = p->enc.n == POINT_LEN && p->ciphertext_size > 0 &&
		      memcmp(p->ciphertext_hash, none, HASH_LEN) != 0 &&
		      memcmp(p->inquirer_key_id, none, KEY_ID_LEN) != 0;
	bool bare = p->enc.n == 0 && p->ciphertext_size == 0 &&
		    memcmp(p->ciphertext_hash, none, HASH_LEN) == 0;

	switch (p->outcome) {
	case OUTCOME_PROVIDED:
		return sealed;
	case OUTCOME_WITHHELD:
	case OUTCOME_NOT_HELD:
	case OUTCOME_PROVIDER_REFUSED:
		return bare;
	default:
		return false;
	}
}

/* That a signed message names this permit, and its provider sent it. */
static enum err
names_permit(const struct settlement *s, const uint8_t *exchange_id,
    const char *inquirer, const char *provider, const uint8_t *permit_leaf)
{
	const struct entry *p = &s->permit;

	if (strcmp(s->w->ask->party, p->provider) != 0)
		return ERR_NOT_YOURS;
	if (memcmp(exchange_id, p->exchange_id, ID_LEN) != 0 ||
	    strcmp(inquirer, p->inquirer) != 0 ||
	    strcmp(provider, p->provider) != 0 ||
	    memcmp(permit_leaf, s->leaf_hash, HASH_LEN) != 0)
		return ERR_NOT_YOURS;
	return s->w->now_ms <= p->valid_until_ms + VAULT_SKEW_MS ? ERR_NONE
								 : ERR_LAPSED;
}

static enum err
provision_settle(struct settlement *s, struct span body)
{
	struct entry *e = &s->w->entry;
	struct provision p;
	enum err err = provision_decode(body, &s->w->v->arena, &p);

	if (err == ERR_NONE && p.version != 1)
		err = ERR_VERSION;
	if (err == ERR_NONE)
		err = names_permit(
		    s, p.exchange_id, p.inquirer, p.provider, p.permit_leaf);
	if (err == ERR_NONE && !is_whole(&p))
		err = ERR_MALFORMED;
	if (err == ERR_NONE)
		err = person_find(s);
	if (err != ERR_NONE)
		return err;
	if (is_suspended(s)) {
		entry_begin(s, ENTRY_OUTCOME, OUTCOME_SUSPENDED_LATE, "vault");
	} else {
		entry_begin(s, ENTRY_OUTCOME, p.outcome, "provider");
		COPY(e->rule, p.reason);
		memcpy(e->ciphertext_hash, p.ciphertext_hash, HASH_LEN);
	}
	sha256(body, e->provision_hash);
	e->provider_hides = p.non_disclosure;
	e->sequence = p.sequence;
	return entry_close(s);
}

/* An official must decide: nothing is recorded yet, the permit stays open. */
static enum err
pending_verify(struct settlement *s, struct span body)
{
	struct pending p;
	enum err e = pending_decode(body, &s->w->v->arena, &p);

	if (e == ERR_NONE && p.version != 1)
		e = ERR_VERSION;
	if (e == ERR_NONE)
		e = names_permit(
		    s, p.exchange_id, p.inquirer, p.provider, p.permit_leaf);
	if (e == ERR_NONE)
		s->w->reply->outcome = OUTCOME_PENDING;
	return e;
}

enum err
vault_settle(struct vault_work *w)
{
	static const struct {
		const char *type;
		enum err (*take)(struct settlement *s, struct span body);
	} kinds[] = {
	    {"provision", provision_settle},
	    {"pending", pending_verify},
	};
	struct settlement s = {.w = w};
	struct envelope env;
	enum err e = permit_open(&s);

	if (e == ERR_NONE)
		e = envelope_decode(w->ask->envelope, &w->v->arena, &env);
	if (e != ERR_NONE)
		return e;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(env.type, kinds[i].type) == 0) {
			e = vault_envelope(w, kinds[i].type, &env);
			return e == ERR_NONE ? kinds[i].take(&s, env.body) : e;
		}
	return ERR_MALFORMED;
}

/* --- what the broker itself says of an exchange --- */

enum err
vault_lapse(struct vault_work *w)
{
	struct settlement s = {.w = w};
	enum err e = permit_open(&s);

	if (e == ERR_NONE)
		e = person_find(&s);
	if (e != ERR_NONE)
		return e;
	switch (w->ask->outcome) {
	case OUTCOME_LAPSED: /* Rule Art. 41(3) */
		if (w->now_ms < s.permit.valid_until_ms)
			return ERR_STALE;
		entry_begin(&s, ENTRY_LAPSE, OUTCOME_LAPSED, "broker");
		break;
	case OUTCOME_UNCOLLECTED:
		entry_begin(
		    &s, ENTRY_UNCOLLECTED, OUTCOME_UNCOLLECTED, "broker");
		break;
	case OUTCOME_SUSPENDED_LATE:
		if (!is_suspended(&s))
			return ERR_MALFORMED;
		entry_begin(&s, ENTRY_OUTCOME, OUTCOME_SUSPENDED_LATE, "vault");
		break;
	default:
		return ERR_MALFORMED;
	}
	return entry_close(&s);
}

enum err
vault_receipt(struct vault_work *w)
{
	struct settlement s = {.w = w};
	struct envelope env;
	struct receipt r;
	enum err e = permit_open(&s);

	if (e == ERR_NONE)
		e = vault_envelope(w, "receipt", &env);
	if (e == ERR_NONE)
		e = receipt_decode(env.body, &w->v->arena, &r);
	if (e != ERR_NONE)
		return e;
	if (r.version != 1)
		return ERR_VERSION;
	if (strcmp(w->ask->party, s.permit.inquirer) != 0 ||
	    memcmp(r.exchange_id, s.permit.exchange_id, ID_LEN) != 0 ||
	    strcmp(r.inquirer, s.permit.inquirer) != 0 ||
	    strcmp(r.provider, s.permit.provider) != 0)
		return ERR_NOT_YOURS;
	return ERR_NONE;
}

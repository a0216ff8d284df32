#include "agents/runtime/provide.h"

#include <stdlib.h>
#include <string.h>

#include "agents/runtime/link.h"
#include "agents/runtime/outbox.h"
#include "lib/clock.h"
#include "lib/crashpoint.h"
#include "lib/oplog.h"
#include "lib/outcome.h"
#include "lib/sha256.h"
#include "lib/text.h"

#define SKEW_MS 5000
#define KEEP_MS (UINT64_C(24) * 3600 * 1000)
#define FORGET_EVERY_MS (UINT64_C(60) * 1000)

static void
providing_end(struct providing *p, enum err e)
{
	if (p->decided != NULL)
		p->decided(p->ctx, e);
	idmap_take(&p->agency->host->permits, p->use);
	providing_free(p);
}

/* --- the answer
 * ---------------------------------------------------------------- */

static void
provision_send(
    struct agency *a, const struct buf *envelope, const struct buf *ciphertext)
{
	struct provision_frame f = {
	    .envelope = buf_span(envelope), .ciphertext = buf_span(ciphertext)};
	struct buf body = {0};

	provision_frame_encode(&f, &body);
	link_send(a, FRAME_PROVISION, buf_span(&body));
	buf_free(&body);
	crash_point("agent.after_provision");
}

/* The same job again in a second: nothing is released without a record. */
static void
providing_put_off(struct providing *p)
{
	p->retry_ms = clock_mono_ms() + 1000;
}

/*
 * Released only now that our own record of it is durable: one commit more on
 * the answer's way than where records are written beside it. But a provider
 * killed in between would have disclosed something that its own record (Act
 * Art. 23(2)) does not know, and no message of the protocol could tell it.
 */
static void
answered_done(struct store_job *job)
{
	struct providing *p = (struct providing *)job;

	if (job->err != ERR_NONE) {
		providing_put_off(p);
		return;
	}
	crash_point("agent.after_use");
	p->agency->counters[COUNT_PROVISIONS]++;
	provision_send(p->agency, &p->envelope, &p->ciphertext);
	providing_end(p, ERR_NONE);
}

static void
provision_signed(void *ctx, struct buf *envelope, enum err e)
{
	struct providing *p = ctx;

	if (e != ERR_NONE) {
		providing_end(p, e);
		return;
	}
	p->envelope = *envelope;
	*envelope = (struct buf){0};
	p->job = (struct store_job){.op = &answered_op, .done = answered_done};
	store_submit(p->agency->host->store, &p->job);
}

static void
provision_facts(struct providing *p, struct provision *m)
{
	p->answered_ms = clock_ms();
	p->sequence = ++p->agency->provided;
	*m = (struct provision){.version = PROTOCOL_VERSION,
	    .outcome = p->outcome,
	    .non_disclosure = p->hides,
	    .time_ms = p->answered_ms,
	    .sequence = p->sequence};
	memcpy(m->exchange_id, p->permit.exchange_id, ID_LEN);
	text_copy(m->inquirer, sizeof(m->inquirer), p->permit.inquirer);
	text_copy(m->provider, sizeof(m->provider), p->agency->code);
	memcpy(m->permit_leaf, p->leaf, HASH_LEN);
}

static void
provision_queue(struct providing *p, const struct provision *m)
{
	struct buf body = {0};

	provision_encode(m, &body);
	sha256(buf_span(&body), p->provision_hash);
	outbox_add(p->agency->outbox, "provision", &body, provision_signed, p);
}

/* An answer without data, and why. */
static void
answer_negative(struct providing *p, enum outcome o, const char *reason)
{
	struct provision m;

	p->outcome = o;
	provision_facts(p, &m);
	text_copy(m.reason, sizeof(m.reason), reason);
	provision_queue(p, &m);
}

static enum err
answer_seal(struct providing *p, struct span payload, struct provision *m,
    struct payload_sealed *sealed)
{
	struct agency *a = p->agency;
	const struct party *inquirer =
	    directory_find(a->host->directory, p->permit.inquirer);
	struct payload_binding b = {.provider = a->code,
	    .inquirer = p->permit.inquirer,
	    .permit_leaf = p->leaf};
	enum err e = ERR_KEY;

	if (inquirer != NULL)
		e = party_check(inquirer, clock_ms());
	if (e != ERR_NONE)
		return e;
	e = payload_seal(a->sealer, &b, inquirer->hpke_key, payload,
	    clock_mono_ms(), sealed, &p->ciphertext);
	if (e != ERR_NONE)
		return e;
	m->enc = SPAN(sealed->enc);
	memcpy(m->salt, sealed->salt, PAYLOAD_SALT_LEN);
	memcpy(m->inquirer_key_id, sealed->key_id, KEY_ID_LEN);
	memcpy(m->ciphertext_hash, sealed->hash, HASH_LEN);
	m->ciphertext_size = (uint32_t)p->ciphertext.n;
	return ERR_NONE;
}

static void
answer_records(struct providing *p, const struct payload_question *q)
{
	struct payload_sealed sealed;
	struct arena arena = {0};
	struct buf payload = {0};
	struct provision m;
	enum err e;

	p->outcome = OUTCOME_PROVIDED;
	p->hides = payload_hides(q, p->replica, p->n_replicas);
	e = payload_build(
	    q, p->replica, p->n_replicas, p->agency->layout, &arena, &payload);
	arena_wipe_free(&arena);
	if (e == ERR_NONE) {
		provision_facts(p, &m);
		e = answer_seal(p, buf_span(&payload), &m, &sealed);
		if (e == ERR_NONE)
			provision_queue(p, &m);
		else
			p->agency->provided--;
	}
	buf_wipe_free(&payload);
	if (e == ERR_NONE)
		return;
	oplog(OPLOG_ERROR, "answer-stopped",
	    LOG_TEXT("agency", p->agency->code), LOG_ERR(e));
	buf_free(&p->ciphertext);
	answer_negative(p, OUTCOME_PROVIDER_REFUSED, err_code(e));
}

/* --- an official must decide -----------------------------------------------
 */

static void
waiting_done(struct store_job *job)
{
	struct providing *p = (struct providing *)job;

	if (job->err != ERR_NONE) {
		providing_put_off(p);
		return;
	}
	link_send(p->agency, FRAME_PENDING, buf_span(&p->envelope));
	providing_end(p, ERR_NONE);
}

static void
pending_signed(void *ctx, struct buf *envelope, enum err e)
{
	struct providing *p = ctx;

	if (e != ERR_NONE) {
		providing_end(p, e);
		return;
	}
	p->envelope = *envelope;
	*envelope = (struct buf){0};
	p->job = (struct store_job){.op = &waiting_op, .done = waiting_done};
	store_submit(p->agency->host->store, &p->job);
}

static void
answer_pending(struct providing *p)
{
	struct pending m = {.version = PROTOCOL_VERSION, .time_ms = clock_ms()};
	struct buf body = {0};

	p->outcome = OUTCOME_PENDING;
	p->answered_ms = m.time_ms;
	memcpy(m.exchange_id, p->permit.exchange_id, ID_LEN);
	text_copy(m.inquirer, sizeof(m.inquirer), p->permit.inquirer);
	text_copy(m.provider, sizeof(m.provider), p->agency->code);
	memcpy(m.permit_leaf, p->leaf, HASH_LEN);
	pending_encode(&m, &body);
	outbox_add(p->agency->outbox, "pending", &body, pending_signed, p);
}

/* --- the look-up ------------------------------------------------------------
 */

/* What was read decides which answer it is. */
static void
answer_choose(struct providing *p)
{
	struct payload_question q = {.exchange_id = p->permit.exchange_id,
	    .permit = &p->permit,
	    .as_of_min_ms = p->as_of_min_ms,
	    .now_ms = clock_ms()};

	if (p->withhold)
		answer_negative(p, OUTCOME_WITHHELD, p->reason);
	else if (!p->held)
		answer_negative(p, OUTCOME_NOT_HELD, "");
	else if (!p->by_official &&
		 payload_needs_official(&q, p->replica, p->n_replicas))
		answer_pending(p);
	else
		answer_records(p, &q);
}

static void
lookup_done(struct store_job *job)
{
	struct providing *p = (struct providing *)job;

	crash_point("agent.after_lookup");
	if (job->err != ERR_NONE) {
		providing_put_off(p);
		return;
	}
	if (p->used) {
		/* at most one decision; as many deliveries as it takes */
		if (p->kept.n > 0)
			provision_send(p->agency, &p->kept, &p->kept_cipher);
		providing_end(p, ERR_USED);
		return;
	}
	if (p->waiting && !p->by_official) {
		providing_end(p, ERR_NONE);
		return;
	}
	answer_choose(p);
}

static void
lookup_submit(struct providing *p)
{
	p->job = (struct store_job){.op = &lookup_op, .done = lookup_done};
	store_submit(p->agency->host->store, &p->job);
}

/* --- the permit
 * ---------------------------------------------------------------- */

/* The inquiry inside: signed by the inquirer, and the one the entry means. */
static enum err
inquiry_check(struct agency *a, const struct permit *m, struct providing *p)
{
	struct host *h = a->host;
	uint8_t hash[HASH_LEN];
	struct envelope env;
	struct inquiry q;
	enum err e = directory_envelope(h->directory, m->inquiry, "inquiry",
	    p->permit.inquirer, clock_ms(), h->roots, &h->arena, &env);

	if (e == ERR_NONE)
		e = inquiry_decode(env.body, &h->arena, &q);
	if (e != ERR_NONE)
		return e;
	sha256(env.body, hash);
	if (memcmp(hash, p->permit.inquiry_hash, HASH_LEN) != 0)
		return ERR_OTHER_BODY;
	if (strcmp(q.inquirer, p->permit.inquirer) != 0 ||
	    strcmp(q.provider, a->code) != 0 ||
	    memcmp(q.exchange_id, p->permit.exchange_id, ID_LEN) != 0)
		return ERR_NOT_YOURS;
	p->as_of_min_ms = q.as_of_min_ms;
	return ERR_NONE;
}

/* Our own copy of the law it was given under, at its instant. */
static enum err
law_check(struct agency *a, const struct entry *m)
{
	const struct policy *policy = law_find(&a->host->law, m->policy_hash);
	const char *data[TEXTS_MAX];
	struct policy_verdict v;
	struct policy_question q = {.inquirer = m->inquirer,
	    .inquirer_for = m->inquirer_for,
	    .task = m->task,
	    .procedure = m->procedure,
	    .provider = m->provider,
	    .provider_for = m->provider_for,
	    .data = data,
	    .n_data = m->n_data,
	    .day = policy_day(m->time_ms)};

	if (policy == NULL)
		return ERR_POLICY_VERSION;
	for (size_t i = 0; i < m->n_data; i++)
		data[i] = m->data[i];
	if (policy_decide(policy, &q, &v) != OUTCOME_PERMITTED ||
	    policy_pia(policy, m->inquirer, m->task, q.day) == PIA_NONE ||
	    policy_pia(policy, m->provider, m->task, q.day) == PIA_NONE)
		return ERR_REFUSED;
	return ERR_NONE;
}

static enum err
code_open(struct agency *a, const struct permit *m, struct providing *p)
{
	struct seal_channel *c = seal_ring_find(
	    a->ring, a->code, a->host->vault_point, SEAL_FROM_VAULT);
	uint8_t hash[HASH_LEN];
	struct buf ad = {0};
	uint32_t epoch;
	enum err e;

	sha256(m->person.data, hash);
	if (memcmp(hash, p->permit.provider_ref_hash, HASH_LEN) != 0)
		return ERR_PROOF;
	if (m->person.suite != SEAL_SUITE || c == NULL)
		return ERR_VERSION;
	seal_ad_permit(&ad, p->permit.inquirer, a->code, p->permit.exchange_id,
	    p->permit.inquiry_hash);
	e = seal_open_code(c, m->person.data, buf_span(&ad), &epoch, p->code);
	buf_free(&ad);
	return e;
}

/* Docs/protocol.md section 5, steps 2 to 5. */
static enum err
permit_check(struct agency *a, const struct permit *m, struct providing *p)
{
	enum err e = inquiry_check(a, m, p);

	if (e == ERR_NONE && clock_ms() > p->permit.valid_until_ms + SKEW_MS)
		e = ERR_LAPSED;
	if (e == ERR_NONE)
		e = law_check(a, &p->permit);
	if (e == ERR_NONE)
		e = code_open(a, m, p);
	return e;
}

static void
permit_begin(struct agency *a, const struct permit *m, struct providing *p)
{
	enum err e = permit_check(a, m, p);

	idmap_add(&a->host->permits, p->use, p);
	if (e == ERR_NONE) {
		lookup_submit(p);
		return;
	}
	oplog(OPLOG_WARN, "permit-refused", LOG_TEXT("agency", a->code),
	    LOG_TEXT("inquirer", p->permit.inquirer), LOG_ERR(e));
	answer_negative(p, OUTCOME_PROVIDER_REFUSED, err_code(e));
}

/* A permit is good for one use, and so is another one of its exchange. */
static void
use_of(
    const struct agency *a, const struct entry *m, uint8_t use[static HASH_LEN])
{
	struct buf id = {0};

	buf_add_lp(&id, a->code);
	buf_add_lp(&id, m->inquirer);
	buf_add(&id, m->exchange_id, ID_LEN);
	sha256(buf_span(&id), use);
	buf_free(&id);
}

static bool
being_answered(const struct agency *a, const struct entry *m)
{
	uint8_t use[HASH_LEN];

	use_of(a, m, use);
	return idmap_find(&a->host->permits, use) != NULL;
}

static struct providing *
providing_new(struct agency *a, const struct proved *at, struct span bytes)
{
	struct providing *p = xcalloc(1, sizeof(*p));

	p->agency = a;
	p->permit = at->entry;
	p->index = at->index;
	memcpy(p->leaf, at->leaf, HASH_LEN);
	use_of(a, &at->entry, p->use);
	buf_add(&p->bytes, bytes.p, bytes.n);
	return p;
}

static enum err
permit_is_ours(const struct agency *a, const struct proved *at)
{
	if (at->entry.type != ENTRY_PERMIT ||
	    at->entry.outcome != OUTCOME_PERMITTED)
		return ERR_MALFORMED;
	return strcmp(at->entry.provider, a->code) == 0 ? ERR_NONE
							: ERR_NOT_YOURS;
}

enum err
provide_permit(struct agency *a, struct span body)
{
	struct permit m;
	struct proved at;
	enum err e = permit_decode(body, &a->host->arena, &m);

	if (e == ERR_NONE)
		e = held_prove(
		    &a->host->held, &a->line, &m.entry, &a->host->arena, &at);
	if (e == ERR_NONE)
		e = permit_is_ours(a, &at);
	if (e != ERR_NONE)
		return e;
	crash_point("agent.after_permit");
	a->counters[COUNT_PERMITS]++;
	if (being_answered(a, &at.entry))
		return ERR_NONE; /* being answered now */
	permit_begin(a, &m, providing_new(a, &at, body));
	return ERR_NONE;
}

/* --- afterwards
 * ------------------------------------------------------------------ */

static void
job_free(struct store_job *job)
{
	crash_point("agent.after_settled");
	free(job);
}

/* A receipt counts only with the inquirer's own signature. */
static bool
receipt_check(struct agency *a, const struct settled *m)
{
	struct host *h = a->host;
	struct envelope env;
	struct receipt r;

	return m->receipt.n > 0 &&
	       directory_envelope(h->directory, m->receipt, "receipt",
		   m->inquirer, clock_ms(), h->roots, &h->arena,
		   &env) == ERR_NONE &&
	       receipt_decode(env.body, &h->arena, &r) == ERR_NONE &&
	       memcmp(r.exchange_id, m->exchange_id, ID_LEN) == 0 &&
	       strcmp(r.provider, a->code) == 0;
}

enum err
provide_settled(struct agency *a, struct span body)
{
	struct settled m;
	struct settled_job *j;
	enum err e = settled_decode(body, &a->host->arena, &m);

	if (e != ERR_NONE)
		return e;
	j = xcalloc(1, sizeof(*j));
	j->job = (struct store_job){.op = &settled_op, .done = job_free};
	text_copy(j->agency, sizeof(j->agency), a->code);
	text_copy(j->inquirer, sizeof(j->inquirer), m.inquirer);
	memcpy(j->exchange_id, m.exchange_id, ID_LEN);
	j->outcome = m.outcome;
	j->accepted = m.accepted;
	j->receipt = receipt_check(a, &m);
	store_submit(a->host->store, &j->job);
	return ERR_NONE;
}

static void
forget_submit(struct host *h)
{
	static uint64_t last;
	struct forget_job *j;

	if (last != 0 && clock_mono_ms() - last < FORGET_EVERY_MS)
		return;
	last = clock_mono_ms();
	j = xcalloc(1, sizeof(*j));
	j->job = (struct store_job){.op = &forget_op, .done = job_free};
	j->now_ms = clock_ms();
	j->before_ms = j->now_ms - KEEP_MS;
	store_submit(h->store, &j->job);
}

void
provide_maintain(struct host *h)
{
	uint64_t now = clock_mono_ms();
	struct providing *p;

	for (size_t at = 0; (p = idmap_next(&h->permits, &at)) != NULL;)
		if (p->retry_ms != 0 && p->retry_ms <= now) {
			p->retry_ms = 0;
			store_submit(h->store, &p->job);
		}
	forget_submit(h);
}

/* --- an official's decision
 * ------------------------------------------------------- */

/* The stored permit was proved when it came; its law and code are re-read. */
static enum err
decision_begin(struct waiting_job *j)
{
	struct agency *a = j->agency;
	struct providing *p;
	uint8_t leaf[ENTRY_LEAF_LEN];
	struct proved at = {0};
	struct permit m;
	enum err e;

	if (j->bytes.n == 0)
		return ERR_NOT_FOUND;
	arena_reset(&a->host->arena);
	e = permit_decode(buf_span(&j->bytes), &a->host->arena, &m);
	if (e == ERR_NONE)
		e = entry_decode(m.entry.body, &a->host->arena, &at.entry);
	if (e != ERR_NONE)
		return e;
	entry_leaf(at.entry.type, m.entry.salt, m.entry.body, leaf);
	entry_leaf_hash(leaf, at.leaf);
	at.index = m.entry.index;
	if (clock_ms() > at.entry.valid_until_ms)
		return ERR_LAPSED;
	if (being_answered(a, &at.entry))
		return ERR_BUSY;
	p = providing_new(a, &at, buf_span(&j->bytes));
	p->by_official = true;
	p->withhold = !j->release;
	memcpy(p->reason, j->reason, sizeof(p->reason));
	p->decided = j->decided;
	p->ctx = j->ctx;
	permit_begin(a, &m, p);
	return ERR_NONE;
}

static void
waiting_found(struct store_job *job)
{
	struct waiting_job *j = (struct waiting_job *)job;
	enum err e = job->err;

	if (e == ERR_NONE)
		e = decision_begin(j);
	if (e != ERR_NONE)
		j->decided(j->ctx, e);
	buf_free(&j->bytes);
	free(j);
}

void
provide_decide(struct agency *a, const uint8_t exchange_id[static ID_LEN],
    bool release, const char *reason, provide_decided *done, void *ctx)
{
	struct waiting_job *j = xcalloc(1, sizeof(*j));

	j->job =
	    (struct store_job){.op = &waiting_find_op, .done = waiting_found};
	j->agency = a;
	memcpy(j->exchange_id, exchange_id, ID_LEN);
	j->release = release;
	snprintf(j->reason, sizeof(j->reason), "%s", reason);
	j->decided = done;
	j->ctx = ctx;
	store_submit(a->host->store, &j->job);
}

#include "agents/runtime/ask.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "agents/runtime/api.h"
#include "agents/runtime/ask_store.h"
#include "agents/runtime/link.h"
#include "agents/runtime/outbox.h"
#include "agents/runtime/payload.h"
#include "lib/clock.h"
#include "lib/crashpoint.h"
#include "lib/oplog.h"
#include "lib/outcome.h"
#include "lib/sha256.h"
#include "lib/text.h"
#include "lib/uuid.h"

#define AGAIN_MS 500

static void ask_next(struct agency *a);

void
asked_free(struct asked *k)
{
	if (k == NULL)
		return;
	buf_free(&k->envelope);
	free(k);
}

struct asked *
asked_reopen(struct agency *a, struct span envelope)
{
	struct asked *k = xcalloc(1, sizeof(*k));
	struct arena arena = {0};
	struct envelope env;
	enum err e = envelope_decode(envelope, &arena, &env);

	if (e == ERR_NONE)
		e = inquiry_decode(env.body, &arena, &k->q);
	if (e == ERR_NONE)
		sha256(env.body, k->hash);
	arena_wipe_free(&arena);
	k->q.person = (struct person_ref){0};
	if (e != ERR_NONE) {
		asked_free(k);
		return NULL;
	}
	k->agency = a;
	k->state = ASKED_READY;
	buf_add(&k->envelope, envelope.p, envelope.n);
	idmap_add(&a->host->asked, k->q.exchange_id, k);
	a->in_flight++;
	return k;
}

/* Out of the table: its turn is another's. */
static void
asked_forget(struct asked *k)
{
	struct agency *a = k->agency;

	idmap_take(&a->host->asked, k->q.exchange_id);
	a->in_flight--;
	asked_free(k);
	ask_next(a);
}

/* The inquiry cannot begin: nothing was sent. */
static void
asked_fail(struct asked *k, enum err e, const char *about)
{
	api_fail(k->agency->host, k->client, k->tag, e, about);
	asked_forget(k);
}

static json_t *
reply_start(const struct asked *k)
{
	char id[UUID_TEXT_LEN];

	return json_pack("{s:s, s:s, s:s}", "exchange",
	    uuid_text(k->q.exchange_id, id), "provider", k->q.provider, "task",
	    k->q.task);
}

/* Tell whoever waits, once; later news are looked up by exchange id. */
static void
client_answer(struct asked *k, json_t *reply)
{
	api_reply(k->agency->host, k->client, k->tag, reply);
	k->client = 0;
}

/* --- the way out: code, body, signature, commit, send ----------------------
 */

/* It is ready, but not to be sent before `after_ms` from now. */
static void
asked_put_off(struct asked *k, uint64_t after_ms)
{
	struct host *h = k->agency->host;

	k->state = ASKED_READY;
	k->retry_ms = clock_mono_ms() + after_ms;
	if (h->again_ms == 0 || k->retry_ms < h->again_ms)
		h->again_ms = k->retry_ms;
}

static void
asked_send(struct asked *k)
{
	struct agency *a = k->agency;
	enum err e = link_send(a, FRAME_INQUIRY, buf_span(&k->envelope));

	crash_point("agent.after_send_inquiry");
	k->state = ASKED_SENT;
	if (e != ERR_NONE)
		asked_put_off(k, AGAIN_MS);
}

void
ask_again(struct asked *k)
{
	if (k->state == ASKED_READY || k->state == ASKED_SENT)
		asked_send(k);
}

static void
outgoing_done(struct store_job *job)
{
	struct outgoing_job *j = (struct outgoing_job *)job;
	struct asked *k = j->asked;

	crash_point("agent.after_store_inquiry");
	if (job->err != ERR_NONE) {
		asked_fail(k,
		    job->err == ERR_DUPLICATE ? ERR_OTHER_BODY : job->err,
		    NULL);
		free(j);
		return;
	}
	free(j);
	k->agency->counters[COUNT_ASKED]++;
	if (!k->wait && k->client != 0) {
		json_t *reply = reply_start(k);

		json_object_set_new(reply, "state", json_string("sent"));
		client_answer(k, reply);
	}
	asked_send(k);
}

static void
inquiry_signed(void *ctx, struct buf *envelope, enum err e)
{
	struct asked *k = ctx;
	struct outgoing_job *j;

	if (e != ERR_NONE) {
		asked_fail(k, e, NULL);
		return;
	}
	k->envelope = *envelope;
	*envelope = (struct buf){0};
	k->state = ASKED_STORING;
	j = xcalloc(1, sizeof(*j));
	j->job = (struct store_job){.op = &outgoing_op, .done = outgoing_done};
	j->asked = k;
	store_submit(k->agency->host->store, &j->job);
}

/* The case reference leaves only as HMAC(case key, exchange id || it). */
static void
case_tag_make(const struct agency *a, struct asked *k)
{
	const struct span runs[] = {
	    SPAN(k->q.exchange_id), span_str(k->case_reference)};

	hmac_sha256(a->case_key.p, runs, 2, k->q.case_tag);
}

/* Our own code for the person, sealed so that only the vault can open it. */
static enum err
person_seal(struct agency *a, struct asked *k, const struct code_job *code,
    struct buf *sealed)
{
	struct seal_channel *c = seal_ring_find(
	    a->ring, a->code, a->host->vault_point, SEAL_TO_VAULT);
	struct buf ad = {0};
	enum err e;

	if (c == NULL)
		return ERR_KEY;
	seal_ad_inquiry(&ad, k->q.inquirer, k->q.provider, k->q.exchange_id);
	e = seal_code(c, code->epoch, code->code, buf_span(&ad), sealed);
	buf_free(&ad);
	k->q.person = (struct person_ref){.suite = SEAL_SUITE,
	    .kind = PERSON_LINK_CODE,
	    .data = buf_span(sealed)};
	return e;
}

/* Fill what the agency itself says, encode and queue for signing. */
static enum err
inquiry_build(struct asked *k, const struct code_job *code)
{
	struct agency *a = k->agency;
	struct buf sealed = {0}, body = {0};
	enum err e;

	k->q.version = PROTOCOL_VERSION;
	k->q.time_ms = clock_ms();
	k->q.held_size = a->line.size;
	case_tag_make(a, k);
	e = person_seal(a, k, code, &sealed);
	if (e == ERR_NONE) {
		k->q.sequence = ++a->asked;
		inquiry_encode(&k->q, &body);
		sha256(buf_span(&body), k->hash);
		k->state = ASKED_SIGNING;
		outbox_add(a->outbox, "inquiry", &body, inquiry_signed, k);
	}
	k->q.person = (struct person_ref){0};
	buf_free(&sealed);
	return e;
}

static void
code_done(struct store_job *job)
{
	struct code_job *j = (struct code_job *)job;
	struct asked *k = j->asked;
	enum err e = job->err;

	if (e == ERR_NONE && !j->found)
		asked_fail(k, ERR_NOT_FOUND, "code");
	else if (e != ERR_NONE || (e = inquiry_build(k, j)) != ERR_NONE)
		asked_fail(k, e, NULL);
	explicit_bzero(j->code, sizeof(j->code));
	free(j);
}

static void
asked_start(struct asked *k)
{
	static const uint8_t none[ID_LEN];
	struct agency *a = k->agency;
	struct code_job *j;

	if (memcmp(k->q.exchange_id, none, ID_LEN) == 0)
		uuid_make(k->q.exchange_id);
	if (idmap_find(&a->host->asked, k->q.exchange_id) != NULL) {
		api_fail(a->host, k->client, k->tag, ERR_OTHER_BODY, NULL);
		asked_free(k);
		return;
	}
	idmap_add(&a->host->asked, k->q.exchange_id, k);
	a->in_flight++;
	k->state = ASKED_LOOKUP;
	j = xcalloc(1, sizeof(*j));
	j->job = (struct store_job){.op = &code_op, .done = code_done};
	j->asked = k;
	j->agency = a->code;
	j->local_id = k->local_id;
	store_submit(a->host->store, &j->job);
}

/* Start what waits, as far as the cap allows. */
static void
ask_next(struct agency *a)
{
	while (a->queue_head != NULL && a->in_flight < a->in_flight_max) {
		struct asked *k = a->queue_head;

		a->queue_head = k->next;
		if (a->queue_head == NULL)
			a->queue_tail = &a->queue_head;
		a->queued--;
		k->next = NULL;
		asked_start(k);
	}
}

void
ask_begin(struct asked *k)
{
	struct agency *a = k->agency;

	text_copy(k->q.inquirer, sizeof(k->q.inquirer), a->code);
	if (k->q.unit[0] == '\0')
		text_copy(k->q.unit, sizeof(k->q.unit), a->unit);
	k->state = ASKED_QUEUED;
	*a->queue_tail = k;
	a->queue_tail = &k->next;
	a->queued++;
	ask_next(a);
}

/* --- the end: answer, refusal, their checks ---------------------------------
 */

static void
receipt_signed(void *ctx, struct buf *envelope, enum err e)
{
	struct agency *a = ctx;

	/* lost or not sent: the broker asks again with its answer */
	if (e == ERR_NONE)
		link_send(a, FRAME_RECEIPT, buf_span(envelope));
	crash_point("agent.after_receipt");
}

static void
receipt_queue(struct agency *a, const struct ended_job *j)
{
	struct receipt r = {.version = PROTOCOL_VERSION, .time_ms = clock_ms()};
	struct buf body = {0};

	memcpy(r.exchange_id, j->exchange_id, ID_LEN);
	text_copy(r.inquirer, sizeof(r.inquirer), a->code);
	text_copy(r.provider, sizeof(r.provider), j->provider);
	memcpy(r.provision_hash, j->provision_hash, HASH_LEN);
	receipt_encode(&r, &body);
	outbox_add(a->outbox, "receipt", &body, receipt_signed, a);
}

static void
ended_done(struct store_job *job)
{
	struct ended_job *j = (struct ended_job *)job;
	struct asked *k = idmap_find(&j->home->host->asked, j->exchange_id);

	crash_point("agent.after_answer");
	if (job->err != ERR_NONE) {
		/* not ours yet: let the broker deliver it again */
		if (k != NULL)
			asked_put_off(k, 2 * AGAIN_MS);
	} else {
		if (j->receipt)
			receipt_queue(j->home, j);
		if (k != NULL)
			asked_forget(k);
	}
	buf_wipe_free(&j->payload);
	free(j);
}

static struct ended_job *
ended_new(struct agency *a, const uint8_t id[static ID_LEN])
{
	struct ended_job *j = xcalloc(1, sizeof(*j));

	j->job = (struct store_job){.op = &ended_op, .done = ended_done};
	j->home = a;
	j->ended_ms = clock_ms();
	memcpy(j->exchange_id, id, ID_LEN);
	text_copy(j->agency, sizeof(j->agency), a->code);
	return j;
}

static void
log_facts_add(json_t *reply, const struct ended_job *j)
{
	char when[CLOCK_TEXT_LEN];

	if (!j->logged)
		return;
	json_object_set_new(
	    reply, "log_index", json_integer((json_int_t)j->outcome_index));
	json_object_set_new(
	    reply, "ended", json_string(clock_text(j->ended_ms, when)));
}

json_t *
ask_end_json(const struct inquiry *q, const struct ended_job *j)
{
	enum outcome o = (enum outcome)j->outcome;
	char id[UUID_TEXT_LEN];
	json_t *reply = json_pack(
	    "{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "exchange",
	    uuid_text(q->exchange_id, id), "provider", q->provider, "task",
	    q->task, "outcome", outcome_code(o), "text", outcome_sentence(o),
	    "outcome_ja", outcome_sentence_ja(o), "hop", j->hop, "rule",
	    j->rule, "citation", j->citation);

	log_facts_add(reply, j);
	return reply;
}

/*
 * The inquiry is over: tell the client, commit, then confirm. `payload` is
 * the opened answer, NULL where there is none.
 */
static void
asked_end(struct asked *k, struct ended_job *j, const struct payload *payload)
{
	struct buf parts = {0};

	if (k != NULL && k->client != 0) {
		if (payload != NULL && !k->brief)
			payload_text(payload, &parts);
		api_reply_with(k->agency->host, k->client, k->tag,
		    ask_end_json(&k->q, j), "parts", &parts);
		k->client = 0;
	}
	if (k != NULL)
		k->state = ASKED_ENDING;
	store_submit(j->home->host->store, &j->job);
}

/* The permit's entry, opened: it must be the one the outcome speaks of. */
static enum err
permit_open(struct agency *a, const struct answer *m, const struct asked *k,
    const struct proved *end, struct entry *permit)
{
	uint8_t leaf[ENTRY_LEAF_LEN], hash[HASH_LEN];
	enum err e;

	entry_leaf(ENTRY_PERMIT, m->permit_salt, m->permit_body, leaf);
	entry_leaf_hash(leaf, hash);
	if (memcmp(hash, end->entry.permit_leaf, HASH_LEN) != 0)
		return ERR_PROOF;
	e = entry_decode(m->permit_body, &a->host->arena, permit);
	if (e != ERR_NONE)
		return e;
	if (strcmp(permit->inquirer, a->code) != 0 ||
	    memcmp(permit->exchange_id, m->exchange_id, ID_LEN) != 0)
		return ERR_NOT_YOURS;
	if (k != NULL && memcmp(permit->inquiry_hash, k->hash, HASH_LEN) != 0)
		return ERR_OTHER_BODY;
	return ERR_NONE;
}

/*
 * We committed this answer before, our receipt was lost, and the provider has
 * forgotten the ciphertext: all that is left to do is to confirm it.
 */
static bool
only_confirms(const struct answer *m, const struct asked *k)
{
	return k == NULL && m->ciphertext.n == 0;
}

/* The provider's own word: signed, about this permit, of this ciphertext. */
static enum err
provision_check(struct agency *a, const struct answer *m, const struct asked *k,
    const struct proved *end, const struct entry *permit, struct provision *p)
{
	struct host *h = a->host;
	uint8_t hash[HASH_LEN];
	struct envelope env;
	enum err e = directory_envelope(h->directory, m->provision, "provision",
	    permit->provider, clock_ms(), h->roots, &h->arena, &env);

	if (e == ERR_NONE)
		e = provision_decode(env.body, &h->arena, p);
	if (e != ERR_NONE)
		return e;
	sha256(env.body, hash);
	if (memcmp(hash, end->entry.provision_hash, HASH_LEN) != 0 ||
	    p->outcome != end->entry.outcome)
		return ERR_PROOF;
	if (strcmp(p->inquirer, a->code) != 0 ||
	    strcmp(p->provider, permit->provider) != 0 ||
	    memcmp(p->exchange_id, m->exchange_id, ID_LEN) != 0 ||
	    memcmp(p->permit_leaf, end->entry.permit_leaf, HASH_LEN) != 0)
		return ERR_NOT_YOURS;
	if (p->outcome != OUTCOME_PROVIDED)
		return m->ciphertext.n == 0 ? ERR_NONE : ERR_MALFORMED;
	if (only_confirms(m, k))
		return ERR_NONE;
	sha256(m->ciphertext, hash);
	if (memcmp(hash, p->ciphertext_hash, HASH_LEN) != 0 ||
	    memcmp(hash, end->entry.ciphertext_hash, HASH_LEN) != 0)
		return ERR_PROOF;
	return ERR_NONE;
}

static enum err
payload_unseal(struct agency *a, const struct answer *m,
    const struct provision *p, struct buf *out, struct payload *payload)
{
	struct payload_binding b = {.provider = p->provider,
	    .inquirer = a->code,
	    .permit_leaf = p->permit_leaf};
	struct payload_sealed sealed;
	enum err e;

	if (p->enc.n != POINT_LEN)
		return ERR_MALFORMED;
	memcpy(sealed.enc, p->enc.p, POINT_LEN);
	memcpy(sealed.salt, p->salt, PAYLOAD_SALT_LEN);
	memcpy(sealed.key_id, p->inquirer_key_id, KEY_ID_LEN);
	memcpy(sealed.hash, p->ciphertext_hash, HASH_LEN);
	e = payload_open(a->opener, &b, &sealed, m->ciphertext, out);
	if (e == ERR_NONE)
		e = payload_decode(buf_span(out), &a->host->arena, payload);
	if (e != ERR_NONE)
		return e;
	return memcmp(payload->exchange_id, m->exchange_id, ID_LEN) == 0
		   ? ERR_NONE
		   : ERR_NOT_YOURS;
}

static void
ended_fill(
    struct ended_job *j, const struct proved *end, const struct entry *permit)
{
	j->outcome = end->entry.outcome;
	if (end->entry.type == ENTRY_LAPSE && j->outcome == OUTCOME_REFUSED)
		j->outcome = OUTCOME_LAPSED;
	text_copy(j->hop, sizeof(j->hop), end->entry.hop);
	text_copy(j->rule, sizeof(j->rule), end->entry.rule);
	text_copy(j->provider, sizeof(j->provider), permit->provider);
	text_copy(j->citation, sizeof(j->citation), permit->article);
	memcpy(j->permit_leaf, end->entry.permit_leaf, HASH_LEN);
	memcpy(j->outcome_leaf, end->leaf, HASH_LEN);
	memcpy(j->provision_hash, end->entry.provision_hash, HASH_LEN);
	j->outcome_index = end->index;
	j->ended_ms = end->entry.time_ms;
	j->provider_hides = end->entry.provider_hides;
	j->logged = true;
}

/* Everything an answer has to prove before it is believed. */
static enum err
answer_check(struct agency *a, const struct answer *m, const struct asked *k,
    struct ended_job *j, struct payload *payload)
{
	struct provision p;
	struct proved end;
	struct entry permit;
	enum err e = held_prove(
	    &a->host->held, &a->line, &m->outcome, &a->host->arena, &end);

	if (e != ERR_NONE)
		return e;
	if (end.entry.type != ENTRY_OUTCOME && end.entry.type != ENTRY_LAPSE)
		return ERR_MALFORMED;
	if (strcmp(end.entry.inquirer, a->code) != 0 ||
	    memcmp(end.entry.exchange_id, m->exchange_id, ID_LEN) != 0)
		return ERR_NOT_YOURS;
	e = permit_open(a, m, k, &end, &permit);
	if (e != ERR_NONE)
		return e;
	ended_fill(j, &end, &permit);
	if (m->provision.n == 0)
		return j->outcome == OUTCOME_PROVIDED ? ERR_MALFORMED
						      : ERR_NONE;
	e = provision_check(a, m, k, &end, &permit, &p);
	if (e != ERR_NONE)
		return e;
	j->receipt = true;
	if (p.reason[0] != '\0')
		text_copy(j->rule, sizeof(j->rule), p.reason);
	if (p.outcome != OUTCOME_PROVIDED || only_confirms(m, k))
		return ERR_NONE;
	return payload_unseal(a, m, &p, &j->payload, payload);
}

enum err
ask_answer(struct agency *a, struct span body)
{
	struct answer m;
	struct asked *k;
	struct ended_job *j;
	struct payload payload;
	enum err e = answer_decode(body, &a->host->arena, &m);

	if (e != ERR_NONE)
		return e;
	/* not open any more: our receipt was lost, so confirm again */
	k = idmap_find(&a->host->asked, m.exchange_id);
	if (k != NULL && k->agency != a)
		return ERR_NOT_YOURS;
	if (k != NULL && k->state == ASKED_ENDING)
		return ERR_NONE;
	j = ended_new(a, m.exchange_id);
	e = answer_check(a, &m, k, j, &payload);
	if (e != ERR_NONE) {
		buf_wipe_free(&j->payload);
		free(j);
		if (k != NULL)
			api_fail(a->host, k->client, k->tag, e, "answer");
		if (k != NULL)
			k->client = 0;
		return e;
	}
	a->counters[COUNT_ANSWERS]++;
	asked_end(k, j, j->payload.n > 0 ? &payload : NULL);
	return ERR_NONE;
}

/* Errors of the moment: the same bytes may do better later. */
static bool
error_passes(enum err e)
{
	return e == ERR_BUSY || e == ERR_DATABASE || e == ERR_OFFLINE ||
	       e == ERR_TIMEOUT;
}

static enum err
refusal_check(struct agency *a, const struct refusal *m, const struct asked *k,
    struct ended_job *j)
{
	struct proved end;
	enum err e = held_prove(
	    &a->host->held, &a->line, &m->entry, &a->host->arena, &end);

	if (e != ERR_NONE)
		return e;
	if (end.entry.type != ENTRY_REFUSAL || end.entry.outcome != m->outcome)
		return ERR_MALFORMED;
	if (strcmp(end.entry.inquirer, a->code) != 0 ||
	    memcmp(end.entry.exchange_id, m->exchange_id, ID_LEN) != 0)
		return ERR_NOT_YOURS;
	if (memcmp(end.entry.inquiry_hash, k->hash, HASH_LEN) != 0)
		return ERR_OTHER_BODY;
	memcpy(j->outcome_leaf, end.leaf, HASH_LEN);
	j->outcome_index = end.index;
	j->ended_ms = end.entry.time_ms;
	j->pia_missing = end.entry.pia_missing;
	j->logged = true;
	return ERR_NONE;
}

enum err
ask_refusal(struct agency *a, struct span body)
{
	struct refusal m;
	struct asked *k;
	struct ended_job *j;
	enum err e = refusal_decode(body, &a->host->arena, &m);

	if (e != ERR_NONE)
		return e;
	k = idmap_find(&a->host->asked, m.exchange_id);
	if (k == NULL || k->agency != a || k->state == ASKED_ENDING)
		return ERR_NONE;
	if (!m.has_entry && error_passes(err_from_code(m.error))) {
		asked_put_off(k, AGAIN_MS);
		return ERR_NONE;
	}
	j = ended_new(a, m.exchange_id);
	if (m.has_entry && (e = refusal_check(a, &m, k, j)) != ERR_NONE) {
		free(j);
		return e;
	}
	j->outcome = m.outcome;
	text_copy(j->hop, sizeof(j->hop), m.hop);
	text_copy(
	    j->rule, sizeof(j->rule), m.error[0] != '\0' ? m.error : m.rule);
	text_copy(j->citation, sizeof(j->citation), m.citation);
	text_copy(j->provider, sizeof(j->provider), k->q.provider);
	a->counters[COUNT_REFUSALS]++;
	asked_end(k, j, NULL);
	return ERR_NONE;
}

/* --- in between
 * --------------------------------------------------------------- */

enum notice_kind { NOTICE_PENDING = 1, NOTICE_LATE = 2, NOTICE_OFFLINE = 3 };

static void
job_free(struct store_job *job)
{
	free(job);
}

/* The provider's signed word that an official must decide. */
static enum err
pending_take(struct agency *a, struct asked *k, const struct notice *m)
{
	struct host *h = a->host;
	struct asked_pending_job *j;
	struct envelope env;
	struct pending p;
	enum err e = directory_envelope(h->directory, m->envelope, "pending",
	    k->q.provider, clock_ms(), h->roots, &h->arena, &env);

	if (e == ERR_NONE)
		e = pending_decode(env.body, &h->arena, &p);
	if (e != ERR_NONE)
		return e;
	if (memcmp(p.exchange_id, m->exchange_id, ID_LEN) != 0 ||
	    strcmp(p.inquirer, a->code) != 0)
		return ERR_NOT_YOURS;
	if (k->pending)
		return ERR_NONE;
	k->pending = true;
	j = xcalloc(1, sizeof(*j));
	j->job = (struct store_job){.op = &asked_pending_op, .done = job_free};
	memcpy(j->exchange_id, m->exchange_id, ID_LEN);
	text_copy(j->agency, sizeof(j->agency), a->code);
	store_submit(h->store, &j->job);
	return ERR_NONE;
}

enum err
ask_notice(struct agency *a, struct span body)
{
	static const char *const words[] = {
	    "", "pending", "no-answer-yet", "provider-offline"};
	struct notice m;
	struct asked *k;
	json_t *reply;
	enum err e = notice_decode(body, &a->host->arena, &m);

	if (e != ERR_NONE)
		return e;
	if (m.kind < NOTICE_PENDING || m.kind > NOTICE_OFFLINE)
		return ERR_MALFORMED;
	k = idmap_find(&a->host->asked, m.exchange_id);
	if (k == NULL || k->agency != a)
		return ERR_NONE;
	if (m.kind == NOTICE_PENDING &&
	    (e = pending_take(a, k, &m)) != ERR_NONE)
		return e;
	reply = reply_start(k);
	json_object_set_new(reply, "valid_until_ms",
	    json_integer((json_int_t)m.valid_until_ms));
	if (m.kind == NOTICE_PENDING) {
		json_object_set_new(reply, "outcome", json_string("pending"));
		client_answer(k, reply);
	} else {
		json_object_set_new(
		    reply, "notice", json_string(words[m.kind]));
		api_reply(a->host, k->client, k->tag, reply);
	}
	return ERR_NONE;
}

enum err
ask_busy(struct agency *a, struct span body)
{
	struct busy m;
	struct asked *k;
	enum err e = busy_decode(body, &a->host->arena, &m);

	if (e != ERR_NONE)
		return e;
	a->counters[COUNT_BUSY]++;
	if (strcmp(m.what, "hello") == 0)
		link_greet_soon(a);
	k = idmap_find(&a->host->asked, m.exchange_id);
	if (k != NULL && k->agency == a && k->state == ASKED_SENT)
		asked_put_off(k, m.retry_ms);
	return ERR_NONE;
}

void
ask_resume(struct agency *a)
{
	struct asked *k;

	for (size_t at = 0; (k = idmap_next(&a->host->asked, &at)) != NULL;)
		if (k->agency == a &&
		    (k->state == ASKED_READY || k->state == ASKED_SENT))
			asked_send(k);
}

void
ask_maintain(struct host *h)
{
	uint64_t now = clock_mono_ms();
	struct asked *k;

	if (h->again_ms == 0 || now < h->again_ms)
		return;
	h->again_ms = 0;
	for (size_t at = 0; (k = idmap_next(&h->asked, &at)) != NULL;) {
		if (k->state != ASKED_READY)
			continue;
		if (k->retry_ms <= now)
			asked_send(k);
		else if (h->again_ms == 0 || k->retry_ms < h->again_ms)
			h->again_ms = k->retry_ms;
	}
}

static void
open_done(struct store_job *job)
{
	((struct open_job *)job)->over = true;
}

enum err
ask_load(struct host *h)
{
	struct open_job j = {
	    .job = {.op = &open_op, .done = open_done}, .host = h};
	struct pollfd fd = {.fd = store_fd(h->store), .events = POLLIN};

	store_submit(h->store, &j.job);
	while (!j.over) {
		poll(&fd, 1, -1);
		store_run(h->store);
	}
	return j.job.err;
}

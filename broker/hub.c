#include <stdlib.h>
#include <string.h>

#include "broker/exchange_parts.h"
#include "lib/crashpoint.h"
#include "lib/oplog.h"
#include "lib/sha256.h"
#include "lib/uuid.h"

#define LOST_MS 1000	  /* unanswered for so long, it may be lost */
#define STAGGER_BATCH 256 /* of a backlog, sent at a time */
/* open at a time, papers or none: a third of a kilobyte each, for days */
#define OPEN_PARTY_MAX 200000
#define OPEN_ALL_MAX 1000000

struct hub *
hub_new(const struct hub_leaves *leaves, const struct hub_limits *limits)
{
	struct hub *h = xcalloc(1, sizeof(*h));
	h->docket = docket_new();
	h->strays = strays_new(leaves);
	h->leaf = *leaves;
	h->limits = *limits;
	return h;
}

void
hub_free(struct hub *h)
{
	if (h == NULL)
		return;
	docket_free(h->docket);
	strays_free(h->strays);
	arena_wipe_free(&h->arena);
	free(h);
}

void
hub_clock(struct hub *h, uint64_t now_ms)
{
	docket_clock(h->docket, now_ms);
}

void
hub_restore(struct hub *h, const struct ledger_live *live)
{
	struct exchange *x = docket_add(
	    h->docket, live->exchange_id, live->inquirer, live->provider);
	memcpy(x->inquiry_hash, live->inquiry_hash, HASH_LEN);
	x->recorded = true;
	x->permit_index = live->permit_index;
	x->outcome_index = live->outcome_index;
	x->answer_by_ms = live->answer_by_ms;
	x->valid_until_ms = live->valid_until_ms;
	x->pending = live->state == LIVE_PENDING;
	x->settled = live->state == LIVE_SETTLED;
	docket_move(h->docket, x, x->settled ? STEP_receipt : STEP_provision);
	exchange_run(h, x, &(struct event){.kind = EVENT_ENTER});
}

void
hub_remember(struct hub *h, const char *inquirer, const uint8_t *id)
{
	docket_remember(h->docket, inquirer, id);
}

void
hub_remembers(struct hub *h, uint64_t since_ms)
{
	docket_remembers(h->docket, since_ms);
}

void
hub_drain(struct hub *h)
{
	h->draining = true;
}

/* Which cap a new question would break; NULL: none. */
static const char *
cap_reached(struct hub *h, const struct load *l, size_t bytes)
{
	const struct hub_limits *m = &h->limits;
	if (h->draining)
		return "restart";
	if (!h->leaf.witnessed(h->leaf.ctx))
		return "witness";
	if (!h->leaf.writable(h->leaf.ctx))
		return "ledger";
	if (l->open >= OPEN_PARTY_MAX)
		return "party-open";
	if (docket_open(h->docket) >= OPEN_ALL_MAX)
		return "all-open";
	if (l->messages >= m->party_messages)
		return "party-messages";
	if (l->bytes + bytes > m->party_bytes)
		return "party-bytes";
	if (docket_in_flight(h->docket) >= m->all_messages)
		return "all-messages";
	if (docket_bytes(h->docket) + bytes > m->all_bytes)
		return "all-bytes";
	return NULL;
}

/* The same id again: the same question gets the same outcome. */
static void
inquiry_again(struct hub *h, struct exchange *x, uint32_t route,
    const uint8_t hash[static HASH_LEN])
{
	if (memcmp(x->inquiry_hash, hash, HASH_LEN) != 0) {
		h->counters.other_body++;
		hub_say_error(h, route, x->id, ERR_OTHER_BODY);
		return;
	}
	h->counters.retries++;
	x->route = route;
	if (!x->busy)
		exchange_run(h, x, &(struct event){.kind = EVENT_RETRY});
}

static void
inquiry_new(struct hub *h, const struct inquiry *q, uint32_t route,
    struct span envelope, const uint8_t hash[static HASH_LEN])
{
	struct load *l = docket_load(h->docket, q->inquirer);
	const char *cap = cap_reached(h, l, envelope.n);
	if (cap != NULL) {
		hub_say_busy(h, route, q->exchange_id, cap);
		return;
	}
	struct exchange *x =
	    docket_add(h->docket, q->exchange_id, q->inquirer, q->provider);
	struct papers *p = docket_papers(h->docket, x);
	memcpy(x->inquiry_hash, hash, HASH_LEN);
	x->route = route;
	buf_add(&p->inquiry, envelope.p, envelope.n);
	docket_weigh(h->docket, x);
	crash_point("front.after_arrival");
	exchange_run(h, x, &(struct event){.kind = EVENT_ENTER});
}

void
hub_inquiry(
    struct hub *h, const char *party, uint32_t route, struct span envelope)
{
	struct envelope env;
	struct inquiry *q = xcalloc(1, sizeof(*q));
	h->counters.inquiries++;
	arena_reset(&h->arena);
	enum err e = envelope_decode(envelope, &h->arena, &env);
	if (e == ERR_NONE && strcmp(env.type, "inquiry") != 0)
		e = ERR_MALFORMED;
	if (e == ERR_NONE)
		e = inquiry_decode(env.body, &h->arena, q);
	if (e == ERR_NONE && !uuid_is_v7(q->exchange_id))
		e = ERR_MALFORMED;
	/* the party is the one that ZAP knows, never what a frame claims */
	if (e == ERR_NONE &&
	    (strcmp(q->inquirer, party) != 0 || strcmp(env.signer, party) != 0))
		e = ERR_SIGNER;
	if (e != ERR_NONE) {
		h->counters.errors++;
		oplog(OPLOG_WARN, "inquiry-refused", LOG_TEXT("party", party),
		    LOG_ERR(e));
		hub_say_error(h, route, q->exchange_id, e);
		free(q);
		return;
	}
	uint8_t hash[HASH_LEN];
	sha256(env.body, hash);
	struct exchange *x = docket_find(h->docket, party, q->exchange_id);
	if (x != NULL)
		inquiry_again(h, x, route, hash);
	else
		inquiry_new(h, q, route, envelope, hash);
	free(q);
}

/* The exchange that this provider may answer; NULL after telling it why. */
static struct exchange *
provision_of(struct hub *h, const char *party, uint32_t route,
    const char *inquirer, const uint8_t *id, const uint8_t *hash)
{
	struct exchange *x = docket_find(h->docket, inquirer, id);
	if (x == NULL) {
		h->counters.late++;
		strays_take(h->strays, party, route, inquirer, id, hash);
		return NULL;
	}
	if (strcmp(x->provider->party, party) != 0) {
		h->counters.errors++;
		oplog(OPLOG_WARN, "provision-refused", LOG_TEXT("party", party),
		    LOG_ERR(ERR_NOT_YOURS));
		hub_say_error(h, route, id, ERR_NOT_YOURS);
		return NULL;
	}
	x->provider_route = route;
	return x;
}

static void
frame_refused(struct hub *h, const char *party, uint32_t route,
    const uint8_t *id, enum err e)
{
	h->counters.errors++;
	oplog(
	    OPLOG_WARN, "frame-refused", LOG_TEXT("party", party), LOG_ERR(e));
	hub_say_error(h, route, id, e);
}

void
hub_provision(
    struct hub *h, const char *party, uint32_t route, struct span frame)
{
	struct provision_frame f;
	struct envelope env;
	struct provision p;
	uint8_t hash[HASH_LEN] = {0};
	h->counters.provisions++;
	memset(&p, 0, sizeof(p));
	arena_reset(&h->arena);
	enum err e = provision_frame_decode(frame, &h->arena, &f);
	if (e == ERR_NONE)
		e = envelope_decode(f.envelope, &h->arena, &env);
	if (e == ERR_NONE && strcmp(env.type, "provision") != 0)
		e = ERR_MALFORMED;
	if (e == ERR_NONE)
		e = provision_decode(env.body, &h->arena, &p);
	if (e == ERR_NONE && f.ciphertext.n > 0)
		sha256(f.ciphertext, hash);
	if (e == ERR_NONE &&
	    (p.ciphertext_size != f.ciphertext.n ||
		memcmp(hash, p.ciphertext_hash, HASH_LEN) != 0))
		e = ERR_PROOF;
	if (e != ERR_NONE) {
		frame_refused(h, party, route, p.exchange_id, e);
		return;
	}
	sha256(env.body, hash);
	struct exchange *x =
	    provision_of(h, party, route, p.inquirer, p.exchange_id, hash);
	if (x == NULL)
		return;
	if (x->busy) {
		x->missed = true;
		return;
	}
	if (docket_bytes(h->docket) + frame.n > 2ull * h->limits.all_bytes) {
		hub_say_busy(h, route, p.exchange_id, "all-bytes");
		if (x->step == STEP_provision) {
			x->forwarded_ms = 0; /* it is asked again */
			docket_due(h->docket, x, hub_now(h) + BUSY_RETRY_MS);
		}
		return;
	}
	exchange_run(h, x,
	    &(struct event){.kind = EVENT_PROVISION,
		.envelope = f.envelope,
		.ciphertext = f.ciphertext,
		.body = env.body,
		.provision = &p});
}

void
hub_pending(
    struct hub *h, const char *party, uint32_t route, struct span envelope)
{
	struct envelope env;
	struct pending p;
	memset(&p, 0, sizeof(p));
	arena_reset(&h->arena);
	enum err e = envelope_decode(envelope, &h->arena, &env);
	if (e == ERR_NONE && strcmp(env.type, "pending") != 0)
		e = ERR_MALFORMED;
	if (e == ERR_NONE)
		e = pending_decode(env.body, &h->arena, &p);
	if (e != ERR_NONE) {
		frame_refused(h, party, route, p.exchange_id, e);
		return;
	}
	struct exchange *x =
	    provision_of(h, party, route, p.inquirer, p.exchange_id, NULL);
	if (x != NULL && !x->busy)
		exchange_run(h, x,
		    &(struct event){
			.kind = EVENT_PENDING, .envelope = envelope});
}

/*
 * The receipt is relayed, not judged: it came from the inquirer, as CURVE
 * knows it, and the provider checks its signature before it forgets.
 */
void
hub_receipt(
    struct hub *h, const char *party, uint32_t route, struct span envelope)
{
	struct envelope env;
	struct receipt r;
	memset(&r, 0, sizeof(r));
	arena_reset(&h->arena);
	enum err e = envelope_decode(envelope, &h->arena, &env);
	if (e == ERR_NONE && strcmp(env.type, "receipt") != 0)
		e = ERR_MALFORMED;
	if (e == ERR_NONE)
		e = receipt_decode(env.body, &h->arena, &r);
	if (e == ERR_NONE && strcmp(r.inquirer, party) != 0)
		e = ERR_SIGNER;
	if (e != ERR_NONE) {
		frame_refused(h, party, route, r.exchange_id, e);
		return;
	}
	struct exchange *x = docket_find(h->docket, party, r.exchange_id);
	if (x == NULL || x->busy)
		return; /* a second receipt: all is done or being done */
	if (memcmp(r.provision_hash, x->provision_hash, HASH_LEN) != 0 &&
	    x->answered_ms != 0 && x->settled) {
		frame_refused(h, party, route, r.exchange_id, ERR_PROOF);
		return;
	}
	exchange_run(
	    h, x, &(struct event){.kind = EVENT_RECEIPT, .envelope = envelope});
}

/*
 * When the n-th of those that wait for a party is sent again: a batch at a
 * time, and not while what was sent a moment ago may still be on its way.
 */
static uint64_t
again_at(const struct hub *h, uint64_t sent_ms, size_t n)
{
	uint64_t at = hub_now(h) + n / STAGGER_BATCH * STAGGER_MS;

	return at > sent_ms + LOST_MS ? at : sent_ms + LOST_MS;
}

/* Permits that were on the way to a connection that is gone. */
static void
wake_given(struct hub *h, struct load *l)
{
	size_t n = 0;
	for (struct exchange *x = l->given; x != NULL; x = x->given_next) {
		if (x->busy || (x->step != STEP_provision &&
				   !(x->step == STEP_receipt && x->wanted)))
			continue;
		docket_due(h->docket, x, again_at(h, x->forwarded_ms, n++));
		x->forwarded_ms = 0;
	}
}

/* Answers nobody has confirmed. */
static void
wake_asked(struct hub *h, struct load *l)
{
	size_t n = 0;
	for (struct exchange *x = l->asked; x != NULL; x = x->asked_next)
		if (!x->busy && x->step == STEP_receipt)
			docket_due(
			    h->docket, x, again_at(h, x->answered_ms, n++));
}

void
hub_hello(struct hub *h, const char *party)
{
	struct load *l = docket_load(h->docket, party);
	wake_given(h, l);
	wake_asked(h, l);
}

void
hub_vault(struct hub *h, const struct vault_reply *reply)
{
	struct exchange *x = docket_ticket(h->docket, reply->ticket);
	if (x == NULL)
		return;
	x->busy = false;
	exchange_run(
	    h, x, &(struct event){.kind = EVENT_VAULT, .reply = reply});
}

void
hub_ledger(struct hub *h, struct ledger_job *job)
{
	struct exchange *x = docket_ticket(h->docket, job->ticket);
	if (x == NULL)
		strays_ledger(h->strays, job);
	if (x != NULL) {
		x->busy = false;
		h->found = job->op == LEDGER_FIND ? job : NULL;
		exchange_run(
		    h, x, &(struct event){.kind = EVENT_LEDGER, .job = job});
		h->found = NULL;
	}
	ledger_job_free(job);
}

static void
exchange_due(void *ctx, struct exchange *x)
{
	struct hub *h = ctx;
	if (x->busy) /* it waits for a leaf: later */
		docket_due(h->docket, x, hub_now(h) + LOST_MS);
	else
		exchange_run(h, x, &(struct event){.kind = EVENT_DUE});
}

void
hub_tick(struct hub *h)
{
	docket_tick(h->docket, exchange_due, h);
}

const struct hub_counters *
hub_counters(const struct hub *h)
{
	return &h->counters;
}

uint64_t
hub_recorded(const struct hub *h, enum outcome o)
{
	return (unsigned)o < OUTCOME_NUMBERS ? h->recorded[o] : 0;
}

uint64_t
hub_erred(const struct hub *h, enum err e)
{
	return (unsigned)e < ERR_COUNT ? h->erred[e] : 0;
}

size_t
hub_at_step(const struct hub *h, enum step s)
{
	return docket_at(h->docket, s);
}

size_t
hub_in_flight(const struct hub *h)
{
	return docket_in_flight(h->docket);
}

size_t
hub_bytes(const struct hub *h)
{
	return docket_bytes(h->docket);
}

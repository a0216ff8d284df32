#include "broker/exchange.h"

#include <stdlib.h>
#include <string.h>

#include "broker/exchange_parts.h"
#include "broker/vault_ops.h"
#include "lib/crashpoint.h"
#include "lib/oplog.h"
#include "lib/sha256.h"
#include "lib/uuid.h"

#define SKEW_MS 5000	 /* a permit's end, by the broker's clock */
#define AGAIN_MS 600000	 /* a permit nobody answers is sent again */
#define WANTED_MS 60000	 /* until a payload is asked for once more */
#define REFETCH_MS 10000 /* how long a provider may take to say it again */

static enum turn
jump(struct hub *h, struct exchange *x, enum step s)
{
	docket_move(h->docket, x, s);
	return TURN_JUMP;
}

/*
 * An id is looked up before freshness: the same question again gets the same
 * outcome, another under its id is refused. Most ids are known to be new.
 */
static enum turn
step_identify(struct hub *h, struct exchange *x, const struct event *e)
{
	if (e->kind == EVENT_ENTER &&
	    !docket_doubts(h->docket, x->inquirer->party, x->id))
		return TURN_NEXT;
	if (e->kind == EVENT_ENTER || e->kind == EVENT_DUE)
		return exchange_find(h, x);
	if (e->kind != EVENT_LEDGER)
		return TURN_WAIT;
	if (e->job->err != ERR_NONE) {
		hub_say_error(h, exchange_route(h, x), x->id, e->job->err);
		return TURN_END;
	}
	if (e->job->n_rows == 0)
		return TURN_NEXT;
	enum err err = papers_take(h, x, e->job);
	if (err != ERR_NONE) {
		h->counters.other_body += err == ERR_OTHER_BODY;
		hub_say_error(h, exchange_route(h, x), x->id, err);
		return TURN_END;
	}
	h->counters.retries++;
	x->again = x->settled;
	return jump(
	    h, x, x->settled || x->refused ? STEP_answer : STEP_forward);
}

/* Signature, freshness, table, PIA, conversion: Act Art. 21(2). */
static enum turn
step_admit(struct hub *h, struct exchange *x, const struct event *e)
{
	struct papers *p = x->papers;
	if (e->kind == EVENT_ENTER) {
		struct vault_request q = {.op = VAULT_ADMIT};
		strcpy(q.party, x->inquirer->party);
		q.envelope = buf_span(&p->inquiry);
		exchange_ask_vault(h, x, &q);
		return TURN_WAIT;
	}
	if (e->kind != EVENT_VAULT)
		return TURN_WAIT;
	crash_point("front.after_admit");
	const struct vault_reply *v = e->reply;
	if (v->error[0] != '\0') {
		/* not established who asks: on no log but the operator's */
		h->counters.errors++;
		oplog(OPLOG_WARN, "inquiry-refused",
		    LOG_TEXT("party", x->inquirer->party),
		    LOG_TEXT("error", v->error));
		hub_say_error(
		    h, exchange_route(h, x), x->id, err_from_code(v->error));
		return TURN_END;
	}
	struct ledger_job *job = exchange_job(LEDGER_APPEND, x, 1);
	arena_reset(&h->arena);
	if (entry_decode(v->body, &h->arena, &h->entry) != ERR_NONE) {
		ledger_job_free(job);
		hub_say_error(h, exchange_route(h, x), x->id, ERR_INTERNAL);
		return TURN_END;
	}
	exchange_row(v, x, h->entry.entry_id, &job->rows[0]);
	if (v->entry_type == ENTRY_REFUSAL)
		job->rows[0].month = month_of_id(h->entry.entry_id);
	if (v->entry_type == ENTRY_PERMIT) {
		job->change = LIVE_INSERT;
		job->live.answer_by_ms = h->entry.answer_by_ms;
		job->live.valid_until_ms = h->entry.valid_until_ms;
	}
	buf_move(&job->rows[0].aux, &p->inquiry);
	docket_move(h->docket, x, STEP_record);
	if (!h->leaf.ledger(h->leaf.ctx, job)) {
		ledger_job_free(job);
		hub_say_busy(h, exchange_route(h, x), x->id, "ledger");
		return TURN_END;
	}
	x->busy = true;
	return TURN_WAIT;
}

/* Durable before anybody is asked: the permit is its entry in the log. */
static enum turn
step_record(struct hub *h, struct exchange *x, const struct event *e)
{
	if (e->kind != EVENT_LEDGER)
		return TURN_WAIT;
	struct ledger_job *job = e->job;
	if (job->err == ERR_DUPLICATE) {
		/* it was asked before: what was decided then stands */
		docket_remember(h->docket, x->inquirer->party, x->id);
		return jump(h, x, STEP_identify);
	}
	enum err err = job->err;
	if (err == ERR_NONE)
		err = job->rows[0].type == ENTRY_PERMIT
			  ? papers_permit(h, x, &job->rows[0])
			  : papers_outcome(h, x, &job->rows[0]);
	if (err != ERR_NONE) {
		hub_say_error(h, exchange_route(h, x), x->id, err);
		return TURN_END;
	}
	crash_point("front.after_record");
	hub_count(h, x->refused ? x->outcome : OUTCOME_PERMITTED);
	if (x->refused) {
		h->counters.refusals++;
		return jump(h, x, STEP_answer);
	}
	h->counters.permits++;
	return TURN_NEXT;
}

/* The notice to the provider (Order Art. 26(1), Rule 41). */
static enum err
permit_send(struct hub *h, struct exchange *x, uint32_t route)
{
	struct permit permit = {0};
	const struct papers *p = x->papers;
	enum err e = hub_proof(h, route, x->permit_index,
	    buf_span(&p->permit_body), p->permit_salt, &permit.entry);
	if (e != ERR_NONE)
		return e;
	permit.person.suite = 1;
	permit.person.kind = 1;
	permit.person.data = buf_span(&p->person);
	permit.inquiry = buf_span(&p->inquiry);
	struct buf body = {0};
	permit_encode(&permit, &body);
	e = hub_say(h, route, FRAME_PERMIT, &body);
	if (e == ERR_NONE) {
		h->counters.forwarded++;
		x->provider_route = route;
		x->forwarded_ms = hub_now(h);
	}
	return e;
}

/* Send to any connection the provider has; 0 when it has none. */
static enum err
permit_forward(struct hub *h, struct exchange *x)
{
	for (;;) {
		uint32_t route =
		    h->leaf.route(h->leaf.ctx, x->provider->party, 0);
		if (route == 0)
			return ERR_OFFLINE;
		enum err e = permit_send(h, x, route);
		if (e != ERR_OFFLINE)
			return e;
	}
}

static enum turn
step_forward(struct hub *h, struct exchange *x, const struct event *e)
{
	if (e->kind == EVENT_LEDGER &&
	    (e->job->err != ERR_NONE || papers_take(h, x, e->job) != ERR_NONE ||
		x->papers == NULL)) {
		oplog(OPLOG_ERROR, "papers-missing", LOG_ERR(e->job->err));
		x->forwarded_ms = hub_now(h);
		return TURN_NEXT; /* again when it is due */
	}
	if (x->papers == NULL || x->papers->inquiry.n == 0)
		return exchange_find(h, x);
	enum err err = permit_forward(h, x);
	crash_point("front.after_forward");
	if (err == ERR_OFFLINE) {
		h->counters.offline++;
		x->forwarded_ms = 0;
		exchange_notify(h, x, NOTICE_OFFLINE, (struct span){0});
		docket_let_go(h->docket, x);
	} else if (err != ERR_NONE) {
		/* it does not read, or its proof needs the ledger */
		x->forwarded_ms = 0;
		if (err == ERR_NOT_FOUND)
			docket_let_go(h->docket, x);
	} else if (x->told_late) {
		docket_let_go(h->docket, x); /* it may take days */
	}
	return TURN_NEXT;
}

static void
provision_due(struct hub *h, struct exchange *x)
{
	uint64_t at = x->valid_until_ms + SKEW_MS;
	if (!x->told_late && !x->pending && x->answer_by_ms < at)
		at = x->answer_by_ms;
	if (x->forwarded_ms == 0 && x->papers != NULL)
		at = hub_now(h) + STAGGER_MS;
	if (x->told_late && !x->pending && x->forwarded_ms != 0 &&
	    x->forwarded_ms + AGAIN_MS < at)
		at = x->forwarded_ms + AGAIN_MS;
	docket_due(h->docket, x, at);
}

static void
provision_hold(struct hub *h, struct exchange *x, const struct event *e)
{
	struct papers *p = docket_papers(h->docket, x);
	buf_reset(&p->provision);
	buf_add(&p->provision, e->envelope.p, e->envelope.n);
	buf_reset(&p->ciphertext);
	buf_add(&p->ciphertext, e->ciphertext.p, e->ciphertext.n);
	docket_weigh(h->docket, x);
}

/* Answer_by, valid_until, or a provider that is back. */
static enum turn
provision_overdue(struct hub *h, struct exchange *x)
{
	if (hub_now(h) >= x->valid_until_ms + SKEW_MS) {
		x->closing = true;
		x->ending = OUTCOME_LAPSED; /* Rule 41(3) */
		return TURN_NEXT;
	}
	if (x->told_late && !x->pending &&
	    hub_now(h) >= x->forwarded_ms + AGAIN_MS)
		x->forwarded_ms = 0; /* permit or answer may be lost */
	if (x->forwarded_ms == 0 &&
	    h->leaf.route(h->leaf.ctx, x->provider->party, 0) != 0)
		return jump(h, x, STEP_forward);
	if (!x->told_late && !x->pending && hub_now(h) >= x->answer_by_ms) {
		x->told_late = true;
		exchange_notify(h, x, NOTICE_LATE, (struct span){0});
		docket_let_go(h->docket, x);
	}
	provision_due(h, x);
	return TURN_WAIT;
}

/* The provider must answer within the permit's validity (Act Art. 22(1)). */
static enum turn
step_provision(struct hub *h, struct exchange *x, const struct event *e)
{
	switch (e->kind) {
	case EVENT_ENTER:
		provision_due(h, x);
		if (x->missed) { /* the same permit brings the same bytes */
			x->missed = false;
			x->forwarded_ms = 0;
			docket_due(h->docket, x, hub_now(h) + STAGGER_MS);
		}
		return TURN_WAIT;
	case EVENT_PENDING:
		if (x->pending) /* said before: nothing is new */
			return TURN_WAIT;
		/* fallthrough */
	case EVENT_PROVISION:
		provision_hold(h, x, e);
		crash_point("front.after_provision");
		return TURN_NEXT;
	case EVENT_DUE:
		return provision_overdue(h, x);
	case EVENT_RETRY:
		exchange_notify(h, x,
		    x->pending		   ? NOTICE_PENDING
		    : x->forwarded_ms == 0 ? NOTICE_OFFLINE
					   : NOTICE_LATE,
		    (struct span){0});
		return TURN_WAIT;
	default:
		return TURN_WAIT;
	}
}

/* Shown to the vault again: it takes nobody's word, the front's neither. */
static enum turn
verify_ask(struct hub *h, struct exchange *x)
{
	struct vault_request q = {0};
	if (x->closing) {
		q.op = VAULT_LAPSE;
		q.outcome = x->ending;
		strcpy(q.party, x->provider->party);
	} else {
		q.op = VAULT_SETTLE;
		strcpy(q.party, x->provider->party);
		q.envelope = buf_span(&x->papers->provision);
	}
	papers_show(x->papers, &q);
	exchange_ask_vault(h, x, &q);
	return TURN_WAIT;
}

/* What the provider sent is no answer to this permit: it is told so. */
static enum turn
verify_failed(struct hub *h, struct exchange *x, const char *error)
{
	oplog(OPLOG_WARN, "provision-refused",
	    LOG_TEXT("party", x->provider->party), LOG_TEXT("error", error));
	h->counters.errors++;
	if (x->closing) {
		/* a vault that does not know its own permit */
		docket_due(h->docket, x, hub_now(h) + REFETCH_MS);
		return TURN_WAIT;
	}
	struct settled s;
	exchange_settled(x, &s);
	strcpy(s.error, err_code(err_from_code(error)));
	hub_say_settled(h, x->provider->party, x->provider_route, &s);
	buf_free(&x->papers->provision);
	buf_free(&x->papers->ciphertext);
	docket_weigh(h->docket, x);
	return jump(h, x, STEP_provision);
}

/* An official must decide: the exchange rests until then. */
static enum turn
verify_pending(struct hub *h, struct exchange *x)
{
	h->counters.pendings++;
	exchange_notify(h, x, NOTICE_PENDING, buf_span(&x->papers->provision));
	docket_let_go(h->docket, x);
	if (!x->pending) {
		/* nobody waits for this one */
		struct ledger_job *job = exchange_job(LEDGER_PENDING, x, 0);
		job->ticket = 0;
		if (!h->leaf.ledger(h->leaf.ctx, job))
			ledger_job_free(job);
	}
	x->pending = true;
	return jump(h, x, STEP_provision);
}

static enum turn
settle_ask(struct hub *h, struct exchange *x, const struct vault_reply *v)
{
	struct ledger_job *job = exchange_job(LEDGER_APPEND, x, 1);
	arena_reset(&h->arena);
	if (entry_decode(v->body, &h->arena, &h->entry) != ERR_NONE) {
		ledger_job_free(job);
		return verify_failed(h, x, err_code(ERR_INTERNAL));
	}
	exchange_row(v, x, h->entry.entry_id, &job->rows[0]);
	/* what nobody has to collect is over with its entry */
	job->change = x->closing ? LIVE_DELETE : LIVE_SETTLE;
	buf_move(&job->rows[0].aux, &x->papers->provision);
	docket_move(h->docket, x, STEP_settle);
	if (h->leaf.ledger(h->leaf.ctx, job)) {
		x->busy = true;
		return TURN_WAIT;
	}
	buf_move(&x->papers->provision, &job->rows[0].aux);
	ledger_job_free(job);
	docket_due(h->docket, x, hub_now(h) + STAGGER_MS);
	return TURN_WAIT;
}

static uint64_t
collect_by(const struct hub *h, const struct exchange *x)
{
	uint64_t settled =
	    x->answered_ms != 0 ? x->answered_ms : uuid_ms(x->id);
	return settled + h->limits.collect_for_seconds * 1000ull;
}

/* After a restart the log tells since when an answer waits: not yet due. */
static bool
verify_early(struct hub *h, struct exchange *x)
{
	if (!x->closing || x->ending != OUTCOME_UNCOLLECTED ||
	    hub_now(h) >= collect_by(h, x))
		return false;
	x->closing = false;
	docket_let_go(h->docket, x);
	return true;
}

static enum turn
step_verify(struct hub *h, struct exchange *x, const struct event *e)
{
	switch (e->kind) {
	case EVENT_ENTER:
	case EVENT_DUE:
		docket_due(h->docket, x, 0);
		if (x->papers == NULL || x->papers->inquiry.n == 0)
			return exchange_find(h, x);
		return verify_ask(h, x);
	case EVENT_LEDGER: {
		/* the provision at hand is not the log's: keep it */
		struct buf provision = {0};
		if (x->papers != NULL && !x->closing)
			buf_move(&provision, &x->papers->provision);
		enum err err = e->job->err;
		if (err == ERR_NONE)
			err = papers_take(h, x, e->job);
		if (err == ERR_NONE && e->job->n_rows == 0)
			err = ERR_NOT_FOUND;
		if (err != ERR_NONE) {
			buf_free(&provision);
			return verify_failed(h, x, err_code(err));
		}
		if (provision.n > 0)
			buf_move(&x->papers->provision, &provision);
		return verify_early(h, x) ? jump(h, x, STEP_receipt)
					  : verify_ask(h, x);
	}
	case EVENT_VAULT:
		crash_point("front.after_verify");
		if (e->reply->error[0] != '\0')
			return verify_failed(h, x, e->reply->error);
		if (e->reply->entry_type == 0)
			return verify_pending(h, x);
		return settle_ask(h, x, e->reply);
	default:
		return TURN_WAIT;
	}
}

/* No answer, and none will come: both sides are told, nothing is kept. */
static enum turn
settle_closed(struct hub *h, struct exchange *x)
{
	struct settled s;
	exchange_settled(x, &s);
	s.outcome = x->ending;
	s.accepted = x->ending == OUTCOME_UNCOLLECTED;
	hub_say_settled(h, x->provider->party, x->provider_route, &s);
	if (x->ending == OUTCOME_UNCOLLECTED) {
		h->counters.uncollected++;
		return TURN_END;
	}
	h->counters.lapses++;
	return TURN_NEXT;
}

/* The log has this exchange's end already: that one stands. */
static enum turn
settle_again(struct hub *h, struct exchange *x)
{
	docket_let_go(h->docket, x);
	if (x->closing && x->ending == OUTCOME_UNCOLLECTED) {
		struct ledger_job *job = exchange_job(LEDGER_FORGET, x, 0);
		job->ticket = 0;
		if (!h->leaf.ledger(h->leaf.ctx, job))
			ledger_job_free(job);
		return TURN_END;
	}
	x->closing = false;
	x->settled = true;
	return jump(h, x, STEP_answer);
}

/* Durable before the inquirer is answered; the first outcome wins. */
static enum turn
step_settle(struct hub *h, struct exchange *x, const struct event *e)
{
	if (e->kind == EVENT_DUE) /* the ledger had too much: once more */
		return jump(h, x, STEP_verify);
	if (e->kind != EVENT_LEDGER)
		return TURN_WAIT;
	struct ledger_job *job = e->job;
	if (job->err == ERR_DUPLICATE)
		return settle_again(h, x);
	enum err err = job->err;
	if (err == ERR_NONE && x->ending != OUTCOME_UNCOLLECTED)
		err = papers_outcome(h, x, &job->rows[0]);
	if (err != ERR_NONE) {
		x->closing = false;
		x->forwarded_ms = 0; /* its answer is gone: ask again */
		return jump(h, x, STEP_provision);
	}
	crash_point("front.after_settle");
	hub_count(h, x->closing ? x->ending : x->outcome);
	if (x->closing)
		return settle_closed(h, x);
	if (x->outcome != OUTCOME_PROVIDED) /* suspended meanwhile */
		buf_free(&x->papers->ciphertext);
	h->counters.outcomes++;
	return TURN_NEXT;
}

static enum err
refusal_send(struct hub *h, struct exchange *x, uint32_t route)
{
	struct refusal *r = xcalloc(1, sizeof(*r));
	const struct papers *p = x->papers;
	arena_reset(&h->arena);
	enum err e =
	    entry_decode(buf_span(&p->outcome_body), &h->arena, &h->entry);
	if (e == ERR_NONE)
		e = hub_proof(h, route, x->outcome_index,
		    buf_span(&p->outcome_body), p->outcome_salt, &r->entry);
	if (e == ERR_NONE) {
		struct buf body = {0};
		memcpy(r->exchange_id, x->id, ID_LEN);
		r->has_entry = true;
		r->outcome = h->entry.outcome;
		strcpy(r->hop, h->entry.hop);
		strcpy(r->rule, h->entry.rule);
		strcpy(r->citation, h->entry.article);
		refusal_encode(r, &body);
		e = hub_say(h, route, FRAME_REFUSAL, &body);
	}
	free(r);
	return e;
}

static enum err
answer_send(struct hub *h, struct exchange *x, uint32_t route)
{
	struct answer *a = xcalloc(1, sizeof(*a));
	const struct papers *p = x->papers;
	enum err e = hub_proof(h, route, x->outcome_index,
	    buf_span(&p->outcome_body), p->outcome_salt, &a->outcome);
	if (e == ERR_NONE) {
		struct buf body = {0};
		memcpy(a->exchange_id, x->id, ID_LEN);
		a->permit_body = buf_span(&p->permit_body);
		memcpy(a->permit_salt, p->permit_salt, ENTRY_SALT_LEN);
		a->provision = buf_span(&p->provision);
		a->ciphertext = buf_span(&p->ciphertext);
		answer_encode(a, &body);
		e = hub_say(h, route, FRAME_ANSWER, &body);
	}
	free(a);
	return e;
}

static bool
answer_is_whole(const struct exchange *x)
{
	return x->refused || x->outcome != OUTCOME_PROVIDED ||
	       x->papers->ciphertext.n > 0;
}

/* To any connection the inquirer has; what is gone is found by sending. */
static enum err
answer_to_any(struct hub *h, struct exchange *x)
{
	for (;;) {
		uint32_t route = exchange_route(h, x);
		if (route == 0)
			return ERR_OFFLINE;
		enum err e = x->refused ? refusal_send(h, x, route)
					: answer_send(h, x, route);
		if (e != ERR_OFFLINE)
			return e;
	}
}

static enum turn
answer_hand_over(struct hub *h, struct exchange *x)
{
	enum err e = answer_to_any(h, x);
	if (e == ERR_NOT_FOUND && h->found == NULL)
		return exchange_find(h, x); /* its proof is old, too */
	if (e == ERR_NONE) {
		h->counters.answers += !x->refused;
		x->wanted = false;
		x->answered_ms = hub_now(h);
	}
	crash_point("front.after_answer");
	docket_let_go(h->docket, x);
	return x->refused || x->closing || x->again ? TURN_END : TURN_NEXT;
}

/*
 * The provider is away or says nothing. What was confirmed before is told
 * without its payload; else the answer waits for the provider.
 */
static enum turn
answer_put_off(struct hub *h, struct exchange *x)
{
	x->forwarded_ms = 0;
	if (x->again)
		return answer_hand_over(h, x);
	x->wanted = true;
	exchange_notify(h, x, NOTICE_OFFLINE, (struct span){0});
	docket_let_go(h->docket, x);
	return TURN_NEXT;
}

/* The payload never rests here: the provider is asked to say it again. */
static enum turn
answer_refetch(struct hub *h, struct exchange *x)
{
	h->counters.refetched++;
	if (permit_forward(h, x) != ERR_NONE)
		return answer_put_off(h, x);
	docket_due(h->docket, x, hub_now(h) + REFETCH_MS);
	return TURN_WAIT;
}

static bool
answer_loaded(const struct exchange *x)
{
	return x->papers != NULL && x->papers->outcome_body.n > 0;
}

/* The ciphertext again; false if it is not the one that was settled. */
static bool
answer_take(struct hub *h, struct exchange *x, struct span ciphertext)
{
	uint8_t hash[HASH_LEN];
	sha256(ciphertext, hash);
	if (!answer_loaded(x) ||
	    memcmp(hash, x->ciphertext_hash, HASH_LEN) != 0)
		return false;
	buf_reset(&x->papers->ciphertext);
	buf_add(&x->papers->ciphertext, ciphertext.p, ciphertext.n);
	docket_weigh(h->docket, x);
	return true;
}

static enum turn
answer_go(struct hub *h, struct exchange *x)
{
	if (!answer_loaded(x))
		return exchange_find(h, x);
	if (answer_is_whole(x))
		return answer_hand_over(h, x);
	if (exchange_route(h, x) != 0)
		return answer_refetch(h, x);
	docket_let_go(h->docket, x); /* nobody there to hand it to */
	return x->again ? TURN_END : TURN_NEXT;
}

/* The first outcome wins; who comes later hears whether it was its own. */
static void
provision_late(struct hub *h, struct exchange *x, const struct event *e)
{
	uint8_t hash[HASH_LEN];
	struct settled s;
	if (x->answered_ms == 0)
		return; /* the log was not read again yet */
	sha256(e->body, hash);
	exchange_settled(x, &s);
	s.accepted = memcmp(hash, x->provision_hash, HASH_LEN) == 0;
	if (!s.accepted) {
		h->counters.late++;
		strcpy(s.error, err_code(ERR_SETTLED));
	}
	hub_say_settled(h, x->provider->party, x->provider_route, &s);
}

/*
 * What is handed over later than it was settled may be suspended by now. The
 * outcome stands; the vault makes an entry of suspension only if there is
 * one, and that entry is not recorded.
 */
static enum turn
answer_ask_suspended(struct hub *h, struct exchange *x)
{
	struct vault_request q = {
	    .op = VAULT_LAPSE, .outcome = OUTCOME_SUSPENDED_LATE};
	strcpy(q.party, x->provider->party);
	papers_show(x->papers, &q);
	exchange_ask_vault(h, x, &q);
	return TURN_WAIT;
}

/* It waits for the suspension's end, or to be recorded as uncollected. */
static enum turn
answer_withhold(struct hub *h, struct exchange *x, const struct vault_reply *v)
{
	struct refusal *r = xcalloc(1, sizeof(*r));
	struct buf body = {0};
	memcpy(r->exchange_id, x->id, ID_LEN);
	r->outcome = OUTCOME_SUSPENDED;
	strcpy(r->hop, "vault");
	strcpy(r->rule, v->rule);
	strcpy(r->citation, v->citation);
	refusal_encode(r, &body);
	free(r);
	hub_say(h, exchange_route(h, x), FRAME_REFUSAL, &body);
	docket_let_go(h->docket, x);
	return x->again ? TURN_END : TURN_NEXT;
}

static enum turn step_receipt(
    struct hub *h, struct exchange *x, const struct event *e);

/* The answer replaces the paper document (Act Art. 22(2)). */
static enum turn
step_answer(struct hub *h, struct exchange *x, const struct event *e)
{
	switch (e->kind) {
	case EVENT_ENTER:
		docket_due(h->docket, x, 0);
		return answer_go(h, x);
	case EVENT_DUE:
		return answer_loaded(x) ? answer_put_off(h, x)
					: answer_go(h, x);
	case EVENT_PROVISION:
		if (answer_take(h, x, e->ciphertext))
			return answer_ask_suspended(h, x);
		provision_late(h, x, e);
		return TURN_WAIT;
	case EVENT_LEDGER:
		if (e->job->err == ERR_NONE &&
		    papers_take(h, x, e->job) == ERR_NONE && answer_loaded(x))
			return answer_go(h, x);
		oplog(OPLOG_ERROR, "papers-missing", LOG_ERR(e->job->err));
		return x->again ? TURN_END : TURN_NEXT;
	case EVENT_VAULT:
		if (e->reply->error[0] != '\0') /* nothing was suspended */
			return answer_go(h, x);
		return answer_withhold(h, x, e->reply);
	case EVENT_RECEIPT: /* it had the answer all the time */
		docket_move(h->docket, x, STEP_receipt);
		return step_receipt(h, x, e);
	default:
		return TURN_WAIT;
	}
}

/* Delivery at least once: until the receipt, or 24 hours are over. */
static enum turn
step_receipt(struct hub *h, struct exchange *x, const struct event *e)
{
	switch (e->kind) {
	case EVENT_ENTER: {
		uint64_t at = collect_by(h, x);
		if (x->wanted && hub_now(h) + WANTED_MS < at)
			at = hub_now(h) + WANTED_MS;
		docket_due(h->docket, x, at);
		return TURN_WAIT;
	}
	case EVENT_RECEIPT: {
		struct papers *p = docket_papers(h->docket, x);
		buf_add(&p->receipt, e->envelope.p, e->envelope.n);
		docket_weigh(h->docket, x);
		h->counters.receipts++;
		crash_point("front.after_receipt");
		return TURN_NEXT;
	}
	case EVENT_RETRY:
		h->counters.retries++;
		return jump(h, x, STEP_answer);
	case EVENT_PROVISION:
		provision_late(h, x, e);
		return TURN_WAIT;
	case EVENT_DUE:
		if (hub_now(h) < collect_by(h, x)) /* the inquirer is back */
			return jump(h, x, STEP_answer);
		x->closing = true;
		x->ending = OUTCOME_UNCOLLECTED;
		return jump(h, x, STEP_verify);
	default:
		return TURN_WAIT;
	}
}

/*
 * The provider hears of the receipt, and may forget the answer, only when a
 * restart of the broker would not ask for it again.
 */
static enum turn
step_forget(struct hub *h, struct exchange *x, const struct event *e)
{
	if (e->kind == EVENT_ENTER || e->kind == EVENT_DUE)
		return exchange_ask_ledger(
		    h, x, exchange_job(LEDGER_FORGET, x, 0));
	if (e->kind != EVENT_LEDGER)
		return TURN_WAIT;
	struct settled s;
	exchange_settled(x, &s);
	s.accepted = true;
	s.receipt = buf_span(&x->papers->receipt);
	hub_say_settled(h, x->provider->party, x->provider_route, &s);
	crash_point("front.after_forget");
	return TURN_END;
}

static const struct {
	const char *name;
	enum turn (*run)(
	    struct hub *h, struct exchange *x, const struct event *e);
} steps[STEP_COUNT] = {
#define STEP_ROW(name, waits) {#name, step_##name},
    STEP_TABLE(STEP_ROW)
#undef STEP_ROW
};

const char *
step_name(enum step s)
{
	return s < STEP_COUNT ? steps[s].name : "?";
}

/* Go on from an event until the exchange waits or ends. */
void
exchange_run(struct hub *h, struct exchange *x, const struct event *e)
{
	static const struct event enter = {.kind = EVENT_ENTER};
	for (;;) {
		enum turn t = steps[x->step].run(h, x, e);
		if (t == TURN_WAIT)
			return;
		if (t == TURN_END) {
			docket_remove(h->docket, x);
			return;
		}
		if (t == TURN_NEXT)
			docket_move(h->docket, x, x->step + 1);
		e = &enter;
	}
}

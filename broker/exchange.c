#include "broker/exchange.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "broker/docket.h"
#include "broker/stray.h"
#include "broker/vault_ops.h"
#include "lib/clock.h"
#include "lib/crashpoint.h"
#include "lib/oplog.h"
#include "lib/sha256.h"
#include "lib/uuid.h"

#define SKEW_MS 5000	  /* a permit's end, by the broker's clock */
#define LOST_MS 1000	  /* unanswered for so long, it may be lost */
#define AGAIN_MS 600000	  /* a permit nobody answers is sent again */
#define REFETCH_MS 10000  /* how long a provider may take to say it again */
#define STAGGER_MS 250	  /* a party that returns gets its backlog ... */
#define STAGGER_BATCH 256 /* ... so many at a time */
#define BUSY_RETRY_MS 500
/* open at a time, papers or none: a third of a kilobyte each, for days */
#define OPEN_PARTY_MAX 200000
#define OPEN_ALL_MAX 1000000
#define OUTCOME_NUMBERS 128
#define NOTICE_PENDING 1
#define NOTICE_LATE 2
#define NOTICE_OFFLINE 3

struct hub {
	struct docket *docket;
	struct strays *strays;
	struct hub_leaves leaf;
	struct hub_limits limits;
	struct hub_counters counters;
	uint64_t recorded[OUTCOME_NUMBERS], erred[ERR_COUNT];
	bool draining;
	struct arena arena;
	struct entry entry; /* scratch: large */
	/* the same for proofs: paths are filled in at sending */
	uint8_t path[MERKLE_PATH_MAX][MERKLE_LEN];
	uint8_t consistency[MERKLE_PATH_MAX][MERKLE_LEN];
	/* what the ledger just found, with paths only it can make */
	const struct ledger_job *found;
};

/* What wakes an exchange. */
enum event_kind {
	EVENT_ENTER,	 /* it has just come to this step */
	EVENT_VAULT,	 /* reply */
	EVENT_LEDGER,	 /* job */
	EVENT_PROVISION, /* envelope, ciphertext, provision */
	EVENT_PENDING,	 /* envelope */
	EVENT_RETRY,	 /* the inquirer asked the same again */
	EVENT_RECEIPT,	 /* envelope */
	EVENT_DUE	 /* its deadline */
};

struct event {
	enum event_kind kind;
	const struct vault_reply *reply;
	struct ledger_job *job;
	struct span envelope, ciphertext;
	struct span body; /* of the envelope, of a provision */
	const struct provision *provision;
};

enum turn {
	TURN_NEXT, /* on to the next step */
	TURN_JUMP, /* the step was set */
	TURN_WAIT, /* until an event */
	TURN_END   /* it is over and has to be removed */
};

static void exchange_run(
    struct hub *h, struct exchange *x, const struct event *e);

static enum turn
jump(struct hub *h, struct exchange *x, enum step s)
{
	docket_move(h->docket, x, s);
	return TURN_JUMP;
}

static uint64_t
now(const struct hub *h)
{
	return docket_now(h->docket);
}

static void
count_outcome(struct hub *h, enum outcome o)
{
	if ((unsigned)o < OUTCOME_NUMBERS)
		h->recorded[o]++;
}

/* ---- saying things to parties ------------------------------------------- */

static enum err
say(struct hub *h, uint32_t route, enum frame_kind kind, struct buf *body)
{
	if (route == 0) {
		buf_free(body);
		return ERR_OFFLINE;
	}
	return h->leaf.send(h->leaf.ctx, route, kind, body);
}

static void
say_error(struct hub *h, uint32_t route, const uint8_t *id, enum err error)
{
	h->erred[error]++;
	struct refusal *r = xcalloc(1, sizeof(*r));
	struct buf body = {0};
	if (id != NULL)
		memcpy(r->exchange_id, id, ID_LEN);
	strcpy(r->error, err_code(error));
	strcpy(r->hop, "broker");
	refusal_encode(r, &body);
	free(r);
	say(h, route, FRAME_REFUSAL, &body);
}

static void
say_busy(struct hub *h, uint32_t route, const uint8_t *id, const char *what)
{
	struct busy b = {.retry_ms = BUSY_RETRY_MS};
	struct buf body = {0};
	h->counters.busy++;
	memcpy(b.exchange_id, id, ID_LEN);
	strcpy(b.what, what);
	busy_encode(&b, &body);
	say(h, route, FRAME_BUSY, &body);
}

/* To the inquirer, over whatever connection it has now. */
static uint32_t
route_back(struct hub *h, struct exchange *x)
{
	x->route = h->leaf.route(h->leaf.ctx, x->inquirer->party, x->route);
	return x->route;
}

static void
say_notice(
    struct hub *h, struct exchange *x, uint32_t kind, struct span envelope)
{
	struct notice n = {.kind = kind,
	    .envelope = envelope,
	    .valid_until_ms = x->valid_until_ms};
	struct buf body = {0};
	memcpy(n.exchange_id, x->id, ID_LEN);
	notice_encode(&n, &body);
	say(h, route_back(h, x), FRAME_NOTICE, &body);
}

/* To the provider: what became of its answer, or of the permit. */
static void
say_settled(
    struct hub *h, const char *party, uint32_t route, const struct settled *s)
{
	struct buf body = {0};
	route = h->leaf.route(h->leaf.ctx, party, route);
	settled_encode(s, &body);
	say(h, route, FRAME_SETTLED, &body);
}

static void
settled_of(const struct exchange *x, struct settled *out)
{
	memset(out, 0, sizeof(*out));
	memcpy(out->exchange_id, x->id, ID_LEN);
	strcpy(out->inquirer, x->inquirer->party);
	out->outcome = x->outcome;
}

/* A proof with room for its paths; `prove` fills in the rest. */
static enum err
proof_for(struct hub *h, uint32_t route, uint64_t index, struct span body,
    const uint8_t salt[static ENTRY_SALT_LEN], struct entry_proof *p)
{
	memset(p, 0, sizeof(*p));
	p->body = body;
	memcpy(p->salt, salt, ENTRY_SALT_LEN);
	p->path = h->path;
	p->consistency = h->consistency;
	enum err e = h->leaf.prove(h->leaf.ctx, route, index, p);
	if (e != ERR_NOT_FOUND || h->found == NULL)
		return e;
	for (size_t i = 0; i < h->found->n_rows; i++) {
		const struct ledger_row *r = &h->found->rows[i];
		if (r->index == index && r->path != NULL) {
			p->path = r->path;
			p->n_path = r->n_path;
			return ERR_NONE;
		}
	}
	return e;
}

/* ---- asking the leaves -------------------------------------------------- */

static int
month_of_id(const uint8_t id[static ID_LEN])
{
	return day_month(day_of_ms(uuid_ms(id)));
}

/* A job about this exchange. */
static struct ledger_job *
job_for(enum ledger_op op, const struct exchange *x, size_t n_rows)
{
	struct ledger_job *job = n_rows == 0
				     ? ledger_job_new(op, x->ticket)
				     : ledger_job_rows(op, x->ticket, n_rows);
	strcpy(job->live.inquirer, x->inquirer->party);
	strcpy(job->live.provider, x->provider->party);
	memcpy(job->live.exchange_id, x->id, ID_LEN);
	memcpy(job->live.inquiry_hash, x->inquiry_hash, HASH_LEN);
	job->live.month = month_of_id(x->id);
	job->live.answer_by_ms = x->answer_by_ms;
	job->live.valid_until_ms = x->valid_until_ms;
	return job;
}

/* Hand a job over; if there are too many, try again when it is due. */
static enum turn
ledger_ask(struct hub *h, struct exchange *x, struct ledger_job *job)
{
	if (h->leaf.ledger(h->leaf.ctx, job)) {
		x->busy = true;
		return TURN_WAIT;
	}
	ledger_job_free(job);
	docket_due(h->docket, x, now(h) + STAGGER_MS);
	return TURN_WAIT;
}

static enum turn
ledger_find(struct hub *h, struct exchange *x)
{
	h->counters.loads++;
	return ledger_ask(h, x, job_for(LEDGER_FIND, x, 0));
}

static void
vault_ask(struct hub *h, struct exchange *x, struct vault_request *q)
{
	q->ticket = x->ticket;

	x->busy = true;
	h->leaf.vault(h->leaf.ctx, q);
}

/* The permit as the vault made it, shown to it again. */
static void
vault_show_permit(const struct papers *p, struct vault_request *q)
{
	q->inquiry = buf_span(&p->inquiry);
	q->permit_body = buf_span(&p->permit_body);
	memcpy(q->permit_salt, p->permit_salt, sizeof(q->permit_salt));
	memcpy(q->permit_endorsement, p->permit_endorsement,
	    sizeof(q->permit_endorsement));
}

/* ---- papers from the log --------------------------------------------------
 */

static void
buf_move(struct buf *to, struct buf *from)
{
	buf_free(to);
	*to = *from;
	memset(from, 0, sizeof(*from));
}

/* Take up a permit's row: committed, or found again. */
static enum err
permit_take(struct hub *h, struct exchange *x, struct ledger_row *r)
{
	struct papers *p = docket_papers(h->docket, x);
	arena_reset(&h->arena);
	enum err e = entry_decode(buf_span(&r->body), &h->arena, &h->entry);
	if (e != ERR_NONE)
		return e;
	x->recorded = true;
	x->permit_index = r->index;
	x->answer_by_ms = h->entry.answer_by_ms;
	x->valid_until_ms = h->entry.valid_until_ms;
	memcpy(x->inquiry_hash, h->entry.inquiry_hash, HASH_LEN);
	entry_leaf_hash(r->leaf, x->permit_leaf);
	memcpy(p->permit_salt, r->salt, sizeof(p->permit_salt));
	memcpy(p->permit_endorsement, r->endorsement,
	    sizeof(p->permit_endorsement));

	buf_move(&p->permit_body, &r->body);
	buf_move(&p->person, &r->person);
	buf_move(&p->inquiry, &r->aux);
	docket_weigh(h->docket, x);
	return ERR_NONE;
}

/* Take up the row of an outcome, lapse or refusal. */
static enum err
outcome_take(struct hub *h, struct exchange *x, struct ledger_row *r)
{
	struct papers *p = docket_papers(h->docket, x);
	arena_reset(&h->arena);
	enum err e = entry_decode(buf_span(&r->body), &h->arena, &h->entry);
	if (e != ERR_NONE)
		return e;
	x->settled = r->type != ENTRY_REFUSAL;
	x->refused = r->type == ENTRY_REFUSAL;
	x->outcome_index = r->index;
	x->outcome = (enum outcome)h->entry.outcome;
	x->answered_ms = h->entry.time_ms;
	if (x->refused) /* an outcome does not repeat it */
		memcpy(x->inquiry_hash, h->entry.inquiry_hash, HASH_LEN);
	memcpy(x->provision_hash, h->entry.provision_hash, HASH_LEN);
	memcpy(x->ciphertext_hash, h->entry.ciphertext_hash, HASH_LEN);
	memcpy(p->outcome_salt, r->salt, sizeof(p->outcome_salt));
	buf_move(&p->outcome_body, &r->body);
	if (x->settled)
		buf_move(&p->provision, &r->aux);
	docket_weigh(h->docket, x);
	return ERR_NONE;
}

/* All that a LEDGER_FIND brought; x->settled and so on tell what there was. */
static enum err
papers_take(struct hub *h, struct exchange *x, struct ledger_job *job)
{
	uint8_t asked[HASH_LEN];
	memcpy(asked, x->inquiry_hash, HASH_LEN);
	for (size_t i = 0; i < job->n_rows; i++) {
		struct ledger_row *r = &job->rows[i];
		enum err e = r->type == ENTRY_PERMIT ? permit_take(h, x, r)
						     : outcome_take(h, x, r);
		if (e != ERR_NONE)
			return e;
		if (r->type != ENTRY_PERMIT && r->type != ENTRY_REFUSAL)
			continue; /* does not repeat the inquiry's hash */
		if (memcmp(x->inquiry_hash, asked, HASH_LEN) != 0)
			return ERR_OTHER_BODY;
	}
	memcpy(x->inquiry_hash, asked, HASH_LEN);
	return ERR_NONE;
}

/* The vault's entry as a row to append. */
static void
row_of_reply(const struct vault_reply *v, const struct exchange *x,
    const uint8_t entry_id[static ID_LEN], struct ledger_row *r)
{
	r->type = v->entry_type;
	r->has_exchange = true;
	memcpy(r->exchange_id, x->id, ID_LEN);
	memcpy(r->entry_id, entry_id, ID_LEN);
	r->month = month_of_id(x->id);
	strcpy(r->inquirer, x->inquirer->party);
	strcpy(r->provider, x->provider->party);
	memcpy(r->leaf, v->leaf, sizeof(r->leaf));
	memcpy(r->salt, v->salt, sizeof(r->salt));
	memcpy(r->endorsement, v->endorsement, sizeof(r->endorsement));
	buf_add(&r->body, v->body.p, v->body.n);
	if (v->has_record)
		buf_add(&r->record, v->record.data.p, v->record.data.n);
	if (v->has_person)
		buf_add(&r->person, v->person.data.p, v->person.data.n);
}

/* ---- the steps ------------------------------------------------------------
 */

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
		return ledger_find(h, x);
	if (e->kind != EVENT_LEDGER)
		return TURN_WAIT;
	if (e->job->err != ERR_NONE) {
		say_error(h, route_back(h, x), x->id, e->job->err);
		return TURN_END;
	}
	if (e->job->n_rows == 0)
		return TURN_NEXT;
	enum err err = papers_take(h, x, e->job);
	if (err != ERR_NONE) {
		h->counters.other_body += err == ERR_OTHER_BODY;
		say_error(h, route_back(h, x), x->id, err);
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
		vault_ask(h, x, &q);
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
		say_error(h, route_back(h, x), x->id, err_from_code(v->error));
		return TURN_END;
	}
	struct ledger_job *job = job_for(LEDGER_APPEND, x, 1);
	arena_reset(&h->arena);
	if (entry_decode(v->body, &h->arena, &h->entry) != ERR_NONE) {
		ledger_job_free(job);
		say_error(h, route_back(h, x), x->id, ERR_INTERNAL);
		return TURN_END;
	}
	row_of_reply(v, x, h->entry.entry_id, &job->rows[0]);
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
		say_busy(h, route_back(h, x), x->id, "ledger");
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
			  ? permit_take(h, x, &job->rows[0])
			  : outcome_take(h, x, &job->rows[0]);
	if (err != ERR_NONE) {
		say_error(h, route_back(h, x), x->id, err);
		return TURN_END;
	}
	crash_point("front.after_record");
	count_outcome(h, x->refused ? x->outcome : OUTCOME_PERMITTED);
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
	enum err e = proof_for(h, route, x->permit_index,
	    buf_span(&p->permit_body), p->permit_salt, &permit.entry);
	if (e != ERR_NONE)
		return e;
	permit.person.suite = 1;
	permit.person.kind = 1;
	permit.person.data = buf_span(&p->person);
	permit.inquiry = buf_span(&p->inquiry);
	struct buf body = {0};
	permit_encode(&permit, &body);
	e = say(h, route, FRAME_PERMIT, &body);
	if (e == ERR_NONE) {
		h->counters.forwarded++;
		x->provider_route = route;
		x->forwarded_ms = now(h);
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
		x->forwarded_ms = now(h);
		return TURN_NEXT; /* again when it is due */
	}
	if (x->papers == NULL || x->papers->inquiry.n == 0)
		return ledger_find(h, x);
	enum err err = permit_forward(h, x);
	crash_point("front.after_forward");
	if (err == ERR_OFFLINE) {
		h->counters.offline++;
		x->forwarded_ms = 0;
		say_notice(h, x, NOTICE_OFFLINE, (struct span){0});
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
		at = now(h) + STAGGER_MS;
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
	if (now(h) >= x->valid_until_ms + SKEW_MS) {
		x->closing = true;
		x->ending = OUTCOME_LAPSED; /* Rule 41(3) */
		return TURN_NEXT;
	}
	if (x->told_late && !x->pending && now(h) >= x->forwarded_ms + AGAIN_MS)
		x->forwarded_ms = 0; /* permit or answer may be lost */
	if (x->forwarded_ms == 0 &&
	    h->leaf.route(h->leaf.ctx, x->provider->party, 0) != 0)
		return jump(h, x, STEP_forward);
	if (!x->told_late && !x->pending && now(h) >= x->answer_by_ms) {
		x->told_late = true;
		say_notice(h, x, NOTICE_LATE, (struct span){0});
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
			docket_due(h->docket, x, now(h) + STAGGER_MS);
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
		say_notice(h, x,
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
	vault_show_permit(x->papers, &q);
	vault_ask(h, x, &q);
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
		docket_due(h->docket, x, now(h) + REFETCH_MS);
		return TURN_WAIT;
	}
	struct settled s;
	settled_of(x, &s);
	strcpy(s.error, err_code(err_from_code(error)));
	say_settled(h, x->provider->party, x->provider_route, &s);
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
	say_notice(h, x, NOTICE_PENDING, buf_span(&x->papers->provision));
	docket_let_go(h->docket, x);
	if (!x->pending) {
		/* nobody waits for this one */
		struct ledger_job *job = job_for(LEDGER_PENDING, x, 0);
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
	struct ledger_job *job = job_for(LEDGER_APPEND, x, 1);
	arena_reset(&h->arena);
	if (entry_decode(v->body, &h->arena, &h->entry) != ERR_NONE) {
		ledger_job_free(job);
		return verify_failed(h, x, err_code(ERR_INTERNAL));
	}
	row_of_reply(v, x, h->entry.entry_id, &job->rows[0]);
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
	docket_due(h->docket, x, now(h) + STAGGER_MS);
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
	    now(h) >= collect_by(h, x))
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
			return ledger_find(h, x);
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
	settled_of(x, &s);
	s.outcome = x->ending;
	s.accepted = x->ending == OUTCOME_UNCOLLECTED;
	say_settled(h, x->provider->party, x->provider_route, &s);
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
		struct ledger_job *job = job_for(LEDGER_FORGET, x, 0);
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
		err = outcome_take(h, x, &job->rows[0]);
	if (err != ERR_NONE) {
		x->closing = false;
		x->forwarded_ms = 0; /* its answer is gone: ask again */
		return jump(h, x, STEP_provision);
	}
	crash_point("front.after_settle");
	count_outcome(h, x->closing ? x->ending : x->outcome);
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
		e = proof_for(h, route, x->outcome_index,
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
		e = say(h, route, FRAME_REFUSAL, &body);
	}
	free(r);
	return e;
}

static enum err
answer_send(struct hub *h, struct exchange *x, uint32_t route)
{
	struct answer *a = xcalloc(1, sizeof(*a));
	const struct papers *p = x->papers;
	enum err e = proof_for(h, route, x->outcome_index,
	    buf_span(&p->outcome_body), p->outcome_salt, &a->outcome);
	if (e == ERR_NONE) {
		struct buf body = {0};
		memcpy(a->exchange_id, x->id, ID_LEN);
		a->permit_body = buf_span(&p->permit_body);
		memcpy(a->permit_salt, p->permit_salt, ENTRY_SALT_LEN);
		a->provision = buf_span(&p->provision);
		a->ciphertext = buf_span(&p->ciphertext);
		answer_encode(a, &body);
		e = say(h, route, FRAME_ANSWER, &body);
	}
	free(a);
	return e;
}

/* The payload never rests here: the provider is asked to say it again. */
static enum turn
answer_refetch(struct hub *h, struct exchange *x)
{
	h->counters.refetched++;
	if (permit_forward(h, x) != ERR_NONE)
		x->forwarded_ms = 0;
	docket_due(h->docket, x, now(h) + REFETCH_MS);
	return TURN_WAIT;
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
		uint32_t route = route_back(h, x);
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
		return ledger_find(h, x); /* its proof is old, too */
	if (e == ERR_NONE) {
		h->counters.answers += !x->refused;
		x->answered_ms = now(h);
	}
	crash_point("front.after_answer");
	docket_let_go(h->docket, x);
	return x->refused || x->closing || x->again ? TURN_END : TURN_NEXT;
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
answer_go(struct hub *h, struct exchange *x, bool last_try)
{
	if (!answer_loaded(x))
		return ledger_find(h, x);
	if (answer_is_whole(x) || last_try)
		return answer_hand_over(h, x);
	if (route_back(h, x) != 0)
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
	settled_of(x, &s);
	s.accepted = memcmp(hash, x->provision_hash, HASH_LEN) == 0;
	if (!s.accepted) {
		h->counters.late++;
		strcpy(s.error, err_code(ERR_SETTLED));
	}
	say_settled(h, x->provider->party, x->provider_route, &s);
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
	vault_show_permit(x->papers, &q);
	vault_ask(h, x, &q);
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
	say(h, route_back(h, x), FRAME_REFUSAL, &body);
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
		return answer_go(h, x, false);
	case EVENT_DUE: /* the provider has it no more */
		return answer_go(h, x, answer_loaded(x));
	case EVENT_PROVISION:
		if (answer_take(h, x, e->ciphertext))
			return answer_ask_suspended(h, x);
		provision_late(h, x, e);
		return TURN_WAIT;
	case EVENT_LEDGER:
		if (e->job->err == ERR_NONE &&
		    papers_take(h, x, e->job) == ERR_NONE && answer_loaded(x))
			return answer_go(h, x, false);
		oplog(OPLOG_ERROR, "papers-missing", LOG_ERR(e->job->err));
		return x->again ? TURN_END : TURN_NEXT;
	case EVENT_VAULT:
		if (e->reply->error[0] != '\0') /* nothing was suspended */
			return answer_go(h, x, false);
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
	case EVENT_ENTER:
		docket_due(h->docket, x, collect_by(h, x));
		return TURN_WAIT;
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
		if (now(h) < collect_by(h, x)) /* the inquirer is back */
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
		return ledger_ask(h, x, job_for(LEDGER_FORGET, x, 0));
	if (e->kind != EVENT_LEDGER)
		return TURN_WAIT;
	struct settled s;
	settled_of(x, &s);
	s.accepted = true;
	s.receipt = buf_span(&x->papers->receipt);
	say_settled(h, x->provider->party, x->provider_route, &s);
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
static void
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

/* ---- from outside ---------------------------------------------------------
 */

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
		say_error(h, route, x->id, ERR_OTHER_BODY);
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
		say_busy(h, route, q->exchange_id, cap);
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
		say_error(h, route, q->exchange_id, e);
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
		say_error(h, route, id, ERR_NOT_YOURS);
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
	say_error(h, route, id, e);
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
		say_busy(h, route, p.exchange_id, "all-bytes");
		if (x->step == STEP_provision) {
			x->forwarded_ms = 0; /* it is asked again */
			docket_due(h->docket, x, now(h) + BUSY_RETRY_MS);
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
	uint64_t at = now(h) + n / STAGGER_BATCH * STAGGER_MS;

	return at > sent_ms + LOST_MS ? at : sent_ms + LOST_MS;
}

/* Permits that were on the way to a connection that is gone. */
static void
wake_given(struct hub *h, struct load *l)
{
	size_t n = 0;
	for (struct exchange *x = l->given; x != NULL; x = x->given_next) {
		if (x->busy || x->step != STEP_provision)
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
		docket_due(h->docket, x, now(h) + LOST_MS);
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

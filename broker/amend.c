#include "broker/amend.h"

#include <stdlib.h>
#include <string.h>

#include "broker/lawstore.h"
#include "broker/vault_ops.h"
#include "lib/clock.h"
#include "lib/crashpoint.h"
#include "lib/oplog.h"
#include "lib/text.h"
#include "lib/uuid.h"

#define OP_OF(ticket) ((ticket)&0xff)
#define TURN_OF(ticket) (((ticket) & ~((uint64_t)0xff << 56)) >> 8)

enum stage {
	STAGE_IDLE,
	STAGE_PREPARE,
	STAGE_RECORD,
	STAGE_TAKE,
	/* at start */
	STAGE_NOTE,
	STAGE_NOTED
};

struct amends {
	struct amends_calls call;
	enum stage stage;
	uint64_t turn, client;
	const char *kind; /* static */
	struct buf law, signatures;
	size_t awaited;		/* replies */
	size_t recovered;	/* kinds looked at, at start */
	struct ledger_job *job; /* the entry, as the first worker made it */
	struct arena arena;
	struct entry entry;
};

struct amends *
amends_new(const struct amends_calls *calls)
{
	struct amends *as = xcalloc(1, sizeof(*as));
	as->call = *calls;
	return as;
}

static void
amend_forget(struct amends *as)
{
	as->stage = STAGE_IDLE;
	buf_reset(&as->law);
	buf_reset(&as->signatures);
	if (as->job != NULL)
		ledger_job_free(as->job);
	as->job = NULL;
}

void
amends_free(struct amends *as)
{
	if (as == NULL)
		return;
	amend_forget(as);
	buf_free(&as->law);
	buf_free(&as->signatures);
	arena_wipe_free(&as->arena);
	free(as);
}

static void
tell_all(struct amends *as, struct vault_request *q)
{
	q->ticket = AMEND_TICKET | as->turn << 8 | q->op;
	for (size_t i = 0; i < as->call.workers; i++)
		as->call.tell(as->call.ctx, i, q);
}

static void
amend_end(struct amends *as, enum err e, const char *why)
{
	struct vault_request drop = {.op = VAULT_LAW_DROP};
	if (e != ERR_NONE) {
		tell_all(as, &drop);
		oplog(OPLOG_WARN, "law-refused", LOG_TEXT("kind", as->kind),
		    LOG_ERR(e), LOG_TEXT("why", why));
	}
	as->call.done(as->call.ctx, as->client, e, why);
	amend_forget(as);
}

/* All the bytes to one worker, which is then busy with them. */
static void
worker_prepare(struct amends *as, size_t i)
{
	struct vault_request q = {.op = VAULT_LAW_DROP};
	struct span law = buf_span(&as->law);
	as->call.spare(as->call.ctx, i, true);
	q.ticket = AMEND_TICKET | as->turn << 8;
	as->call.tell(as->call.ctx, i, &q);
	q.op = VAULT_LAW_PART;
	for (size_t at = 0; at < law.n; at += q.part.n) {
		size_t left = law.n - at;
		q.part = span_of(
		    law.p + at, left < LAW_PART_MAX ? left : LAW_PART_MAX);
		as->call.tell(as->call.ctx, i, &q);
	}
	q.part = (struct span){0};
	q.op = VAULT_LAW_PREPARE;
	q.ticket |= q.op;
	q.signatures = buf_span(&as->signatures);
	text_copy(q.note, sizeof(q.note), as->kind);
	as->call.tell(as->call.ctx, i, &q);
}

enum err
amends_begin(struct amends *as, const char *kind, struct span law,
    struct span signatures, uint64_t client)
{
	if (as->call.store == NULL)
		return ERR_CONFIG;
	if (as->stage != STAGE_IDLE)
		return ERR_BUSY;
	as->turn++;
	as->kind = kind;
	as->client = client;
	buf_add(&as->law, law.p, law.n);
	buf_add(&as->signatures, signatures.p, signatures.n);
	as->stage = STAGE_PREPARE;
	as->awaited = as->call.workers;
	worker_prepare(as, 0);
	return ERR_NONE;
}

static struct ledger_job *
entry_job(struct amends *as, const struct vault_reply *v)
{
	struct ledger_job *job =
	    ledger_job_rows(LEDGER_APPEND, AMEND_TICKET | as->turn << 8, 1);
	struct ledger_row *r = &job->rows[0];
	r->type = v->entry_type;
	memcpy(r->entry_id, as->entry.entry_id, ID_LEN);
	r->month = day_month(day_of_ms(uuid_ms(r->entry_id)));
	memcpy(r->leaf, v->leaf, sizeof(r->leaf));
	memcpy(r->salt, v->salt, sizeof(r->salt));
	memcpy(r->endorsement, v->endorsement, sizeof(r->endorsement));
	buf_add(&r->body, v->body.p, v->body.n);
	return job;
}

/*
 * Stored before it is recorded: a broker that dies between the two starts with
 * what was about to be in force, never with less than the log says.
 */
static void
amend_record(struct amends *as)
{
	enum err e = lawstore_write(as->call.store, as->kind,
	    buf_span(&as->signatures), buf_span(&as->law));
	if (e != ERR_NONE) {
		amend_end(as, e, as->call.store);
		return;
	}
	crash_point("front.after_law_store");
	as->call.version(as->call.ctx, as->entry.policy_version);
	as->stage = STAGE_RECORD;
	if (as->call.ledger(as->call.ctx, as->job))
		as->job = NULL;
	else
		amend_end(as, ERR_BUSY, "ledger");
}

/* One worker has looked at it; the first that refuses ends it for all. */
static void
prepared(struct amends *as, const struct vault_reply *v)
{
	size_t i = as->call.workers - as->awaited--;
	enum err e = ERR_NONE;
	as->call.spare(as->call.ctx, i, false);
	arena_reset(&as->arena);
	if (v->error[0] != '\0')
		e = err_from_code(v->error);
	else if (as->job == NULL)
		e = entry_decode(v->body, &as->arena, &as->entry);
	if (e != ERR_NONE) {
		amend_end(as, e, v->rule);
		return;
	}
	if (as->job == NULL)
		as->job = entry_job(as, v);
	if (as->awaited > 0)
		worker_prepare(as, i + 1);
	else
		amend_record(as);
}

static void
taken(struct amends *as, const struct vault_reply *v)
{
	if (v->error[0] != '\0') /* it said it could: it is not ours any more */
		oplog(
		    OPLOG_ERROR, "law-not-taken", LOG_TEXT("error", v->error));
	if (--as->awaited > 0)
		return;
	oplog(OPLOG_INFO, "law-in-force", LOG_TEXT("kind", as->kind),
	    LOG_TEXT("what", as->entry.note));
	as->call.taken(as->call.ctx, as->kind, &as->entry, buf_span(&as->law));
	amend_end(as, ERR_NONE, as->entry.note);
}

/* --- at start: what came into force and was not recorded --- */

/* The law in the store, if the log lacks its entry. */
static bool
law_unrecorded(struct amends *as)
{
	enum err e =
	    lawstore_read(as->call.store, as->kind, &as->signatures, &as->law);
	return e == ERR_NONE &&
	       !lawstore_marked(as->call.store, as->kind, buf_span(&as->law));
}

void
amends_recover(struct amends *as)
{
	static const char *const kinds[] = {LAW_POLICY, LAW_SUSPENSION};
	struct vault_request q = {
	    .op = VAULT_NOTE, .entry_type = ENTRY_POLICY, .actor = "broker"};
	while (as->call.store != NULL &&
	       as->recovered < sizeof(kinds) / sizeof(kinds[0])) {
		as->kind = kinds[as->recovered++];
		if (law_unrecorded(as)) {
			as->turn++;
			as->stage = STAGE_NOTE;
			q.ticket = AMEND_TICKET | as->turn << 8 | q.op;
			text_copy(q.note, sizeof(q.note), as->kind);
			as->call.tell(as->call.ctx, 0, &q);
			return;
		}
		amend_forget(as);
	}
}

static void
noted(struct amends *as, const struct vault_reply *v)
{
	enum err e = err_from_code(v->error);
	arena_reset(&as->arena);
	if (v->error[0] == '\0')
		e = entry_decode(v->body, &as->arena, &as->entry);
	if (e == ERR_NONE) {
		as->job = entry_job(as, v);
		as->stage = STAGE_NOTED;
		if (as->call.ledger(as->call.ctx, as->job)) {
			as->job = NULL;
			return;
		}
		e = ERR_BUSY;
	}
	oplog(OPLOG_ERROR, "law-not-recorded", LOG_TEXT("kind", as->kind),
	    LOG_ERR(e));
	amend_forget(as);
}

/* If this fails, the next start enters it once more. */
static void
law_mark(struct amends *as)
{
	enum err e =
	    lawstore_mark(as->call.store, as->kind, buf_span(&as->law));
	if (e != ERR_NONE)
		oplog(OPLOG_WARN, "law-not-marked", LOG_TEXT("kind", as->kind),
		    LOG_ERR(e));
}

void
amends_vault(struct amends *as, const struct vault_reply *v)
{
	if (TURN_OF(v->ticket) != as->turn)
		return;
	if (as->stage == STAGE_PREPARE && OP_OF(v->ticket) == VAULT_LAW_PREPARE)
		prepared(as, v);
	else if (as->stage == STAGE_TAKE && OP_OF(v->ticket) == VAULT_LAW_TAKE)
		taken(as, v);
	else if (as->stage == STAGE_NOTE && OP_OF(v->ticket) == VAULT_NOTE)
		noted(as, v);
}

void
amends_ledger(struct amends *as, struct ledger_job *job)
{
	struct vault_request q = {.op = VAULT_LAW_TAKE};
	enum err e = job->err;
	ledger_job_free(job);
	if (as->stage == STAGE_NOTED) {
		if (e == ERR_NONE)
			law_mark(as);
		amend_forget(as);
		amends_recover(as);
		return;
	}
	if (as->stage != STAGE_RECORD)
		return;
	if (e != ERR_NONE) {
		amend_end(as, e, err_sentence(e));
		return;
	}
	law_mark(as);
	as->stage = STAGE_TAKE;
	as->awaited = as->call.workers;
	tell_all(as, &q);
}

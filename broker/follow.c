#include "broker/follow.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/vault_ops.h"
#include "lib/clock.h"
#include "lib/oplog.h"
#include "lib/uuid.h"

#define OPEN_MAX 64
#define REPLY_MAX (FRAME_MAX - 6144) /* room for a checkpoint and a frame */

/* One read under way: found, being recorded, then answered. */
struct follow {
	uint64_t ticket; /* 0: free */
	char party[PARTY_MAX + 1];
	uint32_t route;
	bool records;
	struct ledger_job *found;
};

struct follows {
	struct hub_leaves leaf;
	struct follow open[OPEN_MAX];
	uint64_t turns;
	struct arena arena;
	struct entry entry;
};

struct follows *
follows_new(const struct hub_leaves *leaves)
{
	struct follows *fs = xcalloc(1, sizeof(*fs));
	fs->leaf = *leaves;
	return fs;
}

static void
follow_end(struct follow *f)
{
	ledger_job_free(f->found);
	memset(f, 0, sizeof(*f));
}

void
follows_free(struct follows *fs)
{
	if (fs == NULL)
		return;
	for (size_t i = 0; i < OPEN_MAX; i++)
		follow_end(&fs->open[i]);
	arena_wipe_free(&fs->arena);
	free(fs);
}

static struct follow *
follow_find(struct follows *fs, uint64_t ticket)
{
	for (size_t i = 0; i < OPEN_MAX; i++)
		if (fs->open[i].ticket == ticket)
			return &fs->open[i];
	return NULL;
}

static void
follow_fail(struct follows *fs, const char *party, uint32_t route, enum err e)
{
	struct refusal *r = xcalloc(1, sizeof(*r));
	struct buf body = {0};
	oplog(
	    OPLOG_WARN, "follow-refused", LOG_TEXT("party", party), LOG_ERR(e));
	strcpy(r->error, err_code(e));
	strcpy(r->hop, "broker");
	refusal_encode(r, &body);
	free(r);
	fs->leaf.send(fs->leaf.ctx, route, FRAME_REFUSAL, &body);
}

void
follows_request(struct follows *fs, const char *party, uint32_t route,
    bool records, struct span body)
{
	struct follow_request q;
	arena_reset(&fs->arena);
	enum err e = follow_request_decode(body, &fs->arena, &q);
	struct follow *f = follow_find(fs, 0);
	if (e == ERR_NONE && f == NULL)
		e = ERR_BUSY;
	if (e != ERR_NONE) {
		follow_fail(fs, party, route, e);
		return;
	}
	f->ticket = FOLLOW_TICKET | ++fs->turns;
	strcpy(f->party, party);
	f->route = route;
	f->records = records;
	struct ledger_job *job = ledger_job_new(LEDGER_FOLLOW, f->ticket);
	job->from = q.from;
	job->most = q.most;
	if (!fs->leaf.ledger(fs->leaf.ctx, job)) {
		ledger_job_free(job);
		follow_end(f);
		follow_fail(fs, party, route, ERR_BUSY);
	}
}

/* As many entries as a frame holds. */
static void
follow_reply_send(struct follows *fs, struct follow *f, struct span note)
{
	const struct ledger_job *job = f->found;
	struct follow_reply reply = {.from = job->from, .checkpoint = note};
	struct buf body = {0};
	size_t bytes = 0;
	reply.entries = xcalloc(job->n_rows + 1, sizeof(*reply.entries));
	for (size_t i = 0; i < job->n_rows; i++) {
		const struct ledger_row *r = &job->rows[i];
		struct follow_entry *e = &reply.entries[reply.n_entries];
		bytes += r->body.n + r->record.n + 128;
		if (bytes > REPLY_MAX)
			break;
		e->index = r->index;
		memcpy(e->leaf, r->leaf, sizeof(e->leaf));
		e->body = buf_span(&r->body);
		memcpy(e->salt, r->salt, sizeof(e->salt));
		e->has_record = f->records && r->record.n > 0;
		e->record.suite = 1;
		e->record.kind = 3;
		e->record.data = buf_span(&r->record);
		reply.n_entries++;
	}
	follow_reply_encode(&reply, &body);
	free(reply.entries);
	fs->leaf.send(fs->leaf.ctx, f->route, FRAME_FOLLOW_REPLY, &body);
	follow_end(f);
}

/* A read that shows only records of reads would be followed for ever. */
static bool
worth_noting(const struct ledger_job *job)
{
	for (size_t i = 0; i < job->n_rows; i++)
		if (job->rows[i].type != ENTRY_READ)
			return true;
	return false;
}

static void
note_ask(struct follows *fs, struct follow *f)
{
	const struct ledger_job *job = f->found;
	struct vault_request q = {
	    .ticket = f->ticket, .op = VAULT_NOTE, .entry_type = ENTRY_READ};
	strcpy(q.party, f->party);
	strcpy(q.actor, f->party);
	snprintf(q.note, sizeof(q.note), "entries %" PRIu64 " to %" PRIu64,
	    job->from, job->from + job->n_rows - 1);
	fs->leaf.vault(fs->leaf.ctx, &q);
}

void
follows_vault(struct follows *fs, const struct vault_reply *v)
{
	struct follow *f = follow_find(fs, v->ticket);
	if (f == NULL)
		return;
	arena_reset(&fs->arena);
	if (v->error[0] != '\0' ||
	    entry_decode(v->body, &fs->arena, &fs->entry) != ERR_NONE) {
		follow_fail(fs, f->party, f->route, err_from_code(v->error));
		follow_end(f);
		return;
	}
	struct ledger_job *job = ledger_job_rows(LEDGER_APPEND, f->ticket, 1);
	struct ledger_row *r = &job->rows[0];
	r->type = v->entry_type;
	memcpy(r->entry_id, fs->entry.entry_id, ID_LEN);
	r->month = day_month(day_of_ms(uuid_ms(r->entry_id)));
	memcpy(r->leaf, v->leaf, sizeof(r->leaf));
	memcpy(r->salt, v->salt, sizeof(r->salt));
	memcpy(r->endorsement, v->endorsement, sizeof(r->endorsement));
	buf_add(&r->body, v->body.p, v->body.n);
	if (!fs->leaf.ledger(fs->leaf.ctx, job)) {
		ledger_job_free(job);
		follow_fail(fs, f->party, f->route, ERR_BUSY);
		follow_end(f);
	}
}

void
follows_ledger(struct follows *fs, struct ledger_job *job, struct span note)
{
	struct follow *f = follow_find(fs, job->ticket);
	if (f == NULL) {
		ledger_job_free(job);
		return;
	}
	if (job->err != ERR_NONE) {
		follow_fail(fs, f->party, f->route, job->err);
		follow_end(f);
		ledger_job_free(job);
	} else if (job->op == LEDGER_FOLLOW) {
		f->found = job;
		if (worth_noting(job))
			note_ask(fs, f);
		else
			follow_reply_send(fs, f, note);
	} else {
		ledger_job_free(job);
		follow_reply_send(fs, f, note);
	}
}

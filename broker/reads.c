#include "broker/reads.h"

#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/oplog.h"
#include "lib/uuid.h"

#define OPEN_MAX 64

/* One read under way: at the vault, then in the ledger's queue. */
struct reading {
	uint64_t ticket; /* 0: free */
	char party[PARTY_MAX + 1];
	uint32_t route;
};

struct reads {
	struct hub_leaves leaf;
	struct reading open[OPEN_MAX];
	uint64_t turns;
	struct arena arena;
	struct entry entry;
	uint8_t path[MERKLE_PATH_MAX][MERKLE_LEN];
	uint8_t consistency[MERKLE_PATH_MAX][MERKLE_LEN];
};

struct reads *
reads_new(const struct hub_leaves *leaves)
{
	struct reads *rs = xcalloc(1, sizeof(*rs));
	rs->leaf = *leaves;
	return rs;
}

void
reads_free(struct reads *rs)
{
	if (rs == NULL)
		return;
	arena_wipe_free(&rs->arena);
	free(rs);
}

static struct reading *
reading_find(struct reads *rs, uint64_t ticket)
{
	for (size_t i = 0; i < OPEN_MAX; i++)
		if (rs->open[i].ticket == ticket)
			return &rs->open[i];
	return NULL;
}

static void
read_refuse(struct reads *rs, const char *party, uint32_t route, enum err e)
{
	struct refusal *r = xcalloc(1, sizeof(*r));
	struct buf body = {0};
	oplog(OPLOG_WARN, "read-refused", LOG_TEXT("party", party), LOG_ERR(e));
	strcpy(r->error, err_code(e));
	strcpy(r->hop, "broker");
	refusal_encode(r, &body);
	free(r);
	rs->leaf.send(rs->leaf.ctx, route, FRAME_REFUSAL, &body);
}

static void
reading_fail(struct reads *rs, struct reading *r, enum err e)
{
	read_refuse(rs, r->party, r->route, e);
	memset(r, 0, sizeof(*r));
}

void
reads_request(struct reads *rs, enum vault_op op, const char *party,
    uint32_t route, struct span envelope)
{
	struct reading *r = reading_find(rs, 0);
	struct vault_request q = {.op = op, .envelope = envelope};
	if (r == NULL || !rs->leaf.writable(rs->leaf.ctx)) {
		read_refuse(rs, party, route, ERR_BUSY);
		return;
	}
	r->ticket = q.ticket = READ_TICKET | ++rs->turns;
	r->route = route;
	strcpy(r->party, party);
	strcpy(q.party, party);
	rs->leaf.vault(rs->leaf.ctx, &q);
}

void
reads_vault(struct reads *rs, const struct vault_reply *v)
{
	struct reading *r = reading_find(rs, v->ticket);
	if (r == NULL)
		return;
	arena_reset(&rs->arena);
	if (v->error[0] != '\0' ||
	    entry_decode(v->body, &rs->arena, &rs->entry) != ERR_NONE) {
		reading_fail(rs, r, err_from_code(v->error));
		return;
	}
	struct ledger_job *job = ledger_job_rows(LEDGER_APPEND, r->ticket, 1);
	struct ledger_row *row = &job->rows[0];
	row->type = v->entry_type;
	memcpy(row->entry_id, rs->entry.entry_id, ID_LEN);
	row->month = day_month(day_of_ms(uuid_ms(row->entry_id)));
	memcpy(row->leaf, v->leaf, sizeof(row->leaf));
	memcpy(row->salt, v->salt, sizeof(row->salt));
	memcpy(row->endorsement, v->endorsement, sizeof(row->endorsement));
	buf_add(&row->body, v->body.p, v->body.n);
	if (v->has_record)
		buf_add(&row->record, v->record.data.p, v->record.data.n);
	if (!rs->leaf.ledger(rs->leaf.ctx, job)) {
		ledger_job_free(job);
		reading_fail(rs, r, ERR_BUSY);
	}
}

static void
recorded_send(struct reads *rs, struct reading *r, const struct ledger_row *row)
{
	struct recorded m = {.entry = {.path = rs->path,
				 .consistency = rs->consistency,
				 .body = buf_span(&row->body)}};
	struct buf body = {0};
	enum err e;
	memcpy(m.id, row->entry_id, ID_LEN);
	memcpy(m.entry.salt, row->salt, sizeof(m.entry.salt));
	e = rs->leaf.prove(rs->leaf.ctx, r->route, row->index, &m.entry);
	if (e != ERR_NONE) {
		reading_fail(rs, r, e);
		return;
	}
	recorded_encode(&m, &body);
	rs->leaf.send(rs->leaf.ctx, r->route, FRAME_RECORDED, &body);
	memset(r, 0, sizeof(*r));
}

void
reads_ledger(struct reads *rs, struct ledger_job *job)
{
	struct reading *r = reading_find(rs, job->ticket);
	if (r != NULL && job->err != ERR_NONE)
		reading_fail(rs, r, job->err);
	else if (r != NULL)
		recorded_send(rs, r, &job->rows[0]);
	ledger_job_free(job);
}

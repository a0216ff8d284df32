/* Reading the log, with every leaf played by the test. */
#include "broker/follow.h"

#include <string.h>

#include "broker/vault_ops.h"
#include "tests/unit/suite.h"

static struct {
	struct follows *fs;
	struct ledger_job *job;
	struct vault_request asked;
	enum frame_kind kind;
	struct buf body;
	size_t n_said;
	struct arena arena;
	struct follow_reply reply;
} t;

static void
fake_vault(void *ctx, const struct vault_request *q)
{
	t.asked = *q;
}

static bool
fake_ledger(void *ctx, struct ledger_job *job)
{
	ledger_job_free(t.job);
	t.job = job;
	return true;
}

static uint32_t
fake_route(void *ctx, const char *party, uint32_t wanted)
{
	return wanted;
}

static enum err
fake_prove(void *ctx, uint32_t route, uint64_t index, struct entry_proof *p)
{
	return ERR_NONE;
}

static enum err
fake_send(void *ctx, uint32_t route, enum frame_kind kind, struct buf *body)
{
	buf_free(&t.body);
	t.kind = kind;
	t.body = *body;
	t.n_said++;
	memset(body, 0, sizeof(*body));
	return ERR_NONE;
}

static bool
fake_writable(void *ctx)
{
	return true;
}

static void
begin(void)
{
	static const struct hub_leaves leaves = {NULL, fake_vault, fake_ledger,
	    fake_route, fake_prove, fake_send, fake_writable, fake_writable};
	memset(&t, 0, sizeof(t));
	t.fs = follows_new(&leaves);
}

static void
end(void)
{
	follows_free(t.fs);
	ledger_job_free(t.job);
	buf_free(&t.body);
	arena_wipe_free(&t.arena);
}

static void
ask(bool records)
{
	struct follow_request q = {.version = 1, .from = 10, .most = 100};
	struct buf body = {0};
	follow_request_encode(&q, &body);
	follows_request(t.fs, "portal", 7, records, buf_span(&body));
	buf_free(&body);
}

/* n entries of that type, with bodies of so many bytes. */
static void
ledger_finds(size_t n, enum entry_type type, size_t bytes)
{
	struct ledger_job *job = t.job;
	CU_ASSERT_PTR_NOT_NULL_FATAL(job);
	CU_ASSERT_EQUAL(job->op, LEDGER_FOLLOW);
	t.job = NULL;
	job->rows = xcalloc(n + 1, sizeof(*job->rows));
	job->n_rows = n;
	for (size_t i = 0; i < n; i++) {
		job->rows[i].index = 10 + i;
		job->rows[i].type = type;
		memset(buf_grow(&job->rows[i].body, bytes), 'b', bytes);
		memset(buf_grow(&job->rows[i].record, 100), 'r', 100);
	}
	follows_ledger(t.fs, job, span_str("a checkpoint"));
}

static void
vault_notes(void)
{
	static struct entry e;
	struct vault_reply v = {
	    .ticket = t.asked.ticket, .entry_type = ENTRY_READ};
	struct buf body = {0};
	memset(&e, 0, sizeof(e));
	e.version = 1;
	e.type = ENTRY_READ;
	e.entry_id[6] = 0x70;
	e.entry_id[8] = 0x80;
	entry_encode(&e, &body);
	v.body = buf_span(&body);
	follows_vault(t.fs, &v);
	buf_free(&body);
}

static void
ledger_records(void)
{
	struct ledger_job *job = t.job;
	CU_ASSERT_PTR_NOT_NULL_FATAL(job);
	CU_ASSERT_EQUAL(job->op, LEDGER_APPEND);
	t.job = NULL;
	follows_ledger(t.fs, job, span_str("a checkpoint"));
}

static void
replied(void)
{
	CU_ASSERT_EQUAL_FATAL(t.kind, FRAME_FOLLOW_REPLY);
	arena_reset(&t.arena);
	SUITE_ERR(follow_reply_decode(buf_span(&t.body), &t.arena, &t.reply),
	    ERR_NONE);
}

static void
noted_first(void)
{
	begin();
	ask(true);
	ledger_finds(3, ENTRY_PERMIT, 500);
	CU_ASSERT_EQUAL(t.n_said, 0);
	CU_ASSERT_EQUAL(t.asked.op, VAULT_NOTE);
	CU_ASSERT_STRING_EQUAL(t.asked.actor, "portal");
	vault_notes();
	CU_ASSERT_EQUAL(t.n_said, 0);
	ledger_records();
	replied();
	CU_ASSERT_EQUAL(t.reply.n_entries, 3);
	CU_ASSERT_EQUAL(t.reply.entries[2].index, 12);
	CU_ASSERT_TRUE(t.reply.entries[0].has_record);
	CU_ASSERT_EQUAL(t.reply.entries[0].record.kind, 3);
	end();
}

static void
no_records_for_auditors(void)
{
	begin();
	ask(false);
	ledger_finds(2, ENTRY_PERMIT, 500);
	vault_notes();
	ledger_records();
	replied();
	CU_ASSERT_EQUAL(t.reply.n_entries, 2);
	CU_ASSERT_FALSE(t.reply.entries[0].has_record);
	end();
}

static void
reads_of_reads(void)
{
	begin();
	ask(true);
	ledger_finds(2, ENTRY_READ, 200);
	CU_ASSERT_EQUAL(t.asked.op, 0);
	replied();
	CU_ASSERT_EQUAL(t.reply.n_entries, 2);
	ask(true);
	ledger_finds(0, ENTRY_READ, 0);
	replied();
	CU_ASSERT_EQUAL(t.reply.n_entries, 0);
	end();
}

static void
as_much_as_a_frame_holds(void)
{
	begin();
	ask(true);
	ledger_finds(100, ENTRY_PERMIT, 4000);
	vault_notes();
	ledger_records();
	CU_ASSERT(t.body.n < FRAME_MAX - 64);
	replied();
	CU_ASSERT(t.reply.n_entries > 5 && t.reply.n_entries < 20);
	end();
}

static void
not_noted_not_shown(void)
{
	begin();
	ask(true);
	ledger_finds(3, ENTRY_PERMIT, 500);
	struct vault_reply v = {.ticket = t.asked.ticket};
	strcpy(v.error, err_code(ERR_INTERNAL));
	follows_vault(t.fs, &v);
	CU_ASSERT_EQUAL(t.kind, FRAME_REFUSAL);
	CU_ASSERT_EQUAL(t.n_said, 1);
	end();
}

static const struct suite_case cases[] = {
    {"records a read before it shows anything", noted_first},
    {"gives auditors no record codes", no_records_for_auditors},
    {"does not record reads of nothing but reads, for ever", reads_of_reads},
    {"gives as many entries as a frame holds", as_much_as_a_frame_holds},
    {"shows nothing that could not be recorded", not_noted_not_shown},
};

SUITE("follow", cases)

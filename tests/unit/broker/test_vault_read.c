/* An auditor's read becomes an entry; nobody else's, and no stale one. */
#include "lib/uuid.h"
#include "tests/unit/broker/vaultworld.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <string.h>

static struct vaultworld *w;

static void
read_fill(struct audit_read *q)
{
	if (w == NULL)
		w = vw_new();
	w->now_ms = VW_NOW;
	*q = (struct audit_read){.version = 1,
	    .what = "search task=73",
	    .period_from = "2026-11-01",
	    .period_until = "2026-11-23",
	    .time_ms = w->now_ms};
	uuid_make_at(w->now_ms, q->read_id);
}

static enum err
read_ask(const struct audit_read *q, const char *signer, const char *sender,
    const char *type)
{
	struct vault_request ask = {.ticket = 3, .op = VAULT_READ};
	struct buf body = {0}, env = {0};
	enum err e;

	audit_read_encode(q, &body);
	vw_envelope(w, signer, type, buf_span(&body), &env);
	snprintf(ask.party, sizeof(ask.party), "%s", sender);
	ask.envelope = buf_span(&env);
	e = vw_ask(w, &ask);
	buf_free(&body);
	buf_free(&env);
	return e;
}

static void
records_what_and_when(void)
{
	struct audit_read q;

	read_fill(&q);
	SUITE_ERR(read_ask(&q, "auditor", "auditor", "audit-read"), ERR_NONE);
	CU_ASSERT_EQUAL(w->reply.entry_type, ENTRY_READ);
	CU_ASSERT(vw_endorsed(w));
	CU_ASSERT_FALSE(w->reply.has_record);
	SUITE_BYTES(w->entry.entry_id, q.read_id, ID_LEN);
	CU_ASSERT_STRING_EQUAL(w->entry.actor, "auditor");
	CU_ASSERT_STRING_EQUAL(w->entry.note, "search task=73");
	CU_ASSERT_STRING_EQUAL(w->entry.period_from, "2026-11-01");
	CU_ASSERT_STRING_EQUAL(w->entry.period_until, "2026-11-23");
}

static void
refuses_all_but_auditors(void)
{
	struct audit_read q;

	read_fill(&q);
	SUITE_ERR(
	    read_ask(&q, YOKOHAMA, YOKOHAMA, "audit-read"), ERR_NOT_YOURS);
	SUITE_ERR(
	    read_ask(&q, "portal", "portal", "audit-read"), ERR_NOT_YOURS);
	SUITE_ERR(
	    read_ask(&q, "auditor", YOKOHAMA, "audit-read"), ERR_NOT_YOURS);
	CU_ASSERT_EQUAL(w->reply.entry_type, 0);
}

static void
refuses_anothers_signature(void)
{
	struct audit_read q;

	read_fill(&q);
	SUITE_ERR(read_ask(&q, YOKOHAMA, "auditor", "audit-read"), ERR_SIGNER);
	SUITE_ERR(
	    read_ask(&q, "auditor", "auditor", "disclosure"), ERR_MALFORMED);
	CU_ASSERT_EQUAL(w->reply.entry_type, 0);
}

static void
refuses_stale_and_empty_ones(void)
{
	struct audit_read q;

	read_fill(&q);
	q.time_ms -= VAULT_WINDOW_MS + 1;
	SUITE_ERR(read_ask(&q, "auditor", "auditor", "audit-read"), ERR_STALE);
	read_fill(&q);
	uuid_make_at(w->now_ms + VAULT_WINDOW_MS + 1, q.read_id);
	SUITE_ERR(read_ask(&q, "auditor", "auditor", "audit-read"), ERR_STALE);
	read_fill(&q);
	memset(q.read_id, 0, sizeof(q.read_id));
	SUITE_ERR(
	    read_ask(&q, "auditor", "auditor", "audit-read"), ERR_MALFORMED);
	read_fill(&q);
	q.what[0] = '\0';
	SUITE_ERR(
	    read_ask(&q, "auditor", "auditor", "audit-read"), ERR_MALFORMED);
}

static const struct suite_case cases[] = {
    {"records what an auditor reads, and which period", records_what_and_when},
    {"refuses an agency and the portal", refuses_all_but_auditors},
    {"refuses what another signed, or signed as something else",
	refuses_anothers_signature},
    {"refuses stale reads and such as say nothing",
	refuses_stale_and_empty_ones},
};
SUITE("vault_read", cases)

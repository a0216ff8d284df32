/* Auditors: what they read is recorded, and what they find. */
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/entry.h"
#include "lib/uuid.h"
#include "tests/flow/actor.h"
#include "tests/unit/suite.h"

#define WAIT_MS 10000
#define PEOPLE 8

static struct world *w;

static long
reads(void)
{
	return world_count(
	    w, "renkei_broker", "SELECT count(*) FROM entry WHERE type = 9");
}

/* --- a read is an entry ------------------------------------------------------
 */

/* Ask as that party, signed as `type`; the id that was asked under. */
static void
read_send(struct actor *a, const char *type, uint8_t id[static ID_LEN])
{
	struct audit_read q = {.version = 1,
	    .what = "stats",
	    .period_from = "2026-11-01",
	    .time_ms = clock_ms()};
	struct buf body = {0};

	uuid_make(q.read_id);
	memcpy(id, q.read_id, ID_LEN);
	audit_read_encode(&q, &body);
	actor_send(a, FRAME_AUDIT_READ, type, buf_span(&body));
	buf_free(&body);
}

static void
records_a_read_before_it_is_answered(void)
{
	struct actor *auditor = actor_new(w, "auditor");
	struct arena arena = {0};
	struct recorded r;
	struct entry e;
	struct frame f;
	uint8_t id[ID_LEN];
	long before = reads();

	read_send(auditor, "audit-read", id);
	CU_ASSERT_TRUE_FATAL(
	    raw_await(auditor->raw, FRAME_RECORDED, WAIT_MS, &f));
	SUITE_ERR(recorded_decode(f.body, &arena, &r), ERR_NONE);
	SUITE_ERR(entry_decode(r.entry.body, &arena, &e), ERR_NONE);
	SUITE_BYTES(r.id, id, ID_LEN);
	SUITE_BYTES(e.entry_id, id, ID_LEN);
	CU_ASSERT_EQUAL(e.type, ENTRY_READ);
	CU_ASSERT_STRING_EQUAL(e.actor, "auditor");
	CU_ASSERT_STRING_EQUAL(e.note, "stats");
	CU_ASSERT_EQUAL(reads(), before + 1);
	arena_wipe_free(&arena);
	actor_free(auditor);
}

static void
refused(const char *party, const char *type, const char *code)
{
	struct actor *a = actor_new(w, party);
	struct arena arena = {0};
	struct refusal r;
	struct frame f;
	uint8_t id[ID_LEN];
	long before = reads();

	read_send(a, type, id);
	CU_ASSERT_TRUE_FATAL(raw_await(a->raw, FRAME_REFUSAL, WAIT_MS, &f));
	SUITE_ERR(refusal_decode(f.body, &arena, &r), ERR_NONE);
	CU_ASSERT_STRING_EQUAL(r.error, code);
	CU_ASSERT_EQUAL(reads(), before);
	arena_wipe_free(&arena);
	actor_free(a);
}

static void
refuses_an_agency_that_audits(void)
{
	refused("141003", "audit-read", "not-yours");
	refused("portal", "audit-read", "not-yours");
	refused("auditor", "disclosure", "malformed");
}

static const struct suite_case cases[] = {
    {"records an auditor's read before it is answered",
	records_a_read_before_it_is_answered},
    {"refuses an agency that would audit, and records nothing",
	refuses_an_agency_that_audits},
};

int
main(void)
{
	int failed;

	w = world_new(NULL);
	world_start_all(w);
	world_fill(w, PEOPLE);
	failed = suite_run("audit", cases, sizeof(cases) / sizeof(cases[0]));
	world_stop_all(w);
	world_free(w);
	return failed;
}

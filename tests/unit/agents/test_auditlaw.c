/* Every decision again, under the law the log says was in force. */
#include "agents/cli/auditlaw.h"

#include <stdio.h>
#include <string.h>

#include "agents/cli/entrydecide.h"
#include "lib/entry.h"
#include "lib/sha256.h"
#include "tests/unit/suite.h"

#define NOW UINT64_C(1795392000000) /* 2026-11-23 09:00 JST */

static struct auditlaw law;

static void
setup(void)
{
	struct policy *p = NULL;
	struct buf why = {0};

	auditlaw_fini(&law);
	SUITE_ERR(policy_open("policy", &p, &why), ERR_NONE);
	buf_free(&why);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	auditlaw_add(&law, p);
}

/* 日本年金機構 asks 横浜市 in this row, as the law permits in row 73. */
static void
decided(struct entry *e, enum entry_type type, const char *task)
{
	*e = (struct entry){.version = 1,
	    .type = type,
	    .time_ms = NOW,
	    .inquirer = "nenkin",
	    .procedure = "p73.001",
	    .provider = "141003",
	    .n_data = 1,
	    .data = {"地方税関係情報"},
	    .outcome =
		type == ENTRY_PERMIT ? OUTCOME_PERMITTED : OUTCOME_NO_DATA};
	snprintf(e->task, sizeof(e->task), "%s", task);
	memcpy(e->policy_hash, policy_hash(law.policy[0]), HASH_LEN);
}

static enum auditlaw_finding
judge(enum entry_type type, const char *task, uint64_t time_ms)
{
	struct entry e;
	enum outcome now;

	decided(&e, type, task);
	e.time_ms = time_ms;
	return auditlaw_judge(&law, &e, &now);
}

static void
accepts_what_the_law_says(void)
{
	setup();
	CU_ASSERT_EQUAL(judge(ENTRY_PERMIT, "73", NOW), AUDITLAW_FITS);
	CU_ASSERT_EQUAL(judge(ENTRY_REFUSAL, "74", NOW), AUDITLAW_FITS);
}

static void
names_what_it_does_not_say(void)
{
	struct entry e;
	enum outcome now;

	setup();
	decided(&e, ENTRY_PERMIT, "74");
	CU_ASSERT_EQUAL(auditlaw_judge(&law, &e, &now), AUDITLAW_NOT_ALLOWED);
	CU_ASSERT_NOT_EQUAL(now, OUTCOME_PERMITTED);
	CU_ASSERT_EQUAL(judge(ENTRY_REFUSAL, "73", NOW), AUDITLAW_NOT_REFUSED);
}

/* The same question, before the order was in force. */
static void
judges_by_the_day_of_the_entry(void)
{
	setup();
	CU_ASSERT_EQUAL(
	    judge(ENTRY_PERMIT, "73", NOW - UINT64_C(3650) * 86400 * 1000),
	    AUDITLAW_NOT_ALLOWED);
}

static void
names_a_version_it_was_not_given(void)
{
	struct entry e;
	enum outcome now;

	setup();
	decided(&e, ENTRY_PERMIT, "73");
	e.policy_hash[0] ^= 1;
	CU_ASSERT_EQUAL(auditlaw_judge(&law, &e, &now), AUDITLAW_UNKNOWN_LAW);
}

/* Another version came into force, and the old one went on deciding. */
static void
names_a_version_no_longer_in_force(void)
{
	struct entry e = {.type = ENTRY_POLICY, .time_ms = NOW};

	setup();
	memset(e.policy_hash, 7, HASH_LEN);
	memset(e.subject_hash, 7, HASH_LEN);
	auditlaw_take(&law, &e);
	CU_ASSERT_EQUAL(
	    judge(ENTRY_PERMIT, "73", NOW + AUDITLAW_GRACE_MS), AUDITLAW_FITS);
	CU_ASSERT_EQUAL(judge(ENTRY_PERMIT, "73", NOW + AUDITLAW_GRACE_MS + 1),
	    AUDITLAW_OTHER_LAW);
}

#define LIST                                                       \
	"body\trow\tdata\tin_force_from\tin_force_until\treason\n" \
	"141003\t*\t*\t2026-01-01\t\ttest\n"

static void
suspend(void)
{
	struct entry e = {.type = ENTRY_POLICY, .time_ms = NOW};

	memcpy(e.policy_hash, policy_hash(law.policy[0]), HASH_LEN);
	sha256(span_str(LIST), e.subject_hash);
	auditlaw_take(&law, &e);
}

static void
applies_suspensions_of_then(void)
{
	setup();
	auditlaw_add_list(&law, span_str(LIST));
	CU_ASSERT_EQUAL(judge(ENTRY_PERMIT, "73", NOW - 1000), AUDITLAW_FITS);
	suspend();
	CU_ASSERT_FALSE(law.suspensions_unknown);
	CU_ASSERT_EQUAL(
	    judge(ENTRY_PERMIT, "73", NOW + AUDITLAW_GRACE_MS), AUDITLAW_FITS);
	CU_ASSERT_EQUAL(judge(ENTRY_PERMIT, "73", NOW + AUDITLAW_GRACE_MS + 1),
	    AUDITLAW_NOT_ALLOWED);
}

static void
says_that_a_list_is_missing(void)
{
	setup();
	suspend();
	CU_ASSERT_TRUE(law.suspensions_unknown);
	CU_ASSERT_EQUAL(judge(ENTRY_PERMIT, "73", NOW + 60000), AUDITLAW_FITS);
	auditlaw_fini(&law);
}

static const struct suite_case cases[] = {
    {"accepts what the law says, permits and refusals",
	accepts_what_the_law_says},
    {"names what the law does not say", names_what_it_does_not_say},
    {"judges by the day of the entry", judges_by_the_day_of_the_entry},
    {"names a version it was not given", names_a_version_it_was_not_given},
    {"names a version that was no longer in force",
	names_a_version_no_longer_in_force},
    {"applies the suspensions of then", applies_suspensions_of_then},
    {"says that a list of suspensions is missing", says_that_a_list_is_missing},
};
SUITE("auditlaw", cases)

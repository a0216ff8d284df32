/* A procedure's words count only where both passes read them alike. */
#include "policy/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/query.h"
#include "tests/unit/suite.h"

#define ORDER_TODAY 20260614u

#define SCHOOL                                                                                                \
	"高等学校等就学支援金の支給に関する法律による就学支援金の支給に関す" \
	"る情報"
#define MOTHER                                                                                             \
	"母子保健法による相談、支援、保健指導、新生児の訪問指導、健康診査" \
	"、妊産婦の訪問指導、産後ケア事業又は未熟児の訪問指導に関する情報"

static struct policy *policy;

static enum outcome
ask(uint32_t day, const char *inquirer, const char *task, const char *procedure,
    const char *provider, const char *data)
{
	const struct policy_question q = {.inquirer = inquirer,
	    .inquirer_for = "",
	    .task = task,
	    .procedure = procedure,
	    .provider = provider,
	    .provider_for = "",
	    .data = &data,
	    .n_data = 1,
	    .day = day};
	struct policy_verdict v;

	return policy_decide(policy, &q, &v);
}

static void
permits_what_both_map(void)
{
	CU_ASSERT_EQUAL(ask(ORDER_TODAY, "141003", "48", "p48.022", "kyokai",
			    "医療保険給付関係情報"),
	    OUTCOME_PERMITTED);
	CU_ASSERT_EQUAL(ask(ORDER_TODAY, "nenkin", "73", "p73.003", "141003",
			    "地方税関係情報"),
	    OUTCOME_PERMITTED);
}

static void
refuses_what_one_maps(void)
{
	CU_ASSERT_EQUAL(ask(20260115, "130001", "151", "", "mext", SCHOOL),
	    OUTCOME_PERMITTED);
	CU_ASSERT_EQUAL(
	    ask(20260115, "130001", "151", "p151.001", "mext", SCHOOL),
	    OUTCOME_UNMAPPED);
}

static void
refuses_where_they_differ(void)
{
	CU_ASSERT_EQUAL(ask(ORDER_TODAY, "141003", "95", "", "131016", MOTHER),
	    OUTCOME_PERMITTED);
	CU_ASSERT_EQUAL(
	    ask(ORDER_TODAY, "141003", "95", "p95.004", "131016", MOTHER),
	    OUTCOME_UNMAPPED);
}

static void
maps_four_lines_of_five(void)
{
	struct policy_coverage c;

	policy_coverage(policy, ORDER_TODAY, &c);
	CU_ASSERT_EQUAL(c.rows, 716);
	CU_ASSERT_EQUAL(c.lines, 2193);
	CU_ASSERT(c.rows_resolved * 100 >= c.rows * 90);
	CU_ASSERT(c.lines_mapped * 100 >= c.lines * 80);
}

static void
count_gap(const struct policy_gap *g, void *arg)
{
	size_t *n = arg;

	CU_ASSERT(*g->state != '\0' && *g->words != '\0' && g->line > 1);
	n[strcmp(g->kind, "procedure") == 0]++;
}

static void
lists_the_rest_by_reason(void)
{
	struct policy_coverage c;
	size_t n[2] = {0}; /* cells, lines of procedures */

	policy_coverage(policy, ORDER_TODAY, &c);
	policy_gaps(policy, ORDER_TODAY, count_gap, n);
	CU_ASSERT_EQUAL(n[1], c.lines - c.lines_mapped);
	CU_ASSERT(n[0] >= c.rows - c.rows_resolved);
}

static const struct suite_case cases[] = {
    {"permits what both passes map alike", permits_what_both_map},
    {"refuses what only one pass maps", refuses_what_one_maps},
    {"refuses what they map differently", refuses_where_they_differ},
    {"maps at least four lines of five, and knows nine rows of ten",
	maps_four_lines_of_five},
    {"lists every other line with its reason", lists_the_rest_by_reason},
};

int
main(void)
{
	const char *dir = getenv("RENKEI_POLICY");
	struct buf why = {0};
	int failed;

	if (policy_open(dir != NULL ? dir : "policy", &policy, &why) !=
	    ERR_NONE) {
		fprintf(stderr, "%.*s", (int)why.n, (char *)why.p);
		buf_free(&why);
		return 1;
	}
	failed = suite_run("passes", cases, sizeof(cases) / sizeof(cases[0]));
	policy_free(policy);
	buf_free(&why);
	return failed;
}

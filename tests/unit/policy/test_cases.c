/* The hand-written cases of tests/policy/cases.tsv, decided one by one. */
#include "policy/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/tsv.h"
#include "tests/unit/suite.h"

#define CASES "tests/policy/cases.tsv"
#define CASES_LEAST 200

/* The file's columns, in their order. */
enum {
	DAY,
	INQUIRER,
	TASK,
	PROVIDER,
	DATA,
	EXPECT,
	WHY,
};

static struct policy *policy;
static struct rows rows;

/* The code of a body given by code or exact name; the text if there is none. */
static const char *
code_of(const char *text)
{
	const struct policy_body *b;

	return policy_body_find(policy, text, &b) == ERR_NONE ? b->code : text;
}

/* A body no row names may be asked about, but must be said to be one. */
static bool
body_known(size_t i, size_t column)
{
	const char *text = rows_cell(&rows, i, column);

	return policy_body(policy, code_of(text)) != NULL ||
	       strstr(rows_cell(&rows, i, WHY), "is in no row") != NULL;
}

static void
decide(size_t i, struct policy_verdict *v)
{
	const char *data = rows_cell(&rows, i, DATA);
	const struct policy_question q = {
	    .inquirer = code_of(rows_cell(&rows, i, INQUIRER)),
	    .inquirer_for = "",
	    .task = rows_cell(&rows, i, TASK),
	    .procedure = "",
	    .provider = code_of(rows_cell(&rows, i, PROVIDER)),
	    .provider_for = "",
	    .data = &data,
	    .n_data = 1,
	    .day = policy_day_parse(rows_cell(&rows, i, DAY))};

	policy_decide(policy, &q, v);
}

/* So that no case is refused for a slip of the pen. */
static void
names_what_there_is(void)
{
	CU_ASSERT(rows.n >= CASES_LEAST);
	for (size_t i = 0; i < rows.n; i++) {
		bool known =
		    policy_day_parse(rows_cell(&rows, i, DAY)) != 0 &&
		    body_known(i, INQUIRER) && body_known(i, PROVIDER) &&
		    policy_knows_data(policy, rows_cell(&rows, i, DATA)) &&
		    *rows_cell(&rows, i, WHY) != '\0';

		if (!known)
			printf("%s:%u: names nothing we know\n", CASES,
			    rows.line[i]);
		CU_ASSERT(known);
	}
}

/* The cases with this expectation come out so; how many there are. */
static size_t
expect(const char *word, bool permitted)
{
	size_t n = 0;

	for (size_t i = 0; i < rows.n; i++) {
		struct policy_verdict v;
		bool right;

		if (strcmp(rows_cell(&rows, i, EXPECT), word) != 0)
			continue;
		decide(i, &v);
		right = (v.outcome == OUTCOME_PERMITTED) == permitted;
		if (!right)
			printf("%s:%u: %s\n", CASES, rows.line[i],
			    outcome_code(v.outcome));
		CU_ASSERT(right);
		n++;
	}
	return n;
}

static void
permits_the_lawful(void)
{
	CU_ASSERT(expect("permitted", true) > 0);
}

static void
refuses_the_rest(void)
{
	CU_ASSERT_EQUAL(
	    expect("refused", false) + expect("permitted", true), rows.n);
}

static const struct suite_case cases[] = {
    {"names days, bodies and data that there are", names_what_there_is},
    {"permits what the statute's words permit", permits_the_lawful},
    {"refuses every other case beside it", refuses_the_rest},
};

int
main(void)
{
	const char *dir = getenv("RENKEI_POLICY");
	struct buf why = {0};
	struct fault f;
	int failed = 1;

	if (tsv_read(CASES, &rows, &f) == ERR_NONE &&
	    policy_open(dir != NULL ? dir : "policy", &policy, &why) ==
		ERR_NONE)
		failed =
		    suite_run("cases", cases, sizeof(cases) / sizeof(cases[0]));
	else
		fprintf(stderr, "%.*s", (int)why.n, (char *)why.p);
	policy_free(policy);
	buf_free(&why);
	rows_free(&rows);
	return failed;
}

/* What a counter officer is told: fixed text, in both languages. */
#include "policy/explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/suite.h"

#define QUESTIONS "tests/policy/explain.tsv"
#define GOLDEN "tests/policy/explain.txt"

static struct policy *policy;

/* Read a file whole, with a NUL at its end; NULL where it is not there. */
static char *
file_text(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct buf b = {0};
	char chunk[4096];
	size_t n;

	if (f == NULL)
		return NULL;
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(&b, chunk, n);
	fclose(f);
	buf_add_u8(&b, '\0');
	return (char *)b.p;
}

static void
question_explain(char *line, struct buf *out)
{
	char *cell[6] = {NULL};
	const char *data[1];
	struct policy_verdict v;
	struct policy_question q;

	for (int i = 0; i < 6; i++)
		cell[i] = strsep(&line, "\t");
	CU_ASSERT_FATAL(cell[5] != NULL && line == NULL);
	data[0] = cell[5];
	q = (struct policy_question){.day = policy_day_parse(cell[0]),
	    .inquirer = cell[1],
	    .inquirer_for = "",
	    .task = cell[2],
	    .procedure = cell[3],
	    .provider = cell[4],
	    .provider_for = "",
	    .data = data,
	    .n_data = 1};
	policy_decide(policy, &q, &v);
	policy_explain(policy, &q, &v, true, out);
	buf_printf(out, "\n");
	policy_explain(policy, &q, &v, false, out);
	buf_printf(out, "--\n");
}

static void
questions_explain(struct buf *out)
{
	char *text = file_text(QUESTIONS), *at = text;
	unsigned n = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	strsep(&at, "\n");
	for (char *line = strsep(&at, "\n"); line != NULL && *line != '\0';
	     line = strsep(&at, "\n"), n++)
		question_explain(line, out);
	CU_ASSERT(n >= 20);
	buf_add_u8(out, '\0');
	free(text);
}

/* Show the first line that differs. */
static void
difference_show(const char *got, const char *want)
{
	unsigned line = 1;
	size_t start = 0;

	for (size_t i = 0; got[i] != '\0' && got[i] == want[i]; i++)
		if (got[i] == '\n') {
			line++;
			start = i + 1;
		}
	fprintf(stderr, GOLDEN ":%u\n got: %.*s\nwant: %.*s\n", line,
	    (int)strcspn(got + start, "\n"), got + start,
	    (int)strcspn(want + start, "\n"), want + start);
}

/* EXPLAIN_WRITE=1 writes what is said today as what shall be said. */
static void
says_what_it_said(void)
{
	struct buf said = {0};
	char *golden;

	questions_explain(&said);
	if (getenv("EXPLAIN_WRITE") != NULL) {
		FILE *f = fopen(GOLDEN, "wb");

		CU_ASSERT_PTR_NOT_NULL_FATAL(f);
		fwrite(said.p, 1, said.n - 1, f);
		fclose(f);
	}
	golden = file_text(GOLDEN);
	CU_ASSERT_PTR_NOT_NULL_FATAL(golden);
	if (strcmp((char *)said.p, golden) != 0) {
		difference_show((char *)said.p, golden);
		CU_FAIL("another text");
	}
	free(golden);
	buf_free(&said);
}

static void
says_dates(void)
{
	char day[32];

	CU_ASSERT_STRING_EQUAL(
	    policy_day_said(20260614, true, day), "2026年6月14日");
	CU_ASSERT_STRING_EQUAL(
	    policy_day_said(20260614, false, day), "14 June 2026");
}

static const struct suite_case cases[] = {
    {"explains the fixed questions in the fixed words", says_what_it_said},
    {"says dates in both languages", says_dates},
};

int
main(void)
{
	const char *dir = getenv("RENKEI_POLICY");
	struct buf why = {0};
	int failed = 1;

	if (policy_open(dir != NULL ? dir : "policy", &policy, &why) ==
	    ERR_NONE)
		failed = suite_run(
		    "explain", cases, sizeof(cases) / sizeof(cases[0]));
	else
		fprintf(stderr, "%.*s", (int)why.n, (char *)why.p);
	policy_free(policy);
	buf_free(&why);
	return failed;
}

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/cli/cli.h"
#include "agents/cli/question.h"
#include "agents/cli/show.h"
#include "tests/unit/suite.h"

struct got {
	bool json;
	const char *agency;
	struct cli_list data;
};

static char line[200], *argv_[16];

/* The words of a command line; argv_ holds what cli_parse left. */
static bool
parse(struct got *g, const char *text, int *words)
{
	const struct cli_option options[] = {
	    {"json", &g->json, NULL, NULL, NULL, "", ""},
	    {"agency", NULL, &g->agency, NULL, "CODE", "", ""},
	    {"data", NULL, NULL, &g->data, "NAME", "", ""},
	    {NULL, NULL, NULL, NULL, NULL, NULL, NULL},
	};
	int argc = 0;

	*g = (struct got){0};
	snprintf(line, sizeof(line), "%s", text);
	for (char *w = strtok(line, " "); w != NULL; w = strtok(NULL, " "))
		argv_[argc++] = w;
	return cli_parse(options, "test", argc, argv_, words);
}

static void
reads_options_and_words(void)
{
	struct got g;
	int words;

	CU_ASSERT_TRUE(parse(&g,
	    "x one --agency 141003 --json --data=a two --data b -- --three",
	    &words));
	CU_ASSERT_TRUE(g.json);
	CU_ASSERT_STRING_EQUAL(g.agency, "141003");
	CU_ASSERT_EQUAL(g.data.n, 2);
	CU_ASSERT_STRING_EQUAL(g.data.v[1], "b");
	CU_ASSERT_EQUAL_FATAL(words, 3);
	CU_ASSERT_STRING_EQUAL(argv_[1], "one");
	CU_ASSERT_STRING_EQUAL(argv_[3], "--three");
}

static void
refuses_what_it_does_not_know(void)
{
	struct got g;
	int words;

	CU_ASSERT_FALSE(parse(&g, "x --agenzy 1", &words));
	CU_ASSERT_FALSE(parse(&g, "x --agency", &words));
	CU_ASSERT_FALSE(parse(&g, "x --agency 1 --agency 2", &words));
	CU_ASSERT_FALSE(parse(&g, "x --json=yes", &words));
}

static void
exits_as_promised(void)
{
	CU_ASSERT_EQUAL(cli_exit_of_err(ERR_USAGE), 2);
	CU_ASSERT_EQUAL(cli_exit_of_err(ERR_NOT_FOUND), 4);
	CU_ASSERT_EQUAL(cli_exit_of_err(ERR_DATABASE), 5);
	CU_ASSERT_EQUAL(cli_exit_of_err(ERR_FORK), 6);
	CU_ASSERT_EQUAL(cli_exit_of_err(ERR_LINE), 1);
	CU_ASSERT_EQUAL(cli_exit_of_outcome(OUTCOME_PROVIDED), 0);
	CU_ASSERT_EQUAL(cli_exit_of_outcome(OUTCOME_NO_PIA), 3);
	CU_ASSERT_EQUAL(cli_exit_of_outcome(OUTCOME_WITHHELD), 3);
	CU_ASSERT_EQUAL(cli_exit_of_outcome(OUTCOME_NOT_HELD), 4);
	CU_ASSERT_EQUAL(cli_exit_of_outcome(OUTCOME_LAPSED), 5);
}

static void
says_what_is_missing(void)
{
	struct question q = {.person = "1", .task = "73", .provider = "141003"};
	const char *about = "";

	SUITE_ERR(question_check(&q, &about), ERR_USAGE);
	CU_ASSERT_STRING_EQUAL(about, "case");
	q.case_reference = "c";
	SUITE_ERR(question_check(&q, &about), ERR_USAGE);
	CU_ASSERT_STRING_EQUAL(about, "data");
	CU_ASSERT_TRUE(question_set(&q, "data", "地方税関係情報"));
	SUITE_ERR(question_check(&q, &about), ERR_NONE);
	CU_ASSERT_TRUE(question_set(&q, "fresh", "2026-02-30"));
	SUITE_ERR(question_check(&q, &about), ERR_USAGE);
	CU_ASSERT_STRING_EQUAL(about, "fresh");
	CU_ASSERT_FALSE(question_set(&q, "my_number", "1"));
}

static void
advises_on_every_no(void)
{
	setenv("LANGUAGE", "ja", 1);
	CU_ASSERT_TRUE(cli_japanese());
	for (unsigned o = OUTCOME_NO_ROW; o <= OUTCOME_SUSPENDED; o++)
		CU_ASSERT_NOT_EQUAL(advice_for((enum outcome)o)[0], '\0');
	setenv("LANGUAGE", "en", 1);
	CU_ASSERT_FALSE(cli_japanese());
	CU_ASSERT_STRING_EQUAL(advice_for(OUTCOME_PROVIDED), "");
}

static const struct suite_case cases[] = {
    {"reads options and words in any order", reads_options_and_words},
    {"refuses options it does not know, twice or without a value",
	refuses_what_it_does_not_know},
    {"exits with the status scripts rely on", exits_as_promised},
    {"says what an inquiry lacks", says_what_is_missing},
    {"advises what to do after every refusal of the law", advises_on_every_no},
};
SUITE("cli", cases)

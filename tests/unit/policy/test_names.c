#include "policy/names.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/suite.h"

static void
keeps_each_text_once(void)
{
	struct names s = {0};
	char text[32];

	CU_ASSERT_EQUAL(names_find(&s, "甲"), 0);
	for (unsigned round = 0; round < 2; round++)
		for (unsigned i = 1; i <= 5000; i++) {
			snprintf(text, sizeof(text), "name %u", i);
			CU_ASSERT_EQUAL(names_put(&s, text), i);
		}
	CU_ASSERT_EQUAL(s.n, 5000);
	CU_ASSERT_STRING_EQUAL(names_text(&s, 4711), "name 4711");
	CU_ASSERT_STRING_EQUAL(names_text(&s, 0), "");
	names_fini(&s);
}

static void
finds_whole_texts_only(void)
{
	struct names s = {0};

	names_put(&s, "地方税関係情報");
	CU_ASSERT_EQUAL(names_find(&s, "地方税関係情"), 0);
	CU_ASSERT_EQUAL(names_find(&s, "地方税関係情報 "), 0);
	CU_ASSERT_EQUAL(names_find(&s, ""), 0);
	CU_ASSERT_EQUAL(names_find(&s, "地方税関係情報"), 1);
	names_fini(&s);
}

static void
keeps_a_very_long_text(void)
{
	static char text[200001];
	struct names s = {0};

	memset(text, 'a', sizeof(text) - 1);
	CU_ASSERT_EQUAL(names_put(&s, text), 1);
	CU_ASSERT_EQUAL(names_put(&s, "b"), 2);
	CU_ASSERT_EQUAL(names_find(&s, text), 1);
	names_fini(&s);
}

static void
keeps_runs_by_pair(void)
{
	struct runs r = {0};

	CU_ASSERT_PTR_NULL(runs_find(&r, RUN_KEY(1, 2)));
	for (uint32_t i = 1; i <= 3000; i++)
		runs_add(&r, RUN_KEY(i, 7))->at = i;
	for (uint32_t i = 1; i <= 3000; i++)
		CU_ASSERT_EQUAL(runs_find(&r, RUN_KEY(i, 7))->at, i);
	CU_ASSERT_PTR_NULL(runs_find(&r, RUN_KEY(7, 1)));
	CU_ASSERT_PTR_NULL(runs_find(&r, 0));
	runs_fini(&r);
}

static const struct suite_case cases[] = {
    {"keeps each text once, under one number", keeps_each_text_once},
    {"finds whole texts and no part of one", finds_whole_texts_only},
    {"keeps a text longer than a chunk", keeps_a_very_long_text},
    {"keeps runs by pair", keeps_runs_by_pair},
};

SUITE("names", cases)

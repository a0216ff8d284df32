#include "policy/words.h"

#include <string.h>

#include "tests/unit/suite.h"

static void
plain_is(const char *text, const char *want)
{
	struct buf b = {0};

	words_plain(span_str(text), &b);
	CU_ASSERT(span_equal(buf_span(&b), span_str(want)));
	buf_free(&b);
}

static void
drops_law_numbers(void)
{
	plain_is("地方税法（昭和二十五年法律第二百二十六号）第五条",
	    "地方税法第五条");
	plain_is("要綱（平成十九年三月二十八日付け国住備第百六十号国土交通省"
		 "住宅局長通知）第二条",
	    "要綱第二条");
}

static void
drops_definitions(void)
{
	plain_is("共済組合等（甲、乙又は丙をいう。以下この条において同じ。）",
	    "共済組合等");
	plain_is("甲（以下「乙」という。）丙", "甲丙");
	plain_is("市町村長（特別区の区長を含む。以下この条において同じ。）",
	    "市町村長");
	plain_is("市町村長（特別区の区長を含む。）", "市町村長");
}

static void
keeps_what_narrows(void)
{
	plain_is("所得税（個人に係るものに限る。）", "所得税（個人に係るものに"
						     "限る。）");
	plain_is("措置（同法第三号の措置をいう。）",
	    "措置（同法第三号の措置をいう。）");
	plain_is("市町村長（児童手当法第十七条第一項の表の下欄に掲げる者を含む"
		 "。）",
	    "市町村長（児童手当法第十七条第一項の表の下欄に掲げる者を含む。）");
}

static void
settles_inner_parentheses_first(void)
{
	plain_is("甲（乙法（昭和四年法律第一号）による丙に限る。）",
	    "甲（乙法による丙に限る。）");
	plain_is("甲（乙（丙に限る。）をいう。以下同じ。）丁", "甲丁");
}

static void
survives_unbalanced_parentheses(void)
{
	plain_is("甲）乙", "甲）乙");
	plain_is("甲（乙", "甲（乙");
	plain_is("", "");
}

static void
strips_all_when_asked(void)
{
	struct buf b = {0};

	words_bare(span_str("甲（乙（丙）に限る。）丁"), &b);
	CU_ASSERT_EQUAL(b.n, strlen("甲丁"));
	buf_free(&b);
}

static void
finds_first_and_last(void)
{
	struct span s = span_str("甲に係る乙に係る丙");

	CU_ASSERT_EQUAL(words_find(s, 0, "に係る"), 3);
	CU_ASSERT_EQUAL(words_last(s, "に係る"), 15);
	CU_ASSERT_EQUAL(words_find(s, 0, "丁"), SIZE_MAX);
	CU_ASSERT_EQUAL(words_last(s, "丁"), SIZE_MAX);
	CU_ASSERT_EQUAL(words_find(s, 1000, "甲"), SIZE_MAX);
}

static const struct suite_case cases[] = {
    {"drops a law's number at its first use", drops_law_numbers},
    {"drops definitions and reaches", drops_definitions},
    {"keeps what narrows or adds members", keeps_what_narrows},
    {"settles inner parentheses first", settles_inner_parentheses_first},
    {"survives unbalanced parentheses", survives_unbalanced_parentheses},
    {"strips all parentheses when asked", strips_all_when_asked},
    {"finds the first and the last place of a text", finds_first_and_last},
};

SUITE("words", cases)

#include "policy/phrase.h"

#include <string.h>

#include "tests/unit/suite.h"

static bool
is(struct span s, const char *want)
{
	return span_equal(s, span_str(want));
}

static void
splits_whose_from_what(void)
{
	struct phrase f;

	phrase_init(&f,
	    "当該届出に係る被扶養者に係る市町村民税（地方税法第五条第二項に"
	    "掲げる税（個人に係るものに限る。）をいう。以下同じ。）に関する情"
	    "報");
	CU_ASSERT(is(f.relation, "当該届出に係る被扶養者"));
	CU_ASSERT(is(f.phrase, "市町村民税に関する情報"));
	CU_ASSERT_EQUAL(f.n_reference, 0);
	phrase_fini(&f);
}

static void
reads_ranges_of_subs(void)
{
	struct phrase f;

	phrase_init(&f, "第一号イからニまで、ヘ及びチに掲げる情報");
	CU_ASSERT_EQUAL_FATAL(f.n_reference, 1);
	CU_ASSERT_STRING_EQUAL(f.reference[0].item, "1");
	CU_ASSERT_EQUAL_FATAL(f.reference[0].n_sub, 6);
	CU_ASSERT_STRING_EQUAL(f.reference[0].sub[3], "ニ");
	CU_ASSERT_STRING_EQUAL(f.reference[0].sub[5], "チ");
	CU_ASSERT_EQUAL(f.phrase.n, 0);
	CU_ASSERT_FALSE(f.unclear);
	phrase_fini(&f);
}

static void
reads_a_reference_and_a_phrase(void)
{
	struct phrase f;

	phrase_init(&f, "第四号に掲げる情報（納税義務者に係る情報に限る。）及び"
			"納税義務者に係る生活保護実施関係情報");
	CU_ASSERT_EQUAL_FATAL(f.n_reference, 1);
	CU_ASSERT_STRING_EQUAL(f.reference[0].item, "4");
	CU_ASSERT_EQUAL(f.reference[0].n_sub, 0);
	CU_ASSERT(is(f.phrase, "生活保護実施関係情報"));
	phrase_fini(&f);
}

static void
reads_the_item_before_and_branches(void)
{
	struct phrase f;

	phrase_init(&f, "前号ロ及びハに掲げる情報");
	CU_ASSERT_EQUAL_FATAL(f.n_reference, 1);
	CU_ASSERT_STRING_EQUAL(f.reference[0].item, "");
	CU_ASSERT_EQUAL(f.reference[0].n_sub, 2);
	phrase_fini(&f);
	phrase_init(&f, "当該者に係る第二十三号の二に掲げる情報");
	CU_ASSERT_EQUAL_FATAL(f.n_reference, 1);
	CU_ASSERT_STRING_EQUAL(f.reference[0].item, "23-2");
	CU_ASSERT(is(f.relation, "当該者に係る"));
	phrase_fini(&f);
}

static void
calls_an_unreadable_reference_unclear(void)
{
	static const char *const bad[] = {"第百条に掲げる情報",
	    "第一号ニからイまでに掲げる情報", "第号に掲げる情報",
	    "同号に掲げる情報"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct phrase f;

		phrase_init(&f, bad[i]);
		CU_ASSERT(f.unclear);
		CU_ASSERT_EQUAL(f.n_reference, 0);
		phrase_fini(&f);
	}
}

static void
takes_plain_text_as_the_phrase(void)
{
	struct phrase f;

	phrase_init(&f, "情報");
	CU_ASSERT(is(f.phrase, "情報"));
	CU_ASSERT_EQUAL(f.relation.n, 0);
	phrase_fini(&f);
}

static const struct suite_case cases[] = {
    {"splits whose data from which data", splits_whose_from_what},
    {"reads ranges of イロハ", reads_ranges_of_subs},
    {"reads a reference followed by a phrase", reads_a_reference_and_a_phrase},
    {"reads the item before, and branch numbers",
	reads_the_item_before_and_branches},
    {"calls a reference it cannot read unclear",
	calls_an_unreadable_reference_unclear},
    {"takes a text without 係る as the phrase", takes_plain_text_as_the_phrase},
};

SUITE("phrase", cases)

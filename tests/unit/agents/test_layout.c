#include <string.h>

#include "agents/runtime/layout.h"
#include "tests/unit/suite.h"

#define HEADER "layout\tdata\tcode\tdepth\tname\tkind\tnames\ttwelve\n"
#define GROUP "t-1\t税\t0002000001\t0\t所得\tgroup\tofficial\trefuse\n"
#define AMOUNT "t-1\t税\t0002000002\t1\t給与\tamount\tofficial\trefuse\n"

static enum err
parse(const char *text, struct layout **l, struct fault *f)
{
	return layout_parse("layout.tsv", span_str(text), l, f);
}

static void
reads_items(void)
{
	struct fault f = {0};
	struct layout *l;

	SUITE_ERR(parse(HEADER GROUP AMOUNT, &l, &f), ERR_NONE);
	CU_ASSERT_EQUAL_FATAL(l->n, 2);
	CU_ASSERT_STRING_EQUAL(l->item[1].name, "給与");
	CU_ASSERT_EQUAL(l->item[1].depth, 1);
	CU_ASSERT_TRUE(l->item[1].official);
	CU_ASSERT_FALSE(l->item[1].twelve);
	CU_ASSERT_PTR_EQUAL(layout_find(l, "0002000002"), &l->item[1]);
	CU_ASSERT_PTR_NULL(layout_find(l, "0002000003"));
	layout_free(l);
}

static void
refused_at(const char *text, unsigned line)
{
	struct fault f = {0};
	struct layout *l;

	SUITE_ERR(parse(text, &l, &f), ERR_LINE);
	CU_ASSERT_PTR_NULL(l);
	CU_ASSERT_EQUAL(f.line, line);
}

static void
refuses_bad_lines(void)
{
	refused_at(HEADER GROUP GROUP, 3);
	refused_at(HEADER "t\t税\t000200001\t0\tx\tamount\tours\trefuse\n", 2);
	refused_at(HEADER "t\t税\t0002000001\t1\tx\tamount\tours\trefuse\n", 2);
	refused_at(HEADER "t\t税\t0002000001\t0\tx\tmoney\tours\trefuse\n", 2);
	refused_at(HEADER "t\t税\t0002000001\t0\tx\tamount\tmine\trefuse\n", 2);
	refused_at(HEADER "t\t税\t0002000001\t0\t\tamount\tours\trefuse\n", 2);
	refused_at(HEADER AMOUNT, 2);
	refused_at(HEADER GROUP
	    "t\t他\t0003000001\t0\tx\tamount\tours\trefuse\n"
	    "t-1\t税\t0002000009\t0\tx\tamount\tours\trefuse\n",
	    4);
}

static void
ours_are_whole(void)
{
	static const struct {
		const char *path;
		size_t items;
		bool official;
	} files[] = {
	    {"agents/tax/layout.tsv", 106, true},
	    {"agents/pension/layout.tsv", 9, false},
	    {"agents/health/layout.tsv", 14, false},
	};

	for (size_t i = 0; i < 3; i++) {
		struct fault f = {0};
		struct layout *l;

		SUITE_ERR(layout_open(files[i].path, &l, &f), ERR_NONE);
		CU_ASSERT_EQUAL(l->n, files[i].items);
		CU_ASSERT_EQUAL(l->item[0].official, files[i].official);
		layout_free(l);
	}
}

static bool
fits(enum item_kind kind, const char *content)
{
	struct layout_item it = {.kind = kind};

	return item_fits(&it, content);
}

static void
contents_fit_their_kind(void)
{
	CU_ASSERT_TRUE(fits(ITEM_AMOUNT, "-120000"));
	CU_ASSERT_FALSE(fits(ITEM_AMOUNT, "1,200"));
	CU_ASSERT_FALSE(fits(ITEM_AMOUNT, "007"));
	CU_ASSERT_FALSE(fits(ITEM_AMOUNT, "-"));
	CU_ASSERT_TRUE(fits(ITEM_COUNT, "3"));
	CU_ASSERT_FALSE(fits(ITEM_COUNT, "12345"));
	CU_ASSERT_TRUE(fits(ITEM_FLAG, "1"));
	CU_ASSERT_FALSE(fits(ITEM_FLAG, "2"));
	CU_ASSERT_TRUE(fits(ITEM_CODE, "0120"));
	CU_ASSERT_FALSE(fits(ITEM_CODE, "０１"));
	CU_ASSERT_TRUE(fits(ITEM_YEAR, "2026"));
	CU_ASSERT_FALSE(fits(ITEM_YEAR, "令和8"));
	CU_ASSERT_TRUE(fits(ITEM_MONTH, "2026-02"));
	CU_ASSERT_FALSE(fits(ITEM_MONTH, "2026-13"));
	CU_ASSERT_TRUE(fits(ITEM_DATE, "2024-02-29"));
	CU_ASSERT_FALSE(fits(ITEM_DATE, "2025-02-29"));
	CU_ASSERT_TRUE(fits(ITEM_TEXT, "見本"));
	CU_ASSERT_FALSE(fits(ITEM_GROUP, "x"));
}

static const struct suite_case cases[] = {
    {"reads items with depth, kind and whose names they are", reads_items},
    {"refuses a line that cannot be used, and names it", refuses_bad_lines},
    {"the layouts of tax, pension and health are whole", ours_are_whole},
    {"tells contents that fit an item's kind from others",
	contents_fit_their_kind},
};
SUITE("layout", cases)

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/runtime/import.h"
#include "lib/clock.h"
#include "lib/csv.h"
#include "lib/file.h"
#include "tests/unit/suite.h"

#define HEADER                                                                                      \
	"宛名番号,対象年度,版,基準日時,公開期限,自動応答不可,不開示,"     \
	"年金種別,年金コード,受給権発生年月,支給開始年月,支給停止年月," \
	"年金額（年額）,支払月額,全額停止区分\r\n"
#define ROW(person, amount)                                                  \
	person                                                               \
	    ",2026,1,2026-06-01T09:30,,0,1,01,1150,2010-04,2010-05,," amount \
	    ",,0\r\n"

static struct layout *layout;
static struct mapping *mapping;

static void
open_pension(void)
{
	struct fault f = {0};

	SUITE_ERR(
	    layout_open("agents/pension/layout.tsv", &layout, &f), ERR_NONE);
	SUITE_ERR(
	    mapping_open("agents/pension/mapping.tsv", layout, &mapping, &f),
	    ERR_NONE);
}

static void
close_pension(void)
{
	mapping_free(mapping);
	layout_free(layout);
}

static enum err
import(const char *text, struct imported **out, size_t *n, struct fault *f)
{
	struct rows csv = {0};
	enum err e = csv_parse("p.csv", span_str(text), &csv, f);

	if (e == ERR_NONE)
		e = import_rows(mapping, layout, &csv, out, f);
	*n = csv.n;
	rows_free(&csv);
	return e;
}

static void
makes_records(void)
{
	struct imported *r = NULL;
	struct fault f = {0};
	struct arena a = {0};
	struct record m;
	struct day day;
	size_t n;

	open_pension();
	SUITE_ERR(
	    import(HEADER ROW("P-1", "780900") ROW("P-2", "0"), &r, &n, &f),
	    ERR_NONE);
	CU_ASSERT_EQUAL_FATAL(n, 2);
	CU_ASSERT_STRING_EQUAL(r[0].person, "P-1");
	CU_ASSERT_TRUE(r[0].non_disclosure);
	CU_ASSERT_FALSE(r[0].no_auto_answer);
	day_parse("2026-06-01", &day);
	CU_ASSERT_EQUAL(r[0].as_of_ms, day_start_ms(day) + 34200000);
	SUITE_ERR(record_decode(buf_span(&r[0].body), &a, &m), ERR_NONE);
	CU_ASSERT_FALSE(m.official);
	CU_ASSERT_EQUAL_FATAL(m.n_items, 9);
	CU_ASSERT_STRING_EQUAL(m.items[6].name, "年金額（年額）");
	CU_ASSERT_STRING_EQUAL(m.items[6].content, "780900");
	CU_ASSERT_STRING_EQUAL(m.items[5].empty_reason, "not-applicable");
	CU_ASSERT_STRING_EQUAL(m.items[7].empty_reason, "not-held");
	arena_wipe_free(&a);
	imported_free(r, n);
	close_pension();
}

static void
refused_at(const char *text, unsigned line, const char *column)
{
	struct imported *r = NULL;
	struct fault f = {0};
	size_t n;

	SUITE_ERR(import(text, &r, &n, &f), ERR_LINE);
	CU_ASSERT_PTR_NULL(r);
	CU_ASSERT_EQUAL(f.line, line);
	CU_ASSERT_PTR_NOT_NULL(strstr(f.what, column));
}

static void
refuses_all_for_one_row(void)
{
	open_pension();
	refused_at(HEADER ROW("P-1", "1") ROW("P-2", "x"), 3, "年金額");
	refused_at(HEADER ROW("P-1", ""), 2, "年金額");
	refused_at(HEADER ROW("", "1"), 2, "宛名番号");
	refused_at(HEADER ROW("P-1", "123456789012"), 2, "年金額");
	refused_at(HEADER ROW("P-1", "1") ROW("P-1", "2"), 3, "same person");
	close_pension();
}

static void
never_quotes_a_cell(void)
{
	struct imported *r = NULL;
	struct fault f = {0};
	size_t n;

	open_pension();
	SUITE_ERR(
	    import(HEADER ROW("123456789012", "1"), &r, &n, &f), ERR_LINE);
	CU_ASSERT_PTR_NULL(strstr(f.what, "123456789012"));
	close_pension();
}

static void
refuses_unknown_columns(void)
{
	struct imported *r = NULL;
	struct fault f = {0};
	size_t n;

	open_pension();
	SUITE_ERR(import("宛名番号,何か\r\nP-1,1\r\n", &r, &n, &f), ERR_LINE);
	close_pension();
}

static enum err
map(const char *text, struct fault *f)
{
	const char *build = getenv("BUILD");
	char path[300];
	struct mapping *m;
	enum err e;

	snprintf(path, sizeof(path), "%s/test_mapping.tsv",
	    build != NULL ? build : "build");
	file_write(path, span_str(text), 0600);
	e = mapping_open(path, layout, &m, f);
	mapping_free(m);
	return e;
}

static void
refuses_bad_mappings(void)
{
	struct fault f = {0};

	open_pension();
	SUITE_ERR(map("column\ttarget\tempty\nx\t0099000001\trefuse\n", &f),
	    ERR_LINE);
	SUITE_ERR(map("column\ttarget\tempty\nx\t0021000001\trefuse\n", &f),
	    ERR_LINE);
	SUITE_ERR(
	    map("column\ttarget\tempty\nx\tperson\tperhaps\n", &f), ERR_LINE);
	SUITE_ERR(map("column\ttarget\tempty\nx\t0021000002\trefuse\n", &f),
	    ERR_LINE);
	close_pension();
}

static const struct suite_case cases[] = {
    {"makes a record of every row, with why an item is empty", makes_records},
    {"refuses the whole file for one bad row, and names line and column",
	refuses_all_for_one_row},
    {"never quotes what a cell held", never_quotes_a_cell},
    {"refuses columns the mapping does not know", refuses_unknown_columns},
    {"refuses a mapping to headings, unknown items or without a person",
	refuses_bad_mappings},
};
SUITE("import", cases)

/* lib/tsv.h, lib/csv.h, lib/rows.h: tables from text files. */
#include <stdlib.h>
#include <string.h>

#include "lib/csv.h"
#include "lib/tsv.h"
#include "tests/unit/suite.h"

typedef enum err parser(
    const char *name, struct span bytes, struct rows *out, struct fault *f);

/* Refused with ERR_LINE at this line; nothing is left behind. */
static void
bad(parser *parse, struct span bytes, unsigned line)
{
	struct rows r;
	struct fault f = {0};

	SUITE_ERR(parse("t", bytes, &r, &f), ERR_LINE);
	CU_ASSERT_EQUAL(f.line, line);
	CU_ASSERT_PTR_NULL(r.text);
	CU_ASSERT_EQUAL(r.n, 0);
}

static struct rows
good(parser *parse, const char *text)
{
	struct rows r;
	struct fault f = {0};

	SUITE_ERR(parse("t", span_str(text), &r, &f), ERR_NONE);
	return r;
}

static void
tsv_good(void)
{
	struct rows r = good(
	    tsv_parse, "# version 3\n# more\ncode\tname\n1\t地方税\n#2\t\n");

	CU_ASSERT_EQUAL(r.n_columns, 2);
	CU_ASSERT_EQUAL_FATAL(r.n, 2);
	CU_ASSERT_STRING_EQUAL(rows_cell(&r, 0, 1), "地方税");
	CU_ASSERT_STRING_EQUAL(rows_cell(&r, 1, 0), "#2");
	CU_ASSERT_STRING_EQUAL(rows_cell(&r, 1, 1), "");
	CU_ASSERT_EQUAL(r.line[1], 5);
	rows_free(&r);
	r = good(tsv_parse, "only\n");
	CU_ASSERT_EQUAL(r.n, 0);
	rows_free(&r);
}

static void
tsv_bad(void)
{
	bad(tsv_parse, span_str(""), 1);
	bad(tsv_parse, span_str("# only a comment\n"), 1);
	bad(tsv_parse, span_str("a\tb\n1\n"), 2);
	bad(tsv_parse, span_str("a\tb\n1\t2\t3\n"), 2);
	bad(tsv_parse, span_str("a\tb\n1\t2\n\n"), 3);
	bad(tsv_parse, span_str("a\tb\n1\t2"), 2);
	bad(tsv_parse, span_str("a\tb\r\n1\t2\r\n"), 1);
	bad(tsv_parse, span_of("a\tb\n1\t\0\n", 8), 2);
	bad(tsv_parse, span_str("a\tb\n1\t\xff\n"), 2);
}

static void
tsv_versions(void)
{
	uint64_t v = 0;

	SUITE_ERR(tsv_version(span_str("# version 12\nx\n"), &v), ERR_NONE);
	CU_ASSERT_EQUAL(v, 12);
	SUITE_ERR(tsv_version(span_str("# version 12"), &v), ERR_MALFORMED);
	SUITE_ERR(tsv_version(span_str("# version \n"), &v), ERR_MALFORMED);
	SUITE_ERR(tsv_version(span_str("# version 1x\n"), &v), ERR_MALFORMED);
	SUITE_ERR(tsv_version(span_str("# version -1\n"), &v), ERR_MALFORMED);
	SUITE_ERR(tsv_version(span_str("# version 99999999999999999999\n"), &v),
	    ERR_MALFORMED);
	SUITE_ERR(tsv_version(span_str("x\n"), &v), ERR_MALFORMED);
	SUITE_ERR(tsv_version(span_of(NULL, 0), &v), ERR_MALFORMED);
}

static void
csv_good(void)
{
	struct rows r =
	    good(csv_parse, "\xef\xbb\xbf"
			    "a,\"b\"\r\n1,\"x, \"\"y\"\"\nz\"\r\n,\n\"\",last");

	CU_ASSERT_STRING_EQUAL(r.cell[0], "a");
	CU_ASSERT_STRING_EQUAL(r.cell[1], "b");
	CU_ASSERT_EQUAL_FATAL(r.n, 3);
	CU_ASSERT_STRING_EQUAL(rows_cell(&r, 0, 1), "x, \"y\"\nz");
	CU_ASSERT_STRING_EQUAL(rows_cell(&r, 1, 0), "");
	CU_ASSERT_STRING_EQUAL(rows_cell(&r, 2, 1), "last");
	CU_ASSERT_EQUAL(r.line[0], 2);
	CU_ASSERT_EQUAL(r.line[1], 4);
	rows_free(&r);
}

static void
csv_bad(void)
{
	bad(csv_parse, span_str(""), 1);
	bad(csv_parse, span_str("a,b\n1\n"), 2);
	bad(csv_parse, span_str("a,b\n1,2,3\n"), 2);
	bad(csv_parse, span_str("a,b\n1,x\"y\"\n"), 2);
	bad(csv_parse, span_str("a,b\n1,\"y\"x\n"), 2);
	bad(csv_parse, span_str("a,b\n1,\"y\n\n"), 2);
	bad(csv_parse, span_str("a,b\r1,2\r"), 1);
	bad(csv_parse, span_of("a,b\n\0,2\n", 8), 2);
	bad(csv_parse, span_str("a,b\n1,\"\xc0\xaf\"\n"), 2);
}

static void
csv_writing(void)
{
	struct buf b = {0};

	csv_cell(&b, "plain");
	csv_cell(&b, "a,\"b\"\n");
	csv_cell(&b, "");
	CU_ASSERT(span_equal(buf_span(&b), span_str("plain\"a,\"\"b\"\"\n\"")));
	buf_free(&b);
}

static void
columns(void)
{
	struct rows r = good(tsv_parse, "b\ta\tc\tc\n1\t2\t3\t4\n");
	static const char *const ab[] = {"a", "b"}, *const c[] = {"c"},
				 *const d[] = {"d"};
	size_t at[2];
	struct fault f;
	char text[500];

	SUITE_ERR(rows_columns(&r, ab, 2, true, at, &f), ERR_NONE);
	CU_ASSERT_EQUAL(at[0], 1);
	CU_ASSERT_EQUAL(at[1], 0);
	SUITE_ERR(rows_columns(&r, ab, 2, false, at, &f), ERR_LINE);
	SUITE_ERR(rows_columns(&r, c, 1, true, at, &f), ERR_LINE);
	SUITE_ERR(rows_columns(&r, d, 1, true, at, &f), ERR_LINE);
	CU_ASSERT_STRING_EQUAL(
	    fault_text(&f, text, sizeof(text)), "t:1: no column \"d\"");
	SUITE_ERR(
	    rows_fault(&r, 0, ERR_DUPLICATE, &f, "%s", "again"), ERR_DUPLICATE);
	CU_ASSERT_STRING_EQUAL(
	    fault_text(&f, text, sizeof(text)), "t:2: again");
	rows_free(&r);
}

static void
no_files(void)
{
	struct rows r;
	struct fault f;

	SUITE_ERR(tsv_read("no/such.tsv", &r, &f), ERR_FILE);
	SUITE_ERR(csv_read("no/such.csv", &r, &f), ERR_FILE);
	CU_ASSERT_STRING_EQUAL(f.what, "No such file or directory");
	rows_free(&r);
}

static const struct suite_case cases[] = {
    {"reads tab-separated tables with comments before", tsv_good},
    {"refuses broken tab-separated lines with their number", tsv_bad},
    {"reads the version a signed file begins with", tsv_versions},
    {"reads RFC 4180 with quotes, line breaks and a BOM", csv_good},
    {"refuses broken comma-separated lines with their number", csv_bad},
    {"writes cells that read back", csv_writing},
    {"finds columns by name, and refuses unknown ones", columns},
    {"says why a file cannot be read", no_files},
};

SUITE("rows", cases)

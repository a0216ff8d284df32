/* The policy's files: packed, sealed, parsed whole or refused whole. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policy/blob.h"
#include "policy/policy.h"
#include "policy/query.h"
#include "tests/unit/suite.h"

static const char *
policy_dir(void)
{
	const char *dir = getenv("RENKEI_POLICY");

	return dir != NULL ? dir : "policy";
}

static void
pack(struct buf *blob)
{
	struct buf why = {0};

	SUITE_ERR(policy_pack(policy_dir(), blob, &why), ERR_NONE);
	CU_ASSERT_EQUAL(why.n, 0);
	buf_free(&why);
}

/* One edit of one file: the first `find` in it becomes `put`. */
struct edit {
	const char *file, *find, *put;
	const char *told; /* a part of what is said about it */
};

/* Copy a blob with one edit made. */
static bool
edited(struct span blob, const struct edit *e, struct buf *out)
{
	struct span file;
	size_t head, at;
	const uint8_t *hit;

	if (!blob_find(blob, e->file, &file))
		return false;
	hit = memmem(file.p, file.n, e->find, strlen(e->find));
	if (hit == NULL)
		return false;
	head = (size_t)(file.p - blob.p);
	at = (size_t)(hit - file.p);
	buf_add(out, blob.p, head - 8);
	buf_add_u64(out, file.n - strlen(e->find) + strlen(e->put));
	buf_add(out, file.p, at);
	buf_add(out, e->put, strlen(e->put));
	buf_add(out, hit + strlen(e->find), file.n - at - strlen(e->find));
	buf_add(out, file.p + file.n, blob.n - head - file.n);
	return true;
}

#define TABLE "order_table.tsv"
#define MOJ "\t法務大臣\t戸籍関係情報\t2024-05-27\t\n"

static const struct edit edits[] = {
    {"manifest.tsv", "version\t1", "version\t0", "manifest.tsv:1: no version"},
    {TABLE, "row\tinquirer", "row\tasker", ":1: the columns are not"},
    {TABLE, MOJ, "\t法務大臣\t戸籍関係情報\t2024-05-32\t\n",
	TABLE ":2: no such day: 2024-05-32"},
    {TABLE, MOJ, "\t法務大臣\t戸籍関係情報\t2024-05-27\t2024-05-27\n",
	"ends (2024-05-27) before it begins"},
    {TABLE, MOJ, "\t法務大臣\t戸籍関係情報\t2024-05-26\t\n",
	"outside the days of its law"},
    {TABLE, MOJ, "\t法務大臣\t\t2024-05-27\t\n", "data_names.tsv lacks"},
    {TABLE, MOJ, "\t法務大臣\t戸籍関係情報\t2024-05-27\n",
	TABLE ":2: 6 cells, not 7"},
    {TABLE, MOJ, "\t法務大臣\t戸籍関係情報\t2024-05-27\t\r\n",
	"holds a carriage return"},
    {TABLE, "厚生労働大臣", "\xe5\x8e", "is not UTF-8"},
    {TABLE, "\n1\t厚生", "\n1x\t厚生", TABLE ":2: no row: 1x"},
    {TABLE, "\n1\t厚生",
	"\n48\t市町村長\tx\t法務大臣\t戸籍関係情報"
	"\t2024-05-27\t\n48\t市町村長\tx\t法務大臣\t"
	"戸籍関係情報\t2024-06-01\t\n1\t厚生",
	TABLE ":3: says on the same days what line 2 says"},
    {"act_appended_table_2.tsv", "\t2024-05-27\n", "\t2024-05-28\n",
	"act_appended_table_2.tsv:2: outside the days of its law"},
    {"local_governments.tsv", "010006", "010007", "wrong check digit: 010007"},
    {"local_governments.tsv", "020001", "010006", "the code is used before"},
    {"local_governments.tsv", "\tprefecture\t北海道", "\tstate\t北海道",
	"no such kind: state"},
    {"bodies.tsv", "\nnenkin", "\nNenkin", "no code of a body: Nenkin"},
    {"classes.tsv", "\tlist\t", "\tsome\t", "no such state: some"},
    {"classes.tsv", "kind:municipality", "kind:village",
	"the rule takes nobody in: kind:village"},
    {"members.tsv", "kenpo\tx-kenpo-1", "kenpo\tkyokai",
	"kyokai is real, kenpo has stand-ins only"},
    {"members.tsv", "kenpo\tx-kenpo-1", "chiji\tx-kenpo-1",
	"x-kenpo-1 is a stand-in, chiji has none"},
    {"members.tsv", "kenpo\tx-kenpo-1", "kenpo\tx-kenpo-2",
	"overlaps an earlier line"},
    {"members.tsv", "kenpo\tx-kenpo-1", "koei-jutaku\tx-kenpo-1",
	"designations are for open classes only"},
    {"designations.tsv", "citation\n",
	"citation\nkenpo\tx-kenpo-1\t2025-01-01\t\t何\n",
	"designations are for open classes only"},
    {"designations.tsv", "citation\n",
	"citation\nkoei-jutaku\t141003\t2025-01-01\t\t\n",
	"a member without a citation"},
    {"cells.tsv", "\tresolved\tmhlw", "\topen\tmhlw",
	"its classes make it resolved, not open"},
    {"cells.tsv", "\tresolved\tmhlw", "\tresolved\tmhlx",
	"no such class: mhlx"},
    {"delegations.tsv", "73\tmhlw\tnenkin", "999\tmhlw\tnenkin",
	"no such row or body"},
    {"delegations.tsv", "73\tmhlw\tnenkin", "48\tmhlw\tnenkin",
	"the row is not the delegator's on 2024-05-27"},
    {"data_names.tsv", "戸籍関係情報\t", "戸籍関係情報\t何",
	"not a data name of its own"},
    {"procedures.tsv", "p2.002\t", "p2.001\t", "not a code of its own"},
    {"procedures.tsv", "保険給付の支給に関する事務", "無い事務",
	"no line has its words"},
    {"procedure_renames.tsv", "\tprocedure\twhy\n",
	"\tprocedure\twhy\np2.001\t2025-01-01\t何\t\n",
	"a change of text without a reason"},
    {"phrases_a.tsv", "\t戸籍関係情報\n", "\t無い情報\n",
	"no such data: 無い情報"},
    {"ordinance.tsv", "o141003-1\t141003", "o131016-9\t141003",
	"not a task of this body: o131016-9"},
    {"ordinance.tsv", "o141003-1\t141003", "o141003-1\tnenkin",
	"no body with ordinances: nenkin"},
    {"ordinance.tsv", "\t13\t地方税関係情報", "\t13\t年金給付関係情報",
	"row 13 does not have this data"},
    {"ordinance.tsv", "\t13\t", "\t999\t", "no such row: 999"},
    {"ordinance_declines.tsv", "\t*\t", "\t48\t", "no ordinance's task: 48"},
    {"pia.tsv", "\tpublished\t", "\tmaybe\t", "no such state: maybe"},
    {"pia.tsv", "\nnenkin\t", "\n141003\t", "two states of 141003"},
    {"suspensions.tsv", "reason\n", "reason\n*\t*\t*\t2025-01-01\t\t何\n",
	"names no body, row or data"},
    {"suspensions.tsv", "reason\n", "reason\nnenkin\t*\t*\t2025-01-01\t\t\n",
	"a suspension without a reason"},
};

static void
refused_with(struct span blob, const struct edit *e)
{
	struct buf other = {0}, why = {0};
	struct policy *p = NULL;

	CU_ASSERT_FATAL(edited(blob, e, &other));
	SUITE_ERR(policy_parse(buf_span(&other), &p, &why), ERR_LINE);
	CU_ASSERT_PTR_NULL(p);
	if (memmem(why.p, why.n, e->told, strlen(e->told)) == NULL) {
		fprintf(stderr, "wanted \"%s\", told:\n%.*s\n", e->told,
		    (int)why.n, (char *)why.p);
		CU_FAIL("the fault was told in other words");
	}
	policy_free(p);
	buf_free(&other);
	buf_free(&why);
}

static void
refuses_each_fault_with_its_line(void)
{
	struct buf blob = {0};

	pack(&blob);
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++)
		refused_with(buf_span(&blob), &edits[i]);
	buf_free(&blob);
}

static void
tells_all_faults_at_once(void)
{
	static const struct edit two[] = {
	    {"pia.tsv", "\tpublished\t", "\tmaybe\t", ""},
	    {"cells.tsv", "\tresolved\tmhlw", "\topen\tmhlw", ""}};
	struct buf blob = {0}, one = {0}, both = {0}, why = {0};
	struct policy *p;

	pack(&blob);
	CU_ASSERT_FATAL(edited(buf_span(&blob), &two[0], &one));
	CU_ASSERT_FATAL(edited(buf_span(&one), &two[1], &both));
	SUITE_ERR(policy_parse(buf_span(&both), &p, &why), ERR_LINE);
	CU_ASSERT_PTR_NOT_NULL(memmem(why.p, why.n, "pia.tsv:2:", 10));
	CU_ASSERT_PTR_NOT_NULL(memmem(why.p, why.n, "cells.tsv:2:", 12));
	buf_free(&blob);
	buf_free(&one);
	buf_free(&both);
	buf_free(&why);
}

static void
refuses_a_blob_cut_short(void)
{
	struct buf blob = {0}, why = {0};
	struct policy *p;

	pack(&blob);
	SUITE_ERR(
	    policy_parse(span_of(blob.p, blob.n - 1), &p, &why), ERR_MALFORMED);
	SUITE_ERR(policy_parse(span_of(blob.p, 3), &p, &why), ERR_MALFORMED);
	SUITE_ERR(policy_parse(span_of(NULL, 0), &p, &why), ERR_MALFORMED);
	buf_free(&blob);
	buf_free(&why);
}

static void
refuses_a_folder_without_manifest(void)
{
	struct buf blob = {0}, why = {0};

	SUITE_ERR(policy_pack("tests/unit", &blob, &why), ERR_FILE);
	CU_ASSERT_EQUAL(blob.n, 0);
	CU_ASSERT_PTR_NOT_NULL(memmem(why.p, why.n, "manifest.tsv:0:", 15));
	buf_free(&blob);
	buf_free(&why);
}

static void
hands_a_sealed_memfd_over(void)
{
	struct buf blob = {0}, why = {0};
	struct policy *p = NULL, *q = NULL;
	int fd;

	pack(&blob);
	fd = policy_memfd(buf_span(&blob));
	CU_ASSERT_FATAL(fd >= 0);
	CU_ASSERT_EQUAL(write(fd, "x", 1), -1);
	CU_ASSERT_EQUAL(ftruncate(fd, 0), -1);
	SUITE_ERR(policy_map(fd, &p, &why), ERR_NONE);
	SUITE_ERR(policy_open(policy_dir(), &q, &why), ERR_NONE);
	CU_ASSERT_FATAL(p != NULL && q != NULL);
	SUITE_BYTES(policy_hash(p), policy_hash(q), POLICY_HASH_LEN);
	CU_ASSERT_EQUAL(policy_version(p), policy_version(q));
	close(fd);
	policy_free(p);
	policy_free(q);
	buf_free(&blob);
	buf_free(&why);
}

static void
refuses_a_file_that_is_not_sealed(void)
{
	struct buf why = {0};
	struct policy *p;
	int fd = open("policy/manifest.tsv", O_RDONLY);

	SUITE_ERR(policy_map(fd, &p, &why), ERR_FILE);
	close(fd);
	buf_free(&why);
}

static void
hashes_every_byte(void)
{
	static const struct edit name = {
	    "local_governments.tsv", "ほっかいどう", "ほっかいだう", ""};
	struct buf blob = {0}, other = {0}, why = {0};
	struct policy *p = NULL, *q = NULL;

	pack(&blob);
	CU_ASSERT_FATAL(edited(buf_span(&blob), &name, &other));
	SUITE_ERR(policy_parse(buf_span(&blob), &p, &why), ERR_NONE);
	SUITE_ERR(policy_parse(buf_span(&other), &q, &why), ERR_NONE);
	CU_ASSERT_FATAL(p != NULL && q != NULL);
	CU_ASSERT_NOT_EQUAL(
	    memcmp(policy_hash(p), policy_hash(q), POLICY_HASH_LEN), 0);
	policy_free(p);
	policy_free(q);
	buf_free(&blob);
	buf_free(&other);
	buf_free(&why);
}

/* Rows in force on a day, counted. */
static size_t
rows_on(const struct policy *p, const char *date)
{
	struct policy_row r;
	size_t n = 0;

	for (size_t i = 0; i < policy_rows(p); i++)
		n += policy_row(p, i, policy_day_parse(date), &r);
	return n;
}

static void
lists_the_rows_of_a_day(void)
{
	struct buf why = {0};
	struct policy *p = NULL;
	struct policy_coverage v;

	SUITE_ERR(policy_open(policy_dir(), &p, &why), ERR_NONE);
	CU_ASSERT_EQUAL(rows_on(p, "2024-04-23"), 0);
	CU_ASSERT_EQUAL(rows_on(p, "2024-04-24"), 600);
	CU_ASSERT_EQUAL(rows_on(p, "2024-05-26"), 600);
	CU_ASSERT_EQUAL(rows_on(p, "2024-05-27"), 612);
	CU_ASSERT_EQUAL(rows_on(p, "2026-06-14"), 716);
	policy_coverage(p, 20260614, &v);
	CU_ASSERT(v.rows_resolved * 10 >= v.rows * 9);
	CU_ASSERT(v.lines_mapped * 10 >= v.lines * 8);
	policy_free(p);
	buf_free(&why);
}

static void
notes_what_has_no_effect(void)
{
	static const struct edit e = {"cells.tsv", "cell\tstate\tclasses\n",
	    "cell\tstate\tclasses\n無い機関\tresolved\tmhlw\n", ""};
	struct buf blob = {0}, other = {0}, why = {0};
	struct policy *p = NULL;
	struct span notes;

	pack(&blob);
	CU_ASSERT_FATAL(edited(buf_span(&blob), &e, &other));
	SUITE_ERR(policy_parse(buf_span(&other), &p, &why), ERR_NONE);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	notes = policy_notes(p);
	CU_ASSERT_PTR_NOT_NULL(memmem(notes.p, notes.n,
	    "cells.tsv:2: no table has the cell: 無い機関\n", 48));
	policy_free(p);
	buf_free(&blob);
	buf_free(&other);
	buf_free(&why);
}

static void
reads_days(void)
{
	CU_ASSERT_EQUAL(policy_day_parse("2024-02-29"), 20240229);
	CU_ASSERT_EQUAL(policy_day_parse("2023-02-29"), 0);
	CU_ASSERT_EQUAL(policy_day_parse("2024-6-1"), 0);
	CU_ASSERT_EQUAL(policy_day_parse("2024-06-31"), 0);
	CU_ASSERT_EQUAL(policy_day_parse("2024-06-01x"), 0);
	CU_ASSERT_EQUAL(policy_day_parse(""), 0);
	/* 2026-06-13T14:59:59.999Z is the last instant of the 13th in JST */
	CU_ASSERT_EQUAL(policy_day(UINT64_C(1781362799999)), 20260613);
	CU_ASSERT_EQUAL(policy_day(UINT64_C(1781362800000)), 20260614);
	CU_ASSERT_EQUAL(policy_day(0), 19700101);
}

static const struct suite_case cases[] = {
    {"refuses each fault of a file whole, with file and line",
	refuses_each_fault_with_its_line},
    {"tells all faults at once", tells_all_faults_at_once},
    {"refuses a blob cut short", refuses_a_blob_cut_short},
    {"refuses a folder without a manifest", refuses_a_folder_without_manifest},
    {"hands the policy over in a sealed memfd", hands_a_sealed_memfd_over},
    {"refuses a descriptor that is not sealed",
	refuses_a_file_that_is_not_sealed},
    {"hashes every byte of every file", hashes_every_byte},
    {"lists exactly the rows in force on a day", lists_the_rows_of_a_day},
    {"notes what a file says to no effect", notes_what_has_no_effect},
    {"reads legal days in Japan's time", reads_days},
};

SUITE("parse", cases)

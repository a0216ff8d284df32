/* What a new version says it changes: all of it, or it is refused. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/blob.h"
#include "policy/change.h"
#include "tests/unit/suite.h"

static struct policy *base;
static struct buf base_blob;

/* One edit of a file: the first `find` becomes `put`; "" appends. */
struct edit {
	const char *file, *find, *put;
};

static void
file_edit(const struct edit *e, struct span bytes, struct buf *out)
{
	size_t n = strlen(e->find);
	const uint8_t *hit =
	    n == 0 ? bytes.p + bytes.n : memmem(bytes.p, bytes.n, e->find, n);

	CU_ASSERT_PTR_NOT_NULL_FATAL(hit);
	buf_add(out, bytes.p, (size_t)(hit - bytes.p));
	buf_add(out, e->put, strlen(e->put));
	buf_add(out, hit + n, bytes.n - (size_t)(hit - bytes.p) - n);
}

/* The base under version 2 with an edit, and `changes` as a file of its own. */
static void
version_make(const struct edit *e, struct span changes, struct buf *blob)
{
	size_t at = sizeof(BLOB_MAGIC);

	buf_reset(blob);
	buf_add(blob, BLOB_MAGIC, sizeof(BLOB_MAGIC));
	while (at < base_blob.n) {
		char name[256] = "";
		struct buf file = {0}, more = {0};
		struct span bytes;

		memcpy(name, base_blob.p + at + 1, base_blob.p[at]);
		CU_ASSERT_FATAL(blob_find(buf_span(&base_blob), name, &bytes));
		at += 1u + strlen(name) + 8 + bytes.n;
		if (strcmp(name, "manifest.tsv") == 0)
			file_edit(
			    &(struct edit){"", "version\t1", "version\t2"},
			    bytes, &file);
		else
			buf_add(&file, bytes.p, bytes.n);
		if (strcmp(name, e->file) == 0)
			file_edit(e, buf_span(&file), &more);
		else
			buf_add(&more, file.p, file.n);
		buf_add_lp(blob, name);
		buf_add_u64(blob, more.n);
		buf_add(blob, more.p, more.n);
		buf_free(&file);
		buf_free(&more);
	}
	if (changes.p == NULL)
		return;
	buf_add_lp(blob, CHANGES_FILE);
	buf_add_u64(blob, changes.n);
	buf_add(blob, changes.p, changes.n);
}

static struct policy *
version_parse(struct span blob)
{
	struct policy *p = NULL;
	struct buf why = {0};

	SUITE_ERR(policy_parse(blob, &p, &why), ERR_NONE);
	if (why.n > 0)
		fprintf(stderr, "%.*s", (int)why.n, (char *)why.p);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	buf_free(&why);
	return p;
}

/* The true changes of an edit. */
static void
true_changes(const struct edit *e, struct buf *out)
{
	struct buf blob = {0};
	struct policy *p;

	version_make(e, (struct span){0}, &blob);
	p = version_parse(buf_span(&blob));
	policy_changes(base, p, out);
	policy_free(p);
	buf_free(&blob);
}

static bool
has(const struct buf *text, const char *part)
{
	if (memmem(text->p, text->n, part, strlen(part)) != NULL)
		return true;
	fprintf(stderr, "wanted %s in\n%.*s\n", part, (int)text->n,
	    (char *)text->p);
	return false;
}

/* What comes of an edit that declares `changes`. */
static enum err
check(const struct edit *e, struct span changes, struct buf *why)
{
	struct buf blob = {0};
	struct policy *p;
	enum err err;

	version_make(e, changes, &blob);
	p = version_parse(buf_span(&blob));
	err = policy_changes_check(base, p, buf_span(&blob), why);
	policy_free(p);
	buf_free(&blob);
	return err;
}

static const struct edit delegation = {
    "delegations.tsv", "", "1\tmhlw\tnenkin\t2027-01-01\t2028-01-01\t試験\n"};

static void
takes_what_was_declared(void)
{
	struct buf changes = {0}, why = {0};

	true_changes(&delegation, &changes);
	CU_ASSERT(has(&changes,
	    "\n+\tdelegation\t1\tmhlw\tnenkin\t\t\t2027-01-01\t2028-01-01\n"));
	SUITE_ERR(check(&delegation, buf_span(&changes), &why), ERR_NONE);
	CU_ASSERT_EQUAL(why.n, 0);
	buf_free(&changes);
	buf_free(&why);
}

static void
names_what_was_not(void)
{
	static const struct edit nothing = {"delegations.tsv", "", ""};
	struct buf changes = {0}, why = {0};

	true_changes(&nothing, &changes);
	SUITE_ERR(check(&delegation, buf_span(&changes), &why), ERR_LINE);
	CU_ASSERT(has(
	    &why, "changes.tsv:0: not declared: + delegation 1 mhlw nenkin"));
	buf_free(&changes);
	buf_free(&why);
}

static void
names_what_is_not_so(void)
{
	struct buf changes = {0}, why = {0};

	true_changes(&delegation, &changes);
	buf_printf(&changes, "-\tright\t1\tmhlw\tmoj\tx\t\t2027-01-01\t\n");
	SUITE_ERR(check(&delegation, buf_span(&changes), &why), ERR_LINE);
	CU_ASSERT(has(&why, "changes.tsv:4: declared, but not so: - right 1"));
	buf_free(&changes);
	buf_free(&why);
}

/* The dates are of what is declared, too. */
static void
compares_dates(void)
{
	static const struct edit longer = {
	    "delegations.tsv", "", "1\tmhlw\tnenkin\t2027-01-01\t\t試験\n"};
	struct buf changes = {0}, why = {0};

	true_changes(&delegation, &changes);
	SUITE_ERR(check(&longer, buf_span(&changes), &why), ERR_LINE);
	CU_ASSERT(has(&why, "not declared: + delegation 1 mhlw nenkin "
			    "2027-01-01\n"));
	buf_free(&changes);
	buf_free(&why);
}

static void
refuses_another_base(void)
{
	struct buf changes = {0}, why = {0};

	true_changes(&delegation, &changes);
	changes.p[strlen("base\t1\t")] ^= 1;
	SUITE_ERR(check(&delegation, buf_span(&changes), &why), ERR_LINE);
	CU_ASSERT(has(&why, "changes.tsv:1: not against the version in force"));
	buf_free(&changes);
	buf_free(&why);
}

static void
refuses_a_version_without_the_file(void)
{
	struct buf why = {0};

	SUITE_ERR(check(&delegation, (struct span){0}, &why), ERR_LINE);
	CU_ASSERT(has(&why, "the manifest does not name the file"));
	SUITE_ERR(check(&delegation, span_str(""), &why), ERR_LINE);
	CU_ASSERT(has(&why, "changes.tsv:1: "));
	buf_free(&why);
}

static void
refuses_a_version_not_above(void)
{
	struct buf why = {0};

	SUITE_ERR(policy_changes_check(base, base, buf_span(&base_blob), &why),
	    ERR_POLICY_VERSION);
	CU_ASSERT(has(&why, "manifest.tsv:1: version 1 is not above 1"));
	buf_free(&why);
}

static void
lets_no_renamed_body_inherit(void)
{
	static const struct edit renamed = {
	    "bodies.tsv", "kyokai\t全国健康保険協会", "kyokai\t架空保険機構"};
	struct buf changes = {0}, why = {0};

	true_changes(&renamed, &changes);
	SUITE_ERR(check(&renamed, buf_span(&changes), &why), ERR_LINE);
	CU_ASSERT(
	    has(&why, "bodies.tsv:0: kyokai was 全国健康保険協会 and would be "
		      "架空保険機構: a renamed body inherits no rights"));
	buf_free(&changes);
	buf_free(&why);
}

/* What opens or stops beside the rights has to be declared as well. */
static void
counts_assessments_and_declines(void)
{
	static const struct {
		struct edit edit;
		const char *line;
	} edits[] = {
	    {{"pia.tsv", "*\tnone\t", "*\tpublished\t"},
		"\n+\tpia\t271004\t*\tpublished\t"},
	    {{"suspensions.tsv", "", "nenkin\t73\t*\t2027-01-01\t\t試験\n"},
		"\n+\tsuspension\tnenkin\t73\t*\t"},
	    {{"ordinance_declines.tsv", "\n271004", "\n141003"},
		"\n-\tdecline\t271004\t"},
	};

	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		struct buf changes = {0}, why = {0};

		true_changes(&edits[i].edit, &changes);
		CU_ASSERT(has(&changes, edits[i].line));
		SUITE_ERR(
		    check(&edits[i].edit, buf_span(&changes), &why), ERR_NONE);
		buf_free(&changes);
		buf_free(&why);
	}
}

static const struct suite_case cases[] = {
    {"takes a version that declares what it changes", takes_what_was_declared},
    {"names what was not declared", names_what_was_not},
    {"names what was declared and is not so", names_what_is_not_so},
    {"compares the dates of a change", compares_dates},
    {"refuses changes against another version", refuses_another_base},
    {"refuses a version that declares nothing",
	refuses_a_version_without_the_file},
    {"refuses a version not above the one in force",
	refuses_a_version_not_above},
    {"lets no renamed body inherit rights", lets_no_renamed_body_inherit},
    {"counts assessments, suspensions and declines",
	counts_assessments_and_declines},
};

int
main(void)
{
	const char *dir = getenv("RENKEI_POLICY");
	struct buf why = {0};
	int status;

	if (policy_pack(dir != NULL ? dir : "policy", &base_blob, &why) !=
		ERR_NONE ||
	    policy_parse(buf_span(&base_blob), &base, &why) != ERR_NONE)
		return 1;
	status = suite_run("change", cases, sizeof(cases) / sizeof(cases[0]));
	policy_free(base);
	buf_free(&base_blob);
	return status;
}

/* Who gains and loses what: between days, and between versions. */
#include "policy/diff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/blob.h"
#include "policy/query.h"
#include "tests/unit/suite.h"

#define CARD "在留カード関係情報"

static struct policy *policy;
static struct buf blob;

/* What a comparison told, as "+ right 48 shichoson isa …" lines. */
struct told {
	struct buf text;
	size_t n[CHANGE_COUNT][2]; /* lost, gained */
};

static void
take(const struct policy_change *c, void *arg)
{
	struct told *t = arg;

	t->n[c->kind][c->sign == '+']++;
	buf_printf(&t->text, "%c %s", c->sign, policy_change_word(c->kind));
	for (int i = 0; i < POLICY_CHANGE_FIELDS; i++)
		if (*policy_change_label(c->kind, (unsigned)i) != '\0')
			buf_printf(&t->text, " %s", c->field[i]);
	buf_printf(&t->text, "\n");
}

static bool
told(const struct told *t, const char *line)
{
	return t->text.n > 0 &&
	       memmem(t->text.p, t->text.n, line, strlen(line)) != NULL;
}

static size_t
told_in_all(const struct told *t)
{
	size_t n = 0;

	for (int k = 0; k < CHANGE_COUNT; k++)
		n += t->n[k][0] + t->n[k][1];
	return n;
}

static void
tells_what_a_day_brought(void)
{
	struct told t = {.n = {{0}}};

	policy_diff(policy, 20260613, policy, 20260614, take, &t);
	CU_ASSERT(told(&t, "+ right 48 shichoson isa " CARD "\n"));
	CU_ASSERT(told(&t, "- right 55-3 mlit moj 戸籍関係情報\n"));
	CU_ASSERT_FALSE(told(&t, "- right 48 "));
	CU_ASSERT(told(&t, "+ procedure p48.031 " CARD "\n"));
	CU_ASSERT_EQUAL(t.n[CHANGE_MEMBER][0] + t.n[CHANGE_MEMBER][1], 0);
	buf_free(&t.text);
}

static void
keeps_wording_apart(void)
{
	struct told t = {.n = {{0}}};

	policy_diff(policy, 20250331, policy, 20250401, take, &t);
	CU_ASSERT_EQUAL(t.n[CHANGE_RIGHT][0] + t.n[CHANGE_RIGHT][1], 0);
	CU_ASSERT(t.n[CHANGE_WORDING][1] > 0);
	CU_ASSERT_EQUAL(t.n[CHANGE_WORDING][0], t.n[CHANGE_WORDING][1]);
	buf_free(&t.text);
}

static void
tells_nothing_where_nothing_changed(void)
{
	struct told t = {.n = {{0}}};

	policy_diff(policy, 20260614, policy, 20261123, take, &t);
	policy_diff(policy, 20240424, policy, 20240526, take, &t);
	CU_ASSERT_EQUAL(told_in_all(&t), 0);
	buf_free(&t.text);
}

static void
mirrors_gain_and_loss(void)
{
	struct told there = {.n = {{0}}}, back = {.n = {{0}}};

	policy_diff(policy, 20250727, policy, 20250728, take, &there);
	policy_diff(policy, 20250728, policy, 20250727, take, &back);
	for (int k = 0; k < CHANGE_COUNT; k++) {
		CU_ASSERT_EQUAL(there.n[k][0], back.n[k][1]);
		CU_ASSERT_EQUAL(there.n[k][1], back.n[k][0]);
	}
	buf_free(&there.text);
	buf_free(&back.text);
}

static void
compares_two_generations_without_rows(void)
{
	struct told t = {.n = {{0}}};

	policy_diff(policy, 20240526, policy, 20240527, take, &t);
	CU_ASSERT(t.n[CHANGE_RIGHT][0] > 0);
	CU_ASSERT(t.n[CHANGE_RIGHT][1] > 0);
	CU_ASSERT_EQUAL(
	    told_in_all(&t), t.n[CHANGE_RIGHT][0] + t.n[CHANGE_RIGHT][1]);
	/* some row lets a city ask the pension body on either day */
	CU_ASSERT_FALSE(told(&t, " shichoson nenkin 年金給付関係情報\n"));
	buf_free(&t.text);
}

/* The policy with one text of one file replaced. */
static struct policy *
edited(const char *file, const char *find, const char *put)
{
	struct span bytes;
	struct buf out = {0}, why = {0};
	struct policy *p = NULL;
	const uint8_t *hit;
	size_t head;

	CU_ASSERT_FATAL(blob_find(buf_span(&blob), file, &bytes));
	hit = memmem(bytes.p, bytes.n, find, strlen(find));
	CU_ASSERT_PTR_NOT_NULL_FATAL(hit);
	head = (size_t)(bytes.p - blob.p);
	buf_add(&out, blob.p, head - 8);
	buf_add_u64(&out, bytes.n - strlen(find) + strlen(put));
	buf_add(&out, bytes.p, (size_t)(hit - bytes.p));
	buf_add(&out, put, strlen(put));
	hit += strlen(find);
	buf_add(&out, hit, blob.n - (size_t)(hit - blob.p));
	if (policy_parse(buf_span(&out), &p, &why) != ERR_NONE)
		fprintf(stderr, "%.*s", (int)why.n, (char *)why.p);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	buf_free(&out);
	buf_free(&why);
	return p;
}

static void
edit_tells(
    const char *file, const char *find, const char *put, const char *line)
{
	struct policy *p = edited(file, find, put);
	struct told t = {.n = {{0}}};

	policy_diff(policy, 20261123, p, 20261123, take, &t);
	if (!told(&t, line)) {
		fprintf(stderr, "wanted %s told:\n%.*s", line, (int)t.text.n,
		    (char *)t.text.p);
		CU_FAIL("the change was not told");
	}
	buf_free(&t.text);
	policy_free(p);
}

#define FIRST "in_force_until\n1\t"

static void
names_a_pair_added_quietly(void)
{
	struct policy *p = edited("order_table.tsv", FIRST,
	    "in_force_until\n48\t市町村長\tx\t厚生労働大臣又は日本年金機構\t"
	    "年金給付関係情報\t2024-05-27\t\n1\t");
	struct told t = {.n = {{0}}};

	policy_diff(policy, 20261123, p, 20261123, take, &t);
	CU_ASSERT(told(&t, "+ right 48 shichoson nenkin 年金給付関係情報\n"));
	CU_ASSERT(told(&t, "+ right 48 shichoson mhlw 年金給付関係情報\n"));
	CU_ASSERT_EQUAL(t.n[CHANGE_RIGHT][0] + t.n[CHANGE_RIGHT][1], 2);
	buf_free(&t.text);
	policy_free(p);
}

static void
names_members_and_delegates_added_quietly(void)
{
	edit_tells("delegations.tsv", "\n58\t",
	    "\n1\tmhlw\tnenkin\t2024-05-27\t\t何\n58\t",
	    "+ delegation 1 mhlw nenkin\n");
	edit_tells("classes.tsv", "\tkind:prefecture\t",
	    "\tkind:prefecture body:nenkin\t", "+ member chiji nenkin\n");
	edit_tells("designations.tsv", "citation\n",
	    "citation\nkoei-jutaku\t141003\t2025-01-01\t\t条例\n",
	    "+ member koei-jutaku 141003\n");
	edit_tells("members.tsv", "x-kenpo-1\t2024-04-24\t\t",
	    "x-kenpo-1\t2024-04-24\t2026-01-01\t",
	    "- member kenpo x-kenpo-1\n");
}

static void
count_right(const struct policy_change *c, void *arg)
{
	size_t *n = arg;

	CU_ASSERT_EQUAL(c->kind, CHANGE_RIGHT);
	CU_ASSERT(policy_class_size(policy, c->field[1], 20260614) > 0);
	CU_ASSERT(policy_class_size(policy, c->field[2], 20260614) > 0);
	(*n)++;
}

static void
lists_rights_of_known_classes_only(void)
{
	size_t n = 0;

	policy_rights(policy, 20260614, count_right, &n);
	CU_ASSERT(n > 716);
}

static void
finds_what_a_body_may_ask(void)
{
	size_t asks = 0, for_another = 0, answers = 0;

	for (size_t i = 0; i < policy_rows(policy); i++) {
		struct policy_row r;
		const char *of;

		if (!policy_row(policy, i, 20261123, &r))
			continue;
		of = policy_row_asks(policy, i, "nenkin", 20261123);
		asks += of != NULL;
		for_another += of != NULL && strcmp(of, "mhlw") == 0;
		answers += policy_row_answers(policy, i, "nenkin", 20261123);
	}
	CU_ASSERT(asks > 0);
	CU_ASSERT_EQUAL(asks, for_another);
	CU_ASSERT(answers > 0);
}

static const struct suite_case cases[] = {
    {"tells what a day brought and took", tells_what_a_day_brought},
    {"keeps changes of wording apart from changes of right",
	keeps_wording_apart},
    {"tells nothing where nothing changed",
	tells_nothing_where_nothing_changed},
    {"mirrors gain and loss", mirrors_gain_and_loss},
    {"compares two generations of law without rows",
	compares_two_generations_without_rows},
    {"names a pair that a file adds quietly", names_a_pair_added_quietly},
    {"names members and delegates that a file adds or ends quietly",
	names_members_and_delegates_added_quietly},
    {"lists the rights of classes with members",
	lists_rights_of_known_classes_only},
    {"finds what a delegate may ask, and for whom", finds_what_a_body_may_ask},
};

int
main(void)
{
	const char *dir = getenv("RENKEI_POLICY");
	struct buf why = {0};
	int failed = 1;

	if (dir == NULL)
		dir = "policy";
	if (policy_pack(dir, &blob, &why) == ERR_NONE &&
	    policy_parse(buf_span(&blob), &policy, &why) == ERR_NONE)
		failed =
		    suite_run("diff", cases, sizeof(cases) / sizeof(cases[0]));
	else
		fprintf(stderr, "%.*s", (int)why.n, (char *)why.p);
	policy_free(policy);
	buf_free(&blob);
	buf_free(&why);
	return failed;
}

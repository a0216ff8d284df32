/* What the statute lets pass, and beside it what it does not. */
#include "policy/policy.h"

#include <stdlib.h>
#include <string.h>

#include "policy/diff.h"
#include "tests/unit/suite.h"

static struct policy *policy;

static const char *
policy_dir(void)
{
	const char *dir = getenv("RENKEI_POLICY");

	return dir != NULL ? dir : "policy";
}

#define TAX "地方税関係情報"
#define PENSION "年金給付関係情報"
#define RESIDENT "住民票関係情報"
#define HEALTH "医療保険給付関係情報"
#define CARD "在留カード関係情報"
#define OTHER_LAWS                                                                                   \
	"健康保険法第五十五条又は第百二十八条に規定する他の法令による" \
	"給付の支給に関する情報"

/* A question on one line: day, who, row, procedure, whom, what -> outcome. */
struct row {
	uint32_t day;
	const char *inquirer, *task, *procedure, *provider, *data;
	enum outcome want;
};

static const struct row questions[] = {
    /* the demo's four, at the table's grain and with their procedures */
    {20261123, "kyokai", "2", "", "nenkin", PENSION, OUTCOME_PERMITTED},
    {20261123, "kyokai", "2", "p2.011", "nenkin", PENSION, OUTCOME_PERMITTED},
    {20261123, "kyokai", "2", "", "141003", TAX, OUTCOME_PERMITTED},
    {20261123, "kyokai", "2", "p2.012", "141003", TAX, OUTCOME_PERMITTED},
    {20261123, "nenkin", "73", "", "141003", TAX, OUTCOME_PERMITTED},
    {20261123, "nenkin", "73", "p73.003", "141003", TAX, OUTCOME_PERMITTED},
    {20261123, "141003", "48", "", "kyokai", HEALTH, OUTCOME_PERMITTED},
    {20261123, "141003", "48", "p48.022", "kyokai", HEALTH, OUTCOME_PERMITTED},
    /* no such clause; another agency's task; another provider */
    {20261123, "141003", "48", "", "nenkin", PENSION, OUTCOME_NO_DATA},
    {20261123, "141003", "2", "", "nenkin", PENSION, OUTCOME_NOT_INQUIRER},
    {20261123, "kyokai", "48", "", "141003", TAX, OUTCOME_NOT_INQUIRER},
    {20261123, "kyokai", "2", "", "141003", PENSION, OUTCOME_NOT_PROVIDER},
    {20261123, "kyokai", "2", "", "nta", TAX, OUTCOME_NOT_PROVIDER},
    /* dates: the card from 14 June 2026; two generations of law */
    {20260613, "141003", "48", "", "isa", CARD, OUTCOME_NOT_YET},
    {20260614, "141003", "48", "", "isa", CARD, OUTCOME_PERMITTED},
    {20260613, "141003", "48", "p48.031", "isa", CARD, OUTCOME_NOT_YET},
    {20260614, "141003", "48", "p48.031", "isa", CARD, OUTCOME_PERMITTED},
    {20240423, "kyokai", "2", "", "141003", TAX, OUTCOME_NOT_YET},
    {20240526, "141003", "27", "", "141003", TAX, OUTCOME_PERMITTED},
    /* delegation: rows 58, 72, 73, 74 and no other row of the minister */
    {20261123, "nenkin", "58", "", "141003", TAX, OUTCOME_PERMITTED},
    {20261123, "nenkin", "72", "", "mhlw", "労働者災害補償関係情報",
	OUTCOME_PERMITTED},
    {20261123, "nenkin", "74", "", "mhlw", "失業等給付関係情報",
	OUTCOME_PERMITTED},
    {20261123, "nenkin", "1", "", "141003", TAX, OUTCOME_NOT_DELEGATED},
    {20261123, "nenkin", "91", "", "141003", TAX, OUTCOME_NOT_DELEGATED},
    {20261123, "mhlw", "73", "", "141003", TAX, OUTCOME_PERMITTED},
    {20261123, "mhlw", "1", "", "141003", TAX, OUTCOME_PERMITTED},
    /* the provider's cell names the pension body itself, or does not */
    {20261123, "kyokai", "2", "", "mhlw", PENSION, OUTCOME_PERMITTED},
    {20261123, "kyokai", "2", "", "nenkin", "失業等給付関係情報",
	OUTCOME_NOT_PROVIDER},
    {20261123, "kyokai", "2", "", "mhlw", "失業等給付関係情報",
	OUTCOME_PERMITTED},
    /* a cell that names whoever some law makes pay */
    {20261123, "kyokai", "2", "", "nenkin", OTHER_LAWS,
	OUTCOME_CELL_UNRESOLVED},
    /* procedures */
    {20261123, "kyokai", "2", "p48.022", "nenkin", PENSION, OUTCOME_OTHER_ROW},
    {20261123, "kyokai", "2", "p2.999", "nenkin", PENSION,
	OUTCOME_NO_PROCEDURE},
    {20261123, "kyokai", "2", "p2.012", "nenkin", PENSION,
	OUTCOME_PROCEDURE_DATA},
    {20260301, "kyokai", "2", "p2.022", "141003", TAX, OUTCOME_ENDED},
    {20260228, "kyokai", "2", "p2.022", "141003", TAX, OUTCOME_PERMITTED},
    {20240526, "141003", "27", "p48.002", "141003", TAX, OUTCOME_NO_PROCEDURE},
    /* ordinances' own tasks: their body, their data, their days */
    {20261123, "141003", "o141003-1", "", "131016", TAX, OUTCOME_PERMITTED},
    {20261123, "141003", "o141003-1", "o141003-1", "131016", TAX,
	OUTCOME_PERMITTED},
    {20261123, "141003", "o141003-1", "o141003-1", "kyokai", HEALTH,
	OUTCOME_PERMITTED},
    {20261123, "141003", "o141003-1", "p2.012", "131016", TAX,
	OUTCOME_OTHER_ROW},
    {20261123, "141003", "o141003-1", "p2.999", "131016", TAX,
	OUTCOME_NO_PROCEDURE},
    {20261123, "141003", "48", "o141003-1", "131016", TAX,
	OUTCOME_NO_PROCEDURE},
    {20261123, "141305", "o141003-1", "", "131016", TAX, OUTCOME_NOT_INQUIRER},
    {20261123, "141003", "o141003-1", "", "131016", RESIDENT, OUTCOME_NO_DATA},
    {20261123, "141003", "o141003-1", "", "271004", TAX, OUTCOME_DECLINED},
    {20261123, "141003", "48", "", "271004", TAX, OUTCOME_PERMITTED},
    {20250531, "141003", "o141003-1", "", "131016", TAX, OUTCOME_NOT_YET},
    {20260430, "131016", "o131016-1", "", "141003", TAX, OUTCOME_PERMITTED},
    {20260501, "131016", "o131016-1", "", "141003", TAX, OUTCOME_ENDED},
    /* nobody, and nothing, and no such row */
    {20261123, "nobody", "48", "", "141003", TAX, OUTCOME_UNKNOWN_BODY},
    {20261123, "141003", "48", "", "nobody", TAX, OUTCOME_UNKNOWN_BODY},
    {20261123, "141003", "999", "", "141003", TAX, OUTCOME_NO_ROW},
    {20261123, "141003", "48", "", "141003", "無い情報", OUTCOME_NO_DATA},
    /* classes: whoever runs a welfare office, special wards, no prefecture */
    {20261123, "131016", "48", "", "131024", TAX, OUTCOME_PERMITTED},
    {20261123, "130001", "48", "", "131024", TAX, OUTCOME_NOT_INQUIRER},
    {20261123, "131016", "42", "", "141003", TAX, OUTCOME_PERMITTED},
    {20261123, "130001", "42", "", "141003", TAX, OUTCOME_PERMITTED},
    {20261123, "013030", "42", "", "141003", TAX, OUTCOME_NOT_INQUIRER},
    {20261123, "x-choson-1", "42", "", "141003", TAX, OUTCOME_PERMITTED},
};

static enum outcome
ask(const struct row *r, struct policy_verdict *v)
{
	const struct policy_question q = {.inquirer = r->inquirer,
	    .inquirer_for = "",
	    .task = r->task,
	    .procedure = r->procedure,
	    .provider = r->provider,
	    .provider_for = "",
	    .data = &r->data,
	    .n_data = 1,
	    .day = r->day};

	return policy_decide(policy, &q, v);
}

static void
decides_as_the_statute_says(void)
{
	for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++) {
		const struct row *r = &questions[i];
		struct policy_verdict v;
		enum outcome o = ask(r, &v);

		CU_ASSERT_EQUAL(o, v.outcome);
		if (o == r->want)
			continue;
		fprintf(stderr, "%u %s %s %s %s %s: %s, want %s\n", r->day,
		    r->inquirer, r->task, r->procedure, r->provider, r->data,
		    outcome_code(o), outcome_code(r->want));
		CU_FAIL("another outcome");
	}
}

static void
cites_row_and_article(void)
{
	static const struct row r = {20261123, "141003", "48", "p48.022",
	    "kyokai", HEALTH, OUTCOME_PERMITTED};
	struct policy_verdict v;

	ask(&r, &v);
	CU_ASSERT_STRING_EQUAL(v.article,
	    "番号法第19条第8号、令和6年デジタル庁・総務省令第9号第2条の表の"
	    "48の項、第50条第23号イ");
	CU_ASSERT(strlen(v.article) <= 255);
	CU_ASSERT_STRING_EQUAL(v.procedure,
	    "地方税法第七百十七条の水利地益税等の減免に関する事務");
	CU_ASSERT_STRING_EQUAL(v.relation, "国民健康保険税の納税義務者");
	CU_ASSERT_EQUAL(v.since, 20240527);
	CU_ASSERT_EQUAL(v.until, 0);
}

static void
cites_an_ordinance(void)
{
	static const struct row r = {20261123, "141003", "o141003-1",
	    "o141003-1", "131016", TAX, OUTCOME_PERMITTED};
	struct policy_verdict v;

	ask(&r, &v);
	CU_ASSERT_STRING_EQUAL(v.article,
	    "番号法第19条第9号、横浜市小児の医療費助成に関する条例"
	    "（模擬の登録）（13の項に準ずる事務）");
	CU_ASSERT_EQUAL(v.since, 20250601);
}

static void
shows_a_delegate_as_one(void)
{
	static const struct row r = {
	    20261123, "nenkin", "73", "", "141003", TAX, OUTCOME_PERMITTED};
	struct policy_verdict v;

	ask(&r, &v);
	CU_ASSERT_STRING_EQUAL(v.inquirer_for, "mhlw");
	CU_ASSERT_PTR_NOT_NULL(strstr(v.delegation, "第109条の4"));
}

static enum outcome
ask_for(const char *task, const char *inquirer_for, const char *provider_for)
{
	static const char *const data[] = {TAX};
	struct policy_verdict v;
	const struct policy_question q = {.inquirer = "nenkin",
	    .inquirer_for = inquirer_for,
	    .task = task,
	    .procedure = "",
	    .provider = "141003",
	    .provider_for = provider_for,
	    .data = data,
	    .n_data = 1,
	    .day = 20261123};

	return policy_decide(policy, &q, &v);
}

static void
refuses_a_delegator_that_did_not_delegate(void)
{
	CU_ASSERT_EQUAL(ask_for("73", "mhlw", ""), OUTCOME_PERMITTED);
	CU_ASSERT_EQUAL(ask_for("73", "nta", ""), OUTCOME_NOT_DELEGATED);
	CU_ASSERT_EQUAL(ask_for("1", "mhlw", ""), OUTCOME_NOT_DELEGATED);
	CU_ASSERT_EQUAL(ask_for("73", "nobody", ""), OUTCOME_UNKNOWN_BODY);
	CU_ASSERT_EQUAL(ask_for("73", "", "mhlw"), OUTCOME_NOT_DELEGATED);
}

static void
wants_every_data_name_covered(void)
{
	static const char *const data[] = {TAX, PENSION, HEALTH};
	struct policy_question q = {.inquirer = "kyokai",
	    .inquirer_for = "",
	    .task = "2",
	    .procedure = "",
	    .provider = "141003",
	    .provider_for = "",
	    .data = data,
	    .n_data = 2,
	    .day = 20261123};
	struct policy_verdict v;

	CU_ASSERT_EQUAL(policy_decide(policy, &q, &v), OUTCOME_NOT_PROVIDER);
	CU_ASSERT_EQUAL(v.at, 1);
	q.n_data = 0;
	CU_ASSERT_EQUAL(policy_decide(policy, &q, &v), OUTCOME_BAD_QUESTION);
	q.n_data = POLICY_DATA_MAX + 1;
	CU_ASSERT_EQUAL(policy_decide(policy, &q, &v), OUTCOME_BAD_QUESTION);
	q.n_data = 1;
	CU_ASSERT_EQUAL(policy_decide(policy, &q, &v), OUTCOME_PERMITTED);
}

static void
keeps_pia_apart(void)
{
	CU_ASSERT_EQUAL(
	    policy_pia(policy, "141003", "48", 20261123), PIA_PUBLISHED);
	CU_ASSERT_EQUAL(
	    policy_pia(policy, "nenkin", "73", 20261123), PIA_PUBLISHED);
	CU_ASSERT_EQUAL(
	    policy_pia(policy, "kyokai", "2", 20261123), PIA_PUBLISHED);
	CU_ASSERT_EQUAL(policy_pia(policy, "271004", "48", 20261123), PIA_NONE);
	CU_ASSERT_EQUAL(policy_pia(policy, "011002", "48", 20261123), PIA_NONE);
	CU_ASSERT_EQUAL(policy_pia(policy, "141003", "48", 20240423), PIA_NONE);
	CU_ASSERT_EQUAL(
	    policy_pia(policy, "141003", "999", 20261123), PIA_NONE);
	CU_ASSERT_EQUAL(policy_pia(policy, "nobody", "48", 20261123), PIA_NONE);
}

static enum err
found(const char *text, const char *code)
{
	const struct policy_body *b;
	enum err e = policy_body_find(policy, text, &b);

	if (e == ERR_NONE) {
		CU_ASSERT_STRING_EQUAL(b->code, code);
	} else {
		CU_ASSERT_PTR_NULL(b);
	}
	return e;
}

static void
finds_bodies_by_code_and_name(void)
{
	SUITE_ERR(found("141003", "141003"), ERR_NONE);
	SUITE_ERR(found("横浜市", "141003"), ERR_NONE);
	SUITE_ERR(found("横浜市長", "141003"), ERR_NONE);
	SUITE_ERR(found("神奈川県横浜市", "141003"), ERR_NONE);
	SUITE_ERR(found("東京都", "130001"), ERR_NONE);
	SUITE_ERR(found("東京都知事", "130001"), ERR_NONE);
	SUITE_ERR(found("日本年金機構", "nenkin"), ERR_NONE);
	SUITE_ERR(found("横浜市教育委員会", "edu-141003"), ERR_NONE);
	SUITE_ERR(
	    found("神奈川県後期高齢者医療広域連合", "koiki-140007"), ERR_NONE);
	SUITE_ERR(found("東京都府中市", "132063"), ERR_NONE);
	SUITE_ERR(found("府中市", ""), ERR_AMBIGUOUS);
	SUITE_ERR(found("府中市長", ""), ERR_AMBIGUOUS);
	SUITE_ERR(found("府中市教育委員会", ""), ERR_AMBIGUOUS);
	SUITE_ERR(found("横浜", ""), ERR_NOT_FOUND);
	SUITE_ERR(found("横浜市知事", ""), ERR_NOT_FOUND);
	SUITE_ERR(found("東京都長", ""), ERR_NOT_FOUND);
	SUITE_ERR(found("", ""), ERR_NOT_FOUND);
}

static void
marks_stand_ins(void)
{
	static const struct row r = {
	    20261123, "x-choson-1", "42", "", "141003", TAX, OUTCOME_PERMITTED};
	struct policy_verdict v;

	ask(&r, &v);
	CU_ASSERT_TRUE(v.synthetic);
	CU_ASSERT_TRUE(policy_body(policy, "x-choson-1")->synthetic);
	CU_ASSERT_FALSE(policy_body(policy, "nenkin")->synthetic);
}

static void
tells_from_when_and_until_when(void)
{
	static const struct row later = {
	    20260613, "141003", "48", "", "isa", CARD, OUTCOME_NOT_YET};
	static const struct row ended = {
	    20260301, "kyokai", "2", "p2.022", "141003", TAX, OUTCOME_ENDED};
	static const struct row never = {20261123, "kyokai", "2", "p2.012",
	    "nenkin", PENSION, OUTCOME_PROCEDURE_DATA};
	struct policy_verdict v;

	ask(&later, &v);
	CU_ASSERT_EQUAL(v.since, 20260614);
	ask(&ended, &v);
	CU_ASSERT_EQUAL(v.until, 20260301);
	ask(&never, &v);
	CU_ASSERT_EQUAL(v.since, 0);
	CU_ASSERT_EQUAL(v.until, 0);
}

#define SUSPENDED "body\trow\tdata\tin_force_from\tin_force_until\treason\n"

static enum outcome
suspended_by(const char *line)
{
	static const struct row r = {20261123, "kyokai", "2", "p2.012",
	    "141003", TAX, OUTCOME_PERMITTED};
	struct buf file = {0}, why = {0};
	struct policy_verdict v;

	buf_printf(&file, "# version 2\n%s%s", SUSPENDED, line);
	SUITE_ERR(policy_suspend(policy, buf_span(&file), &why), ERR_NONE);
	ask(&r, &v);
	CU_ASSERT_STRING_EQUAL(
	    v.suspension, v.outcome == OUTCOME_SUSPENDED ? "事故の調査" : "");
	buf_free(&file);
	buf_free(&why);
	return v.outcome;
}

#define FROM "\t2026-11-23\t\t事故の調査\n"

static void
suspends_and_resumes(void)
{
	CU_ASSERT_EQUAL(suspended_by("141003\t*\t*" FROM), OUTCOME_SUSPENDED);
	CU_ASSERT_EQUAL(suspended_by("kyokai\t*\t*" FROM), OUTCOME_SUSPENDED);
	CU_ASSERT_EQUAL(suspended_by("*\t2\t*" FROM), OUTCOME_SUSPENDED);
	CU_ASSERT_EQUAL(
	    suspended_by("141003\t*\t" TAX FROM), OUTCOME_SUSPENDED);
	/* the data of another provider, another row, another day */
	CU_ASSERT_EQUAL(
	    suspended_by("kyokai\t*\t" TAX FROM), OUTCOME_PERMITTED);
	CU_ASSERT_EQUAL(suspended_by("*\t3\t*" FROM), OUTCOME_PERMITTED);
	CU_ASSERT_EQUAL(
	    suspended_by("141003\t*\t*\t2026-11-24\t\tx\n"), OUTCOME_PERMITTED);
	CU_ASSERT_EQUAL(suspended_by(""), OUTCOME_PERMITTED);
}

static void
keeps_suspensions_when_a_file_is_at_fault(void)
{
	static const char bad[] = SUSPENDED "141003\t*\t*\t2026-11-23\t\t\n";
	static const struct row r = {20261123, "kyokai", "2", "p2.012",
	    "141003", TAX, OUTCOME_PERMITTED};
	struct policy_verdict v;
	struct buf why = {0};

	CU_ASSERT_EQUAL(suspended_by("141003\t*\t*" FROM), OUTCOME_SUSPENDED);
	SUITE_ERR(policy_suspend(policy, span_str(bad), &why), ERR_LINE);
	CU_ASSERT_EQUAL(ask(&r, &v), OUTCOME_SUSPENDED);
	CU_ASSERT_EQUAL(suspended_by(""), OUTCOME_PERMITTED);
	buf_free(&why);
}

/* Seen: both kinds of boards were in both classes, their codes being alike. */
static void
keeps_boards_of_education_apart(void)
{
	static const struct {
		const char *class_code, *body;
		bool in;
	} v[] = {{"edu-ken", "edu-140007", true},
	    {"edu-ken", "edu-141003", false}, {"edu-shi", "edu-141003", true},
	    {"edu-shi", "edu-140007", false}, {"edu-shi", "141003", false},
	    {"koiki", "koiki-140007", true}, {"koiki", "140007", false}};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		CU_ASSERT_EQUAL(policy_class_has(policy, v[i].class_code,
				    v[i].body, 20261123),
		    v[i].in);
	CU_ASSERT_EQUAL(policy_class_size(policy, "edu-ken", 20261123), 47);
	CU_ASSERT_EQUAL(policy_class_size(policy, "edu-shi", 20261123), 1741);
	CU_ASSERT_EQUAL(policy_class_size(policy, "shichoson", 20261123), 1741);
	CU_ASSERT_EQUAL(policy_class_size(policy, "chiji", 20261123), 47);
}

static const struct suite_case cases[] = {
    {"keeps prefectures' boards of education from cities'",
	keeps_boards_of_education_apart},
    {"tells from when and until when", tells_from_when_and_until_when},
    {"suspends a body, a row, a provider's data, and resumes",
	suspends_and_resumes},
    {"keeps what was suspended when a file is at fault",
	keeps_suspensions_when_a_file_is_at_fault},
    {"decides as the statute says, refusals beside grants",
	decides_as_the_statute_says},
    {"cites the row and the article", cites_row_and_article},
    {"cites an ordinance, the Act, and the row it is like", cites_an_ordinance},
    {"shows a delegate as one", shows_a_delegate_as_one},
    {"refuses a delegator that did not delegate",
	refuses_a_delegator_that_did_not_delegate},
    {"wants every data name covered", wants_every_data_name_covered},
    {"keeps PIA apart from the table", keeps_pia_apart},
    {"finds bodies by code, by name, by prefecture and name",
	finds_bodies_by_code_and_name},
    {"marks stand-ins", marks_stand_ins},
};

int
main(void)
{
	struct buf why = {0};
	int failed;

	if (policy_open(policy_dir(), &policy, &why) != ERR_NONE) {
		fprintf(stderr, "%.*s", (int)why.n, (char *)why.p);
		buf_free(&why);
		return 1;
	}
	failed = suite_run("decide", cases, sizeof(cases) / sizeof(cases[0]));
	policy_free(policy);
	buf_free(&why);
	return failed;
}

/* renkei policy decide, renkei explain: is it lawful, and why. */
#include "agents/cli/control.h"
#include "agents/cli/policy.h"

#include <stdio.h>
#include <string.h>

#include "lib/bytes.h"
#include "policy/explain.h"

/* What was asked on the command line. */
struct ask {
	const char *dir, *control, *on, *inquirer, *inquirer_for, *task,
	    *provider, *procedure;
	struct cli_list data;
	bool json;
	struct policy *policy;
	struct policy_question q;
};

#define SYNOPSIS                                                  \
	"--inquirer BODY --task ROW --provider BODY --data NAME " \
	"[--procedure CODE] [--on DATE] [--json]"

static const char *
or_empty(const char *s)
{
	return s == NULL ? "" : s;
}

static bool
ask_options(struct ask *a, const char *synopsis, int argc, char **argv)
{
	const struct cli_option options[] = {
	    {"inquirer", NULL, &a->inquirer, NULL, "BODY",
		"who asks: code, exact name, or prefecture and name",
		"照会者（符号、正式名称、又は都道府県名＋名称）"},
	    {"for", NULL, &a->inquirer_for, NULL, "BODY",
		"whose task it carries out (the delegator)", "委任元"},
	    {"task", NULL, &a->task, NULL, "ROW", "the table's row", "表の項"},
	    {"provider", NULL, &a->provider, NULL, "BODY", "who is asked",
		"提供者"},
	    {"data", NULL, NULL, &a->data, "NAME", "the data, by its name",
		"特定個人情報の名称"},
	    {"procedure", NULL, &a->procedure, NULL, "CODE",
		"the procedure, by our code", "事務手続（本システムの符号）"},
	    {"on", NULL, &a->on, NULL, "DATE", "the legal day (default today)",
		"基準日（既定は今日）"},
	    {"policy", NULL, &a->dir, NULL, "DIR", "the policy's files",
		"政策ファイルの場所"},
	    {"control", NULL, &a->control, NULL, "SOCKET",
		"the running broker, whose law and suspensions to go by",
		"稼働中の連携基盤（現行の版と停止による）"},
	    {"json", &a->json, NULL, NULL, NULL, "JSON", "JSON で出力"},
	    {NULL, NULL, NULL, NULL, NULL, NULL, NULL}};
	int words;

	if (!cli_parse(options, synopsis, argc, argv, &words))
		return false;
	if (words == 0 && a->inquirer != NULL && a->task != NULL &&
	    a->provider != NULL && a->data.n > 0)
		return true;
	cli_fail(a->json, ERR_USAGE, synopsis);
	return false;
}

/* Turn the words of the command line into the question's codes. */
static bool
ask_resolve(struct ask *a, int *status)
{
	const struct policy_body *in, *out, *of = NULL;

	in = cli_policy_body(a->policy, a->inquirer, a->json, status);
	if (in == NULL)
		return false;
	out = cli_policy_body(a->policy, a->provider, a->json, status);
	if (out == NULL)
		return false;
	if (a->inquirer_for != NULL) {
		of = cli_policy_body(
		    a->policy, a->inquirer_for, a->json, status);
		if (of == NULL)
			return false;
	}
	for (size_t i = 0; i < a->data.n; i++)
		if (!policy_knows_data(a->policy, a->data.v[i])) {
			*status =
			    cli_fail(a->json, ERR_NOT_FOUND, a->data.v[i]);
			return false;
		}
	a->q.inquirer = in->code;
	a->q.provider = out->code;
	a->q.inquirer_for = of == NULL ? "" : of->code;
	return true;
}

/* The files', or what a running broker goes by. */
static struct policy *
law_open(const struct ask *a, int *status)
{
	struct law_held held;
	enum err e;

	*status = CLI_FAILED;
	if (a->control == NULL)
		return cli_policy_open(a->dir, a->json);
	e = control_law(a->control, false, &held);
	if (e != ERR_NONE) {
		*status = cli_fail(a->json, e, a->control);
		return NULL;
	}
	buf_free(&held.suspensions);
	return held.policy;
}

/* Everything up to the decision; false after saying why, with *status. */
static bool
ask_open(
    struct ask *a, const char *synopsis, int argc, char **argv, int *status)
{
	*status = CLI_USAGE;
	if (!ask_options(a, synopsis, argc, argv))
		return false;
	a->q = (struct policy_question){.inquirer_for = "",
	    .task = a->task,
	    .procedure = or_empty(a->procedure),
	    .provider_for = "",
	    .data = a->data.v,
	    .n_data = a->data.n,
	    .day = cli_policy_day(a->on, a->json)};
	if (a->q.day == 0)
		return false;
	a->policy = law_open(a, status);
	return a->policy != NULL && ask_resolve(a, status);
}

static json_t *
body_json(const struct policy *p, const char *code)
{
	const struct policy_body *b = policy_body(p, code);

	if (b == NULL)
		return json_null();
	return json_pack("{s:s,s:s,s:b,s:b}", "code", b->code, "name", b->name,
	    "ours", (int)b->ours, "synthetic", (int)b->synthetic);
}

static json_t *
pia_json(const struct ask *a)
{
	return json_pack("{s:s,s:s}", "inquirer",
	    policy_pia_name(
		policy_pia(a->policy, a->q.inquirer, a->q.task, a->q.day)),
	    "provider",
	    policy_pia_name(
		policy_pia(a->policy, a->q.provider, a->q.task, a->q.day)));
}

static json_t *
verdict_json(const struct ask *a, const struct policy_verdict *v)
{
	char since[16], until[16], on[16];
	json_t *o = json_pack("{s:s,s:b,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}",
	    "outcome", outcome_code(v->outcome), "permitted",
	    (int)(v->outcome == OUTCOME_PERMITTED), "text",
	    outcome_sentence(v->outcome), "text_ja",
	    outcome_sentence_ja(v->outcome), "rule", v->rule, "article",
	    v->article, "row", v->row, "on", cli_policy_date(a->q.day, on),
	    "since", cli_policy_date(v->since, since), "until",
	    cli_policy_date(v->until, until), "law",
	    v->by_act ? "act-appended-table-2" : "order");

	json_object_set_new(o, "inquirer", body_json(a->policy, a->q.inquirer));
	json_object_set_new(
	    o, "inquirer_for", body_json(a->policy, v->inquirer_for));
	json_object_set_new(o, "delegation", json_string(v->delegation));
	json_object_set_new(o, "provider", body_json(a->policy, a->q.provider));
	json_object_set_new(o, "data", json_string(a->q.data[v->at]));
	json_object_set_new(o, "procedure", json_string(a->q.procedure));
	json_object_set_new(o, "procedure_words", json_string(v->procedure));
	json_object_set_new(o, "relation", json_string(v->relation));
	json_object_set_new(o, "grain",
	    json_string(*a->q.procedure != '\0' ? "procedure" : "table"));
	json_object_set_new(o, "partial", json_boolean(v->partial));
	json_object_set_new(o, "synthetic", json_boolean(v->synthetic));
	json_object_set_new(o, "suspension", json_string(v->suspension));
	json_object_set_new(o, "pia", pia_json(a));
	return o;
}

static void
pia_print(const struct ask *a)
{
	static const struct {
		const char *en, *ja;
	} said[] = {{"none published", "公表なし"}, {"published", "公表済み"},
	    {"exempt", "対象外"}};
	enum policy_pia in =
	    policy_pia(a->policy, a->q.inquirer, a->q.task, a->q.day);
	enum policy_pia out =
	    policy_pia(a->policy, a->q.provider, a->q.task, a->q.day);

	printf(cli_text("PIA (checked apart): inquirer %s, provider %s\n",
		   "特定個人情報保護評価（別に確認）: 照会者 %s、提供者 %s\n"),
	    cli_text(said[in].en, said[in].ja),
	    cli_text(said[out].en, said[out].ja));
}

static void
paragraph_print(
    const struct ask *a, const struct policy_verdict *v, bool japanese)
{
	struct buf text = {0};

	policy_explain(a->policy, &a->q, v, japanese, &text);
	fwrite(text.p, 1, text.n, stdout);
	buf_free(&text);
}

static void
verdict_print(const struct ask *a, const struct policy_verdict *v)
{
	printf("%s: %s (%s)\n", outcome_code(v->outcome),
	    cli_text(
		outcome_sentence(v->outcome), outcome_sentence_ja(v->outcome)),
	    v->article);
	if (v->outcome != OUTCOME_PERMITTED)
		printf("%s\n", v->rule);
	if (*v->inquirer_for != '\0')
		printf(cli_text("delegate of %s: %s\n", "委任元 %s: %s\n"),
		    policy_body(a->policy, v->inquirer_for)->name,
		    v->delegation);
	pia_print(a);
}

int
policy_cmd_decide(int argc, char **argv)
{
	struct ask a = {0};
	struct policy_verdict v;
	int status;

	if (ask_open(&a, "policy decide " SYNOPSIS, argc, argv, &status)) {
		policy_decide(a.policy, &a.q, &v);
		if (a.json)
			cli_print_json(verdict_json(&a, &v));
		else
			verdict_print(&a, &v);
		status = cli_exit_of_outcome(v.outcome);
	}
	policy_free(a.policy);
	return status;
}

static void
explain_json(const struct ask *a, const struct policy_verdict *v)
{
	struct buf ja = {0}, en = {0};
	json_t *o = verdict_json(a, v);

	policy_explain(a->policy, &a->q, v, true, &ja);
	policy_explain(a->policy, &a->q, v, false, &en);
	json_object_set_new(
	    o, "explanation_ja", json_stringn((char *)ja.p, ja.n));
	json_object_set_new(
	    o, "explanation_en", json_stringn((char *)en.p, en.n));
	cli_print_json(o);
	buf_free(&ja);
	buf_free(&en);
}

int
policy_cmd_explain(int argc, char **argv)
{
	struct ask a = {0};
	struct policy_verdict v;
	int status;

	if (ask_open(&a, "explain " SYNOPSIS, argc, argv, &status)) {
		policy_decide(a.policy, &a.q, &v);
		if (a.json) {
			explain_json(&a, &v);
		} else {
			paragraph_print(&a, &v, true);
			putchar('\n');
			paragraph_print(&a, &v, false);
			putchar('\n');
			pia_print(&a);
		}
		status = cli_exit_of_outcome(v.outcome);
	}
	policy_free(a.policy);
	return status;
}

int
cmd_explain(int argc, char **argv)
{
	return policy_cmd_explain(argc, argv);
}

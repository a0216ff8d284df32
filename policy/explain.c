#include "policy/explain.h"

#include <stdio.h>
#include <string.h>

#include "policy/query.h"

#define NEAREST 3

const char *
policy_day_said(uint32_t day, bool japanese, char out[32])
{
	static const char *const months[] = {"", "January", "February", "March",
	    "April", "May", "June", "July", "August", "September", "October",
	    "November", "December"};
	unsigned y = day / 10000, m = day / 100 % 100, d = day % 100;

	if (japanese)
		snprintf(out, 32, "%u年%u月%u日", y, m, d);
	else
		snprintf(out, 32, "%u %s %u", d, months[m % 13], y);
	return out;
}

static const char *
name_of(const struct policy *p, const char *code)
{
	const struct policy_body *b = policy_body(p, code);

	return b == NULL ? code : b->name;
}

/* What, per outcome, the officer can do about it. */
static const struct advice {
	enum outcome outcome;
	const char *en, *ja;
} advices[] = {
    {OUTCOME_NO_ROW, "Check the row's number: the table has no such row.",
	"項の番号を確認してください。表にこの項はありません。"},
    {OUTCOME_NOT_INQUIRER,
	"This task is another agency's; ask under a row that names you.",
	"この事務は別の機関のものです。自らが定められた項で照会してください。"},
    {OUTCOME_NOT_PROVIDER,
	"The data may be asked, but of another body than this one.",
	"この情報は照会できますが、提供者として定められた機関が異なります。"},
    {OUTCOME_NO_DATA,
	"The row does not list this data; ask the person for the paper.",
	"この項はこの情報を定めていません。"
	"本人から書類の提出を受けてください。"},
    {OUTCOME_NOT_DELEGATED,
	"The row is the delegator's; it was not delegated to this body.",
	"この項は委任元の事務であり、この機関には委任されていません。"},
    {OUTCOME_CELL_UNRESOLVED,
	"The statute names a class of bodies without a list; a policy officer"
	" must designate the body with a citation first.",
	"法令の文言だけでは該当する機関を特定できません。"
	"根拠を付した指定が必要です。"},
    {OUTCOME_NO_PROCEDURE, "Choose a procedure of the row in force that day.",
	"その日に有効なこの項の事務手続を選んでください。"},
    {OUTCOME_OTHER_ROW, "Choose a procedure of this row.",
	"この項の事務手続を選んでください。"},
    {OUTCOME_NOT_YET, "It becomes lawful later; until then ask for paper.",
	"施行日までは照会できません。それまでは書類によってください。"},
    {OUTCOME_ENDED, "The provision has ended.",
	"この規定は既に効力を失っています。"},
    {OUTCOME_UNMAPPED,
	"Nobody has settled which data the procedure's words mean.",
	"事務手続の文言がどの情報を指すか、まだ確定していません。"},
    {OUTCOME_PROCEDURE_DATA,
	"The row lists the data, but this procedure does not need it.",
	"この項には定めがありますが、"
	"この事務手続の条文はこの情報を認めていません。"},
    {OUTCOME_DECLINED, "Ask the person for the paper.",
	"本人から書類の提出を受けてください。"},
    {OUTCOME_SUSPENDED, "Ask the policy officers when it resumes.",
	"再開の時期は担当官に確認してください。"},
    {OUTCOME_UNKNOWN_BODY, "Check the name or code of the body.",
	"機関の名称又は符号を確認してください。"},
};

static void
advise(enum outcome o, bool japanese, struct buf *out)
{
	for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
		if (advices[i].outcome == o)
			buf_printf(out, "%s\n",
			    japanese ? advices[i].ja : advices[i].en);
}

/* "横浜市 asks 日本年金機構 for 年金給付関係情報 under row 48 on …" */
static void
question_say(const struct policy *p, const struct policy_question *q,
    const char *data, bool japanese, struct buf *out)
{
	char day[32];

	policy_day_said(q->day, japanese, day);
	if (japanese)
		buf_printf(out, "%sが%sに%sを照会すること（%s、%sの項）は、",
		    name_of(p, q->inquirer), name_of(p, q->provider), data, day,
		    q->task);
	else
		buf_printf(out, "%s asking %s for %s under row %s on %s: ",
		    name_of(p, q->inquirer), name_of(p, q->provider), data,
		    q->task, day);
}

static void
span_say(const struct policy_verdict *v, bool japanese, struct buf *out)
{
	char since[32], until[32];

	policy_day_said(v->since, japanese, since);
	if (v->until != 0)
		policy_day_said(policy_day_before(v->until), japanese, until);
	if (japanese && v->until == 0)
		buf_printf(
		    out, "%sから施行され、終期の定めはありません。\n", since);
	else if (japanese)
		buf_printf(out, "%sから%sまで有効です。\n", since, until);
	else if (v->until == 0)
		buf_printf(out, "In force since %s, with no end set.\n", since);
	else
		buf_printf(out, "In force from %s to %s.\n", since, until);
}

static void
permit_say(const struct policy *p, const struct policy_verdict *v,
    bool japanese, struct buf *out)
{
	buf_printf(
	    out, japanese ? "根拠: %s。" : "Legal basis: %s. ", v->article);
	span_say(v, japanese, out);
	if (*v->procedure != '\0')
		buf_printf(out,
		    japanese ? "事務手続: %s。\n対象者: %s。\n"
			     : "Procedure: %s.\nAbout whom: %s.\n",
		    v->procedure, v->relation);
	if (*v->inquirer_for != '\0')
		buf_printf(out,
		    japanese ? "%sの事務の委任による（%s）。\n"
			     : "As the delegate of %s (%s).\n",
		    name_of(p, v->inquirer_for), v->delegation);
	if (*v->procedure == '\0' && !v->by_act)
		buf_printf(out, "%s\n",
		    japanese ? "実際の照会には事務手続の指定が必要です。"
			     : "An actual inquiry must also name a procedure.");
}

/* What both kinds of verdict add. */
static void
notes_say(const struct policy_verdict *v, bool japanese, struct buf *out)
{
	if (v->by_act)
		buf_printf(out, "%s\n",
		    japanese ? "2024年5月27日より前のため別表第二により、"
			       "表の粒度で判断しました。"
			     : "Decided by 別表第二, the law before 27 May"
			       " 2024, at the grain of its table.");
	if (v->partial)
		buf_printf(out, "%s\n",
		    japanese ? "この項は名簿のない機関の類型も含みます。"
			     : "The row also names a class of bodies that has"
			       " no list.");
	if (v->synthetic)
		buf_printf(out, "%s\n",
		    japanese ? "架空の機関が含まれています。"
			     : "One of the bodies is synthetic (架空).");
}

static void
nearest_say(const struct policy *p, const struct policy_question *q,
    bool japanese, struct buf *out)
{
	size_t line[NEAREST];
	size_t n = policy_nearest(p, q, line, NEAREST);

	if (n == 0) {
		buf_printf(out, "%s\n",
		    japanese ? "この機関がこの情報を照会できる項はありません。"
			     : "No row lets this body ask for this data.");
		return;
	}
	buf_printf(out, "%s\n",
	    japanese ? "近い適法な項:" : "The nearest lawful rows:");
	for (size_t i = 0; i < n; i++) {
		struct policy_row r;

		policy_row(p, line[i], q->day, &r);
		buf_printf(out,
		    japanese ? "  %sの項: %sに%s（%s）\n"
			     : "  row %s: ask %s for %s (%s)\n",
		    r.row, r.provider, r.data_plain, r.task_plain);
	}
}

/* For what was or will be lawful: the day. */
static void
when_say(const struct policy_verdict *v, bool japanese, struct buf *out)
{
	char day[32];

	if (v->outcome == OUTCOME_NOT_YET && v->since != 0)
		buf_printf(out,
		    japanese ? "%sに施行されます。\n"
			     : "It comes into force on %s.\n",
		    policy_day_said(v->since, japanese, day));
	if (v->outcome == OUTCOME_ENDED && v->until != 0)
		buf_printf(out,
		    japanese ? "%sまで有効でした。\n"
			     : "It was in force until %s.\n",
		    policy_day_said(
			policy_day_before(v->until), japanese, day));
}

/* Whether the row was right and only the procedure was not. */
static bool
about_procedure(enum outcome o)
{
	return o == OUTCOME_NO_PROCEDURE || o == OUTCOME_OTHER_ROW ||
	       o == OUTCOME_UNMAPPED || o == OUTCOME_PROCEDURE_DATA;
}

static void
procedures_say(const struct policy *p, const struct policy_question *q,
    bool japanese, struct buf *out)
{
	const char *code[NEAREST];
	size_t n = policy_nearest_procedures(p, q, code, NEAREST);

	if (n == 0) {
		buf_printf(out, "%s\n",
		    japanese ? "この項でこの情報を認める事務手続はありません。"
			     : "No procedure of the row gives this data.");
		return;
	}
	buf_printf(out, "%s\n",
	    japanese ? "この項でこの情報を認める事務手続:"
		     : "Procedures of the row that give this data:");
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "  %s %s\n", code[i],
		    policy_procedure_words(p, code[i], q->day));
}

void
policy_explain(const struct policy *p, const struct policy_question *q,
    const struct policy_verdict *v, bool japanese, struct buf *out)
{
	const char *data = q->n_data > 0 ? q->data[v->at] : "";

	question_say(p, q, data, japanese, out);
	if (v->outcome == OUTCOME_PERMITTED) {
		buf_printf(out, japanese ? "許可されます。\n" : "permitted.\n");
		permit_say(p, v, japanese, out);
		notes_say(v, japanese, out);
		return;
	}
	if (japanese)
		buf_printf(out,
		    "許可されません。\n理由: %s（%s）。根拠: %s。\n",
		    outcome_sentence_ja(v->outcome), outcome_code(v->outcome),
		    v->article);
	else
		buf_printf(out, "refused.\nReason: %s (%s). Basis: %s.\n",
		    outcome_sentence(v->outcome), outcome_code(v->outcome),
		    v->article);
	when_say(v, japanese, out);
	if (*v->suspension != '\0')
		buf_printf(out, japanese ? "停止: %s\n" : "Suspended: %s\n",
		    v->suspension);
	advise(v->outcome, japanese, out);
	notes_say(v, japanese, out);
	if (about_procedure(v->outcome))
		procedures_say(p, q, japanese, out);
	else
		nearest_say(p, q, japanese, out);
}

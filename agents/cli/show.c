#include "agents/cli/show.h"

#include <stdio.h>
#include <string.h>

#include "agents/cli/client.h"
#include "lib/clock.h"
#include "lib/text.h"

struct advice {
	int number;
	const char *en, *ja;
};

static const struct advice outcome_advice[] = {
    {OUTCOME_PENDING,
	"an official of the provider decides; look again with --show",
	"提供者の職員が判断する。--show で結果を確認する"},
    {OUTCOME_WITHHELD, "ask the provider's section, or the person for paper",
	"提供者の担当課に問い合わせるか、本人に書類を求める"},
    {OUTCOME_NOT_HELD,
	"ask the provider to acquire a code (Order 26(3)), or ask elsewhere",
	"提供者に符号の取得を求める（令26条3項）か、他の提供者に照会する"},
    {OUTCOME_PROVIDER_REFUSED,
	"tell the operators of both sides; the permit could not be used",
	"双方の運用担当に連絡する。許可証が使えなかった"},
    {OUTCOME_LAPSED, "ask again, after asking the provider why",
	"提供者に理由を確認してから改めて照会する"},
    {OUTCOME_UNCOLLECTED, "ask again", "改めて照会する"},
    {OUTCOME_SUSPENDED_LATE, "ask the policy office why it is suspended",
	"停止の理由を法令表の担当に確認する"},
    {OUTCOME_NO_ROW, "see which rows are in force: renkei policy table",
	"有効な項を確認する: renkei policy table"},
    {OUTCOME_NOT_INQUIRER, "use the row of your own task",
	"自機関の事務の項で照会する"},
    {OUTCOME_NOT_PROVIDER, "see whom the row names: renkei explain",
	"その項の提供者を確認する: renkei explain"},
    {OUTCOME_NO_DATA, "see which data the row names: renkei explain",
	"その項の特定個人情報を確認する: renkei explain"},
    {OUTCOME_NOT_DELEGATED, "the principal must ask itself",
	"委任元の機関が自ら照会する"},
    {OUTCOME_CELL_UNRESOLVED, "ask the policy office to resolve the cell",
	"法令表の担当に文言の解釈を求める"},
    {OUTCOME_NO_PROCEDURE, "see the row's procedures: renkei explain",
	"その項の事務手続を確認する: renkei explain"},
    {OUTCOME_OTHER_ROW, "use the row the procedure belongs to",
	"その事務手続の属する項で照会する"},
    {OUTCOME_NOT_YET, "ask from the day it comes into force",
	"施行の日から照会する"},
    {OUTCOME_ENDED, "see what took its place: renkei policy table",
	"後継の項を確認する: renkei policy table"},
    {OUTCOME_UNMAPPED, "ask the policy office to map the procedure",
	"法令表の担当に事務手続の対応付けを求める"},
    {OUTCOME_PROCEDURE_DATA, "see what the procedure allows: renkei explain",
	"その事務手続で照会できる情報を確認する: renkei explain"},
    {OUTCOME_NO_PIA, "the body concerned must publish its assessment",
	"該当機関が特定個人情報保護評価を公表する"},
    {OUTCOME_SUSPENDED, "ask the policy office when it ends",
	"停止の期間を法令表の担当に確認する"},
    {OUTCOME_BAD_CODE, "acquire the code again: renkei code acquire",
	"符号を取得し直す: renkei code acquire"},
    {OUTCOME_STALE, "check this machine's clock, then ask again",
	"この機械の時刻を確認して改めて照会する"},
    {OUTCOME_BAD_QUESTION, "complete the question and ask again",
	"照会の項目を補って改めて照会する"},
};

static const struct advice err_advice[] = {
    {ERR_OTHER_BODY,
	"a new question needs a new exchange: leave out --exchange",
	"別の照会には新しい交換番号が要る（--exchange を付けない）"},
    {ERR_STALE, "check this machine's clock, then ask again",
	"この機械の時刻を確認して改めて照会する"},
    {ERR_SIGNATURE, "tell the operators: the agency's keys are in question",
	"運用担当に連絡する（機関の鍵に疑いがある）"},
};

static const char *
advice_find(const struct advice *table, size_t n, int number)
{
	for (size_t i = 0; i < n; i++)
		if (table[i].number == number)
			return cli_text(table[i].en, table[i].ja);
	return "";
}

const char *
advice_for(enum outcome o)
{
	return advice_find(outcome_advice,
	    sizeof(outcome_advice) / sizeof(outcome_advice[0]), (int)o);
}

const char *
advice_for_err(enum err e)
{
	return advice_find(
	    err_advice, sizeof(err_advice) / sizeof(err_advice[0]), (int)e);
}

static void
line_show(const char *en, const char *ja, const char *value)
{
	if (*value != '\0')
		printf("  %s: %s\n", cli_text(en, ja), value);
}

/* Pad to a column, counting wide characters as two. */
static void
padded(const char *text, size_t indent, size_t width)
{
	size_t have = indent + text_width(text);

	printf("    %*s%s", (int)indent, "", text);
	for (; have < width; have++)
		putchar(' ');
	putchar(' ');
}

static const char *
reason_text(const char *reason)
{
	if (strcmp(reason, "not-applicable") == 0)
		return cli_text("(not applicable)", "（該当なし）");
	if (strcmp(reason, "heading") == 0)
		return "";
	return cli_text("(not held)", "（保有なし）");
}

static void
item_show(const json_t *item)
{
	size_t depth =
	    (size_t)json_integer_value(json_object_get(item, "depth"));
	const char *content = reply_text(item, "content");

	padded(reply_text(item, "name"), 2 * depth, 44);
	puts(*content != '\0' ? content
			      : reason_text(reply_text(item, "empty")));
}

static void
record_show(const json_t *record)
{
	json_t *items = json_object_get(record, "items"), *item;
	char when[CLOCK_TEXT_LEN];
	size_t i;

	printf("  %s %s  %s %lld  %s %.16s%s\n",
	    cli_text("fiscal year", "年度"), reply_text(record, "fiscal_year"),
	    cli_text("version", "版"),
	    (long long)json_integer_value(json_object_get(record, "version")),
	    cli_text("as of", "基準日時"),
	    clock_text((uint64_t)json_integer_value(
			   json_object_get(record, "as_of_ms")),
		when),
	    json_is_true(json_object_get(record, "official"))
		? ""
		: cli_text("  [layout not official]",
		      "  ［この項目一覧は公式ではない］"));
	json_array_foreach(items, i, item) item_show(item);
}

static void
part_show(const json_t *part)
{
	json_t *records = json_object_get(part, "records"), *record;
	enum outcome o = reply_outcome(part);
	size_t i;

	printf("%s: %s\n", reply_text(part, "data"),
	    cli_text(outcome_sentence(o), outcome_sentence_ja(o)));
	json_array_foreach(records, i, record) record_show(record);
}

void
show_end(const json_t *reply)
{
	enum outcome o = reply_outcome(reply);
	const char *rule = reply_text(reply, "rule");
	enum err e = err_from_code(rule);
	json_t *parts = json_object_get(reply, "parts"), *part;
	size_t i;

	printf("%s (%s)\n",
	    cli_text(outcome_sentence(o), outcome_sentence_ja(o)),
	    outcome_code(o));
	line_show("exchange", "交換番号", reply_text(reply, "exchange"));
	line_show("said by", "判断した所", reply_text(reply, "hop"));
	if (*rule != '\0' && e != ERR_INTERNAL)
		line_show("reason", "理由",
		    cli_text(err_sentence(e), err_sentence_ja(e)));
	else
		line_show("rule", "根拠となる規則", rule);
	line_show("citation", "条文", reply_text(reply, "citation"));
	line_show("next", "次にすること",
	    *advice_for(o) != '\0' || e == ERR_INTERNAL ? advice_for(o)
							: advice_for_err(e));
	json_array_foreach(parts, i, part) part_show(part);
}

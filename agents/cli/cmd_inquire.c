/* renkei inquire: ask another body about a person, by law. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/cli/batch.h"
#include "agents/cli/client.h"
#include "agents/cli/question.h"
#include "agents/cli/show.h"
#include "lib/text.h"

struct inquire {
	struct client_target target;
	struct question q;
	const char *exchange, *retry, *show, *batch, *results, *timeout;
	bool wait, no_wait;
};

/* The end of one exchange, printed; its exit status. */
static int
end_print(json_t *reply, bool json)
{
	int status;

	if (reply_failed(reply, json, &status)) {
		json_decref(reply);
		return status;
	}
	status = reply_text(reply, "outcome")[0] != '\0'
		     ? (int)cli_exit_of_outcome(reply_outcome(reply))
		     : CLI_DONE;
	if (json) {
		cli_print_json(reply);
		return status;
	}
	if (reply_text(reply, "outcome")[0] != '\0')
		show_end(reply);
	else
		printf("%s: %s\n", cli_text("sent", "送付した"),
		    reply_text(reply, "exchange"));
	json_decref(reply);
	return status;
}

static int
timeout_ms(const struct inquire *o)
{
	uint64_t seconds = 60;

	if (o->timeout != NULL &&
	    text_to_u64(o->timeout, 86400, &seconds) != ERR_NONE)
		return -2;
	return (int)(seconds * 1000);
}

static int
one_ask(struct inquire *o, struct client *c, const char *op, json_t *body)
{
	json_t *reply = NULL;
	enum err e = client_ask(c, op, body, -1, timeout_ms(o), &reply);

	if (e != ERR_NONE)
		return cli_fail(o->target.json, e, o->target.socket);
	return end_print(reply, o->target.json);
}

static int
inquire_run(struct inquire *o, struct client *c)
{
	const char *about;
	json_t *body;

	if (o->retry != NULL)
		return one_ask(
		    o, c, "retry", json_pack("{s:s}", "exchange", o->retry));
	if (o->show != NULL)
		return one_ask(
		    o, c, "exchange", json_pack("{s:s}", "exchange", o->show));
	if (o->batch != NULL)
		return batch_run(
		    c, &o->q, o->batch, o->results, o->target.json);
	if (question_check(&o->q, &about) != ERR_NONE)
		return cli_fail(o->target.json, ERR_USAGE, about);
	body = question_json(&o->q);
	if (o->exchange != NULL)
		json_object_set_new(body, "exchange", json_string(o->exchange));
	json_object_set_new(body, "wait", json_boolean(!o->no_wait));
	return one_ask(o, c, "inquire", body);
}

int
cmd_inquire(int argc, char **argv)
{
	struct inquire o = {0};
	struct client *c;
	const struct cli_option options[] = {
	    CLIENT_OPTIONS(o.target),
	    QUESTION_OPTIONS(o.q),
	    {"exchange", NULL, &o.exchange, NULL, "ID",
		"use this exchange id (UUIDv7)", "この交換番号を使う"},
	    {"wait", &o.wait, NULL, NULL, NULL,
		"wait for the answer (the default)", "回答を待つ（既定）"},
	    {"no-wait", &o.no_wait, NULL, NULL, NULL,
		"return once the inquiry is stored and sent",
		"送付したら待たずに戻る"},
	    {"timeout", NULL, &o.timeout, NULL, "SECONDS",
		"wait at most so long (60)", "待つ秒数の上限（60）"},
	    {"show", NULL, &o.show, NULL, "ID",
		"show an earlier exchange and its answer",
		"以前の照会と回答を見る"},
	    {"retry", NULL, &o.retry, NULL, "ID",
		"send the stored bytes again: the same answer",
		"保存した電文を再送する（同じ回答になる）"},
	    {"batch", NULL, &o.batch, NULL, "FILE.tsv",
		"ask for every line (person, case, and any option)",
		"ファイルの各行を照会する"},
	    {"results", NULL, &o.results, NULL, "FILE",
		"with --batch: write each line's outcome here",
		"--batch の結果を書くファイル"},
	    {NULL, NULL, NULL, NULL, NULL, NULL, NULL},
	};
	int words, status;
	enum err e;

	if (!cli_parse(options,
		"inquire --agency CODE --person NO --task ROW "
		"--provider CODE --data NAME --case REF ...",
		argc, argv, &words) ||
	    words > 0 || timeout_ms(&o) < -1 || (o.wait && o.no_wait))
		return CLI_USAGE;
	e = client_open(&o.target, &c);
	if (e != ERR_NONE)
		return e == ERR_USAGE
			   ? CLI_USAGE
			   : cli_fail(o.target.json, e, o.target.socket);
	status = inquire_run(&o, c);
	client_close(c);
	return status;
}

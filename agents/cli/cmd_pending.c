/* renkei pending: permits that wait for an official's decision. */
#include <stdio.h>
#include <string.h>

#include "agents/cli/client.h"
#include "lib/clock.h"

struct pending {
	struct client_target target;
	const char *exchange, *reason;
};

#define PATIENCE_MS 60000

static int
pending_ask(struct pending *o, const char *op, json_t *body, json_t **reply)
{
	struct client *c;
	enum err e = client_open(&o->target, &c);
	int status = CLI_DONE;

	if (e == ERR_NONE)
		e = client_ask(c, op, body, -1, PATIENCE_MS, reply);
	else
		json_decref(body);
	client_close(c);
	if (e == ERR_USAGE)
		return CLI_USAGE;
	if (e != ERR_NONE)
		return cli_fail(o->target.json, e, o->target.socket);
	if (reply_failed(*reply, o->target.json, &status))
		json_decref(*reply);
	return status;
}

static void
waiting_show(const json_t *w)
{
	json_t *data = json_object_get(w, "data"), *name;
	char when[CLOCK_TEXT_LEN];
	size_t i;

	printf("%s  %s  %s %s  %s %s", reply_text(w, "exchange"),
	    reply_text(w, "inquirer"), cli_text("row", "項"),
	    reply_text(w, "task"), cli_text("person", "宛名番号"),
	    reply_text(w, "person"));
	json_array_foreach(data, i, name)
	    printf(" %s", json_string_value(name));
	printf("  %s %.16s\n", cli_text("until", "期限"),
	    clock_text(
		(uint64_t)json_integer_value(json_object_get(w, "until_ms")),
		when));
}

static int
list_run(int argc, char **argv)
{
	struct pending o = {0};
	const struct cli_option options[] = {
	    CLIENT_OPTIONS(o.target),
	    {NULL, NULL, NULL, NULL, NULL, NULL, NULL},
	};
	json_t *reply = NULL, *w;
	size_t i;
	int words, status;

	if (!cli_parse(
		options, "pending list --agency CODE", argc, argv, &words) ||
	    words > 0)
		return CLI_USAGE;
	status = pending_ask(&o, "waiting", json_object(), &reply);
	if (status != CLI_DONE)
		return status;
	if (o.target.json) {
		cli_print_json(reply);
		return CLI_DONE;
	}
	json_array_foreach(json_object_get(reply, "waiting"), i, w)
	    waiting_show(w);
	printf(cli_text("%zu wait for a decision\n", "判断待ち %zu 件\n"), i);
	json_decref(reply);
	return CLI_DONE;
}

static int
decide_run(int argc, char **argv, bool release)
{
	struct pending o = {0};
	const struct cli_option options[] = {
	    CLIENT_OPTIONS(o.target),
	    {"reason", NULL, &o.reason, NULL, "WORD",
		"why it is withheld; the inquirer reads it",
		"提供しない理由（照会者に伝わる）"},
	    {NULL, NULL, NULL, NULL, NULL, NULL, NULL},
	};
	json_t *body, *reply = NULL;
	int words, status;

	if (!cli_parse(options,
		release ? "pending answer --agency CODE EXCHANGE"
			: "pending withhold --agency CODE --reason WORD "
			  "EXCHANGE",
		argc, argv, &words) ||
	    words != 1)
		return CLI_USAGE;
	if (!release && o.reason == NULL)
		return cli_fail(o.target.json, ERR_USAGE, "reason");
	body = json_pack(
	    "{s:s, s:b}", "exchange", argv[1], "release", (int)release);
	if (o.reason != NULL)
		json_object_set_new(body, "reason", json_string(o.reason));
	status = pending_ask(&o, "decide", body, &reply);
	if (status != CLI_DONE)
		return status;
	if (o.target.json) {
		cli_print_json(reply);
		return CLI_DONE;
	}
	puts(release ? cli_text("answered", "提供した")
		     : cli_text("withheld", "提供しないと回答した"));
	json_decref(reply);
	return CLI_DONE;
}

static int
answer_run(int argc, char **argv)
{
	return decide_run(argc, argv, true);
}

static int
withhold_run(int argc, char **argv)
{
	return decide_run(argc, argv, false);
}

int
cmd_pending(int argc, char **argv)
{
	static const struct cli_command commands[] = {
	    {"list", list_run, "what waits for a decision",
		"判断を待つ照会の一覧"},
	    {"answer", answer_run, "release the answer", "提供する"},
	    {"withhold", withhold_run, "withhold it, with a reason",
		"理由を付けて提供しない"},
	    {NULL, NULL, NULL, NULL},
	};

	return cli_dispatch("renkei pending", commands, argc, argv);
}

/* renkei status: how an agent and its agencies are. */
#include <stdio.h>

#include "agents/cli/client.h"

static long long
number(const json_t *o, const char *key)
{
	return (long long)json_integer_value(json_object_get(o, key));
}

static void
agency_show(const json_t *a)
{
	printf("%s %s\n", reply_text(a, "agency"), reply_text(a, "name"));
	printf(cli_text("  broker %s, registrar %s, %lld under way, %lld "
			"waiting\n",
		   "  コア %s、住基機関 %s、照会中 %lld、待ち %lld\n"),
	    reply_text(a, "broker"), reply_text(a, "registrar"),
	    number(a, "in_flight"), number(a, "queued"));
	printf(cli_text("  asked %lld, answers %lld, refusals %lld, permits "
			"%lld, provisions %lld, codes %lld\n",
		   "  照会 %lld、回答 %lld、不許可 %lld、許可証 %lld、提供 "
		   "%lld、符号 %lld\n"),
	    number(a, "asked"), number(a, "answers"), number(a, "refusals"),
	    number(a, "permits"), number(a, "provisions"), number(a, "codes"));
}

static int
status_print(json_t *reply, bool json)
{
	json_t *agency;
	size_t i;
	int status;

	if (reply_failed(reply, json, &status)) {
		json_decref(reply);
		return status;
	}
	status = json_is_true(json_object_get(reply, "log_forked"))
		     ? CLI_UNVERIFIED
		     : CLI_DONE;
	if (json) {
		cli_print_json(reply);
		return status;
	}
	printf(cli_text("log %s at %lld%s; policy %lld, directory %lld\n",
		   "記録 %s %lld 件%s、法令表 %lld 版、名簿 %lld 版\n"),
	    reply_text(reply, "log"), number(reply, "log_size"),
	    status == CLI_UNVERIFIED ? cli_text(" FORKED", " 分岐あり") : "",
	    number(reply, "policy_version"),
	    number(reply, "directory_version"));
	json_array_foreach(json_object_get(reply, "agencies"), i, agency)
	    agency_show(agency);
	json_decref(reply);
	return status;
}

int
cmd_status(int argc, char **argv)
{
	struct client_target t = {.agency = ""};
	const struct cli_option options[] = {
	    {"socket", NULL, &t.socket, NULL, "PATH", "the agent's socket",
		"エージェントのソケット"},
	    {"json", &t.json, NULL, NULL, NULL, "print JSON", "JSONで出力する"},
	    {NULL, NULL, NULL, NULL, NULL, NULL, NULL},
	};
	struct client *c;
	json_t *reply = NULL;
	int words;
	enum err e;

	if (!cli_parse(options, "status --socket PATH", argc, argv, &words) ||
	    words > 0)
		return CLI_USAGE;
	e = client_open(&t, &c);
	if (e == ERR_NONE)
		e = client_ask(c, "status", NULL, -1, 10000, &reply);
	client_close(c);
	if (e == ERR_USAGE)
		return CLI_USAGE;
	return e != ERR_NONE ? cli_fail(t.json, e, t.socket)
			     : status_print(reply, t.json);
}

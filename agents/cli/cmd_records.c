/* renkei records: this agency's own exchange records (Act Art. 23). */
#include <stdio.h>
#include <string.h>

#include "agents/cli/client.h"
#include "agents/cli/recordsexport.h"
#include "lib/clock.h"
#include "lib/text.h"

struct records {
	struct client_target target;
	const char *exchange, *person, *since, *before, *side, *most, *export;
};

static bool
day_add(json_t *body, const char *key, const char *text)
{
	struct day day;

	if (text == NULL)
		return true;
	if (day_parse(text, &day) != ERR_NONE)
		return false;
	json_object_set_new(
	    body, key, json_integer((json_int_t)day_start_ms(day)));
	return true;
}

/* The request, or NULL with what is wrong in *about. */
static json_t *
records_body(const struct records *o, const char **about)
{
	json_t *body = json_object();
	uint64_t most = 0;

	*about = "since";
	if (!day_add(body, "since_ms", o->since))
		goto bad;
	*about = "before";
	if (!day_add(body, "before_ms", o->before))
		goto bad;
	*about = "most";
	if (o->most != NULL && text_to_u64(o->most, 1000, &most) != ERR_NONE)
		goto bad;
	*about = "side";
	if (o->side != NULL && strcmp(o->side, "asked") != 0 &&
	    strcmp(o->side, "answered") != 0)
		goto bad;
	json_object_set_new(body, "most", json_integer((json_int_t)most));
	if (o->side != NULL)
		json_object_set_new(body, "side",
		    json_integer(strcmp(o->side, "asked") == 0 ? 1 : 2));
	if (o->exchange != NULL)
		json_object_set_new(body, "exchange", json_string(o->exchange));
	if (o->person != NULL)
		json_object_set_new(body, "person", json_string(o->person));
	return body;
bad:
	json_decref(body);
	return NULL;
}

static void
record_show(const json_t *r)
{
	json_t *data = json_object_get(r, "data"), *name;
	enum outcome o = reply_outcome(r);
	char when[CLOCK_TEXT_LEN];
	size_t i;

	clock_text(
	    (uint64_t)json_integer_value(json_object_get(r, "asked_ms")), when);
	printf("%.19s  %s  %s -> %s  %s %s  %s (%s)\n", when,
	    json_integer_value(json_object_get(r, "side")) == 1
		? cli_text("asked   ", "照会")
		: cli_text("answered", "提供"),
	    reply_text(r, "inquirer"), reply_text(r, "provider"),
	    cli_text("row", "項"), reply_text(r, "task"),
	    cli_text(outcome_sentence(o), outcome_sentence_ja(o)),
	    outcome_code(o));
	printf("    %s ", reply_text(r, "exchange"));
	json_array_foreach(data, i, name)
	    printf(" %s", json_string_value(name));
	putchar('\n');
}

static int
records_print(json_t *reply, bool json)
{
	json_t *records, *r;
	size_t i;
	int status;

	if (reply_failed(reply, json, &status)) {
		json_decref(reply);
		return status;
	}
	records = json_object_get(reply, "records");
	status = json_array_size(records) > 0 ? CLI_DONE : CLI_NOT_FOUND;
	if (json) {
		cli_print_json(reply);
		return status;
	}
	json_array_foreach(records, i, r) record_show(r);
	printf(cli_text("%zu exchange records\n", "情報提供等記録 %zu 件\n"),
	    json_array_size(records));
	json_decref(reply);
	return status;
}

static int
records_file(struct records *o, struct client *c, json_t *body)
{
	size_t n = 0;
	enum err e = records_export(c, o->target.agency, body, o->export, &n);

	client_close(c);
	if (e != ERR_NONE)
		return cli_fail(o->target.json, e, o->export);
	if (o->target.json)
		cli_print_json(json_pack(
		    "{s:s,s:I}", "file", o->export, "records", (json_int_t)n));
	else
		printf(cli_text("%zu exchange records written\n",
			   "情報提供等記録 %zu 件を書き出した\n"),
		    n);
	return CLI_DONE;
}

int
cmd_records(int argc, char **argv)
{
	struct records o = {0};
	struct client *c;
	json_t *body, *reply = NULL;
	const char *about;
	const struct cli_option options[] = {
	    CLIENT_OPTIONS(o.target),
	    {"exchange", NULL, &o.exchange, NULL, "ID", "one exchange",
		"この交換番号のもの"},
	    {"person", NULL, &o.person, NULL, "NO",
		"about this person (our own number)", "この宛名番号のもの"},
	    {"since", NULL, &o.since, NULL, "YYYY-MM-DD", "from this day",
		"この日から"},
	    {"before", NULL, &o.before, NULL, "YYYY-MM-DD", "before this day",
		"この日より前"},
	    {"side", NULL, &o.side, NULL, "asked|answered", "one side only",
		"照会側か提供側のみ"},
	    {"most", NULL, &o.most, NULL, "N", "at most so many (1000)",
		"件数の上限（1000）"},
	    {"export", NULL, &o.export, NULL, "FILE",
		"all of them as CSV for an auditor, without persons",
		"監査人に渡すCSV（個人を含まない全件）"},
	    {NULL, NULL, NULL, NULL, NULL, NULL, NULL},
	};
	int words;
	enum err e;

	if (!cli_parse(
		options, "records --agency CODE ...", argc, argv, &words) ||
	    words > 0)
		return CLI_USAGE;
	body = records_body(&o, &about);
	if (body == NULL)
		return cli_fail(o.target.json, ERR_USAGE, about);
	e = client_open(&o.target, &c);
	if (e == ERR_NONE && o.export != NULL)
		return records_file(&o, c, body);
	if (e == ERR_NONE)
		e = client_ask(c, "records", body, -1, 60000, &reply);
	else
		json_decref(body);
	client_close(c);
	if (e == ERR_USAGE)
		return CLI_USAGE;
	return e != ERR_NONE ? cli_fail(o.target.json, e, o.target.socket)
			     : records_print(reply, o.target.json);
}

/* renkei errors: every stable code and what it means. */
#include "agents/cli/cli.h"

#include <stdio.h>

/* The two tables as one list; a number only where the wire has one. */
static const struct meaning {
	const char *kind;
	int number;
	const char *code, *en, *ja;
} meanings[] = {
#define MEANING_OUTCOME(name, number, code, en, ja) \
	{"outcome", number, code, en, ja},
    OUTCOME_TABLE(MEANING_OUTCOME)
#undef MEANING_OUTCOME
#define MEANING_ERR(name, code, en, ja) {"error", -1, code, en, ja},
	ERR_TABLE(MEANING_ERR)
#undef MEANING_ERR
};

static json_t *
meaning_json(const struct meaning *m)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:s}", "kind", m->kind, "code",
	    m->code, "en", m->en, "ja", m->ja);

	if (m->number >= 0)
		json_object_set_new(o, "number", json_integer(m->number));
	return o;
}

static void
meaning_print(const struct meaning *m)
{
	char number[16] = "";

	if (m->number >= 0)
		snprintf(number, sizeof(number), "%d", m->number);
	printf("%-8s %3s  %-22s %s\n%-38s%s\n", m->kind, number, m->code, m->ja,
	    "", m->en);
}

int
cmd_errors(int argc, char **argv)
{
	bool json = false;
	const struct cli_option options[] = {
	    {.name = "json",
		.flag = &json,
		.what_en = "print JSON",
		.what_ja = "JSONで出力する"},
	    {0},
	};
	json_t *list = json_array();
	int words;

	if (!cli_parse(options, "errors [--json]", argc, argv, &words) ||
	    words > 0) {
		json_decref(list);
		return CLI_USAGE;
	}
	for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
		if (json)
			json_array_append_new(list, meaning_json(&meanings[i]));
		else
			meaning_print(&meanings[i]);
	}
	if (json)
		cli_print_json(list);
	else
		json_decref(list);
	return CLI_DONE;
}

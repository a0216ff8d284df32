#include "agents/cli/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
cli_japanese(void)
{
	static const char *const names[] = {
	    "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *v = getenv(names[i]);

		if (v != NULL && *v != '\0')
			return strncmp(v, "ja", 2) == 0;
	}
	return false;
}

const char *
cli_text(const char *en, const char *ja)
{
	return cli_japanese() ? ja : en;
}

const struct cli_command *
cli_find(const struct cli_command *table, const char *name)
{
	for (; table->name != NULL; table++)
		if (strcmp(table->name, name) == 0)
			return table;
	return NULL;
}

static void
commands_list(FILE *to, const char *program, const struct cli_command *table)
{
	fprintf(to,
	    cli_text("usage: %s COMMAND ...\n", "使い方: %s コマンド ...\n"),
	    program);
	for (; table->name != NULL; table++)
		fprintf(to, "  %-10s %s\n", table->name,
		    cli_text(table->summary_en, table->summary_ja));
}

int
cli_dispatch(
    const char *program, const struct cli_command *table, int argc, char **argv)
{
	const struct cli_command *c;

	if (argc == 2 &&
	    (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0)) {
		commands_list(stdout, program, table);
		return CLI_DONE;
	}
	c = argc > 1 ? cli_find(table, argv[1]) : NULL;
	if (c == NULL) {
		commands_list(stderr, program, table);
		return CLI_USAGE;
	}
	return c->run(argc - 1, argv + 1);
}

static void
options_list(const struct cli_option *table, const char *synopsis)
{
	fprintf(stderr, cli_text("usage: renkei %s\n", "使い方: renkei %s\n"),
	    synopsis);
	for (; table->name != NULL; table++)
		fprintf(stderr, "  --%s%s%s\n        %s\n", table->name,
		    table->flag != NULL ? "" : " ",
		    table->flag != NULL ? "" : table->value_name,
		    cli_text(table->what_en, table->what_ja));
}

static const struct cli_option *
option_find(const struct cli_option *table, const char *word, size_t n)
{
	for (; table->name != NULL; table++)
		if (strlen(table->name) == n &&
		    memcmp(table->name, word, n) == 0)
			return table;
	return NULL;
}

static bool
option_set(const struct cli_option *o, const char *value)
{
	if (o->flag != NULL) {
		*o->flag = true;
		return value == NULL;
	}
	if (value == NULL)
		return false;
	if (o->list != NULL) {
		if (o->list->n == CLI_LIST_MAX)
			return false;
		o->list->v[o->list->n++] = value;
		return true;
	}
	if (*o->text != NULL)
		return false;
	*o->text = value;
	return true;
}

/* Take the option at argv[*i], and its value if that is the next word. */
static bool
option_take(const struct cli_option *table, int argc, char **argv, int *i)
{
	const char *word = argv[*i] + 2, *eq = strchr(word, '=');
	size_t n = eq != NULL ? (size_t)(eq - word) : strlen(word);
	const struct cli_option *o = option_find(table, word, n);
	const char *value = eq != NULL ? eq + 1 : NULL;

	if (o == NULL)
		return false;
	if (o->flag == NULL && value == NULL && *i + 1 < argc)
		value = argv[++*i];
	return option_set(o, value);
}

bool
cli_parse(const struct cli_option *table, const char *synopsis, int argc,
    char **argv, int *words)
{
	bool options = true;

	*words = 0;
	for (int i = 1; i < argc; i++) {
		if (options && strcmp(argv[i], "--") == 0) {
			options = false;
		} else if (options && strncmp(argv[i], "--", 2) == 0) {
			const char *word = argv[i];

			if (option_take(table, argc, argv, &i))
				continue;
			if (strcmp(word, "--help") != 0)
				fprintf(stderr,
				    cli_text("renkei: cannot use %s\n",
					"renkei: %s は使えない\n"),
				    word);
			options_list(table, synopsis);
			return false;
		} else {
			argv[1 + (*words)++] = argv[i];
		}
	}
	return true;
}

enum cli_exit
cli_exit_of_err(enum err e)
{
	switch (e) {
	case ERR_NONE:
		return CLI_DONE;
	case ERR_USAGE:
	case ERR_AMBIGUOUS:
		return CLI_USAGE;
	case ERR_REFUSED:
		return CLI_REFUSED;
	case ERR_NOT_FOUND:
	case ERR_UNKNOWN_EXCHANGE:
		return CLI_NOT_FOUND;
	case ERR_OFFLINE:
	case ERR_TIMEOUT:
	case ERR_BUSY:
	case ERR_DATABASE:
		return CLI_UNAVAILABLE;
	case ERR_SIGNATURE:
	case ERR_PATH:
	case ERR_PROOF:
	case ERR_FORK:
	case ERR_ENDORSEMENT:
		return CLI_UNVERIFIED;
	default:
		return CLI_FAILED;
	}
}

enum cli_exit
cli_exit_of_outcome(enum outcome o)
{
	switch (o) {
	case OUTCOME_PERMITTED:
	case OUTCOME_PROVIDED:
	case OUTCOME_PENDING:
	case OUTCOME_ISSUED:
	case OUTCOME_ALREADY:
	case OUTCOME_DATA:
		return CLI_DONE;
	case OUTCOME_NOT_HELD:
	case OUTCOME_NO_RESIDENT:
	case OUTCOME_NO_RECORD:
	case OUTCOME_NOT_FRESH:
		return CLI_NOT_FOUND;
	case OUTCOME_LAPSED:
	case OUTCOME_UNCOLLECTED:
		return CLI_UNAVAILABLE;
	default:
		return CLI_REFUSED;
	}
}

int
cli_fail(bool json, enum err e, const char *about)
{
	const char *sentence = cli_text(err_sentence(e), err_sentence_ja(e));

	if (json)
		cli_print_json(json_pack("{s:s,s:s,s:s*}", "error", err_code(e),
		    "text", sentence, "about", about));
	else
		fprintf(stderr, "renkei: %s%s%s (%s)\n",
		    about != NULL ? about : "", about != NULL ? ": " : "",
		    sentence, err_code(e));
	return cli_exit_of_err(e);
}

void
cli_print_json(json_t *value)
{
	json_dumpf(value, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER);
	putchar('\n');
	json_decref(value);
}

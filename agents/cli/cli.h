/* The `renkei` command: a table of subcommands and what they share. */
#ifndef AGENTS_CLI_CLI_H
#define AGENTS_CLI_CLI_H

#include <jansson.h>
#include <stdbool.h>

#include "lib/err.h"
#include "lib/outcome.h"

/* What the command's exit status says; part of the contract with scripts. */
enum cli_exit {
	CLI_DONE = 0,
	CLI_FAILED = 1,
	CLI_USAGE = 2,
	CLI_REFUSED = 3, /* by law, or by the provider */
	CLI_NOT_FOUND = 4,
	CLI_UNAVAILABLE = 5, /* a peer or the database */
	CLI_UNVERIFIED = 6, /* a signature, proof or log that does not verify */
};

/*
 * One subcommand. argv[0] is its own name, so `renkei log stats --json` calls
 * run(3, {"log", "stats", "--json"}). Returns an enum cli_exit.
 */
struct cli_command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary_en, *summary_ja;
};

/* The one in `table` (ended by a NULL name) that argv[0] names, or NULL. */
const struct cli_command *cli_find(
    const struct cli_command *table, const char *name);
/*
 * Run the row of `table` named by argv[1], with argv moved up by one. Without
 * a name, or with an unknown one, lists the table; returns CLI_USAGE.
 */
int cli_dispatch(const char *program, const struct cli_command *table, int argc,
    char **argv);

/*
 * One option of a subcommand, `--name VALUE` or `--name=VALUE`, and where its
 * value goes. Exactly one of flag, text and list is set. A list option may be
 * given up to CLI_LIST_MAX times. Values borrow from argv.
 */
#define CLI_LIST_MAX 16
struct cli_list {
	const char *v[CLI_LIST_MAX];
	size_t n;
};
struct cli_option {
	const char *name; /* without the dashes; NULL ends the table */
	bool *flag;
	const char **text;
	struct cli_list *list;
	const char *value_name; /* "FILE", for the usage text */
	const char *what_en, *what_ja;
};

/*
 * Read argv[1..] by the table. What is not an option is a positional word and
 * moves to argv[1..*words]; `--` ends the options. False after printing usage
 * for an unknown option, a missing value, a repeated option, or --help.
 */
bool cli_parse(const struct cli_option *table, const char *synopsis, int argc,
    char **argv, int *words);

/* Japanese if LANGUAGE (else LC_ALL, LC_MESSAGES, LANG) begins with "ja". */
bool cli_japanese(void);
/* One of two texts by cli_japanese. */
const char *cli_text(const char *en, const char *ja);

/*
 * Print {"error": code, "text": sentence, "about": about} with --json, else a
 * line on stderr, and return the exit status that fits the error. `about`
 * names a thing (a file, a line, an option), never personal data; may be NULL.
 */
int cli_fail(bool json, enum err e, const char *about);
/* The exit status for an error and for an outcome. */
enum cli_exit cli_exit_of_err(enum err e);
enum cli_exit cli_exit_of_outcome(enum outcome o);
/* Print one JSON value and a newline on stdout; takes ownership of it. */
void cli_print_json(json_t *value);

/* The subcommands, one file each. */
int cmd_inquire(int argc, char **argv);
int cmd_records(int argc, char **argv);
int cmd_code(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_pending(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_log(int argc, char **argv);
int cmd_policy(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_audit(int argc, char **argv);
int cmd_errors(int argc, char **argv);

#endif

/* renkei code: acquire link codes (符号の取得) for people. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agents/cli/batch.h"
#include "agents/cli/client.h"
#include "lib/secret.h"
#include "lib/tsv.h"

#define WINDOW 256 /* acquisitions under way */
#define PATIENCE_MS 90000
#define FILE_MOST (64U * 1024 * 1024)

struct acquire {
	struct client_target target;
	const char *person, *file, *batch;
	size_t counts[100], failed;
	struct progress progress;
	int worst;
};

/* The first line of a descriptor; the My Number is never an argument. */
static enum err
number_read(int fd, char number[static 13])
{
	char text[64] = "";
	size_t n = 0;
	ssize_t got;

	while (n < sizeof(text) - 1 &&
	       (got = read(fd, text + n, sizeof(text) - 1 - n)) > 0)
		n += (size_t)got;
	text[strcspn(text, "\r\n")] = '\0';
	n = strlen(text);
	if (n == 12)
		memcpy(number, text, 13);
	explicit_bzero(text, sizeof(text));
	return n == 12 ? ERR_NONE : ERR_MALFORMED;
}

static enum err
number_take(const struct acquire *a, char number[static 13])
{
	FILE *f;
	enum err e;

	if (a->file == NULL)
		return number_read(STDIN_FILENO, number);
	f = fopen(a->file, "r");
	if (f == NULL)
		return ERR_FILE;
	e = number_read(fileno(f), number);
	fclose(f);
	return e;
}

static int
one_acquire(struct acquire *a, struct client *c)
{
	char number[13];
	json_t *body, *reply = NULL;
	enum outcome o;
	enum err e = number_take(a, number);
	int status;

	if (e != ERR_NONE)
		return cli_fail(a->target.json, e, "my number");
	body =
	    json_pack("{s:s, s:s}", "person", a->person, "my_number", number);
	explicit_bzero(number, sizeof(number));
	e = client_ask(c, "acquire", body, -1, PATIENCE_MS, &reply);
	if (e != ERR_NONE)
		return cli_fail(a->target.json, e, a->target.socket);
	if (reply_failed(reply, a->target.json, &status)) {
		json_decref(reply);
		return status;
	}
	o = reply_outcome(reply);
	if (a->target.json) {
		cli_print_json(reply);
		return (int)cli_exit_of_outcome(o);
	}
	printf("%s (%s)\n",
	    cli_text(outcome_sentence(o), outcome_sentence_ja(o)),
	    outcome_code(o));
	json_decref(reply);
	return (int)cli_exit_of_outcome(o);
}

/* --- a file of people: person TAB my_number
 * -------------------------------------- */

static enum err
lines_acquire(struct acquire *a, struct client *c, const struct rows *r,
    const size_t at[static 2])
{
	size_t sent = 0, over = 0;

	while (over < r->n) {
		json_t *reply = NULL;
		enum err e = ERR_NONE;
		int status = CLI_DONE;

		for (; e == ERR_NONE && sent < r->n && sent - over < WINDOW;
		     sent++)
			e = client_send(c, "acquire", sent + 1,
			    json_pack("{s:s, s:s}", "person",
				rows_cell(r, sent, at[0]), "my_number",
				rows_cell(r, sent, at[1])),
			    -1);
		if (e == ERR_NONE)
			e = client_receive(c, PATIENCE_MS, &reply);
		if (e != ERR_NONE)
			return e;
		over++;
		if (reply_text(reply, "error")[0] != '\0') {
			a->failed++;
			status = (int)cli_exit_of_err(
			    err_from_code(reply_text(reply, "error")));
		} else {
			a->counts[reply_outcome(reply)]++;
			status = (int)cli_exit_of_outcome(reply_outcome(reply));
		}
		if (status > a->worst)
			a->worst = status;
		progress_step(&a->progress);
		json_decref(reply);
	}
	return ERR_NONE;
}

static void
summary_print(const struct acquire *a, size_t lines)
{
	json_t *outcomes = json_object();

	for (unsigned o = 0; o < 100; o++) {
		if (a->counts[o] == 0)
			continue;
		json_object_set_new(outcomes, outcome_code((enum outcome)o),
		    json_integer((json_int_t)a->counts[o]));
		if (!a->target.json)
			printf("  %6zu  %s (%s)\n", a->counts[o],
			    cli_text(outcome_sentence((enum outcome)o),
				outcome_sentence_ja((enum outcome)o)),
			    outcome_code((enum outcome)o));
	}
	if (!a->target.json && a->failed > 0)
		printf("  %6zu  %s\n", a->failed, cli_text("failed", "失敗"));
	if (a->target.json)
		cli_print_json(
		    json_pack("{s:I, s:I, s:O}", "lines", (json_int_t)lines,
			"failed", (json_int_t)a->failed, "outcomes", outcomes));
	json_decref(outcomes);
}

static int
batch_acquire(struct acquire *a, struct client *c)
{
	static const char *const names[] = {"person", "my_number"};
	struct rows r = {0};
	struct fault f = {0};
	size_t at[2];
	char text[500];
	enum err e = tsv_read(a->batch, &r, &f);

	if (e == ERR_NONE)
		e = rows_columns(&r, names, 2, false, at, &f);
	if (e != ERR_NONE) {
		rows_free(&r);
		return cli_fail(
		    a->target.json, e, fault_text(&f, text, sizeof(text)));
	}
	progress_start(&a->progress, r.n);
	e = lines_acquire(a, c, &r, at);
	progress_end(&a->progress);
	summary_print(a, r.n);
	rows_free(&r);
	return e != ERR_NONE ? cli_fail(a->target.json, e, a->target.socket)
			     : a->worst;
}

static int
acquire_run(int argc, char **argv)
{
	struct acquire a = {0};
	struct client *c;
	const struct cli_option options[] = {
	    CLIENT_OPTIONS(a.target),
	    {"person", NULL, &a.person, NULL, "NO",
		"our own number for the person", "宛名番号"},
	    {"number-file", NULL, &a.file, NULL, "FILE",
		"file of the My Number (else standard input)",
		"個人番号のファイル（なければ標準入力）"},
	    {"batch", NULL, &a.batch, NULL, "FILE.tsv",
		"columns person, my_number",
		"person と my_number の列を持つファイル"},
	    {NULL, NULL, NULL, NULL, NULL, NULL, NULL},
	};
	int words, status;
	enum err e;

	if (!cli_parse(options,
		"code acquire --agency CODE (--person NO | --batch FILE.tsv)",
		argc, argv, &words) ||
	    words > 0)
		return CLI_USAGE;
	if ((a.person == NULL) == (a.batch == NULL))
		return cli_fail(a.target.json, ERR_USAGE, "person");
	e = client_open(&a.target, &c);
	if (e != ERR_NONE)
		return e == ERR_USAGE
			   ? CLI_USAGE
			   : cli_fail(a.target.json, e, a.target.socket);
	status = a.batch != NULL ? batch_acquire(&a, c) : one_acquire(&a, c);
	client_close(c);
	return status;
}

int
cmd_code(int argc, char **argv)
{
	static const struct cli_command commands[] = {
	    {"acquire", acquire_run,
		"acquire a person's link code through the registrar",
		"住基機関を通じて符号を取得する"},
	    {NULL, NULL, NULL, NULL},
	};

	return cli_dispatch("renkei code", commands, argc, argv);
}

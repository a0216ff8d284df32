#include "agents/cli/batch.h"

#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/tsv.h"

#define WINDOW 512 /* inquiries under way */
#define PATIENCE_MS 60000

struct batch {
	struct client *client;
	const struct question *q;
	struct rows rows;
	FILE *results;
	struct progress progress;
	size_t counts[100]; /* by outcome */
	size_t failed;
	int worst;
};

/* One line's question: its cells over what the command line said. */
static enum err
line_question(
    const struct batch *b, size_t i, struct question *q, const char **about)
{
	*q = *b->q;
	for (size_t c = 0; c < b->rows.n_columns; c++) {
		const char *cell = rows_cell(&b->rows, i, c);

		*about = b->rows.cell[c];
		if (*cell != '\0' && !question_set(q, *about, cell))
			return ERR_LINE;
	}
	return question_check(q, about);
}

/* All lines are looked at before the first is sent. */
static enum err
lines_check(const struct batch *b, struct fault *f)
{
	for (size_t i = 0; i < b->rows.n; i++) {
		const char *about = "";
		struct question q;
		enum err e = line_question(b, i, &q, &about);

		if (e != ERR_NONE)
			return rows_fault(&b->rows, i, ERR_LINE, f,
			    "%s is missing or no option", about);
	}
	return ERR_NONE;
}

static enum err
line_send(struct batch *b, size_t i)
{
	const char *about;
	struct question q;
	json_t *body;

	line_question(b, i, &q, &about);
	body = question_json(&q);
	json_object_set_new(body, "wait", json_true());
	json_object_set_new(body, "brief", json_true());
	json_object_set_new(
	    body, "line", json_integer((json_int_t)b->rows.line[i]));
	return client_send(b->client, "inquire", i + 1, body, -1);
}

static void
result_write(struct batch *b, const json_t *reply, size_t i)
{
	if (b->results == NULL)
		return;
	fprintf(b->results, "%u\t%s\t%s\t%s\t%s\n", b->rows.line[i],
	    reply_text(reply, "exchange"),
	    reply_text(reply, "error")[0] != '\0'
		? reply_text(reply, "error")
		: reply_text(reply, "outcome"),
	    reply_text(reply, "hop"), reply_text(reply, "rule"));
}

/* Count one reply; notices are passed over. True if a line is over. */
static bool
reply_count(struct batch *b, const json_t *reply)
{
	json_int_t tag = json_integer_value(json_object_get(reply, "tag"));
	int status;

	if (json_object_get(reply, "notice") != NULL || tag < 1 ||
	    (size_t)tag > b->rows.n)
		return false;
	if (reply_text(reply, "error")[0] != '\0') {
		b->failed++;
		status = (int)cli_exit_of_err(
		    err_from_code(reply_text(reply, "error")));
	} else {
		enum outcome o = reply_outcome(reply);

		b->counts[o]++;
		status = (int)cli_exit_of_outcome(o);
	}
	if (status > b->worst)
		b->worst = status;
	result_write(b, reply, (size_t)tag - 1);
	progress_step(&b->progress);
	return true;
}

static enum err
lines_ask(struct batch *b)
{
	size_t sent = 0, over = 0;

	while (over < b->rows.n) {
		json_t *reply = NULL;
		enum err e = ERR_NONE;

		while (
		    e == ERR_NONE && sent < b->rows.n && sent - over < WINDOW)
			e = line_send(b, sent++);
		if (e == ERR_NONE)
			e = client_receive(b->client, PATIENCE_MS, &reply);
		if (e != ERR_NONE)
			return e;
		over += reply_count(b, reply);
		json_decref(reply);
	}
	return ERR_NONE;
}

static void
summary_print(const struct batch *b, bool json)
{
	double seconds =
	    (double)(clock_mono_ms() - b->progress.begun_ms) / 1000;
	json_t *outcomes = json_object();

	for (unsigned o = 0; o < 100; o++)
		if (b->counts[o] > 0)
			json_object_set_new(outcomes,
			    outcome_code((enum outcome)o),
			    json_integer((json_int_t)b->counts[o]));
	if (json) {
		cli_print_json(json_pack("{s:I, s:I, s:f, s:o}", "lines",
		    (json_int_t)b->rows.n, "failed", (json_int_t)b->failed,
		    "seconds", seconds, "outcomes", outcomes));
		return;
	}
	json_decref(outcomes);
	printf(cli_text("%zu inquiries in %.1f s\n", "%zu 件の照会、%.1f 秒\n"),
	    b->rows.n, seconds);
	for (unsigned o = 0; o < 100; o++)
		if (b->counts[o] > 0)
			printf("  %6zu  %s (%s)\n", b->counts[o],
			    cli_text(outcome_sentence((enum outcome)o),
				outcome_sentence_ja((enum outcome)o)),
			    outcome_code((enum outcome)o));
	if (b->failed > 0)
		printf("  %6zu  %s\n", b->failed, cli_text("failed", "失敗"));
}

static int
batch_ask(struct batch *b, const char *results, bool json)
{
	enum err e;

	if (results != NULL && (b->results = fopen(results, "w")) == NULL)
		return cli_fail(json, ERR_FILE, results);
	if (b->results != NULL)
		fputs("line\texchange\toutcome\thop\trule\n", b->results);
	progress_start(&b->progress, b->rows.n);
	e = lines_ask(b);
	progress_end(&b->progress);
	if (b->results != NULL && fclose(b->results) != 0 && e == ERR_NONE)
		e = ERR_FILE;
	summary_print(b, json);
	return e != ERR_NONE ? cli_fail(json, e, NULL) : b->worst;
}

int
batch_run(struct client *c, const struct question *q, const char *path,
    const char *results, bool json)
{
	struct batch b = {.client = c, .q = q};
	struct fault f = {0};
	char text[500];
	enum err e = tsv_read(path, &b.rows, &f);
	int status;

	if (e == ERR_NONE)
		e = lines_check(&b, &f);
	status = e != ERR_NONE
		     ? cli_fail(json, e, fault_text(&f, text, sizeof(text)))
		     : batch_ask(&b, results, json);
	rows_free(&b.rows);
	return status;
}

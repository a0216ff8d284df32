/* renkei audit: what an auditor may see, each read an entry itself. */
#include "agents/cli/audit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"

#define PERIOD 7 /* days, where only the last is given */

void
audit_say(struct audit *a, const char *name, const char *value)
{
	struct buf text = {0};

	if (value == NULL)
		return;
	buf_printf(&text, "%s%s%s=%s", a->what, a->what[0] != '\0' ? " " : "",
	    name, value);
	text_cut(a->what, sizeof(a->what), buf_span(&text));
	buf_free(&text);
}

static bool
period_read(struct audit *a)
{
	a->last = day_of_ms(clock_ms());
	if (a->until != NULL && day_parse(a->until, &a->last) != ERR_NONE)
		return false;
	a->first = (struct day){a->last.n - PERIOD + 1};
	if (a->from != NULL && day_parse(a->from, &a->first) != ERR_NONE)
		return false;
	return a->first.n <= a->last.n;
}

int
audit_visit(struct audit *a, auditlog_visit *visit, void *ctx)
{
	char from[DAY_TEXT_LEN], until[DAY_TEXT_LEN], about[300] = "";
	struct auditlog_read read = {.what = a->what};
	enum err e;

	if (a->config == NULL)
		a->config = getenv("RENKEI_AUDIT");
	if (a->config == NULL)
		return cli_fail(a->json, ERR_USAGE, "--config");
	if (!period_read(a))
		return cli_fail(a->json, ERR_USAGE, "--from, --until");
	read.period_from = day_text(a->first, from);
	read.period_until = day_text(a->last, until);
	e = auditlog_open(a->config, &read, &a->log, about);
	if (e == ERR_NONE)
		e = auditlog_each(a->log, visit, ctx);
	return e == ERR_NONE ? CLI_DONE : cli_fail(a->json, e, about);
}

int
audit_read_book(struct audit *a)
{
	return audit_visit(a, auditbook_take, &a->book);
}

void
audit_end(struct audit *a)
{
	auditbook_free(&a->book);
	auditlog_close(a->log);
	a->log = NULL;
}

bool
audit_within(const struct audit *a, uint64_t ms)
{
	struct day d = day_of_ms(ms);

	return d.n >= a->first.n && d.n <= a->last.n;
}

enum audit_form
audit_form(const struct audit *a)
{
	return a->json ? AUDIT_JSON : a->csv ? AUDIT_CSV : AUDIT_TEXT;
}

int
audit_show(struct audit *a, struct audit_table *t, const char *name)
{
	int status = t->n > 0 ? CLI_DONE : CLI_NOT_FOUND;

	audittable_print(t, audit_form(a), name, auditlog_index(a->log));
	if (audit_form(a) == AUDIT_TEXT)
		fprintf(stderr,
		    cli_text("%zu rows; this read is entry %" PRIu64
			     " of the log\n",
			"%zu件。この閲覧はログの記録 %" PRIu64 " 番\n"),
		    t->n, auditlog_index(a->log));
	audittable_free(t);
	return status;
}

const char *
audit_number(uint64_t v, char out[static 24])
{
	snprintf(out, 24, "%" PRIu64, v);
	return out;
}

const char *
audit_time(uint64_t ms, char out[static CLOCK_TEXT_LEN])
{
	out[0] = '\0';
	if (ms == 0)
		return out;
	clock_text(ms, out);
	out[10] = ' ';
	out[19] = '\0';
	return out;
}

static const struct cli_command commands[] = {
    {"search", audit_cmd_search, "exchanges by agency, unit, task, data, ...",
	"機関・部署・事務・情報・結果で探す"},
    {"stats", audit_cmd_stats, "how many of what", "集計する"},
    {"report", audit_cmd_report, "ready reports on what stands out",
	"定型の報告"},
    {"reconcile", audit_cmd_reconcile, "the three copies against each other",
	"三者の記録を突き合わせる"},
    {"replay", audit_cmd_replay, "decide again under the law of then",
	"当時の法令で再判断する"},
    {NULL, NULL, NULL, NULL},
};

int
cmd_audit(int argc, char **argv)
{
	return cli_dispatch("renkei audit", commands, argc, argv);
}

/* What the subcommands of `renkei audit` share. */
#ifndef AGENTS_CLI_AUDIT_H
#define AGENTS_CLI_AUDIT_H

#include "agents/cli/auditbook.h"
#include "agents/cli/auditlog.h"
#include "agents/cli/audittable.h"
#include "agents/cli/cli.h"
#include "lib/clock.h"

/* Options of every subcommand, and what it reads. */
struct audit {
	const char *config, *from, *until;
	bool json, csv;
	struct day first, last; /* the period, both inclusive */
	char what[NAME_MAX_ + 1];
	struct auditlog *log;
	struct audit_book book;
};

/* clang-format off */
#define AUDIT_OPTIONS(a) \
	{"config", NULL, &(a).config, NULL, "FILE", \
	    "audit.conf (else $RENKEI_AUDIT)", \
	    "設定ファイル audit.conf（既定は $RENKEI_AUDIT）"}, \
	{"from", NULL, &(a).from, NULL, "DATE", \
	    "first day (default six days before the last)", \
	    "対象の初日（既定は末日の六日前）"}, \
	{"until", NULL, &(a).until, NULL, "DATE", \
	    "last day (default today)", "対象の末日（既定は今日）"}, \
	{"csv", &(a).csv, NULL, NULL, NULL, "print CSV", "CSVで出力する"}, \
	{"json", &(a).json, NULL, NULL, NULL, "print JSON", "JSONで出力する"}
/* clang-format on */

/* Append " name=value" to what the log will say of this read. */
void audit_say(struct audit *a, const char *name, const char *value);
/*
 * Record the read and visit every entry. CLI_DONE, or an exit status after
 * saying what is wrong; then nothing that was visited may be shown.
 */
int audit_visit(struct audit *a, auditlog_visit *visit, void *ctx);
/* audit_visit into a->book. */
int audit_read_book(struct audit *a);
void audit_end(struct audit *a);

/* Whether the instant lies in the period. */
bool audit_within(const struct audit *a, uint64_t ms);
enum audit_form audit_form(const struct audit *a);
/* Print, free, and the exit status: CLI_NOT_FOUND for an empty table. */
int audit_show(struct audit *a, struct audit_table *t, const char *name);

/* A number as a cell; room for 24 bytes. Returns out. */
const char *audit_number(uint64_t v, char out[static 24]);
/* "2026-11-23 09:30:00" in JST of an instant; "" of 0. Returns out. */
const char *audit_time(uint64_t ms, char out[static CLOCK_TEXT_LEN]);

/* The subcommands that have files of their own. */
int audit_cmd_search(int argc, char **argv);
int audit_cmd_stats(int argc, char **argv);
int audit_cmd_report(int argc, char **argv);
int audit_cmd_reconcile(int argc, char **argv);
int audit_cmd_replay(int argc, char **argv);

#endif

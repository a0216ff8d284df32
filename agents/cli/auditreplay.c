/* renkei audit replay: every decision again, under the law of its day. */
#include "agents/cli/audit.h"
#include "agents/cli/auditlaw.h"
#include "agents/cli/entrydecide.h"

#include <inttypes.h>
#include <stdio.h>

#include "agents/cli/policy.h"
#include "lib/entry.h"
#include "lib/file.h"
#include "lib/uuid.h"

#define LIST_MAX (4 * 1024 * 1024)

static const struct audit_column columns[] = {
    {"what", "what", "区分", false},
    {"index", "entry", "記録番号", true},
    {"decided", "decided", "判断日時", false},
    {"exchange", "exchange", "交換番号", false},
    {"inquirer", "inquirer", "照会者", false},
    {"provider", "provider", "提供者", false},
    {"task", "row", "項", false},
    {"procedure", "procedure", "事務手続", false},
    {"was", "was", "当時の判断", false},
    {"is", "again", "再判断", false},
    {"policy", "policy version", "法令表の版", true},
};
#define N(columns) (sizeof(columns) / sizeof((columns)[0]))

struct replay {
	struct audit a;
	struct cli_list dirs, lists;
	struct auditlaw law;
	struct audit_table found;
	uint64_t decided;
};

static void
found_add(struct replay *r, const char *what, uint64_t index,
    const struct entry *e, const char *is)
{
	char number[24], when[CLOCK_TEXT_LEN], id[UUID_TEXT_LEN], version[24];
	const char *const cells[] = {what, audit_number(index, number),
	    audit_time(e->time_ms, when), uuid_text(e->exchange_id, id),
	    e->inquirer, e->provider, e->task, e->procedure,
	    outcome_code(entry_was(e)), is,
	    audit_number(e->policy_version, version)};

	audittable_add(&r->found, cells);
}

static void
entry_visit(void *ctx, uint64_t index, const struct entry *e)
{
	struct replay *r = ctx;
	enum auditlaw_finding f;
	enum outcome now;

	if (e->type == ENTRY_POLICY)
		auditlaw_take(&r->law, e);
	if (!entry_by_policy(e) || !audit_within(&r->a, e->time_ms))
		return;
	r->decided++;
	f = auditlaw_judge(&r->law, e, &now);
	if (f == AUDITLAW_NOT_ALLOWED || f == AUDITLAW_NOT_REFUSED)
		found_add(r, auditlaw_code(f), index, e, outcome_code(now));
	else if (f != AUDITLAW_FITS)
		found_add(r, auditlaw_code(f), index, e, "");
}

/* --- the command ------------------------------------------------------------
 */

static int
laws_open(struct replay *r)
{
	size_t n = r->dirs.n > 0 ? r->dirs.n : 1;

	for (size_t i = 0; i < n; i++) {
		struct policy *p = cli_policy_open(r->dirs.v[i], r->a.json);

		if (p == NULL)
			return CLI_FAILED;
		auditlaw_add(&r->law, p);
	}
	for (size_t i = 0; i < r->lists.n; i++) {
		struct buf file = {0};
		enum err e = file_read(r->lists.v[i], LIST_MAX, &file);

		if (e == ERR_NONE)
			auditlaw_add_list(&r->law, buf_span(&file));
		buf_free(&file);
		if (e != ERR_NONE)
			return cli_fail(r->a.json, e, r->lists.v[i]);
	}
	return CLI_DONE;
}

static int
found_show(struct replay *r)
{
	audittable_print(
	    &r->found, audit_form(&r->a), "replay", auditlog_index(r->a.log));
	if (audit_form(&r->a) == AUDIT_TEXT)
		fprintf(stderr,
		    cli_text("%" PRIu64 " decisions made again: %zu are not "
			     "what the law says\n",
			"%" PRIu64 " 件を再判断、法令と異なるもの %zu 件\n"),
		    r->decided, r->found.n);
	if (r->law.suspensions_unknown)
		fprintf(stderr, "%s\n",
		    cli_text("renkei: a list of suspensions was in force that "
			     "was not given (--suspensions)",
			"renkei: 与えられていない停止の一覧が有効だった"
			"（--suspensions）"));
	return r->found.n > 0 ? CLI_REFUSED : CLI_DONE;
}

static void
replay_fini(struct replay *r)
{
	audittable_free(&r->found);
	auditlaw_fini(&r->law);
	audit_end(&r->a);
}

int
audit_cmd_replay(int argc, char **argv)
{
	struct replay r = {.a = {.what = "replay"},
	    .found = {.columns = columns, .n_columns = N(columns)}};
	const struct cli_option options[] = {
	    {"policy", NULL, NULL, &r.dirs, "DIR",
		"a version of the policy's files; one for each in force then",
		"政策ファイルの場所（当時の版ごとに）"},
	    {"suspensions", NULL, NULL, &r.lists, "FILE",
		"a list of suspensions that was in force then",
		"当時有効だった停止の一覧"},
	    AUDIT_OPTIONS(r.a), {NULL, NULL, NULL, NULL, NULL, NULL, NULL}};
	int words, status;

	if (!cli_parse(options,
		"audit replay --config FILE [--policy DIR] [--from DATE]", argc,
		argv, &words) ||
	    words > 0)
		return CLI_USAGE;
	status = laws_open(&r);
	if (status == CLI_DONE)
		status = audit_visit(&r.a, entry_visit, &r);
	if (status == CLI_DONE)
		status = found_show(&r);
	replay_fini(&r);
	return status;
}

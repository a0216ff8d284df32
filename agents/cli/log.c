/* renkei log: is the log what was signed, what is in it, its public files. */
#include "agents/cli/cli.h"
#include "agents/cli/logaudit.h"
#include "agents/cli/logexport.h"
#include "agents/cli/logsettings.h"
#include "lib/b64.h"
#include "lib/clock.h"
#include "lib/db.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* clang-format off */
#define SETTINGS_OPTIONS(s) \
	{"config", NULL, &(s).config_file, NULL, "FILE", \
	    "log.conf, in place of the next four", "設定ファイル log.conf"}, \
	{"database", NULL, &(s).database, NULL, "CONNINFO", \
	    "the ledger's database", "台帳のデータベース"}, \
	{"log-key", NULL, &(s).log_key, NULL, "FILE", \
	    "the log's verifier key", "ログの検証鍵"}, \
	{"endorse-key", NULL, &(s).endorse_key, NULL, "FILE", \
	    "also check that vault workers made the entries", \
	    "判定部の裏書きも検証する鍵"}, \
	{"checkpoint", NULL, &(s).checkpoint, NULL, "FILE", \
	    "the signer's newest checkpoint", "署名部の最新チェックポイント"}, \
	{"json", &json, NULL, NULL, NULL, "print JSON", "JSONで出力"}
/* clang-format on */

static json_t *
json_of_u64(uint64_t v)
{
	return json_integer((json_int_t)v);
}

static void
progress_show(uint64_t done, uint64_t total)
{
	fprintf(stderr, "\r%llu / %llu%s", (unsigned long long)done,
	    (unsigned long long)total, done >= total ? "\n" : "");
}

/* --- verify -----------------------------------------------------------------
 */

static json_t *
report_json(const struct logaudit_report *r, uint64_t ms)
{
	struct buf root = {0};
	json_t *o = json_object();
	bool good = r->fault == LOGFAULT_NONE;

	b64_encode(SPAN(r->root), &root);
	json_object_set_new(o, "verified", json_boolean(good));
	json_object_set_new(o, "origin", json_string(r->origin));
	json_object_set_new(o, "entries", json_of_u64(r->entries));
	json_object_set_new(o, "signed_size", json_of_u64(r->signed_size));
	json_object_set_new(o, "expired", json_of_u64(r->expired));
	json_object_set_new(o, "tiles", json_of_u64(r->tiles));
	json_object_set_new(o, "seconds", json_real((double)ms / 1000));
	if (good)
		json_object_set_new(
		    o, "root", json_stringn((char *)root.p, root.n));
	else {
		json_object_set_new(
		    o, "fault", json_string(logfault_code(r->fault)));
		json_object_set_new(o, "index", json_of_u64(r->index));
		json_object_set_new(o, "until", json_of_u64(r->until));
		json_object_set_new(
		    o, "text", json_string(logfault_text(r->fault)));
		json_object_set_new(o, "detail", json_string(r->detail));
	}
	if (r->fault == LOGFAULT_SWAPPED)
		json_object_set_new(o, "other", json_of_u64(r->other));
	buf_free(&root);
	return o;
}

static void
report_print(const struct logaudit_report *r, uint64_t ms)
{
	unsigned long long first = r->index, last = r->until;

	if (r->fault == LOGFAULT_NONE) {
		printf(cli_text("The log %s holds together: %llu entries, "
				"signed up to %llu, %llu tiles (%.1f s).\n",
			   "ログ %s に異常はありません: 記録%llu件、署名済み"
			   "%llu件、タイル%llu枚 (%.1f秒)。\n"),
		    r->origin, (unsigned long long)r->entries,
		    (unsigned long long)r->signed_size,
		    (unsigned long long)r->tiles, (double)ms / 1000);
		return;
	}
	printf(cli_text("The log %s does not hold together.\n",
		   "ログ %s に異常があります。\n"),
	    r->origin);
	if (last > first + 1)
		printf(cli_text("Entries %llu to %llu: ",
			   "記録 %llu 番から %llu 番まで: "),
		    first, last - 1);
	else
		printf(cli_text("Entry %llu: ", "記録 %llu 番: "), first);
	printf("%s",
	    cli_text(logfault_text(r->fault), logfault_text_ja(r->fault)));
	if (r->fault == LOGFAULT_SWAPPED)
		printf(" (%llu, %llu)", first, (unsigned long long)r->other);
	printf("%s%s%s [%s]\n", r->detail[0] ? " (" : "", r->detail,
	    r->detail[0] ? ")" : "", logfault_code(r->fault));
}

static int
log_verify(int argc, char **argv)
{
	struct logsettings s = {0};
	struct cli_list pinned = {0};
	bool json = false, tail = false;
	const struct cli_option options[] = {SETTINGS_OPTIONS(s),
	    {"pinned", NULL, NULL, &pinned, "FILE",
		"a checkpoint kept elsewhere; the log must agree with it",
		"控えのチェックポイント (複数可)"},
	    {"allow-unsigned", &tail, NULL, NULL, NULL,
		"do not object to entries after the newest checkpoint",
		"未署名の末尾を異常としない"},
	    {NULL, NULL, NULL, NULL, NULL, NULL, NULL}};
	struct logaudit_report report;
	char about[300];
	uint64_t start = clock_mono_ms();
	int words;
	enum err e;

	if (!cli_parse(
		options, "renkei log verify [OPTIONS]", argc, argv, &words))
		return CLI_USAGE;
	e = words == 0 ? logsettings_read(&s, about) : ERR_USAGE;
	if (e == ERR_NONE) {
		struct logaudit_options o = {.database = s.database,
		    .key = s.key,
		    .endorse_key = s.endorse.p,
		    .checkpoint_file = s.checkpoint,
		    .n_pinned = pinned.n,
		    .allow_unsigned = tail,
		    .threads = (unsigned)sysconf(_SC_NPROCESSORS_ONLN)};

		for (size_t i = 0; i < pinned.n; i++)
			o.pinned_file[i] = pinned.v[i];
		if (!json && isatty(2))
			o.progress = progress_show;
		snprintf(about, sizeof(about), "%s", s.key.name);
		e = logaudit_run(&o, &report);
	}
	logsettings_fini(&s);
	if (e != ERR_NONE)
		return cli_fail(json, e, about);
	if (json)
		cli_print_json(report_json(&report, clock_mono_ms() - start));
	else
		report_print(&report, clock_mono_ms() - start);
	return report.fault == LOGFAULT_NONE ? CLI_DONE : CLI_UNVERIFIED;
}

/* --- stats ------------------------------------------------------------------
 */

static enum err
counts_read(const struct logsettings *s, uint64_t counts[static 256])
{
	struct db *db;
	struct db_params p = {0};
	struct db_rows r;
	enum err e = db_open(s->database, &db);

	if (e != ERR_NONE)
		return e;
	db_bind_text(&p, s->key.name);
	e = db_run(db,
	    "SELECT type, count(*) FROM entry WHERE log = "
	    "(SELECT log FROM log_head WHERE origin = $1) GROUP BY type",
	    &p, &r);
	if (e == ERR_NONE) {
		for (size_t i = 0; i < r.n; i++)
			counts[db_i64(&r, i, 0) & 255] =
			    (uint64_t)db_i64(&r, i, 1);
		e = db_rows_end(&r);
	}
	db_params_free(&p);
	db_close(db);
	return e;
}

static void
counts_print(bool json, const char *origin, const uint64_t counts[static 256])
{
	json_t *o = json_object(), *types = json_object();
	uint64_t all = 0;

	for (unsigned t = 1; t < 256; t++) {
		all += counts[t];
		if (counts[t] == 0)
			continue;
		json_object_set_new(
		    types, entry_type_code(t), json_of_u64(counts[t]));
		if (!json)
			printf("%12llu  %-12s %s\n",
			    (unsigned long long)counts[t], entry_type_code(t),
			    entry_type_ja(t));
	}
	json_object_set_new(o, "origin", json_string(origin));
	json_object_set_new(o, "entries", json_of_u64(all));
	json_object_set_new(o, "permitted", json_of_u64(counts[ENTRY_PERMIT]));
	json_object_set_new(o, "refused", json_of_u64(counts[ENTRY_REFUSAL]));
	json_object_set_new(o, "log_entries", types);
	if (json)
		cli_print_json(o);
	else {
		printf("%12llu  %s\n", (unsigned long long)all,
		    cli_text("in all", "合計"));
		json_decref(o);
	}
}

static int
log_stats(int argc, char **argv)
{
	struct logsettings s = {0};
	bool json = false;
	const struct cli_option options[] = {
	    SETTINGS_OPTIONS(s), {NULL, NULL, NULL, NULL, NULL, NULL, NULL}};
	uint64_t counts[256] = {0};
	char about[300], origin[NOTE_NAME_MAX + 1];
	int words;
	enum err e;

	if (!cli_parse(
		options, "renkei log stats [OPTIONS]", argc, argv, &words))
		return CLI_USAGE;
	e = words == 0 ? logsettings_read(&s, about) : ERR_USAGE;
	if (e == ERR_NONE) {
		snprintf(about, sizeof(about), "%s", s.key.name);
		e = counts_read(&s, counts);
	}
	memcpy(origin, s.key.name, sizeof(origin));
	logsettings_fini(&s);
	if (e != ERR_NONE)
		return cli_fail(json, e, about);
	counts_print(json, origin, counts);
	return CLI_DONE;
}

/* --- export -----------------------------------------------------------------
 */

static int
log_export(int argc, char **argv)
{
	struct logsettings s = {0};
	struct logexport_result r;
	bool json = false;
	const struct cli_option options[] = {
	    SETTINGS_OPTIONS(s), {NULL, NULL, NULL, NULL, NULL, NULL, NULL}};
	char about[300] = "DIR";
	int words;
	enum err e;

	if (!cli_parse(
		options, "renkei log export [OPTIONS] DIR", argc, argv, &words))
		return CLI_USAGE;
	e = words == 1 ? logsettings_read(&s, about) : ERR_USAGE;
	if (e == ERR_NONE) {
		snprintf(about, sizeof(about), "%s", argv[1]);
		e = logexport_run(&s, argv[1], &r);
	}
	logsettings_fini(&s);
	if (e != ERR_NONE)
		return cli_fail(json, e, about);
	if (json)
		cli_print_json(json_pack("{s:I,s:I,s:I,s:I}", "size",
		    (json_int_t)r.size, "tiles", (json_int_t)r.tiles, "bundles",
		    (json_int_t)r.bundles, "proofs", (json_int_t)r.proofs));
	else
		printf(cli_text("%s: %llu entries, %llu tiles, %llu entry "
				"bundles, proofs and openings of %llu\n",
			   "%s: 記録%llu件、タイル%llu枚、記録束%llu個、"
			   "証明と開示%llu件\n"),
		    argv[1], (unsigned long long)r.size,
		    (unsigned long long)r.tiles, (unsigned long long)r.bundles,
		    (unsigned long long)r.proofs);
	return CLI_DONE;
}

static const struct cli_command commands[] = {
    {"verify", log_verify, "does the log hold together, entry by entry",
	"ログ全体を検証する"},
    {"stats", log_stats, "entries by type, counted in the ledger",
	"種別ごとの件数"},
    {"export", log_export, "keys, checkpoint, tiles and proofs as files",
	"検証鍵・チェックポイント・タイル・証明を書き出す"},
    {NULL, NULL, NULL, NULL}};

int
cmd_log(int argc, char **argv)
{
	return cli_dispatch("renkei log", commands, argc, argv);
}

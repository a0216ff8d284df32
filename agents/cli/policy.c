/* renkei policy: the law as data, offline. */
#include "agents/cli/policy.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/bytes.h"
#include "policy/query.h"

/* The folder beside the program's own: build/../policy. */
static bool
beside(const char *tail, char out[PATH_MAX])
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n <= 0)
		return false;
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (slash == NULL)
		return false;
	*slash = '\0';
	n = snprintf(out, PATH_MAX, "%s%s", self, tail);
	if (n < 0 || n >= PATH_MAX - 16)
		return false;
	strcat(out, "/manifest.tsv");
	if (access(out, R_OK) != 0)
		return false;
	out[n] = '\0';
	return true;
}

struct policy *
cli_policy_open(const char *dir, bool json)
{
	char path[PATH_MAX];
	struct policy *p = NULL;
	struct buf why = {0};
	enum err e;

	if (dir == NULL)
		dir = getenv("RENKEI_POLICY");
	if (dir == NULL && (beside("/../policy", path) ||
			       beside("/../share/renkei/policy", path)))
		dir = path;
	if (dir == NULL)
		dir = "policy";
	e = policy_open(dir, &p, &why);
	if (e != ERR_NONE) {
		fwrite(why.p, 1, why.n, stderr);
		cli_fail(json, e, dir);
	}
	buf_free(&why);
	return p;
}

uint32_t
cli_policy_day(const char *text, bool json)
{
	uint32_t day;

	if (text == NULL)
		return policy_day((uint64_t)time(NULL) * 1000);
	day = policy_day_parse(text);
	if (day == 0)
		cli_fail(json, ERR_USAGE, text);
	return day;
}

const struct policy_body *
cli_policy_body(
    const struct policy *p, const char *text, bool json, int *status)
{
	const struct policy_body *body;
	enum err e = policy_body_find(p, text, &body);

	if (e != ERR_NONE)
		*status = cli_fail(json, e, text);
	return body;
}

const char *
cli_policy_date(uint32_t day, char out[16])
{
	out[0] = '\0';
	if (day != 0)
		snprintf(out, 16, "%04u-%02u-%02u", day / 10000 % 10000,
		    day / 100 % 100, day % 100);
	return out;
}

/* What nearly every subcommand takes. */
struct common {
	const char *dir, *on;
	bool json, tsv;
};

#define COMMON_OPTIONS(c)                                                    \
	{"on", NULL, &(c).on, NULL, "DATE", "the legal day (default today)", \
	    "基準日（既定は今日）"},                                         \
	    {"policy", NULL, &(c).dir, NULL, "DIR", "the policy's files",    \
		"政策ファイルの場所"},                                       \
	    {"json", &(c).json, NULL, NULL, NULL, "JSON", "JSON で出力"},    \
	{                                                                    \
		NULL, NULL, NULL, NULL, NULL, NULL, NULL                     \
	}

/* Read the options; the policy and the day, or NULL and *status. */
static struct policy *
common_open(const struct cli_option *options, const char *synopsis,
    struct common *c, int argc, char **argv, uint32_t *day, int *status)
{
	struct policy *p;
	int words;

	*status = CLI_USAGE;
	if (!cli_parse(options, synopsis, argc, argv, &words))
		return NULL;
	if (words > 0) {
		cli_fail(c->json, ERR_USAGE, argv[1]);
		return NULL;
	}
	*day = cli_policy_day(c->on, c->json);
	if (*day == 0)
		return NULL;
	*status = CLI_FAILED;
	p = cli_policy_open(c->dir, c->json);
	if (p != NULL)
		*status = CLI_DONE;
	return p;
}

static json_t *
row_json(const struct policy_row *r)
{
	char from[16], until[16];

	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "row",
	    r->row, "inquirer", r->inquirer, "task", r->task, "provider",
	    r->provider, "data", r->data, "article", r->article, "since",
	    cli_policy_date(r->from, from), "until",
	    cli_policy_date(r->until, until), "inquirer_state",
	    r->inquirer_state, "provider_state", r->provider_state);
}

static void
rows_print(const struct policy *p, uint32_t day, const struct common *c)
{
	json_t *list = json_array();

	if (!c->json)
		puts("row\tinquirer\ttask\tprovider\tdata");
	for (size_t i = 0; i < policy_rows(p); i++) {
		struct policy_row r;

		if (!policy_row(p, i, day, &r))
			continue;
		if (c->json)
			json_array_append_new(list, row_json(&r));
		else
			printf("%s\t%s\t%s\t%s\t%s\n", r.row, r.inquirer,
			    r.task, r.provider, r.data);
	}
	if (c->json)
		cli_print_json(list);
	else
		json_decref(list);
}

static int
policy_cmd_table(int argc, char **argv)
{
	struct common c = {0};
	const struct cli_option options[] = {
	    {"tsv", &c.tsv, NULL, NULL, NULL, "tab-separated (the default)",
		"タブ区切り（既定）"},
	    COMMON_OPTIONS(c)};
	uint32_t day;
	int status;
	struct policy *p =
	    common_open(options, "policy table [--on DATE] [--tsv|--json]", &c,
		argc, argv, &day, &status);

	if (p != NULL)
		rows_print(p, day, &c);
	policy_free(p);
	return status;
}

static void
gap_print(const struct policy_gap *g, void *arg)
{
	json_t *list = arg;

	if (list == NULL)
		printf("%s\t%s\t%s\t%s\t%s\t%s:%u\n", g->kind, g->state, g->row,
		    g->procedure, g->words, g->file, g->line);
	else
		json_array_append_new(list,
		    json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:i}", "kind",
			g->kind, "state", g->state, "row", g->row, "article",
			g->article, "procedure", g->procedure, "words",
			g->words, "file", g->file, "line", (int)g->line));
}

static void
coverage_print(const struct policy *p, uint32_t day)
{
	struct policy_coverage v;

	policy_coverage(p, day, &v);
	fprintf(stderr,
	    cli_text("rows resolved or partial on both sides: %zu of %zu; "
		     "procedure lines mapped: %zu of %zu\n",
		"双方の機関が特定できる行: %zu / %zu、"
		"情報名に対応付いた事務手続の行: %zu / %zu\n"),
	    v.rows_resolved, v.rows, v.lines_mapped, v.lines);
}

static int
policy_cmd_unresolved(int argc, char **argv)
{
	struct common c = {0};
	const struct cli_option options[] = {COMMON_OPTIONS(c)};
	uint32_t day;
	int status;
	json_t *list = NULL;
	struct policy *p =
	    common_open(options, "policy unresolved [--on DATE] [--json]", &c,
		argc, argv, &day, &status);

	if (p == NULL)
		return status;
	if (c.json)
		list = json_array();
	else
		puts("kind\tstate\trow\tprocedure\twords\tplace");
	policy_gaps(p, day, gap_print, list);
	if (c.json)
		cli_print_json(list);
	else
		coverage_print(p, day);
	policy_free(p);
	return status;
}

static void
procedure_print(const struct policy_procedure *o, void *arg)
{
	json_t *list = arg;

	if (list == NULL)
		printf("%s\t%s\t%s\t%s\t%s\t%s\n", o->code, o->row, o->article,
		    o->words, o->data_words, o->mapped);
	else
		json_array_append_new(list,
		    json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "procedure",
			o->code, "row", o->row, "article", o->article, "words",
			o->words, "data", o->data_words, "relation",
			o->relation, "state", o->mapped));
}

static int
policy_cmd_procedures(int argc, char **argv)
{
	struct common c = {0};
	const char *row = NULL;
	const struct cli_option options[] = {
	    {"task", NULL, &row, NULL, "ROW", "this row only", "この項だけ"},
	    COMMON_OPTIONS(c)};
	uint32_t day;
	int status;
	json_t *list = NULL;
	struct policy *p = common_open(options,
	    "policy procedures [--task ROW] [--on DATE] [--json]", &c, argc,
	    argv, &day, &status);

	if (p == NULL)
		return status;
	if (c.json)
		list = json_array();
	else
		puts("procedure\trow\tarticle\twords\tdata\tstate");
	policy_procedures(
	    p, row != NULL ? row : "", day, procedure_print, list);
	if (c.json)
		cli_print_json(list);
	policy_free(p);
	return status;
}

static void
phrase_print(const char *row, const char *phrase, const char *names, void *arg)
{
	json_t *list = arg;

	if (list == NULL)
		printf("%s\t%s\t%s\n", phrase, row, names);
	else
		json_array_append_new(
		    list, json_pack("{s:s,s:s,s:s}", "phrase", phrase, "row",
			      row, "names", names));
}

static int
policy_cmd_phrases(int argc, char **argv)
{
	struct common c = {0};
	const struct cli_option options[] = {COMMON_OPTIONS(c)};
	uint32_t day;
	int status;
	json_t *list = NULL;
	struct policy *p = common_open(
	    options, "policy phrases [--json]", &c, argc, argv, &day, &status);

	if (p == NULL)
		return status;
	if (c.json)
		list = json_array();
	else
		puts("phrase\trow\tnames");
	policy_phrases(p, phrase_print, list);
	if (c.json)
		cli_print_json(list);
	policy_free(p);
	return status;
}

static void
hash_text(const struct policy *p, char out[2 * POLICY_HASH_LEN + 1])
{
	const uint8_t *h = policy_hash(p);

	for (size_t i = 0; i < POLICY_HASH_LEN; i++)
		snprintf(out + 2 * i, 3, "%02x", h[i]);
}

/* The files parse, so nothing in them is at fault: say which they are. */
static int
policy_cmd_check(int argc, char **argv)
{
	struct common c = {0};
	const struct cli_option options[] = {COMMON_OPTIONS(c)};
	char hash[2 * POLICY_HASH_LEN + 1];
	uint32_t day;
	int status;
	struct policy *p = common_open(
	    options, "policy check [--json]", &c, argc, argv, &day, &status);

	if (p == NULL)
		return status;
	hash_text(p, hash);
	if (c.json)
		cli_print_json(json_pack("{s:I,s:s}", "version",
		    (json_int_t)policy_version(p), "hash", hash));
	else
		printf(cli_text(
			   "version %llu, hash %s\n", "版 %llu、ハッシュ %s\n"),
		    (unsigned long long)policy_version(p), hash);
	if (!c.json) {
		struct span notes = policy_notes(p);

		fwrite(notes.p, 1, notes.n, stdout);
		coverage_print(p, day);
	}
	policy_free(p);
	return status;
}

static const struct cli_command commands[] = {
    {"table", policy_cmd_table, "the rows in force on a day",
	"その日に有効な表の行"},
    {"decide", policy_cmd_decide, "is this inquiry lawful on a day",
	"その日にこの照会が適法か"},
    {"explain", policy_cmd_explain, "the same, in words", "同じことを文章で"},
    {"rights", policy_cmd_rights, "what a body may ask and must answer",
	"機関が照会できるもの、提供すべきもの"},
    {"diff", policy_cmd_diff, "who gains and loses what between two days",
	"二つの日の間の権限の増減"},
    {"usage", policy_cmd_usage, "which procedures are used, which never",
	"使われている事務手続と使われていないもの"},
    {"simulate", policy_cmd_simulate, "what new files would have decided",
	"新しいファイルで判断し直した場合の違い"},
    {"procedures", policy_cmd_procedures, "procedures and their codes",
	"事務手続とその符号"},
    {"phrases", policy_cmd_phrases, "the work list of a mapping pass",
	"対応付け作業の一覧"},
    {"unresolved", policy_cmd_unresolved, "what is refused for want of data",
	"特定できず拒否されるものの一覧"},
    {"check", policy_cmd_check, "cross-check all files",
	"全ファイルの整合を検査"},
    {"changes", policy_cmd_changes, "what a new version must declare",
	"新しい版が明示すべき増減"},
    {"sign", policy_cmd_sign, "an officer's signature over a version or list",
	"版又は停止一覧への署名"},
    {"load", policy_cmd_load, "put a signed version in force",
	"署名済みの版を施行する"},
    {"suspend", policy_cmd_suspend, "stop a body, a row or data",
	"機関、項又は情報の提供を停止する"},
    {"resume", policy_cmd_resume, "end a suspension", "停止を解除する"},
    {NULL, NULL, NULL, NULL},
};

int
cmd_policy(int argc, char **argv)
{
	return cli_dispatch("renkei policy", commands, argc, argv);
}

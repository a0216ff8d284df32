/* renkei policy usage and simulate: the law against what was really asked. */
#include "agents/cli/entrydecide.h"
#include "agents/cli/logsettings.h"
#include "agents/cli/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/db.h"
#include "lib/entry.h"
#include "lib/messages.h"
#include "policy/query.h"

#define PAGE "1000" /* entries read at a time */
#define WEEK 7

/* What both take. */
struct window {
	const char *dir, *config, *database, *from, *until;
	bool json;
	uint32_t first, end; /* days: [first, end) */
};

/* clang-format off */
#define WINDOW_OPTIONS(w) \
	{"config", NULL, &(w).config, NULL, "FILE", \
	    "log.conf, which names the ledger", "設定ファイル log.conf"}, \
	{"database", NULL, &(w).database, NULL, "CONNINFO", \
	    "the ledger's database", "台帳のデータベース"}, \
	{"from", NULL, &(w).from, NULL, "DATE", \
	    "first day of the log (default a week ago)", \
	    "対象の初日（既定は一週間前）"}, \
	{"until", NULL, &(w).until, NULL, "DATE", \
	    "last day of the log (default today)", "対象の末日（既定は今日）"}, \
	{"policy", NULL, &(w).dir, NULL, "DIR", "the policy's files", \
	    "政策ファイルの場所"}, \
	{"json", &(w).json, NULL, NULL, NULL, "JSON", "JSON で出力"}, \
	{NULL, NULL, NULL, NULL, NULL, NULL, NULL}
/* clang-format on */

static bool
window_read(struct window *w)
{
	uint64_t now = (uint64_t)time(NULL) * 1000;

	w->first = w->from != NULL
		       ? cli_policy_day(w->from, w->json)
		       : policy_day(now - (uint64_t)WEEK * 86400 * 1000);
	w->end = cli_policy_day(w->until, w->json);
	return w->first != 0 && w->end != 0;
}

/* Told of each permit and refusal of the window, in the log's order. */
typedef void (*entry_visit)(const struct entry *e, void *arg);

static void
rows_visit(struct db_rows *r, const struct window *w, int64_t *last,
    entry_visit visit, void *arg)
{
	for (size_t i = 0; i < r->n; i++) {
		struct arena arena = {0};
		struct entry e;
		uint32_t day;

		*last = db_i64(r, i, 0);
		if (entry_decode(db_bytes(r, i, 1), &arena, &e) == ERR_NONE) {
			day = policy_day(e.time_ms);
			if (day >= w->first && day <= w->end)
				visit(&e, arg);
		}
		arena_wipe_free(&arena);
	}
}

static enum err
entries_visit(
    struct db *db, const struct window *w, entry_visit visit, void *arg)
{
	int64_t last = -1;
	size_t n = 1;
	enum err e = ERR_NONE;

	while (e == ERR_NONE && n > 0) {
		struct db_params p = {0};
		struct db_rows r;

		db_bind_i64(&p, last);
		db_bind_i32(&p, (int32_t)(w->first / 100));
		db_bind_i32(&p, (int32_t)(w->end / 100));
		e = db_run(db,
		    "SELECT idx, body FROM entry WHERE type IN (1, 2) AND "
		    "idx > $1 AND month BETWEEN $2 AND $3 "
		    "ORDER BY idx LIMIT " PAGE,
		    &p, &r);
		if (e == ERR_NONE) {
			n = r.n;
			rows_visit(&r, w, &last, visit, arg);
			e = db_rows_end(&r);
		}
		db_params_free(&p);
	}
	return e;
}

/* Read the window of the log; an exit status after saying what is wrong. */
static int
log_visit(const struct window *w, entry_visit visit, void *arg)
{
	struct logsettings s = {.config_file = w->config};
	char about[300] = "--database";
	const char *database = w->database;
	struct db *db = NULL;
	enum err e = ERR_NONE;

	if (database == NULL && w->config == NULL)
		return cli_fail(w->json, ERR_USAGE, about);
	if (database == NULL) {
		e = logsettings_read(&s, about);
		database = s.database;
	}
	if (e == ERR_NONE)
		e = db_open(database, &db);
	if (e == ERR_NONE)
		e = entries_visit(db, w, visit, arg);
	db_close(db);
	logsettings_fini(&s);
	return e == ERR_NONE ? CLI_DONE : cli_fail(w->json, e, about);
}

/* --- usage ------------------------------------------------------------------
 */

struct used {
	char code[32];
	size_t permitted, refused;
	bool listed;
};
struct usage {
	struct used *v;
	size_t n;
	const struct policy *p;
	json_t *list;
	size_t procedures, never;
};

static struct used *
used_find(struct usage *u, const char *code)
{
	for (size_t i = 0; i < u->n; i++)
		if (strcmp(u->v[i].code, code) == 0)
			return &u->v[i];
	return NULL;
}

static struct used *
used_add(struct usage *u, const char *code)
{
	struct used *x = used_find(u, code);

	if (x != NULL)
		return x;
	u->v = xrealloc(u->v, (u->n + 1) * sizeof(*u->v));
	x = &u->v[u->n++];
	*x = (struct used){.listed = false};
	snprintf(x->code, sizeof(x->code), "%s", code);
	return x;
}

static void
usage_count(const struct entry *e, void *arg)
{
	struct used *x = used_add(arg, e->procedure);

	if (e->type == ENTRY_PERMIT)
		x->permitted++;
	else
		x->refused++;
}

static void
usage_print(const struct policy_procedure *o, void *arg)
{
	static const struct used none;
	struct usage *u = arg;
	struct used *x = used_find(u, o->code);
	const struct used *n = x != NULL ? x : &none;

	if (*o->code == '\0' || n->listed)
		return;
	x = used_add(u, o->code);
	x->listed = true;
	u->procedures += *o->row != '\0';
	u->never += x->permitted + x->refused == 0;
	if (u->list == NULL)
		printf("%zu\t%zu\t%s\t%s\t%s\n", x->permitted, x->refused,
		    o->code, o->row, o->words);
	else
		json_array_append_new(
		    u->list, json_pack("{s:s,s:s,s:s,s:I,s:I}", "procedure",
				 o->code, "row", o->row, "words", o->words,
				 "permitted", (json_int_t)x->permitted,
				 "refused", (json_int_t)x->refused));
}

static void
usage_all_print(struct usage *u, const struct window *w)
{
	if (w->json)
		u->list = json_array();
	else
		puts("permitted\trefused\tprocedure\trow\twords");
	policy_procedures(u->p, "", w->end, usage_print, u);
	for (size_t i = 0; i < u->n; i++)
		if (!u->v[i].listed)
			usage_print(
			    &(struct policy_procedure){
				.code = u->v[i].code, .row = "", .words = ""},
			    u);
	if (w->json)
		cli_print_json(u->list);
	else
		fprintf(stderr,
		    cli_text("%zu of %zu procedures in force never used\n",
			"使われていない事務手続 %zu / %zu\n"),
		    u->never, u->procedures);
}

int
policy_cmd_usage(int argc, char **argv)
{
	struct window w = {0};
	const struct cli_option options[] = {WINDOW_OPTIONS(w)};
	struct usage u = {0};
	struct policy *p;
	int words, status;

	if (!cli_parse(options,
		"policy usage --config FILE [--from DATE] [--until DATE]", argc,
		argv, &words))
		return CLI_USAGE;
	if (words > 0)
		return cli_fail(w.json, ERR_USAGE, argv[1]);
	if (!window_read(&w))
		return CLI_USAGE;
	p = cli_policy_open(w.dir, w.json);
	if (p == NULL)
		return CLI_FAILED;
	u.p = p;
	status = log_visit(&w, usage_count, &u);
	if (status == CLI_DONE)
		usage_all_print(&u, &w);
	free(u.v);
	policy_free(p);
	return status;
}

/* --- simulate ---------------------------------------------------------------
 */

/* One kind of question whose answer would turn, and how often it was asked. */
struct flip {
	struct entry e;
	enum outcome now;
	size_t n;
};
struct simulation {
	const struct policy *p;
	struct flip *v;
	size_t n, asked, turned;
};

static bool
flip_alike(const struct flip *f, const struct entry *e, enum outcome now)
{
	return f->now == now && entry_was(&f->e) == entry_was(e) &&
	       strcmp(f->e.inquirer, e->inquirer) == 0 &&
	       strcmp(f->e.provider, e->provider) == 0 &&
	       strcmp(f->e.task, e->task) == 0 &&
	       strcmp(f->e.procedure, e->procedure) == 0 &&
	       f->e.n_data == e->n_data &&
	       memcmp(f->e.data, e->data, e->n_data * sizeof(e->data[0])) == 0;
}

static void
flip_add(struct simulation *s, const struct entry *e, enum outcome now)
{
	for (size_t i = 0; i < s->n; i++)
		if (flip_alike(&s->v[i], e, now)) {
			s->v[i].n++;
			return;
		}
	s->v = xrealloc(s->v, (s->n + 1) * sizeof(*s->v));
	s->v[s->n++] = (struct flip){.e = *e, .now = now, .n = 1};
}

static void
entry_simulate(const struct entry *e, void *arg)
{
	struct simulation *s = arg;
	enum outcome now;

	if (!entry_by_policy(e))
		return;
	s->asked++;
	now = entry_decide(s->p, e);
	if ((now == OUTCOME_PERMITTED) == (entry_was(e) == OUTCOME_PERMITTED))
		return;
	s->turned++;
	flip_add(s, e, now);
}

static json_t *
flip_json(const struct flip *f)
{
	json_t *data = json_array();

	for (size_t i = 0; i < f->e.n_data; i++)
		json_array_append_new(data, json_string(f->e.data[i]));
	return json_pack("{s:s,s:s,s:s,s:s,s:o,s:s,s:s,s:I}", "inquirer",
	    f->e.inquirer, "row", f->e.task, "procedure", f->e.procedure,
	    "provider", f->e.provider, "data", data, "was",
	    outcome_code(entry_was(&f->e)), "would_be", outcome_code(f->now),
	    "times", (json_int_t)f->n);
}

static void
flip_print(const struct flip *f)
{
	printf("%zu\t%s\t%s\t%s\t%s\t%s\t%s", f->n,
	    outcome_code(entry_was(&f->e)), outcome_code(f->now), f->e.inquirer,
	    f->e.task, f->e.procedure, f->e.provider);
	for (size_t i = 0; i < f->e.n_data; i++)
		printf("%c%s", i == 0 ? '\t' : ',', f->e.data[i]);
	putchar('\n');
}

static void
simulation_print(const struct simulation *s, bool json)
{
	json_t *list = json_array();

	if (!json)
		puts("times\twas\twould be\tinquirer\trow\tprocedure\t"
		     "provider\tdata");
	for (size_t i = 0; i < s->n; i++)
		if (json)
			json_array_append_new(list, flip_json(&s->v[i]));
		else
			flip_print(&s->v[i]);
	if (json) {
		cli_print_json(
		    json_pack("{s:I,s:I,s:o}", "asked", (json_int_t)s->asked,
			"turned", (json_int_t)s->turned, "flips", list));
		return;
	}
	json_decref(list);
	fprintf(stderr,
	    cli_text("%zu questions decided again, %zu would turn\n",
		"%zu件を再判断、結果が変わるもの %zu件\n"),
	    s->asked, s->turned);
}

int
policy_cmd_simulate(int argc, char **argv)
{
	struct window w = {0};
	const struct cli_option options[] = {WINDOW_OPTIONS(w)};
	struct simulation s = {0};
	struct policy *p;
	int words, status;

	if (!cli_parse(options,
		"policy simulate NEWDIR --config FILE [--from DATE]"
		" [--until DATE]",
		argc, argv, &words))
		return CLI_USAGE;
	if (words != 1)
		return cli_fail(w.json, ERR_USAGE, "NEWDIR");
	if (!window_read(&w))
		return CLI_USAGE;
	p = cli_policy_open(argv[1], w.json);
	if (p == NULL)
		return CLI_FAILED;
	s.p = p;
	status = log_visit(&w, entry_simulate, &s);
	if (status == CLI_DONE)
		simulation_print(&s, w.json);
	free(s.v);
	policy_free(p);
	return status;
}

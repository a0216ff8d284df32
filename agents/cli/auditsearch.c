/* renkei audit search and stats: exchanges that fit, and how many. */
#include "agents/cli/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/uuid.h"

/* What an exchange must be; NULL: anything. */
struct filter {
	const char *agency, *inquirer, *provider, *unit, *task, *procedure,
	    *data, *outcome;
};

/* clang-format off */
#define FILTER_OPTIONS(f) \
	{"agency", NULL, &(f).agency, NULL, "CODE", "either side", \
	    "照会者又は提供者"}, \
	{"inquirer", NULL, &(f).inquirer, NULL, "CODE", "who asked", \
	    "照会者"}, \
	{"provider", NULL, &(f).provider, NULL, "CODE", "who was asked", \
	    "提供者"}, \
	{"unit", NULL, &(f).unit, NULL, "TEXT", "the inquirer's unit", \
	    "照会した部署"}, \
	{"task", NULL, &(f).task, NULL, "ROW", "row of the table", \
	    "表の項"}, \
	{"procedure", NULL, &(f).procedure, NULL, "CODE", "procedure", \
	    "事務手続"}, \
	{"data", NULL, &(f).data, NULL, "NAME", "data name", \
	    "特定個人情報の名称"}, \
	{"outcome", NULL, &(f).outcome, NULL, "CODE", \
	    "how it ended: provided, lapsed, no-pia, ...", \
	    "結果のコード"}
/* clang-format on */

static void
filter_say(struct audit *a, const struct filter *f)
{
	audit_say(a, "agency", f->agency);
	audit_say(a, "inquirer", f->inquirer);
	audit_say(a, "provider", f->provider);
	audit_say(a, "unit", f->unit);
	audit_say(a, "task", f->task);
	audit_say(a, "procedure", f->procedure);
	audit_say(a, "data", f->data);
	audit_say(a, "outcome", f->outcome);
}

static bool
is(const char *wanted, const char *has)
{
	return wanted == NULL || strcmp(wanted, has) == 0;
}

/* Whether a whole name of the list, divided by "、", is the one wanted. */
static bool
names(const char *wanted, const char *list)
{
	size_t n = wanted != NULL ? strlen(wanted) : 0;
	const char *comma = "、";

	if (wanted == NULL)
		return true;
	for (;;) {
		const char *end = strstr(list, comma);
		size_t has = end != NULL ? (size_t)(end - list) : strlen(list);

		if (has == n && memcmp(list, wanted, n) == 0)
			return true;
		if (end == NULL)
			return false;
		list = end + strlen(comma);
	}
}

static const char *
outcome_of(const struct audit_exchange *x)
{
	return x->uncollected ? outcome_code(OUTCOME_UNCOLLECTED)
			      : outcome_code(x->outcome);
}

static bool
fits(const struct filter *f, const struct audit_exchange *x)
{
	return (is(f->agency, x->inquirer) || is(f->agency, x->provider)) &&
	       is(f->inquirer, x->inquirer) && is(f->provider, x->provider) &&
	       is(f->unit, x->unit) && is(f->task, x->task) &&
	       is(f->procedure, x->procedure) && names(f->data, x->data) &&
	       is(f->outcome, outcome_of(x));
}

/* A code nobody can bear would find nothing, and seem to prove something. */
static bool
outcome_exists(const char *code)
{
	if (code == NULL)
		return true;
	for (unsigned o = 0; o < 100; o++)
		if (outcome_known(o) &&
		    strcmp(code, outcome_code((enum outcome)o)) == 0)
			return true;
	return false;
}

/* --- search -----------------------------------------------------------------
 */

static const struct audit_column search_columns[] = {
    {"index", "entry", "記録番号", true},
    {"asked", "asked", "照会日時", false},
    {"ended", "ended", "終了日時", false},
    {"exchange", "exchange", "交換番号", false},
    {"inquirer", "inquirer", "照会者", false},
    {"unit", "unit", "部署", false},
    {"provider", "provider", "提供者", false},
    {"task", "row", "項", false},
    {"procedure", "procedure", "事務手続", false},
    {"data", "data", "特定個人情報", false},
    {"outcome", "outcome", "結果", false},
    {"rule", "rule", "根拠", false},
};
#define N(columns) (sizeof(columns) / sizeof((columns)[0]))

static void
search_add(struct audit_table *t, const struct audit_exchange *x)
{
	char index[24], asked[CLOCK_TEXT_LEN], ended[CLOCK_TEXT_LEN];
	char id[UUID_TEXT_LEN];
	const char *const cells[] = {audit_number(x->index, index),
	    audit_time(x->admitted_ms, asked), audit_time(x->ended_ms, ended),
	    uuid_text(x->id, id), x->inquirer, x->unit, x->provider, x->task,
	    x->procedure, x->data, outcome_of(x), x->rule};

	audittable_add(t, cells);
}

int
audit_cmd_search(int argc, char **argv)
{
	struct audit a = {.what = "search"};
	struct filter f = {0};
	struct audit_table t = {
	    .columns = search_columns, .n_columns = N(search_columns)};
	const struct cli_option options[] = {FILTER_OPTIONS(f),
	    AUDIT_OPTIONS(a), {NULL, NULL, NULL, NULL, NULL, NULL, NULL}};
	int words, status;

	if (!cli_parse(options,
		"audit search --config FILE [--agency CODE] ...", argc, argv,
		&words) ||
	    words > 0)
		return CLI_USAGE;
	if (!outcome_exists(f.outcome))
		return cli_fail(a.json, ERR_USAGE, "--outcome");
	filter_say(&a, &f);
	status = audit_read_book(&a);
	for (size_t i = 0; status == CLI_DONE && i < a.book.n; i++)
		if (audit_within(&a, a.book.exchange[i]->admitted_ms) &&
		    fits(&f, a.book.exchange[i]))
			search_add(&t, a.book.exchange[i]);
	if (status == CLI_DONE)
		status = audit_show(&a, &t, "search");
	audit_end(&a);
	return status;
}

/* --- stats ------------------------------------------------------------------
 */

/* What may be counted by. X(name on the command line, the text) */
#define BY_TABLE(X)                \
	X(inquirer, x->inquirer)   \
	X(provider, x->provider)   \
	X(unit, x->unit)           \
	X(task, x->task)           \
	X(procedure, x->procedure) \
	X(data, x->data)           \
	X(outcome, outcome_of(x))

static const char *
group_of(const char *by, const struct audit_exchange *x, char day[32])
{
#define BY(name, text)              \
	if (strcmp(by, #name) == 0) \
		return text;
	BY_TABLE(BY)
#undef BY
	return day_text(day_of_ms(x->admitted_ms), day);
}

static bool
by_known(const char *by)
{
#define BY(name, text)              \
	if (strcmp(by, #name) == 0) \
		return true;
	BY_TABLE(BY)
#undef BY
	return strcmp(by, "day") == 0;
}

struct group {
	char *name;
	uint64_t asked, permitted, refused, provided, not_provided, lapsed,
	    uncollected, open;
};
struct groups {
	struct group *v;
	size_t n;
};

static struct group *
group_find(struct groups *g, const char *name)
{
	for (size_t i = 0; i < g->n; i++)
		if (strcmp(g->v[i].name, name) == 0)
			return &g->v[i];
	g->v = xrealloc(g->v, (g->n + 1) * sizeof(*g->v));
	g->v[g->n] = (struct group){.name = xstrdup(name)};
	return &g->v[g->n++];
}

static void
group_count(struct group *g, const struct audit_exchange *x)
{
	g->asked++;
	if (!x->permitted) {
		g->refused++;
		return;
	}
	g->permitted++;
	g->uncollected += x->uncollected;
	if (x->outcome == OUTCOME_PROVIDED)
		g->provided++;
	else if (x->outcome == OUTCOME_LAPSED)
		g->lapsed++;
	else if (x->outcome == OUTCOME_PERMITTED)
		g->open++;
	else
		g->not_provided++;
}

static const struct audit_column stats_columns[] = {
    {"group", "group", "区分", false},
    {"asked", "asked", "照会", true},
    {"permitted", "permitted", "許可", true},
    {"refused", "refused", "不許可", true},
    {"provided", "provided", "提供", true},
    {"not_provided", "not provided", "不提供", true},
    {"lapsed", "lapsed", "失効", true},
    {"uncollected", "uncollected", "未受領", true},
    {"open", "open", "未了", true},
};

static void
groups_table(struct groups *g, struct audit_table *t)
{
	for (size_t i = 0; i < g->n; i++) {
		const struct group *v = &g->v[i];
		char n[8][24];
		const char *const cells[] = {v->name,
		    audit_number(v->asked, n[0]),
		    audit_number(v->permitted, n[1]),
		    audit_number(v->refused, n[2]),
		    audit_number(v->provided, n[3]),
		    audit_number(v->not_provided, n[4]),
		    audit_number(v->lapsed, n[5]),
		    audit_number(v->uncollected, n[6]),
		    audit_number(v->open, n[7])};

		audittable_add(t, cells);
		free(v->name);
	}
	free(g->v);
}

int
audit_cmd_stats(int argc, char **argv)
{
	struct audit a = {.what = "stats"};
	struct filter f = {0};
	struct groups g = {0};
	const char *by = NULL;
	char day[32];
	struct audit_table t = {
	    .columns = stats_columns, .n_columns = N(stats_columns)};
	const struct cli_option options[] = {
	    {"by", NULL, &by, NULL, "WHAT",
		"inquirer (default), provider, unit, task, procedure, data, "
		"outcome or day",
		"集計の区分（既定は inquirer）"},
	    FILTER_OPTIONS(f), AUDIT_OPTIONS(a),
	    {NULL, NULL, NULL, NULL, NULL, NULL, NULL}};
	int words, status;

	if (!cli_parse(options, "audit stats --config FILE [--by WHAT] ...",
		argc, argv, &words) ||
	    words > 0)
		return CLI_USAGE;
	by = by != NULL ? by : "inquirer";
	if (!by_known(by) || !outcome_exists(f.outcome))
		return cli_fail(a.json, ERR_USAGE, "--by, --outcome");
	audit_say(&a, "by", by);
	filter_say(&a, &f);
	status = audit_read_book(&a);
	for (size_t i = 0; status == CLI_DONE && i < a.book.n; i++) {
		const struct audit_exchange *x = a.book.exchange[i];

		if (audit_within(&a, x->admitted_ms) && fits(&f, x))
			group_count(group_find(&g, group_of(by, x, day)), x);
	}
	groups_table(&g, &t);
	if (status == CLI_DONE)
		status = audit_show(&a, &t, "stats");
	audittable_free(&t);
	audit_end(&a);
	return status;
}

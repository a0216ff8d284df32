/* renkei audit report: what stands out, from the log alone. */
#include "agents/cli/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/runtime/idmap.h"
#include "lib/hex.h"
#include "lib/sha256.h"
#include "lib/uuid.h"

#define N(columns) (sizeof(columns) / sizeof((columns)[0]))

/* A report fills a table from a->book. */
struct report {
	const char *name, *en, *ja;
	const struct audit_column *columns;
	size_t n_columns;
	void (*fill)(struct audit *a, struct audit_table *t);
};

/* --- one exchange a row: out of hours, lapsed, uncollected
 * --------------------
 */

static const struct audit_column exchange_columns[] = {
    {"index", "entry", "記録番号", true},
    {"asked", "asked", "照会日時", false},
    {"exchange", "exchange", "交換番号", false},
    {"inquirer", "inquirer", "照会者", false},
    {"unit", "unit", "部署", false},
    {"provider", "provider", "提供者", false},
    {"task", "row", "項", false},
    {"data", "data", "特定個人情報", false},
};

static void
exchange_add(struct audit_table *t, const struct audit_exchange *x)
{
	char index[24], asked[CLOCK_TEXT_LEN], id[UUID_TEXT_LEN];
	const char *const cells[] = {audit_number(x->index, index),
	    audit_time(x->admitted_ms, asked), uuid_text(x->id, id),
	    x->inquirer, x->unit, x->provider, x->task, x->data};

	audittable_add(t, cells);
}

static void
exchanges_fill(struct audit *a, struct audit_table *t,
    bool (*wanted)(const struct audit_exchange *x))
{
	for (size_t i = 0; i < a->book.n; i++)
		if (audit_within(a, a->book.exchange[i]->admitted_ms) &&
		    wanted(a->book.exchange[i]))
			exchange_add(t, a->book.exchange[i]);
}

/* Offices open 8:30-17:15 on weekdays; 1970-01-01 was a Thursday. */
#define OPEN_MIN (8 * 60 + 30)
#define CLOSE_MIN (17 * 60 + 15)

static bool
is_out_of_hours(const struct audit_exchange *x)
{
	struct day d = day_of_ms(x->admitted_ms);
	uint64_t minute = (x->admitted_ms - day_start_ms(d)) / 60000;
	int weekday = (d.n % 7 + 7 + 4) % 7; /* 0 Sunday */

	return weekday == 0 || weekday == 6 || minute < OPEN_MIN ||
	       minute >= CLOSE_MIN;
}

static bool
is_lapsed(const struct audit_exchange *x)
{
	return x->permitted && x->outcome == OUTCOME_LAPSED;
}

static bool
is_uncollected(const struct audit_exchange *x)
{
	return x->uncollected;
}

static void
hours_fill(struct audit *a, struct audit_table *t)
{
	exchanges_fill(a, t, is_out_of_hours);
}

static void
lapsed_fill(struct audit *a, struct audit_table *t)
{
	exchanges_fill(a, t, is_lapsed);
}

static void
uncollected_fill(struct audit *a, struct audit_table *t)
{
	exchanges_fill(a, t, is_uncollected);
}

/* --- volume: each body against its own history ------------------------------
 */

#define HISTORY 28 /* days before the period */
#define FACTOR 3   /* times its usual day */
#define LITTLE 20  /* inquiries a day that are never remarkable */

static const struct audit_column volume_columns[] = {
    {"inquirer", "inquirer", "照会者", false},
    {"day", "day", "日", false},
    {"asked", "asked", "照会", true},
    {"usual", "usual a day", "通常の一日", true},
    {"days_before", "days looked back", "比較した日数", true},
};

/* Inquiries of one body, by day since HISTORY before the period. */
struct volume {
	const char *inquirer;
	uint32_t *day;
};

static struct volume *
volume_find(struct volume **v, size_t *n, const char *inquirer, size_t days)
{
	for (size_t i = 0; i < *n; i++)
		if (strcmp((*v)[i].inquirer, inquirer) == 0)
			return &(*v)[i];
	*v = xrealloc(*v, (*n + 1) * sizeof(**v));
	(*v)[*n] = (struct volume){inquirer, xcalloc(days, sizeof(uint32_t))};
	return &(*v)[(*n)++];
}

static void
volume_add(struct audit_table *t, const struct volume *v, struct day day,
    uint32_t asked, uint64_t usual, size_t days)
{
	char text[DAY_TEXT_LEN], n[3][24];
	const char *const cells[] = {v->inquirer, day_text(day, text),
	    audit_number(asked, n[0]), audit_number(usual, n[1]),
	    audit_number(days, n[2])};

	audittable_add(t, cells);
}

/* The usual day is the mean of the HISTORY days before the day in question. */
static void
volume_judge(
    struct audit *a, struct audit_table *t, const struct volume *v, size_t days)
{
	for (size_t d = HISTORY; d < days; d++) {
		uint64_t before = 0;

		for (size_t k = d - HISTORY; k < d; k++)
			before += v->day[k];
		if (v->day[d] >= LITTLE &&
		    (uint64_t)v->day[d] * HISTORY > FACTOR * before)
			volume_add(t, v,
			    (struct day){a->first.n + (int32_t)(d - HISTORY)},
			    v->day[d], before / HISTORY, HISTORY);
	}
}

static void
volume_fill(struct audit *a, struct audit_table *t)
{
	size_t days = (size_t)(a->last.n - a->first.n) + 1 + HISTORY, n = 0;
	struct volume *v = NULL;

	for (size_t i = 0; i < a->book.n; i++) {
		const struct audit_exchange *x = a->book.exchange[i];
		int64_t d =
		    (int64_t)day_of_ms(x->admitted_ms).n - a->first.n + HISTORY;

		if (d >= 0 && (size_t)d < days)
			volume_find(&v, &n, x->inquirer, days)->day[d]++;
	}
	for (size_t i = 0; i < n; i++) {
		volume_judge(a, t, &v[i], days);
		free(v[i].day);
	}
	free(v);
}

/* --- refusals by reason ------------------------------------------------------
 */

static const struct audit_column refusal_columns[] = {
    {"inquirer", "inquirer", "照会者", false},
    {"outcome", "outcome", "結果", false},
    {"rule", "rule", "理由", false},
    {"times", "times", "件数", true},
    {"last", "last asked", "最後の照会", false},
};

struct reason {
	const struct audit_exchange *x;
	uint64_t times;
};

static void
reason_count(struct reason **v, size_t *n, const struct audit_exchange *x)
{
	for (size_t i = 0; i < *n; i++) {
		struct reason *r = &(*v)[i];

		/* texts are kept once: equal ones are the same pointer */
		if (r->x->inquirer == x->inquirer && r->x->rule == x->rule &&
		    r->x->outcome == x->outcome) {
			r->x = x;
			r->times++;
			return;
		}
	}
	*v = xrealloc(*v, (*n + 1) * sizeof(**v));
	(*v)[(*n)++] = (struct reason){x, 1};
}

static int
reason_order(const void *a, const void *b)
{
	const struct reason *x = a, *y = b;

	return (x->times < y->times) - (x->times > y->times);
}

static void
refusals_fill(struct audit *a, struct audit_table *t)
{
	struct reason *v = NULL;
	size_t n = 0;

	for (size_t i = 0; i < a->book.n; i++) {
		const struct audit_exchange *x = a->book.exchange[i];

		if (!x->permitted && audit_within(a, x->admitted_ms))
			reason_count(&v, &n, x);
	}
	if (n > 0)
		qsort(v, n, sizeof(*v), reason_order);
	for (size_t i = 0; i < n; i++) {
		char times[24], last[CLOCK_TEXT_LEN];
		const char *const cells[] = {v[i].x->inquirer,
		    outcome_code(v[i].x->outcome), v[i].x->rule,
		    audit_number(v[i].times, times),
		    audit_time(v[i].x->admitted_ms, last)};

		audittable_add(t, cells);
	}
	free(v);
}

/* --- case tags ---------------------------------------------------------------
 */

static const struct audit_column case_columns[] = {
    {"index", "entry", "記録番号", true},
    {"asked", "asked", "照会日時", false},
    {"exchange", "exchange", "交換番号", false},
    {"inquirer", "inquirer", "照会者", false},
    {"unit", "unit", "部署", false},
    {"fault", "what is wrong", "異常", false},
    {"first", "first entry with this tag", "同じ値の最初の記録", true},
};

/* A keyed hash has no run of one byte; whoever wrote this computed none. */
static bool
tag_is_flat(const uint8_t *tag)
{
	for (size_t i = 1; i < HASH_LEN; i++)
		if (tag[i] != tag[0])
			return false;
	return true;
}

static void
case_add(struct audit_table *t, const struct audit_exchange *x,
    const char *fault, const struct audit_exchange *first)
{
	char index[24], asked[CLOCK_TEXT_LEN], id[UUID_TEXT_LEN], other[24];
	const char *const cells[] = {audit_number(x->index, index),
	    audit_time(x->admitted_ms, asked), uuid_text(x->id, id),
	    x->inquirer, x->unit, fault,
	    first != NULL ? audit_number(first->index, other) : ""};

	audittable_add(t, cells);
}

/*
 * The tag is a keyed hash over exchange id and reference, so that no two of
 * an agency's are alike: a repeated one was not made as the protocol says.
 */
static void
cases_fill(struct audit *a, struct audit_table *t)
{
	struct idmap seen = {0};

	for (size_t i = 0; i < a->book.n; i++) {
		struct audit_exchange *x = a->book.exchange[i], *first;
		uint8_t hash[HASH_LEN];
		struct buf key = {0};
		bool within = audit_within(a, x->admitted_ms);

		buf_add_lp(&key, x->inquirer);
		buf_add(&key, x->case_tag, HASH_LEN);
		sha256(buf_span(&key), hash);
		buf_free(&key);
		first = idmap_find(&seen, hash);
		if (first == NULL)
			idmap_add(&seen, hash, x);
		if (within && tag_is_flat(x->case_tag))
			case_add(t, x, "malformed", first);
		else if (within && first != NULL &&
			 memcmp(first->id, x->id, ID_LEN) != 0)
			case_add(t, x, "repeated", first);
	}
	idmap_free(&seen);
}

/* --- the command ------------------------------------------------------------
 */

#define COLUMNS(c) c, N(c)

static const struct report reports[] = {
    {"out-of-hours", "asked outside 8:30-17:15 or at a weekend",
	"執務時間外（平日8:30-17:15以外）の照会", COLUMNS(exchange_columns),
	hours_fill},
    {"volume", "days of three times a body's usual volume",
	"その機関の通常の三倍を超えた日", COLUMNS(volume_columns), volume_fill},
    {"refusals", "refusals by reason", "不許可の理由別件数",
	COLUMNS(refusal_columns), refusals_fill},
    {"lapsed", "permits that lapsed", "失効した許可", COLUMNS(exchange_columns),
	lapsed_fill},
    {"uncollected", "answers never collected", "受け取られなかった回答",
	COLUMNS(exchange_columns), uncollected_fill},
    {"case-tags", "case references repeated or malformed",
	"事案番号の重複・不正", COLUMNS(case_columns), cases_fill},
};

static int
reports_list(void)
{
	for (size_t i = 0; i < N(reports); i++)
		fprintf(stderr, "  %-13s %s\n", reports[i].name,
		    cli_text(reports[i].en, reports[i].ja));
	return CLI_USAGE;
}

static const struct report *
report_find(const char *name)
{
	for (size_t i = 0; i < N(reports); i++)
		if (strcmp(reports[i].name, name) == 0)
			return &reports[i];
	return NULL;
}

int
audit_cmd_report(int argc, char **argv)
{
	struct audit a = {.what = "report"};
	const struct cli_option options[] = {
	    AUDIT_OPTIONS(a), {NULL, NULL, NULL, NULL, NULL, NULL, NULL}};
	const struct report *r;
	struct audit_table t = {0};
	int words, status;

	if (!cli_parse(options, "audit report NAME --config FILE [--from DATE]",
		argc, argv, &words))
		return reports_list();
	r = words == 1 ? report_find(argv[1]) : NULL;
	if (r == NULL)
		return reports_list();
	t.columns = r->columns;
	t.n_columns = r->n_columns;
	audit_say(&a, "name", r->name);
	status = audit_read_book(&a);
	if (status == CLI_DONE) {
		r->fill(&a, &t);
		status = audit_show(&a, &t, r->name);
	}
	audit_end(&a);
	return status;
}

/* renkei audit reconcile: the agencies' own records against the log. */
#include "agents/cli/audit.h"
#include "agents/cli/auditcopy.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"
#include "lib/uuid.h"

static const struct audit_column columns[] = {
    {"what", "what", "区分", false},
    {"at", "at", "機関", false},
    {"side", "side", "側", false},
    {"exchange", "exchange", "交換番号", false},
    {"inquirer", "inquirer", "照会者", false},
    {"provider", "provider", "提供者", false},
    {"asked", "asked", "照会日時", false},
    {"fields", "what differs", "相違する項目", false},
    {"log", "the log says", "ログの結果", false},
    {"copy", "the copy says", "写しの結果", false},
    {"borne_out", "also borne out by", "他の写しの裏付け", false},
};
#define N(columns) (sizeof(columns) / sizeof((columns)[0]))

struct reconciliation {
	struct audit a;
	struct audit_copy *copy; /* one an agency */
	size_t n;
	struct audit_table found;
	uint64_t exchanges, records;
};

static struct audit_copy *
copy_of(struct reconciliation *r, const char *agency)
{
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->copy[i].agency, agency) == 0)
			return &r->copy[i];
	return NULL;
}

static struct copy_record *
record_of(struct reconciliation *r, enum copy_side side, const char *inquirer,
    const char *provider, const uint8_t id[static ID_LEN])
{
	struct audit_copy *c =
	    copy_of(r, side == COPY_ASKED ? inquirer : provider);

	return c != NULL ? auditcopy_find(c, side, inquirer, id) : NULL;
}

static const char *
side_text(enum copy_side side)
{
	return side == COPY_ASKED ? "asked" : "answered";
}

/* --- what should stand in a copy --------------------------------------------
 */

/* The end of it as an agency is told; "" as long as there is none. */
static const char *
outcome_due(const struct audit_exchange *x)
{
	return x->outcome == OUTCOME_PERMITTED ? "" : outcome_code(x->outcome);
}

/* Whether a copy must hold it: a provider need not have heard of a permit. */
static bool
is_due(const struct audit_exchange *x, enum copy_side side)
{
	return side == COPY_ASKED || x->answer_sequence != 0;
}

static bool
outcome_fits(const struct audit_exchange *x, const struct copy_record *c)
{
	if (strcmp(c->outcome, outcome_due(x)) == 0)
		return true;
	/* the inquirer never fetched it, or the provider's came too late */
	if (c->side == COPY_ASKED)
		return x->uncollected && c->outcome[0] == '\0';
	return x->outcome == OUTCOME_PERMITTED ||
	       x->outcome == OUTCOME_SUSPENDED_LATE;
}

/* The names of the fields that differ; *out stays empty where none does. */
static void
fields_compare(const struct audit_exchange *x, const struct copy_record *c,
    struct buf *out)
{
	uint64_t sequence =
	    c->side == COPY_ASKED ? x->sequence : x->answer_sequence;
	const struct {
		const char *name;
		bool same;
	} fields[] = {
	    {"inquirer", strcmp(c->inquirer, x->inquirer) == 0},
	    {"provider", strcmp(c->provider, x->provider) == 0},
	    {"task", strcmp(c->task, x->task) == 0},
	    {"procedure", strcmp(c->procedure, x->procedure) == 0},
	    {"data", strcmp(c->data, x->data) == 0},
	    {"asked_ms", c->asked_ms == x->asked_ms},
	    {"outcome", outcome_fits(x, c)},
	    {"sequence", sequence == 0 || c->sequence == sequence},
	};

	for (size_t i = 0; i < N(fields); i++)
		if (!fields[i].same)
			buf_printf(
			    out, out->n > 0 ? " %s" : "%s", fields[i].name);
}

static bool
agrees(const struct audit_exchange *x, const struct copy_record *c)
{
	struct buf fields = {0};
	bool same;

	fields_compare(x, c, &fields);
	same = fields.n == 0;
	buf_free(&fields);
	return same;
}

/* --- what was found ---------------------------------------------------------
 */

/* `x` or `c` may be NULL, not both. */
static void
found_add(struct reconciliation *r, const char *what, const char *at,
    enum copy_side side, const char *fields, const struct audit_exchange *x,
    const struct copy_record *c, const char *borne_out)
{
	char id[UUID_TEXT_LEN], asked[CLOCK_TEXT_LEN];
	const char *const cells[] = {what, at, side_text(side),
	    uuid_text(x != NULL ? x->id : c->id, id),
	    x != NULL ? x->inquirer : c->inquirer,
	    x != NULL ? x->provider : c->provider,
	    audit_time(x != NULL ? x->asked_ms : c->asked_ms, asked), fields,
	    x != NULL ? outcome_due(x) : "", c != NULL ? c->outcome : "",
	    borne_out};

	audittable_add(&r->found, cells);
}

/* Who else, of the other side, says the same as the log. */
static const char *
log_borne_out(struct reconciliation *r, const struct audit_exchange *x,
    enum copy_side side)
{
	enum copy_side other = side == COPY_ASKED ? COPY_ANSWERED : COPY_ASKED;
	const struct copy_record *c =
	    record_of(r, other, x->inquirer, x->provider, x->id);

	if (c == NULL || !agrees(x, c))
		return "log";
	return other == COPY_ASKED ? "log inquirer" : "log provider";
}

static void
exchange_check(struct reconciliation *r, const struct audit_exchange *x,
    enum copy_side side)
{
	const char *at = side == COPY_ASKED ? x->inquirer : x->provider;
	struct copy_record *c;
	struct buf fields = {0};

	if (copy_of(r, at) == NULL)
		return;
	c = record_of(r, side, x->inquirer, x->provider, x->id);
	if (c == NULL) {
		if (is_due(x, side))
			found_add(r, "missing", at, side, "", x, NULL,
			    log_borne_out(r, x, side));
		return;
	}
	if (c->seen)
		return;
	c->seen = true;
	fields_compare(x, c, &fields);
	buf_add_u8(&fields, 0);
	if (fields.n > 1)
		found_add(r, "different", at, side, (const char *)fields.p, x,
		    c, log_borne_out(r, x, side));
	buf_free(&fields);
}

/*
 * A record that no entry of the period is about. An inquiry that never came
 * into the log (its agency knows no entry) is no one's omission.
 */
static void
record_check(struct reconciliation *r, struct copy_record *c)
{
	const struct audit_exchange *x =
	    auditbook_find(&r->a.book, c->inquirer, c->id);
	enum copy_side other =
	    c->side == COPY_ASKED ? COPY_ANSWERED : COPY_ASKED;
	bool also;

	if (c->seen || !audit_within(&r->a, c->asked_ms))
		return;
	if (x != NULL &&
	    strcmp(c->side == COPY_ASKED ? x->inquirer : x->provider,
		c->agency) == 0) {
		exchange_check(r, x, c->side);
		return;
	}
	if (c->side == COPY_ASKED && !c->logged)
		return;
	also = record_of(r, other, c->inquirer, c->provider, c->id) != NULL;
	found_add(r, "extra", c->agency, c->side, "", NULL, c,
	    !also		  ? ""
	    : other == COPY_ASKED ? "inquirer"
				  : "provider");
}

/* --- sequence numbers: what neither the log nor the copy has ----------------
 */

struct numbers {
	uint64_t *v;
	size_t n;
	uint64_t low, high; /* of the period */
};

static void
number_take(struct numbers *s, uint64_t number, bool within)
{
	if (number == 0)
		return;
	if ((s->n & (s->n - 1)) == 0)
		s->v =
		    xrealloc(s->v, (s->n == 0 ? 1 : 2 * s->n) * sizeof(*s->v));
	s->v[s->n++] = number;
	if (!within)
		return;
	if (s->low == 0 || number < s->low)
		s->low = number;
	if (number > s->high)
		s->high = number;
}

static int
number_order(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void
gap_add(struct reconciliation *r, const struct audit_copy *c,
    enum copy_side side, uint64_t first, uint64_t last)
{
	char text[64];
	const char *const cells[] = {"gap", c->agency, side_text(side), "", "",
	    "", "", text, "", "", ""};

	if (first == last)
		snprintf(text, sizeof(text), "sequence %" PRIu64, first);
	else
		snprintf(text, sizeof(text), "sequence %" PRIu64 "-%" PRIu64,
		    first, last);
	audittable_add(&r->found, cells);
}

/*
 * An agency numbers what it asks and what it answers without a hole. What the
 * log has is no gap in a copy: that is named as missing.
 */
static void
gaps_find(
    struct reconciliation *r, const struct audit_copy *c, enum copy_side side)
{
	struct numbers s = {0};

	for (size_t i = 0; i < c->n; i++)
		if (c->record[i].side == side)
			number_take(&s, c->record[i].sequence,
			    audit_within(&r->a, c->record[i].asked_ms));
	for (size_t i = 0; i < r->a.book.n; i++) {
		const struct audit_exchange *x = r->a.book.exchange[i];

		if (strcmp(side == COPY_ASKED ? x->inquirer : x->provider,
			c->agency) == 0)
			number_take(&s,
			    side == COPY_ASKED ? x->sequence
					       : x->answer_sequence,
			    audit_within(&r->a, x->asked_ms));
	}
	if (s.n > 0)
		qsort(s.v, s.n, sizeof(*s.v), number_order);
	for (size_t i = 1; i < s.n; i++)
		if (s.v[i] > s.v[i - 1] + 1 && s.v[i - 1] >= s.low &&
		    s.v[i] <= s.high)
			gap_add(r, c, side, s.v[i - 1] + 1, s.v[i] - 1);
	free(s.v);
}

/* --- the command ------------------------------------------------------------
 */

static void
compare(struct reconciliation *r)
{
	for (size_t i = 0; i < r->a.book.n; i++) {
		const struct audit_exchange *x = r->a.book.exchange[i];

		if (!audit_within(&r->a, x->asked_ms))
			continue;
		r->exchanges++;
		exchange_check(r, x, COPY_ASKED);
		if (x->permitted)
			exchange_check(r, x, COPY_ANSWERED);
	}
	for (size_t i = 0; i < r->n; i++) {
		for (size_t k = 0; k < r->copy[i].n; k++) {
			r->records +=
			    audit_within(&r->a, r->copy[i].record[k].asked_ms);
			record_check(r, &r->copy[i].record[k]);
		}
		gaps_find(r, &r->copy[i], COPY_ASKED);
		gaps_find(r, &r->copy[i], COPY_ANSWERED);
	}
}

/* CODE=FILE of the command line. */
static int
copy_open(struct reconciliation *r, char *word)
{
	char *equals = strchr(word, '='), text[500];
	struct fault fault = {0};
	enum err e;

	if (equals == NULL || equals == word || equals[1] == '\0')
		return cli_fail(r->a.json, ERR_USAGE, word);
	*equals = '\0';
	if (copy_of(r, word) != NULL)
		return cli_fail(r->a.json, ERR_DUPLICATE, word);
	audit_say(&r->a, "copy", word);
	e = auditcopy_read(equals + 1, word, &r->copy[r->n++], &fault);
	if (e == ERR_NONE)
		return CLI_DONE;
	return cli_fail(r->a.json, e,
	    fault.what[0] != '\0' ? fault_text(&fault, text, sizeof(text))
				  : equals + 1);
}

static int
found_show(struct reconciliation *r)
{
	int status = r->found.n > 0 ? CLI_UNVERIFIED : CLI_DONE;

	audittable_print(&r->found, audit_form(&r->a), "reconcile",
	    auditlog_index(r->a.log));
	if (audit_form(&r->a) == AUDIT_TEXT)
		fprintf(stderr,
		    cli_text("%" PRIu64 " exchanges of the log, %" PRIu64
			     " records of %zu agencies: %zu discrepancies\n",
			"ログの照会 %" PRIu64 " 件、記録 %" PRIu64
			" 件（%zu 機関）: 不一致 %zu 件\n"),
		    r->exchanges, r->records, r->n, r->found.n);
	return status;
}

int
audit_cmd_reconcile(int argc, char **argv)
{
	struct reconciliation r = {.a = {.what = "reconcile"},
	    .found = {.columns = columns, .n_columns = N(columns)}};
	const struct cli_option options[] = {
	    AUDIT_OPTIONS(r.a), {NULL, NULL, NULL, NULL, NULL, NULL, NULL}};
	int words, status = CLI_DONE;

	if (!cli_parse(options,
		"audit reconcile --config FILE [--from DATE] CODE=FILE ...",
		argc, argv, &words))
		return CLI_USAGE;
	if (words == 0)
		return cli_fail(r.a.json, ERR_USAGE, "CODE=FILE");
	r.copy = xcalloc((size_t)words, sizeof(*r.copy));
	for (int i = 1; status == CLI_DONE && i <= words; i++)
		status = copy_open(&r, argv[i]);
	if (status == CLI_DONE)
		status = audit_read_book(&r.a);
	if (status == CLI_DONE) {
		compare(&r);
		status = found_show(&r);
	}
	audittable_free(&r.found);
	for (size_t i = 0; i < r.n; i++)
		auditcopy_free(&r.copy[i]);
	free(r.copy);
	audit_end(&r.a);
	return status;
}

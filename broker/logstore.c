#include "broker/logstore.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/db.h"
#include "lib/oplog.h"

#define MONTHS_KNOWN 16

struct logstore {
	struct db *db;
	char *origin;
	int log; /* fiscal year */
	uint64_t size;
	int64_t epoch;
	int months[MONTHS_KNOWN]; /* whose partitions are there */
	size_t n_months;
};

/* ---- the head --------------------------------------------------------- */

static enum err
head_make(struct logstore *s)
{
	struct db_params p = {0};
	db_bind_i32(&p, day_fiscal_year(day_of_ms(clock_ms())));
	db_bind_text(&p, s->origin);
	enum err e = db_run(s->db,
	    "INSERT INTO log_head (log, origin) VALUES ($1, $2) "
	    "ON CONFLICT (origin) DO NOTHING",
	    &p, NULL);
	db_params_free(&p);
	return e;
}

/* Read the head; with `take`, under a new epoch that is ours from now on. */
static enum err
head_read(struct logstore *s, bool take)
{
	struct db_params p = {0};
	struct db_rows r;
	db_bind_text(&p, s->origin);
	enum err e = db_run(s->db,
	    take ? "UPDATE log_head SET epoch = epoch + 1 WHERE origin = $1 "
		   "RETURNING log, size, epoch"
		 : "SELECT log, size, epoch FROM log_head WHERE origin = $1",
	    &p, &r);
	db_params_free(&p);
	if (e != ERR_NONE)
		return e;
	if (r.n != 1) {
		db_rows_end(&r);
		return ERR_NOT_FOUND;
	}
	s->log = (int)db_i64(&r, 0, 0);
	s->size = (uint64_t)db_i64(&r, 0, 1);
	int64_t epoch = db_i64(&r, 0, 2);
	if (!take && epoch != s->epoch) {
		db_rows_end(&r);
		return ERR_HEAD_MOVED;
	}
	s->epoch = epoch;
	return db_rows_end(&r);
}

enum err
logstore_open(const char *conninfo, const char *origin, struct logstore **out)
{
	struct logstore *s = xcalloc(1, sizeof(*s));
	*out = NULL;
	s->origin = xstrdup(origin);
	enum err e = db_open(conninfo, &s->db);
	if (e == ERR_NONE)
		e = head_make(s);
	if (e == ERR_NONE)
		e = head_read(s, true);
	if (e != ERR_NONE) {
		logstore_close(s);
		return e;
	}
	*out = s;
	return ERR_NONE;
}

void
logstore_close(struct logstore *s)
{
	if (s == NULL)
		return;
	db_close(s->db);
	free(s->origin);
	free(s);
}

uint64_t
logstore_size(const struct logstore *s)
{
	return s->size;
}

bool
logstore_lost(const struct logstore *s)
{
	return db_lost(s->db);
}

enum err
logstore_recover(struct logstore *s)
{
	enum err e = db_reopen(s->db);
	return e != ERR_NONE ? e : head_read(s, false);
}

/* A partition is made before its first entry, outside the entry's batch. */
static enum err
month_ensure(struct logstore *s, int month)
{
	for (size_t i = 0; i < s->n_months; i++)
		if (s->months[i] == month)
			return ERR_NONE;
	struct db_params p = {0};
	db_bind_i32(&p, month);
	enum err e = db_run(s->db, "SELECT entry_month_ensure($1)", &p, NULL);
	db_params_free(&p);
	if (e == ERR_NONE) {
		if (s->n_months == MONTHS_KNOWN)
			s->n_months = 0;
		s->months[s->n_months++] = month;
	}
	return e;
}

/* ---- writing ---------------------------------------------------------- */

/* Statements of one transaction and what they are given. */
#define STEPS_MAX 12
struct writing {
	struct db_step step[STEPS_MAX];
	struct db_params params[STEPS_MAX];
	size_t n;
};

static struct db_params *
writing_add(struct writing *w, const char *sql)
{
	assert(w->n < STEPS_MAX);
	w->step[w->n] = (struct db_step){sql, &w->params[w->n], NULL};
	return &w->params[w->n++];
}

static void
add_head(struct writing *w, const struct logstore *s, uint64_t becomes)
{
	struct db_params *p =
	    writing_add(w, "SELECT log_head_move($1, $2, $3, $4)");
	db_bind_i32(p, s->log);
	db_bind_i64(p, (int64_t)s->size);
	db_bind_i64(p, (int64_t)becomes);
	db_bind_i64(p, s->epoch);
}

#define ENTRY_COLUMNS                                                        \
	"log, idx, month, type, entry_id, exchange_id, inquirer, provider, " \
	"leaf, body, salt, record_code, endorsement, aux, person"

static struct span
span_or_null(const struct buf *b)
{
	return b->n == 0 ? (struct span){NULL, 0} : buf_span(b);
}

static const char *
text_or_null(const char *s)
{
	return *s == '\0' ? NULL : s;
}

static void
add_entry(
    struct writing *w, const struct logstore *s, const struct ledger_row *r)
{
	struct db_params *p = writing_add(w,
	    "INSERT INTO entry (" ENTRY_COLUMNS ") VALUES ($1, $2, $3, $4, "
	    "$5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)");
	db_bind_i32(p, s->log);
	db_bind_i64(p, (int64_t)r->index);
	db_bind_i32(p, r->month);
	db_bind_i16(p, (int16_t)r->type);
	db_bind_uuid(p, r->entry_id);
	db_bind_uuid(p, r->has_exchange ? r->exchange_id : NULL);
	db_bind_text(p, text_or_null(r->inquirer));
	db_bind_text(p, text_or_null(r->provider));
	db_bind_bytes(p, SPAN(r->leaf));
	db_bind_bytes(p, buf_span(&r->body));
	db_bind_bytes(p, SPAN(r->salt));
	db_bind_bytes(p, span_or_null(&r->record));
	db_bind_bytes(p, SPAN(r->endorsement));
	db_bind_bytes(p, span_or_null(&r->aux));
	db_bind_bytes(p, span_or_null(&r->person));
}

/* Columns of several rows, in arrays for unnest. One allocation a column. */
struct columns {
	size_t n;
	int64_t *i64;
	int32_t *i32;
	int16_t *i16;
	const char **text;
	const uint8_t **uuid;
	struct span *bytes;
};

static struct columns
columns_new(size_t n)
{
	return (struct columns){n, xcalloc(n, sizeof(int64_t)),
	    xcalloc(n, sizeof(int32_t)), xcalloc(n, sizeof(int16_t)),
	    xcalloc(n, sizeof(char *)), xcalloc(n, sizeof(uint8_t *)),
	    xcalloc(n, sizeof(struct span))};
}

static void
columns_free(struct columns *c)
{
	free(c->i64);
	free(c->i32);
	free(c->i16);
	free(c->text);
	free(c->uuid);
	free(c->bytes);
}

/* Bind one column: `value` is an expression of i. */
#define COLUMN(p, c, kind, bind, value)             \
	do {                                        \
		for (size_t i = 0; i < (c)->n; i++) \
			(c)->kind[i] = (value);     \
		bind(p, (c)->kind, (c)->n);         \
	} while (0)

static void
add_entries(struct writing *w, const struct logstore *s,
    struct ledger_row *const *rows, size_t n)
{
	struct db_params *p = writing_add(w,
	    "INSERT INTO entry (" ENTRY_COLUMNS ") SELECT $1, * FROM "
	    "unnest($2::bigint[], $3::int[], $4::smallint[], $5::uuid[], "
	    "$6::uuid[], $7::text[], $8::text[], $9::bytea[], $10::bytea[], "
	    "$11::bytea[], $12::bytea[], $13::bytea[], $14::bytea[], "
	    "$15::bytea[])");
	struct columns c = columns_new(n);
	db_bind_i32(p, s->log);
	COLUMN(p, &c, i64, db_bind_i64s, (int64_t)rows[i]->index);
	COLUMN(p, &c, i32, db_bind_i32s, rows[i]->month);
	COLUMN(p, &c, i16, db_bind_i16s, (int16_t)rows[i]->type);
	COLUMN(p, &c, uuid, db_bind_uuids, rows[i]->entry_id);
	COLUMN(p, &c, uuid, db_bind_uuids,
	    rows[i]->has_exchange ? rows[i]->exchange_id : NULL);
	COLUMN(p, &c, text, db_bind_texts, text_or_null(rows[i]->inquirer));
	COLUMN(p, &c, text, db_bind_texts, text_or_null(rows[i]->provider));
	COLUMN(p, &c, bytes, db_bind_bytess, SPAN(rows[i]->leaf));
	COLUMN(p, &c, bytes, db_bind_bytess, buf_span(&rows[i]->body));
	COLUMN(p, &c, bytes, db_bind_bytess, SPAN(rows[i]->salt));
	COLUMN(p, &c, bytes, db_bind_bytess, span_or_null(&rows[i]->record));
	COLUMN(p, &c, bytes, db_bind_bytess, SPAN(rows[i]->endorsement));
	COLUMN(p, &c, bytes, db_bind_bytess, span_or_null(&rows[i]->aux));
	COLUMN(p, &c, bytes, db_bind_bytess, span_or_null(&rows[i]->person));
	columns_free(&c);
}

static void
add_live_insert(struct writing *w, struct ledger_job *const *jobs, size_t n)
{
	struct db_params *p = writing_add(w,
	    "INSERT INTO live (inquirer, exchange_id, month, provider, "
	    "inquiry_hash, permit_idx, answer_by_ms, valid_until_ms) SELECT * "
	    "FROM unnest($1::text[], $2::uuid[], $3::int[], $4::text[], "
	    "$5::bytea[], $6::bigint[], $7::bigint[], $8::bigint[])");
	struct columns c = columns_new(n);
	COLUMN(p, &c, text, db_bind_texts, jobs[i]->live.inquirer);
	COLUMN(p, &c, uuid, db_bind_uuids, jobs[i]->live.exchange_id);
	COLUMN(p, &c, i32, db_bind_i32s, jobs[i]->rows[0].month);
	COLUMN(p, &c, text, db_bind_texts, jobs[i]->live.provider);
	COLUMN(p, &c, bytes, db_bind_bytess, SPAN(jobs[i]->live.inquiry_hash));
	COLUMN(p, &c, i64, db_bind_i64s, (int64_t)jobs[i]->rows[0].index);
	COLUMN(p, &c, i64, db_bind_i64s, (int64_t)jobs[i]->live.answer_by_ms);
	COLUMN(p, &c, i64, db_bind_i64s, (int64_t)jobs[i]->live.valid_until_ms);
	columns_free(&c);
}

static void
add_live_settle(struct writing *w, struct ledger_job *const *jobs, size_t n)
{
	struct db_params *p = writing_add(w,
	    "UPDATE live SET state = 3, outcome_idx = u.idx FROM "
	    "unnest($1::text[], $2::uuid[], $3::bigint[]) "
	    "AS u (inquirer, id, idx) "
	    "WHERE live.inquirer = u.inquirer AND live.exchange_id = u.id");
	struct columns c = columns_new(n);
	COLUMN(p, &c, text, db_bind_texts, jobs[i]->live.inquirer);
	COLUMN(p, &c, uuid, db_bind_uuids, jobs[i]->live.exchange_id);
	COLUMN(p, &c, i64, db_bind_i64s, (int64_t)jobs[i]->rows[0].index);
	columns_free(&c);
}

/* Statements that need only to be told which exchanges. */
static void
add_live_named(struct writing *w, const char *sql,
    struct ledger_job *const *jobs, size_t n)
{
	struct db_params *p = writing_add(w, sql);
	struct columns c = columns_new(n);
	COLUMN(p, &c, text, db_bind_texts, jobs[i]->live.inquirer);
	COLUMN(p, &c, uuid, db_bind_uuids, jobs[i]->live.exchange_id);
	columns_free(&c);
}

static void
add_holders(struct writing *w, struct ledger_job *const *jobs, size_t n)
{
	/* two requests for one person at once: one code, two notices */
	struct db_params *p = writing_add(w,
	    "INSERT INTO holder (tag) SELECT * FROM unnest($1::bytea[]) "
	    "ON CONFLICT DO NOTHING");
	struct columns c = columns_new(n);
	COLUMN(p, &c, bytes, db_bind_bytess, SPAN(jobs[i]->holder));
	columns_free(&c);
}

static void
add_aliases(struct writing *w, struct ledger_job *const *jobs, size_t n)
{
	struct db_params *p = writing_add(w,
	    "INSERT INTO alias (key, value) SELECT * "
	    "FROM unnest($1::bytea[], $2::bytea[]) ON CONFLICT DO NOTHING");
	struct columns c = columns_new(n);
	COLUMN(p, &c, bytes, db_bind_bytess, SPAN(jobs[i]->alias_key));
	COLUMN(p, &c, bytes, db_bind_bytess, buf_span(&jobs[i]->alias_value));
	columns_free(&c);
}

/* notice = u64 index of the entry || u32 outcome || PersonRef data */
static void
add_acquisitions(struct writing *w, struct ledger_job *const *jobs, size_t n)
{
	struct db_params *p = writing_add(w,
	    "INSERT INTO acquisition (number, agency, asked_ms, "
	    "request_hash, notice) SELECT * FROM unnest($1::uuid[], "
	    "$2::text[], $3::bigint[], $4::bytea[], $5::bytea[])");
	struct columns c = columns_new(n);
	struct buf *notices = xcalloc(n, sizeof(*notices));
	for (size_t i = 0; i < n; i++) {
		const struct ledger_acquisition *a = &jobs[i]->acquisition;
		buf_add_u64(&notices[i], jobs[i]->rows[0].index);
		buf_add_u32(&notices[i], a->outcome);
		buf_add(&notices[i], a->person.p, a->person.n);
	}
	COLUMN(p, &c, uuid, db_bind_uuids, jobs[i]->acquisition.number);
	COLUMN(p, &c, text, db_bind_texts, jobs[i]->acquisition.agency);
	COLUMN(
	    p, &c, i64, db_bind_i64s, (int64_t)jobs[i]->acquisition.asked_ms);
	COLUMN(p, &c, bytes, db_bind_bytess,
	    SPAN(jobs[i]->acquisition.request_hash));
	COLUMN(p, &c, bytes, db_bind_bytess, buf_span(&notices[i]));
	for (size_t i = 0; i < n; i++)
		buf_free(&notices[i]);
	free(notices);
	columns_free(&c);
}

static void
add_tiles(struct writing *w, const struct logstore *s,
    const struct tree_tile *tiles, size_t n)
{
	struct db_params *p = writing_add(w,
	    "INSERT INTO log_tile (log, level, n, data) SELECT $1, * "
	    "FROM unnest($2::smallint[], $3::bigint[], $4::bytea[]) "
	    "ON CONFLICT DO NOTHING");
	struct columns c = columns_new(n);
	db_bind_i32(p, s->log);
	COLUMN(p, &c, i16, db_bind_i16s, (int16_t)tiles[i].level);
	COLUMN(p, &c, i64, db_bind_i64s, (int64_t)tiles[i].n);
	COLUMN(p, &c, bytes, db_bind_bytess, buf_span(&tiles[i].data));
	columns_free(&c);
}

/* The jobs a statement is about, and the statement. */
struct share {
	bool (*wants)(const struct ledger_job *);
	void (*add)(struct writing *, struct ledger_job *const *, size_t);
};

static bool
wants_insert(const struct ledger_job *j)
{
	return j->op == LEDGER_APPEND && j->change == LIVE_INSERT;
}

static bool
wants_settle(const struct ledger_job *j)
{
	return j->op == LEDGER_APPEND && j->change == LIVE_SETTLE;
}

static bool
wants_delete(const struct ledger_job *j)
{
	return j->op == LEDGER_FORGET ||
	       (j->op == LEDGER_APPEND && j->change == LIVE_DELETE);
}

static bool
wants_pending(const struct ledger_job *j)
{
	return j->op == LEDGER_PENDING;
}

static bool
wants_holder(const struct ledger_job *j)
{
	return j->has_holder;
}

static bool
wants_alias(const struct ledger_job *j)
{
	return j->alias_value.n > 0;
}

static bool
wants_acquisition(const struct ledger_job *j)
{
	return j->has_acquisition;
}

static void
add_live_delete(struct writing *w, struct ledger_job *const *jobs, size_t n)
{
	add_live_named(w,
	    "DELETE FROM live USING unnest($1::text[], $2::uuid[]) "
	    "AS u (inquirer, id) "
	    "WHERE live.inquirer = u.inquirer AND live.exchange_id = u.id",
	    jobs, n);
}

static void
add_live_pending(struct writing *w, struct ledger_job *const *jobs, size_t n)
{
	add_live_named(w,
	    "UPDATE live SET state = 2 FROM unnest($1::text[], $2::uuid[]) "
	    "AS u (inquirer, id) WHERE live.inquirer = u.inquirer "
	    "AND live.exchange_id = u.id AND state = 1",
	    jobs, n);
}

static const struct share shares[] = {
    {wants_insert, add_live_insert},
    {wants_settle, add_live_settle},
    {wants_pending, add_live_pending},
    {wants_delete, add_live_delete},
    {wants_holder, add_holders},
    {wants_alias, add_aliases},
    {wants_acquisition, add_acquisitions},
};

/* Index the entries; returns how many there are. */
static size_t
entries_number(const struct logstore *s, struct ledger_job **jobs, size_t n,
    struct ledger_row **rows)
{
	size_t count = 0;
	for (size_t i = 0; i < n; i++)
		if (jobs[i]->op == LEDGER_APPEND) {
			jobs[i]->rows[0].index = s->size + count;
			rows[count++] = &jobs[i]->rows[0];
		}
	return count;
}

static void
writing_fill(struct writing *w, const struct logstore *s,
    struct ledger_job **jobs, size_t n, struct ledger_row **rows, size_t count)
{
	if (count > 0)
		add_head(w, s, s->size + count);
	if (count == 1)
		add_entry(w, s, rows[0]);
	else if (count > 1)
		add_entries(w, s, rows, count);
	struct ledger_job **mine = xcalloc(n + 1, sizeof(*mine));
	for (size_t k = 0; k < sizeof(shares) / sizeof(shares[0]); k++) {
		size_t m = 0;
		for (size_t i = 0; i < n; i++)
			if (shares[k].wants(jobs[i]))
				mine[m++] = jobs[i];
		if (m > 0)
			shares[k].add(w, mine, m);
	}
	free(mine);
}

enum err
logstore_write(struct logstore *s, struct ledger_job **jobs, size_t n,
    const struct tree_tile *tiles, size_t n_tiles)
{
	struct writing w = {0};
	struct ledger_row **rows = xcalloc(n + 1, sizeof(*rows));
	size_t count = entries_number(s, jobs, n, rows);
	enum err e = ERR_NONE;
	for (size_t i = 0; i < count && e == ERR_NONE; i++)
		e = month_ensure(s, rows[i]->month);
	if (e == ERR_NONE) {
		writing_fill(&w, s, jobs, n, rows, count);
		if (n_tiles > 0)
			add_tiles(&w, s, tiles, n_tiles);
		if (w.n > 0)
			e = db_run_together(s->db, w.step, w.n, NULL);
	}
	if (e == ERR_NONE)
		s->size += count;
	else if (strcmp(db_sqlstate(s->db), "RK001") == 0)
		e = ERR_HEAD_MOVED;
	if (e != ERR_NONE)
		oplog(OPLOG_WARN, "ledger-write-failed", LOG_ERR(e),
		    LOG_TEXT("sqlstate", db_sqlstate(s->db)),
		    LOG_TEXT("message", db_message(s->db)));
	for (size_t i = 0; i < w.n; i++)
		db_params_free(&w.params[i]);
	free(rows);
	return e;
}

bool
logstore_row_fault(const struct logstore *s)
{
	const char *state = db_sqlstate(s->db);
	return strncmp(state, "22", 2) == 0 || strncmp(state, "23", 2) == 0;
}

/* ---- reading ---------------------------------------------------------- */

/* The columns of a whole row, in the order row_read takes them. */
#define WHOLE                                                          \
	"idx, leaf, endorsement, entry_id, record_code, month, type, " \
	"exchange_id, inquirer, provider, body, salt, aux, person"

static void
buf_take_column(struct db_rows *r, size_t i, int column, struct buf *out)
{
	if (db_null(r, i, column))
		return;
	struct span s = db_bytes(r, i, column);
	buf_add(out, s.p, s.n);
}

static void
text_column(struct db_rows *r, size_t i, int column, char *out, size_t n)
{
	if (db_null(r, i, column))
		return;
	const char *s = db_text(r, i, column);
	size_t len = strlen(s);
	if (len >= n)
		r->err = ERR_DATABASE;
	else
		memcpy(out, s, len + 1);
}

static void
row_read(struct db_rows *r, size_t i, bool whole, struct ledger_row *out)
{
	out->index = (uint64_t)db_i64(r, i, 0);
	db_fixed(r, i, 1, out->leaf, sizeof(out->leaf));
	db_fixed(r, i, 2, out->endorsement, sizeof(out->endorsement));
	db_fixed(r, i, 3, out->entry_id, sizeof(out->entry_id));
	buf_take_column(r, i, 4, &out->record);
	if (!whole)
		return;
	out->month = (int)db_i64(r, i, 5);
	out->type = (uint32_t)db_i64(r, i, 6);
	out->has_exchange = !db_null(r, i, 7);
	if (out->has_exchange)
		db_fixed(r, i, 7, out->exchange_id, ID_LEN);
	text_column(r, i, 8, out->inquirer, sizeof(out->inquirer));
	text_column(r, i, 9, out->provider, sizeof(out->provider));
	buf_take_column(r, i, 10, &out->body);
	db_fixed(r, i, 11, out->salt, sizeof(out->salt));
	buf_take_column(r, i, 12, &out->aux);
	buf_take_column(r, i, 13, &out->person);
}

void
ledger_rows_free(struct ledger_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		buf_free(&rows[i].body);
		buf_free(&rows[i].record);
		buf_free(&rows[i].person);
		buf_free(&rows[i].aux);
		free(rows[i].path);
	}
	free(rows);
}

/* Run a statement that gives entries. */
static enum err
rows_query(struct logstore *s, const char *sql, const struct db_params *p,
    bool whole, struct ledger_row **rows, size_t *n)
{
	struct db_rows r;
	*rows = NULL;
	*n = 0;
	enum err e = db_run(s->db, sql, p, &r);
	if (e != ERR_NONE)
		return e;
	*rows = xcalloc(r.n + 1, sizeof(**rows));
	*n = r.n;
	for (size_t i = 0; i < r.n; i++)
		row_read(&r, i, whole, &(*rows)[i]);
	e = db_rows_end(&r);
	if (e != ERR_NONE) {
		ledger_rows_free(*rows, *n);
		*rows = NULL;
		*n = 0;
	}
	return e;
}

enum err
logstore_rows(struct logstore *s, uint64_t from, uint32_t most, bool whole,
    struct ledger_row **rows, size_t *n)
{
	struct db_params p = {0};
	db_bind_i32(&p, s->log);
	db_bind_i64(&p, (int64_t)from);
	db_bind_i64(&p, (int64_t)(from + most));
	enum err e = rows_query(s,
	    whole ? "SELECT " WHOLE " FROM entry WHERE log = $1 AND idx >= $2 "
		    "AND idx < $3 ORDER BY idx"
		  : "SELECT idx, leaf, endorsement, entry_id, record_code "
		    "FROM entry WHERE log = $1 AND idx >= $2 AND idx < $3 "
		    "ORDER BY idx",
	    &p, whole, rows, n);
	db_params_free(&p);
	return e;
}

enum err
logstore_asked(struct logstore *s, uint64_t below, uint32_t most,
    struct ledger_row **rows, size_t *n)
{
	struct db_params p = {0};
	db_bind_i32(&p, s->log);
	db_bind_i64(&p, (int64_t)(below > most ? below - most : 0));
	db_bind_i64(&p, (int64_t)below);
	enum err e = rows_query(s,
	    "SELECT " WHOLE " FROM entry WHERE log = $1 AND idx >= $2 "
	    "AND idx < $3 AND type IN (1, 2) ORDER BY idx DESC",
	    &p, true, rows, n);
	db_params_free(&p);
	return e;
}

/* One permit or refusal and one end; each is found by an index of its own. */
static enum err
find_exchange(struct logstore *s, struct ledger_job *job)
{
	struct db_params p = {0};
	db_bind_text(&p, job->live.inquirer);
	db_bind_uuid(&p, job->live.exchange_id);
	db_bind_i32(&p, job->live.month);
	enum err e = rows_query(s,
	    "(SELECT " WHOLE " FROM entry WHERE inquirer = $1 AND "
	    "exchange_id = $2 AND month = $3 AND type = 1) UNION ALL "
	    "(SELECT " WHOLE " FROM entry WHERE inquirer = $1 AND "
	    "exchange_id = $2 AND month = $3 AND type IN (3, 4)) UNION ALL "
	    "(SELECT " WHOLE " FROM entry WHERE exchange_id = $2 AND "
	    "inquirer = $1 AND type = 2 ORDER BY log, idx LIMIT 1)",
	    &p, true, &job->rows, &job->n_rows);
	db_params_free(&p);
	return e;
}

static enum err
find_alias(struct logstore *s, struct ledger_job *job)
{
	struct db_params p = {0};
	struct db_rows r;
	db_bind_bytes(&p, SPAN(job->alias_key));
	enum err e =
	    db_run(s->db, "SELECT value FROM alias WHERE key = $1", &p, &r);
	db_params_free(&p);
	if (e != ERR_NONE)
		return e;
	buf_reset(&job->alias_value);
	if (r.n > 0)
		buf_take_column(&r, 0, 0, &job->alias_value);
	return db_rows_end(&r);
}

static enum err
find_holder(struct logstore *s, struct ledger_job *job)
{
	struct db_params p = {0};
	struct db_rows r;
	db_bind_bytes(&p, SPAN(job->holder));
	enum err e =
	    db_run(s->db, "SELECT 1 FROM holder WHERE tag = $1", &p, &r);
	db_params_free(&p);
	if (e != ERR_NONE)
		return e;
	job->known = r.n > 0;
	return db_rows_end(&r);
}

/* Undo add_acquisitions: index, outcome, sealed code. */
static void
notice_read(struct db_rows *r, int column, struct ledger_acquisition *a)
{
	struct span s = db_bytes(r, 0, column);
	if (s.n < 12) {
		r->err = ERR_DATABASE;
		return;
	}
	a->index = 0;
	for (int i = 0; i < 8; i++)
		a->index = a->index << 8 | s.p[i];
	a->outcome = 0;
	for (int i = 8; i < 12; i++)
		a->outcome = a->outcome << 8 | s.p[i];
	buf_add(&a->person, s.p + 12, s.n - 12);
}

static enum err
find_acquisition(struct logstore *s, struct ledger_job *job)
{
	struct ledger_acquisition *a = &job->acquisition;
	struct db_params p = {0};
	struct db_rows r;
	db_bind_uuid(&p, a->number);
	enum err e = db_run(s->db,
	    "SELECT agency, asked_ms, request_hash, notice FROM acquisition "
	    "WHERE number = $1",
	    &p, &r);
	db_params_free(&p);
	if (e != ERR_NONE)
		return e;
	job->known = r.n > 0;
	if (job->known) {
		text_column(&r, 0, 0, a->agency, sizeof(a->agency));
		a->asked_ms = (uint64_t)db_i64(&r, 0, 1);
		db_fixed(&r, 0, 2, a->request_hash, HASH_LEN);
		notice_read(&r, 3, a);
	}
	e = db_rows_end(&r);
	if (e == ERR_NONE && job->known)
		e = logstore_rows(
		    s, a->index, 1, true, &job->rows, &job->n_rows);
	return e;
}

static enum err
acknowledge(struct logstore *s, struct ledger_job *job)
{
	struct db_params p = {0};
	struct db_rows r;
	db_bind_uuid(&p, job->acquisition.number);
	db_bind_text(&p, job->acquisition.agency);
	enum err e = db_run(s->db,
	    "DELETE FROM acquisition WHERE number = $1 AND agency = $2", &p,
	    &r);
	db_params_free(&p);
	if (e != ERR_NONE)
		return e;
	job->known = r.changed > 0;
	return db_rows_end(&r);
}

static enum err
expire(struct logstore *s, struct ledger_job *job)
{
	struct db_params p = {0};
	db_bind_i64(&p, (int64_t)job->acquisition.asked_ms);
	enum err e = db_run(
	    s->db, "DELETE FROM acquisition WHERE asked_ms < $1", &p, NULL);
	db_params_free(&p);
	return e;
}

enum err
logstore_answer(struct logstore *s, struct ledger_job *job)
{
	switch (job->op) {
	case LEDGER_FIND:
		return find_exchange(s, job);
	case LEDGER_ALIAS:
		return find_alias(s, job);
	case LEDGER_HOLDER:
		return find_holder(s, job);
	case LEDGER_ACQUISITION:
		return find_acquisition(s, job);
	case LEDGER_ACKNOWLEDGE:
		return acknowledge(s, job);
	case LEDGER_EXPIRE:
		return expire(s, job);
	case LEDGER_FOLLOW:
		return logstore_rows(
		    s, job->from, job->most, true, &job->rows, &job->n_rows);
	default:
		return ERR_NONE;
	}
}

enum err
logstore_tiled(struct logstore *s, uint64_t *size)
{
	struct db_params p = {0};
	struct db_rows r;
	db_bind_i32(&p, s->log);
	enum err e = db_run(s->db,
	    "SELECT coalesce(max(n) + 1, 0) FROM log_tile "
	    "WHERE log = $1 AND level = 0",
	    &p, &r);
	db_params_free(&p);
	if (e != ERR_NONE)
		return e;
	*size = (uint64_t)db_i64(&r, 0, 0) * TILE_WIDTH;
	return db_rows_end(&r);
}

enum err
logstore_tile(void *ctx, int level, uint64_t n, uint8_t tile[static TILE_LEN])
{
	struct logstore *s = ctx;
	struct db_params p = {0};
	struct db_rows r;
	db_bind_i32(&p, s->log);
	db_bind_i16(&p, (int16_t)level);
	db_bind_i64(&p, (int64_t)n);
	enum err e = db_run(s->db,
	    "SELECT data FROM log_tile "
	    "WHERE log = $1 AND level = $2 AND n = $3",
	    &p, &r);
	db_params_free(&p);
	if (e != ERR_NONE)
		return e;
	size_t rows = r.n;
	if (rows == 1)
		db_fixed(&r, 0, 0, tile, TILE_LEN);
	e = db_rows_end(&r);
	return e == ERR_NONE && rows != 1 ? ERR_NOT_FOUND : e;
}

static void
live_read(struct db_rows *r, size_t i, struct ledger_live *out)
{
	memset(out, 0, sizeof(*out));
	text_column(r, i, 0, out->inquirer, sizeof(out->inquirer));
	db_fixed(r, i, 1, out->exchange_id, ID_LEN);
	out->month = (int)db_i64(r, i, 2);
	text_column(r, i, 3, out->provider, sizeof(out->provider));
	out->state = (int)db_i64(r, i, 4);
	db_fixed(r, i, 5, out->inquiry_hash, HASH_LEN);
	out->permit_index = (uint64_t)db_i64(r, i, 6);
	if (!db_null(r, i, 7))
		out->outcome_index = (uint64_t)db_i64(r, i, 7);
	out->answer_by_ms = (uint64_t)db_i64(r, i, 8);
	out->valid_until_ms = (uint64_t)db_i64(r, i, 9);
}

enum err
logstore_live_each(struct logstore *s,
    void (*each)(void *ctx, const struct ledger_live *live), void *ctx)
{
	struct db_rows r;
	enum err e = db_run(s->db,
	    "SELECT inquirer, exchange_id, month, provider, state, "
	    "inquiry_hash, permit_idx, outcome_idx, answer_by_ms, "
	    "valid_until_ms FROM live",
	    NULL, &r);
	if (e != ERR_NONE)
		return e;
	for (size_t i = 0; i < r.n; i++) {
		struct ledger_live live;
		live_read(&r, i, &live);
		if (r.err == ERR_NONE)
			each(ctx, &live);
	}
	return db_rows_end(&r);
}

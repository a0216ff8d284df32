#include "lib/db.h"

#include <arpa/inet.h>
#include <assert.h>
#include <endian.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/oplog.h"
#include "lib/text.h"

/* Type oids of pg_type, fixed since PostgreSQL 7 (uuid 8.3, jsonb 9.4). */
enum oid {
	OID_BOOL = 16,
	OID_BYTEA = 17,
	OID_INT8 = 20,
	OID_INT2 = 21,
	OID_INT4 = 23,
	OID_TEXT = 25,
	OID_BOOL_ARRAY = 1000,
	OID_BYTEA_ARRAY = 1001,
	OID_INT2_ARRAY = 1005,
	OID_INT4_ARRAY = 1007,
	OID_TEXT_ARRAY = 1009,
	OID_INT8_ARRAY = 1016,
	OID_VARCHAR = 1043,
	OID_UUID = 2950,
	OID_UUID_ARRAY = 2951,
	OID_JSONB = 3802
};

#define STATEMENTS_MAX 256 /* different texts one connection may run */
#define UUID_BYTES 16

struct db {
	PGconn *pg;
	/* prepared statements, by their text; the name is "s" and the place */
	struct {
		char *sql;
		bool prepared;
	} statement[STATEMENTS_MAX];
	bool out_of_step; /* its answers no longer fit our questions */
	bool broken;	  /* by its last failure, whatever libpq says of it */
	char state[6];
	char message[300];
};

/* --- failures ------------------------------------------------------------- */

/*
 * A failure without a code is libpq's own: it could not write or read. It may
 * call the connection good until it reads the end of it; we must not, or the
 * same work would fail for good instead of being done again. 57P0x is the
 * server going away.
 */
static enum err
failed(struct db *db, const char *state, const char *message)
{
	db->broken =
	    state == NULL || state[0] == '\0' || strncmp(state, "57P0", 4) == 0;
	snprintf(db->state, sizeof(db->state), "%s", state ? state : "");
	text_clean(
	    span_str(message ? message : ""), db->message, sizeof(db->message));
	return strcmp(db->state, "23505") == 0 ? ERR_DUPLICATE : ERR_DATABASE;
}

/* Only the primary message: DETAIL quotes the row's values. */
static enum err
result_failed(struct db *db, const PGresult *r)
{
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);

	if (state == NULL)
		return failed(db, "", PQerrorMessage(db->pg));
	return failed(
	    db, state, PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY));
}

static bool
succeeded(const PGresult *r)
{
	ExecStatusType s = PQresultStatus(r);

	return s == PGRES_COMMAND_OK || s == PGRES_TUPLES_OK;
}

const char *
db_sqlstate(const struct db *db)
{
	return db->state;
}

const char *
db_message(const struct db *db)
{
	return db->message;
}

bool
db_lost(const struct db *db)
{
	return db->broken || db->out_of_step ||
	       PQstatus(db->pg) != CONNECTION_OK;
}

/* --- connections ---------------------------------------------------------- */

static void
notice_drop(void *arg, const PGresult *r)
{
	(void)arg;
	(void)r;
}

static bool
setting_is(const PGresult *r, int row, const char *name, const char *value)
{
	return strcmp(PQgetvalue(r, row, 0), name) == 0 &&
	       strcmp(PQgetvalue(r, row, 1), value) == 0;
}

enum err
db_check_safe(struct db *db)
{
	PGresult *r =
	    PQexec(db->pg, "SELECT name, setting FROM pg_catalog.pg_settings"
			   " WHERE name IN ('fsync', 'full_page_writes',"
			   " 'synchronous_commit')");
	enum err e = ERR_NONE;

	if (!succeeded(r) || PQntuples(r) != 3)
		e = result_failed(db, r);
	for (int i = 0; e == ERR_NONE && i < 3; i++)
		if (setting_is(r, i, "fsync", "off") ||
		    setting_is(r, i, "full_page_writes", "off") ||
		    setting_is(r, i, "synchronous_commit", "off") ||
		    setting_is(r, i, "synchronous_commit", "local")) {
			failed(db, "", PQgetvalue(r, i, 0));
			e = ERR_DATABASE_UNSAFE;
		}
	PQclear(r);
	return e;
}

/* After a connection was made: how this session shall behave. */
static enum err
session_begin(struct db *db)
{
	if (PQstatus(db->pg) != CONNECTION_OK)
		return failed(db, "", PQerrorMessage(db->pg));
	PQsetErrorVerbosity(db->pg, PQERRORS_TERSE);
	PQsetNoticeReceiver(db->pg, notice_drop, NULL);
	return db_check_safe(db);
}

enum err
db_open(const char *conninfo, struct db **out)
{
	/* what stands before conninfo it may change, what follows it not */
	const char *const names[] = {"options", "connect_timeout",
	    "fallback_application_name", "dbname", "client_encoding", NULL};
	const char *const values[] = {
	    "-c TimeZone=UTC", "5", "renkei", conninfo, "UTF8", NULL};
	struct db *db = xcalloc(1, sizeof(*db));
	enum err e;

	*out = NULL;
	db->pg = PQconnectdbParams(names, values, 1);
	e = session_begin(db);
	if (e == ERR_NONE) {
		*out = db;
		return ERR_NONE;
	}
	oplog(OPLOG_ERROR, "database-not-opened", LOG_ERR(e),
	    LOG_TEXT("why", db->message));
	db_close(db);
	return e;
}

void
db_close(struct db *db)
{
	if (db == NULL)
		return;
	for (size_t i = 0; i < STATEMENTS_MAX; i++)
		free(db->statement[i].sql);
	PQfinish(db->pg);
	free(db);
}

enum err
db_reopen(struct db *db)
{
	PQreset(db->pg);
	db->out_of_step = false;
	db->broken = false;
	for (size_t i = 0; i < STATEMENTS_MAX; i++)
		db->statement[i].prepared = false;
	return session_begin(db);
}

/* --- parameters ----------------------------------------------------------- */

void
db_params_reset(struct db_params *p)
{
	buf_reset(&p->bytes);
	p->n = 0;
}

void
db_params_free(struct db_params *p)
{
	buf_wipe_free(&p->bytes);
	p->n = 0;
}

static void
param_add(struct db_params *p, enum oid type, const void *v, size_t n)
{
	assert(p->n < DB_PARAMS_MAX && n <= INT32_MAX);
	p->at[p->n] = p->bytes.n;
	p->length[p->n] = v != NULL ? (int)n : -1;
	p->type[p->n++] = type;
	if (v != NULL)
		buf_add(&p->bytes, v, n);
}

void
db_bind_bool(struct db_params *p, bool v)
{
	uint8_t byte = v;

	param_add(p, OID_BOOL, &byte, 1);
}

void
db_bind_i16(struct db_params *p, int16_t v)
{
	uint16_t be = htobe16((uint16_t)v);

	param_add(p, OID_INT2, &be, sizeof(be));
}

void
db_bind_i32(struct db_params *p, int32_t v)
{
	uint32_t be = htobe32((uint32_t)v);

	param_add(p, OID_INT4, &be, sizeof(be));
}

void
db_bind_i64(struct db_params *p, int64_t v)
{
	uint64_t be = htobe64((uint64_t)v);

	param_add(p, OID_INT8, &be, sizeof(be));
}

void
db_bind_text(struct db_params *p, const char *v)
{
	param_add(p, OID_TEXT, v, v != NULL ? strlen(v) : 0);
}

void
db_bind_bytes(struct db_params *p, struct span v)
{
	param_add(p, OID_BYTEA, v.p, v.n);
}

void
db_bind_uuid(struct db_params *p, const uint8_t *v)
{
	param_add(p, OID_UUID, v, UUID_BYTES);
}

/* The binary form of jsonb is a version byte, 1, and the text. */
#define JSONB_VERSION 1

void
db_bind_json(struct db_params *p, const char *v)
{
	struct buf b = {0};

	if (v == NULL) {
		param_add(p, OID_JSONB, NULL, 0);
		return;
	}
	buf_add_u8(&b, JSONB_VERSION);
	buf_add(&b, v, strlen(v));
	param_add(p, OID_JSONB, b.p, b.n);
	buf_free(&b);
}

/* An array of one dimension begins with this; elements follow. */
static void
array_begin(struct db_params *p, enum oid array, enum oid element, size_t n)
{
	assert(n <= INT32_MAX);
	param_add(p, array, "", 0);
	buf_add_u32(&p->bytes, 1);
	buf_add_u32(&p->bytes, 1); /* there may be NULLs */
	buf_add_u32(&p->bytes, element);
	buf_add_u32(&p->bytes, (uint32_t)n);
	buf_add_u32(&p->bytes, 1); /* indexes begin with 1 */
}

static void
array_add(struct db_params *p, const void *v, size_t n)
{
	assert(n <= INT32_MAX);
	buf_add_u32(&p->bytes, v != NULL ? (uint32_t)n : UINT32_MAX);
	if (v != NULL)
		buf_add(&p->bytes, v, n);
}

static void
array_end(struct db_params *p)
{
	size_t n = p->bytes.n - p->at[p->n - 1];

	assert(n <= INT32_MAX);
	p->length[p->n - 1] = (int)n;
}

void
db_bind_bools(struct db_params *p, const bool *v, size_t n)
{
	array_begin(p, OID_BOOL_ARRAY, OID_BOOL, n);
	for (size_t i = 0; i < n; i++) {
		uint8_t byte = v[i];

		array_add(p, &byte, 1);
	}
	array_end(p);
}

void
db_bind_i16s(struct db_params *p, const int16_t *v, size_t n)
{
	array_begin(p, OID_INT2_ARRAY, OID_INT2, n);
	for (size_t i = 0; i < n; i++) {
		uint16_t be = htobe16((uint16_t)v[i]);

		array_add(p, &be, sizeof(be));
	}
	array_end(p);
}

void
db_bind_i32s(struct db_params *p, const int32_t *v, size_t n)
{
	array_begin(p, OID_INT4_ARRAY, OID_INT4, n);
	for (size_t i = 0; i < n; i++) {
		uint32_t be = htobe32((uint32_t)v[i]);

		array_add(p, &be, sizeof(be));
	}
	array_end(p);
}

void
db_bind_i64s(struct db_params *p, const int64_t *v, size_t n)
{
	array_begin(p, OID_INT8_ARRAY, OID_INT8, n);
	for (size_t i = 0; i < n; i++) {
		uint64_t be = htobe64((uint64_t)v[i]);

		array_add(p, &be, sizeof(be));
	}
	array_end(p);
}

void
db_bind_texts(struct db_params *p, const char *const *v, size_t n)
{
	array_begin(p, OID_TEXT_ARRAY, OID_TEXT, n);
	for (size_t i = 0; i < n; i++)
		array_add(p, v[i], v[i] != NULL ? strlen(v[i]) : 0);
	array_end(p);
}

void
db_bind_bytess(struct db_params *p, const struct span *v, size_t n)
{
	array_begin(p, OID_BYTEA_ARRAY, OID_BYTEA, n);
	for (size_t i = 0; i < n; i++)
		array_add(p, v[i].p, v[i].n);
	array_end(p);
}

void
db_bind_uuids(struct db_params *p, const uint8_t *const *v, size_t n)
{
	array_begin(p, OID_UUID_ARRAY, OID_UUID, n);
	for (size_t i = 0; i < n; i++)
		array_add(p, v[i], UUID_BYTES);
	array_end(p);
}

/* --- results -------------------------------------------------------------- */

static void
rows_fill(struct db_rows *out, PGresult *r)
{
	if (out == NULL) {
		PQclear(r);
		return;
	}
	*out = (struct db_rows){.result = r,
	    .n = (size_t)PQntuples(r),
	    .changed = strtoull(PQcmdTuples(r), NULL, 10)};
}

/* The value, or p NULL and the error noted where it is NULL. */
static struct span
value_of(struct db_rows *r, size_t row, int column)
{
	if (db_null(r, row, column)) {
		r->err = ERR_DATABASE;
		return span_of(NULL, 0);
	}
	return span_of(PQgetvalue(r->result, (int)row, column),
	    (size_t)PQgetlength(r->result, (int)row, column));
}

static unsigned
type_of(const struct db_rows *r, int column)
{
	return PQftype(r->result, column);
}

bool
db_null(const struct db_rows *r, size_t row, int column)
{
	assert(r->result != NULL && row < r->n && column >= 0 &&
	       column < PQnfields(r->result));
	return PQgetisnull(r->result, (int)row, column);
}

bool
db_bool(struct db_rows *r, size_t row, int column)
{
	struct span v = value_of(r, row, column);

	if (type_of(r, column) == OID_BOOL && v.n == 1)
		return v.p[0] != 0;
	r->err = ERR_DATABASE;
	return false;
}

int64_t
db_i64(struct db_rows *r, size_t row, int column)
{
	struct span v = value_of(r, row, column);
	uint64_t u = 0;

	for (size_t i = 0; i < v.n && i < 8; i++)
		u = u << 8 | v.p[i];
	switch (type_of(r, column)) {
	case OID_INT2:
		if (v.n == 2)
			return (int16_t)u;
		break;
	case OID_INT4:
		if (v.n == 4)
			return (int32_t)u;
		break;
	case OID_INT8:
		if (v.n == 8)
			return (int64_t)u;
		break;
	}
	r->err = ERR_DATABASE;
	return 0;
}

const char *
db_text(struct db_rows *r, size_t row, int column)
{
	struct span v = value_of(r, row, column);
	unsigned type = type_of(r, column);

	if (type == OID_JSONB && v.n > 0 && v.p[0] == JSONB_VERSION)
		v = span_of(v.p + 1, v.n - 1);
	else if (type != OID_TEXT && type != OID_VARCHAR)
		v.p = NULL;
	/* libpq puts a NUL after every value */
	if (v.p != NULL && strlen((const char *)v.p) == v.n)
		return (const char *)v.p;
	r->err = ERR_DATABASE;
	return "";
}

struct span
db_bytes(struct db_rows *r, size_t row, int column)
{
	struct span v = value_of(r, row, column);
	unsigned type = type_of(r, column);

	if (type == OID_BYTEA || type == OID_UUID)
		return v;
	r->err = ERR_DATABASE;
	return span_of(NULL, 0);
}

void
db_fixed(struct db_rows *r, size_t row, int column, uint8_t *out, size_t n)
{
	struct span v = db_bytes(r, row, column);

	if (v.n == n) {
		memcpy(out, v.p, n);
		return;
	}
	memset(out, 0, n);
	r->err = ERR_DATABASE;
}

enum err
db_rows_end(struct db_rows *r)
{
	enum err e = r->err;

	PQclear(r->result);
	*r = (struct db_rows){0};
	return e;
}

/* --- running -------------------------------------------------------------- */

static size_t
statement_find(struct db *db, const char *sql)
{
	size_t i = 0;

	while (i < STATEMENTS_MAX && db->statement[i].sql != NULL &&
	       strcmp(db->statement[i].sql, sql) != 0)
		i++;
	/* more texts than that: somebody builds them from values */
	assert(i < STATEMENTS_MAX);
	if (db->statement[i].sql == NULL)
		db->statement[i].sql = xstrdup(sql);
	return i;
}

struct name {
	char text[16];
};

static enum err
statement_prepare(struct db *db, const char *sql, const struct db_params *p,
    struct name *name)
{
	size_t i = statement_find(db, sql);
	PGresult *r;
	enum err e = ERR_NONE;

	snprintf(name->text, sizeof(name->text), "s%zu", i);
	if (db->statement[i].prepared)
		return ERR_NONE;
	r = PQprepare(db->pg, name->text, sql, p != NULL ? (int)p->n : 0,
	    p != NULL ? p->type : NULL);
	if (!succeeded(r))
		e = result_failed(db, r);
	db->statement[i].prepared = e == ERR_NONE;
	PQclear(r);
	return e;
}

/* What libpq wants of parameters: pointers, all of binary form. */
struct arguments {
	int n;
	const char *value[DB_PARAMS_MAX];
	int format[DB_PARAMS_MAX];
};

static void
arguments_of(const struct db_params *p, struct arguments *a)
{
	a->n = p != NULL ? (int)p->n : 0;
	for (int i = 0; i < a->n; i++) {
		a->format[i] = 1;
		a->value[i] = NULL;
		if (p->length[i] >= 0)
			a->value[i] = p->bytes.p != NULL
					  ? (const char *)p->bytes.p + p->at[i]
					  : "";
	}
}

enum err
db_run(struct db *db, const char *sql, const struct db_params *p,
    struct db_rows *out)
{
	struct arguments a;
	struct name name;
	PGresult *r;
	enum err e;

	if (out != NULL)
		*out = (struct db_rows){0};
	e = statement_prepare(db, sql, p, &name);
	if (e != ERR_NONE)
		return e;
	arguments_of(p, &a);
	r = PQexecPrepared(db->pg, name.text, a.n, a.value,
	    p != NULL ? p->length : NULL, a.format, 1);
	if (!succeeded(r)) {
		e = result_failed(db, r);
		PQclear(r);
		return e;
	}
	rows_fill(out, r);
	return ERR_NONE;
}

static enum err
steps_send(struct db *db, const struct db_step *steps, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct db_params *p = steps[i].params;
		struct arguments a;
		struct name name;

		snprintf(name.text, sizeof(name.text), "s%zu",
		    statement_find(db, steps[i].sql));
		arguments_of(p, &a);
		if (!PQsendQueryPrepared(db->pg, name.text, a.n, a.value,
			p != NULL ? p->length : NULL, a.format, 1))
			return failed(db, "", PQerrorMessage(db->pg));
	}
	if (!PQpipelineSync(db->pg))
		return failed(db, "", PQerrorMessage(db->pg));
	return ERR_NONE;
}

/*
 * Results of all steps up to the sync. The implicit transaction ends there,
 * so a failure to commit comes after the last step: it is the last one's.
 * Each step ends with one NULL, and so does a failure to commit. A server that
 * dies between them can leave libpq saying NULL for ever on a connection it
 * calls good: one more than these is the end.
 */
static enum err
steps_collect(
    struct db *db, const struct db_step *steps, size_t n, size_t *where)
{
	enum err e = ERR_NONE;
	bool synced = false;
	size_t i = 0;

	while (!synced && !db_lost(db)) {
		PGresult *r = PQgetResult(db->pg);

		if (r == NULL) {
			db->out_of_step = ++i > n + 1;
			continue;
		}
		synced = PQresultStatus(r) == PGRES_PIPELINE_SYNC;
		if (succeeded(r) && i < n && e == ERR_NONE) {
			rows_fill(steps[i].out, r);
			continue;
		}
		if (!synced && e == ERR_NONE) {
			e = result_failed(db, r);
			*where = i < n ? i : n - 1;
		}
		PQclear(r);
	}
	if (!synced && e == ERR_NONE)
		e = failed(db, "", PQerrorMessage(db->pg));
	return e;
}

static void
steps_drop(const struct db_step *steps, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (steps[i].out != NULL)
			(void)db_rows_end(steps[i].out);
}

enum err
db_run_together(
    struct db *db, const struct db_step *steps, size_t n, size_t *where)
{
	enum err e = ERR_NONE;
	struct name name;
	size_t at = 0;

	for (size_t i = 0; i < n; i++)
		if (steps[i].out != NULL)
			*steps[i].out = (struct db_rows){0};
	for (size_t i = 0; i < n && e == ERR_NONE; i++) {
		e = statement_prepare(db, steps[i].sql, steps[i].params, &name);
		at = i;
	}
	if (e == ERR_NONE && n > 0) {
		at = 0;
		if (!PQenterPipelineMode(db->pg))
			e = failed(db, "", PQerrorMessage(db->pg));
		if (e == ERR_NONE)
			e = steps_send(db, steps, n);
		if (e == ERR_NONE)
			e = steps_collect(db, steps, n, &at);
		PQexitPipelineMode(db->pg);
	}
	if (e != ERR_NONE)
		steps_drop(steps, n);
	if (e != ERR_NONE && where != NULL)
		*where = at;
	return e;
}

enum err
db_script(struct db *db, const char *sql)
{
	PGresult *r = PQexec(db->pg, sql);
	enum err e = succeeded(r) ? ERR_NONE : result_failed(db, r);

	PQclear(r);
	return e;
}

enum err
db_begin(struct db *db)
{
	return db_script(db, "BEGIN");
}

enum err
db_commit(struct db *db)
{
	enum err e;

	/* COMMIT in a failed transaction says ROLLBACK and no error */
	if (PQtransactionStatus(db->pg) == PQTRANS_INERROR) {
		db_rollback(db);
		return ERR_DATABASE;
	}
	e = db_script(db, "COMMIT");
	return e;
}

void
db_rollback(struct db *db)
{
	(void)db_script(db, "ROLLBACK");
}

/* PostgreSQL: safe connections, prepared statements, binary values. */
#ifndef LIB_DB_H
#define LIB_DB_H

#include "lib/bytes.h"
#include "lib/err.h"

/* One connection; used by one thread at a time. */
struct db;

/*
 * Connect (libpq conninfo; UTF-8, TimeZone UTC). ERR_DATABASE if it cannot,
 * ERR_DATABASE_UNSAFE if fsync or full_page_writes is off, or if this
 * session's synchronous_commit is off or local, so that a commit could be
 * lost after we acted on it. *out is NULL on failure, and the operators' log
 * says why.
 */
enum err db_open(const char *conninfo, struct db **out);
void db_close(struct db *db);
/* Look at those settings again: an operator can change them under us. */
enum err db_check_safe(struct db *db);
/* Whether the connection is gone; every call then returns ERR_DATABASE. */
bool db_lost(const struct db *db);
/* Connect again as db_open did, in the same struct, with its checks. */
enum err db_reopen(struct db *db);
/*
 * The last failure for the operator's log: SQLSTATE ("" for none) and the
 * server's primary message, which never quotes a row's values. Borrowed.
 */
const char *db_sqlstate(const struct db *db);
const char *db_message(const struct db *db);

/*
 * The parameters of one statement, in order. All-zero is an empty list;
 * db_params_reset makes it one again and keeps its memory.
 */
#define DB_PARAMS_MAX 40
struct db_params {
	struct buf bytes;
	size_t n;
	size_t at[DB_PARAMS_MAX];     /* where value i begins in bytes */
	int length[DB_PARAMS_MAX];    /* -1: NULL */
	unsigned type[DB_PARAMS_MAX]; /* its oid */
};
void db_params_reset(struct db_params *p);
void db_params_free(struct db_params *p);

void db_bind_bool(struct db_params *p, bool v);
void db_bind_i16(struct db_params *p, int16_t v);
void db_bind_i32(struct db_params *p, int32_t v);
void db_bind_i64(struct db_params *p, int64_t v);	/* also milliseconds */
void db_bind_text(struct db_params *p, const char *v);	/* NULL: NULL */
void db_bind_bytes(struct db_params *p, struct span v); /* p NULL: NULL */
void db_bind_uuid(struct db_params *p, const uint8_t *v); /* NULL: NULL */
void db_bind_json(struct db_params *p, const char *v);	  /* jsonb */
/* Arrays for unnest: one value a row, all columns of one length. */
void db_bind_bools(struct db_params *p, const bool *v, size_t n);
void db_bind_i16s(struct db_params *p, const int16_t *v, size_t n);
void db_bind_i32s(struct db_params *p, const int32_t *v, size_t n);
void db_bind_i64s(struct db_params *p, const int64_t *v, size_t n);
void db_bind_texts(struct db_params *p, const char *const *v, size_t n);
void db_bind_bytess(struct db_params *p, const struct span *v, size_t n);
void db_bind_uuids(struct db_params *p, const uint8_t *const *v, size_t n);

/*
 * What a statement gave. `n` rows; a value that is NULL, or not of the
 * length or type asked for, makes `err` ERR_DATABASE and reads as zero, so
 * that one look at db_rows_end's result is enough. Free with db_rows_end.
 */
struct db_rows {
	void *result;
	size_t n;
	uint64_t changed; /* rows inserted, updated or deleted */
	enum err err;
};
bool db_null(const struct db_rows *r, size_t row, int column);
bool db_bool(struct db_rows *r, size_t row, int column);
int64_t db_i64(struct db_rows *r, size_t row, int column);	/* int2, 4, 8 */
const char *db_text(struct db_rows *r, size_t row, int column); /* never NULL */
struct span db_bytes(struct db_rows *r, size_t row, int column); /* borrowed */
/* bytea or uuid of exactly n bytes. */
void db_fixed(
    struct db_rows *r, size_t row, int column, uint8_t *out, size_t n);
/* Frees, and returns what reading met with. */
enum err db_rows_end(struct db_rows *r);

/*
 * Run one statement; it is prepared the first time this connection sees its
 * text. p and out may be NULL. ERR_DUPLICATE: a unique key is taken
 * (23505). ERR_DATABASE: anything else; db_sqlstate tells. A text literal is
 * a statement of ours: values go in by parameters only.
 */
enum err db_run(struct db *db, const char *sql, const struct db_params *p,
    struct db_rows *out);
/*
 * Several statements in one round trip and one transaction: all or none.
 * Not inside db_begin. The first failure is returned, and its position in
 * *where (may be NULL); all outs are then empty. For writes and small reads:
 * nothing is read until all was sent.
 */
struct db_step {
	const char *sql;
	const struct db_params *params; /* may be NULL */
	struct db_rows *out;		/* may be NULL */
};
enum err db_run_together(
    struct db *db, const struct db_step *steps, size_t n, size_t *where);

enum err db_begin(struct db *db);
enum err db_commit(struct db *db);
/* Also after a failure; what cannot be rolled back was lost anyway. */
void db_rollback(struct db *db);

/* Statements without parameters, several at once: migrations and tests. */
enum err db_script(struct db *db, const char *sql);

#endif

/* lib/db.h: against a real PostgreSQL, safe and unsafe ones. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/db.h"
#include "tests/unit/suite.h"

static char state[200], conninfo[400];
static struct db *db;

static int
cluster(const char *options, const char *words)
{
	char command[600];

	snprintf(command, sizeof(command),
	    "RENKEI_PG_OPTIONS='%s' sql/cluster %s", options, words);
	return system(command);
}

static void
cluster_do(const char *options, const char *verb)
{
	char words[300];

	snprintf(words, sizeof(words), "%s %s", verb, state);
	CU_ASSERT_EQUAL_FATAL(cluster(options, words), 0);
}

static void
conninfo_read(void)
{
	char command[300];
	FILE *p;

	snprintf(command, sizeof(command), "sql/cluster conninfo %s postgres",
	    state);
	p = popen(command, "r");
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	CU_ASSERT_PTR_NOT_NULL(fgets(conninfo, sizeof(conninfo), p));
	pclose(p);
	conninfo[strcspn(conninfo, "\n")] = '\0';
}

static enum err
open_with(const char *extra)
{
	char text[600];
	struct db *other = NULL;
	enum err e;

	snprintf(text, sizeof(text), "%s %s", conninfo, extra);
	e = db_open(text, &other);
	CU_ASSERT((e == ERR_NONE) == (other != NULL));
	db_close(other);
	return e;
}

/* --- tests, in the order of the table ------------------------------------- */

static void
opens(void)
{
	const char *build = getenv("BUILD");

	snprintf(state, sizeof(state), "%s/tests/db-cluster",
	    build != NULL ? build : "build");
	/* what a run that was broken off may have left */
	cluster_do("", "remove");
	cluster_do("", "start");
	conninfo_read();
	SUITE_ERR(db_open(conninfo, &db), ERR_NONE);
	CU_ASSERT_PTR_NOT_NULL_FATAL(db);
	CU_ASSERT_FALSE(db_lost(db));
	SUITE_ERR(
	    db_script(db, "CREATE TABLE t (id int8 PRIMARY KEY, name text,"
			  " data bytea, u uuid, b bool, small int2, num int4);"
			  "CREATE TABLE later (id int8 PRIMARY KEY DEFERRABLE"
			  " INITIALLY DEFERRED)"),
	    ERR_NONE);
}

static void
unsafe_session(void)
{
	SUITE_ERR(open_with("options='-c synchronous_commit=off'"),
	    ERR_DATABASE_UNSAFE);
	SUITE_ERR(open_with("options='-c synchronous_commit=local'"),
	    ERR_DATABASE_UNSAFE);
	SUITE_ERR(open_with("options='-c synchronous_commit=remote_apply'"),
	    ERR_NONE);
	SUITE_ERR(open_with("port=1"), ERR_DATABASE);
}

static void
values_there_and_back(void)
{
	static const uint8_t id[16] = {1, 2, 3}, bytes[] = {0, 255, 0};
	struct db_params p = {0};
	struct db_rows r;
	uint8_t back[16];

	db_bind_i64(&p, INT64_MIN);
	db_bind_text(&p, "地方税");
	db_bind_bytes(&p, SPAN(bytes));
	db_bind_uuid(&p, id);
	db_bind_bool(&p, true);
	db_bind_i16(&p, -2);
	db_bind_i32(&p, INT32_MIN);
	SUITE_ERR(db_run(db,
		      "INSERT INTO t VALUES ($1,$2,$3,$4,$5,$6,$7)"
		      " RETURNING *",
		      &p, &r),
	    ERR_NONE);
	CU_ASSERT_EQUAL_FATAL(r.n, 1);
	CU_ASSERT_EQUAL(r.changed, 1);
	CU_ASSERT_EQUAL(db_i64(&r, 0, 0), INT64_MIN);
	CU_ASSERT_STRING_EQUAL(db_text(&r, 0, 1), "地方税");
	CU_ASSERT(span_equal(db_bytes(&r, 0, 2), SPAN(bytes)));
	db_fixed(&r, 0, 3, back, 16);
	SUITE_BYTES(back, id, 16);
	CU_ASSERT(db_bool(&r, 0, 4));
	CU_ASSERT_EQUAL(db_i64(&r, 0, 5), -2);
	CU_ASSERT_EQUAL(db_i64(&r, 0, 6), INT32_MIN);
	SUITE_ERR(db_rows_end(&r), ERR_NONE);
	db_params_free(&p);
}

static void
nulls_and_empties(void)
{
	struct db_params p = {0};
	struct db_rows r;

	db_bind_text(&p, NULL);
	db_bind_text(&p, "");
	db_bind_bytes(&p, span_of(NULL, 0));
	db_bind_bytes(&p, span_of("", 0));
	db_bind_uuid(&p, NULL);
	SUITE_ERR(db_run(db,
		      "SELECT $1::text, $2::text, $3::bytea, $4::bytea,"
		      " $5::uuid",
		      &p, &r),
	    ERR_NONE);
	CU_ASSERT(db_null(&r, 0, 0));
	CU_ASSERT_FALSE(db_null(&r, 0, 1));
	CU_ASSERT_STRING_EQUAL(db_text(&r, 0, 1), "");
	CU_ASSERT(db_null(&r, 0, 2));
	CU_ASSERT_FALSE(db_null(&r, 0, 3));
	CU_ASSERT_EQUAL(db_bytes(&r, 0, 3).n, 0);
	CU_ASSERT(db_null(&r, 0, 4));
	CU_ASSERT_EQUAL(r.err, ERR_NONE);
	/* to read a NULL is noted, and reads as nothing */
	CU_ASSERT_STRING_EQUAL(db_text(&r, 0, 0), "");
	SUITE_ERR(db_rows_end(&r), ERR_DATABASE);
	db_params_free(&p);
}

static enum err
read_as(const char *sql, int how)
{
	struct db_rows r;
	uint8_t out[16];

	SUITE_ERR(db_run(db, sql, NULL, &r), ERR_NONE);
	switch (how) {
	case 'i':
		(void)db_i64(&r, 0, 0);
		break;
	case 't':
		(void)db_text(&r, 0, 0);
		break;
	case 'b':
		(void)db_bytes(&r, 0, 0);
		break;
	case 'o':
		(void)db_bool(&r, 0, 0);
		break;
	default:
		db_fixed(&r, 0, 0, out, sizeof(out));
	}
	return db_rows_end(&r);
}

static void
wrong_types(void)
{
	SUITE_ERR(read_as("SELECT 1::int8", 'i'), ERR_NONE);
	SUITE_ERR(read_as("SELECT 'x'::text", 'i'), ERR_DATABASE);
	SUITE_ERR(read_as("SELECT 1::int8", 't'), ERR_DATABASE);
	SUITE_ERR(read_as("SELECT '{\"a\":1}'::jsonb", 't'), ERR_NONE);
	SUITE_ERR(read_as("SELECT 1::int8", 'b'), ERR_DATABASE);
	SUITE_ERR(read_as("SELECT 1::int8", 'o'), ERR_DATABASE);
	SUITE_ERR(read_as("SELECT '\\x00'::bytea", 'f'), ERR_DATABASE);
}

static void
batches(void)
{
	static const int64_t ids[] = {1, 2, 3};
	static const int32_t i32s[] = {7, 8, 9};
	static const int16_t i16s[] = {4, 5, 6};
	static const bool bools[] = {true, false, true};
	static const char *const names[] = {"a", NULL, ""};
	static const uint8_t u[3][16] = {{1}, {2}, {3}};
	const uint8_t *const uuids[] = {u[0], NULL, u[2]};
	const struct span bytes[] = {span_of("\1", 1), {0}, span_of("", 0)};
	struct db_params p = {0};
	struct db_rows r;

	db_bind_i64s(&p, ids, 3);
	db_bind_texts(&p, names, 3);
	db_bind_bytess(&p, bytes, 3);
	db_bind_uuids(&p, uuids, 3);
	db_bind_bools(&p, bools, 3);
	db_bind_i16s(&p, i16s, 3);
	db_bind_i32s(&p, i32s, 3);
	SUITE_ERR(db_run(db,
		      "INSERT INTO t SELECT * FROM unnest($1::int8[],"
		      " $2::text[], $3::bytea[], $4::uuid[], $5::bool[],"
		      " $6::int2[], $7::int4[])",
		      &p, &r),
	    ERR_NONE);
	CU_ASSERT_EQUAL(r.changed, 3);
	SUITE_ERR(db_rows_end(&r), ERR_NONE);
	SUITE_ERR(db_run(db,
		      "SELECT name, data, u, small FROM t WHERE id > 0"
		      " ORDER BY id",
		      NULL, &r),
	    ERR_NONE);
	CU_ASSERT_EQUAL_FATAL(r.n, 3);
	CU_ASSERT(db_null(&r, 1, 0) && db_null(&r, 1, 1) && db_null(&r, 1, 2));
	CU_ASSERT_STRING_EQUAL(db_text(&r, 0, 0), "a");
	CU_ASSERT_EQUAL(db_i64(&r, 2, 3), 6);
	SUITE_ERR(db_rows_end(&r), ERR_NONE);
	db_params_free(&p);
}

static void
empty_batch(void)
{
	struct db_params p = {0};
	struct db_rows r;

	db_bind_i64s(&p, NULL, 0);
	SUITE_ERR(
	    db_run(db, "INSERT INTO t (id) SELECT * FROM unnest($1::int8[])",
		&p, &r),
	    ERR_NONE);
	CU_ASSERT_EQUAL(r.changed, 0);
	SUITE_ERR(db_rows_end(&r), ERR_NONE);
	db_params_free(&p);
}

static void
duplicates(void)
{
	struct db_params p = {0};

	db_bind_i64(&p, 1);
	SUITE_ERR(db_run(db, "INSERT INTO t (id) VALUES ($1)", &p, NULL),
	    ERR_DUPLICATE);
	CU_ASSERT_STRING_EQUAL(db_sqlstate(db), "23505");
	CU_ASSERT_PTR_NULL(strstr(db_message(db), "(1)"));
	SUITE_ERR(db_run(db, "SELECT nonsense", NULL, NULL), ERR_DATABASE);
	CU_ASSERT_STRING_EQUAL(db_sqlstate(db), "42703");
	CU_ASSERT_FALSE(db_lost(db));
	db_params_free(&p);
}

static size_t
count_of(const char *sql)
{
	struct db_rows r;
	size_t n;

	SUITE_ERR(db_run(db, sql, NULL, &r), ERR_NONE);
	n = (size_t)db_i64(&r, 0, 0);
	SUITE_ERR(db_rows_end(&r), ERR_NONE);
	return n;
}

static void
together(void)
{
	struct db_params a = {0}, b = {0};
	struct db_rows ra, rb;
	const struct db_step steps[] = {
	    {"INSERT INTO t (id) VALUES ($1) RETURNING id", &a, &ra},
	    {"UPDATE t SET name = 'x' WHERE id = $1", &b, &rb},
	};

	db_bind_i64(&a, 100);
	db_bind_i64(&b, 100);
	SUITE_ERR(db_run_together(db, steps, 2, NULL), ERR_NONE);
	CU_ASSERT_EQUAL(db_i64(&ra, 0, 0), 100);
	CU_ASSERT_EQUAL(rb.changed, 1);
	(void)db_rows_end(&ra);
	(void)db_rows_end(&rb);
	CU_ASSERT_EQUAL(count_of("SELECT count(*) FROM t WHERE id = 100"), 1);
	db_params_free(&a);
	db_params_free(&b);
}

static void
all_or_none(void)
{
	struct db_params a = {0}, b = {0};
	struct db_rows ra, rc;
	const struct db_step steps[] = {
	    {"INSERT INTO t (id) VALUES ($1) RETURNING id", &a, &ra},
	    {"INSERT INTO t (id) VALUES ($1)", &b, NULL},
	    {"SELECT 1", NULL, &rc},
	};
	size_t where = 99;

	db_bind_i64(&a, 200);
	db_bind_i64(&b, 100);
	SUITE_ERR(db_run_together(db, steps, 3, &where), ERR_DUPLICATE);
	CU_ASSERT_EQUAL(where, 1);
	CU_ASSERT_PTR_NULL(ra.result);
	CU_ASSERT_PTR_NULL(rc.result);
	CU_ASSERT_EQUAL(count_of("SELECT count(*) FROM t WHERE id = 200"), 0);
	db_params_free(&a);
	db_params_free(&b);
}

static void
fails_at_commit(void)
{
	const struct db_step steps[] = {
	    {"INSERT INTO later VALUES (1)", NULL, NULL},
	    {"INSERT INTO later VALUES (1)", NULL, NULL},
	};

	SUITE_ERR(db_run_together(db, steps, 2, NULL), ERR_DUPLICATE);
	CU_ASSERT_EQUAL(count_of("SELECT count(*) FROM later"), 0);
	SUITE_ERR(db_run_together(db, steps, 1, NULL), ERR_NONE);
}

static void
transactions(void)
{
	SUITE_ERR(db_begin(db), ERR_NONE);
	SUITE_ERR(
	    db_run(db, "DELETE FROM t WHERE id = 100", NULL, NULL), ERR_NONE);
	db_rollback(db);
	CU_ASSERT_EQUAL(count_of("SELECT count(*) FROM t WHERE id = 100"), 1);
	SUITE_ERR(db_begin(db), ERR_NONE);
	SUITE_ERR(
	    db_run(db, "DELETE FROM t WHERE id = 100", NULL, NULL), ERR_NONE);
	SUITE_ERR(db_run(db, "SELECT 1/0", NULL, NULL), ERR_DATABASE);
	SUITE_ERR(db_commit(db), ERR_DATABASE);
	CU_ASSERT_EQUAL(count_of("SELECT count(*) FROM t WHERE id = 100"), 1);
}

static void
goes_away(void)
{
	const struct db_step steps[] = {{"SELECT 1", NULL, NULL}};

	cluster_do("", "stop");
	SUITE_ERR(db_run(db, "SELECT 1", NULL, NULL), ERR_DATABASE);
	CU_ASSERT(db_lost(db));
	SUITE_ERR(db_run(db, "SELECT 1", NULL, NULL), ERR_DATABASE);
	SUITE_ERR(db_run_together(db, steps, 1, NULL), ERR_DATABASE);
	SUITE_ERR(db_reopen(db), ERR_DATABASE);
	cluster_do("", "start");
	SUITE_ERR(db_reopen(db), ERR_NONE);
	CU_ASSERT_EQUAL(count_of("SELECT count(*) FROM t WHERE id = 100"), 1);
	/* and in the middle of a pipeline */
	CU_ASSERT_EQUAL(count_of("SELECT 1::int8"), 1);
	SUITE_ERR(db_run_together(db, steps, 1, NULL), ERR_NONE);
	cluster_do("", "stop");
	SUITE_ERR(db_run_together(db, steps, 1, NULL), ERR_DATABASE);
	CU_ASSERT(db_lost(db));
}

static void
unsafe_server(void)
{
	cluster_do("-c fsync=off", "start");
	SUITE_ERR(open_with(""), ERR_DATABASE_UNSAFE);
	SUITE_ERR(db_reopen(db), ERR_DATABASE_UNSAFE);
	cluster_do("", "stop");
	cluster_do("-c full_page_writes=off", "start");
	SUITE_ERR(open_with(""), ERR_DATABASE_UNSAFE);
	cluster_do("", "stop");
	cluster_do("", "start");
	SUITE_ERR(db_reopen(db), ERR_NONE);
	SUITE_ERR(db_script(db, "SET synchronous_commit = off"), ERR_NONE);
	SUITE_ERR(db_check_safe(db), ERR_DATABASE_UNSAFE);
	db_close(db);
	cluster_do("", "remove");
}

static const struct suite_case cases[] = {
    {"opens a connection to a safe server", opens},
    {"refuses a session whose commits may be lost", unsafe_session},
    {"carries values of every type there and back", values_there_and_back},
    {"tells NULL from empty, and notes a NULL that is read", nulls_and_empties},
    {"refuses to read a value as another type", wrong_types},
    {"inserts rows from arrays, NULLs among them", batches},
    {"inserts nothing from empty arrays", empty_batch},
    {"says which key is taken without its value", duplicates},
    {"runs several statements in one transaction", together},
    {"takes all of them back when one fails", all_or_none},
    {"notices a failure at the commit itself", fails_at_commit},
    {"does not commit a failed transaction", transactions},
    {"notices that the server is gone, and comes back", goes_away},
    {"refuses a server without fsync or full_page_writes", unsafe_server},
};

SUITE("db", cases)

#include "agents/registrar/register.h"

#include "lib/clock.h"
#include "lib/text.h"
#include "lib/uuid.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- residents --- */

enum { MY_NUMBER, RESIDENT_CODE, NAME, ADDRESS, BIRTH, SEX, COLUMNS };
static const char *const column_names[COLUMNS] = {
    "my_number",
    "resident_code",
    "name",
    "address",
    "birth",
    "sex",
};

static enum err
row_check(const struct rows *rows, size_t i, const size_t *at, struct fault *f)
{
	const char *cell[COLUMNS];
	struct day day;

	for (int c = 0; c < COLUMNS; c++)
		cell[c] = rows_cell(rows, i, at[c]);
	if (!my_number_valid(cell[MY_NUMBER]))
		return rows_fault(rows, i, ERR_LINE, f,
		    "my_number is not 12 digits with their check digit");
	if (!resident_code_valid(cell[RESIDENT_CODE]))
		return rows_fault(rows, i, ERR_LINE, f,
		    "resident_code is not 11 digits with their check digit");
	if (cell[NAME][0] == '\0' || cell[ADDRESS][0] == '\0')
		return rows_fault(
		    rows, i, ERR_LINE, f, "name or address empty");
	if (day_parse(cell[BIRTH], &day) != ERR_NONE)
		return rows_fault(rows, i, ERR_LINE, f, "birth is no date");
	if (strlen(cell[SEX]) != 1 || strchr("0129", cell[SEX][0]) == NULL)
		return rows_fault(
		    rows, i, ERR_LINE, f, "sex is not 0, 1, 2 or 9 (ISO 5218)");
	return ERR_NONE;
}

#define IMPORT_STEP 1000

static enum err
step_insert(struct db *db, const struct rows *rows, const size_t *at,
    size_t from, size_t n)
{
	static const char sql[] =
	    "INSERT INTO resident (my_number, resident_code, name, address,"
	    " birth, sex) SELECT my_number, resident_code, name, address,"
	    " birth::date, sex::smallint FROM unnest($1::text[], $2::text[],"
	    " $3::text[], $4::text[], $5::text[], $6::text[])"
	    " AS t (my_number, resident_code, name, address, birth, sex)";
	static const char *cell[IMPORT_STEP];
	struct db_params p = {0};
	enum err e;

	for (int c = 0; c < COLUMNS; c++) {
		for (size_t i = 0; i < n; i++)
			cell[i] = rows_cell(rows, from + i, at[c]);
		db_bind_texts(&p, cell, n);
	}
	e = db_run(db, sql, &p, NULL);
	db_params_free(&p);
	return e;
}

enum err
register_import(
    struct db *db, const struct rows *rows, size_t *n, struct fault *f)
{
	size_t at[COLUMNS];
	enum err e = rows_columns(rows, column_names, COLUMNS, true, at, f);

	*n = 0;
	for (size_t i = 0; e == ERR_NONE && i < rows->n; i++)
		e = row_check(rows, i, at, f);
	if (e != ERR_NONE)
		return e;
	e = db_begin(db);
	for (size_t i = 0; e == ERR_NONE && i < rows->n; i += IMPORT_STEP)
		e = step_insert(db, rows, at, i,
		    rows->n - i < IMPORT_STEP ? rows->n - i : IMPORT_STEP);
	if (e == ERR_NONE)
		e = db_commit(db);
	else
		db_rollback(db);
	if (e == ERR_NONE)
		*n = rows->n;
	else
		fault_set(f, e, rows->name, 0, "%s",
		    e == ERR_DUPLICATE ? "a number that is there already"
				       : "the database refused");
	return e;
}

enum err
register_find(struct db *db, struct register_match *m, size_t n)
{
	static const char sql[] =
	    "SELECT a.i, r.resident_code, EXISTS (SELECT FROM resident_change"
	    " c WHERE c.new_code = r.resident_code AND NOT c.confirmed)"
	    " FROM unnest($1::text[]) WITH ORDINALITY AS a (n, i)"
	    " JOIN resident r ON r.my_number = a.n";
	const char **asked = xcalloc(n, sizeof(*asked));
	struct db_params p = {0};
	struct db_rows rows;
	enum err e;

	for (size_t i = 0; i < n; i++) {
		asked[i] = m[i].my_number;
		m[i].found = m[i].changing = false;
	}
	db_bind_texts(&p, asked, n);
	e = db_run(db, sql, &p, &rows);
	for (size_t i = 0; e == ERR_NONE && i < rows.n; i++) {
		size_t to = (size_t)db_i64(&rows, i, 0) - 1;

		if (to >= n)
			continue;
		m[to].found = true;
		m[to].changing = db_bool(&rows, i, 2);
		snprintf(m[to].resident_code, sizeof(m[to].resident_code), "%s",
		    db_text(&rows, i, 1));
	}
	if (e == ERR_NONE)
		e = db_rows_end(&rows);
	db_params_free(&p);
	free(asked);
	return e;
}

enum err
register_count(struct db *db, uint64_t *residents)
{
	struct db_rows rows;
	enum err e = db_run(db, "SELECT count(*) FROM resident", NULL, &rows);

	if (e != ERR_NONE)
		return e;
	*residents = rows.n == 1 ? (uint64_t)db_i64(&rows, 0, 0) : 0;
	return db_rows_end(&rows);
}

/* --- acquisition numbers --- */

void
acquisitions_free(struct acquisition *a, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_free(&a[i].request);
	free(a);
}

enum err
register_begin(struct db *db, const struct acquisition *a, size_t n)
{
	static const char sql[] =
	    "INSERT INTO acquisition (number, agency, asked_ms, request)"
	    " SELECT * FROM unnest($1::uuid[], $2::text[], $3::bigint[],"
	    " $4::bytea[])";
	const uint8_t **number = xcalloc(n, sizeof(*number));
	const char **agency = xcalloc(n, sizeof(*agency));
	int64_t *asked = xcalloc(n, sizeof(*asked));
	struct span *request = xcalloc(n, sizeof(*request));
	struct db_params p = {0};
	enum err e;

	for (size_t i = 0; i < n; i++) {
		number[i] = a[i].number;
		agency[i] = a[i].agency;
		asked[i] = (int64_t)a[i].asked_ms;
		request[i] = buf_span(&a[i].request);
	}
	db_bind_uuids(&p, number, n);
	db_bind_texts(&p, agency, n);
	db_bind_i64s(&p, asked, n);
	db_bind_bytess(&p, request, n);
	e = db_run(db, sql, &p, NULL);
	db_params_free(&p);
	free(number);
	free(agency);
	free(asked);
	free(request);
	return e;
}

static enum err
acquisitions_read(struct db_rows *rows, struct acquisition **out, size_t *n)
{
	struct acquisition *a = xcalloc(rows->n, sizeof(*a));
	size_t count = rows->n;
	enum err e;

	for (size_t i = 0; i < count; i++) {
		struct span request = db_bytes(rows, i, 3);

		db_fixed(rows, i, 0, a[i].number, ID_LEN);
		snprintf(a[i].agency, sizeof(a[i].agency), "%s",
		    db_text(rows, i, 1));
		a[i].asked_ms = (uint64_t)db_i64(rows, i, 2);
		buf_add(&a[i].request, request.p, request.n);
	}
	e = db_rows_end(rows);
	if (e != ERR_NONE) {
		acquisitions_free(a, count);
		return e;
	}
	*out = a;
	*n = count;
	return ERR_NONE;
}

enum err
register_begun(struct db *db, const uint8_t *const *numbers, size_t n,
    struct acquisition **out, size_t *n_out)
{
	struct db_params p = {0};
	struct db_rows rows;
	enum err e;

	*out = NULL;
	*n_out = 0;
	db_bind_uuids(&p, numbers, n);
	e = db_run(db,
	    "SELECT number, agency, asked_ms, request FROM acquisition"
	    " WHERE number = ANY ($1)",
	    &p, &rows);
	db_params_free(&p);
	return e == ERR_NONE ? acquisitions_read(&rows, out, n_out) : e;
}

enum err
register_open(struct db *db, uint64_t after_ms,
    const uint8_t after[static ID_LEN], size_t most, struct acquisition **out,
    size_t *n_out)
{
	struct db_params p = {0};
	struct db_rows rows;
	enum err e;

	*out = NULL;
	*n_out = 0;
	db_bind_i64(&p, (int64_t)after_ms);
	db_bind_uuid(&p, after);
	db_bind_i64(&p, (int64_t)most);
	e = db_run(db,
	    "SELECT number, agency, asked_ms, request FROM acquisition"
	    " WHERE (asked_ms, number) > ($1, $2)"
	    " ORDER BY asked_ms, number LIMIT $3",
	    &p, &rows);
	db_params_free(&p);
	return e == ERR_NONE ? acquisitions_read(&rows, out, n_out) : e;
}

enum err
register_end(struct db *db, const uint8_t *const *numbers, size_t n)
{
	struct db_params p = {0};
	enum err e;

	db_bind_uuids(&p, numbers, n);
	e = db_run(
	    db, "DELETE FROM acquisition WHERE number = ANY ($1)", &p, NULL);
	db_params_free(&p);
	return e;
}

enum err
register_expire(struct db *db, uint64_t before_ms, uint64_t *n)
{
	struct db_params p = {0};
	struct db_rows rows;
	enum err e;

	db_bind_i64(&p, (int64_t)before_ms);
	e = db_run(
	    db, "DELETE FROM acquisition WHERE asked_ms < $1", &p, &rows);
	db_params_free(&p);
	if (e != ERR_NONE)
		return e;
	*n = rows.changed;
	return db_rows_end(&rows);
}

/* --- changes of resident code --- */

/* Ten random digits and their check digit. */
static void
code_draw(char code[static RESIDENT_CODE_LEN + 1])
{
	for (int i = 0; i < RESIDENT_CODE_LEN - 1; i++)
		code[i] = (char)('0' + randombytes_uniform(10));
	code[RESIDENT_CODE_LEN - 1] = digits_check(code, RESIDENT_CODE_LEN - 1);
	code[RESIDENT_CODE_LEN] = '\0';
}

/* In one statement: the change is known exactly where the code is changed. */
static enum err
change_write(struct db *db, const char *my_number, const char *code)
{
	static const char sql[] =
	    "WITH before AS (SELECT my_number, resident_code FROM resident"
	    " WHERE my_number = $1 FOR UPDATE), changed AS (UPDATE resident r"
	    " SET resident_code = $2 FROM before b"
	    " WHERE r.my_number = b.my_number RETURNING b.resident_code)"
	    " INSERT INTO resident_change"
	    " (change_id, old_code, new_code, changed_ms)"
	    " SELECT $3, resident_code, $2, $4 FROM changed";
	struct db_params p = {0};
	struct db_rows rows;
	uint8_t id[UUID_LEN];
	enum err e;

	uuid_make(id);
	db_bind_text(&p, my_number);
	db_bind_text(&p, code);
	db_bind_uuid(&p, id);
	db_bind_i64(&p, (int64_t)clock_ms());
	e = db_run(db, sql, &p, &rows);
	db_params_free(&p);
	if (e != ERR_NONE)
		return e;
	e = rows.changed == 1 ? ERR_NONE : ERR_NOT_FOUND;
	db_rows_end(&rows);
	return e;
}

#define DRAWS 20 /* a code that was taken is drawn again */

enum err
register_change(struct db *db, const char *my_number)
{
	char code[RESIDENT_CODE_LEN + 1];
	enum err e = ERR_DUPLICATE;

	for (int i = 0; e == ERR_DUPLICATE && i < DRAWS; i++) {
		code_draw(code);
		e = change_write(db, my_number, code);
	}
	return e;
}

enum err
register_changing(struct db *db, struct change *out)
{
	struct db_rows rows;
	enum err e = db_run(db,
	    "SELECT change_id, old_code, new_code, changed_ms"
	    " FROM resident_change WHERE NOT confirmed"
	    " ORDER BY changed_ms, change_id LIMIT 1",
	    NULL, &rows);

	if (e != ERR_NONE)
		return e;
	if (rows.n == 1) {
		db_fixed(&rows, 0, 0, out->id, ID_LEN);
		snprintf(out->old_code, sizeof(out->old_code), "%s",
		    db_text(&rows, 0, 1));
		snprintf(out->new_code, sizeof(out->new_code), "%s",
		    db_text(&rows, 0, 2));
		out->changed_ms = (uint64_t)db_i64(&rows, 0, 3);
	} else {
		e = ERR_NOT_FOUND;
	}
	return db_rows_end(&rows) == ERR_NONE ? e : ERR_DATABASE;
}

enum err
register_confirm(struct db *db, const uint8_t id[static ID_LEN])
{
	struct db_params p = {0};
	enum err e;

	db_bind_uuid(&p, id);
	e = db_run(db,
	    "UPDATE resident_change SET confirmed = true WHERE change_id = $1",
	    &p, NULL);
	db_params_free(&p);
	return e;
}

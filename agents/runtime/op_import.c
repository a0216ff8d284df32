/* The operation that imports a CSV file, sent along as a descriptor. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agents/runtime/api_ops.h"
#include "agents/runtime/import.h"
#include "lib/csv.h"
#include "lib/text.h"

#define FILE_MOST (256U * 1024 * 1024)
#define ROWS 200 /* in one statement */

struct import_job {
	struct store_job job;
	struct agency *agency;
	uint64_t client, tag;
	int fd;
	char name[200];
	struct fault fault;
	size_t n;
	char data[NAME_MAX_ + 1];
};

static enum err
file_take(int fd, struct buf *out)
{
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return ERR_FILE;
	if (st.st_size > FILE_MOST)
		return ERR_TOO_LONG;
	for (;;) {
		ssize_t n;

		uint8_t *to = buf_grow(out, 65536);
		n = pread(fd, to, 65536, (off_t)(out->n - 65536));
		out->n -= 65536 - (n > 0 ? (size_t)n : 0);
		if (n < 0)
			return ERR_FILE;
		if (n == 0)
			return ERR_NONE;
		if (out->n > FILE_MOST)
			return ERR_TOO_LONG;
	}
}

/* One statement's worth of records, as columns. */
struct columns {
	const char *person[ROWS], *year[ROWS];
	int32_t version[ROWS];
	int64_t as_of[ROWS], until[ROWS];
	bool no_auto[ROWS], hides[ROWS];
	struct span body[ROWS];
};

static void
columns_fill(struct columns *c, const struct imported *r, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		c->person[i] = r[i].person;
		c->year[i] = r[i].fiscal_year;
		c->version[i] = (int32_t)r[i].version;
		c->as_of[i] = (int64_t)r[i].as_of_ms;
		c->until[i] = (int64_t)r[i].published_until_ms;
		c->no_auto[i] = r[i].no_auto_answer;
		c->hides[i] = r[i].non_disclosure;
		c->body[i] = buf_span(&r[i].body);
	}
}

static enum err
rows_insert(struct db *db, const char *agency, const struct imported *r,
    size_t n, bool official)
{
	static _Thread_local struct columns c;
	struct db_params p = {0};
	enum err e;

	columns_fill(&c, r, n);
	db_bind_text(&p, agency);
	db_bind_text(&p, r->first->data);
	db_bind_text(&p, r->first->layout);
	db_bind_bool(&p, official);
	db_bind_texts(&p, c.person, n);
	db_bind_texts(&p, c.year, n);
	db_bind_i32s(&p, c.version, n);
	db_bind_i64s(&p, c.as_of, n);
	db_bind_i64s(&p, c.until, n);
	db_bind_bools(&p, c.no_auto, n);
	db_bind_bools(&p, c.hides, n);
	db_bind_bytess(&p, c.body, n);
	e = db_run(db,
	    "INSERT INTO record (agency, data, layout, official, local_id, "
	    "fiscal_year, version, as_of_ms, published_until_ms, "
	    "no_auto_answer, non_disclosure, body) SELECT $1, $2, $3, $4, u.* "
	    "FROM unnest($5::text[], $6::text[], $7::int[], $8::bigint[], "
	    "$9::bigint[], $10::bool[], $11::bool[], $12::bytea[]) AS u "
	    "ON CONFLICT (agency, local_id, data, fiscal_year, version) "
	    "DO UPDATE SET layout = excluded.layout, "
	    "official = excluded.official, as_of_ms = excluded.as_of_ms, "
	    "published_until_ms = excluded.published_until_ms, "
	    "no_auto_answer = excluded.no_auto_answer, "
	    "non_disclosure = excluded.non_disclosure, body = excluded.body",
	    &p, NULL);
	db_params_free(&p);
	return e;
}

/* Whether every item's name of this layout is a published one. */
static bool
layout_official(const struct layout *l, const struct layout_item *first)
{
	for (const struct layout_item *it = first; it < l->item + l->n; it++)
		if (strcmp(it->data, first->data) == 0 && !it->official)
			return false;
	return true;
}

/* All of the file in one transaction. */
static enum err
records_store(
    struct db *db, const struct agency *a, const struct imported *r, size_t n)
{
	bool official = layout_official(a->layout, r->first);
	enum err e = db_begin(db);

	for (size_t at = 0; e == ERR_NONE && at < n; at += ROWS)
		e = rows_insert(db, a->code, r + at,
		    n - at < ROWS ? n - at : ROWS, official);
	if (e == ERR_NONE)
		return db_commit(db);
	db_rollback(db);
	return e;
}

static enum err
records_make(struct import_job *j, struct rows *csv, struct imported **out)
{
	struct mapping *m = NULL;
	struct buf bytes = {0};
	enum err e =
	    mapping_open(j->agency->mapping, j->agency->layout, &m, &j->fault);

	if (e == ERR_NONE)
		e = file_take(j->fd, &bytes);
	if (e == ERR_NONE)
		e = csv_parse(j->name, buf_span(&bytes), csv, &j->fault);
	if (e == ERR_NONE)
		e = import_rows(m, j->agency->layout, csv, out, &j->fault);
	buf_wipe_free(&bytes);
	mapping_free(m);
	return e;
}

static enum err
import_alone(struct db *db, struct store_job *job)
{
	struct import_job *j = (struct import_job *)job;
	struct imported *records = NULL;
	struct rows csv = {0};
	enum err e = records_make(j, &csv, &records);

	if (e == ERR_NONE && csv.n > 0) {
		e = records_store(db, j->agency, records, csv.n);
		text_copy(j->data, sizeof(j->data), records->first->data);
	}
	j->n = csv.n;
	imported_free(records, csv.n);
	rows_free(&csv);
	return e;
}

static void
import_done(struct store_job *job)
{
	struct import_job *j = (struct import_job *)job;
	struct host *h = j->agency->host;
	char text[500];

	close(j->fd);
	if (job->err != ERR_NONE)
		api_fail(h, j->client, j->tag, job->err,
		    j->fault.what[0] != '\0'
			? fault_text(&j->fault, text, sizeof(text))
			: j->name);
	else
		api_reply(h, j->client, j->tag,
		    json_pack("{s:I, s:s}", "records", (json_int_t)j->n, "data",
			j->data));
	free(j);
}

static const struct store_op import_op = {
    .name = "import", .alone = import_alone};

enum err
op_import(const struct api_request *r, const char **about)
{
	enum err e = ERR_NONE;
	const char *name = api_text(r, "file", 199, &e);
	struct import_job *j;

	*about = "file";
	if (e != ERR_NONE)
		return e;
	if (r->fd < 0)
		return ERR_USAGE;
	*about = "layouts";
	if (r->agency->layout == NULL)
		return ERR_NOT_FOUND;
	j = xcalloc(1, sizeof(*j));
	j->job = (struct store_job){.op = &import_op, .done = import_done};
	j->agency = r->agency;
	j->client = r->client;
	j->tag = r->tag;
	j->fd = r->fd;
	text_copy(j->name, sizeof(j->name), *name != '\0' ? name : "csv");
	store_submit(r->host->store, &j->job);
	return ERR_NONE;
}

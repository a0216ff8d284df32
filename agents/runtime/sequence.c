#include "agents/runtime/sequence.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "agents/runtime/columns.h"
#include "lib/oplog.h"

struct load_job {
	struct store_job job;
	struct host *host;
	bool over;
	enum err err;
};

static void
numbers_take(struct host *h, struct db_rows *r)
{
	for (size_t i = 0; i < r->n; i++) {
		struct agency *a = host_agency(h, db_text(r, i, 0));
		uint64_t last = (uint64_t)db_i64(r, i, 2);

		if (a == NULL)
			continue;
		if (db_i64(r, i, 1) == SIDE_ASKED)
			a->asked = last;
		else
			a->provided = last;
	}
}

static enum err
numbers_read(struct db *db, struct host *h)
{
	struct db_rows r;
	enum err e =
	    db_run(db, "SELECT agency, side, last FROM sequence", NULL, &r);

	if (e != ERR_NONE)
		return e;
	numbers_take(h, &r);
	return db_rows_end(&r);
}

static enum err
checkpoint_read(struct db *db, struct host *h)
{
	struct db_params p = {0};
	struct db_rows r;
	enum err e, load = ERR_NONE;

	db_bind_text(&p, h->held.key.name);
	e = db_run(db, "SELECT note FROM checkpoint WHERE origin = $1", &p, &r);
	db_params_free(&p);
	if (e != ERR_NONE)
		return e;
	if (r.n > 0)
		load = held_load(&h->held, db_bytes(&r, 0, 0));
	e = db_rows_end(&r);
	return e != ERR_NONE ? e : load;
}

static enum err
load_read(struct db *db, struct store_job **jobs, size_t n)
{
	struct load_job *j = (struct load_job *)jobs[0];
	enum err e = numbers_read(db, j->host);

	return e != ERR_NONE ? e : checkpoint_read(db, j->host);
}

static void
load_done(struct store_job *job)
{
	struct load_job *j = (struct load_job *)job;

	j->over = true;
}

static const struct store_op load_op = {.name = "load", .read = load_read};

enum err
sequence_load(struct host *h)
{
	struct load_job j = {
	    .job = {.op = &load_op, .done = load_done}, .host = h};
	struct pollfd fd = {.fd = store_fd(h->store), .events = POLLIN};

	store_submit(h->store, &j.job);
	while (!j.over) {
		poll(&fd, 1, -1);
		store_run(h->store);
	}
	return j.job.err;
}

struct checkpoint_job {
	struct store_job job;
	char origin[NOTE_NAME_MAX + 1];
	uint64_t size;
	struct buf note;
};

/* One job at a time is in a commit: checkpoint_save makes one a second. */
static void
checkpoint_write(struct store_steps *s, struct store_job **jobs, size_t n)
{
	struct checkpoint_job *j = (struct checkpoint_job *)jobs[n - 1];
	struct db_params *p = store_step(s,
	    "INSERT INTO checkpoint (origin, size, note) VALUES ($1, $2, $3) "
	    "ON CONFLICT (origin) DO UPDATE SET size = excluded.size, "
	    "note = excluded.note WHERE checkpoint.size < excluded.size");

	db_bind_text(p, j->origin);
	db_bind_i64(p, (int64_t)j->size);
	db_bind_bytes(p, buf_span(&j->note));
}

static void
checkpoint_done(struct store_job *job)
{
	struct checkpoint_job *j = (struct checkpoint_job *)job;

	buf_free(&j->note);
	free(j);
}

static const struct store_op checkpoint_op = {
    .name = "checkpoint", .order = 90, .write = checkpoint_write};

void
checkpoint_save(struct host *h)
{
	struct checkpoint_job *j;

	if (!h->held.changed)
		return;
	h->held.changed = false;
	j = xcalloc(1, sizeof(*j));
	j->job =
	    (struct store_job){.op = &checkpoint_op, .done = checkpoint_done};
	snprintf(j->origin, sizeof(j->origin), "%s", h->held.newest.origin);
	j->size = h->held.newest.size;
	buf_add(&j->note, h->held.note.p, h->held.note.n);
	store_submit(h->store, &j->job);
}

void
sequence_write(struct store_steps *s, enum sequence_side side,
    const char *const *codes, const int64_t *numbers, size_t n)
{
	struct db_params *p = store_step(s,
	    "INSERT INTO sequence (agency, side, last) "
	    "SELECT agency, $1, max(last) "
	    "FROM unnest($2::text[], $3::bigint[]) AS u (agency, last) "
	    "GROUP BY agency ON CONFLICT (agency, side) DO UPDATE "
	    "SET last = greatest(sequence.last, excluded.last)");

	db_bind_i16(p, (int16_t)side);
	db_bind_texts(p, codes, n);
	db_bind_i64s(p, numbers, n);
}

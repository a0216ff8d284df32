#include "agents/cli/logaudit.h"

#include "agents/cli/logchunk.h"
#include "agents/cli/logculprit.h"
#include "lib/clock.h"
#include "lib/file.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SIGNED_WITHIN_MS 1000 /* a commit waits this long for its signature */
#define THREADS_MAX 16

static const struct {
	const char *code, *en, *ja;
} faults[] = {
#define LOGFAULT_ROW(name, code, en, ja) {code, en, ja},
    LOGFAULT_TABLE(LOGFAULT_ROW)
#undef LOGFAULT_ROW
};

const char *
logfault_code(enum logfault f)
{
	return faults[f].code;
}

const char *
logfault_text(enum logfault f)
{
	return faults[f].en;
}

const char *
logfault_text_ja(enum logfault f)
{
	return faults[f].ja;
}

/* A signed size and root the entries have to give. */
struct claim {
	struct checkpoint c;
	bool pinned;	    /* kept by another, not the log's own */
	const char *source; /* for the report */
	/* leaves after its last full block, and one more */
	uint8_t tail[TILE_WIDTH + 1][MERKLE_LEN];
	size_t n_tail;
};

struct audit {
	const struct logaudit_options *o;
	struct logaudit_report *report;
	struct db *db;
	int log;
	uint64_t head;		/* log_head.size */
	uint64_t rows_end;	/* highest index there is, and one */
	uint64_t tiles_end;	/* the same of level-0 tiles */
	uint64_t total;		/* leaves to check */
	uint64_t expired_below; /* rows may be gone there */
	struct claim claim[LOGAUDIT_CHECKPOINTS + 2];
	size_t n_claims;
	/* roots of full blocks of 256, by the entries and by the tiles */
	uint8_t (*block)[MERKLE_LEN], (*tile_block)[MERKLE_LEN];
	/* shared by the checkers */
	pthread_mutex_t lock;
	uint64_t next; /* chunk nobody took yet */
	uint64_t done; /* leaves checked */
	uint64_t tiles, differs, hole;
	enum err err;
};

/* --- what was found ---------------------------------------------------------
 */

/* The lower index wins; of one index, what was found first. */
static void
found(struct audit *a, enum logfault f, uint64_t index, uint64_t until,
    const char *detail)
{
	struct logaudit_report *r = a->report;

	if (r->fault != LOGFAULT_NONE && index >= r->index)
		return;
	r->fault = f;
	r->index = index;
	r->until = until;
	snprintf(r->detail, sizeof(r->detail), "%s", detail);
}

/* --- claims: the checkpoints ------------------------------------------------
 */

static void
claim_add(struct audit *a, struct span note, bool pinned, const char *source)
{
	struct claim *c = &a->claim[a->n_claims];

	memset(c, 0, sizeof(*c));
	if (checkpoint_open(note, &a->o->key, &c->c) != ERR_NONE) {
		if (a->report->fault == LOGFAULT_NONE)
			found(a, LOGFAULT_CHECKPOINT, 0, 0, source);
		return;
	}
	c->pinned = pinned;
	c->source = source;
	a->n_claims++;
}

static enum err
claim_file(struct audit *a, const char *path, bool pinned)
{
	struct buf note = {0};
	enum err e = file_read(path, NOTE_MAX, &note);

	if (e == ERR_NONE)
		claim_add(a, buf_span(&note), pinned, path);
	buf_free(&note);
	return e;
}

static const struct claim *
claim_newest(const struct audit *a)
{
	const struct claim *best = NULL;

	for (size_t i = 0; i < a->n_claims; i++)
		if (best == NULL || a->claim[i].c.size > best->c.size)
			best = &a->claim[i];
	return best;
}

static enum err
head_read(struct audit *a, bool claim)
{
	struct db_params p = {0};
	struct db_rows r;
	enum err e;

	db_bind_text(&p, a->o->key.name);
	e = db_run(a->db,
	    "SELECT log, size, checkpoint, "
	    "coalesce((SELECT idx FROM entry e WHERE e.log = h.log "
	    "ORDER BY idx DESC LIMIT 1), -1) + 1, "
	    "coalesce((SELECT max(n) FROM log_tile t WHERE t.log = h.log AND "
	    "level = 0), -1) + 1 FROM log_head h WHERE origin = $1",
	    &p, &r);
	db_params_free(&p);
	if (e != ERR_NONE)
		return e;
	if (r.n == 1) {
		a->log = (int)db_i64(&r, 0, 0);
		a->head = (uint64_t)db_i64(&r, 0, 1);
		a->rows_end = (uint64_t)db_i64(&r, 0, 3);
		a->tiles_end = (uint64_t)db_i64(&r, 0, 4);
		if (claim && !db_null(&r, 0, 2))
			claim_add(a, db_bytes(&r, 0, 2), false, "log_head");
	} else
		e = ERR_NOT_FOUND;
	return db_rows_end(&r) != ERR_NONE ? ERR_DATABASE : e;
}

/*
 * The log's own newest checkpoint. A commit is signed just after, so what is
 * in the database now may need a moment to be covered.
 */
static enum err
own_claim(struct audit *a)
{
	uint64_t until = clock_mono_ms() + SIGNED_WITHIN_MS;
	size_t first = a->n_claims;
	enum logfault before = a->report->fault;

	for (;;) {
		struct timespec pause = {0, 20 * 1000 * 1000};
		enum err e = claim_file(a, a->o->checkpoint_file, false);
		bool over = clock_mono_ms() >= until;

		if (e != ERR_NONE)
			return e;
		if (over ||
		    (a->n_claims > first && a->claim[first].c.size >= a->head))
			return ERR_NONE;
		/* caught while being written: look again */
		a->n_claims = first;
		a->report->fault = before;
		nanosleep(&pause, NULL);
	}
}

/*
 * Rows older than seven years are dropped with their month (Order Art. 30),
 * their leaves stay in the bundles. An exchange keeps the month it began in,
 * so a few rows of a month that went lie among those of the next; behind the
 * first row of the month after that, every one has to be there.
 */
static enum err
expiry_read(struct audit *a)
{
	struct day today = day_of_ms(clock_ms());
	int month = day_month(today) - 700;
	struct db_params p = {0};
	struct db_rows r;
	enum err e;

	if (month <= a->log * 100 + 4)
		return ERR_NONE;
	db_bind_i32(&p, a->log);
	db_bind_i32(&p, month);
	e = db_run(a->db,
	    "SELECT min(idx) FROM entry WHERE log = $1 AND month > $2", &p, &r);
	db_params_free(&p);
	if (e != ERR_NONE)
		return e;
	if (!db_null(&r, 0, 0))
		a->expired_below = (uint64_t)db_i64(&r, 0, 0);
	else if (month > (a->log + 1) * 100 + 3)
		a->expired_below = NOWHERE; /* the whole year's log */
	else
		a->expired_below = a->rows_end;
	return db_rows_end(&r);
}

/* What is to be read: up to what is signed, or all if that is not enough. */
static enum err
claims_collect(struct audit *a)
{
	const struct claim *newest;
	uint64_t at_first, size;
	enum err e = head_read(a, true);

	at_first = a->head;
	if (e == ERR_NONE && a->o->checkpoint_file != NULL)
		e = own_claim(a);
	newest = claim_newest(a);
	size = newest != NULL ? newest->c.size : 0;
	for (size_t i = 0; e == ERR_NONE && i < a->o->n_pinned; i++)
		e = claim_file(a, a->o->pinned_file[i], true);
	/* a running broker went on meanwhile */
	if (e == ERR_NONE)
		e = head_read(a, false);
	if (e == ERR_NONE)
		e = expiry_read(a);
	if (e != ERR_NONE)
		return e;
	newest = claim_newest(a);
	if (newest == NULL && a->report->fault == LOGFAULT_NONE)
		return ERR_NOT_FOUND;
	a->report->signed_size = newest != NULL ? newest->c.size : 0;
	a->total = a->head > a->rows_end ? a->head : a->rows_end;
	if (size >= at_first && a->report->signed_size <= a->total)
		a->total = a->report->signed_size;
	return ERR_NONE;
}

/* --- checking the rows, in several threads ----------------------------------
 */

/* Keep the leaves of this chunk that a claim's last partial block needs. */
static void
tails_keep(struct audit *a, const struct logchunk *c)
{
	for (size_t i = 0; i < a->n_claims; i++) {
		struct claim *k = &a->claim[i];
		uint64_t from = k->c.size - k->c.size % TILE_WIDTH;
		uint64_t until = k->c.size + 1;

		for (uint64_t at = from; at < until && at < c->end; at++) {
			if (at < c->first)
				continue;
			memcpy(k->tail[at - from], c->leaf[at - c->first],
			    MERKLE_LEN);
			k->n_tail = at - from + 1;
		}
	}
}

static void
chunk_done(struct audit *a, const struct logchunk *c)
{
	uint64_t b = c->first / TILE_WIDTH;
	size_t blocks = (c->end - c->first) / TILE_WIDTH;

	pthread_mutex_lock(&a->lock);
	a->done += c->end - c->first;
	a->tiles += c->tiles;
	a->report->expired += c->expired;
	if (c->fault != LOGFAULT_NONE)
		found(a, c->fault, c->index, c->index + 1, c->detail);
	else {
		memcpy(a->block[b], c->block, blocks * MERKLE_LEN);
		memcpy(a->tile_block[b], c->tile_block, blocks * MERKLE_LEN);
		tails_keep(a, c);
		if (c->differs < a->differs)
			a->differs = c->differs;
		if (c->tile_missing && c->end / TILE_WIDTH <= a->tiles_end &&
		    c->first < a->hole)
			a->hole = c->first;
	}
	pthread_mutex_unlock(&a->lock);
}

static bool
chunk_take(struct audit *a, struct logchunk *c)
{
	bool more;

	pthread_mutex_lock(&a->lock);
	c->first = a->next * CHUNK_LEAVES;
	/* below a fault all is looked at, above it nothing more */
	more =
	    a->err == ERR_NONE && c->first < a->total &&
	    (a->report->fault == LOGFAULT_NONE || c->first < a->report->index);
	a->next += more;
	pthread_mutex_unlock(&a->lock);
	c->end = c->first + CHUNK_LEAVES;
	if (c->end > a->total)
		c->end = a->total;
	return more;
}

static void *
checker(void *arg)
{
	struct audit *a = arg;
	struct logchecker k = {.log = a->log,
	    .endorse_key = a->o->endorse_key,
	    .expired_below = a->expired_below};
	struct logchunk *c = xcalloc(1, sizeof(*c));
	enum err e = db_open(a->o->database, &k.db);

	c->leaf = xmalloc(CHUNK_LEAVES * MERKLE_LEN);
	while (e == ERR_NONE && chunk_take(a, c)) {
		e = logchunk_check(&k, c);
		if (e == ERR_NONE)
			chunk_done(a, c);
	}
	pthread_mutex_lock(&a->lock);
	if (e != ERR_NONE)
		a->err = e;
	pthread_mutex_unlock(&a->lock);
	free(c->leaf);
	free(c);
	db_params_free(&k.params);
	arena_wipe_free(&k.arena);
	db_close(k.db);
	return NULL;
}

static void
progress_until_done(struct audit *a)
{
	struct timespec pause = {0, 200 * 1000 * 1000};
	bool more = a->o->progress != NULL;
	uint64_t done;

	while (more) {
		pthread_mutex_lock(&a->lock);
		done = a->done;
		more = done < a->total && a->err == ERR_NONE &&
		       a->report->fault == LOGFAULT_NONE;
		pthread_mutex_unlock(&a->lock);
		a->o->progress(done, a->total);
		if (more)
			nanosleep(&pause, NULL);
	}
}

static enum err
rows_check(struct audit *a)
{
	pthread_t thread[THREADS_MAX];
	unsigned want = a->o->threads, n = 0;

	if (want > THREADS_MAX)
		want = THREADS_MAX;
	a->block = xcalloc(a->total / TILE_WIDTH + 1, MERKLE_LEN);
	a->tile_block = xcalloc(a->total / TILE_WIDTH + 1, MERKLE_LEN);
	a->differs = a->hole = NOWHERE;
	while (n < want && pthread_create(&thread[n], NULL, checker, a) == 0)
		n++;
	if (n == 0)
		checker(a);
	progress_until_done(a);
	while (n > 0)
		pthread_join(thread[--n], NULL);
	return a->err;
}

/* --- the claims against the rows --------------------------------------------
 */

static void
frontier_of_blocks(
    const uint8_t (*block)[MERKLE_LEN], uint64_t n, struct merkle_frontier *f)
{
	memset(f, 0, sizeof(*f));
	for (uint64_t i = 0; i < n; i++)
		merkle_append_subtree(f, TILE_HEIGHT, block[i]);
}

/* `by`: how far entries after the full blocks have moved on. */
static bool
root_moved(const struct claim *k, const uint8_t (*block)[MERKLE_LEN], size_t by,
    uint8_t root[static MERKLE_LEN])
{
	struct merkle_frontier f;

	frontier_of_blocks(block, k->c.size / TILE_WIDTH, &f);
	for (size_t i = 0; i < k->c.size % TILE_WIDTH; i++)
		merkle_append(&f, k->tail[i + by]);
	merkle_root(&f, root);
	return memcmp(root, k->c.root, MERKLE_LEN) == 0;
}

static bool
root_is(const struct claim *k, const uint8_t (*block)[MERKLE_LEN],
    uint8_t root[static MERKLE_LEN])
{
	return root_moved(k, block, 0, root);
}

/* No tile tells the entries of the tail apart: try what may have happened. */
static void
culprit_in_tail(struct audit *a, const struct claim *k)
{
	uint64_t start = k->c.size - k->c.size % TILE_WIDTH;
	struct logculprit c = {.leaf = (const uint8_t(*)[MERKLE_LEN])k->tail,
	    .n = k->c.size % TILE_WIDTH,
	    .next = k->n_tail > k->c.size % TILE_WIDTH,
	    .root = k->c.root};
	size_t i = 0, j = 0;
	enum logfault f;

	frontier_of_blocks((const uint8_t(*)[MERKLE_LEN])a->block,
	    k->c.size / TILE_WIDTH, &c.before);
	f = logculprit_find(&c, &i, &j);
	if (f == LOGFAULT_ROOT)
		found(a, f, start, k->c.size, k->source);
	else
		found(a, f, start + i, start + i + 1, k->source);
	a->report->other = start + j;
}

static void
claim_fails(struct audit *a, const struct claim *k)
{
	const uint8_t(*tiles)[MERKLE_LEN] =
	    (const uint8_t(*)[MERKLE_LEN])a->tile_block;
	uint8_t root[MERKLE_LEN];

	/* the tiles give what was signed: the entry that differs was changed */
	if (a->differs < k->c.size && root_is(k, tiles, root))
		found(a, LOGFAULT_OTHER, a->differs, a->differs + 1, k->source);
	else if (a->differs < k->c.size && root_moved(k, tiles, 1, root))
		found(a, LOGFAULT_INSERTED, a->differs, a->differs + 1,
		    k->source);
	else if (a->differs < k->c.size)
		found(a, LOGFAULT_ROOT, a->differs, k->c.size, k->source);
	else
		culprit_in_tail(a, k);
}

/* Whether another claim on as much of the log, or more, holds. */
static bool
log_is_signed(struct audit *a, const struct claim *but)
{
	uint8_t root[MERKLE_LEN];

	for (size_t i = 0; i < a->n_claims; i++) {
		const struct claim *k = &a->claim[i];

		if (k != but && !k->pinned && k->c.size <= a->total &&
		    k->c.size > 0 &&
		    root_is(k, (const uint8_t(*)[MERKLE_LEN])a->block, root))
			return true;
	}
	return false;
}

static void
claim_check(struct audit *a, const struct claim *k)
{
	uint8_t root[MERKLE_LEN];
	uint64_t at = a->differs < a->total ? a->differs : a->total;

	if (k->c.size > a->total)
		found(a, LOGFAULT_ROLLBACK, at, k->c.size, k->source);
	else if (root_is(k, (const uint8_t(*)[MERKLE_LEN])a->block, root)) {
		if (k->c.size == a->report->signed_size)
			memcpy(a->report->root, root, MERKLE_LEN);
	} else if (k->pinned && log_is_signed(a, k))
		/* the log's key vouches for two histories */
		found(a, LOGFAULT_FORK, 0, k->c.size, k->source);
	else
		claim_fails(a, k);
}

/* Tiles above the bottom, and holes among those below. */
static enum err
upper_tiles_check(struct audit *a)
{
	struct merkle_batch b;
	struct db_params p = {0};
	struct db_rows r;
	enum err e;

	db_bind_i32(&p, a->log);
	e = db_run(a->db,
	    "SELECT level, n, data FROM log_tile WHERE log = $1 AND level > 0",
	    &p, &r);
	db_params_free(&p);
	if (e != ERR_NONE)
		return e;
	merkle_batch_init(&b, NULL);
	for (uint64_t i = 0; i < a->total / TILE_WIDTH; i++)
		merkle_batch_append(&b, a->block[i]);
	for (size_t i = 0; i < r.n; i++) {
		unsigned level = (unsigned)db_i64(&r, i, 0);
		uint64_t n = (uint64_t)db_i64(&r, i, 1);
		struct span data = db_bytes(&r, i, 2);
		uint8_t h[MERKLE_LEN];
		bool fits = data.n == TILE_LEN && level < 8;

		for (unsigned k = 0; fits && k < TILE_WIDTH; k++)
			fits =
			    merkle_batch_read(&b, (level - 1) * TILE_HEIGHT,
				n * TILE_WIDTH + k, h) == ERR_NONE &&
			    memcmp(h, data.p + k * MERKLE_LEN, MERKLE_LEN) == 0;
		if (!fits)
			found(a, LOGFAULT_TILE,
			    n << (TILE_HEIGHT * (level + 1)),
			    (n + 1) << (TILE_HEIGHT * (level + 1)),
			    "log_tile, a level above 0");
	}
	a->tiles += r.n;
	merkle_batch_fini(&b);
	return db_rows_end(&r);
}

/* A row is missing at the very end: that is a log cut short. */
static void
name_truncation(struct audit *a)
{
	struct logaudit_report *r = a->report;

	if (r->fault == LOGFAULT_MISSING && r->index == a->rows_end) {
		r->fault = LOGFAULT_TRUNCATED;
		r->until = a->total;
	}
}

static enum err
claims_check(struct audit *a)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; i < a->n_claims; i++)
		claim_check(a, &a->claim[i]);
	if (a->report->fault != LOGFAULT_NONE)
		return ERR_NONE;
	if (a->differs != NOWHERE)
		found(a, LOGFAULT_TILE, a->differs, a->differs + 1, "log_tile");
	else if (a->hole != NOWHERE)
		found(a, LOGFAULT_TILE, a->hole, a->hole + CHUNK_LEAVES,
		    "log_tile, a row is missing");
	e = upper_tiles_check(a);
	if (a->rows_end != a->head && a->expired_below != NOWHERE)
		found(a, LOGFAULT_HEAD,
		    a->head < a->rows_end ? a->head : a->rows_end, a->total,
		    "log_head");
	if (a->total > a->report->signed_size && !a->o->allow_unsigned)
		found(
		    a, LOGFAULT_UNSIGNED, a->report->signed_size, a->total, "");
	return e;
}

enum err
logaudit_run(const struct logaudit_options *o, struct logaudit_report *report)
{
	struct audit *a = xcalloc(1, sizeof(*a));
	enum err e;

	memset(report, 0, sizeof(*report));
	a->o = o;
	a->report = report;
	snprintf(report->origin, sizeof(report->origin), "%s", o->key.name);
	pthread_mutex_init(&a->lock, NULL);
	e = db_open(o->database, &a->db);
	if (e == ERR_NONE)
		e = claims_collect(a);
	if (e == ERR_NONE && report->fault == LOGFAULT_NONE)
		e = rows_check(a);
	if (e == ERR_NONE && report->fault != LOGFAULT_NONE)
		name_truncation(a);
	else if (e == ERR_NONE)
		e = claims_check(a);
	report->entries = a->rows_end;
	report->tiles = a->tiles;
	db_close(a->db);
	pthread_mutex_destroy(&a->lock);
	free(a->block);
	free(a->tile_block);
	free(a);
	return e;
}

#include "broker/ledger.h"

#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "broker/logstore.h"
#include "broker/signer.h"
#include "lib/checkpoint.h"
#include "lib/clock.h"
#include "lib/crashpoint.h"
#include "lib/evq.h"
#include "lib/oplog.h"
#include "lib/sha256.h"

#define JOBS_MAX 65536	  /* in the ledger's hands at once */
#define BATCH_MAX 1024	  /* jobs of one transaction */
#define REPLAY_ROWS 4096  /* leaves handed to a signer that lags, at a time */
#define TILES_MAX 64	  /* in one transaction */
#define FORGET_WAIT_MS 20 /* receipts may wait for an entry's commit */
#define RETRY_MS 200	  /* between attempts to reach a database that went */
#define SLOW_MS 5000	  /* nothing new is taken while a commit takes longer */
#define HANGS_MS 60000	  /* a signer or server that says nothing */
#define FOLLOW_MAX 256

struct ledger {
	struct logstore *store;
	struct tree *tree;
	int signer_fd;
	_Atomic uint64_t policy_version;
	uint64_t directory_version;
	struct evq *jobs, *done;
	pthread_t thread;
	bool started;
	atomic_size_t outstanding;
	atomic_bool healthy;
	atomic_int stopped;
	atomic_uint_fast64_t begun_ms; /* what it does now; 0: nothing */
	struct buf note;	       /* the checkpoint in force */
	uint64_t size;		       /* its size */
	struct front_tiles *front_tiles;
	struct arena arena;
	/* complete tiles that no transaction took yet */
	struct tree_tile tiles[TILES_MAX];
	size_t n_tiles;
	/* receipts that wait for company */
	struct ledger_job *held[BATCH_MAX];
	size_t n_held;
	atomic_uint_fast64_t batches, entries, commit_us, sign_us, largest,
	    lost;
};

/* ---- jobs ------------------------------------------------------------- */

struct ledger_job *
ledger_job_new(enum ledger_op op, uint64_t ticket)
{
	struct ledger_job *job = xcalloc(1, sizeof(*job));
	job->op = op;
	job->ticket = ticket;
	return job;
}

struct ledger_job *
ledger_job_rows(enum ledger_op op, uint64_t ticket, size_t n)
{
	struct ledger_job *job = ledger_job_new(op, ticket);
	job->rows = xcalloc(n, sizeof(*job->rows));
	job->n_rows = n;
	return job;
}

void
ledger_job_free(struct ledger_job *job)
{
	if (job == NULL)
		return;
	ledger_rows_free(job->rows, job->n_rows);
	buf_free(&job->alias_value);
	buf_free(&job->acquisition.person);
	buf_free(&job->note);
	buf_free(&job->leaves);
	free(job);
}

static void
job_drop(void *job)
{
	ledger_job_free(job);
}

static bool
job_writes(const struct ledger_job *job)
{
	return job->op == LEDGER_APPEND || job->op == LEDGER_PENDING ||
	       job->op == LEDGER_FORGET;
}

/* ---- the signer ------------------------------------------------------- */

static void
leaf_of_row(const struct ledger_row *r, struct signer_leaf *out)
{
	memcpy(out->leaf, r->leaf, sizeof(out->leaf));
	memcpy(out->entry_id, r->entry_id, sizeof(out->entry_id));
	memcpy(out->endorsement, r->endorsement, sizeof(out->endorsement));
	memset(out->record_code_hash, 0, sizeof(out->record_code_hash));
	if (r->record.n > 0)
		sha256(buf_span(&r->record), out->record_code_hash);
}

/* Have `n` leaves appended after `size`, and keep the checkpoint. */
static enum err
signer_ask(
    struct ledger *l, uint64_t size, struct signer_leaf *leaves, size_t n)
{
	struct signer_request ask = {.size = size,
	    .n_leaves = n,
	    .leaves = leaves,
	    .policy_version = l->policy_version,
	    .directory_version = l->directory_version};
	struct signer_reply reply;
	arena_reset(&l->arena);
	enum err e = signer_call(l->signer_fd, &ask, &l->arena, &reply);
	if (e != ERR_NONE)
		return e;
	if (n > 0 && reply.size != size + n)
		return ERR_HEAD_MOVED;
	buf_reset(&l->note);
	buf_add(&l->note, reply.checkpoint.p, reply.checkpoint.n);
	l->size = reply.size;
	return ERR_NONE;
}

/* The database is ahead: commits that were never signed, signed now. */
static enum err
signer_catch_up(struct ledger *l)
{
	while (l->size < logstore_size(l->store)) {
		struct ledger_row *rows;
		size_t n;
		enum err e = logstore_rows(
		    l->store, l->size, REPLAY_ROWS, false, &rows, &n);
		if (e != ERR_NONE)
			return e;
		struct signer_leaf *leaves = xcalloc(n + 1, sizeof(*leaves));
		for (size_t i = 0; i < n; i++) {
			if (rows[i].index != l->size + i)
				e = ERR_BEHIND; /* a row is missing */
			leaf_of_row(&rows[i], &leaves[i]);
		}
		if (e == ERR_NONE)
			e = n == 0 ? ERR_BEHIND
				   : signer_ask(l, l->size, leaves, n);
		free(leaves);
		ledger_rows_free(rows, n);
		if (e != ERR_NONE)
			return e;
	}
	return ERR_NONE;
}

/* ---- the tree --------------------------------------------------------- */

static enum err
tree_fill(struct ledger *l, struct tree *t)
{
	uint64_t size, end = logstore_size(l->store);
	enum err e = logstore_tiled(l->store, &size);
	if (e == ERR_NONE)
		e = tree_restore(t, size);
	while (e == ERR_NONE && tree_size(t) < end) {
		struct ledger_row *rows;
		size_t n;
		e = logstore_rows(
		    l->store, tree_size(t), REPLAY_ROWS, false, &rows, &n);
		if (e != ERR_NONE)
			return e;
		if (n == 0)
			e = ERR_BEHIND;
		for (size_t i = 0; i < n; i++)
			tree_append(t, rows[i].leaf);
		ledger_rows_free(rows, n);
	}
	return e;
}

/* The rows must give the very root that the signer holds to. */
static enum err
tree_agrees(struct ledger *l)
{
	struct checkpoint c;
	uint8_t root[MERKLE_LEN];
	struct span text = buf_span(&l->note);
	const uint8_t *end = memmem(text.p, text.n, "\n\n", 2);
	if (end == NULL)
		return ERR_MALFORMED;
	text.n = (size_t)(end - text.p) + 1;
	enum err e = checkpoint_parse(text, &c);
	if (e == ERR_NONE)
		e = tree_root(l->tree, c.size, root);
	if (e != ERR_NONE)
		return e;
	return memcmp(root, c.root, MERKLE_LEN) == 0 ? ERR_NONE : ERR_FORK;
}

static enum err
tile_none(void *ctx, int level, uint64_t n, uint8_t tile[static TILE_LEN])
{
	return ERR_NOT_FOUND;
}

/* Fetches while it is filled and never again: the front does no SQL. */
struct front_tiles {
	struct ledger *ledger;
};

static enum err
tile_while_filling(
    void *ctx, int level, uint64_t n, uint8_t tile[static TILE_LEN])
{
	struct front_tiles *f = ctx;
	return f->ledger == NULL
		   ? tile_none(NULL, level, n, tile)
		   : logstore_tile(f->ledger->store, level, n, tile);
}

enum err
ledger_tree(struct ledger *l, struct tree **out)
{
	struct front_tiles *f = l->front_tiles = xcalloc(1, sizeof(*f));
	f->ledger = l;
	*out = tree_new(tile_while_filling, f);
	enum err e = tree_fill(l, *out);
	f->ledger = NULL;
	if (e != ERR_NONE) {
		tree_free(*out);
		*out = NULL;
	}
	return e;
}

static void
tiles_collect(struct ledger *l)
{
	while (l->n_tiles < TILES_MAX &&
	       tree_tile_take(l->tree, &l->tiles[l->n_tiles]))
		l->n_tiles++;
}

static void
tiles_forget(struct ledger *l)
{
	for (size_t i = 0; i < l->n_tiles; i++)
		buf_free(&l->tiles[i].data);
	l->n_tiles = 0;
}

/* ---- opening ---------------------------------------------------------- */

/*
 * A signer's state holds the policy's version from the first time a broker
 * opened its log, even an empty one. Where it holds none and the log has
 * entries, the state was lost, and with it the only memory of what was signed
 * that whoever has the database cannot change.
 */
static enum err
signer_remembers(struct ledger *l, const struct ledger_options *o)
{
	struct signer_request ask = {0};
	struct signer_reply reply;
	uint64_t entries = logstore_size(l->store);
	arena_reset(&l->arena);
	enum err e = signer_call(l->signer_fd, &ask, &l->arena, &reply);
	if (e != ERR_NONE || reply.size > 0 || reply.policy_version > 0 ||
	    entries == 0)
		return e;
	oplog(OPLOG_ERROR, "signer-state-lost", LOG_NUMBER("entries", entries),
	    LOG_NUMBER("rebuild_signer", o->rebuild_signer));
	return entries == o->rebuild_signer ? ERR_NONE : ERR_CONFIG;
}

static enum err
ledger_prepare(struct ledger *l, const struct ledger_options *o)
{
	enum err e = logstore_open(o->database, o->origin, &l->store);
	if (e == ERR_NONE)
		e = signer_remembers(l, o);
	if (e == ERR_NONE)
		e = signer_ask(l, 0, NULL, 0);
	if (e != ERR_NONE)
		return e;
	if (l->size > logstore_size(l->store))
		return ERR_BEHIND;
	uint64_t lag = logstore_size(l->store) - l->size;
	e = signer_catch_up(l);
	if (e != ERR_NONE)
		return e;
	l->tree = tree_new(logstore_tile, l->store);
	e = tree_fill(l, l->tree);
	if (e == ERR_NONE)
		e = tree_agrees(l);
	if (e == ERR_NONE)
		oplog(OPLOG_INFO, "ledger-open", LOG_NUMBER("size", l->size),
		    LOG_NUMBER("signed_late", lag));
	return e;
}

enum err
ledger_open(const struct ledger_options *o, struct ledger **out)
{
	struct ledger *l = xcalloc(1, sizeof(*l));
	*out = NULL;
	l->signer_fd = o->signer_fd;
	l->policy_version = o->policy_version;
	l->directory_version = o->directory_version;
	l->jobs = evq_new(JOBS_MAX);
	l->done = evq_new(2 * JOBS_MAX);
	l->arena.cap = 1024 * 1024;
	enum err e = ledger_prepare(l, o);
	if (e != ERR_NONE) {
		ledger_close(l);
		return e;
	}
	atomic_store(&l->healthy, true);
	*out = l;
	return ERR_NONE;
}

void
ledger_policy(struct ledger *l, uint64_t version)
{
	atomic_store(&l->policy_version, version);
}

uint64_t
ledger_size(const struct ledger *l)
{
	return l->size;
}

struct span
ledger_note(const struct ledger *l)
{
	return buf_span(&l->note);
}

enum err
ledger_consistency(struct ledger *l, uint64_t from, uint64_t size,
    uint8_t path[static MERKLE_PATH_MAX][MERKLE_LEN], size_t *n)
{
	return tree_consistency(l->tree, from, size, path, n);
}

enum err
ledger_live_each(struct ledger *l,
    void (*each)(void *ctx, const struct ledger_live *live), void *ctx)
{
	return logstore_live_each(l->store, each, ctx);
}

enum err
ledger_recent_each(struct ledger *l,
    bool (*each)(void *ctx, const char *inquirer, const uint8_t *id), void *ctx)
{
	uint64_t below = l->size;
	bool go = true;
	while (below > 0 && go) {
		struct ledger_row *rows;
		size_t n;
		uint32_t most =
		    below < REPLAY_ROWS ? (uint32_t)below : REPLAY_ROWS;
		enum err e = logstore_asked(l->store, below, most, &rows, &n);
		if (e != ERR_NONE)
			return e;
		for (size_t i = 0; i < n && go; i++)
			go = each(ctx, rows[i].inquirer, rows[i].exchange_id);
		ledger_rows_free(rows, n);
		below -= most;
	}
	return ERR_NONE;
}

/* ---- the thread ------------------------------------------------------- */

static void
job_hand_back(struct ledger *l, struct ledger_job *job)
{
	/* the queue has room for every job there can be, and its heads */
	while (!evq_push(l->done, job)) {
		if (evq_closed(l->done)) {
			ledger_job_free(job);
			return;
		}
		poll(NULL, 0, 1);
	}
}

static void
ledger_stop(struct ledger *l, enum err e)
{
	oplog(OPLOG_ERROR, "ledger-stopped", LOG_ERR(e));
	atomic_store(&l->stopped, (int)e);
	atomic_store(&l->healthy, false);
	job_hand_back(l, ledger_job_new(LEDGER_HEAD, 0)); /* wakes the front */
}

/* Reach the database again, however long it takes. */
static enum err
ledger_recover(struct ledger *l)
{
	atomic_store(&l->healthy, false);
	atomic_fetch_add(&l->lost, 1);
	for (;;) {
		if (evq_closed(l->jobs))
			return ERR_DATABASE;
		enum err e = logstore_recover(l->store);
		if (e == ERR_NONE) {
			atomic_store(&l->healthy, true);
			oplog(OPLOG_INFO, "database-back",
			    LOG_NUMBER("size", logstore_size(l->store)));
			return ERR_NONE;
		}
		if (e == ERR_HEAD_MOVED || e == ERR_DATABASE_UNSAFE)
			return e;
		poll(NULL, 0, RETRY_MS);
	}
}

/* A disk that is full, a lock, a standby: nothing of ours; try again. */
static enum err
ledger_wait(struct ledger *l)
{
	atomic_store(&l->healthy, false);
	atomic_fetch_add(&l->lost, 1);
	poll(NULL, 0, RETRY_MS);
	return evq_closed(l->jobs) ? ERR_DATABASE : ERR_NONE;
}

static size_t
entries_count(struct ledger_job **jobs, size_t n)
{
	size_t count = 0;
	for (size_t i = 0; i < n; i++)
		count += jobs[i]->op == LEDGER_APPEND;
	return count;
}

/*
 * After a lost connection: did the batch that began at `before` commit? The
 * head tells, and nobody else can have moved it under our epoch.
 */
static enum err
write_settled(struct ledger *l, uint64_t before, size_t count, bool *committed)
{
	enum err e = ledger_recover(l);
	if (e != ERR_NONE)
		return e;
	uint64_t now = logstore_size(l->store);
	*committed = count > 0 && now == before + count;
	return *committed || now == before ? ERR_NONE : ERR_HEAD_MOVED;
}

/* Write until it is known to be written, or refused by the database. */
static enum err
write_durably(struct ledger *l, struct ledger_job **jobs, size_t n)
{
	size_t count = entries_count(jobs, n);
	for (;;) {
		uint64_t before = logstore_size(l->store);
		uint64_t begun = clock_mono_us();
		crash_point("ledger.before_commit");
		enum err e =
		    logstore_write(l->store, jobs, n, l->tiles, l->n_tiles);
		if (e == ERR_NONE) {
			tiles_forget(l);
			atomic_store(&l->healthy, true);
			atomic_fetch_add(
			    &l->commit_us, clock_mono_us() - begun);
			return e;
		}
		if (!logstore_lost(l->store)) {
			if (e != ERR_DATABASE || logstore_row_fault(l->store))
				return e;
			e = ledger_wait(l);
			if (e != ERR_NONE)
				return e;
			continue;
		}
		bool committed = false;
		e = write_settled(l, before, count, &committed);
		if (e != ERR_NONE)
			return e;
		if (committed) {
			tiles_forget(l);
			return ERR_NONE;
		}
	}
}

/* Commit, then sign, then release. */
static enum err
sign_batch(struct ledger *l, struct ledger_job **jobs, size_t n)
{
	size_t count = entries_count(jobs, n);
	if (count == 0)
		return ERR_NONE;
	struct signer_leaf *leaves = xcalloc(count, sizeof(*leaves));
	size_t k = 0;
	for (size_t i = 0; i < n; i++)
		if (jobs[i]->op == LEDGER_APPEND) {
			leaf_of_row(&jobs[i]->rows[0], &leaves[k++]);
			tree_append(l->tree, jobs[i]->rows[0].leaf);
		}
	uint64_t begun = clock_mono_us();
	enum err e = signer_ask(l, l->size, leaves, count);
	free(leaves);
	if (e != ERR_NONE)
		return e;
	atomic_fetch_add(&l->sign_us, clock_mono_us() - begun);
	atomic_fetch_add(&l->batches, 1);
	atomic_fetch_add(&l->entries, count);
	if (count > atomic_load(&l->largest))
		atomic_store(&l->largest, count);
	crash_point("ledger.after_sign");
	struct ledger_job *head = ledger_job_new(LEDGER_HEAD, 0);
	head->size = l->size;
	buf_add(&head->note, l->note.p, l->note.n);
	for (size_t i = 0; i < n; i++)
		if (jobs[i]->op == LEDGER_APPEND)
			buf_add(&head->leaves, jobs[i]->rows[0].leaf,
			    ENTRY_LEAF_LEN);
	job_hand_back(l, head);
	return ERR_NONE;
}

/*
 * One transaction. What the database refuses is halved until the row at
 * fault stands alone and is told so; the others go on.
 */
static enum err
batch_write(struct ledger *l, struct ledger_job **jobs, size_t n)
{
	enum err e = write_durably(l, jobs, n);
	if (e == ERR_HEAD_MOVED || evq_closed(l->done))
		return e;
	if (e == ERR_DUPLICATE || e == ERR_DATABASE) {
		if (n > 1) {
			e = batch_write(l, jobs, n / 2);
			return e != ERR_NONE
				   ? e
				   : batch_write(l, jobs + n / 2, n - n / 2);
		}
		jobs[0]->err = e;
		job_hand_back(l, jobs[0]);
		return ERR_NONE;
	}
	if (e != ERR_NONE)
		return e;
	crash_point("ledger.after_commit");
	e = sign_batch(l, jobs, n);
	if (e != ERR_NONE)
		return e;
	for (size_t i = 0; i < n; i++)
		job_hand_back(l, jobs[i]);
	tiles_collect(l);
	return ERR_NONE;
}

static enum err
prove(struct ledger *l, struct ledger_job *job)
{
	job->size = l->size;
	if (job->from > l->size)
		job->from = 0; /* a size this log never had */
	enum err e = tree_consistency(
	    l->tree, job->from, l->size, job->consistency, &job->n_consistency);
	for (size_t i = 0; i < job->n_rows && e == ERR_NONE; i++) {
		struct ledger_row *r = &job->rows[i];
		uint8_t path[MERKLE_PATH_MAX][MERKLE_LEN];
		e = tree_inclusion(
		    l->tree, r->index, l->size, path, &r->n_path);
		r->path = xcalloc(r->n_path + 1, MERKLE_LEN);
		memcpy(r->path, path, r->n_path * MERKLE_LEN);
	}
	return e;
}

static enum err
answer(struct ledger *l, struct ledger_job *job)
{
	enum err e;
	if (job->op == LEDGER_FOLLOW && job->most > FOLLOW_MAX)
		job->most = FOLLOW_MAX;
	for (;;) {
		e = logstore_answer(l->store, job);
		if (e == ERR_NONE || !logstore_lost(l->store))
			break;
		e = ledger_recover(l);
		if (e != ERR_NONE)
			return e;
	}
	if (e == ERR_NONE && job->op != LEDGER_FOLLOW)
		e = prove(l, job);
	job->err = e;
	job_hand_back(l, job);
	return ERR_NONE;
}

/* Take what is queued apart: writes first, then questions. */
static enum err
turn(struct ledger *l, struct ledger_job **taken, size_t n)
{
	struct ledger_job *writes[2 * BATCH_MAX], *questions[BATCH_MAX];
	size_t n_writes = 0, n_questions = 0, entries = 0;
	for (size_t i = 0; i < l->n_held; i++)
		writes[n_writes++] = l->held[i];
	l->n_held = 0;
	for (size_t i = 0; i < n; i++)
		if (job_writes(taken[i])) {
			entries += taken[i]->op == LEDGER_APPEND;
			writes[n_writes++] = taken[i];
		} else {
			questions[n_questions++] = taken[i];
		}
	enum err e = ERR_NONE;
	if (entries == 0 && n > 0 && n_writes <= BATCH_MAX) {
		memcpy(l->held, writes, n_writes * sizeof(*writes));
		l->n_held = n_writes;
	} else if (n_writes > 0) {
		e = batch_write(l, writes, n_writes);
	}
	/* what was written is the front's again: it may be gone by now */
	for (size_t i = 0; i < n_questions && e == ERR_NONE; i++)
		e = answer(l, questions[i]);
	return e;
}

/* Nothing is queued: what could wait is written now. */
static enum err
idle(struct ledger *l)
{
	enum err e = ERR_NONE;
	if (l->n_held > 0)
		e = turn(l, NULL, 0);
	else if (l->n_tiles > 0) {
		e = write_durably(l, NULL, 0);
		if (e == ERR_NONE)
			crash_point("ledger.after_tiles");
		tiles_collect(l);
	}
	return e;
}

static void *
ledger_thread(void *arg)
{
	struct ledger *l = arg;
	enum err e = ERR_NONE;
	while (e == ERR_NONE) {
		void *taken[BATCH_MAX];
		bool waits = l->n_held > 0 || l->n_tiles > 0;
		size_t n = evq_wait_many(
		    l->jobs, taken, BATCH_MAX, waits ? FORGET_WAIT_MS : -1);
		atomic_store(&l->begun_ms, clock_mono_ms());
		if (n > 0)
			e = turn(l, (struct ledger_job **)taken, n);
		else if (waits)
			e = idle(l);
		else if (evq_closed(l->jobs))
			return NULL;
		atomic_store(&l->begun_ms, 0);
	}
	ledger_stop(l, e);
	return NULL;
}

enum err
ledger_start(struct ledger *l)
{
	tiles_collect(l);
	if (pthread_create(&l->thread, NULL, ledger_thread, l) != 0)
		return ERR_SYSTEM;
	pthread_setname_np(l->thread, "ledger");
	l->started = true;
	return ERR_NONE;
}

void
ledger_close(struct ledger *l)
{
	if (l == NULL)
		return;
	evq_close(l->jobs);
	if (l->started)
		pthread_join(l->thread, NULL);
	evq_free(l->jobs, job_drop);
	evq_free(l->done, job_drop);
	for (size_t i = 0; i < l->n_held; i++)
		ledger_job_free(l->held[i]);
	tiles_forget(l);
	tree_free(l->tree);
	free(l->front_tiles); /* the front's tree fetches no more */
	logstore_close(l->store);
	arena_wipe_free(&l->arena);
	buf_free(&l->note);
	free(l);
}

/* ---- the front's side ------------------------------------------------- */

bool
ledger_submit(struct ledger *l, struct ledger_job *job)
{
	if (atomic_load(&l->outstanding) >= JOBS_MAX)
		return false;
	if (!evq_push(l->jobs, job))
		return false;
	atomic_fetch_add(&l->outstanding, 1);
	return true;
}

struct ledger_job *
ledger_done(struct ledger *l)
{
	struct ledger_job *job = evq_pop(l->done);
	if (job != NULL && job->op != LEDGER_HEAD)
		atomic_fetch_sub(&l->outstanding, 1);
	return job;
}

int
ledger_fd(const struct ledger *l)
{
	return evq_fd(l->done);
}

/* Milliseconds the thread has been at what it does. */
static uint64_t
ledger_busy_ms(const struct ledger *l)
{
	uint64_t begun = atomic_load(&l->begun_ms), now = clock_mono_ms();
	return begun == 0 || now < begun ? 0 : now - begun;
}

bool
ledger_healthy(const struct ledger *l)
{
	return atomic_load(&l->healthy) && ledger_busy_ms(l) < SLOW_MS;
}

enum err
ledger_stopped(const struct ledger *l)
{
	enum err e = (enum err)atomic_load(&l->stopped);
	/* a database that is gone is waited for, however long */
	if (e == ERR_NONE && atomic_load(&l->healthy) &&
	    ledger_busy_ms(l) > HANGS_MS)
		return ERR_TIMEOUT;
	return e;
}

void
ledger_counters(const struct ledger *l, struct ledger_counters *out)
{
	out->batches = atomic_load(&l->batches);
	out->entries = atomic_load(&l->entries);
	out->commit_us = atomic_load(&l->commit_us);
	out->sign_us = atomic_load(&l->sign_us);
	out->largest = atomic_load(&l->largest);
	out->lost = atomic_load(&l->lost);
}

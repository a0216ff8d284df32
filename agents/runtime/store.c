#include "agents/runtime/store.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/evq.h"
#include "lib/oplog.h"

#define QUEUE_CAP (1U << 16)

struct worker {
	struct store *store;
	struct db *db;
	struct evq *queue;
	pthread_t thread;
	bool started;
	struct store_steps steps; /* memory of its group commits */
};

struct store {
	struct worker reader, writer;
	struct evq *done;
	char *conninfo;
	size_t waiting; /* the loop's thread only */
	atomic_uint alone;
};

struct db_params *
store_step(struct store_steps *s, const char *sql)
{
	struct db_params *p;

	assert(s->n < STORE_STEPS);
	p = &s->params[s->n];
	db_params_reset(p);
	s->step[s->n++] = (struct db_step){.sql = sql, .params = p};
	return p;
}

/* A lost connection is opened again before the next work, or that fails. */
static enum err
worker_ready(struct worker *w)
{
	return db_lost(w->db) ? db_reopen(w->db) : ERR_NONE;
}

static void
jobs_finish(struct worker *w, struct store_job **jobs, size_t n, enum err e)
{
	for (size_t i = 0; i < n; i++) {
		jobs[i]->err = e;
		if (!evq_push(w->store->done, jobs[i]))
			assert(!"the queue of finished jobs is full");
	}
}

static int
order_compare(const void *a, const void *b)
{
	const struct store_job *const *x = a, *const *y = b;
	int d = (*x)->op->order - (*y)->op->order;

	if (d != 0)
		return d;
	return (*x)->op < (*y)->op ? -1 : (*x)->op > (*y)->op;
}

/* Stable by insertion: jobs of one kind keep the order they came in. */
static void
jobs_sort(struct store_job **jobs, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct store_job *j = jobs[i];
		size_t k = i;

		for (; k > 0 && order_compare(&jobs[k - 1], &j) > 0; k--)
			jobs[k] = jobs[k - 1];
		jobs[k] = j;
	}
}

/* How many jobs from the start are of one kind. */
static size_t
run_length(struct store_job **jobs, size_t n)
{
	size_t i = 1;

	while (i < n && jobs[i]->op == jobs[0]->op)
		i++;
	return i;
}

static void
failure_log(struct worker *w, const char *op, enum err e)
{
	oplog(OPLOG_ERROR, "store-failed", LOG_TEXT("op", op), LOG_ERR(e),
	    LOG_TEXT("sqlstate", db_sqlstate(w->db)),
	    LOG_TEXT("message", db_message(w->db)));
}

static void
jobs_read(struct worker *w, struct store_job **jobs, size_t n)
{
	jobs_sort(jobs, n);
	for (size_t i = 0, k; i < n; i += k) {
		enum err e = worker_ready(w);

		k = run_length(jobs + i, n - i);
		if (e == ERR_NONE)
			e = jobs[i]->op->read(w->db, jobs + i, k);
		if (e == ERR_DATABASE)
			failure_log(w, jobs[i]->op->name, e);
		jobs_finish(w, jobs + i, k, e);
	}
}

static enum err
jobs_commit(struct worker *w, struct store_job **jobs, size_t n)
{
	struct store_steps *s = &w->steps;
	size_t failed = 0;
	enum err e = worker_ready(w);

	if (e != ERR_NONE)
		return e;
	s->n = 0;
	for (size_t i = 0, k; i < n; i += k) {
		k = run_length(jobs + i, n - i);
		jobs[i]->op->write(s, jobs + i, k);
	}
	e = db_run_together(w->db, s->step, s->n, &failed);
	if (e != ERR_NONE)
		failure_log(w, n == 1 ? jobs[0]->op->name : "group", e);
	return e;
}

/* All in one commit; if one job spoils it, each by itself. */
static void
jobs_write(struct worker *w, struct store_job **jobs, size_t n)
{
	enum err e;

	jobs_sort(jobs, n);
	e = jobs_commit(w, jobs, n);
	if (e == ERR_NONE || n == 1 || db_lost(w->db)) {
		jobs_finish(w, jobs, n, e);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		e = jobs_commit(w, jobs + i, 1);
		jobs_finish(w, jobs + i, 1, e);
	}
}

static void *
worker_main(void *arg)
{
	struct worker *w = arg;
	void *items[STORE_BATCH];
	size_t n;

	while ((n = evq_wait_many(w->queue, items, STORE_BATCH, -1)) > 0) {
		struct store_job **jobs = (struct store_job **)items;

		if (w == &w->store->reader)
			jobs_read(w, jobs, n);
		else
			jobs_write(w, jobs, n);
	}
	return NULL;
}

static enum err
worker_start(struct worker *w, struct store *s, const char *conninfo)
{
	enum err e = db_open(conninfo, &w->db);

	if (e != ERR_NONE)
		return e;
	w->store = s;
	w->queue = evq_new(QUEUE_CAP);
	if (pthread_create(&w->thread, NULL, worker_main, w) != 0)
		return ERR_SYSTEM;
	w->started = true;
	return ERR_NONE;
}

static void
worker_stop(struct worker *w)
{
	if (w->queue != NULL)
		evq_close(w->queue);
	if (w->started)
		pthread_join(w->thread, NULL);
	evq_free(w->queue, NULL);
	db_close(w->db);
	for (size_t i = 0; i < STORE_STEPS; i++)
		db_params_free(&w->steps.params[i]);
}

/*
 * Every statement of ours looks rows up by their keys, many at a time. The
 * planner, which guesses at unnest and at tables never analysed, would now and
 * then read a whole table instead, and plan each time anew.
 */
static const char planner[] =
    " -c plan_cache_mode=force_generic_plan -c enable_seqscan=off"
    " -c enable_hashjoin=off -c enable_mergejoin=off -c enable_material=off"
    " -c enable_bitmapscan=off -c enable_memoize=off -c jit=off";

enum err
store_open(const char *conninfo, const char *agencies, struct store **out)
{
	struct store *s = xcalloc(1, sizeof(*s));
	struct buf info = {0};
	enum err e;

	*out = NULL;
	buf_printf(&info, "%s options='-c renkei.agencies=%s%s'", conninfo,
	    agencies, planner);
	buf_add_u8(&info, 0);
	s->conninfo = xstrdup((const char *)info.p);
	s->done = evq_new(4 * QUEUE_CAP);
	e = worker_start(&s->reader, s, s->conninfo);
	if (e == ERR_NONE)
		e = worker_start(&s->writer, s, s->conninfo);
	buf_free(&info);
	if (e != ERR_NONE) {
		store_close(s);
		return e;
	}
	*out = s;
	return ERR_NONE;
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	worker_stop(&s->reader);
	worker_stop(&s->writer);
	while (atomic_load(&s->alone) > 0)
		usleep(1000);
	evq_free(s->done, NULL);
	free(s->conninfo);
	free(s);
}

/* --- long work
 * ---------------------------------------------------------------- */

struct alone {
	struct store *store;
	struct store_job *job;
};

static void *
alone_main(void *arg)
{
	struct alone *a = arg;
	struct db *db = NULL;

	a->job->err = db_open(a->store->conninfo, &db);
	if (a->job->err == ERR_NONE)
		a->job->err = a->job->op->alone(db, a->job);
	db_close(db);
	if (!evq_push(a->store->done, a->job))
		assert(!"the queue of finished jobs is full");
	atomic_fetch_sub(&a->store->alone, 1);
	free(a);
	return NULL;
}

static bool
alone_start(struct store *s, struct store_job *job)
{
	struct alone *a = xcalloc(1, sizeof(*a));
	pthread_t thread;

	a->store = s;
	a->job = job;
	atomic_fetch_add(&s->alone, 1);
	if (pthread_create(&thread, NULL, alone_main, a) == 0) {
		pthread_detach(thread);
		return true;
	}
	atomic_fetch_sub(&s->alone, 1);
	free(a);
	return false;
}

void
store_submit(struct store *s, struct store_job *job)
{
	struct worker *w = job->op->write != NULL ? &s->writer : &s->reader;

	s->waiting++;
	if (job->op->alone != NULL ? !alone_start(s, job)
				   : !evq_push(w->queue, job)) {
		job->err = ERR_BUSY;
		if (!evq_push(s->done, job))
			assert(!"the queue of finished jobs is full");
	}
}

int
store_fd(const struct store *s)
{
	return evq_fd(s->done);
}

void
store_run(struct store *s)
{
	struct store_job *job;

	while ((job = evq_pop(s->done)) != NULL) {
		s->waiting--;
		job->done(job);
	}
}

size_t
store_waiting(const struct store *s)
{
	return s->waiting;
}

/* The agencies' database behind two threads: one reads, one commits. */
#ifndef AGENTS_RUNTIME_STORE_H
#define AGENTS_RUNTIME_STORE_H

#include "lib/db.h"

struct store;
struct store_job;

/* Most jobs of one kind that share a statement. */
#define STORE_BATCH 256

/* The statements of one group commit, in order. */
#define STORE_STEPS 24
struct store_steps {
	struct db_step step[STORE_STEPS];
	struct db_params params[STORE_STEPS];
	size_t n;
};
/* Add a statement; the caller binds its parameters. */
struct db_params *store_step(struct store_steps *s, const char *sql);

/*
 * One kind of job. A reading kind fills its jobs from `n` of them at once; a
 * writing kind adds statements to the group commit, kinds of lower `order`
 * first, so that what is inserted can be changed in the same commit. Both run
 * in a thread of the store and touch nothing but the jobs.
 */
struct store_op {
	const char *name;
	int order;
	enum err (*read)(struct db *db, struct store_job **jobs, size_t n);
	void (*write)(struct store_steps *s, struct store_job **jobs, size_t n);
	/* long work, in a thread and with a connection of its own */
	enum err (*alone)(struct db *db, struct store_job *job);
};

/*
 * The first member of every job. `done` is called in the loop's thread, by
 * store_run, with err set: a job that failed changed nothing. It frees the
 * job.
 */
struct store_job {
	const struct store_op *op;
	void (*done)(struct store_job *job);
	enum err err;
};

/*
 * Connect both threads. `agencies` (comma-separated) is what the sessions act
 * for: rows of others are not seen. What db_open returns.
 */
enum err store_open(
    const char *conninfo, const char *agencies, struct store **out);
/* Finish what is queued, then stop. NULL-safe. */
void store_close(struct store *s);

/* Queue a job; the store owns it until `done`. */
void store_submit(struct store *s, struct store_job *job);
/* Readable when store_run has something to do. */
int store_fd(const struct store *s);
/* Call `done` of everything that is finished. */
void store_run(struct store *s);
/* Jobs not yet done. */
size_t store_waiting(const struct store *s);

#endif

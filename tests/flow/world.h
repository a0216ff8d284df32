/* A whole renkei for one flow test: real processes, real PostgreSQL. */
#ifndef TESTS_FLOW_WORLD_H
#define TESTS_FLOW_WORLD_H

#include <stdbool.h>

#include "lib/bytes.h"
#include "lib/err.h"
#include "lib/frame.h"
#include "tests/flow/process.h"

/*
 * Made by tests/world/world in a short private folder. Programs are children
 * of the test, so that it sees how each one ends. What goes wrong in the
 * harness itself ends the test program with the reason (never a silent pass).
 */
struct world;

/*
 * Keys, cluster, databases and configuration; no program runs yet. `options`
 * are lines added to broker.conf; NULL: none.
 */
struct world *world_new(const char *options);
/* A world made by somebody else, for sql, commands and raw parties only. */
struct world *world_attach(const char *dir);
/* Stops and deletes everything it made; with RENKEI_KEEP set says where it was.
 */
void world_free(struct world *w);

/* Start one (broker, registrar, agent-HOST). `env` as in process_start. */
bool world_start(struct world *w, const char *name, char *const env[]);
/* Start all that do not run; ends the test if one does not get ready. */
void world_start_all(struct world *w);
/* The named program, to stop, kill or look at. */
struct process *world_process(struct world *w, const char *name);
void world_stop_all(struct world *w);
/* Stop ("fast", "immediate") and start its PostgreSQL; options may be NULL. */
void world_database_stop(struct world *w, const char *mode);
void world_database_start(struct world *w, const char *options);

/*
 * Synthetic people, `n` of them known to every agency, with records, and codes
 * acquired through the registrar. All programs must run.
 */
void world_fill(struct world *w, unsigned n);
/*
 * The agency's own number for the i-th of them (from 0); a static buffer that
 * the next call overwrites.
 */
const char *world_person(struct world *w, const char *agency, unsigned i);

/* Paths inside the world; borrowed. */
const char *world_dir(const struct world *w);
const char *world_run_dir(const struct world *w);
/* A file of the world as text; the caller frees. Ends the test if absent. */
char *world_file(const struct world *w, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Run the `renkei` command with these words (split at spaces; no quoting) and
 * return its exit status. Its output, NUL-terminated, is kept in world_said
 * until the next call.
 */
int world_renkei(struct world *w, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
const char *world_said(const struct world *w);
/* A shell command in the root of the tree; its output as above. */
int world_shell(struct world *w, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * The first value of a query as the cluster's superuser, as text ("" for
 * none or NULL); in world_said's memory. Ends the test on an SQL error.
 */
const char *world_sql(struct world *w, const char *database, const char *fmt,
    ...) __attribute__((format(printf, 3, 4)));
long world_count(struct world *w, const char *database, const char *sql);

/* Wait until a query gives `want`. False after `seconds`. */
bool world_until(struct world *w, const char *database, const char *sql,
    const char *want, unsigned seconds);

/* --- a hostile party ------------------------------------------------------ */

/*
 * A bare connection with some party's transport key (or one nobody knows,
 * with party NULL) and whatever bytes one likes.
 */
struct raw;
struct raw *raw_dial(struct world *w, const char *party);
/* Dial and exchange HELLO; ends the test if the broker does not answer. */
struct raw *raw_hello(struct world *w, const char *party);
void raw_close(struct raw *r);
/* Send bytes as they are, one message. */
void raw_send(struct raw *r, struct span bytes);
/* The same where there may be no connection: false, and nothing was sent. */
bool raw_try_send(struct raw *r, struct span bytes);
/* Say HELLO, as every new connection must, without waiting. */
void raw_greet(struct raw *r);
/* Whether a connection came about since last asked (also the first). */
bool raw_came_up(struct raw *r);
/* Send a frame of that kind, also none, around the body, of any size. */
void raw_send_frame(struct raw *r, enum frame_kind kind, struct span body);
/*
 * The next frame within `ms`; its body is borrowed until the next call. False
 * if nothing came.
 */
bool raw_receive(struct raw *r, unsigned ms, struct frame *out);
/*
 * From now on write every frame of every raw connection into `dir` as
 * NNN.bin, and a line about it (number, direction, party, kind, bytes) to
 * list.tsv there.
 */
void raw_record(const char *dir);
/* Skip to the next frame of that kind. */
bool raw_await(
    struct raw *r, enum frame_kind kind, unsigned ms, struct frame *out);
/* Whether the connection is up now (waits up to `ms` for it). */
bool raw_connected(struct raw *r, unsigned ms);

#endif

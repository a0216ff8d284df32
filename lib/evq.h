/* A bounded queue of pointers between threads, with a descriptor to poll. */
#ifndef LIB_EVQ_H
#define LIB_EVQ_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Any number of threads push and pop. The descriptor is readable while
 * something may be waiting; a wake-up costs one system call however many
 * were pushed before it was seen.
 */
struct evq;

struct evq *evq_new(size_t cap);
/* What is still queued is handed to `drop` (NULL: forgotten). NULL-safe. */
void evq_free(struct evq *q, void (*drop)(void *));

/* False when full or closed: the item stays the caller's. p is not NULL. */
bool evq_push(struct evq *q, void *p);
/* The oldest, or NULL at once if there is none. */
void *evq_pop(struct evq *q);
/* Up to n of the oldest, at once; returns how many. */
size_t evq_pop_many(struct evq *q, void **out, size_t n);
/*
 * The same, but waits until there is one, timeout_ms went by (-1: for ever)
 * or the queue was closed; 0 then.
 */
size_t evq_wait_many(struct evq *q, void **out, size_t n, int timeout_ms);
/* To poll for reading; never read it yourself. */
int evq_fd(const struct evq *q);
size_t evq_length(struct evq *q);
/* No more pushes; waiters wake. What is queued can still be popped. */
void evq_close(struct evq *q);
bool evq_closed(struct evq *q);

#endif

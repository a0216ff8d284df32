/* The vault workers as the front sees them: packets out, packets back. */
#ifndef BROKER_WORKERS_H
#define BROKER_WORKERS_H

#include "lib/messages.h"

#define WORKERS_MAX 64

struct workers;

/* fds: SOCK_SEQPACKET ends, one a worker, made non-blocking; taken over. */
struct workers *workers_new(const int *fds, size_t n);
void workers_free(struct workers *ws);
size_t workers_count(const struct workers *ws);
/* To poll for reading; and for writing when workers_waiting. */
int workers_fd(const struct workers *ws, size_t i);

/*
 * Send, or keep until the worker reads. Requests whose envelopes bear the
 * same signature go to the same worker, so that it checks a batch's root
 * once; what bears none goes to the one with the least to do.
 */
void workers_ask(struct workers *ws, const struct vault_request *q);
/*
 * The same to worker i, before all that waits for it, in the order of these
 * calls. For what concerns every worker and may not wait behind a queue.
 */
void workers_tell(struct workers *ws, size_t i, const struct vault_request *q);
/*
 * Whether worker i is kept from new requests of workers_ask, because it will
 * be busy for long. At least one takes them all the same.
 */
void workers_spare(struct workers *ws, size_t i, bool spare);
/* Send what waits, to whoever reads now. */
void workers_flush(struct workers *ws);
/*
 * The next reply of worker i, decoded into `a`. ERR_TIMEOUT: none now;
 * ERR_OFFLINE: the worker is gone; ERR_MALFORMED: it speaks nonsense.
 */
enum err workers_reply(
    struct workers *ws, size_t i, struct arena *a, struct vault_reply *out);
/*
 * Whether a worker that has something to do has said nothing for `ms`: it
 * hangs, and whoever waits for it would wait for ever.
 */
bool workers_stalled(const struct workers *ws, uint64_t ms);
/* Requests not answered yet, kept or sent. */
size_t workers_outstanding(const struct workers *ws);

#endif

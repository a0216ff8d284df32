/* The operators' socket: health, counters and metrics, about no person. */
#ifndef BROKER_CONTROL_H
#define BROKER_CONTROL_H

#include <stdbool.h>

#include "lib/bytes.h"
#include "lib/zsock.h"

#define CONTROL_CLIENTS 8

/*
 * A UNIX stream socket. One word a line; each gets its answer and a line with
 * a single dot:
 *   health    "ok", or "unwell" while nothing can be recorded or released;
 *             then a line for each thing an operator should know
 *   counters  "name value" lines
 *   metrics   the same as Prometheus reads it
 *   policy    "name value" lines on the law in force; with the answer come two
 *             descriptors: the policy's bytes, the list of suspensions
 *   load      with two descriptors, regular files: a policy's bytes and the
 *             officers' signatures. "ok" and what is in force then, or the
 *             error's code and what is wrong
 *   suspend   the same with a list of suspensions (to resume, too)
 */
struct control;

struct control_calls {
	void *ctx;
	/* Append "name value" lines. */
	void (*report)(void *ctx, struct buf *out);
	bool (*healthy)(void *ctx);
	/* Append lines to what health says. */
	void (*remark)(void *ctx, struct buf *out);
	/* The law: lines, and two descriptors that stay the callee's. */
	void (*law)(void *ctx, struct buf *out, int fds[2]);
	/*
	 * A change (LAW_POLICY, LAW_SUSPENSION), answered by control_answer
	 * unless an error comes back.
	 */
	enum err (*amend)(void *ctx, const char *kind, struct span law,
	    struct span signatures, uint64_t client);
};

/* listen_fd is taken over. */
struct control *control_new(int listen_fd, const struct control_calls *calls);
void control_free(struct control *c);
/* The answer to an amend; nothing if that client has gone. */
void control_answer(
    struct control *c, uint64_t client, enum err e, const char *text);
/* Fills what to poll for; returns how many, at most CONTROL_CLIENTS + 1. */
size_t control_poll(const struct control *c, struct zpoll *items);
/* Take connections, read lines, answer. Never waits. */
void control_serve(struct control *c);

#endif

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
 *   health    "ok", or "unwell" while nothing can be recorded
 *   counters  "name value" lines
 *   metrics   the same as Prometheus reads it
 */
struct control;

/* listen_fd is taken over; `report` appends "name value" lines. */
struct control *control_new(int listen_fd, void *ctx,
    void (*report)(void *ctx, struct buf *out), bool (*healthy)(void *ctx));
void control_free(struct control *c);
/* Fills what to poll for; returns how many, at most CONTROL_CLIENTS + 1. */
size_t control_poll(const struct control *c, struct zpoll *items);
/* Take connections, read lines, answer. Never waits. */
void control_serve(struct control *c);

#endif

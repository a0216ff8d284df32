/* What one agency has to sign: one signature for all that is queued. */
#ifndef AGENTS_RUNTIME_OUTBOX_H
#define AGENTS_RUNTIME_OUTBOX_H

#include "agents/runtime/host.h"

struct outbox;

/*
 * Called when a body was signed: `envelope` holds the encoded Envelope, to be
 * taken or left; err tells why it could not be.
 */
typedef void outbox_done(void *ctx, struct buf *envelope, enum err err);

struct outbox *outbox_new(struct agency *a);
/* Forgets what was not signed. NULL-safe. */
void outbox_free(struct outbox *o);
/* Queue a body under a type (a literal); takes the buf's memory. */
void outbox_add(struct outbox *o, const char *type, struct buf *body,
    outbox_done *done, void *ctx);
/* Sign everything queued, 1,024 at a time, and call each `done`. */
void outbox_flush(struct outbox *o);

#endif

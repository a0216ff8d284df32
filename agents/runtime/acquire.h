/* Acquiring link codes (符号の取得): Act Art. 21-2, Order Art. 27. */
#ifndef AGENTS_RUNTIME_ACQUIRE_H
#define AGENTS_RUNTIME_ACQUIRE_H

#include "agents/runtime/host.h"

/*
 * Draw an acquisition number, store it with the person's local number, then
 * send it with the My Number to the registrar, and wipe the My Number. The
 * client is answered when the code has come (or was there already), or at
 * the first failure. my_number holds 12 digits; it is copied, and the copy
 * wiped as soon as it was sent.
 */
void acquire_begin(struct agency *a, const char *local_id,
    const char *my_number, uint64_t client, uint64_t tag);

/* Frames: the registrar's word, and the code from the broker. */
enum err acquire_reply(struct agency *a, struct span body);
enum err acquire_notice(struct agency *a, struct span body);

/* The registrar is there again: send what waited for it. */
void acquire_resume(struct agency *a);
/* Give up those the registrar or the broker never answered. */
void acquire_maintain(struct host *h);
void acquire_free_all(struct host *h);

#endif

/* The answering side: from a permit to a signed provision. */
#ifndef AGENTS_RUNTIME_PROVIDE_H
#define AGENTS_RUNTIME_PROVIDE_H

#include "agents/runtime/host.h"
#include "agents/runtime/provide_store.h"

/*
 * A permit (許可証): its entry's proof, the inquirer's signature, our own
 * reading of the law at the permit's instant, one use; then the look-up and
 * the answer. A permit that is proved but cannot be used is answered
 * provider-refused; one that is not proved is not answered at all.
 * Act Art. 22(1), Order Art. 26(1).
 */
enum err provide_permit(struct agency *a, struct span body);
/* What became of an answer of ours, or the inquirer's receipt for it. */
enum err provide_settled(struct agency *a, struct span body);
/* Once a second: what the database failed to do, and what is past 24 h. */
void provide_maintain(struct host *h);

/*
 * An official decides about a permit that waits: release it (`release`), or
 * withhold it for `reason` (a stable word, at most 63 bytes). `done` is
 * called once the answer was sent, with ERR_NOT_FOUND if nothing waits,
 * ERR_LAPSED if it is too late.
 */
typedef void provide_decided(void *ctx, enum err e);
void provide_decide(struct agency *a, const uint8_t exchange_id[static ID_LEN],
    bool release, const char *reason, provide_decided *done, void *ctx);

#endif

/* Sequence numbers, and the checkpoint held, over restarts. */
#ifndef AGENTS_RUNTIME_SEQUENCE_H
#define AGENTS_RUNTIME_SEQUENCE_H

#include "agents/runtime/host.h"

enum sequence_side {
	SIDE_ASKED = 1,
	SIDE_ANSWERED = 2,
};

/*
 * Read what the last run left: each agency's numbers, the newest checkpoint.
 * Before the loop runs. ERR_DATABASE; ERR_SIGNATURE, ERR_KEY or
 * ERR_MALFORMED for a checkpoint the pinned log did not sign.
 */
enum err sequence_load(struct host *h);
/* Store the newest checkpoint, if it moved since. */
void checkpoint_save(struct host *h);

/*
 * Add to a group commit: the last number of each job's agency. code and
 * number are of job i.
 */
void sequence_write(struct store_steps *s, enum sequence_side side,
    const char *const *codes, const int64_t *numbers, size_t n);

#endif

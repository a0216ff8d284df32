/* Checkpoints: what a log says about itself (C2SP tlog-checkpoint). */
#ifndef LIB_CHECKPOINT_H
#define LIB_CHECKPOINT_H

#include "lib/merkle.h"
#include "lib/note.h"

#define CHECKPOINT_MAX 4096 /* bytes of ours, with room for cosignatures */

struct checkpoint {
	char origin[NOTE_NAME_MAX + 1];
	uint64_t size;
	uint8_t root[MERKLE_LEN];
	size_t n_extensions; /* lines beyond the three; ours has none */
};
/* Read a note's text. Extension lines are counted and otherwise ignored. */
enum err checkpoint_parse(struct span text, struct checkpoint *out);
/* Append the text of a checkpoint: three lines. */
void checkpoint_format(const struct checkpoint *c, struct buf *out);
/* Append the signed note. */
enum err checkpoint_sign(
    const struct checkpoint *c, const struct note_signer *s, struct buf *out);
/*
 * Verify a signed checkpoint under the log's key, whose name must be the
 * origin, and read it. ERR_KEY, ERR_SIGNATURE, ERR_MALFORMED; on failure
 * *out is zeroed.
 */
enum err checkpoint_open(
    struct span note, const struct note_key *log, struct checkpoint *out);

#endif

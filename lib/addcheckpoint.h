/* What a log asks of a witness: add-checkpoint of C2SP tlog-witness. */
#ifndef LIB_ADDCHECKPOINT_H
#define LIB_ADDCHECKPOINT_H

#include "lib/merkle.h"
#include "lib/note.h"

#define ADDCHECKPOINT_PATH_MAX 63
#define ADDCHECKPOINT_MAX (NOTE_MAX + 4096) /* bytes of a request */

struct addcheckpoint {
	uint64_t old; /* size the witness cosigned last, as the log knows it */
	size_t n_path;
	uint8_t path[ADDCHECKPOINT_PATH_MAX + 1][MERKLE_LEN];
	struct span checkpoint; /* signed note */
};
/* Append the request's body. */
void addcheckpoint_encode(const struct addcheckpoint *q, struct buf *out);
/*
 * Read one; the checkpoint borrows from it. The form only. ERR_MALFORMED,
 * ERR_TRUNCATED, ERR_TOO_LONG.
 */
enum err addcheckpoint_decode(struct span body, struct addcheckpoint *out);

#endif

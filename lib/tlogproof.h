/* Offline proofs that an entry is in the log (C2SP tlog-proof). */
#ifndef LIB_TLOGPROOF_H
#define LIB_TLOGPROOF_H

#include "lib/checkpoint.h"

#define TLOGPROOF_MAX 131072 /* bytes of a proof's file */

struct tlogproof {
	struct span extra; /* opaque, not authenticated; n 0: no such line */
	uint64_t index;
	size_t n_path;
	uint8_t path[MERKLE_PATH_MAX][MERKLE_LEN];
	struct span checkpoint; /* signed note */
};
/* Append the file. */
void tlogproof_encode(const struct tlogproof *p, struct buf *out);
/*
 * Read a file. The checkpoint borrows from it; extra is decoded into `store`,
 * which the caller frees. The form only; tlogproof_check says whether it
 * proves anything.
 */
enum err tlogproof_decode(
    struct span file, struct buf *store, struct tlogproof *out);
/*
 * Whether it proves that the leaf (its RFC 6962 hash) is in the log whose key
 * this is; *at gets the checkpoint unless NULL.
 */
enum err tlogproof_check(const struct tlogproof *p,
    const uint8_t leaf_hash[static MERKLE_LEN], const struct note_key *log,
    struct checkpoint *at);

#endif

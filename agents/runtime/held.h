/* What this process believes of the log, and the proofs it is shown. */
#ifndef AGENTS_RUNTIME_HELD_H
#define AGENTS_RUNTIME_HELD_H

#include "lib/checkpoint.h"
#include "lib/entry.h"
#include "lib/messages.h"

/*
 * The log as the whole process knows it: the pinned key, the newest
 * checkpoint held (kept in the database over restarts) and the last ones that
 * verified, by their bytes, so that one signature serves a batch. Two roots
 * of one size, or a tree that does not go on from another, are a fork:
 * everything is refused from then on.
 */
#define HELD_RECENT 64
struct held {
	struct note_key key;
	struct checkpoint newest;
	struct buf note; /* of newest */
	bool changed;	 /* since held_store looked */
	bool forked;
	size_t next;
	struct held_recent {
		struct checkpoint at;
		uint8_t hash[HASH_LEN]; /* of the note's bytes */
		bool used;
	} recent[HELD_RECENT];
};

/* What one connection was shown last: proofs go on from it. */
struct held_line {
	uint64_t size;
	uint8_t root[MERKLE_LEN];
};

void held_init(struct held *h, const struct note_key *key);
void held_fini(struct held *h);
/* Take up the note stored before a restart. ERR_SIGNATURE, ERR_KEY, ... */
enum err held_load(struct held *h, struct span note);
/* A connection begins: it holds what the process holds. */
void held_line_start(const struct held *h, struct held_line *line);

/*
 * A checkpoint with its consistency proof, as HELLO_REPLY and every entry
 * carry it: signature by the pinned key, then consistency with what the line
 * holds. On success the line moves on and *out is the checkpoint. ERR_FORK,
 * ERR_PROOF, ERR_PATH, ERR_SIGNATURE, ERR_KEY, ERR_MALFORMED.
 */
enum err held_advance(struct held *h, struct held_line *line, struct span note,
    uint64_t from, const uint8_t (*proof)[HASH_LEN], size_t n_proof,
    struct checkpoint *out);

/* An entry of the log that was proved. Borrows from the arena. */
struct proved {
	struct entry entry;
	uint8_t leaf[MERKLE_LEN]; /* RFC 6962 leaf hash */
	uint64_t index;
};
/* Decode the entry's body and check its proof. As held_advance. */
enum err held_prove(struct held *h, struct held_line *line,
    const struct entry_proof *p, struct arena *a, struct proved *out);

#endif

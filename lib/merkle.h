/* The Merkle tree of RFC 6962: grow it, prove with it, check proofs. */
#ifndef LIB_MERKLE_H
#define LIB_MERKLE_H

#include "lib/bytes.h"
#include "lib/err.h"

#define MERKLE_LEN 32
#define MERKLE_LEVELS 64
#define MERKLE_PATH_MAX 64 /* hashes in the longest proof */

/* MTH of the empty tree: SHA-256 of nothing (RFC 6962, 2.1). */
extern const uint8_t merkle_empty[MERKLE_LEN];
/* SHA-256(0x00 || data), SHA-256(0x01 || left || right). */
void merkle_leaf(struct span data, uint8_t out[static MERKLE_LEN]);
void merkle_node(const uint8_t left[static MERKLE_LEN],
    const uint8_t right[static MERKLE_LEN], uint8_t out[static MERKLE_LEN]);

/*
 * The right edge of a tree: all it takes to go on growing it. node[l] is the
 * root of the complete subtree of 2^l leaves that ends the tree, there when
 * bit l of size is set. All-zero is the empty tree.
 */
struct merkle_frontier {
	uint64_t size; /* leaves */
	uint8_t node[MERKLE_LEVELS][MERKLE_LEN];
};
void merkle_append(
    struct merkle_frontier *f, const uint8_t leaf_hash[static MERKLE_LEN]);
/*
 * Append 2^level leaves at once by the root over them; the size has to be a
 * multiple of that (asserted).
 */
void merkle_append_subtree(struct merkle_frontier *f, unsigned level,
    const uint8_t root[static MERKLE_LEN]);
void merkle_root(
    const struct merkle_frontier *f, uint8_t root[static MERKLE_LEN]);

/*
 * Reads the root of a complete subtree: leaves index * 2^level up to
 * (index + 1) * 2^level. Its error ends the proof and is handed on.
 */
typedef enum err merkle_read(
    void *ctx, unsigned level, uint64_t index, uint8_t out[static MERKLE_LEN]);

/*
 * Make proofs with at most 64 reads each, never touching all leaves.
 * Inclusion of leaf `index` in the tree of `size` leaves (index < size), and
 * consistency of the tree of `from` leaves with the one of `size` (from <=
 * size; no hashes where from is 0 or size). RFC 6962, 2.1.1 and 2.1.2.
 * ERR_PROOF when the numbers are off.
 */
enum err merkle_inclusion(merkle_read *read, void *ctx, uint64_t index,
    uint64_t size, uint8_t path[static MERKLE_PATH_MAX][MERKLE_LEN], size_t *n);
enum err merkle_consistency(merkle_read *read, void *ctx, uint64_t from,
    uint64_t size, uint8_t path[static MERKLE_PATH_MAX][MERKLE_LEN], size_t *n);
/* The root of the first `size` leaves; merkle_empty for none. */
enum err merkle_root_at(merkle_read *read, void *ctx, uint64_t size,
    uint8_t root[static MERKLE_LEN]);

/*
 * Leaves appended to a frontier: proofs of them, and consistency from the
 * frontier's size, need no other node of the tree.
 */
struct merkle_batch {
	struct merkle_frontier base; /* before the leaves */
	uint64_t size;		     /* after them */
	struct buf level[MERKLE_LEVELS];
};
/* Starts at `base` (NULL: the empty tree). merkle_batch_fini frees. */
void merkle_batch_init(
    struct merkle_batch *b, const struct merkle_frontier *base);
void merkle_batch_append(
    struct merkle_batch *b, const uint8_t leaf_hash[static MERKLE_LEN]);
/* A merkle_read over a struct merkle_batch; ERR_NOT_FOUND for old nodes. */
merkle_read merkle_batch_read;
void merkle_batch_fini(struct merkle_batch *b);

/* Hashes an inclusion proof has to have; 0 also where index >= size. */
size_t merkle_inclusion_length(uint64_t index, uint64_t size);
/*
 * The root a proof leads to. ERR_PATH, before any hashing, unless index <
 * size and n is just what RFC 6962 gives.
 */
enum err merkle_inclusion_root(uint64_t index, uint64_t size,
    const uint8_t leaf_hash[static MERKLE_LEN],
    const uint8_t (*path)[MERKLE_LEN], size_t n,
    uint8_t root[static MERKLE_LEN]);
/* ERR_NONE only if the leaf is at `index` of the tree with that root. */
enum err merkle_inclusion_check(uint64_t index, uint64_t size,
    const uint8_t leaf_hash[static MERKLE_LEN],
    const uint8_t (*path)[MERKLE_LEN], size_t n,
    const uint8_t root[static MERKLE_LEN]);
/*
 * ERR_NONE only if the tree of `from` leaves is the beginning of the tree of
 * `size`. Equal sizes: equal roots and no hashes, ERR_FORK if the roots
 * differ. From 0 nothing can be proved (ERR_PROOF): who holds no checkpoint
 * yet has nothing to ask. ERR_PATH or ERR_PROOF otherwise.
 */
enum err merkle_consistency_check(uint64_t from, uint64_t size,
    const uint8_t from_root[static MERKLE_LEN],
    const uint8_t root[static MERKLE_LEN], const uint8_t (*path)[MERKLE_LEN],
    size_t n);

#endif

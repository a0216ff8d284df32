/* The front's copy of the log's tree: proofs of any size without scanning. */
#ifndef BROKER_TREE_H
#define BROKER_TREE_H

#include "lib/merkle.h"
#include "lib/tile.h"

/*
 * Keeps every node of level 8 and above in memory (32 bytes for each 256
 * leaves, twice over), the newest tiles of level 0 whole, and fetches older
 * ones by `load` when a proof needs them. Belongs to one thread.
 */
struct tree;

/*
 * Fetch a full tile of level 0 or above: the row (level, n) of log_tile.
 * ERR_NOT_FOUND if it is not there; any error ends the proof.
 */
typedef enum err tree_load(
    void *ctx, int level, uint64_t n, uint8_t tile[static TILE_LEN]);

struct tree *tree_new(tree_load *load, void *ctx);
void tree_free(struct tree *t);
/*
 * At start, on an empty tree: take up a log's first `size` leaves, where size
 * is 256 for each level-0 tile in log_tile. Reads tiles of level 1, and those
 * of level 0 that no tile of level 1 covers. The leaves after that are
 * appended from their entries. Whether it is the log that was signed,
 * tree_root against the signer's checkpoint tells.
 */
enum err tree_restore(struct tree *t, uint64_t size);

/* Append one leaf (its 33 bytes), once its transaction has committed. */
void tree_append(struct tree *t, const uint8_t leaf[static ENTRY_LEAF_LEN]);
uint64_t tree_size(const struct tree *t);

/* See merkle_inclusion and merkle_consistency; size <= tree_size(t). */
enum err tree_inclusion(struct tree *t, uint64_t index, uint64_t size,
    uint8_t path[static MERKLE_PATH_MAX][MERKLE_LEN], size_t *n);
enum err tree_consistency(struct tree *t, uint64_t from, uint64_t size,
    uint8_t path[static MERKLE_PATH_MAX][MERKLE_LEN], size_t *n);
enum err tree_root(
    struct tree *t, uint64_t size, uint8_t root[static MERKLE_LEN]);

/* A tile that became complete: a row of log_tile to insert. */
struct tree_tile {
	int level; /* TILE_ENTRIES, 0, 1, ... */
	uint64_t n;
	struct buf data; /* TILE_LEN bytes, or BUNDLE_LEN for TILE_ENTRIES */
};
/*
 * Complete tiles not yet handed out, oldest first; false when there are none
 * left. Insert all there are in one transaction, so that a tile of level 1 is
 * never missing where those below it are there. The caller frees out->data.
 */
bool tree_tile_take(struct tree *t, struct tree_tile *out);

#endif

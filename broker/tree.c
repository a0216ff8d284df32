#include "broker/tree.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/*
 * Nodes lie in blocks of one level-0 tile each (levels 0 to 7, 510 nodes, in
 * 16 KiB), and in one growing array a level from 8 up. Permits and answers
 * ask about entries just appended, so the newest blocks stay; an old block is
 * fetched from its tile, hashed once, and kept in a small cache.
 */
#define BLOCK_NODES (2 * TILE_WIDTH - 2)
#define BLOCKS 64 /* kept of the newest, and as many of the old */
#define UPPER_LEVELS (MERKLE_LEVELS - TILE_HEIGHT)

struct block {
	uint64_t tile; /* n + 1; 0: holds none */
	uint8_t node[BLOCK_NODES][MERKLE_LEN];
};

struct tree {
	tree_load *load;
	void *ctx;
	uint64_t size;
	struct block *newest[BLOCKS], *old[BLOCKS];
	struct buf upper[UPPER_LEVELS]; /* [i]: level 8 + i */
	struct buf bundle;		/* of the tile being filled */
	struct tree_tile *done;
	size_t done_first, done_n, done_cap;
};

struct tree *
tree_new(tree_load *load, void *ctx)
{
	struct tree *t = xcalloc(1, sizeof(*t));

	t->load = load;
	t->ctx = ctx;
	return t;
}

void
tree_free(struct tree *t)
{
	struct tree_tile tile;

	if (t == NULL)
		return;
	while (tree_tile_take(t, &tile))
		buf_free(&tile.data);
	for (int i = 0; i < BLOCKS; i++) {
		free(t->newest[i]);
		free(t->old[i]);
	}
	for (int i = 0; i < UPPER_LEVELS; i++)
		buf_free(&t->upper[i]);
	buf_free(&t->bundle);
	free(t->done);
	free(t);
}

uint64_t
tree_size(const struct tree *t)
{
	return t->size;
}

/* --- tiles that became complete --------------------------------------------
 */

static struct tree_tile *
done_add(struct tree *t, int level, uint64_t n)
{
	struct tree_tile *tile;

	if (t->done_first == t->done_n)
		t->done_first = t->done_n = 0;
	if (t->done_n == t->done_cap) {
		t->done_cap = t->done_cap ? t->done_cap * 2 : 16;
		t->done = xrealloc(t->done, t->done_cap * sizeof(*t->done));
	}
	tile = &t->done[t->done_n++];
	*tile = (struct tree_tile){.level = level, .n = n};
	return tile;
}

bool
tree_tile_take(struct tree *t, struct tree_tile *out)
{
	if (t->done_first == t->done_n)
		return false;
	*out = t->done[t->done_first++];
	return true;
}

/* --- growing ---------------------------------------------------------------
 */

static size_t
upper_count(const struct tree *t, unsigned i)
{
	return t->upper[i].n / MERKLE_LEN;
}

static const uint8_t *
upper_node(const struct tree *t, unsigned i, size_t at)
{
	return t->upper[i].p + at * MERKLE_LEN;
}

/*
 * Add a complete level-0 tile's root, and every node above that it completes;
 * `emit` says whether tiles thus completed are new.
 */
static void
upper_append(struct tree *t, const uint8_t root[static MERKLE_LEN], bool emit)
{
	uint8_t h[MERKLE_LEN];

	memcpy(h, root, sizeof(h));
	for (unsigned i = 0; i < UPPER_LEVELS; i++) {
		size_t n;

		buf_add(&t->upper[i], h, sizeof(h));
		n = upper_count(t, i);
		if (emit && i % TILE_HEIGHT == 0 && n % TILE_WIDTH == 0)
			buf_add(&done_add(t, (int)i / TILE_HEIGHT + 1,
				    n / TILE_WIDTH - 1)
				     ->data,
			    upper_node(t, i, n - TILE_WIDTH), TILE_LEN);
		if (n & 1)
			return;
		merkle_node(
		    upper_node(t, i, n - 2), upper_node(t, i, n - 1), h);
	}
}

/* Where level l (0 to 7) begins in a block; 8 is past its end. */
static size_t
block_level(unsigned level)
{
	return 2 * TILE_WIDTH - ((2 * TILE_WIDTH) >> level);
}

static struct block *
block_at(struct block **slot, uint64_t n)
{
	if (*slot == NULL)
		*slot = xmalloc(sizeof(**slot));
	(*slot)->tile = n + 1;
	return *slot;
}

/*
 * Put the leaf at `at` of a block and every node it completes; true, with the
 * tile's root, when that is the last.
 */
static bool
block_put(struct block *b, unsigned at, const uint8_t leaf[static MERKLE_LEN],
    uint8_t root[static MERKLE_LEN])
{
	uint8_t h[MERKLE_LEN];

	memcpy(h, leaf, sizeof(h));
	for (unsigned level = 0; level < TILE_HEIGHT; level++, at >>= 1) {
		uint8_t(*node)[MERKLE_LEN] = b->node + block_level(level);

		memcpy(node[at], h, sizeof(h));
		if (!(at & 1))
			return false;
		merkle_node(node[at - 1], node[at], h);
	}
	memcpy(root, h, MERKLE_LEN);
	return true;
}

void
tree_append(struct tree *t, const uint8_t leaf[static ENTRY_LEAF_LEN])
{
	uint64_t n = t->size / TILE_WIDTH;
	unsigned at = (unsigned)(t->size % TILE_WIDTH);
	struct block **slot = &t->newest[n % BLOCKS];
	struct block *b = at == 0 ? block_at(slot, n) : *slot;
	uint8_t hash[MERKLE_LEN], root[MERKLE_LEN];

	entry_leaf_hash(leaf, hash);
	bundle_add(&t->bundle, leaf);
	t->size++;
	if (!block_put(b, at, hash, root))
		return;
	done_add(t, TILE_ENTRIES, n)->data = t->bundle;
	t->bundle = (struct buf){0};
	buf_add(&done_add(t, 0, n)->data, b->node, TILE_LEN);
	upper_append(t, root, true);
}

/* --- reading ---------------------------------------------------------------
 */

/* Fetch an old level-0 tile into the cache; *out borrows from there. */
static enum err
block_load(struct tree *t, uint64_t n, struct block **out,
    uint8_t root[static MERKLE_LEN])
{
	uint8_t tile[TILE_LEN];
	enum err e = t->load(t->ctx, 0, n, tile);

	if (e != ERR_NONE)
		return e;
	*out = block_at(&t->old[n % BLOCKS], n);
	for (unsigned i = 0; i < TILE_WIDTH; i++)
		block_put(*out, i, tile + (size_t)i * MERKLE_LEN, root);
	return ERR_NONE;
}

static enum err
block_find(struct tree *t, uint64_t n, struct block **out)
{
	uint8_t root[MERKLE_LEN];
	enum err e;

	*out = t->newest[n % BLOCKS];
	if (*out != NULL && (*out)->tile == n + 1)
		return ERR_NONE;
	*out = t->old[n % BLOCKS];
	if (*out != NULL && (*out)->tile == n + 1)
		return ERR_NONE;
	e = block_load(t, n, out, root);
	if (e != ERR_NONE)
		return e;
	/* a tile that is not the one whose root we hold proves nothing */
	if (n >= upper_count(t, 0) ||
	    memcmp(root, upper_node(t, 0, n), MERKLE_LEN) != 0) {
		(*out)->tile = 0;
		return ERR_PROOF;
	}
	return ERR_NONE;
}

static enum err
node_read(
    void *ctx, unsigned level, uint64_t index, uint8_t out[static MERKLE_LEN])
{
	struct tree *t = ctx;
	unsigned below = TILE_HEIGHT - level;
	struct block *b;
	enum err e;

	if (level >= TILE_HEIGHT) {
		if (index >= upper_count(t, level - TILE_HEIGHT))
			return ERR_NOT_FOUND;
		memcpy(
		    out, upper_node(t, level - TILE_HEIGHT, index), MERKLE_LEN);
		return ERR_NONE;
	}
	e = block_find(t, index >> below, &b);
	if (e == ERR_NONE)
		memcpy(out,
		    b->node[block_level(level) +
			    (index & ((UINT64_C(1) << below) - 1))],
		    MERKLE_LEN);
	return e;
}

enum err
tree_inclusion(struct tree *t, uint64_t index, uint64_t size,
    uint8_t path[static MERKLE_PATH_MAX][MERKLE_LEN], size_t *n)
{
	*n = 0;
	if (size > t->size)
		return ERR_PROOF;
	return merkle_inclusion(node_read, t, index, size, path, n);
}

enum err
tree_consistency(struct tree *t, uint64_t from, uint64_t size,
    uint8_t path[static MERKLE_PATH_MAX][MERKLE_LEN], size_t *n)
{
	*n = 0;
	if (size > t->size)
		return ERR_PROOF;
	return merkle_consistency(node_read, t, from, size, path, n);
}

enum err
tree_root(struct tree *t, uint64_t size, uint8_t root[static MERKLE_LEN])
{
	if (size > t->size)
		return ERR_PROOF;
	return merkle_root_at(node_read, t, size, root);
}

/* --- taking up a log at start ----------------------------------------------
 */

static enum err
restore_bottom(struct tree *t, uint64_t n, bool emit)
{
	uint8_t root[MERKLE_LEN];
	struct block *b;
	enum err e = block_load(t, n, &b, root);

	if (e == ERR_NONE)
		upper_append(t, root, emit);
	return e;
}

/* 256 level-0 tiles by the level-1 tile over them, or one by one. */
static enum err
restore_group(struct tree *t, uint64_t n)
{
	uint8_t tile[TILE_LEN];
	enum err e = t->load(t->ctx, 1, n, tile);

	if (e == ERR_NOT_FOUND) {
		e = ERR_NONE;
		for (uint64_t i = 0; e == ERR_NONE && i < TILE_WIDTH; i++)
			e = restore_bottom(t, n * TILE_WIDTH + i, true);
		return e;
	}
	for (size_t i = 0; e == ERR_NONE && i < TILE_WIDTH; i++)
		upper_append(t, tile + i * MERKLE_LEN, false);
	return e;
}

enum err
tree_restore(struct tree *t, uint64_t size)
{
	uint64_t groups = tile_count(1, size), tiles = tile_count(0, size);
	enum err e = ERR_NONE;

	assert(t->size == 0 && size % TILE_WIDTH == 0);
	for (uint64_t n = 0; e == ERR_NONE && n < groups; n++)
		e = restore_group(t, n);
	for (uint64_t n = groups * TILE_WIDTH; e == ERR_NONE && n < tiles; n++)
		e = restore_bottom(t, n, false);
	if (e == ERR_NONE)
		t->size = size;
	return e;
}

#include "broker/tree.h"
#include "tests/unit/suite.h"

#include <stdlib.h>
#include <string.h>

/* Rows of log_tile, and the tree kept beside as its leaves and roots. */
#define LEAVES (70 * 1024) /* 280 tiles of level 0, one of level 1 */
static struct tree_tile rows[700];
static size_t n_rows, n_loads;
static uint8_t hashes[LEAVES][MERKLE_LEN];
static uint8_t roots[LEAVES + 1][MERKLE_LEN];

static enum err
row_load(void *ctx, int level, uint64_t n, uint8_t tile[static TILE_LEN])
{
	n_loads++;
	for (size_t i = 0; i < n_rows; i++)
		if (rows[i].level == level && rows[i].n == n) {
			memcpy(tile, rows[i].data.p, TILE_LEN);
			return ERR_NONE;
		}
	return ERR_NOT_FOUND;
}

static void
rows_take(struct tree *t)
{
	while (tree_tile_take(t, &rows[n_rows]))
		n_rows++;
}

static void
rows_drop(void)
{
	while (n_rows > 0)
		buf_free(&rows[--n_rows].data);
	n_loads = 0;
}

static void
leaf_make(uint32_t i, uint8_t leaf[static ENTRY_LEAF_LEN])
{
	uint8_t salt[ENTRY_SALT_LEN] = {0};

	entry_leaf(ENTRY_PERMIT, salt, span_of(&i, sizeof(i)), leaf);
}

static struct tree *
grown(uint64_t size)
{
	struct tree *t = tree_new(row_load, NULL);
	struct merkle_frontier f = {0};
	uint8_t leaf[ENTRY_LEAF_LEN];

	for (uint32_t i = 0; i < size; i++) {
		merkle_root(&f, roots[i]);
		leaf_make(i, leaf);
		entry_leaf_hash(leaf, hashes[i]);
		merkle_append(&f, hashes[i]);
		tree_append(t, leaf);
	}
	merkle_root(&f, roots[size]);
	rows_take(t);
	CU_ASSERT_EQUAL(tree_size(t), size);
	return t;
}

static void
check_proofs(struct tree *t, uint64_t index, uint64_t from, uint64_t size)
{
	uint8_t path[MERKLE_PATH_MAX][MERKLE_LEN], root[MERKLE_LEN];
	const uint8_t(*p)[MERKLE_LEN] = (const uint8_t(*)[MERKLE_LEN])path;
	size_t n;

	SUITE_ERR(tree_root(t, size, root), ERR_NONE);
	SUITE_BYTES(root, roots[size], MERKLE_LEN);
	SUITE_ERR(tree_inclusion(t, index, size, path, &n), ERR_NONE);
	SUITE_ERR(merkle_inclusion_check(
		      index, size, hashes[index], p, n, roots[size]),
	    ERR_NONE);
	SUITE_ERR(tree_consistency(t, from, size, path, &n), ERR_NONE);
	SUITE_ERR(merkle_consistency_check(
		      from, size, roots[from], roots[size], p, n),
	    ERR_NONE);
}

/* Some of all questions, always the same ones. */
static void
check_many(struct tree *t, uint64_t size, unsigned times)
{
	srandom(7);
	for (unsigned i = 0; i < times; i++) {
		uint64_t s = 1 + (uint64_t)random() % size;

		check_proofs(
		    t, (uint64_t)random() % s, 1 + (uint64_t)random() % s, s);
	}
	check_proofs(t, 0, 1, size);
	check_proofs(t, size - 1, size, size);
}

static void
small_sizes(void)
{
	static const uint64_t sizes[] = {1, 2, 3, 255, 256, 257, 511, 512, 700};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct tree *t = grown(sizes[i]);

		check_many(t, sizes[i], 200);
		tree_free(t);
		rows_drop();
	}
}

static void
old_leaves(void)
{
	struct tree *t = grown(LEAVES);

	check_many(t, LEAVES, 500);
	CU_ASSERT(n_loads > 100);
	n_loads = 0;
	check_proofs(t, LEAVES - 3, LEAVES - 2, LEAVES);
	CU_ASSERT_EQUAL(n_loads, 0);
	tree_free(t);
	rows_drop();
}

static void
restored(void)
{
	struct tree *t = grown(LEAVES - 100), *again;
	uint64_t tiles = tile_count(0, LEAVES - 100);
	struct tree_tile none;
	uint8_t leaf[ENTRY_LEAF_LEN];

	tree_free(t);
	n_loads = 0;
	again = tree_new(row_load, NULL);
	SUITE_ERR(tree_restore(again, tiles * TILE_WIDTH), ERR_NONE);
	CU_ASSERT_EQUAL(n_loads, 1 + tiles - 256);
	CU_ASSERT_FALSE(tree_tile_take(again, &none));
	for (uint64_t i = tiles * TILE_WIDTH; i < LEAVES - 100; i++) {
		leaf_make((uint32_t)i, leaf);
		tree_append(again, leaf);
	}
	check_many(again, LEAVES - 100, 200);
	tree_free(again);
	rows_drop();
}

static void
restored_without_level_1(void)
{
	struct tree *t = grown(LEAVES), *again = tree_new(row_load, NULL);
	struct tree_tile tile;

	tree_free(t);
	for (size_t i = 0; i < n_rows; i++)
		if (rows[i].level == 1)
			rows[i].level = 99;
	SUITE_ERR(tree_restore(again, LEAVES), ERR_NONE);
	check_proofs(again, 12345, 6789, LEAVES);
	CU_ASSERT_TRUE_FATAL(tree_tile_take(again, &tile));
	CU_ASSERT_EQUAL(tile.level, 1);
	CU_ASSERT_EQUAL(tile.n, 0);
	CU_ASSERT_EQUAL(tile.data.n, TILE_LEN);
	buf_free(&tile.data);
	CU_ASSERT_FALSE(tree_tile_take(again, &tile));
	tree_free(again);
	rows_drop();
}

static size_t
bundle_check(const struct tree_tile *row)
{
	struct span rest = buf_span(&row->data), entry;
	uint8_t hash[MERKLE_LEN];
	size_t n = 0;

	for (; rest.n > 0; n++) {
		SUITE_ERR(bundle_next(&rest, &entry), ERR_NONE);
		merkle_leaf(entry, hash);
		SUITE_BYTES(hash, hashes[row->n * TILE_WIDTH + n], MERKLE_LEN);
	}
	return n;
}

static void
tiles_as_the_format_says(void)
{
	struct tree *t = grown(LEAVES);
	size_t entries = 0, bottom = 0, above = 0;

	for (size_t i = 0; i < n_rows; i++) {
		const struct tree_tile *row = &rows[i];

		if (row->level == TILE_ENTRIES) {
			CU_ASSERT_EQUAL(bundle_check(row), TILE_WIDTH);
			entries++;
		}
		if (row->level == 0) {
			SUITE_BYTES(
			    row->data.p, hashes[row->n * TILE_WIDTH], TILE_LEN);
			bottom++;
		}
		above += row->level == 1;
	}
	CU_ASSERT_EQUAL(entries, 280);
	CU_ASSERT_EQUAL(bottom, 280);
	CU_ASSERT_EQUAL(above, 1);
	tree_free(t);
	rows_drop();
}

static void
bad_tiles(void)
{
	uint8_t path[MERKLE_PATH_MAX][MERKLE_LEN];
	struct tree *t = grown(LEAVES);
	size_t n;

	/* the database gives another tile than the one that was written */
	for (size_t i = 0; i < n_rows; i++)
		if (rows[i].level == 0 && rows[i].n == 5)
			rows[i].data.p[77] ^= 1;
	SUITE_ERR(tree_inclusion(t, 5 * 256 + 9, LEAVES, path, &n), ERR_PROOF);
	SUITE_ERR(tree_inclusion(t, 5 * 256 + 9, LEAVES, path, &n), ERR_PROOF);
	check_proofs(t, 6 * 256, 700, LEAVES);
	/* or none */
	rows_drop();
	SUITE_ERR(tree_inclusion(t, 9 * 256, LEAVES, path, &n), ERR_NOT_FOUND);
	SUITE_ERR(tree_inclusion(t, LEAVES - 1, LEAVES, path, &n), ERR_NONE);
	tree_free(t);
}

static void
beyond(void)
{
	uint8_t path[MERKLE_PATH_MAX][MERKLE_LEN], root[MERKLE_LEN];
	struct tree *t = grown(300);
	size_t n;

	SUITE_ERR(tree_inclusion(t, 300, 300, path, &n), ERR_PROOF);
	SUITE_ERR(tree_inclusion(t, 1, 301, path, &n), ERR_PROOF);
	SUITE_ERR(tree_consistency(t, 300, 301, path, &n), ERR_PROOF);
	SUITE_ERR(tree_consistency(t, 300, 299, path, &n), ERR_PROOF);
	SUITE_ERR(tree_root(t, 301, root), ERR_PROOF);
	SUITE_ERR(tree_root(t, 0, root), ERR_NONE);
	SUITE_BYTES(root, merkle_empty, MERKLE_LEN);
	tree_free(t);
	rows_drop();
}

static const struct suite_case cases[] = {
    {"proves every kind of size around a tile's edge", small_sizes},
    {"proves old leaves from their tiles and new ones without", old_leaves},
    {"starts from tiles of level 1 and a few of level 0", restored},
    {"starts without a level-1 tile, and writes it again",
	restored_without_level_1},
    {"hands out each complete tile and bundle once", tiles_as_the_format_says},
    {"refuses to prove with a tile that was changed or is gone", bad_tiles},
    {"refuses what is beyond its size", beyond},
};
SUITE("tree", cases)

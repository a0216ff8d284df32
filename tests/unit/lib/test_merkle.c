#include "lib/merkle.h"
#include "lib/sha256.h"
#include "tests/unit/suite.h"

#include <sodium.h>
#include <string.h>

/* Certificate Transparency's eight leaves and their roots, sizes 1 to 8. */
static const char *const leaf_data[8] = {"", "00", "10", "2021", "3031",
    "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
static const char *const roots[9] = {
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

static void
from_hex(const char *text, uint8_t *out, size_t n)
{
	CU_ASSERT_EQUAL(
	    sodium_hex2bin(out, n, text, strlen(text), NULL, NULL, NULL), 0);
}

/* A tree kept whole: what the frontier and the proofs are held against. */
#define SIZES 70
static uint8_t leaves[SIZES][MERKLE_LEN];

static void
leaves_fill(void)
{
	for (unsigned i = 0; i < SIZES; i++) {
		uint8_t data = (uint8_t)i;

		merkle_leaf(span_of(&data, 1), leaves[i]);
	}
}

/* RFC 6962, 2.1, word for word. */
static void
slow_root(const uint8_t (*l)[MERKLE_LEN], size_t n, uint8_t *out)
{
	uint8_t left[MERKLE_LEN], right[MERKLE_LEN];
	size_t k = 1;

	if (n == 0) {
		sha256(span_of(NULL, 0), out);
		return;
	}
	if (n == 1) {
		memcpy(out, l[0], MERKLE_LEN);
		return;
	}
	while (k * 2 < n)
		k *= 2;
	slow_root(l, k, left);
	slow_root(l + k, n - k, right);
	merkle_node(left, right, out);
}

static enum err
leaf_reader(
    void *ctx, unsigned level, uint64_t index, uint8_t out[static MERKLE_LEN])
{
	size_t n = (size_t)1 << level;

	CU_ASSERT_FATAL((index + 1) * n <= SIZES);
	slow_root((const uint8_t(*)[MERKLE_LEN])leaves + index * n, n, out);
	return ERR_NONE;
}

static void
roots_of_rfc(void)
{
	struct merkle_frontier f = {0};
	uint8_t want[MERKLE_LEN], got[MERKLE_LEN], data[16];

	for (size_t i = 0; i <= 8; i++) {
		from_hex(roots[i], want, sizeof(want));
		merkle_root(&f, got);
		SUITE_BYTES(got, want, sizeof(want));
		if (i == 8)
			break;
		from_hex(leaf_data[i], data, strlen(leaf_data[i]) / 2);
		merkle_leaf(span_of(data, strlen(leaf_data[i]) / 2), got);
		merkle_append(&f, got);
	}
}

static void
roots_of_every_size(void)
{
	struct merkle_frontier f = {0};
	uint8_t want[MERKLE_LEN], got[MERKLE_LEN];

	leaves_fill();
	for (size_t n = 0; n < SIZES; n++) {
		slow_root((const uint8_t(*)[MERKLE_LEN])leaves, n, want);
		merkle_root(&f, got);
		SUITE_BYTES(got, want, sizeof(want));
		SUITE_ERR(merkle_root_at(leaf_reader, NULL, n, got), ERR_NONE);
		SUITE_BYTES(got, want, sizeof(want));
		merkle_append(&f, leaves[n]);
	}
}

static void
subtrees_at_once(void)
{
	struct merkle_frontier f = {0};
	uint8_t want[MERKLE_LEN], got[MERKLE_LEN];
	const uint8_t(*l)[MERKLE_LEN] = (const uint8_t(*)[MERKLE_LEN])leaves;

	leaves_fill();
	for (unsigned i = 0; i < 4; i++) {
		slow_root(l + i * 16, 16, got);
		merkle_append_subtree(&f, 4, got);
	}
	slow_root(l + 64, 4, got);
	merkle_append_subtree(&f, 2, got);
	merkle_append(&f, leaves[68]);
	merkle_root(&f, got);
	slow_root(l, 69, want);
	SUITE_BYTES(got, want, sizeof(want));
	CU_ASSERT_EQUAL(f.size, 69);
}

/* Every proof of a tree this size, and each with something wrong. */
static void
inclusion_in(uint64_t size)
{
	uint8_t path[MERKLE_PATH_MAX][MERKLE_LEN], root[MERKLE_LEN];
	const uint8_t(*p)[MERKLE_LEN] = (const uint8_t(*)[MERKLE_LEN])path;
	size_t n;

	slow_root((const uint8_t(*)[MERKLE_LEN])leaves, size, root);
	for (uint64_t i = 0; i < size; i++) {
		SUITE_ERR(
		    merkle_inclusion(leaf_reader, NULL, i, size, path, &n),
		    ERR_NONE);
		CU_ASSERT_EQUAL(n, merkle_inclusion_length(i, size));
		SUITE_ERR(
		    merkle_inclusion_check(i, size, leaves[i], p, n, root),
		    ERR_NONE);
		/* another leaf, another place, another length */
		SUITE_ERR(merkle_inclusion_check(
			      i, size, leaves[(i + 1) % SIZES], p, n, root),
		    ERR_PROOF);
		CU_ASSERT_NOT_EQUAL(
		    merkle_inclusion_check(i ^ 1, size, leaves[i], p, n, root),
		    ERR_NONE);
		SUITE_ERR(
		    merkle_inclusion_check(i, size, leaves[i], p, n + 1, root),
		    ERR_PATH);
		if (n > 0)
			SUITE_ERR(merkle_inclusion_check(
				      i, size, leaves[i], p, n - 1, root),
			    ERR_PATH);
		for (size_t k = 0; k < n; k++) {
			path[k][31] ^= 1;
			SUITE_ERR(merkle_inclusion_check(
				      i, size, leaves[i], p, n, root),
			    ERR_PROOF);
			path[k][31] ^= 1;
		}
	}
}

static void
inclusion_everywhere(void)
{
	leaves_fill();
	for (uint64_t size = 1; size < 40; size++)
		inclusion_in(size);
	inclusion_in(SIZES);
}

static void
inclusion_beyond(void)
{
	uint8_t path[MERKLE_PATH_MAX][MERKLE_LEN] = {{0}};
	const uint8_t(*p)[MERKLE_LEN] = (const uint8_t(*)[MERKLE_LEN])path;
	size_t n;

	leaves_fill();
	SUITE_ERR(
	    merkle_inclusion_check(0, 0, merkle_empty, p, 0, merkle_empty),
	    ERR_PATH);
	SUITE_ERR(
	    merkle_inclusion_check(1, 1, leaves[0], p, 0, leaves[0]), ERR_PATH);
	SUITE_ERR(merkle_inclusion_check(
		      UINT64_MAX, UINT64_MAX, leaves[0], p, 0, leaves[0]),
	    ERR_PATH);
	SUITE_ERR(
	    merkle_inclusion(leaf_reader, NULL, 3, 3, path, &n), ERR_PROOF);
	CU_ASSERT_EQUAL(merkle_inclusion_length(5, 5), 0);
	CU_ASSERT_EQUAL(merkle_inclusion_length(0, UINT64_C(1) << 63), 63);
	CU_ASSERT_EQUAL(merkle_inclusion_length(0, UINT64_MAX), 64);
	CU_ASSERT_EQUAL(
	    merkle_inclusion_length(UINT64_C(1) << 63, (UINT64_C(1) << 63) + 1),
	    1);
}

static void
consistency_from_to(uint64_t from, uint64_t size)
{
	uint8_t path[MERKLE_PATH_MAX][MERKLE_LEN];
	uint8_t old[MERKLE_LEN], new[MERKLE_LEN];
	const uint8_t(*p)[MERKLE_LEN] = (const uint8_t(*)[MERKLE_LEN])path;
	size_t n;

	slow_root((const uint8_t(*)[MERKLE_LEN])leaves, from, old);
	slow_root((const uint8_t(*)[MERKLE_LEN])leaves, size, new);
	SUITE_ERR(merkle_consistency(leaf_reader, NULL, from, size, path, &n),
	    ERR_NONE);
	SUITE_ERR(
	    merkle_consistency_check(from, size, old, new, p, n), ERR_NONE);
	SUITE_ERR(
	    merkle_consistency_check(from, size, old, new, p, n + 1), ERR_PATH);
	SUITE_ERR(merkle_consistency_check(size, from, new, old, p, n),
	    from == size ? ERR_NONE : ERR_PROOF);
	if (from == size)
		return;
	SUITE_ERR(
	    merkle_consistency_check(from, size, old, new, p, n - 1), ERR_PATH);
	SUITE_ERR(
	    merkle_consistency_check(from, size, new, old, p, n), ERR_PROOF);
	for (size_t k = 0; k < n; k++) {
		path[k][0] ^= 128;
		SUITE_ERR(merkle_consistency_check(from, size, old, new, p, n),
		    ERR_PROOF);
		path[k][0] ^= 128;
	}
}

static void
consistency_everywhere(void)
{
	leaves_fill();
	for (uint64_t size = 1; size < 34; size++)
		for (uint64_t from = 1; from <= size; from++)
			consistency_from_to(from, size);
}

static void
consistency_edges(void)
{
	uint8_t path[MERKLE_PATH_MAX][MERKLE_LEN] = {{0}};
	const uint8_t(*p)[MERKLE_LEN] = (const uint8_t(*)[MERKLE_LEN])path;
	size_t n = 1;

	leaves_fill();
	SUITE_ERR(
	    merkle_consistency(leaf_reader, NULL, 0, 9, path, &n), ERR_NONE);
	CU_ASSERT_EQUAL(n, 0);
	SUITE_ERR(
	    merkle_consistency(leaf_reader, NULL, 9, 8, path, &n), ERR_PROOF);
	SUITE_ERR(merkle_consistency_check(0, 9, merkle_empty, leaves[0], p, 0),
	    ERR_PROOF);
	SUITE_ERR(
	    merkle_consistency_check(0, 0, merkle_empty, merkle_empty, p, 0),
	    ERR_PROOF);
	SUITE_ERR(merkle_consistency_check(5, 5, leaves[0], leaves[1], p, 0),
	    ERR_FORK);
	SUITE_ERR(merkle_consistency_check(5, 5, leaves[0], leaves[0], p, 1),
	    ERR_PATH);
	SUITE_ERR(merkle_consistency_check(
		      1, UINT64_MAX, leaves[0], leaves[0], p, MERKLE_PATH_MAX),
	    ERR_PROOF);
}

static void
batch_proves_itself(void)
{
	uint8_t path[MERKLE_PATH_MAX][MERKLE_LEN];
	uint8_t old[MERKLE_LEN], root[MERKLE_LEN];
	const uint8_t(*p)[MERKLE_LEN] = (const uint8_t(*)[MERKLE_LEN])path;
	struct merkle_frontier f = {0};
	size_t n;

	leaves_fill();
	for (uint64_t base = 0; base < SIZES; base++) {
		struct merkle_batch b;

		merkle_batch_init(&b, &f);
		merkle_root(&f, old);
		for (uint64_t i = base; i < SIZES; i++)
			merkle_batch_append(&b, leaves[i]);
		slow_root((const uint8_t(*)[MERKLE_LEN])leaves, SIZES, root);
		for (uint64_t i = base; i < SIZES; i++) {
			SUITE_ERR(merkle_inclusion(merkle_batch_read, &b, i,
				      SIZES, path, &n),
			    ERR_NONE);
			SUITE_ERR(merkle_inclusion_check(
				      i, SIZES, leaves[i], p, n, root),
			    ERR_NONE);
		}
		SUITE_ERR(merkle_consistency(
			      merkle_batch_read, &b, base, SIZES, path, &n),
		    ERR_NONE);
		if (base > 0)
			SUITE_ERR(merkle_consistency_check(
				      base, SIZES, old, root, p, n),
			    ERR_NONE);
		if (base > 2)
			SUITE_ERR(merkle_inclusion(merkle_batch_read, &b, 0,
				      SIZES, path, &n),
			    ERR_NOT_FOUND);
		merkle_batch_fini(&b);
		merkle_append(&f, leaves[base]);
	}
}

static const struct suite_case cases[] = {
    {"has the roots of RFC 6962's reference leaves", roots_of_rfc},
    {"has the same root by frontier, by reader and by definition",
	roots_of_every_size},
    {"grows by whole subtrees as by single leaves", subtrees_at_once},
    {"proves every leaf and refuses each proof bent", inclusion_everywhere},
    {"refuses an index beyond the size, and knows every length",
	inclusion_beyond},
    {"proves every pair of sizes and refuses each proof bent",
	consistency_everywhere},
    {"refuses consistency from nothing, backwards and with a fork",
	consistency_edges},
    {"proves a batch from its frontier alone", batch_proves_itself},
};
SUITE("merkle", cases)

#include "lib/merkle.h"

#include "lib/sha256.h"

#include <assert.h>
#include <string.h>

const uint8_t merkle_empty[MERKLE_LEN] = {0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc,
    0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae,
    0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52,
    0xb8, 0x55};

void
merkle_leaf(struct span data, uint8_t out[static MERKLE_LEN])
{
	static const uint8_t zero = 0;
	struct span runs[] = {span_of(&zero, 1), data};

	sha256_all(runs, 2, out);
}

void
merkle_node(const uint8_t left[static MERKLE_LEN],
    const uint8_t right[static MERKLE_LEN], uint8_t out[static MERKLE_LEN])
{
	uint8_t both[1 + 2 * MERKLE_LEN];

	both[0] = 1;
	memcpy(both + 1, left, MERKLE_LEN);
	memcpy(both + 1 + MERKLE_LEN, right, MERKLE_LEN);
	sha256(SPAN(both), out);
}

/* --- growing ---------------------------------------------------------------
 */

void
merkle_append_subtree(struct merkle_frontier *f, unsigned level,
    const uint8_t root[static MERKLE_LEN])
{
	uint64_t leaves = UINT64_C(1) << level;
	uint8_t h[MERKLE_LEN];

	assert(f->size <= UINT64_MAX - leaves && f->size % leaves == 0);
	memcpy(h, root, sizeof(h));
	for (; f->size >> level & 1; level++)
		merkle_node(f->node[level], h, h);
	memcpy(f->node[level], h, sizeof(h));
	f->size += leaves;
}

void
merkle_append(
    struct merkle_frontier *f, const uint8_t leaf_hash[static MERKLE_LEN])
{
	merkle_append_subtree(f, 0, leaf_hash);
}

void
merkle_root(const struct merkle_frontier *f, uint8_t root[static MERKLE_LEN])
{
	bool any = false;

	memcpy(root, merkle_empty, MERKLE_LEN);
	for (unsigned l = 0; l < MERKLE_LEVELS; l++) {
		if (!(f->size >> l & 1))
			continue;
		if (any)
			merkle_node(f->node[l], root, root);
		else
			memcpy(root, f->node[l], MERKLE_LEN);
		any = true;
	}
}

/* --- making proofs ---------------------------------------------------------
 */

/* The largest power of two below n, as its exponent; n >= 2. */
static unsigned
split_level(uint64_t n)
{
	return 63U - (unsigned)__builtin_clzll(n - 1);
}

/*
 * MTH(D[start:end]) (RFC 6962, 2.1) of a range that begins where a complete
 * subtree large enough to hold it would: its complete subtrees, joined from
 * the right.
 */
static enum err
range_root(merkle_read *read, void *ctx, uint64_t start, uint64_t end,
    uint8_t root[static MERKLE_LEN])
{
	uint64_t n = end - start;
	bool any = false;

	for (unsigned l = 0; l < MERKLE_LEVELS; l++) {
		uint8_t h[MERKLE_LEN];
		enum err e;

		if (!(n >> l & 1))
			continue;
		end -= (uint64_t)1 << l;
		e = read(ctx, l, end >> l, h);
		if (e != ERR_NONE)
			return e;
		if (any)
			merkle_node(h, root, root);
		else
			memcpy(root, h, MERKLE_LEN);
		any = true;
	}
	return ERR_NONE;
}

enum err
merkle_root_at(merkle_read *read, void *ctx, uint64_t size,
    uint8_t root[static MERKLE_LEN])
{
	memcpy(root, merkle_empty, MERKLE_LEN);
	return range_root(read, ctx, 0, size, root);
}

/* Proofs are found from the root down and told from the leaf up. */
static void
path_reverse(uint8_t path[][MERKLE_LEN], size_t n)
{
	for (size_t i = 0; i + 1 < n - i; i++) {
		uint8_t h[MERKLE_LEN];

		memcpy(h, path[i], MERKLE_LEN);
		memcpy(path[i], path[n - 1 - i], MERKLE_LEN);
		memcpy(path[n - 1 - i], h, MERKLE_LEN);
	}
}

/*
 * "PATH(m, D[n]) = PATH(m, D[0:k]) : MTH(D[k:n]) for m < k; and
 *  PATH(m, D[n]) = PATH(m - k, D[k:n]) : MTH(D[0:k]) for m >= k" (2.1.1)
 */
enum err
merkle_inclusion(merkle_read *read, void *ctx, uint64_t index, uint64_t size,
    uint8_t path[static MERKLE_PATH_MAX][MERKLE_LEN], size_t *n)
{
	uint64_t start = 0, end = size;

	*n = 0;
	if (index >= size)
		return ERR_PROOF;
	while (end - start > 1) {
		uint64_t k = start + ((uint64_t)1 << split_level(end - start));
		enum err e = index < k
				 ? range_root(read, ctx, k, end, path[*n])
				 : range_root(read, ctx, start, k, path[*n]);

		if (e != ERR_NONE)
			return e;
		++*n;
		if (index < k)
			end = k;
		else
			start = k;
	}
	path_reverse(path, *n);
	return ERR_NONE;
}

/*
 * "SUBPROOF(m, D[m], true) = {}, SUBPROOF(m, D[m], false) = {MTH(D[m])},
 *  SUBPROOF(m, D[n], b) = SUBPROOF(m, D[0:k], b) : MTH(D[k:n]) for m <= k,
 *  SUBPROOF(m, D[n], b) = SUBPROOF(m - k, D[k:n], false) : MTH(D[0:k]) for
 *  m > k" (2.1.2)
 */
enum err
merkle_consistency(merkle_read *read, void *ctx, uint64_t from, uint64_t size,
    uint8_t path[static MERKLE_PATH_MAX][MERKLE_LEN], size_t *n)
{
	uint64_t start = 0, end = size;
	enum err e = ERR_NONE;

	*n = 0;
	if (from > size)
		return ERR_PROOF;
	if (from == 0 || from == size)
		return ERR_NONE;
	while (from != end) {
		uint64_t k = start + ((uint64_t)1 << split_level(end - start));
		bool left = from <= k;

		e = left ? range_root(read, ctx, k, end, path[*n])
			 : range_root(read, ctx, start, k, path[*n]);
		if (e != ERR_NONE)
			return e;
		++*n;
		if (left)
			end = k;
		else
			start = k;
	}
	/* start 0: the verifier knows this root, it is the old tree's */
	if (start > 0) {
		e = range_root(read, ctx, start, end, path[*n]);
		++*n;
	}
	path_reverse(path, *n);
	return e;
}

/* --- a batch ---------------------------------------------------------------
 */

void
merkle_batch_init(struct merkle_batch *b, const struct merkle_frontier *base)
{
	memset(b, 0, sizeof(*b));
	if (base != NULL)
		b->base = *base;
	b->size = b->base.size;
}

/* Where level[l] begins: the first subtree not whole in the base tree. */
static uint64_t
level_first(const struct merkle_batch *b, unsigned level)
{
	return b->base.size >> level;
}

void
merkle_batch_append(
    struct merkle_batch *b, const uint8_t leaf_hash[static MERKLE_LEN])
{
	uint8_t h[MERKLE_LEN], left[MERKLE_LEN];
	unsigned level = 0;

	assert(b->size < UINT64_MAX);
	memcpy(h, leaf_hash, sizeof(h));
	for (; b->size >> level & 1; level++) {
		enum err e =
		    merkle_batch_read(b, level, (b->size >> level) - 1, left);

		assert(e == ERR_NONE);
		buf_add(&b->level[level], h, sizeof(h));
		merkle_node(left, h, h);
	}
	buf_add(&b->level[level], h, sizeof(h));
	b->size++;
}

enum err
merkle_batch_read(
    void *ctx, unsigned level, uint64_t index, uint8_t out[static MERKLE_LEN])
{
	const struct merkle_batch *b = ctx;
	uint64_t first = level_first(b, level);

	if (index < first) {
		/* the base tree's right edge is all we know of it */
		if (index + 1 != first || !(first & 1))
			return ERR_NOT_FOUND;
		memcpy(out, b->base.node[level], MERKLE_LEN);
		return ERR_NONE;
	}
	if (index - first >= b->level[level].n / MERKLE_LEN)
		return ERR_NOT_FOUND;
	memcpy(
	    out, b->level[level].p + (index - first) * MERKLE_LEN, MERKLE_LEN);
	return ERR_NONE;
}

void
merkle_batch_fini(struct merkle_batch *b)
{
	for (unsigned l = 0; l < MERKLE_LEVELS; l++)
		buf_free(&b->level[l]);
}

/* --- checking --------------------------------------------------------------
 */

static unsigned
bit_length(uint64_t v)
{
	return v == 0 ? 0 : 64U - (unsigned)__builtin_clzll(v);
}

/*
 * A path has two parts: up to where the leaf's way and the way of the last
 * leaf meet there is a sibling at every level; above, only where the leaf's
 * way is a right child.
 */
static unsigned
inner_length(uint64_t index, uint64_t size)
{
	return bit_length(index ^ (size - 1));
}

static unsigned
border_length(uint64_t index, unsigned inner)
{
	return inner > 63 ? 0 : (unsigned)__builtin_popcountll(index >> inner);
}

size_t
merkle_inclusion_length(uint64_t index, uint64_t size)
{
	unsigned inner;

	if (index >= size)
		return 0;
	inner = inner_length(index, size);
	return inner + border_length(index, inner);
}

/* Join h with siblings on the side that index's bits say. */
static void
climb(uint64_t index, const uint8_t (*path)[MERKLE_LEN], size_t n,
    uint8_t h[static MERKLE_LEN])
{
	for (size_t i = 0; i < n; i++) {
		if (index >> i & 1)
			merkle_node(path[i], h, h);
		else
			merkle_node(h, path[i], h);
	}
}

/* The same where index's bit says the sibling is on the left, else not. */
static void
climb_right(uint64_t index, const uint8_t (*path)[MERKLE_LEN], size_t n,
    uint8_t h[static MERKLE_LEN])
{
	for (size_t i = 0; i < n; i++)
		if (index >> i & 1)
			merkle_node(path[i], h, h);
}

/* Join h with siblings that all stand on the left. */
static void
climb_border(
    const uint8_t (*path)[MERKLE_LEN], size_t n, uint8_t h[static MERKLE_LEN])
{
	for (size_t i = 0; i < n; i++)
		merkle_node(path[i], h, h);
}

enum err
merkle_inclusion_root(uint64_t index, uint64_t size,
    const uint8_t leaf_hash[static MERKLE_LEN],
    const uint8_t (*path)[MERKLE_LEN], size_t n,
    uint8_t root[static MERKLE_LEN])
{
	unsigned inner;

	if (index >= size || n != merkle_inclusion_length(index, size))
		return ERR_PATH;
	inner = inner_length(index, size);
	memmove(root, leaf_hash, MERKLE_LEN);
	if (n == 0) /* a tree of one leaf; path may be NULL */
		return ERR_NONE;
	climb(index, path, inner, root);
	if (n > inner) /* a path of nothing may be NULL */
		climb_border(path + inner, n - inner, root);
	return ERR_NONE;
}

enum err
merkle_inclusion_check(uint64_t index, uint64_t size,
    const uint8_t leaf_hash[static MERKLE_LEN],
    const uint8_t (*path)[MERKLE_LEN], size_t n,
    const uint8_t root[static MERKLE_LEN])
{
	uint8_t got[MERKLE_LEN];
	enum err e =
	    merkle_inclusion_root(index, size, leaf_hash, path, n, got);

	if (e != ERR_NONE)
		return e;
	return memcmp(got, root, MERKLE_LEN) == 0 ? ERR_NONE : ERR_PROOF;
}

/*
 * 0 < from < size. The proof climbs from the last complete subtree of the old
 * tree; that subtree's root comes first, unless it is the whole old tree.
 */
static enum err
consistency_climb(uint64_t from, uint64_t size,
    const uint8_t from_root[static MERKLE_LEN],
    const uint8_t root[static MERKLE_LEN], const uint8_t (*path)[MERKLE_LEN],
    size_t n)
{
	unsigned shift = (unsigned)__builtin_ctzll(from);
	unsigned inner = inner_length(from - 1, size) - shift;
	unsigned border = border_length(from - 1, inner + shift);
	bool whole = from == (uint64_t)1 << shift;
	uint64_t way = (from - 1) >> shift;
	uint8_t old[MERKLE_LEN], new[MERKLE_LEN];

	if (n != inner + border + (whole ? 0 : 1))
		return ERR_PATH;
	memcpy(old, whole ? from_root : *path++, MERKLE_LEN);
	memcpy(new, old, MERKLE_LEN);
	climb_right(way, path, inner, old);
	climb_border(path + inner, border, old);
	if (memcmp(old, from_root, MERKLE_LEN) != 0)
		return ERR_PROOF;
	climb(way, path, inner, new);
	climb_border(path + inner, border, new);
	return memcmp(new, root, MERKLE_LEN) == 0 ? ERR_NONE : ERR_PROOF;
}

enum err
merkle_consistency_check(uint64_t from, uint64_t size,
    const uint8_t from_root[static MERKLE_LEN],
    const uint8_t root[static MERKLE_LEN], const uint8_t (*path)[MERKLE_LEN],
    size_t n)
{
	if (from == 0 || from > size)
		return ERR_PROOF;
	if (from == size && n != 0)
		return ERR_PATH;
	if (from == size)
		return memcmp(from_root, root, MERKLE_LEN) == 0 ? ERR_NONE
								: ERR_FORK;
	return consistency_climb(from, size, from_root, root, path, n);
}

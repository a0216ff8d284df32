#include "lib/envelope.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/merkle.h"
#include "lib/sha256.h"

#define TYPE_MAX 31
#define DEPTH_MAX 10 /* of a tree of ENVELOPE_BATCH_MAX leaves */
#define SIGNED_MAX (16 + 1 + PARTY_MAX + KEY_ID_LEN + 1 + 4 + HASH_LEN)

/* ---- hashing --------------------------------------------------------------
 */

/* leaf = H(0x00 || "renkei/v1/<type>" 0 || H(body)) */
static void
leaf_of(const char *type, struct span body, uint8_t out[static HASH_LEN])
{
	static const char prefix[] = "\0renkei/v1/";
	uint8_t h[HASH_LEN];

	sha256(body, h);
	sha256_all(
	    (struct span[]){
		span_of(prefix, sizeof(prefix) - 1),
		span_of(type, strlen(type) + 1),
		SPAN(h),
	    },
	    3, out);
}

/* Who signs, with what, how many: everything but the root. */
struct batch {
	const char *signer;
	const uint8_t *key_id;
	enum sign_algorithm algorithm;
	uint32_t size;
};

static struct span
signed_bytes(const struct batch *b, const uint8_t root[static HASH_LEN],
    uint8_t out[static SIGNED_MAX])
{
	static const char prefix[16] = "renkei/v1/batch";
	size_t n = strlen(b->signer);
	uint8_t *p = out;

	assert(n <= PARTY_MAX);
	p = mempcpy(p, prefix, sizeof(prefix));
	*p++ = (uint8_t)n;
	p = mempcpy(p, b->signer, n);
	p = mempcpy(p, b->key_id, KEY_ID_LEN);
	*p++ = (uint8_t)b->algorithm;
	for (int shift = 24; shift >= 0; shift -= 8)
		*p++ = (uint8_t)(b->size >> shift);
	p = mempcpy(p, root, HASH_LEN);
	return span_of(out, (size_t)(p - out));
}

/* ---- signing --------------------------------------------------------------
 */

/*
 * The whole tree, level by level, each level's nodes one after another; an
 * odd last node goes up as it is, which is the shape of RFC 6962.
 */
struct tree {
	uint8_t (*node)[HASH_LEN];
	size_t start[DEPTH_MAX + 2], count[DEPTH_MAX + 2];
	unsigned depth;
};

static void
tree_build(struct tree *t, const struct envelope_item *items, size_t n)
{
	size_t at = n;

	/* n + n/2 + n/4 ..., and one more a level for the odd ones */
	t->node = xcalloc(2 * n + DEPTH_MAX + 1, HASH_LEN);
	t->start[0] = 0;
	t->count[0] = n;
	t->depth = 0;
	for (size_t i = 0; i < n; i++)
		leaf_of(items[i].type, items[i].body, t->node[i]);
	while (t->count[t->depth] > 1) {
		uint8_t(*below)[HASH_LEN] = t->node + t->start[t->depth];
		size_t m = t->count[t->depth];

		t->depth++;
		t->start[t->depth] = at;
		t->count[t->depth] = (m + 1) / 2;
		for (size_t i = 0; i + 1 < m; i += 2)
			merkle_node(below[i], below[i + 1], t->node[at++]);
		if (m % 2 == 1)
			memcpy(t->node[at++], below[m - 1], HASH_LEN);
	}
}

static size_t
tree_path(const struct tree *t, size_t index,
    uint8_t path[static DEPTH_MAX][HASH_LEN])
{
	size_t n = 0;

	for (unsigned level = 0; level < t->depth; level++, index /= 2) {
		size_t sibling = index ^ 1;

		if (sibling < t->count[level])
			memcpy(path[n++], t->node[t->start[level] + sibling],
			    HASH_LEN);
	}
	return n;
}

enum err
envelope_sign(const struct signkey *k, const char *signer,
    const struct envelope_item *items, size_t n, struct buf *out)
{
	const struct verifykey *pub = signkey_public(k);
	struct batch b = {
	    .signer = signer,
	    .key_id = verifykey_id(pub),
	    .algorithm = verifykey_algorithm(pub),
	    .size = (uint32_t)n,
	};
	uint8_t message[SIGNED_MAX], signature[SIGNATURE_LEN];
	uint8_t path[DEPTH_MAX][HASH_LEN];
	struct envelope e = {0};
	struct tree t;
	enum err err;

	assert(n >= 1 && n <= ENVELOPE_BATCH_MAX);
	assert(strlen(signer) <= PARTY_MAX);
	tree_build(&t, items, n);
	err = signkey_sign(
	    k, signed_bytes(&b, t.node[t.start[t.depth]], message), signature);
	if (err != ERR_NONE)
		goto done;
	strcpy(e.signer, signer);
	memcpy(e.key_id, b.key_id, KEY_ID_LEN);
	e.algorithm = b.algorithm;
	e.size = b.size;
	e.path = path;
	e.signature = SPAN(signature);
	for (size_t i = 0; i < n; i++) {
		assert(strlen(items[i].type) <= TYPE_MAX);
		strcpy(e.type, items[i].type);
		e.body = items[i].body;
		e.index = (uint32_t)i;
		e.n_path = tree_path(&t, i, path);
		envelope_encode(&e, &out[i]);
	}
done:
	free(t.node);
	return err;
}

/* ---- roots that verified --------------------------------------------------
 */

/* What was seen of one signer: a ring of digests of signed bytes. */
struct signer {
	char code[PARTY_MAX + 1];
	unsigned n, next;
	uint8_t seen[ENVELOPE_ROOTS][HASH_LEN];
};

struct envelope_cache {
	struct signer **slot; /* open addressing, at most half full */
	size_t slots, used;
};

struct envelope_cache *
envelope_cache_new(void)
{
	struct envelope_cache *c = xcalloc(1, sizeof(*c));

	c->slots = 64;
	c->slot = xcalloc(c->slots, sizeof(*c->slot));
	return c;
}

void
envelope_cache_free(struct envelope_cache *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->slots; i++)
		free(c->slot[i]);
	free(c->slot);
	free(c);
}

/* FNV-1a; signers are parties of the directory, nobody picks them to clash. */
static size_t
hash_code(const char *code)
{
	uint64_t h = 0xcbf29ce484222325;

	for (; *code != '\0'; code++)
		h = (h ^ (uint8_t)*code) * 0x100000001b3;
	return (size_t)(h ^ h >> 32);
}

static struct signer **
slot_find(const struct envelope_cache *c, const char *code)
{
	size_t i = hash_code(code) & (c->slots - 1);

	while (c->slot[i] != NULL && strcmp(c->slot[i]->code, code) != 0)
		i = (i + 1) & (c->slots - 1);
	return &c->slot[i];
}

static void
cache_grow(struct envelope_cache *c)
{
	struct envelope_cache old = *c;

	c->slots *= 2;
	c->slot = xcalloc(c->slots, sizeof(*c->slot));
	for (size_t i = 0; i < old.slots; i++)
		if (old.slot[i] != NULL)
			*slot_find(c, old.slot[i]->code) = old.slot[i];
	free(old.slot);
}

static bool
cache_has(const struct envelope_cache *c, const char *code,
    const uint8_t digest[static HASH_LEN])
{
	const struct signer *s = *slot_find(c, code);

	for (unsigned i = 0; s != NULL && i < s->n; i++)
		if (memcmp(s->seen[i], digest, HASH_LEN) == 0)
			return true;
	return false;
}

static void
cache_put(struct envelope_cache *c, const char *code,
    const uint8_t digest[static HASH_LEN])
{
	struct signer **slot = slot_find(c, code), *s = *slot;

	if (s == NULL) {
		if (2 * (c->used + 1) > c->slots) {
			cache_grow(c);
			slot = slot_find(c, code);
		}
		s = *slot = xcalloc(1, sizeof(*s));
		strcpy(s->code, code);
		c->used++;
	}
	memcpy(s->seen[s->next], digest, HASH_LEN);
	s->next = (s->next + 1) % ENVELOPE_ROOTS;
	if (s->n < ENVELOPE_ROOTS)
		s->n++;
}

void
envelope_cache_drop(struct envelope_cache *c, const char *signer)
{
	for (size_t i = 0; i < c->slots; i++) {
		struct signer *s = c->slot[i];

		if (s != NULL &&
		    (signer == NULL || strcmp(s->code, signer) == 0))
			s->n = s->next = 0;
	}
}

/* ---- checking -------------------------------------------------------------
 */

unsigned
envelope_path_length(uint32_t index, uint32_t size)
{
	return (unsigned)merkle_inclusion_length(index, size);
}

/* Everything that can be refused without a hash. */
static enum err
shape_check(
    const struct envelope *e, const char *type, const struct verifykey *key)
{
	if (strcmp(e->type, type) != 0)
		return ERR_MALFORMED;
	if (e->algorithm != (uint32_t)verifykey_algorithm(key) ||
	    memcmp(e->key_id, verifykey_id(key), KEY_ID_LEN) != 0)
		return ERR_KEY;
	if (e->size < 1 || e->size > ENVELOPE_BATCH_MAX ||
	    e->index >= e->size ||
	    e->n_path != envelope_path_length(e->index, e->size))
		return ERR_PATH;
	if (e->signature.n != SIGNATURE_LEN)
		return ERR_SIGNATURE;
	return ERR_NONE;
}

enum err
envelope_check(const struct envelope *e, const char *type,
    const struct verifykey *key, struct envelope_cache *cache)
{
	struct batch b = {
	    e->signer, e->key_id, verifykey_algorithm(key), e->size};
	uint8_t leaf[HASH_LEN], root[HASH_LEN], digest[HASH_LEN];
	uint8_t bytes[SIGNED_MAX];
	struct span message;
	enum err err = shape_check(e, type, key);

	if (err != ERR_NONE)
		return err;
	leaf_of(type, e->body, leaf);
	err = merkle_inclusion_root(e->index, e->size, leaf,
	    (const uint8_t(*)[HASH_LEN])e->path, e->n_path, root);
	if (err != ERR_NONE)
		return err;
	message = signed_bytes(&b, root, bytes);
	if (cache != NULL) {
		/*
		 * The signature is part of the key: whoever relays or stores
		 * this envelope must have seen that very signature verify.
		 */
		sha256_all((struct span[]){message, e->signature}, 2, digest);
		if (cache_has(cache, e->signer, digest))
			return ERR_NONE;
	}
	err = verifykey_check(key, message, e->signature);
	if (err == ERR_NONE && cache != NULL)
		cache_put(cache, e->signer, digest);
	return err;
}

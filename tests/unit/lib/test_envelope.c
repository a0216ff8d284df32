/* lib/envelope.h: one signature for many messages. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/envelope.h"
#include "lib/merkle.h"
#include "lib/sha256.h"
#include "tests/unit/suite.h"

/* A batch: bodies "body 0", "body 1", ..., signed as inquiries. */
struct batch {
	struct signkey *key;
	size_t n;
	struct buf *bytes;
	struct arena arena;
	struct envelope *e;
};

static void
batch_make(struct batch *b, enum sign_algorithm a, size_t n)
{
	struct envelope_item *items = xcalloc(n, sizeof(*items));
	char(*text)[32] = xcalloc(n, sizeof(*text));

	*b = (struct batch){.n = n};
	b->bytes = xcalloc(n, sizeof(*b->bytes));
	b->e = xcalloc(n, sizeof(*b->e));
	SUITE_ERR(signkey_generate(a, &b->key), ERR_NONE);
	for (size_t i = 0; i < n; i++) {
		snprintf(text[i], sizeof(text[i]), "body %zu", i);
		items[i].type = "inquiry";
		items[i].body = span_str(text[i]);
	}
	SUITE_ERR(
	    envelope_sign(b->key, "nenkin", items, n, b->bytes), ERR_NONE);
	for (size_t i = 0; i < n; i++)
		SUITE_ERR(envelope_decode(
			      buf_span(&b->bytes[i]), &b->arena, &b->e[i]),
		    ERR_NONE);
	free(items);
	free(text);
}

static void
batch_free(struct batch *b)
{
	for (size_t i = 0; i < b->n; i++)
		buf_free(&b->bytes[i]);
	free(b->bytes);
	free(b->e);
	signkey_free(b->key);
	arena_wipe_free(&b->arena);
}

static enum err
check(const struct batch *b, const struct envelope *e, struct envelope_cache *c)
{
	return envelope_check(e, "inquiry", signkey_public(b->key), c);
}

static void
every_size(void)
{
	static const size_t sizes[] = {
	    1, 2, 3, 4, 5, 7, 8, 9, 64, 65, 100, 1023, 1024};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct envelope_cache *c = envelope_cache_new();
		struct batch b;

		batch_make(&b, SIGN_ED25519, sizes[i]);
		for (size_t j = 0; j < b.n; j++) {
			char want[32];

			snprintf(want, sizeof(want), "body %zu", j);
			CU_ASSERT(span_equal(b.e[j].body, span_str(want)));
			SUITE_ERR(check(&b, &b.e[j], c), ERR_NONE);
		}
		batch_free(&b);
		envelope_cache_free(c);
	}
}

static void
es256(void)
{
	struct batch b;

	batch_make(&b, SIGN_ES256, 3);
	for (size_t j = 0; j < b.n; j++)
		SUITE_ERR(check(&b, &b.e[j], NULL), ERR_NONE);
	batch_free(&b);
}

/* The byte form, computed here by hand from its definition. */
static void
byte_form(void)
{
	static const uint8_t leaf_prefix[] = "\0renkei/v1/inquiry";
	uint8_t h[HASH_LEN], leaf[2][HASH_LEN], root[HASH_LEN];
	struct buf message = {0};
	struct batch b;

	batch_make(&b, SIGN_ED25519, 2);
	for (int i = 0; i < 2; i++) {
		sha256(b.e[i].body, h);
		sha256_all(
		    (struct span[]){SPAN(leaf_prefix), SPAN(h)}, 2, leaf[i]);
	}
	sha256_all(
	    (struct span[]){span_of("\1", 1), SPAN(leaf[0]), SPAN(leaf[1])}, 3,
	    root);
	buf_add(&message, "renkei/v1/batch", 16);
	buf_add_lp(&message, "nenkin");
	buf_add(&message, verifykey_id(signkey_public(b.key)), KEY_ID_LEN);
	buf_add_u8(&message, 1);
	buf_add_u32(&message, 2);
	buf_add(&message, root, HASH_LEN);
	SUITE_ERR(verifykey_check(signkey_public(b.key), buf_span(&message),
		      b.e[0].signature),
	    ERR_NONE);
	SUITE_BYTES(b.e[0].path[0], leaf[1], HASH_LEN);
	SUITE_BYTES(b.e[1].path[0], leaf[0], HASH_LEN);
	buf_free(&message);
	batch_free(&b);
}

static void
changed_content(void)
{
	struct envelope_cache *c = envelope_cache_new();
	struct envelope e;
	struct batch b;

	batch_make(&b, SIGN_ED25519, 5);
	SUITE_ERR(check(&b, &b.e[0], c), ERR_NONE); /* the root is known */
	e = b.e[2];
	e.body = span_str("body 3");
	SUITE_ERR(check(&b, &e, c), ERR_SIGNATURE);
	e = b.e[2];
	e.index = 3;
	SUITE_ERR(check(&b, &e, c), ERR_SIGNATURE);
	e = b.e[2];
	e.path = b.e[3].path;
	SUITE_ERR(check(&b, &e, c), ERR_SIGNATURE);
	e = b.e[2];
	strcpy(e.signer, "141003");
	SUITE_ERR(check(&b, &e, c), ERR_SIGNATURE);
	batch_free(&b);
	envelope_cache_free(c);
}

static void
other_type(void)
{
	struct envelope e;
	struct batch b;

	batch_make(&b, SIGN_ED25519, 1);
	SUITE_ERR(
	    envelope_check(&b.e[0], "receipt", signkey_public(b.key), NULL),
	    ERR_MALFORMED);
	/* and one that claims to be what is wanted */
	e = b.e[0];
	strcpy(e.type, "receipt");
	SUITE_ERR(envelope_check(&e, "receipt", signkey_public(b.key), NULL),
	    ERR_SIGNATURE);
	batch_free(&b);
}

static void
other_key(void)
{
	struct envelope e;
	struct batch a, b;

	batch_make(&a, SIGN_ED25519, 1);
	batch_make(&b, SIGN_ED25519, 1);
	SUITE_ERR(check(&b, &a.e[0], NULL), ERR_KEY);
	e = a.e[0];
	memcpy(e.key_id, b.e[0].key_id, KEY_ID_LEN);
	SUITE_ERR(check(&b, &e, NULL), ERR_SIGNATURE);
	e = a.e[0];
	e.algorithm = SIGN_ES256;
	SUITE_ERR(check(&a, &e, NULL), ERR_KEY);
	batch_free(&a);
	batch_free(&b);
}

static void
wrong_shape(void)
{
	struct envelope e;
	struct batch b;

	batch_make(&b, SIGN_ED25519, 6);
	e = b.e[5];
	e.n_path--;
	SUITE_ERR(check(&b, &e, NULL), ERR_PATH);
	e = b.e[5];
	e.path = b.e[0].path; /* leaf 0 has one hash more */
	e.n_path = b.e[0].n_path;
	SUITE_ERR(check(&b, &e, NULL), ERR_PATH);
	e = b.e[5];
	e.index = 6;
	SUITE_ERR(check(&b, &e, NULL), ERR_PATH);
	e = b.e[0];
	e.size = 0;
	SUITE_ERR(check(&b, &e, NULL), ERR_PATH);
	e = b.e[0];
	e.size = ENVELOPE_BATCH_MAX + 1;
	SUITE_ERR(check(&b, &e, NULL), ERR_PATH);
	e = b.e[0];
	e.signature.n = 63;
	SUITE_ERR(check(&b, &e, NULL), ERR_SIGNATURE);
	batch_free(&b);
}

/* An inner node's hash as a leaf: the two have different first bytes. */
static void
node_as_leaf(void)
{
	struct envelope e;
	struct batch b;

	batch_make(&b, SIGN_ED25519, 4);
	e = b.e[0];
	e.size = 2;
	e.n_path = 1;
	e.path = &b.e[0].path[1];
	SUITE_ERR(check(&b, &e, NULL), ERR_SIGNATURE);
	batch_free(&b);
}

/*
 * The cache is asked with the signature too: an envelope that borrows a known
 * root under bytes that are no signature would be relayed as evidence.
 */
static void
cache_knows_signatures(void)
{
	static const uint8_t zero[SIGNATURE_LEN];
	struct envelope_cache *c = envelope_cache_new();
	struct envelope e;
	struct batch b;

	batch_make(&b, SIGN_ED25519, 2);
	SUITE_ERR(check(&b, &b.e[0], c), ERR_NONE);
	e = b.e[1];
	e.signature = SPAN(zero);
	SUITE_ERR(check(&b, &e, c), ERR_SIGNATURE);
	SUITE_ERR(check(&b, &b.e[1], c), ERR_NONE);
	batch_free(&b);
	envelope_cache_free(c);
}

/* What was known is not known under another key, nor for ever. */
static void
cache_bounds(void)
{
	struct envelope_cache *c = envelope_cache_new();
	struct batch first, b;

	batch_make(&first, SIGN_ED25519, 1);
	SUITE_ERR(check(&first, &first.e[0], c), ERR_NONE);
	for (int i = 0; i < ENVELOPE_ROOTS + 3; i++) {
		batch_make(&b, SIGN_ED25519, 1);
		SUITE_ERR(check(&b, &b.e[0], c), ERR_NONE);
		SUITE_ERR(check(&b, &b.e[0], c), ERR_NONE);
		SUITE_ERR(check(&first, &b.e[0], c), ERR_KEY);
		batch_free(&b);
	}
	SUITE_ERR(check(&first, &first.e[0], c), ERR_NONE);
	envelope_cache_drop(c, "nenkin");
	SUITE_ERR(check(&first, &first.e[0], c), ERR_NONE);
	envelope_cache_drop(c, NULL);
	envelope_cache_drop(c, "nobody");
	batch_free(&first);
	envelope_cache_free(c);
}

/* Many signers: the table grows and keeps them apart. */
static void
cache_grows(void)
{
	struct envelope_cache *c = envelope_cache_new();
	struct signkey *k = NULL;
	struct arena a = {0};
	struct envelope e;
	struct buf bytes = {0};
	struct envelope_item item = {"inquiry", span_str("x")};
	char signer[32];

	SUITE_ERR(signkey_generate(SIGN_ED25519, &k), ERR_NONE);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 300; i++) {
			snprintf(signer, sizeof(signer), "party-%d", i);
			buf_reset(&bytes);
			SUITE_ERR(envelope_sign(k, signer, &item, 1, &bytes),
			    ERR_NONE);
			arena_reset(&a);
			SUITE_ERR(envelope_decode(buf_span(&bytes), &a, &e),
			    ERR_NONE);
			SUITE_ERR(
			    envelope_check(&e, "inquiry", signkey_public(k), c),
			    ERR_NONE);
		}
	}
	signkey_free(k);
	buf_free(&bytes);
	arena_wipe_free(&a);
	envelope_cache_free(c);
}

static const struct suite_case cases[] = {
    {"verifies every message of batches of 1 to 1,024", every_size},
    {"signs with ES256 as well", es256},
    {"signs exactly the bytes the protocol says", byte_form},
    {"refuses another body, index, path and signer", changed_content},
    {"refuses a message as one of another type", other_type},
    {"refuses another key and another algorithm", other_key},
    {"refuses a size, index and path that do not fit", wrong_shape},
    {"refuses an inner node in a leaf's place", node_as_leaf},
    {"asks its cache with the signature too", cache_knows_signatures},
    {"forgets roots in order and on demand", cache_bounds},
    {"keeps many signers apart", cache_grows},
};
SUITE("envelope", cases)

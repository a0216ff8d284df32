#include "lib/entry.h"
#include "lib/sha256.h"
#include "tests/unit/suite.h"

#include <sodium.h>
#include <string.h>

static const uint8_t salt[ENTRY_SALT_LEN] = {7, 7, 7};

static void
leaf_as_written_down(void)
{
	uint8_t all[64], leaf[ENTRY_LEAF_LEN], want[32], node[34], hash[32];

	memcpy(all, "renkei-entry\x03", 13);
	memcpy(all + 13, salt, 32);
	memcpy(all + 45, "body", 4);
	crypto_hash_sha256(want, all, 49);
	entry_leaf(3, salt, span_str("body"), leaf);
	CU_ASSERT_EQUAL(leaf[0], 1);
	SUITE_BYTES(leaf + 1, want, 32);
	node[0] = 0;
	memcpy(node + 1, leaf, 33);
	crypto_hash_sha256(want, node, 34);
	entry_leaf_hash(leaf, hash);
	SUITE_BYTES(hash, want, 32);
}

static void
leaf_binds_everything(void)
{
	uint8_t a[ENTRY_LEAF_LEN], b[ENTRY_LEAF_LEN], other[32];

	entry_leaf(1, salt, span_str("body"), a);
	entry_leaf(2, salt, span_str("body"), b);
	CU_ASSERT_NOT_EQUAL(memcmp(a, b, sizeof(a)), 0);
	memcpy(other, salt, 32);
	other[31] = 1;
	entry_leaf(1, other, span_str("body"), b);
	CU_ASSERT_NOT_EQUAL(memcmp(a, b, sizeof(a)), 0);
	entry_leaf(1, salt, span_str("bodz"), b);
	CU_ASSERT_NOT_EQUAL(memcmp(a, b, sizeof(a)), 0);
}

static void
endorsement(void)
{
	uint8_t key[32] = {1}, leaf[ENTRY_LEAF_LEN] = {1}, code[32] = {2},
		id[16] = {3}, tag[32], all[99], want[32];

	entry_endorse(key, leaf, code, id, tag);
	memcpy(all, "renkei/v1/endorse", 18);
	memcpy(all + 18, leaf, 33);
	memcpy(all + 51, code, 32);
	memcpy(all + 83, id, 16);
	crypto_auth_hmacsha256(want, all, sizeof(all), key);
	SUITE_BYTES(tag, want, 32);
	CU_ASSERT_TRUE(entry_endorse_check(key, leaf, code, id, tag));
	uint8_t *parts[] = {key, leaf + 32, code + 5, id + 15, tag + 31};
	for (size_t i = 0; i < 5; i++) {
		*parts[i] ^= 1;
		CU_ASSERT_FALSE(entry_endorse_check(key, leaf, code, id, tag));
		*parts[i] ^= 1;
	}
}

static void
types(void)
{
	CU_ASSERT_STRING_EQUAL(entry_type_code(ENTRY_PERMIT), "permit");
	CU_ASSERT_STRING_EQUAL(
	    entry_type_code(ENTRY_UNCOLLECTED), "uncollected");
	CU_ASSERT_STRING_EQUAL(entry_type_code(0), "unknown");
	CU_ASSERT_STRING_EQUAL(entry_type_code(14), "unknown");
	CU_ASSERT_STRING_EQUAL(entry_type_code(4000000000), "unknown");
	for (unsigned t = 1; t <= ENTRY_TYPES; t++)
		CU_ASSERT_EQUAL(entry_type_find(entry_type_code(t)), t);
	CU_ASSERT_EQUAL(entry_type_find("unknown"), 0);
}

/* FIPS 180-4's "abc", RFC 4231's second case with its key filled up. */
static void
hashes(void)
{
	static const char abc[] =
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	uint8_t got[32], want[32], key[32] = "Jefe";
	struct span parts[] = {span_str("a"), span_of(NULL, 0), span_str("bc")};
	struct span message[] = {
	    span_str("what do ya want "), span_str("for nothing?")};

	sodium_hex2bin(want, 32, abc, 64, NULL, NULL, NULL);
	sha256(span_str("abc"), got);
	SUITE_BYTES(got, want, 32);
	sha256_all(parts, 3, got);
	SUITE_BYTES(got, want, 32);
	hmac_sha256(key, message, 2, got);
	crypto_auth_hmacsha256(
	    want, (const uint8_t *)"what do ya want for nothing?", 28, key);
	SUITE_BYTES(got, want, 32);
}

static const struct suite_case cases[] = {
    {"makes the leaf the protocol writes down", leaf_as_written_down},
    {"binds type, salt and body", leaf_binds_everything},
    {"endorses leaf, record code and id, and nothing else", endorsement},
    {"knows its types by number and code", types},
    {"hashes in one run or several", hashes},
};
SUITE("entry", cases)

#include "lib/entry.h"

#include "lib/merkle.h"
#include "lib/sha256.h"

#include <sodium.h>
#include <string.h>

static const struct {
	const char *code, *ja;
} types[] = {
#define ENTRY_ROW(name, number, code, ja) [number] = {code, ja},
    ENTRY_TABLE(ENTRY_ROW)
#undef ENTRY_ROW
};

static bool
known(unsigned type)
{
	return type < sizeof(types) / sizeof(types[0]) &&
	       types[type].code != NULL;
}

const char *
entry_type_code(unsigned type)
{
	return known(type) ? types[type].code : "unknown";
}

const char *
entry_type_ja(unsigned type)
{
	return known(type) ? types[type].ja : "不明";
}

unsigned
entry_type_find(const char *code)
{
	for (unsigned i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (known(i) && strcmp(types[i].code, code) == 0)
			return i;
	return 0;
}

void
entry_leaf(unsigned type, const uint8_t salt[static ENTRY_SALT_LEN],
    struct span body, uint8_t leaf[static ENTRY_LEAF_LEN])
{
	static const char label[] = "renkei-entry";
	uint8_t number = (uint8_t)type;
	struct span runs[] = {span_of(label, sizeof(label) - 1),
	    span_of(&number, 1), span_of(salt, ENTRY_SALT_LEN), body};

	leaf[0] = ENTRY_LEAF_VERSION;
	sha256_all(runs, 4, leaf + 1);
}

void
entry_leaf_hash(
    const uint8_t leaf[static ENTRY_LEAF_LEN], uint8_t hash[static 32])
{
	merkle_leaf(span_of(leaf, ENTRY_LEAF_LEN), hash);
}

void
entry_endorse(const uint8_t key[static 32],
    const uint8_t leaf[static ENTRY_LEAF_LEN],
    const uint8_t record_code_hash[static 32], const uint8_t id[static 16],
    uint8_t endorsement[static ENTRY_ENDORSEMENT_LEN])
{
	/* the label is signed with its NUL */
	static const char label[] = "renkei/v1/endorse";
	struct span runs[] = {span_of(label, sizeof(label)),
	    span_of(leaf, ENTRY_LEAF_LEN), span_of(record_code_hash, 32),
	    span_of(id, 16)};

	hmac_sha256(key, runs, 4, endorsement);
}

bool
entry_endorse_check(const uint8_t key[static 32],
    const uint8_t leaf[static ENTRY_LEAF_LEN],
    const uint8_t record_code_hash[static 32], const uint8_t id[static 16],
    const uint8_t endorsement[static ENTRY_ENDORSEMENT_LEN])
{
	uint8_t want[ENTRY_ENDORSEMENT_LEN];

	entry_endorse(key, leaf, record_code_hash, id, want);
	return sodium_memcmp(want, endorsement, sizeof(want)) == 0;
}

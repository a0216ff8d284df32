/* One entry of the log: its type, its salted leaf and its endorsement. */
#ifndef LIB_ENTRY_H
#define LIB_ENTRY_H

#include "lib/bytes.h"

/*
 * What an entry can be. The numbers are in the log and never change.
 * X(name, number, stable code, Japanese)
 */
#define ENTRY_TABLE(X)                                       \
	X(ENTRY_PERMIT, 1, "permit", "許可")                 \
	X(ENTRY_REFUSAL, 2, "refusal", "不許可")             \
	X(ENTRY_OUTCOME, 3, "outcome", "提供の結果")         \
	X(ENTRY_LAPSE, 4, "lapse", "失効")                   \
	X(ENTRY_ISSUE, 5, "issue", "符号の発行")             \
	X(ENTRY_DIRECTORY, 6, "directory", "機関名簿の変更") \
	X(ENTRY_POLICY, 7, "policy", "法令表の変更")         \
	X(ENTRY_DISCLOSURE, 8, "disclosure", "開示")         \
	X(ENTRY_READ, 9, "read", "監査の閲覧")               \
	X(ENTRY_CORRECTION, 10, "correction", "訂正")        \
	X(ENTRY_OPERATOR, 11, "operator", "運用者の操作")    \
	X(ENTRY_CLOSE, 12, "close", "年度の締め")            \
	X(ENTRY_UNCOLLECTED, 13, "uncollected", "受領されない回答")

enum entry_type {
#define ENTRY_ENUM(name, number, code, ja) name = number,
	ENTRY_TABLE(ENTRY_ENUM)
#undef ENTRY_ENUM
	    ENTRY_TYPES = 13
};

#define ENTRY_LEAF_LEN 33 /* version || hash: what entry bundles carry */
#define ENTRY_LEAF_VERSION 1
#define ENTRY_SALT_LEN 32
#define ENTRY_ENDORSEMENT_LEN 32

/* The stable code and the Japanese word; "unknown" outside the table. */
const char *entry_type_code(unsigned type);
const char *entry_type_ja(unsigned type);
/* The type that bears this code, or 0. */
unsigned entry_type_find(const char *code);

/*
 * The salted commitment that goes into the log:
 * 0x01 || SHA-256("renkei-entry" || u8 type || salt || body).
 * Without the salt a leaf says nothing about its body.
 */
void entry_leaf(unsigned type, const uint8_t salt[static ENTRY_SALT_LEN],
    struct span body, uint8_t leaf[static ENTRY_LEAF_LEN]);
/*
 * The leaf's node in the tree, SHA-256(0x00 || leaf) (RFC 6962, 2.1); this
 * is what messages call permit_leaf.
 */
void entry_leaf_hash(
    const uint8_t leaf[static ENTRY_LEAF_LEN], uint8_t hash[static 32]);

/*
 * A vault worker's word that it made this entry, under K_endorse:
 * HMAC-SHA-256("renkei/v1/endorse\0" || leaf || record_code_hash || id).
 * record_code_hash is 32 zeros where the entry has no record code.
 */
void entry_endorse(const uint8_t key[static 32],
    const uint8_t leaf[static ENTRY_LEAF_LEN],
    const uint8_t record_code_hash[static 32], const uint8_t id[static 16],
    uint8_t endorsement[static ENTRY_ENDORSEMENT_LEN]);
/* Whether `endorsement` is that word; compared in constant time. */
bool entry_endorse_check(const uint8_t key[static 32],
    const uint8_t leaf[static ENTRY_LEAF_LEN],
    const uint8_t record_code_hash[static 32], const uint8_t id[static 16],
    const uint8_t endorsement[static ENTRY_ENDORSEMENT_LEN]);

#endif

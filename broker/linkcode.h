/* Link codes (符号, 情報提供用個人識別符号), suite 1: made, opened, told apart.
 */
#ifndef BROKER_LINKCODE_H
#define BROKER_LINKCODE_H

#include "lib/bytes.h"
#include "lib/err.h"
#include "lib/seal.h"

#include <stdint.h>

#define LINKCODE_EPOCH 1 /* of the keys in use; every code names its own */
#define LINKCODE_HANDLE_LEN 16
#define LINKCODE_TAG_LEN 32
/* an alias row's value: a handle under AES-256-SIV */
#define LINKCODE_ALIAS_LEN (16 + LINKCODE_HANDLE_LEN)

/*
 * The vault's secrets: separate random keys, in locked memory. Only a worker
 * holds them; they never leave it.
 */
struct linkcode_keys;

/*
 * Read `name = hex` lines k_person (32 bytes), k_code (64), k_holder (32),
 * k_endorse (32), k_alias (32); each exactly once and no other, no two alike.
 * ERR_FILE, ERR_LINE, ERR_MEMORY; *out stays NULL then.
 */
enum err linkcode_keys_open(const char *path, struct linkcode_keys **out);
/* The same from the file's bytes, which the caller wipes. */
enum err linkcode_keys_parse(struct span text, struct linkcode_keys **out);
void linkcode_keys_free(struct linkcode_keys *k);
/* The endorsement key (32 bytes), borrowed. */
const uint8_t *linkcode_endorse_key(const struct linkcode_keys *k);

/*
 * The handle of a person at the first issue of a code for them: a keyed hash
 * of the resident code, from which nobody without K_person restores anything
 * (Order Art. 27(5)).
 */
void linkcode_handle(const struct linkcode_keys *k,
    const char resident[static RESIDENT_LEN],
    uint8_t handle[static LINKCODE_HANDLE_LEN]);
/*
 * The code of that person at `agency` under `epoch`. The same person has
 * another code at every agency, and one only at each (Order Art. 27(5)).
 */
void linkcode_make(struct linkcode_keys *k, const char *agency, uint32_t epoch,
    const uint8_t handle[static LINKCODE_HANDLE_LEN],
    uint8_t code[static CODE_LEN]);
/*
 * The way back. ERR_CODE for a code that is guessed, another agency's or of
 * another epoch; handle is zeroed then.
 */
enum err linkcode_open(struct linkcode_keys *k, const char *agency,
    uint32_t epoch, const uint8_t code[static CODE_LEN],
    uint8_t handle[static LINKCODE_HANDLE_LEN]);

/* "This agency holds a code for this person", as a keyed hash. */
void linkcode_holder(const struct linkcode_keys *k, const char *agency,
    const uint8_t handle[static LINKCODE_HANDLE_LEN],
    uint8_t tag[static LINKCODE_TAG_LEN]);

/*
 * After a change of resident code: under the key of the new code lies the
 * sealed handle of the old one, so that the person keeps their codes.
 */
void linkcode_alias_key(const struct linkcode_keys *k,
    const char resident[static RESIDENT_LEN],
    uint8_t key[static LINKCODE_TAG_LEN]);
void linkcode_alias_seal(struct linkcode_keys *k,
    const uint8_t key[static LINKCODE_TAG_LEN],
    const uint8_t handle[static LINKCODE_HANDLE_LEN],
    uint8_t value[static LINKCODE_ALIAS_LEN]);
/* ERR_SEAL for a value that was not sealed here under this key. */
enum err linkcode_alias_open(struct linkcode_keys *k,
    const uint8_t key[static LINKCODE_TAG_LEN], struct span value,
    uint8_t handle[static LINKCODE_HANDLE_LEN]);

#endif

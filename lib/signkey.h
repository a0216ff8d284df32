/* Keys that sign and keys that verify: Ed25519 (RFC 8032) and ES256. */
#ifndef LIB_SIGNKEY_H
#define LIB_SIGNKEY_H

#include "lib/bytes.h"
#include "lib/err.h"

/* The number is in every envelope and never changes meaning. */
enum sign_algorithm {
	SIGN_ED25519 = 1, /* raw key 32 bytes */
	SIGN_ES256 = 2, /* P-256 with SHA-256, raw key 65 bytes, uncompressed */
};

#define KEY_ID_LEN 16
#define SIGNATURE_LEN 64 /* both: R||S, r||s */
#define VERIFYKEY_RAW_MAX 65

struct signkey;
struct verifykey;

/*
 * Key id (16 bytes) = the first half of SHA-256 of the raw public key; the
 * same for signing, HPKE and sealing keys.
 */
void key_id_of(struct span raw, uint8_t id[static KEY_ID_LEN]);

/*
 * A private key from an unencrypted PKCS#8 PEM file of Ed25519 or P-256.
 * ERR_FILE: cannot be read; ERR_KEY: holds no such key. The caller frees *out,
 * which is NULL on failure. Secret bytes are kept in wiped memory.
 */
enum err signkey_open(const char *path, struct signkey **out);
enum err signkey_generate(enum sign_algorithm a, struct signkey **out);
/* Write as PKCS#8 PEM with mode 0600; an older file is replaced whole. */
enum err signkey_write(const struct signkey *k, const char *path);
void signkey_free(struct signkey *k);

/*
 * Sign the message. ES256 draws its nonce from OpenSSL's generator. Safe from
 * many threads at once. ERR_INTERNAL only where the library fails.
 */
enum err signkey_sign(const struct signkey *k, struct span message,
    uint8_t signature[static SIGNATURE_LEN]);
/* The matching public key, borrowed. */
const struct verifykey *signkey_public(const struct signkey *k);

/*
 * A public key from its raw bytes. ERR_KEY: wrong length, a point that is not
 * on the curve, an Ed25519 point of small order. The caller frees *out.
 */
enum err verifykey_parse(
    enum sign_algorithm a, struct span raw, struct verifykey **out);
void verifykey_free(struct verifykey *k);
enum sign_algorithm verifykey_algorithm(const struct verifykey *k);
/* 32 or 65 bytes, borrowed. */
struct span verifykey_raw(const struct verifykey *k);
/* 16 bytes, borrowed. */
const uint8_t *verifykey_id(const struct verifykey *k);

/*
 * ERR_NONE, or ERR_SIGNATURE for everything else: a signature that is not
 * exactly 64 bytes, out of range, or of another key or message. Safe from
 * many threads at once.
 */
enum err verifykey_check(
    const struct verifykey *k, struct span message, struct span signature);
/* ES256 only, over a signature in DER (X.509's form). For test vectors. */
enum err verifykey_check_der(
    const struct verifykey *k, struct span message, struct span der);

#endif

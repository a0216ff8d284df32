/* SHA-256, HMAC-SHA-256 and HKDF-SHA-256 over spans (FIPS 180-4, RFC 5869). */
#ifndef LIB_HASH_H
#define LIB_HASH_H

#include "lib/bytes.h"

#define HASH_LEN 32

/*
 * SHA-256 of the n parts as if joined. Never fails: the algorithm is fetched
 * once per process and a failure of it is a bug or no memory, which ends the
 * process. Safe from any thread.
 */
void hash_parts(
    const struct span *parts, size_t n, uint8_t out[static HASH_LEN]);
/* The same of one run of bytes. */
void hash_bytes(struct span s, uint8_t out[static HASH_LEN]);

/* HMAC-SHA-256 of the joined parts under a key of any length. */
void hash_hmac(struct span key, const struct span *parts, size_t n,
    uint8_t out[static HASH_LEN]);

/* RFC 5869, both steps; n at most 255 * 32 bytes (asserted). */
void hash_hkdf_extract(
    struct span salt, struct span ikm, uint8_t prk[static HASH_LEN]);
void hash_hkdf_expand(const uint8_t prk[static HASH_LEN], struct span info,
    uint8_t *out, size_t n);

/*
 * Fetch what is fetched once now. A process that is about to enter a sandbox
 * calls it before; others need not.
 */
void hash_warm(void);

/* Whether two secrets of n bytes are equal, in time that tells nothing. */
bool hash_equal(const uint8_t *a, const uint8_t *b, size_t n);

#endif

/* SHA-256, and HMAC with it: the one hash of renkei (FIPS 180-4, 198-1). */
#ifndef LIB_SHA256_H
#define LIB_SHA256_H

#include "lib/bytes.h"

#define SHA256_LEN 32

/* The digest of one run of bytes. */
void sha256(struct span bytes, uint8_t out[static SHA256_LEN]);
/* The digest of n runs as if they were one. */
void sha256_all(
    const struct span *runs, size_t n, uint8_t out[static SHA256_LEN]);
/* HMAC-SHA-256 under a key of 32 bytes, over n runs as if they were one. */
void hmac_sha256(const uint8_t key[static 32], const struct span *runs,
    size_t n, uint8_t out[static SHA256_LEN]);

#endif

/* HKDF-SHA-256 (RFC 5869): keys drawn out of shared secrets. */
#ifndef LIB_HKDF_H
#define LIB_HKDF_H

#include "lib/sha256.h"

/*
 * Extract: HMAC of the n runs of keying material under a salt of 32 bytes;
 * NULL stands for the empty salt. The caller wipes prk.
 */
void hkdf_extract(const uint8_t *salt, const struct span *ikm, size_t n,
    uint8_t prk[static SHA256_LEN]);

#define HKDF_MAX (255 * SHA256_LEN)

/*
 * Expand: `size` bytes (at most HKDF_MAX) for the n runs (at most 6) of info,
 * both asserted.
 * The caller wipes out.
 */
void hkdf_expand(const uint8_t prk[static SHA256_LEN], const struct span *info,
    size_t n, uint8_t *out, size_t size);

#endif

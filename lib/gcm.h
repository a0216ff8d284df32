/* AES-256-GCM under one key with a cached context (NIST SP 800-38D). */
#ifndef LIB_GCM_H
#define LIB_GCM_H

#include "lib/bytes.h"
#include "lib/err.h"

#define GCM_KEY_LEN 32
#define GCM_NONCE_LEN 12
#define GCM_TAG_LEN 16

/* Not locked. The key lives in OpenSSL's context and is wiped with it. */
struct gcm;
struct gcm *gcm_new(const uint8_t key[static GCM_KEY_LEN]);
void gcm_free(struct gcm *g);

/*
 * Writes pt.n + 16 bytes, ciphertext and tag. The caller never repeats a
 * nonce. Texts and AD of at most 2^30 bytes (asserted).
 */
void gcm_seal(struct gcm *g, const uint8_t nonce[static GCM_NONCE_LEN],
    struct span ad, struct span pt, uint8_t *out);
/*
 * Writes sealed.n - 16 bytes. ERR_TRUNCATED: under 16 bytes; ERR_SEAL: the tag
 * is wrong, `out` is then zeroed.
 */
enum err gcm_open(struct gcm *g, const uint8_t nonce[static GCM_NONCE_LEN],
    struct span ad, struct span sealed, uint8_t *out);

#endif

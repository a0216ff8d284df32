/* AES-256-SIV, deterministic authenticated encryption (RFC 5297). */
#ifndef LIB_SIV_H
#define LIB_SIV_H

#include "lib/bytes.h"
#include "lib/err.h"

#define SIV_KEY_LEN 64
#define SIV_TAG_LEN 16

/* A key with its cached cipher context. Not locked: one per thread. */
struct siv;

/* The caller frees; the key is copied and wiped with it. */
struct siv *siv_new(const uint8_t key[static SIV_KEY_LEN]);
void siv_free(struct siv *s);

/*
 * One string of associated data (may be empty: it then is one empty string),
 * output V || C: pt.n + 16 bytes. An empty plaintext is allowed.
 */
void siv_seal(struct siv *s, struct span ad, struct span pt, uint8_t *out);
/*
 * Writes sealed.n - 16 bytes. ERR_TRUNCATED: under 16 bytes; ERR_SEAL: does
 * not verify, `out` is then zeroed.
 */
enum err siv_open(
    struct siv *s, struct span ad, struct span sealed, uint8_t *out);

#endif

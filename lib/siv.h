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
 * output V || C: pt.n + 16 bytes. An empty plaintext is allowed. `out` may not
 * overlap what is read.
 */
void siv_seal(struct siv *s, struct span ad, struct span pt, uint8_t *out);
/*
 * Writes sealed.n - 16 bytes. ERR_TRUNCATED: under 16 bytes; ERR_SEAL: does
 * not verify, `out` is then zeroed.
 */
enum err siv_open(
    struct siv *s, struct span ad, struct span sealed, uint8_t *out);

/*
 * The same with n strings of associated data (at most 126, asserted), which
 * is another function of the same bytes than their concatenation. RFC 5297's
 * nonce-based form is: the last string is the nonce.
 */
void siv_seal_strings(struct siv *s, const struct span *ad, size_t n,
    struct span pt, uint8_t *out);
enum err siv_open_strings(struct siv *s, const struct span *ad, size_t n,
    struct span sealed, uint8_t *out);

#endif

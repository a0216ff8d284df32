/* An answer sealed by the provider so that only the inquirer can read it. */
#ifndef LIB_PAYLOADSEAL_H
#define LIB_PAYLOADSEAL_H

#include "lib/hpke.h"
#include "lib/messages.h"

/*
 * info = "renkei/v1/hpke" || lp(provider) || lp(inquirer)
 * key (32) || nonce (12) = Export("renkei/v1/provision" || permit leaf (32)
 *     || salt (16), 44)
 * AAD = permit leaf || lp(provider) || inquirer's HPKE key id (16)
 * plaintext = u32 length || Payload || zeros up to a bucket: 2 KiB, doubling
 * ciphertext = AES-256-GCM(key, nonce, AAD, plaintext) || tag (16)
 */
#define PAYLOAD_SALT_LEN 16
#define PAYLOAD_BUCKET_MIN 2048
#define PAYLOAD_BUCKET_MAX (1024 * 1024)

/* Which answer: all of it enters the sealing. Borrowed texts and bytes. */
struct payload_binding {
	const char *provider, *inquirer;
	const uint8_t *permit_leaf; /* 32 bytes */
};

/*
 * Provider's side: keeps one encapsulation per inquirer for at most ten
 * minutes and 2^16 answers. Not locked: one per thread.
 */
struct payload_sealer;
struct payload_sealer *payload_sealer_new(void);
void payload_sealer_free(struct payload_sealer *s);

/* What beside the ciphertext goes into the Provision. */
struct payload_sealed {
	uint8_t enc[POINT_LEN];
	uint8_t salt[PAYLOAD_SALT_LEN];
	uint8_t key_id[KEY_ID_LEN]; /* inquirer_key_id */
	uint8_t hash[HASH_LEN];	    /* ciphertext_hash */
};

/*
 * Seal an encoded Payload to the inquirer's HPKE key; appends the ciphertext.
 * now_ms: any clock that only rises. ERR_TOO_LONG: over the largest bucket;
 * ERR_KEY: a bad point.
 */
enum err payload_seal(struct payload_sealer *s, const struct payload_binding *b,
    const uint8_t hpke_key[static POINT_LEN], struct span payload,
    uint64_t now_ms, struct payload_sealed *out, struct buf *ciphertext);

/*
 * Inquirer's side: keeps the last decapsulations (256). The key is borrowed.
 * Not locked: one per thread.
 */
struct payload_opener;
struct payload_opener *payload_opener_new(const struct dhkey *own);
void payload_opener_free(struct payload_opener *o);

/*
 * Open; appends the encoded Payload without its padding. ERR_KEY: sealed to
 * another key, or enc is bad; ERR_SEAL: does not open; ERR_MALFORMED: not a
 * bucket, or padding that is not zero.
 */
enum err payload_open(struct payload_opener *o, const struct payload_binding *b,
    const struct payload_sealed *sealed, struct span ciphertext,
    struct buf *payload);

/* The size of the ciphertext of a payload of n bytes, 0 if too long. */
size_t payload_sealed_size(size_t n);

#endif

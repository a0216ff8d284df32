/* One signed message, or one of a batch signed together (RFC 6962 shape). */
#ifndef LIB_ENVELOPE_H
#define LIB_ENVELOPE_H

#include "lib/messages.h"
#include "lib/signkey.h"

#define ENVELOPE_BATCH_MAX 1024

/* One body to be signed. */
struct envelope_item {
	const char *type; /* "inquiry", "provision", ...: at most 31 bytes */
	struct span body; /* the exact bytes that travel; borrowed */
};

/*
 * Sign n (1 to 1024, asserted) bodies with one signature and append the
 * encoded Envelope of items[i] to out[i].
 *	leaf = H(0x00 || "renkei/v1/" || type || 0 || H(body))
 *	node = H(0x01 || left || right)
 *	signed = "renkei/v1/batch" 0 || lp(signer) || key id || u8 algorithm
 *	    || u32 size || root
 */
enum err envelope_sign(const struct signkey *k, const char *signer,
    const struct envelope_item *items, size_t n, struct buf *out);

/*
 * Roots whose signature was seen to verify. Proves origin, never freshness.
 * One per thread: not locked. Holds only what verified, keyed by all signed
 * bytes and the signature, at most ENVELOPE_ROOTS a signer.
 */
#define ENVELOPE_ROOTS 64
struct envelope_cache;
struct envelope_cache *envelope_cache_new(void);
void envelope_cache_free(struct envelope_cache *c);
/* Forget one signer (revoked, suspended, new key), or all with NULL. */
void envelope_cache_drop(struct envelope_cache *c, const char *signer);

/*
 * Whether a decoded envelope is a message of `type` signed by `key` in the
 * name e->signer. The order: type (ERR_MALFORMED), key id and algorithm
 * (ERR_KEY), size, index and the exact length of the path (ERR_PATH), all
 * before any hashing; then the signature (ERR_SIGNATURE). `cache` may be NULL.
 * The caller has chosen the key by the signer (directory_envelope does) and
 * compares the signer with whoever sent it.
 */
enum err envelope_check(const struct envelope *e, const char *type,
    const struct verifykey *key, struct envelope_cache *cache);

/* The path length RFC 6962 gives leaf `index` of `size`; index < size. */
unsigned envelope_path_length(uint32_t index, uint32_t size);

#endif

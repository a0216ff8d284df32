/* Codes sealed between one party and the vault, bound to their purpose. */
#ifndef LIB_SEAL_H
#define LIB_SEAL_H

#include "lib/dhkey.h"
#include "lib/messages.h"

/*
 * Suite 1. data = agency key id (16) || vault key id (16) || nonce (12)
 *     || AES-256-GCM ciphertext || tag (16)
 * key = HKDF-SHA256(salt "", ECDH x, "renkei/v1/seal" || u8 direction
 *     || lp(party) || agency key id || vault key id, 32)
 * plaintext = u8 suite || u32 epoch || code (32)     link and record codes
 *           = u8 suite || u32 0 || 11 ASCII digits   resident codes
 */
#define SEAL_SUITE 1
#define CODE_LEN 32	 /* a link code, a record code */
#define RESIDENT_LEN 11	 /* digits of a resident code */
#define SEAL_OVERHEAD 60 /* ids, nonce and tag */
#define SEALED_CODE_LEN 97
#define SEALED_RESIDENT_LEN 76
#define SEAL_CAP (UINT64_C(1) << 31) /* seals under one derived key */

enum seal_direction {
	SEAL_TO_VAULT = 1,   /* the party seals, the vault opens */
	SEAL_FROM_VAULT = 2, /* the vault seals, the party opens */
};

/* PersonRef.kind */
enum person_kind {
	PERSON_LINK_CODE = 1,
	PERSON_RESIDENT_CODE = 2,
	PERSON_RECORD_CODE = 3,
};

/*
 * One end's derived keys, kept per (party, peer's point, direction). The
 * private key is borrowed and must outlive it. Not locked: one per thread.
 */
struct seal_ring;

/*
 * `at_vault`: whether `own` is the vault's key (then peers are parties) or a
 * party's. `cap`: seals under one derived key before ERR_SEAL (SEAL_CAP
 * divided by the number of processes that seal with this key).
 */
struct seal_ring *seal_ring_new(
    const struct dhkey *own, bool at_vault, uint64_t cap);
/* Wipes every derived key. */
void seal_ring_free(struct seal_ring *r);
/* Forget (and wipe) what was derived for a party: its keys changed. */
void seal_ring_drop(struct seal_ring *r, const char *party);

/*
 * One end of a channel. `party` is the party's code at both ends; `peer` is
 * the other end's public point (at the vault: the party's sealing key; at the
 * party: the vault's). Borrowed from the ring, good until seal_ring_drop or
 * _free; NULL if the point is bad. First use costs an ECDH, later ones a
 * look-up.
 */
struct seal_channel;
struct seal_channel *seal_ring_find(struct seal_ring *r, const char *party,
    const uint8_t peer[static POINT_LEN], enum seal_direction d);

/*
 * Raw forms. Seal appends plaintext.n + SEAL_OVERHEAD bytes. Open checks the
 * length and both key ids (ERR_KEY) before decrypting, writes data.n -
 * SEAL_OVERHEAD bytes to `out`, and on ERR_SEAL (tag, AD, another direction)
 * leaves it zeroed. ERR_TRUNCATED: data shorter than the overhead.
 */
enum err seal_bytes(struct seal_channel *c, struct span plaintext,
    struct span ad, struct buf *out);
enum err seal_open_bytes(
    struct seal_channel *c, struct span data, struct span ad, uint8_t *out);

/*
 * A link or record code. `out` gets SEALED_CODE_LEN bytes. Opening demands
 * just that length and suite 1 (ERR_VERSION). The caller wipes `code`.
 */
enum err seal_code(struct seal_channel *c, uint32_t epoch,
    const uint8_t code[static CODE_LEN], struct span ad, struct buf *out);
enum err seal_open_code(struct seal_channel *c, struct span data,
    struct span ad, uint32_t *epoch, uint8_t code[static CODE_LEN]);
/* A resident code: 11 digits (checked on both sides), no NUL. */
enum err seal_resident(struct seal_channel *c,
    const char digits[static RESIDENT_LEN], struct span ad, struct buf *out);
enum err seal_open_resident(struct seal_channel *c, struct span data,
    struct span ad, char digits[static RESIDENT_LEN]);

/* The associated data of each purpose; each appends to `ad`. */
void seal_ad_inquiry(struct buf *ad, const char *inquirer, const char *provider,
    const uint8_t exchange_id[static ID_LEN]);
void seal_ad_permit(struct buf *ad, const char *inquirer, const char *provider,
    const uint8_t exchange_id[static ID_LEN],
    const uint8_t inquiry_hash[static HASH_LEN]);
void seal_ad_resident(struct buf *ad, const char *agency,
    const uint8_t acquisition_number[static ID_LEN]);
void seal_ad_issue(struct buf *ad, const char *agency,
    const uint8_t acquisition_number[static ID_LEN]);
/* id: the entry's exchange id, or its entry id where there is none. */
void seal_ad_record(
    struct buf *ad, const uint8_t id[static ID_LEN], uint8_t entry_type);
/* old: whether of the code given up or of the new one. */
void seal_ad_change(
    struct buf *ad, bool old, const uint8_t change_id[static ID_LEN]);

#endif

/*
 * HPKE (RFC 9180), base mode, DHKEM(P-256, HKDF-SHA256), HKDF-SHA256,
 * AES-256-GCM. The calls have the shape of OpenSSL 3.2's OSSL_HPKE.
 */
#ifndef LIB_HPKE_H
#define LIB_HPKE_H

#include "lib/dhkey.h"

#define HPKE_KEM 0x0010
#define HPKE_KDF 0x0001
#define HPKE_AEAD 0x0002
#define HPKE_TAG_LEN 16

/* DeriveKeyPair (7.1.3); ikm should be 32 random bytes or more. */
enum err hpke_derive_key(struct span ikm, struct dhkey **out);

/* One context: a sender's or a recipient's. Not locked. */
struct hpke;

/*
 * Sender: a fresh encapsulation to the peer's public point. Writes enc (65
 * bytes). ERR_KEY: the point is bad. The caller frees *out.
 */
enum err hpke_encap(const uint8_t peer[static POINT_LEN], struct span info,
    uint8_t enc[static POINT_LEN], struct hpke **out);
/* The same with a given ephemeral key: for test vectors only. */
enum err hpke_encap_with(const struct dhkey *ephemeral,
    const uint8_t peer[static POINT_LEN], struct span info,
    uint8_t enc[static POINT_LEN], struct hpke **out);
/* Recipient. ERR_KEY: enc is no point of P-256. The caller frees *out. */
enum err hpke_decap(const struct dhkey *own,
    const uint8_t enc[static POINT_LEN], struct span info, struct hpke **out);
/* Wipes the key schedule. */
void hpke_free(struct hpke *h);

/*
 * ContextS.Seal / ContextR.Open with the running sequence number. Appends
 * pt.n + 16, or ct.n - 16, bytes. ERR_SEAL: does not open, or the sequence
 * ran out; the sequence then stays. A context of the wrong side: asserted.
 */
enum err hpke_seal(
    struct hpke *h, struct span aad, struct span pt, struct buf *out);
enum err hpke_open(
    struct hpke *h, struct span aad, struct span ct, struct buf *out);

/* Context.Export: n at most 255 * 32 bytes (asserted). The caller wipes. */
void hpke_export(
    const struct hpke *h, struct span context, uint8_t *out, size_t n);

#endif

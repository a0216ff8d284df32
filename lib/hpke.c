#include "lib/hpke.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/gcm.h"
#include "lib/hkdf.h"

#define N_SECRET SHA256_LEN

struct hpke {
	bool sender;
	uint64_t sequence;
	struct gcm *gcm;
	uint8_t base_nonce[GCM_NONCE_LEN];
	uint8_t exporter_secret[SHA256_LEN];
};

/* suite_id of the KEM (4.1) and of the whole (5.1). */
static const uint8_t kem_suite[] = {
    'K', 'E', 'M', HPKE_KEM >> 8, HPKE_KEM & 0xff};
static const uint8_t suite[] = {'H', 'P', 'K', 'E', HPKE_KEM >> 8,
    HPKE_KEM & 0xff, HPKE_KDF >> 8, HPKE_KDF & 0xff, HPKE_AEAD >> 8,
    HPKE_AEAD & 0xff};
static const char version[] = "HPKE-v1";

/* ---- labelled HKDF (4) ----------------------------------------------------
 */

static void
labeled_extract(struct span suite_id, const uint8_t *salt, const char *label,
    struct span ikm, uint8_t prk[static SHA256_LEN])
{
	struct span runs[] = {
	    span_str(version), suite_id, span_str(label), ikm};

	hkdf_extract(salt, runs, 4, prk);
}

static void
labeled_expand(struct span suite_id, const uint8_t prk[static SHA256_LEN],
    const char *label, struct span info, uint8_t *out, size_t n)
{
	uint8_t length[2] = {(uint8_t)(n >> 8), (uint8_t)n};
	struct span runs[] = {
	    SPAN(length), span_str(version), suite_id, span_str(label), info};

	hkdf_expand(prk, runs, 5, out, n);
}

/* ---- DHKEM(P-256, HKDF-SHA256) (4.1, 7.1.3) -------------------------------
 */

enum err
hpke_derive_key(struct span ikm, struct dhkey **out)
{
	uint8_t prk[SHA256_LEN], scalar[32];
	enum err e = ERR_KEY;

	*out = NULL;
	labeled_extract(SPAN(kem_suite), NULL, "dkp_prk", ikm, prk);
	for (unsigned i = 0; i < 256 && e != ERR_NONE; i++) {
		uint8_t counter = (uint8_t)i;

		/* P-256's bit mask is 0xff: nothing to clear */
		labeled_expand(SPAN(kem_suite), prk, "candidate",
		    span_of(&counter, 1), scalar, sizeof(scalar));
		e = dhkey_from_scalar(SPAN(scalar), out);
	}
	explicit_bzero(prk, sizeof(prk));
	explicit_bzero(scalar, sizeof(scalar));
	return e;
}

/* ExtractAndExpand(DH(own, peer), enc || recipient's point) */
static enum err
kem_secret(const struct dhkey *own, const uint8_t peer[static POINT_LEN],
    const uint8_t enc[static POINT_LEN],
    const uint8_t recipient[static POINT_LEN], uint8_t secret[static N_SECRET])
{
	uint8_t dh[DH_LEN], prk[SHA256_LEN], context[2 * POINT_LEN];
	enum err e = dhkey_agree(own, peer, dh);

	if (e != ERR_NONE)
		return e;
	memcpy(context, enc, POINT_LEN);
	memcpy(context + POINT_LEN, recipient, POINT_LEN);
	labeled_extract(SPAN(kem_suite), NULL, "eae_prk", SPAN(dh), prk);
	labeled_expand(SPAN(kem_suite), prk, "shared_secret", SPAN(context),
	    secret, N_SECRET);
	explicit_bzero(dh, sizeof(dh));
	explicit_bzero(prk, sizeof(prk));
	return ERR_NONE;
}

/* ---- the key schedule of base mode (5.1) ----------------------------------
 */

static struct hpke *
schedule(bool sender, const uint8_t shared[static N_SECRET], struct span info)
{
	struct hpke *h = xcalloc(1, sizeof(*h));
	uint8_t context[1 + 2 * SHA256_LEN], secret[SHA256_LEN];
	uint8_t key[GCM_KEY_LEN];
	const struct span none = {NULL, 0};

	context[0] = 0x00; /* mode_base: no psk, an empty psk_id */
	labeled_extract(SPAN(suite), NULL, "psk_id_hash", none, context + 1);
	labeled_extract(
	    SPAN(suite), NULL, "info_hash", info, context + 1 + SHA256_LEN);
	labeled_extract(SPAN(suite), shared, "secret", none, secret);
	labeled_expand(
	    SPAN(suite), secret, "key", SPAN(context), key, sizeof(key));
	labeled_expand(SPAN(suite), secret, "base_nonce", SPAN(context),
	    h->base_nonce, sizeof(h->base_nonce));
	labeled_expand(SPAN(suite), secret, "exp", SPAN(context),
	    h->exporter_secret, sizeof(h->exporter_secret));
	h->sender = sender;
	h->gcm = gcm_new(key);
	explicit_bzero(key, sizeof(key));
	explicit_bzero(secret, sizeof(secret));
	return h;
}

enum err
hpke_encap_with(const struct dhkey *ephemeral,
    const uint8_t peer[static POINT_LEN], struct span info,
    uint8_t enc[static POINT_LEN], struct hpke **out)
{
	uint8_t shared[N_SECRET];
	enum err e;

	*out = NULL;
	memcpy(enc, dhkey_point(ephemeral), POINT_LEN);
	e = kem_secret(ephemeral, peer, enc, peer, shared);
	if (e == ERR_NONE)
		*out = schedule(true, shared, info);
	explicit_bzero(shared, sizeof(shared));
	return e;
}

enum err
hpke_encap(const uint8_t peer[static POINT_LEN], struct span info,
    uint8_t enc[static POINT_LEN], struct hpke **out)
{
	struct dhkey *ephemeral;
	enum err e = dhkey_generate(&ephemeral);

	*out = NULL;
	if (e == ERR_NONE)
		e = hpke_encap_with(ephemeral, peer, info, enc, out);
	dhkey_free(ephemeral);
	return e;
}

enum err
hpke_decap(const struct dhkey *own, const uint8_t enc[static POINT_LEN],
    struct span info, struct hpke **out)
{
	uint8_t shared[N_SECRET];
	enum err e = kem_secret(own, enc, enc, dhkey_point(own), shared);

	*out = e == ERR_NONE ? schedule(false, shared, info) : NULL;
	explicit_bzero(shared, sizeof(shared));
	return e;
}

void
hpke_free(struct hpke *h)
{
	if (h == NULL)
		return;
	gcm_free(h->gcm);
	explicit_bzero(h, sizeof(*h));
	free(h);
}

/* ---- ContextS.Seal, ContextR.Open (5.2), Export (5.3) ---------------------
 */

/* base_nonce xor the sequence number, big-endian */
static void
nonce_of(const struct hpke *h, uint8_t nonce[static GCM_NONCE_LEN])
{
	memcpy(nonce, h->base_nonce, GCM_NONCE_LEN);
	for (int i = 0; i < 8; i++)
		nonce[GCM_NONCE_LEN - 1 - i] ^=
		    (uint8_t)(h->sequence >> (8 * i));
}

enum err
hpke_seal(struct hpke *h, struct span aad, struct span pt, struct buf *out)
{
	uint8_t nonce[GCM_NONCE_LEN];

	assert(h->sender);
	if (h->sequence == UINT64_MAX)
		return ERR_SEAL;
	nonce_of(h, nonce);
	gcm_seal(h->gcm, nonce, aad, pt, buf_grow(out, pt.n + GCM_TAG_LEN));
	h->sequence++;
	return ERR_NONE;
}

enum err
hpke_open(struct hpke *h, struct span aad, struct span ct, struct buf *out)
{
	uint8_t nonce[GCM_NONCE_LEN];
	size_t before = out->n;
	enum err e;

	assert(!h->sender);
	if (h->sequence == UINT64_MAX || ct.n < GCM_TAG_LEN)
		return ERR_SEAL;
	nonce_of(h, nonce);
	e = gcm_open(h->gcm, nonce, aad, ct, buf_grow(out, ct.n - GCM_TAG_LEN));
	if (e == ERR_NONE)
		h->sequence++;
	else
		out->n = before;
	return e;
}

void
hpke_export(const struct hpke *h, struct span context, uint8_t *out, size_t n)
{
	labeled_expand(SPAN(suite), h->exporter_secret, "sec", context, out, n);
}

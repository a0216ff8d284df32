#include "lib/signkey.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <sodium.h>

#include "lib/pkey.h"
#include "lib/secret.h"
#include "lib/sha256.h"

#define ED25519_RAW crypto_sign_PUBLICKEYBYTES
#define DER_MAX 72 /* of a P-256 signature */

struct verifykey {
	enum sign_algorithm algorithm;
	uint8_t raw[VERIFYKEY_RAW_MAX];
	size_t n;
	uint8_t id[KEY_ID_LEN];
	EVP_PKEY *pkey; /* ES256 only */
};

struct signkey {
	struct verifykey public;
	EVP_PKEY *pkey;
	struct secret expanded; /* Ed25519: libsodium's 64-byte form */
};

void
key_id_of(struct span raw, uint8_t id[static KEY_ID_LEN])
{
	uint8_t h[SHA256_LEN];

	sha256(raw, h);
	memcpy(id, h, KEY_ID_LEN);
}

static void
set_raw(
    struct verifykey *k, enum sign_algorithm a, const uint8_t *raw, size_t n)
{
	k->algorithm = a;
	k->n = n;
	memmove(k->raw, raw, n);
	key_id_of(span_of(k->raw, n), k->id);
}

/* ---- public keys ----------------------------------------------------------
 */

static enum err
parse_ed25519(struct span raw, struct verifykey *k)
{
	/*
	 * libsodium refuses small order while verifying; a directory is to
	 * hear of it when it is read. The conversion to X25519 fails for just
	 * these and for what is no point.
	 */
	uint8_t montgomery[crypto_scalarmult_curve25519_BYTES];

	if (sodium_init() < 0)
		return ERR_INTERNAL;
	if (raw.n != ED25519_RAW ||
	    crypto_sign_ed25519_pk_to_curve25519(montgomery, raw.p) != 0)
		return ERR_KEY;
	set_raw(k, SIGN_ED25519, raw.p, raw.n);
	return ERR_NONE;
}

static enum err
parse_es256(struct span raw, struct verifykey *k)
{
	enum err e;

	if (raw.n != PKEY_POINT_LEN)
		return ERR_KEY;
	e = pkey_from_point(raw.p, &k->pkey);
	if (e == ERR_NONE)
		set_raw(k, SIGN_ES256, raw.p, raw.n);
	return e;
}

enum err
verifykey_parse(enum sign_algorithm a, struct span raw, struct verifykey **out)
{
	struct verifykey *k = xcalloc(1, sizeof(*k));
	enum err e = ERR_KEY;

	*out = NULL;
	if (a == SIGN_ED25519)
		e = parse_ed25519(raw, k);
	else if (a == SIGN_ES256)
		e = parse_es256(raw, k);
	if (e != ERR_NONE) {
		verifykey_free(k);
		return e;
	}
	*out = k;
	return ERR_NONE;
}

void
verifykey_free(struct verifykey *k)
{
	if (k == NULL)
		return;
	pkey_free(k->pkey);
	free(k);
}

enum sign_algorithm
verifykey_algorithm(const struct verifykey *k)
{
	return k->algorithm;
}

struct span
verifykey_raw(const struct verifykey *k)
{
	return span_of(k->raw, k->n);
}

const uint8_t *
verifykey_id(const struct verifykey *k)
{
	return k->id;
}

/* ---- ES256: r||s on the wire, DER inside OpenSSL --------------------------
 */

static int
der_of(const uint8_t wire[static SIGNATURE_LEN], uint8_t der[static DER_MAX])
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(wire, 32, NULL);
	BIGNUM *s = BN_bin2bn(wire + 32, 32, NULL);
	uint8_t *p = der;
	int n = -1;

	if (sig != NULL && r != NULL && s != NULL &&
	    ECDSA_SIG_set0(sig, r, s) == 1) {
		r = s = NULL; /* sig owns them now */
		n = i2d_ECDSA_SIG(sig, &p);
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(sig);
	return n;
}

static bool
wire_of(const uint8_t *der, size_t n, uint8_t wire[static SIGNATURE_LEN])
{
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)n);
	bool ok = sig != NULL &&
		  BN_bn2binpad(ECDSA_SIG_get0_r(sig), wire, 32) == 32 &&
		  BN_bn2binpad(ECDSA_SIG_get0_s(sig), wire + 32, 32) == 32;

	ECDSA_SIG_free(sig);
	return ok;
}

enum err
verifykey_check_der(
    const struct verifykey *k, struct span message, struct span der)
{
	uint8_t hash[SHA256_LEN];
	EVP_PKEY_CTX *ctx;
	bool ok;

	if (k->algorithm != SIGN_ES256)
		return ERR_SIGNATURE;
	sha256(message, hash);
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, k->pkey, NULL);
	ok = ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 &&
	     EVP_PKEY_verify(ctx, der.p, der.n, hash, sizeof(hash)) == 1;
	EVP_PKEY_CTX_free(ctx);
	if (!ok)
		ERR_clear_error();
	return ok ? ERR_NONE : ERR_SIGNATURE;
}

enum err
verifykey_check(
    const struct verifykey *k, struct span message, struct span signature)
{
	uint8_t der[DER_MAX];
	int n;

	if (signature.n != SIGNATURE_LEN)
		return ERR_SIGNATURE;
	if (k->algorithm == SIGN_ED25519)
		return crypto_sign_verify_detached(
			   signature.p, message.p, message.n, k->raw) == 0
			   ? ERR_NONE
			   : ERR_SIGNATURE;
	n = der_of(signature.p, der);
	if (n < 0)
		return ERR_SIGNATURE;
	return verifykey_check_der(k, message, span_of(der, (size_t)n));
}

/* ---- private keys ---------------------------------------------------------
 */

static enum err
set_ed25519(struct signkey *k)
{
	uint8_t seed[crypto_sign_SEEDBYTES], raw[ED25519_RAW];
	size_t n = sizeof(seed);

	if (sodium_init() < 0 ||
	    EVP_PKEY_get_raw_private_key(k->pkey, seed, &n) != 1 ||
	    n != sizeof(seed))
		return ERR_KEY;
	k->expanded = secret_new(crypto_sign_SECRETKEYBYTES);
	crypto_sign_seed_keypair(raw, k->expanded.p, seed);
	explicit_bzero(seed, sizeof(seed));
	set_raw(&k->public, SIGN_ED25519, raw, sizeof(raw));
	return ERR_NONE;
}

static enum err
set_es256(struct signkey *k)
{
	uint8_t raw[PKEY_POINT_LEN];
	enum err e = pkey_point(k->pkey, raw);

	if (e != ERR_NONE)
		return e;
	e = pkey_from_point(raw, &k->public.pkey);
	if (e == ERR_NONE)
		set_raw(&k->public, SIGN_ES256, raw, sizeof(raw));
	return e;
}

/* Takes the OpenSSL key. */
static enum err
adopt(EVP_PKEY *pkey, struct signkey **out)
{
	struct signkey *k = xcalloc(1, sizeof(*k));
	enum err e;

	*out = NULL;
	k->pkey = pkey;
	e = EVP_PKEY_is_a(pkey, "ED25519") ? set_ed25519(k) : set_es256(k);
	if (e != ERR_NONE) {
		signkey_free(k);
		return e;
	}
	*out = k;
	return ERR_NONE;
}

enum err
signkey_open(const char *path, struct signkey **out)
{
	EVP_PKEY *pkey;
	enum err e = pkey_read(path, &pkey);

	*out = NULL;
	return e == ERR_NONE ? adopt(pkey, out) : e;
}

enum err
signkey_generate(enum sign_algorithm a, struct signkey **out)
{
	EVP_PKEY *pkey = a == SIGN_ES256
			     ? EVP_EC_gen("P-256")
			     : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

	*out = NULL;
	return pkey != NULL ? adopt(pkey, out) : ERR_INTERNAL;
}

enum err
signkey_write(const struct signkey *k, const char *path)
{
	return pkey_write(k->pkey, path);
}

void
signkey_free(struct signkey *k)
{
	if (k == NULL)
		return;
	pkey_free(k->pkey);
	pkey_free(k->public.pkey);
	secret_free(&k->expanded);
	free(k);
}

const struct verifykey *
signkey_public(const struct signkey *k)
{
	return &k->public;
}

static enum err
sign_es256(const struct signkey *k, struct span message,
    uint8_t signature[static SIGNATURE_LEN])
{
	uint8_t hash[SHA256_LEN], der[DER_MAX];
	size_t n = sizeof(der);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, k->pkey, NULL);
	bool ok;

	sha256(message, hash);
	ok = ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
	     EVP_PKEY_sign(ctx, der, &n, hash, sizeof(hash)) == 1 &&
	     wire_of(der, n, signature);
	EVP_PKEY_CTX_free(ctx);
	if (!ok)
		ERR_clear_error();
	return ok ? ERR_NONE : ERR_INTERNAL;
}

enum err
signkey_sign(const struct signkey *k, struct span message,
    uint8_t signature[static SIGNATURE_LEN])
{
	if (k->public.algorithm == SIGN_ES256)
		return sign_es256(k, message, signature);
	return crypto_sign_detached(
		   signature, NULL, message.p, message.n, k->expanded.p) == 0
		   ? ERR_NONE
		   : ERR_INTERNAL;
}

#include "lib/siv.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "lib/secret.h"

/*
 * On CMAC and CTR and not on OpenSSL's own AES-SIV: a context of that does
 * one operation, and with OSSL_CIPHER_PARAM_SPEED it does more but goes on
 * with the S2V state of the last one, so the same input no longer gives the
 * same output. Copying a keyed context is right and takes twice as long.
 */
#define BLOCK SIV_TAG_LEN
#define HALF (SIV_KEY_LEN / 2)
#define TEXT_MAX (1u << 30)
#define STRINGS_MAX 126

struct siv {
	EVP_MAC_CTX *mac;    /* CMAC under the key's first half */
	EVP_CIPHER_CTX *ctr; /* CTR under its second half */
	uint8_t zero[BLOCK]; /* CMAC of a block of zeros */
};

static EVP_MAC *cmac;
static EVP_CIPHER *aes_ctr;

static void
fetch(void)
{
	cmac = EVP_MAC_fetch(NULL, "CMAC", NULL);
	aes_ctr = EVP_CIPHER_fetch(NULL, "AES-256-CTR", NULL);
	assert(cmac != NULL && aes_ctr != NULL);
}

/* CMAC of a text and, where n is not 0, of n bytes more. */
static void
mac_text(struct siv *s, struct span text, const uint8_t *more, size_t n,
    uint8_t out[static BLOCK])
{
	size_t got;
	int ok = EVP_MAC_init(s->mac, NULL, 0, NULL) == 1 &&
		 (text.n == 0 || EVP_MAC_update(s->mac, text.p, text.n) == 1) &&
		 (n == 0 || EVP_MAC_update(s->mac, more, n) == 1) &&
		 EVP_MAC_final(s->mac, out, &got, BLOCK) == 1;

	assert(ok && got == BLOCK);
}

struct siv *
siv_new(const uint8_t key[static SIV_KEY_LEN])
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	static const uint8_t zero[BLOCK];
	char cipher[] = "AES-256-CBC";
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_CIPHER, cipher, 0),
	    OSSL_PARAM_construct_end(),
	};
	struct siv *s = xcalloc(1, sizeof(*s));
	int ok;

	pthread_once(&once, fetch);
	s->mac = EVP_MAC_CTX_new(cmac);
	s->ctr = EVP_CIPHER_CTX_new();
	ok = s->mac != NULL && s->ctr != NULL &&
	     EVP_MAC_init(s->mac, key, HALF, params) == 1 &&
	     EVP_EncryptInit_ex2(s->ctr, aes_ctr, key + HALF, zero, NULL) == 1;
	assert(ok);
	mac_text(s, SPAN(zero), NULL, 0, s->zero);
	return s;
}

void
siv_free(struct siv *s)
{
	if (s == NULL)
		return;
	EVP_MAC_CTX_free(s->mac);
	EVP_CIPHER_CTX_free(s->ctr);
	explicit_bzero(s, sizeof(*s));
	free(s);
}

/* RFC 5297, 2.3: times x in GF(2^128). */
static void
dbl(uint8_t b[static BLOCK])
{
	uint8_t carry = b[0] >> 7;

	for (int i = 0; i < BLOCK - 1; i++)
		b[i] = (uint8_t)(b[i] << 1 | b[i + 1] >> 7);
	b[BLOCK - 1] = (uint8_t)(b[BLOCK - 1] << 1 ^ (0x87 & -carry));
}

static void
xor_into(uint8_t *to, const uint8_t *from)
{
	for (int i = 0; i < BLOCK; i++)
		to[i] ^= from[i];
}

/* RFC 5297, 2.4: S2V of the strings of associated data and the plaintext. */
static void
s2v(struct siv *s, const struct span *ad, size_t n, struct span pt,
    uint8_t v[static BLOCK])
{
	uint8_t d[BLOCK], m[BLOCK];

	memcpy(d, s->zero, BLOCK);
	for (size_t i = 0; i < n; i++) {
		mac_text(s, ad[i], NULL, 0, m);
		dbl(d);
		xor_into(d, m);
	}
	if (pt.n >= BLOCK) {
		/* T = pt xorend D */
		struct span head = span_of(pt.p, pt.n - BLOCK);

		xor_into(d, pt.p + head.n);
		mac_text(s, head, d, BLOCK, v);
	} else {
		/* T = dbl(D) xor pad(pt) */
		dbl(d);
		for (size_t i = 0; i < pt.n; i++)
			d[i] ^= pt.p[i];
		d[pt.n] ^= 0x80;
		mac_text(s, span_of(NULL, 0), d, BLOCK, v);
	}
	explicit_bzero(d, sizeof(d));
	explicit_bzero(m, sizeof(m));
}

/* RFC 5297, 2.5: the counter is V with two bits cleared. */
static void
ctr_text(
    struct siv *s, const uint8_t v[static BLOCK], struct span in, uint8_t *out)
{
	uint8_t q[BLOCK];
	int n, ok;

	if (in.n == 0)
		return;
	memcpy(q, v, BLOCK);
	q[8] &= 0x7f;
	q[12] &= 0x7f;
	ok = EVP_EncryptInit_ex2(s->ctr, NULL, NULL, q, NULL) == 1 &&
	     EVP_EncryptUpdate(s->ctr, out, &n, in.p, (int)in.n) == 1;
	assert(ok);
}

void
siv_seal_strings(struct siv *s, const struct span *ad, size_t n, struct span pt,
    uint8_t *out)
{
	assert(pt.n <= TEXT_MAX && n <= STRINGS_MAX);
	s2v(s, ad, n, pt, out);
	ctr_text(s, out, pt, out + SIV_TAG_LEN);
}

enum err
siv_open_strings(struct siv *s, const struct span *ad, size_t n,
    struct span sealed, uint8_t *out)
{
	uint8_t v[BLOCK];
	struct span ct;
	bool same;

	if (sealed.n < SIV_TAG_LEN)
		return ERR_TRUNCATED;
	ct = span_of(sealed.p + SIV_TAG_LEN, sealed.n - SIV_TAG_LEN);
	assert(ct.n <= TEXT_MAX && n <= STRINGS_MAX);
	ctr_text(s, sealed.p, ct, out);
	s2v(s, ad, n, span_of(out, ct.n), v);
	same = secret_equal(SPAN(v), span_of(sealed.p, BLOCK));
	explicit_bzero(v, sizeof(v));
	if (same)
		return ERR_NONE;
	if (ct.n > 0)
		explicit_bzero(out, ct.n);
	return ERR_SEAL;
}

void
siv_seal(struct siv *s, struct span ad, struct span pt, uint8_t *out)
{
	siv_seal_strings(s, &ad, 1, pt, out);
}

enum err
siv_open(struct siv *s, struct span ad, struct span sealed, uint8_t *out)
{
	return siv_open_strings(s, &ad, 1, sealed, out);
}

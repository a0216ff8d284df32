#include "lib/gcm.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#define TEXT_MAX (1u << 30)

struct gcm {
	EVP_CIPHER_CTX *seal, *open;
};

static EVP_CIPHER *aes;

static void
fetch(void)
{
	aes = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	assert(aes != NULL);
}

struct gcm *
gcm_new(const uint8_t key[static GCM_KEY_LEN])
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct gcm *g = xcalloc(1, sizeof(*g));
	int ok;

	pthread_once(&once, fetch);
	g->seal = EVP_CIPHER_CTX_new();
	g->open = EVP_CIPHER_CTX_new();
	ok = g->seal != NULL && g->open != NULL &&
	     EVP_EncryptInit_ex2(g->seal, aes, key, NULL, NULL) == 1 &&
	     EVP_DecryptInit_ex2(g->open, aes, key, NULL, NULL) == 1;
	assert(ok);
	return g;
}

void
gcm_free(struct gcm *g)
{
	if (g == NULL)
		return;
	EVP_CIPHER_CTX_free(g->seal);
	EVP_CIPHER_CTX_free(g->open);
	free(g);
}

/* OpenSSL reads a NULL input as "finish": nothing to do is not a call. */
static bool
update(EVP_CIPHER_CTX *ctx, uint8_t *out, struct span in)
{
	int n;

	return in.n == 0 ||
	       EVP_CipherUpdate(ctx, out, &n, in.p, (int)in.n) == 1;
}

void
gcm_seal(struct gcm *g, const uint8_t nonce[static GCM_NONCE_LEN],
    struct span ad, struct span pt, uint8_t *out)
{
	int n, ok;

	assert(ad.n <= TEXT_MAX && pt.n <= TEXT_MAX);
	ok = EVP_EncryptInit_ex2(g->seal, NULL, NULL, nonce, NULL) == 1 &&
	     update(g->seal, NULL, ad) && update(g->seal, out, pt) &&
	     EVP_EncryptFinal_ex(g->seal, out + pt.n, &n) == 1 &&
	     EVP_CIPHER_CTX_ctrl(
		 g->seal, EVP_CTRL_AEAD_GET_TAG, GCM_TAG_LEN, out + pt.n) == 1;
	assert(ok);
}

enum err
gcm_open(struct gcm *g, const uint8_t nonce[static GCM_NONCE_LEN],
    struct span ad, struct span sealed, uint8_t *out)
{
	uint8_t tag[GCM_TAG_LEN], none[1];
	struct span ct;
	int n, ok;

	if (sealed.n < GCM_TAG_LEN)
		return ERR_TRUNCATED;
	ct = span_of(sealed.p, sealed.n - GCM_TAG_LEN);
	assert(ad.n <= TEXT_MAX && ct.n <= TEXT_MAX);
	memcpy(tag, sealed.p + ct.n, GCM_TAG_LEN);
	ok = EVP_DecryptInit_ex2(g->open, NULL, NULL, nonce, NULL) == 1 &&
	     update(g->open, NULL, ad) && update(g->open, out, ct) &&
	     EVP_CIPHER_CTX_ctrl(
		 g->open, EVP_CTRL_AEAD_SET_TAG, GCM_TAG_LEN, tag) == 1 &&
	     EVP_DecryptFinal_ex(g->open, none, &n) == 1;
	if (ok)
		return ERR_NONE;
	ERR_clear_error();
	if (ct.n > 0)
		explicit_bzero(out, ct.n);
	return ERR_SEAL;
}

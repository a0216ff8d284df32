#include "lib/sha256.h"

#include <assert.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>

#define BLOCK_LEN 64

/*
 * Fetching the algorithm costs more than hashing a short message, so it is
 * fetched once and each thread keeps one context.
 */
static EVP_MD *md;
static pthread_key_t context_key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void
context_free(void *ctx)
{
	EVP_MD_CTX_free(ctx);
}

static void
set_up(void)
{
	md = EVP_MD_fetch(NULL, "SHA256", NULL);
	assert(md != NULL);
	if (pthread_key_create(&context_key, context_free) != 0)
		assert(!"a key for thread-local data");
}

static EVP_MD_CTX *
context(void)
{
	static _Thread_local EVP_MD_CTX *mine;

	if (mine != NULL)
		return mine;
	pthread_once(&once, set_up);
	mine = EVP_MD_CTX_new();
	assert(mine != NULL);
	pthread_setspecific(context_key, mine);
	return mine;
}

void
sha256_all(const struct span *runs, size_t n, uint8_t out[static SHA256_LEN])
{
	EVP_MD_CTX *ctx = context();
	int ok = EVP_DigestInit_ex2(ctx, md, NULL);

	for (size_t i = 0; i < n; i++)
		if (runs[i].n > 0)
			ok &= EVP_DigestUpdate(ctx, runs[i].p, runs[i].n);
	ok &= EVP_DigestFinal_ex(ctx, out, NULL);
	assert(ok == 1);
}

void
sha256(struct span bytes, uint8_t out[static SHA256_LEN])
{
	sha256_all(&bytes, 1, out);
}

void
hmac_sha256(const uint8_t key[static 32], const struct span *runs, size_t n,
    uint8_t out[static SHA256_LEN])
{
	uint8_t pad[BLOCK_LEN], inner[SHA256_LEN];
	struct span in[8], outer[2] = {SPAN(pad), SPAN(inner)};

	assert(n < sizeof(in) / sizeof(in[0]));
	memset(pad, 0x36, sizeof(pad));
	for (int i = 0; i < 32; i++)
		pad[i] ^= key[i];
	in[0] = span_of(pad, sizeof(pad));
	memcpy(in + 1, runs, n * sizeof(*runs));
	sha256_all(in, n + 1, inner);
	for (int i = 0; i < BLOCK_LEN; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	sha256_all(outer, 2, out);
	explicit_bzero(pad, sizeof(pad));
	explicit_bzero(inner, sizeof(inner));
}

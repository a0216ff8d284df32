#include "lib/dhkey.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>

#include "lib/pkey.h"

struct dhkey {
	EVP_PKEY *pkey;
	uint8_t point[POINT_LEN];
	uint8_t id[KEY_ID_LEN];
};

/* Takes the OpenSSL key. */
static enum err
adopt(EVP_PKEY *pkey, struct dhkey **out)
{
	struct dhkey *k = xcalloc(1, sizeof(*k));
	enum err e;

	k->pkey = pkey;
	e = pkey_point(pkey, k->point);
	if (e != ERR_NONE) {
		dhkey_free(k);
		return e;
	}
	key_id_of(SPAN(k->point), k->id);
	*out = k;
	return ERR_NONE;
}

enum err
dhkey_open(const char *path, struct dhkey **out)
{
	EVP_PKEY *pkey;
	enum err e = pkey_read(path, &pkey);

	*out = NULL;
	return e == ERR_NONE ? adopt(pkey, out) : e;
}

enum err
dhkey_generate(struct dhkey **out)
{
	EVP_PKEY *pkey;
	enum err e = pkey_new_p256(&pkey);

	*out = NULL;
	return e == ERR_NONE ? adopt(pkey, out) : e;
}

enum err
dhkey_from_scalar(struct span scalar, struct dhkey **out)
{
	EVP_PKEY *pkey;
	enum err e = pkey_from_scalar(scalar, &pkey);

	*out = NULL;
	return e == ERR_NONE ? adopt(pkey, out) : e;
}

enum err
dhkey_write(const struct dhkey *k, const char *path)
{
	return pkey_write(k->pkey, path);
}

void
dhkey_free(struct dhkey *k)
{
	if (k == NULL)
		return;
	pkey_free(k->pkey);
	free(k);
}

const uint8_t *
dhkey_point(const struct dhkey *k)
{
	return k->point;
}

const uint8_t *
dhkey_id(const struct dhkey *k)
{
	return k->id;
}

enum err
point_check(const uint8_t point[static POINT_LEN])
{
	EVP_PKEY *pkey;
	enum err e = pkey_from_point(point, &pkey);

	pkey_free(pkey);
	return e;
}

enum err
point_open(const char *path, uint8_t point[static POINT_LEN])
{
	EVP_PKEY *pkey;
	enum err e = pkey_read_public(path, &pkey);

	if (e == ERR_NONE)
		e = pkey_point(pkey, point);
	pkey_free(pkey);
	return e;
}

enum err
point_write(const uint8_t point[static POINT_LEN], const char *path)
{
	EVP_PKEY *pkey;
	enum err e = pkey_from_point(point, &pkey);

	if (e == ERR_NONE)
		e = pkey_write_public(pkey, path);
	pkey_free(pkey);
	return e;
}

enum err
dhkey_agree(const struct dhkey *own, const uint8_t peer[static POINT_LEN],
    uint8_t out[static DH_LEN])
{
	EVP_PKEY *pub;
	EVP_PKEY_CTX *ctx;
	size_t n = DH_LEN;
	enum err e = pkey_from_point(peer, &pub);
	bool ok;

	if (e != ERR_NONE)
		return e;
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, own->pkey, NULL);
	/*
	 * 0: no second validation. pkey_from_point saw that the point is on
	 * the curve, and the curve's order is prime.
	 */
	ok = ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
	     EVP_PKEY_derive_set_peer_ex(ctx, pub, 0) == 1 &&
	     EVP_PKEY_derive(ctx, out, &n) == 1 && n == DH_LEN;
	EVP_PKEY_CTX_free(ctx);
	pkey_free(pub);
	if (!ok)
		ERR_clear_error();
	return ok ? ERR_NONE : ERR_KEY;
}

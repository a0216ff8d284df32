#include "lib/pkey.h"

#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "lib/file.h"
#include "lib/secret.h"

#define PEM_MAX 16384
#define CURVE "prime256v1"

/* A key file with a passphrase is refused, never asked for at a terminal. */
static int
no_passphrase(char *buf, int size, int rwflag, void *u)
{
	return -1;
}

static enum err
failed(enum err e)
{
	ERR_clear_error();
	return e;
}

enum err
pkey_read(const char *path, EVP_PKEY **out)
{
	struct secret pem = {0};
	enum err e = secret_read(path, PEM_MAX, &pem);
	BIO *bio;

	*out = NULL;
	if (e != ERR_NONE)
		return e;
	bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	if (bio != NULL)
		*out = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
	BIO_free(bio);
	secret_free(&pem);
	return *out != NULL ? ERR_NONE : failed(ERR_KEY);
}

static enum err
write_pem(BIO *bio, const char *path, unsigned mode)
{
	char *p = NULL;
	long n = BIO_get_mem_data(bio, &p);
	enum err e;

	if (p == NULL || n <= 0)
		return failed(ERR_INTERNAL);
	e = file_write(path, span_of(p, (size_t)n), mode);
	OPENSSL_cleanse(p, (size_t)n);
	return e;
}

enum err
pkey_write(EVP_PKEY *k, const char *path)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	enum err e = ERR_INTERNAL;

	if (bio != NULL &&
	    PEM_write_bio_PKCS8PrivateKey(bio, k, NULL, NULL, 0, NULL, NULL))
		e = write_pem(bio, path, 0600);
	BIO_free(bio);
	return e == ERR_NONE ? e : failed(e);
}

enum err
pkey_write_public(EVP_PKEY *k, const char *path)
{
	BIO *bio = BIO_new(BIO_s_mem());
	enum err e = ERR_INTERNAL;

	if (bio != NULL && PEM_write_bio_PUBKEY(bio, k))
		e = write_pem(bio, path, 0644);
	BIO_free(bio);
	return e == ERR_NONE ? e : failed(e);
}

enum err
pkey_read_public(const char *path, EVP_PKEY **out)
{
	struct buf pem = {0};
	enum err e = file_read(path, PEM_MAX, &pem);
	BIO *bio = NULL;

	*out = NULL;
	if (e != ERR_NONE)
		goto done;
	e = ERR_KEY;
	bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	if (bio != NULL)
		*out = PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, NULL);
	if (*out != NULL)
		e = ERR_NONE;
done:
	BIO_free(bio);
	buf_free(&pem);
	return e == ERR_NONE ? e : failed(e);
}

void
pkey_free(EVP_PKEY *k)
{
	EVP_PKEY_free(k);
}

bool
pkey_is_p256(const EVP_PKEY *k)
{
	char name[32];

	return EVP_PKEY_is_a(k, "EC") &&
	       EVP_PKEY_get_group_name(k, name, sizeof(name), NULL) == 1 &&
	       strcmp(name, CURVE) == 0;
}

enum err
pkey_new_p256(EVP_PKEY **out)
{
	*out = EVP_EC_gen(CURVE);
	return *out != NULL ? ERR_NONE : failed(ERR_INTERNAL);
}

static enum err
from_params(OSSL_PARAM *params, int selection, EVP_PKEY **out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	int ok = params != NULL && ctx != NULL &&
		 EVP_PKEY_fromdata_init(ctx) == 1 &&
		 EVP_PKEY_fromdata(ctx, out, selection, params) == 1;

	EVP_PKEY_CTX_free(ctx);
	if (!ok)
		*out = NULL;
	return ok ? ERR_NONE : failed(ERR_KEY);
}

enum err
pkey_from_point(const uint8_t point[static PKEY_POINT_LEN], EVP_PKEY **out)
{
	char group[] = CURVE;
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(
		OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
	    OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY,
		(void *)(uintptr_t)point, PKEY_POINT_LEN),
	    OSSL_PARAM_construct_end(),
	};

	*out = NULL;
	/* 0x06 and 0x07 (hybrid) are as long and say the same: one spelling */
	if (point[0] != 0x04)
		return ERR_KEY;
	return from_params(params, EVP_PKEY_PUBLIC_KEY, out);
}

/* scalar * G, or ERR_KEY for a scalar out of range. */
static enum err
point_of_scalar(const BIGNUM *d, uint8_t point[static PKEY_POINT_LEN])
{
	EC_GROUP *g = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	EC_POINT *p = g != NULL ? EC_POINT_new(g) : NULL;
	bool ok = p != NULL && !BN_is_zero(d) &&
		  BN_cmp(d, EC_GROUP_get0_order(g)) < 0 &&
		  EC_POINT_mul(g, p, d, NULL, NULL, NULL) == 1 &&
		  EC_POINT_point2oct(g, p, POINT_CONVERSION_UNCOMPRESSED, point,
		      PKEY_POINT_LEN, NULL) == PKEY_POINT_LEN;

	EC_POINT_free(p);
	EC_GROUP_free(g);
	return ok ? ERR_NONE : failed(ERR_KEY);
}

enum err
pkey_from_scalar(struct span scalar, EVP_PKEY **out)
{
	uint8_t point[PKEY_POINT_LEN];
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	BIGNUM *d = BN_secure_new();
	enum err e = ERR_KEY;

	*out = NULL;
	if (bld == NULL || d == NULL || scalar.n != 32 ||
	    BN_bin2bn(scalar.p, (int)scalar.n, d) == NULL)
		goto done;
	BN_set_flags(d, BN_FLG_CONSTTIME);
	e = point_of_scalar(d, point);
	if (e != ERR_NONE)
		goto done;
	if (OSSL_PARAM_BLD_push_utf8_string(
		bld, OSSL_PKEY_PARAM_GROUP_NAME, CURVE, 0) &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PRIV_KEY, d) &&
	    OSSL_PARAM_BLD_push_octet_string(
		bld, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)))
		params = OSSL_PARAM_BLD_to_param(bld);
	e = from_params(params, EVP_PKEY_KEYPAIR, out);
done:
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	BN_clear_free(d);
	return e;
}

enum err
pkey_point(const EVP_PKEY *k, uint8_t point[static PKEY_POINT_LEN])
{
	BIGNUM *x = NULL, *y = NULL;
	bool ok = pkey_is_p256(k) &&
		  EVP_PKEY_get_bn_param(k, OSSL_PKEY_PARAM_EC_PUB_X, &x) == 1 &&
		  EVP_PKEY_get_bn_param(k, OSSL_PKEY_PARAM_EC_PUB_Y, &y) == 1;

	point[0] = 0x04;
	ok = ok && BN_bn2binpad(x, point + 1, 32) == 32 &&
	     BN_bn2binpad(y, point + 33, 32) == 32;
	BN_free(x);
	BN_free(y);
	return ok ? ERR_NONE : failed(ERR_KEY);
}

#include "lib/authority.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "lib/file.h"
#include "lib/pkey.h"

#define PEM_FILE_MAX (4 * 1024 * 1024)
#define SERIAL_LEN 16
#define X509_V3 2L /* versions are counted from 0 */
#define CRL_V2 1L

struct authority {
	EVP_PKEY *key;
	X509 *cert;
	STACK_OF(X509_REVOKED) * revoked;
	uint64_t crl_number;
};

/* ---- pieces of a certificate ----------------------------------------------
 */

static bool
set_serial(X509 *x)
{
	uint8_t bytes[SERIAL_LEN];
	BIGNUM *n = NULL;
	bool ok = RAND_bytes(bytes, sizeof(bytes)) == 1;

	/* positive, and never shorter than it looks (RFC 5280, 4.1.2.2) */
	bytes[0] = (uint8_t)((bytes[0] & 0x7f) | 0x40);
	n = ok ? BN_bin2bn(bytes, sizeof(bytes), NULL) : NULL;
	ok = n != NULL &&
	     BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x)) != NULL;
	BN_free(n);
	return ok;
}

static bool
add_text(X509_NAME *name, int nid, const char *text)
{
	return X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8,
		   (const unsigned char *)text, -1, -1, 0) == 1;
}

static bool
set_dates(X509 *x, uint64_t from_ms, uint64_t until_ms)
{
	return ASN1_TIME_set(
		   X509_getm_notBefore(x), (time_t)(from_ms / 1000)) != NULL &&
	       ASN1_TIME_set(
		   X509_getm_notAfter(x), (time_t)(until_ms / 1000)) != NULL;
}

static bool
add_extension(X509 *issuer, X509 *x, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *ext;
	bool ok;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = ext != NULL && X509_add_ext(x, ext, -1) == 1;
	X509_EXTENSION_free(ext);
	return ok;
}

struct extension {
	int nid;
	const char *value;
};

static const struct extension ca_extensions[] = {
    {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
    {NID_key_usage, "critical,keyCertSign,cRLSign"},
    {NID_subject_key_identifier, "hash"},
    {0, NULL},
};
static const struct extension party_extensions[] = {
    {NID_basic_constraints, "critical,CA:FALSE"},
    {NID_key_usage, "critical,digitalSignature"},
    {NID_subject_key_identifier, "hash"},
    {NID_authority_key_identifier, "keyid:always"},
    {0, NULL},
};

static bool
add_extensions(X509 *issuer, X509 *x, const struct extension *list)
{
	for (; list->value != NULL; list++)
		if (!add_extension(issuer, x, list->nid, list->value))
			return false;
	return true;
}

static enum err
failed(enum err e)
{
	ERR_clear_error();
	return e;
}

/* ---- the authority --------------------------------------------------------
 */

static bool
sign_itself(
    struct authority *a, const char *name, uint64_t from_ms, uint64_t until_ms)
{
	X509 *x = a->cert = X509_new();
	X509_NAME *subject;

	if (x == NULL || X509_set_version(x, X509_V3) != 1 || !set_serial(x) ||
	    !set_dates(x, from_ms, until_ms))
		return false;
	subject = X509_get_subject_name(x);
	return add_text(subject, NID_commonName, name) &&
	       X509_set_issuer_name(x, subject) == 1 &&
	       X509_set_pubkey(x, a->key) == 1 &&
	       add_extensions(x, x, ca_extensions) &&
	       X509_sign(x, a->key, EVP_sha256()) > 0;
}

enum err
authority_new(const char *name, uint64_t from_ms, uint64_t until_ms,
    struct authority **out)
{
	struct authority *a = xcalloc(1, sizeof(*a));
	enum err e = pkey_new_p256(&a->key);

	*out = NULL;
	a->revoked = sk_X509_REVOKED_new_null();
	if (e == ERR_NONE &&
	    (a->revoked == NULL || !sign_itself(a, name, from_ms, until_ms)))
		e = failed(ERR_INTERNAL);
	if (e != ERR_NONE) {
		authority_free(a);
		return e;
	}
	*out = a;
	return ERR_NONE;
}

void
authority_free(struct authority *a)
{
	if (a == NULL)
		return;
	pkey_free(a->key);
	X509_free(a->cert);
	sk_X509_REVOKED_pop_free(a->revoked, X509_REVOKED_free);
	free(a);
}

static char *
path_in(const char *dir, const char *file)
{
	char *path;

	if (asprintf(&path, "%s/%s", dir, file) < 0)
		abort();
	return path;
}

/* A PEM file's one thing; NULL and *e where there is none. */
static void *
read_pem(const char *dir, const char *file, bool crl, enum err *e)
{
	char *path = path_in(dir, file);
	struct buf pem = {0};
	void *thing = NULL;
	BIO *bio = NULL;

	*e = file_read(path, PEM_FILE_MAX, &pem);
	if (*e == ERR_NONE)
		bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	if (bio != NULL && crl)
		thing = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL);
	else if (bio != NULL)
		thing = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	if (*e == ERR_NONE && thing == NULL)
		*e = failed(ERR_CERT);
	BIO_free(bio);
	buf_free(&pem);
	free(path);
	return thing;
}

/* Go on from an older list: its revocations and its number. */
static enum err
adopt_crl(struct authority *a, X509_CRL *crl)
{
	STACK_OF(X509_REVOKED) *old = X509_CRL_get_REVOKED(crl);
	ASN1_INTEGER *number =
	    X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
	uint64_t n = 0;

	if (number != NULL && ASN1_INTEGER_get_uint64(&n, number) == 1)
		a->crl_number = n;
	ASN1_INTEGER_free(number);
	a->revoked = sk_X509_REVOKED_new_null();
	for (int i = 0; i < sk_X509_REVOKED_num(old); i++) {
		X509_REVOKED *r =
		    X509_REVOKED_dup(sk_X509_REVOKED_value(old, i));

		if (r == NULL || sk_X509_REVOKED_push(a->revoked, r) == 0)
			return failed(ERR_INTERNAL);
	}
	return ERR_NONE;
}

enum err
authority_open(const char *dir, struct authority **out)
{
	struct authority *a = xcalloc(1, sizeof(*a));
	char *key = path_in(dir, "ca.key");
	X509_CRL *crl = NULL;
	enum err e = pkey_read(key, &a->key);

	*out = NULL;
	if (e == ERR_NONE)
		a->cert = read_pem(dir, "ca.pem", false, &e);
	if (e == ERR_NONE && X509_check_private_key(a->cert, a->key) != 1)
		e = failed(ERR_KEY);
	if (e == ERR_NONE)
		crl = read_pem(dir, "crl.pem", true, &e);
	if (e == ERR_NONE)
		e = adopt_crl(a, crl);
	X509_CRL_free(crl);
	free(key);
	if (e != ERR_NONE) {
		authority_free(a);
		return e;
	}
	*out = a;
	return ERR_NONE;
}

static enum err
write_pem(const char *dir, const char *file, const struct buf *pem)
{
	char *path = path_in(dir, file);
	enum err e = file_write(path, buf_span(pem), 0644);

	free(path);
	return e;
}

enum err
authority_write(struct authority *a, const char *dir, uint64_t this_update_ms,
    uint64_t next_update_ms)
{
	char *key = path_in(dir, "ca.key");
	struct buf ca = {0}, crl = {0};
	enum err e = pkey_write(a->key, key);

	authority_pem(a, &ca);
	if (e == ERR_NONE)
		e = write_pem(dir, "ca.pem", &ca);
	if (e == ERR_NONE)
		e = authority_crl(a, this_update_ms, next_update_ms, &crl);
	if (e == ERR_NONE)
		e = write_pem(dir, "crl.pem", &crl);
	buf_free(&ca);
	buf_free(&crl);
	free(key);
	return e;
}

/* ---- what it signs --------------------------------------------------------
 */

static EVP_PKEY *
party_pkey(const struct verifykey *k)
{
	struct span raw = verifykey_raw(k);
	EVP_PKEY *out = NULL;

	if (verifykey_algorithm(k) == SIGN_ED25519)
		return EVP_PKEY_new_raw_public_key_ex(
		    NULL, "ED25519", NULL, raw.p, raw.n);
	return pkey_from_point(raw.p, &out) == ERR_NONE ? out : NULL;
}

static bool
fill(struct authority *a, X509 *x, EVP_PKEY *key,
    const struct authority_request *r)
{
	X509_NAME *subject = X509_get_subject_name(x);

	return X509_set_version(x, X509_V3) == 1 && set_serial(x) &&
	       set_dates(x, r->from_ms, r->until_ms) &&
	       add_text(subject, NID_commonName, r->name) &&
	       add_text(subject, NID_serialNumber, r->party) &&
	       X509_set_issuer_name(x, X509_get_subject_name(a->cert)) == 1 &&
	       X509_set_pubkey(x, key) == 1 &&
	       add_extensions(a->cert, x, party_extensions) &&
	       X509_sign(x, a->key, EVP_sha256()) > 0;
}

enum err
authority_issue(
    struct authority *a, const struct authority_request *r, struct buf *der)
{
	EVP_PKEY *key = party_pkey(r->key);
	X509 *x = X509_new();
	uint8_t *bytes = NULL;
	int n = -1;

	if (key != NULL && x != NULL && fill(a, x, key, r))
		n = i2d_X509(x, &bytes);
	if (n > 0)
		buf_add(der, bytes, (size_t)n);
	OPENSSL_free(bytes);
	X509_free(x);
	pkey_free(key);
	return n > 0 ? ERR_NONE : failed(ERR_INTERNAL);
}

enum err
authority_revoke(struct authority *a, struct span der, uint64_t when_ms)
{
	const uint8_t *p = der.p;
	X509 *x = d2i_X509(NULL, &p, (long)der.n);
	X509_REVOKED *r = X509_REVOKED_new();
	ASN1_TIME *when = ASN1_TIME_set(NULL, (time_t)(when_ms / 1000));
	enum err e = ERR_CERT;

	if (x == NULL || X509_verify(x, X509_get0_pubkey(a->cert)) != 1)
		goto done;
	e = ERR_INTERNAL;
	if (r != NULL && when != NULL &&
	    X509_REVOKED_set_serialNumber(r, X509_get_serialNumber(x)) == 1 &&
	    X509_REVOKED_set_revocationDate(r, when) == 1 &&
	    sk_X509_REVOKED_push(a->revoked, r) > 0) {
		r = NULL; /* the stack owns it now */
		e = ERR_NONE;
	}
done:
	X509_REVOKED_free(r);
	ASN1_TIME_free(when);
	X509_free(x);
	return e == ERR_NONE ? e : failed(e);
}

/* PEM is base64 between two lines: OpenSSL's writer, through memory. */
static void
add_bio(BIO *bio, struct buf *out)
{
	char *p = NULL;
	long n = BIO_get_mem_data(bio, &p);

	buf_add(out, p, (size_t)n);
}

void
authority_pem(const struct authority *a, struct buf *pem)
{
	BIO *bio = BIO_new(BIO_s_mem());

	if (bio != NULL && PEM_write_bio_X509(bio, a->cert) == 1)
		add_bio(bio, pem);
	BIO_free(bio);
}

static bool
crl_extensions(struct authority *a, X509_CRL *crl)
{
	ASN1_INTEGER *number = ASN1_INTEGER_new();
	X509_EXTENSION *aki;
	X509V3_CTX ctx;
	bool ok;

	X509V3_set_ctx(&ctx, a->cert, NULL, NULL, crl, 0);
	aki = X509V3_EXT_conf_nid(
	    NULL, &ctx, NID_authority_key_identifier, "keyid:always");
	ok = number != NULL && aki != NULL &&
	     ASN1_INTEGER_set_uint64(number, ++a->crl_number) == 1 &&
	     X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0) == 1 &&
	     X509_CRL_add_ext(crl, aki, -1) == 1;
	ASN1_INTEGER_free(number);
	X509_EXTENSION_free(aki);
	return ok;
}

static bool
crl_fill(struct authority *a, X509_CRL *crl, const ASN1_TIME *this_update,
    const ASN1_TIME *next_update)
{
	if (X509_CRL_set_version(crl, CRL_V2) != 1 ||
	    X509_CRL_set_issuer_name(crl, X509_get_subject_name(a->cert)) !=
		1 ||
	    X509_CRL_set1_lastUpdate(crl, this_update) != 1 ||
	    X509_CRL_set1_nextUpdate(crl, next_update) != 1)
		return false;
	for (int i = 0; i < sk_X509_REVOKED_num(a->revoked); i++) {
		X509_REVOKED *r =
		    X509_REVOKED_dup(sk_X509_REVOKED_value(a->revoked, i));

		if (r == NULL || X509_CRL_add0_revoked(crl, r) != 1)
			return false;
	}
	return X509_CRL_sort(crl) == 1 && crl_extensions(a, crl) &&
	       X509_CRL_sign(crl, a->key, EVP_sha256()) > 0;
}

enum err
authority_crl(struct authority *a, uint64_t this_update_ms,
    uint64_t next_update_ms, struct buf *pem)
{
	ASN1_TIME *from = ASN1_TIME_set(NULL, (time_t)(this_update_ms / 1000));
	ASN1_TIME *to = ASN1_TIME_set(NULL, (time_t)(next_update_ms / 1000));
	X509_CRL *crl = X509_CRL_new();
	BIO *bio = BIO_new(BIO_s_mem());
	bool ok = from != NULL && to != NULL && crl != NULL && bio != NULL &&
		  crl_fill(a, crl, from, to) &&
		  PEM_write_bio_X509_CRL(bio, crl) == 1;

	if (ok)
		add_bio(bio, pem);
	BIO_free(bio);
	X509_CRL_free(crl);
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
	return ok ? ERR_NONE : failed(ERR_INTERNAL);
}

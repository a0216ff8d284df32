#include "lib/cert.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "lib/file.h"
#include "lib/pkey.h"
#include "lib/sha256.h"
#include "lib/text.h"

#define PEM_FILE_MAX (4 * 1024 * 1024) /* a CRL grows */
#define DER_MAX 8192

struct cert_trust {
	X509_STORE *store; /* the authority and its CRL, nothing else */
};

/* ---- the pinned authority -------------------------------------------------
 */

static BIO *
bio_of(struct span s)
{
	return s.n <= PEM_FILE_MAX ? BIO_new_mem_buf(s.p, (int)s.n) : NULL;
}

/* The authority's own signature under the list, seen once here. */
static bool
crl_is_of(X509_CRL *crl, X509 *ca)
{
	return X509_NAME_cmp(
		   X509_CRL_get_issuer(crl), X509_get_subject_name(ca)) == 0 &&
	       X509_CRL_verify(crl, X509_get0_pubkey(ca)) == 1;
}

enum err
cert_trust_parse(
    struct span ca_pem, struct span crl_pem, struct cert_trust **out)
{
	struct cert_trust *t = xcalloc(1, sizeof(*t));
	BIO *ca_bio = bio_of(ca_pem), *crl_bio = bio_of(crl_pem);
	X509 *ca = NULL;
	X509_CRL *crl = NULL;
	bool ok = false;

	*out = NULL;
	if (ca_bio != NULL && crl_bio != NULL) {
		ca = PEM_read_bio_X509(ca_bio, NULL, NULL, NULL);
		crl = PEM_read_bio_X509_CRL(crl_bio, NULL, NULL, NULL);
	}
	t->store = X509_STORE_new();
	ok = ca != NULL && crl != NULL && t->store != NULL &&
	     X509_check_ca(ca) == 1 && crl_is_of(crl, ca) &&
	     X509_STORE_add_cert(t->store, ca) == 1 &&
	     X509_STORE_add_crl(t->store, crl) == 1 &&
	     X509_STORE_set_flags(t->store,
		 X509_V_FLAG_CRL_CHECK | X509_V_FLAG_X509_STRICT) == 1;
	X509_free(ca);
	X509_CRL_free(crl);
	BIO_free(ca_bio);
	BIO_free(crl_bio);
	if (!ok) {
		ERR_clear_error();
		cert_trust_free(t);
		return ERR_CERT;
	}
	*out = t;
	return ERR_NONE;
}

enum err
cert_trust_open(
    const char *ca_path, const char *crl_path, struct cert_trust **out)
{
	struct buf ca = {0}, crl = {0};
	enum err e = file_read(ca_path, PEM_FILE_MAX, &ca);

	*out = NULL;
	if (e == ERR_NONE)
		e = file_read(crl_path, PEM_FILE_MAX, &crl);
	if (e == ERR_NONE)
		e = cert_trust_parse(buf_span(&ca), buf_span(&crl), out);
	buf_free(&ca);
	buf_free(&crl);
	return e;
}

void
cert_trust_free(struct cert_trust *t)
{
	if (t == NULL)
		return;
	X509_STORE_free(t->store);
	free(t);
}

/* ---- what a certificate says ----------------------------------------------
 */

static uint64_t
ms_of(const ASN1_TIME *at)
{
	struct tm tm;
	time_t s;

	if (ASN1_TIME_to_tm(at, &tm) != 1)
		return 0;
	s = timegm(&tm);
	return s > 0 ? (uint64_t)s * 1000 : 0;
}

/* The one value of a subject attribute; none or two are refused. */
static enum err
subject_text(X509_NAME *name, int nid, char *out, size_t size)
{
	int at = X509_NAME_get_index_by_NID(name, nid, -1), n;
	unsigned char *utf8 = NULL;
	enum err e;

	if (at < 0 || X509_NAME_get_index_by_NID(name, nid, at) >= 0)
		return ERR_CERT;
	n = ASN1_STRING_to_UTF8(
	    &utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
	if (n < 0)
		return ERR_CERT;
	e = text_check(span_of(utf8, (size_t)n), size - 1);
	if (e == ERR_NONE && n > 0) {
		memcpy(out, utf8, (size_t)n);
		out[n] = '\0';
	}
	OPENSSL_free(utf8);
	return e == ERR_NONE && n > 0 ? ERR_NONE : ERR_CERT;
}

static enum err
facts_read(X509 *x, struct span der, struct cert_facts *f)
{
	X509_NAME *name = X509_get_subject_name(x);
	enum err e =
	    subject_text(name, NID_serialNumber, f->party, sizeof(f->party));

	if (e == ERR_NONE)
		e = subject_text(
		    name, NID_commonName, f->name, sizeof(f->name));
	f->not_before_ms = ms_of(X509_get0_notBefore(x));
	f->not_after_ms = ms_of(X509_get0_notAfter(x));
	sha256(der, f->fingerprint);
	return e;
}

/* A party's certificate signs messages; it is no authority and no TLS key. */
static enum err
usage_check(X509 *x)
{
	uint32_t flags = X509_get_extension_flags(x);

	if (flags & (EXFLAG_CA | EXFLAG_INVALID | EXFLAG_CRITICAL))
		return ERR_CERT;
	if ((flags & EXFLAG_KUSAGE) == 0 ||
	    (X509_get_key_usage(x) & KU_DIGITAL_SIGNATURE) == 0)
		return ERR_CERT;
	return ERR_NONE;
}

static enum err
key_read(X509 *x, struct verifykey **out)
{
	EVP_PKEY *k = X509_get0_pubkey(x);
	uint8_t raw[VERIFYKEY_RAW_MAX];
	size_t n = sizeof(raw);

	if (k == NULL)
		return ERR_KEY;
	if (EVP_PKEY_is_a(k, "ED25519"))
		return EVP_PKEY_get_raw_public_key(k, raw, &n) == 1
			   ? verifykey_parse(SIGN_ED25519, span_of(raw, n), out)
			   : ERR_KEY;
	if (pkey_point(k, raw) != ERR_NONE)
		return ERR_KEY;
	return verifykey_parse(SIGN_ES256, SPAN(raw), out);
}

/* ---- the chain ------------------------------------------------------------
 */

/*
 * What OpenSSL found that does not speak against the form: remembered, so
 * that the certificate's facts are known to be the authority's words even
 * where it may no longer be used.
 */
struct verdict {
	bool expired, revoked;
};

static int
on_finding(int ok, X509_STORE_CTX *ctx)
{
	struct verdict *v = X509_STORE_CTX_get_app_data(ctx);

	if (ok)
		return 1;
	switch (X509_STORE_CTX_get_error(ctx)) {
	case X509_V_ERR_CERT_NOT_YET_VALID:
	case X509_V_ERR_CERT_HAS_EXPIRED:
	case X509_V_ERR_CRL_NOT_YET_VALID:
	case X509_V_ERR_CRL_HAS_EXPIRED:
		v->expired = true;
		return 1;
	case X509_V_ERR_CERT_REVOKED:
		v->revoked = true;
		return 1;
	}
	return 0;
}

/* ERR_CERT unless the chain is just the certificate and the authority. */
static enum err
chain_check(
    const struct cert_trust *t, X509 *x, uint64_t now_ms, struct verdict *v)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	bool ok =
	    ctx != NULL && X509_STORE_CTX_init(ctx, t->store, x, NULL) == 1;

	if (ok) {
		X509_STORE_CTX_set_app_data(ctx, v);
		X509_STORE_CTX_set_verify_cb(ctx, on_finding);
		X509_STORE_CTX_set_time(ctx, 0, (time_t)(now_ms / 1000));
		ok = X509_verify_cert(ctx) == 1 &&
		     sk_X509_num(X509_STORE_CTX_get0_chain(ctx)) == 2;
	}
	X509_STORE_CTX_free(ctx);
	return ok ? ERR_NONE : ERR_CERT;
}

static X509 *
parse(struct span der)
{
	const uint8_t *p = der.p;
	X509 *x = der.n <= DER_MAX ? d2i_X509(NULL, &p, (long)der.n) : NULL;

	if (x != NULL && p != der.p + der.n) {
		X509_free(x);
		x = NULL;
	}
	return x;
}

enum err
cert_check(const struct cert_trust *t, struct span der, uint64_t now_ms,
    struct cert_facts *facts, struct verifykey **key)
{
	struct verdict v = {0};
	X509 *x = parse(der);
	enum err e = x != NULL ? ERR_NONE : ERR_CERT;

	memset(facts, 0, sizeof(*facts));
	if (key != NULL)
		*key = NULL;
	if (e == ERR_NONE)
		e = usage_check(x);
	if (e == ERR_NONE)
		e = chain_check(t, x, now_ms, &v);
	if (e == ERR_NONE)
		e = facts_read(x, der, facts);
	if (e == ERR_NONE && v.revoked)
		e = ERR_CERT_REVOKED;
	else if (e == ERR_NONE && v.expired)
		e = ERR_CERT_EXPIRED;
	else if (e == ERR_NONE && key != NULL)
		e = key_read(x, key);
	X509_free(x);
	ERR_clear_error();
	return e;
}

/* lib/cert.h and lib/authority.h: whom the pinned authority vouches for. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/cert.h"
#include "tests/unit/pki.h"
#include "tests/unit/suite.h"

#define NOW UINT64_C(1795392000000) /* 2026-11-23 */

static enum err
check(struct pki *p, const struct pki_party *q, uint64_t now_ms)
{
	struct cert_facts f;
	struct verifykey *k;
	enum err e = cert_check(p->trust, buf_span(&q->cert), now_ms, &f, &k);

	CU_ASSERT_EQUAL(k != NULL, e == ERR_NONE);
	verifykey_free(k);
	return e;
}

static void
good(void)
{
	static const enum sign_algorithm both[] = {SIGN_ED25519, SIGN_ES256};
	struct pki *p = pki_new(NOW);

	pki_trust(p);
	for (int i = 0; i < 2; i++) {
		struct pki_party *q =
		    pki_add(p, i ? "nenkin" : "141003", both[i]);
		struct cert_facts f;
		struct verifykey *k;

		SUITE_ERR(cert_check(p->trust, buf_span(&q->cert), NOW, &f, &k),
		    ERR_NONE);
		CU_ASSERT_STRING_EQUAL(f.party, q->code);
		CU_ASSERT_STRING_EQUAL(f.name, "架空の機関");
		CU_ASSERT_EQUAL(f.not_before_ms, NOW - PKI_DAY_MS);
		CU_ASSERT_EQUAL(f.not_after_ms, NOW + 730 * PKI_DAY_MS);
		CU_ASSERT(span_equal(
		    verifykey_raw(k), verifykey_raw(signkey_public(q->sign))));
		verifykey_free(k);
	}
	pki_free(p);
}

static void
outside_its_dates(void)
{
	struct pki *p = pki_new(NOW);
	struct pki_party *q = pki_add(p, "nenkin", SIGN_ED25519);
	struct cert_facts f;

	pki_certify(p, q, NOW - PKI_DAY_MS, NOW + PKI_DAY_MS);
	pki_trust(p);
	SUITE_ERR(check(p, q, NOW), ERR_NONE);
	SUITE_ERR(check(p, q, NOW + 2 * PKI_DAY_MS), ERR_CERT_EXPIRED);
	pki_certify(p, q, NOW + PKI_DAY_MS, NOW + 2 * PKI_DAY_MS);
	SUITE_ERR(check(p, q, NOW), ERR_CERT_EXPIRED);
	/* the facts are told all the same */
	cert_check(p->trust, buf_span(&q->cert), NOW, &f, NULL);
	CU_ASSERT_STRING_EQUAL(f.party, "nenkin");
	pki_free(p);
}

static void
revoked(void)
{
	struct pki *p = pki_new(NOW);
	struct pki_party *q = pki_add(p, "nenkin", SIGN_ED25519);
	struct pki_party *other = pki_add(p, "141003", SIGN_ED25519);

	pki_trust(p);
	SUITE_ERR(check(p, q, NOW), ERR_NONE);
	SUITE_ERR(authority_revoke(p->ca, buf_span(&q->cert), NOW), ERR_NONE);
	pki_trust(p);
	SUITE_ERR(check(p, q, NOW), ERR_CERT_REVOKED);
	SUITE_ERR(check(p, other, NOW), ERR_NONE);
	pki_free(p);
}

/* A list past its date tells nothing: fail closed. */
static void
outdated_crl(void)
{
	struct pki *p = pki_new(NOW);
	struct pki_party *q = pki_add(p, "nenkin", SIGN_ED25519);

	pki_trust(p);
	SUITE_ERR(check(p, q, NOW + 31 * PKI_DAY_MS), ERR_CERT_EXPIRED);
	pki_free(p);
}

static void
other_authority(void)
{
	struct pki *p = pki_new(NOW), *stranger = pki_new(NOW);
	struct pki_party *q = pki_add(stranger, "nenkin", SIGN_ED25519);
	struct buf ca = {0}, crl = {0};
	struct cert_trust *t;

	pki_trust(p);
	SUITE_ERR(check(p, q, NOW), ERR_CERT);
	SUITE_ERR(authority_revoke(p->ca, buf_span(&q->cert), NOW), ERR_CERT);
	/* and a list by another than the authority */
	authority_pem(p->ca, &ca);
	SUITE_ERR(authority_crl(stranger->ca, NOW, NOW + 1000, &crl), ERR_NONE);
	SUITE_ERR(
	    cert_trust_parse(buf_span(&ca), buf_span(&crl), &t), ERR_CERT);
	CU_ASSERT_PTR_NULL(t);
	buf_free(&ca);
	buf_free(&crl);
	pki_free(p);
	pki_free(stranger);
}

static void
broken_bytes(void)
{
	struct pki *p = pki_new(NOW);
	struct pki_party *q = pki_add(p, "nenkin", SIGN_ED25519);
	size_t n = q->cert.n;

	pki_trust(p);
	for (size_t i = 0; i < n; i += 3) {
		q->cert.p[i] ^= 1;
		CU_ASSERT_NOT_EQUAL(check(p, q, NOW), ERR_NONE);
		q->cert.p[i] ^= 1;
	}
	SUITE_ERR(check(p, q, NOW), ERR_NONE);
	buf_add_u8(&q->cert, 0);
	SUITE_ERR(check(p, q, NOW), ERR_CERT);
	for (q->cert.n = 0; q->cert.n < n; q->cert.n += 17)
		SUITE_ERR(check(p, q, NOW), ERR_CERT);
	pki_free(p);
}

static void
no_authority(void)
{
	struct pki *p = pki_new(NOW);
	struct buf pem = {0};
	struct cert_trust *t;

	SUITE_ERR(
	    cert_trust_parse(span_str("-----"), span_str(""), &t), ERR_CERT);
	authority_pem(p->ca, &pem);
	SUITE_ERR(cert_trust_parse(buf_span(&pem), span_str(""), &t), ERR_CERT);
	SUITE_ERR(cert_trust_open("/nowhere", "/nowhere", &t), ERR_FILE);
	buf_free(&pem);
	pki_free(p);
}

/* Written, opened again: it goes on from its list. */
static void
authority_kept(void)
{
	char dir[] = "/tmp/authority.XXXXXX", path[64];
	static const char *const files[] = {"ca.pem", "ca.key", "crl.pem"};
	struct pki *p = pki_new(NOW);
	struct pki_party *q = pki_add(p, "nenkin", SIGN_ED25519);
	struct pki_party *r = pki_add(p, "141003", SIGN_ED25519);

	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
	SUITE_ERR(authority_revoke(p->ca, buf_span(&q->cert), NOW), ERR_NONE);
	SUITE_ERR(authority_write(p->ca, dir, NOW, NOW + 1000), ERR_NONE);
	authority_free(p->ca);
	SUITE_ERR(authority_open(dir, &p->ca), ERR_NONE);
	SUITE_ERR(authority_revoke(p->ca, buf_span(&r->cert), NOW), ERR_NONE);
	pki_trust(p);
	SUITE_ERR(check(p, q, NOW), ERR_CERT_REVOKED);
	SUITE_ERR(check(p, r, NOW), ERR_CERT_REVOKED);
	for (int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]);
		unlink(path);
	}
	rmdir(dir);
	pki_free(p);
}

static const struct suite_case cases[] = {
    {"takes a certificate of the authority, of either kind", good},
    {"refuses one before and after its dates", outside_its_dates},
    {"refuses a revoked one and takes its neighbour", revoked},
    {"refuses all when the list is out of date", outdated_crl},
    {"refuses another authority's certificates and list", other_authority},
    {"refuses every broken, cut or padded certificate", broken_bytes},
    {"refuses an authority without a list", no_authority},
    {"goes on from the list it wrote", authority_kept},
};
SUITE("cert", cases)

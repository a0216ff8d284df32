/* lib/directory.h and lib/keystatement.h: who takes part, by which keys. */
#include <stdlib.h>
#include <string.h>

#include "lib/directory.h"
#include "lib/keystatement.h"
#include "lib/sha256.h"
#include "tests/unit/pki.h"
#include "tests/unit/suite.h"

#define NOW UINT64_C(1795392000000) /* 2026-11-23 */

/* Reads the directory as it stands; only the verdict matters. */
static enum err
verdict(struct pki *p)
{
	enum err e;

	directory_free(pki_read(p, 1, &e));
	return e;
}

static struct pki *
two_parties(void)
{
	struct pki *p = pki_new(NOW);

	pki_add(p, "nenkin", SIGN_ED25519);
	pki_add(p, "141003", SIGN_ES256);
	return p;
}

static void
found(void)
{
	struct pki *p = two_parties();
	enum err e;
	struct directory *d = pki_read(p, 42, &e);

	SUITE_ERR(e, ERR_NONE);
	CU_ASSERT_EQUAL(directory_version(d), 42);
	for (size_t i = 0; i < p->n; i++) {
		const struct pki_party *q = &p->party[i];
		const struct party *r = directory_find(d, q->code);

		CU_ASSERT_PTR_NOT_NULL_FATAL(r);
		CU_ASSERT_STRING_EQUAL(r->code, q->code);
		CU_ASSERT_STRING_EQUAL(r->name, "架空の機関");
		CU_ASSERT_EQUAL(r->role, PARTY_AGENCY);
		CU_ASSERT_PTR_EQUAL(
		    directory_find_curve(d, q->statement.curve_key), r);
		CU_ASSERT_PTR_EQUAL(directory_at(d, i), r);
		SUITE_BYTES(r->seal_key, dhkey_point(q->seal), POINT_LEN);
		SUITE_BYTES(r->hpke_key_id, dhkey_id(q->hpke), KEY_ID_LEN);
		/* the shorter of the two: the statement's year */
		CU_ASSERT_EQUAL(r->not_after_ms, NOW + 365 * PKI_DAY_MS);
		SUITE_ERR(party_check(r, NOW), ERR_NONE);
		SUITE_ERR(
		    party_check(r, NOW + 366 * PKI_DAY_MS), ERR_CERT_EXPIRED);
		SUITE_ERR(
		    party_check(r, NOW - 2 * PKI_DAY_MS), ERR_CERT_EXPIRED);
	}
	directory_free(d);
	pki_free(p);
}

static void
not_found(void)
{
	static const uint8_t nobody[32] = {1};
	struct pki *p = two_parties();
	enum err e;
	struct directory *d = pki_read(p, 1, &e);

	CU_ASSERT_PTR_NULL(directory_find(d, "141004"));
	CU_ASSERT_PTR_NULL(directory_find(d, ""));
	CU_ASSERT_PTR_NULL(directory_find_curve(d, nobody));
	CU_ASSERT_PTR_NULL(directory_at(d, 2));
	directory_free(d);
	pki_free(p);
}

static void
unusable_parties(void)
{
	struct pki *p = pki_new(NOW);
	struct directory *d;
	enum err e;

	pki_add(p, "good", SIGN_ED25519);
	pki_add(p, "suspended", SIGN_ED25519)->state = "suspended";
	pki_add(p, "revoked", SIGN_ED25519);
	pki_add(p, "expired", SIGN_ED25519);
	pki_certify(p, &p->party[3], NOW - 9 * PKI_DAY_MS, NOW - PKI_DAY_MS);
	SUITE_ERR(authority_revoke(p->ca, buf_span(&p->party[2].cert), NOW),
	    ERR_NONE);
	d = pki_read(p, 1, &e);
	SUITE_ERR(e, ERR_NONE);
	SUITE_ERR(party_check(directory_find(d, "good"), NOW), ERR_NONE);
	SUITE_ERR(
	    party_check(directory_find(d, "suspended"), NOW), ERR_REFUSED);
	SUITE_ERR(
	    party_check(directory_find(d, "revoked"), NOW), ERR_CERT_REVOKED);
	SUITE_ERR(
	    party_check(directory_find(d, "expired"), NOW), ERR_CERT_EXPIRED);
	CU_ASSERT_PTR_NULL(directory_find(d, "suspended")->key);
	CU_ASSERT_PTR_NULL(directory_find(d, "revoked")->key);
	CU_ASSERT_PTR_NULL(directory_find(d, "expired")->key);
	directory_free(d);
	pki_free(p);
}

/* What officers did not sign, or signed under another number. */
static void
unsigned_or_old(void)
{
	struct pki *p = two_parties();
	struct directory_trust t = {
	    .officers = p->officers, .trust = pki_trust(p), .now_ms = NOW};
	struct buf file = {0}, one = {0}, two = {0};
	struct directory *d;

	pki_directory(p, 7, &file);
	pki_signatures(p, "directory", 7, buf_span(&file), 1, &one);
	pki_signatures(p, "directory", 7, buf_span(&file), 2, &two);
	SUITE_ERR(
	    directory_parse(buf_span(&file), buf_span(&one), &t, &d, NULL),
	    ERR_SIGNATURE);
	CU_ASSERT_PTR_NULL(d);
	t.version_min = 8;
	SUITE_ERR(
	    directory_parse(buf_span(&file), buf_span(&two), &t, &d, NULL),
	    ERR_VERSION);
	t.version_min = 7;
	file.p[file.n - 5] ^= 1;
	SUITE_ERR(
	    directory_parse(buf_span(&file), buf_span(&two), &t, &d, NULL),
	    ERR_SIGNATURE);
	file.p[file.n - 5] ^= 1;
	SUITE_ERR(
	    directory_parse(buf_span(&file), buf_span(&two), &t, &d, NULL),
	    ERR_NONE);
	directory_free(d);
	buf_free(&file);
	buf_free(&one);
	buf_free(&two);
	pki_free(p);
}

static void
twice(void)
{
	struct pki *p = two_parties();
	struct key_statement *s = &p->party[1].statement;

	strcpy(p->party[1].code, "nenkin");
	CU_ASSERT_NOT_EQUAL(verdict(p), ERR_NONE);
	strcpy(p->party[1].code, "141003");
	SUITE_ERR(verdict(p), ERR_NONE);
	/* another party's CURVE key, then its sealing key as our HPKE key */
	memcpy(s->curve_key, p->party[0].statement.curve_key, 32);
	pki_state(&p->party[1]);
	SUITE_ERR(verdict(p), ERR_DUPLICATE);
	sha256(span_str("x"), s->curve_key);
	memcpy(s->hpke_key, p->party[0].statement.seal_key, POINT_LEN);
	pki_state(&p->party[1]);
	SUITE_ERR(verdict(p), ERR_DUPLICATE);
	pki_free(p);
}

static void
words_of_another(void)
{
	struct pki *p = two_parties();
	struct buf cert = p->party[0].cert, envelope = p->party[0].envelope;

	p->party[0].cert = p->party[1].cert;
	SUITE_ERR(verdict(p), ERR_SIGNER);
	p->party[0].cert = cert;
	p->party[0].envelope = p->party[1].envelope;
	SUITE_ERR(verdict(p), ERR_SIGNER);
	p->party[0].envelope = envelope;
	SUITE_ERR(verdict(p), ERR_NONE);
	pki_free(p);
}

static void
bad_cells(void)
{
	struct pki *p = two_parties();
	struct pki_party *q = &p->party[0];

	q->role = "minister";
	SUITE_ERR(verdict(p), ERR_LINE);
	q->role = "agency";
	q->state = "";
	SUITE_ERR(verdict(p), ERR_LINE);
	q->state = "active";
	strcpy(q->code, "Nenkin");
	SUITE_ERR(verdict(p), ERR_LINE);
	strcpy(q->code, "../x");
	SUITE_ERR(verdict(p), ERR_LINE);
	pki_free(p);
}

/* KeyStatements that a party signed itself and that are still wrong. */
static void
bad_statements(void)
{
	struct pki *p = two_parties();
	struct pki_party *q = &p->party[0];
	struct key_statement good = q->statement, *s = &q->statement;

	memset(s->curve_key, 0, sizeof(s->curve_key));
	pki_state(q);
	SUITE_ERR(verdict(p), ERR_KEY);
	*s = good;
	s->seal_key[64] ^= 1;
	pki_state(q);
	SUITE_ERR(verdict(p), ERR_KEY);
	*s = good;
	memcpy(s->seal_key, s->hpke_key, POINT_LEN);
	pki_state(q);
	SUITE_ERR(verdict(p), ERR_KEY);
	*s = good;
	s->version = 2;
	pki_state(q);
	SUITE_ERR(verdict(p), ERR_VERSION);
	*s = good;
	s->not_after_ms = s->not_before_ms;
	pki_state(q);
	SUITE_ERR(verdict(p), ERR_MALFORMED);
	*s = good;
	strcpy(s->party, "141003");
	pki_state(q);
	SUITE_ERR(verdict(p), ERR_SIGNER);
	*s = good;
	pki_state(q);
	SUITE_ERR(verdict(p), ERR_NONE);
	pki_free(p);
}

/* Another type of message by the same key is no statement. */
static void
other_type(void)
{
	struct pki *p = two_parties();
	struct pki_party *q = &p->party[0];
	struct buf body = {0}, bytes = {0};
	struct key_statement s;
	struct envelope_item item = {.type = "inquiry"};

	key_statement_encode(&q->statement, &body);
	item.body = buf_span(&body);
	SUITE_ERR(envelope_sign(q->sign, q->code, &item, 1, &bytes), ERR_NONE);
	SUITE_ERR(keystatement_check(
		      buf_span(&bytes), signkey_public(q->sign), q->code, &s),
	    ERR_MALFORMED);
	SUITE_ERR(keystatement_check(span_of(bytes.p, bytes.n / 2),
		      signkey_public(q->sign), q->code, &s),
	    ERR_MALFORMED);
	buf_free(&body);
	buf_free(&bytes);
	pki_free(p);
}

static void
messages(void)
{
	struct pki *p = two_parties();
	enum err e;
	struct directory *d = pki_read(p, 1, &e);
	struct envelope_cache *c = envelope_cache_new();
	struct envelope_item item = {"inquiry", span_str("body")};
	struct buf bytes = {0};
	struct arena a = {0};
	struct envelope out;
	struct span s;

	SUITE_ERR(envelope_sign(p->party[0].sign, "nenkin", &item, 1, &bytes),
	    ERR_NONE);
	s = buf_span(&bytes);
	SUITE_ERR(
	    directory_envelope(d, s, "inquiry", "nenkin", NOW, c, &a, &out),
	    ERR_NONE);
	CU_ASSERT(span_equal(out.body, item.body));
	SUITE_ERR(directory_envelope(d, s, "inquiry", NULL, NOW, c, &a, &out),
	    ERR_NONE);
	SUITE_ERR(
	    directory_envelope(d, s, "inquiry", "141003", NOW, c, &a, &out),
	    ERR_SIGNER);
	SUITE_ERR(
	    directory_envelope(d, s, "receipt", "nenkin", NOW, c, &a, &out),
	    ERR_MALFORMED);
	SUITE_ERR(directory_envelope(d, s, "inquiry", "nenkin",
		      NOW + 400 * PKI_DAY_MS, c, &a, &out),
	    ERR_CERT_EXPIRED);
	/* 141003's key in nenkin's name; a name nobody has */
	buf_reset(&bytes);
	SUITE_ERR(envelope_sign(p->party[1].sign, "nenkin", &item, 1, &bytes),
	    ERR_NONE);
	SUITE_ERR(directory_envelope(d, buf_span(&bytes), "inquiry", "nenkin",
		      NOW, c, &a, &out),
	    ERR_KEY);
	buf_reset(&bytes);
	SUITE_ERR(
	    envelope_sign(p->party[1].sign, "x", &item, 1, &bytes), ERR_NONE);
	SUITE_ERR(directory_envelope(
		      d, buf_span(&bytes), "inquiry", "x", NOW, c, &a, &out),
	    ERR_KEY);
	buf_free(&bytes);
	arena_wipe_free(&a);
	envelope_cache_free(c);
	directory_free(d);
	pki_free(p);
}

static const struct suite_case cases[] = {
    {"finds parties by code and by CURVE key", found},
    {"finds nobody who is not in it", not_found},
    {"keeps suspended, revoked and expired parties unusable", unusable_parties},
    {"refuses a file unsigned, changed or older", unsigned_or_old},
    {"refuses a party or a key twice", twice},
    {"refuses another party's certificate or statement", words_of_another},
    {"refuses roles, states and codes it does not know", bad_cells},
    {"refuses statements with bad keys, dates or names", bad_statements},
    {"refuses another message in a statement's place", other_type},
    {"takes a message only from its signer, in date", messages},
};
SUITE("directory", cases)

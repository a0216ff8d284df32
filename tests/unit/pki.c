#include "tests/unit/pki.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/b64.h"
#include "lib/clock.h"
#include "lib/keystatement.h"
#include "lib/sha256.h"

static void
must(enum err e, const char *what)
{
	if (e == ERR_NONE)
		return;
	fprintf(stderr, "pki: %s: %s\n", what, err_code(e));
	exit(1);
}

static void
make_officers(struct pki *p)
{
	struct buf tsv = {0};
	char from[DAY_TEXT_LEN];

	day_text(day_of_ms(p->now_ms - PKI_DAY_MS), from);
	buf_printf(&tsv, "officer\tname\tkey\tfrom\tuntil\n");
	for (unsigned i = 0; i < PKI_OFFICERS; i++) {
		must(signkey_generate(SIGN_ED25519, &p->officer[i]), "officer");
		buf_printf(&tsv, "officer-%u\t架空\t", i + 1);
		b64_encode(verifykey_raw(signkey_public(p->officer[i])), &tsv);
		buf_printf(&tsv, "\t%s\t\n", from);
	}
	must(officers_parse("officers", buf_span(&tsv), &p->officers, NULL),
	    "officers");
	buf_free(&tsv);
}

struct pki *
pki_new(uint64_t now_ms)
{
	struct pki *p = xcalloc(1, sizeof(*p));

	p->now_ms = now_ms;
	must(authority_new("test CA", now_ms - 1000 * PKI_DAY_MS,
		 now_ms + 3000 * PKI_DAY_MS, &p->ca),
	    "authority");
	make_officers(p);
	return p;
}

void
pki_free(struct pki *p)
{
	for (size_t i = 0; i < p->n; i++) {
		signkey_free(p->party[i].sign);
		dhkey_free(p->party[i].hpke);
		dhkey_free(p->party[i].seal);
		buf_free(&p->party[i].cert);
		buf_free(&p->party[i].envelope);
	}
	for (unsigned i = 0; i < PKI_OFFICERS; i++)
		signkey_free(p->officer[i]);
	officers_free(p->officers);
	cert_trust_free(p->trust);
	authority_free(p->ca);
	free(p);
}

void
pki_certify(
    struct pki *p, struct pki_party *q, uint64_t from_ms, uint64_t until_ms)
{
	struct authority_request r = {
	    .party = q->code,
	    .name = "架空の機関",
	    .key = signkey_public(q->sign),
	    .from_ms = from_ms,
	    .until_ms = until_ms,
	};

	buf_reset(&q->cert);
	must(authority_issue(p->ca, &r, &q->cert), "certificate");
}

void
pki_state(struct pki_party *q)
{
	buf_reset(&q->envelope);
	must(keystatement_sign(q->sign, &q->statement, &q->envelope),
	    "statement");
}

struct pki_party *
pki_add(struct pki *p, const char *code, enum sign_algorithm a)
{
	struct pki_party *q = &p->party[p->n++];
	struct key_statement *s = &q->statement;

	if (p->n > PKI_PARTIES)
		must(ERR_TOO_LONG, "parties");
	snprintf(q->code, sizeof(q->code), "%s", code);
	q->role = "agency";
	q->state = "active";
	must(signkey_generate(a, &q->sign), "signing key");
	must(dhkey_generate(&q->hpke), "HPKE key");
	must(dhkey_generate(&q->seal), "sealing key");
	pki_certify(p, q, p->now_ms - PKI_DAY_MS, p->now_ms + 730 * PKI_DAY_MS);
	s->version = 1;
	snprintf(s->party, sizeof(s->party), "%s", code);
	s->serial = 1;
	s->not_before_ms = p->now_ms - PKI_DAY_MS;
	s->not_after_ms = p->now_ms + 365 * PKI_DAY_MS;
	sha256(span_str(code), s->curve_key);
	memcpy(s->hpke_key, dhkey_point(q->hpke), POINT_LEN);
	memcpy(s->seal_key, dhkey_point(q->seal), POINT_LEN);
	pki_state(q);
	return q;
}

const struct cert_trust *
pki_trust(struct pki *p)
{
	struct buf ca = {0}, crl = {0};

	authority_pem(p->ca, &ca);
	must(authority_crl(p->ca, p->now_ms - PKI_DAY_MS,
		 p->now_ms + 30 * PKI_DAY_MS, &crl),
	    "CRL");
	cert_trust_free(p->trust);
	must(cert_trust_parse(buf_span(&ca), buf_span(&crl), &p->trust),
	    "trust");
	buf_free(&ca);
	buf_free(&crl);
	return p->trust;
}

void
pki_directory(const struct pki *p, uint64_t version, struct buf *file)
{
	buf_printf(file,
	    "# version %llu\n"
	    "party\trole\tname\tstate\tcertificate\tkeystatement\n",
	    (unsigned long long)version);
	for (size_t i = 0; i < p->n; i++) {
		const struct pki_party *q = &p->party[i];

		buf_printf(file, "%s\t%s\t架空の機関\t%s\t", q->code, q->role,
		    q->state);
		b64_encode(buf_span(&q->cert), file);
		buf_printf(file, "\t");
		b64_encode(buf_span(&q->envelope), file);
		buf_printf(file, "\n");
	}
}

void
pki_signatures(const struct pki *p, const char *kind, uint64_t version,
    struct span file, unsigned n, struct buf *out)
{
	struct bundle b = {.kind = kind, .version = version};
	char id[32];

	sha256(file, b.hash);
	for (unsigned i = 0; i < n; i++) {
		snprintf(id, sizeof(id), "officer-%u", i + 1);
		must(bundle_sign(&b, id, p->officer[i], out), "signature");
	}
}

struct directory *
pki_read(struct pki *p, uint64_t version, enum err *e)
{
	struct directory_trust t = {
	    .officers = p->officers,
	    .trust = pki_trust(p),
	    .now_ms = p->now_ms,
	};
	struct buf file = {0}, signatures = {0};
	struct directory *d;

	pki_directory(p, version, &file);
	pki_signatures(
	    p, "directory", version, buf_span(&file), 2, &signatures);
	*e = directory_parse(
	    buf_span(&file), buf_span(&signatures), &t, &d, NULL);
	buf_free(&file);
	buf_free(&signatures);
	return d;
}

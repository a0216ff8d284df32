#include "tests/fuzz/keytargets.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/keystatement.h"
#include "lib/payloadseal.h"
#include "lib/seal.h"
#include "lib/tsv.h"
#include "tests/unit/pki.h"

#define NOW UINT64_C(1795392000000) /* 2026-11-23 */

/* One world for all targets, and one valid input of each. */
static struct {
	struct pki *pki;
	struct buf ca, crl, directory, signatures, code, answer;
	struct dhkey *vault;
	struct seal_ring *ring; /* the vault's */
	struct seal_channel *vault_end;
	struct payload_opener *opener;
	struct payload_sealed sealed;
} world;

static const uint8_t leaf[HASH_LEN] = {1};
static const struct payload_binding binding = {"141003", "nenkin", leaf};
static const struct span text = {(const uint8_t *)"text", 4};

static void
seal_samples(const struct pki_party *q)
{
	static const uint8_t code[CODE_LEN] = {1, 2, 3};
	struct payload_sealer *sealer = payload_sealer_new();
	struct seal_ring *r;

	assert(dhkey_generate(&world.vault) == ERR_NONE);
	r = seal_ring_new(q->seal, false, SEAL_CAP);
	assert(seal_code(seal_ring_find(r, q->code, dhkey_point(world.vault),
			     SEAL_TO_VAULT),
		   1, code, text, &world.code) == ERR_NONE);
	seal_ring_free(r);
	world.ring = seal_ring_new(world.vault, true, SEAL_CAP);
	world.vault_end = seal_ring_find(
	    world.ring, q->code, dhkey_point(q->seal), SEAL_TO_VAULT);
	assert(payload_seal(sealer, &binding, dhkey_point(q->hpke), text, 0,
		   &world.sealed, &world.answer) == ERR_NONE);
	world.opener = payload_opener_new(q->hpke);
	payload_sealer_free(sealer);
}

static void
world_make(void)
{
	struct pki *p;

	if (world.pki != NULL)
		return;
	p = world.pki = pki_new(NOW);
	pki_add(p, "nenkin", SIGN_ED25519);
	pki_add(p, "141003", SIGN_ES256);
	pki_trust(p);
	authority_pem(p->ca, &world.ca);
	assert(authority_crl(p->ca, NOW, NOW + 1000, &world.crl) == ERR_NONE);
	pki_directory(p, 3, &world.directory);
	pki_signatures(p, "directory", 3, buf_span(&world.directory), 2,
	    &world.signatures);
	seal_samples(&p->party[0]);
}

/* arg: which of these a target begins with. */
static const struct buf *
sample(const struct target *t, size_t i)
{
	world_make();
	if (t->arg == &world.pki)
		return i < 2 ? &world.pki->party[i].cert : NULL;
	if (t->arg == &world.opener)
		return i < 2 ? &world.pki->party[i].envelope : NULL;
	return i < 1 ? t->arg : NULL;
}

static void
key_seed(const struct target *t, size_t i, struct buf *out)
{
	const struct buf *b = sample(t, i);

	if (b != NULL)
		buf_add(out, b->p, b->n);
}

/* Only what was signed or sealed is taken, to the byte. */
static void
must_be_seed(const struct target *t, struct span bytes)
{
	const struct buf *b;
	bool seed = false;

	for (size_t i = 0; (b = sample(t, i)) != NULL; i++)
		seed = seed || span_equal(bytes, buf_span(b));
	assert(seed);
}

static void
certificate_run(const struct target *t, struct span bytes)
{
	struct cert_facts f;
	struct verifykey *k = NULL;

	if (cert_check(world.pki->trust, bytes, NOW, &f, &k) == ERR_NONE)
		must_be_seed(t, bytes);
	else
		assert(k == NULL);
	verifykey_free(k);
}

static void
trust_run(const struct target *t, struct span bytes)
{
	struct cert_trust *trust;

	(void)t;
	if (cert_trust_parse(buf_span(&world.ca), bytes, &trust) == ERR_NONE)
		cert_trust_free(trust);
	if (cert_trust_parse(bytes, buf_span(&world.crl), &trust) == ERR_NONE)
		cert_trust_free(trust);
}

static void
statement_run(const struct target *t, struct span bytes)
{
	static const struct key_statement zero;
	struct key_statement s;

	(void)t;
	for (size_t i = 0; i < world.pki->n; i++) {
		const struct pki_party *q = &world.pki->party[i];

		if (keystatement_check(bytes, signkey_public(q->sign), q->code,
			&s) == ERR_NONE)
			assert(strcmp(s.party, q->code) == 0);
		else
			assert(memcmp(&s, &zero, sizeof(s)) == 0);
	}
}

/* Signed by us whatever it holds, so that what is behind is reached. */
static void
directory_run(const struct target *t, struct span bytes)
{
	struct directory_trust trust = {.officers = world.pki->officers,
	    .trust = world.pki->trust,
	    .now_ms = NOW};
	struct buf signatures = {0};
	struct directory *d;
	uint64_t version = 0;

	(void)t;
	tsv_version(bytes, &version);
	pki_signatures(world.pki, "directory", version, bytes, 2, &signatures);
	if (directory_parse(bytes, buf_span(&signatures), &trust, &d, NULL) ==
	    ERR_NONE)
		for (size_t i = 0; directory_at(d, i) != NULL; i++)
			assert(directory_find(d, directory_at(d, i)->code) ==
			       directory_at(d, i));
	else
		assert(d == NULL);
	directory_free(d);
	buf_free(&signatures);
}

static void
signatures_run(const struct target *t, struct span bytes)
{
	struct directory_trust trust = {.officers = world.pki->officers,
	    .trust = world.pki->trust,
	    .now_ms = NOW};
	struct directory *d;

	(void)t;
	if (directory_parse(buf_span(&world.directory), bytes, &trust, &d,
		NULL) == ERR_NONE)
		assert(bytes.n >= world.signatures.n);
	directory_free(d);
}

static void
code_run(const struct target *t, struct span bytes)
{
	uint8_t code[CODE_LEN];
	uint32_t epoch;

	if (seal_open_code(world.vault_end, bytes, text, &epoch, code) ==
	    ERR_NONE)
		must_be_seed(t, bytes);
}

static void
answer_run(const struct target *t, struct span bytes)
{
	struct buf out = {0};

	if (payload_open(world.opener, &binding, &world.sealed, bytes, &out) ==
	    ERR_NONE)
		must_be_seed(t, bytes);
	else
		assert(out.n == 0);
	buf_free(&out);
}

const struct target key_targets[KEY_TARGETS] = {
    {"certificate", key_seed, certificate_run, &world.pki},
    {"crl", key_seed, trust_run, &world.crl},
    {"key-statement-signed", key_seed, statement_run, &world.opener},
    {"directory", key_seed, directory_run, &world.directory},
    {"officers-signatures", key_seed, signatures_run, &world.signatures},
    {"sealed-code", key_seed, code_run, &world.code},
    {"sealed-answer", key_seed, answer_run, &world.answer},
};

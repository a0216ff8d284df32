/* A small world of keys in memory, and a directory of it, for unit tests. */
#ifndef TESTS_UNIT_PKI_H
#define TESTS_UNIT_PKI_H

#include "lib/authority.h"
#include "lib/directory.h"

#define PKI_OFFICERS 3
#define PKI_PARTIES 8
#define PKI_DAY_MS (UINT64_C(86400) * 1000)

struct pki_party {
	char code[PARTY_MAX + 1];
	const char *role, *state;
	struct signkey *sign;
	struct dhkey *hpke, *seal;
	struct key_statement statement; /* change, then pki_state again */
	struct buf cert;		/* DER */
	struct buf envelope;		/* of the statement */
};

struct pki {
	uint64_t now_ms;
	struct authority *ca;
	struct signkey *officer[PKI_OFFICERS]; /* "officer-1", ... */
	struct officers *officers;
	struct cert_trust *trust; /* pki_trust makes it */
	struct pki_party party[PKI_PARTIES];
	size_t n;
};

/* Ends the test program if a key cannot be made. */
struct pki *pki_new(uint64_t now_ms);
void pki_free(struct pki *p);
/* A party with keys, a certificate of two years and a statement of one. */
struct pki_party *pki_add(
    struct pki *p, const char *code, enum sign_algorithm a);
/* The certificate or the statement anew. */
void pki_certify(
    struct pki *p, struct pki_party *q, uint64_t from_ms, uint64_t until_ms);
void pki_state(struct pki_party *q);
/* The authority's word as of now: call after revoking. */
const struct cert_trust *pki_trust(struct pki *p);
/* directory.tsv, and signatures by officers 0..n-1. Append. */
void pki_directory(const struct pki *p, uint64_t version, struct buf *file);
void pki_signatures(const struct pki *p, const char *kind, uint64_t version,
    struct span file, unsigned n, struct buf *out);
/* Both, read; NULL and *e if refused. */
struct directory *pki_read(struct pki *p, uint64_t version, enum err *e);

#endif

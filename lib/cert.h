/* X.509 agency certificates under one pinned authority (RFC 5280). */
#ifndef LIB_CERT_H
#define LIB_CERT_H

#include "lib/messages.h"
#include "lib/signkey.h"

/* The pinned authority and its revocation list. Read-only once opened. */
struct cert_trust;

/*
 * Both files are PEM. The CRL must be the authority's. ERR_FILE, ERR_CERT.
 * The caller frees *out, which is NULL on failure.
 */
enum err cert_trust_open(
    const char *ca_path, const char *crl_path, struct cert_trust **out);
/* The same from bytes. */
enum err cert_trust_parse(
    struct span ca_pem, struct span crl_pem, struct cert_trust **out);
void cert_trust_free(struct cert_trust *t);

/* What a certificate says once it was checked. */
struct cert_facts {
	char party[PARTY_MAX + 1]; /* subject serialNumber: the party code */
	char name[NAME_MAX_ + 1];  /* subject CN, UTF-8 */
	uint64_t not_before_ms, not_after_ms;
	uint8_t fingerprint[HASH_LEN]; /* SHA-256 of the DER */
};

/*
 * Check one certificate (DER, nothing after it) against the authority at an
 * instant: chain of exactly one step, signature, an end-entity certificate
 * whose key usage is digitalSignature, dates, and the CRL, which must itself
 * be in date. ERR_CERT_EXPIRED (also not yet valid; also an outdated CRL),
 * ERR_CERT_REVOKED, ERR_CERT for the rest; ERR_KEY for a key that is neither
 * Ed25519 nor P-256. *facts is filled whenever the certificate has the right
 * form and signature, even if it is expired or revoked; *key (the caller
 * frees) only with ERR_NONE, unless NULL is passed.
 */
enum err cert_check(const struct cert_trust *t, struct span der,
    uint64_t now_ms, struct cert_facts *facts, struct verifykey **key);

#endif

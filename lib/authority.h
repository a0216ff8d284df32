/* A small certificate authority: issue to parties, revoke, sign the CRL. */
#ifndef LIB_AUTHORITY_H
#define LIB_AUTHORITY_H

#include "lib/err.h"
#include "lib/signkey.h"

/* Used by the development PKI and tests; a real system pins its own CA. */
struct authority;

/* A new self-signed authority with a P-256 key, valid from `from_ms`. */
enum err authority_new(const char *name, uint64_t from_ms, uint64_t until_ms,
    struct authority **out);
/* From ca.pem, ca.key and crl.pem (whose revocations it goes on from). */
enum err authority_open(const char *dir, struct authority **out);
/* Write ca.pem, ca.key (0600) and a CRL signed now into `dir`. */
enum err authority_write(struct authority *a, const char *dir,
    uint64_t this_update_ms, uint64_t next_update_ms);
void authority_free(struct authority *a);

struct authority_request {
	const char *party; /* party code, becomes subject serialNumber */
	const char *name;  /* display name, becomes subject CN */
	const struct verifykey *key;
	uint64_t from_ms, until_ms; /* whole seconds are kept */
};
/* Append the new certificate's DER to `der`. */
enum err authority_issue(
    struct authority *a, const struct authority_request *r, struct buf *der);
/* Put the certificate on the next CRL. ERR_CERT: not one of ours. */
enum err authority_revoke(
    struct authority *a, struct span der, uint64_t when_ms);
/* Append ca.pem, or a CRL signed for this span of time, as PEM. */
void authority_pem(const struct authority *a, struct buf *pem);
enum err authority_crl(struct authority *a, uint64_t this_update_ms,
    uint64_t next_update_ms, struct buf *pem);

#endif

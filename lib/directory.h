/* Who takes part: parties, their roles, states and validated keys. */
#ifndef LIB_DIRECTORY_H
#define LIB_DIRECTORY_H

#include "lib/bundle.h"
#include "lib/cert.h"
#include "lib/dhkey.h"
#include "lib/envelope.h"

/* X(name, number, word in directory.tsv, role in Hello) */
#define PARTY_ROLE_TABLE(X)                \
	X(PARTY_AGENCY, 1, "agency")       \
	X(PARTY_REGISTRAR, 2, "registrar") \
	X(PARTY_PORTAL, 3, "portal")       \
	X(PARTY_AUDITOR, 4, "auditor")

enum party_role {
#define PARTY_ROLE_ENUM(name, number, word) name = number,
	PARTY_ROLE_TABLE(PARTY_ROLE_ENUM)
#undef PARTY_ROLE_ENUM
};

/* One party. Everything in it was validated when the directory was read. */
struct party {
	char code[PARTY_MAX + 1];
	char name[NAME_MAX_ + 1];
	enum party_role role;
	/*
	 * Why its keys may not be used: ERR_NONE, or ERR_REFUSED (suspended),
	 * ERR_CERT_REVOKED, ERR_CERT_EXPIRED, ... as of the reading.
	 */
	enum err state;
	const struct verifykey *key; /* NULL unless state is ERR_NONE */
	uint8_t key_id[KEY_ID_LEN];
	uint8_t curve_key[32];
	uint8_t hpke_key[POINT_LEN], hpke_key_id[KEY_ID_LEN];
	uint8_t seal_key[POINT_LEN], seal_key_id[KEY_ID_LEN];
	uint64_t serial; /* of the KeyStatement */
	/* when both certificate and KeyStatement are valid; both inclusive */
	uint64_t not_before_ms, not_after_ms;
};

/* Read-only once read: shared by threads without a lock. */
struct directory;

/* What a reader needs to believe a directory. Borrowed. */
struct directory_trust {
	const struct officers *officers;
	const struct cert_trust *trust;
	uint64_t now_ms;
	uint64_t version_min; /* the version in force: older is ERR_VERSION */
};

/*
 * Read directory.tsv: first line "# version N", then a header line, then
 * party, role, name, state (active, suspended), certificate (base64 DER),
 * keystatement (base64 Envelope). Refused whole, with the line in `f` (may be
 * NULL): fewer than BUNDLE_OFFICERS good signatures, an older
 * version, a malformed line, a party or key twice, a certificate or statement
 * of another party. A certificate that is expired or revoked makes only its
 * party unusable. The caller frees *out, which is NULL on failure.
 */
enum err directory_parse(struct span file, struct span signatures,
    const struct directory_trust *t, struct directory **out, struct fault *f);
/* The same from files. */
enum err directory_open(const char *path, const char *signatures_path,
    const struct directory_trust *t, struct directory **out, struct fault *f);
void directory_free(struct directory *d);

uint64_t directory_version(const struct directory *d);
/* SHA-256 of the file: 32 bytes, borrowed. */
const uint8_t *directory_hash(const struct directory *d);

/* Borrowed from the directory, or NULL. Hash look-ups. */
const struct party *directory_find(const struct directory *d, const char *code);
const struct party *directory_find_curve(
    const struct directory *d, const uint8_t curve_key[static 32]);
/* All parties in file order; NULL past the last. */
const struct party *directory_at(const struct directory *d, size_t i);

/* ERR_NONE if the party's keys may be used at that instant. */
enum err party_check(const struct party *p, uint64_t now_ms);

/*
 * Everything that makes bytes a message: decode the Envelope, its signer must
 * be `sender` (the party of the connection; NULL: any) (ERR_SIGNER), known and
 * usable (ERR_KEY, ERR_CERT_*, ERR_REFUSED), type and signature right
 * (envelope_check). *out borrows from `a`.
 */
enum err directory_envelope(const struct directory *d, struct span bytes,
    const char *type, const char *sender, uint64_t now_ms,
    struct envelope_cache *cache, struct arena *a, struct envelope *out);

#endif

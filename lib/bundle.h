/* A file that counts only with the signatures of several officers. */
#ifndef LIB_BUNDLE_H
#define LIB_BUNDLE_H

#include "lib/fault.h"
#include "lib/messages.h"
#include "lib/signkey.h"

/*
 * signed = "renkei/v1/bundle" 0 || lp(kind) || u64 version || SHA-256(file)
 * A signature file has one line an officer: id TAB base64(Ed25519 signature).
 */
#define OFFICER_ID_MAX 31
#define BUNDLE_OFFICERS 2 /* how many a directory or a policy needs */

/*
 * Who may sign: officers.tsv with the header line
 * "officer name key from until": id, name, Ed25519 public key in base64, days
 * (YYYY-MM-DD, JST; until is exclusive and may be empty). An officer who left
 * no longer counts, whatever was signed before: the rest sign again.
 */
struct officers;

/*
 * On failure `f` (may be NULL) names the line and *out is NULL. `name` is the
 * file's, for `f` alone.
 */
enum err officers_parse(
    const char *name, struct span file, struct officers **out, struct fault *f);
enum err officers_open(
    const char *path, struct officers **out, struct fault *f);
void officers_free(struct officers *o);

/* What is signed: "directory" or "policy", its version and its hash. */
struct bundle {
	const char *kind;
	uint64_t version;
	uint8_t hash[HASH_LEN];
};

/*
 * ERR_NONE when at least `need` different officers in force at `now_ms`
 * signed just this. ERR_SIGNATURE: fewer; any line that is malformed, by an
 * unknown officer or not in force, wrong, or the second of one officer
 * refuses the whole (ERR_LINE, ERR_KEY, ERR_SIGNATURE, ERR_DUPLICATE), and
 * `f` (may be NULL) names it.
 */
enum err bundle_check(const struct officers *o, const struct bundle *b,
    struct span signatures, uint64_t now_ms, unsigned need, struct fault *f);

/* Append one officer's line to a signature file's bytes. */
enum err bundle_sign(const struct bundle *b, const char *officer,
    const struct signkey *k, struct buf *out);

#endif

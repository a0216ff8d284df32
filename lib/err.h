/* What can go wrong in the world: stable codes, one sentence each. */
#ifndef LIB_ERR_H
#define LIB_ERR_H

/*
 * The world is wrong: a byte, a file, a peer or the database. Returned, never
 * recorded as a decision (that is enum outcome) and never asserted (that is a
 * bug of ours). X(name, stable code, sentence). The code is part of the wire
 * and of the command line's output; it never changes meaning.
 */
#define ERR_TABLE(X)                                                           \
	X(ERR_NONE, "ok", "nothing is wrong")                                  \
	X(ERR_MEMORY, "memory", "not enough memory")                           \
	X(ERR_SYSTEM, "system", "the operating system refused a call")         \
	X(ERR_TOO_LONG, "too-long", "longer than its limit")                   \
	X(ERR_TRUNCATED, "truncated", "shorter than its form demands")         \
	X(ERR_MALFORMED, "malformed", "not of the form the protocol gives")    \
	X(ERR_UNKNOWN_FIELD, "unknown-field", "a field this version lacks")    \
	X(ERR_VERSION, "version", "a version this program does not speak")     \
	X(ERR_UTF8, "bad-utf8", "text that is not UTF-8")                      \
	X(ERR_NUL, "nul-in-text", "a NUL inside text")                         \
	X(ERR_TWELVE_DIGITS, "twelve-digits",                                  \
	    "a run of exactly twelve digits outside a payload")                \
	X(ERR_SIGNATURE, "bad-signature", "a signature that does not verify")  \
	X(ERR_PATH, "bad-path", "a Merkle path of the wrong length or root")   \
	X(ERR_SIGNER, "wrong-signer", "signed by another than the sender")     \
	X(ERR_KEY, "unknown-key", "a key that is not known or not valid")      \
	X(ERR_CERT, "bad-certificate", "a certificate that does not verify")   \
	X(ERR_CERT_EXPIRED, "certificate-expired",                             \
	    "a certificate outside its dates")                                 \
	X(ERR_CERT_REVOKED, "certificate-revoked", "a revoked certificate")    \
	X(ERR_STALE, "stale", "outside the window of freshness")               \
	X(ERR_SEAL, "bad-seal", "a sealed thing that does not open")           \
	X(ERR_CODE, "bad-code", "a link code that is not this agency's")       \
	X(ERR_OTHER_BODY, "other-body",                                        \
	    "this exchange id was used for another question")                  \
	X(ERR_UNKNOWN_EXCHANGE, "unknown-exchange", "no such exchange")        \
	X(ERR_NOT_YOURS, "not-yours", "the exchange of another party")         \
	X(ERR_SETTLED, "settled", "the exchange has its outcome already")      \
	X(ERR_LAPSED, "lapsed", "the permit is past its validity")             \
	X(ERR_USED, "permit-used", "the permit was used before")               \
	X(ERR_FORK, "fork", "a log that is not the one seen before")           \
	X(ERR_PROOF, "bad-proof", "a log proof that does not verify")          \
	X(ERR_ENDORSEMENT, "bad-endorsement", "a leaf no worker endorsed")     \
	X(ERR_POLICY_VERSION, "policy-version",                                \
	    "a policy version that is not held here")                          \
	X(ERR_BUSY, "busy", "too much in flight; ask again later")             \
	X(ERR_OFFLINE, "offline", "the peer is not connected")                 \
	X(ERR_TIMEOUT, "timeout", "no answer in time")                         \
	X(ERR_DATABASE, "database", "the database refused or went away")       \
	X(ERR_DATABASE_UNSAFE, "database-unsafe",                              \
	    "a database set so that a commit may be lost")                     \
	X(ERR_BEHIND, "behind", "a database behind the signer or a witness")   \
	X(ERR_HEAD_MOVED, "head-moved", "another writer moved the log's head") \
	X(ERR_CONFIG, "config", "a configuration that cannot be used")         \
	X(ERR_FILE, "file", "a file that cannot be read or written")           \
	X(ERR_LINE, "line", "a line that cannot be used")                      \
	X(ERR_DUPLICATE, "duplicate", "the same thing twice")                  \
	X(ERR_AMBIGUOUS, "ambiguous", "more than one thing by that name")      \
	X(ERR_NOT_FOUND, "not-found", "no such thing")                         \
	X(ERR_USAGE, "usage", "the command's words are off")                   \
	X(ERR_REFUSED, "refused", "the law does not allow it")                 \
	X(ERR_INTERNAL, "internal", "a thing that should not happen")

enum err {
#define ERR_ENUM(name, code, sentence) name,
	ERR_TABLE(ERR_ENUM)
#undef ERR_ENUM
	    ERR_COUNT
};

/* The stable code, "internal" for a value outside the table. Static text. */
const char *err_code(enum err e);
/* One English sentence without a full stop. Static text. */
const char *err_sentence(enum err e);
/* The same in Japanese. Static text. */
const char *err_sentence_ja(enum err e);
/* The value behind a stable code; ERR_INTERNAL if none bears it. */
enum err err_from_code(const char *code);

#endif

/* Signed notes (C2SP signed-note) and the keys that sign them. */
#ifndef LIB_NOTE_H
#define LIB_NOTE_H

#include "lib/bytes.h"
#include "lib/err.h"

#define NOTE_MAX 65536	      /* bytes in a note */
#define NOTE_LINES_MAX 64     /* signature lines in a note */
#define NOTE_NAME_MAX 255     /* bytes in a key's name */
#define NOTE_KEY_TEXT_MAX 384 /* bytes of a key in its text form, with NUL */

enum note_kind {
	NOTE_ED25519 = 1,     /* signs the text */
	NOTE_COSIGNATURE = 4, /* C2SP tlog-cosignature: time and the text */
};

/* A verifier key: name+id+base64(kind || public key). */
struct note_key {
	char name[NOTE_NAME_MAX + 1];
	uint32_t id;
	uint8_t kind; /* enum note_kind */
	uint8_t public_key[32];
};
/*
 * Read "example.com/log+530d903a+AekyeR..." (blanks around it are allowed).
 * ERR_MALFORMED unless name, id and key fit each other.
 */
enum err note_key_parse(const char *text, struct note_key *out);
/* Write it; at most NOTE_KEY_TEXT_MAX bytes with the NUL. */
void note_key_format(
    const struct note_key *key, char text[static NOTE_KEY_TEXT_MAX]);
/* The key of this name and public key, with its id. */
enum err note_key_make(const char *name, enum note_kind kind,
    const uint8_t public_key[static 32], struct note_key *out);

/* A signing key. Keep it in wiped memory: note_signer_fini wipes it. */
struct note_signer {
	struct note_key key;
	uint8_t secret[64]; /* libsodium's form: seed || public key */
};
/* Read "PRIVATE+KEY+name+id+base64(kind || seed)", as Go's sumdb/note does. */
enum err note_signer_parse(const char *text, struct note_signer *out);
/* A key from a seed of 32 random bytes, and its text form. */
enum err note_signer_make(const char *name, enum note_kind kind,
    const uint8_t seed[static 32], struct note_signer *out);
void note_signer_format(
    const struct note_signer *s, char text[static NOTE_KEY_TEXT_MAX]);
void note_signer_fini(struct note_signer *s);

/* A note taken apart; borrows from the bytes it was read from. */
struct note {
	struct span text;  /* what is signed, with its last newline */
	struct span lines; /* the signature lines */
	size_t n_lines;
};
/* The form only, no signature looked at. ERR_MALFORMED, ERR_TOO_LONG. */
enum err note_parse(struct span bytes, struct note *out);

/* Append the whole note: text (ending in a newline), blank line, one line. */
enum err note_sign(
    const struct note_signer *s, struct span text, struct buf *out);
/*
 * Append one signature line over a note's text; `time` (POSIX seconds) is
 * what a cosignature says, and unused for Ed25519.
 */
enum err note_sign_line(const struct note_signer *s, struct span text,
    uint64_t time, struct buf *out);

/*
 * Parse and verify against n known keys (n <= 64). Lines of unknown keys are
 * ignored; every line of a known key must verify (ERR_SIGNATURE). *verified
 * gets bit i for key i, however many lines it has; with none set the note is
 * refused (ERR_KEY). On failure *out and *verified are zeroed.
 */
enum err note_open(struct span bytes, const struct note_key *keys, size_t n,
    struct note *out, uint64_t *verified);
/* The first line by `key` of an opened note, with its newline; n 0: none. */
struct span note_line(const struct note *note, const struct note_key *key);
/* The latest time a cosignature by `key` on an opened note carries, or 0. */
uint64_t note_cosigned(const struct note *note, const struct note_key *key);

#endif

/* A witness: cosigns what continues the log it saw before, nothing else. */
#ifndef AGENTS_WITNESS_WITNESS_H
#define AGENTS_WITNESS_WITNESS_H

#include "lib/addcheckpoint.h"
#include "lib/checkpoint.h"
#include "lib/secret.h"

#define WITNESS_LOGS_MAX 64

/* A log it watches, and the newest checkpoint of it that it cosigned. */
struct witness_log {
	struct note_key key;
	char hash[65];		  /* hex of SHA-256(origin): names its file */
	struct checkpoint latest; /* size 0: none cosigned yet */
	bool known;		  /* one was cosigned */
	struct buf note;	  /* with the log's and our signature */
	uint64_t time;		  /* of our cosignature, POSIX seconds */
};

struct witness {
	struct secret key; /* a struct note_signer, NOTE_COSIGNATURE */
	struct witness_log log[WITNESS_LOGS_MAX];
	size_t n_logs;
	int state; /* folder, locked: one witness a state */
	char path[400];
};

/* What one HTTP request is answered. */
struct witness_answer {
	int status;
	const char *type; /* Content-Type; static */
	struct buf body;
};

/*
 * Take the state folder and the key file ("PRIVATE+KEY+name+..." of kind 4).
 * ERR_BUSY if another witness holds the folder; ERR_KEY for a key of another
 * kind; ERR_FILE, ERR_MALFORMED.
 */
enum err witness_open(
    const char *state, const char *key_file, struct witness *w);
/*
 * Watch one more log, going on from what the folder remembers of it. A file
 * that does not verify under both keys is refused (ERR_SIGNATURE, ERR_KEY,
 * ERR_MALFORMED): a witness that forgot would cosign a rollback.
 */
enum err witness_watch(struct witness *w, const struct note_key *log);
void witness_close(struct witness *w);
const struct note_key *witness_key(const struct witness *w);

/*
 * add-checkpoint of C2SP tlog-witness: 200 with cosignature lines once the
 * new checkpoint is on the disk; 400, 403, 404, 409 (body: the size it holds)
 * or 422 as the protocol says; 500 when it cannot be kept, and then it is not
 * cosigned. `now` in POSIX seconds; a clock that went back does not take the
 * cosignatures' time back. One caller at a time.
 */
void witness_add(struct witness *w, struct span body, uint64_t now,
    struct witness_answer *out);
/* GET /<origin hash>/checkpoint: 200 or 404. */
void witness_get(
    const struct witness *w, const char *path, struct witness_answer *out);

#endif

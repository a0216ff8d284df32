/* The signer: the one process that holds the log's key. */
#ifndef BROKER_SIGNER_H
#define BROKER_SIGNER_H

#include "lib/bytes.h"
#include "lib/err.h"
#include "lib/messages.h"

/* Where its secrets and its memory lie; opened before its sandbox. */
struct signer_config {
	const char *state_dir;	 /* folder of "signer.state" and "checkpoint" */
	const char *origin;	 /* the log's origin; must be the key's name */
	const char *log_key;	 /* file: PRIVATE+KEY+... (lib/note.h) */
	const char *endorse_key; /* file: K_endorse, 64 hex digits */
};

#define SIGNER_REQUEST_MAX (8 * 1024 * 1024) /* bytes of a request */
#define SIGNER_LEAVES_MAX 16384		     /* leaves of a request */

/*
 * Serve requests on `fd` (a connected AF_UNIX stream socket) until its other
 * end closes. Each message is a big-endian u32 length and a SignerRequest or
 * SignerReply. It never accepts a root: it checks each leaf's endorsement,
 * appends, computes the root and signs that. Refusals leave its state as it
 * was: ERR_ENDORSEMENT (a leaf no worker endorsed), ERR_HEAD_MOVED (the size
 * is not its own: two roots of one size, a shorter tree), ERR_TOO_LONG,
 * ERR_POLICY_VERSION (a version that goes back). A request without leaves
 * asks for the present size and checkpoint, whatever its size field says.
 * Returns the process's exit status.
 */
int signer_main(int fd, const struct signer_config *config);

/*
 * The other end: ask and wait for the reply, which borrows from `a`. Used by
 * the ledger's thread alone. ERR_OFFLINE when the signer is gone; an error
 * the signer itself answered is returned as that error.
 */
enum err signer_call(int fd, const struct signer_request *request,
    struct arena *a, struct signer_reply *reply);

#endif

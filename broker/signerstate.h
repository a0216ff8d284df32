/* What the signer remembers of its log, in a file that survives it. */
#ifndef BROKER_SIGNERSTATE_H
#define BROKER_SIGNERSTATE_H

#include "lib/err.h"
#include "lib/merkle.h"

/*
 * Kept in two slots of one file, each with a checksum, made whole at creation
 * so that a full disk cannot stop a write. The slot the disk holds for sure
 * is never written: the other one is, as often as need be, until it has been
 * synced and they change places. So one is whole at every instant.
 *
 * A write reaches the kernel before the checkpoint it speaks of leaves the
 * process: whatever kills the process loses nothing. Only the machine losing
 * power can take the writes since the last sync, a second's worth at most.
 * That is enough: entries are committed before they are signed, so the
 * database then holds all that was signed and the signer is merely behind;
 * it is given the missing leaves again, takes only endorsed ones, and comes
 * to the same roots. A database changed in just that moment ends in a root
 * that the agents and witnesses who saw the first one do not accept.
 */
struct signerstate {
	int fd;
	int published;	   /* folder/checkpoint, for whoever wants to compare */
	uint64_t sequence; /* of the last write */
	int slot;	   /* the one to write */
	uint64_t synced_ms; /* clock_mono_ms of the last sync */
	bool dirty;	    /* written since */
	/* what it holds */
	uint8_t origin_hash[32];
	struct merkle_frontier frontier;
	uint64_t policy_version, directory_version;
};

#define SIGNERSTATE_SYNC_MS 1000

/*
 * Open folder/signer.state, or make it (*fresh) with an empty log, and keep
 * it locked: ERR_BUSY where another signer holds it. ERR_FILE if it cannot be
 * read or made, ERR_MALFORMED if neither slot is whole, ERR_FORK if it is the
 * state of another log. Before the sandbox.
 */
enum err signerstate_open(
    const char *folder, const char *origin, struct signerstate *s, bool *fresh);
/* Write what it holds; syncs if a second went by. ERR_FILE. */
enum err signerstate_write(struct signerstate *s);
/* Sync if it is dirty and due; ms until it is due, or -1 when clean. */
int signerstate_tick(struct signerstate *s);
/*
 * Lay the newest checkpoint beside the state, as a file anyone on the machine
 * may read: `renkei log verify` holds the database against it. It can always
 * be had again, so nothing waits for the disk and no failure matters.
 */
void signerstate_publish(struct signerstate *s, struct span checkpoint);
/* Sync now and close. */
void signerstate_close(struct signerstate *s);

#endif

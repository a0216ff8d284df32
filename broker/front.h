/* The front: the process that parties talk to. It holds no secret of theirs. */
#ifndef BROKER_FRONT_H
#define BROKER_FRONT_H

#include <stddef.h>

#include "broker/options.h"

/* Descriptors it is started with. */
struct front_fds {
	int signer;	   /* stream to the signer */
	int policy;	   /* sealed memfd */
	int control;	   /* listening UNIX socket of the operators */
	int ready;	   /* written one byte when parties may connect */
	const int *vaults; /* seqpacket, one a worker */
	size_t n_vaults;
};

/*
 * Open ledger and sockets, take up what a former broker left open, and serve
 * until SIGTERM: then it takes no new question, finishes what the leaves have
 * in hand, and returns 0. Returns EX_CONFIG when what it was told cannot be
 * used, EX_TEMPFAIL when the database is not there, 1 when a leaf is gone.
 */
int front_main(const struct options *o, const struct front_fds *fds);

#endif

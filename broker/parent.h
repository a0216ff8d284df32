/* The parent: starts signer, vault workers and front, and keeps them going. */
#ifndef BROKER_PARENT_H
#define BROKER_PARENT_H

#include "broker/options.h"

/* X(role, word after --role) */
#define ROLE_TABLE(X)            \
	X(ROLE_SIGNER, "signer") \
	X(ROLE_VAULT, "vault")   \
	X(ROLE_FRONT, "front")

enum role {
#define ROLE_ENUM(name, word) name,
	ROLE_TABLE(ROLE_ENUM)
#undef ROLE_ENUM
	    ROLE_COUNT
};
/* ROLE_COUNT if there is no such word. */
enum role role_find(const char *word);

/* Where a role finds its descriptors, after standard error. */
enum {
	FD_CHANNEL = 3, /* signer, vault: to the front */
	FD_POLICY = 4,	/* vault, front: sealed memfd */
	/* front */
	FD_SIGNER = 3,
	FD_CONTROL = 5,
	FD_READY = 6,
	FD_VAULTS = 7 /* and so on */
};

/*
 * Run until SIGTERM or SIGINT, which let the front finish what it has in
 * hand. It opens nothing secret: each role reads its own keys. SIGHUP reads
 * directory and officers anew the same way: drain, stop, start. The policy is
 * what was loaded last, else the configured folder (lawstore.h).
 *
 * When any child dies, all are stopped and started again. One lost worker
 * could be replaced alone, but then the front must be told what it held, and
 * a lost signer or front takes the rest with it anyway: so there is one way
 * back, the one every crash test goes, and it costs parties a reconnection.
 * No child outlives the parent (PR_SET_PDEATHSIG).
 *
 * Returns the exit status: 0 after SIGTERM; that of the child which could
 * not start, when none ever could.
 */
int parent_main(const struct options *o, const char *config_path);

#endif

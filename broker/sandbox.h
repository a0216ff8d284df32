/* Shutting a process in: what a worker that holds keys may still do. */
#ifndef BROKER_SANDBOX_H
#define BROKER_SANDBOX_H

#include "lib/err.h"

/* What is left beside memory, clock, randomness and descriptors already open.
 */
enum sandbox_kind {
	SANDBOX_VAULT, /* read and write open descriptors */
	SANDBOX_SIGNER /* the same, and pwrite, fsync, ftruncate on them */
};

/*
 * No new privileges, no core dump, no new descriptor, not traceable, and a
 * seccomp filter that kills the process at any other call. Threads have to be
 * started before. Cannot be undone. ERR_SYSTEM when the kernel refuses: the
 * caller must not go on.
 */
enum err sandbox_enter(enum sandbox_kind kind);

#endif

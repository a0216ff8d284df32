/* A vault worker: holds the link-code keys, decides, converts, endorses. */
#ifndef BROKER_VAULT_H
#define BROKER_VAULT_H

#include "lib/bytes.h"
#include "lib/err.h"

#include <stdint.h>

/* Files are paths; all are read before the sandbox and none after. */
struct vault_options {
	const char *directory, *directory_signatures, *officers;
	const char *ca, *crl;
	const char *vault_keys, *vault_seal_key;
	const char *policy_signatures;
	const char *policy_store; /* folder of lawstore.h; NULL: none */
	const char *portal;	  /* party code record codes are sealed to */
	uint32_t answer_by_seconds, valid_for_seconds;
	unsigned workers; /* how many share the sealing key's cap */
	int policy_fd;	  /* sealed memfd of the policy's bytes; taken over */
	int channel_fd;	  /* SOCK_SEQPACKET to the front; taken over */
};

/*
 * The worker process: reads keys, directory and policy, checks the officers'
 * signatures over both, closes itself in (no file, no network, no child) and
 * answers VaultRequests until the channel ends. Returns the exit status: 0
 * when the front went away, 1 when it could not start (said in the operator's
 * log with the file at fault).
 */
int vault_main(const struct vault_options *o);

#endif

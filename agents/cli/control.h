/* The command's side of the broker's control socket: the law in force. */
#ifndef AGENTS_CLI_CONTROL_H
#define AGENTS_CLI_CONTROL_H

#include "agents/cli/cli.h"
#include "policy/policy.h"

/* What a running broker decides by. All-zero is nothing; free with _fini. */
struct law_held {
	struct policy *policy;	      /* with the suspensions put into it */
	struct buf suspensions;	      /* the signed list; empty: none yet */
	uint64_t suspensions_version; /* 0: none yet */
};

/*
 * Ask the broker behind the socket; without the policy itself, which takes
 * long to read, if `list_only`. ERR_OFFLINE if nobody listens, ERR_TIMEOUT,
 * or what policy_map says of what it sent.
 */
enum err control_law(const char *socket, bool list_only, struct law_held *out);
void law_held_fini(struct law_held *held);

/*
 * Have a running broker take a policy's bytes ("load") or a suspension list
 * ("suspend"). The broker's answer: ERR_NONE and what is in force now in
 * *said, or its error and what is wrong.
 */
enum err control_amend(const char *socket, const char *word, struct span law,
    struct span signatures, struct buf *said);

#endif

/* Reading the log: the portal and auditors, entry by entry, each read noted. */
#ifndef BROKER_FOLLOW_H
#define BROKER_FOLLOW_H

#include "broker/exchange.h"

/* Top byte of the tickets that come back here. */
#define FOLLOW_TICKET ((uint64_t)3 << 56)

struct follows;

struct follows *follows_new(const struct hub_leaves *leaves);
void follows_free(struct follows *fs);
/*
 * Serve one FollowRequest. `records`: with record codes, for the portal. The
 * read is recorded before it is answered, unless all it shows are such
 * records of reads.
 */
void follows_request(struct follows *fs, const char *party, uint32_t route,
    bool records, struct span body);
void follows_vault(struct follows *fs, const struct vault_reply *reply);
/* The job is taken; `note` is the checkpoint in force. */
void follows_ledger(
    struct follows *fs, struct ledger_job *job, struct span note);

#endif

/* Signed reads: recorded in the log before anything is shown. */
#ifndef BROKER_READS_H
#define BROKER_READS_H

#include "broker/exchange.h"
#include "broker/vault_ops.h"

/* Top byte of the tickets that come back here. */
#define READ_TICKET ((uint64_t)5 << 56)

struct reads;

struct reads *reads_new(const struct hub_leaves *leaves);
void reads_free(struct reads *rs);
/*
 * One read that `party` signed: `op` is the vault's operation that verifies it
 * and makes its entry. Answered by Recorded with the entry's proof once that
 * is in the log, else by a Refusal; at most 64 are under way, then ERR_BUSY.
 */
void reads_request(struct reads *rs, enum vault_op op, const char *party,
    uint32_t route, struct span envelope);
void reads_vault(struct reads *rs, const struct vault_reply *reply);
/* The job is taken. */
void reads_ledger(struct reads *rs, struct ledger_job *job);

#endif

/* Issue of link codes, and changes of resident codes, for the registrar. */
#ifndef BROKER_ISSUE_H
#define BROKER_ISSUE_H

#include "broker/exchange.h"

/* Top byte of the tickets that come back here. */
#define ISSUE_TICKET ((uint64_t)1 << 56)

struct issues;

/*
 * One CodeRequest (Act Art. 21-2, Order Art. 27): is the number known? ->
 * vault, locate -> is there an alias? -> vault, issue -> is there a holder?
 * -> ledger -> CodeNotice straight to the agency, until its CodeAck or 24
 * hours later. The number enters no entry.
 */
struct issues *issues_new(const struct hub_leaves *leaves);
void issues_free(struct issues *is);
void issues_clock(struct issues *is, uint64_t now_ms);

/* Frames. `registrar` sent it; `agency` acknowledges. */
void issues_request(struct issues *is, const char *registrar, uint32_t route,
    struct span envelope);
void issues_change(struct issues *is, const char *registrar, uint32_t route,
    struct span envelope);
/* `registrar` is whom to tell where this broker was restarted meanwhile. */
void issues_acknowledge(struct issues *is, const char *agency, uint32_t route,
    const char *registrar, struct span body);
/* An agency is back: what it has not acknowledged is sent again. */
void issues_hello(struct issues *is, const char *agency);
void issues_vault(struct issues *is, const struct vault_reply *reply);
/* The job is taken. */
void issues_ledger(struct issues *is, struct ledger_job *job);
/* Forget what is older than 24 hours; to be called every minute or so. */
void issues_expire(struct issues *is);

struct issue_counters {
	uint64_t requests, issued, already, acknowledged, changes, errors;
};
const struct issue_counters *issues_counters(const struct issues *is);

#endif

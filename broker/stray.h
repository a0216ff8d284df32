/* Answers of providers to exchanges that are over: what became of theirs? */
#ifndef BROKER_STRAY_H
#define BROKER_STRAY_H

#include "broker/exchange.h"

struct strays;

struct strays *strays_new(const struct hub_leaves *leaves);
void strays_free(struct strays *ss);

/*
 * A provision (or pending: hash NULL) for an exchange that is not open. The
 * log is asked, so that the provider's record agrees with it: Settled with
 * the outcome there, accepted if it is of this very provision; error
 * unknown-exchange where the log has no end of such an exchange of its.
 * `hash` is SHA-256 of the provision's body.
 */
void strays_take(struct strays *ss, const char *party, uint32_t route,
    const char *inquirer, const uint8_t id[static ID_LEN], const uint8_t *hash);
/* True if the job was one of these; it is not taken. */
bool strays_ledger(struct strays *ss, const struct ledger_job *job);

#endif

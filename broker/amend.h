/* A change of the law while exchanges go on: all workers take it, or none. */
#ifndef BROKER_AMEND_H
#define BROKER_AMEND_H

#include "broker/exchange.h"

/* Top byte of the tickets that come back here. */
#define AMEND_TICKET ((uint64_t)4 << 56)

/*
 * One at a time: every worker is sent the bytes and checks them for itself,
 * one after the other, while the others go on with inquiries; when all
 * have, the law is stored, its entry recorded and signed, and only
 * then do they take it. An exchange is decided by one worker under one
 * version, and keeps that.
 */
struct amends;

struct amends_calls {
	void *ctx;
	size_t workers;
	const char *store; /* folder of lawstore.h; NULL: nothing may change */
	/* Ahead of all that waits for worker i. */
	void (*tell)(void *ctx, size_t i, const struct vault_request *q);
	/* Worker i will be busy, or is no longer. */
	void (*spare)(void *ctx, size_t i, bool spare);
	bool (*ledger)(void *ctx, struct ledger_job *job);
	/* A version about to be recorded: the signer shall hear of it. */
	void (*version)(void *ctx, uint64_t version);
	/* In force. `entry` is what was recorded, `law` its bytes. */
	void (*taken)(void *ctx, const char *kind, const struct entry *entry,
	    struct span law);
	/* To whoever asked: ERR_NONE, or what the workers have against it. */
	void (*done)(void *ctx, uint64_t client, enum err e, const char *why);
};

struct amends *amends_new(const struct amends_calls *calls);
void amends_free(struct amends *as);

/*
 * Begin. kind is LAW_POLICY or LAW_SUSPENSION; `client` comes back with done.
 * ERR_BUSY while another is under way, ERR_CONFIG without a store.
 */
enum err amends_begin(struct amends *as, const char *kind, struct span law,
    struct span signatures, uint64_t client);
/*
 * At start: a law that was stored and whose entry was never committed has been
 * in force since; enter it now.
 */
void amends_recover(struct amends *as);
void amends_vault(struct amends *as, const struct vault_reply *reply);
/* The job is taken. */
void amends_ledger(struct amends *as, struct ledger_job *job);

#endif

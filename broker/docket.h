/* The docket: exchanges under way, found by id, ticket, party or due time. */
#ifndef BROKER_DOCKET_H
#define BROKER_DOCKET_H

#include "broker/exchange.h"

/*
 * What may be let go and fetched from the ledger again, all of it but the
 * ciphertext, which only the provider has: an exchange holds papers while
 * something is being done for it, and they count towards the caps.
 */
struct papers {
	struct buf inquiry; /* the inquirer's Envelope */
	struct buf permit_body, person;
	uint8_t permit_salt[ENTRY_SALT_LEN];
	uint8_t permit_endorsement[ENTRY_ENDORSEMENT_LEN];

	struct buf outcome_body; /* or the refusal's */
	uint8_t outcome_salt[ENTRY_SALT_LEN];
	struct buf provision; /* the provider's Envelope */
	struct buf ciphertext;
	struct buf receipt;
};

struct load;

struct exchange {
	uint64_t ticket;
	uint8_t id[ID_LEN];
	uint8_t inquiry_hash[HASH_LEN];
	enum step step;
	bool busy;	     /* a leaf has its ticket: it wakes nobody else */
	bool recorded;	     /* the permit is in the log */
	bool refused;	     /* a refusal is */
	bool pending;	     /* an official must decide */
	bool missed;	     /* an answer that came while busy: ask again */
	bool told_late;	     /* the inquirer knows that answer_by went by */
	bool settled;	     /* the outcome is in the log */
	bool again;	     /* it was over: told once more, no more */
	bool wanted;	     /* the inquirer waits for its payload again */
	bool closing;	     /* from `verify` on: no provision, but ... */
	enum outcome ending; /* ... this: lapsed, uncollected */
	enum outcome outcome;
	uint32_t route;		 /* the inquirer's connection */
	uint32_t provider_route; /* that the permit went to */
	uint64_t forwarded_ms;	 /* when; 0: not, or it may be lost */
	uint64_t answered_ms;
	uint64_t answer_by_ms, valid_until_ms, due_ms;
	uint64_t permit_index, outcome_index; /* refusals: outcome_index */
	uint8_t permit_leaf[HASH_LEN];
	uint8_t provision_hash[HASH_LEN];
	uint8_t ciphertext_hash[HASH_LEN];
	struct papers *papers;
	size_t weight; /* of the papers, as counted */
	struct load *inquirer, *provider;
	/* chains of the docket */
	struct exchange *same_hash;
	struct exchange *asked_next, **asked_at; /* of the inquirer */
	struct exchange *given_next, **given_at; /* of the provider */
	struct exchange *due_next, **due_at;
};

/* A party and what the broker has in hand for it. */
struct load {
	char party[PARTY_MAX + 1];
	uint32_t messages; /* its own questions that hold papers */
	size_t bytes;
	uint32_t open; /* its own questions, with papers or without */
	struct exchange *asked, *given;
	struct load *same_hash;
};

struct docket;

struct docket *docket_new(void);
void docket_free(struct docket *d);
void docket_clock(struct docket *d, uint64_t now_ms);
uint64_t docket_now(const struct docket *d);

/* Made at the first mention; borrowed until its last exchange is over. */
struct load *docket_load(struct docket *d, const char *party);

/* A new exchange, asked by inquirer of provider; not yet due. */
struct exchange *docket_add(struct docket *d, const uint8_t id[static ID_LEN],
    const char *inquirer, const char *provider);
/* It is over: frees it and its papers, and remembers the id. */
void docket_remove(struct docket *d, struct exchange *x);
/* Borrowed until the next docket_remove; NULL if there is none. */
struct exchange *docket_find(
    struct docket *d, const char *inquirer, const uint8_t id[static ID_LEN]);
struct exchange *docket_ticket(struct docket *d, uint64_t ticket);

/* Papers, made if there are none; recount after they changed. */
struct papers *docket_papers(struct docket *d, struct exchange *x);
void docket_weigh(struct docket *d, struct exchange *x);
void docket_let_go(struct docket *d, struct exchange *x);
size_t docket_in_flight(const struct docket *d);
size_t docket_open(const struct docket *d);
size_t docket_bytes(const struct docket *d);
size_t docket_at(const struct docket *d, enum step s);

/* Move to a step; keeps the count by step. */
void docket_move(struct docket *d, struct exchange *x, enum step s);

/* Due at that time; 0: never. Replaces an earlier one. */
void docket_due(struct docket *d, struct exchange *x, uint64_t at_ms);
/*
 * Call `due` for each whose time has come; it is due no more then. `due` may
 * remove the exchange it is given.
 */
void docket_tick(
    struct docket *d, void (*due)(void *ctx, struct exchange *x), void *ctx);

/* An id that was asked before, and is over. */
void docket_remember(
    struct docket *d, const char *inquirer, const uint8_t id[static ID_LEN]);
/* All ids of that time and later are known here. */
void docket_remembers(struct docket *d, uint64_t since_ms);
/* Whether only the ledger can say that this id is new. */
bool docket_doubts(
    struct docket *d, const char *inquirer, const uint8_t id[static ID_LEN]);

#endif

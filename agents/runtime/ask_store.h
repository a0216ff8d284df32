/* What the asking side reads from and commits to the database. */
#ifndef AGENTS_RUNTIME_ASK_STORE_H
#define AGENTS_RUNTIME_ASK_STORE_H

#include "agents/runtime/ask.h"
#include "lib/seal.h"

/* Read the link code the agency holds for the person. */
struct code_job {
	struct store_job job;
	struct asked *asked;
	const char *agency, *local_id; /* borrowed from asked */
	bool found;
	uint32_t epoch;
	uint8_t code[CODE_LEN];
};
extern const struct store_op code_op;

/* Commit the inquiry's bytes and its exchange record, before sending. */
struct outgoing_job {
	struct store_job job;
	struct asked *asked; /* not changed by the loop until done */
};
extern const struct store_op outgoing_op;

/* Commit the end of an inquiry: outcome, answer, exchange record. */
struct ended_job {
	struct store_job job;
	uint8_t exchange_id[ID_LEN];
	char agency[PARTY_MAX + 1], provider[PARTY_MAX + 1];
	uint32_t outcome;
	char hop[32], rule[NAME_MAX_ + 1], citation[NAME_MAX_ + 1];
	uint64_t ended_ms;
	bool pia_missing, provider_hides;
	struct buf payload; /* opened; empty for negatives */
	uint8_t permit_leaf[HASH_LEN], outcome_leaf[HASH_LEN];
	uint64_t outcome_index;
	bool logged; /* the outcome is in the log */
	uint8_t provision_hash[HASH_LEN];
	bool receipt; /* confirm to the provider, once committed */
	struct agency *home;
};
extern const struct store_op ended_op;

/* Note that an official must decide. */
struct asked_pending_job {
	struct store_job job;
	uint8_t exchange_id[ID_LEN];
	char agency[PARTY_MAX + 1];
};
extern const struct store_op asked_pending_op;

/* All stored inquiries of all hosted agencies that have no outcome. */
struct open_job {
	struct store_job job;
	struct host *host;
	bool over;
};
extern const struct store_op open_op;

#endif

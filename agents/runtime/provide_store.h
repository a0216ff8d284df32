/* What the answering side reads from and commits to the database. */
#ifndef AGENTS_RUNTIME_PROVIDE_STORE_H
#define AGENTS_RUNTIME_PROVIDE_STORE_H

#include "agents/runtime/host.h"
#include "agents/runtime/payload.h"

/* Most records of one person that are read for one permit. */
#define REPLICAS_MAX 256

/*
 * One permit being answered: the job that looks it up. Found in
 * host->permits by the first half of its use.
 */
struct providing {
	struct store_job job;
	struct agency *agency;
	struct entry permit;
	uint8_t leaf[HASH_LEN];
	uint8_t use[HASH_LEN]; /* of agency, inquirer and exchange id */
	uint64_t index;
	uint64_t as_of_min_ms; /* of the inquiry */
	uint8_t code[CODE_LEN];
	struct buf bytes;  /* the Permit, as it came */
	uint64_t retry_ms; /* monotonic; 0: a job is under way */
	bool by_official;  /* who released or withheld it already */
	bool withhold;
	char reason[64];
	void (*decided)(void *ctx, enum err e);
	void *ctx;

	/* filled by the look-up */
	bool used, waiting;	      /* before */
	struct buf kept, kept_cipher; /* what was answered then */
	bool held;		      /* the code is that of somebody */
	char local_id[65];
	struct replica *replica;
	size_t n_replicas;

	/* filled for the commit */
	uint32_t outcome;
	bool hides;
	uint64_t answered_ms, sequence;
	uint8_t provision_hash[HASH_LEN];
	struct buf envelope, ciphertext;
};
void providing_free(struct providing *p);

/* Was it used, whose code is it, which records are there. */
extern const struct store_op lookup_op;
/* Commit: used, exchange record, what is kept for another delivery. */
extern const struct store_op answered_op;
/* Commit: it waits for an official. */
extern const struct store_op waiting_op;

struct settled_job {
	struct store_job job;
	char agency[PARTY_MAX + 1], inquirer[PARTY_MAX + 1];
	uint8_t exchange_id[ID_LEN];
	uint32_t outcome;
	bool accepted, receipt;
};
extern const struct store_op settled_op;

/* Forget what was kept for more than 24 h, and permits that lapsed. */
struct forget_job {
	struct store_job job;
	uint64_t before_ms, now_ms;
};
extern const struct store_op forget_op;

/* The permit that waits under this exchange id; bytes stay empty if none. */
struct waiting_job {
	struct store_job job;
	struct agency *agency;
	uint8_t exchange_id[ID_LEN];
	bool release;
	char reason[64];
	void (*decided)(void *ctx, enum err e);
	void *ctx;
	struct buf bytes;
};
extern const struct store_op waiting_find_op;

#endif

/* broker.conf: what every role of renkei-broker is told. */
#ifndef BROKER_OPTIONS_H
#define BROKER_OPTIONS_H

#include "broker/witness.h"
#include "lib/config.h"

/* Borrowed from the configuration; paths are absolute. */
struct options {
	const char *listen;   /* tcp://HOST:PORT of the parties' ROUTER */
	const char *control;  /* UNIX socket of the operators */
	const char *database; /* libpq conninfo of the ledger's role */
	const char *state;    /* folder of the signer's state */
	const char *policy, *policy_signatures;
	const char
	    *policy_store; /* NULL: the law cannot change while running */
	const char *directory, *directory_signatures, *officers, *ca, *crl;
	const char *curve_key, *vault_keys, *vault_seal_key;
	const char *endorse_key, *log_key, *log_origin;
	const char *portal; /* party code record codes are sealed to */
	uint32_t workers;
	uint32_t answer_by_seconds, valid_for_seconds, collect_for_seconds;
	/* caps: what is in flight, for one party and in all */
	uint32_t party_messages, party_bytes, all_messages, all_bytes;
	struct witness_address witness[WITNESSES_MAX];
	size_t n_witnesses;
	uint32_t quorum, witness_seconds, rebuild_signer;
};

/* The form of broker.conf, for the parser and for the reference. */
extern const struct config_form options_form;

/* *config owns what *out borrows; free it last. ERR_CONFIG, ERR_FILE. */
enum err options_read(const char *path, struct config **config,
    struct options *out, struct fault *f);

#endif

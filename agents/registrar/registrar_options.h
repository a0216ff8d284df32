/* registrar.conf: what renkei-registrar is told. */
#ifndef AGENTS_REGISTRAR_REGISTRAR_OPTIONS_H
#define AGENTS_REGISTRAR_REGISTRAR_OPTIONS_H

#include "lib/config.h"

/* Borrowed from the configuration; paths are absolute. */
struct registrar_options {
	const char *listen;	/* tcp://HOST:PORT of the agencies' ROUTER */
	const char *control;	/* UNIX socket that tells its health */
	const char *broker;	/* tcp://HOST:PORT */
	const char *broker_key; /* the broker's public CURVE key */
	const char *vault_seal_key; /* the vault's public sealing key, PEM */
	const char *keys;	    /* folder: sign.key, seal.key, curve.key */
	const char *database;	    /* libpq conninfo */
	const char *directory, *directory_signatures, *officers, *ca, *crl;
};

/* The form of registrar.conf, for the parser and for the reference. */
extern const struct config_form registrar_form;

/* *config owns what *out borrows; free it last. ERR_CONFIG, ERR_FILE. */
enum err registrar_options_read(const char *path, struct config **config,
    struct registrar_options *out, struct fault *f);

#endif

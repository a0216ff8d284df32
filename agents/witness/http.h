/* The witness's HTTP surface: add-checkpoint and the newest checkpoints. */
#ifndef AGENTS_WITNESS_HTTP_H
#define AGENTS_WITNESS_HTTP_H

#include "agents/witness/witness.h"

/*
 * Serve on HOST:PORT until SIGTERM or SIGINT; calls ready once it listens.
 * Plain HTTP: every checkpoint is signed, every answer is, too, and there is
 * nothing secret in either. ERR_SYSTEM if it cannot listen.
 */
enum err http_serve(
    struct witness *w, const char *address, void (*ready)(void));

#endif

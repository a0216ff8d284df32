/* The log's public artefacts, as files that unmodified tools read. */
#ifndef AGENTS_CLI_LOGEXPORT_H
#define AGENTS_CLI_LOGEXPORT_H

#include "agents/cli/logsettings.h"
#include "lib/bytes.h"

#define LOGEXPORT_PROOFS 24 /* entries shown with proof and opening */

struct logexport_result {
	uint64_t size;
	uint64_t tiles, bundles, proofs;
};

/*
 * Write into the folder `dir` (made if it is not there) what a log of C2SP
 * tlog-tiles serves, at its newest checkpoint: log.pub, checkpoint, tile/,
 * tile/entries/, with partial tiles; and proof/N.tlog-proof, opening/N.json
 * for some entries of every kind, consistency/N for some smaller sizes (as an
 * add-checkpoint request of C2SP tlog-witness). ERR_FORK if the entries do
 * not give the signed root, ERR_NOT_FOUND without log or checkpoint.
 */
enum err logexport_run(
    const struct logsettings *s, const char *dir, struct logexport_result *out);

#endif

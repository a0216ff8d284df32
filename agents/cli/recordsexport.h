/* renkei records --export: a file for the auditor, with no person in it. */
#ifndef AGENTS_CLI_RECORDSEXPORT_H
#define AGENTS_CLI_RECORDSEXPORT_H

#include "agents/cli/client.h"

/*
 * Write all records that `body` (a request of op "records", taken over) asks
 * for as CSV under the headings of auditcopy.h, mode 0600. *n: how many.
 */
enum err records_export(struct client *c, const char *agency, json_t *body,
    const char *path, size_t *n);

#endif

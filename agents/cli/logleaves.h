/* Leaves of the log in order, also of entries whose rows have expired. */
#ifndef AGENTS_CLI_LOGLEAVES_H
#define AGENTS_CLI_LOGLEAVES_H

#include "lib/db.h"
#include "lib/tile.h"

#define LOGLEAVES_MAX 8192 /* of one reading */

/*
 * Leaves first .. end - 1 of a log; first a multiple of 256, at most
 * LOGLEAVES_MAX (both asserted). From the entries, and where a row is not
 * there from its bundle in log_tile. ERR_NOT_FOUND if it is in neither.
 */
enum err logleaves_read(struct db *db, int log, uint64_t first, uint64_t end,
    uint8_t (*leaf)[ENTRY_LEAF_LEN]);

#endif

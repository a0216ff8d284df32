/* The log in PostgreSQL: every statement the ledger runs. */
#ifndef BROKER_LOGSTORE_H
#define BROKER_LOGSTORE_H

#include "broker/ledger.h"
#include "broker/tree.h"

/* One connection, used by one thread at a time. */
struct logstore;

/*
 * Connect with db_open's checks, find or make the log's head and take it
 * under a new epoch, so that any other writer meets ERR_HEAD_MOVED.
 */
enum err logstore_open(
    const char *conninfo, const char *origin, struct logstore **out);
void logstore_close(struct logstore *s);
/* Leaves in the log, as of the last read or append. */
uint64_t logstore_size(const struct logstore *s);
/* Whether the connection is gone. */
bool logstore_lost(const struct logstore *s);
/*
 * Connect again and read the head. ERR_HEAD_MOVED if another epoch has it;
 * logstore_size then tells whether the last append was committed.
 */
enum err logstore_recover(struct logstore *s);

/*
 * Append n jobs' entries (LEDGER_APPEND, with all that goes with them), write
 * down what the LEDGER_PENDING and LEDGER_FORGET among them ask, and insert
 * complete tiles: one transaction, one round trip. Indices are given in the
 * order of the jobs. ERR_DUPLICATE, ERR_HEAD_MOVED, ERR_DATABASE: nothing was
 * done; when the connection was lost over it, nobody knows.
 */
enum err logstore_write(struct logstore *s, struct ledger_job **jobs, size_t n,
    const struct tree_tile *tiles, size_t n_tiles);

/*
 * Whether the last failure was one row's own (a value, a constraint), and not
 * the server's, which may do the same another time.
 */
bool logstore_row_fault(const struct logstore *s);

/*
 * Answer one reading job, all of it but the paths: LEDGER_FIND, ALIAS, HOLDER,
 * ACQUISITION, ACKNOWLEDGE, EXPIRE, FOLLOW. What FIND and ACQUISITION find is
 * put in job->rows.
 */
enum err logstore_answer(struct logstore *s, struct ledger_job *job);

/* Leaves that full tiles in log_tile cover: a multiple of TILE_WIDTH. */
enum err logstore_tiled(struct logstore *s, uint64_t *size);
/* A tree_load over log_tile; ctx is the logstore. */
tree_load logstore_tile;
/*
 * At most `most` rows from index `from`, in order: index, leaf, endorsement,
 * entry_id and record only, unless `whole`. *rows is the caller's, *n tells
 * how many.
 */
enum err logstore_rows(struct logstore *s, uint64_t from, uint32_t most,
    bool whole, struct ledger_row **rows, size_t *n);
void ledger_rows_free(struct ledger_row *rows, size_t n);
/* See ledger_live_each. */
enum err logstore_live_each(struct logstore *s,
    void (*each)(void *ctx, const struct ledger_live *live), void *ctx);
/* Permits and refusals below `below`, newest first, at most `most`. */
enum err logstore_asked(struct logstore *s, uint64_t below, uint32_t most,
    struct ledger_row **rows, size_t *n);

#endif

/* The ledger: the thread that writes the log, and reads it for the front. */
#ifndef BROKER_LEDGER_H
#define BROKER_LEDGER_H

#include "broker/tree.h"
#include "lib/bytes.h"
#include "lib/entry.h"
#include "lib/err.h"
#include "lib/messages.h"

/*
 * One row of the log. As a vault worker made it when it is to be appended,
 * as the database holds it when it was looked up. Owns its bufs.
 */
struct ledger_row {
	uint64_t index; /* given by the ledger */
	uint32_t type;
	int month; /* yyyymm, JST, of the exchange's or entry's id */
	uint8_t entry_id[ID_LEN];
	bool has_exchange;
	uint8_t exchange_id[ID_LEN];
	char inquirer[PARTY_MAX + 1], provider[PARTY_MAX + 1];
	uint8_t leaf[ENTRY_LEAF_LEN];
	uint8_t salt[ENTRY_SALT_LEN];
	uint8_t endorsement[ENTRY_ENDORSEMENT_LEN];
	struct buf body;
	struct buf record; /* PersonRef data to the portal; may be empty */
	struct buf person; /* permits: PersonRef data to the provider */
	struct buf aux;	   /* the party's Envelope, its bytes */
	/* inclusion in the log of ledger_job.size leaves; only LEDGER_FIND */
	uint8_t (*path)[MERKLE_LEN];
	size_t n_path;
};

/* An exchange that is not over, as `live` holds it. */
struct ledger_live {
	char inquirer[PARTY_MAX + 1], provider[PARTY_MAX + 1];
	uint8_t exchange_id[ID_LEN];
	uint8_t inquiry_hash[HASH_LEN];
	int state; /* LIVE_* */
	int month;
	uint64_t permit_index, outcome_index;
	uint64_t answer_by_ms, valid_until_ms;
};
enum { LIVE_PERMITTED = 1, LIVE_PENDING = 2, LIVE_SETTLED = 3 };

/* What an entry does to `live` in the same transaction. */
enum ledger_change {
	LIVE_KEEP,
	LIVE_INSERT, /* a permit */
	LIVE_SETTLE, /* an outcome or a lapse */
	LIVE_DELETE  /* uncollected */
};

/*
 * What the front may ask. X(name, what it takes -> what comes back)
 */
enum ledger_op {
	/*
	 * rows[0] with change and live (INSERT: all of it) -> rows[0].index.
	 * holder, alias and acquisition, where given, go with it.
	 * ERR_DUPLICATE: the exchange has its permit or outcome already.
	 */
	LEDGER_APPEND,
	/* live.inquirer, exchange_id: now pending */
	LEDGER_PENDING,
	/* live.inquirer, exchange_id: over, the receipt is there */
	LEDGER_FORGET,
	/*
	 * live.inquirer, exchange_id, month -> at most one permit or refusal
	 * and one outcome or lapse, in rows, with their paths. `from` is
	 * served as for LEDGER_PROVE.
	 */
	LEDGER_FIND,
	/* from -> consistency from there to size */
	LEDGER_PROVE,
	/* alias.key -> alias.value, empty if there is none */
	LEDGER_ALIAS,
	/* holder -> known */
	LEDGER_HOLDER,
	/* acquisition.number -> known, and the rest of it; rows[0] its entry */
	LEDGER_ACQUISITION,
	/* acquisition.number -> known: gone now */
	LEDGER_ACKNOWLEDGE,
	/* no number: all acquisitions older than acquisition.asked_ms go */
	LEDGER_EXPIRE,
	/* from, most -> rows from that index on, in order */
	LEDGER_FOLLOW,
	/* came by itself: note is the log's new checkpoint, of `size` */
	LEDGER_HEAD
};

struct ledger_acquisition {
	uint8_t number[ID_LEN];
	char agency[PARTY_MAX + 1];
	uint64_t asked_ms;
	uint8_t request_hash[HASH_LEN];
	uint32_t outcome;
	uint64_t index;	   /* of the ISSUE entry */
	struct buf person; /* PersonRef data sealed to the agency; or empty */
};

#define LEDGER_ROWS 2

struct ledger_job {
	enum ledger_op op;
	uint64_t ticket; /* whose it is: the front's own number */
	enum err err;
	enum ledger_change change;
	struct ledger_live live;
	struct ledger_row *rows; /* an array of n_rows, owned */
	size_t n_rows;
	bool has_holder;
	uint8_t holder[HASH_LEN];
	bool known;
	uint8_t alias_key[HASH_LEN];
	struct buf alias_value;
	bool has_acquisition;
	struct ledger_acquisition acquisition;
	uint64_t from;
	uint32_t most;
	uint64_t size; /* of the log the paths are for */
	/* LEDGER_HEAD: the signed checkpoint, and the leaves it brought */
	struct buf note, leaves;
	uint8_t consistency[MERKLE_PATH_MAX][MERKLE_LEN];
	size_t n_consistency;
};

struct ledger_job *ledger_job_new(enum ledger_op op, uint64_t ticket);
/* The same with n zeroed rows. */
struct ledger_job *ledger_job_rows(
    enum ledger_op op, uint64_t ticket, size_t n);
void ledger_job_free(struct ledger_job *job);

struct ledger;

struct ledger_options {
	const char *database; /* conninfo */
	const char *origin;   /* of the log */
	int signer_fd;	      /* the signer's channel; stays the caller's */
	/* in force: the signer refuses to go back behind any it saw */
	uint64_t policy_version, directory_version;
	/*
	 * Entries a signer that remembers nothing may be given again: as many
	 * as the database has, confirmed by an operator; 0: none.
	 */
	uint64_t rebuild_signer;
};

/*
 * Open, check and catch up, in the caller's thread: the database must be safe
 * (ERR_DATABASE_UNSAFE) and not behind the signer (ERR_BEHIND); what the
 * signer lacks is handed to it; the tree's root must be the one it signed
 * (ERR_FORK). A signer that no broker ever used beside a log that has entries
 * has lost its state: ERR_CONFIG unless rebuild_signer says so. Takes the log's
 * head under a new epoch.
 */
enum err ledger_open(const struct ledger_options *o, struct ledger **out);
/* A tree for the front's own use, at the ledger's size; it loads nothing. */
enum err ledger_tree(struct ledger *l, struct tree **out);
/* The checkpoint in force. Before ledger_start only. */
uint64_t ledger_size(const struct ledger *l);
struct span ledger_note(const struct ledger *l);
/* See tree_consistency; any `from`, however old. Before ledger_start only. */
enum err ledger_consistency(struct ledger *l, uint64_t from, uint64_t size,
    uint8_t path[static MERKLE_PATH_MAX][MERKLE_LEN], size_t *n);
/* Every live exchange, in no order. Before ledger_start only. */
enum err ledger_live_each(struct ledger *l,
    void (*each)(void *ctx, const struct ledger_live *live), void *ctx);
/*
 * The (inquirer, exchange id) of permits and refusals from the log's end
 * backwards, as long as `each` says true. Before ledger_start only.
 */
enum err ledger_recent_each(struct ledger *l,
    bool (*each)(void *ctx, const char *inquirer, const uint8_t *id),
    void *ctx);

enum err ledger_start(struct ledger *l);
/* What is queued is written; then the thread ends. Frees. NULL-safe. */
void ledger_close(struct ledger *l);

/*
 * Hand a job over. False when too much is queued (then it stays the
 * caller's). Results come in order through ledger_done, polled by ledger_fd.
 * Nothing of a job comes back before it is committed and, for LEDGER_APPEND,
 * the new checkpoint signed: LEDGER_HEAD comes first, then its jobs in the
 * order of their indices. While the database is gone, jobs wait.
 */
bool ledger_submit(struct ledger *l, struct ledger_job *job);
struct ledger_job *ledger_done(struct ledger *l);
int ledger_fd(const struct ledger *l);
/* A higher version came into force: the signer hears it with the next batch. */
void ledger_policy(struct ledger *l, uint64_t version);
/*
 * Whether the database answers, and signer and database do so in time; false
 * also once the ledger has stopped.
 */
bool ledger_healthy(const struct ledger *l);
/*
 * Why the thread ended by itself (signer gone, head moved), or ERR_TIMEOUT
 * when it hangs in one transaction for a minute: then ledger_close would, too.
 * ERR_NONE: it runs.
 */
enum err ledger_stopped(const struct ledger *l);

/* Transactions, entries, and microseconds spent in commits, since start. */
struct ledger_counters {
	uint64_t batches, entries, commit_us, sign_us, largest, lost;
};
void ledger_counters(const struct ledger *l, struct ledger_counters *out);

#endif

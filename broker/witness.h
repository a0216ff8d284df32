/* The witnesses (証人) that cosign our checkpoints, as the front sees them. */
#ifndef BROKER_WITNESS_H
#define BROKER_WITNESS_H

#include "lib/bytes.h"
#include "lib/err.h"
#include "lib/merkle.h"

#define WITNESSES_MAX 16
#define WITNESS_TICKET ((uint64_t)6 << 56) /* | which: its LEDGER_PROVE */

struct witness_address {
	const char *name; /* of its section, for operators */
	const char *url;  /* http://HOST[:PORT][/PREFIX] */
	const char *key;  /* its verifier key, as `new-key` prints it */
};

struct witnesses_options {
	const struct witness_address *witness;
	size_t n;
	uint32_t quorum;  /* 0: all of them */
	uint32_t seconds; /* how old the quorum's word may be */
	const char *file; /* where the cosigned checkpoint is kept */
};

/*
 * One thread a witness, which does nothing but ask it (add-checkpoint of C2SP
 * tlog-witness), so that a slow one delays no other. All functions here are
 * for the front's one thread. With none configured everything is allowed.
 */
struct witnesses;

/* ERR_CONFIG, told in the operators' log, for a URL, key or quorum amiss. */
enum err witnesses_open(
    const struct witnesses_options *o, struct witnesses **out);
/* Ends the threads. NULL-safe. */
void witnesses_close(struct witnesses *ws);

/*
 * Prove that the tree of `size` continues that of `from`. ERR_BUSY: not at
 * once, witnesses_proved brings it for witness i; else it is asked again.
 */
typedef enum err witness_prove(void *ctx, size_t i, uint64_t from,
    uint64_t size, uint8_t path[static MERKLE_PATH_MAX][MERKLE_LEN], size_t *n);

/*
 * At start: ask each once, and wait until each has answered or is seen not to
 * be there (some seconds at most). ERR_BEHIND if one has seen a longer log,
 * ERR_FORK if one has seen another one.
 */
enum err witnesses_greet(struct witnesses *ws, struct span note, uint64_t size,
    witness_prove *prove, void *ctx);
/*
 * Several times a second, with the checkpoint in force: offers each witness
 * that has nothing in hand the newest one. Returns what witnesses_greet would
 * when a witness says so now, and then there is no going on.
 */
enum err witnesses_tick(struct witnesses *ws, struct span note, uint64_t size,
    witness_prove *prove, void *ctx);
/* The proof asked for before, for the checkpoint `note`; n 0 and e: none. */
void witnesses_proved(struct witnesses *ws, size_t i, enum err e,
    struct span note, uint64_t size, uint64_t from, uint8_t path[][MERKLE_LEN],
    size_t n);

/*
 * Whether a quorum cosigned within the last `seconds`. While it is false
 * nothing may be released. As of the last greet or tick.
 */
bool witnesses_agree(const struct witnesses *ws);
size_t witnesses_count(const struct witnesses *ws);
/* Append "name value" lines. */
void witnesses_report(struct witnesses *ws, struct buf *out);

#endif

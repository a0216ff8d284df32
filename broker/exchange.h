/* The hub: every exchange under way, and the steps one goes through. */
#ifndef BROKER_EXCHANGE_H
#define BROKER_EXCHANGE_H

#include "broker/ledger.h"
#include "lib/frame.h"
#include "lib/messages.h"
#include "lib/outcome.h"

/*
 * One inquiry, top to bottom. Every step is a function of its own; it says
 * NEXT, WAIT or END, or jumps. An exchange that waits is woken by its ticket
 * or its id: nobody keeps a pointer to it across a wait.
 * X(name, what is waited for)
 */
#define STEP_TABLE(X)                                              \
	X(identify, "whether an older question bore this id")      \
	X(admit, "the vault: signature, freshness, table, PIA")    \
	X(record, "the ledger: the permit or refusal, signed")     \
	X(forward, "the provider to be connected")                 \
	X(provision, "the provider's answer, until valid_until")   \
	X(verify, "the vault: the provision's signature")          \
	X(settle, "the ledger: the outcome, signed")               \
	X(answer, "the ciphertext again, where it was let go")     \
	X(receipt, "the inquirer's receipt, or 24 hours to go by") \
	X(forget, "the ledger: no longer live")

enum step {
#define STEP_ENUM(name, waits) STEP_##name,
	STEP_TABLE(STEP_ENUM)
#undef STEP_ENUM
	    STEP_COUNT
};
/* "identify", "admit", ... Static text. */
const char *step_name(enum step s);

/*
 * What the hub asks of the leaves. They answer by hub_vault and hub_ledger,
 * under the ticket they were given, never from within the call.
 */
struct hub_leaves {
	void *ctx;
	/* To a worker; envelopes of one signed batch go to the same. */
	void (*vault)(void *ctx, const struct vault_request *q);
	/* Takes the job; false (and the job stays) when it has too many. */
	bool (*ledger)(void *ctx, struct ledger_job *job);
	/* A connection of the party: `wanted` if that still is one; 0: none. */
	uint32_t (*route)(void *ctx, const char *party, uint32_t wanted);
	/*
	 * Fill in index, path, checkpoint and consistency for the one who
	 * reads over `route`. ERR_NOT_FOUND: nodes that only the ledger has.
	 */
	enum err (*prove)(void *ctx, uint32_t route, uint64_t index,
	    struct entry_proof *proof);
	/* Send a frame of this kind; the body is taken. */
	enum err (*send)(
	    void *ctx, uint32_t route, enum frame_kind kind, struct buf *body);
	/* Whether entries can be recorded just now. */
	bool (*writable)(void *ctx);
	/* Whether a quorum of witnesses agrees, or none are asked. */
	bool (*witnessed)(void *ctx);
};

struct hub_limits {
	uint32_t party_messages, party_bytes, all_messages, all_bytes;
	uint32_t collect_for_seconds;
};

/* What happened since the start; for the operators, about no person. */
/* clang-format off */
#define HUB_COUNTERS(X)                                                \
	X(inquiries) X(retries) X(permits) X(refusals) X(errors)       \
	X(busy) X(other_body) X(forwarded) X(offline) X(pendings)      \
	X(provisions) X(late) X(outcomes) X(lapses) X(answers)         \
	X(refetched) X(receipts) X(uncollected) X(loads)
/* clang-format on */
struct hub_counters {
#define COUNTER(name) uint64_t name;
	HUB_COUNTERS(COUNTER)
#undef COUNTER
};

struct hub;

struct hub *hub_new(
    const struct hub_leaves *leaves, const struct hub_limits *limits);
void hub_free(struct hub *h);

/* The time all that follows happens at. */
void hub_clock(struct hub *h, uint64_t now_ms);

/* At start: an exchange that a former broker left open. */
void hub_restore(struct hub *h, const struct ledger_live *live);
/*
 * At start: an id that was asked lately. Ids whose time is `since` or later
 * are all known then, and need no look-up.
 */
void hub_remember(struct hub *h, const char *inquirer, const uint8_t *id);
void hub_remembers(struct hub *h, uint64_t since_ms);

/*
 * Frames, as the front received them from `party` over `route`. The spans are
 * borrowed for the call.
 */
void hub_inquiry(
    struct hub *h, const char *party, uint32_t route, struct span envelope);
void hub_provision(
    struct hub *h, const char *party, uint32_t route, struct span frame);
void hub_pending(
    struct hub *h, const char *party, uint32_t route, struct span envelope);
void hub_receipt(
    struct hub *h, const char *party, uint32_t route, struct span envelope);
/* A connection said hello: what waits for that party may go. */
void hub_hello(struct hub *h, const char *party);

/* Answers of the leaves; the job is taken. */
void hub_vault(struct hub *h, const struct vault_reply *reply);
void hub_ledger(struct hub *h, struct ledger_job *job);
/* Deadlines; to be called a few times a second. */
void hub_tick(struct hub *h);
/* Take no new questions; what is under way goes on. */
void hub_drain(struct hub *h);

const struct hub_counters *hub_counters(const struct hub *h);
/* How often each outcome was recorded, and each error told. */
uint64_t hub_recorded(const struct hub *h, enum outcome o);
uint64_t hub_erred(const struct hub *h, enum err e);
/* Exchanges at this step; in flight (with bytes held); bytes. */
size_t hub_at_step(const struct hub *h, enum step s);
size_t hub_in_flight(const struct hub *h);
size_t hub_bytes(const struct hub *h);

#endif

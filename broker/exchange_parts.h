/* The exchange from inside: what its steps, its leaves and the hub share. */
#ifndef BROKER_EXCHANGE_PARTS_H
#define BROKER_EXCHANGE_PARTS_H

#include "broker/docket.h"
#include "broker/exchange.h"
#include "broker/stray.h"

#define BUSY_RETRY_MS 500
#define STAGGER_MS 250 /* between batches, and before trying again */
#define OUTCOME_NUMBERS 128

struct hub {
	struct docket *docket;
	struct strays *strays;
	struct hub_leaves leaf;
	struct hub_limits limits;
	struct hub_counters counters;
	uint64_t recorded[OUTCOME_NUMBERS], erred[ERR_COUNT];
	bool draining;
	struct arena arena;
	struct entry entry; /* scratch: large */
	/* the same for proofs: paths are filled in at sending */
	uint8_t path[MERKLE_PATH_MAX][MERKLE_LEN];
	uint8_t consistency[MERKLE_PATH_MAX][MERKLE_LEN];
	/* what the ledger just found, with paths only it can make */
	const struct ledger_job *found;
};

/* What wakes an exchange. */
enum event_kind {
	EVENT_ENTER,	 /* it has just come to this step */
	EVENT_VAULT,	 /* reply */
	EVENT_LEDGER,	 /* job */
	EVENT_PROVISION, /* envelope, ciphertext, provision */
	EVENT_PENDING,	 /* envelope */
	EVENT_RETRY,	 /* the inquirer asked the same again */
	EVENT_RECEIPT,	 /* envelope */
	EVENT_DUE	 /* its deadline */
};

struct event {
	enum event_kind kind;
	const struct vault_reply *reply;
	struct ledger_job *job;
	struct span envelope, ciphertext;
	struct span body; /* of the envelope, of a provision */
	const struct provision *provision;
};

enum turn {
	TURN_NEXT, /* on to the next step */
	TURN_JUMP, /* the step was set */
	TURN_WAIT, /* until an event */
	TURN_END   /* it is over and has to be removed */
};

static inline uint64_t
hub_now(const struct hub *h)
{
	return docket_now(h->docket);
}

/* Go on from an event until the exchange waits or ends. */
void exchange_run(struct hub *h, struct exchange *x, const struct event *e);

/* ---- exchange_say.c: to parties ---- */

/* The body is taken. Route 0: ERR_OFFLINE. */
enum err hub_say(
    struct hub *h, uint32_t route, enum frame_kind kind, struct buf *body);
/* A refusal that is on no log; id may be NULL. */
void hub_say_error(
    struct hub *h, uint32_t route, const uint8_t *id, enum err error);
void hub_say_busy(
    struct hub *h, uint32_t route, const uint8_t *id, const char *what);
/* To a provider, over that connection if it still has it. */
void hub_say_settled(
    struct hub *h, const char *party, uint32_t route, const struct settled *s);
/* The inquirer's connection now; 0: none. */
uint32_t exchange_route(struct hub *h, struct exchange *x);
enum { NOTICE_PENDING = 1, NOTICE_LATE = 2, NOTICE_OFFLINE = 3 };
void exchange_notify(
    struct hub *h, struct exchange *x, uint32_t kind, struct span envelope);
/* Filled in with whose it is and its outcome. */
void exchange_settled(const struct exchange *x, struct settled *out);
/* The proof of an entry for whoever reads over `route`. */
enum err hub_proof(struct hub *h, uint32_t route, uint64_t index,
    struct span body, const uint8_t salt[static ENTRY_SALT_LEN],
    struct entry_proof *p);
void hub_count(struct hub *h, enum outcome o);

/* ---- exchange_ask.c: of vault and ledger, and what they bring ---- */

/* A job about this exchange, its rows zeroed. */
struct ledger_job *exchange_job(
    enum ledger_op op, const struct exchange *x, size_t n_rows);
/* Hand it over; if there are too many, wait until it is due again. */
enum turn exchange_ask_ledger(
    struct hub *h, struct exchange *x, struct ledger_job *job);
/* Ask for what the log has of this exchange. */
enum turn exchange_find(struct hub *h, struct exchange *x);
void exchange_ask_vault(
    struct hub *h, struct exchange *x, struct vault_request *q);
/* The vault's entry as a row to append. */
void exchange_row(const struct vault_reply *v, const struct exchange *x,
    const uint8_t entry_id[static ID_LEN], struct ledger_row *r);
/* Put the permit before the vault again. */
void papers_show(const struct papers *p, struct vault_request *q);
/* Take up a permit's row; an outcome's, lapse's or refusal's; all found. */
enum err papers_permit(struct hub *h, struct exchange *x, struct ledger_row *r);
enum err papers_outcome(
    struct hub *h, struct exchange *x, struct ledger_row *r);
/* ERR_OTHER_BODY: the log has another question under this id. */
enum err papers_take(struct hub *h, struct exchange *x, struct ledger_job *job);
/* yyyymm of a UUIDv7's time, JST. */
int month_of_id(const uint8_t id[static ID_LEN]);
/* *to's memory is freed; *from is left empty. */
void buf_move(struct buf *to, struct buf *from);

#endif

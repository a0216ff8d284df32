/* What the desk is made of; for agents/registrar/desk*.c only. */
#ifndef AGENTS_REGISTRAR_DESK_PARTS_H
#define AGENTS_REGISTRAR_DESK_PARTS_H

#include "agents/registrar/desk.h"
#include "agents/registrar/register.h"
#include "lib/directory.h"
#include "lib/frame.h"
#include "lib/outcome.h"
#include "lib/seal.h"
#include "lib/zsock.h"

#define DESK_BATCH 128	 /* requests served together */
#define DESK_WINDOW 1024 /* requests the broker has not answered yet */
#define DESK_AGAIN_MS 5000

/* A request on its way to the broker, until that has answered. */
struct errand {
	uint8_t number[ID_LEN];
	uint32_t route; /* the agency's connection; 0: not in this life */
	struct buf request;
	uint64_t sent_ms; /* monotonic; 0: not sent yet */
};

enum desk_line { DESK_DOWN, DESK_GREETING, DESK_UP };

struct desk {
	const struct party *self;
	struct directory *directory;
	struct signkey *sign;
	struct dhkey *seal;
	struct seal_ring *ring;
	uint8_t vault[POINT_LEN];
	struct secret curve;
	struct znet *net;
	struct zsock *agencies, *broker;
	struct db *db;
	int control;
	struct arena arena;

	enum desk_line line;
	struct errand errands[DESK_WINDOW];
	size_t n_errands;
	bool replaying; /* the database may hold open ones we have not sent */
	uint64_t replay_ms;
	uint8_t replay_number[ID_LEN];

	bool announcing; /* a change of resident code is at the broker */
	uint8_t change_id[ID_LEN];
	uint64_t announced_ms;

	/* numbers to forget, collected while frames are read */
	uint8_t ended[4 * DESK_BATCH][ID_LEN];
	size_t n_ended;

	uint64_t ticked_ms, expired_ms, reopened_ms; /* monotonic */
	uint64_t asked, issued, refused, changes, bad_frames;
};

/* --- desk_agency.c: what agencies ask --- */

/* Take what waits on the agencies' socket, up to one batch. */
void desk_agencies(struct desk *d);

/* --- desk_broker.c: what goes to the broker and comes back --- */

/* Connection came or went; frames that wait. */
void desk_broker(struct desk *d);
/* Keep a stored request and send it now if the broker is there. */
void desk_errand_add(struct desk *d, const uint8_t number[static ID_LEN],
    uint32_t route, struct span request);
bool desk_has_errand(const struct desk *d, const uint8_t number[static ID_LEN]);
/* What is due again; announcements; numbers past their 24 h. */
void desk_tick(struct desk *d);

/* Tell an agency what became of its request; ERR_NONE: the outcome counts. */
void desk_reply(struct desk *d, uint32_t route,
    const uint8_t number[static ID_LEN], enum outcome o, enum err e);
/* Reconnect where the database went away; false while it is gone. */
bool desk_database(struct desk *d);

#endif

/* A broker among parties that the test plays: two agencies ask and answer. */
#ifndef TESTS_FLOW_SCENE_H
#define TESTS_FLOW_SCENE_H

#include "tests/flow/actor.h"

#define SCENE_WAIT_MS 10000

struct scene {
	struct world *w;
	struct actor *nenkin, *city, *kyokai, *registrar;
	uint8_t nenkin_code[CODE_LEN], city_code[CODE_LEN];
	struct question row_73; /* nenkin's lawful question to the city */
};

/* World, broker, parties, and a code of one person for nenkin and city. */
void scene_open(struct scene *s, const char *options);
void scene_close(struct scene *s);
/* Start the broker (ends the test if it does not) and connect everybody. */
void scene_begin(struct scene *s);
/* Disconnect everybody; the broker is left as it is. */
void scene_end(struct scene *s);

/* Entries of that type in the statutory log; 0: of any. */
long scene_entries(struct scene *s, int type);

/* What a REFUSAL said. */
struct said {
	enum outcome outcome;
	bool logged;
	char error[32];
	uint8_t exchange_id[ID_LEN];
};
/* The next REFUSAL to the party; an assertion fails if there is none. */
struct said scene_refusal(struct actor *a);
/* It is refused with that code, and that is in no log. */
void scene_refused(struct actor *a, const char *error);
/* The next SETTLED to the provider has that error. */
void scene_not_settled(struct actor *provider, const char *error);
/* Throw away what has arrived so far. */
void scene_drain(struct actor *a);

/* nenkin asks row_73; the permit frame's body, to be freed. */
void scene_permit(struct scene *s, struct inquiry *inq, struct buf *permit);
/* The city says "not held"; nenkin gets that answer. */
void scene_settle(struct scene *s, const struct buf *permit);
/* A lawful exchange from inquiry to receipt, with an answer. */
void scene_honest(struct scene *s);

#endif

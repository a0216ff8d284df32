/* A party played by the test: its real keys, its own idea of the protocol. */
#ifndef TESTS_FLOW_ACTOR_H
#define TESTS_FLOW_ACTOR_H

#include "lib/dhkey.h"
#include "lib/outcome.h"
#include "lib/seal.h"
#include "lib/signkey.h"
#include "tests/flow/world.h"

/*
 * Does by hand, over a raw connection, what an agent does, so that a test can
 * do each thing wrong. Failures of the harness end the test program.
 */
struct actor {
	char code[PARTY_MAX + 1];
	struct raw *raw;
	struct signkey *sign;
	struct dhkey *hpke, *seal;
	struct seal_ring *ring;
	uint8_t vault_point[POINT_LEN];
	uint32_t epoch;		  /* of the codes issued to it */
	uint64_t asked, provided; /* sequence numbers */
};

/* Connected and greeted. */
struct actor *actor_new(struct world *w, const char *party);
void actor_free(struct actor *a);

/* Sign a body and append the Envelope. */
void actor_sign(
    struct actor *a, const char *type, struct span body, struct buf *envelope);
/* Sign it and send it as a frame of that kind. */
void actor_send(
    struct actor *a, enum frame_kind kind, const char *type, struct span body);

/*
 * Have a link code issued to the agency for the resident (11 digits), through
 * a registrar played by the test. False: "already acquired".
 */
bool actor_acquire(struct actor *agency, struct actor *registrar,
    const char *resident, uint8_t code[static CODE_LEN]);

/* What one asks; NULL texts become empty. */
struct question {
	const char *task, *procedure, *provider, *data;
	const char *principal; /* whose task it is, when delegated */
	const uint8_t *code;   /* the inquirer's own, 32 bytes */
};
/*
 * A lawful-looking inquiry, now, under a fresh exchange id, its code sealed
 * into `sealed` (which must live as long as *out is used).
 */
void actor_inquiry(struct actor *a, const struct question *q,
    struct buf *sealed, struct inquiry *out);
/* Sign and send it; its Envelope is kept in `sent` unless that is NULL. */
void actor_ask(struct actor *a, const struct inquiry *inq, struct buf *sent);

/*
 * The provision that answers a permit frame's body: `outcome`, and for
 * "provided" this payload sealed to the inquirer's HPKE point.
 */
struct answer_parts {
	struct provision provision; /* its spans point into the bufs */
	struct buf enc, ciphertext;
};
void actor_provision(struct actor *a, struct span permit_body,
    enum outcome outcome, const struct dhkey *inquirer_hpke,
    struct span payload, struct answer_parts *out);
void actor_provide(struct actor *a, const struct answer_parts *p);
void answer_parts_free(struct answer_parts *p);

#endif

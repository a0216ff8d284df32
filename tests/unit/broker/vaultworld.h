/* A small world in memory for the vault's tests: parties, law, a worker. */
#ifndef TESTS_UNIT_BROKER_VAULTWORLD_H
#define TESTS_UNIT_BROKER_VAULTWORLD_H

#include "broker/vault_ops.h"
#include "broker/vault_parts.h"

/* 2026-11-23 09:00 JST */
#define VW_NOW UINT64_C(1795392000000)

/*
 * Row 73: 日本年金機構 (nenkin), for 厚生労働大臣, asks a city for
 * 地方税関係情報 in the procedure p73.001. Yokohama and Osaka have published
 * their PIA, Sapporo has not; Nagoya is suspended, Kyoto will be from 11-25.
 */
#define NENKIN "nenkin"
#define YOKOHAMA "141003"
#define OSAKA "271004"
#define SAPPORO "011002"
#define NAGOYA "231002"
#define KYOTO "261009"
#define ROW "73"
#define PROCEDURE "p73.001"
#define TAX "地方税関係情報"

/* One party with its private half. */
struct vw_party {
	const char *code;
	struct signkey *sign;
	struct dhkey *seal;
	struct seal_ring *ring;
};

#define VW_PARTIES 9

struct vaultworld {
	struct vw_party parties[VW_PARTIES];
	struct linkcode_keys *keys; /* the vault's, to make codes by */
	uint8_t vault_point[POINT_LEN];
	struct policy *policy;
	struct vault *vault;
	uint64_t now_ms;
	/* of the last vw_ask; bodies borrow from `raw` and `arena` */
	struct buf raw;
	struct arena arena;
	struct vault_reply reply;
	struct entry entry; /* decoded reply.body, if there is one */
};

struct vaultworld *vw_new(void);
void vw_free(struct vaultworld *w);
struct vw_party *vw_party(struct vaultworld *w, const char *code);

/* The n-th person's resident code, and their code at an agency. */
void vw_resident(unsigned n, char digits[static RESIDENT_LEN]);
void vw_code(struct vaultworld *w, const char *agency, unsigned n,
    uint8_t code[static CODE_LEN]);

/* A whole, lawful inquiry of nenkin to Yokohama, but for the person. */
void vw_inquiry(struct vaultworld *w, struct inquiry *q);
/*
 * Seal the n-th person's code at `agency` for just this inquiry, as `sealer`
 * would; *room keeps the bytes.
 */
void vw_seal_person(struct vaultworld *w, struct inquiry *q, const char *sealer,
    const char *agency, unsigned n, struct buf *room);
/* Append an Envelope of `type` around a body, signed by a party. */
void vw_envelope(struct vaultworld *w, const char *signer, const char *type,
    struct span body, struct buf *out);
/* All of it for person n: the Envelope of an inquiry like *q. */
void vw_inquiry_envelope(
    struct vaultworld *w, struct inquiry *q, unsigned n, struct buf *out);

/* Ask the worker; fills w->reply and w->entry. Returns the reply's error. */
enum err vw_ask(struct vaultworld *w, const struct vault_request *ask);
/* ADMIT of this envelope as coming from `party`. */
enum err vw_admit(
    struct vaultworld *w, const char *party, struct span envelope);

/* What an addressee reads out of a sealed reference: ERR_SEAL and the like. */
enum err vw_open(struct vaultworld *w, const char *party,
    const struct person_ref *ref, struct span ad,
    uint8_t code[static CODE_LEN]);
/* Whether the reply's record code is that of the n-th person, rightly bound. */
bool vw_record_is(struct vaultworld *w, unsigned n);
/* Whether leaf and endorsement of the reply are those of its body. */
bool vw_endorsed(struct vaultworld *w);

#endif

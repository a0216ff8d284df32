#include "lib/seal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "lib/gcm.h"
#include "lib/hkdf.h"

#define IDS_LEN (2 * KEY_ID_LEN)
#define HEAD_LEN (IDS_LEN + GCM_NONCE_LEN)
#define CODE_PLAIN (1 + 4 + CODE_LEN)
#define RESIDENT_PLAIN (1 + 4 + RESIDENT_LEN)

_Static_assert(SEAL_OVERHEAD == HEAD_LEN + GCM_TAG_LEN, "overhead");
_Static_assert(SEALED_CODE_LEN == SEAL_OVERHEAD + CODE_PLAIN, "97 bytes");
_Static_assert(SEALED_RESIDENT_LEN == SEAL_OVERHEAD + RESIDENT_PLAIN, "76");

/* ---- derived keys ---------------------------------------------------------
 */

struct seal_channel {
	struct seal_channel *next; /* in its slot */
	char party[PARTY_MAX + 1];
	uint8_t peer[POINT_LEN];
	enum seal_direction direction;
	bool seals;	      /* whether this end seals: the other only opens */
	uint8_t ids[IDS_LEN]; /* agency's, vault's */
	uint64_t left;	      /* seals */
	struct gcm *gcm;
};

struct seal_ring {
	const struct dhkey *own;
	bool at_vault;
	uint64_t cap;
	struct seal_channel **slot;
	size_t slots, used;
};

struct seal_ring *
seal_ring_new(const struct dhkey *own, bool at_vault, uint64_t cap)
{
	struct seal_ring *r = xcalloc(1, sizeof(*r));

	assert(cap <= SEAL_CAP);
	r->own = own;
	r->at_vault = at_vault;
	r->cap = cap;
	r->slots = 64;
	r->slot = xcalloc(r->slots, sizeof(*r->slot));
	return r;
}

static void
channel_free(struct seal_channel *c)
{
	gcm_free(c->gcm);
	free(c);
}

void
seal_ring_free(struct seal_ring *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->slots; i++) {
		while (r->slot[i] != NULL) {
			struct seal_channel *c = r->slot[i];

			r->slot[i] = c->next;
			channel_free(c);
		}
	}
	free(r->slot);
	free(r);
}

void
seal_ring_drop(struct seal_ring *r, const char *party)
{
	for (size_t i = 0; i < r->slots; i++) {
		struct seal_channel **at = &r->slot[i];

		while (*at != NULL) {
			struct seal_channel *c = *at;

			if (strcmp(c->party, party) == 0) {
				*at = c->next;
				channel_free(c);
				r->used--;
			} else {
				at = &c->next;
			}
		}
	}
}

/* The peer's point is random enough to pick a slot by. */
static struct seal_channel **
slot_of(const struct seal_ring *r, const uint8_t peer[static POINT_LEN],
    enum seal_direction d, const char *party)
{
	uint64_t h;

	memcpy(&h, peer + 1, sizeof(h));
	for (; *party != '\0'; party++)
		h = (h ^ (uint8_t)*party) * 0x100000001b3;
	return &r->slot[(h ^ h >> 32 ^ (unsigned)d) & (r->slots - 1)];
}

static void
ring_grow(struct seal_ring *r)
{
	struct seal_ring old = *r;

	r->slots *= 2;
	r->slot = xcalloc(r->slots, sizeof(*r->slot));
	for (size_t i = 0; i < old.slots; i++) {
		while (old.slot[i] != NULL) {
			struct seal_channel *c = old.slot[i], **at;

			old.slot[i] = c->next;
			at = slot_of(r, c->peer, c->direction, c->party);
			c->next = *at;
			*at = c;
		}
	}
	free(old.slot);
}

/* HKDF over the agreed secret; the salt is empty. */
static void
derive_key(struct seal_channel *c, const uint8_t x[static DH_LEN],
    uint8_t key[static GCM_KEY_LEN])
{
	uint8_t prk[SHA256_LEN], direction = (uint8_t)c->direction;
	uint8_t n = (uint8_t)strlen(c->party);
	struct span info[] = {
	    span_str("renkei/v1/seal"),
	    span_of(&direction, 1),
	    span_of(&n, 1),
	    span_of(c->party, n),
	    SPAN(c->ids),
	};

	hkdf_extract(NULL, &(struct span){x, DH_LEN}, 1, prk);
	hkdf_expand(prk, info, 5, key, GCM_KEY_LEN);
	explicit_bzero(prk, sizeof(prk));
}

static struct seal_channel *
channel_new(const struct seal_ring *r, const char *party,
    const uint8_t peer[static POINT_LEN], enum seal_direction d)
{
	uint8_t x[DH_LEN], key[GCM_KEY_LEN], peer_id[KEY_ID_LEN];
	const uint8_t *own_id = dhkey_id(r->own);
	struct seal_channel *c;

	if (strlen(party) > PARTY_MAX ||
	    dhkey_agree(r->own, peer, x) != ERR_NONE)
		return NULL;
	c = xcalloc(1, sizeof(*c));
	strcpy(c->party, party);
	memcpy(c->peer, peer, POINT_LEN);
	c->direction = d;
	c->seals = r->at_vault == (d == SEAL_FROM_VAULT);
	c->left = r->cap;
	key_id_of(span_of(peer, POINT_LEN), peer_id);
	memcpy(c->ids, r->at_vault ? peer_id : own_id, KEY_ID_LEN);
	memcpy(c->ids + KEY_ID_LEN, r->at_vault ? own_id : peer_id, KEY_ID_LEN);
	derive_key(c, x, key);
	c->gcm = gcm_new(key);
	explicit_bzero(x, sizeof(x));
	explicit_bzero(key, sizeof(key));
	return c;
}

struct seal_channel *
seal_ring_find(struct seal_ring *r, const char *party,
    const uint8_t peer[static POINT_LEN], enum seal_direction d)
{
	struct seal_channel **at = slot_of(r, peer, d, party), *c;

	for (c = *at; c != NULL; c = c->next)
		if (c->direction == d &&
		    memcmp(c->peer, peer, POINT_LEN) == 0 &&
		    strcmp(c->party, party) == 0)
			return c;
	c = channel_new(r, party, peer, d);
	if (c == NULL)
		return NULL;
	if (r->used >= r->slots) {
		ring_grow(r);
		at = slot_of(r, peer, d, party);
	}
	c->next = *at;
	*at = c;
	r->used++;
	return c;
}

/* ---- bytes ----------------------------------------------------------------
 */

enum err
seal_bytes(struct seal_channel *c, struct span plaintext, struct span ad,
    struct buf *out)
{
	uint8_t nonce[GCM_NONCE_LEN];

	assert(c->seals);
	if (c->left == 0)
		return ERR_SEAL;
	if (RAND_bytes(nonce, sizeof(nonce)) != 1)
		return ERR_SYSTEM;
	c->left--;
	buf_add(out, c->ids, IDS_LEN);
	buf_add(out, nonce, GCM_NONCE_LEN);
	gcm_seal(c->gcm, nonce, ad, plaintext,
	    buf_grow(out, plaintext.n + GCM_TAG_LEN));
	return ERR_NONE;
}

enum err
seal_open_bytes(
    struct seal_channel *c, struct span data, struct span ad, uint8_t *out)
{
	if (data.n < SEAL_OVERHEAD)
		return ERR_TRUNCATED;
	if (memcmp(data.p, c->ids, IDS_LEN) != 0)
		return ERR_KEY;
	return gcm_open(c->gcm, data.p + IDS_LEN, ad,
	    span_of(data.p + HEAD_LEN, data.n - HEAD_LEN), out);
}

/* ---- codes ----------------------------------------------------------------
 */

/* u8 suite || u32 epoch || what */
static void
plain_head(uint8_t *p, uint32_t epoch)
{
	p[0] = SEAL_SUITE;
	for (int i = 0; i < 4; i++)
		p[1 + i] = (uint8_t)(epoch >> (24 - 8 * i));
}

static uint32_t
plain_epoch(const uint8_t *p)
{
	return (uint32_t)p[1] << 24 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 8 | p[4];
}

enum err
seal_code(struct seal_channel *c, uint32_t epoch,
    const uint8_t code[static CODE_LEN], struct span ad, struct buf *out)
{
	uint8_t plain[CODE_PLAIN];
	enum err e;

	plain_head(plain, epoch);
	memcpy(plain + 5, code, CODE_LEN);
	e = seal_bytes(c, SPAN(plain), ad, out);
	explicit_bzero(plain, sizeof(plain));
	return e;
}

enum err
seal_open_code(struct seal_channel *c, struct span data, struct span ad,
    uint32_t *epoch, uint8_t code[static CODE_LEN])
{
	uint8_t plain[CODE_PLAIN];
	enum err e = data.n < SEALED_CODE_LEN	? ERR_TRUNCATED
		     : data.n > SEALED_CODE_LEN ? ERR_TOO_LONG
						: ERR_NONE;

	if (e == ERR_NONE)
		e = seal_open_bytes(c, data, ad, plain);
	if (e == ERR_NONE && plain[0] != SEAL_SUITE)
		e = ERR_VERSION;
	if (e == ERR_NONE) {
		*epoch = plain_epoch(plain);
		memcpy(code, plain + 5, CODE_LEN);
	} else {
		explicit_bzero(code, CODE_LEN);
	}
	explicit_bzero(plain, sizeof(plain));
	return e;
}

static bool
all_digits(const char digits[static RESIDENT_LEN])
{
	for (int i = 0; i < RESIDENT_LEN; i++)
		if (digits[i] < '0' || digits[i] > '9')
			return false;
	return true;
}

enum err
seal_resident(struct seal_channel *c, const char digits[static RESIDENT_LEN],
    struct span ad, struct buf *out)
{
	uint8_t plain[RESIDENT_PLAIN];
	enum err e;

	if (!all_digits(digits))
		return ERR_MALFORMED;
	plain_head(plain, 0);
	memcpy(plain + 5, digits, RESIDENT_LEN);
	e = seal_bytes(c, SPAN(plain), ad, out);
	explicit_bzero(plain, sizeof(plain));
	return e;
}

enum err
seal_open_resident(struct seal_channel *c, struct span data, struct span ad,
    char digits[static RESIDENT_LEN])
{
	uint8_t plain[RESIDENT_PLAIN] = {0};
	enum err e = data.n < SEALED_RESIDENT_LEN   ? ERR_TRUNCATED
		     : data.n > SEALED_RESIDENT_LEN ? ERR_TOO_LONG
						    : ERR_NONE;

	if (e == ERR_NONE)
		e = seal_open_bytes(c, data, ad, plain);
	if (e == ERR_NONE && plain[0] != SEAL_SUITE)
		e = ERR_VERSION;
	if (e == ERR_NONE &&
	    (plain_epoch(plain) != 0 || !all_digits((char *)plain + 5)))
		e = ERR_MALFORMED;
	if (e == ERR_NONE)
		memcpy(digits, plain + 5, RESIDENT_LEN);
	else
		explicit_bzero(digits, RESIDENT_LEN);
	explicit_bzero(plain, sizeof(plain));
	return e;
}

/* ---- associated data ------------------------------------------------------
 */

void
seal_ad_inquiry(struct buf *ad, const char *inquirer, const char *provider,
    const uint8_t exchange_id[static ID_LEN])
{
	buf_add_lp(ad, "inquiry");
	buf_add_lp(ad, inquirer);
	buf_add_lp(ad, provider);
	buf_add(ad, exchange_id, ID_LEN);
}

void
seal_ad_permit(struct buf *ad, const char *inquirer, const char *provider,
    const uint8_t exchange_id[static ID_LEN],
    const uint8_t inquiry_hash[static HASH_LEN])
{
	buf_add_lp(ad, "permit");
	buf_add_lp(ad, inquirer);
	buf_add_lp(ad, provider);
	buf_add(ad, exchange_id, ID_LEN);
	buf_add(ad, inquiry_hash, HASH_LEN);
}

static void
ad_agency(struct buf *ad, const char *purpose, const char *agency,
    const uint8_t id[static ID_LEN])
{
	buf_add_lp(ad, purpose);
	buf_add_lp(ad, agency);
	buf_add(ad, id, ID_LEN);
}

void
seal_ad_resident(struct buf *ad, const char *agency,
    const uint8_t acquisition_number[static ID_LEN])
{
	ad_agency(ad, "resident", agency, acquisition_number);
}

void
seal_ad_issue(struct buf *ad, const char *agency,
    const uint8_t acquisition_number[static ID_LEN])
{
	ad_agency(ad, "issue", agency, acquisition_number);
}

void
seal_ad_record(
    struct buf *ad, const uint8_t id[static ID_LEN], uint8_t entry_type)
{
	buf_add_lp(ad, "record");
	buf_add(ad, id, ID_LEN);
	buf_add_u8(ad, entry_type);
}

void
seal_ad_change(struct buf *ad, bool old, const uint8_t change_id[static ID_LEN])
{
	buf_add_lp(ad, old ? "change-old" : "change-new");
	buf_add(ad, change_id, ID_LEN);
}

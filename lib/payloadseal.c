#include "lib/payloadseal.h"

#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "lib/gcm.h"
#include "lib/sha256.h"

#define ENCAP_LIFE_MS (10 * 60 * 1000)
#define ENCAP_ANSWERS (1 << 16)
#define OPENED_MAX 256
#define LENGTH_LEN 4

/* ---- what both sides compute ----------------------------------------------
 */

static void
info_of(const char *provider, const char *inquirer, struct buf *info)
{
	buf_add(info, "renkei/v1/hpke", 14);
	buf_add_lp(info, provider);
	buf_add_lp(info, inquirer);
}

static void
aad_of(const struct payload_binding *b, const uint8_t key_id[static KEY_ID_LEN],
    struct buf *aad)
{
	buf_add(aad, b->permit_leaf, HASH_LEN);
	buf_add_lp(aad, b->provider);
	buf_add(aad, key_id, KEY_ID_LEN);
}

/* The answer's own cipher: key || nonce out of the export. */
static struct gcm *
answer_gcm(const struct hpke *h, const struct payload_binding *b,
    const uint8_t salt[static PAYLOAD_SALT_LEN],
    uint8_t nonce[static GCM_NONCE_LEN])
{
	uint8_t out[GCM_KEY_LEN + GCM_NONCE_LEN];
	struct buf context = {0};
	struct gcm *g;

	buf_add(&context, "renkei/v1/provision", 19);
	buf_add(&context, b->permit_leaf, HASH_LEN);
	buf_add(&context, salt, PAYLOAD_SALT_LEN);
	hpke_export(h, buf_span(&context), out, sizeof(out));
	g = gcm_new(out);
	memcpy(nonce, out + GCM_KEY_LEN, GCM_NONCE_LEN);
	explicit_bzero(out, sizeof(out));
	buf_free(&context);
	return g;
}

static size_t
bucket_of(size_t n)
{
	size_t bucket = PAYLOAD_BUCKET_MIN;

	if (n > PAYLOAD_BUCKET_MAX - LENGTH_LEN)
		return 0;
	while (bucket < n + LENGTH_LEN)
		bucket *= 2;
	return bucket;
}

size_t
payload_sealed_size(size_t n)
{
	size_t bucket = bucket_of(n);

	return bucket != 0 ? bucket + GCM_TAG_LEN : 0;
}

/* ---- the provider ---------------------------------------------------------
 */

/* One encapsulation to one inquirer's key. */
struct encap {
	struct encap *next;
	char provider[PARTY_MAX + 1], inquirer[PARTY_MAX + 1];
	uint8_t point[POINT_LEN], enc[POINT_LEN];
	struct hpke *hpke;
	uint64_t since_ms;
	unsigned answers;
};

struct payload_sealer {
	struct encap *head;
};

struct payload_sealer *
payload_sealer_new(void)
{
	return xcalloc(1, sizeof(struct payload_sealer));
}

static void
encap_free(struct encap *e)
{
	hpke_free(e->hpke);
	free(e);
}

void
payload_sealer_free(struct payload_sealer *s)
{
	if (s == NULL)
		return;
	while (s->head != NULL) {
		struct encap *e = s->head;

		s->head = e->next;
		encap_free(e);
	}
	free(s);
}

static bool
encap_spent(const struct encap *e, uint64_t now_ms)
{
	return now_ms - e->since_ms > ENCAP_LIFE_MS ||
	       e->answers >= ENCAP_ANSWERS;
}

static bool
encap_is(const struct encap *e, const struct payload_binding *b,
    const uint8_t point[static POINT_LEN])
{
	return memcmp(e->point, point, POINT_LEN) == 0 &&
	       strcmp(e->provider, b->provider) == 0 &&
	       strcmp(e->inquirer, b->inquirer) == 0;
}

static enum err
encap_new(const struct payload_binding *b,
    const uint8_t point[static POINT_LEN], uint64_t now_ms, struct encap **out)
{
	struct encap *e = xcalloc(1, sizeof(*e));
	struct buf info = {0};
	enum err err;

	info_of(b->provider, b->inquirer, &info);
	err = hpke_encap(point, buf_span(&info), e->enc, &e->hpke);
	buf_free(&info);
	if (err != ERR_NONE) {
		free(e);
		return err;
	}
	snprintf(e->provider, sizeof(e->provider), "%s", b->provider);
	snprintf(e->inquirer, sizeof(e->inquirer), "%s", b->inquirer);
	memcpy(e->point, point, POINT_LEN);
	e->since_ms = now_ms;
	*out = e;
	return ERR_NONE;
}

/* The encapsulation in use; spent ones met on the way are dropped. */
static enum err
encap_find(struct payload_sealer *s, const struct payload_binding *b,
    const uint8_t point[static POINT_LEN], uint64_t now_ms, struct encap **out)
{
	struct encap **at = &s->head, *e = NULL;
	enum err err;

	while (*at != NULL) {
		e = *at;
		*at = e->next;
		if (encap_spent(e, now_ms)) {
			encap_free(e);
			continue;
		}
		if (encap_is(e, b, point))
			goto found;
		*at = e;
		at = &e->next;
	}
	err = encap_new(b, point, now_ms, &e);
	if (err != ERR_NONE)
		return err;
found:
	/* to the front: the next answer likely goes to the same inquirer */
	e->next = s->head;
	s->head = e;
	*out = e;
	return ERR_NONE;
}

enum err
payload_seal(struct payload_sealer *s, const struct payload_binding *b,
    const uint8_t hpke_key[static POINT_LEN], struct span payload,
    uint64_t now_ms, struct payload_sealed *out, struct buf *ciphertext)
{
	size_t bucket = bucket_of(payload.n), start = ciphertext->n;
	uint8_t nonce[GCM_NONCE_LEN];
	struct buf plain = {0}, aad = {0};
	struct encap *e;
	struct gcm *g;
	enum err err;

	if (bucket == 0)
		return ERR_TOO_LONG;
	err = encap_find(s, b, hpke_key, now_ms, &e);
	if (err != ERR_NONE)
		return err;
	if (RAND_bytes(out->salt, sizeof(out->salt)) != 1)
		return ERR_SYSTEM;
	e->answers++;
	memcpy(out->enc, e->enc, POINT_LEN);
	key_id_of(span_of(hpke_key, POINT_LEN), out->key_id);

	/* the whole bucket at once: growing would leave copies behind */
	memset(buf_grow(&plain, bucket), 0, bucket);
	plain.n = 0;
	buf_add_u32(&plain, (uint32_t)payload.n);
	buf_add(&plain, payload.p, payload.n);
	plain.n = bucket;
	aad_of(b, out->key_id, &aad);
	g = answer_gcm(e->hpke, b, out->salt, nonce);
	gcm_seal(g, nonce, buf_span(&aad), buf_span(&plain),
	    buf_grow(ciphertext, bucket + GCM_TAG_LEN));
	sha256(span_of(ciphertext->p + start, bucket + GCM_TAG_LEN), out->hash);
	gcm_free(g);
	buf_free(&aad);
	buf_wipe_free(&plain);
	return ERR_NONE;
}

/* ---- the inquirer ---------------------------------------------------------
 */

struct decap {
	char provider[PARTY_MAX + 1], inquirer[PARTY_MAX + 1];
	uint8_t enc[POINT_LEN];
	struct hpke *hpke; /* NULL: free */
	uint64_t used;	   /* a count that rises: the least goes first */
};

struct payload_opener {
	const struct dhkey *own;
	struct decap slot[OPENED_MAX];
	uint64_t clock;
};

struct payload_opener *
payload_opener_new(const struct dhkey *own)
{
	struct payload_opener *o = xcalloc(1, sizeof(*o));

	o->own = own;
	return o;
}

void
payload_opener_free(struct payload_opener *o)
{
	if (o == NULL)
		return;
	for (size_t i = 0; i < OPENED_MAX; i++)
		hpke_free(o->slot[i].hpke);
	free(o);
}

static bool
decap_is(const struct decap *d, const struct payload_binding *b,
    const uint8_t enc[static POINT_LEN])
{
	return d->hpke != NULL && memcmp(d->enc, enc, POINT_LEN) == 0 &&
	       strcmp(d->provider, b->provider) == 0 &&
	       strcmp(d->inquirer, b->inquirer) == 0;
}

static enum err
decap_into(struct decap *d, const struct dhkey *own,
    const struct payload_binding *b, const uint8_t enc[static POINT_LEN])
{
	struct buf info = {0};
	struct hpke *h;
	enum err e;

	info_of(b->provider, b->inquirer, &info);
	e = hpke_decap(own, enc, buf_span(&info), &h);
	buf_free(&info);
	if (e != ERR_NONE)
		return e;
	hpke_free(d->hpke);
	d->hpke = h;
	snprintf(d->provider, sizeof(d->provider), "%s", b->provider);
	snprintf(d->inquirer, sizeof(d->inquirer), "%s", b->inquirer);
	memcpy(d->enc, enc, POINT_LEN);
	return ERR_NONE;
}

static enum err
decap_find(struct payload_opener *o, const struct payload_binding *b,
    const uint8_t enc[static POINT_LEN], const struct hpke **out)
{
	struct decap *oldest = &o->slot[0], *d = NULL;
	enum err e;

	for (size_t i = 0; i < OPENED_MAX && d == NULL; i++) {
		if (decap_is(&o->slot[i], b, enc))
			d = &o->slot[i];
		else if (o->slot[i].used < oldest->used)
			oldest = &o->slot[i];
	}
	if (d == NULL) {
		d = oldest;
		e = decap_into(d, o->own, b, enc);
		if (e != ERR_NONE)
			return e;
	}
	d->used = ++o->clock;
	*out = d->hpke;
	return ERR_NONE;
}

/* u32 length || payload || zeros */
static enum err
unpad(struct span plain, struct buf *payload)
{
	size_t n = (size_t)plain.p[0] << 24 | (size_t)plain.p[1] << 16 |
		   (size_t)plain.p[2] << 8 | plain.p[3];

	if (bucket_of(n) != plain.n)
		return ERR_MALFORMED;
	for (size_t i = LENGTH_LEN + n; i < plain.n; i++)
		if (plain.p[i] != 0)
			return ERR_MALFORMED;
	buf_add(payload, plain.p + LENGTH_LEN, n);
	return ERR_NONE;
}

enum err
payload_open(struct payload_opener *o, const struct payload_binding *b,
    const struct payload_sealed *sealed, struct span ciphertext,
    struct buf *payload)
{
	uint8_t nonce[GCM_NONCE_LEN];
	struct buf plain = {0}, aad = {0};
	const struct hpke *h;
	struct gcm *g;
	enum err e;

	if (memcmp(sealed->key_id, dhkey_id(o->own), KEY_ID_LEN) != 0)
		return ERR_KEY;
	if (ciphertext.n < PAYLOAD_BUCKET_MIN + GCM_TAG_LEN ||
	    ciphertext.n > PAYLOAD_BUCKET_MAX + GCM_TAG_LEN)
		return ERR_MALFORMED;
	e = decap_find(o, b, sealed->enc, &h);
	if (e != ERR_NONE)
		return e;
	g = answer_gcm(h, b, sealed->salt, nonce);
	aad_of(b, sealed->key_id, &aad);
	e = gcm_open(g, nonce, buf_span(&aad), ciphertext,
	    buf_grow(&plain, ciphertext.n - GCM_TAG_LEN));
	if (e == ERR_NONE)
		e = unpad(buf_span(&plain), payload);
	gcm_free(g);
	buf_free(&aad);
	buf_wipe_free(&plain);
	return e;
}

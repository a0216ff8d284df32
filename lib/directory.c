#include "lib/directory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/b64.h"
#include "lib/file.h"
#include "lib/keystatement.h"
#include "lib/sha256.h"
#include "lib/text.h"
#include "lib/tsv.h"

#define FILE_MAX_BYTES (16 * 1024 * 1024)
#define SIGNATURES_MAX 65536
#define NAME "directory.tsv"

struct directory {
	uint64_t version;
	uint8_t hash[HASH_LEN];
	size_t n;
	struct party *party;
	struct verifykey **key; /* party i's, NULL where unusable */
	/* open addressing over indexes + 1; 0 is free; at most half full */
	size_t slots;
	uint32_t *by_code, *by_curve;
};

enum column {
	COL_PARTY,
	COL_ROLE,
	COL_NAME,
	COL_STATE,
	COL_CERT,
	COL_STATEMENT,
	COLUMNS
};
static const char *const column_names[COLUMNS] = {
    "party", "role", "name", "state", "certificate", "keystatement"};

static const struct {
	const char *word;
	enum party_role role;
} roles[] = {
#define ROLE_ROW(name, number, word) {word, name},
    PARTY_ROLE_TABLE(ROLE_ROW)
#undef ROLE_ROW
};

/* ---- look-up --------------------------------------------------------------
 */

/* FNV-1a: the officers decide who is in here, nobody picks keys to clash. */
static size_t
hash_of(struct span s)
{
	uint64_t h = 0xcbf29ce484222325;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ s.p[i]) * 0x100000001b3;
	return (size_t)(h ^ h >> 32);
}

static struct span
code_of(const struct party *p)
{
	return span_str(p->code);
}

static struct span
curve_of(const struct party *p)
{
	return span_of(p->curve_key, sizeof(p->curve_key));
}

/* The slot that holds this key, or the free one where it belongs. */
static uint32_t *
slot_find(const struct directory *d, uint32_t *slots,
    struct span (*key)(const struct party *), struct span wanted)
{
	size_t i = hash_of(wanted) & (d->slots - 1);

	while (
	    slots[i] != 0 && !span_equal(key(&d->party[slots[i] - 1]), wanted))
		i = (i + 1) & (d->slots - 1);
	return &slots[i];
}

const struct party *
directory_find(const struct directory *d, const char *code)
{
	uint32_t i = *slot_find(d, d->by_code, code_of, span_str(code));

	return i != 0 ? &d->party[i - 1] : NULL;
}

const struct party *
directory_find_curve(
    const struct directory *d, const uint8_t curve_key[static 32])
{
	uint32_t i =
	    *slot_find(d, d->by_curve, curve_of, span_of(curve_key, 32));

	return i != 0 ? &d->party[i - 1] : NULL;
}

const struct party *
directory_at(const struct directory *d, size_t i)
{
	return i < d->n ? &d->party[i] : NULL;
}

uint64_t
directory_version(const struct directory *d)
{
	return d->version;
}

const uint8_t *
directory_hash(const struct directory *d)
{
	return d->hash;
}

/* ---- reading --------------------------------------------------------------
 */

/* One line of the file on its way to a party. */
struct line {
	const struct rows *rows;
	size_t i;
	const size_t *at;
	struct fault *f;
};

static const char *
cell(const struct line *l, enum column c)
{
	return rows_cell(l->rows, l->i, l->at[c]);
}

/* The fault names party and column: never the bytes of a certificate. */
static enum err
refuse(const struct line *l, enum err e, enum column c)
{
	return rows_fault(l->rows, l->i, e, l->f, "%s of %.31s: %s",
	    column_names[c], cell(l, COL_PARTY), err_sentence(e));
}

/* Codes stand in paths, subjects and hashes: a narrow alphabet. */
static bool
code_ok(const char *code)
{
	size_t n = strspn(code, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return n > 0 && n <= PARTY_MAX && code[n] == '\0' && code[0] != '-';
}

static enum err
names_read(const struct line *l, struct party *p)
{
	const char *state = cell(l, COL_STATE), *name = cell(l, COL_NAME);
	enum err e;

	if (!code_ok(cell(l, COL_PARTY)))
		return refuse(l, ERR_LINE, COL_PARTY);
	strcpy(p->code, cell(l, COL_PARTY));
	for (size_t i = 0; i < sizeof(roles) / sizeof(roles[0]); i++)
		if (strcmp(roles[i].word, cell(l, COL_ROLE)) == 0)
			p->role = roles[i].role;
	if (p->role == 0)
		return refuse(l, ERR_LINE, COL_ROLE);
	e = text_check(span_str(name), NAME_MAX_);
	if (e != ERR_NONE || name[0] == '\0')
		return refuse(l, e != ERR_NONE ? e : ERR_LINE, COL_NAME);
	strcpy(p->name, name);
	if (strcmp(state, "suspended") == 0)
		p->state = ERR_REFUSED;
	else if (strcmp(state, "active") != 0)
		return refuse(l, ERR_LINE, COL_STATE);
	return ERR_NONE;
}

/*
 * The certificate: expired or revoked only makes the party unusable, and the
 * statement under it is then not looked at (its key is not to be trusted).
 */
static enum err
cert_read(const struct line *l, const struct directory_trust *t,
    struct party *p, struct verifykey **key)
{
	struct cert_facts facts;
	struct buf der = {0};
	enum err e = b64_decode(span_str(cell(l, COL_CERT)), &der);

	*key = NULL;
	if (e == ERR_NONE)
		e = cert_check(
		    t->trust, buf_span(&der), t->now_ms, &facts, key);
	buf_free(&der);
	if (e == ERR_CERT_EXPIRED || e == ERR_CERT_REVOKED)
		p->state = e;
	else if (e != ERR_NONE)
		return refuse(l, e, COL_CERT);
	if (strcmp(facts.party, p->code) != 0)
		return refuse(l, ERR_SIGNER, COL_CERT);
	p->not_before_ms = facts.not_before_ms;
	p->not_after_ms = facts.not_after_ms;
	return ERR_NONE;
}

static void
statement_adopt(struct party *p, const struct key_statement *s)
{
	p->serial = s->serial;
	memcpy(p->curve_key, s->curve_key, sizeof(p->curve_key));
	memcpy(p->hpke_key, s->hpke_key, POINT_LEN);
	memcpy(p->seal_key, s->seal_key, POINT_LEN);
	key_id_of(SPAN(p->hpke_key), p->hpke_key_id);
	key_id_of(SPAN(p->seal_key), p->seal_key_id);
	if (s->not_before_ms > p->not_before_ms)
		p->not_before_ms = s->not_before_ms;
	if (s->not_after_ms < p->not_after_ms)
		p->not_after_ms = s->not_after_ms;
}

static enum err
statement_read(
    const struct line *l, const struct verifykey *key, struct party *p)
{
	struct key_statement s;
	struct buf bytes = {0};
	enum err e = b64_decode(span_str(cell(l, COL_STATEMENT)), &bytes);

	if (e == ERR_NONE)
		e = keystatement_check(buf_span(&bytes), key, p->code, &s);
	buf_free(&bytes);
	if (e != ERR_NONE)
		return refuse(l, e, COL_STATEMENT);
	statement_adopt(p, &s);
	memcpy(p->key_id, verifykey_id(key), KEY_ID_LEN);
	return ERR_NONE;
}

/* One key may not serve two parties, nor one code stand twice. */
static enum err
party_index(struct directory *d, const struct line *l, size_t i)
{
	struct party *p = &d->party[i];
	uint32_t *code = slot_find(d, d->by_code, code_of, code_of(p));
	uint32_t *curve = slot_find(d, d->by_curve, curve_of, curve_of(p));

	if (*code != 0)
		return refuse(l, ERR_DUPLICATE, COL_PARTY);
	*code = (uint32_t)i + 1;
	if (p->serial == 0)
		return ERR_NONE; /* no statement was believed */
	if (*curve != 0)
		return refuse(l, ERR_DUPLICATE, COL_STATEMENT);
	*curve = (uint32_t)i + 1;
	return ERR_NONE;
}

static enum err
party_read(struct directory *d, const struct directory_trust *t,
    const struct line *l, size_t i)
{
	struct party *p = &d->party[i];
	enum err e = names_read(l, p);

	if (e == ERR_NONE)
		e = cert_read(l, t, p, &d->key[i]);
	if (e == ERR_NONE && d->key[i] != NULL)
		e = statement_read(l, d->key[i], p);
	if (e != ERR_NONE)
		return e;
	if (p->state == ERR_NONE)
		p->key = d->key[i];
	return party_index(d, l, i);
}

static int
key_order(const void *a, const void *b)
{
	return memcmp(
	    *(const uint8_t *const *)a, *(const uint8_t *const *)b, KEY_ID_LEN);
}

/* Signing, HPKE and sealing keys: none is used twice in the whole file. */
static enum err
keys_distinct(const struct directory *d, struct fault *f)
{
	const uint8_t **id = xcalloc(3 * d->n, sizeof(*id));
	enum err e = ERR_NONE;
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++) {
		const struct party *p = &d->party[i];

		if (p->serial == 0)
			continue;
		id[n++] = p->key_id;
		id[n++] = p->hpke_key_id;
		id[n++] = p->seal_key_id;
	}
	qsort(id, n, sizeof(*id), key_order);
	for (size_t i = 1; i < n && e == ERR_NONE; i++)
		if (key_order(&id[i - 1], &id[i]) == 0)
			e = fault_set(f, ERR_DUPLICATE, NAME, 0,
			    "one key stands for two uses or parties");
	free(id);
	return e;
}

static void
room_for(struct directory *d, size_t n)
{
	d->n = n;
	d->party = xcalloc(n, sizeof(*d->party));
	d->key = xcalloc(n, sizeof(*d->key));
	d->slots = 16;
	while (d->slots < 2 * n + 2)
		d->slots *= 2;
	d->by_code = xcalloc(d->slots, sizeof(*d->by_code));
	d->by_curve = xcalloc(d->slots, sizeof(*d->by_curve));
}

static enum err
rows_read(struct directory *d, const struct directory_trust *t,
    const struct rows *r, struct fault *f)
{
	size_t at[COLUMNS];
	enum err e = rows_columns(r, column_names, COLUMNS, false, at, f);

	if (e != ERR_NONE)
		return e;
	room_for(d, r->n);
	for (size_t i = 0; e == ERR_NONE && i < r->n; i++) {
		struct line l = {r, i, at, f};

		e = party_read(d, t, &l, i);
	}
	return e == ERR_NONE ? keys_distinct(d, f) : e;
}

/* Signatures first: nothing of the rest is read before somebody vouches. */
static enum err
signed_check(struct directory *d, struct span file, struct span signatures,
    const struct directory_trust *t, struct fault *f)
{
	struct bundle b = {.kind = "directory"};
	enum err e = tsv_version(file, &d->version);

	if (e != ERR_NONE)
		return fault_set(f, e, NAME, 1, "no \"# version N\"");
	sha256(file, d->hash);
	b.version = d->version;
	memcpy(b.hash, d->hash, HASH_LEN);
	e = bundle_check(
	    t->officers, &b, signatures, t->now_ms, BUNDLE_OFFICERS, f);
	if (e == ERR_NONE && d->version < t->version_min)
		e = fault_set(
		    f, ERR_VERSION, NAME, 1, "older than the version in force");
	return e;
}

enum err
directory_parse(struct span file, struct span signatures,
    const struct directory_trust *t, struct directory **out, struct fault *f)
{
	struct directory *d = xcalloc(1, sizeof(*d));
	struct rows r = {0};
	enum err e = signed_check(d, file, signatures, t, f);

	*out = NULL;
	if (e == ERR_NONE)
		e = tsv_parse(NAME, file, &r, f);
	if (e == ERR_NONE)
		e = rows_read(d, t, &r, f);
	rows_free(&r);
	if (e != ERR_NONE) {
		directory_free(d);
		return e;
	}
	*out = d;
	return ERR_NONE;
}

enum err
directory_open(const char *path, const char *signatures_path,
    const struct directory_trust *t, struct directory **out, struct fault *f)
{
	struct buf file = {0}, signatures = {0};
	const char *at = path;
	enum err e = file_read(path, FILE_MAX_BYTES, &file);

	*out = NULL;
	if (e == ERR_NONE) {
		at = signatures_path;
		e = file_read(signatures_path, SIGNATURES_MAX, &signatures);
	}
	if (e != ERR_NONE)
		fault_set(f, e, at, 0, "%s", err_sentence(e));
	else
		e = directory_parse(
		    buf_span(&file), buf_span(&signatures), t, out, f);
	buf_free(&file);
	buf_free(&signatures);
	return e;
}

void
directory_free(struct directory *d)
{
	if (d == NULL)
		return;
	for (size_t i = 0; d->key != NULL && i < d->n; i++)
		verifykey_free(d->key[i]);
	free(d->key);
	free(d->party);
	free(d->by_code);
	free(d->by_curve);
	free(d);
}

/* ---- messages of parties --------------------------------------------------
 */

enum err
party_check(const struct party *p, uint64_t now_ms)
{
	if (p->state != ERR_NONE)
		return p->state;
	if (now_ms < p->not_before_ms || now_ms > p->not_after_ms)
		return ERR_CERT_EXPIRED;
	return ERR_NONE;
}

enum err
directory_envelope(const struct directory *d, struct span bytes,
    const char *type, const char *sender, uint64_t now_ms,
    struct envelope_cache *cache, struct arena *a, struct envelope *out)
{
	const struct party *p;
	enum err e = envelope_decode(bytes, a, out);

	if (e != ERR_NONE)
		return e;
	if (sender != NULL && strcmp(out->signer, sender) != 0)
		return ERR_SIGNER;
	p = directory_find(d, out->signer);
	if (p == NULL)
		return ERR_KEY;
	e = party_check(p, now_ms);
	if (e == ERR_NONE)
		e = envelope_check(out, type, p->key, cache);
	return e;
}

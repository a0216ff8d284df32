#include "broker/linkcode.h"

#include "lib/hex.h"
#include "lib/hkdf.h"
#include "lib/secret.h"
#include "lib/siv.h"
#include "lib/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* X(name in the file and here, bytes) */
#define KEY_TABLE(X)           \
	X(k_person, 32)        \
	X(k_code, SIV_KEY_LEN) \
	X(k_holder, 32)        \
	X(k_endorse, 32)       \
	X(k_alias, 32)

enum key_name {
#define KEY_ENUM(name, len) KEY_##name,
	KEY_TABLE(KEY_ENUM)
#undef KEY_ENUM
	    KEYS
};

static const struct {
	const char *name;
	size_t len;
} key_table[KEYS] = {
#define KEY_ROW(name, len) {#name, len},
    KEY_TABLE(KEY_ROW)
#undef KEY_ROW
};

#define KEY_FILE_MAX 1024

struct linkcode_keys {
	struct secret key[KEYS];
	struct siv *code;  /* under k_code */
	struct siv *alias; /* under a key derived from k_alias */
};

/* --- the key file --- */

static enum key_name
key_find(struct span name)
{
	enum key_name k = 0;

	while (k < KEYS && !span_equal(name, span_str(key_table[k].name)))
		k++;
	return k;
}

/* One line without its end: empty, a comment, or `name = hex`. */
static enum err
line_parse(struct span line, struct linkcode_keys *k)
{
	const uint8_t *eq = memchr(line.p, '=', line.n);
	enum key_name name;
	struct span value;

	line = text_trim(line);
	if (line.n == 0 || line.p[0] == '#')
		return ERR_NONE;
	if (eq == NULL)
		return ERR_LINE;
	name = key_find(text_trim(span_of(line.p, (size_t)(eq - line.p))));
	if (name == KEYS || k->key[name].p != NULL)
		return ERR_LINE;
	value =
	    text_trim(span_of(eq + 1, (size_t)(line.p + line.n - (eq + 1))));
	k->key[name] = secret_new(key_table[name].len);
	if (hex_decode(value, k->key[name].p, key_table[name].len) != ERR_NONE)
		return ERR_LINE;
	return ERR_NONE;
}

static enum err
lines_parse(struct span text, struct linkcode_keys *k)
{
	enum err e = ERR_NONE;

	while (e == ERR_NONE && text.n > 0) {
		const uint8_t *end = memchr(text.p, '\n', text.n);
		size_t n = end != NULL ? (size_t)(end - text.p) : text.n;
		size_t step = end != NULL ? n + 1 : n;

		e = line_parse(span_of(text.p, n), k);
		text = span_of(text.p + step, text.n - step);
	}
	return e;
}

/* All there, and no two that begin alike: a copied line is no second key. */
static bool
keys_differ(const struct linkcode_keys *k)
{
	for (int i = 0; i < KEYS; i++) {
		if (k->key[i].p == NULL)
			return false;
		for (int j = 0; j < i; j++)
			if (memcmp(k->key[i].p, k->key[j].p, 32) == 0)
				return false;
	}
	return true;
}

static struct siv *
alias_siv(const struct linkcode_keys *k)
{
	struct span info = span_str("renkei/v1/alias");
	uint8_t key[SIV_KEY_LEN];
	struct siv *s;

	hkdf_expand(k->key[KEY_k_alias].p, &info, 1, key, sizeof(key));
	s = siv_new(key);
	explicit_bzero(key, sizeof(key));
	return s;
}

enum err
linkcode_keys_parse(struct span text, struct linkcode_keys **out)
{
	struct linkcode_keys *k = xcalloc(1, sizeof(*k));
	enum err e = lines_parse(text, k);

	*out = NULL;
	if (e == ERR_NONE && !keys_differ(k))
		e = ERR_LINE;
	if (e != ERR_NONE) {
		linkcode_keys_free(k);
		return e;
	}
	k->code = siv_new(k->key[KEY_k_code].p);
	k->alias = alias_siv(k);
	*out = k;
	return ERR_NONE;
}

enum err
linkcode_keys_open(const char *path, struct linkcode_keys **out)
{
	struct secret file = {0};
	enum err e = secret_read(path, KEY_FILE_MAX, &file);

	*out = NULL;
	if (e == ERR_NONE)
		e = linkcode_keys_parse(secret_span(&file), out);
	secret_free(&file);
	return e;
}

void
linkcode_keys_free(struct linkcode_keys *k)
{
	if (k == NULL)
		return;
	siv_free(k->code);
	siv_free(k->alias);
	for (int i = 0; i < KEYS; i++)
		secret_free(&k->key[i]);
	free(k);
}

const uint8_t *
linkcode_endorse_key(const struct linkcode_keys *k)
{
	return k->key[KEY_k_endorse].p;
}

/* --- a person and their codes --- */

static void
keyed(const struct linkcode_keys *k, enum key_name name,
    const struct span *parts, size_t n, uint8_t out[static HASH_LEN])
{
	hmac_sha256(k->key[name].p, parts, n, out);
}

void
linkcode_handle(const struct linkcode_keys *k,
    const char resident[static RESIDENT_LEN],
    uint8_t handle[static LINKCODE_HANDLE_LEN])
{
	struct span digits = span_of(resident, RESIDENT_LEN);
	uint8_t full[HASH_LEN];

	keyed(k, KEY_k_person, &digits, 1, full);
	memcpy(handle, full, LINKCODE_HANDLE_LEN);
	explicit_bzero(full, sizeof(full));
}

#define CODE_AD_MAX (1 + 1 + PARTY_MAX + 4)

/* u8 suite || lp(agency) || u32 epoch */
static struct span
code_ad(const char *agency, uint32_t epoch, uint8_t ad[static CODE_AD_MAX])
{
	size_t n = strlen(agency), at = 0;

	assert(n <= PARTY_MAX);
	ad[at++] = SEAL_SUITE;
	ad[at++] = (uint8_t)n;
	memcpy(ad + at, agency, n);
	at += n;
	for (int shift = 24; shift >= 0; shift -= 8)
		ad[at++] = (uint8_t)(epoch >> shift);
	return span_of(ad, at);
}

void
linkcode_make(struct linkcode_keys *k, const char *agency, uint32_t epoch,
    const uint8_t handle[static LINKCODE_HANDLE_LEN],
    uint8_t code[static CODE_LEN])
{
	uint8_t ad[CODE_AD_MAX];

	siv_seal(k->code, code_ad(agency, epoch, ad),
	    span_of(handle, LINKCODE_HANDLE_LEN), code);
}

enum err
linkcode_open(struct linkcode_keys *k, const char *agency, uint32_t epoch,
    const uint8_t code[static CODE_LEN],
    uint8_t handle[static LINKCODE_HANDLE_LEN])
{
	uint8_t ad[CODE_AD_MAX];

	if (siv_open(k->code, code_ad(agency, epoch, ad),
		span_of(code, CODE_LEN), handle) != ERR_NONE) {
		memset(handle, 0, LINKCODE_HANDLE_LEN);
		return ERR_CODE;
	}
	return ERR_NONE;
}

void
linkcode_holder(const struct linkcode_keys *k, const char *agency,
    const uint8_t handle[static LINKCODE_HANDLE_LEN],
    uint8_t tag[static LINKCODE_TAG_LEN])
{
	uint8_t length = (uint8_t)strlen(agency);
	struct span parts[] = {span_of(handle, LINKCODE_HANDLE_LEN),
	    span_of(&length, 1), span_str(agency)};

	keyed(k, KEY_k_holder, parts, 3, tag);
}

/* --- a changed resident code --- */

void
linkcode_alias_key(const struct linkcode_keys *k,
    const char resident[static RESIDENT_LEN],
    uint8_t key[static LINKCODE_TAG_LEN])
{
	struct span digits = span_of(resident, RESIDENT_LEN);

	keyed(k, KEY_k_alias, &digits, 1, key);
}

void
linkcode_alias_seal(struct linkcode_keys *k,
    const uint8_t key[static LINKCODE_TAG_LEN],
    const uint8_t handle[static LINKCODE_HANDLE_LEN],
    uint8_t value[static LINKCODE_ALIAS_LEN])
{
	siv_seal(k->alias, span_of(key, LINKCODE_TAG_LEN),
	    span_of(handle, LINKCODE_HANDLE_LEN), value);
}

enum err
linkcode_alias_open(struct linkcode_keys *k,
    const uint8_t key[static LINKCODE_TAG_LEN], struct span value,
    uint8_t handle[static LINKCODE_HANDLE_LEN])
{
	enum err e = value.n == LINKCODE_ALIAS_LEN ? ERR_NONE : ERR_SEAL;

	if (e == ERR_NONE)
		e = siv_open(
		    k->alias, span_of(key, LINKCODE_TAG_LEN), value, handle);
	if (e != ERR_NONE)
		memset(handle, 0, LINKCODE_HANDLE_LEN);
	return e == ERR_NONE ? ERR_NONE : ERR_SEAL;
}

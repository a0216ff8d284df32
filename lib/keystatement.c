#include "lib/keystatement.h"

#include <string.h>

#include "lib/dhkey.h"

#define TYPE "keystatement"
#define VERSION 1

enum err
keystatement_sign(
    const struct signkey *k, const struct key_statement *s, struct buf *out)
{
	struct buf body = {0};
	struct envelope_item item = {.type = TYPE};
	enum err e;

	key_statement_encode(s, &body);
	item.body = buf_span(&body);
	e = envelope_sign(k, s->party, &item, 1, out);
	buf_free(&body);
	return e;
}

static enum err
keys_check(const struct key_statement *s)
{
	static const uint8_t zero[sizeof(s->curve_key)];

	if (memcmp(s->curve_key, zero, sizeof(zero)) == 0)
		return ERR_KEY;
	/* one key, one use: else a seal could be played as an HPKE answer */
	if (memcmp(s->hpke_key, s->seal_key, sizeof(s->seal_key)) == 0)
		return ERR_KEY;
	if (point_check(s->hpke_key) != ERR_NONE ||
	    point_check(s->seal_key) != ERR_NONE)
		return ERR_KEY;
	return ERR_NONE;
}

static enum err
statement_check(const struct key_statement *s, const char *party)
{
	if (s->version != VERSION)
		return ERR_VERSION;
	if (strcmp(s->party, party) != 0)
		return ERR_SIGNER;
	if (s->not_before_ms >= s->not_after_ms || s->serial == 0)
		return ERR_MALFORMED;
	return keys_check(s);
}

enum err
keystatement_check(struct span bytes, const struct verifykey *key,
    const char *party, struct key_statement *out)
{
	struct arena a = {0};
	struct envelope env;
	enum err e = envelope_decode(bytes, &a, &env);

	if (e == ERR_NONE && strcmp(env.signer, party) != 0)
		e = ERR_SIGNER;
	if (e == ERR_NONE && env.size != 1)
		e = ERR_PATH;
	if (e == ERR_NONE)
		e = envelope_check(&env, TYPE, key, NULL);
	if (e == ERR_NONE)
		e = key_statement_decode(env.body, &a, out);
	if (e == ERR_NONE)
		e = statement_check(out, party);
	if (e != ERR_NONE)
		memset(out, 0, sizeof(*out));
	arena_wipe_free(&a);
	return e;
}

/* Making one entry of the log: facts in, body, leaf and endorsement out. */
#include "broker/vault_parts.h"
#include "lib/sha256.h"
#include "lib/uuid.h"

#include <sodium.h>
#include <string.h>

void
vault_entry_begin(struct vault_work *w, enum entry_type type, const uint8_t *id)
{
	struct entry *e = &w->entry;

	memset(e, 0, sizeof(*e));
	e->version = 1;
	e->type = type;
	e->time_ms = w->now_ms;
	if (id != NULL)
		memcpy(e->entry_id, id, ID_LEN);
	else
		uuid_make(e->entry_id);
	memcpy(e->policy_hash, policy_hash(w->v->policy), HASH_LEN);
	e->policy_version = policy_version(w->v->policy);
	e->directory_version = directory_version(w->v->directory);
}

enum err
vault_code_seal(struct vault_work *w, const struct party *agency,
    enum person_kind kind, struct buf *out, struct person_ref *ref)
{
	struct seal_channel *c = seal_ring_find(
	    w->v->ring, agency->code, agency->seal_key, SEAL_FROM_VAULT);
	uint8_t code[CODE_LEN];
	enum err e;

	if (c == NULL)
		return ERR_KEY;
	linkcode_make(
	    w->v->keys, agency->code, LINKCODE_EPOCH, w->handle, code);
	buf_reset(out);
	e = seal_code(c, LINKCODE_EPOCH, code, buf_span(&w->v->scratch), out);
	explicit_bzero(code, sizeof(code));
	*ref = (struct person_ref){SEAL_SUITE, kind, buf_span(out)};
	return e;
}

/* What binds a record code: the exchange, or the entry where there is none. */
static const uint8_t *
record_id(const struct entry *e)
{
	static const uint8_t none[ID_LEN];

	return memcmp(e->exchange_id, none, ID_LEN) != 0 ? e->exchange_id
							 : e->entry_id;
}

static enum err
record_seal(struct vault_work *w)
{
	struct entry *e = &w->entry;
	struct vault_reply *r = w->reply;
	enum err err;

	buf_reset(&w->v->scratch);
	seal_ad_record(&w->v->scratch, record_id(e), (uint8_t)e->type);
	err = vault_code_seal(
	    w, w->v->portal, PERSON_RECORD_CODE, &w->v->record, &r->record);
	if (err != ERR_NONE)
		return err;
	r->has_record = true;
	sha256(r->record.data, e->record_code_hash);
	return ERR_NONE;
}

enum err
vault_entry_close(struct vault_work *w)
{
	struct vault_reply *r = w->reply;
	struct entry *e = &w->entry;

	if (w->has_handle) {
		enum err err = record_seal(w);

		if (err != ERR_NONE)
			return err;
	}
	buf_reset(&w->v->body);
	entry_encode(e, &w->v->body);
	r->entry_type = e->type;
	r->body = buf_span(&w->v->body);
	randombytes_buf(r->salt, sizeof(r->salt));
	entry_leaf(e->type, r->salt, r->body, r->leaf);
	entry_endorse(linkcode_endorse_key(w->v->keys), r->leaf,
	    e->record_code_hash, e->entry_id, r->endorsement);
	return ERR_NONE;
}

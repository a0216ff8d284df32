/* Issue of link codes, and changes of resident code (Order Art. 27). */
#include "broker/vault_parts.h"
#include "lib/text.h"

#include <string.h>

#define COPY(to, from) text_copy(to, sizeof(to), from)

/* --- what the registrar sent --- */

static const struct party *
registrar_find(const struct vault_work *w)
{
	const struct party *p = directory_find(w->v->directory, w->ask->party);

	return p != NULL && p->role == PARTY_REGISTRAR ? p : NULL;
}

/* Sent within the life of its number; a clock may be a little ahead. */
static enum err
time_check(const struct vault_work *w, uint64_t time_ms)
{
	return time_ms <= w->now_ms + VAULT_WINDOW_MS &&
		       time_ms + VAULT_ISSUE_MS >= w->now_ms
		   ? ERR_NONE
		   : ERR_STALE;
}

/* A resident code under v->scratch as associated data. The caller wipes. */
static enum err
resident_open(struct vault_work *w, const struct person_ref *ref,
    char digits[static RESIDENT_LEN])
{
	const struct party *registrar = registrar_find(w);
	struct seal_channel *c;

	if (ref->suite != SEAL_SUITE || ref->kind != PERSON_RESIDENT_CODE)
		return ERR_MALFORMED;
	c = seal_ring_find(
	    w->v->ring, registrar->code, registrar->seal_key, SEAL_TO_VAULT);
	if (c == NULL)
		return ERR_KEY;
	return seal_open_resident(
	    c, ref->data, buf_span(&w->v->scratch), digits);
}

static enum err
request_open(struct vault_work *w, struct code_request *q)
{
	struct envelope env;
	enum err e = registrar_find(w) != NULL ? ERR_NONE : ERR_NOT_YOURS;

	if (e == ERR_NONE)
		e = vault_envelope(w, "code-request", &env);
	if (e == ERR_NONE)
		e = code_request_decode(env.body, &w->v->arena, q);
	if (e == ERR_NONE && q->version != 1)
		e = ERR_VERSION;
	return e == ERR_NONE ? time_check(w, q->time_ms) : e;
}

static enum err
request_resident(struct vault_work *w, const struct code_request *q,
    char digits[static RESIDENT_LEN])
{
	buf_reset(&w->v->scratch);
	seal_ad_resident(&w->v->scratch, q->agency, q->acquisition_number);
	return resident_open(w, &q->resident, digits);
}

static enum err
change_open(struct vault_work *w, struct resident_change *c)
{
	struct envelope env;
	enum err e = registrar_find(w) != NULL ? ERR_NONE : ERR_NOT_YOURS;

	if (e == ERR_NONE)
		e = vault_envelope(w, "resident-change", &env);
	if (e == ERR_NONE)
		e = resident_change_decode(env.body, &w->v->arena, c);
	if (e == ERR_NONE && c->version != 1)
		e = ERR_VERSION;
	return e == ERR_NONE ? time_check(w, c->time_ms) : e;
}

static enum err
change_resident(struct vault_work *w, const struct resident_change *c, bool old,
    char digits[static RESIDENT_LEN])
{
	buf_reset(&w->v->scratch);
	seal_ad_change(&w->v->scratch, old, c->change_id);
	return resident_open(
	    w, old ? &c->old_resident : &c->new_resident, digits);
}

/* --- from a resident code to the person --- */

/*
 * The handle of who bears this resident code: the one an alias row keeps for
 * them, or the one their first code was made from. Sets w->handle.
 */
static enum err
handle_find(struct vault_work *w, const char digits[static RESIDENT_LEN])
{
	uint8_t key[LINKCODE_TAG_LEN];
	enum err e = ERR_NONE;

	if (w->ask->alias_lookup.n == 0) {
		linkcode_handle(w->v->keys, digits, w->handle);
	} else {
		linkcode_alias_key(w->v->keys, digits, key);
		e = linkcode_alias_open(
		    w->v->keys, key, w->ask->alias_lookup, w->handle);
	}
	w->has_handle = e == ERR_NONE;
	return e;
}

enum err
vault_locate(struct vault_work *w)
{
	char digits[RESIDENT_LEN];
	struct code_request request;
	struct resident_change change;
	struct envelope env;
	enum err e = envelope_decode(w->ask->envelope, &w->v->arena, &env);

	if (e != ERR_NONE)
		return e;
	if (strcmp(env.type, "resident-change") == 0) {
		e = change_open(w, &change);
		if (e == ERR_NONE)
			e = change_resident(w, &change, true, digits);
	} else {
		e = request_open(w, &request);
		if (e == ERR_NONE)
			e = request_resident(w, &request, digits);
	}
	if (e == ERR_NONE)
		linkcode_alias_key(w->v->keys, digits, w->reply->alias_key);
	explicit_bzero(digits, sizeof(digits));
	return e;
}

/* --- issue --- */

/* Who may hold codes: agencies, and the portal for its own index. */
static enum err
holder_find(struct vault_work *w, const char *code, const struct party **out)
{
	const struct party *p = directory_find(w->v->directory, code);

	if (p == NULL || (p->role != PARTY_AGENCY && p->role != PARTY_PORTAL))
		return ERR_NOT_FOUND;
	*out = p;
	return party_check(p, w->now_ms);
}

/* Order Art. 27(5), Rule Art. 44(2). No acquisition number in the entry. */
static enum err
issue_write(struct vault_work *w, const struct code_request *q,
    const struct party *agency)
{
	struct vault_reply *r = w->reply;
	enum err e = ERR_NONE;

	linkcode_holder(w->v->keys, agency->code, w->handle, r->holder);
	r->outcome = w->ask->holder_known ? OUTCOME_ALREADY : OUTCOME_ISSUED;
	if (r->outcome == OUTCOME_ISSUED) {
		buf_reset(&w->v->scratch);
		seal_ad_issue(
		    &w->v->scratch, agency->code, q->acquisition_number);
		e = vault_code_seal(
		    w, agency, PERSON_LINK_CODE, &w->v->person, &r->person);
		r->has_person = e == ERR_NONE;
	}
	if (e != ERR_NONE)
		return e;
	vault_entry_begin(w, ENTRY_ISSUE, NULL);
	COPY(w->entry.inquirer, agency->code);
	COPY(w->entry.actor, w->ask->party);
	COPY(w->entry.hop, "vault");
	w->entry.outcome = r->outcome;
	w->entry.asked_ms = q->time_ms;
	return vault_entry_close(w);
}

enum err
vault_issue(struct vault_work *w)
{
	char digits[RESIDENT_LEN];
	const struct party *agency;
	struct code_request q;
	enum err e = request_open(w, &q);

	if (e == ERR_NONE)
		e = holder_find(w, q.agency, &agency);
	if (e != ERR_NONE)
		return e;
	e = request_resident(w, &q, digits);
	if (e == ERR_NONE)
		e = handle_find(w, digits);
	explicit_bzero(digits, sizeof(digits));
	return e == ERR_NONE ? issue_write(w, &q, agency) : e;
}

/* --- change of resident code: the person keeps their link codes --- */

static enum err
change_write(struct vault_work *w, const struct resident_change *c,
    const char new_digits[static RESIDENT_LEN])
{
	struct vault_reply *r = w->reply;
	uint8_t value[LINKCODE_ALIAS_LEN];

	linkcode_alias_key(w->v->keys, new_digits, r->alias_key);
	linkcode_alias_seal(w->v->keys, r->alias_key, w->handle, value);
	buf_reset(&w->v->person);
	buf_add(&w->v->person, value, sizeof(value));
	r->alias_value = buf_span(&w->v->person);
	vault_entry_begin(w, ENTRY_CORRECTION, NULL);
	COPY(w->entry.actor, w->ask->party);
	COPY(w->entry.note, "resident-code-change");
	COPY(w->entry.hop, "vault");
	w->entry.asked_ms = c->time_ms;
	return vault_entry_close(w);
}

enum err
vault_change(struct vault_work *w)
{
	char before[RESIDENT_LEN], after[RESIDENT_LEN];
	struct resident_change c;
	enum err e = change_open(w, &c);

	if (e != ERR_NONE)
		return e;
	e = change_resident(w, &c, true, before);
	if (e == ERR_NONE)
		e = change_resident(w, &c, false, after);
	if (e == ERR_NONE && memcmp(before, after, RESIDENT_LEN) == 0)
		e = ERR_DUPLICATE;
	if (e == ERR_NONE)
		e = handle_find(w, before);
	if (e == ERR_NONE)
		e = change_write(w, &c, after);
	explicit_bzero(before, sizeof(before));
	explicit_bzero(after, sizeof(after));
	return e;
}

/* An auditor's read, recorded before it happens. */
#include "broker/vault_ops.h"
#include "broker/vault_parts.h"
#include "lib/text.h"
#include "lib/uuid.h"

#include <string.h>

#define COPY(to, from) text_copy(to, sizeof(to), from)

/* Signed by an auditor of the directory; the front's word is not taken. */
static enum err
read_open(struct vault_work *w, struct audit_read *out)
{
	const struct party *p = directory_find(w->v->directory, w->ask->party);
	struct envelope env;
	enum err e;

	if (p == NULL || p->role != PARTY_AUDITOR)
		return ERR_NOT_YOURS;
	e = vault_envelope(w, "audit-read", &env);
	return e == ERR_NONE ? audit_read_decode(env.body, &w->v->arena, out)
			     : e;
}

static bool
is_fresh(const struct vault_work *w, uint64_t ms)
{
	return ms + VAULT_WINDOW_MS >= w->now_ms &&
	       ms <= w->now_ms + VAULT_WINDOW_MS;
}

/*
 * The entry bears the read's own id: what was asked for and what was recorded
 * are told to be the same by it.
 */
enum err
vault_read(struct vault_work *w)
{
	struct audit_read q;
	enum err e = read_open(w, &q);

	if (e != ERR_NONE)
		return e;
	if (q.what[0] == '\0' || !uuid_is_v7(q.read_id))
		return ERR_MALFORMED;
	if (!is_fresh(w, q.time_ms) || !is_fresh(w, uuid_ms(q.read_id)))
		return ERR_STALE;
	vault_entry_begin(w, ENTRY_READ, q.read_id);
	COPY(w->entry.actor, w->ask->party);
	COPY(w->entry.note, q.what);
	COPY(w->entry.period_from, q.period_from);
	COPY(w->entry.period_until, q.period_until);
	COPY(w->entry.hop, "vault");
	w->entry.asked_ms = q.time_ms;
	return vault_entry_close(w);
}

/* Entries about no person: operators, officers, auditors, the year's end. */
#include "broker/vault_parts.h"
#include "lib/text.h"

#include <string.h>

#define COPY(to, from) text_copy(to, sizeof(to), from)

static bool
may_note(uint32_t type)
{
	return type == ENTRY_DIRECTORY || type == ENTRY_POLICY ||
	       type == ENTRY_READ || type == ENTRY_OPERATOR ||
	       type == ENTRY_CLOSE;
}

/*
 * A new directory or policy is noted by a worker that has verified and loaded
 * it, under the hash it knows: the front cannot name another.
 */
enum err
vault_note(struct vault_work *w)
{
	const struct vault_request *ask = w->ask;
	struct entry *e = &w->entry;

	if (!may_note(ask->entry_type) || ask->actor[0] == '\0')
		return ERR_MALFORMED;
	vault_entry_begin(w, ask->entry_type, NULL);
	COPY(e->actor, ask->actor);
	COPY(e->note, ask->note);
	COPY(e->hop, "broker");
	if (ask->entry_type == ENTRY_DIRECTORY)
		memcpy(
		    e->subject_hash, directory_hash(w->v->directory), HASH_LEN);
	else if (ask->entry_type == ENTRY_POLICY)
		memcpy(e->subject_hash, policy_hash(w->v->policy), HASH_LEN);
	else
		memcpy(e->subject_hash, ask->subject_hash, HASH_LEN);
	return vault_entry_close(w);
}

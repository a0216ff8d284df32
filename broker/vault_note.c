/* Entries about no person: operators, officers, auditors, the year's end. */
#include "broker/vault_ops.h"
#include "broker/vault_parts.h"
#include "lib/sha256.h"
#include "lib/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define COPY(to, from) text_copy(to, sizeof(to), from)

static bool
may_note(uint32_t type)
{
	return type == ENTRY_DIRECTORY || type == ENTRY_POLICY ||
	       type == ENTRY_READ || type == ENTRY_OPERATOR ||
	       type == ENTRY_CLOSE;
}

/* The policy in force, or the list of suspensions where the note says so. */
static void
law_note(struct vault_work *w)
{
	const struct law *law = &w->v->law;
	struct entry *e = &w->entry;

	if (strcmp(w->ask->note, LAW_SUSPENSION) == 0) {
		sha256(buf_span(&law->suspensions), e->subject_hash);
		snprintf(e->note, sizeof(e->note),
		    "suspensions version %" PRIu64 ", found in force",
		    law->suspensions_version);
		return;
	}
	memcpy(e->subject_hash, policy_hash(w->v->policy), HASH_LEN);
	if (strcmp(w->ask->note, LAW_POLICY) == 0)
		snprintf(e->note, sizeof(e->note),
		    "policy version %" PRIu64 ", found in force",
		    policy_version(w->v->policy));
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
		law_note(w);
	else
		memcpy(e->subject_hash, ask->subject_hash, HASH_LEN);
	return vault_entry_close(w);
}

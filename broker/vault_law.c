/* The law of a running worker: a new version, a new list of suspensions. */
#include "broker/vault_ops.h"
#include "broker/vault_parts.h"
#include "lib/sha256.h"
#include "lib/text.h"
#include "lib/tsv.h"
#include "policy/blob.h"
#include "policy/change.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define COPY(to, from) text_copy(to, sizeof(to), from)

static void
law_drop(struct law *law)
{
	policy_free(law->next);
	law->next = NULL;
	law->next_suspends = false;
	buf_reset(&law->incoming);
}

void
law_fini(struct law *law)
{
	policy_free(law->next);
	policy_free(law->own);
	officers_free(law->officers);
	buf_free(&law->incoming);
	buf_free(&law->suspensions);
	memset(law, 0, sizeof(*law));
}

/* The first of the "file:line: what" lines, as much of it as there is room. */
static void
why_take(const struct buf *why, struct fault *f)
{
	const char *end = why->n > 0 ? memchr(why->p, '\n', why->n) : NULL;
	size_t n = end != NULL ? (size_t)(end - (char *)why->p) : why->n;

	if (n > 0)
		text_clean(span_of(why->p, n), f->what, sizeof(f->what));
}

/* --- suspensions --- */

/* Signed by two officers, newer than the one in force, and well formed. */
static enum err
suspension_check(const struct law *law, struct policy *p, struct span file,
    struct span signatures, uint64_t now_ms, uint64_t *version, struct fault *f)
{
	struct bundle b = {.kind = LAW_SUSPENSION};
	struct buf why = {0};
	enum err e = tsv_version(file, &b.version);

	if (e != ERR_NONE)
		return fault_set(f, e, "suspensions.tsv", 1, "no version");
	if (b.version <= law->suspensions_version)
		return fault_set(f, ERR_POLICY_VERSION, "suspensions.tsv", 1,
		    "version %" PRIu64 " is not above %" PRIu64
		    ", which is in force",
		    b.version, law->suspensions_version);
	sha256(file, b.hash);
	e = bundle_check(
	    law->officers, &b, signatures, now_ms, BUNDLE_OFFICERS, f);
	if (e == ERR_NONE) {
		e = policy_suspend_check(p, file, &why);
		why_take(&why, f);
	}
	*version = b.version;
	buf_free(&why);
	return e;
}

/* It was checked, so it is taken. */
static void
suspension_take(
    struct law *law, struct policy *p, struct span file, uint64_t version)
{
	struct buf why = {0};

	if (policy_suspend(p, file, &why) == ERR_NONE) {
		buf_reset(&law->suspensions);
		buf_add(&law->suspensions, file.p, file.n);
		law->suspensions_version = version;
	}
	buf_free(&why);
}

enum err
law_suspend(struct law *law, struct policy *p, struct span file,
    struct span signatures, uint64_t now_ms, struct fault *f)
{
	uint64_t version;
	enum err e =
	    suspension_check(law, p, file, signatures, now_ms, &version, f);

	if (e == ERR_NONE)
		suspension_take(law, p, file, version);
	return e;
}

static enum err
suspension_prepare(struct vault_work *w, struct fault *f)
{
	struct law *law = &w->v->law;
	struct span file = buf_span(&law->incoming);
	enum err e = suspension_check(law, w->v->policy, file,
	    w->ask->signatures, w->now_ms, &law->next_version, f);

	if (e != ERR_NONE)
		return e;
	law->next_suspends = true;
	vault_entry_begin(w, ENTRY_POLICY, NULL);
	sha256(file, w->entry.subject_hash);
	snprintf(w->entry.note, sizeof(w->entry.note),
	    "suspensions version %" PRIu64, law->next_version);
	return ERR_NONE;
}

/* --- a version of the policy --- */

/*
 * In this order: what it says it is, who signed it, whether what it changes
 * is what they signed, and whether what is suspended now stays so under it.
 */
static enum err
policy_check(struct vault_work *w, struct policy *next, struct fault *f)
{
	struct law *law = &w->v->law;
	struct bundle b = {.kind = LAW_POLICY, .version = policy_version(next)};
	struct buf why = {0};
	enum err e;

	memcpy(b.hash, policy_hash(next), HASH_LEN);
	e = bundle_check(law->officers, &b, w->ask->signatures, w->now_ms,
	    BUNDLE_OFFICERS, f);
	if (e == ERR_NONE)
		e = policy_changes_check(
		    w->v->policy, next, buf_span(&law->incoming), &why);
	if (e == ERR_NONE && law->suspensions.n > 0)
		e = policy_suspend(next, buf_span(&law->suspensions), &why);
	why_take(&why, f);
	buf_free(&why);
	return e;
}

static enum err
policy_prepare(struct vault_work *w, struct fault *f)
{
	struct law *law = &w->v->law;
	struct policy *next = NULL;
	struct buf why = {0};
	enum err e = policy_parse(buf_span(&law->incoming), &next, &why);

	why_take(&why, f);
	buf_free(&why);
	if (e == ERR_NONE)
		e = policy_check(w, next, f);
	if (e != ERR_NONE) {
		policy_free(next);
		return e;
	}
	law->next = next;
	vault_entry_begin(w, ENTRY_POLICY, NULL);
	memcpy(w->entry.policy_hash, policy_hash(next), HASH_LEN);
	w->entry.policy_version = policy_version(next);
	memcpy(w->entry.subject_hash, policy_hash(next), HASH_LEN);
	snprintf(w->entry.note, sizeof(w->entry.note),
	    "policy version %" PRIu64, policy_version(next));
	return ERR_NONE;
}

/* --- the operations --- */

enum err
vault_law_part(struct vault_work *w)
{
	struct law *law = &w->v->law;

	if (law->next != NULL || law->next_suspends ||
	    law->incoming.n + w->ask->part.n > BLOB_MAX)
		return ERR_TOO_LONG;
	buf_add(&law->incoming, w->ask->part.p, w->ask->part.n);
	return ERR_NONE;
}

/* Who signed: the first words of the lines that were just checked. */
static void
actor_write(struct span signatures, char *out, size_t room)
{
	char text[NAME_MAX_ + 1];
	size_t n = 0;
	bool name = true;

	for (size_t i = 0; i < signatures.n && n + 2 < sizeof(text); i++) {
		char c = (char)signatures.p[i];

		if (c == '\t')
			name = false;
		else if (c == '\n')
			name = true;
		else if (name) {
			if (n > 0 && i > 0 && signatures.p[i - 1] == '\n')
				text[n++] = ' ';
			text[n++] = c;
		}
	}
	text_clean(span_of(text, n), out, room);
}

enum err
vault_law_prepare(struct vault_work *w)
{
	static const struct {
		const char *kind;
		enum err (*prepare)(struct vault_work *w, struct fault *f);
	} kinds[] = {
	    {LAW_POLICY, policy_prepare},
	    {LAW_SUSPENSION, suspension_prepare},
	};
	struct fault f = {0};
	enum err e = ERR_MALFORMED;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].kind, w->ask->note) == 0)
			e = kinds[i].prepare(w, &f);
	if (e != ERR_NONE) {
		char text[512];

		fault_text(&f, text, sizeof(text));
		text_clean(span_str(f.file[0] != '\0' ? text : f.what), w->why,
		    sizeof(w->why));
		law_drop(&w->v->law);
		return e;
	}
	actor_write(w->ask->signatures, w->entry.actor, sizeof(w->entry.actor));
	COPY(w->entry.hop, "vault");
	return vault_entry_close(w);
}

enum err
vault_law_take(struct vault_work *w)
{
	struct vault *v = w->v;
	struct law *law = &v->law;

	if (law->next == NULL && !law->next_suspends)
		return ERR_NOT_FOUND;
	if (law->next_suspends) {
		suspension_take(law, v->policy, buf_span(&law->incoming),
		    law->next_version);
	} else {
		policy_free(law->own);
		v->policy = law->own = law->next;
		law->next = NULL;
	}
	law_drop(law);
	return ERR_NONE;
}

enum err
vault_law_drop(struct vault_work *w)
{
	law_drop(&w->v->law);
	return ERR_NONE;
}

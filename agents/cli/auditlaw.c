#include "agents/cli/auditlaw.h"

#include <assert.h>
#include <string.h>

#include "agents/cli/entrydecide.h"
#include "lib/entry.h"
#include "lib/sha256.h"

const char *
auditlaw_code(enum auditlaw_finding f)
{
	static const char *const codes[] = {
#define AUDITLAW_CODE(name, code) code,
	    AUDITLAW_TABLE(AUDITLAW_CODE)
#undef AUDITLAW_CODE
	};

	return codes[f];
}

void
auditlaw_add(struct auditlaw *l, struct policy *p)
{
	assert(l->n < AUDITLAW_MAX);
	l->policy[l->n++] = p;
}

void
auditlaw_add_list(struct auditlaw *l, struct span file)
{
	struct auditlaw_list *list = &l->list[l->n_lists];

	assert(l->n_lists < AUDITLAW_MAX);
	l->n_lists++;
	buf_add(&list->file, file.p, file.n);
	sha256(file, list->hash);
}

void
auditlaw_fini(struct auditlaw *l)
{
	for (size_t i = 0; i < l->n; i++)
		policy_free(l->policy[i]);
	for (size_t i = 0; i < l->n_lists; i++)
		buf_free(&l->list[i].file);
	*l = (struct auditlaw){0};
}

/* --- how the law changed ----------------------------------------------------
 */

static bool
list_put(struct auditlaw *l, const struct auditlaw_list *list)
{
	struct buf why = {0};
	enum err e = ERR_NONE;

	for (size_t i = 0; e == ERR_NONE && i < l->n; i++)
		e = policy_suspend(l->policy[i], buf_span(&list->file), &why);
	buf_free(&why);
	return e == ERR_NONE;
}

/* It holds for every version until the next list. */
static void
suspensions_take(struct auditlaw *l, const struct entry *e)
{
	l->suspended_ms = e->time_ms;
	l->suspensions_unknown = true;
	for (size_t i = 0; i < l->n_lists; i++)
		if (memcmp(l->list[i].hash, e->subject_hash, HASH_LEN) == 0)
			l->suspensions_unknown = !list_put(l, &l->list[i]);
}

void
auditlaw_take(struct auditlaw *l, const struct entry *e)
{
	/* a policy's entry is about the very policy it names as in force */
	if (memcmp(e->subject_hash, e->policy_hash, HASH_LEN) != 0) {
		suspensions_take(l, e);
		return;
	}
	memcpy(l->hash, e->policy_hash, HASH_LEN);
	l->since_ms = e->time_ms;
	l->told = true;
}

/* --- one decision -----------------------------------------------------------
 */

static const struct policy *
policy_of(const struct auditlaw *l, const uint8_t hash[static HASH_LEN])
{
	for (size_t i = 0; i < l->n; i++)
		if (memcmp(policy_hash(l->policy[i]), hash, HASH_LEN) == 0)
			return l->policy[i];
	return NULL;
}

static bool
is_other_law(const struct auditlaw *l, const struct entry *e)
{
	return l->told && memcmp(e->policy_hash, l->hash, HASH_LEN) != 0 &&
	       e->time_ms > l->since_ms + AUDITLAW_GRACE_MS;
}

/* A worker may not have heard yet; or the list of that day was not given. */
static bool
is_excused(const struct auditlaw *l, const struct entry *e, enum outcome now)
{
	if (now != OUTCOME_SUSPENDED && entry_was(e) != OUTCOME_SUSPENDED)
		return false;
	return l->suspensions_unknown ||
	       (l->suspended_ms != 0 &&
		   e->time_ms <= l->suspended_ms + AUDITLAW_GRACE_MS);
}

enum auditlaw_finding
auditlaw_judge(
    const struct auditlaw *l, const struct entry *e, enum outcome *now)
{
	const struct policy *p = policy_of(l, e->policy_hash);
	bool was = entry_was(e) == OUTCOME_PERMITTED;

	*now = OUTCOME_REFUSED;
	if (is_other_law(l, e))
		return AUDITLAW_OTHER_LAW;
	if (p == NULL)
		return AUDITLAW_UNKNOWN_LAW;
	*now = entry_decide(p, e);
	if ((*now == OUTCOME_PERMITTED) == was || is_excused(l, e, *now))
		return AUDITLAW_FITS;
	return was ? AUDITLAW_NOT_ALLOWED : AUDITLAW_NOT_REFUSED;
}

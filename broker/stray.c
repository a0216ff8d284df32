#include "broker/stray.h"

#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/uuid.h"

/*
 * So many are looked up at a time; the others hear unknown-exchange, keep
 * their answer, and may ask again. Tickets are 1 and up: an exchange's has
 * something above its low half.
 */
#define OPEN_MAX 256

struct stray {
	bool open;
	char party[PARTY_MAX + 1], inquirer[PARTY_MAX + 1];
	uint32_t route;
	uint8_t id[ID_LEN];
	uint8_t hash[HASH_LEN]; /* zeros: a pending */
};

struct strays {
	struct hub_leaves leaf;
	struct stray stray[OPEN_MAX];
	struct arena arena;
	struct entry entry;
};

struct strays *
strays_new(const struct hub_leaves *leaves)
{
	struct strays *ss = xcalloc(1, sizeof(*ss));
	ss->leaf = *leaves;
	return ss;
}

void
strays_free(struct strays *ss)
{
	if (ss == NULL)
		return;
	arena_wipe_free(&ss->arena);
	free(ss);
}

static void
stray_tell(struct strays *ss, struct stray *s, struct settled *settled)
{
	struct buf body = {0};
	uint32_t route = ss->leaf.route(ss->leaf.ctx, s->party, s->route);
	memcpy(settled->exchange_id, s->id, ID_LEN);
	strcpy(settled->inquirer, s->inquirer);
	settled_encode(settled, &body);
	if (route != 0)
		ss->leaf.send(ss->leaf.ctx, route, FRAME_SETTLED, &body);
	buf_free(&body);
	s->open = false;
}

static void
stray_unknown(struct strays *ss, struct stray *s)
{
	struct settled settled = {0};
	strcpy(settled.error, err_code(ERR_UNKNOWN_EXCHANGE));
	stray_tell(ss, s, &settled);
}

/* How the log says the exchange ended, if it was this provider's. */
static bool
stray_end(struct strays *ss, const struct stray *s,
    const struct ledger_job *job, struct settled *out)
{
	for (size_t i = 0; i < job->n_rows; i++) {
		const struct ledger_row *r = &job->rows[i];
		if ((r->type != ENTRY_OUTCOME && r->type != ENTRY_LAPSE) ||
		    strcmp(r->provider, s->party) != 0)
			continue;
		arena_reset(&ss->arena);
		if (entry_decode(buf_span(&r->body), &ss->arena, &ss->entry) !=
		    ERR_NONE)
			continue;
		out->outcome = ss->entry.outcome;
		out->accepted =
		    r->type == ENTRY_OUTCOME &&
		    memcmp(ss->entry.provision_hash, s->hash, HASH_LEN) == 0;
		if (!out->accepted)
			strcpy(out->error, err_code(ERR_SETTLED));
		return true;
	}
	return false;
}

bool
strays_ledger(struct strays *ss, const struct ledger_job *job)
{
	struct settled settled = {0};
	if (job->ticket == 0 || job->ticket > OPEN_MAX)
		return false;
	struct stray *s = &ss->stray[job->ticket - 1];
	if (!s->open)
		return true;
	if (job->err == ERR_NONE && stray_end(ss, s, job, &settled))
		stray_tell(ss, s, &settled);
	else
		stray_unknown(ss, s);
	return true;
}

void
strays_take(struct strays *ss, const char *party, uint32_t route,
    const char *inquirer, const uint8_t id[static ID_LEN], const uint8_t *hash)
{
	struct stray mine = {.route = route}, *s = &mine;
	size_t i = 0;
	while (i < OPEN_MAX && ss->stray[i].open)
		i++;
	if (i < OPEN_MAX) {
		s = &ss->stray[i];
		*s = mine;
	}
	s->open = true;
	strcpy(s->party, party);
	strcpy(s->inquirer, inquirer);
	memcpy(s->id, id, ID_LEN);
	if (hash != NULL)
		memcpy(s->hash, hash, HASH_LEN);
	if (i == OPEN_MAX || !uuid_is_v7(id)) {
		stray_unknown(ss, s);
		return;
	}
	struct ledger_job *job = ledger_job_new(LEDGER_FIND, i + 1);
	strcpy(job->live.inquirer, inquirer);
	memcpy(job->live.exchange_id, id, ID_LEN);
	job->live.month = day_month(day_of_ms(uuid_ms(id)));
	if (!ss->leaf.ledger(ss->leaf.ctx, job)) {
		ledger_job_free(job);
		stray_unknown(ss, s);
	}
}

#include "broker/peer.h"

#include <stdlib.h>
#include <string.h>

#define CHAINS 8192

/* A party with at least one connection. */
struct member {
	char party[PARTY_MAX + 1];
	struct peer *turn; /* ring of its connections; whose turn it is */
	size_t n;
	struct member *same_hash;
};

struct peers {
	struct peer *by_route[CHAINS];
	struct member *by_party[CHAINS];
	size_t n;
};

struct peers *
peers_new(void)
{
	return xcalloc(1, sizeof(struct peers));
}

static struct peer **
route_chain(struct peers *ps, uint32_t route)
{
	return &ps->by_route[(route * 2654435761u) % CHAINS];
}

static struct member **
party_at(struct peers *ps, const char *party)
{
	uint32_t h = 2166136261u;
	for (const char *s = party; *s != '\0'; s++)
		h = (h ^ (uint8_t)*s) * 16777619u;
	struct member **at = &ps->by_party[h % CHAINS];
	while (*at != NULL && strcmp((*at)->party, party) != 0)
		at = &(*at)->same_hash;
	return at;
}

struct peer *
peers_find(struct peers *ps, uint32_t route)
{
	struct peer *p = *route_chain(ps, route);
	while (p != NULL && p->route != route)
		p = p->same_hash;
	return p;
}

static void
ring_join(struct peers *ps, struct peer *p)
{
	struct member **at = party_at(ps, p->party);
	if (*at == NULL) {
		*at = xcalloc(1, sizeof(**at));
		strcpy((*at)->party, p->party);
		(*at)->turn = p->next = p->prev = p;
		(*at)->n = 1;
		return;
	}
	p->next = (*at)->turn;
	p->prev = p->next->prev;
	p->prev->next = p->next->prev = p;
	(*at)->n++;
}

static void
ring_leave(struct peers *ps, struct peer *p)
{
	struct member **at = party_at(ps, p->party);
	struct member *m = *at;
	if (p->next == p) {
		*at = m->same_hash;
		free(m);
		return;
	}
	if (m->turn == p)
		m->turn = p->next;
	p->prev->next = p->next;
	p->next->prev = p->prev;
	m->n--;
}

/*
 * Connections that went are noticed only when something is sent to them: a
 * party that comes and goes must not fill our memory with them.
 */
static void
ring_bound(struct peers *ps, const char *party)
{
	struct member *m = *party_at(ps, party);
	if (m != NULL && m->n >= PEERS_MAX)
		peers_gone(ps, m->turn->route);
}

struct peer *
peers_seen(struct peers *ps, uint32_t route, const char *party)
{
	struct peer *p = peers_find(ps, route);
	if (p != NULL)
		return p;
	ring_bound(ps, party);
	p = xcalloc(1, sizeof(*p));
	p->route = route;
	strcpy(p->party, party);
	struct peer **chain = route_chain(ps, route);
	p->same_hash = *chain;
	*chain = p;
	ring_join(ps, p);
	ps->n++;
	return p;
}

void
peers_gone(struct peers *ps, uint32_t route)
{
	struct peer **at = route_chain(ps, route);
	while (*at != NULL && (*at)->route != route)
		at = &(*at)->same_hash;
	struct peer *p = *at;
	if (p == NULL)
		return;
	*at = p->same_hash;
	ring_leave(ps, p);
	ps->n--;
	free(p);
}

struct peer *
peers_of(struct peers *ps, const char *party, uint32_t wanted)
{
	struct peer *p = wanted == 0 ? NULL : peers_find(ps, wanted);
	if (p != NULL && strcmp(p->party, party) == 0)
		return p;
	struct member *m = *party_at(ps, party);
	if (m == NULL)
		return NULL;
	struct peer *first = m->turn;
	do {
		p = m->turn;
		m->turn = p->next;
		if (p->greeted)
			return p;
	} while (m->turn != first);
	return NULL;
}

void
peers_free(struct peers *ps)
{
	if (ps == NULL)
		return;
	for (size_t i = 0; i < CHAINS; i++)
		while (ps->by_route[i] != NULL)
			peers_gone(ps, ps->by_route[i]->route);
	free(ps);
}

size_t
peers_count(const struct peers *ps)
{
	return ps->n;
}

/* Connections of parties, and which of them speak for whom. */
#ifndef BROKER_PEER_H
#define BROKER_PEER_H

#include "lib/messages.h"

/*
 * One connection. A party may have many; each holds the checkpoint last sent
 * over it, from which the next proof starts.
 */
struct peer {
	uint32_t route;
	char party[PARTY_MAX + 1];
	bool greeted; /* said hello: may be sent what it did not ask for */
	uint64_t held_size; /* of the checkpoint last sent */
	/* rings of the table */
	struct peer *same_hash, *next, *prev;
};

/* Connections of one party that are remembered. */
#define PEERS_MAX 1024

struct peers;

struct peers *peers_new(void);
void peers_free(struct peers *ps);
/*
 * The connection, made at its first frame. Borrowed until peers_gone, or until
 * its party has PEERS_MAX others: then it has to say hello again.
 */
struct peer *peers_seen(struct peers *ps, uint32_t route, const char *party);
struct peer *peers_find(struct peers *ps, uint32_t route);
/* The connection is no more; unknown ones are nothing. */
void peers_gone(struct peers *ps, uint32_t route);
/*
 * A connection of the party: `wanted` if that is one, else its greeted ones
 * in turn; NULL if it has none.
 */
struct peer *peers_of(struct peers *ps, const char *party, uint32_t wanted);
size_t peers_count(const struct peers *ps);

#endif

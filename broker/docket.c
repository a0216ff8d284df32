#include "broker/docket.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/uuid.h"

#define TICK_MS 250
#define WHEEL 1024		   /* slots of the timing wheel: 256 s around */
#define LOADS 4096		   /* chains of parties */
#define GENERATION (512 * 1024)	   /* ids remembered at a time, twice */
#define GENERATION_MS (600 * 1000) /* and for how long, at least */
#define SKEW_MS (120 * 1000)	   /* window of freshness */

/* Ids that were asked: a set of hashes, and the latest time among them. */
struct generation {
	uint64_t *slot; /* 0: empty */
	size_t cap, n;
	uint64_t latest_ms, begun_ms;
};

struct docket {
	uint64_t now_ms, wheel_ms;
	struct load *loads[LOADS];
	struct exchange **chains; /* by id */
	size_t n_chains, n;
	struct exchange **slots; /* by ticket */
	uint32_t *turns;	 /* times a slot was used */
	uint32_t *free_slots;
	size_t n_slots, n_free;
	struct exchange *wheel[WHEEL];
	struct generation young, old;
	uint64_t since_ms; /* from here on every id is known */
	size_t in_flight, bytes;
	size_t at[STEP_COUNT];
};

struct docket *
docket_new(void)
{
	struct docket *d = xcalloc(1, sizeof(*d));
	d->n_chains = 1024;
	d->chains = xcalloc(d->n_chains, sizeof(*d->chains));
	return d;
}

static void
papers_free(struct papers *p)
{
	if (p == NULL)
		return;
	buf_free(&p->inquiry);
	buf_free(&p->permit_body);
	buf_free(&p->person);
	buf_free(&p->outcome_body);
	buf_free(&p->provision);
	buf_free(&p->ciphertext);
	buf_free(&p->receipt);
	free(p);
}

void
docket_free(struct docket *d)
{
	if (d == NULL)
		return;
	for (size_t i = 0; i < d->n_slots; i++)
		if (d->slots[i] != NULL) {
			papers_free(d->slots[i]->papers);
			free(d->slots[i]);
		}
	for (size_t i = 0; i < LOADS; i++)
		while (d->loads[i] != NULL) {
			struct load *l = d->loads[i];
			d->loads[i] = l->same_hash;
			free(l);
		}
	free(d->chains);
	free(d->slots);
	free(d->turns);
	free(d->free_slots);
	free(d->young.slot);
	free(d->old.slot);
	free(d);
}

void
docket_clock(struct docket *d, uint64_t now_ms)
{
	d->now_ms = now_ms;
	if (d->wheel_ms == 0)
		d->wheel_ms = now_ms - now_ms % TICK_MS;
}

uint64_t
docket_now(const struct docket *d)
{
	return d->now_ms;
}

/* FNV-1a, mixed; ids carry randomness of their own. */
static uint64_t
text_hash(const char *s)
{
	uint64_t h = 14695981039346656037u;
	for (; *s != '\0'; s++)
		h = (h ^ (uint8_t)*s) * 1099511628211u;
	return h ^ h >> 29;
}

static uint64_t
id_hash(const char *inquirer, const uint8_t *id)
{
	uint64_t a, b;
	memcpy(&a, id, 8);
	memcpy(&b, id + 8, 8);
	uint64_t h = (a ^ text_hash(inquirer)) * 0x9e3779b97f4a7c15u;
	h = (h ^ h >> 32 ^ b) * 0xd6e8feb86659fd93u;
	h ^= h >> 32;
	return h == 0 ? 1 : h;
}

struct load *
docket_load(struct docket *d, const char *party)
{
	struct load **at = &d->loads[text_hash(party) % LOADS];
	for (; *at != NULL; at = &(*at)->same_hash)
		if (strcmp((*at)->party, party) == 0)
			return *at;
	assert(strlen(party) <= PARTY_MAX);
	*at = xcalloc(1, sizeof(**at));
	strcpy((*at)->party, party);
	return *at;
}

/* A name nobody bears may be asked for: it is not kept for that. */
static void
load_drop(struct docket *d, struct load *l)
{
	if (l->asked != NULL || l->given != NULL || l->messages > 0)
		return;
	struct load **at = &d->loads[text_hash(l->party) % LOADS];
	while (*at != l)
		at = &(*at)->same_hash;
	*at = l->same_hash;
	free(l);
}

/* ---- chains and slots -------------------------------------------------- */

static void
chains_grow(struct docket *d)
{
	size_t n = d->n_chains * 2;
	struct exchange **grown = xcalloc(n, sizeof(*grown));
	for (size_t i = 0; i < d->n_chains; i++)
		while (d->chains[i] != NULL) {
			struct exchange *x = d->chains[i];
			d->chains[i] = x->same_hash;
			uint64_t h = id_hash(x->inquirer->party, x->id);
			x->same_hash = grown[h & (n - 1)];
			grown[h & (n - 1)] = x;
		}
	free(d->chains);
	d->chains = grown;
	d->n_chains = n;
}

static struct exchange **
chain_of(struct docket *d, const char *inquirer, const uint8_t *id)
{
	return &d->chains[id_hash(inquirer, id) & (d->n_chains - 1)];
}

static void
slots_grow(struct docket *d)
{
	size_t n = d->n_slots == 0 ? 1024 : d->n_slots * 2;
	d->slots = xrealloc(d->slots, n * sizeof(*d->slots));
	d->turns = xrealloc(d->turns, n * sizeof(*d->turns));
	d->free_slots = xrealloc(d->free_slots, n * sizeof(*d->free_slots));
	for (size_t i = n; i-- > d->n_slots;) {
		d->slots[i] = NULL;
		d->turns[i] = 0;
		d->free_slots[d->n_free++] = (uint32_t)i;
	}
	d->n_slots = n;
}

static void
slot_give(struct docket *d, struct exchange *x)
{
	if (d->n_free == 0)
		slots_grow(d);
	uint32_t slot = d->free_slots[--d->n_free];
	d->slots[slot] = x;
	/* 24 bits of turns: the top byte of a ticket is the front's */
	d->turns[slot] = (d->turns[slot] + 1) & 0xffffff;
	x->ticket = (uint64_t)d->turns[slot] << 32 | slot;
}

struct exchange *
docket_add(struct docket *d, const uint8_t id[static ID_LEN],
    const char *inquirer, const char *provider)
{
	struct exchange *x = xcalloc(1, sizeof(*x));
	memcpy(x->id, id, ID_LEN);
	x->inquirer = docket_load(d, inquirer);
	x->provider = docket_load(d, provider);
	if (d->n >= d->n_chains)
		chains_grow(d);
	struct exchange **chain = chain_of(d, inquirer, id);
	x->same_hash = *chain;
	*chain = x;
	slot_give(d, x);
#define LINK(head, next, at)                    \
	do {                                    \
		x->next = head;                 \
		x->at = &head;                  \
		if (x->next != NULL)            \
			x->next->at = &x->next; \
		head = x;                       \
	} while (0)
#define UNLINK(next, at)                     \
	do {                                 \
		*x->at = x->next;            \
		if (x->next != NULL)         \
			x->next->at = x->at; \
	} while (0)
	x->inquirer->open++;
	LINK(x->inquirer->asked, asked_next, asked_at);
	LINK(x->provider->given, given_next, given_at);
	d->n++;
	d->at[x->step]++;
	return x;
}

void
docket_remove(struct docket *d, struct exchange *x)
{
	docket_remember(d, x->inquirer->party, x->id);
	docket_let_go(d, x);
	docket_due(d, x, 0);
	struct exchange **at = chain_of(d, x->inquirer->party, x->id);
	while (*at != x)
		at = &(*at)->same_hash;
	*at = x->same_hash;
	x->inquirer->open--;
	UNLINK(asked_next, asked_at);
	UNLINK(given_next, given_at);
	load_drop(d, x->inquirer);
	if (x->provider != x->inquirer)
		load_drop(d, x->provider);
	uint32_t slot = (uint32_t)x->ticket;
	d->slots[slot] = NULL;
	d->free_slots[d->n_free++] = slot;
	d->at[x->step]--;
	d->n--;
	free(x);
}

struct exchange *
docket_find(
    struct docket *d, const char *inquirer, const uint8_t id[static ID_LEN])
{
	struct exchange *x = *chain_of(d, inquirer, id);
	while (x != NULL && (memcmp(x->id, id, ID_LEN) != 0 ||
				strcmp(x->inquirer->party, inquirer) != 0))
		x = x->same_hash;
	return x;
}

struct exchange *
docket_ticket(struct docket *d, uint64_t ticket)
{
	uint32_t slot = (uint32_t)ticket;
	if (slot >= d->n_slots || d->slots[slot] == NULL ||
	    d->slots[slot]->ticket != ticket)
		return NULL;
	return d->slots[slot];
}

void
docket_move(struct docket *d, struct exchange *x, enum step s)
{
	d->at[x->step]--;
	d->at[s]++;
	x->step = s;
}

size_t
docket_at(const struct docket *d, enum step s)
{
	return d->at[s];
}

/* ---- papers ------------------------------------------------------------ */

struct papers *
docket_papers(struct docket *d, struct exchange *x)
{
	if (x->papers == NULL) {
		x->papers = xcalloc(1, sizeof(*x->papers));
		x->inquirer->messages++;
		d->in_flight++;
	}
	return x->papers;
}

void
docket_weigh(struct docket *d, struct exchange *x)
{
	const struct papers *p = x->papers;
	size_t weight = p == NULL ? 0
				  : sizeof(*p) + p->inquiry.cap +
					p->permit_body.cap + p->person.cap +
					p->outcome_body.cap + p->provision.cap +
					p->ciphertext.cap + p->receipt.cap;
	d->bytes += weight - x->weight;
	x->inquirer->bytes += weight - x->weight;
	x->weight = weight;
}

void
docket_let_go(struct docket *d, struct exchange *x)
{
	if (x->papers == NULL)
		return;
	papers_free(x->papers);
	x->papers = NULL;
	x->inquirer->messages--;
	d->in_flight--;
	docket_weigh(d, x);
}

size_t
docket_in_flight(const struct docket *d)
{
	return d->in_flight;
}

size_t
docket_open(const struct docket *d)
{
	return d->n;
}

size_t
docket_bytes(const struct docket *d)
{
	return d->bytes;
}

/* ---- deadlines ---------------------------------------------------------- */

static struct exchange **
wheel_slot(struct docket *d, uint64_t at_ms)
{
	return &d->wheel[at_ms / TICK_MS % WHEEL];
}

void
docket_due(struct docket *d, struct exchange *x, uint64_t at_ms)
{
	if (x->due_ms != 0)
		UNLINK(due_next, due_at);
	x->due_ms = at_ms;
	if (at_ms == 0)
		return;
	/* what is overdue comes with the very next turn of the wheel */
	uint64_t slot_ms = at_ms < d->wheel_ms ? d->wheel_ms : at_ms;
	struct exchange **slot = wheel_slot(d, slot_ms);
	LINK(*slot, due_next, due_at);
}

/* Detach a slot, so that `due` may put exchanges back into it. */
static void
slot_run(struct docket *d, struct exchange **slot,
    void (*due)(void *ctx, struct exchange *x), void *ctx)
{
	struct exchange *rest = *slot;
	*slot = NULL;
	if (rest != NULL)
		rest->due_at = &rest;
	while (rest != NULL) {
		struct exchange *x = rest;
		uint64_t at_ms = x->due_ms;
		docket_due(d, x, 0); /* unlinks it from `rest` */
		if (at_ms > d->now_ms)
			docket_due(d, x, at_ms); /* another round */
		else
			due(ctx, x);
	}
}

void
docket_tick(
    struct docket *d, void (*due)(void *ctx, struct exchange *x), void *ctx)
{
	/* a clock that jumped far needs each slot but once */
	if (d->now_ms > d->wheel_ms + (uint64_t)WHEEL * TICK_MS)
		d->wheel_ms = d->now_ms - (uint64_t)WHEEL * TICK_MS;
	while (d->wheel_ms + TICK_MS <= d->now_ms) {
		struct exchange **slot = wheel_slot(d, d->wheel_ms);
		d->wheel_ms += TICK_MS;
		slot_run(d, slot, due, ctx);
	}
}

/* ---- ids that were asked ------------------------------------------------ */

static bool
generation_has(const struct generation *g, uint64_t hash)
{
	if (g->n == 0)
		return false;
	for (size_t i = hash & (g->cap - 1); g->slot[i] != 0;
	     i = (i + 1) & (g->cap - 1))
		if (g->slot[i] == hash)
			return true;
	return false;
}

static void
generation_put(struct generation *g, uint64_t hash)
{
	size_t i = hash & (g->cap - 1);
	while (g->slot[i] != 0 && g->slot[i] != hash)
		i = (i + 1) & (g->cap - 1);
	if (g->slot[i] == 0) {
		g->slot[i] = hash;
		g->n++;
	}
}

static void
generation_add(struct generation *g, uint64_t hash)
{
	if (2 * (g->n + 1) > g->cap) {
		struct generation grown = *g;
		grown.cap = g->cap == 0 ? 1024 : g->cap * 2;
		grown.slot = xcalloc(grown.cap, sizeof(*grown.slot));
		grown.n = 0;
		for (size_t i = 0; i < g->cap; i++)
			if (g->slot[i] != 0)
				generation_put(&grown, g->slot[i]);
		free(g->slot);
		*g = grown;
	}
	generation_put(g, hash);
}

/* The older half goes; from then on its times need the ledger. */
static void
generations_turn(struct docket *d)
{
	if (d->old.n > 0 && d->old.latest_ms >= d->since_ms)
		d->since_ms = d->old.latest_ms + 1;
	free(d->old.slot);
	d->old = d->young;
	memset(&d->young, 0, sizeof(d->young));
	d->young.begun_ms = d->now_ms;
}

void
docket_remember(
    struct docket *d, const char *inquirer, const uint8_t id[static ID_LEN])
{
	uint64_t ms = uuid_is_v7(id) ? uuid_ms(id) : 0;
	if (ms < d->since_ms || ms > d->now_ms + SKEW_MS)
		return; /* in doubt anyway */
	if (d->young.n >= GENERATION ||
	    d->now_ms > d->young.begun_ms + GENERATION_MS)
		generations_turn(d);
	generation_add(&d->young, id_hash(inquirer, id));
	if (ms > d->young.latest_ms)
		d->young.latest_ms = ms;
}

void
docket_remembers(struct docket *d, uint64_t since_ms)
{
	d->since_ms = since_ms;
}

bool
docket_doubts(
    struct docket *d, const char *inquirer, const uint8_t id[static ID_LEN])
{
	uint64_t ms = uuid_is_v7(id) ? uuid_ms(id) : 0;
	if (ms < d->since_ms || ms > d->now_ms + SKEW_MS)
		return true;
	uint64_t hash = id_hash(inquirer, id);
	return generation_has(&d->young, hash) || generation_has(&d->old, hash);
}

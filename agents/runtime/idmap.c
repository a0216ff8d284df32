#include "agents/runtime/idmap.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bytes.h"

/* value NULL: empty; GONE: taken out, looked past. */
struct idmap_slot {
	uint8_t id[IDMAP_KEY];
	void *value;
};
static char gone;
#define GONE ((void *)&gone)

/* The last eight bytes of a UUIDv7 are random: they are the hash. */
static size_t
slot_start(const struct idmap *m, const uint8_t *id)
{
	uint64_t h;

	memcpy(&h, id + 8, sizeof(h));
	return (size_t)(h * UINT64_C(0x9e3779b97f4a7c15) >> 20) & (m->cap - 1);
}

static struct idmap_slot *
slot_find(const struct idmap *m, const uint8_t *id)
{
	if (m->cap == 0)
		return NULL;
	for (size_t i = slot_start(m, id);; i = (i + 1) & (m->cap - 1)) {
		struct idmap_slot *s = &m->slot[i];

		if (s->value == NULL)
			return NULL;
		if (s->value != GONE && memcmp(s->id, id, IDMAP_KEY) == 0)
			return s;
	}
}

static void
slot_put(struct idmap *m, const uint8_t *id, void *value)
{
	size_t i = slot_start(m, id);

	while (m->slot[i].value != NULL)
		i = (i + 1) & (m->cap - 1);
	memcpy(m->slot[i].id, id, IDMAP_KEY);
	m->slot[i].value = value;
	m->n++;
	m->used++;
}

/* Room for one more at under two thirds full, without those taken out. */
static void
map_grow(struct idmap *m)
{
	struct idmap old = *m;

	if (3 * (m->used + 1) <= 2 * m->cap)
		return;
	m->cap = 64;
	while (m->cap < 4 * (old.n + 1))
		m->cap *= 2;
	m->slot = xcalloc(m->cap, sizeof(*m->slot));
	m->n = m->used = 0;
	for (size_t i = 0; i < old.cap; i++)
		if (old.slot[i].value != NULL && old.slot[i].value != GONE)
			slot_put(m, old.slot[i].id, old.slot[i].value);
	free(old.slot);
}

void *
idmap_find(const struct idmap *m, const uint8_t id[static IDMAP_KEY])
{
	struct idmap_slot *s = slot_find(m, id);

	return s != NULL ? s->value : NULL;
}

void
idmap_add(struct idmap *m, const uint8_t id[static IDMAP_KEY], void *value)
{
	assert(value != NULL && slot_find(m, id) == NULL);
	map_grow(m);
	slot_put(m, id, value);
}

void *
idmap_take(struct idmap *m, const uint8_t id[static IDMAP_KEY])
{
	struct idmap_slot *s = slot_find(m, id);
	void *value;

	if (s == NULL)
		return NULL;
	value = s->value;
	s->value = GONE;
	m->n--;
	return value;
}

void *
idmap_next(const struct idmap *m, size_t *at)
{
	while (*at < m->cap) {
		void *value = m->slot[(*at)++].value;

		if (value != NULL && value != GONE)
			return value;
	}
	return NULL;
}

void
idmap_free(struct idmap *m)
{
	free(m->slot);
	*m = (struct idmap){0};
}

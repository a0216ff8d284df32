/* A table from 16-byte ids to things, grown as needed. */
#ifndef AGENTS_RUNTIME_IDMAP_H
#define AGENTS_RUNTIME_IDMAP_H

#include <stddef.h>
#include <stdint.h>

#define IDMAP_KEY 16

/* All-zero is an empty map. Values are borrowed. */
struct idmap {
	struct idmap_slot *slot;
	size_t cap, n, used;
};

/* NULL if it is not there. */
void *idmap_find(const struct idmap *m, const uint8_t id[static IDMAP_KEY]);
/* The id must not be there yet (asserted), the value not be NULL. */
void idmap_add(
    struct idmap *m, const uint8_t id[static IDMAP_KEY], void *value);
/* Take it out; NULL if it was not there. */
void *idmap_take(struct idmap *m, const uint8_t id[static IDMAP_KEY]);
/* The next value at or after position *at, which moves on; NULL at the end. */
void *idmap_next(const struct idmap *m, size_t *at);
void idmap_free(struct idmap *m);

#endif

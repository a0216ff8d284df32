#include <stdlib.h>
#include <string.h>

#include "lib/messages.h"

#define ARENA_CAP (4u << 20)
#define ARENA_BLOCK 8192
#define ARENA_ALIGN 16

struct arena_block {
	struct arena_block *next;
	size_t size, used;
	size_t dirty; /* most ever used: what to wipe */
	_Alignas(ARENA_ALIGN) uint8_t bytes[];
};

static struct arena_block *
block_add(struct arena *a, size_t n)
{
	size_t size = a->head != NULL ? a->head->size * 2 : ARENA_BLOCK;
	struct arena_block *b;

	if (size > ARENA_CAP)
		size = ARENA_CAP;
	if (size < n)
		size = n;
	b = malloc(sizeof(*b) + size);
	if (b == NULL)
		return NULL;
	b->next = a->head;
	b->size = size;
	b->used = b->dirty = 0;
	a->head = b;
	return b;
}

void *
arena_alloc_raw(struct arena *a, size_t n)
{
	size_t cap = a->cap ? a->cap : ARENA_CAP;
	struct arena_block *b = a->head;
	void *p;

	if (n > cap)
		return NULL;
	n = (n + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	if (n > cap - a->used)
		return NULL;
	if (b == NULL || n > b->size - b->used)
		b = block_add(a, n);
	if (b == NULL)
		return NULL;
	p = b->bytes + b->used;
	b->used += n;
	if (b->used > b->dirty)
		b->dirty = b->used;
	a->used += n;
	return p;
}

void *
arena_alloc(struct arena *a, size_t n)
{
	void *p = arena_alloc_raw(a, n);

	return p != NULL ? memset(p, 0, n) : NULL;
}

static void
blocks_wipe_free(struct arena_block *b)
{
	struct arena_block *next;

	for (; b != NULL; b = next) {
		next = b->next;
		explicit_bzero(b->bytes, b->dirty);
		free(b);
	}
}

void
arena_reset(struct arena *a)
{
	a->used = 0;
	if (a->head == NULL)
		return;
	/* the newest is the largest: what this user of it needs */
	blocks_wipe_free(a->head->next);
	a->head->next = NULL;
	a->head->used = 0;
}

void
arena_wipe_free(struct arena *a)
{
	blocks_wipe_free(a->head);
	a->head = NULL;
	a->used = 0;
}

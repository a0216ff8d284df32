#include "policy/names.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK 65536

/* Eight bytes at a time; the keys are ours, so it need not resist attack. */
static uint32_t
text_hash(const char *p, size_t n)
{
	uint64_t h = n * 0x9e3779b97f4a7c15u, w;

	for (; n >= 8; p += 8, n -= 8) {
		memcpy(&w, p, 8);
		h = (h ^ w) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	w = 0;
	memcpy(&w, p, n);
	h = (h ^ w) * 0xc4ceb9fe1a85ec53u;
	return (uint32_t)(h ^ h >> 29);
}

static void
names_place(struct names *s, uint32_t hash, uint32_t number)
{
	uint32_t i = hash & s->mask;

	while (s->slot[i].number != 0)
		i = (i + 1) & s->mask;
	s->slot[i] = (struct name_slot){hash, number};
}

static void
names_widen(struct names *s)
{
	struct names old = *s;

	s->cap = s->cap ? s->cap * 2 : 64;
	s->text = xrealloc(s->text, (s->cap + 1) * sizeof(*s->text));
	s->mask = s->cap * 2 - 1;
	s->slot = xcalloc(s->mask + 1, sizeof(*s->slot));
	for (uint32_t i = 0; old.slot != NULL && i <= old.mask; i++)
		if (old.slot[i].number != 0)
			names_place(s, old.slot[i].hash, old.slot[i].number);
	free(old.slot);
}

static char *
names_copy(struct names *s, struct span text)
{
	size_t need = text.n + 1;
	char *to;

	if (need > s->left) {
		s->left = need > CHUNK ? need : CHUNK;
		s->chunk = xmalloc(s->left);
		s->chunks =
		    xrealloc(s->chunks, (s->n_chunks + 1) * sizeof(*s->chunks));
		s->chunks[s->n_chunks++] = s->chunk;
	}
	to = s->chunk;
	memcpy(to, text.p, text.n);
	to[text.n] = '\0';
	s->chunk += need;
	s->left -= need;
	return to;
}

static uint32_t
names_look(const struct names *s, const char *p, size_t n, uint32_t hash)
{
	if (s->n == 0)
		return 0;
	for (uint32_t i = hash & s->mask; s->slot[i].number != 0;
	     i = (i + 1) & s->mask) {
		uint32_t k = s->slot[i].number;

		if (s->slot[i].hash == hash && strncmp(s->text[k], p, n) == 0 &&
		    s->text[k][n] == '\0')
			return k;
	}
	return 0;
}

uint32_t
names_add(struct names *s, struct span text)
{
	const char *p = text.n > 0 ? (const char *)text.p : "";
	uint32_t hash = text_hash(p, text.n);
	uint32_t found = names_look(s, p, text.n, hash);

	assert(memchr(p, '\0', text.n) == NULL);
	if (found != 0)
		return found;
	if (s->n == s->cap)
		names_widen(s);
	s->n++;
	s->text[s->n] = names_copy(s, text);
	names_place(s, hash, s->n);
	return s->n;
}

uint32_t
names_put(struct names *s, const char *text)
{
	return names_add(s, span_str(text));
}

uint32_t
names_find(const struct names *s, const char *text)
{
	size_t n = strlen(text);

	return names_look(s, text, n, text_hash(text, n));
}

const char *
names_text(const struct names *s, uint32_t number)
{
	assert(number <= s->n);
	return number == 0 ? "" : s->text[number];
}

void
names_fini(struct names *s)
{
	for (size_t i = 0; i < s->n_chunks; i++)
		free(s->chunks[i]);
	free(s->chunks);
	free(s->text);
	free(s->slot);
	*s = (struct names){0};
}

static uint32_t
key_hash(uint64_t key)
{
	key *= 0x9e3779b97f4a7c15u;
	return (uint32_t)(key >> 32);
}

static struct run *
runs_slot(const struct runs *r, uint64_t key)
{
	uint32_t i = key_hash(key) & r->mask;

	while (r->slot[i].key != 0 && r->slot[i].key != key)
		i = (i + 1) & r->mask;
	return &r->slot[i];
}

static void
runs_widen(struct runs *r)
{
	struct runs old = *r;
	uint32_t cap = old.slot != NULL ? (old.mask + 1) * 2 : 64;

	r->slot = xcalloc(cap, sizeof(*r->slot));
	r->mask = cap - 1;
	for (uint32_t i = 0; old.slot != NULL && i <= old.mask; i++)
		if (old.slot[i].key != 0)
			*runs_slot(r, old.slot[i].key) = old.slot[i];
	free(old.slot);
}

struct run *
runs_add(struct runs *r, uint64_t key)
{
	struct run *at;

	assert(key != 0);
	if (r->slot == NULL || r->n * 2 > r->mask)
		runs_widen(r);
	at = runs_slot(r, key);
	if (at->key == 0) {
		at->key = key;
		r->n++;
	}
	return at;
}

void
runs_grow(struct runs *runs, uint64_t key, uint32_t at)
{
	struct run *r = runs_add(runs, key);

	if (r->n++ == 0)
		r->at = at;
}

const struct run *
runs_find(const struct runs *r, uint64_t key)
{
	const struct run *at;

	if (r->slot == NULL || key == 0)
		return NULL;
	at = runs_slot(r, key);
	return at->key == 0 ? NULL : at;
}

void
runs_fini(struct runs *r)
{
	free(r->slot);
	*r = (struct runs){0};
}

/* Texts kept once each, under small numbers; and numbers under pairs. */
#ifndef POLICY_NAMES_H
#define POLICY_NAMES_H

#include "lib/bytes.h"

/* The number of a text, 0 for none, beside its hash: one place to look. */
struct name_slot {
	uint32_t hash, number;
};

/*
 * A set of texts; all-zero is empty. The first text added is number 1; 0 is
 * "not in the set", and the text of 0 is "".
 */
struct names {
	char **text;		/* [n + 1] */
	struct name_slot *slot; /* open addressing */
	uint32_t n, cap, mask;
	char *chunk; /* where the next text is copied to */
	size_t left;
	char **chunks;
	size_t n_chunks;
};

/* The text's number, added where it is new. Copies the text. */
uint32_t names_add(struct names *s, struct span text);
uint32_t names_put(struct names *s, const char *text);
/* The text's number, 0 where it is not in the set. Allocates nothing. */
uint32_t names_find(const struct names *s, const char *text);
/* Borrowed until names_fini; stays in place as the set grows. */
const char *names_text(const struct names *s, uint32_t number);
void names_fini(struct names *s);

/* From a pair of numbers to a run of places in some array. */
struct run {
	uint64_t key;
	uint32_t at, n;
};
struct runs {
	struct run *slot;
	uint32_t n, mask;
};

#define RUN_KEY(a, b) ((uint64_t)(a) << 32 | (b))

/* The run of a pair, made empty where there is none yet. */
struct run *runs_add(struct runs *r, uint64_t key);
/* One more line, at place `at`, in the run of a pair; the first is its start.
 */
void runs_grow(struct runs *runs, uint64_t key, uint32_t at);
/* NULL where there is none. The pair (0, 0) is no key. */
const struct run *runs_find(const struct runs *r, uint64_t key);
void runs_fini(struct runs *r);

#endif

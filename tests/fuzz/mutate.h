/* A deterministic mutator: the same seed breaks the same bytes everywhere. */
#ifndef TESTS_FUZZ_MUTATE_H
#define TESTS_FUZZ_MUTATE_H

#include "lib/bytes.h"

struct mutator {
	uint64_t state;
};

/* The n-th input of a seed and target, whatever ran before. */
struct mutator mutator_at(uint64_t seed, const char *target, uint64_t n);
uint64_t mutator_next(struct mutator *m);
/* Any number below n; n is not 0. */
size_t mutator_below(struct mutator *m, size_t n);
/* Break b in one to eight ways; `other` lends bytes to splice in. */
void mutate(struct mutator *m, struct buf *b, struct span other);

#endif

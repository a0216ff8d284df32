/* A load of inquiries whose parties are played by the test, over crashes. */
#ifndef TESTS_FLOW_LOAD_H
#define TESTS_FLOW_LOAD_H

#include "tests/flow/actor.h"

/*
 * N lawful inquiries from one actor to another. Both do what an agent
 * promises: the inquirer sends the stored bytes again after each connection
 * until it has an answer, the provider answers a permit once and the same
 * permit with the same bytes, whatever dies between them.
 */
struct load;

struct load *load_new(struct actor *inquirer, struct actor *provider,
    const struct question *q, size_t n);
void load_free(struct load *l);

/* Send what was never sent, at most `most` open at a time. */
void load_begin(struct load *l, size_t most);
/* Take and send what there is for up to `ms`. True once all are answered. */
bool load_turn(struct load *l, unsigned ms);

size_t load_answered(const struct load *l);
/*
 * What both sides saw, against the log: every answer the inquirer holds and
 * every provision released has its permit and its outcome there, once, and
 * the outcome commits to that very provision. Asserts with CUnit.
 */
void load_check(struct load *l, struct world *w);

#endif

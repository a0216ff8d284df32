/* What a procedure's line says: whose data, which phrase, which other lines. */
#ifndef POLICY_PHRASE_H
#define POLICY_PHRASE_H

#include "lib/bytes.h"
#include <stdbool.h>

#define PHRASE_REFERENCES 4
#define PHRASE_SUBS 64

/*
 * A reference to lines of another item: 第一号イからニまで及びトに掲げる情報.
 * item is "1" or "2-2", or "" for the item before this one (前号). Without
 * subs all lines of the item are meant.
 */
struct reference {
	char item[16];
	char sub[PHRASE_SUBS][4]; /* one katakana each */
	unsigned n_sub;
};

/*
 * A line's data cell taken apart. `relation` is what stands before the last
 * に係る, `phrase` what stands after it, both without parentheses; phrase is
 * empty where the line only refers to others. Spans point into *bare.
 */
struct phrase {
	struct buf bare;
	struct span relation, phrase;
	struct reference reference[PHRASE_REFERENCES];
	unsigned n_reference;
	bool unclear; /* a reference that cannot be read */
};

/* Take a data cell apart; phrase_fini when done. */
void phrase_init(struct phrase *f, const char *data);
void phrase_fini(struct phrase *f);

#endif

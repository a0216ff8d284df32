/* One full message of every kind: every field present, at its limit. */
#ifndef TESTS_UNIT_SAMPLES_H
#define TESTS_UNIT_SAMPLES_H

#include "lib/messages.h"

/* Fill *m; what it points to is static or lives in `a`. */
#define SAMPLE(name, Generated, FIELDS) \
	void sample_##name(struct name *m, struct arena *a);
MESSAGE_TABLE(SAMPLE)
#undef SAMPLE

/* Every message by name, for tests that walk all of them. */
struct sample {
	const char *name;
	size_t size; /* of the struct */
	/* append the encoded sample */
	void (*encode)(struct arena *a, struct buf *out);
	enum err (*decode)(struct span bytes, struct arena *a, void *m);
	void (*encode_again)(const void *m, struct buf *out);
};
extern const struct sample samples[];
extern const size_t n_samples;

#endif

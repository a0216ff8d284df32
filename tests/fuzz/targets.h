/* What is fuzzed: every way in which bytes from outside are read. */
#ifndef TESTS_FUZZ_TARGETS_H
#define TESTS_FUZZ_TARGETS_H

#include "lib/bytes.h"

/*
 * One decoder. `seed` appends the i-th valid input, or nothing when there
 * are no more; `run` reads any bytes whatever and asserts what must hold of
 * those it accepts: that they write and read back the same.
 */
struct target {
	const char *name;
	void (*seed)(const struct target *t, size_t i, struct buf *out);
	void (*run)(const struct target *t, struct span bytes);
	const void *arg;
};

/* The table ends with a NULL name. */
const struct target *targets(void);

/*
 * For clang's -fsanitize=fuzzer over tests/fuzz/targets.c: the first byte
 * picks the target.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#endif

/* Fuzzed: what is believed for its signature, and what is sealed. */
#ifndef TESTS_FUZZ_KEYTARGETS_H
#define TESTS_FUZZ_KEYTARGETS_H

#include "tests/fuzz/targets.h"

/*
 * Keys are drawn anew by every run, so the same seed breaks the same places
 * of other bytes.
 */
#define KEY_TARGETS 7
extern const struct target key_targets[KEY_TARGETS];

#endif

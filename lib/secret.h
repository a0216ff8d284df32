/* Keys in memory: locked, kept out of core dumps, wiped when freed. */
#ifndef LIB_SECRET_H
#define LIB_SECRET_H

#include "lib/bytes.h"
#include "lib/err.h"

/*
 * Secret bytes on pages of their own with guards around them: not swapped
 * where the system lets us lock, not in core dumps, zero after _free. There
 * is no way to print one. All-zero is an empty one.
 */
struct secret {
	uint8_t *p;
	size_t n;
};

/* n zero bytes for the caller to fill. */
struct secret secret_new(size_t n);
/* n random bytes. */
struct secret secret_random(size_t n);
/* Move bytes in: the source is wiped. */
struct secret secret_take(uint8_t *p, size_t n);
struct span secret_span(const struct secret *s);
/* Same length and bytes, in constant time for one length. */
bool secret_equal(struct span a, struct span b);
/*
 * A whole key file of at most max bytes. ERR_FILE if it cannot be read or
 * if its group or others may read it; the bytes never pass through
 * unlocked memory.
 */
enum err secret_read(const char *path, size_t max, struct secret *out);
/* Wipe and free; leaves an empty one. NULL-safe. */
void secret_free(struct secret *s);

/*
 * For a process that holds secrets, before it opens them: no core dumps, no
 * new privileges, and with `hidden` no ptrace and no /proc/self/mem for
 * other processes of the user (PR_SET_DUMPABLE 0).
 */
enum err process_harden(bool hidden);

#endif

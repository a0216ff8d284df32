/* Where in a file something is wrong, for the person who must mend it. */
#ifndef LIB_FAULT_H
#define LIB_FAULT_H

#include <stddef.h>

#include "lib/err.h"

/*
 * Filled by whoever reads a file for people: configuration, TSV, CSV. Holds
 * the offending key or column, never a value out of a resident's record.
 */
struct fault {
	char file[200]; /* the path as it was given, cut at the left if long */
	unsigned line;	/* from 1; 0: the file as a whole */
	char what[200]; /* English, no full stop */
};

/* Note file, line and what, and return e; f may be NULL. */
enum err fault_set(struct fault *f, enum err e, const char *file, unsigned line,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* "file:line: what" into out (cut to n bytes); returns out. */
const char *fault_text(const struct fault *f, char *out, size_t n);

#endif

/* One of the policy's tab-separated files, read line by line. */
#ifndef POLICY_SHEET_H
#define POLICY_SHEET_H

#include "lib/bytes.h"
#include <stdbool.h>

#define SHEET_COLUMNS 8

/* A row's place: every fault is told with it. */
struct sheet {
	const char *file;
	unsigned line;
	const char *cell[SHEET_COLUMNS]; /* of the line read last */
	size_t n_columns;
	struct buf *why;   /* gets "file:line: what" lines */
	unsigned *faults;  /* counts them */
	char *text, *next; /* a private copy, cut into cells */
};

/*
 * Begin to read bytes as a table with exactly these columns (separated by
 * tabs in `header`). A wrong header, bad UTF-8, a NUL or CR, or a missing last
 * LF is a fault, and no line will follow.
 */
void sheet_open(struct sheet *s, const char *file, struct span bytes,
    const char *header, struct buf *why, unsigned *faults);
/*
 * Read the next line into s->cell; false at the end. A line with a wrong
 * number of cells is a fault and is passed over. Cells are valid until
 * sheet_close.
 */
bool sheet_next(struct sheet *s);
/* Tell a fault of the line read last. */
void sheet_fault(struct sheet *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/*
 * Two cells as a period: the first day and the first day no more (UINT32_MAX
 * where that is empty). A date that is none, or an end not after the
 * beginning, is a fault and gives false.
 */
bool sheet_period(
    struct sheet *s, size_t from_column, uint32_t *from, uint32_t *until);
void sheet_close(struct sheet *s);

#endif

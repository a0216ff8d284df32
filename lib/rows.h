/* A table read from a text file: a header of column names, rows of cells. */
#ifndef LIB_ROWS_H
#define LIB_ROWS_H

#include "lib/bytes.h"
#include "lib/err.h"
#include "lib/fault.h"

/*
 * What tsv_parse and csv_parse make. Every row has as many cells as the
 * header, every cell is NUL-terminated UTF-8. Free with rows_free; all-zero
 * is an empty one.
 */
struct rows {
	char name[200];	   /* the file, for faults */
	char *text;	   /* the cells' bytes */
	const char **cell; /* n_columns a row, the header first */
	unsigned *line;	   /* where row i began */
	size_t n_columns, n;
	size_t cap;
};

/* Cell of row i (from 0, the header not counted); both must exist. */
const char *rows_cell(const struct rows *r, size_t i, size_t column);
/*
 * Where the named columns are, in any order; every one must be there once
 * (ERR_LINE). Others are allowed only if `others` is set.
 */
enum err rows_columns(const struct rows *r, const char *const *names, size_t n,
    bool others, size_t *at, struct fault *f);
/* A fault at row i of this table; returns e. */
enum err rows_fault(const struct rows *r, size_t i, enum err e, struct fault *f,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));
void rows_free(struct rows *r);

#endif

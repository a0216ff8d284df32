/* How a reader of one text format fills struct rows; for tsv.c and csv.c. */
#ifndef LIB_ROWMAKER_H
#define LIB_ROWMAKER_H

#include "lib/rows.h"

/* A table being filled. Cells are offsets until the text stops moving. */
struct rowmaker {
	struct rows *rows;
	struct buf text;
	size_t *start; /* of each cell, in text */
	size_t n_cells, cap_cells;
	size_t in_row; /* cells of the row at hand */
	struct fault *fault;
};

/* `bytes` bounds the text, so that memory is taken once. */
void rowmaker_begin(struct rowmaker *m, const char *name, struct span bytes,
    struct rows *out, struct fault *f);
/* The bytes of the next cell of this row: UTF-8 without NUL (ERR_LINE). */
enum err rowmaker_cell(struct rowmaker *m, struct span cell, unsigned line);
/* The row ends; it began in `line` and must be as wide as the header. */
enum err rowmaker_row(struct rowmaker *m, unsigned line);
/*
 * All was read, or e says what went wrong: hands over or frees. Without any
 * row there is no header, which is ERR_LINE too. Returns e or that.
 */
enum err rowmaker_end(struct rowmaker *m, enum err e);

#endif

/* Comma-separated tables of RFC 4180: what business systems export. */
#ifndef LIB_CSV_H
#define LIB_CSV_H

#include "lib/rows.h"

/*
 * UTF-8 with or without a BOM, lines ended by CRLF or LF, quoted cells with
 * doubled quotes and line breaks inside; the first line is the header. A
 * quote inside a bare cell, a wrong number of cells, a NUL, bad UTF-8 or an
 * open quote at the end is ERR_LINE with the line; *out is then empty.
 */
enum err csv_parse(
    const char *name, struct span bytes, struct rows *out, struct fault *f);
/* The same from a file of at most 256 MiB. */
enum err csv_read(const char *path, struct rows *out, struct fault *f);
/* Append one cell, quoted where RFC 4180 asks for it. */
void csv_cell(struct buf *out, const char *cell);

#endif

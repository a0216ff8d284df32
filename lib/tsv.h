/* Tab-separated tables: statute, directory, layouts. */
#ifndef LIB_TSV_H
#define LIB_TSV_H

#include "lib/rows.h"

/*
 * UTF-8 lines ended by LF; the first is the header. Lines that begin with
 * '#' before the header are comments. No quoting: a cell is what stands
 * between two tabs. ERR_LINE with the line for a wrong number of cells, a
 * CR, a NUL, bad UTF-8, a missing last LF; *out is then empty.
 */
enum err tsv_parse(
    const char *name, struct span bytes, struct rows *out, struct fault *f);
/* The same from a file of at most 64 MiB. */
enum err tsv_read(const char *path, struct rows *out, struct fault *f);
/*
 * The number of a first line "# version N", which signed files begin with;
 * ERR_MALFORMED where there is none.
 */
enum err tsv_version(struct span bytes, uint64_t *out);

#endif

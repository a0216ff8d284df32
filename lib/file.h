/* Whole files, read within a limit and replaced in one step. */
#ifndef LIB_FILE_H
#define LIB_FILE_H

#include "lib/bytes.h"
#include "lib/err.h"

/*
 * Append a regular file of at most max bytes to out. ERR_FILE if it is not
 * there or is no file, ERR_TOO_LONG; out is then as it was. errno tells why.
 */
enum err file_read(const char *path, size_t max, struct buf *out);
/* The same from a directory held open, as processes in a sandbox do. */
enum err file_read_at(int dir, const char *path, size_t max, struct buf *out);
/*
 * Replace or create path with mode: written beside it, synced, renamed, the
 * directory synced. After a crash the file is the old or the new one, whole.
 */
enum err file_write(const char *path, struct span bytes, unsigned mode);

#endif

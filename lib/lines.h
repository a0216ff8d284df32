/* The lines that checkpoints, proofs and requests of C2SP are made of. */
#ifndef LIB_LINES_H
#define LIB_LINES_H

#include "lib/bytes.h"
#include "lib/err.h"

/* Take the next line, without its newline, off *rest. ERR_TRUNCATED. */
enum err line_take(struct span *rest, struct span *line);
/* What follows `word` and one space on this line, if it begins so. */
bool line_value(struct span line, const char *word, struct span *value);
/* A decimal number without leading zeros. ERR_MALFORMED. */
enum err line_number(struct span line, uint64_t *out);
/* 32 bytes in base64. ERR_MALFORMED. */
enum err line_hash(struct span line, uint8_t out[static 32]);
/*
 * Hashes, a line each, up to an empty line, which is taken too; at most max.
 * ERR_TRUNCATED, ERR_MALFORMED, ERR_TOO_LONG.
 */
enum err line_hashes(
    struct span *rest, uint8_t (*out)[32], size_t max, size_t *n);

#endif

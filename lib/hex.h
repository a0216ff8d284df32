/* Bytes as lower-case hexadecimal digits. */
#ifndef LIB_HEX_H
#define LIB_HEX_H

#include "lib/bytes.h"
#include "lib/err.h"

/* Writes 2 * bytes.n digits and a NUL; returns out. */
char *hex_encode(struct span bytes, char *out);
/* Exactly n bytes from exactly 2 * n digits of either case. ERR_MALFORMED. */
enum err hex_decode(struct span text, uint8_t *out, size_t n);

#endif

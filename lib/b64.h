/* Base64 of RFC 4648: the standard alphabet padded, the URL one bare. */
#ifndef LIB_B64_H
#define LIB_B64_H

#include "lib/bytes.h"
#include "lib/err.h"

/* Appends the text to out, without a NUL. */
void b64_encode(struct span bytes, struct buf *out);
void b64url_encode(struct span bytes, struct buf *out);
/*
 * Appends the bytes to out. Strict: no space, no line break, padding as the
 * encoder makes it, and bits past the end zero, so that a thing has one
 * spelling. ERR_MALFORMED leaves out as it was.
 */
enum err b64_decode(struct span text, struct buf *out);
enum err b64url_decode(struct span text, struct buf *out);
/* As b64_decode, into an array: the text must hold exactly n bytes. */
enum err b64_decode_fixed(struct span text, uint8_t *out, size_t n);

#endif

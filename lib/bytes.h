/* Borrowed and owned runs of bytes. */
#ifndef LIB_BYTES_H
#define LIB_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes somebody else owns. p may be NULL only where n is 0. */
struct span {
	const uint8_t *p;
	size_t n;
};

/* Bytes we own and may append to. All-zero is an empty, valid buf. */
struct buf {
	uint8_t *p;
	size_t n;
	size_t cap;
};

#define SPAN(array) ((struct span){(array), sizeof(array)})

struct span span_of(const void *p, size_t n);
struct span span_str(const char *s);
struct span buf_span(const struct buf *b);
bool span_equal(struct span a, struct span b);

/* Append; memory running out ends the process (we cannot go on honestly). */
void buf_add(struct buf *b, const void *p, size_t n);
void buf_add_u8(struct buf *b, uint8_t v);
/* Big-endian. */
void buf_add_u16(struct buf *b, uint16_t v);
void buf_add_u32(struct buf *b, uint32_t v);
void buf_add_u64(struct buf *b, uint64_t v);
/* One length byte, then the text (at most 255 bytes, asserted). */
void buf_add_lp(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/*
 * Room for n more bytes, counted as part of the buf; returns their start, NULL
 * where an empty buf was asked for none.
 */
uint8_t *buf_grow(struct buf *b, size_t n);
/* Keep capacity, forget contents. */
void buf_reset(struct buf *b);
void buf_free(struct buf *b);
/* Wipe before freeing. */
void buf_wipe_free(struct buf *b);

/* malloc family that ends the process instead of returning NULL. */
void *xmalloc(size_t n);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *p, size_t n);
char *xstrdup(const char *s);

#endif

#include "lib/bytes.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
die_of_memory(void)
{
	static const char message[] = "renkei: out of memory\n";

	fwrite(message, 1, sizeof(message) - 1, stderr);
	abort();
}

void *
xmalloc(size_t n)
{
	void *p = malloc(n ? n : 1);

	if (p == NULL)
		die_of_memory();
	return p;
}

void *
xcalloc(size_t count, size_t size)
{
	void *p = calloc(count ? count : 1, size ? size : 1);

	if (p == NULL)
		die_of_memory();
	return p;
}

void *
xrealloc(void *p, size_t n)
{
	void *q = realloc(p, n ? n : 1);

	if (q == NULL)
		die_of_memory();
	return q;
}

char *
xstrdup(const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(xmalloc(n), s, n);
}

struct span
span_of(const void *p, size_t n)
{
	return (struct span){p, n};
}

struct span
span_str(const char *s)
{
	return span_of(s, strlen(s));
}

struct span
buf_span(const struct buf *b)
{
	return span_of(b->p, b->n);
}

bool
span_equal(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

uint8_t *
buf_grow(struct buf *b, size_t n)
{
	size_t at = b->n;

	if (n > SIZE_MAX / 2 - b->n)
		die_of_memory();
	if (b->n + n > b->cap) {
		size_t cap = b->cap ? b->cap * 2 : 256;

		while (cap < b->n + n)
			cap *= 2;
		b->p = xrealloc(b->p, cap);
		b->cap = cap;
	}
	b->n += n;
	return b->p != NULL ? b->p + at : NULL;
}

void
buf_add(struct buf *b, const void *p, size_t n)
{
	if (n > 0)
		memcpy(buf_grow(b, n), p, n);
}

static void
add_be(struct buf *b, uint64_t v, int bytes)
{
	uint8_t *p = buf_grow(b, (size_t)bytes);

	for (int i = bytes - 1; i >= 0; i--, v >>= 8)
		p[i] = (uint8_t)v;
}

void
buf_add_u8(struct buf *b, uint8_t v)
{
	add_be(b, v, 1);
}

void
buf_add_u16(struct buf *b, uint16_t v)
{
	add_be(b, v, 2);
}

void
buf_add_u32(struct buf *b, uint32_t v)
{
	add_be(b, v, 4);
}

void
buf_add_u64(struct buf *b, uint64_t v)
{
	add_be(b, v, 8);
}

void
buf_add_lp(struct buf *b, const char *s)
{
	size_t n = strlen(s);

	assert(n <= UINT8_MAX);
	buf_add_u8(b, (uint8_t)n);
	buf_add(b, s, n);
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	assert(n >= 0);
	/* vsnprintf wants room for its NUL, which is not part of the buf */
	vsnprintf(
	    (char *)buf_grow(b, (size_t)n + 1), (size_t)n + 1, fmt, again);
	va_end(again);
	b->n--;
}

void
buf_reset(struct buf *b)
{
	b->n = 0;
}

void
buf_free(struct buf *b)
{
	free(b->p);
	*b = (struct buf){0};
}

void
buf_wipe_free(struct buf *b)
{
	if (b->p != NULL)
		explicit_bzero(b->p, b->cap);
	buf_free(b);
}

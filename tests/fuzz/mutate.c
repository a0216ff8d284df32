#include "tests/fuzz/mutate.h"

#include <string.h>

#define LONGEST 65536 /* no input grows beyond this */

uint64_t
mutator_next(struct mutator *m)
{
	/* splitmix64 */
	uint64_t z = m->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

struct mutator
mutator_at(uint64_t seed, const char *target, uint64_t n)
{
	struct mutator m = {seed};

	for (; *target != '\0'; target++)
		m.state = mutator_next(&m) ^ (uint8_t)*target;
	m.state = mutator_next(&m) + n;
	m.state = mutator_next(&m);
	return m;
}

size_t
mutator_below(struct mutator *m, size_t n)
{
	return (size_t)(mutator_next(m) % n);
}

/* Bytes that decoders trip over. */
static const struct {
	const char *p;
	size_t n;
} tokens[] = {
    {"\0", 1},
    {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10}, /* the largest varint */
    {"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80", 11}, /* none */
    {"\xff\xff\xff\xff\x0f", 5},
    {"\x7f\xff\xff\xff", 4},
    {"123456789018", 12},
    {"\xef\xbc\x91\xef\xbc\x92", 6}, /* full-width digits */
    {"\xed\xa0\x80", 3},	     /* a surrogate */
    {"\xc0\xaf", 2},		     /* overlong */
    {"\xe3\x80\x80", 3},	     /* ideographic space */
    {"\n", 1},
    {"\r\n", 2},
    {"\t", 1},
    {"\"", 1},
    {"=", 1},
    {"[", 1},
    {"\xe2\x80\x94 ", 4}, /* the dash of a signature line */
    {"18446744073709551616", 20},
    {"-1", 2},
};

static void
insert(struct buf *b, size_t at, const void *p, size_t n)
{
	if (b->n + n > LONGEST)
		return;
	buf_grow(b, n);
	memmove(b->p + at + n, b->p + at, b->n - n - at);
	memcpy(b->p + at, p, n);
}

static void
erase(struct buf *b, size_t at, size_t n)
{
	memmove(b->p + at, b->p + at + n, b->n - at - n);
	b->n -= n;
}

/* A run of b: where, and how long (at most 64, at least 1). */
static size_t
run_of(struct mutator *m, size_t length, size_t *at)
{
	size_t most;

	*at = mutator_below(m, length);
	most = length - *at < 64 ? length - *at : 64;
	return 1 + mutator_below(m, most);
}

static void
duplicate(struct mutator *m, struct buf *b)
{
	uint8_t copy[64];
	size_t at, n = run_of(m, b->n, &at);

	memcpy(copy, b->p + at, n);
	insert(b, mutator_below(m, b->n + 1), copy, n);
}

static void
splice(struct mutator *m, struct buf *b, struct span other)
{
	size_t at, n;

	if (other.n == 0)
		return;
	n = run_of(m, other.n, &at);
	insert(b, mutator_below(m, b->n + 1), other.p + at, n);
}

static void
break_once(struct mutator *m, struct buf *b, struct span other)
{
	size_t at = mutator_below(m, b->n), n, t;
	uint8_t byte = (uint8_t)mutator_next(m);

	switch (mutator_below(m, 9)) {
	case 0:
		b->p[at] ^= (uint8_t)(1u << (byte & 7));
		break;
	case 1:
		b->p[at] = byte;
		break;
	case 2:
		/* a length or a count, one off */
		b->p[at] = (uint8_t)(b->p[at] + (byte & 1 ? 1 : -1));
		break;
	case 3:
		insert(b, at, &byte, 1);
		break;
	case 4:
		n = run_of(m, b->n, &at);
		erase(b, at, n);
		break;
	case 5:
		b->n = at;
		break;
	case 6:
		duplicate(m, b);
		break;
	case 7:
		splice(m, b, other);
		break;
	default:
		t = mutator_below(m, sizeof(tokens) / sizeof(tokens[0]));
		insert(b, at, tokens[t].p, tokens[t].n);
	}
}

void
mutate(struct mutator *m, struct buf *b, struct span other)
{
	size_t times = 1 + mutator_below(m, 8);

	while (times-- > 0 && b->n > 0)
		break_once(m, b, other);
}

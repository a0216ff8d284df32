#include "tests/unit/samples.h"

#include <string.h>

/* Bytes a sample may borrow: more than the longest field the tests fill. */
#define LONGEST 2048

static const uint8_t *
letters(void)
{
	static uint8_t bytes[LONGEST + 1];

	if (bytes[0] == 0)
		for (size_t i = 0; i < LONGEST; i++)
			bytes[i] = (uint8_t)('a' + i % 26);
	return bytes;
}

static size_t
at_most(size_t limit)
{
	return limit < LONGEST ? limit : LONGEST;
}

static const char *
content_of(struct arena *a, size_t limit)
{
	char *s = arena_alloc(a, at_most(limit) + 1);

	return memcpy(s, letters(), at_most(limit));
}

static void *
hashes_of(struct arena *a, size_t n)
{
	return memset(arena_alloc(a, n * HASH_LEN), 0x5a, n * HASH_LEN);
}

#define FILL_VERSION(f, n) m->f = PROTOCOL_VERSION;
#define FILL_U32(f, n) m->f = UINT32_MAX;
#define FILL_U64(f, n) m->f = UINT64_MAX;
#define FILL_BOOL(f, n) m->f = true;
#define FILL_TEXT(f, n) memcpy(m->f, letters(), n);
#define FILL_NUMBER12(f, n) memcpy(m->f, "123456789018", n);
#define FILL_CONTENT(f, n) m->f = content_of(a, n);
#define FILL_TEXTS(f, n)                       \
	m->n_##f = TEXTS_MAX;                  \
	for (size_t i = 0; i < TEXTS_MAX; i++) \
		memcpy(m->f[i], letters(), n);
#define FILL_FIXED(f, n) memset(m->f, 0xa5, n);
#define FILL_FIXED0(f, n) memset(m->f, 0xa6, n);
#define FILL_BYTES(f, n) m->f = span_of(letters(), at_most(n));
#define FILL_HASHES(f, n) \
	m->n_##f = n;     \
	m->f = hashes_of(a, n);
#define FILL_MSG(f, type) sample_##type(&m->f, a);
#define FILL_MSG0(f, type) \
	m->has_##f = true; \
	sample_##type(&m->f, a);
#define FILL_MSGS(f, type)                              \
	m->n_##f = 2;                                   \
	m->f = arena_alloc(a, 2 * sizeof(struct type)); \
	sample_##type(&m->f[0], a);                     \
	sample_##type(&m->f[1], a);
#define FILL(kind, field, limit) FILL_##kind(field, limit)

#define SAMPLE_BODY(name, Generated, FIELDS)                            \
	void sample_##name(struct name *m, struct arena *a)             \
	{                                                               \
		memset(m, 0, sizeof(*m));                               \
		FIELDS(FILL)                                            \
	}                                                               \
	static void encode_##name(struct arena *a, struct buf *out)     \
	{                                                               \
		struct name m;                                          \
                                                                        \
		sample_##name(&m, a);                                   \
		name##_encode(&m, out);                                 \
	}                                                               \
	static enum err decode_##name(                                  \
	    struct span bytes, struct arena *a, void *m)                \
	{                                                               \
		return name##_decode(bytes, a, m);                      \
	}                                                               \
	static void encode_again_##name(const void *m, struct buf *out) \
	{                                                               \
		name##_encode(m, out);                                  \
	}
MESSAGE_TABLE(SAMPLE_BODY)

#define SAMPLE_ROW(name, Generated, FIELDS)                        \
	{#name, sizeof(struct name), encode_##name, decode_##name, \
	    encode_again_##name},
const struct sample samples[] = {MESSAGE_TABLE(SAMPLE_ROW)};
const size_t n_samples = sizeof(samples) / sizeof(samples[0]);

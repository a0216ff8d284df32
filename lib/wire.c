/*
 * The codec of every message in lib/messages.h. One engine walks the tables;
 * protobuf-c parses and packs. Generated names end here.
 */
#include <assert.h>
#include <string.h>

#include "lib/messages.h"
#include "lib/text.h"
#include "renkei.pb-c.h"

enum kind {
	KIND_VERSION,
	KIND_U32,
	KIND_U64,
	KIND_BOOL,
	KIND_TEXT,
	KIND_NUMBER12,
	KIND_CONTENT,
	KIND_TEXTS,
	KIND_FIXED,
	KIND_FIXED0,
	KIND_BYTES,
	KIND_HASHES,
	KIND_MSG,
	KIND_MSG0,
	KIND_MSGS
};

/* One field: where it is in our struct and in the generated one. */
struct rule {
	enum kind kind;
	uint32_t ours, ours_n; /* _n: the count, or has_ for KIND_MSG0 */
	uint32_t theirs, theirs_n;
	uint32_t limit;
	const struct plan *(*nested)(void);
};

/* One message. */
struct plan {
	const ProtobufCMessageDescriptor *theirs;
	const struct rule *rules;
	size_t n_rules, size;
};

/* S and G are our struct and the generated one, typedefs where these stand. */
#define ONE(field) .ours = offsetof(S, field), .theirs = offsetof(G, field)
#define MANY(field)                                   \
	ONE(field), .ours_n = offsetof(S, n_##field), \
		    .theirs_n = offsetof(G, n_##field)
#define RULE_VERSION(field, n) {.kind = KIND_VERSION, ONE(field)},
#define RULE_U32(field, n) {.kind = KIND_U32, ONE(field)},
#define RULE_U64(field, n) {.kind = KIND_U64, ONE(field)},
#define RULE_BOOL(field, n) {.kind = KIND_BOOL, ONE(field)},
#define RULE_TEXT(field, n) {.kind = KIND_TEXT, ONE(field), .limit = n},
#define RULE_NUMBER12(field, n) {.kind = KIND_NUMBER12, ONE(field), .limit = n},
#define RULE_CONTENT(field, n) {.kind = KIND_CONTENT, ONE(field), .limit = n},
#define RULE_TEXTS(field, n) {.kind = KIND_TEXTS, MANY(field), .limit = n},
#define RULE_FIXED(field, n) {.kind = KIND_FIXED, ONE(field), .limit = n},
#define RULE_FIXED0(field, n) {.kind = KIND_FIXED0, ONE(field), .limit = n},
#define RULE_BYTES(field, n) {.kind = KIND_BYTES, ONE(field), .limit = n},
#define RULE_HASHES(field, n) {.kind = KIND_HASHES, MANY(field), .limit = n},
#define RULE_MSG(field, type) \
	{.kind = KIND_MSG, ONE(field), .nested = plan_of_##type},
#define RULE_MSG0(field, type)                  \
	{.kind = KIND_MSG0,                     \
	    ONE(field),                         \
	    .ours_n = offsetof(S, has_##field), \
	    .nested = plan_of_##type},
#define RULE_MSGS(field, type) \
	{.kind = KIND_MSGS, MANY(field), .nested = plan_of_##type},
#define RULE(kind, field, limit) RULE_##kind(field, limit)

#define MESSAGE_PLAN(name, Generated, FIELDS)                      \
	static const struct plan *plan_of_##name(void)             \
	{                                                          \
		typedef struct name S;                             \
		typedef Renkei__V1__##Generated G;                 \
		static const struct rule rules[] = {FIELDS(RULE)}; \
		static const struct plan plan = {                  \
		    .theirs = &renkei__v1__##name##__descriptor,   \
		    .rules = rules,                                \
		    .n_rules = sizeof(rules) / sizeof(rules[0]),   \
		    .size = sizeof(S)};                            \
		return &plan;                                      \
	}
MESSAGE_TABLE(MESSAGE_PLAN)

/*
 * protobuf-c's memory, from an arena. Each piece has its length before it,
 * because the length of a string is lost otherwise and with it a NUL inside.
 */
#define PREFIX 16

struct pool {
	struct arena *arena;
	bool full;
};

static void *
pool_alloc(void *data, size_t n)
{
	struct pool *pool = data;
	uint8_t *p = n <= SIZE_MAX - PREFIX
			 ? arena_alloc_raw(pool->arena, n + PREFIX)
			 : NULL;

	if (p == NULL) {
		pool->full = true;
		return NULL;
	}
	memcpy(p, &n, sizeof(n));
	return p + PREFIX;
}

static void
pool_free(void *data, void *p)
{
	(void)data;
	(void)p;
}

/* The bytes of an unpacked string, with whatever NULs are in it. */
static struct span
string_span(const char *s)
{
	size_t n;

	/* what was not on the wire is a static empty string */
	if (s == NULL || s == (const char *)protobuf_c_empty_string)
		return span_of(NULL, 0);
	memcpy(&n, s - PREFIX, sizeof(n));
	return span_of(s, n - 1);
}

/* --- from the wire ------------------------------------------------------- */

static enum err message_read(const struct plan *p, const ProtobufCMessage *m,
    struct arena *a, uint8_t *out);

static enum err
text_read(const struct rule *r, const char *s, char *out)
{
	struct span text = string_span(s);
	enum err e = r->kind == KIND_NUMBER12
			 ? text_check_content(text, r->limit)
			 : text_check(text, r->limit);

	if (e == ERR_NONE && text.n > 0)
		memcpy(out, text.p, text.n + 1);
	return e;
}

static enum err
texts_read(const struct rule *r, char **list, size_t n, uint8_t *out)
{
	if (n > TEXTS_MAX)
		return ERR_TOO_LONG;
	for (size_t i = 0; i < n; i++) {
		enum err e = text_read(
		    r, list[i], (char *)out + r->ours + i * (r->limit + 1));

		if (e != ERR_NONE)
			return e;
	}
	memcpy(out + r->ours_n, &n, sizeof(n));
	return ERR_NONE;
}

static enum err
content_read(const struct rule *r, const char *s, uint8_t *out)
{
	struct span text = string_span(s);
	const char *content = text.n > 0 ? s : "";

	memcpy(out + r->ours, &content, sizeof(content));
	return text_check_content(text, r->limit);
}

static enum err
fixed_read(const struct rule *r, const ProtobufCBinaryData *b, uint8_t *out)
{
	if (b->len == 0 && r->kind == KIND_FIXED0)
		return ERR_NONE;
	if (b->len != r->limit)
		return b->len < r->limit ? ERR_TRUNCATED : ERR_TOO_LONG;
	memcpy(out + r->ours, b->data, r->limit);
	return ERR_NONE;
}

static enum err
bytes_read(const struct rule *r, const ProtobufCBinaryData *b, uint8_t *out)
{
	struct span s = {b->data, b->len};

	if (s.n > r->limit)
		return ERR_TOO_LONG;
	memcpy(out + r->ours, &s, sizeof(s));
	return ERR_NONE;
}

static enum err
hashes_read(const struct rule *r, const ProtobufCBinaryData *list, size_t n,
    struct arena *a, uint8_t *out)
{
	uint8_t(*hashes)[HASH_LEN];

	if (n > r->limit)
		return ERR_TOO_LONG;
	if (n == 0)
		return ERR_NONE;
	hashes = arena_alloc_raw(a, n * HASH_LEN);
	if (hashes == NULL)
		return ERR_TOO_LONG;
	for (size_t i = 0; i < n; i++) {
		if (list[i].len != HASH_LEN)
			return list[i].len < HASH_LEN ? ERR_TRUNCATED
						      : ERR_TOO_LONG;
		memcpy(hashes[i], list[i].data, HASH_LEN);
	}
	memcpy(out + r->ours, &hashes, sizeof(hashes));
	memcpy(out + r->ours_n, &n, sizeof(n));
	return ERR_NONE;
}

static enum err
inner_read(const struct rule *r, const ProtobufCMessage *m, struct arena *a,
    uint8_t *out)
{
	bool there = m != NULL;

	if (r->kind == KIND_MSG0)
		memcpy(out + r->ours_n, &there, sizeof(there));
	if (!there)
		return r->kind == KIND_MSG0 ? ERR_NONE : ERR_MALFORMED;
	return message_read(r->nested(), m, a, out + r->ours);
}

static enum err
inners_read(const struct rule *r, ProtobufCMessage *const *list, size_t n,
    struct arena *a, uint8_t *out)
{
	const struct plan *p = r->nested();
	uint8_t *inner;

	if (n == 0)
		return ERR_NONE;
	/* n is bounded by what protobuf-c could allocate for it already */
	inner = arena_alloc(a, n * p->size);
	if (inner == NULL)
		return ERR_TOO_LONG;
	for (size_t i = 0; i < n; i++) {
		enum err e = message_read(p, list[i], a, inner + i * p->size);

		if (e != ERR_NONE)
			return e;
	}
	memcpy(out + r->ours, &inner, sizeof(inner));
	memcpy(out + r->ours_n, &n, sizeof(n));
	return ERR_NONE;
}

static enum err
version_read(const struct rule *r, const void *field, uint8_t *out)
{
	const uint32_t *version = field;

	memcpy(out + r->ours, version, sizeof(*version));
	return *version == PROTOCOL_VERSION ? ERR_NONE : ERR_VERSION;
}

static enum err
field_read(
    const struct rule *r, const uint8_t *m, struct arena *a, uint8_t *out)
{
	const void *field = m + r->theirs;
	const void *const *pointer = field;
	size_t n = 0;

	if (r->theirs_n != 0)
		memcpy(&n, m + r->theirs_n, sizeof(n));
	switch (r->kind) {
	case KIND_VERSION:
		return version_read(r, field, out);
	case KIND_U32:
		memcpy(out + r->ours, field, sizeof(uint32_t));
		return ERR_NONE;
	case KIND_U64:
		memcpy(out + r->ours, field, sizeof(uint64_t));
		return ERR_NONE;
	case KIND_BOOL:
		*(bool *)(out + r->ours) = *(const protobuf_c_boolean *)field;
		return ERR_NONE;
	case KIND_TEXT:
	case KIND_NUMBER12:
		return text_read(r, *pointer, (char *)out + r->ours);
	case KIND_CONTENT:
		return content_read(r, *pointer, out);
	case KIND_TEXTS:
		return texts_read(r, *(char **const *)field, n, out);
	case KIND_FIXED:
	case KIND_FIXED0:
		return fixed_read(r, field, out);
	case KIND_BYTES:
		return bytes_read(r, field, out);
	case KIND_HASHES:
		return hashes_read(r, *pointer, n, a, out);
	case KIND_MSG:
	case KIND_MSG0:
		return inner_read(r, *pointer, a, out);
	case KIND_MSGS:
		return inners_read(
		    r, *(ProtobufCMessage *const *const *)field, n, a, out);
	}
	return ERR_INTERNAL;
}

static enum err
message_read(const struct plan *p, const ProtobufCMessage *m, struct arena *a,
    uint8_t *out)
{
	size_t i = 0;
	enum err e = ERR_NONE;

	assert(p->theirs->n_fields == p->n_rules);
	if (p->rules[0].kind == KIND_VERSION)
		e = field_read(&p->rules[i++], (const uint8_t *)m, a, out);
	if (e == ERR_NONE && m->n_unknown_fields > 0)
		e = ERR_UNKNOWN_FIELD;
	for (; i < p->n_rules && e == ERR_NONE; i++)
		e = field_read(&p->rules[i], (const uint8_t *)m, a, out);
	return e;
}

static enum err
message_decode(
    const struct plan *p, struct span bytes, struct arena *a, void *out)
{
	struct pool pool = {a, false};
	ProtobufCAllocator allocator = {pool_alloc, pool_free, &pool};
	ProtobufCMessage *m;
	enum err e;

	memset(out, 0, p->size);
	m = protobuf_c_message_unpack(p->theirs, &allocator, bytes.n, bytes.p);
	if (m == NULL)
		return pool.full ? ERR_TOO_LONG : ERR_MALFORMED;
	e = message_read(p, m, a, out);
	if (e != ERR_NONE)
		memset(out, 0, p->size);
	return e;
}

/* --- to the wire --------------------------------------------------------- */

static ProtobufCMessage *message_write(
    const struct plan *p, const uint8_t *m, struct arena *a);

/* Scratch memory for one encoding: what does not fit is our own mistake. */
static void *
scratch(struct arena *a, size_t n)
{
	void *p = arena_alloc_raw(a, n);

	assert(p != NULL);
	return p;
}

static char *
text_write(const struct rule *r, const char *s)
{
	assert(strnlen(s, r->limit + 1) <= r->limit);
	return (char *)s;
}

static bool
all_zero(const uint8_t *p, size_t n)
{
	return p[0] == 0 && memcmp(p, p + 1, n - 1) == 0;
}

static ProtobufCBinaryData
fixed_write(const struct rule *r, const uint8_t *p)
{
	if (r->kind == KIND_FIXED0 && all_zero(p, r->limit))
		return (ProtobufCBinaryData){0};
	return (ProtobufCBinaryData){r->limit, (uint8_t *)p};
}

static ProtobufCBinaryData
bytes_write(const struct rule *r, const void *field)
{
	const struct span *s = field;

	assert(s->n <= r->limit);
	return (ProtobufCBinaryData){s->n, (uint8_t *)s->p};
}

static char **
texts_write(const struct rule *r, const char *first, size_t n, struct arena *a)
{
	char **list = scratch(a, (n + 1) * sizeof(*list));

	assert(n <= TEXTS_MAX);
	for (size_t i = 0; i < n; i++)
		list[i] = text_write(r, first + i * (r->limit + 1));
	return list;
}

static ProtobufCBinaryData *
hashes_write(const struct rule *r, const uint8_t (*hashes)[HASH_LEN], size_t n,
    struct arena *a)
{
	ProtobufCBinaryData *list = scratch(a, (n + 1) * sizeof(*list));

	assert(n <= r->limit);
	for (size_t i = 0; i < n; i++)
		list[i] = (ProtobufCBinaryData){HASH_LEN, (uint8_t *)hashes[i]};
	return list;
}

static ProtobufCMessage **
inners_write(
    const struct plan *p, const uint8_t *first, size_t n, struct arena *a)
{
	ProtobufCMessage **list = scratch(a, (n + 1) * sizeof(*list));

	for (size_t i = 0; i < n; i++)
		list[i] = message_write(p, first + i * p->size, a);
	return list;
}

static uint32_t
version_write(const void *field)
{
	const uint32_t *version = field;

	return *version != 0 ? *version : PROTOCOL_VERSION;
}

/* Fields that are one value in the generated struct. */
static void
field_write(
    const struct rule *r, const uint8_t *m, void *field, struct arena *a)
{
	const void *ours = m + r->ours;
	const void *const *pointer = ours;
	bool there = true;

	switch (r->kind) {
	case KIND_VERSION:
		*(uint32_t *)field = version_write(ours);
		break;
	case KIND_U32:
		memcpy(field, ours, sizeof(uint32_t));
		break;
	case KIND_U64:
		memcpy(field, ours, sizeof(uint64_t));
		break;
	case KIND_BOOL:
		*(protobuf_c_boolean *)field = *(const bool *)ours;
		break;
	case KIND_TEXT:
	case KIND_NUMBER12:
		*(char **)field = text_write(r, ours);
		break;
	case KIND_CONTENT:
		if (*pointer != NULL)
			*(char **)field = text_write(r, *pointer);
		break;
	case KIND_FIXED:
	case KIND_FIXED0:
		*(ProtobufCBinaryData *)field = fixed_write(r, ours);
		break;
	case KIND_BYTES:
		*(ProtobufCBinaryData *)field = bytes_write(r, ours);
		break;
	case KIND_MSG0:
		memcpy(&there, m + r->ours_n, sizeof(there));
		/* fallthrough */
	case KIND_MSG:
		if (there)
			*(ProtobufCMessage **)field =
			    message_write(r->nested(), ours, a);
		break;
	default:
		assert(!"a list");
	}
}

/* Fields that are a count and a pointer there. */
static void
list_write(
    const struct rule *r, const uint8_t *m, uint8_t *out, struct arena *a)
{
	const void *ours = m + r->ours;
	const void *const *pointer = ours;
	void *list;
	size_t n;

	memcpy(&n, m + r->ours_n, sizeof(n));
	if (r->kind == KIND_TEXTS)
		list = texts_write(r, ours, n, a);
	else if (r->kind == KIND_HASHES)
		list = hashes_write(r, *pointer, n, a);
	else
		list = inners_write(r->nested(), *pointer, n, a);
	memcpy(out + r->theirs, &list, sizeof(list));
	memcpy(out + r->theirs_n, &n, sizeof(n));
}

static ProtobufCMessage *
message_write(const struct plan *p, const uint8_t *m, struct arena *a)
{
	ProtobufCMessage *out = scratch(a, p->theirs->sizeof_message);

	assert(p->theirs->n_fields == p->n_rules);
	protobuf_c_message_init(p->theirs, out);
	for (size_t i = 0; i < p->n_rules; i++) {
		const struct rule *r = &p->rules[i];

		if (r->theirs_n != 0)
			list_write(r, m, (uint8_t *)out, a);
		else
			field_write(r, m, (uint8_t *)out + r->theirs, a);
	}
	return out;
}

static void
message_encode(const struct plan *p, const void *m, struct buf *out)
{
	struct arena a = {.cap = 64u << 20};
	ProtobufCMessage *theirs = message_write(p, m, &a);
	size_t n = protobuf_c_message_get_packed_size(theirs);

	protobuf_c_message_pack(theirs, buf_grow(out, n));
	arena_wipe_free(&a);
}

#define MESSAGE_BODIES(name, Generated, FIELDS)                         \
	enum err name##_decode(                                         \
	    struct span bytes, struct arena *a, struct name *out)       \
	{                                                               \
		return message_decode(plan_of_##name(), bytes, a, out); \
	}                                                               \
	void name##_encode(const struct name *m, struct buf *out)       \
	{                                                               \
		message_encode(plan_of_##name(), m, out);               \
	}
MESSAGE_TABLE(MESSAGE_BODIES)

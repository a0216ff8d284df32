/* lib/messages.h: what the codec accepts, and everything it must refuse. */
#include <stdlib.h>
#include <string.h>

#include "lib/messages.h"
#include "tests/unit/samples.h"
#include "tests/unit/suite.h"

/* --- messages written by hand -------------------------------------------- */

static void
put_varint(struct buf *b, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		buf_add_u8(b, (uint8_t)(v | 0x80));
	buf_add_u8(b, (uint8_t)v);
}

static void
put_number(struct buf *b, unsigned field, uint64_t v)
{
	put_varint(b, field << 3);
	put_varint(b, v);
}

static void
put_bytes(struct buf *b, unsigned field, const void *p, size_t n)
{
	put_varint(b, field << 3 | 2);
	put_varint(b, n);
	buf_add(b, p, n);
}

/* A person reference inside, then whatever the test adds. */
static void
inquiry_begin(struct buf *b)
{
	static const uint8_t id[ID_LEN] = {1}, tag[HASH_LEN] = {2};

	put_number(b, 1, PROTOCOL_VERSION);
	put_bytes(b, 2, id, sizeof(id));
	put_bytes(b, 15, tag, sizeof(tag));
	put_bytes(b, 16, NULL, 0);
}

static enum err
inquiry_result(struct buf *b)
{
	static struct inquiry m, zero;
	struct arena a = {0};
	enum err e = inquiry_decode(buf_span(b), &a, &m);

	if (e != ERR_NONE)
		SUITE_BYTES(&m, &zero, sizeof(m));
	arena_wipe_free(&a);
	buf_free(b);
	return e;
}

static enum err
with_text(unsigned field, const void *p, size_t n)
{
	struct buf b = {0};

	inquiry_begin(&b);
	put_bytes(&b, field, p, n);
	return inquiry_result(&b);
}

/* --- tests --------------------------------------------------------------- */

static void
round_trip(void)
{
	for (size_t i = 0; i < n_samples; i++) {
		const struct sample *s = &samples[i];
		struct arena a = {0};
		struct buf once = {0}, twice = {0};
		void *m = xcalloc(1, s->size);

		s->encode(&a, &once);
		SUITE_ERR(s->decode(buf_span(&once), &a, m), ERR_NONE);
		s->encode_again(m, &twice);
		CU_ASSERT(span_equal(buf_span(&once), buf_span(&twice)));
		free(m);
		buf_free(&once);
		buf_free(&twice);
		arena_wipe_free(&a);
	}
}

static void
borrows_from_arena(void)
{
	struct arena a = {0};
	struct buf b = {0};
	struct envelope m, back;

	sample_envelope(&m, &a);
	envelope_encode(&m, &b);
	SUITE_ERR(envelope_decode(buf_span(&b), &a, &back), ERR_NONE);
	memset(b.p, 0, b.n);
	CU_ASSERT(span_equal(back.body, m.body));
	CU_ASSERT_EQUAL(back.n_path, 10);
	CU_ASSERT_STRING_EQUAL(back.signer, m.signer);
	buf_free(&b);
	arena_wipe_free(&a);
}

static void
truncated(void)
{
	for (size_t i = 0; i < n_samples; i++) {
		const struct sample *s = &samples[i];
		struct arena a = {0};
		struct buf b = {0};
		void *m = xcalloc(1, s->size);

		s->encode(&a, &b);
		/* where a field ends, a shorter message may be a lawful one */
		for (size_t n = b.n - 1; n + 40 > b.n && n > 0; n--)
			(void)s->decode(span_of(b.p, n), &a, m);
		SUITE_ERR(s->decode(span_of("\xff", 1), &a, m), ERR_MALFORMED);
		free(m);
		buf_free(&b);
		arena_wipe_free(&a);
	}
}

static void
plain_inquiry(void)
{
	struct buf b = {0};

	inquiry_begin(&b);
	SUITE_ERR(inquiry_result(&b), ERR_NONE);
	SUITE_ERR(with_text(3, "141003", 6), ERR_NONE);
	SUITE_ERR(with_text(3, "", 0), ERR_NONE);
}

static void
text_faults(void)
{
	char text[40];

	memset(text, 'a', sizeof(text));
	SUITE_ERR(with_text(3, text, PARTY_MAX), ERR_NONE);
	SUITE_ERR(with_text(3, text, PARTY_MAX + 1), ERR_TOO_LONG);
	SUITE_ERR(with_text(3, "a\0b", 3), ERR_NUL);
	SUITE_ERR(with_text(3, "a\0", 2), ERR_NUL);
	SUITE_ERR(with_text(3, "\0", 1), ERR_NUL);
	SUITE_ERR(with_text(3, "a\xff", 2), ERR_UTF8);
	SUITE_ERR(with_text(5, "123456789018", 12), ERR_TWELVE_DIGITS);
	SUITE_ERR(with_text(5, "1234 5678 9018", 14), ERR_TWELVE_DIGITS);
	SUITE_ERR(with_text(5, "1234567890189", 13), ERR_NONE);
}

static void
text_list_faults(void)
{
	struct buf b = {0};

	inquiry_begin(&b);
	for (int i = 0; i < TEXTS_MAX; i++)
		put_bytes(&b, 11, "x", 1);
	put_number(&b, 18, 5);
	SUITE_ERR(inquiry_result(&b), ERR_NONE);
	inquiry_begin(&b);
	for (int i = 0; i < TEXTS_MAX + 1; i++)
		put_bytes(&b, 11, "x", 1);
	SUITE_ERR(inquiry_result(&b), ERR_TOO_LONG);
	SUITE_ERR(with_text(11, "123456789018", 12), ERR_TWELVE_DIGITS);
	SUITE_ERR(with_text(11, "\xc0\xaf", 2), ERR_UTF8);
}

static void
fixed_faults(void)
{
	struct buf b = {0};
	uint8_t id[17] = {0};

	inquiry_begin(&b);
	put_bytes(&b, 2, id, 15);
	SUITE_ERR(inquiry_result(&b), ERR_TRUNCATED);
	inquiry_begin(&b);
	put_bytes(&b, 2, id, 17);
	SUITE_ERR(inquiry_result(&b), ERR_TOO_LONG);
	put_number(&b, 1, 1);
	put_bytes(&b, 16, NULL, 0);
	SUITE_ERR(inquiry_result(&b), ERR_TRUNCATED);
}

static void
fixed0_faults(void)
{
	static struct busy m;
	struct arena a = {0};
	struct buf b = {0};
	uint8_t id[16] = {9};

	put_number(&b, 2, 7);
	SUITE_ERR(busy_decode(buf_span(&b), &a, &m), ERR_NONE);
	CU_ASSERT_EQUAL(m.retry_ms, 7);
	put_bytes(&b, 1, id, 16);
	SUITE_ERR(busy_decode(buf_span(&b), &a, &m), ERR_NONE);
	SUITE_BYTES(m.exchange_id, id, 16);
	put_bytes(&b, 1, id, 12);
	SUITE_ERR(busy_decode(buf_span(&b), &a, &m), ERR_TRUNCATED);
	buf_free(&b);
	arena_wipe_free(&a);
}

static void
missing_inner(void)
{
	struct buf b = {0};
	uint8_t id[32] = {1};

	put_number(&b, 1, 1);
	put_bytes(&b, 2, id, 16);
	put_bytes(&b, 15, id, 32);
	SUITE_ERR(inquiry_result(&b), ERR_MALFORMED);
}

static void
unknown_fields(void)
{
	struct buf b = {0}, inner = {0};

	inquiry_begin(&b);
	put_number(&b, 99, 1);
	SUITE_ERR(inquiry_result(&b), ERR_UNKNOWN_FIELD);
	/* in a message inside */
	put_number(&inner, 9, 1);
	inquiry_begin(&b);
	put_bytes(&b, 16, inner.p, inner.n);
	SUITE_ERR(inquiry_result(&b), ERR_UNKNOWN_FIELD);
	buf_free(&inner);
}

static void
wrong_version(void)
{
	struct buf b = {0};

	inquiry_begin(&b);
	put_number(&b, 1, 2);
	put_number(&b, 99, 1);
	SUITE_ERR(inquiry_result(&b), ERR_VERSION);
	SUITE_ERR(inquiry_result(&b), ERR_VERSION);
}

static void
wrong_wire_type(void)
{
	struct buf b = {0};

	inquiry_begin(&b);
	put_number(&b, 3, 5);
	SUITE_ERR(inquiry_result(&b), ERR_MALFORMED);
	inquiry_begin(&b);
	put_bytes(&b, 18, "abc", 3);
	SUITE_ERR(inquiry_result(&b), ERR_MALFORMED);
}

static void
hash_lists(void)
{
	struct envelope m;
	struct arena a = {0};
	struct buf b = {0};
	uint8_t hash[33] = {7};

	put_bytes(&b, 4, hash, 16);
	put_bytes(&b, 8, hash, 32);
	SUITE_ERR(envelope_decode(buf_span(&b), &a, &m), ERR_NONE);
	CU_ASSERT_EQUAL(m.n_path, 1);
	SUITE_BYTES(m.path[0], hash, 32);
	put_bytes(&b, 8, hash, 31);
	SUITE_ERR(envelope_decode(buf_span(&b), &a, &m), ERR_TRUNCATED);
	b.n -= 33;
	put_bytes(&b, 8, hash, 33);
	SUITE_ERR(envelope_decode(buf_span(&b), &a, &m), ERR_TOO_LONG);
	b.n -= 35;
	for (int i = 0; i < 10; i++)
		put_bytes(&b, 8, hash, 32);
	SUITE_ERR(envelope_decode(buf_span(&b), &a, &m), ERR_TOO_LONG);
	CU_ASSERT_EQUAL(m.n_path, 0);
	buf_free(&b);
	arena_wipe_free(&a);
}

static void
my_number_field(void)
{
	struct acquisition_request m;
	struct arena a = {0};
	struct buf b = {0};
	uint8_t id[16] = {1};

	put_number(&b, 1, 1);
	put_bytes(&b, 2, id, 16);
	put_bytes(&b, 3, "123456789018", 12);
	SUITE_ERR(acquisition_request_decode(buf_span(&b), &a, &m), ERR_NONE);
	CU_ASSERT_STRING_EQUAL(m.my_number, "123456789018");
	put_bytes(&b, 3, "1234567890189", 13);
	SUITE_ERR(
	    acquisition_request_decode(buf_span(&b), &a, &m), ERR_TOO_LONG);
	buf_free(&b);
	arena_wipe_free(&a);
}

static void
payload_content(void)
{
	struct item m;
	struct arena a = {0};
	struct buf b = {0};

	put_bytes(&b, 4, "123456789018", 12);
	SUITE_ERR(item_decode(buf_span(&b), &a, &m), ERR_NONE);
	CU_ASSERT_STRING_EQUAL(m.content, "123456789018");
	put_bytes(&b, 4, "a\0b", 3);
	SUITE_ERR(item_decode(buf_span(&b), &a, &m), ERR_NUL);
	buf_reset(&b);
	SUITE_ERR(item_decode(buf_span(&b), &a, &m), ERR_NONE);
	CU_ASSERT_STRING_EQUAL(m.content, "");
	buf_free(&b);
	arena_wipe_free(&a);
}

static void
arena_cap(void)
{
	struct arena a = {.cap = 20000};
	struct provision_frame m;
	struct buf b = {0};

	m = (struct provision_frame){
	    .ciphertext = span_of(xcalloc(1, 30000), 30000)};
	provision_frame_encode(&m, &b);
	free((void *)m.ciphertext.p);
	SUITE_ERR(provision_frame_decode(buf_span(&b), &a, &m), ERR_TOO_LONG);
	CU_ASSERT(a.used <= 20000);
	a.cap = 0;
	SUITE_ERR(provision_frame_decode(buf_span(&b), &a, &m), ERR_NONE);
	buf_free(&b);
	arena_wipe_free(&a);
}

static void
many_small_members(void)
{
	static struct inquiry m;
	struct arena a = {.cap = 1 << 20};
	struct buf b = {0};

	inquiry_begin(&b);
	for (int i = 0; i < 32000; i++)
		put_bytes(&b, 11, NULL, 0);
	SUITE_ERR(inquiry_decode(buf_span(&b), &a, &m), ERR_TOO_LONG);
	CU_ASSERT(a.used <= 1 << 20);
	buf_free(&b);
	arena_wipe_free(&a);
}

static void
arena_memory(void)
{
	struct arena a = {.cap = 1000};
	uint8_t *p = arena_alloc(&a, 100), *q = arena_alloc(&a, 1);

	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	CU_ASSERT(q >= p + 100);
	CU_ASSERT_EQUAL((uintptr_t)q % 16, 0);
	CU_ASSERT_PTR_NULL(arena_alloc(&a, 900));
	CU_ASSERT_PTR_NULL(arena_alloc(&a, SIZE_MAX));
	CU_ASSERT_PTR_NOT_NULL(arena_alloc(&a, 800));
	memset(p, 0xff, 100);
	arena_reset(&a);
	p = arena_alloc(&a, 100);
	CU_ASSERT_EQUAL(p[0] | p[99], 0);
	arena_wipe_free(&a);
	CU_ASSERT_EQUAL(a.used, 0);
	arena_wipe_free(&a);
}

static const struct suite_case cases[] = {
    {"gives back every message as it was, at its limits", round_trip},
    {"borrows from the arena, not from the bytes read", borrows_from_arena},
    {"accepts the smallest inquiry", plain_inquiry},
    {"refuses text too long, with NUL, not UTF-8, of 12 digits", text_faults},
    {"refuses the same in a list, and a list too long", text_list_faults},
    {"refuses a fixed field of another length", fixed_faults},
    {"lets an optional fixed field be absent, not short", fixed0_faults},
    {"refuses a missing message inside", missing_inner},
    {"refuses unknown fields, inside too", unknown_fields},
    {"refuses another version before anything else", wrong_version},
    {"refuses a field of another wire type", wrong_wire_type},
    {"refuses hashes of another length, or too many", hash_lists},
    {"lets a My Number pass only where it is expected", my_number_field},
    {"lets a payload hold any digits, but no NUL", payload_content},
    {"survives every message cut short", truncated},
    {"stops at the arena's cap", arena_cap},
    {"bounds the memory of many small members", many_small_members},
    {"hands out aligned, zeroed, counted memory", arena_memory},
};

SUITE("wire", cases)

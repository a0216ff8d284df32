/* lib/bytes.h: spans and buffers. */
#include <string.h>

#include "lib/bytes.h"
#include "tests/unit/suite.h"

static void
big_endian(void)
{
	struct buf b = {0};

	buf_add_u8(&b, 1);
	buf_add_u16(&b, 0x0203);
	buf_add_u32(&b, 0x04050607);
	buf_add_u64(&b, 0x08090a0b0c0d0e0f);
	for (uint8_t i = 0; i < 15; i++)
		CU_ASSERT_EQUAL(b.p[i], i + 1);
	CU_ASSERT_EQUAL(b.n, 15);
	buf_free(&b);
}

static void
prefixed(void)
{
	struct buf b = {0};

	buf_add_lp(&b, "nenkin");
	buf_add_lp(&b, "");
	CU_ASSERT(span_equal(buf_span(&b), span_of("\x06nenkin\0", 8)));
	buf_free(&b);
}

static void
printing(void)
{
	struct buf b = {0};

	buf_printf(&b, "%s-%d", "a", 7);
	buf_printf(&b, "%0300d", 1);
	CU_ASSERT_EQUAL(b.n, 303);
	SUITE_BYTES(b.p, "a-70", 4);
	buf_reset(&b);
	CU_ASSERT_EQUAL(b.n, 0);
	CU_ASSERT(b.cap >= 303);
	buf_wipe_free(&b);
	buf_wipe_free(&b);
}

static void
spans(void)
{
	CU_ASSERT(span_equal(span_of(NULL, 0), span_str("")));
	CU_ASSERT_FALSE(span_equal(span_str("a"), span_str("b")));
	CU_ASSERT_FALSE(span_equal(span_str("a"), span_str("aa")));
}

static const struct suite_case cases[] = {
    {"writes numbers big-endian", big_endian},
    {"puts a length before text", prefixed},
    {"prints into a buffer and forgets", printing},
    {"compares spans", spans},
};

SUITE("bytes", cases)

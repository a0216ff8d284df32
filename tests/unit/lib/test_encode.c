/* lib/hex.h, lib/b64.h, lib/uuid.h: bytes as text and back. */
#include <stdlib.h>
#include <string.h>

#include "lib/b64.h"
#include "lib/clock.h"
#include "lib/hex.h"
#include "lib/uuid.h"
#include "tests/unit/suite.h"

static void
hex_both_ways(void)
{
	char text[9];
	uint8_t back[4];

	CU_ASSERT_STRING_EQUAL(
	    hex_encode(span_of("\x00\x9f\xa0\xff", 4), text), "009fa0ff");
	SUITE_ERR(hex_decode(span_str("009FA0ff"), back, 4), ERR_NONE);
	SUITE_BYTES(back, "\x00\x9f\xa0\xff", 4);
}

static void
hex_bad(void)
{
	uint8_t back[4];

	SUITE_ERR(hex_decode(span_str("009fa0f"), back, 4), ERR_MALFORMED);
	SUITE_ERR(hex_decode(span_str("009fa0ff0"), back, 4), ERR_MALFORMED);
	SUITE_ERR(hex_decode(span_str("009fa0fg"), back, 4), ERR_MALFORMED);
	SUITE_ERR(hex_decode(span_str(""), back, 4), ERR_MALFORMED);
	SUITE_ERR(hex_decode(span_str(""), back, 0), ERR_NONE);
}

/* RFC 4648, section 10. */
static const struct {
	const char *bytes, *text;
} vectors[] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};

static void
b64_vectors(void)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		struct buf b = {0}, back = {0};

		b64_encode(span_str(vectors[i].bytes), &b);
		CU_ASSERT(span_equal(buf_span(&b), span_str(vectors[i].text)));
		SUITE_ERR(b64_decode(buf_span(&b), &back), ERR_NONE);
		CU_ASSERT(
		    span_equal(buf_span(&back), span_str(vectors[i].bytes)));
		buf_free(&b);
		buf_free(&back);
	}
}

static void
b64_bad(void)
{
	static const char *const bad[] = {"Zg", "Zg=", "Zg===", "Z===", "=",
	    "====", "Zh==", "Zm9=", "Zm9v\n", " Zm9v", "Zm-v",
	    "Zg==Zg==", "Zm9vZ"};
	struct buf b = {0};

	buf_add(&b, "kept", 4);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		SUITE_ERR(b64_decode(span_str(bad[i]), &b), ERR_MALFORMED);
	SUITE_ERR(b64_decode(span_of("Zg\0=", 4), &b), ERR_MALFORMED);
	CU_ASSERT(span_equal(buf_span(&b), span_str("kept")));
	buf_free(&b);
}

static void
b64_url(void)
{
	struct buf b = {0}, back = {0};
	uint8_t fixed[2];

	b64url_encode(span_of("\xfb\xff", 2), &b);
	CU_ASSERT(span_equal(buf_span(&b), span_str("-_8")));
	SUITE_ERR(b64url_decode(buf_span(&b), &back), ERR_NONE);
	CU_ASSERT(span_equal(buf_span(&back), span_of("\xfb\xff", 2)));
	SUITE_ERR(b64url_decode(span_str("+/8"), &back), ERR_MALFORMED);
	SUITE_ERR(b64url_decode(span_str("-_8="), &back), ERR_MALFORMED);
	SUITE_ERR(b64_decode_fixed(span_str("+/8="), fixed, 2), ERR_NONE);
	SUITE_BYTES(fixed, "\xfb\xff", 2);
	SUITE_ERR(b64_decode_fixed(span_str("+/8="), fixed, 1), ERR_MALFORMED);
	buf_free(&b);
	buf_free(&back);
}

static void
uuid_of_now(void)
{
	uint8_t id[UUID_LEN];
	uint64_t before = clock_ms(), at;

	uuid_make_at(before, id);
	CU_ASSERT(uuid_is_v7(id));
	CU_ASSERT_EQUAL(uuid_ms(id), before);
	uuid_make(id);
	at = uuid_ms(id);
	CU_ASSERT(uuid_is_v7(id));
	CU_ASSERT(at >= before && at <= clock_ms() + 1);
}

static void
uuid_order(void)
{
	uint8_t last[UUID_LEN], id[UUID_LEN];

	uuid_make(last);
	for (int i = 0; i < 20000; i++) {
		uuid_make(id);
		CU_ASSERT_FATAL(memcmp(last, id, UUID_LEN) < 0);
		CU_ASSERT_FATAL(uuid_is_v7(id));
		memcpy(last, id, UUID_LEN);
	}
}

static void
uuid_as_text(void)
{
	/* RFC 9562, appendix A.6 */
	static const char text[] = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";
	uint8_t id[UUID_LEN];
	char back[UUID_TEXT_LEN];

	SUITE_ERR(uuid_parse(text, id), ERR_NONE);
	CU_ASSERT(uuid_is_v7(id));
	CU_ASSERT_EQUAL(uuid_ms(id), 0x017f22e279b0);
	CU_ASSERT_STRING_EQUAL(uuid_text(id, back), text);
	SUITE_ERR(uuid_parse("017f22e2-79b0-7cc3-98c4-dc0c0c07398", id),
	    ERR_MALFORMED);
	SUITE_ERR(uuid_parse("017f22e2 79b0-7cc3-98c4-dc0c0c07398f", id),
	    ERR_MALFORMED);
	SUITE_ERR(uuid_parse("017f22e2-79b0-7cc3-98c4-dc0c0c07398g", id),
	    ERR_MALFORMED);
}

static void
uuid_other(void)
{
	uint8_t id[UUID_LEN];

	SUITE_ERR(
	    uuid_parse("919108f7-52d1-4320-9bac-f847db4148a8", id), ERR_NONE);
	CU_ASSERT_FALSE(uuid_is_v7(id));
	SUITE_ERR(
	    uuid_parse("017f22e2-79b0-7cc3-c8c4-dc0c0c07398f", id), ERR_NONE);
	CU_ASSERT_FALSE(uuid_is_v7(id));
}

static const struct suite_case cases[] = {
    {"writes and reads hexadecimal", hex_both_ways},
    {"refuses hexadecimal of another length or alphabet", hex_bad},
    {"agrees with RFC 4648", b64_vectors},
    {"refuses every second spelling in base64", b64_bad},
    {"writes and reads the URL alphabet bare", b64_url},
    {"makes a version 7 of this instant", uuid_of_now},
    {"makes ids that rise within a millisecond", uuid_order},
    {"writes and reads 8-4-4-4-12", uuid_as_text},
    {"tells a version 7 from others", uuid_other},
};

SUITE("encode", cases)

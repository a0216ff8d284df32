/* lib/text.h: what may stand in a field, and the twelve-digit guard. */
#include <string.h>

#include "lib/text.h"
#include "tests/unit/suite.h"

static bool
guarded(const char *s)
{
	return text_has_twelve_digits(span_str(s));
}

static void
plain_run(void)
{
	CU_ASSERT(guarded("123456789018"));
	CU_ASSERT(guarded("番号は123456789018です"));
	CU_ASSERT(guarded("x123456789018y"));
}

static void
eleven_thirteen(void)
{
	CU_ASSERT_FALSE(guarded("12345678901"));
	CU_ASSERT_FALSE(guarded("1234567890123"));
	CU_ASSERT_FALSE(guarded("TM00000000000001"));
	CU_ASSERT_FALSE(guarded(""));
	CU_ASSERT_FALSE(guarded("令和8年11月23日"));
}

static void
full_width(void)
{
	CU_ASSERT(guarded("１２３４５６７８９０１８"));
	CU_ASSERT(guarded("１２３４56789018"));
	CU_ASSERT_FALSE(guarded("１２３４５６７８９０１"));
	CU_ASSERT_FALSE(guarded("１２３４５６７８９０１８３"));
}

static void
spaced(void)
{
	CU_ASSERT(guarded("1234 5678 9018"));
	CU_ASSERT(guarded("1234-5678-9018"));
	CU_ASSERT(guarded("１２３４　５６７８　９０１８"));
	CU_ASSERT(guarded("1234‐5678−9018"));
	CU_ASSERT(guarded("1 2 3 4 5 6 7 8 9 0 1 8"));
	CU_ASSERT(guarded("1234 - 5678 - 9018"));
	CU_ASSERT(guarded("1234ー5678ー9018"));
	CU_ASSERT(guarded(" 123456789018 "));
	CU_ASSERT(guarded("2024 123456789018"));
	CU_ASSERT_FALSE(guarded("1234 5678 901"));
	CU_ASSERT_FALSE(guarded("1234 5678 9018 3456"));
	CU_ASSERT_FALSE(guarded("2024-04-01 2025-03-31"));
	CU_ASSERT_FALSE(guarded("123456,789018"));
}

static void
broken_utf8_around(void)
{
	static const uint8_t bytes[] = "\xff\xef\xbc"
				       "123456789018";

	CU_ASSERT(text_has_twelve_digits(span_of(bytes, sizeof(bytes) - 1)));
}

static void
fields(void)
{
	SUITE_ERR(text_check(span_str("地方税関係情報"), 255), ERR_NONE);
	SUITE_ERR(text_check(span_str(""), 0), ERR_NONE);
	SUITE_ERR(text_check(span_of(NULL, 0), 10), ERR_NONE);
	SUITE_ERR(text_check(span_str("abcd"), 3), ERR_TOO_LONG);
	SUITE_ERR(text_check(span_of("a\0b", 3), 3), ERR_NUL);
	SUITE_ERR(text_check(span_str("123456789018"), 31), ERR_TWELVE_DIGITS);
	SUITE_ERR(text_check_content(span_str("123456789018"), 31), ERR_NONE);
}

static void
bad_utf8(void)
{
	static const char *const bad[] = {"\x80", /* a continuation alone */
	    "\xc0\xaf",				  /* overlong */
	    "\xed\xa0\x80",			  /* a surrogate */
	    "\xf4\x90\x80\x80",			  /* beyond U+10FFFF */
	    "\xe5\x9c",				  /* cut */
	    "ab\xff"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		SUITE_ERR(text_check(span_str(bad[i]), 31), ERR_UTF8);
}

static void
numbers(void)
{
	uint64_t v = 0;

	SUITE_ERR(text_to_u64("0", 10, &v), ERR_NONE);
	CU_ASSERT_EQUAL(v, 0);
	SUITE_ERR(
	    text_to_u64("18446744073709551615", UINT64_MAX, &v), ERR_NONE);
	CU_ASSERT_EQUAL(v, UINT64_MAX);
	SUITE_ERR(
	    text_to_u64("18446744073709551616", UINT64_MAX, &v), ERR_TOO_LONG);
	SUITE_ERR(text_to_u64("11", 10, &v), ERR_TOO_LONG);
	SUITE_ERR(text_to_u64("", 10, &v), ERR_MALFORMED);
	SUITE_ERR(text_to_u64("-1", 10, &v), ERR_MALFORMED);
	SUITE_ERR(text_to_u64("+1", 10, &v), ERR_MALFORMED);
	SUITE_ERR(text_to_u64(" 1", 10, &v), ERR_MALFORMED);
	SUITE_ERR(text_to_u64("01", 10, &v), ERR_MALFORMED);
	SUITE_ERR(text_to_u64("1x", 10, &v), ERR_MALFORMED);
}

static void
cutting(void)
{
	char out[8];

	text_cut(out, sizeof(out), span_str("地方税"));
	CU_ASSERT_STRING_EQUAL(out, "地方");
	text_cut(out, sizeof(out), span_str("abcdefghi"));
	CU_ASSERT_STRING_EQUAL(out, "abcdefg");
	text_cut(out, sizeof(out), span_str("abc"));
	CU_ASSERT_STRING_EQUAL(out, "abc");
	text_cut(out, 1, span_str("abc"));
	CU_ASSERT_STRING_EQUAL(out, "");
}

static void
cleaning(void)
{
	char out[32];

	text_clean(span_str("a\nb\x1b[31mc\xff"), out, sizeof(out));
	CU_ASSERT_STRING_EQUAL(out, "a?b?[31mc?");
	text_clean(span_str("a\xe2\x80\xa8"), out, sizeof(out));
	CU_ASSERT_STRING_EQUAL(out, "a?");
	text_clean(span_str("地方税地方税"), out, 8);
	CU_ASSERT_STRING_EQUAL(out, "地方");
}

static void
folding(void)
{
	struct buf b = {0};
	struct span trimmed = text_trim(span_str(" \t a b \t"));

	SUITE_ERR(text_fold(span_str("Ａ１ｶﾞ"), &b), ERR_NONE);
	CU_ASSERT(span_equal(buf_span(&b), span_str("A1ガ")));
	SUITE_ERR(text_fold(span_str("\xff"), &b), ERR_UTF8);
	buf_free(&b);
	CU_ASSERT(span_equal(trimmed, span_str("a b")));
	CU_ASSERT_EQUAL(text_width("年金ab"), 6);
}

static const struct suite_case cases[] = {
    {"refuses twelve digits in a row", plain_run},
    {"lets eleven and thirteen digits pass", eleven_thirteen},
    {"refuses twelve full-width digits, mixed ones too", full_width},
    {"refuses twelve digits with spaces or hyphens between", spaced},
    {"finds twelve digits beside broken UTF-8", broken_utf8_around},
    {"looks for length, NUL, UTF-8 and digits in a field", fields},
    {"refuses what is not UTF-8", bad_utf8},
    {"reads decimal numbers strictly", numbers},
    {"cuts between characters", cutting},
    {"cleans text for an operator's eyes", cleaning},
    {"folds, trims and measures", folding},
};

SUITE("text", cases)

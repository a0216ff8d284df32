/* lib/frame.h: the outermost layer of every message. */
#include <stdlib.h>
#include <string.h>

#include "lib/frame.h"
#include "tests/unit/suite.h"

static enum err
opened(struct span bytes)
{
	struct arena a = {0};
	struct frame f;
	enum err e = frame_open(bytes, &a, &f);

	arena_wipe_free(&a);
	return e;
}

/* What frame_wrap would not make: any version, kind and size. */
static enum err
made(uint32_t version, uint32_t kind, size_t size)
{
	struct buf b = {0};
	uint8_t *body = xcalloc(1, size);
	struct frame f = {
	    .version = version, .kind = kind, .body = span_of(body, size)};
	enum err e;

	frame_encode(&f, &b);
	e = opened(buf_span(&b));
	buf_free(&b);
	free(body);
	return e;
}

static void
wrap_and_open(void)
{
	struct arena a = {0};
	struct buf b = {0};
	struct frame f;

	frame_wrap(FRAME_INQUIRY, span_str("body"), &b);
	SUITE_ERR(frame_open(buf_span(&b), &a, &f), ERR_NONE);
	CU_ASSERT_EQUAL(f.kind, FRAME_INQUIRY);
	CU_ASSERT(span_equal(f.body, span_str("body")));
	buf_free(&b);
	arena_wipe_free(&a);
}

static void
other_version(void)
{
	SUITE_ERR(made(2, FRAME_HELLO, 4), ERR_VERSION);
	SUITE_ERR(opened(span_of(NULL, 0)), ERR_VERSION);
}

static void
unknown_kind(void)
{
	SUITE_ERR(made(1, 0, 4), ERR_MALFORMED);
	SUITE_ERR(made(1, 9, 4), ERR_MALFORMED);
	SUITE_ERR(made(1, UINT32_MAX, 4), ERR_MALFORMED);
}

static void
sizes(void)
{
	SUITE_ERR(made(1, FRAME_PERMIT, FRAME_MAX - 8), ERR_NONE);
	SUITE_ERR(made(1, FRAME_PERMIT, FRAME_MAX), ERR_TOO_LONG);
	SUITE_ERR(made(1, FRAME_INQUIRY, INQUIRY_MAX - 8), ERR_NONE);
	SUITE_ERR(made(1, FRAME_INQUIRY, INQUIRY_MAX), ERR_TOO_LONG);
	SUITE_ERR(made(1, FRAME_RECEIPT, SLIP_MAX - 8), ERR_NONE);
	SUITE_ERR(made(1, FRAME_RECEIPT, SLIP_MAX), ERR_TOO_LONG);
	SUITE_ERR(made(1, FRAME_HELLO, SMALL_MAX), ERR_TOO_LONG);
	SUITE_ERR(made(1, FRAME_PROVISION, FRAME_MAX), ERR_NONE);
	SUITE_ERR(made(1, FRAME_ANSWER, PROVISION_FRAME_MAX - 8), ERR_NONE);
	SUITE_ERR(made(1, FRAME_PROVISION, PROVISION_FRAME_MAX), ERR_TOO_LONG);
}

static void
garbage(void)
{
	SUITE_ERR(opened(span_str("GET / HTTP/1.1\r\n\r\n")), ERR_MALFORMED);
	SUITE_ERR(
	    opened(span_of("\x08\x01\x10\x0a\x1a\x7f", 6)), ERR_MALFORMED);
	SUITE_ERR(
	    opened(span_of("\x08\x01\x10\x0a\x20\x01", 6)), ERR_UNKNOWN_FIELD);
}

static void
names(void)
{
	CU_ASSERT_STRING_EQUAL(frame_name(FRAME_CODE_NOTICE), "CODE_NOTICE");
	CU_ASSERT_STRING_EQUAL(frame_name(3), "?");
}

static const struct suite_case cases[] = {
    {"opens what it wrapped", wrap_and_open},
    {"refuses another version", other_version},
    {"refuses a kind that is none", unknown_kind},
    {"refuses more bytes than the kind may have", sizes},
    {"refuses bytes that are no frame", garbage},
    {"names the kinds", names},
};

SUITE("frame", cases)

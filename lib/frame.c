#include "lib/frame.h"

#include <assert.h>

/* The most bytes of a frame of this kind; 0 for one that is none. */
static size_t
kind_limit(uint32_t kind)
{
	switch (kind) {
#define FRAME_CASE(name, number, most, what) \
	case number:                         \
		return most;
		FRAME_TABLE(FRAME_CASE)
#undef FRAME_CASE
	default:
		return 0;
	}
}

const char *
frame_name(uint32_t kind)
{
	switch (kind) {
#define FRAME_CASE(name, number, most, what) \
	case number:                         \
		return &#name[sizeof("FRAME_") - 1];
		FRAME_TABLE(FRAME_CASE)
#undef FRAME_CASE
	default:
		return "?";
	}
}

void
frame_wrap(enum frame_kind kind, struct span body, struct buf *out)
{
	struct frame f = {
	    .version = PROTOCOL_VERSION, .kind = kind, .body = body};
	size_t before = out->n;

	frame_encode(&f, out);
	assert(out->n - before <= kind_limit(kind));
}

enum err
frame_open(struct span bytes, struct arena *a, struct frame *out)
{
	enum err e;

	*out = (struct frame){0};
	if (bytes.n > PROVISION_FRAME_MAX)
		return ERR_TOO_LONG;
	e = frame_decode(bytes, a, out);
	if (e == ERR_NONE && kind_limit(out->kind) == 0)
		e = ERR_MALFORMED;
	if (e == ERR_NONE && bytes.n > kind_limit(out->kind))
		e = ERR_TOO_LONG;
	if (e != ERR_NONE)
		*out = (struct frame){0};
	return e;
}

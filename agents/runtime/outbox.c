#include "agents/runtime/outbox.h"

#include <stdlib.h>
#include <string.h>

#include "lib/envelope.h"
#include "lib/oplog.h"

struct queued {
	const char *type;
	struct buf body;
	outbox_done *done;
	void *ctx;
};

struct outbox {
	struct agency *agency;
	struct queued *item;
	size_t n, cap;
};

struct outbox *
outbox_new(struct agency *a)
{
	struct outbox *o = xcalloc(1, sizeof(*o));

	o->agency = a;
	return o;
}

void
outbox_free(struct outbox *o)
{
	if (o == NULL)
		return;
	for (size_t i = 0; i < o->n; i++)
		buf_free(&o->item[i].body);
	free(o->item);
	free(o);
}

void
outbox_add(struct outbox *o, const char *type, struct buf *body,
    outbox_done *done, void *ctx)
{
	if (o->n == o->cap) {
		o->cap = o->cap > 0 ? 2 * o->cap : 64;
		o->item = xrealloc(o->item, o->cap * sizeof(*o->item));
	}
	o->item[o->n++] = (struct queued){
	    .type = type, .body = *body, .done = done, .ctx = ctx};
	*body = (struct buf){0};
}

/* Sign up to a batch from the front and hand the envelopes out. */
static void
batch_sign(const struct agency *a, struct queued *items, size_t n)
{
	static struct envelope_item in[ENVELOPE_BATCH_MAX];
	static struct buf out[ENVELOPE_BATCH_MAX];
	enum err e;

	for (size_t i = 0; i < n; i++) {
		in[i].type = items[i].type;
		in[i].body = buf_span(&items[i].body);
		out[i] = (struct buf){0};
	}
	e = envelope_sign(a->sign, a->code, in, n, out);
	if (e != ERR_NONE)
		oplog(OPLOG_ERROR, "sign-failed", LOG_TEXT("agency", a->code),
		    LOG_ERR(e));
	for (size_t i = 0; i < n; i++) {
		items[i].done(items[i].ctx, &out[i], e);
		buf_free(&out[i]);
		buf_free(&items[i].body);
	}
}

void
outbox_flush(struct outbox *o)
{
	/* `done` may queue more: work on a list of its own */
	struct queued *items = o->item;
	size_t n = o->n;

	if (n == 0)
		return;
	o->item = NULL;
	o->n = o->cap = 0;
	for (size_t at = 0; at < n; at += ENVELOPE_BATCH_MAX)
		batch_sign(o->agency, items + at,
		    n - at < ENVELOPE_BATCH_MAX ? n - at : ENVELOPE_BATCH_MAX);
	free(items);
}

#include "agents/runtime/link.h"

#include <stdlib.h>
#include <string.h>

#include "agents/runtime/acquire.h"
#include "agents/runtime/api.h"
#include "agents/runtime/ask.h"
#include "agents/runtime/outbox.h"
#include "agents/runtime/provide.h"
#include "agents/runtime/sequence.h"
#include "lib/clock.h"
#include "lib/oplog.h"

#define GREET_AGAIN_MS 5000
#define GREET_SOON_MS 1100 /* the broker then takes what we lost for lost */
#define MAINTAIN_MS 1000
#define BURST 64 /* messages taken from one socket in a turn */

enum err
link_open(struct host *h)
{
	const char *broker = config_text(h->conf, "host", 0, "broker");
	const char *registrar = config_text(h->conf, "host", 0, "registrar");
	enum err e = ERR_NONE;

	for (size_t i = 0; e == ERR_NONE && i < h->n_agencies; i++) {
		struct agency *a = h->agency[i];

		e = zsock_dial(
		    h->net, broker, &a->curve, h->broker_key, NULL, &a->broker);
		if (e == ERR_NONE && registrar != NULL)
			e = zsock_dial(h->net, registrar, &a->curve,
			    h->registrar_key, NULL, &a->registrar);
	}
	return e;
}

static enum err
frame_send(struct zsock *z, enum frame_kind kind, struct span body)
{
	struct buf frame = {0};

	frame_wrap(kind, body, &frame);
	return zsock_send_take(z, 0, &frame);
}

enum err
link_send(struct agency *a, enum frame_kind kind, struct span body)
{
	if (a->state != LINE_UP)
		return ERR_OFFLINE;
	return frame_send(a->broker, kind, body);
}

enum err
link_send_registrar(struct agency *a, enum frame_kind kind, struct span body)
{
	if (a->registrar_state != LINE_UP)
		return ERR_OFFLINE;
	return frame_send(a->registrar, kind, body);
}

void
link_greet(struct agency *a)
{
	struct hello hello = {.version = PROTOCOL_VERSION,
	    .software = "renkei-agent",
	    .role = PARTY_AGENCY};
	struct buf body = {0};

	held_line_start(&a->host->held, &a->line);
	hello.held_size = a->line.size;
	hello_encode(&hello, &body);
	a->state = LINE_GREETING;
	a->greeted_ms = clock_mono_ms();
	frame_send(a->broker, FRAME_HELLO, buf_span(&body));
	buf_free(&body);
}

static enum err
hello_reply_handle(struct agency *a, struct span body)
{
	struct hello_reply r;
	struct checkpoint at;
	enum err e = hello_reply_decode(body, &a->host->arena, &r);

	if (e != ERR_NONE)
		return e;
	if (strcmp(r.party, a->code) != 0)
		return ERR_SIGNER;
	if (r.checkpoint.n > 0)
		e = held_advance(&a->host->held, &a->line, r.checkpoint,
		    r.consistent_from,
		    (const uint8_t(*)[HASH_LEN])r.consistency, r.n_consistency,
		    &at);
	if (e != ERR_NONE)
		return e;
	if (law_find(&a->host->law, r.policy_hash) == NULL)
		oplog(OPLOG_WARN, "policy-differs", LOG_TEXT("agency", a->code),
		    LOG_NUMBER("broker", r.policy_version),
		    LOG_NUMBER(
			"ours", policy_version(law_newest(&a->host->law))));
	if (a->state == LINE_GREETING) {
		a->state = LINE_UP;
		oplog(OPLOG_INFO, "broker-connected",
		    LOG_TEXT("agency", a->code),
		    LOG_NUMBER("log_size", a->line.size));
		ask_resume(a);
	}
	return ERR_NONE;
}

/* Who takes which frame. */
static const struct frame_handler {
	enum frame_kind kind;
	enum err (*handle)(struct agency *a, struct span body);
} handlers[] = {
    {FRAME_HELLO_REPLY, hello_reply_handle},
    {FRAME_PERMIT, provide_permit},
    {FRAME_SETTLED, provide_settled},
    {FRAME_ANSWER, ask_answer},
    {FRAME_REFUSAL, ask_refusal},
    {FRAME_NOTICE, ask_notice},
    {FRAME_BUSY, ask_busy},
    {FRAME_CODE_NOTICE, acquire_notice},
};

static const struct frame_handler registrar_handlers[] = {
    {FRAME_ACQUISITION_REPLY, acquire_reply},
};

static enum err
frame_handle(struct agency *a, const struct frame_handler *table, size_t n,
    struct span bytes)
{
	struct frame f;
	enum err e;

	arena_reset(&a->host->arena);
	e = frame_open(bytes, &a->host->arena, &f);
	if (e != ERR_NONE)
		return e;
	for (size_t i = 0; i < n; i++)
		if (table[i].kind == f.kind)
			return table[i].handle(a, f.body);
	return ERR_MALFORMED;
}

/* A frame we cannot use changes nothing but a counter and a line. */
static void
frame_refused(struct agency *a, const char *peer, enum err e)
{
	a->counters[COUNT_BAD_FRAMES]++;
	oplog(OPLOG_WARN, "frame-refused", LOG_TEXT("agency", a->code),
	    LOG_TEXT("peer", peer), LOG_ERR(e));
	if (e == ERR_FORK)
		oplog(OPLOG_ERROR, "log-forked", LOG_TEXT("agency", a->code));
}

/* We and the broker differ in what we hold of the log: hello again. */
void
link_greet_soon(struct agency *a)
{
	if (a->state != LINE_UP)
		return;
	a->state = LINE_GREETING;
	a->greeted_ms = clock_mono_ms() - GREET_AGAIN_MS + GREET_SOON_MS;
}

static void
broker_event(struct agency *a)
{
	switch (zsock_event(a->broker)) {
	case ZEVENT_UP:
		link_greet(a);
		break;
	case ZEVENT_DOWN:
		a->state = LINE_DOWN;
		oplog(OPLOG_WARN, "broker-lost", LOG_TEXT("agency", a->code));
		break;
	case ZEVENT_REJECTED:
		oplog(OPLOG_ERROR, "broker-rejects-key",
		    LOG_TEXT("agency", a->code));
		break;
	case ZEVENT_NONE:
		break;
	}
}

static void
broker_read(struct agency *a, struct zmsg *m)
{
	for (int i = 0; i < BURST; i++) {
		enum err e = zsock_recv(a->broker, m);

		if (e == ERR_TIMEOUT)
			return;
		if (e == ERR_NONE)
			e = frame_handle(a, handlers,
			    sizeof(handlers) / sizeof(handlers[0]),
			    zmsg_span(m));
		if (e != ERR_NONE)
			frame_refused(a, "broker", e);
		if (e == ERR_PROOF)
			link_greet_soon(a);
	}
}

static void
registrar_event(struct agency *a)
{
	switch (zsock_event(a->registrar)) {
	case ZEVENT_UP:
		a->registrar_state = LINE_UP;
		acquire_resume(a);
		break;
	case ZEVENT_DOWN:
		a->registrar_state = LINE_DOWN;
		break;
	case ZEVENT_REJECTED:
		oplog(OPLOG_ERROR, "registrar-rejects-key",
		    LOG_TEXT("agency", a->code));
		break;
	case ZEVENT_NONE:
		break;
	}
}

static void
registrar_read(struct agency *a, struct zmsg *m)
{
	for (int i = 0; i < BURST; i++) {
		enum err e = zsock_recv(a->registrar, m);

		if (e == ERR_TIMEOUT)
			return;
		if (e == ERR_NONE)
			e = frame_handle(a, registrar_handlers,
			    sizeof(registrar_handlers) /
				sizeof(registrar_handlers[0]),
			    zmsg_span(m));
		if (e != ERR_NONE)
			frame_refused(a, "registrar", e);
	}
}

/* Once a second: what must be tried again, saved or forgotten. */
static void
maintain(struct host *h)
{
	uint64_t now = clock_mono_ms();

	if (now - h->maintained_ms < MAINTAIN_MS)
		return;
	h->maintained_ms = now;
	for (size_t i = 0; i < h->n_agencies; i++) {
		struct agency *a = h->agency[i];

		if (a->state == LINE_GREETING &&
		    now - a->greeted_ms > GREET_AGAIN_MS)
			link_greet(a);
	}
	provide_maintain(h);
	acquire_maintain(h);
	checkpoint_save(h);
}

/* Room for two sockets an agency, the store, and the local API's own. */
static size_t
items_fill(struct host *h, struct zpoll **items)
{
	static struct zpoll *room;
	static size_t cap;
	size_t need = 2 * h->n_agencies + 1 + api_descriptors(h, NULL), n = 0;

	if (need > cap) {
		cap = need;
		room = xrealloc(room, cap * sizeof(*room));
	}
	for (size_t i = 0; i < h->n_agencies; i++) {
		room[n++] = (struct zpoll){.socket = h->agency[i]->broker};
		if (h->agency[i]->registrar != NULL)
			room[n++] =
			    (struct zpoll){.socket = h->agency[i]->registrar};
	}
	room[n++] = (struct zpoll){.fd = store_fd(h->store)};
	n += api_descriptors(h, room + n);
	*items = room;
	return n;
}

/* Touch only what is ready: each look at a socket is a system call. */
static void
agency_turn(struct agency *a, const struct zpoll **item, struct zmsg *m)
{
	if ((*item)++->ready) {
		broker_event(a);
		broker_read(a, m);
	}
	if (a->registrar != NULL && (*item)++->ready) {
		registrar_event(a);
		registrar_read(a, m);
	}
}

void
link_turn(struct host *h, int timeout_ms)
{
	struct zpoll *items;
	struct zmsg m = {0};
	size_t n = items_fill(h, &items);
	const struct zpoll *item = items;
	uint64_t now = clock_mono_ms();

	if (h->again_ms != 0 && h->again_ms < now + (uint64_t)timeout_ms)
		timeout_ms = h->again_ms > now ? (int)(h->again_ms - now) : 0;
	zsock_poll(items, n, timeout_ms);
	for (size_t i = 0; i < h->n_agencies; i++)
		agency_turn(h->agency[i], &item, &m);
	zmsg_close(&m);
	store_run(h->store);
	api_turn(h);
	ask_maintain(h);
	maintain(h);
	for (size_t i = 0; i < h->n_agencies; i++)
		outbox_flush(h->agency[i]->outbox);
}

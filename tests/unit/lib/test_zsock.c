/* lib/zsock.h: real sockets on loopback, honest peers and hostile ones. */
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/zsock.h"
#include "tests/unit/suite.h"

#define WAIT_MS 5000

/* One server, the parties it knows, and a dialler of each. */
struct pair {
	struct secret secret;
	uint8_t public[CURVE_KEY_LEN];
};
static struct world {
	struct znet *net;
	struct zsock *server;
	struct pair host, known, stranger;
	_Atomic unsigned strangers; /* the ZAP thread counts them */
} w;

static bool
who(void *arg, const uint8_t key[static CURVE_KEY_LEN], char *party)
{
	struct world *world = arg;

	if (memcmp(key, world->known.public, CURVE_KEY_LEN) == 0) {
		strcpy(party, "141003");
		return true;
	}
	world->strangers++;
	return false;
}

static void
pair_make(struct pair *p)
{
	curve_make(&p->secret, p->public);
}

static void
world_open(const struct zlimits *limits)
{
	w = (struct world){0};
	pair_make(&w.host);
	pair_make(&w.known);
	pair_make(&w.stranger);
	w.net = znet_new(who, &w);
	SUITE_ERR(zsock_serve(w.net, "tcp://127.0.0.1:*", &w.host.secret,
		      limits, &w.server),
	    ERR_NONE);
}

static void
world_close(void)
{
	zsock_close(w.server);
	znet_free(w.net);
	secret_free(&w.host.secret);
	secret_free(&w.known.secret);
	secret_free(&w.stranger.secret);
}

static struct zsock *
dial(const struct pair *self, const uint8_t *server)
{
	struct zsock *z;
	struct zlimits l = {.handshake_ms = 300};

	SUITE_ERR(zsock_dial(w.net, zsock_endpoint(w.server), &self->secret,
		      server, &l, &z),
	    ERR_NONE);
	return z;
}

static enum zevent
event_wait(struct zsock *z, int timeout_ms)
{
	uint64_t end = clock_mono_ms() + (uint64_t)timeout_ms;
	enum zevent e;

	while ((e = zsock_event(z)) == ZEVENT_NONE && clock_mono_ms() < end) {
		struct zpoll p = {.socket = z};

		zsock_poll(&p, 1, 20);
	}
	return e;
}

static enum err
recv_wait(struct zsock *z, struct zmsg *m, int timeout_ms)
{
	uint64_t end = clock_mono_ms() + (uint64_t)timeout_ms;
	enum err e;

	while ((e = zsock_recv(z, m)) == ERR_TIMEOUT && clock_mono_ms() < end) {
		struct zpoll p = {.socket = z};

		zsock_poll(&p, 1, 20);
	}
	return e;
}

/* A libzmq socket with options of its own, as a hostile party would use. */
static void *
raw_dealer(const struct pair *self, void *context)
{
	void *s = zmq_socket(context, ZMQ_DEALER);
	int zero = 0;

	zmq_setsockopt(s, ZMQ_LINGER, &zero, sizeof(zero));
	if (self == NULL)
		return s;
	zmq_setsockopt(s, ZMQ_CURVE_SERVERKEY, w.host.public, CURVE_KEY_LEN);
	zmq_setsockopt(s, ZMQ_CURVE_PUBLICKEY, self->public, CURVE_KEY_LEN);
	zmq_setsockopt(s, ZMQ_CURVE_SECRETKEY, self->secret.p, CURVE_KEY_LEN);
	return s;
}

/* --- tests ---------------------------------------------------------------- */

static void
there_and_back(void)
{
	struct zsock *z;
	struct zmsg m = {0};
	struct buf b = {0};

	world_open(NULL);
	z = dial(&w.known, w.host.public);
	CU_ASSERT_EQUAL(event_wait(z, WAIT_MS), ZEVENT_UP);
	SUITE_ERR(zsock_send(z, 0, span_str("question")), ERR_NONE);
	SUITE_ERR(recv_wait(w.server, &m, WAIT_MS), ERR_NONE);
	CU_ASSERT(span_equal(zmsg_span(&m), span_str("question")));
	CU_ASSERT_STRING_EQUAL(m.party, "141003");
	buf_add(&b, "answer", 6);
	SUITE_ERR(zsock_send_take(w.server, m.route, &b), ERR_NONE);
	CU_ASSERT_PTR_NULL(b.p);
	SUITE_ERR(recv_wait(z, &m, WAIT_MS), ERR_NONE);
	CU_ASSERT(span_equal(zmsg_span(&m), span_str("answer")));
	CU_ASSERT_STRING_EQUAL(m.party, "");
	SUITE_ERR(zsock_recv(z, &m), ERR_TIMEOUT);
	zmsg_close(&m);
	zsock_close(z);
	world_close();
}

static void
stranger(void)
{
	struct zsock *z;
	struct zmsg m = {0};

	world_open(NULL);
	z = dial(&w.stranger, w.host.public);
	CU_ASSERT_EQUAL(event_wait(z, WAIT_MS), ZEVENT_REJECTED);
	SUITE_ERR(zsock_send(z, 0, span_str("x")), ERR_OFFLINE);
	SUITE_ERR(recv_wait(w.server, &m, 100), ERR_TIMEOUT);
	CU_ASSERT(w.strangers > 0);
	zmsg_close(&m);
	zsock_close(z);
	world_close();
}

static void
wrong_server(void)
{
	struct zsock *z;

	world_open(NULL);
	z = dial(&w.known, w.stranger.public);
	CU_ASSERT_NOT_EQUAL(event_wait(z, 700), ZEVENT_UP);
	SUITE_ERR(zsock_send(z, 0, span_str("x")), ERR_OFFLINE);
	zsock_close(z);
	world_close();
}

static void
without_curve(void)
{
	struct zmsg m = {0};
	void *context = zmq_ctx_new(), *s;

	world_open(NULL);
	s = raw_dealer(NULL, context);
	zmq_connect(s, zsock_endpoint(w.server));
	zmq_send(s, "x", 1, ZMQ_DONTWAIT);
	SUITE_ERR(recv_wait(w.server, &m, 300), ERR_TIMEOUT);
	zmsg_close(&m);
	zmq_close(s);
	zmq_ctx_term(context);
	world_close();
}

static void
several_frames(void)
{
	struct zmsg m = {0};
	void *context = zmq_ctx_new(), *s;

	world_open(NULL);
	s = raw_dealer(&w.known, context);
	zmq_connect(s, zsock_endpoint(w.server));
	zmq_send(s, "a", 1, ZMQ_SNDMORE);
	zmq_send(s, "b", 1, ZMQ_SNDMORE);
	zmq_send(s, "c", 1, 0);
	zmq_send(s, "whole", 5, 0);
	SUITE_ERR(recv_wait(w.server, &m, WAIT_MS), ERR_MALFORMED);
	CU_ASSERT_STRING_EQUAL(m.party, "141003");
	SUITE_ERR(recv_wait(w.server, &m, WAIT_MS), ERR_NONE);
	CU_ASSERT(span_equal(zmsg_span(&m), span_str("whole")));
	zmsg_close(&m);
	zmq_close(s);
	zmq_ctx_term(context);
	world_close();
}

static void
own_routing_id(void)
{
	struct zmsg m = {0};
	void *context = zmq_ctx_new(), *s;

	world_open(NULL);
	s = raw_dealer(&w.known, context);
	zmq_setsockopt(s, ZMQ_ROUTING_ID, "another", 7);
	zmq_connect(s, zsock_endpoint(w.server));
	zmq_send(s, "x", 1, 0);
	SUITE_ERR(recv_wait(w.server, &m, WAIT_MS), ERR_MALFORMED);
	CU_ASSERT_STRING_EQUAL(m.party, "141003");
	zmsg_close(&m);
	zmq_close(s);
	zmq_ctx_term(context);
	world_close();
}

static void
too_large(void)
{
	struct zlimits l = {.message = 1000};
	struct zsock *z;
	struct zmsg m = {0};
	uint8_t bytes[2000] = {0};

	world_open(&l);
	z = dial(&w.known, w.host.public);
	CU_ASSERT_EQUAL(event_wait(z, WAIT_MS), ZEVENT_UP);
	SUITE_ERR(zsock_send(z, 0, span_of(bytes, 1000)), ERR_NONE);
	SUITE_ERR(recv_wait(w.server, &m, WAIT_MS), ERR_NONE);
	CU_ASSERT_EQUAL(zmsg_span(&m).n, 1000);
	SUITE_ERR(zsock_send(z, 0, span_of(bytes, 2000)), ERR_NONE);
	CU_ASSERT_EQUAL(event_wait(z, WAIT_MS), ZEVENT_DOWN);
	SUITE_ERR(recv_wait(w.server, &m, 100), ERR_TIMEOUT);
	/* and the dialler comes back by itself */
	CU_ASSERT_EQUAL(event_wait(z, WAIT_MS), ZEVENT_UP);
	zmsg_close(&m);
	zsock_close(z);
	world_close();
}

static void
gone(void)
{
	struct zsock *z;
	struct zmsg m = {0};
	uint32_t route;
	enum err e = ERR_NONE;

	world_open(NULL);
	z = dial(&w.known, w.host.public);
	CU_ASSERT_EQUAL(event_wait(z, WAIT_MS), ZEVENT_UP);
	SUITE_ERR(zsock_send(z, 0, span_str("x")), ERR_NONE);
	SUITE_ERR(recv_wait(w.server, &m, WAIT_MS), ERR_NONE);
	route = m.route;
	zsock_close(z);
	for (int i = 0; i < 200 && e == ERR_NONE; i++) {
		e = zsock_send(w.server, route, span_str("y"));
		zmq_poll(NULL, 0, 10);
	}
	SUITE_ERR(e, ERR_OFFLINE);
	SUITE_ERR(zsock_send(w.server, route + 1, span_str("y")), ERR_OFFLINE);
	zmsg_close(&m);
	world_close();
}

static void
slow_reader(void)
{
	struct zlimits l = {.waiting = 4};
	struct zsock *z;
	struct zmsg m = {0};
	static uint8_t bytes[60000];
	enum err e = ERR_NONE;

	world_open(&l);
	z = dial(&w.known, w.host.public);
	CU_ASSERT_EQUAL(event_wait(z, WAIT_MS), ZEVENT_UP);
	SUITE_ERR(zsock_send(z, 0, span_str("x")), ERR_NONE);
	SUITE_ERR(recv_wait(w.server, &m, WAIT_MS), ERR_NONE);
	for (int i = 0; i < 10000 && e == ERR_NONE; i++)
		e = zsock_send(w.server, m.route, SPAN(bytes));
	SUITE_ERR(e, ERR_BUSY);
	zmsg_close(&m);
	zsock_close(z);
	world_close();
}

static void
no_server(void)
{
	struct zsock *z, *second;

	world_open(NULL);
	SUITE_ERR(zsock_serve(w.net, zsock_endpoint(w.server), &w.host.secret,
		      NULL, &second),
	    ERR_CONFIG);
	CU_ASSERT_PTR_NULL(second);
	SUITE_ERR(zsock_dial(w.net, "nonsense", &w.known.secret, w.host.public,
		      NULL, &z),
	    ERR_CONFIG);
	SUITE_ERR(zsock_dial(w.net, "tcp://127.0.0.1:1", &w.known.secret,
		      w.host.public, NULL, &z),
	    ERR_NONE);
	SUITE_ERR(zsock_send(z, 0, span_str("x")), ERR_OFFLINE);
	zsock_close(z);
	world_close();
}

static void
keys(void)
{
	/* RFC 7748, section 6.1 */
	static const uint8_t alice[CURVE_KEY_LEN] = {0x77, 0x07, 0x6d, 0x0a,
	    0x73, 0x18, 0xa5, 0x7d, 0x3c, 0x16, 0xc1, 0x72, 0x51, 0xb2, 0x66,
	    0x45, 0xdf, 0x4c, 0x2f, 0x87, 0xeb, 0xc0, 0x99, 0x2a, 0xb1, 0x77,
	    0xfb, 0xa5, 0x1d, 0xb9, 0x2c, 0x2a};
	static const uint8_t alice_public[CURVE_KEY_LEN] = {0x85, 0x20, 0xf0,
	    0x09, 0x89, 0x30, 0xa7, 0x54, 0x74, 0x8b, 0x7d, 0xdc, 0xb4, 0x3e,
	    0xf7, 0x5a, 0x0d, 0xbf, 0x3a, 0x0d, 0x26, 0x38, 0x1a, 0xf4, 0xeb,
	    0xa4, 0xa9, 0x8e, 0xaa, 0x9b, 0x4e, 0x6a};
	struct secret s = secret_new(CURVE_KEY_LEN);
	uint8_t public[CURVE_KEY_LEN], back[CURVE_KEY_LEN];
	char text[CURVE_TEXT_LEN];

	memcpy(s.p, alice, sizeof(alice));
	curve_public(&s, public);
	SUITE_BYTES(public, alice_public, sizeof(public));
	SUITE_ERR(curve_parse(curve_text(public, text), back), ERR_NONE);
	SUITE_BYTES(public, back, sizeof(back));
	SUITE_ERR(curve_parse("short", back), ERR_MALFORMED);
	text[3] = '"';
	SUITE_ERR(curve_parse(text, back), ERR_MALFORMED);
	secret_free(&s);
}

static const struct suite_case cases[] = {
    {"carries a message to the server and back", there_and_back},
    {"rejects a key that no party has", stranger},
    {"does not talk to a server with another key", wrong_server},
    {"does not hear a peer without CURVE", without_curve},
    {"drops a message of several frames, and reads on", several_frames},
    {"drops what comes from a self-chosen routing id", own_routing_id},
    {"cuts off a peer that sends more than the limit", too_large},
    {"says that a connection is gone", gone},
    {"says that a peer does not read", slow_reader},
    {"refuses endpoints that cannot be used", no_server},
    {"derives, writes and reads CURVE keys", keys},
};

SUITE("zsock", cases)

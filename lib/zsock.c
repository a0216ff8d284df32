#include "lib/zsock.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"

#define ZAP_ENDPOINT "inproc://zeromq.zap.01"
#define ZAP_DOMAIN "renkei"
#define ZAP_PARTS 7
#define CURVE_OVERHEAD 64 /* what CURVE adds to a message, and a little */
#define CURVE_TEXT_DIGITS (CURVE_TEXT_LEN - 1)
#define POLL_MAX 1024

struct znet {
	void *context;
	void *zap;
	pthread_t thread;
	znet_who *who;
	void *arg;
};

struct zsock {
	void *socket;
	void *monitor; /* a dialler's events */
	bool up;
	char endpoint[256];
};

/* --- who may come in: ZAP (rfc.zeromq.org/spec/27) ------------------------ */

/* One request, all its parts; false when the context is ending. */
static bool
zap_receive(void *socket, zmq_msg_t *part, size_t *n)
{
	int more = 1;

	for (*n = 0; more;) {
		zmq_msg_t *m = &part[*n < ZAP_PARTS ? *n : ZAP_PARTS];

		if (zmq_msg_recv(m, socket, 0) < 0) {
			if (errno == EINTR)
				continue;
			return false;
		}
		more = zmq_msg_more(m);
		(*n)++;
	}
	return true;
}

static bool
part_is(zmq_msg_t *m, const char *text)
{
	return span_equal(
	    span_of(zmq_msg_data(m), zmq_msg_size(m)), span_str(text));
}

static bool
zap_allows(struct znet *n, zmq_msg_t *part, size_t parts, char *party)
{
	party[0] = '\0';
	return parts == ZAP_PARTS && part_is(&part[0], "1.0") &&
	       part_is(&part[2], ZAP_DOMAIN) && part_is(&part[5], "CURVE") &&
	       zmq_msg_size(&part[6]) == CURVE_KEY_LEN &&
	       n->who(n->arg, zmq_msg_data(&part[6]), party) &&
	       party[0] != '\0';
}

static void
zap_answer(struct znet *n, zmq_msg_t *part, size_t parts)
{
	char party[PARTY_MAX + 1];
	bool yes = zap_allows(n, part, parts, party);

	zmq_send(n->zap, "1.0", 3, ZMQ_SNDMORE);
	if (parts > 1)
		zmq_send(n->zap, zmq_msg_data(&part[1]), zmq_msg_size(&part[1]),
		    ZMQ_SNDMORE);
	else
		zmq_send(n->zap, "", 0, ZMQ_SNDMORE);
	zmq_send(n->zap, yes ? "200" : "400", 3, ZMQ_SNDMORE);
	zmq_send(n->zap, "", 0, ZMQ_SNDMORE);
	zmq_send(n->zap, party, yes ? strlen(party) : 0, ZMQ_SNDMORE);
	zmq_send(n->zap, "", 0, 0);
}

static void *
zap_run(void *arg)
{
	struct znet *n = arg;
	zmq_msg_t part[ZAP_PARTS + 1];
	size_t parts;

	for (size_t i = 0; i <= ZAP_PARTS; i++)
		zmq_msg_init(&part[i]);
	while (zap_receive(n->zap, part, &parts))
		zap_answer(n, part, parts);
	for (size_t i = 0; i <= ZAP_PARTS; i++)
		zmq_msg_close(&part[i]);
	zmq_close(n->zap);
	return NULL;
}

struct znet *
znet_new(znet_who *who, void *arg)
{
	struct znet *n = xcalloc(1, sizeof(*n));

	*n = (struct znet){.context = zmq_ctx_new(), .who = who, .arg = arg};
	assert(n->context != NULL);
	/* a test may hold hundreds of parties, two sockets each */
	zmq_ctx_set(n->context, ZMQ_MAX_SOCKETS, 8192);
	if (who == NULL)
		return n;
	n->zap = zmq_socket(n->context, ZMQ_REP);
	assert(n->zap != NULL);
	if (zmq_bind(n->zap, ZAP_ENDPOINT) != 0 ||
	    pthread_create(&n->thread, NULL, zap_run, n) != 0)
		abort();
	return n;
}

void
znet_free(struct znet *n)
{
	if (n == NULL)
		return;
	/* wakes the ZAP thread, which closes its own socket */
	zmq_ctx_shutdown(n->context);
	if (n->zap != NULL)
		pthread_join(n->thread, NULL);
	while (zmq_ctx_term(n->context) != 0 && errno == EINTR)
		;
	free(n);
}

/* --- sockets -------------------------------------------------------------- */

static struct zlimits
limits_of(const struct zlimits *given)
{
	struct zlimits l = given != NULL ? *given : (struct zlimits){0};

	if (l.message == 0)
		l.message = PROVISION_FRAME_MAX;
	if (l.waiting == 0)
		l.waiting = 1000;
	if (l.handshake_ms == 0)
		l.handshake_ms = 10000;
	if (l.heartbeat_ms == 0)
		l.heartbeat_ms = 10000;
	return l;
}

static void
set_int(void *socket, int option, int value)
{
	int rc = zmq_setsockopt(socket, option, &value, sizeof(value));

	assert(rc == 0);
}

static void
set_bytes(void *socket, int option, const void *p, size_t n)
{
	int rc = zmq_setsockopt(socket, option, p, n);

	assert(rc == 0);
}

static void
set_common(void *socket, const struct secret *secret, const struct zlimits *l)
{
	int64_t most = (int64_t)l->message + CURVE_OVERHEAD;

	assert(secret->n == CURVE_KEY_LEN);
	set_bytes(socket, ZMQ_MAXMSGSIZE, &most, sizeof(most));
	set_bytes(socket, ZMQ_CURVE_SECRETKEY, secret->p, CURVE_KEY_LEN);
	set_int(socket, ZMQ_SNDHWM, l->waiting);
	set_int(socket, ZMQ_RCVHWM, l->waiting);
	set_int(socket, ZMQ_HANDSHAKE_IVL, l->handshake_ms);
	set_int(socket, ZMQ_HEARTBEAT_IVL, l->heartbeat_ms);
	set_int(socket, ZMQ_HEARTBEAT_TIMEOUT, 3 * l->heartbeat_ms);
	set_int(socket, ZMQ_HEARTBEAT_TTL, 3 * l->heartbeat_ms);
	set_int(socket, ZMQ_LINGER, 0);
	set_int(socket, ZMQ_IPV6, 1);
}

/* Keeps errno for the caller's message. */
static enum err
open_failed(struct zsock *z)
{
	int saved = errno;

	zsock_close(z);
	errno = saved;
	return ERR_CONFIG;
}

enum err
zsock_serve(struct znet *n, const char *endpoint, const struct secret *secret,
    const struct zlimits *limits, struct zsock **out)
{
	struct zlimits l = limits_of(limits);
	struct zsock *z = xcalloc(1, sizeof(*z));
	size_t size = sizeof(z->endpoint);

	*out = NULL;
	assert(n->who != NULL);
	z->socket = zmq_socket(n->context, ZMQ_ROUTER);
	if (z->socket == NULL)
		return open_failed(z);
	set_common(z->socket, secret, &l);
	set_int(z->socket, ZMQ_CURVE_SERVER, 1);
	set_bytes(z->socket, ZMQ_ZAP_DOMAIN, ZAP_DOMAIN, strlen(ZAP_DOMAIN));
	set_int(z->socket, ZMQ_ROUTER_MANDATORY, 1);
	set_int(z->socket, ZMQ_BACKLOG, 1024);
	if (zmq_bind(z->socket, endpoint) != 0 ||
	    zmq_getsockopt(z->socket, ZMQ_LAST_ENDPOINT, z->endpoint, &size) !=
		0)
		return open_failed(z);
	*out = z;
	return ERR_NONE;
}

const char *
zsock_endpoint(const struct zsock *z)
{
	return z->endpoint;
}

/* A pair of sockets over which libzmq tells of the connection. */
static bool
monitor_open(struct znet *n, struct zsock *z)
{
	static _Atomic unsigned count;
	char name[64];

	snprintf(name, sizeof(name), "inproc://renkei-events-%u", count++);
	if (zmq_socket_monitor(z->socket, name,
		ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_DISCONNECTED |
		    ZMQ_EVENT_HANDSHAKE_FAILED_AUTH) != 0)
		return false;
	z->monitor = zmq_socket(n->context, ZMQ_PAIR);
	if (z->monitor == NULL)
		return false;
	set_int(z->monitor, ZMQ_LINGER, 0);
	return zmq_connect(z->monitor, name) == 0;
}

enum err
zsock_dial(struct znet *n, const char *endpoint, const struct secret *secret,
    const uint8_t server[static CURVE_KEY_LEN], const struct zlimits *limits,
    struct zsock **out)
{
	struct zlimits l = limits_of(limits);
	struct zsock *z = xcalloc(1, sizeof(*z));
	uint8_t public[CURVE_KEY_LEN];

	*out = NULL;
	z->socket = zmq_socket(n->context, ZMQ_DEALER);
	if (z->socket == NULL)
		return open_failed(z);
	curve_public(secret, public);
	set_common(z->socket, secret, &l);
	set_bytes(z->socket, ZMQ_CURVE_PUBLICKEY, public, sizeof(public));
	set_bytes(z->socket, ZMQ_CURVE_SERVERKEY, server, CURVE_KEY_LEN);
	set_int(z->socket, ZMQ_IMMEDIATE, 1);
	set_int(z->socket, ZMQ_RECONNECT_IVL, 100);
	set_int(z->socket, ZMQ_RECONNECT_IVL_MAX, 5000);
	snprintf(z->endpoint, sizeof(z->endpoint), "%s", endpoint);
	if (!monitor_open(n, z) || zmq_connect(z->socket, endpoint) != 0)
		return open_failed(z);
	*out = z;
	return ERR_NONE;
}

void
zsock_close(struct zsock *z)
{
	if (z == NULL)
		return;
	if (z->monitor != NULL) {
		zmq_socket_monitor(z->socket, NULL, 0);
		zmq_close(z->monitor);
	}
	if (z->socket != NULL)
		zmq_close(z->socket);
	free(z);
}

/* --- receiving ------------------------------------------------------------ */

struct span
zmsg_span(struct zmsg *m)
{
	return m->open
		   ? span_of(zmq_msg_data(&m->frame), zmq_msg_size(&m->frame))
		   : span_of(NULL, 0);
}

void
zmsg_close(struct zmsg *m)
{
	if (m->open)
		zmq_msg_close(&m->frame);
	*m = (struct zmsg){0};
}

/* A route as libzmq makes it: a zero byte, then a number. */
static bool
route_read(zmq_msg_t *id, uint32_t *route)
{
	const uint8_t *p = zmq_msg_data(id);

	if (zmq_msg_size(id) != 5 || p[0] != 0)
		return false;
	*route = (uint32_t)p[1] << 24 | (uint32_t)p[2] << 16 |
		 (uint32_t)p[3] << 8 | p[4];
	return true;
}

static void
rest_drop(void *socket)
{
	zmq_msg_t m;
	bool more = true;

	while (more) {
		zmq_msg_init(&m);
		more = zmq_msg_recv(&m, socket, ZMQ_DONTWAIT) >= 0 &&
		       zmq_msg_more(&m);
		zmq_msg_close(&m);
	}
}

/* The only frame of a message, the route having been read. */
static enum err
frame_recv(struct zsock *z, struct zmsg *m)
{
	const char *party;

	if (zmq_msg_recv(&m->frame, z->socket, ZMQ_DONTWAIT) < 0)
		return ERR_TIMEOUT;
	party = zmq_msg_gets(&m->frame, "User-Id");
	if (party != NULL && z->monitor == NULL)
		text_cut(m->party, sizeof(m->party), span_str(party));
	if (!zmq_msg_more(&m->frame))
		return ERR_NONE;
	rest_drop(z->socket);
	return ERR_MALFORMED;
}

static enum err
routed_recv(struct zsock *z, struct zmsg *m)
{
	zmq_msg_t id;
	enum err e = ERR_TIMEOUT;
	bool ours;

	zmq_msg_init(&id);
	if (zmq_msg_recv(&id, z->socket, ZMQ_DONTWAIT) >= 0) {
		ours = route_read(&id, &m->route);
		e = zmq_msg_more(&id) ? frame_recv(z, m) : ERR_MALFORMED;
		if (e == ERR_NONE && (!ours || m->party[0] == '\0'))
			e = ERR_MALFORMED;
	}
	zmq_msg_close(&id);
	return e;
}

enum err
zsock_recv(struct zsock *z, struct zmsg *m)
{
	if (!m->open)
		zmq_msg_init(&m->frame);
	m->open = true;
	m->party[0] = '\0';
	m->route = 0;
	return z->monitor == NULL ? routed_recv(z, m) : frame_recv(z, m);
}

/* --- sending -------------------------------------------------------------- */

/*
 * libzmq looks at what its threads tell it only now and then; before we
 * believe that a peer is gone or full, make it look.
 */
static void
look_again(void *socket)
{
	int events;
	size_t n = sizeof(events);

	zmq_getsockopt(socket, ZMQ_EVENTS, &events, &n);
}

static bool
route_send(struct zsock *z, uint32_t route)
{
	const uint8_t id[5] = {0, (uint8_t)(route >> 24),
	    (uint8_t)(route >> 16), (uint8_t)(route >> 8), (uint8_t)route};
	int flags = ZMQ_DONTWAIT | ZMQ_SNDMORE;

	if (zmq_send(z->socket, id, sizeof(id), flags) >= 0)
		return true;
	look_again(z->socket);
	return zmq_send(z->socket, id, sizeof(id), flags) >= 0;
}

static bool
frame_send(struct zsock *z, zmq_msg_t *m)
{
	if (zmq_msg_send(m, z->socket, ZMQ_DONTWAIT) >= 0)
		return true;
	look_again(z->socket);
	return zmq_msg_send(m, z->socket, ZMQ_DONTWAIT) >= 0;
}

/* Takes m in any case. */
static enum err
message_send(struct zsock *z, uint32_t route, zmq_msg_t *m)
{
	bool sent =
	    (z->monitor != NULL || route_send(z, route)) && frame_send(z, m);
	int why = errno;

	if (sent)
		return ERR_NONE;
	zmq_msg_close(m);
	if (z->monitor != NULL)
		return z->up ? ERR_BUSY : ERR_OFFLINE;
	return why == EAGAIN ? ERR_BUSY : ERR_OFFLINE;
}

enum err
zsock_send(struct zsock *z, uint32_t route, struct span bytes)
{
	zmq_msg_t m;

	if (zmq_msg_init_size(&m, bytes.n) != 0)
		return ERR_MEMORY;
	if (bytes.n > 0)
		memcpy(zmq_msg_data(&m), bytes.p, bytes.n);
	return message_send(z, route, &m);
}

static void
memory_free(void *p, void *hint)
{
	(void)hint;
	free(p);
}

enum err
zsock_send_take(struct zsock *z, uint32_t route, struct buf *bytes)
{
	zmq_msg_t m;

	if (bytes->p == NULL)
		return zsock_send(z, route, span_of(NULL, 0));
	if (zmq_msg_init_data(&m, bytes->p, bytes->n, memory_free, NULL) != 0) {
		buf_free(bytes);
		return ERR_MEMORY;
	}
	*bytes = (struct buf){0};
	return message_send(z, route, &m);
}

/* --- events and waiting -----------------------------------------------------
 */

static enum zevent
event_of(struct zsock *z, uint16_t number)
{
	switch (number) {
	case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
		z->up = true;
		return ZEVENT_UP;
	case ZMQ_EVENT_DISCONNECTED:
		/* also told of a connection that never got through */
		if (!z->up)
			return ZEVENT_NONE;
		z->up = false;
		return ZEVENT_DOWN;
	case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
		return ZEVENT_REJECTED;
	default:
		return ZEVENT_NONE;
	}
}

enum zevent
zsock_event(struct zsock *z)
{
	enum zevent event = ZEVENT_NONE;
	zmq_msg_t m;
	uint16_t number;

	/* two parts: u16 number and u32 value as the machine has them; where */
	while (z->monitor != NULL && event == ZEVENT_NONE) {
		zmq_msg_init(&m);
		if (zmq_msg_recv(&m, z->monitor, ZMQ_DONTWAIT) < 0)
			break;
		if (zmq_msg_size(&m) >= sizeof(number)) {
			memcpy(&number, zmq_msg_data(&m), sizeof(number));
			event = event_of(z, number);
		}
		if (zmq_msg_more(&m))
			rest_drop(z->monitor);
		zmq_msg_close(&m);
	}
	return event;
}

int
zsock_poll(struct zpoll *items, size_t n, int timeout_ms)
{
	zmq_pollitem_t p[POLL_MAX];
	size_t of[POLL_MAX], used = 0;
	int ready = 0;

	for (size_t i = 0; i < n; i++) {
		struct zsock *z = items[i].socket;

		assert(used + 2 <= POLL_MAX);
		items[i].ready = false;
		of[used] = i;
		p[used++] = (zmq_pollitem_t){z != NULL ? z->socket : NULL,
		    z != NULL ? 0 : items[i].fd, ZMQ_POLLIN, 0};
		if (z == NULL || z->monitor == NULL)
			continue;
		of[used] = i;
		p[used++] = (zmq_pollitem_t){z->monitor, 0, ZMQ_POLLIN, 0};
	}
	if (zmq_poll(p, (int)used, timeout_ms) <= 0)
		return 0;
	for (size_t i = 0; i < used; i++)
		if (p[i].revents != 0)
			items[of[i]].ready = true;
	for (size_t i = 0; i < n; i++)
		ready += items[i].ready;
	return ready;
}

/* --- keys -------------------------------------------------------------------
 */

enum err
curve_parse(const char *text, uint8_t key[static CURVE_KEY_LEN])
{
	if (strlen(text) != CURVE_TEXT_DIGITS ||
	    zmq_z85_decode(key, text) == NULL)
		return ERR_MALFORMED;
	return ERR_NONE;
}

const char *
curve_text(
    const uint8_t key[static CURVE_KEY_LEN], char out[static CURVE_TEXT_LEN])
{
	return zmq_z85_encode(out, key, CURVE_KEY_LEN);
}

enum err
curve_read(const char *path, struct secret *out)
{
	struct secret text, key = {0};
	enum err e = secret_read(path, CURVE_TEXT_LEN, &text);

	*out = key;
	if (e != ERR_NONE)
		return e == ERR_TOO_LONG ? ERR_MALFORMED : e;
	/* one line, its end may be missing */
	if (text.n < CURVE_TEXT_DIGITS ||
	    (text.n == CURVE_TEXT_LEN && text.p[CURVE_TEXT_DIGITS] != '\n')) {
		secret_free(&text);
		return ERR_MALFORMED;
	}
	key = secret_new(CURVE_TEXT_LEN);
	memcpy(key.p, text.p, CURVE_TEXT_DIGITS);
	secret_free(&text);
	*out = secret_new(CURVE_KEY_LEN);
	e = curve_parse((const char *)key.p, out->p);
	secret_free(&key);
	if (e != ERR_NONE)
		secret_free(out);
	return e;
}

void
curve_public(const struct secret *secret, uint8_t public[static CURVE_KEY_LEN])
{
	int rc;

	assert(secret->n == CURVE_KEY_LEN);
	rc = crypto_scalarmult_base(public, secret->p);
	assert(rc == 0);
}

void
curve_make(struct secret *secret, uint8_t public[static CURVE_KEY_LEN])
{
	*secret = secret_random(CURVE_KEY_LEN);
	curve_public(secret, public);
}

/* ZeroMQ sockets as this protocol uses them: CURVE, one frame a message. */
#ifndef LIB_ZSOCK_H
#define LIB_ZSOCK_H

#include <zmq.h>

#include "lib/bytes.h"
#include "lib/err.h"
#include "lib/messages.h"
#include "lib/secret.h"

#define CURVE_KEY_LEN 32

/* All sockets of a process and the ZAP thread that lets peers in. */
struct znet;

/*
 * Which party owns this CURVE key: true and its code, or false: the
 * handshake fails with 400 and the peer learns no more. Called in the ZAP
 * thread, so what it reads must be guarded by its owner.
 */
typedef bool znet_who(
    void *arg, const uint8_t key[static CURVE_KEY_LEN], char *party);

/* `who` answers for every server socket; NULL where there will be none. */
struct znet *znet_new(znet_who *who, void *arg);
/* Every socket must be closed before. Ends the ZAP thread. NULL-safe. */
void znet_free(struct znet *n);

/* Caps of a socket. All-zero takes the defaults in brackets. */
struct zlimits {
	size_t message;	  /* bytes in one message (PROVISION_FRAME_MAX) */
	int waiting;	  /* messages a peer, either direction (1000) */
	int handshake_ms; /* CURVE and ZAP must be over by then (10 000) */
	int heartbeat_ms; /* a silent peer is asked; gone after 3 (10 000) */
};

struct zsock;

/*
 * A ROUTER bound to endpoint whose peers are those the ZAP callback names.
 * `secret` is the server's CURVE secret key, 32 bytes. ERR_CONFIG if the
 * endpoint cannot be bound (errno tells).
 */
enum err zsock_serve(struct znet *n, const char *endpoint,
    const struct secret *secret, const struct zlimits *limits,
    struct zsock **out);
/* The endpoint really bound, for port 0 or '*'; borrowed. */
const char *zsock_endpoint(const struct zsock *z);

/*
 * A DEALER that connects, and re-connects for ever, to the server that has
 * this public key. Nothing is queued while there is no connection.
 */
enum err zsock_dial(struct znet *n, const char *endpoint,
    const struct secret *secret, const uint8_t server[static CURVE_KEY_LEN],
    const struct zlimits *limits, struct zsock **out);

/* Waiting messages are dropped (linger 0). NULL-safe. */
void zsock_close(struct zsock *z);

/*
 * A received message: its only frame, who sent it, and over which
 * connection. All-zero before the first zsock_recv; zmsg_close after the
 * last. A route names a connection, not a party: it ends with it and is
 * never used again.
 */
struct zmsg {
	zmq_msg_t frame;
	bool open;
	uint32_t route;		   /* 0 at a dialler */
	char party[PARTY_MAX + 1]; /* as ZAP authenticated; "" at a dialler */
};
struct span zmsg_span(struct zmsg *m);
void zmsg_close(struct zmsg *m);

/*
 * The next message without waiting. ERR_TIMEOUT if there is none. A message
 * of more than one frame, or from a peer that chose its own routing id, is
 * dropped whole: ERR_MALFORMED, with m->party set, and reading may go on.
 */
enum err zsock_recv(struct zsock *z, struct zmsg *m);
/*
 * Send without waiting. ERR_OFFLINE: the connection is gone (never sent).
 * ERR_BUSY: the peer does not read. route is ignored by a dialler.
 */
enum err zsock_send(struct zsock *z, uint32_t route, struct span bytes);
/* The same without a copy: takes the buf's memory, leaves it empty, always. */
enum err zsock_send_take(struct zsock *z, uint32_t route, struct buf *bytes);

/* What became of a dialler's connection since last asked. */
enum zevent {
	ZEVENT_NONE,
	ZEVENT_UP,	/* handshake done: say HELLO now */
	ZEVENT_DOWN,	/* what was sent may not have arrived */
	ZEVENT_REJECTED /* the server does not know our key */
};
enum zevent zsock_event(struct zsock *z);

/*
 * Wait for any of several sockets and descriptors. A dialler is ready also
 * when it has an event. timeout_ms -1: for ever. Returns how many are
 * ready; 0 on time-out or a signal.
 */
struct zpoll {
	struct zsock *socket; /* or, where NULL */
	int fd;
	bool ready;
};
int zsock_poll(struct zpoll *items, size_t n, int timeout_ms);

/* Keys as text are Z85 (40 characters), as ZeroMQ's tools write them. */
#define CURVE_TEXT_LEN 41
enum err curve_parse(const char *text, uint8_t key[static CURVE_KEY_LEN]);
const char *curve_text(
    const uint8_t key[static CURVE_KEY_LEN], char out[static CURVE_TEXT_LEN]);
/* A secret key from a file holding its Z85 line (mode 0600). */
enum err curve_read(const char *path, struct secret *out);
/* The public key that belongs to a secret one. */
void curve_public(
    const struct secret *secret, uint8_t public[static CURVE_KEY_LEN]);
/* A fresh pair. */
void curve_make(struct secret *secret, uint8_t public[static CURVE_KEY_LEN]);

#endif

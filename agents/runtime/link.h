/* The agencies' connections to the broker, and what arrives on them. */
#ifndef AGENTS_RUNTIME_LINK_H
#define AGENTS_RUNTIME_LINK_H

#include "agents/runtime/host.h"
#include "lib/frame.h"

/* Connect every agency to broker and registrar. ERR_CONFIG. */
enum err link_open(struct host *h);
/*
 * Wait for the broker, the registrar, the store and the local API, and carry
 * out what came: one turn of the loop, at most `timeout_ms` long.
 */
void link_turn(struct host *h, int timeout_ms);

/*
 * Send a frame to the broker. ERR_OFFLINE before HELLO_REPLY and while there
 * is no connection, ERR_BUSY if the broker does not read: nothing was sent.
 */
enum err link_send(struct agency *a, enum frame_kind kind, struct span body);
/* The same to the registrar. */
enum err link_send_registrar(
    struct agency *a, enum frame_kind kind, struct span body);
/* Ask the broker for its newest checkpoint and go on from what is held. */
void link_greet(struct agency *a);
/* The same a second later, in which nothing is sent. */
void link_greet_soon(struct agency *a);

#endif

/* The registrar's desk: agencies before it, the broker behind it. */
#ifndef AGENTS_REGISTRAR_DESK_H
#define AGENTS_REGISTRAR_DESK_H

#include "agents/registrar/registrar_options.h"
#include "lib/err.h"

struct desk;

/*
 * Read keys and directory, verify the officers' signatures, open the database
 * and the sockets. What is wrong was written to the operator's log; *out is
 * NULL then.
 */
enum err desk_open(const struct registrar_options *o, struct desk **out);
void desk_close(struct desk *d);

/*
 * Take what agencies ask and the broker answers, for at most `timeout_ms`
 * (Order Art. 27). A request is stored before its agency hears of it, and goes
 * to the broker until that has answered; its number is forgotten when the
 * agency has its code, else after 24 h (Act Art. 21-2(3)(4)).
 */
void desk_turn(struct desk *d, int timeout_ms);

#endif

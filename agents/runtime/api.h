/* The local API: JSON lines over a UNIX socket, for this agency's staff. */
#ifndef AGENTS_RUNTIME_API_H
#define AGENTS_RUNTIME_API_H

#include <jansson.h>

#include "agents/runtime/host.h"

/*
 * One request a line, {"op": ..., "tag": number, ...}; replies carry the tag
 * and, unless "notice" says that more will come, end the request. docs/agent.md
 * lists the operations. A line is at most API_LINE_MAX bytes; who connects is
 * asked of the kernel and must be this process's own user, root, or staff.
 */
#define API_LINE_MAX 65536
#define API_CLIENTS_MAX 64

/* Bind the socket (mode 0660; an old one nobody listens on is replaced). */
enum err api_open(struct host *h);
void api_close(struct host *h);
/* The descriptors to wait for, at most 1 + API_CLIENTS_MAX; NULL: only count.
 */
size_t api_descriptors(const struct host *h, struct zpoll *items);
/* Take connections, read and carry out what came, write what fits. */
void api_turn(struct host *h);

/*
 * Answer a request; takes ownership of the object and adds the tag. A client
 * that is gone (or 0) is nothing.
 */
void api_reply(struct host *h, uint64_t client, uint64_t tag, json_t *reply);
/* The same with a member whose JSON text is at hand; it is wiped. */
void api_reply_with(struct host *h, uint64_t client, uint64_t tag,
    json_t *reply, const char *key, struct buf *text);
/* {"error": code, "text": sentence, "about": about}; about may be NULL. */
void api_fail(struct host *h, uint64_t client, uint64_t tag, enum err e,
    const char *about);

/* One request as an operation sees it. */
struct api_request {
	struct host *host;
	struct agency *agency; /* NULL where the operation names none */
	uint64_t client, tag;
	json_t *body; /* borrowed */
	int fd;	      /* a file sent along, -1 none; the operation's to close */
};
/*
 * A text of the request, "" if it is not there. *e becomes ERR_USAGE for
 * another type, what text_check says for a text that cannot be (too long, no
 * UTF-8, twelve digits), and stays as it was otherwise.
 */
const char *api_text(
    const struct api_request *r, const char *key, size_t limit, enum err *e);
/*
 * An exchange id of the request: a UUIDv7. Not looked at for twelve digits:
 * one id in three hundred ends in such a run. *given tells whether it was
 * there. ERR_USAGE, ERR_MALFORMED.
 */
enum err api_exchange(
    const struct api_request *r, uint8_t id[static ID_LEN], bool *given);
bool api_bool(const struct api_request *r, const char *key);
uint64_t api_number(const struct api_request *r, const char *key);

#endif

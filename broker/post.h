/* One HTTP request to a server that may be slow, hostile or not there. */
#ifndef BROKER_POST_H
#define BROKER_POST_H

#include <stdint.h>

#include "lib/bytes.h"
#include "lib/err.h"

#define POST_HOST_MAX 253
#define POST_PATH_MAX 255
#define POST_ANSWER_MAX 16384 /* bytes of an answer, with its headers */

/* http://HOST[:PORT][/PREFIX]: plain HTTP, what is posted is public. */
struct post_url {
	char host[POST_HOST_MAX + 1], port[6];
	char prefix[POST_PATH_MAX + 1]; /* "" or "/...", no slash at its end */
};
/* ERR_MALFORMED for anything else. */
enum err post_url_parse(const char *text, struct post_url *out);

/*
 * POST body to the URL's prefix and `path`, by HTTP/1.0. The answer's status,
 * and its body appended to *answer. All of it ends within `ms`, and at once
 * when `stop` (a descriptor) becomes readable; only finding the host's
 * address may take the resolver's own time. ERR_OFFLINE, ERR_TIMEOUT,
 * ERR_TOO_LONG, ERR_MALFORMED.
 */
enum err post_send(const struct post_url *to, const char *path,
    struct span body, unsigned ms, int stop, int *status, struct buf *answer);

#endif

#include "agents/cli/client.h"

#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/clock.h"

#define REPLY_MAX (64U * 1024 * 1024)

struct client {
	int fd;
	const char *agency;
	struct buf in;
};

/* A My Number may have passed through JSON. */
static void
wiping_free(void *p)
{
	if (p != NULL)
		explicit_bzero(p, malloc_usable_size(p));
	free(p);
}

static bool
target_complete(struct client_target *t)
{
	if (t->socket == NULL)
		t->socket = getenv("RENKEI_SOCKET");
	if (t->agency == NULL)
		t->agency = getenv("RENKEI_AGENCY");
	if (t->socket == NULL)
		fprintf(stderr, "%s\n",
		    cli_text("renkei: --socket or RENKEI_SOCKET is needed",
			"renkei: --socket か RENKEI_SOCKET が必要"));
	else if (t->agency == NULL)
		fprintf(stderr, "%s\n",
		    cli_text("renkei: --agency or RENKEI_AGENCY is needed",
			"renkei: --agency か RENKEI_AGENCY が必要"));
	return t->socket != NULL && t->agency != NULL;
}

enum err
client_open(struct client_target *t, struct client **out)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	struct client *c;
	int fd;

	*out = NULL;
	if (!target_complete(t))
		return ERR_USAGE;
	if (strlen(t->socket) >= sizeof(sun.sun_path))
		return ERR_TOO_LONG;
	strcpy(sun.sun_path, t->socket);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return ERR_SYSTEM;
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) != 0) {
		close(fd);
		return ERR_OFFLINE;
	}
	json_set_alloc_funcs(malloc, wiping_free);
	c = xcalloc(1, sizeof(*c));
	c->fd = fd;
	c->agency = t->agency;
	*out = c;
	return ERR_NONE;
}

void
client_close(struct client *c)
{
	if (c == NULL)
		return;
	close(c->fd);
	buf_wipe_free(&c->in);
	free(c);
}

/* All of the bytes; the descriptor rides with the first of them. */
static enum err
bytes_send(int to, struct span bytes, int fd)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};

	while (bytes.n > 0) {
		struct iovec iov = {(void *)(uintptr_t)bytes.p, bytes.n};
		struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
		ssize_t n;

		if (fd >= 0) {
			m.msg_control = control.bytes;
			m.msg_controllen = sizeof(control.bytes);
			CMSG_FIRSTHDR(&m)->cmsg_level = SOL_SOCKET;
			CMSG_FIRSTHDR(&m)->cmsg_type = SCM_RIGHTS;
			CMSG_FIRSTHDR(&m)->cmsg_len = CMSG_LEN(sizeof(fd));
			memcpy(CMSG_DATA(CMSG_FIRSTHDR(&m)), &fd, sizeof(fd));
		}
		n = sendmsg(to, &m, MSG_NOSIGNAL);
		if (n < 0)
			return ERR_OFFLINE;
		fd = -1;
		bytes.p += n;
		bytes.n -= (size_t)n;
	}
	return ERR_NONE;
}

enum err
client_send(
    struct client *c, const char *op, uint64_t tag, json_t *body, int fd)
{
	json_t *line = body != NULL ? body : json_object();
	char *text;
	struct buf bytes = {0};
	enum err e;

	json_object_set_new(line, "op", json_string(op));
	json_object_set_new(line, "tag", json_integer((json_int_t)tag));
	json_object_set_new(line, "agency", json_string(c->agency));
	text = json_dumps(line, JSON_COMPACT);
	json_decref(line);
	if (text == NULL)
		return ERR_UTF8;
	buf_add(&bytes, text, strlen(text));
	buf_add_u8(&bytes, '\n');
	wiping_free(text);
	e = bytes_send(c->fd, buf_span(&bytes), fd);
	buf_wipe_free(&bytes);
	return e;
}

/* The first line of what was read so far, as JSON. */
static bool
line_take(struct client *c, json_t **out)
{
	uint8_t *end = c->in.n > 0 ? memchr(c->in.p, '\n', c->in.n) : NULL;
	size_t n;

	if (end == NULL)
		return false;
	n = (size_t)(end - c->in.p) + 1;
	*out = json_loadb((char *)c->in.p, n, JSON_REJECT_DUPLICATES, NULL);
	memmove(c->in.p, c->in.p + n, c->in.n - n);
	c->in.n -= n;
	return true;
}

enum err
client_receive(struct client *c, int timeout_ms, json_t **out)
{
	uint64_t until = clock_mono_ms() + (uint64_t)timeout_ms;

	while (!line_take(c, out)) {
		struct pollfd p = {.fd = c->fd, .events = POLLIN};
		uint64_t now = clock_mono_ms();
		ssize_t n;

		if (timeout_ms >= 0 && now >= until)
			return ERR_TIMEOUT;
		if (poll(&p, 1, timeout_ms < 0 ? -1 : (int)(until - now)) <= 0)
			continue;
		if (c->in.n > REPLY_MAX)
			return ERR_TOO_LONG;
		n = recv(c->fd, buf_grow(&c->in, 65536), 65536, 0);
		c->in.n -= 65536 - (n > 0 ? (size_t)n : 0);
		if (n <= 0)
			return ERR_OFFLINE;
	}
	return *out != NULL ? ERR_NONE : ERR_MALFORMED;
}

enum err
client_ask(struct client *c, const char *op, json_t *body, int fd,
    int timeout_ms, json_t **out)
{
	enum err e = client_send(c, op, 1, body, fd);

	while (e == ERR_NONE) {
		e = client_receive(c, timeout_ms, out);
		if (e != ERR_NONE || json_object_get(*out, "notice") == NULL)
			return e;
		json_decref(*out);
	}
	return e;
}

const char *
reply_text(const json_t *reply, const char *key)
{
	const char *text = json_string_value(json_object_get(reply, key));

	return text != NULL ? text : "";
}

bool
reply_failed(const json_t *reply, bool json, int *status)
{
	const char *code = reply_text(reply, "error");

	if (*code == '\0')
		return false;
	*status = cli_fail(json, err_from_code(code),
	    json_string_value(json_object_get(reply, "about")));
	return true;
}

enum outcome
reply_outcome(const json_t *reply)
{
	const char *code = reply_text(reply, "outcome");

	for (unsigned o = 0; o < 100; o++)
		if (outcome_known(o) &&
		    strcmp(outcome_code((enum outcome)o), code) == 0)
			return (enum outcome)o;
	return OUTCOME_REFUSED;
}

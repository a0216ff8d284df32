#include "broker/post.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/text.h"

struct post {
	int fd, stop;
	uint64_t until_ms; /* of clock_mono_ms */
};

/* ---- the URL ------------------------------------------------------------ */

/* What may stand in a request's first lines as it is. */
static bool
plain(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] <= ' ' || p[i] > '~')
			return false;
	return true;
}

static enum err
port_parse(const char *p, size_t n, struct post_url *out)
{
	uint64_t port;
	if (n == 0 || n >= sizeof(out->port))
		return ERR_MALFORMED;
	memcpy(out->port, p, n);
	if (text_to_u64(out->port, 65535, &port) != ERR_NONE || port == 0)
		return ERR_MALFORMED;
	return ERR_NONE;
}

enum err
post_url_parse(const char *text, struct post_url *out)
{
	static const char scheme[] = "http://";
	memset(out, 0, sizeof(*out));
	if (strncmp(text, scheme, sizeof(scheme) - 1) != 0)
		return ERR_MALFORMED;
	const char *host = text + sizeof(scheme) - 1;
	size_t whole = strcspn(host, "/"), n = strcspn(host, ":/");
	const char *path = host + whole;
	size_t n_path = strlen(path);
	while (n_path > 0 && path[n_path - 1] == '/')
		n_path--;
	if (n == 0 || n > POST_HOST_MAX || n_path > POST_PATH_MAX ||
	    !plain(host, whole + n_path))
		return ERR_MALFORMED;
	memcpy(out->host, host, n);
	memcpy(out->prefix, path, n_path);
	if (host[n] == ':')
		return port_parse(host + n + 1, whole - n - 1, out);
	strcpy(out->port, "80");
	return ERR_NONE;
}

/* ---- the connection ----------------------------------------------------- */

static enum err
wait_for(const struct post *p, short events)
{
	struct pollfd fds[] = {{p->fd, events, 0}, {p->stop, POLLIN, 0}};
	uint64_t now = clock_mono_ms();
	if (now >= p->until_ms)
		return ERR_TIMEOUT;
	if (poll(fds, 2, (int)(p->until_ms - now)) < 0 && errno != EINTR)
		return ERR_SYSTEM;
	if (fds[1].revents != 0)
		return ERR_OFFLINE;
	return ERR_NONE;
}

static enum err
dial(struct post *p, const struct addrinfo *a)
{
	int failed = 0;
	socklen_t n = sizeof(failed);
	p->fd =
	    socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (p->fd < 0)
		return ERR_SYSTEM;
	if (connect(p->fd, a->ai_addr, a->ai_addrlen) == 0)
		return ERR_NONE;
	if (errno != EINPROGRESS)
		return ERR_OFFLINE;
	for (;;) {
		enum err e = wait_for(p, POLLOUT);
		if (e != ERR_NONE)
			return e;
		struct pollfd fd = {p->fd, POLLOUT, 0};
		if (poll(&fd, 1, 0) == 1)
			break;
	}
	if (getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &failed, &n) != 0 ||
	    failed != 0)
		return ERR_OFFLINE;
	return ERR_NONE;
}

static enum err
dial_any(struct post *p, const struct post_url *to)
{
	struct addrinfo want = {.ai_socktype = SOCK_STREAM}, *found = NULL;
	enum err e = ERR_OFFLINE;
	if (getaddrinfo(to->host, to->port, &want, &found) != 0)
		return ERR_OFFLINE;
	for (const struct addrinfo *a = found; a != NULL; a = a->ai_next) {
		e = dial(p, a);
		if (e == ERR_NONE)
			break;
		if (p->fd >= 0)
			close(p->fd);
		p->fd = -1;
	}
	freeaddrinfo(found);
	return e;
}

static enum err
write_all(struct post *p, struct span bytes)
{
	size_t at = 0;
	while (at < bytes.n) {
		ssize_t put =
		    send(p->fd, bytes.p + at, bytes.n - at, MSG_NOSIGNAL);
		if (put > 0) {
			at += (size_t)put;
			continue;
		}
		if (put < 0 && errno != EAGAIN && errno != EINTR)
			return ERR_OFFLINE;
		enum err e = wait_for(p, POLLOUT);
		if (e != ERR_NONE)
			return e;
	}
	return ERR_NONE;
}

/* Until the other side closes, as HTTP/1.0 has it. */
static enum err
read_all(struct post *p, struct buf *in)
{
	char chunk[2048];
	for (;;) {
		ssize_t got = recv(p->fd, chunk, sizeof(chunk), 0);
		if (got == 0)
			return ERR_NONE;
		if (got > 0) {
			if (in->n + (size_t)got > POST_ANSWER_MAX)
				return ERR_TOO_LONG;
			buf_add(in, chunk, (size_t)got);
			continue;
		}
		if (errno != EAGAIN && errno != EINTR)
			return ERR_OFFLINE;
		enum err e = wait_for(p, POLLIN);
		if (e != ERR_NONE)
			return e;
	}
}

/* ---- the answer --------------------------------------------------------- */

/* "HTTP/1.x NNN ..." */
static enum err
answer_take(struct span in, int *status, struct buf *answer)
{
	const char *p = (const char *)in.p;
	const uint8_t *end =
	    in.n > 0 ? memmem(in.p, in.n, "\r\n\r\n", 4) : NULL;
	if (end == NULL || in.n < 12 || memcmp(p, "HTTP/1.", 7) != 0 ||
	    p[8] != ' ')
		return ERR_MALFORMED;
	*status = 0;
	for (int i = 9; i < 12; i++) {
		if (p[i] < '0' || p[i] > '9')
			return ERR_MALFORMED;
		*status = *status * 10 + (p[i] - '0');
	}
	buf_add(answer, end + 4, in.n - (size_t)(end + 4 - in.p));
	return ERR_NONE;
}

enum err
post_send(const struct post_url *to, const char *path, struct span body,
    unsigned ms, int stop, int *status, struct buf *answer)
{
	struct post p = {
	    .fd = -1, .stop = stop, .until_ms = clock_mono_ms() + ms};
	struct buf out = {0}, in = {0};
	buf_printf(&out,
	    "POST %s%s HTTP/1.0\r\nHost: %s:%s\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n"
	    "Content-Length: %zu\r\nConnection: close\r\n\r\n",
	    to->prefix, path, to->host, to->port, body.n);
	buf_add(&out, body.p, body.n);
	enum err e = dial_any(&p, to);
	if (e == ERR_NONE)
		e = write_all(&p, buf_span(&out));
	if (e == ERR_NONE)
		e = read_all(&p, &in);
	if (e == ERR_NONE)
		e = answer_take(buf_span(&in), status, answer);
	if (p.fd >= 0)
		close(p.fd);
	buf_free(&out);
	buf_free(&in);
	return e;
}

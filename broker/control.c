#include "broker/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "broker/vault_ops.h"
#include "policy/blob.h"

#define LINE_MAX_ 64

#define SIGNATURES_MAX 16384

struct client {
	int fd; /* -1: free */
	uint64_t number;
	char line[LINE_MAX_];
	size_t n;
	int given[2]; /* descriptors that came; -1: none */
};

struct control {
	int listen_fd;
	struct control_calls call;
	uint64_t numbers;
	struct client client[CONTROL_CLIENTS];
};

struct control *
control_new(int listen_fd, const struct control_calls *calls)
{
	struct control *c = xcalloc(1, sizeof(*c));
	c->listen_fd = listen_fd;
	c->call = *calls;
	fcntl(listen_fd, F_SETFL, O_NONBLOCK);
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		c->client[i] = (struct client){.fd = -1, .given = {-1, -1}};
	return c;
}

static void
given_close(struct client *k)
{
	for (size_t i = 0; i < 2; i++) {
		if (k->given[i] >= 0)
			close(k->given[i]);
		k->given[i] = -1;
	}
}

static void
client_drop(struct client *k)
{
	given_close(k);
	close(k->fd);
	k->fd = -1;
	k->n = 0;
}

void
control_free(struct control *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (c->client[i].fd >= 0)
			client_drop(&c->client[i]);
	close(c->listen_fd);
	free(c);
}

size_t
control_poll(const struct control *c, struct zpoll *items)
{
	size_t n = 0;
	items[n++] = (struct zpoll){.fd = c->listen_fd};
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (c->client[i].fd >= 0)
			items[n++] = (struct zpoll){.fd = c->client[i].fd};
	return n;
}

/* With descriptors, unless they are NULL. False: the client is gone. */
static bool
answer_send(struct client *k, struct span out, const int *fds)
{
	char room[CMSG_SPACE(2 * sizeof(int))] = {0};
	struct iovec v = {(void *)(uintptr_t)out.p, out.n};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
	if (fds != NULL) {
		m.msg_control = room;
		m.msg_controllen = sizeof(room);
		struct cmsghdr *h = CMSG_FIRSTHDR(&m);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(2 * sizeof(int));
		memcpy(CMSG_DATA(h), fds, 2 * sizeof(int));
	}
	/* a client that does not read its answer loses it */
	if (sendmsg(k->fd, &m, MSG_NOSIGNAL) == (ssize_t)out.n)
		return true;
	client_drop(k);
	return false;
}

static void
text_send(struct client *k, struct buf *out)
{
	buf_printf(out, ".\n");
	answer_send(k, buf_span(out), NULL);
	buf_free(out);
}

static void
answer_health(struct control *c, struct client *k)
{
	struct buf out = {0};
	buf_printf(
	    &out, "%s\n", c->call.healthy(c->call.ctx) ? "ok" : "unwell");
	c->call.remark(c->call.ctx, &out);
	text_send(k, &out);
}

static void
answer_counters(struct control *c, struct client *k)
{
	struct buf out = {0};
	c->call.report(c->call.ctx, &out);
	text_send(k, &out);
}

/* "name value" becomes "renkei_broker_name value". */
static void
answer_metrics(struct control *c, struct client *k)
{
	struct buf plain = {0}, out = {0};
	c->call.report(c->call.ctx, &plain);
	buf_add_u8(&plain, '\0');
	char *save = NULL;
	for (char *line = strtok_r((char *)plain.p, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save))
		buf_printf(&out, "renkei_broker_%s\n", line);
	buf_free(&plain);
	text_send(k, &out);
}

static void
answer_policy(struct control *c, struct client *k)
{
	struct buf out = {0};
	int fds[2] = {-1, -1};
	c->call.law(c->call.ctx, &out, fds);
	buf_printf(&out, ".\n");
	answer_send(k, buf_span(&out), fds[0] < 0 ? NULL : fds);
	buf_free(&out);
}

static void
amend_failed(struct client *k, enum err e, const char *text)
{
	struct buf out = {0};
	buf_printf(&out, "%s\n%s\n", err_code(e), text);
	text_send(k, &out);
}

/* Regular files only: whatever else could keep us waiting. */
static enum err
given_read(int fd, size_t most, struct buf *out)
{
	struct stat st;
	if (fd < 0)
		return ERR_USAGE;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < 0)
		return ERR_FILE;
	if ((uint64_t)st.st_size > most)
		return ERR_TOO_LONG;
	size_t n = (size_t)st.st_size, at = 0;
	uint8_t *p = buf_grow(out, n);
	while (at < n) {
		ssize_t got = pread(fd, p + at, n - at, (off_t)at);
		if (got <= 0)
			return ERR_FILE;
		at += (size_t)got;
	}
	return ERR_NONE;
}

static void
amend(struct control *c, struct client *k, const char *kind)
{
	struct buf law = {0}, signatures = {0};
	enum err e = given_read(k->given[0], BLOB_MAX, &law);
	if (e == ERR_NONE)
		e = given_read(k->given[1], SIGNATURES_MAX, &signatures);
	given_close(k);
	if (e == ERR_NONE)
		e = c->call.amend(c->call.ctx, kind, buf_span(&law),
		    buf_span(&signatures), k->number);
	if (e != ERR_NONE)
		amend_failed(k, e, err_sentence(e));
	buf_free(&law);
	buf_free(&signatures);
}

static void
answer_load(struct control *c, struct client *k)
{
	amend(c, k, LAW_POLICY);
}

static void
answer_suspend(struct control *c, struct client *k)
{
	amend(c, k, LAW_SUSPENSION);
}

void
control_answer(struct control *c, uint64_t client, enum err e, const char *text)
{
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (c->client[i].fd >= 0 && c->client[i].number == client)
			amend_failed(&c->client[i], e, text);
}

static const struct {
	const char *word;
	void (*answer)(struct control *c, struct client *k);
} words[] = {
    {"health", answer_health},
    {"counters", answer_counters},
    {"metrics", answer_metrics},
    {"policy", answer_policy},
    {"load", answer_load},
    {"suspend", answer_suspend},
};

static void
line_answer(struct control *c, struct client *k, const char *line)
{
	struct buf out = {0};
	size_t i = 0, n = sizeof(words) / sizeof(words[0]);
	while (i < n && strcmp(words[i].word, line) != 0)
		i++;
	if (i < n) {
		words[i].answer(c, k);
		return;
	}
	for (i = 0; i < n; i++)
		buf_printf(&out, "%s%s", i > 0 ? ", " : "", words[i].word);
	buf_printf(&out, "\n");
	text_send(k, &out);
}

/* At most two come with a word; any others are not wanted. */
static void
given_take(struct client *k, struct msghdr *m)
{
	for (struct cmsghdr *h = CMSG_FIRSTHDR(m); h != NULL;
	     h = CMSG_NXTHDR(m, h)) {
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		size_t n = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < n; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(h) + i * sizeof(int), sizeof(fd));
			if (k->given[0] < 0)
				k->given[0] = fd;
			else if (k->given[1] < 0)
				k->given[1] = fd;
			else
				close(fd);
		}
	}
}

static void
client_read(struct control *c, struct client *k)
{
	char room[CMSG_SPACE(2 * sizeof(int))];
	struct iovec v = {k->line + k->n, sizeof(k->line) - k->n};
	struct msghdr m = {.msg_iov = &v,
	    .msg_iovlen = 1,
	    .msg_control = room,
	    .msg_controllen = sizeof(room)};
	ssize_t got = recvmsg(k->fd, &m, MSG_CMSG_CLOEXEC);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		client_drop(k);
		return;
	}
	given_take(k, &m);
	k->n += (size_t)got;
	char *end;
	while (k->fd >= 0 && (end = memchr(k->line, '\n', k->n)) != NULL) {
		size_t used = (size_t)(end - k->line) + 1;
		*end = '\0';
		line_answer(c, k, k->line);
		if (k->fd < 0)
			return;
		k->n -= used;
		memmove(k->line, k->line + used, k->n);
	}
	if (k->n == sizeof(k->line))
		client_drop(k);
}

static void
client_accept(struct control *c)
{
	int fd =
	    accept4(c->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return;
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (c->client[i].fd < 0) {
			c->client[i].fd = fd;
			c->client[i].number = ++c->numbers;
			return;
		}
	close(fd);
}

void
control_serve(struct control *c)
{
	client_accept(c);
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		if (c->client[i].fd >= 0)
			client_read(c, &c->client[i]);
}

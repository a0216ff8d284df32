#include "broker/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINE_MAX_ 64

struct client {
	int fd; /* -1: free */
	char line[LINE_MAX_];
	size_t n;
};

struct control {
	int listen_fd;
	void *ctx;
	void (*report)(void *ctx, struct buf *out);
	bool (*healthy)(void *ctx);
	struct client client[CONTROL_CLIENTS];
};

struct control *
control_new(int listen_fd, void *ctx,
    void (*report)(void *ctx, struct buf *out), bool (*healthy)(void *ctx))
{
	struct control *c = xcalloc(1, sizeof(*c));
	c->listen_fd = listen_fd;
	c->ctx = ctx;
	c->report = report;
	c->healthy = healthy;
	fcntl(listen_fd, F_SETFL, O_NONBLOCK);
	for (size_t i = 0; i < CONTROL_CLIENTS; i++)
		c->client[i].fd = -1;
	return c;
}

static void
client_drop(struct client *k)
{
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

static void
answer_health(struct control *c, struct buf *out)
{
	buf_printf(out, "%s\n", c->healthy(c->ctx) ? "ok" : "unwell");
}

static void
answer_counters(struct control *c, struct buf *out)
{
	c->report(c->ctx, out);
}

/* "name value" becomes "renkei_broker_name value". */
static void
answer_metrics(struct control *c, struct buf *out)
{
	struct buf plain = {0};
	c->report(c->ctx, &plain);
	buf_add_u8(&plain, '\0');
	char *save = NULL;
	for (char *line = strtok_r((char *)plain.p, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save))
		buf_printf(out, "renkei_broker_%s\n", line);
	buf_free(&plain);
}

static const struct {
	const char *word;
	void (*answer)(struct control *c, struct buf *out);
} words[] = {
    {"health", answer_health},
    {"counters", answer_counters},
    {"metrics", answer_metrics},
};

static void
line_answer(struct control *c, struct client *k, const char *line)
{
	struct buf out = {0};
	size_t i = 0, n = sizeof(words) / sizeof(words[0]);
	while (i < n && strcmp(words[i].word, line) != 0)
		i++;
	if (i < n)
		words[i].answer(c, &out);
	else
		buf_printf(&out, "health, counters or metrics\n");
	buf_printf(&out, ".\n");
	/* a client that does not read its answer loses it */
	if (send(k->fd, out.p, out.n, MSG_NOSIGNAL) != (ssize_t)out.n)
		client_drop(k);
	buf_free(&out);
}

static void
client_read(struct control *c, struct client *k)
{
	ssize_t got = recv(k->fd, k->line + k->n, sizeof(k->line) - k->n, 0);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		client_drop(k);
		return;
	}
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

#include "broker/workers.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/vault_ops.h"
#include "lib/clock.h"

/* In a worker's hands at once: enough to keep it busy, and fair to all. */
#define SENT_MAX 32

/* A request that waits for its worker. */
struct queue {
	struct packet *first, **last;
};
struct packet {
	struct packet *next;
	size_t n;
	uint8_t bytes[];
};

struct worker {
	int fd;
	size_t sent, kept;
	uint64_t since_ms; /* of its last word, or of the first it was sent */
	struct queue told, asked; /* told goes first */
	bool spared;
};

struct workers {
	struct worker worker[WORKERS_MAX];
	size_t n, next;
	struct buf scratch;
	uint8_t packet[VAULT_PACKET_MAX];
};

struct workers *
workers_new(const int *fds, size_t n)
{
	struct workers *ws = xcalloc(1, sizeof(*ws));
	assert(n > 0 && n <= WORKERS_MAX);
	ws->n = n;
	for (size_t i = 0; i < n; i++) {
		ws->worker[i].fd = fds[i];
		ws->worker[i].told.last = &ws->worker[i].told.first;
		ws->worker[i].asked.last = &ws->worker[i].asked.first;
		fcntl(fds[i], F_SETFL, O_NONBLOCK);
	}
	return ws;
}

static void
queue_free(struct queue *q)
{
	while (q->first != NULL) {
		struct packet *p = q->first;
		q->first = p->next;
		free(p);
	}
}

void
workers_free(struct workers *ws)
{
	if (ws == NULL)
		return;
	for (size_t i = 0; i < ws->n; i++) {
		close(ws->worker[i].fd);
		queue_free(&ws->worker[i].told);
		queue_free(&ws->worker[i].asked);
	}
	buf_free(&ws->scratch);
	free(ws);
}

size_t
workers_count(const struct workers *ws)
{
	return ws->n;
}

int
workers_fd(const struct workers *ws, size_t i)
{
	return ws->worker[i].fd;
}

/* The i-th, or the next that is not spared. */
static struct worker *
worker_unspared(struct workers *ws, size_t i)
{
	for (size_t n = 0; n < ws->n; n++)
		if (!ws->worker[(i + n) % ws->n].spared)
			return &ws->worker[(i + n) % ws->n];
	return &ws->worker[i];
}

/*
 * The signature's last bytes tell one batch from another. They are at the
 * end of an Envelope's encoding, whose last field it is.
 */
static struct worker *
worker_for(struct workers *ws, struct span envelope)
{
	if (envelope.n >= 16) {
		uint64_t h;
		memcpy(&h, envelope.p + envelope.n - 16, 8);
		return worker_unspared(ws, h % ws->n);
	}
	struct worker *best = worker_unspared(ws, ws->next++ % ws->n);
	for (size_t i = 0; i < ws->n; i++)
		if (!ws->worker[i].spared &&
		    ws->worker[i].sent + ws->worker[i].kept <
			best->sent + best->kept)
			best = &ws->worker[i];
	return best;
}

static bool
packet_send(struct worker *w, const uint8_t *p, size_t n)
{
	if (w->sent >= SENT_MAX)
		return false;
	if (send(w->fd, p, n, MSG_NOSIGNAL) < 0)
		return false; /* full, or gone: then its end is read soon */
	if (w->sent++ == 0)
		w->since_ms = clock_mono_ms();
	return true;
}

static void
packet_keep(struct worker *w, struct queue *q, struct span bytes)
{
	struct packet *p = xmalloc(sizeof(*p) + bytes.n);
	p->next = NULL;
	p->n = bytes.n;
	memcpy(p->bytes, bytes.p, bytes.n);
	*q->last = p;
	q->last = &p->next;
	w->kept++;
}

static void
queue_flush(struct worker *w, struct queue *q)
{
	while (
	    q->first != NULL && packet_send(w, q->first->bytes, q->first->n)) {
		struct packet *p = q->first;
		q->first = p->next;
		if (q->first == NULL)
			q->last = &q->first;
		w->kept--;
		free(p);
	}
}

void
workers_ask(struct workers *ws, const struct vault_request *q)
{
	struct worker *w = worker_for(ws, q->envelope);
	buf_reset(&ws->scratch);
	vault_request_encode(q, &ws->scratch);
	assert(ws->scratch.n <= VAULT_PACKET_MAX);
	if (w->kept == 0 && packet_send(w, ws->scratch.p, ws->scratch.n))
		return;
	packet_keep(w, &w->asked, buf_span(&ws->scratch));
}

void
workers_tell(struct workers *ws, size_t i, const struct vault_request *q)
{
	struct worker *w = &ws->worker[i];
	buf_reset(&ws->scratch);
	vault_request_encode(q, &ws->scratch);
	assert(ws->scratch.n <= VAULT_PACKET_MAX);
	packet_keep(w, &w->told, buf_span(&ws->scratch));
	queue_flush(w, &w->told);
}

void
workers_spare(struct workers *ws, size_t i, bool spare)
{
	ws->worker[i].spared = spare;
}

void
workers_flush(struct workers *ws)
{
	for (size_t i = 0; i < ws->n; i++) {
		struct worker *w = &ws->worker[i];
		queue_flush(w, &w->told);
		if (w->told.first == NULL)
			queue_flush(w, &w->asked);
	}
}

enum err
workers_reply(
    struct workers *ws, size_t i, struct arena *a, struct vault_reply *out)
{
	struct worker *w = &ws->worker[i];
	ssize_t n = recv(w->fd, ws->packet, sizeof(ws->packet), 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return ERR_TIMEOUT;
	if (n <= 0)
		return ERR_OFFLINE;
	if (w->sent > 0)
		w->sent--;
	w->since_ms = clock_mono_ms();
	return vault_reply_decode(span_of(ws->packet, (size_t)n), a, out);
}

size_t
workers_outstanding(const struct workers *ws)
{
	size_t n = 0;
	for (size_t i = 0; i < ws->n; i++)
		n += ws->worker[i].sent + ws->worker[i].kept;
	return n;
}

bool
workers_stalled(const struct workers *ws, uint64_t ms)
{
	uint64_t now = clock_mono_ms();
	for (size_t i = 0; i < ws->n; i++)
		if (ws->worker[i].sent > 0 && now > ws->worker[i].since_ms + ms)
			return true;
	return false;
}

#include "lib/evq.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/bytes.h"
#include "lib/clock.h"

struct evq {
	pthread_mutex_t lock;
	int fd; /* readable while the queue is not empty, or closed */
	bool raised, closed;
	size_t cap, first, n;
	void *items[];
};

struct evq *
evq_new(size_t cap)
{
	struct evq *q = xcalloc(1, sizeof(*q) + cap * sizeof(void *));

	assert(cap > 0);
	q->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	/* without descriptors there is no going on; before the loop starts */
	assert(q->fd >= 0);
	q->cap = cap;
	pthread_mutex_init(&q->lock, NULL);
	return q;
}

void
evq_free(struct evq *q, void (*drop)(void *))
{
	void *p;

	if (q == NULL)
		return;
	while ((p = evq_pop(q)) != NULL)
		if (drop != NULL)
			drop(p);
	close(q->fd);
	pthread_mutex_destroy(&q->lock);
	free(q);
}

/* Both with the lock held. */
static void
raise_fd(struct evq *q)
{
	const uint64_t one = 1;
	ssize_t n = 0;

	if (!q->raised)
		n = write(q->fd, &one, sizeof(one));
	(void)n;
	q->raised = true;
}

static void
lower_fd(struct evq *q)
{
	uint64_t count;
	ssize_t n = 0;

	if (q->raised)
		n = read(q->fd, &count, sizeof(count));
	(void)n;
	q->raised = false;
}

bool
evq_push(struct evq *q, void *p)
{
	bool taken;

	assert(p != NULL);
	pthread_mutex_lock(&q->lock);
	taken = !q->closed && q->n < q->cap;
	if (taken) {
		q->items[(q->first + q->n++) % q->cap] = p;
		raise_fd(q);
	}
	pthread_mutex_unlock(&q->lock);
	return taken;
}

size_t
evq_pop_many(struct evq *q, void **out, size_t n)
{
	size_t i;

	pthread_mutex_lock(&q->lock);
	for (i = 0; i < n && q->n > 0; i++, q->n--) {
		out[i] = q->items[q->first];
		q->first = (q->first + 1) % q->cap;
	}
	/* a closed queue stays readable, so that every waiter hears of it */
	if (q->n == 0 && !q->closed)
		lower_fd(q);
	pthread_mutex_unlock(&q->lock);
	return i;
}

void *
evq_pop(struct evq *q)
{
	void *p;

	return evq_pop_many(q, &p, 1) == 1 ? p : NULL;
}

size_t
evq_wait_many(struct evq *q, void **out, size_t n, int timeout_ms)
{
	uint64_t end =
	    clock_mono_ms() + (uint64_t)(timeout_ms < 0 ? 0 : timeout_ms);

	for (;;) {
		struct pollfd p = {q->fd, POLLIN, 0};
		size_t got = evq_pop_many(q, out, n);
		uint64_t now = clock_mono_ms();

		if (got > 0 || (timeout_ms >= 0 && now >= end))
			return got;
		/* what was pushed just before it closed is still handed out */
		if (evq_closed(q))
			return evq_pop_many(q, out, n);
		poll(&p, 1, timeout_ms < 0 ? -1 : (int)(end - now));
	}
}

int
evq_fd(const struct evq *q)
{
	return q->fd;
}

size_t
evq_length(struct evq *q)
{
	size_t n;

	pthread_mutex_lock(&q->lock);
	n = q->n;
	pthread_mutex_unlock(&q->lock);
	return n;
}

void
evq_close(struct evq *q)
{
	pthread_mutex_lock(&q->lock);
	q->closed = true;
	raise_fd(q);
	pthread_mutex_unlock(&q->lock);
}

bool
evq_closed(struct evq *q)
{
	bool closed;

	pthread_mutex_lock(&q->lock);
	closed = q->closed;
	pthread_mutex_unlock(&q->lock);
	return closed;
}

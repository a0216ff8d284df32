/* lib/evq.h: a bounded queue between threads. */
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/evq.h"
#include "tests/unit/suite.h"

static bool
readable(const struct evq *q)
{
	struct pollfd p = {evq_fd(q), POLLIN, 0};

	return poll(&p, 1, 0) == 1;
}

static void
order(void)
{
	struct evq *q = evq_new(3);
	int a, b, c, d;
	void *out[4];

	CU_ASSERT_FALSE(readable(q));
	CU_ASSERT(evq_push(q, &a) && evq_push(q, &b) && evq_push(q, &c));
	CU_ASSERT(readable(q));
	CU_ASSERT_FALSE(evq_push(q, &d));
	CU_ASSERT_PTR_EQUAL(evq_pop(q), &a);
	CU_ASSERT(evq_push(q, &d));
	CU_ASSERT_EQUAL(evq_length(q), 3);
	CU_ASSERT_EQUAL(evq_pop_many(q, out, 2), 2);
	CU_ASSERT(readable(q));
	CU_ASSERT(out[0] == &b && out[1] == &c);
	CU_ASSERT_EQUAL(evq_pop_many(q, out, 4), 1);
	CU_ASSERT_PTR_EQUAL(out[0], &d);
	CU_ASSERT_FALSE(readable(q));
	CU_ASSERT_PTR_NULL(evq_pop(q));
	evq_free(q, NULL);
	evq_free(NULL, NULL);
}

static void
closing(void)
{
	struct evq *q = evq_new(2);
	int a;
	void *out[2];

	CU_ASSERT(evq_push(q, &a));
	evq_close(q);
	CU_ASSERT(evq_closed(q));
	CU_ASSERT_FALSE(evq_push(q, &a));
	CU_ASSERT_EQUAL(evq_wait_many(q, out, 2, -1), 1);
	CU_ASSERT_EQUAL(evq_wait_many(q, out, 2, -1), 0);
	CU_ASSERT(readable(q));
	evq_free(q, NULL);
}

static void
waiting(void)
{
	struct evq *q = evq_new(2);
	void *out[2];
	uint64_t before = clock_mono_ms();

	CU_ASSERT_EQUAL(evq_wait_many(q, out, 2, 30), 0);
	CU_ASSERT(clock_mono_ms() - before >= 30);
	CU_ASSERT_EQUAL(evq_wait_many(q, out, 2, 0), 0);
	evq_free(q, NULL);
}

static void
dropping(void)
{
	struct evq *q = evq_new(2);

	CU_ASSERT(evq_push(q, malloc(10)));
	CU_ASSERT(evq_push(q, malloc(10)));
	/* what is left is freed: the leak checker would say otherwise */
	evq_free(q, free);
}

#define THREADS 4
#define EACH 20000

static void *
push_many(void *arg)
{
	struct evq *q = arg;

	for (uintptr_t i = 1; i <= EACH; i++)
		while (!evq_push(q, (void *)i))
			usleep(10);
	return NULL;
}

static void
many_threads(void)
{
	struct evq *q = evq_new(64);
	pthread_t t[THREADS];
	uint64_t sum = 0;
	size_t n = 0;

	for (int i = 0; i < THREADS; i++)
		pthread_create(&t[i], NULL, push_many, q);
	while (n < THREADS * EACH) {
		void *out[16];
		size_t got = evq_wait_many(q, out, 16, 5000);

		CU_ASSERT_FATAL(got > 0);
		for (size_t i = 0; i < got; i++)
			sum += (uintptr_t)out[i];
		n += got;
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	CU_ASSERT_EQUAL(sum, (uint64_t)THREADS * EACH * (EACH + 1) / 2);
	CU_ASSERT_FALSE(readable(q));
	evq_free(q, NULL);
}

static const struct suite_case cases[] = {
    {"hands out in order, and refuses when full", order},
    {"takes nothing after it was closed, hands out the rest", closing},
    {"waits no longer than asked", waiting},
    {"drops what is left", dropping},
    {"loses nothing between threads", many_threads},
};

SUITE("evq", cases)

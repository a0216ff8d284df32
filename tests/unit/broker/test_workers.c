#include "broker/workers.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/vault_ops.h"
#include "tests/unit/suite.h"

#define WORKERS 3

static struct workers *ws;
static int far[WORKERS]; /* the workers' ends */

static void
begin(void)
{
	int near[WORKERS];
	for (int i = 0; i < WORKERS; i++) {
		int ends[2];
		CU_ASSERT_EQUAL_FATAL(
		    socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
		near[i] = ends[0];
		far[i] = ends[1];
	}
	ws = workers_new(near, WORKERS);
}

static void
end(void)
{
	workers_free(ws);
	for (int i = 0; i < WORKERS; i++)
		if (far[i] >= 0)
			close(far[i]);
}

static void
ask(uint64_t ticket, struct span envelope)
{
	struct vault_request q = {.ticket = ticket, .op = VAULT_ADMIT};
	strcpy(q.party, "nenkin");
	q.envelope = envelope;
	workers_ask(ws, &q);
}

/* What lies at a worker's end now: how many requests. */
static size_t
waiting(int i)
{
	static uint8_t packet[VAULT_PACKET_MAX];
	size_t n = 0;
	while (recv(far[i], packet, sizeof(packet), MSG_DONTWAIT) > 0)
		n++;
	return n;
}

static void
answer(int i, uint64_t ticket)
{
	struct vault_reply v = {.ticket = ticket};
	struct buf packet = {0};
	vault_reply_encode(&v, &packet);
	CU_ASSERT_EQUAL(send(far[i], packet.p, packet.n, 0), (ssize_t)packet.n);
	buf_free(&packet);
}

static void
spreads(void)
{
	begin();
	for (uint64_t i = 1; i <= 9; i++)
		ask(i, (struct span){0});
	for (int i = 0; i < WORKERS; i++)
		CU_ASSERT_EQUAL(waiting(i), 3);
	CU_ASSERT_EQUAL(workers_outstanding(ws), 9);
	end();
}

static void
batch_together(void)
{
	uint8_t envelope[100];
	begin();
	memset(envelope, 7, sizeof(envelope));
	for (uint64_t i = 1; i <= 9; i++) {
		envelope[10] = (uint8_t)i; /* other bodies, one signature */
		ask(i, SPAN(envelope));
	}
	size_t n[WORKERS], most = 0;
	for (int i = 0; i < WORKERS; i++) {
		n[i] = waiting(i);
		most = n[i] > most ? n[i] : most;
	}
	CU_ASSERT_EQUAL(most, 9);
	end();
}

static void
keeps(void)
{
	struct arena a = {0};
	struct vault_reply v;
	uint8_t envelope[100] = {0};
	begin();
	for (uint64_t i = 1; i <= 200; i++)
		ask(i, SPAN(envelope)); /* all for one worker */
	size_t got = 0;
	int busy = 0;
	for (int i = 0; i < WORKERS; i++) {
		size_t n = waiting(i);
		if (n > 0)
			busy = i;
		got += n;
	}
	CU_ASSERT(got < 200);
	CU_ASSERT_EQUAL(workers_outstanding(ws), 200);
	for (uint64_t i = 1; i <= 200; i++) {
		answer(busy, i);
		SUITE_ERR(workers_reply(ws, (size_t)busy, &a, &v), ERR_NONE);
		CU_ASSERT_EQUAL(v.ticket, i);
		workers_flush(ws);
		got += waiting(busy);
	}
	CU_ASSERT_EQUAL(got, 200);
	CU_ASSERT_EQUAL(workers_outstanding(ws), 0);
	SUITE_ERR(workers_reply(ws, (size_t)busy, &a, &v), ERR_TIMEOUT);
	arena_wipe_free(&a);
	end();
}

static void
dead_worker(void)
{
	struct arena a = {0};
	struct vault_reply v;
	begin();
	close(far[1]);
	far[1] = -1;
	SUITE_ERR(workers_reply(ws, 0, &a, &v), ERR_TIMEOUT);
	SUITE_ERR(workers_reply(ws, 1, &a, &v), ERR_OFFLINE);
	arena_wipe_free(&a);
	end();
}

static void
hanging_worker(void)
{
	struct arena a = {0};
	struct vault_reply v;
	uint8_t envelope[100] = {0};
	begin();
	CU_ASSERT_FALSE(workers_stalled(ws, 0));
	ask(1, SPAN(envelope));
	usleep(30000);
	CU_ASSERT_FALSE(workers_stalled(ws, 10000));
	CU_ASSERT_TRUE(workers_stalled(ws, 10));
	for (int i = 0; i < WORKERS; i++)
		if (waiting(i) > 0) {
			answer(i, 1);
			SUITE_ERR(
			    workers_reply(ws, (size_t)i, &a, &v), ERR_NONE);
		}
	usleep(30000);
	CU_ASSERT_FALSE(workers_stalled(ws, 10)); /* it has nothing to do */
	arena_wipe_free(&a);
	end();
}

static void
nonsense(void)
{
	struct arena a = {0};
	struct vault_reply v;
	begin();
	CU_ASSERT_EQUAL(send(far[0], "\xff\xff\xff", 3, 0), 3);
	CU_ASSERT_NOT_EQUAL(workers_reply(ws, 0, &a, &v), ERR_NONE);
	arena_wipe_free(&a);
	end();
}

static const struct suite_case cases[] = {
    {"gives each worker its share", spreads},
    {"gives one signed batch to one worker", batch_together},
    {"keeps what a worker cannot take yet, in order", keeps},
    {"tells that a worker is gone", dead_worker},
    {"tells a worker that hangs from one with nothing to do", hanging_worker},
    {"refuses a worker's nonsense", nonsense},
};

SUITE("workers", cases)

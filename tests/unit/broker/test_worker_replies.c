/* broker/workers.h: what comes back from a worker that may have been taken. */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/vault_ops.h"
#include "broker/workers.h"
#include "tests/unit/suite.h"

static struct workers *ws;
static int theirs;
static struct arena arena;

static void
channel_open(void)
{
	int ends[2];

	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
	ws = workers_new(&ends[0], 1);
	theirs = ends[1];
}

static void
channel_close(void)
{
	workers_free(ws);
	close(theirs);
	arena_wipe_free(&arena);
	arena = (struct arena){0};
}

static enum err
reply(struct vault_reply *v)
{
	arena_reset(&arena);
	return workers_reply(ws, 0, &arena, v);
}

static void
a_reply(void)
{
	struct vault_reply r = {.ticket = 7, .outcome = 30}, got;
	struct buf packet = {0};

	channel_open();
	SUITE_ERR(reply(&got), ERR_TIMEOUT);
	vault_reply_encode(&r, &packet);
	CU_ASSERT(send(theirs, packet.p, packet.n, 0) > 0);
	SUITE_ERR(reply(&got), ERR_NONE);
	CU_ASSERT_EQUAL(got.ticket, 7);
	CU_ASSERT_EQUAL(got.outcome, 30);
	buf_free(&packet);
	channel_close();
}

/* Never taken for "nothing yet": the front would wait for ever. */
static void
replies_that_are_none(void)
{
	uint8_t junk[4096];
	struct vault_reply r = {.ticket = 7}, got;
	struct buf packet = {0};

	memset(junk, 0xee, sizeof junk);
	memset(r.salt, 5, sizeof r.salt);
	channel_open();
	for (size_t n = 1; n <= sizeof junk; n *= 2) {
		CU_ASSERT(send(theirs, junk, n, 0) > 0);
		SUITE_ERR(reply(&got), ERR_MALFORMED);
	}
	vault_reply_encode(&r, &packet);
	for (size_t n = 3; n < packet.n; n++) {
		CU_ASSERT(send(theirs, packet.p, n, 0) > 0);
		CU_ASSERT_NOT_EQUAL(reply(&got), ERR_NONE);
	}
	/* larger than any packet: cut by the kernel, and no message then */
	buf_reset(&packet);
	memset(buf_grow(&packet, VAULT_PACKET_MAX + 10), 0xee,
	    VAULT_PACKET_MAX + 10);
	if (send(theirs, packet.p, packet.n, MSG_DONTWAIT) > 0)
		SUITE_ERR(reply(&got), ERR_MALFORMED);
	buf_free(&packet);
	channel_close();
}

static void
a_worker_that_is_gone(void)
{
	struct vault_reply got;

	channel_open();
	close(theirs);
	SUITE_ERR(reply(&got), ERR_OFFLINE);
	theirs = -1;
	channel_close();
}

static const struct suite_case cases[] = {
    {"takes a reply, and knows when there is none", a_reply},
    {"calls a reply malformed, cut at any byte", replies_that_are_none},
    {"notices that a worker is gone", a_worker_that_is_gone},
};

SUITE("worker replies", cases)

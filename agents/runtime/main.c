/* renkei-agent: one process that hosts agencies (中間サーバー). */
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "agents/runtime/acquire.h"
#include "agents/runtime/api.h"
#include "agents/runtime/ask.h"
#include "agents/runtime/host.h"
#include "agents/runtime/link.h"
#include "lib/crashpoint.h"
#include "lib/oplog.h"

#define TURN_MS 200

static volatile sig_atomic_t stopping, reloading;

static void
stop(int signal)
{
	stopping = 1;
}

static void
reload(int signal)
{
	reloading = 1;
}

static void
signals_set(void)
{
	struct sigaction sa = {.sa_handler = stop};
	struct sigaction hup = {.sa_handler = reload};

	sigaction(SIGHUP, &hup, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static enum err
start(const char *conf, struct host **h)
{
	enum err e = crash_arm();

	if (e == ERR_NONE)
		e = process_harden(false);
	if (e == ERR_NONE && sodium_init() < 0)
		e = ERR_SYSTEM;
	if (e == ERR_NONE)
		e = host_open(conf, h);
	if (e == ERR_NONE)
		e = ask_load(*h);
	if (e == ERR_NONE)
		e = api_open(*h);
	if (e == ERR_NONE)
		e = link_open(*h);
	return e;
}

/* What was begun is committed before we leave. */
static void
drain(struct host *h)
{
	for (int i = 0; i < 50 && store_waiting(h->store) > 0; i++)
		link_turn(h, 20);
}

static int
reference_print(void)
{
	struct buf text = {0};

	config_reference(&host_form, &text);
	fwrite(text.p, 1, text.n, stdout);
	buf_free(&text);
	return 0;
}

int
main(int argc, char **argv)
{
	struct host *h = NULL;

	if (argc == 2 && strcmp(argv[1], "--reference") == 0)
		return reference_print();
	if (argc != 2) {
		fprintf(
		    stderr, "usage: renkei-agent FILE.conf | --reference\n");
		return 2;
	}
	oplog_open("renkei-agent");
	signals_set();
	if (start(argv[1], &h) != ERR_NONE) {
		oplog(OPLOG_ERROR, "not-started");
		return 1;
	}
	sd_notify(0, "READY=1");
	oplog(OPLOG_INFO, "ready", LOG_NUMBER("agencies", h->n_agencies));
	while (!stopping) {
		link_turn(h, TURN_MS);
		if (reloading) {
			reloading = 0;
			host_reload(h);
		}
	}
	sd_notify(0, "STOPPING=1");
	drain(h);
	api_close(h);
	acquire_free_all(h);
	host_close(h);
	return 0;
}

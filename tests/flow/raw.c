#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/file.h"
#include "lib/secret.h"
#include "lib/zsock.h"
#include "tests/flow/world.h"

#define ANSWER_MS 5000

struct raw {
	struct znet *net;
	struct zsock *sock;
	struct secret key;
	struct zmsg message;
	struct arena arena;
	bool up, came_up;
	char party[PARTY_MAX + 1];
};

/* Where frames are written, "" for nowhere. */
static char record_dir[256];

void
raw_record(const char *dir)
{
	snprintf(record_dir, sizeof record_dir, "%s", dir);
}

static _Noreturn void
raw_fail(const char *what, const char *detail)
{
	fprintf(stderr, "raw: %s: %s\n", what, detail);
	exit(1);
}

static void
frame_record(const struct raw *r, const char *direction, struct span bytes)
{
	static unsigned number;
	struct arena arena = {0};
	struct frame f = {0};
	char path[300];
	FILE *list;

	if (record_dir[0] == '\0')
		return;
	frame_open(bytes, &arena, &f);
	snprintf(path, sizeof path, "%s/%03u.bin", record_dir, ++number);
	if (file_write(path, bytes, 0644) != ERR_NONE)
		raw_fail(path, "cannot be written");
	snprintf(path, sizeof path, "%s/list.tsv", record_dir);
	list = fopen(path, "a");
	if (list == NULL)
		raw_fail(path, "cannot be written");
	fprintf(list, "%03u.bin\t%s\t%s\t%u\t%s\t%zu\n", number, direction,
	    r->party, f.kind, frame_name(f.kind), bytes.n);
	fclose(list);
	arena_wipe_free(&arena);
}

/* The value of `listen = ` in a configuration file; static buffer. */
static const char *
endpoint_of(struct world *w, const char *name)
{
	static char endpoint[128];
	char *text = world_file(w, "etc/%s.conf", name);
	const char *at = strstr(text, "listen = ");

	if (at == NULL)
		raw_fail(name, "no endpoint");
	snprintf(endpoint, sizeof endpoint, "%.*s", (int)strcspn(at + 9, "\n"),
	    at + 9);
	free(text);
	return endpoint;
}

static void
key_load(struct raw *r, struct world *w, const char *party)
{
	uint8_t public[CURVE_KEY_LEN];
	char path[300];
	enum err e;

	if (party == NULL) {
		curve_make(&r->key, public);
		return;
	}
	snprintf(path, sizeof path, "%s/pki/parties/%s/curve.key", world_dir(w),
	    party);
	if ((e = curve_read(path, &r->key)) != ERR_NONE)
		raw_fail(path, err_code(e));
}

struct raw *
raw_dial(struct world *w, const char *party)
{
	struct raw *r = xcalloc(1, sizeof *r);
	char *text = world_file(w, "pki/broker/curve.pub");
	uint8_t server[CURVE_KEY_LEN];
	enum err e;

	text[strcspn(text, "\n")] = '\0';
	snprintf(r->party, sizeof r->party, "%s",
	    party != NULL ? party : "stranger");
	if ((e = curve_parse(text, server)) != ERR_NONE)
		raw_fail("curve.pub", err_code(e));
	free(text);
	key_load(r, w, party);
	r->net = znet_new(NULL, NULL);
	e = zsock_dial(
	    r->net, endpoint_of(w, "broker"), &r->key, server, NULL, &r->sock);
	if (e != ERR_NONE)
		raw_fail("dial", err_code(e));
	r->arena.cap = 4 * 1024 * 1024;
	return r;
}

void
raw_greet(struct raw *r)
{
	struct hello hello = {.version = PROTOCOL_VERSION, .role = 1};
	struct buf body = {0}, frame = {0};

	snprintf(hello.software, sizeof hello.software, "raw");
	hello_encode(&hello, &body);
	frame_wrap(FRAME_HELLO, buf_span(&body), &frame);
	raw_try_send(r, buf_span(&frame));
	buf_free(&body);
	buf_free(&frame);
}

struct raw *
raw_hello(struct world *w, const char *party)
{
	struct raw *r = raw_dial(w, party);
	struct frame reply;

	if (!raw_connected(r, ANSWER_MS))
		raw_fail(party, "no connection");
	raw_greet(r);
	raw_came_up(r);
	if (!raw_await(r, FRAME_HELLO_REPLY, ANSWER_MS, &reply))
		raw_fail(party, "no HELLO_REPLY");
	return r;
}

void
raw_close(struct raw *r)
{
	if (r == NULL)
		return;
	zmsg_close(&r->message);
	zsock_close(r->sock);
	znet_free(r->net);
	secret_free(&r->key);
	arena_wipe_free(&r->arena);
	free(r);
}

static void
events_take(struct raw *r)
{
	enum zevent e;

	while ((e = zsock_event(r->sock)) != ZEVENT_NONE) {
		r->up = e == ZEVENT_UP;
		r->came_up |= r->up;
	}
}

bool
raw_connected(struct raw *r, unsigned ms)
{
	long long until = process_clock_ms() + ms;

	for (;;) {
		events_take(r);
		if (r->up || process_clock_ms() >= until)
			return r->up;
		process_sleep_ms(5);
	}
}

bool
raw_came_up(struct raw *r)
{
	bool came = r->came_up;

	events_take(r);
	came |= r->came_up;
	r->came_up = false;
	return came;
}

bool
raw_try_send(struct raw *r, struct span bytes)
{
	events_take(r);
	if (!r->up || zsock_send(r->sock, 0, bytes) != ERR_NONE)
		return false;
	frame_record(r, "to-broker", bytes);
	return true;
}

void
raw_send(struct raw *r, struct span bytes)
{
	enum err e;

	if (!raw_connected(r, ANSWER_MS))
		raw_fail("send", "no connection");
	frame_record(r, "to-broker", bytes);
	if ((e = zsock_send(r->sock, 0, bytes)) != ERR_NONE)
		raw_fail("send", err_code(e));
}

void
raw_send_frame(struct raw *r, enum frame_kind kind, struct span body)
{
	struct frame f = {
	    .version = PROTOCOL_VERSION, .kind = kind, .body = body};
	struct buf frame = {0};

	/* not frame_wrap, which would not make what is wrong */
	frame_encode(&f, &frame);
	raw_send(r, buf_span(&frame));
	buf_free(&frame);
}

bool
raw_receive(struct raw *r, unsigned ms, struct frame *out)
{
	long long until = process_clock_ms() + ms;

	for (;;) {
		struct zpoll item = {.socket = r->sock};
		enum err e;

		events_take(r);
		e = zsock_recv(r->sock, &r->message);
		if (e == ERR_NONE) {
			arena_reset(&r->arena);
			e = frame_open(zmsg_span(&r->message), &r->arena, out);
			if (e != ERR_NONE)
				raw_fail("frame", err_code(e));
			frame_record(r, "from-broker", zmsg_span(&r->message));
			return true;
		}
		if (process_clock_ms() >= until)
			return false;
		zsock_poll(&item, 1, 20);
	}
}

bool
raw_await(struct raw *r, enum frame_kind kind, unsigned ms, struct frame *out)
{
	long long until = process_clock_ms() + ms;
	long long left;

	while ((left = until - process_clock_ms()) > 0)
		if (raw_receive(r, (unsigned)left, out) && out->kind == kind)
			return true;
	return false;
}

/*
 * Exchanges per second through the broker alone: real processes, real
 * PostgreSQL, real signatures; both agencies are played by this one thread,
 * which signs its queue as a batch and seals nothing (a payload is 1 KiB of
 * noise: the broker cannot tell).
 *
 *	bench/broker [-n exchanges] [-f in flight] [-k connections a side]
 *
 * Prints one line: exchanges/s, latency, and the broker's peak memory.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/entry.h"
#include "lib/envelope.h"
#include "lib/sha256.h"
#include "lib/zsock.h"
#include "tests/flow/actor.h"

#define RESIDENT "10000000018"
#define K_MAX 512
#define BATCH 64
#define PAYLOAD 1024

static const struct question row_73 = {
    .task = "73",
    .procedure = "p73.001",
    .provider = "141003",
    .data = "地方税関係情報",
    .principal = "mhlw",
};

/* Messages of one side that wait for a signature. */
struct queue {
	const char *type;
	enum frame_kind kind;
	size_t n;
	struct buf body[BATCH], tail[BATCH];
	size_t at[BATCH]; /* connection each goes over */
};

struct side {
	struct actor *actor;
	struct znet *net;
	struct zsock *conn[K_MAX];
	struct queue one, two; /* inquiries and receipts; provisions */
};

static struct {
	size_t total, flight, k;
	size_t asked, answered, busy;
	struct side asks, gives;
	uint8_t code[CODE_LEN];
	uint8_t (*id)[ID_LEN];
	uint64_t *begun, *took;
	struct arena arena, inner;
} b = {.total = 20000, .flight = 64, .k = 1};

static void
must(bool good, const char *what)
{
	if (!good) {
		fprintf(stderr, "bench: %s\n", what);
		exit(1);
	}
}

/* ---- connections -----------------------------------------------------------
 */

static void
hello(struct zsock *z)
{
	struct hello h = {.version = 1, .software = "bench", .role = 1};
	struct buf body = {0}, frame = {0};
	hello_encode(&h, &body);
	frame_wrap(FRAME_HELLO, buf_span(&body), &frame);
	must(zsock_send_take(z, 0, &frame) == ERR_NONE, "hello");
	buf_free(&body);
}

static void
side_open(struct side *s, struct world *w, struct actor *a)
{
	char path[300], endpoint[128];
	struct secret key;
	uint8_t server[CURVE_KEY_LEN];
	char *conf = world_file(w, "etc/broker.conf");
	const char *at = strstr(conf, "listen = ");
	snprintf(endpoint, sizeof endpoint, "%.*s", (int)strcspn(at + 9, "\n"),
	    at + 9);
	free(conf);
	char *public = world_file(w, "pki/broker/curve.pub");
	public[strcspn(public, "\n")] = '\0';
	must(curve_parse(public, server) == ERR_NONE, "curve.pub");
	free(public);
	snprintf(path, sizeof path, "%s/pki/parties/%s/curve.key", world_dir(w),
	    a->code);
	must(curve_read(path, &key) == ERR_NONE, path);
	s->actor = a;
	s->net = znet_new(NULL, NULL);
	for (size_t i = 0; i < b.k; i++)
		must(zsock_dial(s->net, endpoint, &key, server, NULL,
			 &s->conn[i]) == ERR_NONE,
		    "dial");
	secret_free(&key);
	for (size_t i = 0; i < b.k; i++) {
		while (zsock_event(s->conn[i]) != ZEVENT_UP)
			usleep(1000);
		hello(s->conn[i]);
	}
}

/* ---- sending ----------------------------------------------------------------
 */

static void
queue_flush(struct side *s, struct queue *q)
{
	struct envelope_item items[BATCH];
	struct buf envelope[BATCH] = {{0}};
	if (q->n == 0)
		return;
	for (size_t i = 0; i < q->n; i++)
		items[i] =
		    (struct envelope_item){q->type, buf_span(&q->body[i])};
	must(envelope_sign(s->actor->sign, s->actor->code, items, q->n,
		 envelope) == ERR_NONE,
	    "sign");
	for (size_t i = 0; i < q->n; i++) {
		struct buf whole = {0}, frame = {0};
		if (q->kind == FRAME_PROVISION) {
			struct provision_frame f = {
			    buf_span(&envelope[i]), buf_span(&q->tail[i])};
			provision_frame_encode(&f, &whole);
		} else {
			buf_add(&whole, envelope[i].p, envelope[i].n);
		}
		frame_wrap(q->kind, buf_span(&whole), &frame);
		must(zsock_send_take(s->conn[q->at[i]], 0, &frame) == ERR_NONE,
		    "send");
		buf_free(&whole);
		buf_free(&envelope[i]);
		buf_reset(&q->body[i]);
		buf_reset(&q->tail[i]);
	}
	q->n = 0;
}

static struct buf *
queue_add(struct side *s, struct queue *q, size_t at)
{
	if (q->n == BATCH)
		queue_flush(s, q);
	q->at[q->n] = at;
	return &q->body[q->n++];
}

static void
ask_one(void)
{
	struct question q = row_73;
	struct buf sealed = {0};
	struct inquiry inq;
	size_t i = b.asked++;
	q.code = b.code;
	actor_inquiry(b.asks.actor, &q, &sealed, &inq);
	memcpy(b.id[i], inq.exchange_id, ID_LEN);
	b.begun[i] = clock_mono_us();
	inquiry_encode(&inq, queue_add(&b.asks, &b.asks.one, i % b.k));
	buf_free(&sealed);
}

/* ---- receiving
 * ---------------------------------------------------------------- */

static void
permit_take(struct span body, size_t at)
{
	static uint8_t noise[PAYLOAD];
	struct permit permit;
	struct entry *e = arena_alloc(&b.inner, sizeof *e);
	struct provision p = {.version = 1, .outcome = OUTCOME_PROVIDED};
	uint8_t leaf[ENTRY_LEAF_LEN];
	must(permit_decode(body, &b.arena, &permit) == ERR_NONE &&
		 entry_decode(permit.entry.body, &b.arena, e) == ERR_NONE,
	    "permit");
	memcpy(p.exchange_id, e->exchange_id, ID_LEN);
	strcpy(p.inquirer, e->inquirer);
	strcpy(p.provider, e->provider);
	entry_leaf(ENTRY_PERMIT, permit.entry.salt, permit.entry.body, leaf);
	entry_leaf_hash(leaf, p.permit_leaf);
	p.time_ms = clock_ms();
	p.sequence = ++b.gives.actor->provided;
	p.enc = span_of(noise, 65);
	memcpy(p.inquirer_key_id, dhkey_id(b.asks.actor->hpke), 16);
	p.ciphertext_size = PAYLOAD;
	sha256(SPAN(noise), p.ciphertext_hash);
	struct buf *to = queue_add(&b.gives, &b.gives.one, at);
	provision_encode(&p, to);
	buf_add(&b.gives.one.tail[b.gives.one.n - 1], noise, PAYLOAD);
}

static void
answer_take(struct span body, size_t at)
{
	struct answer a;
	struct envelope e;
	struct receipt r = {.version = 1, .time_ms = clock_ms()};
	must(answer_decode(body, &b.arena, &a) == ERR_NONE &&
		 envelope_decode(a.provision, &b.arena, &e) == ERR_NONE,
	    "answer");
	/* ids are in the order asked, answers nearly so */
	size_t i = b.answered > b.flight ? b.answered - b.flight : 0;
	while (i < b.asked && memcmp(b.id[i], a.exchange_id, ID_LEN) != 0)
		i++;
	if (i < b.asked)
		b.took[i] = clock_mono_us() - b.begun[i];
	b.answered++;
	memcpy(r.exchange_id, a.exchange_id, ID_LEN);
	strcpy(r.inquirer, "nenkin");
	strcpy(r.provider, "141003");
	sha256(e.body, r.provision_hash);
	receipt_encode(&r, queue_add(&b.asks, &b.asks.two, at));
}

static void
frame_take(struct span bytes, size_t at)
{
	struct frame f;
	arena_reset(&b.arena);
	arena_reset(&b.inner);
	must(frame_open(bytes, &b.arena, &f) == ERR_NONE, "frame");
	if (f.kind == FRAME_PERMIT)
		permit_take(f.body, at);
	else if (f.kind == FRAME_ANSWER)
		answer_take(f.body, at);
	else if (f.kind == FRAME_BUSY)
		must(false, "busy");
	else if (f.kind == FRAME_REFUSAL)
		must(false, "refused");
}

static void
side_poll(struct side *s, struct zmsg *m)
{
	for (size_t i = 0; i < b.k; i++)
		for (int n = 0;
		     n < BATCH && zsock_recv(s->conn[i], m) == ERR_NONE; n++)
			frame_take(zmsg_span(m), i);
}

static void
run(void)
{
	struct zpoll items[2 * K_MAX];
	struct zmsg m = {0};
	for (size_t i = 0; i < b.k; i++) {
		items[i] = (struct zpoll){.socket = b.asks.conn[i]};
		items[b.k + i] = (struct zpoll){.socket = b.gives.conn[i]};
	}
	while (b.answered < b.total) {
		while (b.asked < b.total && b.asked < b.answered + b.flight)
			ask_one();
		queue_flush(&b.asks, &b.asks.one);
		queue_flush(&b.asks, &b.asks.two);
		queue_flush(&b.gives, &b.gives.one);
		must(zsock_poll(items, 2 * b.k, 10000) > 0, "silence");
		side_poll(&b.gives, &m);
		side_poll(&b.asks, &m);
	}
	queue_flush(&b.asks, &b.asks.two);
	zmsg_close(&m);
}

/* ---- what came out
 * ---------------------------------------------------------------- */

static int
by_time(const void *x, const void *y)
{
	uint64_t a = *(const uint64_t *)x, c = *(const uint64_t *)y;
	return a < c ? -1 : a > c;
}

/* Of each of the broker's processes, and of the cluster's as one. */
struct usage {
	char what[16];
	unsigned long long cpu_us, peak_kb;
};

/* "what microseconds peak-kB" lines, out of /proc. */
static const char usage_script[] =
    "(b=%d; pg=$(head -1 $(sed -n 's/^database = host=\\([^ ]*\\).*/\\1/p' "
    "%s/etc/broker.conf)/data/postmaster.pid); "
    "for p in $b $(pgrep -P $b) $pg $(pgrep -P $pg); do "
    "case $p in $b) n=parent;; *) "
    "n=$(tr '\\0' ' ' </proc/$p/cmdline | "
    "sed -n 's/.*--role \\([a-z]*\\).*/\\1/p');; esac; "
    "echo ${n:-postgres} "
    "$(sed 's/.*) //' /proc/$p/stat | cut -d' ' -f12,13) "
    "$(sed -n 's/VmHWM:[^0-9]*\\([0-9]*\\).*/\\1/p' /proc/$p/status); "
    "done | awk '{c[$1]+=$2+$3; if ($4>m[$1]) m[$1]=$4} "
    "END {for (n in c) print n, c[n]*10000, m[n]}' | sort)";

static size_t
usage_read(struct world *w, struct usage *u, size_t most)
{
	size_t n = 0;
	world_shell(w, usage_script, (int)world_process(w, "broker")->pid,
	    world_dir(w));

	for (const char *at = world_said(w);
	     n < most && sscanf(at, "%15s %llu %llu", u[n].what, &u[n].cpu_us,
			     &u[n].peak_kb) == 3;
	     at = strchr(at, '\n') + 1)
		n++;
	return n;
}

static void
usage_print(const struct usage *before, const struct usage *after, size_t n)
{
	for (size_t i = 0; i < n; i++)
		printf("  %-9s %5.1f us CPU an exchange, peak %llu kB\n",
		    after[i].what,
		    (double)(after[i].cpu_us - before[i].cpu_us) /
			(double)b.total,
		    after[i].peak_kb);
}

int
main(int argc, char **argv)
{
	int c;
	while ((c = getopt(argc, argv, "n:f:k:")) != -1) {
		size_t v = strtoul(optarg, NULL, 10);
		if (c == 'n')
			b.total = v;
		else if (c == 'f')
			b.flight = v;
		else if (c == 'k')
			b.k = v < K_MAX ? v : K_MAX;
		else
			return 2;
	}
	b.id = xcalloc(b.total, ID_LEN);
	b.begun = xcalloc(b.total, sizeof *b.begun);
	b.took = xcalloc(b.total, sizeof *b.took);
	b.asks.one = (struct queue){.type = "inquiry", .kind = FRAME_INQUIRY};
	b.asks.two = (struct queue){.type = "receipt", .kind = FRAME_RECEIPT};
	b.gives.one =
	    (struct queue){.type = "provision", .kind = FRAME_PROVISION};
	struct world *w = world_new(NULL);
	must(world_start(w, "broker", NULL), "broker");
	struct actor *nenkin = actor_new(w, "nenkin");
	struct actor *city = actor_new(w, "141003");
	struct actor *registrar = actor_new(w, "registrar");
	must(actor_acquire(nenkin, registrar, RESIDENT, b.code), "code");
	raw_close(nenkin->raw);
	raw_close(city->raw);
	nenkin->raw = city->raw = NULL;
	side_open(&b.asks, w, nenkin);
	side_open(&b.gives, w, city);
	struct usage before[8], after[8];
	size_t n = usage_read(w, before, 8);
	uint64_t begun = clock_mono_us();
	run();
	double seconds = (double)(clock_mono_us() - begun) / 1e6;
	must(usage_read(w, after, 8) == n, "usage");
	qsort(b.took, b.total, sizeof *b.took, by_time);
	printf("exchanges=%zu in_flight=%zu K=%zu P=2 per_second=%.0f "
	       "p50_ms=%.2f p99_ms=%.2f\n",
	    b.total, b.flight, b.k, (double)b.total / seconds,
	    (double)b.took[b.total / 2] / 1e3,
	    (double)b.took[b.total * 99 / 100] / 1e3);
	usage_print(before, after, n);
	fflush(stdout);
	world_free(w);
	return 0;
}

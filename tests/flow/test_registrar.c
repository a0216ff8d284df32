/* The registrar alone; agencies and the broker are played by the test. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/envelope.h"
#include "lib/err.h"
#include "lib/outcome.h"
#include "lib/seal.h"
#include "lib/zsock.h"
#include "tests/flow/world.h"
#include "tests/unit/suite.h"

#define WAIT_MS 5000
#define QUIET_MS 400
#define CITY "141003"
#define PENSION "nenkin"

/* of synthetic residents 0 and 1 of seed 2026, read from the CSV */
static char my_number[2][13], resident_code[2][12];

static struct world *w;

static _Noreturn void
fail(const char *what)
{
	fprintf(stderr, "test_registrar: %s\n", what);
	exit(1);
}

/* --- sockets of the test ----------------------------------------------------
 */

struct peer {
	struct znet *net;
	struct zsock *sock;
	struct secret key;
	struct zmsg m;
	struct arena arena;
	struct frame frame; /* the last one received */
};

static const char *
in_world(const char *name)
{
	static char path[4][512];
	static unsigned at;
	char *p = path[at++ % 4];

	snprintf(p, sizeof path[0], "%s/%s", world_dir(w), name);
	return p;
}

/* The value of a key of registrar.conf; the caller frees. */
static char *
conf_value(const char *key)
{
	char *text = world_file(w, "etc/registrar.conf");
	char *at = strstr(text, key), *value;

	if (at == NULL)
		fail(key);
	at += strlen(key);
	at[strcspn(at, "\n")] = '\0';
	value = xstrdup(at);
	free(text);
	return value;
}

static struct peer *
peer_new(const char *key)
{
	struct peer *p = xcalloc(1, sizeof *p);
	char path[100];

	snprintf(path, sizeof path, "pki/%s/curve.key", key);
	if (curve_read(in_world(path), &p->key) != ERR_NONE)
		fail(path);
	return p;
}

static void
peer_free(struct peer *p)
{
	zmsg_close(&p->m);
	zsock_close(p->sock);
	znet_free(p->net);
	secret_free(&p->key);
	arena_wipe_free(&p->arena);
	free(p);
}

/* An agency (or whoever has that party's key) at the registrar's door. */
static struct peer *
agency_new(const char *party)
{
	char name[64], *endpoint = conf_value("listen = ");
	char *text = world_file(w, "pki/parties/registrar/curve.pub");
	uint8_t server[CURVE_KEY_LEN];
	struct peer *p;

	snprintf(name, sizeof name, "parties/%s", party);
	p = peer_new(name);
	text[strcspn(text, "\n")] = '\0';
	p->net = znet_new(NULL, NULL);
	if (curve_parse(text, server) != ERR_NONE ||
	    zsock_dial(p->net, endpoint, &p->key, server, NULL, &p->sock) !=
		ERR_NONE)
		fail("dial");
	free(text);
	free(endpoint);
	return p;
}

static bool
let_in(void *arg, const uint8_t key[static CURVE_KEY_LEN], char *party)
{
	strcpy(party, "registrar");
	return true;
}

/* The broker's door, which the registrar dials. */
static struct peer *
broker_new(void)
{
	char *endpoint = conf_value("broker = ");
	struct peer *p = peer_new("broker");

	p->net = znet_new(let_in, NULL);
	if (zsock_serve(p->net, endpoint, &p->key, NULL, &p->sock) != ERR_NONE)
		fail("serve");
	free(endpoint);
	return p;
}

static void
peer_send(struct peer *p, enum frame_kind kind, const struct buf *body)
{
	struct buf frame = {0};
	enum err e = ERR_OFFLINE;

	frame_wrap(kind, buf_span(body), &frame);
	for (int i = 0; e != ERR_NONE && i < WAIT_MS / 10; i++) {
		e = zsock_send(p->sock, p->m.route, buf_span(&frame));
		if (e != ERR_NONE)
			process_sleep_ms(10);
	}
	buf_free(&frame);
	if (e != ERR_NONE)
		fail("send");
}

/* The next frame of that kind; greetings are answered on the way. */
static bool
peer_await(struct peer *p, enum frame_kind kind, int ms)
{
	long long end = process_clock_ms() + ms;
	struct zpoll item = {.socket = p->sock};

	while (process_clock_ms() < end) {
		if (zsock_recv(p->sock, &p->m) != ERR_NONE) {
			zsock_poll(&item, 1, 20);
			continue;
		}
		arena_reset(&p->arena);
		if (frame_open(zmsg_span(&p->m), &p->arena, &p->frame) !=
		    ERR_NONE)
			fail("a frame that does not open");
		if (p->frame.kind == FRAME_HELLO) {
			struct hello_reply r = {.version = 1};
			struct buf body = {0};

			hello_reply_encode(&r, &body);
			peer_send(p, FRAME_HELLO_REPLY, &body);
			buf_free(&body);
		}
		if (p->frame.kind == kind)
			return true;
	}
	return false;
}

/* --- what is said
 * ------------------------------------------------------------- */

static void
ask(struct peer *agency, const char *number, uint8_t id)
{
	struct acquisition_request q = {.version = 1};
	struct buf body = {0};

	memset(q.acquisition_number, id, ID_LEN);
	snprintf(q.my_number, sizeof q.my_number, "%s", number);
	acquisition_request_encode(&q, &body);
	peer_send(agency, FRAME_ACQUISITION_REQUEST, &body);
	buf_free(&body);
}

/* The reply's outcome, or its error where it has one. */
static void
expect_reply(struct peer *agency, enum outcome o, enum err e)
{
	struct acquisition_reply r;

	CU_ASSERT_FATAL(peer_await(agency, FRAME_ACQUISITION_REPLY, WAIT_MS));
	SUITE_ERR(
	    acquisition_reply_decode(agency->frame.body, &agency->arena, &r),
	    ERR_NONE);
	CU_ASSERT_EQUAL(r.outcome, o);
	CU_ASSERT_STRING_EQUAL(r.error, e == ERR_NONE ? "" : err_code(e));
}

static void
notice(struct peer *broker, const uint8_t *id, enum outcome o, enum err e,
    bool acknowledged)
{
	struct registrar_notice n = {
	    .outcome = o, .acknowledged = acknowledged};
	struct buf body = {0};

	memcpy(n.id, id, ID_LEN);
	if (e != ERR_NONE)
		snprintf(n.error, sizeof n.error, "%s", err_code(e));
	registrar_notice_encode(&n, &body);
	peer_send(broker, FRAME_REGISTRAR_NOTICE, &body);
	buf_free(&body);
}

/* What the vault would read out of a sealed resident code. */
static void
resident_read(const struct person_ref *ref, struct buf *ad, char out[12])
{
	struct dhkey *vault = NULL, *registrar = NULL;
	struct seal_ring *ring;

	if (dhkey_open(in_world("pki/broker/vault-seal.key"), &vault) ||
	    dhkey_open(in_world("pki/parties/registrar/seal.key"), &registrar))
		fail("sealing keys");
	ring = seal_ring_new(vault, true, SEAL_CAP);
	memset(out, 0, 12);
	SUITE_ERR(seal_open_resident(seal_ring_find(ring, "registrar",
					 dhkey_point(registrar), SEAL_TO_VAULT),
		      ref->data, buf_span(ad), out),
	    ERR_NONE);
	seal_ring_free(ring);
	dhkey_free(vault);
	dhkey_free(registrar);
	buf_free(ad);
}

/* The CodeRequest that comes to the broker, opened; its bytes into *bytes. */
static void
expect_request(struct peer *broker, struct code_request *q, char resident[12],
    struct buf *bytes)
{
	struct signkey *key = NULL;
	struct buf ad = {0};
	struct envelope env;

	CU_ASSERT_FATAL(peer_await(broker, FRAME_CODE_REQUEST, WAIT_MS));
	if (bytes != NULL)
		buf_add(bytes, broker->frame.body.p, broker->frame.body.n);
	SUITE_ERR(envelope_decode(broker->frame.body, &broker->arena, &env),
	    ERR_NONE);
	SUITE_ERR(
	    signkey_open(in_world("pki/parties/registrar/sign.key"), &key),
	    ERR_NONE);
	SUITE_ERR(
	    envelope_check(&env, "code-request", signkey_public(key), NULL),
	    ERR_NONE);
	signkey_free(key);
	SUITE_ERR(code_request_decode(env.body, &broker->arena, q), ERR_NONE);
	seal_ad_resident(&ad, q->agency, q->acquisition_number);
	resident_read(&q->resident, &ad, resident);
}

static long
rows(void)
{
	return world_count(
	    w, "renkei_registrar", "SELECT count(*) FROM acquisition");
}

static bool
rows_until(const char *want)
{
	return world_until(
	    w, "renkei_registrar", "SELECT count(*) FROM acquisition", want, 5);
}

static void
registrar_up(void)
{
	if (!world_start(w, "registrar", NULL))
		fail("the registrar did not start");
}

static void
registrar_down(void)
{
	CU_ASSERT(process_stop(world_process(w, "registrar"), 10));
}

/* --- tests
 * -------------------------------------------------------------------- */

static void
passes_on(void)
{
	struct peer *city = agency_new(CITY), *broker = broker_new();
	struct code_request q;
	char resident[12];

	registrar_up();
	ask(city, my_number[0], 1);
	expect_reply(city, OUTCOME_ISSUED, ERR_NONE);
	expect_request(broker, &q, resident, NULL);
	CU_ASSERT_STRING_EQUAL(q.agency, CITY);
	CU_ASSERT_STRING_EQUAL(resident, resident_code[0]);
	CU_ASSERT_EQUAL(rows(), 1);
	notice(broker, q.acquisition_number, OUTCOME_ISSUED, ERR_NONE, false);
	process_sleep_ms(QUIET_MS);
	CU_ASSERT_EQUAL(rows(), 1);
	notice(broker, q.acquisition_number, OUTCOME_ISSUED, ERR_NONE, true);
	CU_ASSERT(rows_until("0"));
	registrar_down();
	peer_free(city);
	peer_free(broker);
}

static void
says_no(void)
{
	struct peer *city = agency_new(CITY), *auditor = agency_new("auditor");
	struct peer *broker = broker_new();
	char wrong[13];

	registrar_up();
	snprintf(wrong, sizeof wrong, "%s", my_number[0]);
	wrong[11] = wrong[11] == '9' ? '0' : (char)(wrong[11] + 1);
	ask(city, wrong, 1);
	expect_reply(city, 0, ERR_MALFORMED);
	ask(city, "123456789018", 2); /* nobody's */
	expect_reply(city, OUTCOME_NO_RESIDENT, ERR_NONE);
	ask(auditor, my_number[0], 3);
	expect_reply(auditor, 0, ERR_NOT_YOURS);
	CU_ASSERT(!peer_await(broker, FRAME_CODE_REQUEST, QUIET_MS));
	CU_ASSERT_EQUAL(rows(), 0);
	registrar_down();
	peer_free(city);
	peer_free(auditor);
	peer_free(broker);
}

static void
answers_a_retry(void)
{
	struct peer *city = agency_new(CITY), *pension = agency_new(PENSION);
	struct peer *broker = broker_new();
	struct buf first = {0}, again = {0};
	struct code_request q;
	char resident[12];

	registrar_up();
	ask(city, my_number[0], 1);
	expect_reply(city, OUTCOME_ISSUED, ERR_NONE);
	expect_request(broker, &q, resident, &first);
	notice(broker, q.acquisition_number, OUTCOME_ISSUED, ERR_NONE, false);
	process_sleep_ms(QUIET_MS);
	ask(city, my_number[0], 1);
	expect_reply(city, OUTCOME_ISSUED, ERR_NONE);
	expect_request(broker, &q, resident, &again);
	CU_ASSERT(span_equal(buf_span(&first), buf_span(&again)));
	CU_ASSERT_EQUAL(rows(), 1);
	/* the same number from another agency is not its retry */
	ask(pension, my_number[1], 1);
	expect_reply(pension, 0, ERR_DUPLICATE);
	CU_ASSERT_EQUAL(rows(), 1);
	notice(broker, q.acquisition_number, OUTCOME_ISSUED, ERR_NONE, true);
	CU_ASSERT(rows_until("0"));
	registrar_down();
	buf_free(&first);
	buf_free(&again);
	peer_free(city);
	peer_free(pension);
	peer_free(broker);
}

/* Stored while the broker is away, and over the registrar's own death. */
static void
outlives_both(void)
{
	struct peer *city = agency_new(CITY), *broker;
	struct code_request q;
	char resident[12];

	registrar_up();
	for (uint8_t i = 1; i <= 3; i++)
		ask(city, my_number[i % 2], i);
	for (int i = 0; i < 3; i++)
		expect_reply(city, OUTCOME_ISSUED, ERR_NONE);
	process_kill(world_process(w, "registrar"), true);
	registrar_up();
	broker = broker_new();
	for (int i = 0; i < 3; i++) {
		expect_request(broker, &q, resident, NULL);
		notice(broker, q.acquisition_number, OUTCOME_ISSUED, ERR_NONE,
		    true);
	}
	CU_ASSERT(rows_until("0"));
	registrar_down();
	peer_free(city);
	peer_free(broker);
}

static void
asks_again_what_went_unanswered(void)
{
	struct peer *city = agency_new(CITY), *broker = broker_new();
	struct code_request q;
	char resident[12];

	registrar_up();
	ask(city, my_number[0], 1);
	expect_reply(city, OUTCOME_ISSUED, ERR_NONE);
	expect_request(broker, &q, resident, NULL);
	notice(broker, q.acquisition_number, 0, ERR_BUSY, false);
	CU_ASSERT(peer_await(broker, FRAME_CODE_REQUEST, 2 * WAIT_MS));
	/* what will not be otherwise later ends it, and the agency hears */
	notice(broker, q.acquisition_number, 0, ERR_SEAL, false);
	expect_reply(city, 0, ERR_SEAL);
	CU_ASSERT(rows_until("0"));
	registrar_down();
	peer_free(city);
	peer_free(broker);
}

static void
change_command(void)
{
	CU_ASSERT_EQUAL(
	    world_shell(w,
		"sh -c 'echo %s | %s/renkei-registrar %s/etc/registrar.conf "
		"change'",
		my_number[1], getenv("BUILD") ? getenv("BUILD") : "build",
		world_dir(w)),
	    0);
}

static void
announces_a_change(void)
{
	struct peer *city = agency_new(CITY), *broker = broker_new();
	struct buf ad = {0};
	char before[12], after[12], resident[12];
	struct resident_change c;
	struct code_request q;
	struct envelope env;

	registrar_up();
	CU_ASSERT(!peer_await(broker, FRAME_RESIDENT_CHANGE, QUIET_MS));
	change_command();
	CU_ASSERT_FATAL(peer_await(broker, FRAME_RESIDENT_CHANGE, WAIT_MS));
	SUITE_ERR(envelope_decode(broker->frame.body, &broker->arena, &env),
	    ERR_NONE);
	SUITE_ERR(
	    resident_change_decode(env.body, &broker->arena, &c), ERR_NONE);
	seal_ad_change(&ad, true, c.change_id);
	resident_read(&c.old_resident, &ad, before);
	seal_ad_change(&ad, false, c.change_id);
	resident_read(&c.new_resident, &ad, after);
	CU_ASSERT_STRING_EQUAL(before, resident_code[1]);
	CU_ASSERT_STRING_NOT_EQUAL(after, before);
	/* until it is confirmed, nobody may get a code by the new one */
	ask(city, my_number[1], 1);
	expect_reply(city, 0, ERR_BUSY);
	notice(broker, c.change_id, 0, ERR_NONE, false);
	CU_ASSERT(world_until(w, "renkei_registrar",
	    "SELECT count(*) FROM resident_change WHERE confirmed", "1", 5));
	ask(city, my_number[1], 1);
	expect_reply(city, OUTCOME_ISSUED, ERR_NONE);
	expect_request(broker, &q, resident, NULL);
	CU_ASSERT_STRING_EQUAL(resident, after);
	notice(broker, q.acquisition_number, OUTCOME_ISSUED, ERR_NONE, true);
	CU_ASSERT(rows_until("0"));
	registrar_down();
	peer_free(city);
	peer_free(broker);
}

static void
forgets_after_a_day(void)
{
	registrar_up();
	registrar_down();
	world_sql(w, "renkei_registrar",
	    "INSERT INTO acquisition VALUES (gen_random_uuid(), '%s', 1000, "
	    "'\\x00')",
	    CITY);
	registrar_up();
	CU_ASSERT(rows_until("0"));
	registrar_down();
}

static void
imports_whole_or_not_at_all(void)
{
	const char *build = getenv("BUILD") ? getenv("BUILD") : "build";
	long before =
	    world_count(w, "renkei_registrar", "SELECT count(*) FROM resident");

	/* residents 2..9 are new, but the tenth line's My Number is bent */
	CU_ASSERT_EQUAL(
	    world_shell(w,
		"sh -c '(%s/renkei-registrar generate 9 7; echo "
		"111111111111,00000000000,x,x,2000-01-01,1,141003,x) "
		">%s/bad.csv; %s/renkei-registrar %s/etc/registrar.conf "
		"import %s/bad.csv'",
		build, world_dir(w), build, world_dir(w), world_dir(w)),
	    1);
	CU_ASSERT_PTR_NOT_NULL(strstr(world_said(w), "bad.csv:11"));
	CU_ASSERT_PTR_NULL(strstr(world_said(w), "111111111111"));
	CU_ASSERT_EQUAL(
	    world_count(w, "renkei_registrar", "SELECT count(*) FROM resident"),
	    before);
}

/* --- the world
 * ------------------------------------------------------------------ */

static void
residents_enter(void)
{
	const char *build = getenv("BUILD") ? getenv("BUILD") : "build";
	char *text, *at;

	if (world_shell(w,
		"sh -c '%s/renkei-registrar generate 2 >%s/two.csv && "
		"%s/renkei-registrar %s/etc/registrar.conf import "
		"%s/two.csv'",
		build, world_dir(w), build, world_dir(w), world_dir(w)) != 0)
		fail(world_said(w));
	text = world_file(w, "two.csv");
	at = text;
	for (int i = 0; i < 2; i++) {
		at = strchr(at, '\n') + 1;
		snprintf(my_number[i], 13, "%.12s", at);
		snprintf(resident_code[i], 12, "%.11s", at + 13);
	}
	free(text);
}

static void
begin(void)
{
	w = world_new(NULL);
	residents_enter();
}

static void
end(void)
{
	world_free(w);
}

static const struct suite_case cases[] = {
    {"(makes a world)", begin},
    {"passes a sealed resident code on, and forgets on acknowledgement",
	passes_on},
    {"refuses wrong digits, strangers to the network, unknown people", says_no},
    {"answers a retry with the same bytes, and nobody else", answers_a_retry},
    {"keeps requests while the broker is away and over its own death",
	outlives_both},
    {"asks again what was too much, and gives up what is wrong",
	asks_again_what_went_unanswered},
    {"announces a changed resident code before it issues by it",
	announces_a_change},
    {"forgets a number after a day", forgets_after_a_day},
    {"imports all residents of a file or none, quoting nobody",
	imports_whole_or_not_at_all},
    {"(removes the world)", end},
};
SUITE("registrar", cases)

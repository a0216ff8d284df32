/* Agents before a broker that lies: played here, with all of its keys. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/checkpoint.h"
#include "lib/clock.h"
#include "lib/directory.h"
#include "lib/entry.h"
#include "lib/envelope.h"
#include "lib/outcome.h"
#include "lib/payloadseal.h"
#include "lib/seal.h"
#include "lib/sha256.h"
#include "lib/uuid.h"
#include "lib/zsock.h"
#include "policy/policy.h"
#include "tests/flow/world.h"
#include "tests/unit/suite.h"

#define CITY "141003"
#define PENSION "nenkin"
#define TAX "地方税関係情報"
#define WAIT_MS 5000
#define QUIET_MS 400

static struct world *w;
static uint8_t city_code[CODE_LEN] = {1}, nobody_code[CODE_LEN] = {9};

static _Noreturn void
fail(const char *what)
{
	fprintf(stderr, "test_agent_checks: %s\n", what);
	exit(1);
}

#define MUST(call)                      \
	do {                            \
		if ((call) != ERR_NONE) \
			fail(#call);    \
	} while (0)

static const char *
in_world(const char *fmt, const char *name)
{
	static char path[8][512];
	static unsigned at;
	char *p = path[at++ % 8], tail[200];

	snprintf(tail, sizeof tail, fmt, name);
	snprintf(p, sizeof path[0], "%s/%s", world_dir(w), tail);
	return p;
}

/* --- the broker that is played ----------------------------------------------
 */

static struct {
	struct znet *net;
	struct zsock *sock;
	struct secret key;
	struct zmsg m;
	struct arena arena;
	struct frame frame; /* the last one received */
	struct note_signer log;
	struct merkle_batch tree;
	struct dhkey *vault;
	struct seal_ring *ring;
	struct policy *policy;
	uint32_t route_city, route_pension;
	uint64_t shown_city, shown_pension; /* sizes they were shown */
} hub;

static struct signkey *
sign_key(const char *party)
{
	struct signkey *k;

	MUST(signkey_open(in_world("pki/parties/%s/sign.key", party), &k));
	return k;
}

static struct dhkey *
dh_key(const char *party, const char *name)
{
	char fmt[80];
	struct dhkey *k;

	snprintf(fmt, sizeof fmt, "pki/parties/%%s/%s.key", name);
	MUST(dhkey_open(in_world(fmt, party), &k));
	return k;
}

static bool
let_in(void *arg, const uint8_t key[static CURVE_KEY_LEN], char *party)
{
	static const char *const parties[] = {CITY, PENSION, "271004"};

	for (size_t i = 0; i < 3; i++) {
		struct secret k = {0};
		uint8_t public[CURVE_KEY_LEN];
		bool same;

		MUST(curve_read(
		    in_world("pki/parties/%s/curve.key", parties[i]), &k));
		curve_public(&k, public);
		same = memcmp(public, key, CURVE_KEY_LEN) == 0;
		secret_free(&k);
		if (same) {
			strcpy(party, parties[i]);
			return true;
		}
	}
	return false;
}

static void
hub_open(void)
{
	char *conf = world_file(w, "etc/broker.conf"), *at, *text;
	struct buf why = {0};

	at = strstr(conf, "listen = ");
	if (at == NULL)
		fail("no listen");
	at += 9;
	at[strcspn(at, "\n")] = '\0';
	MUST(curve_read(in_world("pki/broker/%s", "curve.key"), &hub.key));
	hub.net = znet_new(let_in, NULL);
	MUST(zsock_serve(hub.net, at, &hub.key, NULL, &hub.sock));
	free(conf);
	text = world_file(w, "pki/broker/log.key");
	MUST(note_signer_parse(text, &hub.log));
	free(text);
	merkle_batch_init(&hub.tree, NULL);
	MUST(dhkey_open(
	    in_world("pki/broker/%s", "vault-seal.key"), &hub.vault));
	hub.ring = seal_ring_new(hub.vault, true, SEAL_CAP);
	MUST(policy_open("policy", &hub.policy, &why));
}

static void
hub_close(void)
{
	zmsg_close(&hub.m);
	zsock_close(hub.sock);
	znet_free(hub.net);
	secret_free(&hub.key);
	seal_ring_free(hub.ring);
	dhkey_free(hub.vault);
	policy_free(hub.policy);
	merkle_batch_fini(&hub.tree);
	arena_wipe_free(&hub.arena);
}

static void
hub_send(uint32_t route, enum frame_kind kind, struct buf *body)
{
	struct buf frame = {0};

	frame_wrap(kind, buf_span(body), &frame);
	MUST(zsock_send_take(hub.sock, route, &frame));
	buf_free(body);
}

static void
note_make(uint64_t size, const struct note_signer *by, struct buf *note)
{
	struct checkpoint c = {.size = size};

	strcpy(c.origin, by->key.name);
	MUST(merkle_root_at(merkle_batch_read, &hub.tree, size, c.root));
	MUST(checkpoint_sign(&c, by, note));
}

static void
hello_answer(const struct hello *h)
{
	static uint8_t path[MERKLE_PATH_MAX][MERKLE_LEN];
	struct hello_reply r = {.version = 1,
	    .time_ms = clock_ms(),
	    .consistent_from = h->held_size,
	    .consistency = path};
	struct buf note = {0}, body = {0};

	strcpy(r.party, hub.m.party);
	note_make(hub.tree.size, &hub.log, &note);
	r.checkpoint = buf_span(&note);
	MUST(merkle_consistency(merkle_batch_read, &hub.tree, h->held_size,
	    hub.tree.size, path, &r.n_consistency));
	memcpy(r.policy_hash, policy_hash(hub.policy), HASH_LEN);
	hello_reply_encode(&r, &body);
	hub_send(hub.m.route, FRAME_HELLO_REPLY, &body);
	buf_free(&note);
	if (strcmp(hub.m.party, CITY) == 0) {
		hub.route_city = hub.m.route;
		hub.shown_city = hub.tree.size;
	} else if (strcmp(hub.m.party, PENSION) == 0) {
		hub.route_pension = hub.m.route;
		hub.shown_pension = hub.tree.size;
	}
}

/* The next frame of that kind from that party; HELLOs are answered. */
static bool
hub_await(enum frame_kind kind, const char *party, int ms)
{
	struct zpoll p = {.socket = hub.sock};
	long long until = process_clock_ms() + ms;

	for (;;) {
		long long left = until - process_clock_ms();
		struct hello h;

		if (left <= 0)
			return false;
		zsock_poll(&p, 1, (int)left);
		while (zsock_recv(hub.sock, &hub.m) == ERR_NONE) {
			arena_reset(&hub.arena);
			MUST(frame_open(
			    zmsg_span(&hub.m), &hub.arena, &hub.frame));
			if (hub.frame.kind == FRAME_HELLO) {
				MUST(hello_decode(
				    hub.frame.body, &hub.arena, &h));
				hello_answer(&h);
			} else if (hub.frame.kind == kind &&
				   strcmp(hub.m.party, party) == 0) {
				return true;
			}
		}
	}
}

static void
hub_greet(void)
{
	long long until = process_clock_ms() + WAIT_MS;

	while ((hub.route_city == 0 || hub.route_pension == 0) &&
	       process_clock_ms() < until)
		hub_await(FRAME_CODE_ACK, "none", 50);
	if (hub.route_city == 0 || hub.route_pension == 0)
		fail("the agents do not connect");
}

/* --- entries and permits
 * ------------------------------------------------------ */

static const uint8_t salt[ENTRY_SALT_LEN] = {5};

/* Append an entry to the tree; its body and leaf hash. Returns its index. */
static uint64_t
entry_append(const struct entry *e, struct buf *body, uint8_t leaf[static 32])
{
	uint8_t data[ENTRY_LEAF_LEN];

	buf_reset(body);
	entry_encode(e, body);
	entry_leaf(e->type, salt, buf_span(body), data);
	entry_leaf_hash(data, leaf);
	merkle_batch_append(&hub.tree, leaf);
	return hub.tree.size - 1;
}

/* A proof for the connection that was last shown *shown. */
static void
proof_make(struct entry_proof *p, const struct buf *body, uint64_t index,
    uint64_t *shown, struct buf *note)
{
	static uint8_t path[MERKLE_PATH_MAX][MERKLE_LEN];
	static uint8_t consistency[MERKLE_PATH_MAX][MERKLE_LEN];

	*p = (struct entry_proof){.body = buf_span(body),
	    .index = index,
	    .path = path,
	    .consistent_from = *shown,
	    .consistency = consistency};
	memcpy(p->salt, salt, sizeof salt);
	buf_reset(note);
	note_make(hub.tree.size, &hub.log, note);
	p->checkpoint = buf_span(note);
	MUST(merkle_inclusion(merkle_batch_read, &hub.tree, index,
	    hub.tree.size, path, &p->n_path));
	MUST(merkle_consistency(merkle_batch_read, &hub.tree, *shown,
	    hub.tree.size, consistency, &p->n_consistency));
	*shown = hub.tree.size;
}

/* A permit as the broker would make it; tests change one thing of it. */
struct made {
	struct inquiry q;
	struct entry e;
	struct buf sealed, inquiry, body, note;
	const char *signer;	     /* whose key signs the inquiry */
	const uint8_t *code;	     /* the provider's, of the person */
	uint8_t bound[ID_LEN];	     /* exchange the code is sealed to */
	bool other_person;	     /* after the entry was written */
	bool other_path, other_note; /* the proof is of something else */
	uint8_t leaf[HASH_LEN];
};

static void
made_begin(struct made *m)
{
	*m = (struct made){.signer = PENSION, .code = city_code};
	uuid_make(m->q.exchange_id);
	m->q.version = 1;
	strcpy(m->q.inquirer, PENSION);
	strcpy(m->q.inquirer_for, "mhlw");
	strcpy(m->q.unit, "u");
	strcpy(m->q.task, "73");
	strcpy(m->q.procedure, "p73.001");
	strcpy(m->q.provider, CITY);
	strcpy(m->q.data[0], TAX);
	m->q.n_data = 1;
	m->q.time_ms = clock_ms();
	m->q.sequence = 1;
	m->q.case_tag[0] = 1;
	m->q.person = (struct person_ref){1, 1, SPAN(city_code)};
	memcpy(m->bound, m->q.exchange_id, ID_LEN);
	m->e = (struct entry){.version = 1,
	    .type = ENTRY_PERMIT,
	    .time_ms = m->q.time_ms,
	    .outcome = OUTCOME_PERMITTED,
	    .policy_version = policy_version(hub.policy),
	    .answer_by_ms = m->q.time_ms + 60000,
	    .valid_until_ms = m->q.time_ms + 3600000};
	memcpy(m->e.policy_hash, policy_hash(hub.policy), HASH_LEN);
}

/* The entry repeats the inquiry. */
static void
made_repeat(struct made *m)
{
	struct entry *e = &m->e;

	memcpy(e->entry_id, m->q.exchange_id, ID_LEN);
	memcpy(e->exchange_id, m->q.exchange_id, ID_LEN);
	strcpy(e->inquirer, m->q.inquirer);
	strcpy(e->inquirer_for, m->q.inquirer_for);
	strcpy(e->unit, m->q.unit);
	strcpy(e->task, m->q.task);
	strcpy(e->procedure, m->q.procedure);
	if (e->provider[0] == '\0')
		strcpy(e->provider, m->q.provider);
	memcpy(e->data, m->q.data, sizeof e->data);
	e->n_data = m->q.n_data;
	e->asked_ms = m->q.time_ms;
}

static void
made_inquiry(struct made *m)
{
	struct signkey *k = sign_key(m->signer);
	struct buf body = {0};
	struct envelope_item item = {"inquiry", {0}};
	static const uint8_t none[HASH_LEN];

	inquiry_encode(&m->q, &body);
	item.body = buf_span(&body);
	if (memcmp(m->e.inquiry_hash, none, HASH_LEN) == 0)
		sha256(item.body, m->e.inquiry_hash);
	MUST(envelope_sign(k, PENSION, &item, 1, &m->inquiry));
	signkey_free(k);
	buf_free(&body);
}

static void
made_person(struct made *m, const uint8_t *code)
{
	struct dhkey *seal = dh_key(CITY, "seal");
	struct seal_channel *c =
	    seal_ring_find(hub.ring, CITY, dhkey_point(seal), SEAL_FROM_VAULT);
	struct buf ad = {0};

	buf_reset(&m->sealed);
	seal_ad_permit(&ad, PENSION, CITY, m->bound, m->e.inquiry_hash);
	MUST(seal_code(c, 1, code, buf_span(&ad), &m->sealed));
	buf_free(&ad);
	dhkey_free(seal);
}

static void
made_send(struct made *m)
{
	struct permit p = {.person = {.suite = 1, .kind = 1}};
	struct buf body = {0};
	struct note_signer other;
	static const uint8_t seed[32] = {3};
	uint64_t index;

	made_repeat(m);
	made_inquiry(m);
	made_person(m, m->code);
	sha256(buf_span(&m->sealed), m->e.provider_ref_hash);
	index = entry_append(&m->e, &m->body, m->leaf);
	if (m->other_person)
		made_person(m, nobody_code);
	proof_make(&p.entry, &m->body, index, &hub.shown_city, &m->note);
	if (m->other_path)
		p.entry.salt[0]++;
	if (m->other_note) {
		MUST(note_signer_make(
		    hub.log.key.name, NOTE_ED25519, seed, &other));
		buf_reset(&m->note);
		note_make(hub.tree.size, &other, &m->note);
		p.entry.checkpoint = buf_span(&m->note);
	}
	p.person.data = buf_span(&m->sealed);
	p.inquiry = buf_span(&m->inquiry);
	permit_encode(&p, &body);
	hub_send(hub.route_city, FRAME_PERMIT, &body);
}

static void
made_end(struct made *m)
{
	buf_free(&m->sealed);
	buf_free(&m->inquiry);
	buf_free(&m->body);
	buf_free(&m->note);
}

/* What the city answered last: its provision, decoded. */
static bool
provision_await(struct provision_frame *f, struct provision *p, int ms)
{
	struct envelope env;

	if (!hub_await(FRAME_PROVISION, CITY, ms))
		return false;
	MUST(provision_frame_decode(hub.frame.body, &hub.arena, f));
	MUST(envelope_decode(f->envelope, &hub.arena, &env));
	MUST(provision_decode(env.body, &hub.arena, p));
	return true;
}

/* --- the answering side
 * ------------------------------------------------------- */

static void
answered_with(struct made *m, enum outcome outcome, const char *reason)
{
	struct provision_frame f;
	struct provision p;

	made_send(m);
	if (!provision_await(&f, &p, WAIT_MS)) {
		CU_FAIL("no provision");
		return;
	}
	CU_ASSERT_EQUAL(p.outcome, outcome);
	CU_ASSERT_STRING_EQUAL(p.reason, reason);
	SUITE_BYTES(p.permit_leaf, m->leaf, HASH_LEN);
	CU_ASSERT_EQUAL(f.ciphertext.n > 0, outcome == OUTCOME_PROVIDED);
	made_end(m);
}

static void
refused_for(struct made *m, const char *reason)
{
	answered_with(m, OUTCOME_PROVIDER_REFUSED, reason);
}

static void
not_answered(struct made *m)
{
	struct provision_frame f;
	struct provision p;

	made_send(m);
	CU_ASSERT_FALSE(provision_await(&f, &p, QUIET_MS));
	made_end(m);
}

static void
answers_what_is_proved(void)
{
	struct made m;

	made_begin(&m);
	answered_with(&m, OUTCOME_PROVIDED, "");
	made_begin(&m);
	m.code = nobody_code;
	answered_with(&m, OUTCOME_NOT_HELD, "");
}

static void
answers_only_the_inquirer(void)
{
	struct dhkey *hpke = dh_key(PENSION, "hpke");
	struct payload_opener *o = payload_opener_new(hpke);
	struct payload_sealed sealed;
	struct provision_frame f;
	struct provision p;
	struct payload payload;
	struct buf text = {0};
	struct made m;

	made_begin(&m);
	made_send(&m);
	CU_ASSERT_TRUE_FATAL(provision_await(&f, &p, WAIT_MS));
	memcpy(sealed.enc, p.enc.p, POINT_LEN);
	memcpy(sealed.salt, p.salt, PAYLOAD_SALT_LEN);
	memcpy(sealed.key_id, p.inquirer_key_id, KEY_ID_LEN);
	memcpy(sealed.hash, p.ciphertext_hash, HASH_LEN);
	SUITE_ERR(
	    payload_open(o, &(struct payload_binding){CITY, PENSION, m.leaf},
		&sealed, f.ciphertext, &text),
	    ERR_NONE);
	SUITE_ERR(
	    payload_decode(buf_span(&text), &hub.arena, &payload), ERR_NONE);
	CU_ASSERT_EQUAL(payload.parts[0].outcome, OUTCOME_NO_RECORD);
	CU_ASSERT_EQUAL(f.ciphertext.n, 2048 + 16);
	buf_free(&text);
	payload_opener_free(o);
	dhkey_free(hpke);
	made_end(&m);
}

static void
answers_once(void)
{
	struct provision_frame f;
	struct provision p;
	struct permit again = {.person = {.suite = 1, .kind = 1}};
	struct buf first = {0}, body = {0};
	struct made m;

	made_begin(&m);
	made_send(&m);
	CU_ASSERT_TRUE_FATAL(provision_await(&f, &p, WAIT_MS));
	buf_add(&first, hub.frame.body.p, hub.frame.body.n);
	process_sleep_ms(300); /* until it is committed there */
	proof_make(
	    &again.entry, &m.body, hub.tree.size - 1, &hub.shown_city, &m.note);
	again.person.data = buf_span(&m.sealed);
	again.inquiry = buf_span(&m.inquiry);
	permit_encode(&again, &body);
	hub_send(hub.route_city, FRAME_PERMIT, &body);
	CU_ASSERT_TRUE_FATAL(provision_await(&f, &p, WAIT_MS));
	CU_ASSERT_TRUE(span_equal(buf_span(&first), hub.frame.body));
	buf_free(&first);
	made_end(&m);
}

static void
ignores_what_is_not_proved(void)
{
	struct made m;

	made_begin(&m);
	m.other_path = true;
	not_answered(&m);
	made_begin(&m);
	m.other_note = true;
	not_answered(&m);
	/* it greets again, from what it holds */
	hub_await(FRAME_CODE_ACK, "none", 1500);
	made_begin(&m);
	strcpy(m.e.provider, "271004");
	not_answered(&m);
	made_begin(&m);
	m.e.type = ENTRY_REFUSAL;
	not_answered(&m);
}

static void
refuses_another_inquiry(void)
{
	struct made m;

	made_begin(&m);
	memset(m.e.inquiry_hash, 7, HASH_LEN);
	refused_for(&m, "other-body");
	made_begin(&m);
	m.signer = "kyokai";
	refused_for(&m, "unknown-key");
}

static void
refuses_another_person(void)
{
	struct made m;

	made_begin(&m);
	m.other_person = true;
	refused_for(&m, "bad-proof");
	made_begin(&m);
	m.bound[15] ^= 1;
	refused_for(&m, "bad-seal");
}

static void
refuses_by_its_own_law(void)
{
	struct made m;

	made_begin(&m);
	strcpy(m.q.data[0], "年金給付関係情報");
	refused_for(&m, "refused");
	made_begin(&m);
	m.e.policy_hash[0] ^= 1;
	refused_for(&m, "policy-version");
	made_begin(&m);
	m.e.valid_until_ms = clock_ms() - 6000;
	refused_for(&m, "lapsed");
}

/* --- the asking side
 * ------------------------------------------------------------ */

/* One answer to the inquiry in hand; tests change one thing of it. */
struct reply {
	struct inquiry q;
	uint8_t hash[HASH_LEN];
	const char *signer;
	bool other_cipher, other_salt, other_exchange, other_inquiry,
	    other_permit;
};

static void
inquiry_await(struct reply *r)
{
	struct envelope env;

	*r = (struct reply){.signer = CITY};
	if (world_renkei(w,
		"inquire --socket %s/run/nenkin.sock --agency nenkin --task 73 "
		"--procedure p73.001 --provider 141003 --data " TAX
		" --unit u --case c --person N1 --no-wait --json",
		world_dir(w)) != 0)
		fail(world_said(w));
	if (!hub_await(FRAME_INQUIRY, PENSION, WAIT_MS))
		fail("no inquiry");
	MUST(envelope_decode(hub.frame.body, &hub.arena, &env));
	MUST(inquiry_decode(env.body, &hub.arena, &r->q));
	sha256(env.body, r->hash);
}

static void
provision_make(const struct reply *r, const uint8_t leaf[static HASH_LEN],
    struct buf *envelope, struct buf *ciphertext, struct entry *end)
{
	struct dhkey *hpke = dh_key(PENSION, "hpke");
	struct signkey *k = sign_key(r->signer);
	struct payload_sealer *s = payload_sealer_new();
	struct payload pl = {.version = 1};
	struct payload_sealed sealed;
	struct provision p = {.version = 1, .outcome = OUTCOME_PROVIDED};
	struct envelope_item item = {"provision", {0}};
	struct buf text = {0}, body = {0};

	memcpy(pl.exchange_id, r->q.exchange_id, ID_LEN);
	payload_encode(&pl, &text);
	MUST(payload_seal(s, &(struct payload_binding){CITY, PENSION, leaf},
	    dhkey_point(hpke), buf_span(&text), 1, &sealed, ciphertext));
	memcpy(p.exchange_id, r->q.exchange_id, ID_LEN);
	strcpy(p.inquirer, PENSION);
	strcpy(p.provider, CITY);
	memcpy(p.permit_leaf, leaf, HASH_LEN);
	if (r->other_permit)
		p.permit_leaf[0] ^= 1;
	p.time_ms = clock_ms();
	p.enc = SPAN(sealed.enc);
	memcpy(p.salt, sealed.salt, PAYLOAD_SALT_LEN);
	memcpy(p.ciphertext_hash, sealed.hash, HASH_LEN);
	p.ciphertext_size = (uint32_t)ciphertext->n;
	memcpy(p.inquirer_key_id, sealed.key_id, KEY_ID_LEN);
	provision_encode(&p, &body);
	item.body = buf_span(&body);
	sha256(item.body, end->provision_hash);
	memcpy(end->ciphertext_hash, sealed.hash, HASH_LEN);
	MUST(envelope_sign(k, CITY, &item, 1, envelope));
	if (r->other_cipher)
		ciphertext->p[0] ^= 1;
	buf_free(&text);
	buf_free(&body);
	payload_sealer_free(s);
	signkey_free(k);
	dhkey_free(hpke);
}

static void
reply_send(const struct reply *r)
{
	struct made m;
	struct entry end = {.version = 1,
	    .type = ENTRY_OUTCOME,
	    .time_ms = clock_ms(),
	    .outcome = OUTCOME_PROVIDED};
	struct buf permit = {0}, envelope = {0}, cipher = {0}, out = {0};
	struct buf note = {0}, body = {0};
	uint8_t leaf[HASH_LEN], end_leaf[HASH_LEN];
	struct answer a = {0};
	uint64_t index;

	made_begin(&m);
	m.q = r->q;
	made_repeat(&m);
	memcpy(m.e.inquiry_hash, r->hash, HASH_LEN);
	m.e.inquiry_hash[0] ^= r->other_inquiry;
	entry_append(&m.e, &permit, leaf);
	provision_make(r, leaf, &envelope, &cipher, &end);
	memcpy(end.exchange_id, r->q.exchange_id, ID_LEN);
	end.exchange_id[15] ^= r->other_exchange;
	strcpy(end.inquirer, PENSION);
	strcpy(end.provider, CITY);
	memcpy(end.permit_leaf, leaf, HASH_LEN);
	uuid_make(end.entry_id);
	index = entry_append(&end, &out, end_leaf);
	proof_make(&a.outcome, &out, index, &hub.shown_pension, &note);
	memcpy(a.exchange_id, r->q.exchange_id, ID_LEN);
	a.permit_body = buf_span(&permit);
	memcpy(a.permit_salt, salt, sizeof salt);
	a.permit_salt[0] ^= r->other_salt;
	a.provision = buf_span(&envelope);
	a.ciphertext = buf_span(&cipher);
	answer_encode(&a, &body);
	hub_send(hub.route_pension, FRAME_ANSWER, &body);
	buf_free(&permit);
	buf_free(&envelope);
	buf_free(&cipher);
	buf_free(&out);
	buf_free(&note);
}

static void
not_believed(const struct reply *r)
{
	reply_send(r);
	CU_ASSERT_FALSE(hub_await(FRAME_RECEIPT, PENSION, QUIET_MS));
	CU_ASSERT_STRING_EQUAL(
	    world_sql(w, "renkei_agent_nenkin",
		"SELECT count(*)::text FROM outgoing WHERE state = 3"),
	    "0");
}

static void
believes_only_what_is_proved(void)
{
	struct reply good, r;

	inquiry_await(&good);
	r = good;
	r.other_cipher = true;
	not_believed(&r);
	r = good;
	r.signer = "kyokai";
	not_believed(&r);
	r = good;
	r.other_salt = true;
	not_believed(&r);
	r = good;
	r.other_exchange = true;
	not_believed(&r);
	r = good;
	r.other_inquiry = true;
	not_believed(&r);
	r = good;
	r.other_permit = true;
	not_believed(&r);
	hub_await(FRAME_CODE_ACK, "none", 1500); /* it may greet again */
	reply_send(&good);
	CU_ASSERT_TRUE(hub_await(FRAME_RECEIPT, PENSION, WAIT_MS));
	/* and the same answer again is confirmed again */
	reply_send(&good);
	CU_ASSERT_TRUE(hub_await(FRAME_RECEIPT, PENSION, WAIT_MS));
}

/* Another history of the same size, signed by the log's own key. */
static void
stops_at_a_fork(void)
{
	struct made m;

	made_begin(&m);
	answered_with(&m, OUTCOME_PROVIDED, "");
	merkle_batch_fini(&hub.tree);
	merkle_batch_init(&hub.tree, NULL);
	while (hub.tree.size + 1 < hub.shown_city) {
		static const uint8_t leaf[MERKLE_LEN] = {4};

		merkle_batch_append(&hub.tree, leaf);
	}
	hub.shown_city = 0;
	made_begin(&m);
	not_answered(&m);
	CU_ASSERT_EQUAL(
	    world_renkei(w, "status --socket %s/run/cities.sock", world_dir(w)),
	    6);
}

static const struct suite_case cases[] = {
    {"answers a permit that is proved, also about nobody it knows",
	answers_what_is_proved},
    {"seals the answer to the inquirer, \"no record\" like any other",
	answers_only_the_inquirer},
    {"answers the same permit again with the same bytes", answers_once},
    {"ignores a permit that is not in the log, or not its own",
	ignores_what_is_not_proved},
    {"refuses a permit around another inquiry or another's signature",
	refuses_another_inquiry},
    {"refuses another person's code in a permit", refuses_another_person},
    {"refuses what its own copy of the law does not allow, or too late",
	refuses_by_its_own_law},
    {"believes no answer but the one that is proved in every part",
	believes_only_what_is_proved},
    {"believes nothing any more after a fork", stops_at_a_fork},
};

static void
people_enter(void)
{
	world_sql(w, "renkei_agent_cities",
	    "INSERT INTO person VALUES ('141003', 'C1', "
	    "'\\x01%062d', 1, 1, 1) RETURNING 'x'",
	    0);
	world_sql(w, "renkei_agent_nenkin",
	    "INSERT INTO person VALUES ('nenkin', 'N1', "
	    "'\\x02%062d', 1, 1, 1) RETURNING 'x'",
	    0);
}

int
main(void)
{
	int status;

	w = world_new(NULL);
	people_enter();
	hub_open();
	if (!world_start(w, "agent-cities", NULL) ||
	    !world_start(w, "agent-nenkin", NULL))
		fail("the agents do not start");
	hub_greet();
	status =
	    suite_run("agent checks", cases, sizeof(cases) / sizeof(cases[0]));
	world_stop_all(w);
	hub_close();
	world_free(w);
	return status;
}

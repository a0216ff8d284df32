/*
 * A broker that lies: the test holds the front's and the log's keys and plays
 * it towards the city's real agent. Nothing is looked up for a permit that is
 * not lawful, bound to its inquiry, or in the one log the agent has seen.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/checkpoint.h"
#include "lib/clock.h"
#include "lib/entry.h"
#include "lib/envelope.h"
#include "lib/frame.h"
#include "lib/outcome.h"
#include "lib/seal.h"
#include "lib/secret.h"
#include "lib/sha256.h"
#include "lib/uuid.h"
#include "lib/zsock.h"
#include "policy/policy.h"
#include "tests/flow/world.h"
#include "tests/unit/suite.h"

#define WAIT_MS 10000
#define QUIET_MS 700
#define CITY "141003"

static struct world *w;

/* The played broker. */
static struct {
	struct znet *net;
	struct zsock *socket;
	struct zmsg message;
	struct arena arena;
	struct seal_ring *ring; /* the vault's */
	struct dhkey *vault_seal, *city_seal;
	struct signkey *nenkin, *kyokai;
	struct note_signer log, stranger;
	struct policy *policy;
	struct merkle_batch tree, fork;
	uint32_t route;	 /* the city's connection */
	uint64_t line;	 /* what the city was last shown and took */
	unsigned hellos; /* of the city's, answered */
} f;

static void
must(enum err e, const char *what)
{
	if (e == ERR_NONE)
		return;
	fprintf(stderr, "front: %s: %s\n", what, err_code(e));
	exit(1);
}

static const char *
pki(const char *file)
{
	static char path[400];

	snprintf(path, sizeof path, "%s/pki/%s", world_dir(w), file);
	return path;
}

/* ---- being the broker -----------------------------------------------------
 */

static bool
who(void *arg, const uint8_t key[static CURVE_KEY_LEN], char *party)
{
	static const char *const parties[] = {CITY, "271004"};
	uint8_t theirs[CURVE_KEY_LEN];
	struct secret secret;
	char path[400];

	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s/pki/parties/%s/curve.key",
		    world_dir(w), parties[i]);
		must(curve_read(path, &secret), path);
		curve_public(&secret, theirs);
		secret_free(&secret);
		if (memcmp(key, theirs, CURVE_KEY_LEN) == 0) {
			strcpy(party, parties[i]);
			return true;
		}
	}
	return false;
}

static void
leaf_random(struct merkle_batch *tree)
{
	uint8_t leaf[MERKLE_LEN], id[ID_LEN];

	uuid_make(id);
	sha256(SPAN(id), leaf);
	merkle_batch_append(tree, leaf);
}

static void
log_key_read(void)
{
	char *text = world_file(w, "pki/broker/log.key");
	uint8_t seed[32] = {9};

	text[strcspn(text, "\n")] = '\0';
	must(note_signer_parse(text, &f.log), "log.key");
	must(note_signer_make(f.log.key.name, NOTE_ED25519, seed, &f.stranger),
	    "another key");
	free(text);
}

static void
front_open(void)
{
	char *conf = world_file(w, "etc/broker.conf");
	char *at = strstr(conf, "listen = ");
	struct secret key;
	struct buf why = {0};

	must(at != NULL ? ERR_NONE : ERR_CONFIG, "listen");
	at[strcspn(at, "\n")] = '\0';
	must(curve_read(pki("broker/curve.key"), &key), "curve.key");
	must(dhkey_open(pki("broker/vault-seal.key"), &f.vault_seal), "seal");
	must(dhkey_open(pki("parties/" CITY "/seal.key"), &f.city_seal), CITY);
	must(signkey_open(pki("parties/nenkin/sign.key"), &f.nenkin), "nenkin");
	must(signkey_open(pki("parties/kyokai/sign.key"), &f.kyokai), "kyokai");
	must(policy_open("policy", &f.policy, &why), "policy");
	log_key_read();
	f.ring = seal_ring_new(f.vault_seal, true, SEAL_CAP);
	merkle_batch_init(&f.tree, NULL);
	merkle_batch_init(&f.fork, NULL);
	leaf_random(&f.tree);
	leaf_random(&f.fork);
	f.net = znet_new(who, NULL);
	must(zsock_serve(f.net, at + 9, &key, NULL, &f.socket), "listen");
	secret_free(&key);
	buf_free(&why);
	free(conf);
}

static void
front_close(void)
{
	zmsg_close(&f.message);
	zsock_close(f.socket);
	znet_free(f.net);
	seal_ring_free(f.ring);
	dhkey_free(f.vault_seal);
	dhkey_free(f.city_seal);
	signkey_free(f.nenkin);
	signkey_free(f.kyokai);
	policy_free(f.policy);
	merkle_batch_fini(&f.tree);
	merkle_batch_fini(&f.fork);
	arena_wipe_free(&f.arena);
}

static void
note_make(
    struct merkle_batch *tree, const struct note_signer *by, struct buf *out)
{
	struct checkpoint c = {.size = tree->size};

	snprintf(c.origin, sizeof c.origin, "%s", f.log.key.name);
	must(merkle_root_at(merkle_batch_read, tree, c.size, c.root), "root");
	buf_reset(out);
	must(checkpoint_sign(&c, by, out), "checkpoint");
}

static void
front_send(enum frame_kind kind, uint32_t route, struct span body)
{
	struct frame frame = {.version = 1, .kind = kind, .body = body};
	struct buf bytes = {0};

	frame_encode(&frame, &bytes);
	zsock_send_take(f.socket, route, &bytes);
}

static void
hello_answer(const char *party, uint32_t route, struct span body)
{
	uint8_t consistency[MERKLE_PATH_MAX][MERKLE_LEN];
	struct hello_reply r = {.version = 1, .consistency = consistency};
	struct buf note = {0}, out = {0};
	struct hello h;

	must(hello_decode(body, &f.arena, &h), "hello");
	note_make(&f.tree, &f.log, &note);
	strcpy(r.party, party);
	r.checkpoint = buf_span(&note);
	r.consistent_from = h.held_size;
	must(merkle_consistency(merkle_batch_read, &f.tree, h.held_size,
		 f.tree.size, consistency, &r.n_consistency),
	    "consistency");
	memcpy(r.policy_hash, policy_hash(f.policy), HASH_LEN);
	hello_reply_encode(&r, &out);
	front_send(FRAME_HELLO_REPLY, route, buf_span(&out));
	if (strcmp(party, CITY) == 0) {
		f.route = route;
		f.line = f.tree.size;
		f.hellos++;
	}
	buf_free(&note);
	buf_free(&out);
}

/* The next frame of the city's within `ms` that is no hello. */
static bool
front_receive(unsigned ms, struct frame *out)
{
	long long until = process_clock_ms() + ms;

	for (;;) {
		struct zpoll item = {.socket = f.socket};
		enum err e = zsock_recv(f.socket, &f.message);

		if (e == ERR_NONE) {
			arena_reset(&f.arena);
			must(frame_open(zmsg_span(&f.message), &f.arena, out),
			    "frame");
			if (out->kind != FRAME_HELLO)
				return true;
			hello_answer(
			    f.message.party, f.message.route, out->body);
			continue;
		}
		if (process_clock_ms() >= until)
			return false;
		zsock_poll(&item, 1, 20);
	}
}

/* ---- forging permits ------------------------------------------------------
 */

/* A permit for the city, and where it is bent on the way. */
struct permit_plan {
	void (*inquiry)(struct inquiry *q);
	const char *signer; /* of the inquiry; NULL: nenkin */
	void (*entry)(struct entry *e);
	bool other_exchange; /* the code is sealed for another one */
	void (*proof)(struct entry_proof *p);
	const struct note_signer *by; /* NULL: the log's key */
	bool forked;		      /* in a log of its own */
	bool same_size;		      /* ... as large as the one seen */
};

struct made {
	struct inquiry q;
	struct entry entry;
	struct buf inquiry, person, body, permit;
};

static void
made_free(struct made *m)
{
	buf_free(&m->inquiry);
	buf_free(&m->person);
	buf_free(&m->body);
	buf_free(&m->permit);
	memset(m, 0, sizeof *m);
}

static void
inquiry_make(struct made *m, const struct permit_plan *plan)
{
	static const uint8_t ref[SEALED_CODE_LEN] = {7};
	const char *signer = plan->signer != NULL ? plan->signer : "nenkin";
	struct inquiry *q = &m->q;
	struct buf body = {0};
	struct envelope_item item = {.type = "inquiry"};

	q->version = 1;
	uuid_make(q->exchange_id);
	strcpy(q->inquirer, "nenkin");
	strcpy(q->inquirer_for, "mhlw");
	strcpy(q->unit, "試験係");
	strcpy(q->task, "73");
	strcpy(q->procedure, "p73.001");
	strcpy(q->provider, CITY);
	q->n_data = 1;
	strcpy(q->data[0], "地方税関係情報");
	memset(q->case_tag, 3, sizeof q->case_tag);
	q->person.suite = SEAL_SUITE;
	q->person.kind = PERSON_LINK_CODE;
	q->person.data = SPAN(ref);
	q->time_ms = clock_ms();
	q->sequence = 1;
	if (plan->inquiry != NULL)
		plan->inquiry(q);
	inquiry_encode(q, &body);
	item.body = buf_span(&body);
	must(envelope_sign(strcmp(signer, "nenkin") == 0 ? f.nenkin : f.kyokai,
		 signer, &item, 1, &m->inquiry),
	    "inquiry");
	sha256(buf_span(&body), m->entry.inquiry_hash);
	buf_free(&body);
}

static void
person_make(struct made *m, bool other_exchange)
{
	struct seal_channel *c = seal_ring_find(
	    f.ring, CITY, dhkey_point(f.city_seal), SEAL_FROM_VAULT);
	static const uint8_t code[CODE_LEN] = {42}; /* of nobody there */
	uint8_t id[ID_LEN];
	struct buf ad = {0};

	memcpy(id, m->q.exchange_id, ID_LEN);
	id[15] ^= other_exchange;
	seal_ad_permit(&ad, "nenkin", CITY, id, m->entry.inquiry_hash);
	must(seal_code(c, 1, code, buf_span(&ad), &m->person), "code");
	sha256(buf_span(&m->person), m->entry.provider_ref_hash);
	buf_free(&ad);
}

static void
entry_make(struct made *m, const struct permit_plan *plan)
{
	struct entry *e = &m->entry;
	const struct inquiry *q = &m->q;

	e->version = 1;
	e->type = ENTRY_PERMIT;
	e->time_ms = clock_ms();
	memcpy(e->entry_id, q->exchange_id, ID_LEN);
	memcpy(e->exchange_id, q->exchange_id, ID_LEN);
	strcpy(e->inquirer, q->inquirer);
	strcpy(e->inquirer_for, q->inquirer_for);
	strcpy(e->unit, q->unit);
	strcpy(e->task, q->task);
	strcpy(e->procedure, q->procedure);
	strcpy(e->provider, q->provider);
	e->n_data = q->n_data;
	memcpy(e->data, q->data, sizeof e->data);
	memcpy(e->case_tag, q->case_tag, sizeof e->case_tag);
	e->outcome = OUTCOME_PERMITTED;
	strcpy(e->hop, "vault");
	memcpy(e->policy_hash, policy_hash(f.policy), HASH_LEN);
	e->policy_version = policy_version(f.policy);
	e->answer_by_ms = e->time_ms + 60000;
	e->valid_until_ms = e->time_ms + 600000;
	e->asked_ms = q->time_ms;
	if (plan->entry != NULL)
		plan->entry(e);
	entry_encode(e, &m->body);
}

/* Append it to the log, or a log, and prove it. */
static void
proof_make(struct made *m, const struct permit_plan *plan)
{
	struct merkle_batch *tree = plan->forked ? &f.fork : &f.tree;
	uint8_t path[MERKLE_PATH_MAX][MERKLE_LEN];
	uint8_t consistency[MERKLE_PATH_MAX][MERKLE_LEN];
	struct permit permit = {.inquiry = buf_span(&m->inquiry)};
	struct entry_proof *p = &permit.entry;
	uint8_t leaf[ENTRY_LEAF_LEN], hash[MERKLE_LEN];
	struct buf note = {0};

	p->body = buf_span(&m->body);
	memset(p->salt, 8, sizeof p->salt);
	p->path = path;
	p->consistency = consistency;
	while (plan->forked && tree->size + 1 < f.line + !plan->same_size)
		leaf_random(tree);
	p->index = tree->size;
	entry_leaf(m->entry.type, p->salt, p->body, leaf);
	entry_leaf_hash(leaf, hash);
	merkle_batch_append(tree, hash);
	note_make(tree, plan->by != NULL ? plan->by : &f.log, &note);
	p->checkpoint = buf_span(&note);
	p->consistent_from = f.line;
	must(merkle_inclusion(merkle_batch_read, tree, p->index, tree->size,
		 path, &p->n_path),
	    "inclusion");
	must(merkle_consistency(merkle_batch_read, tree, f.line, tree->size,
		 consistency, &p->n_consistency),
	    "consistency");
	permit.person.suite = SEAL_SUITE;
	permit.person.kind = PERSON_LINK_CODE;
	permit.person.data = buf_span(&m->person);
	if (plan->proof != NULL)
		plan->proof(p);
	permit_encode(&permit, &m->permit);
	buf_free(&note);
}

static void
permit_make(const struct permit_plan *plan, struct made *m)
{
	memset(m, 0, sizeof *m);
	inquiry_make(m, plan);
	person_make(m, plan->other_exchange);
	entry_make(m, plan);
	proof_make(m, plan);
}

/* ---- what the agent says --------------------------------------------------
 */

/* Its provision; the outcome is OUTCOME_REFUSED if there was none. */
static struct provision
provision_await(unsigned ms)
{
	struct provision_frame pf;
	struct provision p = {0};
	struct envelope env;
	struct frame frame;

	if (!front_receive(ms, &frame))
		return p;
	CU_ASSERT_EQUAL(frame.kind, FRAME_PROVISION);
	must(provision_frame_decode(frame.body, &f.arena, &pf), "provision");
	must(envelope_decode(pf.envelope, &f.arena, &env), "envelope");
	must(provision_decode(env.body, &f.arena, &p), "body");
	CU_ASSERT_STRING_EQUAL(env.signer, CITY);
	return p;
}

/* Lines of the agent's log with these words. */
static long
said(const char *words)
{
	world_shell(
	    w, "grep -c -- '%s' %s/log/agent-cities.log", words, world_dir(w));
	return strtol(world_said(w), NULL, 10);
}

/*
 * An honest permit is answered: the city has no such code. After a bad proof
 * it says hello again first, and what comes before that is lost.
 */
static void
unharmed(void)
{
	const struct permit_plan honest = {0};
	struct provision p = {0};
	struct made m;

	CU_ASSERT_TRUE(process_alive(world_process(w, "agent-cities")));
	for (int i = 0; i < 8 && p.outcome == OUTCOME_REFUSED; i++) {
		permit_make(&honest, &m);
		front_send(FRAME_PERMIT, f.route, buf_span(&m.permit));
		p = provision_await(1300);
		if (p.outcome != OUTCOME_REFUSED)
			SUITE_BYTES(p.exchange_id, m.q.exchange_id, ID_LEN);
		made_free(&m);
	}
	CU_ASSERT_EQUAL(p.outcome, OUTCOME_NOT_HELD);
	f.line = f.tree.size;
}

/* Answered with a signed "provider-refused" and this reason. */
static void
refused(const struct permit_plan *plan, const char *reason)
{
	struct provision p;
	struct made m;

	permit_make(plan, &m);
	front_send(FRAME_PERMIT, f.route, buf_span(&m.permit));
	f.line = f.tree.size;
	p = provision_await(WAIT_MS);
	CU_ASSERT_EQUAL(p.outcome, OUTCOME_PROVIDER_REFUSED);
	CU_ASSERT_STRING_EQUAL(p.reason, reason);
	if (strcmp(p.reason, reason) != 0)
		fprintf(stderr, "said \"%s\", not \"%s\" ", p.reason, reason);
	made_free(&m);
}

/* Not answered at all; the operators' log has the error. */
static void
ignored(const struct permit_plan *plan, const char *error)
{
	struct provision p;
	struct made m;
	char words[80];
	long before;

	snprintf(words, sizeof words, "frame-refused.*error=%s", error);
	before = said(words);
	permit_make(plan, &m);
	front_send(FRAME_PERMIT, f.route, buf_span(&m.permit));
	p = provision_await(QUIET_MS);
	CU_ASSERT_EQUAL(p.outcome, OUTCOME_REFUSED);
	CU_ASSERT_EQUAL(said(words), before + 1);
	if (said(words) != before + 1) {
		world_shell(
		    w, "tail -n 2 %s/log/agent-cities.log", world_dir(w));
		fprintf(stderr, "not %s: %s", error, world_said(w));
	}
	made_free(&m);
}

/* ---- the lies ---------------------------------------------------------------
 */

static void
an_honest_one(void)
{
	struct frame frame;

	while (f.hellos == 0)
		CU_ASSERT_FALSE(front_receive(QUIET_MS, &frame));
	unharmed();
}

static void
path_bend(struct entry_proof *p)
{
	p->path[0][0] ^= 1;
}

static void
path_cut(struct entry_proof *p)
{
	p->n_path = 0;
}

static void
salt_change(struct entry_proof *p)
{
	p->salt[0] ^= 1;
}

static void
consistency_bend(struct entry_proof *p)
{
	p->consistency[0][0] ^= 1;
}

static void
a_permit_that_is_not_in_the_log(void)
{
	ignored(&(struct permit_plan){.proof = path_bend}, "bad-proof");
	unharmed();
	ignored(&(struct permit_plan){.proof = path_cut}, "bad-path");
	unharmed();
	ignored(&(struct permit_plan){.proof = salt_change}, "bad-proof");
	unharmed();
	ignored(&(struct permit_plan){.by = &f.stranger}, "unknown-key");
	unharmed();
}

static void
a_tree_that_does_not_go_on(void)
{
	ignored(&(struct permit_plan){.proof = consistency_bend}, "bad-proof");
	unharmed();
	ignored(&(struct permit_plan){.forked = true}, "bad-proof");
	unharmed();
}

static void
task_of_others(struct inquiry *q)
{
	strcpy(q->task, "48");
	strcpy(q->procedure, "p48.001");
}

static void
a_permit_the_law_does_not_know(void)
{
	refused(&(struct permit_plan){.inquiry = task_of_others}, "refused");
	unharmed();
}

static void
another_policy(struct entry *e)
{
	e->policy_hash[0] ^= 1;
}

static void
another_inquiry(struct entry *e)
{
	e->inquiry_hash[0] ^= 1;
}

static void
another_code(struct entry *e)
{
	e->provider_ref_hash[0] ^= 1;
}

static void
ended(struct entry *e)
{
	e->valid_until_ms = e->time_ms - 60000;
}

static void
a_permit_of_other_facts(void)
{
	refused(
	    &(struct permit_plan){.entry = another_policy}, "policy-version");
	refused(&(struct permit_plan){.entry = another_inquiry}, "other-body");
	refused(&(struct permit_plan){.entry = another_code}, "bad-proof");
	refused(&(struct permit_plan){.entry = ended}, "lapsed");
	refused(&(struct permit_plan){.signer = "kyokai"}, "wrong-signer");
	refused(&(struct permit_plan){.other_exchange = true}, "bad-seal");
	unharmed();
}

static void
of_271004(struct entry *e)
{
	strcpy(e->provider, "271004");
}

static void
a_refusal(struct entry *e)
{
	e->outcome = OUTCOME_NO_DATA;
}

static void
a_permit_for_another(void)
{
	ignored(&(struct permit_plan){.entry = of_271004}, "not-yours");
	f.line = f.tree.size; /* the proof itself was good */
	unharmed();
	ignored(&(struct permit_plan){.entry = a_refusal}, "malformed");
	f.line = f.tree.size;
	unharmed();
}

static uint8_t used_id[ID_LEN];

static void
used(struct inquiry *q)
{
	memcpy(q->exchange_id, used_id, ID_LEN);
}

/* Looked up once: again, and under another permit, come the same bytes. */
static void
a_permit_used_again(void)
{
	const struct permit_plan honest = {0}, again = {.inquiry = used};
	struct provision first, p;
	struct made m, other;

	permit_make(&honest, &m);
	memcpy(used_id, m.q.exchange_id, ID_LEN);
	front_send(FRAME_PERMIT, f.route, buf_span(&m.permit));
	f.line = f.tree.size;
	first = provision_await(WAIT_MS);
	CU_ASSERT_EQUAL(first.outcome, OUTCOME_NOT_HELD);
	front_send(FRAME_PERMIT, f.route, buf_span(&m.permit));
	p = provision_await(WAIT_MS);
	SUITE_BYTES(p.permit_leaf, first.permit_leaf, HASH_LEN);
	CU_ASSERT_EQUAL(p.sequence, first.sequence);
	permit_make(&again, &other);
	front_send(FRAME_PERMIT, f.route, buf_span(&other.permit));
	f.line = f.tree.size;
	p = provision_await(WAIT_MS);
	SUITE_BYTES(p.permit_leaf, first.permit_leaf, HASH_LEN);
	CU_ASSERT_EQUAL(p.sequence, first.sequence);
	unharmed();
	made_free(&m);
	made_free(&other);
}

/* Two permits of one exchange at once: one is looked up. */
static void
a_permit_used_twice_at_once(void)
{
	const struct permit_plan honest = {0}, again = {.inquiry = used};
	struct provision first, p;
	struct made m, other;

	permit_make(&honest, &m);
	memcpy(used_id, m.q.exchange_id, ID_LEN);
	front_send(FRAME_PERMIT, f.route, buf_span(&m.permit));
	f.line = f.tree.size;
	permit_make(&again, &other);
	front_send(FRAME_PERMIT, f.route, buf_span(&other.permit));
	f.line = f.tree.size;
	first = provision_await(WAIT_MS);
	CU_ASSERT_EQUAL(first.outcome, OUTCOME_NOT_HELD);
	while ((p = provision_await(QUIET_MS)).outcome != OUTCOME_REFUSED)
		SUITE_BYTES(p.permit_leaf, first.permit_leaf, HASH_LEN);
	unharmed();
	made_free(&m);
	made_free(&other);
}

static void
junk_of_every_kind(void)
{
	uint8_t junk[2000];
	struct frame frame;

	for (size_t i = 0; i < sizeof junk; i++)
		junk[i] = (uint8_t)(i * 31 + (i >> 4));
	for (uint32_t kind = 0; kind < 60; kind++) {
		front_send(kind, f.route, span_of(junk, kind * 30));
		front_send(kind, f.route, span_of(NULL, 0));
	}
	CU_ASSERT_FALSE(front_receive(QUIET_MS, &frame));
	unharmed();
}

/* Two trees of one size under the log's own signature: it stops for good. */
static void
a_permit_on_a_fork(void)
{
	const struct permit_plan honest = {0};
	struct provision p;
	struct made m;

	merkle_batch_fini(&f.fork);
	merkle_batch_init(&f.fork, NULL);
	ignored(
	    &(struct permit_plan){.forked = true, .same_size = true}, "fork");
	CU_ASSERT(said("error.*log-forked") >= 1);
	permit_make(&honest, &m);
	front_send(FRAME_PERMIT, f.route, buf_span(&m.permit));
	p = provision_await(QUIET_MS);
	CU_ASSERT_EQUAL(p.outcome, OUTCOME_REFUSED);
	CU_ASSERT_TRUE(process_alive(world_process(w, "agent-cities")));
	made_free(&m);
}

static const struct suite_case cases[] = {
    {"answers an honest permit", an_honest_one},
    {"does not look at a permit that is not in the log",
	a_permit_that_is_not_in_the_log},
    {"does not follow a tree that does not go on", a_tree_that_does_not_go_on},
    {"refuses a permit its own copy of the law does not know",
	a_permit_the_law_does_not_know},
    {"refuses a permit of other facts, and says which",
	a_permit_of_other_facts},
    {"leaves alone a permit for another", a_permit_for_another},
    {"answers a permit once, with the same bytes again", a_permit_used_again},
    {"looks once for two permits of one exchange at once",
	a_permit_used_twice_at_once},
    {"lives through junk of every kind", junk_of_every_kind},
    {"stops for good at a permit on a fork", a_permit_on_a_fork},
};

int
main(void)
{
	int status;

	w = world_new(NULL);
	front_open();
	if (!world_start(w, "agent-cities", NULL)) {
		fprintf(stderr, "%s", world_file(w, "log/agent-cities.log"));
		return 1;
	}
	status = suite_run(
	    "a broker that lies", cases, sizeof(cases) / sizeof(cases[0]));
	process_stop(world_process(w, "agent-cities"), 10);
	front_close();
	world_free(w);
	return status;
}

/* The broker alone, all parties played by the test. */
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/payloadseal.h"
#include "lib/sha256.h"
#include "lib/uuid.h"
#include "tests/flow/actor.h"
#include "tests/unit/suite.h"

#define WAIT_MS 10000
#define RESIDENT "10000000018"

static struct world *w;
static struct actor *nenkin, *city, *registrar;
static uint8_t nenkin_code[CODE_LEN], city_code[CODE_LEN];

static const struct question row_73 = {
    .task = "73",
    .procedure = "p73.001",
    .provider = "141003",
    .data = "地方税関係情報",
    .principal = "mhlw",
    .code = nenkin_code,
};

static void
broker_up(void)
{
	if (!world_start(w, "broker", NULL)) {
		fprintf(stderr, "%s\n", world_file(w, "log/broker.log"));
		exit(1);
	}
	nenkin = actor_new(w, "nenkin");
	city = actor_new(w, "141003");
	registrar = actor_new(w, "registrar");
}

static void
broker_down(void)
{
	actor_free(nenkin);
	actor_free(city);
	actor_free(registrar);
	process_stop(world_process(w, "broker"), 10);
}

static long
entries(int type)
{
	char sql[80];

	snprintf(sql, sizeof sql, "SELECT count(*) FROM entry WHERE type = %d",
	    type);
	return world_count(w, "renkei_broker", sql);
}

/* Counts the exchange among those that are not over. */
static const char *
live_sql(const struct inquiry *inq)
{
	static char sql[120];
	char id[UUID_TEXT_LEN];

	snprintf(sql, sizeof sql,
	    "SELECT count(*) FROM live WHERE exchange_id = '%s'",
	    uuid_text(inq->exchange_id, id));
	return sql;
}

/* The exchange a PERMIT, ANSWER or SETTLED is about; false for another. */
static bool
frame_is_of(const struct frame *f, const uint8_t id[static ID_LEN])
{
	struct arena arena = {0};
	struct permit permit;
	struct entry entry;
	struct answer answer;
	struct settled settled;
	bool same = false;

	if (f->kind == FRAME_PERMIT &&
	    permit_decode(f->body, &arena, &permit) == ERR_NONE &&
	    entry_decode(permit.entry.body, &arena, &entry) == ERR_NONE)
		same = memcmp(entry.exchange_id, id, ID_LEN) == 0;
	if (f->kind == FRAME_ANSWER &&
	    answer_decode(f->body, &arena, &answer) == ERR_NONE)
		same = memcmp(answer.exchange_id, id, ID_LEN) == 0;
	if (f->kind == FRAME_SETTLED &&
	    settled_decode(f->body, &arena, &settled) == ERR_NONE)
		same = memcmp(settled.exchange_id, id, ID_LEN) == 0;
	arena_wipe_free(&arena);
	return same;
}

/* Skip to that frame of that exchange: others may be delivered again. */
static bool
await_of(struct actor *a, enum frame_kind kind, const struct inquiry *inq,
    struct frame *f)
{
	while (raw_await(a->raw, kind, WAIT_MS, f))
		if (frame_is_of(f, inq->exchange_id))
			return true;
	return false;
}

/* --- issue ------------------------------------------------------------------
 */

static void
issues_codes(void)
{
	CU_ASSERT_TRUE_FATAL(
	    actor_acquire(nenkin, registrar, RESIDENT, nenkin_code));
	CU_ASSERT_TRUE_FATAL(
	    actor_acquire(city, registrar, RESIDENT, city_code));
	CU_ASSERT_NOT_EQUAL(memcmp(nenkin_code, city_code, CODE_LEN), 0);
	CU_ASSERT_EQUAL(entries(5), 2);
}

static void
says_already_acquired(void)
{
	uint8_t code[CODE_LEN];

	CU_ASSERT_FALSE(actor_acquire(city, registrar, RESIDENT, code));
}

/* --- one inquiry
 * -------------------------------------------------------------- */

/* The provider's own code, out of the permit. */
static void
permit_code(struct span body, uint8_t code[static CODE_LEN])
{
	struct seal_channel *c = seal_ring_find(
	    city->ring, "141003", city->vault_point, SEAL_FROM_VAULT);
	struct arena arena = {0};
	struct envelope envelope;
	struct inquiry inquiry;
	struct permit permit;
	struct buf ad = {0};
	uint8_t hash[HASH_LEN];
	uint32_t epoch;

	SUITE_ERR(permit_decode(body, &arena, &permit), ERR_NONE);
	SUITE_ERR(envelope_decode(permit.inquiry, &arena, &envelope), ERR_NONE);
	SUITE_ERR(inquiry_decode(envelope.body, &arena, &inquiry), ERR_NONE);
	sha256(envelope.body, hash);
	seal_ad_permit(&ad, "nenkin", "141003", inquiry.exchange_id, hash);
	SUITE_ERR(
	    seal_open_code(c, permit.person.data, buf_span(&ad), &epoch, code),
	    ERR_NONE);
	buf_free(&ad);
	arena_wipe_free(&arena);
}

static void
receipt_send(const struct inquiry *inq, const struct answer *answer)
{
	struct receipt r = {.version = 1, .time_ms = clock_ms()};
	struct arena arena = {0};
	struct envelope e;
	struct buf body = {0};

	memcpy(r.exchange_id, inq->exchange_id, ID_LEN);
	memcpy(r.inquirer, inq->inquirer, sizeof r.inquirer);
	memcpy(r.provider, inq->provider, sizeof r.provider);
	SUITE_ERR(envelope_decode(answer->provision, &arena, &e), ERR_NONE);
	sha256(e.body, r.provision_hash);
	receipt_encode(&r, &body);
	actor_send(nenkin, FRAME_RECEIPT, "receipt", buf_span(&body));
	buf_free(&body);
	arena_wipe_free(&arena);
}

static void
answers_a_lawful_inquiry(void)
{
	struct buf sealed = {0};
	struct arena arena = {0};
	struct answer_parts parts;
	uint8_t code[CODE_LEN];
	struct inquiry inq;
	struct answer answer;
	struct frame f;
	long before = entries(1), outcomes = entries(3);

	actor_inquiry(nenkin, &row_73, &sealed, &inq);
	actor_ask(nenkin, &inq, NULL);
	CU_ASSERT_TRUE_FATAL(await_of(city, FRAME_PERMIT, &inq, &f));
	CU_ASSERT_EQUAL(entries(1), before + 1); /* before it was released */
	permit_code(f.body, code);
	SUITE_BYTES(code, city_code, CODE_LEN);
	actor_provision(city, f.body, OUTCOME_PROVIDED, nenkin->hpke,
	    span_str("not a Payload, and nobody but nenkin can tell"), &parts);
	actor_provide(city, &parts);
	CU_ASSERT_TRUE_FATAL(await_of(nenkin, FRAME_ANSWER, &inq, &f));
	SUITE_ERR(answer_decode(f.body, &arena, &answer), ERR_NONE);
	SUITE_BYTES(answer.exchange_id, inq.exchange_id, ID_LEN);
	CU_ASSERT_EQUAL(answer.ciphertext.n, parts.ciphertext.n);
	CU_ASSERT_EQUAL(entries(3), outcomes + 1);
	receipt_send(&inq, &answer);
	CU_ASSERT_TRUE(await_of(city, FRAME_SETTLED, &inq, &f));
	CU_ASSERT_TRUE(
	    world_until(w, "renkei_broker", live_sql(&inq), "0", 10));
	answer_parts_free(&parts);
	arena_wipe_free(&arena);
	buf_free(&sealed);
}

static void
repeats_the_outcome_to_an_honest_retry(void)
{
	struct buf sealed = {0}, sent = {0};
	struct answer_parts parts;
	struct inquiry inq;
	struct frame f;
	long permits = entries(1);

	actor_inquiry(nenkin, &row_73, &sealed, &inq);
	actor_ask(nenkin, &inq, &sent);
	CU_ASSERT_TRUE_FATAL(await_of(city, FRAME_PERMIT, &inq, &f));
	actor_provision(
	    city, f.body, OUTCOME_NOT_HELD, NULL, (struct span){0}, &parts);
	actor_provide(city, &parts);
	CU_ASSERT_TRUE_FATAL(await_of(nenkin, FRAME_ANSWER, &inq, &f));
	raw_send_frame(nenkin->raw, FRAME_INQUIRY, buf_span(&sent));
	CU_ASSERT_TRUE(await_of(nenkin, FRAME_ANSWER, &inq, &f));
	CU_ASSERT_EQUAL(entries(1), permits + 1);
	answer_parts_free(&parts);
	buf_free(&sealed);
	buf_free(&sent);
}

/* --- refusals by law
 * ------------------------------------------------------------- */

static uint32_t
refusal_await(struct actor *a, const uint8_t *id, bool *logged, char *error)
{
	struct arena arena = {0};
	struct refusal r;
	struct frame f;

	if (!raw_await(a->raw, FRAME_REFUSAL, WAIT_MS, &f) ||
	    refusal_decode(f.body, &arena, &r) != ERR_NONE) {
		CU_FAIL("no refusal");
		return 0;
	}
	if (id != NULL)
		SUITE_BYTES(r.exchange_id, id, ID_LEN);
	*logged = r.has_entry;
	snprintf(error, sizeof r.error, "%s", r.error);
	arena_wipe_free(&arena);
	return r.outcome;
}

static void
refuse_lawfully(struct actor *a, const struct question *q, enum outcome want)
{
	struct buf sealed = {0};
	struct inquiry inq;
	char error[32];
	bool logged;
	long before = entries(2);

	actor_inquiry(a, q, &sealed, &inq);
	actor_ask(a, &inq, NULL);
	CU_ASSERT_EQUAL(
	    refusal_await(a, inq.exchange_id, &logged, error), want);
	CU_ASSERT_TRUE(logged);
	CU_ASSERT_EQUAL(entries(2), before + 1);
	buf_free(&sealed);
}

static void
refuses_data_the_row_does_not_name(void)
{
	struct question q = {
	    "48", "p48.001", "nenkin", "年金給付関係情報", NULL, city_code};

	refuse_lawfully(city, &q, OUTCOME_NO_DATA);
}

static void
refuses_a_code_of_another(void)
{
	struct question q = row_73;

	q.code = city_code;
	refuse_lawfully(nenkin, &q, OUTCOME_BAD_CODE);
}

static void
refuses_a_body_without_assessment(void)
{
	struct question q = row_73;

	q.provider = "271004";
	refuse_lawfully(nenkin, &q, OUTCOME_NO_PIA);
}

static void
refuses_the_same_id_with_another_question(void)
{
	struct buf sealed = {0};
	struct inquiry inq;
	struct frame f;
	char error[32];
	bool logged;

	actor_inquiry(nenkin, &row_73, &sealed, &inq);
	actor_ask(nenkin, &inq, NULL);
	CU_ASSERT_TRUE(await_of(city, FRAME_PERMIT, &inq, &f));
	inq.sequence++;
	actor_ask(nenkin, &inq, NULL);
	refusal_await(nenkin, inq.exchange_id, &logged, error);
	CU_ASSERT_STRING_EQUAL(error, "other-body");
	buf_free(&sealed);
}

/* --- not even a question
 * ------------------------------------------------------------ */

static void
refuses_an_inquiry_of_another_party(void)
{
	struct buf sealed = {0}, body = {0}, envelope = {0};
	struct inquiry inq;
	char error[32] = "";
	bool logged = true;

	/* nenkin's own, signed by nenkin, but sent by the city */
	actor_inquiry(nenkin, &row_73, &sealed, &inq);
	inquiry_encode(&inq, &body);
	actor_sign(nenkin, "inquiry", buf_span(&body), &envelope);
	raw_send_frame(city->raw, FRAME_INQUIRY, buf_span(&envelope));
	refusal_await(city, NULL, &logged, error);
	CU_ASSERT_STRING_EQUAL(error, "wrong-signer");
	CU_ASSERT_FALSE(logged);
	buf_free(&sealed);
	buf_free(&body);
	buf_free(&envelope);
}

static void
refuses_an_old_inquiry(void)
{
	struct buf sealed = {0};
	struct inquiry inq;
	char error[32];
	bool logged;

	actor_inquiry(nenkin, &row_73, &sealed, &inq);
	inq.time_ms -= 600 * 1000;
	actor_ask(nenkin, &inq, NULL);
	CU_ASSERT_EQUAL(refusal_await(nenkin, inq.exchange_id, &logged, error),
	    OUTCOME_STALE);
	CU_ASSERT_TRUE(logged);
	buf_free(&sealed);
}

static void
drops_a_stranger(void)
{
	struct raw *stranger = raw_dial(w, NULL);

	CU_ASSERT_FALSE(raw_connected(stranger, 1500));
	raw_close(stranger);
}

static void
lives_through_garbage(void)
{
	uint8_t junk[3000];

	for (size_t i = 0; i < sizeof junk; i++)
		junk[i] = (uint8_t)(i * 37 + (i >> 3));
	for (size_t n = 0; n <= sizeof junk; n += 250)
		raw_send(nenkin->raw, span_of(junk, n));
	for (uint32_t kind = 0; kind < 60; kind++)
		raw_send_frame(nenkin->raw, (enum frame_kind)kind,
		    span_of(junk, kind * 7));
	CU_ASSERT_TRUE(process_alive(world_process(w, "broker")));
	/* nenkin may have been dropped; the city goes on as before */
	actor_free(nenkin);
	nenkin = actor_new(w, "nenkin");
	answers_a_lawful_inquiry();
}

/* --- killed and restarted
 * ---------------------------------------------------------- */

static void
forwards_an_open_permit_after_a_kill(void)
{
	struct buf sealed = {0}, sent = {0};
	struct answer_parts parts;
	struct inquiry inq;
	struct frame f;
	long permits = entries(1);

	actor_inquiry(nenkin, &row_73, &sealed, &inq);
	actor_ask(nenkin, &inq, &sent);
	CU_ASSERT_TRUE_FATAL(await_of(city, FRAME_PERMIT, &inq, &f));
	process_kill(world_process(w, "broker"), true);
	actor_free(nenkin);
	actor_free(city);
	actor_free(registrar);
	broker_up();
	CU_ASSERT_TRUE_FATAL(await_of(city, FRAME_PERMIT, &inq, &f));
	actor_provision(
	    city, f.body, OUTCOME_NOT_HELD, NULL, (struct span){0}, &parts);
	actor_provide(city, &parts);
	raw_send_frame(nenkin->raw, FRAME_INQUIRY, buf_span(&sent));
	CU_ASSERT_TRUE(await_of(nenkin, FRAME_ANSWER, &inq, &f));
	CU_ASSERT_EQUAL(entries(1), permits + 1);
	answer_parts_free(&parts);
	buf_free(&sealed);
	buf_free(&sent);
}

static void
refuses_a_database_that_loses_commits(void)
{
	broker_down();
	world_database_stop(w, "fast");
	world_database_start(w, "-c fsync=off");
	CU_ASSERT_FALSE(world_start(w, "broker", NULL));
	CU_ASSERT_EQUAL(
	    world_shell(
		w, "grep -q database-unsafe %s/log/broker.log", world_dir(w)),
	    0);
	world_database_stop(w, "fast");
	world_database_start(w, NULL);
	broker_up();
}

static const struct suite_case cases[] = {
    {"issues different codes for one person", issues_codes},
    {"says that a code is already acquired", says_already_acquired},
    {"answers a lawful inquiry under row 73", answers_a_lawful_inquiry},
    {"repeats the outcome to an honest retry",
	repeats_the_outcome_to_an_honest_retry},
    {"refuses data the row does not name, and records it",
	refuses_data_the_row_does_not_name},
    {"refuses another agency's code, and records it",
	refuses_a_code_of_another},
    {"refuses a body without a published assessment",
	refuses_a_body_without_assessment},
    {"refuses the same id with another question",
	refuses_the_same_id_with_another_question},
    {"refuses another party's inquiry, on no log",
	refuses_an_inquiry_of_another_party},
    {"refuses an old inquiry, and records it", refuses_an_old_inquiry},
    {"lets no stranger connect", drops_a_stranger},
    {"lives through garbage", lives_through_garbage},
    {"forwards an open permit again after a kill",
	forwards_an_open_permit_after_a_kill},
    {"does not start on a database that loses commits",
	refuses_a_database_that_loses_commits},
};

int
main(void)
{
	int status;

	w = world_new(NULL);
	broker_up();
	status =
	    suite_run("broker flow", cases, sizeof(cases) / sizeof(cases[0]));
	broker_down();
	world_free(w);
	return status;
}

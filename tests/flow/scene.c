#include "tests/flow/scene.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/sha256.h"

#define RESIDENT "10000000018"

void
scene_begin(struct scene *s)
{
	if (!world_start(s->w, "broker", NULL)) {
		fprintf(stderr, "%s\n", world_file(s->w, "log/broker.log"));
		exit(1);
	}
	s->nenkin = actor_new(s->w, "nenkin");
	s->city = actor_new(s->w, "141003");
	s->kyokai = actor_new(s->w, "kyokai");
	s->registrar = actor_new(s->w, "registrar");
}

void
scene_end(struct scene *s)
{
	actor_free(s->nenkin);
	actor_free(s->city);
	actor_free(s->kyokai);
	actor_free(s->registrar);
}

void
scene_open(struct scene *s, const char *options)
{
	memset(s, 0, sizeof *s);
	s->w = world_new(options);
	scene_begin(s);
	s->row_73 = (struct question){.task = "73",
	    .procedure = "p73.001",
	    .provider = "141003",
	    .data = "地方税関係情報",
	    .principal = "mhlw",
	    .code = s->nenkin_code};
	if (!actor_acquire(s->nenkin, s->registrar, RESIDENT, s->nenkin_code) ||
	    !actor_acquire(s->city, s->registrar, RESIDENT, s->city_code)) {
		fprintf(stderr, "scene: no codes\n");
		exit(1);
	}
}

void
scene_close(struct scene *s)
{
	scene_end(s);
	world_free(s->w);
}

long
scene_entries(struct scene *s, int type)
{
	char sql[100];

	snprintf(sql, sizeof sql,
	    "SELECT count(*) FROM entry WHERE %d IN (0, type)", type);
	return world_count(s->w, "renkei_broker", sql);
}

struct said
scene_refusal(struct actor *a)
{
	struct arena arena = {0};
	struct said said = {0};
	struct refusal r;
	struct frame f;

	if (!raw_await(a->raw, FRAME_REFUSAL, SCENE_WAIT_MS, &f) ||
	    refusal_decode(f.body, &arena, &r) != ERR_NONE) {
		CU_FAIL("no refusal");
		snprintf(said.error, sizeof said.error, "(none)");
		return said;
	}
	said.outcome = (enum outcome)r.outcome;
	said.logged = r.has_entry;
	snprintf(said.error, sizeof said.error, "%s", r.error);
	memcpy(said.exchange_id, r.exchange_id, ID_LEN);
	arena_wipe_free(&arena);
	return said;
}

static void
same_text(const char *got, const char *want)
{
	if (strcmp(got, want) != 0)
		fprintf(stderr, "got \"%s\", not \"%s\" ", got, want);
	CU_ASSERT_STRING_EQUAL(got, want);
}

void
scene_refused(struct actor *a, const char *error)
{
	struct said said = scene_refusal(a);

	same_text(said.error, error);
	CU_ASSERT_FALSE(said.logged);
}

void
scene_not_settled(struct actor *provider, const char *error)
{
	struct arena arena = {0};
	struct settled m = {0};
	struct frame f;

	if (!raw_await(provider->raw, FRAME_SETTLED, SCENE_WAIT_MS, &f) ||
	    settled_decode(f.body, &arena, &m) != ERR_NONE) {
		CU_FAIL("no word about the provision");
		return;
	}
	same_text(m.error, error);
	CU_ASSERT_FALSE(m.accepted);
	arena_wipe_free(&arena);
}

void
scene_drain(struct actor *a)
{
	struct frame f;

	while (raw_receive(a->raw, 1, &f))
		;
}

void
scene_permit(struct scene *s, struct inquiry *inq, struct buf *permit)
{
	struct buf sealed = {0};
	struct frame f;

	actor_inquiry(s->nenkin, &s->row_73, &sealed, inq);
	actor_ask(s->nenkin, inq, NULL);
	inq->person.data = span_of(NULL, 0);
	buf_free(&sealed);
	buf_reset(permit);
	if (raw_await(s->city->raw, FRAME_PERMIT, SCENE_WAIT_MS, &f))
		buf_add(permit, f.body.p, f.body.n);
	CU_ASSERT_FATAL(permit->n > 0);
}

static void
receipt_send(struct actor *a, const struct answer *answer)
{
	struct receipt r = {.version = 1, .time_ms = clock_ms()};
	struct arena arena = {0};
	struct provision p;
	struct envelope e;
	struct buf body = {0};

	CU_ASSERT_EQUAL(
	    envelope_decode(answer->provision, &arena, &e), ERR_NONE);
	CU_ASSERT_EQUAL(provision_decode(e.body, &arena, &p), ERR_NONE);
	memcpy(r.exchange_id, p.exchange_id, ID_LEN);
	memcpy(r.inquirer, p.inquirer, sizeof r.inquirer);
	memcpy(r.provider, p.provider, sizeof r.provider);
	sha256(e.body, r.provision_hash);
	receipt_encode(&r, &body);
	actor_send(a, FRAME_RECEIPT, "receipt", buf_span(&body));
	buf_free(&body);
	arena_wipe_free(&arena);
}

/* The answer to this exchange; others on the way are thrown away. */
static bool
answer_await(struct scene *s, const struct provision *p, struct arena *arena,
    struct answer *out)
{
	struct frame f;

	while (raw_await(s->nenkin->raw, FRAME_ANSWER, SCENE_WAIT_MS, &f))
		if (answer_decode(f.body, arena, out) == ERR_NONE &&
		    memcmp(out->exchange_id, p->exchange_id, ID_LEN) == 0)
			return true;
	return false;
}

static void
answer_with(struct scene *s, const struct buf *permit, enum outcome o)
{
	struct answer_parts parts;
	struct arena arena = {0};
	struct answer answer;
	struct frame f;

	actor_provision(s->city, buf_span(permit), o, s->nenkin->hpke,
	    span_str("between the two of us"), &parts);
	actor_provide(s->city, &parts);
	CU_ASSERT_TRUE_FATAL(
	    answer_await(s, &parts.provision, &arena, &answer));
	CU_ASSERT_EQUAL(answer.ciphertext.n, parts.ciphertext.n);
	receipt_send(s->nenkin, &answer);
	CU_ASSERT_TRUE(
	    raw_await(s->city->raw, FRAME_SETTLED, SCENE_WAIT_MS, &f));
	answer_parts_free(&parts);
	arena_wipe_free(&arena);
}

void
scene_settle(struct scene *s, const struct buf *permit)
{
	answer_with(s, permit, OUTCOME_NOT_HELD);
}

void
scene_honest(struct scene *s)
{
	struct buf permit = {0};
	struct inquiry inq;

	CU_ASSERT_TRUE(process_alive(world_process(s->w, "broker")));
	scene_drain(s->nenkin);
	scene_drain(s->city);
	scene_permit(s, &inq, &permit);
	answer_with(s, &permit, OUTCOME_PROVIDED);
	buf_free(&permit);
}

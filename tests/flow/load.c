#include "tests/flow/load.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/hex.h"
#include "lib/sha256.h"
#include "lib/uuid.h"

struct line {
	uint8_t id[ID_LEN];
	struct buf inquiry; /* the frame that is sent, again and again */
	bool sent, answered;
	bool provided; /* the provider released this provision */
	struct buf provision;
	uint8_t provision_hash[HASH_LEN]; /* of its body, as released */
	uint8_t answer_hash[HASH_LEN];	  /* as the inquirer got it */
};

struct load {
	struct actor *inquirer, *provider;
	struct line *line;
	size_t n, sent, answered, most;
	long long asked_again; /* when last, as process_clock_ms */
};

static void
line_make(struct load *l, struct line *x, const struct question *q)
{
	struct buf sealed = {0}, body = {0}, envelope = {0};
	struct inquiry inq;

	actor_inquiry(l->inquirer, q, &sealed, &inq);
	memcpy(x->id, inq.exchange_id, ID_LEN);
	inquiry_encode(&inq, &body);
	actor_sign(l->inquirer, "inquiry", buf_span(&body), &envelope);
	frame_wrap(FRAME_INQUIRY, buf_span(&envelope), &x->inquiry);
	buf_free(&sealed);
	buf_free(&body);
	buf_free(&envelope);
}

struct load *
load_new(struct actor *inquirer, struct actor *provider,
    const struct question *q, size_t n)
{
	struct load *l = xcalloc(1, sizeof *l);

	l->inquirer = inquirer;
	l->provider = provider;
	l->line = xcalloc(n, sizeof *l->line);
	l->n = n;
	for (size_t i = 0; i < n; i++)
		line_make(l, &l->line[i], q);
	return l;
}

void
load_free(struct load *l)
{
	for (size_t i = 0; i < l->n; i++) {
		buf_free(&l->line[i].inquiry);
		buf_free(&l->line[i].provision);
	}
	free(l->line);
	free(l);
}

size_t
load_answered(const struct load *l)
{
	return l->answered;
}

static struct line *
line_find(struct load *l, const uint8_t id[static ID_LEN])
{
	for (size_t i = 0; i < l->n; i++)
		if (memcmp(l->line[i].id, id, ID_LEN) == 0)
			return &l->line[i];
	return NULL;
}

static void
lines_send(struct load *l)
{
	for (size_t i = 0; i < l->n && l->sent < l->answered + l->most; i++) {
		struct line *x = &l->line[i];

		if (x->sent || x->answered ||
		    !raw_try_send(l->inquirer->raw, buf_span(&x->inquiry)))
			continue;
		x->sent = true;
		l->sent++;
	}
}

void
load_begin(struct load *l, size_t most)
{
	l->most = most;
	l->asked_again = process_clock_ms();
	lines_send(l);
}

/* --- the provider
 * -------------------------------------------------------------- */

static void
provision_make(struct load *l, struct line *x, struct span permit)
{
	struct answer_parts parts;
	struct buf body = {0}, envelope = {0}, frame = {0};
	struct provision_frame f;

	actor_provision(l->provider, permit, OUTCOME_PROVIDED,
	    l->inquirer->hpke, span_of(x->id, ID_LEN), &parts);
	provision_encode(&parts.provision, &body);
	sha256(buf_span(&body), x->provision_hash);
	actor_sign(l->provider, "provision", buf_span(&body), &envelope);
	f.envelope = buf_span(&envelope);
	f.ciphertext = buf_span(&parts.ciphertext);
	provision_frame_encode(&f, &frame);
	frame_wrap(FRAME_PROVISION, buf_span(&frame), &x->provision);
	buf_free(&body);
	buf_free(&envelope);
	buf_free(&frame);
	answer_parts_free(&parts);
}

static void
permit_take(struct load *l, struct span body)
{
	struct arena arena = {0};
	struct permit permit;
	struct entry entry;
	struct line *x;

	if (permit_decode(body, &arena, &permit) != ERR_NONE ||
	    entry_decode(permit.entry.body, &arena, &entry) != ERR_NONE) {
		CU_FAIL("a permit that does not decode");
	} else if ((x = line_find(l, entry.exchange_id)) != NULL) {
		if (x->provision.n == 0)
			provision_make(l, x, body);
		x->provided |=
		    raw_try_send(l->provider->raw, buf_span(&x->provision));
	}
	arena_wipe_free(&arena);
}

static void
provider_turn(struct load *l)
{
	struct frame f;

	if (raw_came_up(l->provider->raw))
		raw_greet(l->provider->raw);
	while (raw_receive(l->provider->raw, 0, &f))
		if (f.kind == FRAME_PERMIT)
			permit_take(l, f.body);
}

/* --- the inquirer
 * ----------------------------------------------------------------- */

static void
receipt_send(struct load *l, const struct line *x)
{
	struct receipt r = {.version = 1, .time_ms = clock_ms()};
	struct buf body = {0}, envelope = {0}, frame = {0};

	memcpy(r.exchange_id, x->id, ID_LEN);
	memcpy(r.inquirer, l->inquirer->code, sizeof r.inquirer);
	memcpy(r.provider, l->provider->code, sizeof r.provider);
	memcpy(r.provision_hash, x->answer_hash, HASH_LEN);
	receipt_encode(&r, &body);
	actor_sign(l->inquirer, "receipt", buf_span(&body), &envelope);
	frame_wrap(FRAME_RECEIPT, buf_span(&envelope), &frame);
	raw_try_send(l->inquirer->raw, buf_span(&frame));
	buf_free(&body);
	buf_free(&envelope);
	buf_free(&frame);
}

static void
answer_take(struct load *l, struct span body)
{
	struct arena arena = {0};
	struct envelope provision;
	struct answer answer;
	struct line *x;

	if (answer_decode(body, &arena, &answer) != ERR_NONE ||
	    envelope_decode(answer.provision, &arena, &provision) != ERR_NONE) {
		CU_FAIL("an answer that does not decode");
	} else if ((x = line_find(l, answer.exchange_id)) != NULL) {
		uint8_t hash[HASH_LEN];

		sha256(provision.body, hash);
		if (x->answered)
			CU_ASSERT_EQUAL(
			    memcmp(hash, x->answer_hash, HASH_LEN), 0);
		l->answered += !x->answered;
		x->answered = true;
		memcpy(x->answer_hash, hash, HASH_LEN);
		receipt_send(l, x);
	}
	arena_wipe_free(&arena);
}

#define AGAIN_MS 2000

/* The same bytes again: after each connection, and now and then. */
static void
lines_again(struct load *l)
{
	l->asked_again = process_clock_ms();
	for (size_t i = 0; i < l->n; i++) {
		struct line *x = &l->line[i];

		if (x->sent && !x->answered)
			raw_try_send(l->inquirer->raw, buf_span(&x->inquiry));
	}
}

static void
inquirer_turn(struct load *l)
{
	bool up = raw_came_up(l->inquirer->raw);
	struct frame f;

	if (up)
		raw_greet(l->inquirer->raw);
	if (up || process_clock_ms() > l->asked_again + AGAIN_MS)
		lines_again(l);
	while (raw_receive(l->inquirer->raw, 0, &f)) {
		if (f.kind == FRAME_ANSWER)
			answer_take(l, f.body);
		else if (f.kind == FRAME_REFUSAL)
			CU_FAIL("a lawful inquiry was refused");
	}
	lines_send(l);
}

bool
load_turn(struct load *l, unsigned ms)
{
	long long until = process_clock_ms() + ms;

	do {
		provider_turn(l);
		inquirer_turn(l);
		if (l->answered == l->n)
			return true;
		process_sleep_ms(2);
	} while (process_clock_ms() < until);
	return false;
}

/* --- afterwards
 * ------------------------------------------------------------------- */

/* How many entries of the type the exchange has. */
static long
entries_of(struct world *w, const struct line *x, const char *types)
{
	char id[UUID_TEXT_LEN], sql[200];

	snprintf(sql, sizeof sql,
	    "SELECT count(*) FROM entry WHERE exchange_id = '%s' AND type "
	    "IN (%s)",
	    uuid_text(x->id, id), types);
	return world_count(w, "renkei_broker", sql);
}

/* Whether the outcome's body commits to the provision of this hash. */
static bool
outcome_commits(
    struct world *w, const struct line *x, const uint8_t hash[static HASH_LEN])
{
	char id[UUID_TEXT_LEN], hex[2 * HASH_LEN + 1], sql[300];

	hex_encode(span_of(hash, HASH_LEN), hex);
	snprintf(sql, sizeof sql,
	    "SELECT count(*) FROM entry WHERE exchange_id = '%s' AND type = 3 "
	    "AND position(decode('%s', 'hex') IN body) > 0",
	    uuid_text(x->id, id), hex);
	return world_count(w, "renkei_broker", sql) == 1;
}

void
load_check(struct load *l, struct world *w)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct line *x = &l->line[i];

		CU_ASSERT_TRUE(entries_of(w, x, "1") <= 1);
		CU_ASSERT_TRUE(entries_of(w, x, "3, 4") <= 1);
		if (x->provision.n > 0)
			CU_ASSERT_EQUAL(entries_of(w, x, "1"), 1);
		if (x->answered)
			CU_ASSERT_TRUE(outcome_commits(w, x, x->answer_hash));
	}
}

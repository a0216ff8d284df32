/* Admission: what is permitted, refused and recorded, or not even that. */
#include "lib/sha256.h"
#include "lib/uuid.h"
#include "tests/unit/broker/vaultworld.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <string.h>

/* --- fixtures --- */

static struct vaultworld *w;

static void
setup(struct inquiry *q)
{
	if (w == NULL)
		w = vw_new();
	w->now_ms = VW_NOW;
	vw_inquiry(w, q);
}

/* Admit *q about person 1 as its inquirer. */
static enum err
admit(struct inquiry *q)
{
	struct buf env = {0};
	enum err e;

	vw_inquiry_envelope(w, q, 1, &env);
	e = vw_admit(w, q->inquirer, buf_span(&env));
	buf_free(&env);
	return e;
}

/* A body about person 1 that somebody signs and sends. */
static enum err
admit_signed(struct inquiry *q, const char *signer, const char *sender)
{
	struct buf room = {0}, body = {0}, env = {0};
	enum err e;

	vw_seal_person(w, q, NENKIN, NENKIN, 1, &room);
	inquiry_encode(q, &body);
	vw_envelope(w, signer, "inquiry", buf_span(&body), &env);
	e = vw_admit(w, sender, buf_span(&env));
	buf_free(&room);
	buf_free(&body);
	buf_free(&env);
	return e;
}

static void
expect_refused(struct inquiry *q, enum outcome o)
{
	SUITE_ERR(admit(q), ERR_NONE);
	CU_ASSERT_EQUAL(w->reply.entry_type, ENTRY_REFUSAL);
	CU_ASSERT_EQUAL(w->reply.outcome, o);
	CU_ASSERT_EQUAL(w->entry.outcome, o);
	CU_ASSERT(w->reply.rule[0] != '\0');
	CU_ASSERT_STRING_EQUAL(w->reply.rule, w->entry.rule);
	CU_ASSERT(!w->reply.has_person);
	CU_ASSERT(vw_endorsed(w));
	SUITE_BYTES(w->entry.exchange_id, q->exchange_id, ID_LEN);
	CU_ASSERT(memcmp(w->entry.entry_id, q->exchange_id, ID_LEN) != 0);
}

static void
expect_nothing(enum err got, enum err want)
{
	SUITE_ERR(got, want);
	CU_ASSERT_EQUAL(w->reply.entry_type, 0);
	CU_ASSERT_EQUAL(w->reply.body.n, 0);
	CU_ASSERT(!w->reply.has_person && !w->reply.has_record);
}

/* --- the grant --- */

static void
permits(void)
{
	struct inquiry q;

	setup(&q);
	SUITE_ERR(admit(&q), ERR_NONE);
	CU_ASSERT_EQUAL(w->reply.outcome, OUTCOME_PERMITTED);
	CU_ASSERT_EQUAL(w->reply.entry_type, ENTRY_PERMIT);
	CU_ASSERT(vw_endorsed(w));
	CU_ASSERT(vw_record_is(w, 1));
	CU_ASSERT_STRING_EQUAL(w->entry.inquirer, NENKIN);
	CU_ASSERT_STRING_EQUAL(w->entry.provider, YOKOHAMA);
	CU_ASSERT_STRING_EQUAL(w->entry.data[0], TAX);
	CU_ASSERT_STRING_EQUAL(w->entry.unit, "年金給付部");
	CU_ASSERT(w->entry.article[0] != '\0');
	CU_ASSERT_EQUAL(w->entry.time_ms, VW_NOW);
	CU_ASSERT_EQUAL(w->entry.answer_by_ms, VW_NOW + 60000);
	CU_ASSERT_EQUAL(w->entry.valid_until_ms, VW_NOW + 604800000);
	SUITE_BYTES(w->entry.entry_id, q.exchange_id, ID_LEN);
	SUITE_BYTES(w->entry.policy_hash, policy_hash(w->policy), HASH_LEN);
}

static void
hands_over_the_providers_code(void)
{
	uint8_t code[CODE_LEN], want[CODE_LEN], hash[HASH_LEN];
	struct buf ad = {0};
	struct inquiry q;

	setup(&q);
	SUITE_ERR(admit(&q), ERR_NONE);
	seal_ad_permit(
	    &ad, NENKIN, YOKOHAMA, q.exchange_id, w->entry.inquiry_hash);
	SUITE_ERR(vw_open(w, YOKOHAMA, &w->reply.person, buf_span(&ad), code),
	    ERR_NONE);
	vw_code(w, YOKOHAMA, 1, want);
	SUITE_BYTES(code, want, CODE_LEN);
	sha256(w->reply.person.data, hash);
	SUITE_BYTES(hash, w->entry.provider_ref_hash, HASH_LEN);
	/* nobody else reads it, nor under another exchange */
	SUITE_ERR(
	    vw_open(w, OSAKA, &w->reply.person, buf_span(&ad), code), ERR_KEY);
	buf_reset(&ad);
	q.exchange_id[15] ^= 1;
	seal_ad_permit(
	    &ad, NENKIN, YOKOHAMA, q.exchange_id, w->entry.inquiry_hash);
	SUITE_ERR(vw_open(w, YOKOHAMA, &w->reply.person, buf_span(&ad), code),
	    ERR_SEAL);
	buf_free(&ad);
}

/* Promise 4: the same question about the same person, and nothing repeats. */
static void
repeats_nothing(void)
{
	uint8_t person[SEALED_CODE_LEN], record[SEALED_CODE_LEN], leaf[33];
	struct inquiry q;

	setup(&q);
	SUITE_ERR(admit(&q), ERR_NONE);
	memcpy(person, w->reply.person.data.p, sizeof(person));
	memcpy(record, w->reply.record.data.p, sizeof(record));
	memcpy(leaf, w->reply.leaf, sizeof(leaf));
	SUITE_ERR(admit(&q), ERR_NONE);
	/* the two key ids in front name keys, not people */
	CU_ASSERT(memcmp(person + 32, w->reply.person.data.p + 32, 12) != 0);
	CU_ASSERT(memcmp(person + 44, w->reply.person.data.p + 44, 53) != 0);
	CU_ASSERT(memcmp(record + 44, w->reply.record.data.p + 44, 53) != 0);
	CU_ASSERT(memcmp(leaf, w->reply.leaf, sizeof(leaf)) != 0);
}

/* --- refused by law, and recorded --- */

static void
refuses_by_the_table(void)
{
	struct inquiry q;

	setup(&q);
	snprintf(q.data[0], sizeof(q.data[0]), "医療保険給付関係情報");
	expect_refused(&q, OUTCOME_NO_DATA);
	CU_ASSERT(vw_record_is(w, 1));
	setup(&q);
	snprintf(q.task, sizeof(q.task), "9999");
	expect_refused(&q, OUTCOME_NO_ROW);
	setup(&q);
	snprintf(q.procedure, sizeof(q.procedure), "p73.999");
	expect_refused(&q, OUTCOME_NO_PROCEDURE);
	setup(&q);
	snprintf(q.inquirer, sizeof(q.inquirer), OSAKA);
	snprintf(q.provider, sizeof(q.provider), YOKOHAMA);
	expect_refused(&q, OUTCOME_NOT_INQUIRER);
}

static void
refuses_without_pia(void)
{
	struct inquiry q;

	setup(&q);
	snprintf(q.provider, sizeof(q.provider), SAPPORO);
	expect_refused(&q, OUTCOME_NO_PIA);
	CU_ASSERT(w->entry.pia_missing);
	CU_ASSERT(vw_record_is(w, 1));
	setup(&q);
	SUITE_ERR(admit(&q), ERR_NONE);
	CU_ASSERT(!w->entry.pia_missing);
}

static void
refuses_the_suspended(void)
{
	struct inquiry q;

	setup(&q);
	snprintf(q.provider, sizeof(q.provider), NAGOYA);
	expect_refused(&q, OUTCOME_SUSPENDED);
}

static void
refuses_the_incomplete(void)
{
	struct inquiry q;

	setup(&q);
	q.unit[0] = '\0';
	expect_refused(&q, OUTCOME_BAD_QUESTION);
	setup(&q);
	q.procedure[0] = '\0';
	expect_refused(&q, OUTCOME_BAD_QUESTION);
	setup(&q);
	memset(q.case_tag, 0, sizeof(q.case_tag));
	expect_refused(&q, OUTCOME_BAD_QUESTION);
	setup(&q);
	q.n_data = 0;
	expect_refused(&q, OUTCOME_BAD_QUESTION);
	setup(&q);
	q.n_data = 2;
	memcpy(q.data[1], q.data[0], sizeof(q.data[0]));
	expect_refused(&q, OUTCOME_BAD_QUESTION);
}

static void
refuses_the_stale(void)
{
	struct inquiry q;

	setup(&q);
	q.time_ms = VW_NOW - 120001;
	expect_refused(&q, OUTCOME_STALE);
	setup(&q);
	q.time_ms = VW_NOW + 120001;
	expect_refused(&q, OUTCOME_STALE);
	setup(&q);
	uuid_make_at(VW_NOW - 120001, q.exchange_id);
	expect_refused(&q, OUTCOME_STALE);
	setup(&q);
	q.time_ms = VW_NOW - 119000;
	uuid_make_at(VW_NOW + 119000, q.exchange_id);
	SUITE_ERR(admit(&q), ERR_NONE);
	CU_ASSERT_EQUAL(w->reply.outcome, OUTCOME_PERMITTED);
}

/* --- swaps: a code that is not this inquirer's for this exchange --- */

static void
expect_bad_code(struct inquiry *q)
{
	struct buf body = {0}, env = {0};

	inquiry_encode(q, &body);
	vw_envelope(w, NENKIN, "inquiry", buf_span(&body), &env);
	SUITE_ERR(vw_admit(w, NENKIN, buf_span(&env)), ERR_NONE);
	CU_ASSERT_EQUAL(w->reply.outcome, OUTCOME_BAD_CODE);
	CU_ASSERT_EQUAL(w->reply.entry_type, ENTRY_REFUSAL);
	CU_ASSERT(!w->reply.has_person && !w->reply.has_record);
	CU_ASSERT(vw_endorsed(w));
	buf_free(&body);
	buf_free(&env);
}

static void
refuses_another_exchanges_code(void)
{
	struct buf room = {0};
	struct inquiry q, other;

	setup(&q);
	vw_inquiry(w, &other);
	vw_seal_person(w, &other, NENKIN, NENKIN, 2, &room);
	q.person = other.person;
	expect_bad_code(&q);
	/* the same exchange, but meant for another provider */
	other = q;
	snprintf(other.provider, sizeof(other.provider), OSAKA);
	vw_seal_person(w, &other, NENKIN, NENKIN, 2, &room);
	q.person = other.person;
	expect_bad_code(&q);
	buf_free(&room);
}

static void
refuses_another_agencys_code(void)
{
	struct buf room = {0};
	struct inquiry q;

	/* sealed by the inquirer, but the code is Yokohama's */
	setup(&q);
	vw_seal_person(w, &q, NENKIN, YOKOHAMA, 2, &room);
	expect_bad_code(&q);
	/* Yokohama's own sealing, lifted into another's inquiry */
	setup(&q);
	vw_seal_person(w, &q, YOKOHAMA, YOKOHAMA, 2, &room);
	expect_bad_code(&q);
	/* a code meant for the vault's other direction: a permit's */
	setup(&q);
	SUITE_ERR(admit(&q), ERR_NONE);
	q.person = w->reply.person;
	buf_reset(&room);
	buf_add(&room, q.person.data.p, q.person.data.n);
	q.person.data = buf_span(&room);
	expect_bad_code(&q);
	buf_free(&room);
}

static void
refuses_a_bent_code(void)
{
	struct buf room = {0};
	struct inquiry q;

	setup(&q);
	vw_seal_person(w, &q, NENKIN, NENKIN, 2, &room);
	room.p[room.n - 1] ^= 1;
	expect_bad_code(&q);
	q.person.data.n = 40;
	expect_bad_code(&q);
	buf_free(&room);
}

/* --- not even recorded --- */

static void
records_no_stranger(void)
{
	struct inquiry q;

	setup(&q);
	expect_nothing(admit_signed(&q, YOKOHAMA, NENKIN), ERR_SIGNER);
	expect_nothing(admit_signed(&q, NENKIN, YOKOHAMA), ERR_SIGNER);
	expect_nothing(admit_signed(&q, YOKOHAMA, YOKOHAMA), ERR_SIGNER);
	expect_nothing(vw_admit(w, "nobody", SPAN(q.case_tag)), ERR_MALFORMED);
}

static void
records_no_bad_signature(void)
{
	struct buf env = {0};
	struct inquiry q;

	setup(&q);
	vw_inquiry_envelope(w, &q, 1, &env);
	/* the unit's first byte lies inside the signed body */
	for (size_t i = 0; i + 6 < env.n; i++)
		if (memcmp(env.p + i, "年金", 6) == 0) {
			memcpy(env.p + i, "税務", 6);
			break;
		}
	expect_nothing(vw_admit(w, NENKIN, buf_span(&env)), ERR_SIGNATURE);
	buf_free(&env);
}

static void
records_no_other_type(void)
{
	struct buf room = {0}, body = {0}, env = {0};
	struct inquiry q;

	setup(&q);
	vw_seal_person(w, &q, NENKIN, NENKIN, 1, &room);
	inquiry_encode(&q, &body);
	vw_envelope(w, NENKIN, "receipt", buf_span(&body), &env);
	expect_nothing(vw_admit(w, NENKIN, buf_span(&env)), ERR_MALFORMED);
	buf_free(&room);
	buf_free(&body);
	buf_free(&env);
}

static void
records_no_my_number(void)
{
	struct inquiry q;

	setup(&q);
	snprintf(q.unit, sizeof(q.unit), "窓口 1234-5678-9018");
	expect_nothing(admit(&q), ERR_TWELVE_DIGITS);
}

static void
records_no_garbage(void)
{
	struct buf out = {0};
	struct arena a = {0};
	struct vault_reply r;
	struct inquiry q;

	setup(&q);
	vault_answer(w->vault, VW_NOW, span_str("\xff\xff garbage"), &out);
	SUITE_ERR(vault_reply_decode(buf_span(&out), &a, &r), ERR_NONE);
	CU_ASSERT(r.error[0] != '\0' && r.ticket == 0);
	buf_free(&out);
	arena_wipe_free(&a);
}

static const struct suite_case cases[] = {
    {"permits what the row names, with article, times and endorsement",
	permits},
    {"seals the provider's code to it alone, for this exchange alone",
	hands_over_the_providers_code},
    {"repeats no byte of a person in a second permit", repeats_nothing},
    {"refuses what the table does not name, and records it",
	refuses_by_the_table},
    {"refuses where no PIA is published, and says so", refuses_without_pia},
    {"refuses a suspended provider", refuses_the_suspended},
    {"refuses a question that lacks what it must carry",
	refuses_the_incomplete},
    {"refuses a question or an id outside 120 seconds", refuses_the_stale},
    {"refuses a code sealed for another exchange or provider",
	refuses_another_exchanges_code},
    {"refuses another agency's code, and another's sealing",
	refuses_another_agencys_code},
    {"refuses a code with a bit changed or cut short", refuses_a_bent_code},
    {"records nothing of a sender that is not the signer", records_no_stranger},
    {"records nothing that does not verify", records_no_bad_signature},
    {"records nothing that was signed as something else",
	records_no_other_type},
    {"records nothing that may hold a My Number", records_no_my_number},
    {"answers garbage with an error", records_no_garbage},
};
SUITE("vault_admit", cases)

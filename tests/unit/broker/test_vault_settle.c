/* Outcomes, lapses and receipts: only for a permit that a worker endorsed. */
#include "lib/sha256.h"
#include "tests/unit/broker/vaultworld.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <string.h>

/* --- fixtures: one permitted exchange about person 1 --- */

static struct vaultworld *w;

/* What the ledger keeps of a permit and the front sends back. */
static struct {
	struct inquiry q;
	struct buf inquiry, body;
	uint8_t salt[32], endorsement[32], leaf_hash[HASH_LEN];
} permit;

static void
permit_make(const char *provider)
{
	if (w == NULL)
		w = vw_new();
	w->now_ms = VW_NOW;
	buf_reset(&permit.inquiry);
	buf_reset(&permit.body);
	vw_inquiry(w, &permit.q);
	snprintf(permit.q.provider, sizeof(permit.q.provider), "%s", provider);
	vw_inquiry_envelope(w, &permit.q, 1, &permit.inquiry);
	SUITE_ERR(vw_admit(w, NENKIN, buf_span(&permit.inquiry)), ERR_NONE);
	CU_ASSERT_EQUAL_FATAL(w->reply.outcome, OUTCOME_PERMITTED);
	buf_add(&permit.body, w->reply.body.p, w->reply.body.n);
	memcpy(permit.salt, w->reply.salt, 32);
	memcpy(permit.endorsement, w->reply.endorsement, 32);
	entry_leaf_hash(w->reply.leaf, permit.leaf_hash);
}

static void
provision_fill(struct provision *p)
{
	static const uint8_t enc[POINT_LEN] = {4};

	*p = (struct provision){.version = 1,
	    .provider = YOKOHAMA,
	    .inquirer = NENKIN,
	    .outcome = OUTCOME_PROVIDED,
	    .time_ms = w->now_ms,
	    .enc = SPAN(enc),
	    .ciphertext_size = 2048,
	    .sequence = 5};
	memcpy(p->exchange_id, permit.q.exchange_id, ID_LEN);
	memcpy(p->permit_leaf, permit.leaf_hash, HASH_LEN);
	memset(p->salt, 1, sizeof(p->salt));
	memset(p->ciphertext_hash, 2, sizeof(p->ciphertext_hash));
	memset(p->inquirer_key_id, 3, sizeof(p->inquirer_key_id));
}

static void
negative_fill(struct provision *p, enum outcome o)
{
	provision_fill(p);
	p->outcome = o;
	p->enc = (struct span){0};
	p->ciphertext_size = 0;
	memset(p->ciphertext_hash, 0, sizeof(p->ciphertext_hash));
	memset(p->inquirer_key_id, 0, sizeof(p->inquirer_key_id));
	memset(p->salt, 0, sizeof(p->salt));
}

static void
ask_fill(struct vault_request *ask, enum vault_op op, const char *party)
{
	*ask = (struct vault_request){.ticket = 3,
	    .op = op,
	    .inquiry = buf_span(&permit.inquiry),
	    .permit_body = buf_span(&permit.body)};
	snprintf(ask->party, sizeof(ask->party), "%s", party);
	memcpy(ask->permit_salt, permit.salt, 32);
	memcpy(ask->permit_endorsement, permit.endorsement, 32);
}

/* `sender` sends a body of `type` that `signer` signed. */
static enum err
send(enum vault_op op, const char *type, const struct buf *body,
    const char *signer, const char *sender)
{
	struct vault_request ask;
	struct buf env = {0};
	enum err e;

	vw_envelope(w, signer, type, buf_span(body), &env);
	ask_fill(&ask, op, sender);
	ask.envelope = buf_span(&env);
	e = vw_ask(w, &ask);
	buf_free(&env);
	return e;
}

static enum err
settle_as(const struct provision *p, const char *signer, const char *sender)
{
	struct buf body = {0};
	enum err e;

	provision_encode(p, &body);
	e = send(VAULT_SETTLE, "provision", &body, signer, sender);
	buf_free(&body);
	return e;
}

static enum err
settle(const struct provision *p)
{
	return settle_as(p, YOKOHAMA, YOKOHAMA);
}

static void
expect_nothing(enum err got, enum err want)
{
	SUITE_ERR(got, want);
	CU_ASSERT_EQUAL(w->reply.entry_type, 0);
	CU_ASSERT(!w->reply.has_record);
}

/* --- outcomes --- */

static void
settles(void)
{
	struct provision p;

	permit_make(YOKOHAMA);
	provision_fill(&p);
	p.non_disclosure = true;
	SUITE_ERR(settle(&p), ERR_NONE);
	CU_ASSERT_EQUAL(w->reply.entry_type, ENTRY_OUTCOME);
	CU_ASSERT_EQUAL(w->reply.outcome, OUTCOME_PROVIDED);
	CU_ASSERT(vw_endorsed(w));
	CU_ASSERT(vw_record_is(w, 1));
	CU_ASSERT(w->entry.provider_hides && !w->entry.inquirer_hides);
	CU_ASSERT_EQUAL(w->entry.sequence, 5);
	SUITE_BYTES(w->entry.permit_leaf, permit.leaf_hash, HASH_LEN);
	SUITE_BYTES(w->entry.exchange_id, permit.q.exchange_id, ID_LEN);
	SUITE_BYTES(w->entry.ciphertext_hash, p.ciphertext_hash, HASH_LEN);
	CU_ASSERT_STRING_EQUAL(w->entry.hop, "provider");
	CU_ASSERT(!w->reply.has_person);
}

static void
settles_negatives(void)
{
	static const enum outcome negatives[] = {
	    OUTCOME_WITHHELD, OUTCOME_NOT_HELD, OUTCOME_PROVIDER_REFUSED};
	struct provision p;

	permit_make(YOKOHAMA);
	for (size_t i = 0; i < 3; i++) {
		negative_fill(&p, negatives[i]);
		snprintf(p.reason, sizeof(p.reason), "some-reason");
		SUITE_ERR(settle(&p), ERR_NONE);
		CU_ASSERT_EQUAL(w->reply.outcome, negatives[i]);
		CU_ASSERT_STRING_EQUAL(w->entry.rule, "some-reason");
		/* a negative that carries a ciphertext is none */
		p.ciphertext_size = 7;
		expect_nothing(settle(&p), ERR_MALFORMED);
	}
}

static void
refuses_odd_outcomes(void)
{
	static const uint32_t odd[] = {OUTCOME_REFUSED, OUTCOME_PERMITTED,
	    OUTCOME_PENDING, OUTCOME_LAPSED, OUTCOME_NO_ROW, OUTCOME_DATA,
	    9999};
	struct provision p;

	permit_make(YOKOHAMA);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		provision_fill(&p);
		p.outcome = odd[i];
		expect_nothing(settle(&p), ERR_MALFORMED);
	}
	provision_fill(&p);
	p.enc = (struct span){0};
	expect_nothing(settle(&p), ERR_MALFORMED);
	provision_fill(&p);
	memset(p.ciphertext_hash, 0, sizeof(p.ciphertext_hash));
	expect_nothing(settle(&p), ERR_MALFORMED);
}

static void
refuses_after_validity(void)
{
	struct provision p;

	permit_make(YOKOHAMA);
	w->now_ms = VW_NOW + 604800000 + 5000;
	provision_fill(&p);
	SUITE_ERR(settle(&p), ERR_NONE);
	w->now_ms++;
	expect_nothing(settle(&p), ERR_LAPSED);
}

static void
refuses_somebody_elses_permit(void)
{
	struct provision p;

	permit_make(YOKOHAMA);
	provision_fill(&p);
	expect_nothing(settle_as(&p, OSAKA, OSAKA), ERR_NOT_YOURS);
	expect_nothing(settle_as(&p, OSAKA, YOKOHAMA), ERR_SIGNER);
	expect_nothing(settle_as(&p, YOKOHAMA, OSAKA), ERR_SIGNER);
	snprintf(p.provider, sizeof(p.provider), OSAKA);
	expect_nothing(settle_as(&p, OSAKA, OSAKA), ERR_NOT_YOURS);
	provision_fill(&p);
	p.permit_leaf[0] ^= 1;
	expect_nothing(settle(&p), ERR_NOT_YOURS);
	provision_fill(&p);
	p.exchange_id[15] ^= 1;
	expect_nothing(settle(&p), ERR_NOT_YOURS);
	provision_fill(&p);
	snprintf(p.inquirer, sizeof(p.inquirer), OSAKA);
	expect_nothing(settle(&p), ERR_NOT_YOURS);
}

static void
refuses_an_unendorsed_permit(void)
{
	struct provision p;

	permit_make(YOKOHAMA);
	provision_fill(&p);
	permit.endorsement[0] ^= 1;
	expect_nothing(settle(&p), ERR_ENDORSEMENT);
	permit.endorsement[0] ^= 1;
	permit.salt[0] ^= 1;
	expect_nothing(settle(&p), ERR_ENDORSEMENT);
	permit.salt[0] ^= 1;
	/* a refusal's row in the place of a permit's */
	permit.body.p[permit.body.n - 1] ^= 1;
	CU_ASSERT(settle(&p) != ERR_NONE);
}

/* The front may not say which person an outcome is about. */
static void
refuses_another_inquiry(void)
{
	struct buf kept = {0};
	struct provision p;

	permit_make(YOKOHAMA);
	buf_add(&kept, permit.inquiry.p, permit.inquiry.n);
	permit_make(YOKOHAMA);
	provision_fill(&p);
	buf_reset(&permit.inquiry);
	buf_add(&permit.inquiry, kept.p, kept.n);
	expect_nothing(settle(&p), ERR_OTHER_BODY);
	buf_free(&kept);
}

static void
verifies_pending(void)
{
	struct pending p = {.version = 1, .inquirer = NENKIN};
	struct buf body = {0};

	permit_make(YOKOHAMA);
	snprintf(p.provider, sizeof(p.provider), YOKOHAMA);
	memcpy(p.exchange_id, permit.q.exchange_id, ID_LEN);
	memcpy(p.permit_leaf, permit.leaf_hash, HASH_LEN);
	pending_encode(&p, &body);
	expect_nothing(
	    send(VAULT_SETTLE, "pending", &body, YOKOHAMA, YOKOHAMA), ERR_NONE);
	CU_ASSERT_EQUAL(w->reply.outcome, OUTCOME_PENDING);
	expect_nothing(
	    send(VAULT_SETTLE, "pending", &body, OSAKA, OSAKA), ERR_NOT_YOURS);
	/* a pending's body is no provision, whatever it is signed as */
	CU_ASSERT(send(VAULT_SETTLE, "provision", &body, YOKOHAMA, YOKOHAMA) !=
		  ERR_NONE);
	buf_free(&body);
}

/* --- what the broker says itself --- */

static enum err
lapse(enum outcome o)
{
	struct vault_request ask;

	ask_fill(&ask, VAULT_LAPSE, "");
	ask.outcome = o;
	return vw_ask(w, &ask);
}

static void
lapses_in_time_only(void)
{
	permit_make(YOKOHAMA);
	w->now_ms = VW_NOW + 604800000 - 1;
	expect_nothing(lapse(OUTCOME_LAPSED), ERR_STALE);
	w->now_ms++;
	SUITE_ERR(lapse(OUTCOME_LAPSED), ERR_NONE);
	CU_ASSERT_EQUAL(w->reply.entry_type, ENTRY_LAPSE);
	CU_ASSERT(vw_endorsed(w) && vw_record_is(w, 1));
	SUITE_BYTES(w->entry.permit_leaf, permit.leaf_hash, HASH_LEN);
}

static void
notes_the_uncollected(void)
{
	permit_make(YOKOHAMA);
	SUITE_ERR(lapse(OUTCOME_UNCOLLECTED), ERR_NONE);
	CU_ASSERT_EQUAL(w->reply.entry_type, ENTRY_UNCOLLECTED);
	CU_ASSERT(vw_endorsed(w) && vw_record_is(w, 1));
	expect_nothing(lapse(OUTCOME_PROVIDED), ERR_MALFORMED);
	expect_nothing(lapse(OUTCOME_PENDING), ERR_MALFORMED);
}

static void
suspends_late_only_the_suspended(void)
{
	permit_make(YOKOHAMA);
	expect_nothing(lapse(OUTCOME_SUSPENDED_LATE), ERR_MALFORMED);
	permit_make(KYOTO);
	expect_nothing(lapse(OUTCOME_SUSPENDED_LATE), ERR_MALFORMED);
	w->now_ms = VW_NOW + 2 * 86400000;
	SUITE_ERR(lapse(OUTCOME_SUSPENDED_LATE), ERR_NONE);
	CU_ASSERT_EQUAL(w->reply.entry_type, ENTRY_OUTCOME);
}

/* Suspended between permit and answer: the answer is not handed over. */
static void
holds_back_what_was_suspended(void)
{
	struct provision p;

	permit_make(KYOTO);
	w->now_ms = VW_NOW + 2 * 86400000;
	provision_fill(&p);
	snprintf(p.provider, sizeof(p.provider), KYOTO);
	SUITE_ERR(settle_as(&p, KYOTO, KYOTO), ERR_NONE);
	CU_ASSERT_EQUAL(w->reply.outcome, OUTCOME_SUSPENDED_LATE);
	CU_ASSERT_EQUAL(w->entry.outcome, OUTCOME_SUSPENDED_LATE);
	CU_ASSERT_STRING_EQUAL(w->entry.hop, "vault");
	w->now_ms = VW_NOW;
	SUITE_ERR(settle_as(&p, KYOTO, KYOTO), ERR_NONE);
	CU_ASSERT_EQUAL(w->reply.outcome, OUTCOME_PROVIDED);
}

/* --- receipts --- */

static void
verifies_receipts(void)
{
	struct receipt r = {.version = 1, .inquirer = NENKIN};
	struct buf body = {0};

	permit_make(YOKOHAMA);
	snprintf(r.provider, sizeof(r.provider), YOKOHAMA);
	memcpy(r.exchange_id, permit.q.exchange_id, ID_LEN);
	receipt_encode(&r, &body);
	expect_nothing(
	    send(VAULT_RECEIPT, "receipt", &body, NENKIN, NENKIN), ERR_NONE);
	expect_nothing(
	    send(VAULT_RECEIPT, "receipt", &body, OSAKA, OSAKA), ERR_NOT_YOURS);
	expect_nothing(
	    send(VAULT_RECEIPT, "receipt", &body, OSAKA, NENKIN), ERR_SIGNER);
	buf_reset(&body);
	r.exchange_id[0] ^= 1;
	receipt_encode(&r, &body);
	expect_nothing(send(VAULT_RECEIPT, "receipt", &body, NENKIN, NENKIN),
	    ERR_NOT_YOURS);
	buf_free(&body);
}

/* --- notes --- */

static void
notes(void)
{
	struct vault_request ask = {.op = VAULT_NOTE,
	    .entry_type = ENTRY_POLICY,
	    .actor = "officer-1",
	    .note = "policy loaded"};

	if (w == NULL)
		w = vw_new();
	memset(ask.subject_hash, 9, HASH_LEN);
	SUITE_ERR(vw_ask(w, &ask), ERR_NONE);
	CU_ASSERT(vw_endorsed(w) && !w->reply.has_record);
	/* of the policy it knows, whatever the front says */
	SUITE_BYTES(w->entry.subject_hash, policy_hash(w->policy), HASH_LEN);
	ask.entry_type = ENTRY_OPERATOR;
	SUITE_ERR(vw_ask(w, &ask), ERR_NONE);
	SUITE_BYTES(w->entry.subject_hash, ask.subject_hash, HASH_LEN);
	ask.entry_type = ENTRY_PERMIT;
	expect_nothing(vw_ask(w, &ask), ERR_MALFORMED);
	ask.entry_type = ENTRY_OPERATOR;
	ask.actor[0] = '\0';
	expect_nothing(vw_ask(w, &ask), ERR_MALFORMED);
	ask.op = 99;
	expect_nothing(vw_ask(w, &ask), ERR_MALFORMED);
}

static const struct suite_case cases[] = {
    {"settles with the provider's answer, bound to permit and person", settles},
    {"settles with each negative, which carries nothing", settles_negatives},
    {"refuses an outcome that is not the provider's to give",
	refuses_odd_outcomes},
    {"refuses an answer five seconds after the permit's end",
	refuses_after_validity},
    {"refuses an answer to somebody else's permit",
	refuses_somebody_elses_permit},
    {"refuses a permit that no worker endorsed", refuses_an_unendorsed_permit},
    {"refuses another inquiry than the permit's", refuses_another_inquiry},
    {"verifies that an official must decide, and records nothing",
	verifies_pending},
    {"lets a permit lapse at its end and not before", lapses_in_time_only},
    {"notes an answer never collected, and no other outcome",
	notes_the_uncollected},
    {"holds back an answer suspended after its permit",
	holds_back_what_was_suspended},
    {"calls nobody suspended who is not", suspends_late_only_the_suspended},
    {"verifies the inquirer's receipt", verifies_receipts},
    {"notes operators and officers, and nothing about a person", notes},
};
SUITE("vault_settle", cases)

/* Issue of codes by resident code, and what a change of it leaves alone. */
#include "lib/uuid.h"
#include "tests/unit/broker/vaultworld.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <string.h>

/* --- fixtures --- */

#define REGISTRAR "registrar"

static struct vaultworld *w;

static void
setup(void)
{
	if (w == NULL)
		w = vw_new();
	w->now_ms = VW_NOW;
}

/* A resident code sealed by `sealer` under *ad, which is freed. */
static void
resident_seal(const char *sealer, unsigned n, struct buf *ad, struct buf *room,
    struct person_ref *ref)
{
	struct vw_party *p = vw_party(w, sealer);
	char digits[RESIDENT_LEN];

	vw_resident(n, digits);
	buf_reset(room);
	SUITE_ERR(seal_resident(seal_ring_find(p->ring, sealer, w->vault_point,
				    SEAL_TO_VAULT),
		      digits, buf_span(ad), room),
	    ERR_NONE);
	*ref = (struct person_ref){
	    SEAL_SUITE, PERSON_RESIDENT_CODE, buf_span(room)};
	buf_free(ad);
}

struct request {
	struct code_request q;
	struct buf room;
	const char *signer, *sender;
};

static void
request_fill(struct request *r, const char *agency, unsigned n)
{
	struct buf ad = {0};

	memset(r, 0, sizeof(*r));
	r->signer = r->sender = REGISTRAR;
	r->q.version = 1;
	r->q.time_ms = w->now_ms;
	snprintf(r->q.agency, sizeof(r->q.agency), "%s", agency);
	memset(r->q.acquisition_number, (int)n, ID_LEN);
	seal_ad_resident(&ad, agency, r->q.acquisition_number);
	resident_seal(REGISTRAR, n, &ad, &r->room, &r->q.resident);
}

/* LOCATE or ISSUE of it, with an alias row and a holder as the ledger has. */
static enum err
request_ask(struct request *r, enum vault_op op, struct span alias, bool holder)
{
	struct vault_request ask = {
	    .op = op, .alias_lookup = alias, .holder_known = holder};
	struct buf body = {0}, env = {0};
	enum err e;

	code_request_encode(&r->q, &body);
	vw_envelope(w, r->signer, "code-request", buf_span(&body), &env);
	snprintf(ask.party, sizeof(ask.party), "%s", r->sender);
	ask.envelope = buf_span(&env);
	e = vw_ask(w, &ask);
	buf_free(&body);
	buf_free(&env);
	buf_free(&r->room);
	return e;
}

static enum err
issue(const char *agency, unsigned n, struct span alias, bool holder)
{
	struct request r;

	setup();
	request_fill(&r, agency, n);
	return request_ask(&r, VAULT_ISSUE, alias, holder);
}

static const struct span none = {0};

/* The code that came, opened by the agency. */
static void
issued_code(const char *agency, unsigned number, uint8_t code[static CODE_LEN])
{
	uint8_t acquisition[ID_LEN];
	struct buf ad = {0};

	memset(acquisition, (int)number, ID_LEN);
	seal_ad_issue(&ad, agency, acquisition);
	SUITE_ERR(vw_open(w, agency, &w->reply.person, buf_span(&ad), code),
	    ERR_NONE);
	buf_free(&ad);
}

/* --- issue --- */

static void
issues(void)
{
	uint8_t code[CODE_LEN], want[CODE_LEN];

	SUITE_ERR(issue(YOKOHAMA, 5, none, false), ERR_NONE);
	CU_ASSERT_EQUAL(w->reply.outcome, OUTCOME_ISSUED);
	CU_ASSERT_EQUAL(w->reply.entry_type, ENTRY_ISSUE);
	CU_ASSERT(vw_endorsed(w) && vw_record_is(w, 5));
	CU_ASSERT_STRING_EQUAL(w->entry.inquirer, YOKOHAMA);
	CU_ASSERT_STRING_EQUAL(w->entry.actor, REGISTRAR);
	issued_code(YOKOHAMA, 5, code);
	vw_code(w, YOKOHAMA, 5, want);
	SUITE_BYTES(code, want, CODE_LEN);
	SUITE_ERR(issue("portal", 5, none, false), ERR_NONE);
	CU_ASSERT_EQUAL(w->reply.outcome, OUTCOME_ISSUED);
}

/* Act Art. 21-2(3)(4): the number is deleted, so the log may not keep it. */
static void
keeps_no_number(void)
{
	uint8_t number[ID_LEN];

	SUITE_ERR(issue(YOKOHAMA, 6, none, false), ERR_NONE);
	memset(number, 6, ID_LEN);
	CU_ASSERT_PTR_NULL(
	    memmem(w->reply.body.p, w->reply.body.n, number, sizeof(number)));
}

/* Rule Art. 44(2). */
static void
issues_once(void)
{
	uint8_t holder[HASH_LEN];

	SUITE_ERR(issue(YOKOHAMA, 5, none, false), ERR_NONE);
	memcpy(holder, w->reply.holder, HASH_LEN);
	SUITE_ERR(issue(YOKOHAMA, 5, none, true), ERR_NONE);
	CU_ASSERT_EQUAL(w->reply.outcome, OUTCOME_ALREADY);
	CU_ASSERT(!w->reply.has_person);
	CU_ASSERT_EQUAL(w->reply.entry_type, ENTRY_ISSUE);
	CU_ASSERT(vw_record_is(w, 5));
	SUITE_BYTES(w->reply.holder, holder, HASH_LEN);
	SUITE_ERR(issue(OSAKA, 5, none, false), ERR_NONE);
	CU_ASSERT(memcmp(w->reply.holder, holder, HASH_LEN) != 0);
}

static void
takes_only_the_registrars_word(void)
{
	struct request r;

	setup();
	request_fill(&r, YOKOHAMA, 5);
	r.signer = r.sender = YOKOHAMA;
	SUITE_ERR(request_ask(&r, VAULT_ISSUE, none, false), ERR_NOT_YOURS);
	request_fill(&r, YOKOHAMA, 5);
	r.signer = YOKOHAMA;
	SUITE_ERR(request_ask(&r, VAULT_ISSUE, none, false), ERR_SIGNER);
	request_fill(&r, YOKOHAMA, 5);
	r.sender = YOKOHAMA;
	SUITE_ERR(request_ask(&r, VAULT_ISSUE, none, false), ERR_NOT_YOURS);
}

static void
issues_to_members_only(void)
{
	SUITE_ERR(issue("auditor", 5, none, false), ERR_NOT_FOUND);
	SUITE_ERR(issue(REGISTRAR, 5, none, false), ERR_NOT_FOUND);
	SUITE_ERR(issue("999999", 5, none, false), ERR_NOT_FOUND);
	CU_ASSERT_EQUAL(w->reply.entry_type, 0);
}

/* A resident code sealed for one request does not serve another. */
static void
refuses_swapped_requests(void)
{
	struct request r;

	setup();
	request_fill(&r, YOKOHAMA, 5);
	snprintf(r.q.agency, sizeof(r.q.agency), OSAKA);
	SUITE_ERR(request_ask(&r, VAULT_ISSUE, none, false), ERR_SEAL);
	request_fill(&r, YOKOHAMA, 5);
	r.q.acquisition_number[0] ^= 1;
	SUITE_ERR(request_ask(&r, VAULT_ISSUE, none, false), ERR_SEAL);
	request_fill(&r, YOKOHAMA, 5);
	r.q.resident.kind = PERSON_LINK_CODE;
	SUITE_ERR(request_ask(&r, VAULT_ISSUE, none, false), ERR_MALFORMED);
	request_fill(&r, YOKOHAMA, 5);
	r.q.time_ms -= 86400001;
	SUITE_ERR(request_ask(&r, VAULT_ISSUE, none, false), ERR_STALE);
	request_fill(&r, YOKOHAMA, 5);
	r.q.time_ms += 120001;
	SUITE_ERR(request_ask(&r, VAULT_ISSUE, none, false), ERR_STALE);
}

/* --- change of resident code --- */

struct change {
	struct resident_change c;
	struct buf before, after;
};

static void
change_fill(struct change *x, unsigned from, unsigned to)
{
	struct buf ad = {0};

	memset(x, 0, sizeof(*x));
	x->c.version = 1;
	x->c.time_ms = w->now_ms;
	uuid_make_at(w->now_ms, x->c.change_id);
	seal_ad_change(&ad, true, x->c.change_id);
	resident_seal(REGISTRAR, from, &ad, &x->before, &x->c.old_resident);
	seal_ad_change(&ad, false, x->c.change_id);
	resident_seal(REGISTRAR, to, &ad, &x->after, &x->c.new_resident);
}

static enum err
change_ask(struct change *x, enum vault_op op, struct span alias)
{
	struct vault_request ask = {
	    .op = op, .party = REGISTRAR, .alias_lookup = alias};
	struct buf body = {0}, env = {0};
	enum err e;

	resident_change_encode(&x->c, &body);
	vw_envelope(w, REGISTRAR, "resident-change", buf_span(&body), &env);
	ask.envelope = buf_span(&env);
	e = vw_ask(w, &ask);
	buf_free(&body);
	buf_free(&env);
	buf_free(&x->before);
	buf_free(&x->after);
	return e;
}

/* What the ledger would now hold: one alias row. */
static struct {
	uint8_t key[HASH_LEN], value[LINKCODE_ALIAS_LEN];
} row;

static void
row_keep(void)
{
	memcpy(row.key, w->reply.alias_key, HASH_LEN);
	CU_ASSERT_EQUAL_FATAL(w->reply.alias_value.n, sizeof(row.value));
	memcpy(row.value, w->reply.alias_value.p, sizeof(row.value));
}

static void
keeps_the_person(void)
{
	uint8_t code[CODE_LEN], want[CODE_LEN];
	struct request r;
	struct change x;

	setup();
	change_fill(&x, 5, 105);
	SUITE_ERR(change_ask(&x, VAULT_CHANGE, none), ERR_NONE);
	CU_ASSERT_EQUAL(w->reply.entry_type, ENTRY_CORRECTION);
	CU_ASSERT(vw_endorsed(w) && vw_record_is(w, 5));
	row_keep();
	/* the row is found under the new code, */
	request_fill(&r, OSAKA, 105);
	SUITE_ERR(request_ask(&r, VAULT_LOCATE, none, false), ERR_NONE);
	SUITE_BYTES(w->reply.alias_key, row.key, HASH_LEN);
	/* and with it the person has the code of before */
	SUITE_ERR(issue(OSAKA, 105, SPAN(row.value), false), ERR_NONE);
	issued_code(OSAKA, 105, code);
	vw_code(w, OSAKA, 5, want);
	SUITE_BYTES(code, want, CODE_LEN);
	CU_ASSERT(vw_record_is(w, 5));
}

static void
keeps_the_person_twice(void)
{
	uint8_t code[CODE_LEN], want[CODE_LEN], key[HASH_LEN];
	struct change x;

	setup();
	change_fill(&x, 5, 105);
	SUITE_ERR(change_ask(&x, VAULT_CHANGE, none), ERR_NONE);
	row_keep();
	memcpy(key, row.key, HASH_LEN);
	change_fill(&x, 105, 205);
	SUITE_ERR(change_ask(&x, VAULT_LOCATE, none), ERR_NONE);
	SUITE_BYTES(w->reply.alias_key, key, HASH_LEN);
	change_fill(&x, 105, 205);
	SUITE_ERR(change_ask(&x, VAULT_CHANGE, SPAN(row.value)), ERR_NONE);
	row_keep();
	SUITE_ERR(issue(OSAKA, 205, SPAN(row.value), false), ERR_NONE);
	issued_code(OSAKA, 205, code);
	vw_code(w, OSAKA, 5, want);
	SUITE_BYTES(code, want, CODE_LEN);
}

static void
refuses_a_foreign_alias(void)
{
	struct change x;

	setup();
	change_fill(&x, 5, 105);
	SUITE_ERR(change_ask(&x, VAULT_CHANGE, none), ERR_NONE);
	row_keep();
	/* the front hands person 5's row for another resident code */
	SUITE_ERR(issue(OSAKA, 7, SPAN(row.value), false), ERR_SEAL);
	CU_ASSERT_EQUAL(w->reply.entry_type, 0);
	row.value[0] ^= 1;
	SUITE_ERR(issue(OSAKA, 105, SPAN(row.value), false), ERR_SEAL);
}

static void
refuses_swapped_changes(void)
{
	struct person_ref old;
	struct change x;

	setup();
	change_fill(&x, 5, 105);
	old = x.c.old_resident;
	x.c.old_resident = x.c.new_resident;
	x.c.new_resident = old;
	SUITE_ERR(change_ask(&x, VAULT_CHANGE, none), ERR_SEAL);
	change_fill(&x, 5, 105);
	x.c.change_id[0] ^= 1;
	SUITE_ERR(change_ask(&x, VAULT_CHANGE, none), ERR_SEAL);
	change_fill(&x, 5, 5);
	SUITE_ERR(change_ask(&x, VAULT_CHANGE, none), ERR_DUPLICATE);
	change_fill(&x, 5, 105);
	x.c.time_ms -= 86400001;
	SUITE_ERR(change_ask(&x, VAULT_CHANGE, none), ERR_STALE);
}

static const struct suite_case cases[] = {
    {"issues an agency's code, sealed to it alone", issues},
    {"keeps no acquisition number in the entry", keeps_no_number},
    {"issues once, and says so the second time", issues_once},
    {"takes nobody's word but the registrar's", takes_only_the_registrars_word},
    {"issues to agencies and the portal only", issues_to_members_only},
    {"refuses a resident code sealed for another request",
	refuses_swapped_requests},
    {"keeps a person's codes through a change", keeps_the_person},
    {"keeps them through a second change", keeps_the_person_twice},
    {"refuses an alias row that is another person's", refuses_a_foreign_alias},
    {"refuses a change whose parts were swapped, old or the same",
	refuses_swapped_changes},
};
SUITE("vault_issue", cases)

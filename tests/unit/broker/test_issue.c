/* The issue of a code, with every leaf played by the test. */
#include "broker/issue.h"

#include <string.h>

#include "broker/vault_ops.h"
#include "lib/uuid.h"
#include "tests/unit/suite.h"

#define REGISTRAR "registrar"
#define AGENCY "141003"
#define DAY_MS (24 * 3600 * 1000ull)
#define FRAMES 16

static struct {
	struct issues *is;
	uint64_t now_ms;
	bool agency_offline, unwritable;
	struct {
		char party;
		enum frame_kind kind;
		struct buf body;
	} said[FRAMES];
	size_t n_said;
	uint32_t op;
	uint64_t ticket;
	bool holder_known;
	size_t alias_bytes;
	struct ledger_job *job;
	uint8_t number[ID_LEN];
	struct buf envelope;
	struct arena arena;
} t;

/* ---- the leaves ------------------------------------------------------------
 */

static void
fake_vault(void *ctx, const struct vault_request *q)
{
	t.op = q->op;
	t.ticket = q->ticket;
	t.holder_known = q->holder_known;
	t.alias_bytes = q->alias_lookup.n;
}

static bool
fake_ledger(void *ctx, struct ledger_job *job)
{
	ledger_job_free(t.job);
	t.job = job;
	return true;
}

/* Routes are named after who is at their end. */
static uint32_t
fake_route(void *ctx, const char *party, uint32_t wanted)
{
	if (strcmp(party, AGENCY) == 0)
		return t.agency_offline ? 0 : 'a';
	return 'r';
}

static enum err
fake_prove(void *ctx, uint32_t route, uint64_t index, struct entry_proof *p)
{
	p->index = index;
	return ERR_NONE;
}

static enum err
fake_send(void *ctx, uint32_t route, enum frame_kind kind, struct buf *body)
{
	CU_ASSERT_FATAL(t.n_said < FRAMES);
	t.said[t.n_said].party = (char)route;
	t.said[t.n_said].kind = kind;
	t.said[t.n_said++].body = *body;
	memset(body, 0, sizeof(*body));
	return ERR_NONE;
}

static bool
fake_writable(void *ctx)
{
	return !t.unwritable;
}

/* ---- the fixture -----------------------------------------------------------
 */

static void
begin(void)
{
	static const struct hub_leaves leaves = {NULL, fake_vault, fake_ledger,
	    fake_route, fake_prove, fake_send, fake_writable, fake_writable};
	memset(&t, 0, sizeof(t));
	t.is = issues_new(&leaves);
	t.now_ms = 1800000000000;
	issues_clock(t.is, t.now_ms);
	memset(t.number, 9, ID_LEN);
}

static void
end(void)
{
	issues_free(t.is);
	ledger_job_free(t.job);
	for (size_t i = 0; i < t.n_said; i++)
		buf_free(&t.said[i].body);
	buf_free(&t.envelope);
	arena_wipe_free(&t.arena);
}

static void
envelope_of(const char *type, struct buf *body)
{
	static uint8_t signature[64];
	struct envelope e = {.algorithm = 1, .size = 1};
	e.body = buf_span(body);
	strcpy(e.type, type);
	strcpy(e.signer, REGISTRAR);
	e.signature = SPAN(signature);
	buf_reset(&t.envelope);
	envelope_encode(&e, &t.envelope);
	buf_free(body);
}

static void
ask(uint64_t time_ms)
{
	struct code_request q = {.version = 1, .time_ms = time_ms};
	struct buf body = {0};
	memcpy(q.acquisition_number, t.number, ID_LEN);
	strcpy(q.agency, AGENCY);
	q.resident.suite = 1;
	q.resident.kind = 2;
	q.resident.data = span_str("sealed to the vault");
	code_request_encode(&q, &body);
	envelope_of("code-request", &body);
	issues_request(t.is, REGISTRAR, 'r', buf_span(&t.envelope));
}

static void
ledger_says(bool known)
{
	struct ledger_job *job = t.job;
	CU_ASSERT_PTR_NOT_NULL_FATAL(job);
	t.job = NULL;
	job->known = known;
	issues_ledger(t.is, job);
}

static void
vault_locates(void)
{
	struct vault_reply v = {.ticket = t.ticket};
	CU_ASSERT_EQUAL(t.op, VAULT_LOCATE);
	memset(v.alias_key, 3, HASH_LEN);
	issues_vault(t.is, &v);
}

static void
vault_makes(enum entry_type type, uint32_t outcome)
{
	static struct entry e;
	struct vault_reply v = {.ticket = t.ticket, .entry_type = type};
	struct buf body = {0};
	memset(&e, 0, sizeof(e));
	e.version = 1;
	e.type = type;
	uuid_make_at(t.now_ms, e.entry_id);
	strcpy(e.inquirer, AGENCY);
	entry_encode(&e, &body);
	v.body = buf_span(&body);
	v.outcome = outcome;
	v.has_person = outcome == OUTCOME_ISSUED;
	v.person.data = span_str("sealed to the agency");
	memset(v.holder, 5, HASH_LEN);
	if (type == ENTRY_CORRECTION)
		v.alias_value = span_str("a sealed handle");
	issues_vault(t.is, &v);
	buf_free(&body);
}

static void
vault_errs(enum err error)
{
	struct vault_reply v = {.ticket = t.ticket};
	strcpy(v.error, err_code(error));
	issues_vault(t.is, &v);
}

/* The number is new, there is no alias, the code is made. */
static void
to_holder(void)
{
	ask(t.now_ms);
	CU_ASSERT_EQUAL(t.job->op, LEDGER_ACQUISITION);
	ledger_says(false);
	vault_locates();
	CU_ASSERT_EQUAL(t.job->op, LEDGER_ALIAS);
	ledger_says(false);
	CU_ASSERT_EQUAL(t.op, VAULT_ISSUE);
	CU_ASSERT_FALSE(t.holder_known);
	vault_makes(ENTRY_ISSUE, OUTCOME_ISSUED);
	CU_ASSERT_EQUAL(t.job->op, LEDGER_HOLDER);
}

static void
to_notice(void)
{
	to_holder();
	ledger_says(false);
	CU_ASSERT_EQUAL(t.job->op, LEDGER_APPEND);
	ledger_says(false);
}

static struct code_notice
code_notice_at(size_t i)
{
	struct code_notice n;
	CU_ASSERT_FATAL(i < t.n_said);
	CU_ASSERT_EQUAL(t.said[i].kind, FRAME_CODE_NOTICE);
	CU_ASSERT_EQUAL(t.said[i].party, 'a');
	arena_reset(&t.arena);
	SUITE_ERR(code_notice_decode(buf_span(&t.said[i].body), &t.arena, &n),
	    ERR_NONE);
	return n;
}

static struct registrar_notice
registrar_notice_at(size_t i)
{
	struct registrar_notice n;
	CU_ASSERT_FATAL(i < t.n_said);
	CU_ASSERT_EQUAL(t.said[i].kind, FRAME_REGISTRAR_NOTICE);
	CU_ASSERT_EQUAL(t.said[i].party, 'r');
	arena_reset(&t.arena);
	SUITE_ERR(
	    registrar_notice_decode(buf_span(&t.said[i].body), &t.arena, &n),
	    ERR_NONE);
	return n;
}

static void
acknowledge(void)
{
	struct code_ack ack;
	struct buf body = {0};
	memcpy(ack.acquisition_number, t.number, ID_LEN);
	code_ack_encode(&ack, &body);
	issues_acknowledge(t.is, AGENCY, 'a', REGISTRAR, buf_span(&body));
	buf_free(&body);
}

/* ---- tests
 * ------------------------------------------------------------------- */

static void
straight_to_the_agency(void)
{
	begin();
	to_holder();
	CU_ASSERT_EQUAL(t.n_said, 0);
	ledger_says(false);
	CU_ASSERT_TRUE(t.job->has_holder);
	CU_ASSERT_TRUE(t.job->has_acquisition);
	CU_ASSERT_EQUAL(t.n_said, 0); /* not before it is recorded */
	ledger_says(false);
	struct code_notice n = code_notice_at(0);
	CU_ASSERT_EQUAL(n.outcome, OUTCOME_ISSUED);
	CU_ASSERT_TRUE(
	    span_equal(n.person.data, span_str("sealed to the agency")));
	struct registrar_notice r = registrar_notice_at(1);
	CU_ASSERT_EQUAL(r.outcome, OUTCOME_ISSUED);
	CU_ASSERT_FALSE(r.acknowledged);
	/* nothing the registrar gets holds the code */
	CU_ASSERT_PTR_NULL(memmem(
	    t.said[1].body.p, t.said[1].body.n, "sealed to the agency", 20));
	end();
}

static void
number_enters_no_entry(void)
{
	begin();
	to_holder();
	ledger_says(false);
	const struct ledger_row *r = &t.job->rows[0];
	CU_ASSERT_PTR_NULL(memmem(r->body.p, r->body.n, t.number, ID_LEN));
	CU_ASSERT_EQUAL(r->aux.n, 0);
	CU_ASSERT_NOT_EQUAL(memcmp(r->entry_id, t.number, ID_LEN), 0);
	end();
}

static void
already(void)
{
	begin();
	to_holder();
	ledger_says(true);
	CU_ASSERT_EQUAL(t.op, VAULT_ISSUE);
	CU_ASSERT_TRUE(t.holder_known);
	vault_makes(ENTRY_ISSUE, OUTCOME_ALREADY);
	CU_ASSERT_FALSE(t.job->has_holder);
	ledger_says(false);
	struct code_notice n = code_notice_at(0);
	CU_ASSERT_EQUAL(n.outcome, OUTCOME_ALREADY);
	CU_ASSERT_FALSE(n.has_person);
	end();
}

static void
alias_is_shown(void)
{
	begin();
	ask(t.now_ms);
	ledger_says(false);
	vault_locates();
	buf_add(&t.job->alias_value, "a sealed handle", 15);
	ledger_says(false);
	CU_ASSERT_EQUAL(t.alias_bytes, 15);
	end();
}

static void
until_acknowledged(void)
{
	begin();
	t.agency_offline = true;
	to_notice();
	CU_ASSERT_EQUAL(t.n_said, 1); /* the registrar only */
	t.agency_offline = false;
	issues_hello(t.is, AGENCY);
	code_notice_at(1);
	issues_clock(t.is, t.now_ms + 5000);
	issues_hello(t.is, "271004");
	CU_ASSERT_EQUAL(t.n_said, 2);
	issues_hello(t.is, AGENCY);
	code_notice_at(2);
	acknowledge();
	CU_ASSERT_EQUAL(t.job->op, LEDGER_ACKNOWLEDGE);
	ledger_says(true);
	CU_ASSERT_TRUE(registrar_notice_at(3).acknowledged);
	issues_clock(t.is, t.now_ms + 9000);
	issues_hello(t.is, AGENCY);
	CU_ASSERT_EQUAL(t.n_said, 4);
	end();
}

static void
same_request_again(void)
{
	begin();
	to_notice();
	ask(t.now_ms);
	CU_ASSERT_EQUAL(t.job->op, LEDGER_ACQUISITION);
	struct ledger_job *job = t.job;
	/* as the database has it: of another request under that number */
	job->rows = xcalloc(1, sizeof(*job->rows));
	job->n_rows = 1;
	ledger_says(true);
	struct registrar_notice n = registrar_notice_at(t.n_said - 1);
	CU_ASSERT_STRING_EQUAL(n.error, err_code(ERR_OTHER_BODY));
	end();
}

static void
nobody_asked_twice_at_once(void)
{
	begin();
	ask(t.now_ms);
	ledger_says(false);
	t.op = 0;
	ask(t.now_ms);
	CU_ASSERT_PTR_NULL(t.job);
	CU_ASSERT_EQUAL(t.op, 0);
	end();
}

static void
refused_by_the_vault(void)
{
	begin();
	ask(t.now_ms);
	ledger_says(false);
	vault_errs(ERR_SIGNATURE);
	struct registrar_notice n = registrar_notice_at(0);
	CU_ASSERT_STRING_EQUAL(n.error, err_code(ERR_SIGNATURE));
	CU_ASSERT_EQUAL(issues_counters(t.is)->errors, 1);
	end();
}

static void
busy(void)
{
	begin();
	t.unwritable = true;
	ask(t.now_ms);
	CU_ASSERT_STRING_EQUAL(
	    registrar_notice_at(0).error, err_code(ERR_BUSY));
	CU_ASSERT_PTR_NULL(t.job);
	end();
}

static void
forgotten_after_a_day(void)
{
	begin();
	t.agency_offline = true;
	to_notice();
	issues_clock(t.is, t.now_ms + DAY_MS + 1000);
	issues_expire(t.is);
	CU_ASSERT_EQUAL(t.job->op, LEDGER_EXPIRE);
	CU_ASSERT_EQUAL(t.job->acquisition.asked_ms, t.now_ms + 1000);
	t.agency_offline = false;
	issues_hello(t.is, AGENCY);
	CU_ASSERT_EQUAL(t.n_said, 1);
	end();
}

static void
change(void)
{
	struct resident_change q = {.version = 1};
	struct buf body = {0};
	begin();
	uuid_make_at(t.now_ms, q.change_id);
	q.old_resident.suite = q.new_resident.suite = 1;
	q.old_resident.kind = q.new_resident.kind = 2;
	q.old_resident.data = span_str("old, sealed");
	q.new_resident.data = span_str("new, sealed");
	resident_change_encode(&q, &body);
	envelope_of("resident-change", &body);
	issues_change(t.is, REGISTRAR, 'r', buf_span(&t.envelope));
	vault_locates();
	ledger_says(false);
	CU_ASSERT_EQUAL(t.op, VAULT_CHANGE);
	vault_makes(ENTRY_CORRECTION, OUTCOME_PERMITTED);
	CU_ASSERT_EQUAL(t.job->op, LEDGER_APPEND);
	CU_ASSERT_EQUAL(t.job->alias_value.n, 15);
	CU_ASSERT_FALSE(t.job->has_acquisition);
	ledger_says(false);
	CU_ASSERT_TRUE(registrar_notice_at(0).acknowledged);
	end();
}

static const struct suite_case cases[] = {
    {"gives a code straight to the agency, and only once recorded",
	straight_to_the_agency},
    {"keeps the acquisition number out of every entry", number_enters_no_entry},
    {"says that an agency holds a code already", already},
    {"shows the vault what lies under a changed resident code", alias_is_shown},
    {"tells the agency again until it acknowledges", until_acknowledged},
    {"refuses another request under a number it knows", same_request_again},
    {"does not begin twice what is under way", nobody_asked_twice_at_once},
    {"tells the registrar why there is no code", refused_by_the_vault},
    {"is busy while nothing can be recorded", busy},
    {"forgets a number after a day", forgotten_after_a_day},
    {"records a change of resident code with its alias", change},
};

SUITE("issue", cases)

/* The steps of an exchange, with every leaf played by the test. */
#include "broker/exchange.h"

#include <stdlib.h>
#include <string.h>

#include "broker/vault_ops.h"
#include "lib/sha256.h"
#include "lib/uuid.h"
#include "tests/unit/suite.h"

#define INQUIRER "nenkin"
#define PROVIDER "141003"
#define ASKS 11	 /* the inquirer's connection */
#define GIVES 22 /* the provider's */
#define FRAMES 64
#define HOUR_MS (3600 * 1000ull)

struct said {
	uint32_t route;
	enum frame_kind kind;
	struct buf body;
};

/* What the leaves saw and what they answer with. */
static struct {
	struct hub *hub;
	uint64_t now_ms;
	bool offline, inquirer_offline, unwritable, unwitnessed, no_nodes;
	struct said said[FRAMES];
	size_t n_said;
	uint32_t op; /* the vault's last question; 0: none open */
	uint64_t ticket;
	size_t asked;		/* questions to the vault */
	struct ledger_job *job; /* the ledger's last job, if it is open */
	struct ledger_row permit, outcome; /* what the ledger would find */
	uint64_t index;
	uint8_t id[ID_LEN];
	struct buf inquiry;
	uint8_t provision_hash[HASH_LEN]; /* of the one sent last */
	struct arena arena;
} t;

/* ---- the leaves -----------------------------------------------------------
 */

static void
fake_vault(void *ctx, const struct vault_request *q)
{
	t.op = q->op;
	t.ticket = q->ticket;
	t.asked++;
}

static bool
fake_ledger(void *ctx, struct ledger_job *job)
{
	if (job->ticket == 0) { /* nobody waits for it */
		ledger_job_free(job);
		return true;
	}
	CU_ASSERT_PTR_NULL(t.job);
	t.job = job;
	return true;
}

static uint32_t
fake_route(void *ctx, const char *party, uint32_t wanted)
{
	if (strcmp(party, PROVIDER) == 0)
		return t.offline ? 0 : GIVES;
	return t.inquirer_offline ? 0 : ASKS;
}

static enum err
fake_prove(void *ctx, uint32_t route, uint64_t index, struct entry_proof *p)
{
	p->index = index;
	p->checkpoint = span_str("a checkpoint");
	return t.no_nodes ? ERR_NOT_FOUND : ERR_NONE;
}

static enum err
fake_send(void *ctx, uint32_t route, enum frame_kind kind, struct buf *body)
{
	CU_ASSERT_FATAL(t.n_said < FRAMES);
	t.said[t.n_said++] = (struct said){route, kind, *body};
	memset(body, 0, sizeof(*body));
	return ERR_NONE;
}

static bool
fake_writable(void *ctx)
{
	return !t.unwritable;
}

static bool
fake_witnessed(void *ctx)
{
	return !t.unwitnessed;
}

/* ---- the fixture ----------------------------------------------------------
 */

static void
clock_to(uint64_t ms)
{
	t.now_ms = ms;
	hub_clock(t.hub, ms);
}

static void
row_copy(struct ledger_row *to, const struct ledger_row *from)
{
	*to = *from;
	memset(&to->body, 0, sizeof(to->body));
	memset(&to->record, 0, sizeof(to->record));
	memset(&to->person, 0, sizeof(to->person));
	memset(&to->aux, 0, sizeof(to->aux));
	buf_add(&to->body, from->body.p, from->body.n);
	buf_add(&to->person, from->person.p, from->person.n);
	buf_add(&to->aux, from->aux.p, from->aux.n);
	to->path = NULL;
	to->n_path = 0;
}

static void
row_drop(struct ledger_row *r)
{
	buf_free(&r->body);
	buf_free(&r->person);
	buf_free(&r->aux);
	memset(r, 0, sizeof(*r));
}

static void
begin(void)
{
	static const struct hub_leaves leaves = {NULL, fake_vault, fake_ledger,
	    fake_route, fake_prove, fake_send, fake_writable, fake_witnessed};
	static const struct hub_limits limits = {
	    4, 1 << 20, 8, 1 << 20, 24 * 3600};
	memset(&t, 0, sizeof(t));
	t.hub = hub_new(&leaves, &limits);
	clock_to(1800000000000);
	hub_remembers(t.hub, t.now_ms - HOUR_MS);
	uuid_make_at(t.now_ms, t.id);
}

static void
end(void)
{
	hub_free(t.hub);
	for (size_t i = 0; i < t.n_said; i++)
		buf_free(&t.said[i].body);
	ledger_job_free(t.job);
	row_drop(&t.permit);
	row_drop(&t.outcome);
	buf_free(&t.inquiry);
	arena_wipe_free(&t.arena);
}

/* Sealed in an envelope whose signature nobody here looks at. */
static void
envelope_of(
    const char *type, const char *signer, struct buf *body, struct buf *out)
{
	static uint8_t signature[64];
	struct envelope e = {.algorithm = 1, .size = 1};
	e.body = buf_span(body);
	strcpy(e.type, type);
	strcpy(e.signer, signer);
	e.signature = SPAN(signature);
	buf_reset(out);
	envelope_encode(&e, out);
	buf_free(body);
}

static void
inquiry_make(const char *inquirer, const char *unit)
{
	struct inquiry *q = xcalloc(1, sizeof(*q));
	struct buf body = {0};
	q->version = 1;
	memcpy(q->exchange_id, t.id, ID_LEN);
	strcpy(q->inquirer, inquirer);
	strcpy(q->unit, unit);
	strcpy(q->provider, PROVIDER);
	q->n_data = 1;
	strcpy(q->data[0], "地方税関係情報");
	q->time_ms = t.now_ms;
	inquiry_encode(q, &body);
	free(q);
	envelope_of("inquiry", inquirer, &body, &t.inquiry);
}

static void
ask_for(const char *unit)
{
	inquiry_make(INQUIRER, unit);
	hub_inquiry(t.hub, INQUIRER, ASKS, buf_span(&t.inquiry));
}

static void
ask(void)
{
	ask_for("係");
}

static void
body_hash(struct span envelope, uint8_t hash[static HASH_LEN])
{
	struct envelope e;
	arena_reset(&t.arena);
	SUITE_ERR(envelope_decode(envelope, &t.arena, &e), ERR_NONE);
	sha256(e.body, hash);
}

/* What the vault made: an entry of this type and outcome. */
static void
vault_says_entry(enum entry_type type, uint32_t outcome, struct span ciphertext)
{
	struct vault_reply *v = xcalloc(1, sizeof(*v));
	struct entry *e = xcalloc(1, sizeof(*e));
	struct buf body = {0};
	e->version = 1;
	e->type = type;
	e->time_ms = t.now_ms;
	e->outcome = outcome;
	uuid_make_at(t.now_ms, e->entry_id);
	memcpy(e->exchange_id, t.id, ID_LEN);
	strcpy(e->inquirer, INQUIRER);
	strcpy(e->provider, PROVIDER);
	e->answer_by_ms = t.now_ms + 60000;
	e->valid_until_ms = t.now_ms + 24 * HOUR_MS;
	if (type == ENTRY_PERMIT || type == ENTRY_REFUSAL)
		body_hash(buf_span(&t.inquiry), e->inquiry_hash);
	if (ciphertext.n > 0) {
		sha256(ciphertext, e->ciphertext_hash);
		memcpy(e->provision_hash, t.provision_hash, HASH_LEN);
	}
	strcpy(e->rule, "a rule");
	entry_encode(e, &body);
	v->ticket = t.ticket;
	v->entry_type = type;
	v->body = buf_span(&body);
	v->outcome = outcome;
	v->has_person = type == ENTRY_PERMIT;
	v->person.data = span_str("sealed");
	t.op = 0;
	hub_vault(t.hub, v);
	buf_free(&body);
	free(e);
	free(v);
}

static void
vault_says_error(enum err error)
{
	struct vault_reply v = {.ticket = t.ticket};
	strcpy(v.error, err_code(error));
	t.op = 0;
	hub_vault(t.hub, &v);
}

static void
vault_says_pending(void)
{
	struct vault_reply v = {.ticket = t.ticket, .outcome = OUTCOME_PENDING};
	t.op = 0;
	hub_vault(t.hub, &v);
}

/* The ledger is done with its job; what it wrote can be found again. */
static void
ledger_says(enum err e)
{
	struct ledger_job *job = t.job;
	CU_ASSERT_PTR_NOT_NULL_FATAL(job);
	t.job = NULL;
	job->err = e;
	if (e == ERR_NONE && job->op == LEDGER_APPEND) {
		job->rows[0].index = t.index++;
		struct ledger_row *kept =
		    job->change == LIVE_INSERT ? &t.permit : &t.outcome;
		row_drop(kept);
		row_copy(kept, &job->rows[0]);
	}
	if (e == ERR_NONE && job->op == LEDGER_FIND) {
		job->n_rows =
		    (t.permit.body.n > 0) + (size_t)(t.outcome.body.n > 0);
		job->rows = xcalloc(2, sizeof(*job->rows));
		size_t n = 0;
		if (t.permit.body.n > 0)
			row_copy(&job->rows[n++], &t.permit);
		if (t.outcome.body.n > 0)
			row_copy(&job->rows[n++], &t.outcome);
		for (size_t i = 0; i < n; i++) {
			job->rows[i].n_path = 1;
			job->rows[i].path = xcalloc(1, MERKLE_LEN);
		}
	}
	hub_ledger(t.hub, job);
}

/* The provider answers with these bytes. */
static void
provide(const char *party, const char *text, const char *really)
{
	struct provision p = {.version = 1, .outcome = OUTCOME_PROVIDED};
	struct provision_frame f;
	struct buf body = {0}, envelope = {0}, frame = {0};
	memcpy(p.exchange_id, t.id, ID_LEN);
	strcpy(p.inquirer, INQUIRER);
	strcpy(p.provider, PROVIDER);
	p.ciphertext_size = (uint32_t)strlen(text);
	sha256(span_str(text), p.ciphertext_hash);
	provision_encode(&p, &body);
	sha256(buf_span(&body), t.provision_hash);
	envelope_of("provision", PROVIDER, &body, &envelope);
	f.envelope = buf_span(&envelope);
	f.ciphertext = span_str(really);
	provision_frame_encode(&f, &frame);
	hub_provision(t.hub, party, GIVES, buf_span(&frame));
	buf_free(&envelope);
	buf_free(&frame);
}

static void
say_pending(void)
{
	struct pending p = {.version = 1};
	struct buf body = {0}, envelope = {0};
	memcpy(p.exchange_id, t.id, ID_LEN);
	strcpy(p.inquirer, INQUIRER);
	strcpy(p.provider, PROVIDER);
	pending_encode(&p, &body);
	envelope_of("pending", PROVIDER, &body, &envelope);
	hub_pending(t.hub, PROVIDER, GIVES, buf_span(&envelope));
	buf_free(&envelope);
}

static void
confirm(void)
{
	struct receipt r = {.version = 1};
	struct buf body = {0}, envelope = {0};
	memcpy(r.exchange_id, t.id, ID_LEN);
	memcpy(r.provision_hash, t.provision_hash, HASH_LEN);
	strcpy(r.inquirer, INQUIRER);
	strcpy(r.provider, PROVIDER);
	receipt_encode(&r, &body);
	envelope_of("receipt", INQUIRER, &body, &envelope);
	hub_receipt(t.hub, INQUIRER, ASKS, buf_span(&envelope));
	buf_free(&envelope);
}

/* The last frame said, which must be of that kind. */
static const struct said *
last(enum frame_kind kind)
{
	CU_ASSERT_FATAL(t.n_said > 0);
	CU_ASSERT_EQUAL(t.said[t.n_said - 1].kind, kind);
	return &t.said[t.n_said - 1];
}

static void
refused_with(enum err error)
{
	struct refusal *r = xcalloc(1, sizeof(*r));
	arena_reset(&t.arena);
	SUITE_ERR(
	    refusal_decode(buf_span(&last(FRAME_REFUSAL)->body), &t.arena, r),
	    ERR_NONE);
	CU_ASSERT_STRING_EQUAL(r->error, err_code(error));
	CU_ASSERT_FALSE(r->has_entry);
	free(r);
}

static void
busy_with(const char *what)
{
	struct busy b;
	arena_reset(&t.arena);
	SUITE_ERR(busy_decode(buf_span(&last(FRAME_BUSY)->body), &t.arena, &b),
	    ERR_NONE);
	CU_ASSERT_STRING_EQUAL(b.what, what);
}

static void
notice_of(uint32_t kind)
{
	struct notice n;
	arena_reset(&t.arena);
	SUITE_ERR(
	    notice_decode(buf_span(&last(FRAME_NOTICE)->body), &t.arena, &n),
	    ERR_NONE);
	CU_ASSERT_EQUAL(n.kind, kind);
}

static struct settled
settled_last(void)
{
	struct settled s;
	arena_reset(&t.arena);
	SUITE_ERR(
	    settled_decode(buf_span(&last(FRAME_SETTLED)->body), &t.arena, &s),
	    ERR_NONE);
	return s;
}

/* The ciphertext of the last answer. */
static void
answered_with(const char *text)
{
	struct answer *a = xcalloc(1, sizeof(*a));
	arena_reset(&t.arena);
	SUITE_ERR(
	    answer_decode(buf_span(&last(FRAME_ANSWER)->body), &t.arena, a),
	    ERR_NONE);
	CU_ASSERT_TRUE(span_equal(a->ciphertext, span_str(text)));
	free(a);
}

/* Some way along. */
static void
to_permit(void)
{
	ask();
	vault_says_entry(ENTRY_PERMIT, OUTCOME_PERMITTED, (struct span){0});
	ledger_says(ERR_NONE);
}

static void
to_answer(void)
{
	to_permit();
	provide(PROVIDER, "ciphertext", "ciphertext");
	vault_says_entry(
	    ENTRY_OUTCOME, OUTCOME_PROVIDED, span_str("ciphertext"));
	ledger_says(ERR_NONE);
}

static size_t
open_exchanges(void)
{
	size_t n = 0;
	for (enum step s = 0; s < STEP_COUNT; s++)
		n += hub_at_step(t.hub, s);
	return n;
}

/* A broker that comes up with what the ledger holds. */
static void
restart(int state)
{
	struct ledger_live live = {.state = state};
	struct ledger_row permit = t.permit, outcome = t.outcome;
	struct buf inquiry = t.inquiry;
	uint8_t id[ID_LEN];
	memcpy(id, t.id, ID_LEN);
	memset(&t.permit, 0, sizeof(t.permit));
	memset(&t.outcome, 0, sizeof(t.outcome));
	memset(&t.inquiry, 0, sizeof(t.inquiry));
	end();
	begin();
	t.permit = permit;
	t.outcome = outcome;
	t.inquiry = inquiry;
	memcpy(t.id, id, ID_LEN);
	strcpy(live.inquirer, INQUIRER);
	strcpy(live.provider, PROVIDER);
	memcpy(live.exchange_id, id, ID_LEN);
	body_hash(buf_span(&inquiry), live.inquiry_hash);
	live.answer_by_ms = t.now_ms + 60000;
	live.valid_until_ms = t.now_ms + 24 * HOUR_MS;
	hub_restore(t.hub, &live);
}

/* ---- the way of an inquiry
 * ---------------------------------------------------- */

static void
whole_way(void)
{
	begin();
	ask();
	CU_ASSERT_EQUAL(t.op, VAULT_ADMIT);
	vault_says_entry(ENTRY_PERMIT, OUTCOME_PERMITTED, (struct span){0});
	CU_ASSERT_EQUAL(t.job->op, LEDGER_APPEND);
	CU_ASSERT_EQUAL(t.job->change, LIVE_INSERT);
	CU_ASSERT_EQUAL(t.n_said, 0);
	ledger_says(ERR_NONE);
	CU_ASSERT_EQUAL(last(FRAME_PERMIT)->route, GIVES);
	provide(PROVIDER, "ciphertext", "ciphertext");
	CU_ASSERT_EQUAL(t.op, VAULT_SETTLE);
	vault_says_entry(
	    ENTRY_OUTCOME, OUTCOME_PROVIDED, span_str("ciphertext"));
	CU_ASSERT_EQUAL(t.job->change, LIVE_SETTLE);
	CU_ASSERT_EQUAL(t.n_said, 1);
	ledger_says(ERR_NONE);
	CU_ASSERT_EQUAL(last(FRAME_ANSWER)->route, ASKS);
	answered_with("ciphertext");
	CU_ASSERT_EQUAL(hub_bytes(t.hub), 0);
	confirm();
	CU_ASSERT_EQUAL(t.job->op, LEDGER_FORGET);
	CU_ASSERT_EQUAL(t.n_said, 2); /* the provider not before that */
	ledger_says(ERR_NONE);
	struct settled s = settled_last();
	CU_ASSERT_TRUE(s.accepted);
	CU_ASSERT(s.receipt.n > 0);
	CU_ASSERT_EQUAL(open_exchanges(), 0);
	CU_ASSERT_EQUAL(hub_bytes(t.hub), 0);
	CU_ASSERT_EQUAL(hub_in_flight(t.hub), 0);
	end();
}

static void
refusal_recorded(void)
{
	begin();
	ask();
	vault_says_entry(ENTRY_REFUSAL, OUTCOME_NO_DATA, (struct span){0});
	CU_ASSERT_EQUAL(t.job->change, LIVE_KEEP);
	CU_ASSERT_EQUAL(t.n_said, 0);
	ledger_says(ERR_NONE);
	struct refusal *r = xcalloc(1, sizeof(*r));
	SUITE_ERR(
	    refusal_decode(buf_span(&last(FRAME_REFUSAL)->body), &t.arena, r),
	    ERR_NONE);
	CU_ASSERT_EQUAL(r->outcome, OUTCOME_NO_DATA);
	CU_ASSERT_EQUAL(hub_recorded(t.hub, OUTCOME_NO_DATA), 1);
	CU_ASSERT_EQUAL(hub_recorded(t.hub, OUTCOME_PERMITTED), 0);
	CU_ASSERT_TRUE(r->has_entry);
	CU_ASSERT_EQUAL(open_exchanges(), 0);
	free(r);
	end();
}

static void
nothing_established(void)
{
	begin();
	ask();
	vault_says_error(ERR_SIGNATURE);
	refused_with(ERR_SIGNATURE);
	CU_ASSERT_EQUAL(hub_erred(t.hub, ERR_SIGNATURE), 1);
	CU_ASSERT_PTR_NULL(t.job);
	CU_ASSERT_EQUAL(open_exchanges(), 0);
	end();
}

static void
another_party(void)
{
	begin();
	inquiry_make(INQUIRER, "係");
	hub_inquiry(t.hub, PROVIDER, GIVES, buf_span(&t.inquiry));
	refused_with(ERR_SIGNER);
	CU_ASSERT_EQUAL(t.asked, 0);
	end();
}

/* ---- the same id again
 * ---------------------------------------------------------- */

static void
same_under_way(void)
{
	begin();
	ask();
	ask();
	CU_ASSERT_EQUAL(t.asked, 1);
	vault_says_entry(ENTRY_PERMIT, OUTCOME_PERMITTED, (struct span){0});
	ask();
	ledger_says(ERR_NONE);
	CU_ASSERT_EQUAL(t.n_said, 1);
	CU_ASSERT_EQUAL(open_exchanges(), 1);
	end();
}

static void
other_body(void)
{
	begin();
	to_permit();
	ask_for("another unit");
	refused_with(ERR_OTHER_BODY);
	CU_ASSERT_EQUAL(hub_at_step(t.hub, STEP_provision), 1);
	end();
}

static void
other_body_later(void)
{
	begin();
	to_answer();
	confirm();
	ledger_says(ERR_NONE);
	ask_for("another unit");
	CU_ASSERT_EQUAL(t.job->op, LEDGER_FIND);
	ledger_says(ERR_NONE);
	refused_with(ERR_OTHER_BODY);
	CU_ASSERT_EQUAL(t.asked, 2); /* admit and settle of the first */
	CU_ASSERT_EQUAL(open_exchanges(), 0);
	end();
}

static void
again_before_receipt(void)
{
	begin();
	to_answer();
	ask();
	CU_ASSERT_EQUAL(t.job->op, LEDGER_FIND);
	ledger_says(ERR_NONE);
	last(FRAME_PERMIT); /* the payload never rests here */
	provide(PROVIDER, "ciphertext", "ciphertext");
	CU_ASSERT_EQUAL(t.op, VAULT_LAPSE); /* suspended since? */
	vault_says_error(ERR_MALFORMED);
	answered_with("ciphertext");
	CU_ASSERT_EQUAL(hub_at_step(t.hub, STEP_receipt), 1);
	end();
}

static void
provider_away_when_asked_again(void)
{
	begin();
	to_answer();
	t.offline = true;
	ask();
	ledger_says(ERR_NONE);
	notice_of(3); /* and no answer without its payload */
	CU_ASSERT_EQUAL(hub_at_step(t.hub, STEP_receipt), 1);
	CU_ASSERT_EQUAL(hub_bytes(t.hub), 0);
	t.offline = false;
	hub_hello(t.hub, PROVIDER);
	clock_to(t.now_ms + 2000);
	hub_tick(t.hub);
	ledger_says(ERR_NONE);
	last(FRAME_PERMIT);
	provide(PROVIDER, "ciphertext", "ciphertext");
	vault_says_error(ERR_MALFORMED);
	answered_with("ciphertext");
	end();
}

static void
provider_silent_when_asked_again(void)
{
	begin();
	to_answer();
	ask();
	ledger_says(ERR_NONE);
	last(FRAME_PERMIT);
	clock_to(t.now_ms + 11000);
	hub_tick(t.hub);
	notice_of(3);
	clock_to(t.now_ms + 61000);
	hub_tick(t.hub);
	ledger_says(ERR_NONE);
	last(FRAME_PERMIT); /* once more */
	end();
}

static void
suspended_since(void)
{
	begin();
	to_answer();
	ask();
	ledger_says(ERR_NONE);
	provide(PROVIDER, "ciphertext", "ciphertext");
	CU_ASSERT_EQUAL(t.op, VAULT_LAPSE);
	vault_says_entry(
	    ENTRY_OUTCOME, OUTCOME_SUSPENDED_LATE, (struct span){0});
	CU_ASSERT_PTR_NULL(t.job); /* the outcome there stands */
	struct refusal *r = xcalloc(1, sizeof(*r));
	SUITE_ERR(
	    refusal_decode(buf_span(&last(FRAME_REFUSAL)->body), &t.arena, r),
	    ERR_NONE);
	CU_ASSERT_EQUAL(r->outcome, OUTCOME_SUSPENDED);
	CU_ASSERT_EQUAL(hub_at_step(t.hub, STEP_receipt), 1);
	CU_ASSERT_EQUAL(hub_bytes(t.hub), 0);
	free(r);
	end();
}

static void
nobody_answers(void)
{
	begin();
	to_permit();
	clock_to(t.now_ms + 61000);
	hub_tick(t.hub);
	clock_to(t.now_ms + 601000);
	hub_tick(t.hub);
	CU_ASSERT_EQUAL(t.job->op, LEDGER_FIND);
	ledger_says(ERR_NONE);
	last(FRAME_PERMIT); /* the first may have been lost */
	CU_ASSERT_EQUAL(hub_bytes(t.hub), 0);
	end();
}

static void
again_after_all(void)
{
	begin();
	to_answer();
	confirm();
	ledger_says(ERR_NONE);
	ask();
	ledger_says(ERR_NONE);
	last(FRAME_PERMIT);
	clock_to(t.now_ms + 11000); /* the provider has forgotten it */
	hub_tick(t.hub);
	answered_with("");
	CU_ASSERT_EQUAL(open_exchanges(), 0); /* nothing to collect again */
	end();
}

static void
refusal_again(void)
{
	begin();
	ask();
	vault_says_entry(ENTRY_REFUSAL, OUTCOME_NO_PIA, (struct span){0});
	ledger_says(ERR_NONE);
	ask();
	CU_ASSERT_EQUAL(t.job->op, LEDGER_FIND);
	ledger_says(ERR_NONE);
	last(FRAME_REFUSAL);
	CU_ASSERT_EQUAL(t.n_said, 2);
	CU_ASSERT_EQUAL(t.asked, 1);
	end();
}

static void
old_id(void)
{
	begin();
	uuid_make_at(t.now_ms - 2 * HOUR_MS, t.id);
	ask();
	CU_ASSERT_EQUAL(t.job->op, LEDGER_FIND);
	CU_ASSERT_EQUAL(t.asked, 0);
	ledger_says(ERR_NONE); /* it holds nothing by that id */
	CU_ASSERT_EQUAL(t.op, VAULT_ADMIT);
	end();
}

static void
permit_there_already(void)
{
	begin();
	to_permit();
	struct ledger_row kept;
	row_copy(&kept, &t.permit);
	/* a front that forgot: the database's unique key remembers */
	restart(LIVE_PERMITTED);
	row_drop(&t.permit);
	t.permit = kept;
	provide(PROVIDER, "ciphertext", "ciphertext");
	ledger_says(ERR_NONE);
	vault_says_entry(
	    ENTRY_OUTCOME, OUTCOME_PROVIDED, span_str("ciphertext"));
	ledger_says(ERR_DUPLICATE);
	CU_ASSERT_EQUAL(t.job->op, LEDGER_FIND); /* the first one wins */
	end();
}

/* ---- the provider
 * ------------------------------------------------------------------ */

static void
provider_offline(void)
{
	begin();
	t.offline = true;
	to_permit();
	notice_of(3);
	CU_ASSERT_EQUAL(hub_bytes(t.hub), 0); /* it rests */
	t.offline = false;
	hub_hello(t.hub, PROVIDER);
	clock_to(t.now_ms + 1000);
	hub_tick(t.hub);
	CU_ASSERT_EQUAL(t.job->op, LEDGER_FIND);
	ledger_says(ERR_NONE);
	last(FRAME_PERMIT);
	end();
}

static void
nodes_only_the_ledger_has(void)
{
	begin();
	t.no_nodes = true;
	to_permit();
	CU_ASSERT_EQUAL(t.n_said, 0);
	clock_to(t.now_ms + 61000);
	hub_tick(t.hub);
	ledger_says(ERR_NONE);
	last(FRAME_PERMIT);
	end();
}

static void
not_its_permit(void)
{
	begin();
	to_permit();
	provide("271004", "ciphertext", "ciphertext");
	refused_with(ERR_NOT_YOURS);
	CU_ASSERT_EQUAL(hub_at_step(t.hub, STEP_provision), 1);
	end();
}

static void
not_its_ciphertext(void)
{
	begin();
	to_permit();
	provide(PROVIDER, "ciphertext", "ciphertexT");
	refused_with(ERR_PROOF);
	CU_ASSERT_EQUAL(t.op, 0);
	end();
}

static void
provision_refused(void)
{
	begin();
	to_permit();
	provide(PROVIDER, "ciphertext", "ciphertext");
	vault_says_error(ERR_SIGNATURE);
	struct settled s = settled_last();
	CU_ASSERT_FALSE(s.accepted);
	CU_ASSERT_STRING_EQUAL(s.error, err_code(ERR_SIGNATURE));
	provide(PROVIDER, "ciphertext", "ciphertext");
	CU_ASSERT_EQUAL(t.op, VAULT_SETTLE);
	end();
}

static void
provision_of_nothing(void)
{
	begin();
	provide(PROVIDER, "ciphertext", "ciphertext");
	CU_ASSERT_EQUAL(t.job->op, LEDGER_FIND);
	ledger_says(ERR_NONE);
	struct settled s = settled_last();
	CU_ASSERT_FALSE(s.accepted);
	CU_ASSERT_STRING_EQUAL(s.error, err_code(ERR_UNKNOWN_EXCHANGE));
	end();
}

/* All is over when a provider, just back, sends an answer again. */
static struct settled
provided_after_the_end(const char *text)
{
	provide(PROVIDER, text, text);
	ledger_says(ERR_NONE);
	return settled_last();
}

static void
provision_again(void)
{
	begin();
	to_answer();
	confirm();
	ledger_says(ERR_NONE);
	struct settled s = provided_after_the_end("another text");
	CU_ASSERT_FALSE(s.accepted);
	CU_ASSERT_EQUAL(s.outcome, OUTCOME_PROVIDED);
	CU_ASSERT_STRING_EQUAL(s.error, err_code(ERR_SETTLED));
	s = provided_after_the_end("ciphertext");
	CU_ASSERT_TRUE(s.accepted);
	CU_ASSERT_STRING_EQUAL(s.error, "");
	CU_ASSERT_EQUAL(open_exchanges(), 0);
	end();
}

static void
official_decides(void)
{
	begin();
	to_permit();
	say_pending();
	CU_ASSERT_EQUAL(t.op, VAULT_SETTLE);
	vault_says_pending();
	notice_of(1);
	CU_ASSERT_EQUAL(hub_bytes(t.hub), 0);
	clock_to(t.now_ms + HOUR_MS);
	hub_tick(t.hub);
	CU_ASSERT_EQUAL(t.n_said, 2); /* no second notice of lateness */
	provide(PROVIDER, "ciphertext", "ciphertext");
	CU_ASSERT_EQUAL(t.job->op, LEDGER_FIND);
	ledger_says(ERR_NONE);
	vault_says_entry(
	    ENTRY_OUTCOME, OUTCOME_PROVIDED, span_str("ciphertext"));
	ledger_says(ERR_NONE);
	answered_with("ciphertext");
	end();
}

static void
suspended_meanwhile(void)
{
	begin();
	to_permit();
	provide(PROVIDER, "ciphertext", "ciphertext");
	vault_says_entry(
	    ENTRY_OUTCOME, OUTCOME_SUSPENDED_LATE, (struct span){0});
	ledger_says(ERR_NONE);
	answered_with("");
	end();
}

/* ---- deadlines
 * ------------------------------------------------------------------------ */

static void
late_is_told(void)
{
	begin();
	to_permit();
	clock_to(t.now_ms + 61000);
	hub_tick(t.hub);
	notice_of(2);
	clock_to(t.now_ms + 61000);
	hub_tick(t.hub);
	CU_ASSERT_EQUAL(t.n_said, 2);
	end();
}

static void
lapses(void)
{
	begin();
	to_permit();
	clock_to(t.now_ms + 25 * HOUR_MS);
	hub_tick(t.hub);
	if (t.job != NULL) /* the papers had been let go */
		ledger_says(ERR_NONE);
	CU_ASSERT_EQUAL(t.op, VAULT_LAPSE);
	vault_says_entry(ENTRY_LAPSE, OUTCOME_LAPSED, (struct span){0});
	CU_ASSERT_EQUAL(t.job->change, LIVE_DELETE);
	ledger_says(ERR_NONE);
	answered_with("");
	CU_ASSERT_EQUAL(open_exchanges(), 0);
	end();
}

static void
never_collected(void)
{
	begin();
	t.inquirer_offline = true;
	to_answer();
	CU_ASSERT_EQUAL(hub_bytes(t.hub), 0);
	clock_to(t.now_ms + 25 * HOUR_MS);
	hub_tick(t.hub);
	ledger_says(ERR_NONE);
	CU_ASSERT_EQUAL(t.op, VAULT_LAPSE);
	vault_says_entry(
	    ENTRY_UNCOLLECTED, OUTCOME_UNCOLLECTED, (struct span){0});
	CU_ASSERT_EQUAL(t.job->change, LIVE_DELETE);
	ledger_says(ERR_NONE);
	struct settled s = settled_last();
	CU_ASSERT_EQUAL(s.outcome, OUTCOME_UNCOLLECTED);
	CU_ASSERT_EQUAL(open_exchanges(), 0);
	end();
}

/* ---- after a restart
 * --------------------------------------------------------------------- */

static void
open_permit_restored(void)
{
	begin();
	to_permit();
	restart(LIVE_PERMITTED);
	CU_ASSERT_EQUAL(t.n_said, 0);
	hub_hello(t.hub, PROVIDER);
	clock_to(t.now_ms + 1000);
	hub_tick(t.hub);
	ledger_says(ERR_NONE);
	last(FRAME_PERMIT);
	CU_ASSERT_EQUAL(t.asked, 0);
	end();
}

static void
answer_restored(void)
{
	begin();
	to_answer();
	restart(LIVE_SETTLED);
	hub_hello(t.hub, INQUIRER);
	clock_to(t.now_ms + 2000);
	hub_tick(t.hub);
	ledger_says(ERR_NONE);
	last(FRAME_PERMIT);
	provide(PROVIDER, "another text", "another text");
	CU_ASSERT_FALSE(settled_last().accepted); /* not what was settled */
	provide(PROVIDER, "ciphertext", "ciphertext");
	vault_says_error(ERR_MALFORMED);
	answered_with("ciphertext");
	confirm();
	ledger_says(ERR_NONE);
	CU_ASSERT_TRUE(settled_last().accepted);
	end();
}

/* ---- caps
 * -----------------------------------------------------------------------------------
 */

static void
caps_of_a_party(void)
{
	begin();
	for (int i = 0; i < 4; i++) {
		ask();
		uuid_make_at(t.now_ms, t.id);
	}
	CU_ASSERT_EQUAL(t.asked, 4);
	ask();
	busy_with("party-messages");
	CU_ASSERT_EQUAL(t.asked, 4);
	inquiry_make("kyokai", "係");
	hub_inquiry(t.hub, "kyokai", ASKS, buf_span(&t.inquiry));
	CU_ASSERT_EQUAL(t.asked, 5); /* nobody else is disturbed */
	end();
}

static void
ledger_down(void)
{
	begin();
	t.unwritable = true;
	ask();
	busy_with("ledger");
	t.unwitnessed = true; /* the graver thing is said */
	ask();
	busy_with("witness");
	t.unwritable = false;
	ask();
	busy_with("witness");
	t.unwitnessed = false;
	ask();
	CU_ASSERT_EQUAL(t.op, VAULT_ADMIT);
	end();
}

static void
draining(void)
{
	begin();
	ask();
	hub_drain(t.hub);
	vault_says_entry(ENTRY_PERMIT, OUTCOME_PERMITTED, (struct span){0});
	ledger_says(ERR_NONE);
	last(FRAME_PERMIT);
	uuid_make_at(t.now_ms, t.id);
	ask();
	busy_with("restart");
	end();
}

static const struct suite_case cases[] = {
    {"goes from question to receipt, recording before it tells", whole_way},
    {"records a refusal before it tells it", refusal_recorded},
    {"records nothing where the sender is not established",
	nothing_established},
    {"refuses a question brought by another party", another_party},
    {"asks once however often the same bytes come", same_under_way},
    {"refuses the same id with another question", other_body},
    {"refuses it also when all is over", other_body_later},
    {"gives the same answer before the receipt", again_before_receipt},
    {"tells the outcome again after the receipt, without a payload",
	again_after_all},
    {"tells a refusal again without deciding again", refusal_again},
    {"looks an old id up before it asks the vault", old_id},
    {"keeps to the outcome the ledger has already", permit_there_already},
    {"tells that the provider is offline, and forwards at its hello",
	provider_offline},
    {"sends a proof that only the ledger could make",
	nodes_only_the_ledger_has},
    {"refuses an answer to somebody else's permit", not_its_permit},
    {"refuses a ciphertext that is not the signed one", not_its_ciphertext},
    {"leaves a permit open when its provision is refused", provision_refused},
    {"tells a provider that no such exchange is open", provision_of_nothing},
    {"tells a provider whether the log has its answer, when all is over",
	provision_again},
    {"waits for an official, and takes the answer then", official_decides},
    {"hands over nothing that was suspended meanwhile", suspended_meanwhile},
    {"lets an answer wait for a provider that is away",
	provider_away_when_asked_again},
    {"asks a silent provider for a settled answer once more",
	provider_silent_when_asked_again},
    {"hands over nothing that was suspended since it was settled",
	suspended_since},
    {"sends a permit again that nobody answers", nobody_answers},
    {"says once that an answer is late", late_is_told},
    {"records that a permit lapsed", lapses},
    {"records that an answer was never collected", never_collected},
    {"forwards an open permit again after a restart", open_permit_restored},
    {"fetches a settled answer again after a restart, by its hash",
	answer_restored},
    {"is busy for a party that has too much in flight", caps_of_a_party},
    {"is busy while nothing can be recorded", ledger_down},
    {"finishes what is in hand and takes no more", draining},
};

SUITE("exchange", cases)

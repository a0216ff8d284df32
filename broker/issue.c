#include "broker/issue.h"

#include <stdlib.h>
#include <string.h>

#include "broker/vault_ops.h"
#include "lib/clock.h"
#include "lib/crashpoint.h"
#include "lib/oplog.h"
#include "lib/sha256.h"
#include "lib/uuid.h"

#define CHAINS 4096
#define KEEP_MS (24ull * 3600 * 1000)
#define AGAIN_MS 1000 /* an unacknowledged notice may be lost by then */
#define MOST 100000   /* in hand at once */

enum issue_step {
	ISSUE_KNOWN,  /* ledger: was this number seen? */
	ISSUE_LOCATE, /* vault: where would an alias lie? */
	ISSUE_ALIAS,  /* ledger: is there one? */
	ISSUE_MAKE,   /* vault: code, entry */
	ISSUE_HOLDER, /* ledger: has this agency one already? */
	ISSUE_AGAIN,  /* vault: then say so */
	ISSUE_RECORD, /* ledger: the entry */
	ISSUE_NOTICE, /* agency: its acknowledgement */
	ISSUE_FORGET  /* ledger: the number is gone */
};

struct issue {
	uint64_t ticket;
	enum issue_step step;
	bool change;		/* of a resident code, not an issue */
	uint8_t number[ID_LEN]; /* or the change's id */
	char registrar[PARTY_MAX + 1], agency[PARTY_MAX + 1];
	uint32_t route; /* the registrar's */
	uint8_t hash[HASH_LEN];
	uint64_t asked_ms, sent_ms;
	struct buf envelope, alias;
	/* the notice */
	uint32_t outcome;
	uint64_t index;
	struct buf body, person;
	uint8_t salt[ENTRY_SALT_LEN];
	struct issue *next;
};

struct issues {
	struct hub_leaves leaf;
	struct issue *chain[CHAINS]; /* by ticket */
	uint64_t now_ms, turns;
	size_t n;
	struct issue_counters counters;
	struct arena arena;
	struct entry entry;
	uint8_t path[MERKLE_PATH_MAX][MERKLE_LEN];
	uint8_t consistency[MERKLE_PATH_MAX][MERKLE_LEN];
};

struct issues *
issues_new(const struct hub_leaves *leaves)
{
	struct issues *is = xcalloc(1, sizeof(*is));
	is->leaf = *leaves;
	return is;
}

static void
issue_free(struct issue *i)
{
	buf_free(&i->envelope);
	buf_free(&i->alias);
	buf_free(&i->body);
	buf_free(&i->person);
	free(i);
}

void
issues_free(struct issues *is)
{
	if (is == NULL)
		return;
	for (size_t k = 0; k < CHAINS; k++)
		while (is->chain[k] != NULL) {
			struct issue *i = is->chain[k];
			is->chain[k] = i->next;
			issue_free(i);
		}
	arena_wipe_free(&is->arena);
	free(is);
}

void
issues_clock(struct issues *is, uint64_t now_ms)
{
	is->now_ms = now_ms;
}

static struct issue *
issue_ticket(struct issues *is, uint64_t ticket)
{
	struct issue *i = is->chain[ticket % CHAINS];
	while (i != NULL && i->ticket != ticket)
		i = i->next;
	return i;
}

/* By number; few enough are open that a walk will do. */
static struct issue *
issue_number(struct issues *is, const uint8_t *number)
{
	for (size_t k = 0; k < CHAINS; k++)
		for (struct issue *i = is->chain[k]; i != NULL; i = i->next)
			if (memcmp(i->number, number, ID_LEN) == 0)
				return i;
	return NULL;
}

static void
issue_end(struct issues *is, struct issue *i)
{
	struct issue **at = &is->chain[i->ticket % CHAINS];
	while (*at != i)
		at = &(*at)->next;
	*at = i->next;
	is->n--;
	issue_free(i);
}

/* ---- saying things --------------------------------------------------------
 */

static void
tell_registrar(struct issues *is, const char *party, uint32_t route,
    const uint8_t *id, uint32_t outcome, enum err error, bool acknowledged)
{
	struct registrar_notice n = {
	    .outcome = outcome, .acknowledged = acknowledged};
	struct buf body = {0};
	memcpy(n.id, id, ID_LEN);
	if (error != ERR_NONE)
		strcpy(n.error, err_code(error));
	enum err e = ERR_OFFLINE;
	while (e == ERR_OFFLINE) {
		route = is->leaf.route(is->leaf.ctx, party, route);
		if (route == 0)
			return;
		registrar_notice_encode(&n, &body);
		e = is->leaf.send(
		    is->leaf.ctx, route, FRAME_REGISTRAR_NOTICE, &body);
	}
}

static void
issue_fail(struct issues *is, struct issue *i, enum err e)
{
	is->counters.errors++;
	oplog(OPLOG_WARN, "code-request-refused",
	    LOG_TEXT("party", i->registrar), LOG_ERR(e));
	tell_registrar(
	    is, i->registrar, i->route, i->number, OUTCOME_REFUSED, e, false);
	issue_end(is, i);
}

/* ERR_NOT_FOUND: so old that it has to be asked for anew. */
static enum err
notice_try(struct issues *is, struct issue *i, uint32_t route)
{
	struct code_notice n = {.outcome = i->outcome};
	struct buf body = {0};
	memcpy(n.acquisition_number, i->number, ID_LEN);
	n.entry.body = buf_span(&i->body);
	memcpy(n.entry.salt, i->salt, ENTRY_SALT_LEN);
	n.entry.path = is->path;
	n.entry.consistency = is->consistency;
	if (is->leaf.prove(is->leaf.ctx, route, i->index, &n.entry) != ERR_NONE)
		return ERR_NOT_FOUND;
	n.has_person = i->person.n > 0;
	n.person.suite = 1;
	n.person.kind = 1;
	n.person.data = buf_span(&i->person);
	code_notice_encode(&n, &body);
	return is->leaf.send(is->leaf.ctx, route, FRAME_CODE_NOTICE, &body);
}

/*
 * The code goes straight to the agency, never through the registrar: over the
 * first of its connections that is still there.
 */
static void
notice_send(struct issues *is, struct issue *i)
{
	enum err e = ERR_OFFLINE;
	while (e == ERR_OFFLINE) {
		uint32_t route = is->leaf.route(is->leaf.ctx, i->agency, 0);
		if (route == 0)
			return;
		e = notice_try(is, i, route);
	}
	if (e == ERR_NOT_FOUND)
		return;
	i->sent_ms = is->now_ms;
	crash_point("front.after_notice");
}

/* ---- steps ------------------------------------------------------------------
 */

static void
ask_ledger(struct issues *is, struct issue *i, enum issue_step step,
    struct ledger_job *job)
{
	i->step = step;
	if (is->leaf.ledger(is->leaf.ctx, job))
		return;
	ledger_job_free(job);
	issue_fail(is, i, ERR_BUSY);
}

static void
ask_vault(
    struct issues *is, struct issue *i, enum issue_step step, enum vault_op op)
{
	struct vault_request q = {.ticket = i->ticket, .op = op};
	i->step = step;
	strcpy(q.party, i->registrar);
	q.envelope = buf_span(&i->envelope);
	q.alias_lookup = buf_span(&i->alias);
	q.holder_known = step == ISSUE_AGAIN;
	is->leaf.vault(is->leaf.ctx, &q);
}

static void
record(struct issues *is, struct issue *i, const struct vault_reply *v)
{
	struct ledger_job *job = ledger_job_rows(LEDGER_APPEND, i->ticket, 1);
	struct ledger_row *r = &job->rows[0];
	arena_reset(&is->arena);
	if (entry_decode(v->body, &is->arena, &is->entry) != ERR_NONE) {
		ledger_job_free(job);
		issue_fail(is, i, ERR_INTERNAL);
		return;
	}
	r->type = v->entry_type;
	memcpy(r->entry_id, is->entry.entry_id, ID_LEN);
	r->month = day_month(day_of_ms(uuid_ms(r->entry_id)));
	strcpy(r->inquirer, is->entry.inquirer);
	strcpy(r->provider, is->entry.provider);
	memcpy(r->leaf, v->leaf, sizeof(r->leaf));
	memcpy(r->salt, v->salt, sizeof(r->salt));
	memcpy(r->endorsement, v->endorsement, sizeof(r->endorsement));
	buf_add(&r->body, v->body.p, v->body.n);
	if (v->has_record)
		buf_add(&r->record, v->record.data.p, v->record.data.n);
	i->outcome = v->outcome;
	if (i->change) {
		memcpy(job->alias_key, v->alias_key, HASH_LEN);
		buf_add(&job->alias_value, v->alias_value.p, v->alias_value.n);
	} else {
		struct ledger_acquisition *a = &job->acquisition;
		job->has_holder = v->outcome == OUTCOME_ISSUED;
		memcpy(job->holder, v->holder, HASH_LEN);
		job->has_acquisition = true;
		memcpy(a->number, i->number, ID_LEN);
		strcpy(a->agency, i->agency);
		a->asked_ms = i->asked_ms;
		memcpy(a->request_hash, i->hash, HASH_LEN);
		a->outcome = v->outcome;
		if (v->has_person) {
			buf_add(&a->person, v->person.data.p, v->person.data.n);
			buf_add(&i->person, v->person.data.p, v->person.data.n);
		}
	}
	ask_ledger(is, i, ISSUE_RECORD, job);
}

/* What the vault made, or found out; ISSUE asks once more if there was one. */
static void
made(struct issues *is, struct issue *i, const struct vault_reply *v)
{
	crash_point("front.after_issue");
	if (i->change || i->step == ISSUE_AGAIN) {
		record(is, i, v);
		return;
	}
	/* keep the reply's entry until the holder is looked up */
	struct ledger_job *job = ledger_job_new(LEDGER_HOLDER, i->ticket);
	memcpy(job->holder, v->holder, HASH_LEN);
	buf_reset(&i->body);
	vault_reply_encode(v, &i->body);
	ask_ledger(is, i, ISSUE_HOLDER, job);
}

void
issues_vault(struct issues *is, const struct vault_reply *v)
{
	struct issue *i = issue_ticket(is, v->ticket);
	if (i == NULL)
		return;
	if (v->error[0] != '\0') {
		issue_fail(is, i, err_from_code(v->error));
		return;
	}
	if (i->step == ISSUE_LOCATE) {
		crash_point("front.after_locate");
		struct ledger_job *job =
		    ledger_job_new(LEDGER_ALIAS, i->ticket);
		memcpy(job->alias_key, v->alias_key, HASH_LEN);
		ask_ledger(is, i, ISSUE_ALIAS, job);
	} else if (i->step == ISSUE_MAKE || i->step == ISSUE_AGAIN) {
		made(is, i, v);
	}
}

/* The number was seen: the same request gets the same notice. */
static void
known(struct issues *is, struct issue *i, struct ledger_job *job)
{
	struct ledger_acquisition *a = &job->acquisition;
	if (memcmp(a->request_hash, i->hash, HASH_LEN) != 0 ||
	    job->n_rows != 1) {
		issue_fail(is, i, ERR_OTHER_BODY);
		return;
	}
	i->step = ISSUE_NOTICE;
	i->asked_ms = a->asked_ms;
	i->outcome = a->outcome;
	i->index = a->index;
	strcpy(i->agency, a->agency);
	memcpy(i->salt, job->rows[0].salt, ENTRY_SALT_LEN);
	buf_add(&i->body, job->rows[0].body.p, job->rows[0].body.n);
	buf_add(&i->person, a->person.p, a->person.n);
	buf_free(&i->envelope);
	notice_send(is, i);
	tell_registrar(
	    is, i->registrar, i->route, i->number, i->outcome, ERR_NONE, false);
}

static void
holder_looked_up(struct issues *is, struct issue *i, bool has)
{
	struct vault_reply v;
	if (has) {
		ask_vault(is, i, ISSUE_AGAIN, VAULT_ISSUE);
		return;
	}
	arena_reset(&is->arena);
	struct arena *a = xcalloc(1, sizeof(*a));
	enum err e = vault_reply_decode(buf_span(&i->body), a, &v);
	buf_reset(&i->body);
	if (e == ERR_NONE)
		record(is, i, &v);
	else
		issue_fail(is, i, ERR_INTERNAL);
	arena_wipe_free(a);
	free(a);
}

static void
recorded(struct issues *is, struct issue *i, struct ledger_job *job)
{
	struct ledger_row *r = &job->rows[0];
	if (i->change) {
		is->counters.changes++;
		tell_registrar(is, i->registrar, i->route, i->number,
		    i->outcome, ERR_NONE, true);
		issue_end(is, i);
		return;
	}
	if (i->outcome == OUTCOME_ISSUED)
		is->counters.issued++;
	else
		is->counters.already++;
	i->step = ISSUE_NOTICE;
	i->index = r->index;
	memcpy(i->salt, r->salt, ENTRY_SALT_LEN);
	buf_free(&i->body);
	i->body = r->body;
	memset(&r->body, 0, sizeof(r->body));
	buf_free(&i->envelope);
	buf_free(&i->alias);
	notice_send(is, i);
	tell_registrar(
	    is, i->registrar, i->route, i->number, i->outcome, ERR_NONE, false);
}

static void
step_on(struct issues *is, struct issue *i, struct ledger_job *job)
{
	switch (i->step) {
	case ISSUE_KNOWN:
		if (job->known)
			known(is, i, job);
		else
			ask_vault(is, i, ISSUE_LOCATE, VAULT_LOCATE);
		return;
	case ISSUE_ALIAS:
		buf_free(&i->alias);
		i->alias = job->alias_value;
		memset(&job->alias_value, 0, sizeof(job->alias_value));
		ask_vault(
		    is, i, ISSUE_MAKE, i->change ? VAULT_CHANGE : VAULT_ISSUE);
		return;
	case ISSUE_HOLDER:
		holder_looked_up(is, i, job->known);
		return;
	case ISSUE_RECORD:
		recorded(is, i, job);
		return;
	case ISSUE_FORGET:
		is->counters.acknowledged += job->known;
		if (job->known) /* else it was not this agency's to say */
			tell_registrar(is, i->registrar, i->route, i->number,
			    i->outcome, ERR_NONE, true);
		crash_point("front.after_acknowledge");
		issue_end(is, i);
		return;
	default:
		return;
	}
}

void
issues_ledger(struct issues *is, struct ledger_job *job)
{
	struct issue *i = issue_ticket(is, job->ticket);
	if (i != NULL && job->err != ERR_NONE)
		issue_fail(is, i, job->err);
	else if (i != NULL)
		step_on(is, i, job);
	ledger_job_free(job);
}

/* ---- frames
 * ------------------------------------------------------------------- */

static struct issue *
issue_new(struct issues *is, const uint8_t *number)
{
	struct issue *i = xcalloc(1, sizeof(*i));
	i->ticket = ISSUE_TICKET | ++is->turns;
	i->asked_ms = is->now_ms;
	memcpy(i->number, number, ID_LEN);
	struct issue **chain = &is->chain[i->ticket % CHAINS];
	i->next = *chain;
	*chain = i;
	is->n++;
	return i;
}

static void
request_refused(struct issues *is, const char *party, uint32_t route,
    const uint8_t *id, enum err e)
{
	is->counters.errors++;
	oplog(OPLOG_WARN, "code-request-refused", LOG_TEXT("party", party),
	    LOG_ERR(e));
	tell_registrar(is, party, route, id, OUTCOME_REFUSED, e, false);
}

void
issues_request(struct issues *is, const char *registrar, uint32_t route,
    struct span envelope)
{
	struct envelope env;
	struct code_request q;
	memset(&q, 0, sizeof(q));
	is->counters.requests++;
	arena_reset(&is->arena);
	enum err e = envelope_decode(envelope, &is->arena, &env);
	if (e == ERR_NONE)
		e = code_request_decode(env.body, &is->arena, &q);
	if (e == ERR_NONE &&
	    (is->n >= MOST || !is->leaf.writable(is->leaf.ctx)))
		e = ERR_BUSY;
	if (e != ERR_NONE) {
		request_refused(is, registrar, route, q.acquisition_number, e);
		return;
	}
	struct issue *i = issue_number(is, q.acquisition_number);
	if (i != NULL && i->step != ISSUE_NOTICE)
		return; /* being done */
	if (i != NULL)
		issue_end(is, i); /* the ledger has it */
	i = issue_new(is, q.acquisition_number);
	strcpy(i->registrar, registrar);
	strcpy(i->agency, q.agency);
	i->route = route;
	sha256(env.body, i->hash);
	buf_add(&i->envelope, envelope.p, envelope.n);
	struct ledger_job *job = ledger_job_new(LEDGER_ACQUISITION, i->ticket);
	memcpy(job->acquisition.number, i->number, ID_LEN);
	ask_ledger(is, i, ISSUE_KNOWN, job);
}

void
issues_change(struct issues *is, const char *registrar, uint32_t route,
    struct span envelope)
{
	struct envelope env;
	struct resident_change q;
	memset(&q, 0, sizeof(q));
	is->counters.requests++;
	arena_reset(&is->arena);
	enum err e = envelope_decode(envelope, &is->arena, &env);
	if (e == ERR_NONE)
		e = resident_change_decode(env.body, &is->arena, &q);
	if (e == ERR_NONE && !is->leaf.writable(is->leaf.ctx))
		e = ERR_BUSY;
	if (e != ERR_NONE) {
		request_refused(is, registrar, route, q.change_id, e);
		return;
	}
	if (issue_number(is, q.change_id) != NULL)
		return;
	struct issue *i = issue_new(is, q.change_id);
	i->change = true;
	strcpy(i->registrar, registrar);
	i->route = route;
	buf_add(&i->envelope, envelope.p, envelope.n);
	ask_vault(is, i, ISSUE_LOCATE, VAULT_LOCATE);
}

static void
acknowledge_refused(
    struct issues *is, const char *agency, uint32_t route, enum err e)
{
	struct refusal *r = xcalloc(1, sizeof(*r));
	struct buf body = {0};
	is->counters.errors++;
	oplog(OPLOG_WARN, "acknowledgement-refused", LOG_TEXT("party", agency),
	    LOG_ERR(e));
	strcpy(r->error, err_code(e));
	strcpy(r->hop, "broker");
	refusal_encode(r, &body);
	free(r);
	is->leaf.send(is->leaf.ctx, route, FRAME_REFUSAL, &body);
}

void
issues_acknowledge(struct issues *is, const char *agency, uint32_t route,
    const char *registrar, struct span body)
{
	struct code_ack ack;
	arena_reset(&is->arena);
	enum err e = code_ack_decode(body, &is->arena, &ack);
	if (e == ERR_NONE && is->n >= MOST)
		e = ERR_BUSY;
	if (e != ERR_NONE) {
		acknowledge_refused(is, agency, route, e);
		return;
	}
	struct issue *i = issue_number(is, ack.acquisition_number);
	if (i == NULL) {
		/* a notice of before a restart */
		i = issue_new(is, ack.acquisition_number);
		i->outcome = OUTCOME_ISSUED;
		strcpy(i->registrar, registrar);
		strcpy(i->agency, agency);
	} else if (i->step != ISSUE_NOTICE || strcmp(i->agency, agency) != 0) {
		return;
	}
	struct ledger_job *job = ledger_job_new(LEDGER_ACKNOWLEDGE, i->ticket);
	memcpy(job->acquisition.number, i->number, ID_LEN);
	strcpy(job->acquisition.agency, agency);
	ask_ledger(is, i, ISSUE_FORGET, job);
}

void
issues_hello(struct issues *is, const char *agency)
{
	if (is->n == 0)
		return;
	for (size_t k = 0; k < CHAINS; k++)
		for (struct issue *i = is->chain[k]; i != NULL; i = i->next)
			if (i->step == ISSUE_NOTICE &&
			    strcmp(i->agency, agency) == 0 &&
			    is->now_ms >= i->sent_ms + AGAIN_MS)
				notice_send(is, i);
}

void
issues_expire(struct issues *is)
{
	uint64_t before = is->now_ms - KEEP_MS;
	for (size_t k = 0; k < CHAINS; k++)
		for (struct issue **at = &is->chain[k]; *at != NULL;) {
			struct issue *i = *at;
			if (i->step != ISSUE_NOTICE || i->asked_ms >= before)
				at = &i->next;
			else
				issue_end(is, i);
		}
	struct ledger_job *job = ledger_job_new(LEDGER_EXPIRE, ISSUE_TICKET);
	job->acquisition.asked_ms = before;
	if (!is->leaf.ledger(is->leaf.ctx, job))
		ledger_job_free(job);
}

const struct issue_counters *
issues_counters(const struct issues *is)
{
	return &is->counters;
}

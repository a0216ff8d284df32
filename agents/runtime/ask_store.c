#include "agents/runtime/ask_store.h"

#include <stdlib.h>
#include <string.h>

#include "agents/runtime/columns.h"
#include "agents/runtime/sequence.h"
#include "lib/clock.h"
#include "lib/text.h"
#include "lib/uuid.h"

/* A permit's validity, twice its default, and a day. */
#define OPEN_MOST_MS (UINT64_C(15) * 86400 * 1000)
#define JOB(type, i) ((struct type *)jobs[i])

static enum err
code_read(struct db *db, struct store_job **jobs, size_t n)
{
	struct db_params p = {0};
	struct db_rows r;
	enum err e;

	TEXTS(&p, JOB(code_job, i)->agency);
	TEXTS(&p, JOB(code_job, i)->local_id);
	e = db_run(db,
	    "SELECT u.at, p.code, p.epoch FROM unnest($1::text[], $2::text[]) "
	    "WITH ORDINALITY AS u (agency, local_id, at) JOIN person p "
	    "ON p.agency = u.agency AND p.local_id = u.local_id "
	    "WHERE p.code IS NOT NULL",
	    &p, &r);
	db_params_free(&p);
	if (e != ERR_NONE)
		return e;
	for (size_t i = 0; i < r.n; i++) {
		struct code_job *j =
		    JOB(code_job, (size_t)db_i64(&r, i, 0) - 1);

		db_fixed(&r, i, 1, j->code, CODE_LEN);
		j->epoch = (uint32_t)db_i64(&r, i, 2);
		j->found = true;
	}
	return db_rows_end(&r);
}

const struct store_op code_op = {.name = "code", .read = code_read};

/* The month of the exchange id's time: partition of the record. */
static int
exchange_month(const uint8_t id[static ID_LEN])
{
	return day_month(day_of_ms(uuid_ms(id)));
}

static const char *
data_join(const struct inquiry *q, char out[static TEXTS_MAX * (NAME_MAX_ + 1)])
{
	char *to = out;

	*to = '\0';
	for (size_t i = 0; i < q->n_data; i++) {
		if (i > 0)
			*to++ = UNIT_SEPARATOR;
		to = stpcpy(to, q->data[i]);
	}
	return out;
}

#define Q(i) (JOB(outgoing_job, i)->asked->q)
#define A(i) (*JOB(outgoing_job, i)->asked)

static void
outgoing_step(struct store_steps *s, struct store_job **jobs, size_t n)
{
	struct db_params *p = store_step(s,
	    "INSERT INTO outgoing (agency, exchange_id, local_id, batch, line, "
	    "envelope, created_ms) SELECT * FROM unnest($1::text[], "
	    "$2::uuid[], $3::text[], $4::text[], $5::int[], $6::bytea[], "
	    "$7::bigint[])");

	TEXTS(p, Q(i).inquirer);
	UUIDS(p, Q(i).exchange_id);
	TEXTS(p, A(i).local_id);
	TEXTS(p, A(i).batch);
	INTS(p, A(i).batch_line);
	BLOBS(p, buf_span(&A(i).envelope));
	NUMBERS(p, Q(i).time_ms);
}

static void
asked_record_step(struct store_steps *s, struct store_job **jobs, size_t n)
{
	char(*data)[TEXTS_MAX * (NAME_MAX_ + 1)] = xcalloc(n, sizeof(*data));
	struct db_params *p = store_step(s,
	    "INSERT INTO exchange_record (side, agency, month, exchange_id, "
	    "local_id, inquirer, inquirer_for, unit, official, task, "
	    "procedure, relation, provider, provider_for, data, period_from, "
	    "period_until, case_reference, case_tag, asked_ms, inquirer_hides, "
	    "sequence) SELECT 1, a, m, x, l, a, f, u, o, t, pr, r, p, pf, "
	    "string_to_array(d, E'\\x1f'), df, du, c, ct, ms, h, sq "
	    "FROM unnest($1::text[], $2::int[], $3::uuid[], $4::text[], "
	    "$5::text[], $6::text[], $7::text[], $8::text[], $9::text[], "
	    "$10::text[], $11::text[], $12::text[], $13::text[], $14::text[], "
	    "$15::text[], $16::text[], $17::bytea[], $18::bigint[], "
	    "$19::bool[], $20::bigint[]) AS v (a, m, x, l, f, u, o, t, pr, r, "
	    "p, pf, d, df, du, c, ct, ms, h, sq)");

	TEXTS(p, Q(i).inquirer);
	INTS(p, exchange_month(Q(i).exchange_id));
	UUIDS(p, Q(i).exchange_id);
	TEXTS(p, A(i).local_id);
	TEXTS(p, Q(i).inquirer_for);
	TEXTS(p, Q(i).unit);
	TEXTS(p, A(i).official);
	TEXTS(p, Q(i).task);
	TEXTS(p, Q(i).procedure);
	TEXTS(p, Q(i).relation);
	TEXTS(p, Q(i).provider);
	TEXTS(p, Q(i).provider_for);
	TEXTS(p, data_join(&Q(i), data[i]));
	free(data);
	TEXTS(p, Q(i).period_from);
	TEXTS(p, Q(i).period_until);
	TEXTS(p, A(i).case_reference);
	BLOBS(p, SPAN(Q(i).case_tag));
	NUMBERS(p, Q(i).time_ms);
	BOOLS(p, Q(i).non_disclosure);
	NUMBERS(p, Q(i).sequence);
}

static void
outgoing_write(struct store_steps *s, struct store_job **jobs, size_t n)
{
	const char *codes[STORE_BATCH];
	int64_t numbers[STORE_BATCH];

	outgoing_step(s, jobs, n);
	asked_record_step(s, jobs, n);
	for (size_t i = 0; i < n; i++) {
		codes[i] = Q(i).inquirer;
		numbers[i] = (int64_t)Q(i).sequence;
	}
	sequence_write(s, SIDE_ASKED, codes, numbers, n);
}

const struct store_op outgoing_op = {
    .name = "outgoing", .order = 10, .write = outgoing_write};

static void
asked_pending_write(struct store_steps *s, struct store_job **jobs, size_t n)
{
	struct db_params *p = store_step(s,
	    "UPDATE outgoing o SET state = 2 FROM unnest($1::text[], "
	    "$2::uuid[]) AS u (agency, exchange_id) "
	    "WHERE o.agency = u.agency AND o.exchange_id = u.exchange_id "
	    "AND o.state = 1");

	TEXTS(p, JOB(asked_pending_job, i)->agency);
	UUIDS(p, JOB(asked_pending_job, i)->exchange_id);
}

const struct store_op asked_pending_op = {
    .name = "asked-pending", .order = 20, .write = asked_pending_write};

#define E(i) (*JOB(ended_job, i))
#define LOGGED(i, bytes) (E(i).logged ? (bytes) : (struct span){0})

static void
ended_outgoing_step(struct store_steps *s, struct store_job **jobs, size_t n)
{
	struct db_params *p = store_step(s,
	    "UPDATE outgoing o SET state = 3, outcome = u.outcome, "
	    "hop = u.hop, rule = u.rule, citation = u.citation, "
	    "payload = u.payload, ended_ms = u.ms "
	    "FROM unnest($1::text[], $2::uuid[], $3::int[], $4::text[], "
	    "$5::text[], $6::text[], $7::bytea[], $8::bigint[]) "
	    "AS u (agency, id, outcome, hop, rule, citation, payload, ms) "
	    "WHERE o.agency = u.agency AND o.exchange_id = u.id "
	    "AND o.state < 3");

	TEXTS(p, E(i).agency);
	UUIDS(p, E(i).exchange_id);
	INTS(p, E(i).outcome);
	TEXTS(p, E(i).hop);
	TEXTS(p, E(i).rule);
	TEXTS(p, E(i).citation);
	BLOBS(p, buf_span(&E(i).payload));
	NUMBERS(p, E(i).ended_ms);
}

static void
ended_record_step(struct store_steps *s, struct store_job **jobs, size_t n)
{
	struct db_params *p = store_step(s,
	    "UPDATE exchange_record r SET outcome = u.outcome, "
	    "answered_ms = u.ms, pia_missing = u.pia, "
	    "provider_hides = u.hides, article = u.citation, hop = u.hop, "
	    "rule = u.rule, permit_leaf = u.permit, outcome_leaf = u.leaf, "
	    "outcome_idx = u.idx "
	    "FROM unnest($1::text[], $2::uuid[], $3::int[], $4::int[], "
	    "$5::bigint[], $6::bool[], $7::bool[], $8::text[], $9::text[], "
	    "$10::text[], $11::bytea[], $12::bytea[], $13::bigint[], "
	    "$14::int[]) AS u (agency, id, month, outcome, ms, pia, hides, "
	    "citation, hop, rule, permit, leaf, idx, side) "
	    "WHERE r.agency = u.agency AND r.inquirer = u.agency "
	    "AND r.exchange_id = u.id AND r.side = u.side AND r.month = "
	    "u.month");

	TEXTS(p, E(i).agency);
	UUIDS(p, E(i).exchange_id);
	INTS(p, exchange_month(E(i).exchange_id));
	INTS(p, E(i).outcome);
	NUMBERS(p, E(i).ended_ms);
	BOOLS(p, E(i).pia_missing);
	BOOLS(p, E(i).provider_hides);
	TEXTS(p, E(i).citation);
	TEXTS(p, E(i).hop);
	TEXTS(p, E(i).rule);
	BLOBS(p, LOGGED(i, SPAN(E(i).permit_leaf)));
	BLOBS(p, LOGGED(i, SPAN(E(i).outcome_leaf)));
	NUMBERS(p, E(i).outcome_index);
	INTS(p, SIDE_ASKED);
}

static void
ended_write(struct store_steps *s, struct store_job **jobs, size_t n)
{
	ended_outgoing_step(s, jobs, n);
	ended_record_step(s, jobs, n);
}

const struct store_op ended_op = {
    .name = "ended", .order = 30, .write = ended_write};

/* One stored inquiry back in memory, as it was when it was committed. */
static enum err
asked_restore(struct host *h, struct db_rows *r, size_t i)
{
	struct agency *a = host_agency(h, db_text(r, i, 0));
	struct asked *k = a != NULL ? asked_reopen(a, db_bytes(r, i, 2)) : NULL;

	if (k == NULL)
		return ERR_MALFORMED;
	text_copy(k->local_id, sizeof(k->local_id), db_text(r, i, 1));
	k->pending = db_i64(r, i, 3) == 2;
	return ERR_NONE;
}

static enum err
open_read(struct db *db, struct store_job **jobs, size_t n)
{
	struct open_job *j = JOB(open_job, 0);
	struct db_params p = {0};
	struct db_rows r;
	enum err e;

	db_bind_i64(&p, (int64_t)(clock_ms() - OPEN_MOST_MS));
	e = db_run(db,
	    "SELECT agency, local_id, envelope, state FROM outgoing "
	    "WHERE created_ms > $1 AND state < 3 ORDER BY created_ms",
	    &p, &r);
	db_params_free(&p);
	if (e != ERR_NONE)
		return e;
	for (size_t i = 0; e == ERR_NONE && i < r.n; i++)
		e = asked_restore(j->host, &r, i);
	if (e != ERR_NONE) {
		db_rows_end(&r);
		return e;
	}
	return db_rows_end(&r);
}

const struct store_op open_op = {.name = "open", .read = open_read};

#include "agents/runtime/provide_store.h"

#include <stdlib.h>
#include <string.h>

#include "agents/runtime/columns.h"
#include "agents/runtime/sequence.h"
#include "lib/clock.h"
#include "lib/text.h"
#include "lib/uuid.h"

#define P(i) (*(struct providing *)jobs[i])

static void
replicas_free(struct providing *p)
{
	for (size_t i = 0; i < p->n_replicas; i++)
		buf_wipe_free(&p->replica[i].body);
	free(p->replica);
	p->replica = NULL;
	p->n_replicas = 0;
}

void
providing_free(struct providing *p)
{
	if (p == NULL)
		return;
	replicas_free(p);
	buf_free(&p->bytes);
	buf_free(&p->kept);
	buf_free(&p->kept_cipher);
	buf_free(&p->envelope);
	buf_free(&p->ciphertext);
	explicit_bzero(p->code, sizeof(p->code));
	free(p);
}

static int
exchange_month(const uint8_t id[static ID_LEN])
{
	return day_month(day_of_ms(uuid_ms(id)));
}

/* Was the permit used or is it waiting, and what was answered then. */
static enum err
used_read(struct db *db, struct store_job **jobs, size_t n)
{
	struct db_params p = {0};
	struct db_rows r;
	enum err e;

	TEXTS(&p, P(i).agency->code);
	TEXTS(&p, P(i).permit.inquirer);
	UUIDS(&p, P(i).permit.exchange_id);
	e = db_run(db,
	    "SELECT u.at, pu.agency IS NOT NULL, w.agency IS NOT NULL, "
	    "k.provision, k.ciphertext FROM unnest($1::text[], $2::text[], "
	    "$3::uuid[]) WITH ORDINALITY AS u (agency, inquirer, id, at) "
	    "LEFT JOIN permit_used pu ON pu.agency = u.agency "
	    "AND pu.inquirer = u.inquirer AND pu.exchange_id = u.id "
	    "LEFT JOIN waiting w ON w.agency = u.agency "
	    "AND w.inquirer = u.inquirer AND w.exchange_id = u.id "
	    "LEFT JOIN kept k ON k.agency = u.agency "
	    "AND k.inquirer = u.inquirer AND k.exchange_id = u.id "
	    "WHERE pu.agency IS NOT NULL OR w.agency IS NOT NULL",
	    &p, &r);
	db_params_free(&p);
	if (e != ERR_NONE)
		return e;
	for (size_t i = 0; i < r.n; i++) {
		struct providing *j = &P((size_t)db_i64(&r, i, 0) - 1);

		j->used = db_bool(&r, i, 1);
		j->waiting = db_bool(&r, i, 2);
		if (db_null(&r, i, 3))
			continue;
		buf_reset(&j->kept);
		buf_reset(&j->kept_cipher);
		buf_add(&j->kept, db_bytes(&r, i, 3).p, db_bytes(&r, i, 3).n);
		buf_add(&j->kept_cipher, db_bytes(&r, i, 4).p,
		    db_bytes(&r, i, 4).n);
	}
	return db_rows_end(&r);
}

static void
replica_take(struct providing *j, struct db_rows *r, size_t i)
{
	struct span body = db_bytes(r, i, 9);
	struct replica *to;

	if (j->n_replicas == REPLICAS_MAX)
		return;
	if (j->replica == NULL)
		j->replica = xcalloc(REPLICAS_MAX, sizeof(*j->replica));
	to = &j->replica[j->n_replicas++];
	text_copy(to->data, sizeof(to->data), db_text(r, i, 2));
	text_copy(to->fiscal_year, sizeof(to->fiscal_year), db_text(r, i, 3));
	to->version = (uint32_t)db_i64(r, i, 4);
	to->as_of_ms = (uint64_t)db_i64(r, i, 5);
	to->published_until_ms = (uint64_t)db_i64(r, i, 6);
	to->no_auto_answer = db_bool(r, i, 7);
	to->non_disclosure = db_bool(r, i, 8);
	buf_add(&to->body, body.p, body.n);
}

static const char *
data_join(const struct entry *m, char out[static TEXTS_MAX * (NAME_MAX_ + 1)])
{
	char *to = out;

	*to = '\0';
	for (size_t i = 0; i < m->n_data; i++) {
		if (i > 0)
			*to++ = UNIT_SEPARATOR;
		to = stpcpy(to, m->data[i]);
	}
	return out;
}

typedef char joined[TEXTS_MAX * (NAME_MAX_ + 1)];

/* Whose code is it, and which records of theirs are asked for. */
static enum err
records_read(struct db *db, struct store_job **jobs, size_t n)
{
	struct db_params p = {0};
	joined *data = xcalloc(n, sizeof(*data));
	struct db_rows r;
	enum err e;

	TEXTS(&p, P(i).agency->code);
	BLOBS(&p, SPAN(P(i).code));
	TEXTS(&p, data_join(&P(i).permit, data[i]));
	e = db_run(db,
	    "SELECT u.at, p.local_id, r.data, r.fiscal_year, r.version, "
	    "r.as_of_ms, r.published_until_ms, r.no_auto_answer, "
	    "r.non_disclosure, r.body FROM unnest($1::text[], $2::bytea[], "
	    "$3::text[]) WITH ORDINALITY AS u (agency, code, data, at) "
	    "JOIN person p ON p.agency = u.agency AND p.code = u.code "
	    "LEFT JOIN record r ON r.agency = u.agency "
	    "AND r.local_id = p.local_id "
	    "AND r.data = ANY (string_to_array(u.data, E'\\x1f'))",
	    &p, &r);
	db_params_free(&p);
	free(data);
	if (e != ERR_NONE)
		return e;
	for (size_t i = 0; i < r.n; i++) {
		struct providing *j = &P((size_t)db_i64(&r, i, 0) - 1);

		j->held = true;
		text_copy(j->local_id, sizeof(j->local_id), db_text(&r, i, 1));
		if (!db_null(&r, i, 2))
			replica_take(j, &r, i);
	}
	return db_rows_end(&r);
}

static enum err
lookup_read(struct db *db, struct store_job **jobs, size_t n)
{
	enum err e;

	for (size_t i = 0; i < n; i++) {
		replicas_free(&P(i));
		P(i).used = P(i).waiting = P(i).held = false;
	}
	e = used_read(db, jobs, n);
	return e != ERR_NONE ? e : records_read(db, jobs, n);
}

const struct store_op lookup_op = {.name = "lookup", .read = lookup_read};

static void
used_step(struct store_steps *s, struct store_job **jobs, size_t n)
{
	struct db_params *p = store_step(s,
	    "INSERT INTO permit_used (agency, inquirer, exchange_id, "
	    "permit_leaf, used_ms) SELECT * FROM unnest($1::text[], "
	    "$2::text[], $3::uuid[], $4::bytea[], $5::bigint[]) "
	    "ON CONFLICT DO NOTHING");

	TEXTS(p, P(i).agency->code);
	TEXTS(p, P(i).permit.inquirer);
	UUIDS(p, P(i).permit.exchange_id);
	BLOBS(p, SPAN(P(i).leaf));
	NUMBERS(p, P(i).answered_ms);
}

static void
kept_step(struct store_steps *s, struct store_job **jobs, size_t n)
{
	struct db_params *p = store_step(s,
	    "INSERT INTO kept (agency, inquirer, exchange_id, provision, "
	    "ciphertext, kept_ms) SELECT a, q, x, pr, coalesce(c, ''), ms "
	    "FROM unnest($1::text[], $2::text[], $3::uuid[], $4::bytea[], "
	    "$5::bytea[], $6::bigint[]) AS u (a, q, x, pr, c, ms) "
	    "ON CONFLICT DO NOTHING");

	TEXTS(p, P(i).agency->code);
	TEXTS(p, P(i).permit.inquirer);
	UUIDS(p, P(i).permit.exchange_id);
	BLOBS(p, buf_span(&P(i).envelope));
	BLOBS(p, buf_span(&P(i).ciphertext));
	NUMBERS(p, P(i).answered_ms);
}

static void
waiting_end_step(struct store_steps *s, struct store_job **jobs, size_t n)
{
	struct db_params *p = store_step(s,
	    "DELETE FROM waiting w USING unnest($1::text[], $2::text[], "
	    "$3::uuid[]) AS u (agency, inquirer, id) "
	    "WHERE w.agency = u.agency AND w.inquirer = u.inquirer "
	    "AND w.exchange_id = u.id");

	TEXTS(p, P(i).agency->code);
	TEXTS(p, P(i).permit.inquirer);
	UUIDS(p, P(i).permit.exchange_id);
}

/* The provider's own record of the exchange, Act Art. 23(2). */
static void
answered_record_step(struct store_steps *s, struct store_job **jobs, size_t n)
{
	joined *data = xcalloc(n, sizeof(*data));
	struct db_params *p = store_step(s,
	    "INSERT INTO exchange_record (side, agency, month, exchange_id, "
	    "local_id, inquirer, inquirer_for, unit, task, procedure, "
	    "relation, provider, provider_for, data, period_from, "
	    "period_until, case_tag, asked_ms, answered_ms, outcome, "
	    "inquirer_hides, provider_hides, article, sequence, permit_leaf, "
	    "permit_idx) SELECT 2, a, m, x, l, q, qf, u, t, pr, r, a, pf, "
	    "string_to_array(d, E'\\x1f'), df, du, c, ms, an, o, qh, ph, ar, "
	    "sq, pl, px FROM unnest($1::text[], $2::int[], $3::uuid[], "
	    "$4::text[], $5::text[], $6::text[], $7::text[], $8::text[], "
	    "$9::text[], $10::text[], $11::text[], $12::text[], $13::text[], "
	    "$14::text[], $15::bytea[], $16::bigint[], $17::bigint[], "
	    "$18::int[], $19::bool[], $20::bool[], $21::text[], "
	    "$22::bigint[], $23::bytea[], $24::bigint[]) AS v (a, m, x, l, q, "
	    "qf, u, t, pr, r, pf, d, df, du, c, ms, an, o, qh, ph, ar, sq, "
	    "pl, px) ON CONFLICT (agency, inquirer, exchange_id, side, month) "
	    "DO UPDATE SET answered_ms = excluded.answered_ms, "
	    "outcome = excluded.outcome, "
	    "provider_hides = excluded.provider_hides");

	TEXTS(p, P(i).agency->code);
	INTS(p, exchange_month(P(i).permit.exchange_id));
	UUIDS(p, P(i).permit.exchange_id);
	TEXTS(p, P(i).held ? P(i).local_id : NULL);
	TEXTS(p, P(i).permit.inquirer);
	TEXTS(p, P(i).permit.inquirer_for);
	TEXTS(p, P(i).permit.unit);
	TEXTS(p, P(i).permit.task);
	TEXTS(p, P(i).permit.procedure);
	TEXTS(p, P(i).permit.relation);
	TEXTS(p, P(i).permit.provider_for);
	TEXTS(p, data_join(&P(i).permit, data[i]));
	free(data);
	TEXTS(p, P(i).permit.period_from);
	TEXTS(p, P(i).permit.period_until);
	BLOBS(p, SPAN(P(i).permit.case_tag));
	NUMBERS(p, P(i).permit.asked_ms);
	NUMBERS(p, P(i).answered_ms);
	INTS(p, P(i).outcome);
	BOOLS(p, P(i).permit.inquirer_hides);
	BOOLS(p, P(i).hides);
	TEXTS(p, P(i).permit.article);
	NUMBERS(p, P(i).sequence);
	BLOBS(p, SPAN(P(i).leaf));
	NUMBERS(p, P(i).index);
}

static void
answered_write(struct store_steps *s, struct store_job **jobs, size_t n)
{
	const char *codes[STORE_BATCH];
	int64_t numbers[STORE_BATCH];

	used_step(s, jobs, n);
	kept_step(s, jobs, n);
	waiting_end_step(s, jobs, n);
	answered_record_step(s, jobs, n);
	for (size_t i = 0; i < n; i++) {
		codes[i] = P(i).agency->code;
		numbers[i] = (int64_t)P(i).sequence;
	}
	sequence_write(s, SIDE_ANSWERED, codes, numbers, n);
}

const struct store_op answered_op = {
    .name = "answered", .order = 40, .write = answered_write};

static void
waiting_write(struct store_steps *s, struct store_job **jobs, size_t n)
{
	struct db_params *p = store_step(s,
	    "INSERT INTO waiting (agency, inquirer, exchange_id, permit, "
	    "since_ms, until_ms) SELECT * FROM unnest($1::text[], $2::text[], "
	    "$3::uuid[], $4::bytea[], $5::bigint[], $6::bigint[]) "
	    "ON CONFLICT DO NOTHING");

	TEXTS(p, P(i).agency->code);
	TEXTS(p, P(i).permit.inquirer);
	UUIDS(p, P(i).permit.exchange_id);
	BLOBS(p, buf_span(&P(i).bytes));
	NUMBERS(p, P(i).answered_ms);
	NUMBERS(p, P(i).permit.valid_until_ms);
	answered_record_step(s, jobs, n);
}

const struct store_op waiting_op = {
    .name = "waiting", .order = 35, .write = waiting_write};

#define S(i) (*(struct settled_job *)jobs[i])

static void
settled_write(struct store_steps *s, struct store_job **jobs, size_t n)
{
	struct db_params *p = store_step(s,
	    "UPDATE exchange_record r SET outcome = u.outcome "
	    "FROM unnest($1::text[], $2::text[], $3::uuid[], $4::int[], "
	    "$5::int[], $6::bool[], $7::int[]) AS u (agency, inquirer, id, "
	    "month, outcome, accepted, side) WHERE r.agency = u.agency "
	    "AND r.inquirer = u.inquirer AND r.exchange_id = u.id "
	    "AND r.side = u.side AND r.month = u.month AND NOT u.accepted "
	    "AND u.outcome > 1");

	TEXTS(p, S(i).agency);
	TEXTS(p, S(i).inquirer);
	UUIDS(p, S(i).exchange_id);
	INTS(p, exchange_month(S(i).exchange_id));
	INTS(p, S(i).outcome);
	BOOLS(p, S(i).accepted || S(i).receipt);
	INTS(p, SIDE_ANSWERED);
	p = store_step(s,
	    "DELETE FROM kept k USING unnest($1::text[], $2::text[], "
	    "$3::uuid[], $4::bool[]) AS u (agency, inquirer, id, receipt) "
	    "WHERE u.receipt AND k.agency = u.agency "
	    "AND k.inquirer = u.inquirer AND k.exchange_id = u.id");
	TEXTS(p, S(i).agency);
	TEXTS(p, S(i).inquirer);
	UUIDS(p, S(i).exchange_id);
	BOOLS(p, S(i).receipt);
}

const struct store_op settled_op = {
    .name = "settled", .order = 50, .write = settled_write};

static void
forget_write(struct store_steps *s, struct store_job **jobs, size_t n)
{
	const struct forget_job *j = (struct forget_job *)jobs[0];

	db_bind_i64(store_step(s, "DELETE FROM kept WHERE kept_ms < $1"),
	    (int64_t)j->before_ms);
	db_bind_i64(store_step(s, "DELETE FROM waiting WHERE until_ms < $1"),
	    (int64_t)j->now_ms);
	db_bind_i64(
	    store_step(s, "DELETE FROM acquisition WHERE asked_ms < $1"),
	    (int64_t)j->before_ms);
	store_step(s, "SELECT exchange_months_ahead()");
}

const struct store_op forget_op = {
    .name = "forget", .order = 80, .write = forget_write};

static enum err
waiting_find(struct db *db, struct waiting_job *j)
{
	struct db_params p = {0};
	struct db_rows r;
	enum err e;

	db_bind_text(&p, j->agency->code);
	db_bind_uuid(&p, j->exchange_id);
	e = db_run(db,
	    "SELECT permit FROM waiting WHERE agency = $1 AND exchange_id = $2",
	    &p, &r);
	db_params_free(&p);
	if (e != ERR_NONE)
		return e;
	if (r.n > 0)
		buf_add(&j->bytes, db_bytes(&r, 0, 0).p, db_bytes(&r, 0, 0).n);
	return db_rows_end(&r);
}

static enum err
waiting_find_read(struct db *db, struct store_job **jobs, size_t n)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; e == ERR_NONE && i < n; i++)
		e = waiting_find(db, (struct waiting_job *)jobs[i]);
	return e;
}

const struct store_op waiting_find_op = {
    .name = "waiting-find", .read = waiting_find_read};

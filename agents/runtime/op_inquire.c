/* Operations that ask: a new inquiry, and the same bytes again. */
#include <stdlib.h>
#include <string.h>

#include "agents/runtime/api_ops.h"
#include "agents/runtime/ask_store.h"
#include "agents/runtime/payload.h"
#include "lib/text.h"

/* Texts of a request and where they go; checked in this order. */
struct text_field {
	const char *key;
	size_t offset, limit;
	bool required;
};
#define INQUIRY_TEXT(key, member, required)                           \
	{                                                             \
		key, offsetof(struct asked, member),                  \
		    sizeof(((struct asked *)0)->member) - 1, required \
	}

static const struct text_field fields[] = {
    INQUIRY_TEXT("person", local_id, true),
    INQUIRY_TEXT("provider", q.provider, true),
    INQUIRY_TEXT("task", q.task, true),
    INQUIRY_TEXT("case", case_reference, true),
    INQUIRY_TEXT("procedure", q.procedure, false),
    INQUIRY_TEXT("relation", q.relation, false),
    INQUIRY_TEXT("unit", q.unit, false),
    INQUIRY_TEXT("inquirer_for", q.inquirer_for, false),
    INQUIRY_TEXT("provider_for", q.provider_for, false),
    INQUIRY_TEXT("period_from", q.period_from, false),
    INQUIRY_TEXT("period_until", q.period_until, false),
    INQUIRY_TEXT("official", official, false),
    INQUIRY_TEXT("batch", batch, false),
};

static enum err
texts_take(const struct api_request *r, struct asked *k, const char **about)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const struct text_field *f = &fields[i];
		enum err e = ERR_NONE;
		const char *v = api_text(r, f->key, f->limit, &e);

		*about = f->key;
		if (e == ERR_NONE && f->required && *v == '\0')
			e = ERR_USAGE;
		if (e != ERR_NONE)
			return e;
		text_copy((char *)k + f->offset, f->limit + 1, v);
	}
	return ERR_NONE;
}

static enum err
data_take(const struct api_request *r, struct asked *k, const char **about)
{
	json_t *list = json_object_get(r->body, "data"), *v;
	size_t i;

	*about = "data";
	if (json_array_size(list) == 0 || json_array_size(list) > TEXTS_MAX)
		return ERR_USAGE;
	json_array_foreach(list, i, v)
	{
		enum err e = ERR_USAGE;

		if (json_is_string(v))
			e = text_check(
			    span_str(json_string_value(v)), NAME_MAX_);
		if (e != ERR_NONE)
			return e;
		text_copy(
		    k->q.data[i], sizeof(k->q.data[i]), json_string_value(v));
	}
	k->q.n_data = i;
	return ERR_NONE;
}

enum err
op_inquire(const struct api_request *r, const char **about)
{
	struct asked *k = xcalloc(1, sizeof(*k));
	bool given;
	enum err e = texts_take(r, k, about);

	if (e == ERR_NONE)
		e = data_take(r, k, about);
	if (e == ERR_NONE) {
		*about = "exchange";
		e = api_exchange(r, k->q.exchange_id, &given);
	}
	if (e != ERR_NONE) {
		asked_free(k);
		return e;
	}
	*about = NULL;
	k->agency = r->agency;
	k->q.as_of_min_ms = api_number(r, "as_of_min_ms");
	k->q.non_disclosure = api_bool(r, "non_disclosure");
	k->batch_line = (uint32_t)api_number(r, "line");
	k->wait = api_bool(r, "wait");
	k->brief = api_bool(r, "brief");
	k->client = r->client;
	k->tag = r->tag;
	ask_begin(k);
	return ERR_NONE;
}

/* --- the honest retry --------------------------------------------------- */

struct retry_job {
	struct store_job job;
	struct agency *agency;
	uint8_t exchange_id[ID_LEN];
	uint64_t client, tag;
	struct buf envelope;
	char local_id[LOCAL_ID_MAX + 1];
	bool over; /* its end is known here, in */
	struct ended_job end;
};

/* The end we committed, with the answer. */
static void
end_take(struct retry_job *j, struct db_rows *r)
{
	struct ended_job *end = &j->end;
	struct span payload = db_bytes(r, 0, 7);

	j->over = true;
	end->outcome = (uint32_t)db_i64(r, 0, 3);
	text_copy(end->hop, sizeof(end->hop), db_text(r, 0, 4));
	text_copy(end->rule, sizeof(end->rule), db_text(r, 0, 5));
	text_copy(end->citation, sizeof(end->citation), db_text(r, 0, 6));
	buf_add(&end->payload, payload.p, payload.n);
	end->ended_ms = (uint64_t)db_i64(r, 0, 8);
	end->logged = !db_null(r, 0, 9);
	if (end->logged)
		end->outcome_index = (uint64_t)db_i64(r, 0, 9);
}

static enum err
retry_find(struct db *db, struct retry_job *j)
{
	struct db_params p = {0};
	struct db_rows r;
	enum err e;

	db_bind_text(&p, j->agency->code);
	db_bind_uuid(&p, j->exchange_id);
	e = db_run(db,
	    "SELECT o.envelope, o.local_id, o.state, o.outcome, o.hop, o.rule, "
	    "o.citation, coalesce(o.payload, ''), o.ended_ms, "
	    "CASE WHEN r.outcome_leaf IS NOT NULL THEN r.outcome_idx END "
	    "FROM outgoing o LEFT JOIN exchange_record r "
	    "ON r.agency = o.agency AND r.inquirer = o.agency "
	    "AND r.exchange_id = o.exchange_id AND r.side = 1 "
	    "WHERE o.agency = $1 AND o.exchange_id = $2",
	    &p, &r);
	db_params_free(&p);
	if (e != ERR_NONE)
		return e;
	if (r.n > 0) {
		buf_add(
		    &j->envelope, db_bytes(&r, 0, 0).p, db_bytes(&r, 0, 0).n);
		text_copy(j->local_id, sizeof(j->local_id), db_text(&r, 0, 1));
		if (db_i64(&r, 0, 2) == 3)
			end_take(j, &r);
	}
	return db_rows_end(&r);
}

static enum err
retry_read(struct db *db, struct store_job **jobs, size_t n)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; e == ERR_NONE && i < n; i++)
		e = retry_find(db, (struct retry_job *)jobs[i]);
	return e;
}

/*
 * The inquiry was answered and we confirmed it: the provider has forgotten
 * the sealed answer, we have not.
 */
static enum err
retry_answer(struct retry_job *j)
{
	struct arena *a = &j->agency->host->arena;
	struct envelope env;
	struct inquiry q;
	struct buf parts = {0};
	struct payload p;
	enum err e;

	arena_reset(a);
	e = envelope_decode(buf_span(&j->envelope), a, &env);
	if (e == ERR_NONE)
		e = inquiry_decode(env.body, a, &q);
	if (e == ERR_NONE && j->end.payload.n > 0)
		e = payload_decode(buf_span(&j->end.payload), a, &p);
	if (e != ERR_NONE)
		return e;
	if (j->end.payload.n > 0)
		payload_text(&p, &parts);
	api_reply_with(j->agency->host, j->client, j->tag,
	    ask_end_json(&q, &j->end), "parts", &parts);
	return ERR_NONE;
}

/* The stored bytes go out again as they are; the same outcome comes back. */
static enum err
retry_begin(struct retry_job *j)
{
	struct host *h = j->agency->host;
	struct asked *k = idmap_find(&h->asked, j->exchange_id);

	if (k == NULL && j->envelope.n == 0)
		return ERR_NOT_FOUND;
	if (k == NULL && j->over)
		return retry_answer(j);
	if (k == NULL) {
		k = asked_reopen(j->agency, buf_span(&j->envelope));
		if (k == NULL)
			return ERR_MALFORMED;
		text_copy(k->local_id, sizeof(k->local_id), j->local_id);
	}
	k->client = j->client;
	k->tag = j->tag;
	k->wait = true;
	ask_again(k);
	return ERR_NONE;
}

static void
retry_done(struct store_job *job)
{
	struct retry_job *j = (struct retry_job *)job;
	enum err e = job->err == ERR_NONE ? retry_begin(j) : job->err;

	if (e != ERR_NONE)
		api_fail(j->agency->host, j->client, j->tag, e, "exchange");
	buf_free(&j->envelope);
	buf_wipe_free(&j->end.payload);
	free(j);
}

static const struct store_op retry_op = {.name = "retry", .read = retry_read};

enum err
op_retry(const struct api_request *r, const char **about)
{
	struct retry_job *j = xcalloc(1, sizeof(*j));
	bool given;
	enum err e = api_exchange(r, j->exchange_id, &given);

	*about = "exchange";
	if (e != ERR_NONE || !given) {
		free(j);
		return e != ERR_NONE ? e : ERR_USAGE;
	}
	j->job = (struct store_job){.op = &retry_op, .done = retry_done};
	j->agency = r->agency;
	j->client = r->client;
	j->tag = r->tag;
	store_submit(r->host->store, &j->job);
	return ERR_NONE;
}

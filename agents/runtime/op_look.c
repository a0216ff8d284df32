/* Operations that read: one exchange, the exchange records, what waits. */
#include <stdlib.h>
#include <string.h>

#include "agents/runtime/api_ops.h"
#include "agents/runtime/payload.h"
#include "lib/text.h"
#include "lib/uuid.h"

#define RECORDS_MOST 1000

/* One question to the database whose rows become the reply. */
struct look_job {
	struct store_job job;
	struct host *host;
	uint64_t client, tag;
	char agency[PARTY_MAX + 1];
	uint8_t id[ID_LEN];
	bool by_id;
	char person[65];
	uint64_t since_ms, before_ms;
	int64_t side; /* 0 both */
	int64_t most;
	json_t *reply;
	struct buf parts; /* JSON text of an answer */
};

static void
look_done(struct store_job *job)
{
	struct look_job *j = (struct look_job *)job;

	if (job->err != ERR_NONE) {
		json_decref(j->reply);
		api_fail(j->host, j->client, j->tag, job->err, NULL);
	} else if (j->reply == NULL) {
		api_fail(j->host, j->client, j->tag, ERR_NOT_FOUND, "exchange");
	} else {
		api_reply_with(
		    j->host, j->client, j->tag, j->reply, "parts", &j->parts);
	}
	buf_wipe_free(&j->parts);
	free(j);
}

static struct look_job *
look_new(const struct api_request *r, const struct store_op *op)
{
	struct look_job *j = xcalloc(1, sizeof(*j));

	j->job = (struct store_job){.op = op, .done = look_done};
	j->host = r->host;
	j->client = r->client;
	j->tag = r->tag;
	text_copy(j->agency, sizeof(j->agency), r->agency->code);
	return j;
}

static enum err
id_take(const struct api_request *r, struct look_job *j, const char **about)
{
	*about = "exchange";
	return api_exchange(r, j->id, &j->by_id);
}

/* The columns of a row under their own names; NULL is left out. */
enum shape { TEXT, NUMBER, BOOLEAN, UUID, OUTCOME, WORDS };
struct field {
	const char *name;
	enum shape shape;
};

static json_t *
words_json(const char *joined)
{
	json_t *list = json_array();

	while (*joined != '\0') {
		size_t n = strcspn(joined, "\x1f");

		json_array_append_new(list, json_stringn(joined, n));
		joined += n + (joined[n] != '\0');
	}
	return list;
}

static json_t *
value_json(struct db_rows *r, size_t row, int column, enum shape shape)
{
	uint8_t id[ID_LEN];
	char text[UUID_TEXT_LEN];

	switch (shape) {
	case TEXT:
		return json_string(db_text(r, row, column));
	case NUMBER:
		return json_integer((json_int_t)db_i64(r, row, column));
	case BOOLEAN:
		return json_boolean(db_bool(r, row, column));
	case UUID:
		db_fixed(r, row, column, id, sizeof(id));
		return json_string(uuid_text(id, text));
	case OUTCOME:
		return json_string(
		    outcome_code((enum outcome)db_i64(r, row, column)));
	case WORDS:
		return words_json(db_text(r, row, column));
	}
	return NULL;
}

static json_t *
row_json(struct db_rows *r, size_t row, const struct field *f, size_t n)
{
	json_t *o = json_object();

	for (size_t c = 0; c < n; c++)
		if (!db_null(r, row, (int)c))
			json_object_set_new(o, f[c].name,
			    value_json(r, row, (int)c, f[c].shape));
	return o;
}

/* --- exchange records
 * ------------------------------------------------------------- */

static const struct field record_fields[] = {
    {"side", NUMBER},
    {"exchange", UUID},
    {"person", TEXT},
    {"inquirer", TEXT},
    {"inquirer_for", TEXT},
    {"unit", TEXT},
    {"official", TEXT},
    {"task", TEXT},
    {"procedure", TEXT},
    {"relation", TEXT},
    {"provider", TEXT},
    {"provider_for", TEXT},
    {"data", WORDS},
    {"case", TEXT},
    {"asked_ms", NUMBER},
    {"answered_ms", NUMBER},
    {"outcome", OUTCOME},
    {"pia_missing", BOOLEAN},
    {"inquirer_hides", BOOLEAN},
    {"provider_hides", BOOLEAN},
    {"article", TEXT},
    {"hop", TEXT},
    {"rule", TEXT},
    {"sequence", NUMBER},
    {"log_index", NUMBER},
};
#define N_FIELDS(f) (sizeof(f) / sizeof((f)[0]))

static enum err
records_look(struct db *db, struct look_job *j)
{
	struct db_params p = {0};
	struct db_rows r;
	enum err e;

	db_bind_text(&p, j->agency);
	db_bind_i64(&p, (int64_t)j->since_ms);
	db_bind_i64(&p, (int64_t)j->before_ms);
	db_bind_i64(&p, j->side);
	db_bind_text(&p, j->person);
	db_bind_uuid(&p, j->by_id ? j->id : NULL);
	db_bind_i64(&p, j->most);
	e = db_run(db,
	    "SELECT side, exchange_id, local_id, inquirer, inquirer_for, unit, "
	    "official, task, procedure, relation, provider, provider_for, "
	    "array_to_string(data, E'\\x1f'), case_reference, asked_ms, "
	    "answered_ms, outcome, pia_missing, inquirer_hides, "
	    "provider_hides, article, hop, rule, sequence, "
	    "coalesce(outcome_idx, permit_idx) FROM exchange_record "
	    "WHERE agency = $1 AND asked_ms >= $2 AND asked_ms < $3 "
	    "AND ($4 = 0 OR side = $4) AND ($5 = '' OR local_id = $5) "
	    "AND ($6::uuid IS NULL OR exchange_id = $6) "
	    "ORDER BY asked_ms DESC, exchange_id, side LIMIT $7",
	    &p, &r);
	db_params_free(&p);
	if (e != ERR_NONE)
		return e;
	j->reply = json_pack("{s:[]}", "records");
	for (size_t i = 0; i < r.n; i++)
		json_array_append_new(json_object_get(j->reply, "records"),
		    row_json(&r, i, record_fields, N_FIELDS(record_fields)));
	return db_rows_end(&r);
}

static enum err
records_read(struct db *db, struct store_job **jobs, size_t n)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; e == ERR_NONE && i < n; i++)
		e = records_look(db, (struct look_job *)jobs[i]);
	return e;
}

static const struct store_op records_op = {
    .name = "records", .read = records_read};

enum err
op_records(const struct api_request *r, const char **about)
{
	struct look_job *j = look_new(r, &records_op);
	enum err e = id_take(r, j, about);
	const char *person;

	if (e == ERR_NONE) {
		*about = "person";
		person = api_text(r, "person", 64, &e);
		text_copy(j->person, sizeof(j->person), person);
	}
	if (e != ERR_NONE) {
		free(j);
		return e;
	}
	j->since_ms = api_number(r, "since_ms");
	j->before_ms = api_number(r, "before_ms");
	if (j->before_ms == 0)
		j->before_ms = INT64_MAX;
	j->side = (int64_t)api_number(r, "side");
	j->most = (int64_t)api_number(r, "most");
	if (j->most == 0 || j->most > RECORDS_MOST)
		j->most = RECORDS_MOST;
	store_submit(r->host->store, &j->job);
	return ERR_NONE;
}

/* --- one exchange of ours, with its answer
 * ----------------------------------------- */

static const struct field exchange_fields[] = {
    {"exchange", UUID},
    {"person", TEXT},
    {"state", NUMBER},
    {"outcome", OUTCOME},
    {"hop", TEXT},
    {"rule", TEXT},
    {"citation", TEXT},
    {"ended_ms", NUMBER},
    {"batch", TEXT},
    {"line", NUMBER},
};

static enum err
answer_add(struct buf *parts, struct span bytes)
{
	struct arena a = {0};
	struct payload p;
	enum err e = payload_decode(bytes, &a, &p);

	if (e == ERR_NONE)
		payload_text(&p, parts);
	arena_wipe_free(&a);
	return e;
}

static enum err
exchange_look(struct db *db, struct look_job *j)
{
	struct db_params p = {0};
	struct db_rows r;
	enum err e;

	db_bind_text(&p, j->agency);
	db_bind_uuid(&p, j->id);
	e = db_run(db,
	    "SELECT exchange_id, local_id, state::bigint, outcome::bigint, "
	    "hop, rule, citation, ended_ms, batch, line::bigint, payload "
	    "FROM outgoing WHERE agency = $1 AND exchange_id = $2",
	    &p, &r);
	db_params_free(&p);
	if (e != ERR_NONE)
		return e;
	if (r.n > 0) {
		int column = (int)N_FIELDS(exchange_fields);

		j->reply =
		    row_json(&r, 0, exchange_fields, N_FIELDS(exchange_fields));
		if (!db_null(&r, 0, column))
			e = answer_add(&j->parts, db_bytes(&r, 0, column));
	}
	if (e != ERR_NONE) {
		db_rows_end(&r);
		return e;
	}
	return db_rows_end(&r);
}

static enum err
exchange_read(struct db *db, struct store_job **jobs, size_t n)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; e == ERR_NONE && i < n; i++)
		e = exchange_look(db, (struct look_job *)jobs[i]);
	return e;
}

static const struct store_op exchange_op = {
    .name = "exchange", .read = exchange_read};

enum err
op_exchange(const struct api_request *r, const char **about)
{
	struct look_job *j = look_new(r, &exchange_op);
	enum err e = id_take(r, j, about);

	if (e == ERR_NONE && !j->by_id)
		e = ERR_USAGE;
	if (e != ERR_NONE) {
		free(j);
		return e;
	}
	store_submit(r->host->store, &j->job);
	return ERR_NONE;
}

/* --- permits that wait for an official
 * ------------------------------------------------ */

static const struct field waiting_fields[] = {
    {"exchange", UUID},
    {"inquirer", TEXT},
    {"since_ms", NUMBER},
    {"until_ms", NUMBER},
    {"person", TEXT},
    {"task", TEXT},
    {"unit", TEXT},
    {"data", WORDS},
};

static enum err
waiting_look(struct db *db, struct look_job *j)
{
	struct db_params p = {0};
	struct db_rows r;
	enum err e;

	db_bind_text(&p, j->agency);
	e = db_run(db,
	    "SELECT w.exchange_id, w.inquirer, w.since_ms, w.until_ms, "
	    "r.local_id, r.task, r.unit, array_to_string(r.data, E'\\x1f') "
	    "FROM waiting w LEFT JOIN exchange_record r "
	    "ON r.agency = w.agency AND r.inquirer = w.inquirer "
	    "AND r.exchange_id = w.exchange_id AND r.side = 2 "
	    "WHERE w.agency = $1 ORDER BY w.since_ms",
	    &p, &r);
	db_params_free(&p);
	if (e != ERR_NONE)
		return e;
	j->reply = json_pack("{s:[]}", "waiting");
	for (size_t i = 0; i < r.n; i++)
		json_array_append_new(json_object_get(j->reply, "waiting"),
		    row_json(&r, i, waiting_fields, N_FIELDS(waiting_fields)));
	return db_rows_end(&r);
}

static enum err
waiting_read(struct db *db, struct store_job **jobs, size_t n)
{
	enum err e = ERR_NONE;

	for (size_t i = 0; e == ERR_NONE && i < n; i++)
		e = waiting_look(db, (struct look_job *)jobs[i]);
	return e;
}

static const struct store_op waiting_list_op = {
    .name = "waiting-list", .read = waiting_read};

enum err
op_waiting(const struct api_request *r, const char **about)
{
	store_submit(r->host->store, &look_new(r, &waiting_list_op)->job);
	return ERR_NONE;
}

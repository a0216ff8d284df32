#include "agents/runtime/acquire.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "agents/runtime/api.h"
#include "agents/runtime/ask.h"
#include "agents/runtime/columns.h"
#include "agents/runtime/link.h"
#include "lib/clock.h"
#include "lib/oplog.h"
#include "lib/outcome.h"
#include "lib/text.h"

#define GIVE_UP_MS 60000

/* One acquisition under way. host->acquired finds it by its number. */
struct acquiring {
	struct agency *agency;
	uint8_t number[ID_LEN];
	char local_id[LOCAL_ID_MAX + 1];
	struct buf request; /* holds the My Number until it is sent */
	bool stored;
	uint64_t begun_ms, client, tag;
};

static void
acquiring_free(struct acquiring *q)
{
	buf_wipe_free(&q->request);
	free(q);
}

static void
acquiring_end(struct acquiring *q)
{
	idmap_take(&q->agency->host->acquired, q->number);
	acquiring_free(q);
}

static void
acquiring_fail(struct acquiring *q, enum err e, const char *about)
{
	api_fail(q->agency->host, q->client, q->tag, e, about);
	acquiring_end(q);
}

/* --- begin: store the number, then send it
 * ------------------------------------ */

struct number_job {
	struct store_job job;
	struct agency *agency;
	uint8_t number[ID_LEN];
	char local_id[LOCAL_ID_MAX + 1];
	uint64_t asked_ms;
};

#define N(i) (*(struct number_job *)jobs[i])

/* A second attempt for one person takes the place of the first. */
static void
number_write(struct store_steps *s, struct store_job **jobs, size_t n)
{
	struct db_params *p = store_step(s,
	    "INSERT INTO acquisition (agency, number, local_id, asked_ms) "
	    "SELECT DISTINCT ON (agency, local_id) * FROM unnest($1::text[], "
	    "$2::uuid[], $3::text[], $4::bigint[]) AS u (agency, number, "
	    "local_id, ms) ON CONFLICT (agency, local_id) DO UPDATE "
	    "SET number = excluded.number, asked_ms = excluded.asked_ms");

	TEXTS(p, N(i).agency->code);
	UUIDS(p, N(i).number);
	TEXTS(p, N(i).local_id);
	NUMBERS(p, N(i).asked_ms);
}

static const struct store_op number_op = {
    .name = "acquisition", .order = 5, .write = number_write};

static void
request_send(struct acquiring *q)
{
	enum err e;

	if (!q->stored || q->request.n == 0)
		return;
	e = link_send_registrar(
	    q->agency, FRAME_ACQUISITION_REQUEST, buf_span(&q->request));
	if (e == ERR_NONE)
		buf_wipe_free(&q->request);
}

static void
number_done(struct store_job *job)
{
	struct number_job *j = (struct number_job *)job;
	struct acquiring *q = idmap_find(&j->agency->host->acquired, j->number);

	if (q != NULL && job->err != ERR_NONE) {
		acquiring_fail(q, job->err, NULL);
	} else if (q != NULL) {
		q->stored = true;
		request_send(q);
	}
	free(j);
}

static void
number_submit(const struct acquiring *q)
{
	struct number_job *j = xcalloc(1, sizeof(*j));

	j->job = (struct store_job){.op = &number_op, .done = number_done};
	j->agency = q->agency;
	memcpy(j->number, q->number, ID_LEN);
	text_copy(j->local_id, sizeof(j->local_id), q->local_id);
	j->asked_ms = clock_ms();
	store_submit(q->agency->host->store, &j->job);
}

static void
request_encode(struct acquiring *q, const char *my_number)
{
	struct acquisition_request m = {.version = PROTOCOL_VERSION};

	memcpy(m.acquisition_number, q->number, ID_LEN);
	text_copy(m.my_number, sizeof(m.my_number), my_number);
	acquisition_request_encode(&m, &q->request);
	explicit_bzero(&m, sizeof(m));
}

void
acquire_begin(struct agency *a, const char *local_id, const char *my_number,
    uint64_t client, uint64_t tag)
{
	struct acquiring *q;

	if (a->registrar == NULL) {
		api_fail(a->host, client, tag, ERR_OFFLINE, "registrar");
		return;
	}
	q = xcalloc(1, sizeof(*q));
	q->agency = a;
	q->client = client;
	q->tag = tag;
	q->begun_ms = clock_mono_ms();
	randombytes_buf(q->number, sizeof(q->number));
	text_copy(q->local_id, sizeof(q->local_id), local_id);
	request_encode(q, my_number);
	idmap_add(&a->host->acquired, q->number, q);
	number_submit(q);
}

enum err
acquire_reply(struct agency *a, struct span body)
{
	struct acquisition_reply m;
	struct acquiring *q;
	enum err e = acquisition_reply_decode(body, &a->host->arena, &m);

	if (e != ERR_NONE)
		return e;
	q = idmap_find(&a->host->acquired, m.acquisition_number);
	if (q == NULL || q->agency != a)
		return ERR_NONE;
	if (m.error[0] != '\0')
		acquiring_fail(q, err_from_code(m.error), "registrar");
	else if (m.outcome == OUTCOME_NO_RESIDENT) {
		api_reply(a->host, q->client, q->tag,
		    json_pack(
			"{s:s}", "outcome", outcome_code(OUTCOME_NO_RESIDENT)));
		acquiring_end(q);
	}
	return ERR_NONE;
}

/* --- the code
 * -------------------------------------------------------------------- */

struct code_store_job {
	struct store_job job;
	struct agency *agency;
	uint8_t number[ID_LEN];
	bool issued; /* else it was there already */
	uint32_t epoch, outcome;
	uint8_t code[CODE_LEN];
	uint64_t acquired_ms;
};

#define C(i) (*(struct code_store_job *)jobs[i])

static void
code_store_write(struct store_steps *s, struct store_job **jobs, size_t n)
{
	struct db_params *p = store_step(s,
	    "INSERT INTO person (agency, local_id, code, suite, epoch, "
	    "acquired_ms) SELECT u.agency, a.local_id, u.code, 1, u.epoch, "
	    "u.ms FROM unnest($1::text[], $2::uuid[], $3::bytea[], $4::int[], "
	    "$5::bigint[], $6::bool[]) AS u (agency, number, code, epoch, ms, "
	    "issued) JOIN acquisition a ON a.agency = u.agency "
	    "AND a.number = u.number WHERE u.issued "
	    "ON CONFLICT (agency, local_id) DO UPDATE SET "
	    "code = excluded.code, suite = excluded.suite, "
	    "epoch = excluded.epoch, acquired_ms = excluded.acquired_ms");

	TEXTS(p, C(i).agency->code);
	UUIDS(p, C(i).number);
	BLOBS(p, SPAN(C(i).code));
	INTS(p, C(i).epoch);
	NUMBERS(p, C(i).acquired_ms);
	BOOLS(p, C(i).issued);
	p = store_step(s,
	    "DELETE FROM acquisition a USING unnest($1::text[], $2::uuid[]) "
	    "AS u (agency, number) WHERE a.agency = u.agency "
	    "AND a.number = u.number");
	TEXTS(p, C(i).agency->code);
	UUIDS(p, C(i).number);
}

static const struct store_op code_store_op = {
    .name = "code-store", .order = 6, .write = code_store_write};

static void
ack_send(struct agency *a, const uint8_t number[static ID_LEN])
{
	struct code_ack m;
	struct buf body = {0};

	memcpy(m.acquisition_number, number, ID_LEN);
	code_ack_encode(&m, &body);
	link_send(a, FRAME_CODE_ACK, buf_span(&body));
	buf_free(&body);
}

static void
code_store_done(struct store_job *job)
{
	struct code_store_job *j = (struct code_store_job *)job;
	struct agency *a = j->agency;
	struct acquiring *q = idmap_find(&a->host->acquired, j->number);

	/* without our word the broker sends the code again */
	if (job->err == ERR_NONE) {
		a->counters[COUNT_CODES]++;
		ack_send(a, j->number);
	}
	if (q != NULL && job->err != ERR_NONE) {
		acquiring_fail(q, job->err, NULL);
	} else if (q != NULL) {
		enum outcome o = (enum outcome)j->outcome;

		api_reply(a->host, q->client, q->tag,
		    json_pack("{s:s, s:s, s:s}", "outcome", outcome_code(o),
			"text", outcome_sentence(o), "text_ja",
			outcome_sentence_ja(o)));
		acquiring_end(q);
	}
	explicit_bzero(j->code, sizeof(j->code));
	free(j);
}

static enum err
notice_code_open(
    struct agency *a, const struct code_notice *m, struct code_store_job *j)
{
	struct seal_channel *c = seal_ring_find(
	    a->ring, a->code, a->host->vault_point, SEAL_FROM_VAULT);
	struct buf ad = {0};
	enum err e;

	if (!m->has_person || m->person.suite != SEAL_SUITE || c == NULL)
		return ERR_VERSION;
	seal_ad_issue(&ad, a->code, m->acquisition_number);
	e = seal_open_code(
	    c, m->person.data, buf_span(&ad), &j->epoch, j->code);
	buf_free(&ad);
	return e;
}

static enum err
notice_check(
    struct agency *a, const struct code_notice *m, struct code_store_job *j)
{
	struct proved at;
	enum err e = held_prove(
	    &a->host->held, &a->line, &m->entry, &a->host->arena, &at);

	if (e != ERR_NONE)
		return e;
	if (at.entry.type != ENTRY_ISSUE || at.entry.outcome != m->outcome ||
	    strcmp(at.entry.inquirer, a->code) != 0)
		return ERR_NOT_YOURS;
	if (m->outcome == OUTCOME_ALREADY)
		return ERR_NONE;
	if (m->outcome != OUTCOME_ISSUED)
		return ERR_MALFORMED;
	j->issued = true;
	return notice_code_open(a, m, j);
}

enum err
acquire_notice(struct agency *a, struct span body)
{
	struct code_notice m;
	struct code_store_job *j;
	enum err e = code_notice_decode(body, &a->host->arena, &m);

	if (e != ERR_NONE)
		return e;
	j = xcalloc(1, sizeof(*j));
	j->job =
	    (struct store_job){.op = &code_store_op, .done = code_store_done};
	j->agency = a;
	j->outcome = m.outcome;
	j->acquired_ms = clock_ms();
	memcpy(j->number, m.acquisition_number, ID_LEN);
	e = notice_check(a, &m, j);
	if (e != ERR_NONE) {
		explicit_bzero(j->code, sizeof(j->code));
		free(j);
		return e;
	}
	store_submit(a->host->store, &j->job);
	return ERR_NONE;
}

/* --- in between
 * ------------------------------------------------------------------- */

void
acquire_resume(struct agency *a)
{
	struct acquiring *q;

	for (size_t at = 0; (q = idmap_next(&a->host->acquired, &at)) != NULL;)
		if (q->agency == a)
			request_send(q);
}

void
acquire_maintain(struct host *h)
{
	uint64_t now = clock_mono_ms();
	struct acquiring *q;

	for (size_t at = 0; (q = idmap_next(&h->acquired, &at)) != NULL;) {
		if (now - q->begun_ms > GIVE_UP_MS)
			acquiring_fail(q, ERR_TIMEOUT, NULL);
		else
			request_send(q);
	}
}

void
acquire_free_all(struct host *h)
{
	struct acquiring *q;

	for (size_t at = 0; (q = idmap_next(&h->acquired, &at)) != NULL;)
		acquiring_free(q);
}

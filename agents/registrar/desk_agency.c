/* Acquisition requests: My Number in, sealed resident code out. */
#include "agents/registrar/desk_parts.h"
#include "lib/clock.h"
#include "lib/crashpoint.h"
#include "lib/oplog.h"
#include "lib/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* One request of a batch, and what becomes of it. */
struct asked {
	uint32_t route;
	char agency[PARTY_MAX + 1];
	struct acquisition_request q; /* holds a My Number: wiped */
	enum err err;
	enum outcome outcome;
	bool done; /* err and outcome are final */
	bool silent;
	char resident_code[RESIDENT_CODE_LEN + 1];
};

void
desk_reply(struct desk *d, uint32_t route, const uint8_t number[static ID_LEN],
    enum outcome o, enum err e)
{
	struct acquisition_reply r = {.outcome = o};
	struct buf body = {0}, frame = {0};

	memcpy(r.acquisition_number, number, ID_LEN);
	if (e != ERR_NONE)
		text_copy(r.error, sizeof(r.error), err_code(e));
	acquisition_reply_encode(&r, &body);
	frame_wrap(FRAME_ACQUISITION_REPLY, buf_span(&body), &frame);
	if (route != 0)
		zsock_send_take(d->agencies, route, &frame);
	buf_free(&body);
	buf_free(&frame);
}

static void
finish(struct asked *a, enum outcome o, enum err e)
{
	a->done = true;
	a->outcome = o;
	a->err = e;
}

/* --- reading one batch off the socket --- */

static void
hello_answer(struct desk *d, const struct zmsg *m)
{
	struct hello_reply r = {.version = 1, .time_ms = clock_ms()};
	struct buf body = {0}, frame = {0};

	text_copy(r.party, sizeof(r.party), m->party);
	hello_reply_encode(&r, &body);
	frame_wrap(FRAME_HELLO_REPLY, buf_span(&body), &frame);
	zsock_send_take(d->agencies, m->route, &frame);
	buf_free(&body);
	buf_free(&frame);
}

static void
frame_refuse(struct desk *d, const struct zmsg *m, enum err e)
{
	struct refusal r = {0};
	struct buf body = {0}, frame = {0};

	d->bad_frames++;
	oplog(OPLOG_WARN, "frame-refused", LOG_TEXT("party", m->party),
	    LOG_ERR(e));
	text_copy(r.error, sizeof(r.error), err_code(e));
	text_copy(r.hop, sizeof(r.hop), "registrar");
	refusal_encode(&r, &body);
	frame_wrap(FRAME_REFUSAL, buf_span(&body), &frame);
	zsock_send_take(d->agencies, m->route, &frame);
	buf_free(&body);
	buf_free(&frame);
}

/* True if the message was a request, which is then in *a. */
static bool
message_take(struct desk *d, struct zmsg *m, struct asked *a)
{
	struct frame frame;
	enum err e;

	arena_reset(&d->arena);
	e = frame_open(zmsg_span(m), &d->arena, &frame);
	if (e == ERR_NONE && frame.kind == FRAME_HELLO) {
		hello_answer(d, m);
		return false;
	}
	if (e == ERR_NONE && frame.kind != FRAME_ACQUISITION_REQUEST)
		e = ERR_MALFORMED;
	memset(a, 0, sizeof(*a));
	if (e == ERR_NONE)
		e = acquisition_request_decode(frame.body, &d->arena, &a->q);
	if (e == ERR_NONE && a->q.version != 1)
		e = ERR_VERSION;
	if (e != ERR_NONE) {
		frame_refuse(d, m, e);
		return false;
	}
	a->route = m->route;
	text_copy(a->agency, sizeof(a->agency), m->party);
	return true;
}

static size_t
batch_take(struct desk *d, struct asked *batch)
{
	struct zmsg m = {0};
	size_t n = 0;
	enum err e = ERR_NONE;

	while (n < DESK_BATCH && e != ERR_TIMEOUT) {
		e = zsock_recv(d->agencies, &m);
		if (e == ERR_NONE && message_take(d, &m, &batch[n]))
			n++;
	}
	zmsg_close(&m);
	return n;
}

/* --- what is decided about each --- */

static void
asker_check(struct desk *d, struct asked *a)
{
	const struct party *p = directory_find(d->directory, a->agency);

	if (p == NULL || (p->role != PARTY_AGENCY && p->role != PARTY_PORTAL))
		finish(a, 0, ERR_NOT_YOURS);
	else if (party_check(p, clock_ms()) != ERR_NONE)
		finish(a, 0, party_check(p, clock_ms()));
	else if (!my_number_valid(a->q.my_number))
		finish(a, 0, ERR_MALFORMED);
	else if (d->n_errands + DESK_BATCH > DESK_WINDOW)
		finish(a, 0, ERR_BUSY);
}

/* A number twice in one batch: an impatient retry, or another's number. */
static void
repeats_check(struct asked *batch, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; !batch[i].done && j < i; j++)
			if (memcmp(batch[i].q.acquisition_number,
				batch[j].q.acquisition_number, ID_LEN) == 0) {
				batch[i].silent = strcmp(batch[i].agency,
						      batch[j].agency) == 0;
				finish(&batch[i], 0, ERR_DUPLICATE);
			}
}

/* Stored before: the same request goes out again, whatever it asks now. */
static void
known_answer(struct desk *d, struct asked *a, const struct acquisition *known)
{
	if (strcmp(known->agency, a->agency) != 0) {
		finish(a, 0, ERR_DUPLICATE);
		return;
	}
	finish(a, OUTCOME_ISSUED, ERR_NONE);
	if (!desk_has_errand(d, known->number))
		desk_errand_add(
		    d, known->number, a->route, buf_span(&known->request));
}

static enum err
known_check(struct desk *d, struct asked *batch, size_t n)
{
	const uint8_t *numbers[DESK_BATCH];
	struct acquisition *known;
	size_t n_known;
	enum err e;

	for (size_t i = 0; i < n; i++)
		numbers[i] = batch[i].q.acquisition_number;
	e = register_begun(d->db, numbers, n, &known, &n_known);
	for (size_t k = 0; e == ERR_NONE && k < n_known; k++)
		for (size_t i = 0; i < n; i++)
			if (!batch[i].done &&
			    memcmp(numbers[i], known[k].number, ID_LEN) == 0)
				known_answer(d, &batch[i], &known[k]);
	if (e == ERR_NONE)
		acquisitions_free(known, n_known);
	return e;
}

static enum err
residents_find(struct desk *d, struct asked *batch, size_t n)
{
	struct register_match m[DESK_BATCH];
	size_t at[DESK_BATCH], open = 0;
	enum err e = ERR_NONE;

	for (size_t i = 0; i < n; i++)
		if (!batch[i].done) {
			m[open].my_number = batch[i].q.my_number;
			at[open++] = i;
		}
	if (open > 0)
		e = register_find(d->db, m, open);
	for (size_t i = 0; e == ERR_NONE && i < open; i++) {
		struct asked *a = &batch[at[i]];

		if (!m[i].found)
			finish(a, OUTCOME_NO_RESIDENT, ERR_NONE);
		else if (m[i].changing)
			finish(a, 0, ERR_BUSY);
		memcpy(a->resident_code, m[i].resident_code,
		    sizeof(a->resident_code));
	}
	explicit_bzero(m, sizeof(m));
	return e;
}

/* --- passing on: CodeRequests, sealed, signed together, stored, sent --- */

static enum err
request_write(struct desk *d, const struct asked *a, struct buf *body)
{
	struct code_request q = {.version = 1, .time_ms = clock_ms()};
	struct seal_channel *c =
	    seal_ring_find(d->ring, d->self->code, d->vault, SEAL_TO_VAULT);
	struct buf ad = {0}, sealed = {0};
	enum err e = c != NULL ? ERR_NONE : ERR_KEY;

	memcpy(q.acquisition_number, a->q.acquisition_number, ID_LEN);
	text_copy(q.agency, sizeof(q.agency), a->agency);
	seal_ad_resident(&ad, q.agency, q.acquisition_number);
	if (e == ERR_NONE)
		e = seal_resident(c, a->resident_code, buf_span(&ad), &sealed);
	q.resident = (struct person_ref){
	    SEAL_SUITE, PERSON_RESIDENT_CODE, buf_span(&sealed)};
	if (e == ERR_NONE)
		code_request_encode(&q, body);
	buf_free(&ad);
	buf_free(&sealed);
	return e;
}

/* What is open in the batch, as rows ready to be stored; *n of them. */
static enum err
requests_sign(struct desk *d, struct asked *batch, size_t n,
    struct acquisition *rows, size_t *at, size_t *n_rows)
{
	struct envelope_item items[DESK_BATCH];
	struct buf bodies[DESK_BATCH] = {0}, out[DESK_BATCH] = {0};
	size_t open = 0;
	enum err e = ERR_NONE;

	for (size_t i = 0; e == ERR_NONE && i < n; i++) {
		if (batch[i].done)
			continue;
		e = request_write(d, &batch[i], &bodies[open]);
		items[open] = (struct envelope_item){
		    "code-request", buf_span(&bodies[open])};
		at[open++] = i;
	}
	if (e == ERR_NONE && open > 0)
		e = envelope_sign(d->sign, d->self->code, items, open, out);
	for (size_t i = 0; i < open; i++) {
		struct asked *a = &batch[at[i]];

		memcpy(rows[i].number, a->q.acquisition_number, ID_LEN);
		text_copy(rows[i].agency, sizeof(rows[i].agency), a->agency);
		rows[i].asked_ms = clock_ms();
		rows[i].request = out[i];
		buf_free(&bodies[i]);
	}
	*n_rows = open;
	return e;
}

static enum err
pass_on(struct desk *d, struct asked *batch, size_t n)
{
	struct acquisition *rows = xcalloc(DESK_BATCH, sizeof(*rows));
	size_t at[DESK_BATCH], open = 0;
	enum err e = requests_sign(d, batch, n, rows, at, &open);

	if (e == ERR_NONE && open > 0)
		e = register_begin(d->db, rows, open);
	if (e == ERR_NONE && open > 0)
		crash_point("registrar.after_request");
	for (size_t i = 0; e == ERR_NONE && i < open; i++) {
		struct asked *a = &batch[at[i]];

		finish(a, OUTCOME_ISSUED, ERR_NONE);
		desk_errand_add(
		    d, rows[i].number, a->route, buf_span(&rows[i].request));
	}
	acquisitions_free(rows, open);
	return e;
}

static void
batch_serve(struct desk *d, struct asked *batch, size_t n)
{
	enum err e = desk_database(d) ? ERR_NONE : ERR_DATABASE;

	for (size_t i = 0; i < n; i++)
		asker_check(d, &batch[i]);
	repeats_check(batch, n);
	if (e == ERR_NONE)
		e = known_check(d, batch, n);
	if (e == ERR_NONE)
		e = residents_find(d, batch, n);
	if (e == ERR_NONE)
		e = pass_on(d, batch, n);
	for (size_t i = 0; i < n; i++) {
		struct asked *a = &batch[i];

		if (!a->done)
			finish(a, 0, e);
		if (a->err != ERR_NONE)
			d->refused++;
		if (!a->silent)
			desk_reply(d, a->route, a->q.acquisition_number,
			    a->outcome, a->err);
	}
	d->asked += n;
}

void
desk_agencies(struct desk *d)
{
	static struct asked batch[DESK_BATCH];
	size_t n = batch_take(d, batch);

	if (n > 0)
		batch_serve(d, batch, n);
	/* My Numbers and resident codes do not outlive their batch */
	explicit_bzero(batch, n * sizeof(batch[0]));
	arena_wipe_free(&d->arena);
}

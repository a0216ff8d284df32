/* The registrar as a party of the broker: requests out, notices in. */
#include "agents/registrar/desk_parts.h"
#include "lib/clock.h"
#include "lib/crashpoint.h"
#include "lib/oplog.h"
#include "lib/text.h"

#include <assert.h>
#include <string.h>

#define HELLO_REGISTRAR 2 /* Hello.role */

static enum err
frame_send(struct desk *d, enum frame_kind kind, struct span body)
{
	struct buf frame = {0};
	enum err e;

	frame_wrap(kind, body, &frame);
	e = zsock_send_take(d->broker, 0, &frame);
	buf_free(&frame);
	return e;
}

static void
greet(struct desk *d)
{
	struct hello h = {.version = 1, .role = HELLO_REGISTRAR};
	struct buf body = {0};

	text_copy(h.software, sizeof(h.software), "renkei-registrar");
	hello_encode(&h, &body);
	if (frame_send(d, FRAME_HELLO, buf_span(&body)) == ERR_NONE)
		d->line = DESK_GREETING;
	buf_free(&body);
}

/* --- errands --- */

static size_t
errand_find(const struct desk *d, const uint8_t *number)
{
	size_t i = 0;

	while (i < d->n_errands &&
	       memcmp(d->errands[i].number, number, ID_LEN) != 0)
		i++;
	return i;
}

bool
desk_has_errand(const struct desk *d, const uint8_t number[static ID_LEN])
{
	return errand_find(d, number) < d->n_errands;
}

static void
errand_send(struct desk *d, struct errand *e)
{
	if (d->line != DESK_UP)
		return;
	if (frame_send(d, FRAME_CODE_REQUEST, buf_span(&e->request)) ==
	    ERR_NONE)
		e->sent_ms = clock_mono_ms();
}

void
desk_errand_add(struct desk *d, const uint8_t number[static ID_LEN],
    uint32_t route, struct span request)
{
	struct errand *e = &d->errands[d->n_errands++];

	assert(d->n_errands <= DESK_WINDOW);
	memset(e, 0, sizeof(*e));
	memcpy(e->number, number, ID_LEN);
	e->route = route;
	buf_add(&e->request, request.p, request.n);
	errand_send(d, e);
	crash_point("registrar.after_forward");
}

static void
errand_drop(struct desk *d, size_t i)
{
	buf_free(&d->errands[i].request);
	d->errands[i] = d->errands[--d->n_errands];
}

/* A page of what an earlier life, or a broken connection, left open. */
static void
replay(struct desk *d)
{
	struct acquisition *a;
	size_t room = DESK_WINDOW - d->n_errands, n;

	if (room < 2 * DESK_BATCH || !desk_database(d))
		return;
	room -= DESK_BATCH;
	if (register_open(d->db, d->replay_ms, d->replay_number, room, &a,
		&n) != ERR_NONE)
		return;
	for (size_t i = 0; i < n; i++)
		if (!desk_has_errand(d, a[i].number))
			desk_errand_add(
			    d, a[i].number, 0, buf_span(&a[i].request));
	if (n > 0) {
		d->replay_ms = a[n - 1].asked_ms;
		memcpy(d->replay_number, a[n - 1].number, ID_LEN);
	}
	d->replaying = n == room;
	acquisitions_free(a, n);
}

/* --- changes of resident code: one at a time, oldest first --- */

static enum err
code_seal(struct desk *d, const struct change *c, bool old, struct buf *out)
{
	struct seal_channel *ch =
	    seal_ring_find(d->ring, d->self->code, d->vault, SEAL_TO_VAULT);
	struct buf ad = {0};
	enum err e = ch != NULL ? ERR_NONE : ERR_KEY;

	seal_ad_change(&ad, old, c->id);
	if (e == ERR_NONE)
		e = seal_resident(
		    ch, old ? c->old_code : c->new_code, buf_span(&ad), out);
	buf_free(&ad);
	return e;
}

static enum err
change_send(struct desk *d, const struct change *c)
{
	struct resident_change m = {.version = 1, .time_ms = clock_ms()};
	struct buf before = {0}, after = {0}, body = {0}, envelope = {0};
	struct envelope_item item = {.type = "resident-change"};
	enum err e = code_seal(d, c, true, &before);

	if (e == ERR_NONE)
		e = code_seal(d, c, false, &after);
	memcpy(m.change_id, c->id, ID_LEN);
	m.old_resident = (struct person_ref){
	    SEAL_SUITE, PERSON_RESIDENT_CODE, buf_span(&before)};
	m.new_resident = (struct person_ref){
	    SEAL_SUITE, PERSON_RESIDENT_CODE, buf_span(&after)};
	if (e == ERR_NONE) {
		resident_change_encode(&m, &body);
		item.body = buf_span(&body);
		e = envelope_sign(d->sign, d->self->code, &item, 1, &envelope);
	}
	if (e == ERR_NONE)
		e = frame_send(d, FRAME_RESIDENT_CHANGE, buf_span(&envelope));
	buf_free(&before);
	buf_free(&after);
	buf_free(&body);
	buf_free(&envelope);
	return e;
}

static void
announce(struct desk *d)
{
	struct change c;

	if (d->announcing && clock_mono_ms() - d->announced_ms < DESK_AGAIN_MS)
		return;
	if (!desk_database(d) || register_changing(d->db, &c) != ERR_NONE)
		return;
	if (change_send(d, &c) == ERR_NONE) {
		d->announcing = true;
		d->announced_ms = clock_mono_ms();
		memcpy(d->change_id, c.id, ID_LEN);
	}
	explicit_bzero(&c, sizeof(c));
}

/* A second announcement of a change that took meets its own alias row. */
static void
change_notice(struct desk *d, const struct registrar_notice *n)
{
	enum err e = err_from_code(n->error);

	d->announcing = false;
	if (n->error[0] == '\0' || e == ERR_DUPLICATE) {
		if (register_confirm(d->db, n->id) == ERR_NONE)
			d->changes++;
		d->announced_ms = 0;
		announce(d); /* the next one */
		return;
	}
	oplog(OPLOG_WARN, "change-refused", LOG_TEXT("error", n->error));
	d->announcing = true; /* again, but not at once */
	d->announced_ms = clock_mono_ms();
}

/* --- notices --- */

/* What will be otherwise later is asked again; what will not is over. */
static bool
passes(enum err e)
{
	return e == ERR_BUSY || e == ERR_DATABASE || e == ERR_OFFLINE ||
	       e == ERR_TIMEOUT;
}

static void
request_notice(struct desk *d, const struct registrar_notice *n)
{
	size_t i = errand_find(d, n->id);
	enum err e = n->error[0] != '\0' ? err_from_code(n->error) : ERR_NONE;

	if (e != ERR_NONE && passes(e))
		return;
	if (e != ERR_NONE) {
		oplog(OPLOG_WARN, "code-request-refused", LOG_ERR(e));
		if (i < d->n_errands)
			desk_reply(d, d->errands[i].route, n->id, 0, e);
		d->refused++;
	} else if (i < d->n_errands) {
		d->issued++;
	}
	if (i < d->n_errands)
		errand_drop(d, i);
	if (e != ERR_NONE || n->acknowledged)
		memcpy(d->ended[d->n_ended++], n->id, ID_LEN);
	crash_point("registrar.after_notice");
}

static void
notice_take(struct desk *d, struct span body)
{
	struct registrar_notice n;
	enum err e = registrar_notice_decode(body, &d->arena, &n);

	if (e != ERR_NONE)
		oplog(OPLOG_WARN, "notice-refused", LOG_ERR(e));
	else if (d->announcing && memcmp(n.id, d->change_id, ID_LEN) == 0)
		change_notice(d, &n);
	else
		request_notice(d, &n);
}

static void
frame_take(struct desk *d, const struct frame *f)
{
	switch (f->kind) {
	case FRAME_HELLO_REPLY:
		d->line = DESK_UP;
		oplog(OPLOG_INFO, "broker-up");
		d->replaying = true;
		d->replay_ms = 0;
		memset(d->replay_number, 0, ID_LEN);
		for (size_t i = 0; i < d->n_errands; i++)
			errand_send(d, &d->errands[i]);
		break;
	case FRAME_REGISTRAR_NOTICE:
		notice_take(d, f->body);
		break;
	case FRAME_BUSY: /* what it did not take is due again soon */
		break;
	default:
		oplog(OPLOG_WARN, "frame-unexpected",
		    LOG_TEXT("kind", frame_name(f->kind)));
	}
}

static void
events_take(struct desk *d)
{
	enum zevent v;

	while ((v = zsock_event(d->broker)) != ZEVENT_NONE) {
		if (v == ZEVENT_UP) {
			greet(d);
			continue;
		}
		if (d->line != DESK_DOWN)
			oplog(OPLOG_WARN, "broker-down");
		if (v == ZEVENT_REJECTED)
			oplog(OPLOG_ERROR, "broker-rejects-our-key");
		d->line = DESK_DOWN;
		d->announcing = false;
	}
}

/* What is not forgotten now is when its 24 h are over. */
static void
ended_forget(struct desk *d)
{
	const uint8_t *numbers[4 * DESK_BATCH];

	for (size_t i = 0; i < d->n_ended; i++)
		numbers[i] = d->ended[i];
	if (d->n_ended > 0 && desk_database(d))
		register_end(d->db, numbers, d->n_ended);
	d->n_ended = 0;
}

void
desk_broker(struct desk *d)
{
	struct zmsg m = {0};
	enum err e;

	events_take(d);
	for (int i = 0; i < 4 * DESK_BATCH; i++) {
		struct frame f;

		e = zsock_recv(d->broker, &m);
		if (e == ERR_TIMEOUT)
			break;
		arena_reset(&d->arena);
		if (e == ERR_NONE)
			e = frame_open(zmsg_span(&m), &d->arena, &f);
		if (e == ERR_NONE)
			frame_take(d, &f);
		else
			oplog(OPLOG_WARN, "broker-frame", LOG_ERR(e));
	}
	zmsg_close(&m);
	ended_forget(d);
}

/* --- once a second --- */

#define TICK_MS 500
#define EXPIRE_MS 60000

static void
expire(struct desk *d)
{
	uint64_t gone = 0;

	if (register_expire(d->db, clock_ms() - ACQUISITION_MS, &gone) !=
	    ERR_NONE)
		return;
	d->expired_ms = clock_mono_ms();
	if (gone > 0)
		oplog(OPLOG_INFO, "numbers-expired", LOG_NUMBER("n", gone));
}

void
desk_tick(struct desk *d)
{
	uint64_t now = clock_mono_ms();

	if (now - d->ticked_ms < TICK_MS)
		return;
	d->ticked_ms = now;
	if (!desk_database(d))
		return;
	if (d->expired_ms == 0 || now - d->expired_ms >= EXPIRE_MS)
		expire(d);
	if (d->line != DESK_UP)
		return;
	for (size_t i = 0; i < d->n_errands; i++)
		if (now - d->errands[i].sent_ms >= DESK_AGAIN_MS)
			errand_send(d, &d->errands[i]);
	if (d->replaying)
		replay(d);
	announce(d);
}

/*
 * Bad input to a broker, one test a line, real processes, sockets, PostgreSQL.
 * Each: refused with its code, in the statutory log only where the law wants a
 * record, and an honest exchange right after goes through.
 *
 * Elsewhere: a permit on a fork and other lies of a broker (test_hostilefront),
 * files and databases that are wrong at start (test_hostilestart), what a front
 * may try on the signer (tests/unit/broker/test_signer: two roots of one size,
 * an unendorsed leaf, a shorter tree).
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/envelope.h"
#include "lib/sha256.h"
#include "lib/uuid.h"
#include "tests/flow/scene.h"
#include "tests/unit/suite.h"

static struct scene s;

/* ---- making wrong things --------------------------------------------------
 */

static void
varint_put(struct buf *b, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		buf_add_u8(b, (uint8_t)(v | 0x80));
	buf_add_u8(b, (uint8_t)v);
}

/* One more field of bytes at the end of a message. */
static void
field_put(struct buf *b, unsigned number, const void *p, size_t n)
{
	varint_put(b, number << 3 | 2);
	varint_put(b, n);
	buf_add(b, p, n);
}

/* A lawful question of nenkin's as the bytes of its body. */
static void
body_make(struct buf *body)
{
	struct buf sealed = {0};
	struct inquiry inq;

	actor_inquiry(s.nenkin, &s.row_73, &sealed, &inq);
	inquiry_encode(&inq, body);
	buf_free(&sealed);
}

static void
body_send(const struct buf *body)
{
	actor_send(s.nenkin, FRAME_INQUIRY, "inquiry", buf_span(body));
}

static void
envelope_make(struct buf *envelope)
{
	struct buf body = {0};

	body_make(&body);
	actor_sign(s.nenkin, "inquiry", buf_span(&body), envelope);
	buf_free(&body);
}

/* The unit's text in a body is overwritten with as many other bytes. */
static void
unit_overwrite(struct buf *body, const char bytes[static 9])
{
	uint8_t *at = memmem(body->p, body->n, "試験係", 9);

	CU_ASSERT_PTR_NOT_NULL_FATAL(at);
	memcpy(at, bytes, 9);
}

/* ---- that nothing came of it ----------------------------------------------
 */

static long entries_before;

static void
watch(void)
{
	scene_drain(s.nenkin);
	scene_drain(s.city);
	scene_drain(s.kyokai);
	scene_drain(s.registrar);
	entries_before = scene_entries(&s, 0);
}

/* In no log, and everything goes on. */
static void
unharmed(void)
{
	CU_ASSERT_EQUAL(scene_entries(&s, 0), entries_before);
	scene_honest(&s);
}

/* One refusal more is in the log, and everything goes on. */
static void
recorded(enum outcome want)
{
	struct said said = scene_refusal(s.nenkin);

	CU_ASSERT_EQUAL(said.outcome, want);
	CU_ASSERT_TRUE(said.logged);
	CU_ASSERT_EQUAL(scene_entries(&s, 0), entries_before + 1);
	scene_honest(&s);
}

static void
body_refused(const struct buf *body, const char *error)
{
	watch();
	body_send(body);
	scene_refused(s.nenkin, error);
	unharmed();
}

static void
envelope_refused(const struct buf *envelope, const char *error)
{
	watch();
	raw_send_frame(s.nenkin->raw, FRAME_INQUIRY, buf_span(envelope));
	scene_refused(s.nenkin, error);
	unharmed();
}

/* ---- frames ---------------------------------------------------------------
 */

static void
party_unknown_to_zap(void)
{
	struct raw *stranger = raw_dial(s.w, NULL);

	watch();
	CU_ASSERT_FALSE(raw_connected(stranger, 1000));
	CU_ASSERT_FALSE(raw_try_send(stranger, span_str("hello?")));
	raw_close(stranger);
	unharmed();
}

static void
too_long_for_the_transport(void)
{
	struct buf big = {0};
	struct raw *r = raw_hello(s.w, "kyokai");
	bool went = false;

	memset(buf_grow(&big, PROVISION_FRAME_MAX + 4096), 7,
	    PROVISION_FRAME_MAX + 4096);
	watch();
	raw_send(r, buf_span(&big));
	for (int i = 0; i < 100 && !went; i++) {
		process_sleep_ms(10);
		went = !raw_connected(r, 0) || raw_came_up(r);
	}
	CU_ASSERT_TRUE(went); /* dropped by libzmq before it took the bytes */
	raw_close(r);
	buf_free(&big);
	unharmed();
}

/* Padded by a field that is there twice: only the last one counts. */
static void
too_long_for_its_kind(void)
{
	struct buf body = {0}, envelope = {0};
	uint8_t pad[3000];

	memset(pad, 'x', sizeof pad);
	for (size_t n = 0; n < 60000; n += sizeof pad)
		field_put(&envelope, 1, pad, sizeof pad);
	body_make(&body);
	actor_sign(s.nenkin, "inquiry", buf_span(&body), &envelope);
	CU_ASSERT(envelope.n < FRAME_MAX - 100);
	envelope_refused(&envelope, "too-long");
	buf_free(&envelope);
	buf_free(&body);
}

/* As long as it may be, it still fits into a permit. */
static void
as_long_as_allowed(void)
{
	struct buf envelope = {0}, body = {0};
	uint8_t pad[1000] = {0};
	struct frame f;

	while (envelope.n < INQUIRY_MAX - 2100)
		field_put(&envelope, 1, pad, sizeof pad);
	body_make(&body);
	actor_sign(s.nenkin, "inquiry", buf_span(&body), &envelope);
	CU_ASSERT(envelope.n < INQUIRY_MAX - 16);
	watch();
	raw_send_frame(s.nenkin->raw, FRAME_INQUIRY, buf_span(&envelope));
	CU_ASSERT_TRUE_FATAL(
	    raw_await(s.city->raw, FRAME_PERMIT, SCENE_WAIT_MS, &f));
	CU_ASSERT(f.body.n > INQUIRY_MAX - 4000);
	struct buf permit = {0};
	buf_add(&permit, f.body.p, f.body.n);
	scene_settle(&s, &permit);
	scene_honest(&s);
	buf_free(&permit);
	buf_free(&envelope);
	buf_free(&body);
}

static void
text_too_long(void)
{
	struct buf body = {0};
	char text[300];

	memset(text, 'u', sizeof text);
	body_make(&body);
	field_put(&body, 5, text, sizeof text);
	body_refused(&body, "too-long");
	buf_free(&body);
}

/* Cut at every byte: as many refusals as frames, and nothing else. */
static void
truncated_anywhere(void)
{
	struct buf envelope = {0}, frame = {0};
	size_t refusals = 0, other = 0;
	struct frame f;

	envelope_make(&envelope);
	frame_wrap(FRAME_INQUIRY, buf_span(&envelope), &frame);
	watch();
	for (size_t n = 0; n < frame.n; n++)
		raw_send(s.nenkin->raw, span_of(frame.p, n));
	while (refusals < frame.n &&
	       raw_receive(s.nenkin->raw, SCENE_WAIT_MS, &f)) {
		refusals += f.kind == FRAME_REFUSAL;
		other += f.kind != FRAME_REFUSAL;
	}
	CU_ASSERT_EQUAL(refusals, frame.n);
	CU_ASSERT_EQUAL(other, 0);
	unharmed();
	buf_free(&frame);
	buf_free(&envelope);
}

/* The same inside a frame that is whole. */
static void
envelope_truncated_anywhere(void)
{
	struct buf envelope = {0};
	size_t refusals = 0;
	struct frame f;

	envelope_make(&envelope);
	watch();
	/* one by one: where the body is whole, a second would be a retry */
	for (size_t n = 0; n < envelope.n; n++) {
		raw_send_frame(
		    s.nenkin->raw, FRAME_INQUIRY, span_of(envelope.p, n));
		refusals +=
		    raw_await(s.nenkin->raw, FRAME_REFUSAL, SCENE_WAIT_MS, &f);
	}
	CU_ASSERT_EQUAL(refusals, envelope.n);
	unharmed();
	buf_free(&envelope);
}

static void
nested_groups(void)
{
	struct buf deep = {0};

	memset(buf_grow(&deep, 30000), 0x0b, 30000); /* groups in groups */
	envelope_refused(&deep, "malformed");
	buf_free(&deep);
}

static void
nested_messages(void)
{
	struct buf deep = {0}, outer = {0};

	for (int i = 0; i < 2000; i++) {
		field_put(&outer, 1, deep.p, deep.n);
		buf_free(&deep);
		deep = outer;
		outer = (struct buf){0};
	}
	/* bytes in bytes: the envelope's body, and nothing else there */
	envelope_refused(&deep, "truncated");
	buf_free(&deep);
}

static void
text_not_utf8(void)
{
	struct buf body = {0};

	body_make(&body);
	unit_overwrite(&body, "\xe8\xa9\xff\xfe\xc0\x80zzz");
	body_refused(&body, "bad-utf8");
	buf_free(&body);
}

static void
text_with_a_nul(void)
{
	struct buf body = {0};

	body_make(&body);
	unit_overwrite(&body, "abcd\0efgh");
	body_refused(&body, "nul-in-text");
	buf_free(&body);
}

static void
text_like_a_my_number(void)
{
	const char *const texts[] = {
	    "123456789018", "1234 5678 9018", "１２３４５６７８９０１８"};
	struct buf body = {0};

	for (size_t i = 0; i < 3; i++) {
		buf_reset(&body);
		body_make(&body);
		field_put(&body, 5, texts[i], strlen(texts[i]));
		body_refused(&body, "twelve-digits");
	}
	buf_free(&body);
}

static void
unknown_fields(void)
{
	struct buf body = {0}, envelope = {0}, frame = {0};

	body_make(&body);
	field_put(&body, 99, "more", 4);
	body_refused(&body, "unknown-field");
	envelope_make(&envelope);
	field_put(&envelope, 15, "more", 4);
	envelope_refused(&envelope, "unknown-field");
	frame_wrap(FRAME_INQUIRY, span_str("x"), &frame);
	field_put(&frame, 4, "more", 4);
	watch();
	raw_send(s.nenkin->raw, buf_span(&frame));
	scene_refused(s.nenkin, "unknown-field");
	unharmed();
	buf_free(&body);
	buf_free(&envelope);
	buf_free(&frame);
}

static void
another_version(void)
{
	struct buf body = {0};

	body_make(&body);
	varint_put(&body, 1 << 3);
	varint_put(&body, 2);
	body_refused(&body, "version");
	buf_free(&body);
}

/* ---- roles and hello ------------------------------------------------------
 */

static void
frames_of_another_role(void)
{
	const struct {
		struct actor *a;
		enum frame_kind kind;
	} tries[] = {
	    {s.kyokai, FRAME_CODE_REQUEST},
	    {s.kyokai, FRAME_RESIDENT_CHANGE},
	    {s.kyokai, FRAME_FOLLOW_REQUEST},
	    {s.kyokai, FRAME_PERMIT},
	    {s.kyokai, FRAME_ANSWER},
	    {s.kyokai, FRAME_HELLO_REPLY},
	    {s.kyokai, FRAME_ACQUISITION_REQUEST},
	    {s.registrar, FRAME_INQUIRY},
	    {s.registrar, FRAME_PROVISION},
	    {s.registrar, FRAME_PENDING},
	    {s.registrar, FRAME_RECEIPT},
	    {s.registrar, FRAME_CODE_ACK},
	    {s.registrar, FRAME_FOLLOW_REQUEST},
	};

	watch();
	for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
		raw_send_frame(tries[i].a->raw, tries[i].kind, span_str("\n"));
		scene_refused(tries[i].a, "not-yours");
	}
	unharmed();
}

static void
hello_of_an_absurd_size(void)
{
	struct hello hello = {.version = 1, .held_size = UINT64_MAX};
	struct hello_reply reply = {0};
	struct arena arena = {0};
	struct buf body = {0};
	struct frame f;

	hello_encode(&hello, &body);
	watch();
	for (int i = 0; i < 50; i++)
		raw_send_frame(s.kyokai->raw, FRAME_HELLO, buf_span(&body));
	for (int i = 0; i < 50; i++)
		CU_ASSERT_TRUE_FATAL(raw_await(
		    s.kyokai->raw, FRAME_HELLO_REPLY, SCENE_WAIT_MS, &f));
	SUITE_ERR(hello_reply_decode(f.body, &arena, &reply), ERR_NONE);
	CU_ASSERT_EQUAL(reply.consistent_from, 0);
	CU_ASSERT_EQUAL(reply.n_consistency, 0);
	unharmed();
	buf_free(&body);
	arena_wipe_free(&arena);
}

static void
hello_that_is_none(void)
{
	watch();
	raw_send_frame(s.kyokai->raw, FRAME_HELLO, span_str("\x07"));
	scene_refused(s.kyokai, "malformed");
	unharmed();
}

static void
nothing_before_hello(void)
{
	struct raw *r = raw_dial(s.w, "kyokai");
	struct frame f;

	CU_ASSERT_TRUE_FATAL(raw_connected(r, SCENE_WAIT_MS));
	watch();
	raw_send_frame(r, FRAME_INQUIRY, span_str("\x07"));
	CU_ASSERT_TRUE(raw_await(r, FRAME_BUSY, SCENE_WAIT_MS, &f));
	raw_close(r);
	unharmed();
}

/* ---- signatures -----------------------------------------------------------
 */

static void
wrong_signature(void)
{
	struct buf envelope = {0};

	envelope_make(&envelope);
	envelope.p[envelope.n - 1] ^= 1; /* the signature is last */
	envelope_refused(&envelope, "bad-signature");
	buf_free(&envelope);
}

/* One of a batch of two, its envelope bent by `bend`. */
static void
path_refused(void (*bend)(struct envelope *e), const char *error)
{
	struct buf body[2] = {0}, out[2] = {0}, bent = {0};
	struct arena arena = {0};
	struct envelope e;
	uint8_t path[10][HASH_LEN] = {0};

	body_make(&body[0]);
	body_make(&body[1]);
	struct envelope_item items[] = {
	    {"inquiry", buf_span(&body[0])}, {"inquiry", buf_span(&body[1])}};
	SUITE_ERR(
	    envelope_sign(s.nenkin->sign, "nenkin", items, 2, out), ERR_NONE);
	SUITE_ERR(envelope_decode(buf_span(&out[0]), &arena, &e), ERR_NONE);
	memcpy(path, e.path, HASH_LEN);
	e.path = path;
	bend(&e);
	envelope_encode(&e, &bent);
	envelope_refused(&bent, error);
	for (int i = 0; i < 2; i++) {
		buf_free(&body[i]);
		buf_free(&out[i]);
	}
	buf_free(&bent);
	arena_wipe_free(&arena);
}

static void
path_cut(struct envelope *e)
{
	e->n_path = 0;
}

static void
path_lengthened(struct envelope *e)
{
	e->n_path = 10;
}

static void
path_bent(struct envelope *e)
{
	e->path[0][0] ^= 1;
}

static void
index_moved(struct envelope *e)
{
	e->index = 1;
}

static void
index_outside(struct envelope *e)
{
	e->index = 2;
}

static void
size_absurd(struct envelope *e)
{
	e->size = UINT32_MAX;
}

static void
size_zero(struct envelope *e)
{
	e->size = 0;
}

static void
wrong_path(void)
{
	path_refused(path_cut, "bad-path");
	path_refused(path_lengthened, "bad-path");
	path_refused(index_outside, "bad-path");
	path_refused(size_absurd, "bad-path");
	path_refused(size_zero, "bad-path");
	path_refused(path_bent, "bad-signature");
	path_refused(index_moved, "bad-signature");
}

static void
signed_by_another_agency(void)
{
	struct buf body = {0}, envelope = {0};
	struct envelope_item item;

	/* in its own name, and in nenkin's */
	body_make(&body);
	actor_sign(s.kyokai, "inquiry", buf_span(&body), &envelope);
	envelope_refused(&envelope, "wrong-signer");
	buf_reset(&envelope);
	item = (struct envelope_item){"inquiry", buf_span(&body)};
	SUITE_ERR(envelope_sign(s.kyokai->sign, "nenkin", &item, 1, &envelope),
	    ERR_NONE);
	envelope_refused(&envelope, "unknown-key");
	buf_free(&body);
	buf_free(&envelope);
}

static void
signed_as_something_else(void)
{
	struct buf body = {0}, envelope = {0};

	body_make(&body);
	actor_sign(s.nenkin, "receipt", buf_span(&body), &envelope);
	envelope_refused(&envelope, "malformed");
	buf_free(&body);
	buf_free(&envelope);
}

/* nenkin's own, as it was on the wire, sent by kyokai. */
static void
sent_by_another_party(void)
{
	struct buf envelope = {0};

	envelope_make(&envelope);
	watch();
	raw_send_frame(s.kyokai->raw, FRAME_INQUIRY, buf_span(&envelope));
	scene_refused(s.kyokai, "wrong-signer");
	unharmed();
	buf_free(&envelope);
}

static void
an_old_one(void)
{
	struct buf sealed = {0};
	struct inquiry inq;

	actor_inquiry(s.nenkin, &s.row_73, &sealed, &inq);
	inq.time_ms -= 600 * 1000;
	watch();
	actor_ask(s.nenkin, &inq, NULL);
	recorded(OUTCOME_STALE);
	buf_free(&sealed);
}

static void
an_id_of_another_age(void)
{
	const uint64_t ages[] = {0, 86400000, (uint64_t)1 << 47};
	struct buf sealed = {0}, ad = {0};
	struct inquiry inq;

	for (size_t i = 0; i < 3; i++) {
		actor_inquiry(s.nenkin, &s.row_73, &sealed, &inq);
		uuid_make_at(ages[i], inq.exchange_id);
		watch();
		actor_ask(s.nenkin, &inq, NULL);
		recorded(OUTCOME_STALE);
	}
	buf_free(&sealed);
	buf_free(&ad);
}

/* ---- codes ----------------------------------------------------------------
 */

static void
code_asked(struct actor *sealer, const char *as, const char *provider,
    bool other_exchange, enum outcome want)
{
	struct seal_channel *c = seal_ring_find(
	    sealer->ring, as, sealer->vault_point, SEAL_TO_VAULT);
	struct buf sealed = {0}, mine = {0}, ad = {0};
	uint8_t id[ID_LEN];
	struct inquiry inq;

	actor_inquiry(s.nenkin, &s.row_73, &sealed, &inq);
	memcpy(id, inq.exchange_id, ID_LEN);
	if (other_exchange)
		uuid_make(id);
	seal_ad_inquiry(&ad, "nenkin", provider, id);
	SUITE_ERR(
	    seal_code(c, 1, s.nenkin_code, buf_span(&ad), &mine), ERR_NONE);
	inq.person.data = buf_span(&mine);
	watch();
	actor_ask(s.nenkin, &inq, NULL);
	if (want == OUTCOME_PERMITTED)
		scene_honest(&s);
	else
		recorded(want);
	buf_free(&sealed);
	buf_free(&mine);
	buf_free(&ad);
}

static void
code_sealed_by_another(void)
{
	code_asked(s.kyokai, "kyokai", "141003", false, OUTCOME_BAD_CODE);
	code_asked(s.kyokai, "nenkin", "141003", false, OUTCOME_BAD_CODE);
}

static void
code_bound_to_another_exchange(void)
{
	code_asked(s.nenkin, "nenkin", "141003", true, OUTCOME_BAD_CODE);
	code_asked(s.nenkin, "nenkin", "271004", false, OUTCOME_BAD_CODE);
}

static void
code_of_another_agency(void)
{
	struct buf sealed = {0};
	struct question q = s.row_73;
	struct inquiry inq;

	q.code = s.city_code;
	actor_inquiry(s.nenkin, &q, &sealed, &inq);
	watch();
	actor_ask(s.nenkin, &inq, NULL);
	recorded(OUTCOME_BAD_CODE);
	buf_free(&sealed);
}

static void
code_cut_short(void)
{
	struct buf sealed = {0};
	struct inquiry inq;

	for (size_t n = 0; n < SEALED_CODE_LEN; n += 16) {
		actor_inquiry(s.nenkin, &s.row_73, &sealed, &inq);
		inq.person.data.n = n;
		watch();
		actor_ask(s.nenkin, &inq, NULL);
		recorded(OUTCOME_BAD_CODE);
	}
	buf_free(&sealed);
}

/* ---- somebody else's exchange ---------------------------------------------
 */

/* Its own exchange comes of it, and the other is not touched. */
static void
another_partys_exchange_id(void)
{
	struct buf permit = {0}, sealed = {0};
	struct inquiry inq, mine;
	struct question q = s.row_73;
	struct said said;

	scene_permit(&s, &inq, &permit);
	actor_inquiry(s.kyokai, &q, &sealed, &mine);
	memcpy(mine.exchange_id, inq.exchange_id, ID_LEN);
	actor_ask(s.kyokai, &mine, NULL);
	said = scene_refusal(s.kyokai);
	CU_ASSERT_TRUE(said.logged);
	CU_ASSERT_NOT_EQUAL(said.outcome, OUTCOME_PERMITTED);
	scene_settle(&s, &permit);
	scene_honest(&s);
	buf_free(&permit);
	buf_free(&sealed);
}

static void
same_id_for_another_question(void)
{
	struct buf sealed = {0};
	struct inquiry inq;
	struct frame f;

	actor_inquiry(s.nenkin, &s.row_73, &sealed, &inq);
	actor_ask(s.nenkin, &inq, NULL);
	CU_ASSERT_TRUE_FATAL(
	    raw_await(s.city->raw, FRAME_PERMIT, SCENE_WAIT_MS, &f));
	struct buf permit = {0};
	buf_add(&permit, f.body.p, f.body.n);
	watch();
	inq.sequence++;
	actor_ask(s.nenkin, &inq, NULL);
	scene_refused(s.nenkin, "other-body");
	scene_settle(&s, &permit);
	scene_honest(&s);
	buf_free(&permit);
	buf_free(&sealed);
}

/* ---- answers --------------------------------------------------------------
 */

/* A provision for a fresh permit, `bend`ed; the right one is still taken. */
static void
provision_try(void (*send)(const struct buf *permit), struct actor *from,
    const char *refused, const char *not_settled)
{
	struct buf permit = {0};
	struct inquiry inq;

	scene_permit(&s, &inq, &permit);
	watch();
	send(&permit);
	if (refused != NULL)
		scene_refused(from, refused);
	if (not_settled != NULL)
		scene_not_settled(from, not_settled);
	CU_ASSERT_EQUAL(scene_entries(&s, 0), entries_before);
	scene_settle(&s, &permit);
	scene_honest(&s);
	buf_free(&permit);
}

static void
parts_make(struct actor *a, const struct buf *permit, enum outcome o,
    struct answer_parts *parts)
{
	actor_provision(a, buf_span(permit), o, s.nenkin->hpke,
	    span_str("an answer"), parts);
}

/* kyokai answers what the city was asked. */
static void
send_as_another(const struct buf *permit)
{
	struct answer_parts parts;

	parts_make(s.kyokai, permit, OUTCOME_NOT_HELD, &parts);
	actor_provide(s.kyokai, &parts);
	answer_parts_free(&parts);
}

/* The city sends what kyokai signed. */
static void
send_signed_by_another(const struct buf *permit)
{
	struct answer_parts parts;
	struct raw *own = s.kyokai->raw;

	parts_make(s.kyokai, permit, OUTCOME_NOT_HELD, &parts);
	s.kyokai->raw = s.city->raw;
	actor_provide(s.kyokai, &parts);
	s.kyokai->raw = own;
	answer_parts_free(&parts);
}

static void
send_for_another_permit(const struct buf *permit)
{
	struct answer_parts parts;

	parts_make(s.city, permit, OUTCOME_NOT_HELD, &parts);
	parts.provision.permit_leaf[5] ^= 1;
	actor_provide(s.city, &parts);
	answer_parts_free(&parts);
}

static void
send_for_another_inquirer(const struct buf *permit)
{
	struct answer_parts parts;

	parts_make(s.city, permit, OUTCOME_NOT_HELD, &parts);
	strcpy(parts.provision.inquirer, "kyokai");
	actor_provide(s.city, &parts);
	answer_parts_free(&parts);
}

static void
answer_to_somebody_elses_permit(void)
{
	provision_try(send_as_another, s.kyokai, "not-yours", NULL);
	provision_try(send_signed_by_another, s.city, NULL, "wrong-signer");
	provision_try(send_for_another_permit, s.city, NULL, "not-yours");
	provision_try(
	    send_for_another_inquirer, s.city, NULL, "unknown-exchange");
}

static void
send_too_large(const struct buf *permit)
{
	struct answer_parts parts;
	struct buf body = {0}, envelope = {0}, frame = {0};

	parts_make(s.city, permit, OUTCOME_PROVIDED, &parts);
	buf_grow(&parts.ciphertext, CIPHERTEXT_MAX - parts.ciphertext.n + 1);
	memset(parts.ciphertext.p, 3, parts.ciphertext.n);
	parts.provision.ciphertext_size = (uint32_t)parts.ciphertext.n;
	sha256(buf_span(&parts.ciphertext), parts.provision.ciphertext_hash);
	provision_encode(&parts.provision, &body);
	actor_sign(s.city, "provision", buf_span(&body), &envelope);
	field_put(&frame, 1, envelope.p, envelope.n);
	field_put(&frame, 2, parts.ciphertext.p, parts.ciphertext.n);
	raw_send_frame(s.city->raw, FRAME_PROVISION, buf_span(&frame));
	buf_free(&body);
	buf_free(&envelope);
	buf_free(&frame);
	answer_parts_free(&parts);
}

static void
answer_larger_than_allowed(void)
{
	provision_try(send_too_large, s.city, "too-long", NULL);
}

/* The largest that is allowed, padded where padding is possible. */
static void
answer_as_large_as_allowed(void)
{
	struct buf permit = {0}, body = {0}, envelope = {0}, frame = {0};
	struct answer_parts parts;
	struct inquiry inq;
	uint8_t pad[512] = {0};
	struct frame f;

	scene_permit(&s, &inq, &permit);
	watch();
	parts_make(s.city, &permit, OUTCOME_PROVIDED, &parts);
	buf_grow(&parts.ciphertext, CIPHERTEXT_MAX - parts.ciphertext.n);
	memset(parts.ciphertext.p, 3, parts.ciphertext.n);
	parts.provision.ciphertext_size = (uint32_t)parts.ciphertext.n;
	sha256(buf_span(&parts.ciphertext), parts.provision.ciphertext_hash);
	provision_encode(&parts.provision, &body);
	while (envelope.n < SLIP_MAX - 1200)
		field_put(&envelope, 1, pad, sizeof pad);
	actor_sign(s.city, "provision", buf_span(&body), &envelope);
	field_put(&frame, 1, envelope.p, envelope.n);
	field_put(&frame, 2, parts.ciphertext.p, parts.ciphertext.n);
	raw_send_frame(s.city->raw, FRAME_PROVISION, buf_span(&frame));
	CU_ASSERT_TRUE(
	    raw_await(s.nenkin->raw, FRAME_ANSWER, SCENE_WAIT_MS, &f));
	CU_ASSERT(f.body.n > CIPHERTEXT_MAX);
	scene_honest(&s);
	buf_free(&permit);
	buf_free(&body);
	buf_free(&envelope);
	buf_free(&frame);
	answer_parts_free(&parts);
}

static void
send_without_ciphertext(const struct buf *permit)
{
	struct answer_parts parts;

	parts_make(s.city, permit, OUTCOME_PROVIDED, &parts);
	buf_reset(&parts.ciphertext);
	actor_provide(s.city, &parts);
	answer_parts_free(&parts);
}

static void
send_with_nothing_sealed(const struct buf *permit)
{
	struct answer_parts parts;

	parts_make(s.city, permit, OUTCOME_NOT_HELD, &parts);
	parts.provision.outcome = OUTCOME_PROVIDED;
	actor_provide(s.city, &parts);
	answer_parts_free(&parts);
}

static void
send_another_ciphertext(const struct buf *permit)
{
	struct answer_parts parts;

	parts_make(s.city, permit, OUTCOME_PROVIDED, &parts);
	parts.ciphertext.p[7] ^= 1;
	actor_provide(s.city, &parts);
	answer_parts_free(&parts);
}

static void
send_an_outcome_not_its_own(const struct buf *permit)
{
	struct answer_parts parts;

	parts_make(s.city, permit, OUTCOME_NOT_HELD, &parts);
	parts.provision.outcome = OUTCOME_UNCOLLECTED;
	actor_provide(s.city, &parts);
	answer_parts_free(&parts);
}

static void
answer_without_what_it_says(void)
{
	provision_try(send_without_ciphertext, s.city, "bad-proof", NULL);
	provision_try(send_another_ciphertext, s.city, "bad-proof", NULL);
	provision_try(send_with_nothing_sealed, s.city, NULL, "malformed");
	provision_try(send_an_outcome_not_its_own, s.city, NULL, "malformed");
}

static void
answered_twice(void)
{
	struct answer_parts first, second;
	struct buf permit = {0};
	struct arena arena = {0};
	struct inquiry inq;
	struct settled m;
	struct frame f;
	long outcomes = scene_entries(&s, 3);

	scene_permit(&s, &inq, &permit);
	parts_make(s.city, &permit, OUTCOME_NOT_HELD, &first);
	parts_make(s.city, &permit, OUTCOME_WITHHELD, &second);
	actor_provide(s.city, &first);
	CU_ASSERT_TRUE(
	    raw_await(s.nenkin->raw, FRAME_ANSWER, SCENE_WAIT_MS, &f));
	actor_provide(s.city, &second);
	scene_not_settled(s.city, "settled");
	/* the first again is no lie */
	actor_provide(s.city, &first);
	CU_ASSERT_TRUE_FATAL(
	    raw_await(s.city->raw, FRAME_SETTLED, SCENE_WAIT_MS, &f));
	SUITE_ERR(settled_decode(f.body, &arena, &m), ERR_NONE);
	CU_ASSERT_TRUE(m.accepted);
	CU_ASSERT_EQUAL(m.outcome, OUTCOME_NOT_HELD);
	CU_ASSERT_EQUAL(scene_entries(&s, 3), outcomes + 1);
	scene_honest(&s);
	answer_parts_free(&first);
	answer_parts_free(&second);
	buf_free(&permit);
	arena_wipe_free(&arena);
}

/* The city's word about this permit that an official must decide. */
static void
pending_send(const struct inquiry *inq, const struct answer_parts *parts)
{
	struct pending m = {.version = 1, .time_ms = clock_ms()};
	struct buf body = {0};

	memcpy(m.exchange_id, inq->exchange_id, ID_LEN);
	memcpy(m.permit_leaf, parts->provision.permit_leaf, HASH_LEN);
	strcpy(m.inquirer, "nenkin");
	strcpy(m.provider, "141003");
	pending_encode(&m, &body);
	actor_send(s.city, FRAME_PENDING, "pending", buf_span(&body));
	buf_free(&body);
}

static void
pending_without_end(void)
{
	struct answer_parts parts;
	struct buf permit = {0};
	struct inquiry inq;
	unsigned notices = 0;
	struct frame f;

	scene_permit(&s, &inq, &permit);
	watch();
	parts_make(s.city, &permit, OUTCOME_NOT_HELD, &parts);
	pending_send(&inq, &parts);
	CU_ASSERT_TRUE(
	    raw_await(s.nenkin->raw, FRAME_NOTICE, SCENE_WAIT_MS, &f));
	for (int i = 0; i < 500; i++)
		pending_send(&inq, &parts);
	actor_provide(s.city, &parts);
	while (raw_receive(s.nenkin->raw, SCENE_WAIT_MS, &f) &&
	       f.kind != FRAME_ANSWER)
		notices += f.kind == FRAME_NOTICE;
	CU_ASSERT_EQUAL(f.kind, FRAME_ANSWER);
	CU_ASSERT_EQUAL(notices, 0);
	CU_ASSERT_EQUAL(scene_entries(&s, 0), entries_before + 1);
	scene_honest(&s);
	answer_parts_free(&parts);
	buf_free(&permit);
}

/* An answer on the heels of a pending, while that is still looked at. */
static void
answered_while_busy(void)
{
	struct answer_parts parts;
	struct buf permit = {0};
	struct inquiry inq;
	struct frame f;
	bool answered = false;

	scene_permit(&s, &inq, &permit);
	watch();
	parts_make(s.city, &permit, OUTCOME_NOT_HELD, &parts);
	pending_send(&inq, &parts);
	actor_provide(s.city, &parts);
	for (int i = 0; i < 200 && !answered; i++) {
		if (raw_receive(s.city->raw, 25, &f) && f.kind == FRAME_PERMIT)
			actor_provide(s.city, &parts);
		answered = raw_await(s.nenkin->raw, FRAME_ANSWER, 25, &f);
	}
	CU_ASSERT_TRUE(answered);
	scene_honest(&s);
	answer_parts_free(&parts);
	buf_free(&permit);
}

/* Padded to the old cap, they would not have fitted into what relays them. */
static void
slips_too_long(void)
{
	const enum frame_kind kinds[] = {FRAME_PENDING, FRAME_RECEIPT};
	struct buf padded = {0};

	memset(buf_grow(&padded, FRAME_MAX - 64), 0, FRAME_MAX - 64);
	watch();
	for (size_t i = 0; i < 2; i++) {
		raw_send_frame(s.city->raw, kinds[i], buf_span(&padded));
		scene_refused(s.city, "too-long");
	}
	unharmed();
	buf_free(&padded);
}

/* ---- receipts -------------------------------------------------------------
 */

static void
receipt_make(const char *inquirer, const uint8_t *id, const uint8_t *hash,
    struct buf *body)
{
	struct receipt r = {.version = 1, .time_ms = clock_ms()};

	memcpy(r.exchange_id, id, ID_LEN);
	strcpy(r.inquirer, inquirer);
	strcpy(r.provider, "141003");
	memcpy(r.provision_hash, hash, HASH_LEN);
	buf_reset(body);
	receipt_encode(&r, body);
}

static long
live(void)
{
	return world_count(s.w, "renkei_broker", "SELECT count(*) FROM live");
}

static void
receipts_replayed_and_false(void)
{
	struct buf permit = {0}, body = {0}, provision = {0};
	uint8_t hash[HASH_LEN] = {0};
	struct answer_parts parts;
	struct inquiry inq;
	struct frame f;
	long before;

	scene_permit(&s, &inq, &permit);
	parts_make(s.city, &permit, OUTCOME_NOT_HELD, &parts);
	actor_provide(s.city, &parts);
	CU_ASSERT_TRUE(
	    raw_await(s.nenkin->raw, FRAME_ANSWER, SCENE_WAIT_MS, &f));
	watch();
	before = live();
	/* another's, in its own name and in nenkin's */
	receipt_make("kyokai", inq.exchange_id, hash, &body);
	actor_send(s.kyokai, FRAME_RECEIPT, "receipt", buf_span(&body));
	receipt_make("nenkin", inq.exchange_id, hash, &body);
	actor_send(s.kyokai, FRAME_RECEIPT, "receipt", buf_span(&body));
	scene_refused(s.kyokai, "wrong-signer");
	/* of another provision */
	actor_send(s.nenkin, FRAME_RECEIPT, "receipt", buf_span(&body));
	scene_refused(s.nenkin, "bad-proof");
	CU_ASSERT_EQUAL(live(), before);
	/* the right one, five times */
	provision_encode(&parts.provision, &provision);
	sha256(buf_span(&provision), hash);
	receipt_make("nenkin", inq.exchange_id, hash, &body);
	for (int i = 0; i < 5; i++)
		actor_send(s.nenkin, FRAME_RECEIPT, "receipt", buf_span(&body));
	CU_ASSERT_TRUE(
	    raw_await(s.city->raw, FRAME_SETTLED, SCENE_WAIT_MS, &f));
	CU_ASSERT_FALSE(raw_await(s.city->raw, FRAME_SETTLED, 200, &f));
	CU_ASSERT_EQUAL(live(), before - 1);
	unharmed();
	answer_parts_free(&parts);
	buf_free(&permit);
	buf_free(&body);
	buf_free(&provision);
}

/* ---- codes being issued ---------------------------------------------------
 */

/* A CodeRequest for `agency` whose resident code is sealed for `sealed_for`. */
static void
code_request_try(const char *agency, const char *sealed_for,
    const uint8_t number[static ID_LEN], const char *resident)
{
	struct code_request q = {.version = 1, .time_ms = clock_ms()};
	struct seal_channel *c = seal_ring_find(s.registrar->ring, "registrar",
	    s.registrar->vault_point, SEAL_TO_VAULT);
	struct buf ad = {0}, sealed = {0}, body = {0};

	memcpy(q.acquisition_number, number, ID_LEN);
	strcpy(q.agency, agency);
	seal_ad_resident(&ad, sealed_for, number);
	SUITE_ERR(seal_resident(c, resident, buf_span(&ad), &sealed), ERR_NONE);
	q.resident.suite = SEAL_SUITE;
	q.resident.kind = PERSON_RESIDENT_CODE;
	q.resident.data = buf_span(&sealed);
	code_request_encode(&q, &body);
	actor_send(
	    s.registrar, FRAME_CODE_REQUEST, "code-request", buf_span(&body));
	buf_free(&ad);
	buf_free(&sealed);
	buf_free(&body);
}

static struct registrar_notice
notice_await(void)
{
	struct registrar_notice n = {0};
	struct arena arena = {0};
	struct frame f;

	if (!raw_await(
		s.registrar->raw, FRAME_REGISTRAR_NOTICE, SCENE_WAIT_MS, &f) ||
	    registrar_notice_decode(f.body, &arena, &n) != ERR_NONE)
		CU_FAIL("no word to the registrar");
	arena_wipe_free(&arena);
	return n;
}

static void
code_for_the_wrong_agency(void)
{
	uint8_t number[ID_LEN];
	struct frame f;

	uuid_make(number);
	watch();
	code_request_try("141003", "nenkin", number, "10000000026");
	CU_ASSERT_STRING_EQUAL(notice_await().error, "bad-seal");
	code_request_try(
	    "no-such-agency", "no-such-agency", number, "10000000026");
	CU_ASSERT_STRING_NOT_EQUAL(notice_await().error, "");
	CU_ASSERT_FALSE(raw_await(s.city->raw, FRAME_CODE_NOTICE, 200, &f));
	unharmed();
}

static void
ack_send(struct actor *a, const uint8_t number[static ID_LEN])
{
	struct code_ack ack;
	struct buf body = {0};

	memcpy(ack.acquisition_number, number, ID_LEN);
	code_ack_encode(&ack, &body);
	raw_send_frame(a->raw, FRAME_CODE_ACK, buf_span(&body));
	buf_free(&body);
}

/* Whether in memory or, after a restart, in the ledger only. */
static void
acknowledged_by_another(void)
{
	uint8_t number[ID_LEN], unheard[ID_LEN];
	struct frame f;

	uuid_make(number);
	uuid_make(unheard);
	watch();
	code_request_try("kyokai", "kyokai", number, "10000000026");
	CU_ASSERT_TRUE(
	    raw_await(s.kyokai->raw, FRAME_CODE_NOTICE, SCENE_WAIT_MS, &f));
	CU_ASSERT_FALSE(notice_await().acknowledged);
	for (int restarted = 0; restarted < 2; restarted++) {
		ack_send(s.city, number);
		ack_send(s.city, unheard);
		CU_ASSERT_FALSE(raw_await(
		    s.registrar->raw, FRAME_REGISTRAR_NOTICE, 300, &f));
		CU_ASSERT_EQUAL(world_count(s.w, "renkei_broker",
				    "SELECT count(*) FROM acquisition"),
		    1);
		if (restarted == 1)
			break;
		process_kill(world_process(s.w, "broker"), true);
		scene_end(&s);
		scene_begin(&s);
	}
	ack_send(s.kyokai, number);
	CU_ASSERT_TRUE(notice_await().acknowledged);
	raw_send_frame(s.kyokai->raw, FRAME_CODE_ACK, span_str("\x0a"));
	scene_refused(s.kyokai, "malformed");
	scene_honest(&s);
}

/* ---- too much -------------------------------------------------------------
 */

/* Resident bytes of the front. */
static long
front_memory(void)
{
	world_shell(s.w,
	    "awk '/VmRSS/ { print $2 * 1024 }' /proc/$(pgrep -P %d "
	    "-f -- '--role front')/status",
	    (int)world_process(s.w, "broker")->pid);
	return strtol(world_said(s.w), NULL, 10);
}

#define FLOOD 140

static void
more_questions_than_allowed(void)
{
	struct buf sealed = {0}, permit = {0};
	unsigned busy = 0, permits = 0;
	struct answer_parts parts;
	struct inquiry inq;
	struct frame f;

	watch();
	for (int i = 0; i < FLOOD; i++) {
		actor_inquiry(s.nenkin, &s.row_73, &sealed, &inq);
		actor_ask(s.nenkin, &inq, NULL);
	}
	while (busy + permits < FLOOD) {
		if (raw_receive(s.nenkin->raw, 1, &f))
			busy += f.kind == FRAME_BUSY;
		if (!raw_receive(s.city->raw, 1, &f) || f.kind != FRAME_PERMIT)
			continue;
		permits++;
		buf_reset(&permit);
		buf_add(&permit, f.body.p, f.body.n);
		if (permits > 50 && permits <= 90)
			continue; /* kept waiting */
		parts_make(s.city, &permit, OUTCOME_NOT_HELD, &parts);
		actor_provide(s.city, &parts);
		answer_parts_free(&parts);
	}
	CU_ASSERT(busy > 0);
	CU_ASSERT(permits >= 64);
	CU_ASSERT_EQUAL(busy + permits, FLOOD);
	buf_free(&sealed);
	buf_free(&permit);
	scene_honest(&s);
}

/* A megabyte at a time, as fast as it goes. */
static void
a_flood_of_large_frames(void)
{
	struct buf big = {0}, frame = {0};
	long before = front_memory(), after;
	unsigned refusals = 0, sent = 0;
	struct frame f;

	memset(buf_grow(&big, CIPHERTEXT_MAX), 5, CIPHERTEXT_MAX);
	field_put(&frame, 1, "x", 1);
	field_put(&frame, 2, big.p, big.n);
	struct buf whole = {0};
	frame_wrap(FRAME_PROVISION, buf_span(&frame), &whole);
	watch();
	for (int i = 0; i < 300; i++) {
		sent += raw_try_send(s.kyokai->raw, buf_span(&whole));
		while (raw_receive(s.kyokai->raw, 0, &f))
			refusals += f.kind == FRAME_REFUSAL;
	}
	while (refusals < sent && raw_receive(s.kyokai->raw, SCENE_WAIT_MS, &f))
		refusals += f.kind == FRAME_REFUSAL;
	CU_ASSERT_EQUAL(refusals, sent);
	after = front_memory();
	/* MiB: what libzmq holds for a connection; or for a sanitizer */
	CU_ASSERT(before > 0 &&
		  after - before < (process_sanitized() ? 700 : 160) << 20);
	buf_free(&big);
	buf_free(&frame);
	buf_free(&whole);
	unharmed();
}

/* Connections that come and go are not remembered for ever. */
static void
comes_and_goes(void)
{
	watch();
	for (int i = 0; i < 100; i++)
		raw_close(raw_hello(s.w, "kyokai"));
	unharmed();
}

/* ---- the ledger goes away -------------------------------------------------
 */

static void
database_goes_away(void)
{
	struct buf sealed = {0}, first = {0}, second = {0}, permit = {0};
	struct arena arena = {0};
	struct inquiry inq;
	struct frame f;
	struct busy b = {0};

	watch();
	world_database_stop(s.w, "immediate");
	actor_inquiry(s.nenkin, &s.row_73, &sealed, &inq);
	actor_ask(s.nenkin, &inq, &first);
	process_sleep_ms(300);
	actor_inquiry(s.nenkin, &s.row_73, &sealed, &inq);
	actor_ask(s.nenkin, &inq, &second);
	CU_ASSERT_TRUE_FATAL(
	    raw_await(s.nenkin->raw, FRAME_BUSY, SCENE_WAIT_MS, &f));
	SUITE_ERR(busy_decode(f.body, &arena, &b), ERR_NONE);
	CU_ASSERT_STRING_EQUAL(b.what, "ledger");
	CU_ASSERT_FALSE(raw_await(s.city->raw, FRAME_PERMIT, 1, &f));
	world_database_start(s.w, NULL);
	/* the first was admitted: it is recorded now, and only then asked */
	CU_ASSERT_TRUE_FATAL(
	    raw_await(s.city->raw, FRAME_PERMIT, SCENE_WAIT_MS, &f));
	buf_add(&permit, f.body.p, f.body.n);
	CU_ASSERT_EQUAL(scene_entries(&s, 0), entries_before + 1);
	scene_settle(&s, &permit);
	/* the second, sent again as Busy asks, is as good as new */
	raw_send_frame(s.nenkin->raw, FRAME_INQUIRY, buf_span(&second));
	CU_ASSERT_TRUE_FATAL(
	    raw_await(s.city->raw, FRAME_PERMIT, SCENE_WAIT_MS, &f));
	buf_reset(&permit);
	buf_add(&permit, f.body.p, f.body.n);
	scene_settle(&s, &permit);
	scene_honest(&s);
	buf_free(&sealed);
	buf_free(&first);
	buf_free(&second);
	buf_free(&permit);
	arena_wipe_free(&arena);
}

/* ---- suspended ------------------------------------------------------------
 */

static void
directory_change(const char *verb, const char *party)
{
	const char *build = getenv("BUILD");

	scene_end(&s);
	CU_ASSERT_EQUAL(
	    world_shell(s.w, "%s/tests/devpki %s %s/pki %s",
		build != NULL ? build : "build", verb, world_dir(s.w), party),
	    0);
	process_stop(world_process(s.w, "broker"), 10);
	scene_begin(&s);
}

static void
provider_suspended(void)
{
	struct buf sealed = {0};
	struct question q = s.row_73;
	struct inquiry inq;
	struct raw *r;

	q.provider = "271004";
	CU_ASSERT_TRUE(raw_connected((r = raw_dial(s.w, "271004")), 2000));
	raw_close(r);
	directory_change("suspend", "271004");
	r = raw_dial(s.w, "271004");
	CU_ASSERT_FALSE(raw_connected(r, 1000));
	raw_close(r);
	actor_inquiry(s.nenkin, &q, &sealed, &inq);
	watch();
	actor_ask(s.nenkin, &inq, NULL);
	struct said said = scene_refusal(s.nenkin);
	CU_ASSERT_TRUE(said.logged);
	CU_ASSERT_NOT_EQUAL(said.outcome, OUTCOME_PERMITTED);
	directory_change("resume", "271004");
	scene_honest(&s);
	buf_free(&sealed);
}

static const struct suite_case cases[] = {
    {"does not let in a party that ZAP does not know", party_unknown_to_zap},
    {"drops a connection that sends more than any frame may hold",
	too_long_for_the_transport},
    {"refuses a frame longer than its kind allows", too_long_for_its_kind},
    {"takes an inquiry as long as it may be", as_long_as_allowed},
    {"refuses text that is too long", text_too_long},
    {"refuses a frame cut at any byte", truncated_anywhere},
    {"refuses an envelope cut at any byte", envelope_truncated_anywhere},
    {"refuses thirty thousand groups inside each other", nested_groups},
    {"refuses messages nested in each other", nested_messages},
    {"refuses text that is not UTF-8", text_not_utf8},
    {"refuses text with a NUL", text_with_a_nul},
    {"refuses text that may be a My Number", text_like_a_my_number},
    {"refuses unknown fields in frame, envelope and body", unknown_fields},
    {"refuses another version", another_version},
    {"refuses frames of a role the party does not have",
	frames_of_another_role},
    {"answers a hello that holds more than there is", hello_of_an_absurd_size},
    {"refuses a hello that is none", hello_that_is_none},
    {"takes nothing before hello", nothing_before_hello},
    {"refuses a wrong signature", wrong_signature},
    {"refuses a wrong path", wrong_path},
    {"refuses what another agency signed", signed_by_another_agency},
    {"refuses what was signed as something else", signed_as_something_else},
    {"refuses a recorded inquiry that another party sends",
	sent_by_another_party},
    {"refuses an old inquiry, and records it", an_old_one},
    {"refuses an id from another age, and records it", an_id_of_another_age},
    {"refuses a code another party sealed, and records it",
	code_sealed_by_another},
    {"refuses a code sealed for another exchange, and records it",
	code_bound_to_another_exchange},
    {"refuses another agency's code, and records it", code_of_another_agency},
    {"refuses a code cut short, and records it", code_cut_short},
    {"keeps apart two parties that use one exchange id",
	another_partys_exchange_id},
    {"refuses the same id for another question", same_id_for_another_question},
    {"refuses an answer to somebody else's permit",
	answer_to_somebody_elses_permit},
    {"refuses an answer larger than allowed", answer_larger_than_allowed},
    {"hands over the largest answer allowed", answer_as_large_as_allowed},
    {"refuses an answer without what it says", answer_without_what_it_says},
    {"takes the first of two answers, and says so", answered_twice},
    {"hears once that an official must decide", pending_without_end},
    {"asks again for an answer it had no time for", answered_while_busy},
    {"refuses a pending or receipt that is too long", slips_too_long},
    {"refuses receipts that are false, and minds no replay",
	receipts_replayed_and_false},
    {"sends no code to an agency it was not sealed for",
	code_for_the_wrong_agency},
    {"believes no acknowledgement of another agency", acknowledged_by_another},
    {"says busy to more questions than allowed", more_questions_than_allowed},
    {"keeps its memory in a flood of large frames", a_flood_of_large_frames},
    {"forgets connections that came and went", comes_and_goes},
    {"asks nobody while the ledger is away, then goes on", database_goes_away},
    {"lets no suspended party in, and asks it nothing", provider_suspended},
};

int
main(void)
{
	int status;

	scene_open(&s, "party_messages = 100");
	status = suite_run(
	    "hostile parties", cases, sizeof(cases) / sizeof(cases[0]));
	scene_close(&s);
	return status;
}

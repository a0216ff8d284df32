#include "tests/flow/actor.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/entry.h"
#include "lib/envelope.h"
#include "lib/payloadseal.h"
#include "lib/sha256.h"
#include "lib/uuid.h"

#define WAIT_MS 10000

static void
must(enum err e, const char *what)
{
	if (e == ERR_NONE)
		return;
	fprintf(stderr, "actor: %s: %s\n", what, err_code(e));
	exit(1);
}

struct actor *
actor_new(struct world *w, const char *party)
{
	struct actor *a = xcalloc(1, sizeof *a);
	char path[300];

	snprintf(a->code, sizeof a->code, "%s", party);
#define KEY(name)                                                          \
	(snprintf(path, sizeof path, "%s/pki/parties/%s/%s", world_dir(w), \
	     party, name),                                                 \
	    path)
	must(signkey_open(KEY("sign.key"), &a->sign), path);
	must(dhkey_open(KEY("hpke.key"), &a->hpke), path);
	must(dhkey_open(KEY("seal.key"), &a->seal), path);
#undef KEY
	snprintf(
	    path, sizeof path, "%s/pki/broker/vault-seal.pub", world_dir(w));
	must(point_open(path, a->vault_point), path);
	a->ring = seal_ring_new(a->seal, false, SEAL_CAP);
	a->epoch = 1; /* until a code says otherwise */
	a->raw = raw_hello(w, party);
	return a;
}

void
actor_free(struct actor *a)
{
	if (a == NULL)
		return;
	raw_close(a->raw);
	seal_ring_free(a->ring);
	signkey_free(a->sign);
	dhkey_free(a->hpke);
	dhkey_free(a->seal);
	free(a);
}

void
actor_sign(
    struct actor *a, const char *type, struct span body, struct buf *envelope)
{
	struct envelope_item item = {type, body};

	must(envelope_sign(a->sign, a->code, &item, 1, envelope), type);
}

void
actor_send(
    struct actor *a, enum frame_kind kind, const char *type, struct span body)
{
	struct buf envelope = {0};

	actor_sign(a, type, body, &envelope);
	raw_send_frame(a->raw, kind, buf_span(&envelope));
	buf_free(&envelope);
}

/* --- codes ---------------------------------------------------------------- */

static void
code_request_send(struct actor *registrar, const char *agency,
    const char *resident, const uint8_t number[static ID_LEN])
{
	struct code_request q = {.version = 1, .time_ms = clock_ms()};
	struct buf ad = {0}, sealed = {0}, body = {0};
	struct seal_channel *c;

	memcpy(q.acquisition_number, number, ID_LEN);
	snprintf(q.agency, sizeof q.agency, "%s", agency);
	c = seal_ring_find(registrar->ring, registrar->code,
	    registrar->vault_point, SEAL_TO_VAULT);
	assert(c != NULL);
	seal_ad_resident(&ad, agency, number);
	must(seal_resident(c, resident, buf_span(&ad), &sealed), "resident");
	q.resident.suite = SEAL_SUITE;
	q.resident.kind = PERSON_RESIDENT_CODE;
	q.resident.data = buf_span(&sealed);
	code_request_encode(&q, &body);
	actor_send(
	    registrar, FRAME_CODE_REQUEST, "code-request", buf_span(&body));
	buf_free(&ad);
	buf_free(&sealed);
	buf_free(&body);
}

static void
code_open(struct actor *agency, const struct code_notice *notice,
    uint8_t code[static CODE_LEN])
{
	struct seal_channel *c = seal_ring_find(
	    agency->ring, agency->code, agency->vault_point, SEAL_FROM_VAULT);
	struct buf ad = {0};

	assert(c != NULL);
	seal_ad_issue(&ad, agency->code, notice->acquisition_number);
	must(seal_open_code(
		 c, notice->person.data, buf_span(&ad), &agency->epoch, code),
	    "link code");
	buf_free(&ad);
}

bool
actor_acquire(struct actor *agency, struct actor *registrar,
    const char *resident, uint8_t code[static CODE_LEN])
{
	struct arena arena = {0};
	struct code_notice notice;
	struct code_ack ack = {0};
	struct buf body = {0};
	uint8_t number[ID_LEN];
	struct frame f;

	uuid_make(number);
	code_request_send(registrar, agency->code, resident, number);
	if (!raw_await(agency->raw, FRAME_CODE_NOTICE, WAIT_MS, &f))
		must(ERR_TIMEOUT, "CODE_NOTICE");
	must(code_notice_decode(f.body, &arena, &notice), "CODE_NOTICE");
	if (notice.outcome == OUTCOME_ISSUED)
		code_open(agency, &notice, code);
	memcpy(ack.acquisition_number, number, ID_LEN);
	code_ack_encode(&ack, &body);
	raw_send_frame(agency->raw, FRAME_CODE_ACK, buf_span(&body));
	buf_free(&body);
	arena_wipe_free(&arena);
	return notice.outcome == OUTCOME_ISSUED;
}

/* --- asking ------------------------------------------------------------------
 */

static void
text_set(char *to, size_t n, const char *from)
{
	snprintf(to, n, "%s", from != NULL ? from : "");
}

void
actor_inquiry(struct actor *a, const struct question *q, struct buf *sealed,
    struct inquiry *out)
{
	struct seal_channel *c =
	    seal_ring_find(a->ring, a->code, a->vault_point, SEAL_TO_VAULT);
	struct buf ad = {0};

	assert(c != NULL);
	memset(out, 0, sizeof *out);
	out->version = 1;
	uuid_make(out->exchange_id);
	text_set(out->inquirer, sizeof out->inquirer, a->code);
	text_set(out->inquirer_for, sizeof out->inquirer_for, q->principal);
	text_set(out->unit, sizeof out->unit, "試験係");
	text_set(out->task, sizeof out->task, q->task);
	text_set(out->procedure, sizeof out->procedure, q->procedure);
	text_set(out->relation, sizeof out->relation, "applicant");
	text_set(out->provider, sizeof out->provider, q->provider);
	out->n_data = 1;
	text_set(out->data[0], sizeof out->data[0], q->data);
	memset(out->case_tag, 0x5a, sizeof out->case_tag);
	out->time_ms = clock_ms();
	out->sequence = ++a->asked;
	seal_ad_inquiry(&ad, a->code, out->provider, out->exchange_id);
	buf_reset(sealed);
	must(seal_code(c, a->epoch, q->code, buf_span(&ad), sealed), "code");
	out->person.suite = SEAL_SUITE;
	out->person.kind = PERSON_LINK_CODE;
	out->person.data = buf_span(sealed);
	buf_free(&ad);
}

void
actor_ask(struct actor *a, const struct inquiry *inq, struct buf *sent)
{
	struct buf body = {0}, envelope = {0};

	inquiry_encode(inq, &body);
	actor_sign(a, "inquiry", buf_span(&body), &envelope);
	raw_send_frame(a->raw, FRAME_INQUIRY, buf_span(&envelope));
	if (sent != NULL) {
		buf_reset(sent);
		buf_add(sent, envelope.p, envelope.n);
	}
	buf_free(&body);
	buf_free(&envelope);
}

/* --- answering
 * ----------------------------------------------------------------- */

/* The permit's leaf hash, from the body and salt that came with it. */
static void
permit_leaf_of(const struct entry_proof *p, uint8_t hash[static HASH_LEN])
{
	uint8_t leaf[ENTRY_LEAF_LEN];

	entry_leaf(ENTRY_PERMIT, p->salt, p->body, leaf);
	entry_leaf_hash(leaf, hash);
}

static void
payload_put(const struct dhkey *inquirer_hpke, struct span payload,
    struct answer_parts *out)
{
	struct payload_sealer *s = payload_sealer_new();
	struct payload_binding b = {
	    .provider = out->provision.provider,
	    .inquirer = out->provision.inquirer,
	    .permit_leaf = out->provision.permit_leaf,
	};
	struct payload_sealed sealed;

	must(payload_seal(s, &b, dhkey_point(inquirer_hpke), payload,
		 clock_mono_ms(), &sealed, &out->ciphertext),
	    "payload");
	buf_add(&out->enc, sealed.enc, sizeof sealed.enc);
	out->provision.enc = buf_span(&out->enc);
	memcpy(out->provision.salt, sealed.salt, sizeof sealed.salt);
	memcpy(out->provision.ciphertext_hash, sealed.hash, HASH_LEN);
	memcpy(out->provision.inquirer_key_id, sealed.key_id, KEY_ID_LEN);
	out->provision.ciphertext_size = (uint32_t)out->ciphertext.n;
	payload_sealer_free(s);
}

void
actor_provision(struct actor *a, struct span permit_body, enum outcome outcome,
    const struct dhkey *inquirer_hpke, struct span payload,
    struct answer_parts *out)
{
	struct arena arena = {0};
	struct permit permit;
	struct entry entry;

	memset(out, 0, sizeof *out);
	must(permit_decode(permit_body, &arena, &permit), "permit");
	must(entry_decode(permit.entry.body, &arena, &entry), "permit's entry");
	out->provision.version = 1;
	memcpy(out->provision.exchange_id, entry.exchange_id, ID_LEN);
	text_set(out->provision.inquirer, sizeof out->provision.inquirer,
	    entry.inquirer);
	text_set(
	    out->provision.provider, sizeof out->provision.provider, a->code);
	permit_leaf_of(&permit.entry, out->provision.permit_leaf);
	out->provision.outcome = outcome;
	out->provision.time_ms = clock_ms();
	out->provision.sequence = ++a->provided;
	if (outcome == OUTCOME_PROVIDED)
		payload_put(inquirer_hpke, payload, out);
	arena_wipe_free(&arena);
}

void
actor_provide(struct actor *a, const struct answer_parts *p)
{
	struct buf body = {0}, envelope = {0}, frame = {0};
	struct provision_frame f;

	provision_encode(&p->provision, &body);
	actor_sign(a, "provision", buf_span(&body), &envelope);
	f.envelope = buf_span(&envelope);
	f.ciphertext = buf_span(&p->ciphertext);
	provision_frame_encode(&f, &frame);
	raw_send_frame(a->raw, FRAME_PROVISION, buf_span(&frame));
	buf_free(&body);
	buf_free(&envelope);
	buf_free(&frame);
}

void
answer_parts_free(struct answer_parts *p)
{
	buf_free(&p->enc);
	buf_free(&p->ciphertext);
}

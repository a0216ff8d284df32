#include "broker/vault.h"

#include "broker/sandbox.h"
#include "broker/vault_ops.h"
#include "broker/vault_parts.h"
#include "lib/clock.h"
#include "lib/crashpoint.h"
#include "lib/file.h"
#include "lib/oplog.h"
#include "lib/secret.h"
#include "lib/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- a worker --- */

struct vault *
vault_new(struct linkcode_keys *keys, struct dhkey *seal_key,
    struct directory *directory, const struct policy *policy,
    const struct vault_options *o)
{
	struct vault *v = xcalloc(1, sizeof(*v));
	unsigned workers = o->workers > 0 ? o->workers : 1;

	v->keys = keys;
	v->seal_key = seal_key;
	v->ring = seal_ring_new(seal_key, true, SEAL_CAP / workers);
	v->directory = directory;
	v->policy = policy;
	v->portal = directory_find(directory, o->portal);
	v->roots = envelope_cache_new();
	v->answer_by_ms = o->answer_by_seconds * UINT64_C(1000);
	v->valid_for_ms = o->valid_for_seconds * UINT64_C(1000);
	if (v->portal == NULL || v->portal->role != PARTY_PORTAL) {
		vault_free(v);
		return NULL;
	}
	return v;
}

void
vault_free(struct vault *v)
{
	if (v == NULL)
		return;
	envelope_cache_free(v->roots);
	seal_ring_free(v->ring);
	directory_free(v->directory);
	dhkey_free(v->seal_key);
	linkcode_keys_free(v->keys);
	arena_wipe_free(&v->arena);
	buf_free(&v->scratch);
	buf_free(&v->body);
	buf_free(&v->record);
	buf_free(&v->person);
	free(v);
}

/* --- what the operations share --- */

enum err
vault_envelope(struct vault_work *w, const char *type, struct envelope *out)
{
	return directory_envelope(w->v->directory, w->ask->envelope, type,
	    w->ask->party, w->now_ms, w->v->roots, &w->v->arena, out);
}

enum err
vault_person_open(struct vault_work *w, const struct inquiry *q)
{
	const struct party *p = directory_find(w->v->directory, q->inquirer);
	struct seal_channel *c = NULL;
	uint8_t code[CODE_LEN];
	uint32_t epoch;
	enum err e;

	if (p != NULL && p->state == ERR_NONE)
		c = seal_ring_find(
		    w->v->ring, p->code, p->seal_key, SEAL_TO_VAULT);
	if (c == NULL)
		return ERR_KEY;
	if (q->person.suite != SEAL_SUITE || q->person.kind != PERSON_LINK_CODE)
		return ERR_MALFORMED;
	buf_reset(&w->v->scratch);
	seal_ad_inquiry(
	    &w->v->scratch, q->inquirer, q->provider, q->exchange_id);
	e = seal_open_code(
	    c, q->person.data, buf_span(&w->v->scratch), &epoch, code);
	if (e == ERR_NONE)
		e = epoch == LINKCODE_EPOCH
			? linkcode_open(
			      w->v->keys, q->inquirer, epoch, code, w->handle)
			: ERR_CODE;
	explicit_bzero(code, sizeof(code));
	w->has_handle = e == ERR_NONE;
	return e;
}

/* --- one request --- */

static const struct {
	enum vault_op op;
	enum err (*run)(struct vault_work *w);
} operations[] = {
    {VAULT_ADMIT, vault_admit},
    {VAULT_SETTLE, vault_settle},
    {VAULT_LAPSE, vault_lapse},
    {VAULT_ISSUE, vault_issue},
    {VAULT_CHANGE, vault_change},
    {VAULT_NOTE, vault_note},
    {VAULT_LOCATE, vault_locate},
    {VAULT_RECEIPT, vault_receipt},
};

static enum err
operation_run(struct vault_work *w)
{
	for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (operations[i].op == w->ask->op)
			return operations[i].run(w);
	return ERR_MALFORMED;
}

void
vault_answer(
    struct vault *v, uint64_t now_ms, struct span request, struct buf *reply)
{
	struct vault_request ask;
	struct vault_reply r = {0};
	struct vault_work w = {
	    .v = v, .now_ms = now_ms, .ask = &ask, .reply = &r};
	enum err e;

	arena_reset(&v->arena);
	e = vault_request_decode(request, &v->arena, &ask);
	if (e == ERR_NONE)
		e = operation_run(&w);
	if (e != ERR_NONE) {
		memset(&r, 0, sizeof(r));
		text_copy(r.error, sizeof(r.error), err_code(e));
	}
	r.ticket = ask.ticket;
	vault_reply_encode(&r, reply);
	explicit_bzero(w.handle, sizeof(w.handle));
}

/* --- the process --- */

static enum err
directory_read(const struct vault_options *o, const struct officers *officers,
    uint64_t now_ms, struct directory **out, struct fault *f)
{
	struct cert_trust *trust = NULL;
	enum err e = cert_trust_open(o->ca, o->crl, &trust);

	if (e == ERR_NONE) {
		struct directory_trust t = {
		    .officers = officers, .trust = trust, .now_ms = now_ms};

		e = directory_open(
		    o->directory, o->directory_signatures, &t, out, f);
	}
	cert_trust_free(trust);
	return e;
}

#define SIGNATURES_MAX 65536

/* The memfd is the front's to give; that officers signed it is ours to see. */
static enum err
policy_read(const struct vault_options *o, const struct officers *officers,
    uint64_t now_ms, struct policy **out, struct buf *why, struct fault *f)
{
	struct bundle b = {.kind = "policy"};
	struct buf signatures = {0};
	enum err e = policy_map(o->policy_fd, out, why);

	if (e == ERR_NONE)
		e = file_read(
		    o->policy_signatures, SIGNATURES_MAX, &signatures);
	if (e == ERR_NONE) {
		b.version = policy_version(*out);
		memcpy(b.hash, policy_hash(*out), HASH_LEN);
		e = bundle_check(officers, &b, buf_span(&signatures), now_ms,
		    BUNDLE_OFFICERS, f);
	}
	buf_free(&signatures);
	return e;
}

/* Everything a worker reads, in one story; NULL when any of it is wrong. */
static struct vault *
vault_open(const struct vault_options *o)
{
	struct officers *officers = NULL;
	struct directory *directory = NULL;
	struct linkcode_keys *keys = NULL;
	struct dhkey *seal_key = NULL;
	struct policy *policy = NULL;
	struct vault *v = NULL;
	struct buf why = {0};
	struct fault f = {0};
	uint64_t now = clock_ms();
	const char *what = o->officers;
	enum err e = officers_open(o->officers, &officers, &f);

	if (e == ERR_NONE) {
		what = o->directory;
		e = directory_read(o, officers, now, &directory, &f);
	}
	if (e == ERR_NONE) {
		what = "policy";
		e = policy_read(o, officers, now, &policy, &why, &f);
	}
	if (e == ERR_NONE) {
		what = o->vault_keys;
		e = linkcode_keys_open(o->vault_keys, &keys);
	}
	if (e == ERR_NONE) {
		what = o->vault_seal_key;
		e = dhkey_open(o->vault_seal_key, &seal_key);
	}
	if (e == ERR_NONE) {
		what = "portal";
		v = vault_new(keys, seal_key, directory, policy, o);
		e = v != NULL ? ERR_NONE : ERR_NOT_FOUND;
	} else {
		linkcode_keys_free(keys);
		policy_free(policy);
		directory_free(directory);
	}
	if (e != ERR_NONE) {
		if (why.n == 0)
			buf_add(&why, f.what, strlen(f.what));
		buf_add_u8(&why, 0);
		oplog(OPLOG_ERROR, "vault-cannot-start", LOG_TEXT("at", what),
		    LOG_ERR(e), LOG_TEXT("why", (const char *)why.p));
	}
	buf_free(&why);
	officers_free(officers);
	return v;
}

/* Derive what every party will need, while libraries may still open files. */
static void
vault_warm(struct vault *v)
{
	const struct party *p;

	for (size_t i = 0; (p = directory_at(v->directory, i)) != NULL; i++) {
		if (p->state != ERR_NONE)
			continue;
		seal_ring_find(v->ring, p->code, p->seal_key, SEAL_TO_VAULT);
		seal_ring_find(v->ring, p->code, p->seal_key, SEAL_FROM_VAULT);
	}
}

/* One packet in, one out; false when the channel has ended. */
static bool
channel_turn(struct vault *v, int fd, uint8_t *in, struct buf *out)
{
	ssize_t n = recv(fd, in, VAULT_PACKET_MAX, 0);

	if (n < 0 && errno == EINTR)
		return true;
	if (n <= 0)
		return false;
	crash_point("vault.after_request");
	buf_reset(out);
	vault_answer(v, clock_ms(), span_of(in, (size_t)n), out);
	crash_point("vault.after_decision");
	while ((n = send(fd, out->p, out->n, MSG_NOSIGNAL)) < 0)
		if (errno != EINTR)
			return false;
	crash_point("vault.after_reply");
	return true;
}

int
vault_main(const struct vault_options *o)
{
	struct buf out = {0};
	struct vault *v;
	uint8_t *in;

	if (process_harden(true) != ERR_NONE || (v = vault_open(o)) == NULL)
		return 1;
	vault_warm(v);
	in = xmalloc(VAULT_PACKET_MAX);
	if (sandbox_enter(SANDBOX_VAULT) != ERR_NONE) {
		oplog(OPLOG_ERROR, "vault-sandbox");
		return 1;
	}
	oplog(OPLOG_INFO, "vault-ready",
	    LOG_NUMBER("policy", policy_version(v->policy)),
	    LOG_NUMBER("directory", directory_version(v->directory)));
	while (channel_turn(v, o->channel_fd, in, &out))
		;
	vault_free(v);
	buf_free(&out);
	free(in);
	return 0;
}

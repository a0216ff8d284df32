#include "broker/vault.h"

#include "broker/lawstore.h"
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
    struct directory *directory, struct policy *policy,
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
	law_fini(&v->law);
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
    {VAULT_LAW_PART, vault_law_part},
    {VAULT_LAW_PREPARE, vault_law_prepare},
    {VAULT_LAW_TAKE, vault_law_take},
    {VAULT_LAW_DROP, vault_law_drop},
    {VAULT_READ, vault_read},
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
		text_copy(r.rule, sizeof(r.rule), w.why);
	}
	r.ticket = ask.ticket;
	vault_reply_encode(&r, reply);
	explicit_bzero(w.handle, sizeof(w.handle));
}

/* --- the process --- */

/* What a worker reads, one thing after the other. */
struct reading {
	const struct vault_options *o;
	uint64_t now_ms;
	struct officers *officers;
	struct directory *directory;
	struct policy *policy;
	struct law law;
	struct linkcode_keys *keys;
	struct dhkey *seal_key;
	struct fault fault;
};

static enum err
officers_read(struct reading *r)
{
	return officers_open(r->o->officers, &r->officers, &r->fault);
}

static enum err
directory_read(struct reading *r)
{
	struct directory_trust t = {
	    .officers = r->officers, .now_ms = r->now_ms};
	struct cert_trust *trust = NULL;
	enum err e = cert_trust_open(r->o->ca, r->o->crl, &trust);

	if (e != ERR_NONE)
		return fault_set(&r->fault, e, r->o->ca, 0,
		    "no authority with a revocation list of its own");
	t.trust = trust;
	e = directory_open(r->o->directory, r->o->directory_signatures, &t,
	    &r->directory, &r->fault);
	cert_trust_free(trust);
	return e;
}

/* Parsed again here: nobody else's reading of the statute counts. */
static enum err
policy_read(struct reading *r)
{
	struct buf why = {0};
	enum err e = policy_map(r->o->policy_fd, &r->policy, &why);

	if (e != ERR_NONE)
		fault_set(&r->fault, e, "policy", 0, "%.*s",
		    (int)(why.n < 150 ? why.n : 150),
		    why.p != NULL ? (const char *)why.p : "");
	buf_free(&why);
	return e;
}

#define SIGNATURES_MAX 65536

/* Those that the version was loaded with. */
static enum err
stored_signatures(const struct vault_options *o, struct buf *out)
{
	struct buf law = {0};
	enum err e = ERR_NOT_FOUND;

	if (o->policy_store != NULL)
		e = lawstore_read(o->policy_store, LAW_POLICY, out, &law);
	buf_free(&law);
	return e;
}

/*
 * The memfd is the front's to give; that officers signed it is ours to see.
 * Where an officer has left since it was loaded, others may have signed it
 * anew: their lines are then in the configured file.
 */
static enum err
policy_believe(struct reading *r)
{
	struct bundle b = {
	    .kind = LAW_POLICY, .version = policy_version(r->policy)};
	const char *path = r->o->policy_signatures;
	struct buf signatures = {0};
	enum err e = stored_signatures(r->o, &signatures);

	memcpy(b.hash, policy_hash(r->policy), HASH_LEN);
	if (e == ERR_NONE)
		e = bundle_check(r->officers, &b, buf_span(&signatures),
		    r->now_ms, BUNDLE_OFFICERS, &r->fault);
	if (e != ERR_NONE) {
		memset(&r->fault, 0, sizeof(r->fault));
		buf_reset(&signatures);
		e = file_read(path, SIGNATURES_MAX, &signatures);
		if (e == ERR_NONE)
			e = bundle_check(r->officers, &b, buf_span(&signatures),
			    r->now_ms, BUNDLE_OFFICERS, &r->fault);
	}
	if (e != ERR_NONE && r->fault.what[0] == '\0')
		fault_set(&r->fault, e, path, 0, "%s", err_sentence(e));
	buf_free(&signatures);
	return e;
}

/* What officers stopped stays so over a restart. */
static enum err
suspensions_read(struct reading *r)
{
	const char *store = r->o->policy_store;
	struct buf signatures = {0}, list = {0};
	enum err e;

	if (store == NULL)
		return ERR_NONE;
	r->law.officers = r->officers;
	e = lawstore_read(store, LAW_SUSPENSION, &signatures, &list);
	if (e == ERR_NONE)
		e = law_suspend(&r->law, r->policy, buf_span(&list),
		    buf_span(&signatures), r->now_ms, &r->fault);
	buf_free(&signatures);
	buf_free(&list);
	if (e == ERR_NOT_FOUND)
		return ERR_NONE;
	if (e != ERR_NONE && r->fault.what[0] == '\0')
		fault_set(&r->fault, e, store, 0, "%s", err_sentence(e));
	return e;
}

static enum err
keys_read(struct reading *r)
{
	const char *path = r->o->vault_keys;
	enum err e = linkcode_keys_open(path, &r->keys);

	if (e == ERR_NONE) {
		path = r->o->vault_seal_key;
		e = dhkey_open(path, &r->seal_key);
	}
	if (e != ERR_NONE)
		fault_set(&r->fault, e, path, 0, "%s", err_sentence(e));
	return e;
}

static enum err (*const readings[])(struct reading *r) = {
    officers_read,
    directory_read,
    policy_read,
    policy_believe,
    suspensions_read,
    keys_read,
};

/* NULL, and a line in the operator's log, when any of it is wrong. */
static struct vault *
vault_open(const struct vault_options *o)
{
	struct reading r = {.o = o, .now_ms = clock_ms()};
	struct vault *v = NULL;
	enum err e = ERR_NONE;
	char text[512];

	for (size_t i = 0;
	     e == ERR_NONE && i < sizeof(readings) / sizeof(readings[0]); i++)
		e = readings[i](&r);
	r.law.officers = r.officers;
	if (e == ERR_NONE) {
		v = vault_new(r.keys, r.seal_key, r.directory, r.policy, o);
		if (v != NULL) {
			v->law = r.law;
			return v;
		}
		e = fault_set(&r.fault, ERR_NOT_FOUND, o->directory, 0,
		    "the portal %s is not in it", o->portal);
	} else {
		linkcode_keys_free(r.keys);
		dhkey_free(r.seal_key);
		directory_free(r.directory);
	}
	law_fini(&r.law);
	policy_free(r.policy);
	oplog(OPLOG_ERROR, "vault-cannot-start", LOG_ERR(e),
	    LOG_TEXT("why", fault_text(&r.fault, text, sizeof(text))));
	return NULL;
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

#include "broker/front.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "broker/amend.h"
#include "broker/control.h"
#include "broker/exchange.h"
#include "broker/follow.h"
#include "broker/issue.h"
#include "broker/lawstore.h"
#include "broker/ledger.h"
#include "broker/peer.h"
#include "broker/reads.h"
#include "broker/vault_ops.h"
#include "broker/witness.h"
#include "broker/workers.h"
#include "lib/clock.h"
#include "lib/directory.h"
#include "lib/file.h"
#include "lib/oplog.h"
#include "lib/tsv.h"
#include "lib/uuid.h"
#include "lib/zsock.h"
#include "policy/policy.h"

#define HELLO_TICKET ((uint64_t)2 << 56)
#define TICKET_KIND(ticket) ((ticket) >> 56)

/* Small fair bursts: answers before questions. */
#define FRAMES_IN 8
#define REPLIES_IN 64
#define RESULTS_IN 256
#define TICK_MS 250
#define POLLED_WORKERS 2 /* where they begin among what is polled */
#define EXPIRE_MS 60000
#define DRAIN_MS 5000
#define WORKER_MS 30000	 /* a worker that takes longer hangs */
#define WAITING_MAX 1000 /* messages ZeroMQ may hold for a connection */
#define RECENT_MS (600 * 1000)
#define SKEW_MS (120 * 1000)

struct front {
	const struct options *o;
	struct ledger *ledger;
	struct tree *tree;
	struct buf note; /* the checkpoint in force */
	uint64_t size;	 /* its size */
	struct workers *workers;
	struct peers *peers;
	struct hub *hub;
	struct issues *issues;
	struct follows *follows;
	struct reads *reads;
	struct control *control;
	struct amends *amends;
	struct witnesses *witnesses;
	struct buf held; /* jobs recorded while no quorum of them agrees */
	struct directory *directory;
	uint8_t policy_hash[HASH_LEN]; /* of the policy in force */
	uint64_t policy_version, suspensions_version;
	int policy_fd, suspensions_fd; /* their bytes, for officers to read */
	const char *registrar;	       /* party code */
	struct znet *net;
	struct zsock *socket;
	struct arena frame_arena, reply_arena;
	uint64_t now_ms, tick_ms, expire_ms, drain_ms;
	uint64_t frames, refused;
	uint32_t proved_route; /* a proof is on its way to it ... */
	uint64_t proved_size;  /* ... in the tree of this size */
	size_t control_at;
	/* socket, ledger, workers from POLLED_WORKERS on, then control */
	struct zpoll polled[3 + WORKERS_MAX + CONTROL_CLIENTS];
};

static volatile sig_atomic_t stopping;

static void
on_term(int signal)
{
	stopping = 1;
}

/* ---- sending --------------------------------------------------------------
 */

/* Only what was sent moves the size from which the next proof starts. */
static void
proof_sent(struct front *f, uint32_t route, enum frame_kind kind)
{
	bool proves = kind == FRAME_PERMIT || kind == FRAME_ANSWER ||
		      kind == FRAME_REFUSAL || kind == FRAME_CODE_NOTICE ||
		      kind == FRAME_RECORDED;
	struct peer *peer = peers_find(f->peers, route);
	if (proves && f->proved_route == route && peer != NULL)
		peer->held_size = f->proved_size;
}

static enum err
send_frame(void *ctx, uint32_t route, enum frame_kind kind, struct buf *body)
{
	struct front *f = ctx;
	struct buf frame = {0};
	frame_wrap(kind, buf_span(body), &frame);
	buf_free(body);
	enum err e = zsock_send_take(f->socket, route, &frame);
	if (e == ERR_OFFLINE)
		peers_gone(f->peers, route);
	else if (e == ERR_NONE)
		proof_sent(f, route, kind);
	f->proved_route = 0;
	return e;
}

static uint32_t
route_to(void *ctx, const char *party, uint32_t wanted)
{
	struct front *f = ctx;
	const struct peer *p = peers_of(f->peers, party, wanted);
	return p == NULL ? 0 : p->route;
}

/* Each proof leads from the checkpoint this connection was last sent. */
static void
prove_consistency(struct front *f, struct peer *peer, uint64_t *from,
    uint8_t (*hashes)[HASH_LEN], size_t *n)
{
	*from = peer->held_size;
	if (tree_consistency(f->tree, *from, f->size, hashes, n) != ERR_NONE) {
		*from = 0; /* so long ago: it says hello again */
		*n = 0;
	}
	f->proved_route = peer->route;
	f->proved_size = f->size;
}

static enum err
prove(void *ctx, uint32_t route, uint64_t index, struct entry_proof *p)
{
	struct front *f = ctx;
	struct peer *peer = peers_find(f->peers, route);
	if (peer == NULL)
		return ERR_OFFLINE;
	p->index = index;
	p->checkpoint = buf_span(&f->note);
	prove_consistency(
	    f, peer, &p->consistent_from, p->consistency, &p->n_consistency);
	return tree_inclusion(f->tree, index, f->size, p->path, &p->n_path);
}

static void
ask_vault(void *ctx, const struct vault_request *q)
{
	struct front *f = ctx;
	workers_ask(f->workers, q);
}

static bool
ask_ledger(void *ctx, struct ledger_job *job)
{
	struct front *f = ctx;
	return ledger_submit(f->ledger, job);
}

static bool
writable(void *ctx)
{
	struct front *f = ctx;
	return ledger_healthy(f->ledger) && witnesses_agree(f->witnesses);
}

static bool
witnessed(void *ctx)
{
	struct front *f = ctx;
	return witnesses_agree(f->witnesses);
}

static void
frame_refuse(struct front *f, const char *party, uint32_t route, enum err e)
{
	struct refusal *r = xcalloc(1, sizeof(*r));
	struct buf body = {0};
	f->refused++;
	oplog(
	    OPLOG_WARN, "frame-refused", LOG_TEXT("party", party), LOG_ERR(e));
	strcpy(r->error, err_code(e));
	strcpy(r->hop, "broker");
	refusal_encode(r, &body);
	free(r);
	send_frame(f, route, FRAME_REFUSAL, &body);
}

/* ---- hello ----------------------------------------------------------------
 */

static void
hello_reply_send(struct front *f, struct peer *peer, uint64_t from,
    uint8_t (*hashes)[HASH_LEN], size_t n)
{
	struct hello_reply r = {.version = PROTOCOL_VERSION,
	    .time_ms = f->now_ms,
	    .checkpoint = buf_span(&f->note),
	    .consistent_from = from,
	    .n_consistency = n,
	    .consistency = hashes,
	    .policy_version = f->policy_version,
	    .directory_version = directory_version(f->directory)};
	struct buf body = {0};
	uint32_t route = peer->route;
	char party[PARTY_MAX + 1];
	strcpy(party, peer->party);
	strcpy(r.party, party);
	memcpy(r.policy_hash, f->policy_hash, HASH_LEN);
	hello_reply_encode(&r, &body);
	peer->held_size = f->size;
	peer->greeted = true;
	if (send_frame(f, route, FRAME_HELLO_REPLY, &body) != ERR_NONE)
		return;
	hub_hello(f->hub, party);
	issues_hello(f->issues, party);
}

static void
take_hello(struct front *f, struct peer *peer, struct span body)
{
	struct hello h;
	uint8_t hashes[MERKLE_PATH_MAX][HASH_LEN];
	size_t n;
	enum err e = hello_decode(body, &f->frame_arena, &h);
	if (e != ERR_NONE) {
		frame_refuse(f, peer->party, peer->route, e);
		return;
	}
	if (h.held_size > f->size) {
		/* it holds a longer log than ours: its to cry out */
		oplog(OPLOG_ERROR, "peer-holds-more",
		    LOG_TEXT("party", peer->party),
		    LOG_NUMBER("held", h.held_size),
		    LOG_NUMBER("size", f->size));
		h.held_size = 0;
	}
	if (tree_consistency(f->tree, h.held_size, f->size, hashes, &n) ==
	    ERR_NONE) {
		hello_reply_send(f, peer, h.held_size, hashes, n);
		return;
	}
	struct ledger_job *job =
	    ledger_job_new(LEDGER_PROVE, HELLO_TICKET | peer->route);
	job->from = h.held_size;
	if (!ledger_submit(f->ledger, job))
		ledger_job_free(job);
}

static void
hello_proved(struct front *f, struct ledger_job *job)
{
	struct peer *peer = peers_find(f->peers, (uint32_t)job->ticket);
	if (peer != NULL && job->err == ERR_NONE && job->size == f->size)
		hello_reply_send(
		    f, peer, job->from, job->consistency, job->n_consistency);
	ledger_job_free(job);
}

/* ---- frames -----------------------------------------------------------------
 */

static void
take_inquiry(struct front *f, struct peer *p, struct span body)
{
	hub_inquiry(f->hub, p->party, p->route, body);
}

static void
take_provision(struct front *f, struct peer *p, struct span body)
{
	hub_provision(f->hub, p->party, p->route, body);
}

static void
take_pending(struct front *f, struct peer *p, struct span body)
{
	hub_pending(f->hub, p->party, p->route, body);
}

static void
take_receipt(struct front *f, struct peer *p, struct span body)
{
	hub_receipt(f->hub, p->party, p->route, body);
}

static void
take_code_request(struct front *f, struct peer *p, struct span body)
{
	issues_request(f->issues, p->party, p->route, body);
}

static void
take_code_ack(struct front *f, struct peer *p, struct span body)
{
	issues_acknowledge(f->issues, p->party, p->route, f->registrar, body);
}

static void
take_change(struct front *f, struct peer *p, struct span body)
{
	issues_change(f->issues, p->party, p->route, body);
}

static void
take_follow(struct front *f, struct peer *p, struct span body)
{
	const struct party *party = directory_find(f->directory, p->party);
	follows_request(
	    f->follows, p->party, p->route, party->role == PARTY_PORTAL, body);
}

static void
take_audit_read(struct front *f, struct peer *p, struct span body)
{
	reads_request(f->reads, VAULT_READ, p->party, p->route, body);
}

#define MAY(role) (1u << (role))
#define MAY_ALL                                                         \
	(MAY(PARTY_AGENCY) | MAY(PARTY_REGISTRAR) | MAY(PARTY_PORTAL) | \
	    MAY(PARTY_AUDITOR))

/* Which frames are taken, from which roles, and by whom. */
static const struct {
	enum frame_kind kind;
	unsigned roles;
	void (*take)(struct front *f, struct peer *p, struct span body);
} takers[] = {
    {FRAME_HELLO, MAY_ALL, take_hello},
    {FRAME_INQUIRY, MAY(PARTY_AGENCY), take_inquiry},
    {FRAME_PROVISION, MAY(PARTY_AGENCY), take_provision},
    {FRAME_PENDING, MAY(PARTY_AGENCY), take_pending},
    {FRAME_RECEIPT, MAY(PARTY_AGENCY), take_receipt},
    {FRAME_CODE_REQUEST, MAY(PARTY_REGISTRAR), take_code_request},
    {FRAME_CODE_ACK, MAY(PARTY_AGENCY), take_code_ack},
    {FRAME_RESIDENT_CHANGE, MAY(PARTY_REGISTRAR), take_change},
    {FRAME_FOLLOW_REQUEST, MAY(PARTY_PORTAL) | MAY(PARTY_AUDITOR), take_follow},
    {FRAME_AUDIT_READ, MAY(PARTY_AUDITOR), take_audit_read},
};

static void
say_hello_first(struct front *f, uint32_t route)
{
	struct busy b = {.retry_ms = 100, .what = "hello"};
	struct buf body = {0};
	busy_encode(&b, &body);
	send_frame(f, route, FRAME_BUSY, &body);
}

static void
frame_take(struct front *f, struct zmsg *m)
{
	struct frame frame;
	arena_reset(&f->frame_arena);
	f->frames++;
	enum err e = frame_open(zmsg_span(m), &f->frame_arena, &frame);
	const struct party *party = directory_find(f->directory, m->party);
	if (e == ERR_NONE && party == NULL)
		e = ERR_KEY;
	if (e == ERR_NONE)
		e = party_check(party, f->now_ms);
	if (e != ERR_NONE) {
		frame_refuse(f, m->party, m->route, e);
		return;
	}
	struct peer *peer = peers_seen(f->peers, m->route, m->party);
	for (size_t i = 0; i < sizeof(takers) / sizeof(takers[0]); i++) {
		if (takers[i].kind != frame.kind)
			continue;
		if ((takers[i].roles & MAY(party->role)) == 0)
			break;
		if (!peer->greeted && frame.kind != FRAME_HELLO)
			say_hello_first(f, m->route);
		else
			takers[i].take(f, peer, frame.body);
		return;
	}
	frame_refuse(f, m->party, m->route, ERR_NOT_YOURS);
}

/* ---- the loop
 * ------------------------------------------------------------------ */

/* True if there may be more. */
static bool
frames_read(struct front *f, struct zmsg *m)
{
	for (int i = 0; i < FRAMES_IN; i++) {
		enum err e = zsock_recv(f->socket, m);
		if (e == ERR_TIMEOUT)
			return false;
		if (e != ERR_NONE) {
			f->refused++;
			oplog(OPLOG_WARN, "frame-refused",
			    LOG_TEXT("party", m->party), LOG_ERR(e));
			continue;
		}
		frame_take(f, m);
	}
	return true;
}

static void
reply_take(struct front *f, const struct vault_reply *v)
{
	switch (TICKET_KIND(v->ticket)) {
	case TICKET_KIND(ISSUE_TICKET):
		issues_vault(f->issues, v);
		return;
	case TICKET_KIND(FOLLOW_TICKET):
		follows_vault(f->follows, v);
		return;
	case TICKET_KIND(READ_TICKET):
		reads_vault(f->reads, v);
		return;
	case TICKET_KIND(AMEND_TICKET):
		amends_vault(f->amends, v);
		return;
	default:
		hub_vault(f->hub, v);
	}
}

static enum err
worker_read(struct front *f, size_t worker, bool *more)
{
	for (int n = 0; n < REPLIES_IN; n++) {
		struct vault_reply v;
		arena_reset(&f->reply_arena);
		enum err e =
		    workers_reply(f->workers, worker, &f->reply_arena, &v);
		if (e != ERR_NONE)
			return e == ERR_TIMEOUT ? ERR_NONE : e;
		reply_take(f, &v);
	}
	*more = true;
	return ERR_NONE;
}

/* ERR_OFFLINE when a worker is gone: nobody knows what it held. */
static enum err
replies_read(struct front *f, bool *more)
{
	enum err e = ERR_NONE;
	for (size_t i = 0; i < workers_count(f->workers) && e == ERR_NONE; i++)
		if (f->polled[POLLED_WORKERS + i].ready)
			e = worker_read(f, i, more);
	workers_flush(f->workers);
	return e;
}

static void
head_take(struct front *f, struct ledger_job *job)
{
	for (size_t at = 0; at < job->leaves.n; at += ENTRY_LEAF_LEN)
		tree_append(f->tree, job->leaves.p + at);
	struct tree_tile tile; /* the ledger writes them; ours are let go */
	while (tree_tile_take(f->tree, &tile))
		buf_free(&tile.data);
	if (job->note.n > 0) {
		buf_reset(&f->note);
		buf_add(&f->note, job->note.p, job->note.n);
		f->size = job->size;
	}
	ledger_job_free(job);
}

/* ---- witnesses ----------------------------------------------------------
 */

static void
witness_proved(struct front *f, struct ledger_job *job)
{
	enum err e = job->size == f->size ? job->err : ERR_STALE;
	witnesses_proved(f->witnesses, job->ticket & UINT32_MAX, e,
	    buf_span(&f->note), f->size, job->from, job->consistency,
	    job->n_consistency);
	ledger_job_free(job);
}

/* From our own tree, or by the ledger where that is too young. */
static enum err
witness_prove_now(void *ctx, size_t i, uint64_t from, uint64_t size,
    uint8_t path[static MERKLE_PATH_MAX][MERKLE_LEN], size_t *n)
{
	struct front *f = ctx;
	if (tree_consistency(f->tree, from, size, path, n) == ERR_NONE)
		return ERR_NONE;
	struct ledger_job *job =
	    ledger_job_new(LEDGER_PROVE, WITNESS_TICKET | i);
	job->from = from;
	if (ledger_submit(f->ledger, job))
		return ERR_BUSY;
	ledger_job_free(job);
	return ERR_STALE;
}

static enum err
witness_prove_first(void *ctx, size_t i, uint64_t from, uint64_t size,
    uint8_t path[static MERKLE_PATH_MAX][MERKLE_LEN], size_t *n)
{
	struct front *f = ctx;
	return ledger_consistency(f->ledger, from, size, path, n);
}

static enum err
witnesses_begin(struct front *f)
{
	const struct options *o = f->o;
	struct buf file = {0};
	buf_printf(&file, "%s/checkpoint.cosigned", o->state);
	buf_add_u8(&file, '\0');
	struct witnesses_options wo = {.witness = o->witness,
	    .n = o->n_witnesses,
	    .quorum = o->quorum,
	    .seconds = o->witness_seconds,
	    .file = (const char *)file.p};
	enum err e = witnesses_open(&wo, &f->witnesses);
	if (e == ERR_NONE)
		e = witnesses_greet(f->witnesses, buf_span(&f->note), f->size,
		    witness_prove_first, f);
	if (e != ERR_NONE)
		oplog(OPLOG_ERROR, "start-refused", LOG_ERR(e),
		    LOG_TEXT("why", err_sentence(e)),
		    LOG_NUMBER("size", f->size));
	buf_free(&file);
	return e;
}

/* ---- what the ledger recorded -------------------------------------------
 */

static void
result_take(struct front *f, struct ledger_job *job)
{
	if (job->op == LEDGER_HEAD) {
		head_take(f, job);
		return;
	}
	switch (TICKET_KIND(job->ticket)) {
	case TICKET_KIND(ISSUE_TICKET):
		issues_ledger(f->issues, job);
		return;
	case TICKET_KIND(HELLO_TICKET):
		hello_proved(f, job);
		return;
	case TICKET_KIND(FOLLOW_TICKET):
		follows_ledger(f->follows, job, buf_span(&f->note));
		return;
	case TICKET_KIND(READ_TICKET):
		reads_ledger(f->reads, job);
		return;
	case TICKET_KIND(AMEND_TICKET):
		amends_ledger(f->amends, job);
		return;
	case TICKET_KIND(WITNESS_TICKET):
		witness_proved(f, job);
		return;
	default:
		hub_ledger(f->hub, job);
	}
}

/*
 * Without a quorum nothing recorded goes on to its next step, so that neither
 * permit nor answer leaves us; the tree grows, for the witnesses to be shown.
 */
static void
result_arrived(struct front *f, struct ledger_job *job)
{
	if (job->op == LEDGER_HEAD ||
	    TICKET_KIND(job->ticket) == TICKET_KIND(WITNESS_TICKET) ||
	    witnesses_agree(f->witnesses))
		result_take(f, job);
	else
		buf_add(&f->held, &job, sizeof(job));
}

static bool
results_read(struct front *f)
{
	for (int i = 0; i < RESULTS_IN; i++) {
		struct ledger_job *job = ledger_done(f->ledger);
		if (job == NULL)
			return false;
		result_arrived(f, job);
	}
	return true;
}

/* What waited for the witnesses goes on, in its order. */
static void
held_release(struct front *f)
{
	struct buf held = f->held;
	f->held = (struct buf){0};
	for (size_t at = 0; at < held.n; at += sizeof(struct ledger_job *)) {
		struct ledger_job *job;
		memcpy(&job, held.p + at, sizeof(job));
		result_take(f, job);
	}
	buf_free(&held);
}

static void
clock_set(struct front *f)
{
	f->now_ms = clock_ms();
	hub_clock(f->hub, f->now_ms);
	issues_clock(f->issues, f->now_ms);
}

static enum err
tick(struct front *f)
{
	if (f->now_ms < f->tick_ms + TICK_MS)
		return ERR_NONE;
	enum err e = witnesses_tick(
	    f->witnesses, buf_span(&f->note), f->size, witness_prove_now, f);
	if (e == ERR_NONE && witnesses_agree(f->witnesses))
		held_release(f);
	f->tick_ms = f->now_ms;
	hub_tick(f->hub);
	if (f->now_ms >= f->expire_ms + EXPIRE_MS) {
		f->expire_ms = f->now_ms;
		issues_expire(f->issues);
	}
	return e;
}

static size_t
poll_fill(struct front *f)
{
	size_t n = 0;
	f->polled[n++] = (struct zpoll){.socket = f->socket};
	f->polled[n++] = (struct zpoll){.fd = ledger_fd(f->ledger)};
	for (size_t i = 0; i < workers_count(f->workers); i++)
		f->polled[n++] =
		    (struct zpoll){.fd = workers_fd(f->workers, i)};
	f->control_at = n;
	return n + control_poll(f->control, f->polled + n);
}

/* Nothing is in a leaf's hands, or it took too long. */
static bool
drained(struct front *f)
{
	if (!stopping)
		return false;
	if (f->drain_ms == 0) {
		f->drain_ms = f->now_ms;
		hub_drain(f->hub);
	}
	if (f->now_ms >= f->drain_ms + DRAIN_MS)
		return true;
	return workers_outstanding(f->workers) == 0 &&
	       hub_at_step(f->hub, STEP_record) == 0 &&
	       hub_at_step(f->hub, STEP_settle) == 0 &&
	       hub_at_step(f->hub, STEP_forget) == 0;
}

/* A leaf that ended, or that hangs and would let all others wait. */
static enum err
leaves_check(struct front *f)
{
	enum err e = ledger_stopped(f->ledger);
	if (e == ERR_TIMEOUT) {
		oplog(OPLOG_ERROR, "ledger-hangs");
		_exit(1); /* its thread would have to be waited for */
	}
	return e == ERR_NONE && workers_stalled(f->workers, WORKER_MS)
		   ? ERR_TIMEOUT
		   : e;
}

/* Answers first, then what the ledger recorded, then a few new frames. */
static int
front_serve(struct front *f)
{
	struct zmsg m = {0};
	bool more = false;
	enum err e = ERR_NONE;
	clock_set(f);
	while (!drained(f)) {
		size_t n = poll_fill(f);
		zsock_poll(f->polled, n, more ? 0 : TICK_MS);
		more = false;
		clock_set(f);
		e = replies_read(f, &more);
		if (e == ERR_NONE)
			e = leaves_check(f);
		if (e != ERR_NONE)
			break;
		more |= results_read(f);
		more |= frames_read(f, &m);
		workers_flush(f->workers);
		e = tick(f);
		if (e != ERR_NONE)
			break;
		for (size_t i = f->control_at; i < n; i++)
			if (f->polled[i].ready) {
				control_serve(f->control);
				break;
			}
	}
	zmsg_close(&m);
	if (e != ERR_NONE)
		oplog(OPLOG_ERROR, "leaf-gone", LOG_ERR(e));
	return e == ERR_NONE ? 0 : 1;
}

/* ---- what operators see
 * ------------------------------------------------------- */

static void
number(struct buf *out, const char *name, uint64_t value)
{
	buf_printf(out, "%s %" PRIu64 "\n", name, value);
}

/* "outcome_no_pia 3": a stable code as part of a name; zeros are left out. */
static void
coded(struct buf *out, const char *what, const char *code, uint64_t value)
{
	char name[64];
	if (value == 0)
		return;
	snprintf(name, sizeof(name), "%s_%s", what, code);
	for (char *c = name; *c != '\0'; c++)
		if (*c == '-')
			*c = '_';
	number(out, name, value);
}

static void
report(void *ctx, struct buf *out)
{
	struct front *f = ctx;
	const struct hub_counters *c = hub_counters(f->hub);
	const struct issue_counters *ic = issues_counters(f->issues);
	struct ledger_counters lc;
	ledger_counters(f->ledger, &lc);
	number(out, "log_size", f->size);
	number(out, "connections", peers_count(f->peers));
	number(out, "frames", f->frames);
	number(out, "frames_refused", f->refused);
	number(out, "in_flight", hub_in_flight(f->hub));
	number(out, "bytes", hub_bytes(f->hub));
	number(out, "vault_outstanding", workers_outstanding(f->workers));
#define COUNTER(name) number(out, #name, c->name);
	HUB_COUNTERS(COUNTER)
#undef COUNTER
	for (enum step s = 0; s < STEP_COUNT; s++)
		buf_printf(
		    out, "at_%s %zu\n", step_name(s), hub_at_step(f->hub, s));
#define OUTCOME_LINE(name, n, code, en, ja) \
	coded(out, "outcome", code, hub_recorded(f->hub, name));
	OUTCOME_TABLE(OUTCOME_LINE)
#undef OUTCOME_LINE
	for (enum err e = ERR_NONE + 1; e < ERR_COUNT; e++)
		coded(out, "error", err_code(e), hub_erred(f->hub, e));
	number(out, "code_requests", ic->requests);
	number(out, "codes_issued", ic->issued);
	number(out, "codes_already", ic->already);
	number(out, "codes_acknowledged", ic->acknowledged);
	number(out, "resident_changes", ic->changes);
	number(out, "ledger_batches", lc.batches);
	number(out, "ledger_entries", lc.entries);
	number(out, "ledger_largest_batch", lc.largest);
	number(out, "ledger_commit_us", lc.commit_us);
	number(out, "ledger_sign_us", lc.sign_us);
	number(out, "database_lost", lc.lost);
	number(out, "policy_version", f->policy_version);
	number(out, "suspensions_version", f->suspensions_version);
	witnesses_report(f->witnesses, out);
	number(out, "witness_waiting", f->held.n / sizeof(struct ledger_job *));
}

static bool
healthy(void *ctx)
{
	struct front *f = ctx;
	return ledger_healthy(f->ledger) && !stopping &&
	       witnesses_agree(f->witnesses);
}

static void
remark(void *ctx, struct buf *out)
{
	struct front *f = ctx;
	if (witnesses_count(f->witnesses) == 0)
		buf_printf(out, "no witness: who holds our keys can rewrite "
				"the log unseen\n");
	else if (!witnesses_agree(f->witnesses))
		buf_printf(out, "no quorum of witnesses: nothing is released "
				"until there is one again\n");
}

/* ---- the law, and how it changes
 * ----------------------------------------------- */

static void
tell_worker(void *ctx, size_t i, const struct vault_request *q)
{
	struct front *f = ctx;
	workers_tell(f->workers, i, q);
}

static void
spare_worker(void *ctx, size_t i, bool spare)
{
	struct front *f = ctx;
	workers_spare(f->workers, i, spare);
}

static void
law_version(void *ctx, uint64_t version)
{
	struct front *f = ctx;
	ledger_policy(f->ledger, version);
}

static void
fd_replace(int *fd, struct span bytes)
{
	if (*fd >= 0)
		close(*fd);
	*fd = policy_memfd(bytes);
	if (*fd >= 0)
		fcntl(*fd, F_SETFD, FD_CLOEXEC);
}

/* "# version N" is the first line of a list that workers took. */
static void
suspensions_set(struct front *f, struct span list)
{
	if (tsv_version(list, &f->suspensions_version) != ERR_NONE)
		f->suspensions_version = 0;
	fd_replace(&f->suspensions_fd, list);
}

static void
law_taken(
    void *ctx, const char *kind, const struct entry *entry, struct span law)
{
	struct front *f = ctx;
	if (strcmp(kind, LAW_SUSPENSION) == 0) {
		suspensions_set(f, law);
		return;
	}
	f->policy_version = entry->policy_version;
	memcpy(f->policy_hash, entry->policy_hash, HASH_LEN);
	fd_replace(&f->policy_fd, law);
}

static void
law_done(void *ctx, uint64_t client, enum err e, const char *why)
{
	struct front *f = ctx;
	control_answer(f->control, client, e, why);
}

static enum err
law_amend(void *ctx, const char *kind, struct span law, struct span signatures,
    uint64_t client)
{
	struct front *f = ctx;
	if (stopping || !ledger_healthy(f->ledger))
		return ERR_BUSY;
	return amends_begin(f->amends, kind, law, signatures, client);
}

static void
law_tell(void *ctx, struct buf *out, int fds[2])
{
	struct front *f = ctx;
	number(out, "version", f->policy_version);
	buf_printf(out, "hash ");
	for (size_t i = 0; i < HASH_LEN; i++)
		buf_printf(out, "%02x", f->policy_hash[i]);
	buf_printf(out, "\n");
	number(out, "suspensions", f->suspensions_version);
	fds[0] = f->policy_fd;
	fds[1] = f->suspensions_fd;
}

/* What the parent gave out. */
static enum err
policy_read(struct front *f, int fd)
{
	struct policy *p = NULL;
	struct buf why = {0};
	enum err e = policy_map(fd, &p, &why);
	if (e == ERR_NONE) {
		f->policy_version = policy_version(p);
		memcpy(f->policy_hash, policy_hash(p), HASH_LEN);
	} else {
		buf_add_u8(&why, 0);
		oplog(OPLOG_ERROR, "policy-refused", LOG_ERR(e),
		    LOG_TEXT("why", (const char *)why.p));
	}
	f->policy_fd = fd;
	policy_free(p);
	buf_free(&why);
	return e;
}

static enum err
policy_bytes(int fd, struct buf *out)
{
	off_t n = lseek(fd, 0, SEEK_END);
	if (n <= 0 ||
	    pread(fd, buf_grow(out, (size_t)n), (size_t)n, 0) != (ssize_t)n)
		return ERR_SYSTEM;
	return ERR_NONE;
}

/*
 * The configured folder is for the first start. From then on a version comes
 * by a load alone, which looks at what it changes: so what is found in force
 * without one is kept as if it had been loaded.
 */
static enum err
policy_adopt(struct front *f)
{
	const char *store = f->o->policy_store;
	struct buf signatures = {0}, law = {0};
	enum err e = ERR_NONE;
	if (store != NULL)
		e = lawstore_read(store, LAW_POLICY, &signatures, &law);
	if (e == ERR_NOT_FOUND) {
		e = file_read(f->o->policy_signatures, 65536, &signatures);
		if (e == ERR_NONE)
			e = policy_bytes(f->policy_fd, &law);
		if (e == ERR_NONE)
			e = lawstore_write(store, LAW_POLICY,
			    buf_span(&signatures), buf_span(&law));
		if (e == ERR_NONE)
			e = lawstore_mark(store, LAW_POLICY, buf_span(&law));
	}
	if (e != ERR_NONE)
		oplog(OPLOG_ERROR, "policy-store", LOG_TEXT("path", store),
		    LOG_ERR(e));
	buf_free(&signatures);
	buf_free(&law);
	return e;
}

static enum err
suspensions_read(struct front *f)
{
	struct buf signatures = {0}, list = {0};
	enum err e = ERR_NOT_FOUND;
	if (f->o->policy_store != NULL)
		e = lawstore_read(
		    f->o->policy_store, LAW_SUSPENSION, &signatures, &list);
	if (e == ERR_NONE || e == ERR_NOT_FOUND) {
		suspensions_set(f, buf_span(&list));
		e = ERR_NONE;
	} else {
		oplog(OPLOG_ERROR, "suspensions-unreadable", LOG_ERR(e));
	}
	buf_free(&signatures);
	buf_free(&list);
	return e;
}

/* ---- starting
 * ------------------------------------------------------------------- */

/* ZAP: only a key of the directory gets in, under its party's name. */
static bool
who(void *arg, const uint8_t key[static CURVE_KEY_LEN], char *party)
{
	const struct directory *d = arg;
	const struct party *p = directory_find_curve(d, key);
	if (p == NULL || party_check(p, clock_ms()) != ERR_NONE)
		return false;
	strcpy(party, p->code);
	return true;
}

static enum err
directory_read(struct front *f)
{
	const struct options *o = f->o;
	struct officers *officers = NULL;
	struct cert_trust *trust = NULL;
	struct fault fault = {0};
	char text[512];
	enum err e = officers_open(o->officers, &officers, &fault);
	if (e == ERR_NONE)
		e = cert_trust_open(o->ca, o->crl, &trust);
	if (e == ERR_NONE) {
		struct directory_trust t = {
		    .officers = officers, .trust = trust, .now_ms = clock_ms()};
		e = directory_open(o->directory, o->directory_signatures, &t,
		    &f->directory, &fault);
	}
	if (e != ERR_NONE)
		oplog(OPLOG_ERROR, "directory-refused", LOG_ERR(e),
		    LOG_TEXT("where", fault_text(&fault, text, sizeof(text))));
	cert_trust_free(trust);
	officers_free(officers);
	return e;
}

static const char *
registrar_of(const struct directory *d)
{
	const struct party *p;
	for (size_t i = 0; (p = directory_at(d, i)) != NULL; i++)
		if (p->role == PARTY_REGISTRAR)
			return p->code;
	return "registrar";
}

static enum err
documents_read(struct front *f, int policy_fd)
{
	enum err e = policy_read(f, policy_fd);
	if (e == ERR_NONE)
		e = policy_adopt(f);
	if (e == ERR_NONE)
		e = suspensions_read(f);
	if (e == ERR_NONE)
		e = directory_read(f);
	if (e == ERR_NONE)
		f->registrar = registrar_of(f->directory);
	return e;
}

static void
take_live(void *ctx, const struct ledger_live *live)
{
	struct front *f = ctx;
	hub_restore(f->hub, live);
}

/* The newest entries, until they are older than any retry that hurries. */
struct recent {
	struct front *f;
	uint64_t since_ms;
	size_t old;
};

static bool
take_recent(void *ctx, const char *inquirer, const uint8_t *id)
{
	struct recent *r = ctx;
	if (uuid_ms(id) >= r->since_ms)
		hub_remember(r->f->hub, inquirer, id);
	else
		r->old++;
	/* entries are in the order of their admission, ids nearly so */
	return r->old < 1000;
}

static enum err
memory_restore(struct front *f)
{
	struct recent r = {.f = f, .since_ms = f->now_ms - RECENT_MS};
	hub_remembers(f->hub, r.since_ms);
	enum err e = ledger_recent_each(f->ledger, take_recent, &r);
	if (e == ERR_NONE)
		e = ledger_live_each(f->ledger, take_live, f);
	return e;
}

static enum err
ledger_begin(struct front *f, int signer_fd)
{
	struct ledger_options lo = {.database = f->o->database,
	    .origin = f->o->log_origin,
	    .signer_fd = signer_fd,
	    .policy_version = f->policy_version,
	    .directory_version = directory_version(f->directory),
	    .rebuild_signer = f->o->rebuild_signer};
	enum err e = ledger_open(&lo, &f->ledger);
	if (e == ERR_NONE)
		e = ledger_tree(f->ledger, &f->tree);
	if (e != ERR_NONE) {
		oplog(OPLOG_ERROR, "ledger-refused", LOG_ERR(e),
		    LOG_TEXT("why", err_sentence(e)));
		return e;
	}
	f->size = ledger_size(f->ledger);
	struct span note = ledger_note(f->ledger);
	buf_add(&f->note, note.p, note.n);
	e = witnesses_begin(f);
	if (e == ERR_NONE)
		e = memory_restore(f);
	if (e == ERR_NONE)
		e = ledger_start(f->ledger);
	return e;
}

static enum err
socket_open(struct front *f)
{
	struct secret key = {0};
	struct zlimits limits = {
	    .message = PROVISION_FRAME_MAX, .waiting = WAITING_MAX};
	enum err e = curve_read(f->o->curve_key, &key);
	if (e == ERR_NONE) {
		f->net = znet_new(who, f->directory);
		e = zsock_serve(
		    f->net, f->o->listen, &key, &limits, &f->socket);
	}
	secret_free(&key);
	if (e != ERR_NONE)
		oplog(OPLOG_ERROR, "listen-failed",
		    LOG_TEXT("endpoint", f->o->listen), LOG_ERR(e));
	else
		oplog(OPLOG_INFO, "listening",
		    LOG_TEXT("endpoint", zsock_endpoint(f->socket)));
	return e;
}

static enum err
front_open(struct front *f, const struct front_fds *fds)
{
	struct hub_leaves leaves = {f, ask_vault, ask_ledger, route_to, prove,
	    send_frame, writable, witnessed};
	struct hub_limits limits = {f->o->party_messages, f->o->party_bytes,
	    f->o->all_messages, f->o->all_bytes, f->o->collect_for_seconds};
	f->frame_arena.cap = 4 * PROVISION_FRAME_MAX;
	f->peers = peers_new();
	f->workers = workers_new(fds->vaults, fds->n_vaults);
	f->hub = hub_new(&leaves, &limits);
	f->issues = issues_new(&leaves);
	f->follows = follows_new(&leaves);
	f->reads = reads_new(&leaves);
	f->control = control_new(
	    fds->control, &(struct control_calls){
			      f, report, healthy, remark, law_tell, law_amend});
	f->amends = amends_new(&(struct amends_calls){f, fds->n_vaults,
	    f->o->policy_store, tell_worker, spare_worker, ask_ledger,
	    law_version, law_taken, law_done});
	f->suspensions_fd = -1;
	clock_set(f);
	enum err e = documents_read(f, fds->policy);
	if (e == ERR_NONE)
		e = ledger_begin(f, fds->signer);
	if (e == ERR_NONE)
		amends_recover(f->amends);
	if (e == ERR_NONE)
		e = socket_open(f);
	return e;
}

static void
front_close(struct front *f)
{
	zsock_close(f->socket);
	znet_free(f->net);
	witnesses_close(f->witnesses);
	ledger_close(f->ledger);
	for (size_t at = 0; at < f->held.n; at += sizeof(struct ledger_job *)) {
		struct ledger_job *job;
		memcpy(&job, f->held.p + at, sizeof(job));
		ledger_job_free(job);
	}
	buf_free(&f->held);
	control_free(f->control);
	follows_free(f->follows);
	reads_free(f->reads);
	issues_free(f->issues);
	hub_free(f->hub);
	workers_free(f->workers);
	peers_free(f->peers);
	tree_free(f->tree);
	directory_free(f->directory);
	amends_free(f->amends);
	arena_wipe_free(&f->frame_arena);
	arena_wipe_free(&f->reply_arena);
	buf_free(&f->note);
	free(f);
}

static int
status_of(enum err e)
{
	switch (e) {
	case ERR_NONE:
		return 0;
	case ERR_DATABASE:
	case ERR_OFFLINE:
		return EX_TEMPFAIL;
	default:
		return EX_CONFIG;
	}
}

int
front_main(const struct options *o, const struct front_fds *fds)
{
	struct front *f = xcalloc(1, sizeof(*f));
	struct sigaction term = {.sa_handler = on_term};
	sigaction(SIGTERM, &term, NULL);
	signal(SIGPIPE, SIG_IGN);
	f->o = o;
	enum err e = front_open(f, fds);
	int status = status_of(e);
	if (e == ERR_NONE) {
		if (write(fds->ready, "R", 1) != 1)
			oplog(OPLOG_WARN, "parent-gone");
		status = front_serve(f);
	}
	front_close(f);
	return status;
}

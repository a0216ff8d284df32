#include "agents/cli/auditlog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/runtime/held.h"
#include "lib/clock.h"
#include "lib/envelope.h"
#include "lib/file.h"
#include "lib/frame.h"
#include "lib/text.h"
#include "lib/uuid.h"
#include "lib/zsock.h"

#define WAIT_MS 20000
#define PAGE 1000
#define ROLE_AUDITOR 4

static const struct config_section sections[] = {{"audit", CONFIG_ONE}};
static const struct config_key keys[] = {
    {"audit", "party", CONFIG_PARTY, false, "auditor", 0, 0,
	"the auditor's own code in the directory"},
    {"audit", "keys", CONFIG_PATH, true, NULL, 0, 0,
	"directory of sign.key and curve.key"},
    {"audit", "broker", CONFIG_ENDPOINT, true, NULL, 0, 0,
	"where the broker listens"},
    {"audit", "broker_key", CONFIG_PATH, true, NULL, 0, 0,
	"file of the broker's CURVE public key (Z85)"},
    {"audit", "log_key", CONFIG_PATH, true, NULL, 0, 0,
	"the log's verification key (C2SP text form)"},
    {"audit", "checkpoint", CONFIG_PATH, false, NULL, 0, 0,
	"where the newest checkpoint seen is kept, to notice another log"},
};
const struct config_form auditlog_form = {
    sections, 1, keys, sizeof(keys) / sizeof(keys[0])};

struct auditlog {
	struct config *conf;
	const char *party;
	struct signkey *sign;
	struct znet *net;
	struct zsock *socket;
	struct zmsg message;
	struct held held;
	struct held_line line;
	struct arena frame_arena, arena;
	uint64_t index;
	struct checkpoint at; /* of the read's proof */
	uint64_t expired;
};

static const char *
setting(const struct auditlog *l, const char *key)
{
	return config_text(l->conf, "audit", 0, key);
}

/* --- files ------------------------------------------------------------------
 */

/* A file of one line, as a C string. */
static enum err
line_read(const char *path, struct buf *out)
{
	enum err e = file_read(path, 4096, out);

	while (e == ERR_NONE && out->n > 0 && out->p[out->n - 1] <= ' ')
		out->n--;
	buf_add_u8(out, 0);
	return e;
}

static enum err
log_key_load(struct auditlog *l)
{
	struct note_key key;
	struct buf text = {0};
	enum err e = line_read(setting(l, "log_key"), &text);

	if (e == ERR_NONE)
		e = note_key_parse((const char *)text.p, &key);
	if (e == ERR_NONE)
		held_init(&l->held, &key);
	buf_free(&text);
	return e;
}

/* What was held when the last read ended; none yet is no fault. */
static enum err
checkpoint_load(struct auditlog *l)
{
	const char *path = setting(l, "checkpoint");
	struct buf note = {0};
	enum err e = ERR_NONE;

	if (path != NULL && file_read(path, CHECKPOINT_MAX, &note) == ERR_NONE)
		e = held_load(&l->held, buf_span(&note));
	buf_free(&note);
	return e;
}

static enum err
dial(struct auditlog *l)
{
	uint8_t server[CURVE_KEY_LEN];
	struct secret secret = {0};
	struct buf text = {0};
	char path[4096];
	enum err e = line_read(setting(l, "broker_key"), &text);

	if (e == ERR_NONE)
		e = curve_parse((const char *)text.p, server);
	snprintf(path, sizeof(path), "%s/curve.key", setting(l, "keys"));
	if (e == ERR_NONE)
		e = curve_read(path, &secret);
	if (e == ERR_NONE) {
		l->net = znet_new(NULL, NULL);
		e = zsock_dial(l->net, setting(l, "broker"), &secret, server,
		    NULL, &l->socket);
	}
	secret_free(&secret);
	buf_free(&text);
	return e;
}

/* --- frames -----------------------------------------------------------------
 */

static enum err
frame_send(struct auditlog *l, enum frame_kind kind, struct buf *body)
{
	struct buf frame = {0};

	frame_wrap(kind, buf_span(body), &frame);
	buf_free(body);
	return zsock_send_take(l->socket, 0, &frame);
}

static enum err
refusal_read(struct auditlog *l, struct span body)
{
	struct refusal *r = xcalloc(1, sizeof(*r));
	enum err e = refusal_decode(body, &l->frame_arena, r);

	if (e == ERR_NONE)
		e = err_from_code(r->error);
	free(r);
	return e != ERR_NONE ? e : ERR_REFUSED;
}

/* The next frame of that kind; a refusal in its place is its error. */
static enum err
frame_await(struct auditlog *l, enum frame_kind kind, struct frame *out)
{
	uint64_t until = clock_mono_ms() + WAIT_MS;

	while (clock_mono_ms() < until) {
		struct zpoll item = {.socket = l->socket};
		enum err e = zsock_recv(l->socket, &l->message);

		if (e == ERR_TIMEOUT) {
			zsock_poll(&item, 1, 100);
			if (zsock_event(l->socket) == ZEVENT_DOWN)
				return ERR_OFFLINE;
			continue;
		}
		arena_reset(&l->frame_arena);
		if (e == ERR_NONE)
			e = frame_open(
			    zmsg_span(&l->message), &l->frame_arena, out);
		if (e != ERR_NONE)
			return e;
		if (out->kind == FRAME_REFUSAL)
			return refusal_read(l, out->body);
		if (out->kind == kind)
			return ERR_NONE;
	}
	return ERR_TIMEOUT;
}

static enum err
line_await(struct auditlog *l)
{
	uint64_t until = clock_mono_ms() + WAIT_MS;

	while (clock_mono_ms() < until) {
		struct zpoll item = {.socket = l->socket};

		switch (zsock_event(l->socket)) {
		case ZEVENT_UP:
			return ERR_NONE;
		case ZEVENT_REJECTED:
			return ERR_KEY;
		default:
			zsock_poll(&item, 1, 100);
		}
	}
	return ERR_OFFLINE;
}

static enum err
greet(struct auditlog *l)
{
	struct hello hello = {.software = "renkei-audit", .role = ROLE_AUDITOR};
	struct hello_reply r;
	struct checkpoint at;
	struct buf body = {0};
	struct frame f;
	enum err e = line_await(l);

	if (e != ERR_NONE)
		return e;
	held_line_start(&l->held, &l->line);
	hello.held_size = l->line.size;
	hello_encode(&hello, &body);
	e = frame_send(l, FRAME_HELLO, &body);
	if (e == ERR_NONE)
		e = frame_await(l, FRAME_HELLO_REPLY, &f);
	if (e == ERR_NONE)
		e = hello_reply_decode(f.body, &l->frame_arena, &r);
	if (e != ERR_NONE || r.checkpoint.n == 0)
		return e;
	return held_advance(&l->held, &l->line, r.checkpoint, r.consistent_from,
	    (const uint8_t(*)[HASH_LEN])r.consistency, r.n_consistency, &at);
}

/* --- the read ---------------------------------------------------------------
 */

static enum err
read_send(struct auditlog *l, const struct auditlog_read *read,
    uint8_t id[static ID_LEN])
{
	struct audit_read q = {.time_ms = clock_ms()};
	struct buf body = {0}, envelope = {0};
	struct envelope_item item = {.type = "audit-read"};
	enum err e;

	uuid_make(q.read_id);
	memcpy(id, q.read_id, ID_LEN);
	text_copy(q.what, sizeof(q.what), read->what);
	text_copy(q.period_from, sizeof(q.period_from), read->period_from);
	text_copy(q.period_until, sizeof(q.period_until), read->period_until);
	audit_read_encode(&q, &body);
	item.body = buf_span(&body);
	e = envelope_sign(l->sign, l->party, &item, 1, &envelope);
	buf_free(&body);
	if (e != ERR_NONE) {
		buf_free(&envelope);
		return e;
	}
	return frame_send(l, FRAME_AUDIT_READ, &envelope);
}

/* The entry must be in the log and say just what was asked. */
static enum err
recorded_take(struct auditlog *l, const struct auditlog_read *read,
    const uint8_t id[static ID_LEN], struct span body)
{
	struct recorded r;
	struct proved p;
	enum err e = recorded_decode(body, &l->frame_arena, &r);

	if (e == ERR_NONE)
		e = held_prove(
		    &l->held, &l->line, &r.entry, &l->frame_arena, &p);
	if (e != ERR_NONE)
		return e;
	if (p.entry.type != ENTRY_READ || memcmp(r.id, id, ID_LEN) != 0 ||
	    memcmp(p.entry.entry_id, id, ID_LEN) != 0 ||
	    strcmp(p.entry.actor, l->party) != 0 ||
	    strcmp(p.entry.note, read->what) != 0)
		return ERR_PROOF;
	l->index = p.index;
	l->at = l->held.newest;
	return l->at.size > l->index ? ERR_NONE : ERR_PROOF;
}

static enum err
read_record(struct auditlog *l, const struct auditlog_read *read)
{
	uint8_t id[ID_LEN];
	struct frame f;
	enum err e = read_send(l, read, id);

	if (e == ERR_NONE)
		e = frame_await(l, FRAME_RECORDED, &f);
	return e == ERR_NONE ? recorded_take(l, read, id, f.body) : e;
}

static enum err
settings_read(struct auditlog *l, const char *config, char about[static 300])
{
	struct fault fault = {0};
	char path[4096];
	enum err e = config_read(config, &auditlog_form, &l->conf, &fault);

	if (e != ERR_NONE) {
		fault_text(&fault, about, 300);
		return e;
	}
	l->party = setting(l, "party");
	snprintf(path, sizeof(path), "%s/sign.key", setting(l, "keys"));
	snprintf(about, 300, "%.299s", path);
	e = signkey_open(path, &l->sign);
	if (e != ERR_NONE)
		return e;
	snprintf(about, 300, "%.299s", setting(l, "log_key"));
	return log_key_load(l);
}

enum err
auditlog_open(const char *config, const struct auditlog_read *read,
    struct auditlog **out, char about[static 300])
{
	struct auditlog *l = xcalloc(1, sizeof(*l));
	enum err e = text_check(span_str(read->what), NAME_MAX_);

	*out = NULL;
	snprintf(about, 300, "%.299s", read->what);
	if (e == ERR_NONE)
		e = settings_read(l, config, about);
	l->frame_arena.cap = 4 * 1024 * 1024;
	if (e == ERR_NONE) {
		snprintf(about, 300, "checkpoint");
		e = checkpoint_load(l);
	}
	if (e == ERR_NONE) {
		snprintf(about, 300, "%.299s", setting(l, "broker"));
		e = dial(l);
	}
	if (e == ERR_NONE)
		e = greet(l);
	if (e == ERR_NONE)
		e = read_record(l, read);
	if (e != ERR_NONE)
		auditlog_close(l);
	else
		*out = l;
	return e;
}

void
auditlog_close(struct auditlog *l)
{
	const char *path;

	if (l == NULL)
		return;
	path = l->conf != NULL ? setting(l, "checkpoint") : NULL;
	if (path != NULL && l->held.changed && !l->held.forked)
		file_write(path, buf_span(&l->held.note), 0644);
	zmsg_close(&l->message);
	zsock_close(l->socket);
	znet_free(l->net);
	signkey_free(l->sign);
	held_fini(&l->held);
	arena_wipe_free(&l->frame_arena);
	arena_wipe_free(&l->arena);
	config_free(l->conf);
	free(l);
}

uint64_t
auditlog_index(const struct auditlog *l)
{
	return l->index;
}

uint64_t
auditlog_size(const struct auditlog *l)
{
	return l->at.size;
}

uint64_t
auditlog_expired(const struct auditlog *l)
{
	return l->expired;
}

/* --- the entries ------------------------------------------------------------
 */

static enum err
entry_take(struct auditlog *l, struct merkle_frontier *tree,
    const struct follow_entry *f, auditlog_visit *visit, void *ctx)
{
	uint8_t leaf[ENTRY_LEAF_LEN], hash[MERKLE_LEN];
	struct entry e;
	enum err err;

	if (f->index != tree->size)
		return ERR_PROOF;
	entry_leaf_hash(f->leaf, hash);
	merkle_append(tree, hash);
	if (f->body.n == 0) {
		l->expired++;
		return ERR_NONE;
	}
	arena_reset(&l->arena);
	err = entry_decode(f->body, &l->arena, &e);
	if (err != ERR_NONE)
		return err;
	entry_leaf(e.type, f->salt, f->body, leaf);
	if (memcmp(leaf, f->leaf, sizeof(leaf)) != 0)
		return ERR_PROOF;
	visit(ctx, f->index, &e);
	return ERR_NONE;
}

static enum err
page_take(struct auditlog *l, struct merkle_frontier *tree,
    auditlog_visit *visit, void *ctx)
{
	struct follow_request q = {.from = tree->size, .most = PAGE};
	struct follow_reply r;
	struct buf body = {0};
	struct frame f;
	enum err e;

	if (l->at.size - q.from < q.most)
		q.most = (uint32_t)(l->at.size - q.from);
	follow_request_encode(&q, &body);
	e = frame_send(l, FRAME_FOLLOW_REQUEST, &body);
	if (e == ERR_NONE)
		e = frame_await(l, FRAME_FOLLOW_REPLY, &f);
	if (e == ERR_NONE)
		e = follow_reply_decode(f.body, &l->frame_arena, &r);
	if (e == ERR_NONE && (r.n_entries == 0 || r.from != q.from))
		e = ERR_PROOF;
	for (size_t i = 0; e == ERR_NONE && i < r.n_entries; i++)
		e = entry_take(l, tree, &r.entries[i], visit, ctx);
	return e;
}

enum err
auditlog_each(struct auditlog *l, auditlog_visit *visit, void *ctx)
{
	struct merkle_frontier *tree = xcalloc(1, sizeof(*tree));
	uint8_t root[MERKLE_LEN];
	enum err e = ERR_NONE;

	l->expired = 0;
	while (e == ERR_NONE && tree->size < l->at.size)
		e = page_take(l, tree, visit, ctx);
	merkle_root(tree, root);
	free(tree);
	if (e == ERR_NONE && memcmp(root, l->at.root, MERKLE_LEN) != 0)
		e = ERR_PROOF;
	return e;
}

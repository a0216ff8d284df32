#include "broker/signer.h"

#include "broker/sandbox.h"
#include "broker/signerstate.h"
#include "lib/checkpoint.h"
#include "lib/crashpoint.h"
#include "lib/entry.h"
#include "lib/hex.h"
#include "lib/oplog.h"
#include "lib/secret.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * All the signer is. It reads nothing but its channel, writes nothing but
 * its channel and its state file, and has one rule: what it signs follows
 * from what it signed before and from leaves a vault worker endorsed.
 */
struct signer {
	int fd;
	struct signerstate state;
	char origin[NOTE_NAME_MAX + 1];
	struct secret key; /* a struct note_signer */
	struct secret endorse_key;
	struct arena arena;
	struct buf in, out, checkpoint;
};

/* --- messages on a stream: u32 length, then the bytes -----------------------
 */

static enum err
read_whole(int fd, uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t got = read(fd, p, n);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return ERR_OFFLINE;
		p += got;
		n -= (size_t)got;
	}
	return ERR_NONE;
}

static enum err
message_read(int fd, size_t max, struct buf *in)
{
	uint8_t head[4];
	enum err e = read_whole(fd, head, sizeof(head));
	size_t n = (size_t)head[0] << 24 | (size_t)head[1] << 16 |
		   (size_t)head[2] << 8 | head[3];

	buf_reset(in);
	if (e != ERR_NONE)
		return e;
	if (n > max)
		return ERR_TOO_LONG;
	return read_whole(fd, buf_grow(in, n), n);
}

/* `out` begins with four bytes of room for the length. */
static enum err
message_write(int fd, struct buf *out)
{
	size_t n = out->n - 4, at = 0;

	for (int i = 0; i < 4; i++)
		out->p[i] = (uint8_t)(n >> (24 - 8 * i));
	while (at < out->n) {
		ssize_t put = send(fd, out->p + at, out->n - at, MSG_NOSIGNAL);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return ERR_OFFLINE;
		at += (size_t)put;
	}
	return ERR_NONE;
}

/* --- what may be signed -----------------------------------------------------
 */

static enum err
leaves_check(const struct signer *s, const struct signer_request *q)
{
	if (q->n_leaves > SIGNER_LEAVES_MAX)
		return ERR_TOO_LONG;
	/* two roots of one size, a shorter tree, a hole: all end here */
	if (q->n_leaves > 0 && q->size != s->state.frontier.size)
		return ERR_HEAD_MOVED;
	for (size_t i = 0; i < q->n_leaves; i++) {
		const struct signer_leaf *l = &q->leaves[i];

		if (l->leaf[0] != ENTRY_LEAF_VERSION)
			return ERR_VERSION;
		if (!entry_endorse_check(s->endorse_key.p, l->leaf,
			l->record_code_hash, l->entry_id, l->endorsement))
			return ERR_ENDORSEMENT;
	}
	return ERR_NONE;
}

static enum err
versions_check(const struct signerstate *s, const struct signer_request *q)
{
	if ((q->policy_version != 0 && q->policy_version < s->policy_version) ||
	    (q->directory_version != 0 &&
		q->directory_version < s->directory_version))
		return ERR_POLICY_VERSION;
	return ERR_NONE;
}

static enum err
checkpoint_make(struct signer *s)
{
	struct checkpoint c = {.size = s->state.frontier.size};
	enum err e;

	strcpy(c.origin, s->origin);
	merkle_root(&s->state.frontier, c.root);
	buf_reset(&s->checkpoint);
	e = checkpoint_sign(
	    &c, (const struct note_signer *)s->key.p, &s->checkpoint);
	if (e == ERR_NONE)
		signerstate_publish(&s->state, buf_span(&s->checkpoint));
	return e;
}

/* The state is written before anything that follows from it leaves us. */
static enum err
leaves_append(struct signer *s, const struct signer_request *q)
{
	struct signerstate before = s->state;
	uint8_t hash[MERKLE_LEN];
	enum err e;

	for (size_t i = 0; i < q->n_leaves; i++) {
		entry_leaf_hash(q->leaves[i].leaf, hash);
		merkle_append(&s->state.frontier, hash);
	}
	if (q->policy_version != 0)
		s->state.policy_version = q->policy_version;
	if (q->directory_version != 0)
		s->state.directory_version = q->directory_version;
	crash_point("signer.after_append");
	e = signerstate_write(&s->state);
	if (e != ERR_NONE) {
		s->state.frontier = before.frontier;
		s->state.policy_version = before.policy_version;
		s->state.directory_version = before.directory_version;
		oplog(OPLOG_ERROR, "signer-state-not-written", LOG_ERR(e));
	}
	crash_point("signer.after_state");
	return e;
}

static bool
changes_nothing(const struct signerstate *s, const struct signer_request *q)
{
	return q->n_leaves == 0 &&
	       (q->policy_version == 0 ||
		   q->policy_version == s->policy_version) &&
	       (q->directory_version == 0 ||
		   q->directory_version == s->directory_version);
}

static enum err
request_serve(struct signer *s, const struct signer_request *q)
{
	enum err e = leaves_check(s, q);

	if (e == ERR_NONE)
		e = versions_check(&s->state, q);
	crash_point("signer.after_check");
	if (e == ERR_NONE && !changes_nothing(&s->state, q))
		e = leaves_append(s, q);
	if (e == ERR_NONE)
		e = checkpoint_make(s);
	if (e != ERR_NONE)
		oplog(OPLOG_ERROR, "signer-refused", LOG_ERR(e),
		    LOG_NUMBER("size", s->state.frontier.size),
		    LOG_NUMBER("asked", q->size),
		    LOG_NUMBER("leaves", q->n_leaves));
	return e;
}

static enum err
reply_send(struct signer *s, enum err outcome)
{
	struct signer_reply reply = {
	    .size = s->state.frontier.size,
	    .policy_version = s->state.policy_version,
	    .directory_version = s->state.directory_version,
	};

	if (outcome == ERR_NONE)
		reply.checkpoint = buf_span(&s->checkpoint);
	else
		strcpy(reply.error, err_code(outcome));
	buf_reset(&s->out);
	buf_grow(&s->out, 4);
	signer_reply_encode(&reply, &s->out);
	return message_write(s->fd, &s->out);
}

/* --- the process ------------------------------------------------------------
 */

static bool
wait_readable(struct signer *s)
{
	struct pollfd p = {.fd = s->fd, .events = POLLIN};

	for (;;) {
		int n = poll(&p, 1, signerstate_tick(&s->state));

		if (n > 0)
			return true;
		if (n < 0 && errno != EINTR)
			return false;
	}
}

static void
serve(struct signer *s)
{
	struct signer_request request;
	enum err e = ERR_NONE;

	while (e == ERR_NONE && wait_readable(s)) {
		e = message_read(s->fd, SIGNER_REQUEST_MAX, &s->in);
		if (e != ERR_NONE) /* closed, or no way to find the next */
			return;
		arena_reset(&s->arena);
		e = signer_request_decode(
		    buf_span(&s->in), &s->arena, &request);
		if (e == ERR_NONE)
			e = request_serve(s, &request);
		e = reply_send(s, e);
	}
}

/* A key file's text, in locked memory; NUL-terminated. */
static enum err
text_read(const char *path, struct secret *out)
{
	struct secret raw;
	enum err e = secret_read(path, NOTE_KEY_TEXT_MAX, &raw);

	if (e != ERR_NONE)
		return e;
	*out = secret_new(raw.n + 1);
	memcpy(out->p, raw.p, raw.n);
	while (raw.n > 0 && out->p[raw.n - 1] <= ' ')
		out->p[--raw.n] = 0;
	secret_free(&raw);
	return strlen((char *)out->p) > 0 ? ERR_NONE : ERR_MALFORMED;
}

static enum err
log_key_read(const char *path, const char *origin, struct secret *out)
{
	struct secret text = {0};
	enum err e = text_read(path, &text);

	*out = secret_new(sizeof(struct note_signer));
	if (e == ERR_NONE)
		e = note_signer_parse((char *)text.p, (void *)out->p);
	if (e == ERR_NONE) {
		const struct note_signer *k = (void *)out->p;

		if (k->key.kind != NOTE_ED25519 ||
		    strcmp(k->key.name, origin) != 0)
			e = ERR_KEY;
	}
	secret_free(&text);
	return e;
}

static enum err
endorse_key_read(const char *path, struct secret *out)
{
	struct secret text = {0};
	enum err e = text_read(path, &text);

	*out = secret_new(32);
	if (e == ERR_NONE)
		e = hex_decode(span_str((char *)text.p), out->p, 32);
	secret_free(&text);
	return e;
}

static enum err
complain(enum err e, const char *file)
{
	if (e != ERR_NONE)
		oplog(OPLOG_ERROR, "signer-cannot-start", LOG_ERR(e),
		    LOG_TEXT("file", file));
	return e;
}

/* Everything that needs a file; the last line shuts the door. */
static enum err
set_up(struct signer *s, const struct signer_config *c)
{
	bool fresh = false;
	enum err e;

	if (strlen(c->origin) > NOTE_NAME_MAX)
		return complain(ERR_CONFIG, "origin");
	strcpy(s->origin, c->origin);
	s->arena.cap = 4 * SIGNER_REQUEST_MAX;
	e = complain(log_key_read(c->log_key, c->origin, &s->key), c->log_key);
	if (e == ERR_NONE)
		e = complain(endorse_key_read(c->endorse_key, &s->endorse_key),
		    c->endorse_key);
	if (e == ERR_NONE)
		e = complain(signerstate_open(
				 c->state_dir, c->origin, &s->state, &fresh),
		    c->state_dir);
	if (e != ERR_NONE)
		return e;
	if (fresh)
		oplog(OPLOG_WARN, "signer-begins-a-new-log",
		    LOG_TEXT("origin", s->origin));
	/* warm what is set up lazily: after the sandbox it is too late */
	e = checkpoint_make(s);
	return e == ERR_NONE ? sandbox_enter(SANDBOX_SIGNER) : e;
}

int
signer_main(int fd, const struct signer_config *config)
{
	struct signer s = {.fd = fd, .state = {.fd = -1, .published = -1}};
	enum err e = process_harden(true);

	if (e == ERR_NONE)
		e = set_up(&s, config);
	if (e == ERR_NONE) {
		oplog(OPLOG_INFO, "signer-ready",
		    LOG_NUMBER("size", s.state.frontier.size));
		serve(&s);
	}
	signerstate_close(&s.state);
	secret_free(&s.key);
	secret_free(&s.endorse_key);
	arena_wipe_free(&s.arena);
	buf_free(&s.in);
	buf_free(&s.out);
	buf_free(&s.checkpoint);
	return e == ERR_NONE ? 0 : 1;
}

/* --- the other end ----------------------------------------------------------
 */

enum err
signer_call(int fd, const struct signer_request *request, struct arena *a,
    struct signer_reply *reply)
{
	struct buf bytes = {0};
	enum err e;

	memset(reply, 0, sizeof(*reply));
	buf_grow(&bytes, 4);
	signer_request_encode(request, &bytes);
	e = message_write(fd, &bytes);
	if (e == ERR_NONE)
		e = message_read(fd, FRAME_MAX, &bytes);
	if (e == ERR_NONE)
		e = signer_reply_decode(buf_span(&bytes), a, reply);
	buf_free(&bytes);
	if (e == ERR_NONE && reply->error[0] != 0)
		e = err_from_code(reply->error);
	return e;
}

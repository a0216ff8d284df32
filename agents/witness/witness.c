#include "agents/witness/witness.h"

#include "lib/file.h"
#include "lib/hex.h"
#include "lib/oplog.h"
#include "lib/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define TEXT "text/plain; charset=utf-8"

static const struct note_signer *
signer_of(const struct witness *w)
{
	return (const struct note_signer *)w->key.p;
}

const struct note_key *
witness_key(const struct witness *w)
{
	return &signer_of(w)->key;
}

/* --- state ------------------------------------------------------------------
 */

static enum err
key_read(struct witness *w, const char *file)
{
	struct secret raw, text;
	enum err e = secret_read(file, NOTE_KEY_TEXT_MAX, &raw);

	if (e != ERR_NONE)
		return e;
	text = secret_new(raw.n + 1);
	memcpy(text.p, raw.p, raw.n);
	secret_free(&raw);
	w->key = secret_new(sizeof(struct note_signer));
	e = note_signer_parse((char *)text.p, (void *)w->key.p);
	secret_free(&text);
	if (e == ERR_NONE && witness_key(w)->kind != NOTE_COSIGNATURE)
		e = ERR_KEY;
	return e;
}

enum err
witness_open(const char *state, const char *key_file, struct witness *w)
{
	memset(w, 0, sizeof(*w));
	w->state = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (w->state < 0 || strlen(state) >= sizeof(w->path) - 80)
		return ERR_FILE;
	strcpy(w->path, state);
	if (flock(w->state, LOCK_EX | LOCK_NB) != 0)
		return ERR_BUSY;
	return key_read(w, key_file);
}

static void
log_path(
    const struct witness *w, const struct witness_log *l, char path[static 512])
{
	snprintf(path, 512, "%s/%s", w->path, l->hash);
}

/* What it remembers has to be what it signed itself. */
static enum err
memory_take(struct witness *w, struct witness_log *l)
{
	struct note_key keys[2] = {l->key, *witness_key(w)};
	struct note note;
	uint64_t verified;
	enum err e = note_open(buf_span(&l->note), keys, 2, &note, &verified);

	if (e == ERR_NONE && verified != 3)
		e = ERR_KEY;
	if (e == ERR_NONE)
		e = checkpoint_parse(note.text, &l->latest);
	if (e == ERR_NONE && strcmp(l->latest.origin, l->key.name) != 0)
		e = ERR_MALFORMED;
	if (e == ERR_NONE)
		l->time = note_cosigned(&note, &keys[1]);
	l->known = e == ERR_NONE;
	return e;
}

enum err
witness_watch(struct witness *w, const struct note_key *log)
{
	struct witness_log *l = &w->log[w->n_logs];
	uint8_t hash[SHA256_LEN];
	char path[512];
	enum err e;

	if (w->n_logs == WITNESS_LOGS_MAX)
		return ERR_TOO_LONG;
	if (log->kind != NOTE_ED25519)
		return ERR_KEY;
	for (size_t i = 0; i < w->n_logs; i++)
		if (strcmp(w->log[i].key.name, log->name) == 0)
			return ERR_DUPLICATE;
	memset(l, 0, sizeof(*l));
	l->key = *log;
	sha256(span_str(log->name), hash);
	hex_encode(SPAN(hash), l->hash);
	log_path(w, l, path);
	w->n_logs++;
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return ERR_NONE;
	e = file_read(path, NOTE_MAX, &l->note);
	return e == ERR_NONE ? memory_take(w, l) : e;
}

void
witness_close(struct witness *w)
{
	for (size_t i = 0; i < w->n_logs; i++)
		buf_free(&w->log[i].note);
	secret_free(&w->key);
	if (w->state >= 0)
		close(w->state);
	w->state = -1;
	w->n_logs = 0;
}

/* --- add-checkpoint ---------------------------------------------------------
 */

static void
answer(struct witness_answer *out, int status, const char *type)
{
	out->status = status;
	out->type = type;
}

static struct witness_log *
log_find(struct witness *w, const char *origin)
{
	for (size_t i = 0; i < w->n_logs; i++)
		if (strcmp(w->log[i].key.name, origin) == 0)
			return &w->log[i];
	return NULL;
}

/*
 * Whether the new tree continues the one cosigned last; the size it claims to
 * continue is that one's.
 */
static bool
continues(const struct witness_log *l, const struct addcheckpoint *q,
    const struct checkpoint *c)
{
	if (c->size == 0 && memcmp(c->root, merkle_empty, MERKLE_LEN) != 0)
		return false;
	if (q->old == 0)
		return q->n_path == 0;
	return merkle_consistency_check(q->old, c->size, l->latest.root,
		   c->root, (const uint8_t(*)[MERKLE_LEN])q->path,
		   q->n_path) == ERR_NONE;
}

/* The checkpoint as we keep and show it: the log's line, then ours. */
static enum err
cosign(struct witness *w, struct witness_log *l, const struct note *note,
    uint64_t now, struct buf *kept, struct buf *line)
{
	struct span theirs = note_line(note, &l->key);
	enum err e = note_sign_line(signer_of(w), note->text, now, line);

	buf_add(kept, note->text.p, note->text.n);
	buf_add_u8(kept, '\n');
	buf_add(kept, theirs.p, theirs.n);
	buf_add(kept, line->p, line->n);
	return e;
}

static void
keep_and_answer(struct witness *w, struct witness_log *l,
    const struct note *note, const struct checkpoint *c, uint64_t now,
    struct witness_answer *out)
{
	struct buf kept = {0};
	char path[512];
	enum err e;

	if (now < l->time)
		now = l->time;
	log_path(w, l, path);
	e = cosign(w, l, note, now, &kept, &out->body);
	if (e == ERR_NONE)
		e = file_write(path, buf_span(&kept), 0644);
	if (e != ERR_NONE) {
		oplog(OPLOG_ERROR, "checkpoint-not-kept", LOG_ERR(e),
		    LOG_TEXT("origin", l->key.name));
		buf_reset(&out->body);
		buf_free(&kept);
		answer(out, 500, TEXT);
		return;
	}
	buf_free(&l->note);
	l->note = kept;
	l->latest = *c;
	l->time = now;
	l->known = true;
	answer(out, 200, TEXT);
}

/* Evidence against a log, for its operator and for ours. */
static void
misbehaves(const struct witness_log *l, const struct checkpoint *c)
{
	oplog(OPLOG_ERROR, "log-does-not-continue",
	    LOG_TEXT("origin", l->key.name),
	    LOG_NUMBER("cosigned", l->latest.size),
	    LOG_NUMBER("offered", c->size));
}

void
witness_add(struct witness *w, struct span body, uint64_t now,
    struct witness_answer *out)
{
	struct addcheckpoint q;
	struct checkpoint c;
	struct note note;
	struct witness_log *l;
	uint64_t verified;

	buf_reset(&out->body);
	answer(out, 400, TEXT);
	if (addcheckpoint_decode(body, &q) != ERR_NONE ||
	    note_parse(q.checkpoint, &note) != ERR_NONE ||
	    checkpoint_parse(note.text, &c) != ERR_NONE)
		return;
	l = log_find(w, c.origin);
	if (l == NULL)
		answer(out, 404, TEXT);
	else if (note_open(q.checkpoint, &l->key, 1, &note, &verified) !=
		 ERR_NONE)
		answer(out, 403, TEXT);
	else if (q.old > c.size)
		answer(out, 400, TEXT);
	else if (q.old != l->latest.size) {
		answer(out, 409, "text/x.tlog.size");
		buf_printf(
		    &out->body, "%llu\n", (unsigned long long)l->latest.size);
	} else if (!continues(l, &q, &c)) {
		misbehaves(l, &c);
		answer(out, 422, TEXT);
	} else
		keep_and_answer(w, l, &note, &c, now, out);
}

void
witness_get(
    const struct witness *w, const char *path, struct witness_answer *out)
{
	char want[100];

	buf_reset(&out->body);
	answer(out, 404, TEXT);
	for (size_t i = 0; i < w->n_logs; i++) {
		const struct witness_log *l = &w->log[i];

		snprintf(want, sizeof(want), "/%s/checkpoint", l->hash);
		if (!l->known || strcmp(path, want) != 0)
			continue;
		buf_add(&out->body, l->note.p, l->note.n);
		answer(out, 200, TEXT);
	}
}

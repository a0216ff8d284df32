#include "agents/cli/logexport.h"

#include "agents/cli/entryjson.h"
#include "agents/cli/logleaves.h"
#include "lib/addcheckpoint.h"
#include "lib/b64.h"
#include "lib/checkpoint.h"
#include "lib/db.h"
#include "lib/file.h"
#include "lib/messages.h"
#include "lib/tile.h"
#include "lib/tlogproof.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct export
{
	const struct logsettings *s;
	struct logexport_result *result;
	struct db *db;
	struct db_params params;
	int dir;
	int log;
	struct buf note; /* the checkpoint */
	struct checkpoint at;
	/* roots of full blocks of 256 as the leaves of the tree above them */
	struct merkle_batch upper;
	/* leaf hashes of one block, the one looked at last */
	uint64_t block;
	size_t n_block;
	uint8_t leaf[TILE_WIDTH][MERKLE_LEN];
};

/* --- files ------------------------------------------------------------------
 */

static enum err
folders_make(int dir, const char *path)
{
	char part[TILE_PATH_MAX];

	for (const char *p = strchr(path, '/'); p; p = strchr(p + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(p - path), path);
		if (mkdirat(dir, part, 0755) != 0 && errno != EEXIST)
			return ERR_FILE;
	}
	return ERR_NONE;
}

static enum err
artefact(struct export *x, const char *path, struct span bytes)
{
	enum err e = folders_make(x->dir, path);
	int fd;

	if (e != ERR_NONE)
		return e;
	fd = openat(
	    x->dir, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return ERR_FILE;
	while (bytes.n > 0) {
		ssize_t n = write(fd, bytes.p, bytes.n);

		if (n <= 0)
			break;
		bytes = span_of(bytes.p + n, bytes.n - (size_t)n);
	}
	return close(fd) == 0 && bytes.n == 0 ? ERR_NONE : ERR_FILE;
}

/* --- the tree ---------------------------------------------------------------
 */

static enum err
block_look(struct export *x, uint64_t block)
{
	uint64_t from = block * TILE_WIDTH, end = from + TILE_WIDTH;
	uint8_t leaf[TILE_WIDTH][ENTRY_LEAF_LEN];
	enum err e;

	if (end > x->at.size)
		end = x->at.size;
	if (x->block == block && x->n_block == end - from)
		return ERR_NONE;
	e = logleaves_read(x->db, x->log, from, end, leaf);
	if (e != ERR_NONE)
		return e;
	for (size_t i = 0; i < end - from; i++)
		entry_leaf_hash(leaf[i], x->leaf[i]);
	x->block = block;
	x->n_block = end - from;
	return ERR_NONE;
}

/* A merkle_read over the blocks in the database and the tree above. */
static enum err
node_read(
    void *ctx, unsigned level, uint64_t index, uint8_t out[static MERKLE_LEN])
{
	struct export *x = ctx;
	struct merkle_frontier f = {0};
	uint64_t first = index << level;
	enum err e;

	if (level >= TILE_HEIGHT)
		return merkle_batch_read(
		    &x->upper, level - TILE_HEIGHT, index, out);
	e = block_look(x, first / TILE_WIDTH);
	if (e != ERR_NONE)
		return e;
	for (size_t i = 0; i < (size_t)1 << level; i++)
		merkle_append(&f, x->leaf[first % TILE_WIDTH + i]);
	merkle_root(&f, out);
	return ERR_NONE;
}

/* --- tiles ------------------------------------------------------------------
 */

static enum err
tile_put(
    struct export *x, int level, uint64_t n, unsigned width, struct span bytes)
{
	char path[TILE_PATH_MAX];

	tile_path(level, n, width, path);
	if (level == TILE_ENTRIES)
		x->result->bundles++;
	else
		x->result->tiles++;
	return artefact(x, path, bytes);
}

/* Level 0 and the entry bundle of at most 256 leaves. */
static enum err
bottom_put(struct export *x, const uint8_t (*leaf)[ENTRY_LEAF_LEN],
    size_t width, uint64_t n)
{
	struct buf bundle = {0}, tile = {0};
	struct merkle_frontier f = {0};
	uint8_t hash[MERKLE_LEN];
	enum err e;

	for (size_t i = 0; i < width; i++) {
		bundle_add(&bundle, leaf[i]);
		entry_leaf_hash(leaf[i], hash);
		buf_add(&tile, hash, sizeof(hash));
		merkle_append(&f, hash);
	}
	e = tile_put(x, TILE_ENTRIES, n, (unsigned)width, buf_span(&bundle));
	if (e == ERR_NONE)
		e = tile_put(x, 0, n, (unsigned)width, buf_span(&tile));
	if (width == TILE_WIDTH) {
		merkle_root(&f, hash);
		merkle_batch_append(&x->upper, hash);
	}
	buf_free(&bundle);
	buf_free(&tile);
	return e;
}

static enum err
bottom_export(struct export *x)
{
	uint8_t(*leaf)[ENTRY_LEAF_LEN] = xcalloc(LOGLEAVES_MAX, sizeof(*leaf));
	uint64_t size = x->at.size, end;
	enum err e = ERR_NONE;

	for (uint64_t at = 0; e == ERR_NONE && at < size; at = end) {
		end = at + LOGLEAVES_MAX < size ? at + LOGLEAVES_MAX : size;
		e = logleaves_read(x->db, x->log, at, end, leaf);
		for (uint64_t i = at; e == ERR_NONE && i < end; i += TILE_WIDTH)
			e = bottom_put(x,
			    (const uint8_t(*)[ENTRY_LEAF_LEN])leaf + (i - at),
			    end - i < TILE_WIDTH ? end - i : TILE_WIDTH,
			    i / TILE_WIDTH);
	}
	free(leaf);
	return e;
}

static enum err
upper_put(struct export *x, int level, uint64_t n, unsigned width)
{
	struct buf tile = {0};
	enum err e = ERR_NONE;

	for (unsigned i = 0; e == ERR_NONE && i < width; i++)
		e = node_read(x, (unsigned)level * TILE_HEIGHT,
		    n * TILE_WIDTH + i, buf_grow(&tile, MERKLE_LEN));
	if (e == ERR_NONE)
		e = tile_put(x, level, n, width, buf_span(&tile));
	buf_free(&tile);
	return e;
}

static enum err
upper_export(struct export *x)
{
	enum err e = ERR_NONE;

	for (int level = 1; level <= TILE_LEVEL_MAX; level++) {
		uint64_t full = tile_count(level, x->at.size);
		unsigned rest = tile_partial(level, x->at.size);

		for (uint64_t n = 0; e == ERR_NONE && n < full; n++)
			e = upper_put(x, level, n, TILE_WIDTH);
		if (e == ERR_NONE && rest > 0)
			e = upper_put(x, level, full, rest);
	}
	return e;
}

/* --- proofs and openings ----------------------------------------------------
 */

static void
put_b64(json_t *o, const char *name, struct span bytes)
{
	struct buf text = {0};

	b64_encode(bytes, &text);
	json_object_set_new(
	    o, name, json_stringn((const char *)text.p, text.n));
	buf_free(&text);
}

static enum err
opening_write(struct export *x, uint64_t index, struct db_rows *r)
{
	static const char how[] =
	    "leaf = 0x01 || SHA-256(\"renkei-entry\" || u8 type || salt || "
	    "body); its hash in the tree is SHA-256(0x00 || leaf)";
	struct arena arena = {0};
	struct span body = db_bytes(r, 0, 2);
	struct entry entry;
	char path[64], *text;
	json_t *o = json_object();
	enum err e = entry_decode(body, &arena, &entry);

	json_object_set_new(o, "type", json_integer(db_i64(r, 0, 0)));
	put_b64(o, "salt", db_bytes(r, 0, 1));
	put_b64(o, "body", body);
	json_object_set_new(o, "index", json_integer((json_int_t)index));
	json_object_set_new(o, "how", json_string(how));
	if (e == ERR_NONE)
		json_object_set_new(o, "entry", entryjson(&entry));
	text = json_dumps(o, JSON_INDENT(2));
	snprintf(
	    path, sizeof(path), "opening/%llu.json", (unsigned long long)index);
	e = artefact(x, path, span_str(text));
	free(text);
	json_decref(o);
	arena_wipe_free(&arena);
	return e;
}

static enum err
proof_write(struct export *x, uint64_t index)
{
	struct tlogproof p = {.index = index, .checkpoint = buf_span(&x->note)};
	struct buf file = {0};
	char path[64];
	enum err e = merkle_inclusion(
	    node_read, x, index, x->at.size, p.path, &p.n_path);

	if (e != ERR_NONE)
		return e;
	tlogproof_encode(&p, &file);
	snprintf(path, sizeof(path), "proof/%llu.tlog-proof",
	    (unsigned long long)index);
	e = artefact(x, path, buf_span(&file));
	buf_free(&file);
	return e;
}

/* Proof and opening of an entry; an expired one has a proof alone. */
static enum err
evidence_write(struct export *x, uint64_t index)
{
	struct db_rows r;
	enum err e;

	db_params_reset(&x->params);
	db_bind_i32(&x->params, x->log);
	db_bind_i64(&x->params, (int64_t)index);
	e = db_run(x->db,
	    "SELECT type, salt, body FROM entry WHERE log = $1 AND idx = $2",
	    &x->params, &r);
	if (e != ERR_NONE)
		return e;
	if (r.n == 1)
		e = opening_write(x, index, &r);
	if (e == ERR_NONE)
		e = proof_write(x, index);
	x->result->proofs += e == ERR_NONE;
	return db_rows_end(&r) != ERR_NONE ? ERR_DATABASE : e;
}

/* The first entries of each kind, and then evenly through the log. */
static enum err
evidence_export(struct export *x)
{
	uint64_t most = LOGEXPORT_PROOFS, size = x->at.size;
	struct db_rows r;
	enum err e;

	db_params_reset(&x->params);
	db_bind_i32(&x->params, x->log);
	db_bind_i64(&x->params, (int64_t)size);
	e = db_run(x->db,
	    "SELECT min(idx) FROM entry WHERE log = $1 AND idx < $2 "
	    "GROUP BY type ORDER BY 1",
	    &x->params, &r);
	if (e != ERR_NONE)
		return e;
	for (size_t i = 0; e == ERR_NONE && i < r.n; i++)
		e = evidence_write(x, (uint64_t)db_i64(&r, i, 0));
	if (db_rows_end(&r) != ERR_NONE)
		return ERR_DATABASE;
	if (most > size)
		most = size;
	for (uint64_t i = 0; e == ERR_NONE && i < most; i++)
		e = evidence_write(x, size / most * i + size % most * i / most);
	return e;
}

static enum err
consistency_write(struct export *x, uint64_t from)
{
	struct addcheckpoint q = {
	    .old = from, .checkpoint = buf_span(&x->note)};
	struct buf file = {0};
	char name[64];
	enum err e = merkle_consistency(
	    node_read, x, from, x->at.size, q.path, &q.n_path);

	if (e != ERR_NONE)
		return e;
	addcheckpoint_encode(&q, &file);
	snprintf(
	    name, sizeof(name), "consistency/%llu", (unsigned long long)from);
	e = artefact(x, name, buf_span(&file));
	buf_free(&file);
	return e;
}

static enum err
consistency_export(struct export *x)
{
	uint64_t size = x->at.size;
	const uint64_t from[] = {
	    1, size / 4, size / 3, size / 2, size - 1, size};
	enum err e = ERR_NONE;

	for (size_t i = 0; i < sizeof(from) / sizeof(from[0]); i++)
		if (e == ERR_NONE && from[i] > 0 && from[i] <= size)
			e = consistency_write(x, from[i]);
	return e;
}

/* --- all of it --------------------------------------------------------------
 */

/* The newest of log_head's and the signer's checkpoint. */
static enum err
checkpoint_pick(struct export *x)
{
	struct buf note = {0};
	struct checkpoint c;
	struct db_rows r;
	enum err e;

	db_params_reset(&x->params);
	db_bind_text(&x->params, x->s->key.name);
	e = db_run(x->db,
	    "SELECT log, checkpoint FROM log_head WHERE origin = $1",
	    &x->params, &r);
	if (e != ERR_NONE)
		return e;
	if (r.n == 1) {
		x->log = (int)db_i64(&r, 0, 0);
		if (!db_null(&r, 0, 1) && checkpoint_open(db_bytes(&r, 0, 1),
					      &x->s->key, &x->at) == ERR_NONE)
			buf_add(&x->note, db_bytes(&r, 0, 1).p,
			    db_bytes(&r, 0, 1).n);
	} else
		e = ERR_NOT_FOUND;
	if (db_rows_end(&r) != ERR_NONE)
		return ERR_DATABASE;
	if (e == ERR_NONE && x->s->checkpoint != NULL)
		e = file_read(x->s->checkpoint, NOTE_MAX, &note);
	if (e == ERR_NONE && note.n > 0 &&
	    checkpoint_open(buf_span(&note), &x->s->key, &c) == ERR_NONE &&
	    (x->note.n == 0 || c.size > x->at.size)) {
		x->at = c;
		buf_reset(&x->note);
		buf_add(&x->note, note.p, note.n);
	}
	buf_free(&note);
	return e == ERR_NONE && x->note.n == 0 ? ERR_NOT_FOUND : e;
}

static enum err
root_agrees(struct export *x)
{
	uint8_t root[MERKLE_LEN];
	enum err e = merkle_root_at(node_read, x, x->at.size, root);

	if (e == ERR_NONE && memcmp(root, x->at.root, MERKLE_LEN) != 0)
		e = ERR_FORK;
	return e;
}

/*
 * What a quorum of witnesses signed lies beside the signer's checkpoint, and
 * may be a little older. None, where the broker has no witnesses.
 */
static enum err
cosigned_export(struct export *x)
{
	struct buf path = {0}, note = {0};
	struct checkpoint c;
	enum err e = ERR_NONE;

	if (x->s->checkpoint == NULL)
		return ERR_NONE;
	buf_printf(&path, "%s.cosigned", x->s->checkpoint);
	buf_add_u8(&path, 0);
	if (file_read((char *)path.p, NOTE_MAX, &note) == ERR_NONE) {
		e = checkpoint_open(buf_span(&note), &x->s->key, &c);
		if (e == ERR_NONE)
			e = artefact(x, "checkpoint.cosigned", buf_span(&note));
	}
	buf_free(&path);
	buf_free(&note);
	return e;
}

static enum err
export_all(struct export *x)
{
	char key[NOTE_KEY_TEXT_MAX];
	enum err e = checkpoint_pick(x);

	if (e == ERR_NONE)
		e = bottom_export(x);
	if (e == ERR_NONE)
		e = root_agrees(x);
	if (e == ERR_NONE)
		e = upper_export(x);
	if (e == ERR_NONE)
		e = evidence_export(x);
	if (e == ERR_NONE)
		e = consistency_export(x);
	note_key_format(&x->s->key, key);
	strcat(key, "\n");
	if (e == ERR_NONE)
		e = artefact(x, "log.pub", span_str(key));
	if (e == ERR_NONE)
		e = cosigned_export(x);
	/* last: what it speaks of is there */
	if (e == ERR_NONE)
		e = artefact(x, "checkpoint", buf_span(&x->note));
	x->result->size = x->at.size;
	return e;
}

enum err
logexport_run(
    const struct logsettings *s, const char *dir, struct logexport_result *out)
{
	struct export *x = xcalloc(1, sizeof(*x));
	enum err e = ERR_FILE;

	memset(out, 0, sizeof(*out));
	x->s = s;
	x->result = out;
	x->block = UINT64_MAX;
	merkle_batch_init(&x->upper, NULL);
	if (mkdir(dir, 0755) == 0 || errno == EEXIST)
		x->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	else
		x->dir = -1;
	if (x->dir >= 0)
		e = db_open(s->database, &x->db);
	if (e == ERR_NONE)
		e = export_all(x);
	if (x->dir >= 0)
		close(x->dir);
	db_close(x->db);
	db_params_free(&x->params);
	merkle_batch_fini(&x->upper);
	buf_free(&x->note);
	free(x);
	return e;
}

#include "agents/runtime/held.h"

#include <string.h>

#include "lib/oplog.h"
#include "lib/sha256.h"

void
held_init(struct held *h, const struct note_key *key)
{
	*h = (struct held){.key = *key};
	memcpy(h->newest.root, merkle_empty, MERKLE_LEN);
}

void
held_fini(struct held *h)
{
	buf_free(&h->note);
}

void
held_line_start(const struct held *h, struct held_line *line)
{
	line->size = h->newest.size;
	memcpy(line->root, h->newest.root, MERKLE_LEN);
}

/* Whether we saw this size before; *same: with this root. */
static bool
size_seen(const struct held *h, const struct checkpoint *c, bool *same)
{
	for (size_t i = 0; i < HELD_RECENT; i++) {
		const struct held_recent *r = &h->recent[i];

		if (!r->used || r->at.size != c->size)
			continue;
		*same = memcmp(r->at.root, c->root, MERKLE_LEN) == 0;
		return true;
	}
	return false;
}

static const struct held_recent *
recent_find(const struct held *h, const uint8_t hash[static HASH_LEN])
{
	for (size_t i = 0; i < HELD_RECENT; i++)
		if (h->recent[i].used &&
		    memcmp(h->recent[i].hash, hash, HASH_LEN) == 0)
			return &h->recent[i];
	return NULL;
}

/*
 * Verify the note, or know its bytes again. *known: this tree was accepted
 * before. Two roots of one size, both signed, are another log.
 */
static enum err
note_verify(
    struct held *h, struct span note, struct checkpoint *out, bool *known)
{
	uint8_t hash[HASH_LEN];
	const struct held_recent *r;
	bool same = false;
	enum err e;

	sha256(note, hash);
	r = recent_find(h, hash);
	*known = r != NULL;
	if (r != NULL) {
		*out = r->at;
		return ERR_NONE;
	}
	e = checkpoint_open(note, &h->key, out);
	if (e != ERR_NONE)
		return e;
	*known = size_seen(h, out, &same);
	return *known && !same ? ERR_FORK : ERR_NONE;
}

static void
recent_add(struct held *h, const struct checkpoint *c, struct span note)
{
	uint8_t hash[HASH_LEN];
	struct held_recent *r;

	sha256(note, hash);
	if (recent_find(h, hash) != NULL)
		return;
	r = &h->recent[h->next++ % HELD_RECENT];
	r->at = *c;
	memcpy(r->hash, hash, HASH_LEN);
	r->used = true;
}

static void
newest_set(struct held *h, const struct checkpoint *c, struct span note)
{
	if (c->size < h->newest.size || c->size == 0)
		return;
	h->newest = *c;
	buf_reset(&h->note);
	buf_add(&h->note, note.p, note.n);
	h->changed = true;
}

enum err
held_load(struct held *h, struct span note)
{
	struct checkpoint c;
	bool known;
	enum err e = note_verify(h, note, &c, &known);

	if (e != ERR_NONE)
		return e;
	recent_add(h, &c, note);
	newest_set(h, &c, note);
	h->changed = false;
	return ERR_NONE;
}

/* An earlier tree than the line's must be one that was accepted before. */
static enum err
line_check(const struct held_line *line, const struct checkpoint *c, bool known,
    uint64_t from, const uint8_t (*proof)[HASH_LEN], size_t n_proof)
{
	if (c->size < line->size)
		return known ? ERR_NONE : ERR_PROOF;
	if (c->size == line->size)
		return memcmp(c->root, line->root, MERKLE_LEN) == 0 ? ERR_NONE
								    : ERR_FORK;
	if (line->size == 0)
		return ERR_NONE;
	if (from != line->size)
		return ERR_PROOF;
	return merkle_consistency_check(
	    line->size, c->size, line->root, c->root, proof, n_proof);
}

enum err
held_advance(struct held *h, struct held_line *line, struct span note,
    uint64_t from, const uint8_t (*proof)[HASH_LEN], size_t n_proof,
    struct checkpoint *out)
{
	bool known = false;
	enum err e = h->forked ? ERR_FORK : note_verify(h, note, out, &known);

	if (e == ERR_NONE)
		e = line_check(line, out, known, from, proof, n_proof);
	if (e == ERR_FORK)
		h->forked = true;
	if (e != ERR_NONE) {
		oplog(OPLOG_WARN, "checkpoint-refused", LOG_ERR(e),
		    LOG_NUMBER("held", line->size), LOG_NUMBER("from", from),
		    LOG_NUMBER("size", out->size));
		return e;
	}
	recent_add(h, out, note);
	if (out->size > line->size) {
		line->size = out->size;
		memcpy(line->root, out->root, MERKLE_LEN);
		newest_set(h, out, note);
	}
	return ERR_NONE;
}

enum err
held_prove(struct held *h, struct held_line *line, const struct entry_proof *p,
    struct arena *a, struct proved *out)
{
	uint8_t leaf[ENTRY_LEAF_LEN];
	struct checkpoint at;
	enum err e = entry_decode(p->body, a, &out->entry);

	if (e != ERR_NONE)
		return e;
	if (out->entry.type == 0 || out->entry.type > ENTRY_TYPES)
		return ERR_MALFORMED;
	entry_leaf(out->entry.type, p->salt, p->body, leaf);
	entry_leaf_hash(leaf, out->leaf);
	out->index = p->index;
	e = held_advance(h, line, p->checkpoint, p->consistent_from,
	    (const uint8_t(*)[HASH_LEN])p->consistency, p->n_consistency, &at);
	if (e != ERR_NONE)
		return e;
	return merkle_inclusion_check(p->index, at.size, out->leaf,
	    (const uint8_t(*)[HASH_LEN])p->path, p->n_path, at.root);
}

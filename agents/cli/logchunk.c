#include "agents/cli/logchunk.h"

#include "lib/clock.h"
#include "lib/sha256.h"
#include "lib/uuid.h"

#include <stdio.h>
#include <string.h>

/* --- one row ----------------------------------------------------------------
 */

/* In the order of the statement below. */
enum column {
	COL_IDX,
	COL_MONTH,
	COL_TYPE,
	COL_ENTRY_ID,
	COL_EXCHANGE_ID,
	COL_INQUIRER,
	COL_PROVIDER,
	COL_LEAF,
	COL_BODY,
	COL_SALT,
	COL_RECORD_CODE,
	COL_ENDORSEMENT,
	COL_AUX,
	COL_PERSON
};
static const char rows_sql[] =
    "SELECT idx, month, type, entry_id, exchange_id, inquirer, provider, leaf, "
    "body, salt, record_code, endorsement, aux, person FROM entry "
    "WHERE log = $1 AND idx >= $2 AND idx < $3 ORDER BY idx";

struct row {
	uint64_t index;
	unsigned type;
	int month;
	uint8_t entry_id[ID_LEN], exchange_id[ID_LEN]; /* zeros: NULL */
	const char *inquirer, *provider;	       /* "": NULL */
	uint8_t leaf[ENTRY_LEAF_LEN], salt[ENTRY_SALT_LEN];
	uint8_t endorsement[ENTRY_ENDORSEMENT_LEN];
	struct span body, record_code, aux, person;
	struct entry entry; /* the body, decoded */
};

static const uint8_t zeros[HASH_LEN];

static void
row_read(struct db_rows *r, size_t i, struct row *out)
{
	memset(out, 0, offsetof(struct row, entry));
	out->index = (uint64_t)db_i64(r, i, COL_IDX);
	out->month = (int)db_i64(r, i, COL_MONTH);
	out->type = (unsigned)db_i64(r, i, COL_TYPE);
	db_fixed(r, i, COL_ENTRY_ID, out->entry_id, ID_LEN);
	if (!db_null(r, i, COL_EXCHANGE_ID))
		db_fixed(r, i, COL_EXCHANGE_ID, out->exchange_id, ID_LEN);
	out->inquirer =
	    db_null(r, i, COL_INQUIRER) ? "" : db_text(r, i, COL_INQUIRER);
	out->provider =
	    db_null(r, i, COL_PROVIDER) ? "" : db_text(r, i, COL_PROVIDER);
	db_fixed(r, i, COL_LEAF, out->leaf, sizeof(out->leaf));
	db_fixed(r, i, COL_SALT, out->salt, sizeof(out->salt));
	db_fixed(
	    r, i, COL_ENDORSEMENT, out->endorsement, sizeof(out->endorsement));
	out->body = db_bytes(r, i, COL_BODY);
	if (!db_null(r, i, COL_RECORD_CODE))
		out->record_code = db_bytes(r, i, COL_RECORD_CODE);
	if (!db_null(r, i, COL_AUX))
		out->aux = db_bytes(r, i, COL_AUX);
	if (!db_null(r, i, COL_PERSON))
		out->person = db_bytes(r, i, COL_PERSON);
}

/* SHA-256 of what is there, zeros for what is not. */
static bool
hash_is(struct span bytes, const uint8_t want[static HASH_LEN])
{
	uint8_t hash[HASH_LEN] = {0};

	if (bytes.n > 0)
		sha256(bytes, hash);
	return memcmp(hash, want, HASH_LEN) == 0;
}

static bool
leaf_fits(struct logchecker *k, struct row *row)
{
	uint8_t leaf[ENTRY_LEAF_LEN];

	entry_leaf(row->type, row->salt, row->body, leaf);
	if (memcmp(leaf, row->leaf, sizeof(leaf)) != 0)
		return false;
	arena_reset(&k->arena);
	return entry_decode(row->body, &k->arena, &row->entry) == ERR_NONE;
}

/* The month is that of the exchange's id, or of the entry's own. */
static int
month_due(const struct entry *e)
{
	const uint8_t *id = memcmp(e->exchange_id, zeros, ID_LEN) != 0
				? e->exchange_id
				: e->entry_id;

	return uuid_is_v7(id) ? day_month(day_of_ms(uuid_ms(id))) : 0;
}

/* The column that says other than the body, or NULL. */
static const char *
column_odd(const struct row *row)
{
	const struct entry *e = &row->entry;

	if (e->type != row->type)
		return "type";
	if (memcmp(e->entry_id, row->entry_id, ID_LEN) != 0)
		return "entry_id";
	if (memcmp(e->exchange_id, row->exchange_id, ID_LEN) != 0)
		return "exchange_id";
	if (strcmp(e->inquirer, row->inquirer) != 0)
		return "inquirer";
	if (strcmp(e->provider, row->provider) != 0)
		return "provider";
	return month_due(e) == row->month ? NULL : "month";
}

/* A permit or refusal holds the inquiry's hash, an outcome the provision's. */
static bool
message_fits(struct logchecker *k, const struct row *row)
{
	bool asks = row->type == ENTRY_PERMIT || row->type == ENTRY_REFUSAL;
	const uint8_t *want =
	    asks ? row->entry.inquiry_hash : row->entry.provision_hash;
	struct envelope e;

	if (row->aux.n == 0 || memcmp(want, zeros, HASH_LEN) == 0)
		return true;
	arena_reset(&k->arena);
	return envelope_decode(row->aux, &k->arena, &e) == ERR_NONE &&
	       hash_is(e.body, want);
}

static enum logfault
row_check(struct logchecker *k, struct row *row, const char **detail)
{
	*detail = "";
	if (!leaf_fits(k, row))
		return LOGFAULT_CHANGED;
	*detail = column_odd(row);
	if (*detail != NULL)
		return LOGFAULT_COLUMN;
	*detail = "";
	if (!hash_is(row->record_code, row->entry.record_code_hash))
		return LOGFAULT_RECORD_CODE;
	if (!hash_is(row->person, row->entry.provider_ref_hash))
		return LOGFAULT_PERSON;
	if (!message_fits(k, row))
		return LOGFAULT_MESSAGE;
	if (k->endorse_key != NULL &&
	    !entry_endorse_check(k->endorse_key, row->leaf,
		row->entry.record_code_hash, row->entry_id, row->endorsement))
		return LOGFAULT_ENDORSEMENT;
	return LOGFAULT_NONE;
}

/* --- the rows of a chunk ----------------------------------------------------
 */

static void
fault_note(
    struct logchunk *c, enum logfault f, uint64_t index, const char *detail)
{
	c->fault = f;
	c->index = index;
	snprintf(c->detail, sizeof(c->detail), "%s", detail);
}

/* The leaf of an entry whose row was dropped with its month: in a bundle. */
static bool
bundle_leaf(const struct logchunk *c, struct db_rows *tiles, uint64_t index)
{
	size_t at = index % TILE_WIDTH * BUNDLE_ENTRY_LEN;

	for (size_t i = 0; i < tiles->n; i++) {
		struct span rest = db_bytes(tiles, i, 2), entry;

		if (db_i64(tiles, i, 1) != TILE_ENTRIES ||
		    (uint64_t)db_i64(tiles, i, 0) != index / TILE_WIDTH ||
		    rest.n < at)
			continue;
		rest = span_of(rest.p + at, rest.n - at);
		if (bundle_next(&rest, &entry) != ERR_NONE ||
		    entry.n != ENTRY_LEAF_LEN)
			return false;
		entry_leaf_hash(entry.p, c->leaf[index - c->first]);
		return true;
	}
	return false;
}

/* No rows for *next up to `until`: expired, or missing. */
static bool
gap_pass(struct logchecker *k, struct logchunk *c, struct db_rows *tiles,
    uint64_t *next, uint64_t until)
{
	for (; *next < until; ++*next, c->expired++)
		if (*next >= k->expired_below ||
		    !bundle_leaf(c, tiles, *next)) {
			fault_note(c, LOGFAULT_MISSING, *next, "");
			return false;
		}
	return true;
}

static void
rows_check(struct logchecker *k, struct logchunk *c, struct db_rows *r,
    struct db_rows *tiles)
{
	uint64_t next = c->first;
	struct row row;

	for (size_t i = 0; i < r->n; i++, next++) {
		const char *detail;
		enum logfault f;

		row_read(r, i, &row);
		if (row.index < next) {
			fault_note(c, LOGFAULT_TWICE, row.index, "");
			return;
		}
		if (!gap_pass(k, c, tiles, &next, row.index))
			return;
		f = row_check(k, &row, &detail);
		if (f != LOGFAULT_NONE) {
			fault_note(c, f, next, detail);
			return;
		}
		entry_leaf_hash(row.leaf, c->leaf[next - c->first]);
	}
	gap_pass(k, c, tiles, &next, c->end);
}

void
logchunk_root(const uint8_t (*leaf)[MERKLE_LEN], size_t n,
    uint8_t root[static MERKLE_LEN])
{
	struct merkle_frontier f = {0};

	for (size_t i = 0; i < n; i++)
		merkle_append(&f, leaf[i]);
	merkle_root(&f, root);
}

static void
blocks_make(struct logchunk *c)
{
	for (uint64_t b = 0; (b + 1) * TILE_WIDTH <= c->end - c->first; b++)
		logchunk_root(
		    (const uint8_t(*)[MERKLE_LEN])c->leaf + b * TILE_WIDTH,
		    TILE_WIDTH, c->block[b]);
	memcpy(c->tile_block, c->block, sizeof(c->block));
}

/* --- the tiles over it ------------------------------------------------------
 */

static void
differs_at(struct logchunk *c, uint64_t index)
{
	if (index < c->differs)
		c->differs = index;
}

/* A bundle's entries must hash to the leaves. */
static void
bundle_check(struct logchunk *c, uint64_t b, struct span data)
{
	uint8_t hash[MERKLE_LEN];
	struct span entry;
	uint64_t i = b * TILE_WIDTH, end = i + TILE_WIDTH;

	for (; i < end && bundle_next(&data, &entry) == ERR_NONE; i++) {
		merkle_leaf(entry, hash);
		if (memcmp(hash, c->leaf[i], MERKLE_LEN) != 0)
			break;
	}
	if (i < end || data.n > 0)
		differs_at(c, c->first + i - (i == end));
}

static void
tile_check(struct logchunk *c, uint64_t b, struct span data)
{
	uint8_t(*leaf)[MERKLE_LEN] = c->leaf + b * TILE_WIDTH;

	if (data.n != TILE_LEN) {
		differs_at(c, c->first + b * TILE_WIDTH);
		return;
	}
	if (memcmp(data.p, leaf, TILE_LEN) == 0)
		return;
	logchunk_root(
	    (const uint8_t(*)[MERKLE_LEN])data.p, TILE_WIDTH, c->tile_block[b]);
	for (unsigned i = 0; i < TILE_WIDTH; i++)
		if (memcmp(data.p + i * MERKLE_LEN, leaf[i], MERKLE_LEN) != 0) {
			differs_at(c, c->first + b * TILE_WIDTH + i);
			return;
		}
}

static void
tiles_check(struct logchunk *c, struct db_rows *tiles)
{
	uint64_t first = c->first / TILE_WIDTH, end = c->end / TILE_WIDTH;

	for (size_t i = 0; i < tiles->n; i++) {
		uint64_t n = (uint64_t)db_i64(tiles, i, 0);

		if (n >= end)
			continue; /* of more leaves than this chunk has */
		c->tiles++;
		if (db_i64(tiles, i, 1) == TILE_ENTRIES)
			bundle_check(c, n - first, db_bytes(tiles, i, 2));
		else
			tile_check(c, n - first, db_bytes(tiles, i, 2));
	}
	c->tile_missing = c->tiles < 2 * (end - first);
}

/* Both statements ask for a range of this log. */
static enum err
range_read(struct logchecker *k, const char *sql, uint64_t first, uint64_t end,
    struct db_rows *r)
{
	db_params_reset(&k->params);
	db_bind_i32(&k->params, k->log);
	db_bind_i64(&k->params, (int64_t)first);
	db_bind_i64(&k->params, (int64_t)end);
	return db_run(k->db, sql, &k->params, r);
}

static const char tiles_sql[] =
    "SELECT n, level, data FROM log_tile WHERE log = $1 AND "
    "level IN (-1, 0) AND n >= $2 AND n < $3";

enum err
logchunk_check(struct logchecker *k, struct logchunk *c)
{
	struct db_rows rows, tiles;
	enum err e, last;

	c->fault = LOGFAULT_NONE;
	c->differs = NOWHERE;
	c->tiles = c->expired = 0;
	e = range_read(
	    k, tiles_sql, c->first / TILE_WIDTH, c->end / TILE_WIDTH, &tiles);
	if (e != ERR_NONE)
		return e;
	e = range_read(k, rows_sql, c->first, c->end, &rows);
	if (e == ERR_NONE) {
		rows_check(k, c, &rows, &tiles);
		e = db_rows_end(&rows);
	}
	if (e == ERR_NONE && c->fault == LOGFAULT_NONE) {
		blocks_make(c);
		tiles_check(c, &tiles);
	}
	last = db_rows_end(&tiles);
	return e != ERR_NONE ? e : last;
}

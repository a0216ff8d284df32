#include "agents/cli/logleaves.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct reading {
	int log;
	uint64_t first, end;
	uint8_t (*leaf)[ENTRY_LEAF_LEN];
	bool *have;
};

static enum err
query(struct db *db, const struct reading *g, const char *sql, uint64_t from,
    uint64_t until, struct db_rows *r)
{
	struct db_params p = {0};
	enum err e;

	db_bind_i32(&p, g->log);
	db_bind_i64(&p, (int64_t)from);
	db_bind_i64(&p, (int64_t)until);
	e = db_run(db, sql, &p, r);
	db_params_free(&p);
	return e;
}

static enum err
from_rows(struct db *db, struct reading *g, size_t *n)
{
	struct db_rows r;
	enum err e = query(db, g,
	    "SELECT idx, leaf FROM entry WHERE log = $1 AND idx >= $2 AND "
	    "idx < $3",
	    g->first, g->end, &r);

	if (e != ERR_NONE)
		return e;
	for (size_t i = 0; i < r.n; i++) {
		uint64_t at = (uint64_t)db_i64(&r, i, 0) - g->first;

		db_fixed(&r, i, 1, g->leaf[at], ENTRY_LEAF_LEN);
		*n += !g->have[at];
		g->have[at] = true;
	}
	return db_rows_end(&r);
}

/* Fill what is missing of one block from its bundle. */
static void
block_fill(struct reading *g, uint64_t block, struct span bundle, size_t *n)
{
	struct span entry;

	for (uint64_t i = block * TILE_WIDTH; i < g->end; i++) {
		uint64_t at = i - g->first;

		if (bundle_next(&bundle, &entry) != ERR_NONE)
			return;
		if (g->have[at] || entry.n != ENTRY_LEAF_LEN)
			continue;
		memcpy(g->leaf[at], entry.p, ENTRY_LEAF_LEN);
		g->have[at] = true;
		++*n;
	}
}

static enum err
from_bundles(struct db *db, struct reading *g, size_t *n)
{
	struct db_rows r;
	enum err e = query(db, g,
	    "SELECT n, data FROM log_tile WHERE log = $1 AND level = -1 AND "
	    "n >= $2 AND n < $3",
	    g->first / TILE_WIDTH, (g->end + TILE_WIDTH - 1) / TILE_WIDTH, &r);

	if (e != ERR_NONE)
		return e;
	for (size_t i = 0; i < r.n; i++)
		block_fill(
		    g, (uint64_t)db_i64(&r, i, 0), db_bytes(&r, i, 1), n);
	return db_rows_end(&r);
}

enum err
logleaves_read(struct db *db, int log, uint64_t first, uint64_t end,
    uint8_t (*leaf)[ENTRY_LEAF_LEN])
{
	struct reading g = {log, first, end, leaf, NULL};
	size_t n = 0;
	enum err e;

	assert(first % TILE_WIDTH == 0 && end >= first &&
	       end - first <= LOGLEAVES_MAX);
	g.have = xcalloc(end - first, sizeof(*g.have));
	e = from_rows(db, &g, &n);
	if (e == ERR_NONE && n < end - first)
		e = from_bundles(db, &g, &n);
	free(g.have);
	return e == ERR_NONE && n < end - first ? ERR_NOT_FOUND : e;
}

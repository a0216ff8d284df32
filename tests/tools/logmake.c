/*
 * Make a log to try things on: entries as a broker would have written them,
 * under keys made on the spot, with their tiles and a signed checkpoint.
 *
 *	logmake CONNINFO DIR COUNT [CHECKPOINT-EVERY [DAY STEP-SECONDS]]
 *
 * Appends COUNT entries to the log of the database (made by `sql/create
 * broker`). DIR gets log.key, log.pub, endorse.key, the newest checkpoint and,
 * with the fourth argument unless 0, checkpoint.SIZE each so many entries.
 * The log is that of DAY's fiscal year and its entries lie STEP-SECONDS apart;
 * without, all are of this moment. Running it again goes on where the log
 * ends.
 */
#include "lib/b64.h"
#include "lib/checkpoint.h"
#include "lib/clock.h"
#include "lib/db.h"
#include "lib/entry.h"
#include "lib/file.h"
#include "lib/hex.h"
#include "lib/messages.h"
#include "lib/sha256.h"
#include "lib/text.h"
#include "lib/tile.h"
#include "lib/uuid.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define ORIGIN "renkei.example/log/test"
#define BATCH                                                          \
	2048 /* rows of one transaction; whole tiles from a whole tile \
	      */
#define RECORD_LEN 141

struct row {
	struct entry entry;
	struct buf body;
	uint8_t salt[ENTRY_SALT_LEN], leaf[ENTRY_LEAF_LEN];
	uint8_t endorsement[ENTRY_ENDORSEMENT_LEN], record[RECORD_LEN];
};

struct maker {
	const char *dir;
	struct db *db;
	struct note_signer key;
	uint8_t endorse[32];
	struct merkle_frontier frontier;
	int log; /* fiscal year */
	uint64_t start_ms, step_ms;
	uint8_t before[ID_LEN]; /* id of the entry before */
	struct row row[BATCH];
	/* what a tile of each level holds so far */
	struct buf tile[TILE_LEVEL_MAX + 1], bundle;
	struct tile {
		int level;
		uint64_t n;
		struct buf data;
	} done[64];
	size_t n_done;
};

static void
must(enum err e, const char *what)
{
	if (e == ERR_NONE)
		return;
	fprintf(stderr, "logmake: %s: %s\n", what, err_sentence(e));
	exit(1);
}

static const char *
path_of(const struct maker *m, const char *name)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/%s", m->dir, name);
	return path;
}

/* --- keys -------------------------------------------------------------------
 */

static void
keys_make(struct maker *m)
{
	char text[NOTE_KEY_TEXT_MAX], hex[65];
	uint8_t seed[32];

	randombytes_buf(seed, sizeof(seed));
	randombytes_buf(m->endorse, sizeof(m->endorse));
	must(note_signer_make(ORIGIN, NOTE_ED25519, seed, &m->key), "key");
	note_signer_format(&m->key, text);
	must(file_write(path_of(m, "log.key"), span_str(text), 0600), "key");
	note_key_format(&m->key.key, text);
	must(file_write(path_of(m, "log.pub"), span_str(text), 0644), "key");
	hex_encode(SPAN(m->endorse), hex);
	must(file_write(path_of(m, "endorse.key"), span_str(hex), 0600),
	    "endorse.key");
}

static void
keys_open(struct maker *m)
{
	struct buf text = {0}, hex = {0};

	if (file_read(path_of(m, "log.key"), 1024, &text) != ERR_NONE) {
		keys_make(m);
		return;
	}
	buf_add_u8(&text, 0);
	must(note_signer_parse((char *)text.p, &m->key), "log.key");
	must(file_read(path_of(m, "endorse.key"), 64, &hex), "endorse.key");
	must(hex_decode(buf_span(&hex), m->endorse, 32), "endorse.key");
	buf_free(&text);
	buf_free(&hex);
}

/* --- entries ----------------------------------------------------------------
 */

/* A permit, its outcome, another permit; now and then a refusal or lapse. */
static unsigned
type_of(uint64_t i)
{
	static const unsigned types[] = {ENTRY_PERMIT, ENTRY_OUTCOME,
	    ENTRY_PERMIT, ENTRY_LAPSE, ENTRY_REFUSAL, ENTRY_ISSUE};

	return types[i % (sizeof(types) / sizeof(types[0]))];
}

static uint64_t
time_of(const struct maker *m, uint64_t i)
{
	return m->step_ms == 0 ? clock_ms() : m->start_ms + i * m->step_ms;
}

static void
entry_fill(
    const struct maker *m, struct entry *e, uint64_t i, const uint8_t *exchange)
{
	memset(e, 0, sizeof(*e));
	e->version = 1;
	e->type = type_of(i);
	e->time_ms = time_of(m, i);
	if (m->step_ms == 0)
		uuid_make(e->entry_id);
	else
		uuid_make_at(e->time_ms, e->entry_id);
	if (e->type == ENTRY_OUTCOME || e->type == ENTRY_LAPSE)
		memcpy(e->exchange_id, exchange, ID_LEN);
	else if (e->type != ENTRY_ISSUE)
		memcpy(e->exchange_id, e->entry_id, ID_LEN);
	text_copy(e->inquirer, sizeof(e->inquirer), "nenkin");
	text_copy(e->provider, sizeof(e->provider), "141003");
	text_copy(e->unit, sizeof(e->unit), "年金給付部");
	text_copy(e->task, sizeof(e->task), "73");
	text_copy(e->procedure, sizeof(e->procedure), "P73-0001");
	text_copy(e->data[0], sizeof(e->data[0]), "地方税関係情報");
	e->n_data = 1;
	e->outcome = e->type == ENTRY_PERMIT ? 1 : 10;
	e->policy_version = e->directory_version = 1;
	e->sequence = i;
	randombytes_buf(e->case_tag, sizeof(e->case_tag));
	memset(e->policy_hash, 1, sizeof(e->policy_hash));
}

static void
row_make(struct maker *m, struct row *r, uint64_t i, const uint8_t *exchange)
{
	entry_fill(m, &r->entry, i, exchange);
	randombytes_buf(r->salt, sizeof(r->salt));
	randombytes_buf(r->record, sizeof(r->record));
	sha256(SPAN(r->record), r->entry.record_code_hash);
	buf_reset(&r->body);
	entry_encode(&r->entry, &r->body);
	entry_leaf(r->entry.type, r->salt, buf_span(&r->body), r->leaf);
	entry_endorse(m->endorse, r->leaf, r->entry.record_code_hash,
	    r->entry.entry_id, r->endorsement);
}

/* --- the tree ---------------------------------------------------------------
 */

static void
tile_done(struct maker *m, int level, uint64_t n, struct buf *data)
{
	if (m->n_done == sizeof(m->done) / sizeof(m->done[0]))
		abort();
	m->done[m->n_done++] = (struct tile){level, n, *data};
	*data = (struct buf){0};
}

/* Put a hash into the tile being filled at this level, and above. */
static void
tile_put(struct maker *m, int level, const uint8_t *hash)
{
	struct buf *tile = &m->tile[level];
	struct merkle_frontier f = {0};
	uint8_t root[MERKLE_LEN];

	buf_add(tile, hash, MERKLE_LEN);
	if (tile->n < TILE_LEN)
		return;
	for (size_t i = 0; i < TILE_WIDTH; i++)
		merkle_append(&f, tile->p + i * MERKLE_LEN);
	merkle_root(&f, root);
	tile_done(m, level, tile_count(level, m->frontier.size) - 1, tile);
	tile_put(m, level + 1, root);
}

static void
leaf_append(struct maker *m, const uint8_t leaf[static ENTRY_LEAF_LEN])
{
	uint8_t hash[MERKLE_LEN];

	entry_leaf_hash(leaf, hash);
	merkle_append(&m->frontier, hash);
	bundle_add(&m->bundle, leaf);
	if (m->frontier.size % TILE_WIDTH == 0)
		tile_done(m, TILE_ENTRIES, m->frontier.size / TILE_WIDTH - 1,
		    &m->bundle);
	tile_put(m, 0, hash);
}

/* Go on with a log that is there: hash it all again. */
static uint64_t
resume(struct maker *m)
{
	uint64_t size = 0;

	for (;;) {
		struct db_params p = {0};
		struct db_rows r;
		uint8_t leaf[ENTRY_LEAF_LEN];
		size_t n;

		db_bind_i32(&p, m->log);
		db_bind_i64(&p, (int64_t)size);
		db_bind_i64(&p, (int64_t)size + BATCH);
		must(db_run(m->db,
			 "SELECT leaf FROM entry WHERE log = $1 AND "
			 "idx >= $2 AND idx < $3 ORDER BY idx",
			 &p, &r),
		    "entry");
		n = r.n;
		for (size_t i = 0; i < n; i++) {
			db_fixed(&r, i, 0, leaf, sizeof(leaf));
			leaf_append(m, leaf);
			while (m->n_done > 0) /* it has these rows */
				buf_free(&m->done[--m->n_done].data);
		}
		db_rows_end(&r);
		db_params_free(&p);
		size += n;
		if (n == 0)
			return size;
	}
}

/* --- writing ----------------------------------------------------------------
 */

static const char insert_sql[] =
    "INSERT INTO entry (log, idx, month, type, entry_id, exchange_id, "
    "inquirer, provider, leaf, body, salt, record_code, endorsement) "
    "SELECT $1, i, m, t, e, x, 'nenkin', '141003', l, b, s, r, d FROM "
    "unnest($2::bigint[], $3::int[], $4::smallint[], $5::uuid[], "
    "$6::uuid[], $7::bytea[], $8::bytea[], $9::bytea[], $10::bytea[], "
    "$11::bytea[]) AS u (i, m, t, e, x, l, b, s, r, d)";

/* The month of the exchange's id or the entry's; its partition is made. */
static int
month_ensure(struct maker *m, const struct entry *e)
{
	static const uint8_t none[ID_LEN];
	static int made;
	const uint8_t *id = memcmp(e->exchange_id, none, ID_LEN) != 0
				? e->exchange_id
				: e->entry_id;
	int month = day_month(day_of_ms(uuid_ms(id)));
	struct db_params p = {0};

	if (month == made)
		return month;
	db_bind_i32(&p, month);
	must(db_run(m->db, "SELECT entry_month_ensure($1)", &p, NULL),
	    "entry_month_ensure");
	db_params_free(&p);
	made = month;
	return month;
}

static void
rows_bind(struct maker *m, uint64_t first, size_t n, struct db_params *p)
{
	static int64_t index[BATCH];
	static int16_t type[BATCH];
	static int32_t month[BATCH];
	static const uint8_t *id[BATCH], *exchange[BATCH];
	static struct span leaf[BATCH], body[BATCH], salt[BATCH], record[BATCH],
	    endorsement[BATCH];

	for (size_t i = 0; i < n; i++) {
		struct row *r = &m->row[i];

		index[i] = (int64_t)(first + i);
		type[i] = (int16_t)r->entry.type;
		month[i] = month_ensure(m, &r->entry);
		id[i] = r->entry.entry_id;
		exchange[i] =
		    r->entry.type == ENTRY_ISSUE ? NULL : r->entry.exchange_id;
		leaf[i] = SPAN(r->leaf);
		body[i] = buf_span(&r->body);
		salt[i] = SPAN(r->salt);
		record[i] = SPAN(r->record);
		endorsement[i] = SPAN(r->endorsement);
	}
	db_bind_i32(p, m->log);
	db_bind_i64s(p, index, n);
	db_bind_i32s(p, month, n);
	db_bind_i16s(p, type, n);
	db_bind_uuids(p, id, n);
	db_bind_uuids(p, exchange, n);
	db_bind_bytess(p, leaf, n);
	db_bind_bytess(p, body, n);
	db_bind_bytess(p, salt, n);
	db_bind_bytess(p, record, n);
	db_bind_bytess(p, endorsement, n);
}

static void
tiles_insert(struct maker *m)
{
	for (size_t i = 0; i < m->n_done; i++) {
		struct db_params p = {0};

		db_bind_i32(&p, m->log);
		db_bind_i16(&p, (int16_t)m->done[i].level);
		db_bind_i64(&p, (int64_t)m->done[i].n);
		db_bind_bytes(&p, buf_span(&m->done[i].data));
		must(db_run(m->db,
			 "INSERT INTO log_tile VALUES ($1, $2, $3, $4)", &p,
			 NULL),
		    "log_tile");
		db_params_free(&p);
		buf_free(&m->done[i].data);
	}
	m->n_done = 0;
}

static void
checkpoint_write(struct maker *m, const char *name)
{
	struct checkpoint c = {.size = m->frontier.size};
	struct buf note = {0};

	text_copy(c.origin, sizeof(c.origin), ORIGIN);
	merkle_root(&m->frontier, c.root);
	must(checkpoint_sign(&c, &m->key, &note), "sign");
	must(file_write(path_of(m, name), buf_span(&note), 0644), "checkpoint");
	buf_free(&note);
}

static void
batch_write(struct maker *m, uint64_t first, size_t n)
{
	struct db_params rows = {0}, head = {0};

	for (size_t i = 0; i < n; i++) {
		row_make(m, &m->row[i], first + i, m->before);
		memcpy(m->before, m->row[i].entry.entry_id, ID_LEN);
		leaf_append(m, m->row[i].leaf);
	}
	rows_bind(m, first, n, &rows);
	db_bind_i32(&head, m->log);
	db_bind_i64(&head, (int64_t)(first + n));
	must(db_begin(m->db), "begin");
	must(db_run(m->db, insert_sql, &rows, NULL), db_message(m->db));
	tiles_insert(m);
	must(db_run(m->db, "UPDATE log_head SET size = $2 WHERE log = $1",
		 &head, NULL),
	    "log_head");
	must(db_commit(m->db), "commit");
	db_params_free(&rows);
	db_params_free(&head);
}

static void
log_open(struct maker *m)
{
	struct db_params p = {0};

	db_bind_i32(&p, m->log);
	db_bind_text(&p, ORIGIN);
	must(db_run(m->db,
		 "INSERT INTO log_head (log, origin) VALUES ($1, $2) "
		 "ON CONFLICT DO NOTHING",
		 &p, NULL),
	    "log_head");
	db_params_free(&p);
}

/* The last two arguments. */
static void
time_set(struct maker *m, int argc, char **argv)
{
	struct day day = day_of_ms(clock_ms());
	uint64_t seconds = 0;

	if (argc > 6) {
		must(day_parse(argv[5], &day), argv[5]);
		must(text_to_u64(argv[6], UINT32_MAX, &seconds), argv[6]);
	}
	m->log = day_fiscal_year(day);
	m->start_ms = day_start_ms(day);
	m->step_ms = seconds * 1000;
}

int
main(int argc, char **argv)
{
	static struct maker m;
	uint64_t count, every = 0, at, end;

	if (argc < 4 || text_to_u64(argv[3], UINT32_MAX, &count) != ERR_NONE ||
	    (argc > 4 &&
		text_to_u64(argv[4], UINT32_MAX, &every) != ERR_NONE)) {
		fprintf(stderr, "usage: logmake CONNINFO DIR COUNT [EVERY [DAY "
				"STEP-SECONDS]]\n");
		return 2;
	}
	m.dir = argv[2];
	mkdir(m.dir, 0700);
	time_set(&m, argc, argv);
	keys_open(&m);
	must(db_open(argv[1], &m.db), argv[1]);
	log_open(&m);
	at = resume(&m);
	end = at + count;
	while (at < end) {
		uint64_t n = BATCH - at % BATCH;
		char name[64];

		if (n > end - at)
			n = end - at;
		if (every > 0 && n > every - at % every)
			n = every - at % every;
		batch_write(&m, at, n);
		at += n;
		snprintf(name, sizeof(name), "checkpoint.%llu",
		    (unsigned long long)at);
		if (every > 0 && at % every == 0)
			checkpoint_write(&m, name);
	}
	checkpoint_write(&m, "checkpoint");
	db_close(m.db);
	return 0;
}

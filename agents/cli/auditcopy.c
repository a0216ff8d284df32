#include "agents/cli/auditcopy.h"

#include <stdlib.h>
#include <string.h>

#include "agents/runtime/idmap.h"
#include "lib/csv.h"
#include "lib/sha256.h"
#include "lib/text.h"
#include "lib/uuid.h"

const char *const copy_names[COPY_WIDTH] = {
#define COPY_NAME(name, what) #name,
    COPY_COLUMNS(COPY_NAME)
#undef COPY_NAME
};

static void
record_key(enum copy_side side, const char *inquirer,
    const uint8_t id[static ID_LEN], uint8_t key[static HASH_LEN])
{
	struct buf b = {0};

	buf_add_u8(&b, side);
	buf_add_lp(&b, inquirer);
	buf_add(&b, id, ID_LEN);
	sha256(buf_span(&b), key);
	buf_free(&b);
}

struct copy_record *
auditcopy_find(const struct audit_copy *c, enum copy_side side,
    const char *inquirer, const uint8_t id[static ID_LEN])
{
	uint8_t key[HASH_LEN];

	record_key(side, inquirer, id, key);
	return idmap_find(c->index, key);
}

/* A row of the file on its way into a record. */
struct line {
	const struct rows *rows;
	const size_t *at;
	size_t i;
	struct fault *fault;
	enum err err;
};

static const char *
cell(const struct line *l, enum copy_column c)
{
	return rows_cell(l->rows, l->i, l->at[c]);
}

static void
wrong(struct line *l, enum copy_column c)
{
	if (l->err == ERR_NONE)
		l->err = rows_fault(l->rows, l->i, ERR_LINE, l->fault,
		    "column \"%s\" cannot be used", copy_names[c]);
}

static void
text_take(struct line *l, enum copy_column c, char *out, size_t n)
{
	if (strlen(cell(l, c)) < n)
		text_copy(out, n, cell(l, c));
	else
		wrong(l, c);
}

static uint64_t
number_take(struct line *l, enum copy_column c)
{
	uint64_t v = 0;

	if (*cell(l, c) != '\0' &&
	    text_to_u64(cell(l, c), INT64_MAX, &v) != ERR_NONE)
		wrong(l, c);
	return v;
}

#define TAKE(l, r, name) text_take(l, COPY_##name, (r)->name, sizeof((r)->name))

static enum err
record_take(struct line *l, struct copy_record *r)
{
	const char *side = cell(l, COPY_side);

	TAKE(l, r, agency);
	TAKE(l, r, inquirer);
	TAKE(l, r, provider);
	TAKE(l, r, task);
	TAKE(l, r, procedure);
	TAKE(l, r, outcome);
	r->asked_ms = number_take(l, COPY_asked_ms);
	r->sequence = number_take(l, COPY_sequence);
	r->logged = *cell(l, COPY_log_index) != '\0';
	r->data = xstrdup(cell(l, COPY_data));
	r->side = strcmp(side, "asked") == 0 ? COPY_ASKED : COPY_ANSWERED;
	if (r->side == COPY_ANSWERED && strcmp(side, "answered") != 0)
		wrong(l, COPY_side);
	if (uuid_parse(cell(l, COPY_exchange), r->id) != ERR_NONE)
		wrong(l, COPY_exchange);
	return l->err;
}

static enum err
records_take(struct audit_copy *c, const struct rows *rows, const size_t *at,
    struct fault *f)
{
	enum err e = ERR_NONE;

	c->record = xcalloc(rows->n + 1, sizeof(*c->record));
	for (size_t i = 0; e == ERR_NONE && i < rows->n; i++) {
		struct line l = {rows, at, i, f, ERR_NONE};
		struct copy_record *r = &c->record[c->n++];
		uint8_t key[HASH_LEN];

		e = record_take(&l, r);
		if (e != ERR_NONE)
			break;
		if (strcmp(r->agency, c->agency) != 0)
			e = rows_fault(
			    rows, i, ERR_LINE, f, "a record of another agency");
		record_key(r->side, r->inquirer, r->id, key);
		if (e == ERR_NONE && idmap_find(c->index, key) != NULL)
			e = rows_fault(rows, i, ERR_DUPLICATE, f,
			    "the same exchange twice");
		if (e == ERR_NONE)
			idmap_add(c->index, key, r);
	}
	return e;
}

enum err
auditcopy_read(const char *path, const char *agency, struct audit_copy *out,
    struct fault *f)
{
	struct rows rows = {0};
	size_t at[COPY_WIDTH];
	enum err e;

	*out = (struct audit_copy){0};
	out->index = xcalloc(1, sizeof(*out->index));
	text_cut(out->agency, sizeof(out->agency), span_str(agency));
	e = csv_read(path, &rows, f);
	if (e == ERR_NONE)
		e = rows_columns(&rows, copy_names, COPY_WIDTH, false, at, f);
	if (e == ERR_NONE)
		e = records_take(out, &rows, at, f);
	rows_free(&rows);
	return e;
}

void
auditcopy_free(struct audit_copy *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->record[i].data);
	free(c->record);
	if (c->index != NULL)
		idmap_free(c->index);
	free(c->index);
	*c = (struct audit_copy){0};
}

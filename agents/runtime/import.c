#include "agents/runtime/import.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/text.h"
#include "lib/tsv.h"

/* The facts of a record, in the order of their words. */
enum fact {
	FACT_PERSON,
	FACT_FISCAL_YEAR,
	FACT_VERSION,
	FACT_AS_OF,
	FACT_PUBLISHED_UNTIL,
	FACT_NO_AUTO_ANSWER,
	FACT_NON_DISCLOSURE,
	FACTS
};
static const char *const fact_words[FACTS] = {"person", "fiscal_year",
    "version", "as_of", "published_until", "no_auto_answer", "non_disclosure"};

/* What an empty cell means. */
enum empty { EMPTY_REFUSE, EMPTY_NONE, EMPTY_NOT_APPLICABLE, EMPTY_NOT_HELD };
static const char *const empty_words[] = {
    "refuse", "none", "not-applicable", "not-held"};

struct column {
	char name[NAME_MAX_ + 1];
	const struct layout_item *item; /* or, where NULL, */
	enum fact fact;
	enum empty empty;
};

struct mapping {
	struct column *column;
	size_t n;
	const struct layout_item *first; /* of the data name */
};

static int
word_find(const char *const *words, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(words[i], word) == 0)
			return (int)i;
	return -1;
}

/* --- mapping.tsv
 * ----------------------------------------------------------------- */

static enum err
target_read(const struct rows *r, size_t i, const struct layout *l,
    const char *target, struct mapping *m, struct fault *f)
{
	struct column *c = &m->column[i];
	int fact = word_find(fact_words, FACTS, target);

	c->item = fact < 0 ? layout_find(l, target) : NULL;
	if (fact < 0 && c->item == NULL)
		return rows_fault(r, i, ERR_LINE, f,
		    "target is no fact and no item of the layout");
	if (fact >= 0) {
		c->fact = (enum fact)fact;
		return ERR_NONE;
	}
	if (c->item->kind == ITEM_GROUP)
		return rows_fault(r, i, ERR_LINE, f, "target is a heading");
	if (m->first == NULL)
		m->first = c->item;
	if (strcmp(m->first->data, c->item->data) != 0)
		return rows_fault(r, i, ERR_LINE, f, "items of two data names");
	return ERR_NONE;
}

static enum err
column_read(const struct rows *r, size_t i, const size_t at[static 3],
    const struct layout *l, struct mapping *m, struct fault *f)
{
	struct column *c = &m->column[i];
	const char *name = rows_cell(r, i, at[0]);
	int empty = word_find(empty_words, 4, rows_cell(r, i, at[2]));

	if (*name == '\0' || strlen(name) > NAME_MAX_)
		return rows_fault(
		    r, i, ERR_LINE, f, "column of no or too many bytes");
	if (empty < 0)
		return rows_fault(r, i, ERR_LINE, f, "unknown word in empty");
	text_copy(c->name, sizeof(c->name), name);
	c->empty = (enum empty)empty;
	for (size_t k = 0; k < i; k++)
		if (strcmp(m->column[k].name, name) == 0)
			return rows_fault(
			    r, i, ERR_LINE, f, "column stands twice");
	return target_read(r, i, l, rows_cell(r, i, at[1]), m, f);
}

/* Every record needs a person, a year, a version and an as-of instant. */
static enum err
mapping_whole(const struct mapping *m, const struct rows *r, struct fault *f)
{
	for (int fact = FACT_PERSON; fact <= FACT_AS_OF; fact++) {
		bool there = false;

		for (size_t i = 0; i < m->n; i++)
			there =
			    there || (m->column[i].item == NULL &&
					 m->column[i].fact == (enum fact)fact);
		if (!there)
			return fault_set(f, ERR_LINE, r->name, 0,
			    "no column for %s", fact_words[fact]);
	}
	if (m->first == NULL)
		return fault_set(f, ERR_LINE, r->name, 0, "no items");
	return ERR_NONE;
}

/* The first item of the layout that has this data name. */
static const struct layout_item *
data_first(const struct layout *l, const char *data)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->item[i].data, data) == 0)
			return &l->item[i];
	return NULL;
}

static enum err
mapping_fill(struct mapping *m, const struct rows *r, const struct layout *l,
    struct fault *f)
{
	static const char *const names[] = {"column", "target", "empty"};
	size_t at[3];
	enum err e = rows_columns(r, names, 3, false, at, f);

	if (e != ERR_NONE)
		return e;
	m->column = xcalloc(r->n, sizeof(*m->column));
	for (m->n = 0; m->n < r->n; m->n++) {
		e = column_read(r, m->n, at, l, m, f);
		if (e != ERR_NONE)
			return e;
	}
	if (m->first != NULL)
		m->first = data_first(l, m->first->data);
	return mapping_whole(m, r, f);
}

enum err
mapping_open(const char *path, const struct layout *l, struct mapping **out,
    struct fault *f)
{
	struct mapping *m = xcalloc(1, sizeof(*m));
	struct rows r = {0};
	enum err e = tsv_read(path, &r, f);

	*out = NULL;
	if (e == ERR_NONE)
		e = mapping_fill(m, &r, l, f);
	rows_free(&r);
	if (e != ERR_NONE) {
		mapping_free(m);
		return e;
	}
	*out = m;
	return ERR_NONE;
}

void
mapping_free(struct mapping *m)
{
	if (m == NULL)
		return;
	free(m->column);
	free(m);
}

/* --- rows
 * ------------------------------------------------------------------------- */

/* "2026-06-01" (its first instant in Japan) or "2026-06-01T09:30". */
static bool
instant_read(const char *s, uint64_t *ms)
{
	char date[DAY_TEXT_LEN];
	struct day day;
	unsigned hour = 0, minute = 0;
	size_t n = strlen(s);

	if (n != 10 && n != 16)
		return false;
	memcpy(date, s, 10);
	date[10] = '\0';
	if (day_parse(date, &day) != ERR_NONE)
		return false;
	if (n == 16 && (sscanf(s + 10, "T%2u:%2u", &hour, &minute) != 2 ||
			   hour > 23 || minute > 59))
		return false;
	*ms = day_start_ms(day) + (hour * 60 + minute) * UINT64_C(60000);
	return true;
}

static bool
flag_read(const char *s, bool *out)
{
	*out = strcmp(s, "1") == 0;
	return *out || strcmp(s, "0") == 0;
}

/* A fact's cell, not empty. */
static bool
fact_read(struct imported *rec, enum fact fact, const char *cell)
{
	uint64_t n;

	switch (fact) {
	case FACT_PERSON:
		if (text_check(span_str(cell), sizeof(rec->person) - 1) !=
		    ERR_NONE)
			return false;
		text_copy(rec->person, sizeof(rec->person), cell);
		return true;
	case FACT_FISCAL_YEAR:
		if (strlen(cell) != 4 || strspn(cell, "0123456789") != 4)
			return false;
		text_copy(rec->fiscal_year, sizeof(rec->fiscal_year), cell);
		return true;
	case FACT_VERSION:
		if (text_to_u64(cell, INT32_MAX, &n) != ERR_NONE || n == 0)
			return false;
		rec->version = (uint32_t)n;
		return true;
	case FACT_AS_OF:
		return instant_read(cell, &rec->as_of_ms);
	case FACT_PUBLISHED_UNTIL:
		return instant_read(cell, &rec->published_until_ms);
	case FACT_NO_AUTO_ANSWER:
		return flag_read(cell, &rec->no_auto_answer);
	case FACT_NON_DISCLOSURE:
		return flag_read(cell, &rec->non_disclosure);
	case FACTS:
		break;
	}
	return false;
}

struct import {
	const struct mapping *m;
	const struct layout *l;
	const struct rows *csv;
	size_t *at;	    /* where the CSV has each mapped column */
	struct item *items; /* room for one record's */
	struct fault *f;
};

static enum err
cell_bad(const struct import *in, size_t row, size_t c, const char *what)
{
	return rows_fault(in->csv, row, ERR_LINE, in->f, "%s: %s",
	    in->m->column[c].name, what);
}

static enum err
item_content_check(
    const struct import *in, size_t row, size_t c, const char *cell)
{
	const struct layout_item *it = in->m->column[c].item;

	if (text_check_content(span_str(cell), 4096) != ERR_NONE ||
	    !item_fits(it, cell))
		return cell_bad(in, row, c, "not of the item's kind");
	if (!it->twelve && text_has_twelve_digits(span_str(cell)))
		return cell_bad(in, row, c, "twelve digits in a row");
	return ERR_NONE;
}

/* Which mapped column fills the item, or SIZE_MAX. */
static size_t
item_column(const struct mapping *m, const struct layout_item *it)
{
	for (size_t c = 0; c < m->n; c++)
		if (m->column[c].item == it)
			return c;
	return SIZE_MAX;
}

static enum err
item_fill(const struct import *in, size_t row, const struct layout_item *li,
    struct item *to)
{
	size_t c = item_column(in->m, li);
	const char *cell = "";

	to->depth = li->depth;
	text_copy(to->code, sizeof(to->code), li->code);
	text_copy(to->name, sizeof(to->name), li->name);
	to->content = "";
	if (c == SIZE_MAX) {
		text_copy(to->empty_reason, sizeof(to->empty_reason),
		    li->kind == ITEM_GROUP ? "heading" : "not-held");
		return ERR_NONE;
	}
	cell = rows_cell(in->csv, row, in->at[c]);
	if (*cell == '\0' && in->m->column[c].empty <= EMPTY_NONE)
		return cell_bad(in, row, c, "must not be empty");
	if (*cell == '\0') {
		text_copy(to->empty_reason, sizeof(to->empty_reason),
		    empty_words[in->m->column[c].empty]);
		return ERR_NONE;
	}
	to->content = cell;
	return item_content_check(in, row, c, cell);
}

static enum err
facts_fill(const struct import *in, size_t row, struct imported *rec)
{
	for (size_t c = 0; c < in->m->n; c++) {
		const struct column *col = &in->m->column[c];
		const char *cell = rows_cell(in->csv, row, in->at[c]);

		if (col->item != NULL)
			continue;
		if (*cell == '\0' && col->empty == EMPTY_REFUSE)
			return cell_bad(in, row, c, "must not be empty");
		if (*cell != '\0' && !fact_read(rec, col->fact, cell))
			return cell_bad(in, row, c, "not of its kind");
	}
	return ERR_NONE;
}

static enum err
record_fill(const struct import *in, size_t row, struct imported *rec)
{
	const struct layout_item *li = in->m->first;
	const struct layout_item *end = in->l->item + in->l->n;
	struct record m = {.items = in->items, .official = true};
	enum err e = facts_fill(in, row, rec);

	for (; e == ERR_NONE && li < end &&
	       strcmp(li->data, in->m->first->data) == 0;
	     li++) {
		m.items[m.n_items] = (struct item){0};
		m.official = m.official && li->official;
		e = item_fill(in, row, li, &m.items[m.n_items++]);
	}
	if (e != ERR_NONE)
		return e;
	rec->first = in->m->first;
	text_copy(m.data, sizeof(m.data), rec->first->data);
	text_copy(m.layout, sizeof(m.layout), rec->first->layout);
	text_copy(m.fiscal_year, sizeof(m.fiscal_year), rec->fiscal_year);
	m.record_version = rec->version;
	m.as_of_ms = rec->as_of_ms;
	m.published_until_ms = rec->published_until_ms;
	record_encode(&m, &rec->body);
	return ERR_NONE;
}

/* Sorted by what must be unique, remembering the row. */
struct key {
	const struct imported *rec;
	size_t row;
};

static int
key_compare(const void *a, const void *b)
{
	const struct key *x = a, *y = b;
	int d = strcmp(x->rec->person, y->rec->person);

	if (d == 0)
		d = strcmp(x->rec->fiscal_year, y->rec->fiscal_year);
	if (d == 0)
		d = (x->rec->version > y->rec->version) -
		    (x->rec->version < y->rec->version);
	if (d == 0)
		d = (x->row > y->row) - (x->row < y->row);
	return d;
}

static enum err
twice_check(const struct import *in, const struct imported *records)
{
	size_t n = in->csv->n;
	struct key *keys = xcalloc(n + 1, sizeof(*keys));
	enum err e = ERR_NONE;

	for (size_t i = 0; i < n; i++)
		keys[i] = (struct key){&records[i], i};
	qsort(keys, n, sizeof(*keys), key_compare);
	for (size_t i = 1; e == ERR_NONE && i < n; i++)
		if (strcmp(keys[i].rec->person, keys[i - 1].rec->person) == 0 &&
		    strcmp(keys[i].rec->fiscal_year,
			keys[i - 1].rec->fiscal_year) == 0 &&
		    keys[i].rec->version == keys[i - 1].rec->version)
			e = rows_fault(in->csv, keys[i].row, ERR_LINE, in->f,
			    "the same person, year and version as a row above");
	free(keys);
	return e;
}

enum err
import_rows(const struct mapping *m, const struct layout *l,
    const struct rows *csv, struct imported **out, struct fault *f)
{
	struct import in = {.m = m, .l = l, .csv = csv, .f = f};
	const char **names = xcalloc(m->n, sizeof(*names));
	struct imported *records = xcalloc(csv->n + 1, sizeof(*records));
	enum err e;

	*out = NULL;
	in.at = xcalloc(m->n, sizeof(*in.at));
	in.items = xcalloc(l->n, sizeof(*in.items));
	for (size_t c = 0; c < m->n; c++)
		names[c] = m->column[c].name;
	e = rows_columns(csv, names, m->n, false, in.at, f);
	for (size_t i = 0; e == ERR_NONE && i < csv->n; i++)
		e = record_fill(&in, i, &records[i]);
	if (e == ERR_NONE)
		e = twice_check(&in, records);
	free(names);
	free(in.at);
	free(in.items);
	if (e != ERR_NONE) {
		imported_free(records, csv->n);
		return e;
	}
	*out = records;
	return ERR_NONE;
}

void
imported_free(struct imported *records, size_t n)
{
	for (size_t i = 0; records != NULL && i < n; i++)
		buf_wipe_free(&records[i].body);
	free(records);
}

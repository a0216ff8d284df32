#include "agents/runtime/layout.h"

#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/text.h"
#include "lib/tsv.h"

enum column { LAYOUT, DATA, CODE, DEPTH, NAME, KIND, NAMES, TWELVE, COLUMNS };
static const char *const columns[COLUMNS] = {
    "layout", "data", "code", "depth", "name", "kind", "names", "twelve"};

static const char *const kind_words[] = {
#define ITEM_KIND_WORD(name, word) word,
    ITEM_KIND_TABLE(ITEM_KIND_WORD)
#undef ITEM_KIND_WORD
};

/* The position of word among words, or -1. */
static int
word_find(const char *const *words, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(words[i], word) == 0)
			return (int)i;
	return -1;
}

static bool
all_in(const char *s, const char *set)
{
	return *s != '\0' && s[strspn(s, set)] == '\0';
}

static bool
code_proper(const char *s)
{
	return strlen(s) == ITEM_CODE_LEN && all_in(s, "0123456789");
}

/* One line of the table, checked by itself. */
static enum err
item_read(const struct rows *r, size_t i, const size_t *at,
    struct layout_item *it, struct fault *f)
{
	static const char *const names[] = {"ours", "official"};
	static const char *const twelve[] = {"refuse", "allow"};
	const char *cell[COLUMNS];
	uint64_t depth;
	int kind, official, allow;

	for (size_t c = 0; c < COLUMNS; c++)
		cell[c] = rows_cell(r, i, at[c]);
	if (!code_proper(cell[CODE]))
		return rows_fault(r, i, ERR_LINE, f, "code is not ten digits");
	kind = word_find(
	    kind_words, sizeof(kind_words) / sizeof(kind_words[0]), cell[KIND]);
	official = word_find(names, 2, cell[NAMES]);
	allow = word_find(twelve, 2, cell[TWELVE]);
	if (kind < 0 || official < 0 || allow < 0)
		return rows_fault(
		    r, i, ERR_LINE, f, "unknown word in kind, names or twelve");
	if (text_to_u64(cell[DEPTH], 9, &depth) != ERR_NONE)
		return rows_fault(r, i, ERR_LINE, f, "depth is not 0 to 9");
	if (cell[NAME][0] == '\0' || strlen(cell[NAME]) > NAME_MAX_ ||
	    cell[DATA][0] == '\0' || strlen(cell[DATA]) > NAME_MAX_ ||
	    cell[LAYOUT][0] == '\0' || strlen(cell[LAYOUT]) > 63)
		return rows_fault(
		    r, i, ERR_LINE, f, "a name of no or too many bytes");
	text_copy(it->layout, sizeof(it->layout), cell[LAYOUT]);
	text_copy(it->data, sizeof(it->data), cell[DATA]);
	text_copy(it->code, sizeof(it->code), cell[CODE]);
	text_copy(it->name, sizeof(it->name), cell[NAME]);
	it->depth = (uint32_t)depth;
	it->kind = (enum item_kind)kind;
	it->official = official == 1;
	it->twelve = allow == 1;
	return ERR_NONE;
}

/* One item against those before it. */
static enum err
item_place(const struct layout *l, const struct rows *r, struct fault *f)
{
	const struct layout_item *it = &l->item[l->n];
	bool first = l->n == 0 || strcmp(it->data, it[-1].data) != 0;

	if (it->depth > (first ? 0 : it[-1].depth + 1))
		return rows_fault(r, l->n, ERR_LINE, f, "depth jumps");
	for (size_t i = 0; i < l->n; i++) {
		if (strcmp(l->item[i].code, it->code) == 0)
			return rows_fault(
			    r, l->n, ERR_LINE, f, "code stands twice");
		if (first && strcmp(l->item[i].data, it->data) == 0)
			return rows_fault(r, l->n, ERR_LINE, f,
			    "items of one data name do not stand together");
	}
	return ERR_NONE;
}

static enum err
layout_fill(struct layout *l, const struct rows *r, struct fault *f)
{
	size_t at[COLUMNS];
	enum err e = rows_columns(r, columns, COLUMNS, false, at, f);

	if (e != ERR_NONE)
		return e;
	l->item = xcalloc(r->n, sizeof(*l->item));
	for (l->n = 0; l->n < r->n; l->n++) {
		e = item_read(r, l->n, at, &l->item[l->n], f);
		if (e == ERR_NONE)
			e = item_place(l, r, f);
		if (e != ERR_NONE)
			return e;
	}
	return ERR_NONE;
}

static enum err
layout_of(enum err e, struct rows *r, struct layout **out, struct fault *f)
{
	struct layout *l = xcalloc(1, sizeof(*l));

	*out = NULL;
	if (e == ERR_NONE)
		e = layout_fill(l, r, f);
	rows_free(r);
	if (e != ERR_NONE) {
		layout_free(l);
		return e;
	}
	*out = l;
	return ERR_NONE;
}

enum err
layout_open(const char *path, struct layout **out, struct fault *f)
{
	struct rows r = {0};

	return layout_of(tsv_read(path, &r, f), &r, out, f);
}

enum err
layout_parse(
    const char *name, struct span bytes, struct layout **out, struct fault *f)
{
	struct rows r = {0};

	return layout_of(tsv_parse(name, bytes, &r, f), &r, out, f);
}

void
layout_free(struct layout *l)
{
	if (l == NULL)
		return;
	free(l->item);
	free(l);
}

const struct layout_item *
layout_find(const struct layout *l, const char *code)
{
	for (size_t i = 0; l != NULL && i < l->n; i++)
		if (strcmp(l->item[i].code, code) == 0)
			return &l->item[i];
	return NULL;
}

static bool
month_fits(const char *s)
{
	char date[DAY_TEXT_LEN];
	struct day day;

	if (strlen(s) != 7)
		return false;
	memcpy(date, s, 7);
	memcpy(date + 7, "-01", 4);
	return day_parse(date, &day) == ERR_NONE;
}

bool
item_fits(const struct layout_item *item, const char *content)
{
	struct day day;
	size_t n = strlen(content);

	switch (item->kind) {
	case ITEM_GROUP:
		return false;
	case ITEM_AMOUNT:
		content += *content == '-';
		return n <= 15 && all_in(content, "0123456789") &&
		       (content[0] != '0' || content[1] == '\0');
	case ITEM_COUNT:
		return n <= 4 && all_in(content, "0123456789");
	case ITEM_FLAG:
		return strcmp(content, "0") == 0 || strcmp(content, "1") == 0;
	case ITEM_CODE:
		return n <= 11 &&
		       all_in(content, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ");
	case ITEM_YEAR:
		return n == 4 && all_in(content, "0123456789");
	case ITEM_MONTH:
		return month_fits(content);
	case ITEM_DATE:
		return day_parse(content, &day) == ERR_NONE;
	case ITEM_TEXT:
		return n > 0 && n <= 4096;
	}
	return false;
}

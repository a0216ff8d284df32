#include "agents/cli/audittable.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agents/cli/cli.h"
#include "lib/csv.h"
#include "lib/text.h"

void
audittable_add(struct audit_table *t, const char *const *cells)
{
	char **row;

	if ((t->n & (t->n - 1)) == 0) /* doubled at each power of two */
		t->cell = xrealloc(t->cell,
		    (t->n == 0 ? 1 : t->n * 2) * t->n_columns * sizeof(*row));
	row = t->cell + t->n++ * t->n_columns;
	for (size_t c = 0; c < t->n_columns; c++)
		row[c] = xstrdup(cells[c]);
}

void
audittable_free(struct audit_table *t)
{
	for (size_t i = 0; i < t->n * t->n_columns; i++)
		free(t->cell[i]);
	free(t->cell);
	t->cell = NULL;
	t->n = 0;
}

static const char *
heading(const struct audit_column *c)
{
	return cli_text(c->en, c->ja);
}

/* A unit's name is the agency's to choose: no spreadsheet shall run it. */
static void
csv_text(struct buf *out, const char *cell)
{
	struct buf safe = {0};

	buf_printf(&safe, "%s%s",
	    strchr("=+-@\t", *cell) != NULL && *cell != '\0' ? "'" : "", cell);
	buf_add_u8(&safe, 0);
	csv_cell(out, (const char *)safe.p);
	buf_free(&safe);
}

static void
csv_print(const struct audit_table *t)
{
	struct buf out = {0};

	for (size_t c = 0; c < t->n_columns; c++) {
		if (c > 0)
			buf_add_u8(&out, ',');
		csv_cell(&out, heading(&t->columns[c]));
	}
	for (size_t i = 0; i < t->n * t->n_columns; i++) {
		buf_printf(&out, i % t->n_columns == 0 ? "\r\n" : ",");
		csv_text(&out, t->cell[i]);
	}
	buf_printf(&out, "\r\n");
	fwrite(out.p, 1, out.n, stdout);
	buf_free(&out);
}

static void
text_print(const struct audit_table *t)
{
	for (size_t c = 0; c < t->n_columns; c++)
		printf(c > 0 ? "\t%s" : "%s", heading(&t->columns[c]));
	putchar('\n');
	for (size_t i = 0; i < t->n * t->n_columns; i++) {
		char clean[1024];

		text_clean(span_str(t->cell[i]), clean, sizeof(clean));
		printf(
		    "%s%c", clean, (i + 1) % t->n_columns == 0 ? '\n' : '\t');
	}
}

static json_t *
cell_json(const struct audit_column *c, const char *text)
{
	if (!c->number)
		return json_string(text);
	return *text == '\0' ? json_null()
			     : json_integer((json_int_t)atoll(text));
}

static void
json_print(const struct audit_table *t, const char *name, uint64_t read)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < t->n; i++) {
		json_t *o = json_object();

		for (size_t c = 0; c < t->n_columns; c++)
			json_object_set_new(o, t->columns[c].name,
			    cell_json(
				&t->columns[c], t->cell[i * t->n_columns + c]));
		json_array_append_new(rows, o);
	}
	cli_print_json(json_pack("{s:s,s:I,s:o}", "name", name, "read",
	    (json_int_t)read, "rows", rows));
}

void
audittable_print(const struct audit_table *t, enum audit_form form,
    const char *name, uint64_t read)
{
	switch (form) {
	case AUDIT_TEXT:
		text_print(t);
		break;
	case AUDIT_CSV:
		csv_print(t);
		break;
	case AUDIT_JSON:
		json_print(t, name, read);
		break;
	}
}

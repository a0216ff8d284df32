#include "lib/rows.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *
rows_cell(const struct rows *r, size_t i, size_t column)
{
	assert(i < r->n && column < r->n_columns);
	return r->cell[(i + 1) * r->n_columns + column];
}

static size_t
column_find(const struct rows *r, const char *name, size_t from)
{
	while (from < r->n_columns && strcmp(r->cell[from], name) != 0)
		from++;
	return from;
}

static bool
is_listed(const char *column, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(column, names[i]) == 0)
			return true;
	return false;
}

enum err
rows_columns(const struct rows *r, const char *const *names, size_t n,
    bool others, size_t *at, struct fault *f)
{
	for (size_t i = 0; i < n; i++) {
		at[i] = column_find(r, names[i], 0);
		if (at[i] == r->n_columns)
			return fault_set(f, ERR_LINE, r->name, 1,
			    "no column \"%s\"", names[i]);
		if (column_find(r, names[i], at[i] + 1) < r->n_columns)
			return fault_set(f, ERR_LINE, r->name, 1,
			    "column \"%s\" twice", names[i]);
	}
	for (size_t i = 0; !others && i < r->n_columns; i++)
		if (!is_listed(r->cell[i], names, n))
			return fault_set(f, ERR_LINE, r->name, 1,
			    "unknown column \"%.80s\"", r->cell[i]);
	return ERR_NONE;
}

enum err
rows_fault(const struct rows *r, size_t i, enum err e, struct fault *f,
    const char *fmt, ...)
{
	char what[sizeof(f->what)];
	va_list ap;

	assert(i < r->n);
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return fault_set(f, e, r->name, r->line[i], "%s", what);
}

void
rows_free(struct rows *r)
{
	free(r->text);
	free(r->cell);
	free(r->line);
	*r = (struct rows){0};
}

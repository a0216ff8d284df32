#include "policy/sheet.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistr.h>

#include "policy/policy.h"

void
sheet_fault(struct sheet *s, const char *fmt, ...)
{
	char what[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	buf_printf(s->why, "%s:%u: %s\n", s->file, s->line, what);
	(*s->faults)++;
}

/* What is wrong with the bytes as a whole, or NULL. */
static const char *
bytes_fault(struct span b)
{
	if (b.n == 0 || b.p[b.n - 1] != '\n')
		return "does not end with a line feed";
	if (memchr(b.p, '\0', b.n) != NULL)
		return "holds a NUL";
	if (memchr(b.p, '\r', b.n) != NULL)
		return "holds a carriage return";
	if (u8_check(b.p, b.n) != NULL)
		return "is not UTF-8";
	return NULL;
}

static char *
line_take(struct sheet *s)
{
	char *line = s->next, *end;

	if (line == NULL || *line == '\0')
		return NULL;
	end = strchr(line, '\n');
	*end = '\0';
	s->next = end + 1;
	s->line++;
	return line;
}

void
sheet_open(struct sheet *s, const char *file, struct span bytes,
    const char *header, struct buf *why, unsigned *faults)
{
	const char *fault = bytes_fault(bytes);
	char *first;

	*s = (struct sheet){.file = file, .why = why, .faults = faults};
	s->n_columns = 1;
	for (const char *p = header; *p != '\0'; p++)
		s->n_columns += *p == '\t';
	if (fault != NULL) {
		s->line = 1;
		sheet_fault(s, "the file %s", fault);
		return;
	}
	s->text = xmalloc(bytes.n + 1);
	memcpy(s->text, bytes.p, bytes.n);
	s->text[bytes.n] = '\0';
	s->next = s->text;
	first = line_take(s);
	if (strcmp(first, header) != 0) {
		sheet_fault(s, "the columns are not: %s", header);
		s->next = NULL;
	}
}

/* Cut at tabs; false unless there are exactly as many cells as columns. */
static bool
line_cut(struct sheet *s, char *line)
{
	size_t n = 0;

	for (char *cell = line; cell != NULL; n++) {
		char *tab = strchr(cell, '\t');

		if (tab != NULL)
			*tab++ = '\0';
		if (n < SHEET_COLUMNS)
			s->cell[n] = cell;
		cell = tab;
	}
	if (n != s->n_columns)
		sheet_fault(s, "%zu cells, not %zu", n, s->n_columns);
	return n == s->n_columns;
}

bool
sheet_next(struct sheet *s)
{
	char *line;

	while ((line = line_take(s)) != NULL)
		if (line_cut(s, line))
			return true;
	return false;
}

bool
sheet_period(
    struct sheet *s, size_t from_column, uint32_t *from, uint32_t *until)
{
	const char *a = s->cell[from_column], *b = s->cell[from_column + 1];

	*from = policy_day_parse(a);
	*until = *b == '\0' ? UINT32_MAX : policy_day_parse(b);
	if (*from == 0 || *until == 0)
		sheet_fault(s, "no such day: %s", *from == 0 ? a : b);
	else if (*from >= *until)
		sheet_fault(s, "ends (%s) before it begins (%s)", b, a);
	else
		return true;
	return false;
}

void
sheet_close(struct sheet *s)
{
	free(s->text);
	s->text = NULL;
}

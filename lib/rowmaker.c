#include "lib/rowmaker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/text.h"

void
rowmaker_begin(struct rowmaker *m, const char *name, struct span bytes,
    struct rows *out, struct fault *f)
{
	*m = (struct rowmaker){.rows = out, .fault = f};
	*out = (struct rows){0};
	snprintf(out->name, sizeof(out->name), "%s", name);
	/* each separator becomes a NUL, and the last cell needs one more */
	buf_grow(&m->text, bytes.n + 2);
	buf_reset(&m->text);
}

enum err
rowmaker_cell(struct rowmaker *m, struct span cell, unsigned line)
{
	enum err e = text_check_content(cell, SIZE_MAX);

	if (e != ERR_NONE)
		return fault_set(m->fault, ERR_LINE, m->rows->name, line,
		    "column %zu: %s", m->in_row + 1, err_sentence(e));
	if (m->n_cells == m->cap_cells) {
		m->cap_cells = m->cap_cells ? 2 * m->cap_cells : 64;
		m->start = xrealloc(m->start, m->cap_cells * sizeof(*m->start));
	}
	m->start[m->n_cells++] = m->text.n;
	m->in_row++;
	buf_add(&m->text, cell.p, cell.n);
	buf_add_u8(&m->text, 0);
	return ERR_NONE;
}

enum err
rowmaker_row(struct rowmaker *m, unsigned line)
{
	struct rows *r = m->rows;
	size_t width = m->in_row;

	m->in_row = 0;
	if (r->n_columns == 0) {
		r->n_columns = width;
		return ERR_NONE;
	}
	if (width != r->n_columns)
		return fault_set(m->fault, ERR_LINE, r->name, line,
		    "%zu columns where the header has %zu", width,
		    r->n_columns);
	if (r->n == r->cap) {
		r->cap = r->cap ? 2 * r->cap : 64;
		r->line = xrealloc(r->line, r->cap * sizeof(*r->line));
	}
	r->line[r->n++] = line;
	return ERR_NONE;
}

enum err
rowmaker_end(struct rowmaker *m, enum err e)
{
	struct rows *r = m->rows;

	if (e == ERR_NONE && r->n_columns == 0)
		e = fault_set(m->fault, ERR_LINE, r->name, 1, "no header");
	r->text = (char *)m->text.p;
	if (e == ERR_NONE) {
		r->cell = xmalloc(m->n_cells * sizeof(*r->cell));
		for (size_t i = 0; i < m->n_cells; i++)
			r->cell[i] = r->text + m->start[i];
	} else {
		rows_free(r);
	}
	free(m->start);
	return e;
}

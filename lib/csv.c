#include "lib/csv.h"

#include <errno.h>
#include <string.h>

#include "lib/file.h"
#include "lib/rowmaker.h"

#define CSV_MAX (256u << 20)

/* Where the reader is. */
struct reader {
	struct rowmaker maker;
	struct span left;
	struct buf quoted; /* the quoted cell at hand, quotes undone */
	unsigned line;
};

static enum err
fault_here(struct reader *r, const char *what)
{
	return fault_set(r->maker.fault, ERR_LINE, r->maker.rows->name, r->line,
	    "column %zu: %s", r->maker.in_row + 1, what);
}

static void
skip(struct reader *r, size_t n)
{
	r->left.p += n;
	r->left.n -= n;
}

/* A cell that does not begin with a quote: up to a comma or line end. */
static enum err
bare_cell(struct reader *r)
{
	size_t n = 0;

	while (n < r->left.n && strchr(",\r\n", r->left.p[n]) == NULL &&
	       r->left.p[n] != '"')
		n++;
	if (n < r->left.n && r->left.p[n] == '"')
		return fault_here(r, "a quote inside a bare cell");
	skip(r, n);
	return rowmaker_cell(&r->maker, span_of(r->left.p - n, n), r->line);
}

static enum err
quoted_cell(struct reader *r)
{
	unsigned began = r->line;

	buf_reset(&r->quoted);
	skip(r, 1);
	for (;;) {
		const uint8_t *end =
		    r->left.n > 0 ? memchr(r->left.p, '"', r->left.n) : NULL;
		size_t n;

		if (end == NULL) {
			r->line = began;
			return fault_here(r, "a quote that is not closed");
		}
		n = (size_t)(end - r->left.p);
		for (size_t i = 0; i < n; i++)
			r->line += r->left.p[i] == '\n';
		buf_add(&r->quoted, r->left.p, n);
		skip(r, n + 1);
		if (r->left.n == 0 || r->left.p[0] != '"')
			break;
		buf_add_u8(&r->quoted, '"');
		skip(r, 1);
	}
	return rowmaker_cell(&r->maker, buf_span(&r->quoted), r->line);
}

/* After a cell: a comma, or the end of the row (*more false). */
static enum err
separator(struct reader *r, bool *more)
{
	const uint8_t *p = r->left.p;

	*more = false;
	if (r->left.n == 0)
		return ERR_NONE;
	if (p[0] == ',') {
		*more = true;
		skip(r, 1);
	} else if (p[0] == '\n') {
		skip(r, 1);
	} else if (p[0] == '\r' && r->left.n > 1 && p[1] == '\n') {
		skip(r, 2);
	} else {
		return fault_here(r, "neither a comma nor a line end");
	}
	return ERR_NONE;
}

static enum err
row_parse(struct reader *r)
{
	unsigned began = r->line;
	bool more = true;
	enum err e = ERR_NONE;

	while (more && e == ERR_NONE) {
		if (r->left.n > 0 && r->left.p[0] == '"')
			e = quoted_cell(r);
		else
			e = bare_cell(r);
		if (e == ERR_NONE)
			e = separator(r, &more);
	}
	r->line++;
	return e == ERR_NONE ? rowmaker_row(&r->maker, began) : e;
}

enum err
csv_parse(
    const char *name, struct span bytes, struct rows *out, struct fault *f)
{
	struct reader r = {.left = bytes, .line = 1};
	enum err e = ERR_NONE;

	if (bytes.n >= 3 && memcmp(bytes.p, "\xef\xbb\xbf", 3) == 0)
		skip(&r, 3);
	rowmaker_begin(&r.maker, name, bytes, out, f);
	while (r.left.n > 0 && e == ERR_NONE)
		e = row_parse(&r);
	buf_free(&r.quoted);
	return rowmaker_end(&r.maker, e);
}

enum err
csv_read(const char *path, struct rows *out, struct fault *f)
{
	struct buf b = {0};
	enum err e = file_read(path, CSV_MAX, &b);

	*out = (struct rows){0};
	if (e == ERR_FILE)
		fault_set(f, e, path, 0, "%s", strerror(errno));
	else if (e != ERR_NONE)
		fault_set(f, e, path, 0, "%s", err_sentence(e));
	else
		e = csv_parse(path, buf_span(&b), out, f);
	/* it holds residents' records */
	buf_wipe_free(&b);
	return e;
}

void
csv_cell(struct buf *out, const char *cell)
{
	if (strpbrk(cell, ",\"\r\n") == NULL) {
		buf_add(out, cell, strlen(cell));
		return;
	}
	buf_add_u8(out, '"');
	for (; *cell != '\0'; cell++) {
		if (*cell == '"')
			buf_add_u8(out, '"');
		buf_add_u8(out, (uint8_t)*cell);
	}
	buf_add_u8(out, '"');
}

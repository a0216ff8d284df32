#include "lib/tsv.h"

#include <errno.h>
#include <string.h>

#include "lib/file.h"
#include "lib/rowmaker.h"
#include "lib/text.h"

#define TSV_MAX (64u << 20)

static enum err
line_parse(struct rowmaker *m, struct span text, unsigned line)
{
	const uint8_t *tab;

	if (memchr(text.p, '\r', text.n) != NULL)
		return fault_set(m->fault, ERR_LINE, m->rows->name, line,
		    "a carriage return");
	do {
		size_t n;
		enum err e;

		tab = memchr(text.p, '\t', text.n);
		n = tab != NULL ? (size_t)(tab - text.p) : text.n;
		e = rowmaker_cell(m, span_of(text.p, n), line);
		if (e != ERR_NONE)
			return e;
		text.p += n + 1;
		text.n -= tab != NULL ? n + 1 : n;
	} while (tab != NULL);
	return rowmaker_row(m, line);
}

static enum err
lines_parse(struct rowmaker *m, struct span bytes)
{
	unsigned line = 0;
	enum err e = ERR_NONE;

	while (bytes.n > 0 && e == ERR_NONE) {
		const uint8_t *end = memchr(bytes.p, '\n', bytes.n);
		size_t n;

		line++;
		if (end == NULL)
			return fault_set(m->fault, ERR_LINE, m->rows->name,
			    line, "no line end: the file is cut");
		n = (size_t)(end - bytes.p);
		if (m->rows->n_columns > 0 || n == 0 || bytes.p[0] != '#')
			e = line_parse(m, span_of(bytes.p, n), line);
		bytes.p += n + 1;
		bytes.n -= n + 1;
	}
	return e;
}

enum err
tsv_parse(
    const char *name, struct span bytes, struct rows *out, struct fault *f)
{
	struct rowmaker m;

	rowmaker_begin(&m, name, bytes, out, f);
	return rowmaker_end(&m, lines_parse(&m, bytes));
}

enum err
tsv_read(const char *path, struct rows *out, struct fault *f)
{
	struct buf b = {0};
	enum err e = file_read(path, TSV_MAX, &b);

	*out = (struct rows){0};
	if (e == ERR_FILE)
		fault_set(f, e, path, 0, "%s", strerror(errno));
	else if (e != ERR_NONE)
		fault_set(f, e, path, 0, "%s", err_sentence(e));
	else
		e = tsv_parse(path, buf_span(&b), out, f);
	buf_free(&b);
	return e;
}

enum err
tsv_version(struct span bytes, uint64_t *out)
{
	static const char begin[] = "# version ";
	const uint8_t *end =
	    bytes.n > 0 ? memchr(bytes.p, '\n', bytes.n) : NULL;
	size_t skip = sizeof(begin) - 1, n;
	char number[24];

	if (end == NULL || (size_t)(end - bytes.p) <= skip ||
	    memcmp(bytes.p, begin, skip) != 0)
		return ERR_MALFORMED;
	n = (size_t)(end - bytes.p) - skip;
	if (n >= sizeof(number) || memchr(bytes.p + skip, 0, n) != NULL)
		return ERR_MALFORMED;
	memcpy(number, bytes.p + skip, n);
	number[n] = '\0';
	return text_to_u64(number, UINT64_MAX, out) == ERR_NONE ? ERR_NONE
								: ERR_MALFORMED;
}

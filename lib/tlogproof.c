#include "lib/tlogproof.h"

#include "lib/b64.h"
#include "lib/text.h"

#include <string.h>

static const char magic[] = "c2sp.org/tlog-proof@v1";

void
tlogproof_encode(const struct tlogproof *p, struct buf *out)
{
	buf_printf(out, "%s\n", magic);
	if (p->extra.n > 0) {
		buf_printf(out, "extra ");
		b64_encode(p->extra, out);
		buf_printf(out, "\n");
	}
	buf_printf(out, "index %llu\n", (unsigned long long)p->index);
	for (size_t i = 0; i < p->n_path; i++) {
		b64_encode(SPAN(p->path[i]), out);
		buf_printf(out, "\n");
	}
	buf_printf(out, "\n");
	buf_add(out, p->checkpoint.p, p->checkpoint.n);
}

/* --- reading ---------------------------------------------------------------
 */

static enum err
line_take(struct span *rest, struct span *line)
{
	const uint8_t *end =
	    rest->n > 0 ? memchr(rest->p, '\n', rest->n) : NULL;

	if (end == NULL)
		return ERR_TRUNCATED;
	*line = span_of(rest->p, (size_t)(end - rest->p));
	*rest = span_of(end + 1, rest->n - line->n - 1);
	return ERR_NONE;
}

/* What follows `word` and a space on this line, if it begins so. */
static bool
line_value(struct span line, const char *word, struct span *value)
{
	size_t n = strlen(word);

	if (line.n <= n || memcmp(line.p, word, n) != 0 || line.p[n] != ' ')
		return false;
	*value = span_of(line.p + n + 1, line.n - n - 1);
	return true;
}

static enum err
index_read(struct span value, uint64_t *index)
{
	char text[24];

	if (value.n >= sizeof(text) || memchr(value.p, 0, value.n) != NULL)
		return ERR_MALFORMED;
	memcpy(text, value.p, value.n);
	text[value.n] = 0;
	return text_to_u64(text, UINT64_MAX, index) == ERR_NONE ? ERR_NONE
								: ERR_MALFORMED;
}

/* The lines before the path. */
static enum err
head_read(struct span *rest, struct buf *store, struct tlogproof *out)
{
	struct span line, value;
	enum err e = line_take(rest, &line);

	if (e != ERR_NONE || !span_equal(line, span_str(magic)))
		return ERR_MALFORMED;
	if ((e = line_take(rest, &line)) != ERR_NONE)
		return e;
	if (line_value(line, "extra", &value)) {
		size_t at = store->n;

		if (b64_decode(value, store) != ERR_NONE)
			return ERR_MALFORMED;
		out->extra = span_of(store->p + at, store->n - at);
		if ((e = line_take(rest, &line)) != ERR_NONE)
			return e;
	}
	if (!line_value(line, "index", &value))
		return ERR_MALFORMED;
	return index_read(value, &out->index);
}

static enum err
path_read(struct span *rest, struct tlogproof *out)
{
	struct span line;

	for (;;) {
		enum err e = line_take(rest, &line);

		if (e != ERR_NONE || line.n == 0)
			return e;
		if (out->n_path == MERKLE_PATH_MAX)
			return ERR_TOO_LONG;
		if (b64_decode_fixed(line, out->path[out->n_path], MERKLE_LEN))
			return ERR_MALFORMED;
		out->n_path++;
	}
}

enum err
tlogproof_decode(struct span file, struct buf *store, struct tlogproof *out)
{
	struct note note;
	enum err e;

	memset(out, 0, sizeof(*out));
	if (file.n > TLOGPROOF_MAX)
		return ERR_TOO_LONG;
	e = head_read(&file, store, out);
	if (e == ERR_NONE)
		e = path_read(&file, out);
	if (e == ERR_NONE)
		e = note_parse(file, &note);
	if (e == ERR_NONE)
		out->checkpoint = file;
	else
		memset(out, 0, sizeof(*out));
	return e;
}

enum err
tlogproof_check(const struct tlogproof *p,
    const uint8_t leaf_hash[static MERKLE_LEN], const struct note_key *log,
    struct checkpoint *at)
{
	struct checkpoint c;
	enum err e = checkpoint_open(p->checkpoint, log, &c);

	if (e == ERR_NONE)
		e = merkle_inclusion_check(
		    p->index, c.size, leaf_hash, p->path, p->n_path, c.root);
	if (at != NULL)
		*at = c;
	return e;
}

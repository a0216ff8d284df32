#include "lib/tlogproof.h"

#include "lib/b64.h"
#include "lib/lines.h"

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
	return line_number(value, &out->index);
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
		e = line_hashes(
		    &file, out->path, MERKLE_PATH_MAX, &out->n_path);
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

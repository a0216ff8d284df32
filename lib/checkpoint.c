#include "lib/checkpoint.h"

#include "lib/b64.h"
#include "lib/lines.h"

#include <string.h>

/* The next line, which may not be empty. */
static enum err
full_line(struct span *rest, struct span *line)
{
	enum err e = line_take(rest, line);

	return e != ERR_NONE || line->n == 0 ? ERR_MALFORMED : ERR_NONE;
}

static enum err
body_read(struct span text, struct checkpoint *out)
{
	struct span origin, size, root, extension;

	if (full_line(&text, &origin) != ERR_NONE ||
	    full_line(&text, &size) != ERR_NONE ||
	    full_line(&text, &root) != ERR_NONE)
		return ERR_MALFORMED;
	if (origin.n > NOTE_NAME_MAX || memchr(origin.p, 0, origin.n) != NULL)
		return ERR_MALFORMED;
	memcpy(out->origin, origin.p, origin.n);
	if (line_number(size, &out->size) != ERR_NONE ||
	    line_hash(root, out->root) != ERR_NONE)
		return ERR_MALFORMED;
	for (; text.n > 0; out->n_extensions++)
		if (full_line(&text, &extension) != ERR_NONE)
			return ERR_MALFORMED;
	return ERR_NONE;
}

enum err
checkpoint_parse(struct span text, struct checkpoint *out)
{
	enum err e;

	memset(out, 0, sizeof(*out));
	e = body_read(text, out);
	if (e != ERR_NONE)
		memset(out, 0, sizeof(*out));
	return e;
}

void
checkpoint_format(const struct checkpoint *c, struct buf *out)
{
	buf_printf(out, "%s\n%llu\n", c->origin, (unsigned long long)c->size);
	b64_encode(SPAN(c->root), out);
	buf_add(out, "\n", 1);
}

enum err
checkpoint_sign(
    const struct checkpoint *c, const struct note_signer *s, struct buf *out)
{
	struct buf text = {0};
	enum err e;

	checkpoint_format(c, &text);
	e = note_sign(s, buf_span(&text), out);
	buf_free(&text);
	return e;
}

enum err
checkpoint_open(
    struct span bytes, const struct note_key *log, struct checkpoint *out)
{
	struct note note;
	uint64_t verified;
	enum err e = note_open(bytes, log, 1, &note, &verified);

	memset(out, 0, sizeof(*out));
	if (e == ERR_NONE)
		e = checkpoint_parse(note.text, out);
	if (e == ERR_NONE && strcmp(out->origin, log->name) != 0)
		e = ERR_KEY;
	if (e != ERR_NONE)
		memset(out, 0, sizeof(*out));
	return e;
}

#include "lib/addcheckpoint.h"

#include "lib/b64.h"
#include "lib/lines.h"

#include <string.h>

void
addcheckpoint_encode(const struct addcheckpoint *q, struct buf *out)
{
	buf_printf(out, "old %llu\n", (unsigned long long)q->old);
	for (size_t i = 0; i < q->n_path; i++) {
		b64_encode(SPAN(q->path[i]), out);
		buf_printf(out, "\n");
	}
	buf_printf(out, "\n");
	buf_add(out, q->checkpoint.p, q->checkpoint.n);
}

enum err
addcheckpoint_decode(struct span body, struct addcheckpoint *out)
{
	struct span line, value;
	enum err e;

	memset(out, 0, sizeof(*out));
	if (body.n > ADDCHECKPOINT_MAX)
		return ERR_TOO_LONG;
	e = line_take(&body, &line);
	if (e != ERR_NONE)
		return e;
	if (!line_value(line, "old", &value) ||
	    line_number(value, &out->old) != ERR_NONE)
		return ERR_MALFORMED;
	e = line_hashes(&body, out->path, ADDCHECKPOINT_PATH_MAX, &out->n_path);
	if (e == ERR_NONE)
		out->checkpoint = body;
	return e;
}

#include "lib/lines.h"

#include "lib/b64.h"
#include "lib/text.h"

#include <string.h>

enum err
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

bool
line_value(struct span line, const char *word, struct span *value)
{
	size_t n = strlen(word);

	if (line.n <= n || memcmp(line.p, word, n) != 0 || line.p[n] != ' ')
		return false;
	*value = span_of(line.p + n + 1, line.n - n - 1);
	return true;
}

enum err
line_number(struct span line, uint64_t *out)
{
	char text[24];

	if (line.n == 0 || line.n >= sizeof(text) ||
	    memchr(line.p, 0, line.n) != NULL)
		return ERR_MALFORMED;
	memcpy(text, line.p, line.n);
	text[line.n] = 0;
	return text_to_u64(text, UINT64_MAX, out) == ERR_NONE ? ERR_NONE
							      : ERR_MALFORMED;
}

enum err
line_hash(struct span line, uint8_t out[static 32])
{
	return b64_decode_fixed(line, out, 32);
}

enum err
line_hashes(struct span *rest, uint8_t (*out)[32], size_t max, size_t *n)
{
	struct span line;

	for (*n = 0;; ++*n) {
		enum err e = line_take(rest, &line);

		if (e != ERR_NONE || line.n == 0)
			return e;
		if (*n == max)
			return ERR_TOO_LONG;
		e = line_hash(line, out[*n]);
		if (e != ERR_NONE)
			return e;
	}
}

#include "policy/words.h"

#include <string.h>

#define OPEN "（"
#define CLOSE "）"
#define PAREN_LEN 3 /* bytes of either in UTF-8 */

bool
words_end(struct span s, const char *text)
{
	size_t n = strlen(text);

	return s.n >= n && memcmp(s.p + s.n - n, text, n) == 0;
}

bool
words_begin(struct span s, const char *text)
{
	size_t n = strlen(text);

	return s.n >= n && memcmp(s.p, text, n) == 0;
}

size_t
words_find(struct span s, size_t from, const char *text)
{
	const uint8_t *at;

	if (from > s.n)
		return SIZE_MAX;
	at = memmem(s.p + from, s.n - from, text, strlen(text));
	return at == NULL ? SIZE_MAX : (size_t)(at - s.p);
}

size_t
words_last(struct span s, const char *text)
{
	size_t at = SIZE_MAX, next = words_find(s, 0, text);

	while (next != SIZE_MAX) {
		at = next;
		next = words_find(s, next + 1, text);
	}
	return at;
}

static bool
is_law_number(struct span s)
{
	static const char *const eras[] = {
	    "明治", "大正", "昭和", "平成", "令和"};

	for (size_t i = 0; i < sizeof(eras) / sizeof(eras[0]); i++)
		if (words_begin(s, eras[i]))
			return words_find(s, 0, "号") != SIZE_MAX ||
			       words_find(s, 0, "通知") != SIZE_MAX;
	return false;
}

/* Whether a parenthesis with these words only introduces, and is dropped. */
static bool
introduces(struct span s)
{
	return is_law_number(s) || words_end(s, "同じ。") ||
	       words_end(s, "という。") ||
	       (words_begin(s, "特別区") && words_end(s, "含む。"));
}

/*
 * One pass: text goes to *out; at a closing parenthesis the run since its
 * opening one is judged, inner ones already being settled.
 */
static void
strip(struct span s, bool all, struct buf *out)
{
	size_t opened[16], depth = 0;

	for (size_t i = 0; i < s.n;) {
		struct span rest = span_of(s.p + i, s.n - i);

		if (words_begin(rest, OPEN) && depth < 16) {
			opened[depth++] = out->n;
			buf_add(out, rest.p, PAREN_LEN);
			i += PAREN_LEN;
		} else if (words_begin(rest, CLOSE) && depth > 0) {
			size_t at = opened[--depth];
			size_t in = at + PAREN_LEN;

			if (all ||
			    introduces(span_of(out->p + in, out->n - in)))
				out->n = at;
			else
				buf_add(out, rest.p, PAREN_LEN);
			i += PAREN_LEN;
		} else {
			buf_add_u8(out, s.p[i++]);
		}
	}
}

void
words_plain(struct span s, struct buf *out)
{
	strip(s, false, out);
}

void
words_bare(struct span s, struct buf *out)
{
	strip(s, true, out);
}

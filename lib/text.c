#include "lib/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <uninorm.h>
#include <unistr.h>
#include <uniwidth.h>

#define GUARDED 12

/* What people put between the groups of a number. */
static bool
is_separator(ucs4_t c)
{
	switch (c) {
	case ' ':
	case '\t':
	case '-':
	case 0x00a0: /* no-break space */
	case 0x00ad: /* soft hyphen */
	case 0x202f: /* narrow no-break space */
	case 0x2043: /* hyphen bullet */
	case 0x2212: /* minus sign */
	case 0x3000: /* ideographic space */
	case 0x30fc: /* the long vowel mark, typed for a dash */
	case 0xfe63: /* small hyphen-minus */
	case 0xff0d: /* full-width hyphen-minus */
	case 0xff70: /* half-width long vowel mark */
	case 0xfeff: /* zero-width no-break space */
		return true;
	default:
		/* spaces of every width, joiners; hyphens and dashes */
		return (c >= 0x2000 && c <= 0x200d) ||
		       (c >= 0x2010 && c <= 0x2015);
	}
}

static bool
is_digit(ucs4_t c)
{
	return (c >= '0' && c <= '9') || (c >= 0xff10 && c <= 0xff19);
}

/* At most how many digits s holds; cheap, and right about plain ASCII. */
static size_t
digits_at_most(struct span s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		n += (uint8_t)(s.p[i] - '0') < 10;
		/* the second byte of a full-width digit */
		n += s.p[i] == 0xbc;
	}
	return n;
}

static bool
is_ascii(struct span s)
{
	uint8_t all = 0;

	for (size_t i = 0; i < s.n; i++)
		all |= s.p[i];
	return all < 0x80;
}

static bool
has_run(struct span s)
{
	size_t group = 0, joined = 0;

	for (size_t i = 0; i < s.n;) {
		ucs4_t c;

		i += (size_t)u8_mbtouc(&c, s.p + i, s.n - i);
		if (is_digit(c)) {
			group++;
			joined++;
			continue;
		}
		if (group == GUARDED)
			return true;
		group = 0;
		if (is_separator(c))
			continue;
		if (joined == GUARDED)
			return true;
		joined = 0;
	}
	return group == GUARDED || joined == GUARDED;
}

bool
text_has_twelve_digits(struct span s)
{
	return s.n >= GUARDED && digits_at_most(s) >= GUARDED && has_run(s);
}

enum err
text_check_content(struct span s, size_t limit)
{
	if (s.n > limit)
		return ERR_TOO_LONG;
	if (s.n == 0)
		return ERR_NONE;
	if (memchr(s.p, 0, s.n) != NULL)
		return ERR_NUL;
	return is_ascii(s) || u8_check(s.p, s.n) == NULL ? ERR_NONE : ERR_UTF8;
}

enum err
text_check(struct span s, size_t limit)
{
	enum err e = text_check_content(s, limit);

	if (e == ERR_NONE && text_has_twelve_digits(s))
		return ERR_TWELVE_DIGITS;
	return e;
}

enum err
text_to_u64(const char *s, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (*s == '\0' || (s[0] == '0' && s[1] != '\0'))
		return ERR_MALFORMED;
	for (const char *p = s; *p != '\0'; p++)
		if (*p < '0' || *p > '9')
			return ERR_MALFORMED;
	for (; *s != '\0'; s++) {
		uint64_t digit = (uint64_t)(*s - '0');

		if (__builtin_mul_overflow(v, 10, &v) ||
		    __builtin_add_overflow(v, digit, &v) || v > max)
			return ERR_TOO_LONG;
	}
	*out = v;
	return ERR_NONE;
}

void
text_copy(char *out, size_t n, const char *s)
{
	size_t length = strlen(s);

	assert(length < n);
	memcpy(out, s, length + 1);
}

void
text_cut(char *out, size_t n, struct span s)
{
	size_t take = s.n < n - 1 ? s.n : n - 1;

	assert(n > 0);
	/* back to the start of a character that would be cut through */
	if (take < s.n)
		while (take > 0 && (s.p[take] & 0xc0) == 0x80)
			take--;
	if (take > 0)
		memcpy(out, s.p, take);
	out[take] = '\0';
}

void
text_clean(struct span s, char *out, size_t n)
{
	size_t at = 0;

	assert(n > 0);
	for (size_t i = 0; i < s.n;) {
		ucs4_t c;
		int length = u8_mbtouc(&c, s.p + i, s.n - i);
		bool plain = c >= 0x20 && !(c >= 0x7f && c < 0xa0) &&
			     c != 0xfffd && c != 0x2028 && c != 0x2029;
		size_t need = plain ? (size_t)length : 1;

		if (at + need >= n)
			break;
		if (plain)
			memcpy(out + at, s.p + i, need);
		else
			out[at] = '?';
		at += need;
		i += (size_t)length;
	}
	out[at] = '\0';
}

struct span
text_trim(struct span s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t')) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

enum err
text_fold(struct span s, struct buf *out)
{
	uint8_t *folded;
	size_t n = 0;

	if (s.n == 0)
		return ERR_NONE;
	if (u8_check(s.p, s.n) != NULL)
		return ERR_UTF8;
	folded = u8_normalize(UNINORM_NFKC, s.p, s.n, NULL, &n);
	if (folded == NULL)
		return ERR_MEMORY;
	buf_add(out, folded, n);
	free(folded);
	return ERR_NONE;
}

size_t
text_width(const char *s)
{
	int width = u8_strwidth((const uint8_t *)s, "UTF-8");

	return width > 0 ? (size_t)width : 0;
}

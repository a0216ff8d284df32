#include "lib/b64.h"

#include <string.h>

static const char standard[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void
encode(struct span s, const char *alphabet, bool pad, struct buf *out)
{
	for (size_t i = 0; i < s.n; i += 3) {
		size_t left = s.n - i < 3 ? s.n - i : 3;
		uint32_t v = (uint32_t)s.p[i] << 16;

		if (left > 1)
			v |= (uint32_t)s.p[i + 1] << 8;
		if (left > 2)
			v |= s.p[i + 2];
		for (size_t k = 0; k < 4; k++)
			if (k <= left)
				buf_add_u8(out,
				    (uint8_t)alphabet[v >> (18 - 6 * k) & 63]);
			else if (pad)
				buf_add_u8(out, '=');
	}
}

/* The text without its padding; false if that is not as it should be. */
static bool
unpad(struct span *s, bool pad)
{
	if (!pad)
		return s->n % 4 != 1;
	if (s->n % 4 != 0)
		return false;
	for (int i = 0; i < 2 && s->n > 0 && s->p[s->n - 1] == '='; i++)
		s->n--;
	return s->n % 4 != 1;
}

static int
value_of(uint8_t c, const char *alphabet)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == (uint8_t)alphabet[62])
		return 62;
	return c == (uint8_t)alphabet[63] ? 63 : -1;
}

static enum err
decode(struct span s, const char *alphabet, bool pad, struct buf *out)
{
	size_t before = out->n;
	uint32_t v = 0;
	int bits = 0;

	if (!unpad(&s, pad))
		return ERR_MALFORMED;
	for (size_t i = 0; i < s.n; i++) {
		int six = value_of(s.p[i], alphabet);

		if (six < 0) {
			out->n = before;
			return ERR_MALFORMED;
		}
		v = v << 6 | (uint32_t)six;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			buf_add_u8(out, (uint8_t)(v >> bits));
			v &= (1u << bits) - 1;
		}
	}
	if (v != 0) {
		out->n = before;
		return ERR_MALFORMED;
	}
	return ERR_NONE;
}

void
b64_encode(struct span bytes, struct buf *out)
{
	encode(bytes, standard, true, out);
}

void
b64url_encode(struct span bytes, struct buf *out)
{
	encode(bytes, url, false, out);
}

enum err
b64_decode(struct span text, struct buf *out)
{
	return decode(text, standard, true, out);
}

enum err
b64url_decode(struct span text, struct buf *out)
{
	return decode(text, url, false, out);
}

enum err
b64_decode_fixed(struct span text, uint8_t *out, size_t n)
{
	struct buf b = {0};
	enum err e = b64_decode(text, &b);

	if (e == ERR_NONE && b.n != n)
		e = ERR_MALFORMED;
	if (e == ERR_NONE && n > 0)
		memcpy(out, b.p, n);
	/* it may have been a key */
	buf_wipe_free(&b);
	return e;
}

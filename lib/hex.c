#include "lib/hex.h"

char *
hex_encode(struct span bytes, char *out)
{
	static const char digits[] = "0123456789abcdef";
	char *p = out;

	for (size_t i = 0; i < bytes.n; i++) {
		*p++ = digits[bytes.p[i] >> 4];
		*p++ = digits[bytes.p[i] & 15];
	}
	*p = '\0';
	return out;
}

static int
value_of(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

enum err
hex_decode(struct span text, uint8_t *out, size_t n)
{
	if (text.n != 2 * n)
		return ERR_MALFORMED;
	for (size_t i = 0; i < n; i++) {
		int high = value_of(text.p[2 * i]);
		int low = value_of(text.p[2 * i + 1]);

		if (high < 0 || low < 0)
			return ERR_MALFORMED;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return ERR_NONE;
}

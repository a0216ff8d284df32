#include "lib/uuid.h"

#include <sodium.h>
#include <string.h>

#include "lib/bytes.h"
#include "lib/clock.h"
#include "lib/hex.h"

/* 48 bits of time, version, 12 bits, variant, 62 bits (RFC 9562, 5.7). */
static void
stamp(uint8_t *id, uint64_t ms)
{
	for (int i = 5; i >= 0; i--, ms >>= 8)
		id[i] = (uint8_t)ms;
	id[6] = (uint8_t)(0x70 | (id[6] & 0x0f));
	id[8] = (uint8_t)(0x80 | (id[8] & 0x3f));
}

void
uuid_make_at(uint64_t ms, uint8_t id[static UUID_LEN])
{
	randombytes_buf(id, UUID_LEN);
	stamp(id, ms);
}

void
uuid_make(uint8_t id[static UUID_LEN])
{
	static _Thread_local uint64_t last;
	static _Thread_local uint16_t count;
	uint64_t now = clock_ms();

	randombytes_buf(id, UUID_LEN);
	if (now > last) {
		last = now;
		/* leave room to count up within the millisecond */
		count = (uint16_t)(((id[6] & 0x07) << 8) | id[7]);
	} else if (++count > 0x0fff) {
		last++;
		count = 0;
	}
	id[6] = (uint8_t)(count >> 8);
	id[7] = (uint8_t)count;
	stamp(id, last);
}

bool
uuid_is_v7(const uint8_t id[static UUID_LEN])
{
	return id[6] >> 4 == 7 && id[8] >> 6 == 2;
}

uint64_t
uuid_ms(const uint8_t id[static UUID_LEN])
{
	uint64_t ms = 0;

	for (int i = 0; i < 6; i++)
		ms = ms << 8 | id[i];
	return ms;
}

/* Where the groups of 8-4-4-4-12 lie, in bytes. */
static const uint8_t groups[] = {4, 2, 2, 2, 6};

const char *
uuid_text(const uint8_t id[static UUID_LEN], char out[static UUID_TEXT_LEN])
{
	char *p = out;
	size_t at = 0;

	for (size_t i = 0; i < sizeof(groups); i++) {
		if (i > 0)
			*p++ = '-';
		hex_encode(span_of(id + at, groups[i]), p);
		p += 2 * groups[i];
		at += groups[i];
	}
	return out;
}

enum err
uuid_parse(const char *text, uint8_t id[static UUID_LEN])
{
	size_t at = 0;

	if (strlen(text) != UUID_TEXT_LEN - 1)
		return ERR_MALFORMED;
	for (size_t i = 0; i < sizeof(groups); i++) {
		enum err e;

		if (i > 0 && *text++ != '-')
			return ERR_MALFORMED;
		e = hex_decode(
		    span_of(text, 2 * groups[i]), id + at, groups[i]);
		if (e != ERR_NONE)
			return e;
		text += 2 * groups[i];
		at += groups[i];
	}
	return ERR_NONE;
}

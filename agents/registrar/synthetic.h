/* Residents who do not exist, for the demonstration and for tests. */
#ifndef AGENTS_REGISTRAR_SYNTHETIC_H
#define AGENTS_REGISTRAR_SYNTHETIC_H

#include "agents/registrar/digits.h"
#include "lib/bytes.h"

#include <stdint.h>

/* Texts are UTF-8. No two of one seed share a number. */
struct synthetic {
	char my_number[MY_NUMBER_LEN + 1];
	char resident_code[RESIDENT_CODE_LEN + 1];
	char name[64];	/* 見本田 花子: plausible, and nobody's */
	char kana[96];	/* full-width katakana */
	char birth[11]; /* YYYY-MM-DD */
	unsigned sex;	/* 1 male, 2 female (ISO 5218) */
	char municipality[7];
	char address[160];
};

#define SYNTHETIC_MAX 1000000u

/* The i-th resident (i below SYNTHETIC_MAX) of a seed; always the same. */
void synthetic_resident(uint64_t seed, unsigned i, struct synthetic *out);

/* Append the header and the first n of them as CSV (RFC 4180). */
void synthetic_csv(uint64_t seed, unsigned n, struct buf *out);

#endif

/* Suite 1: the four properties of Order Art. 27(5), and what does not open. */
#include "broker/linkcode.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- fixtures --- */

#define PEOPLE 5000
#define CITY "141003"
#define PENSION "nenkin"

static const char key_text[] =
    "# a development key set\n"
    "k_person = "
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
    "k_code = "
    "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
    "404142434445464748494a4b4c4d4e4f505152535455565758595a5b5c5d5e5f\n"
    "k_holder = "
    "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f\n"
    "k_endorse = "
    "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f\n"
    "k_alias = "
    "a0a1a2a3a4a5a6a7a8a9aaabacadaeafb0b1b2b3b4b5b6b7b8b9babbbcbdbebf\n";

static struct linkcode_keys *
keys(void)
{
	struct linkcode_keys *k = NULL;

	SUITE_ERR(linkcode_keys_parse(span_str(key_text), &k), ERR_NONE);
	return k;
}

static void
resident(unsigned n, char digits[static RESIDENT_LEN])
{
	char text[RESIDENT_LEN + 1];

	snprintf(text, sizeof(text), "%011u", n % 1000000000u);
	memcpy(digits, text, RESIDENT_LEN);
}

/* The code at `agency` of the n-th resident. */
static void
code_of(struct linkcode_keys *k, const char *agency, unsigned n,
    uint8_t code[static CODE_LEN])
{
	char digits[RESIDENT_LEN];
	uint8_t handle[LINKCODE_HANDLE_LEN];

	resident(n, digits);
	linkcode_handle(k, digits, handle);
	linkcode_make(k, agency, LINKCODE_EPOCH, handle, code);
}

static unsigned
bits_unlike(const uint8_t *a, const uint8_t *b)
{
	unsigned n = 0;

	for (size_t i = 0; i < CODE_LEN; i++)
		n += (unsigned)__builtin_popcount(a[i] ^ b[i]);
	return n;
}

/* --- the four properties --- */

/*
 * Neighbours in the resident code are strangers as codes: half of the 256
 * bits differ (8 is one standard deviation; 128 +- 64 is eight), and every
 * bit is set in half of the codes (of 5,000: 2,500 +- 280).
 */
static void
no_regularity(void)
{
	struct linkcode_keys *k = keys();
	static unsigned set[CODE_LEN * 8];
	uint8_t before[CODE_LEN], code[CODE_LEN];

	code_of(k, CITY, 0, before);
	for (unsigned n = 1; n <= PEOPLE; n++) {
		unsigned unlike;

		code_of(k, CITY, n, code);
		unlike = bits_unlike(before, code);
		CU_ASSERT(unlike > 64 && unlike < 192);
		for (unsigned b = 0; b < CODE_LEN * 8; b++)
			set[b] += (code[b / 8] >> (b % 8)) & 1;
		memcpy(before, code, CODE_LEN);
	}
	for (unsigned b = 0; b < CODE_LEN * 8; b++)
		CU_ASSERT(set[b] > 2220 && set[b] < 2780);
	linkcode_keys_free(k);
}

/* Nobody without the keys comes to the same code. */
static void
needs_the_keys(void)
{
	static const char *const names[] = {"k_person = ", "k_code = "};
	struct linkcode_keys *k = keys(), *other;
	uint8_t ours[CODE_LEN], theirs[CODE_LEN];

	code_of(k, CITY, 7, ours);
	for (size_t i = 0; i < 2; i++) {
		char *text = strdup(key_text);
		char *at = strstr(text, names[i]) + strlen(names[i]);

		at[10] = 'f';
		SUITE_ERR(
		    linkcode_keys_parse(span_str(text), &other), ERR_NONE);
		code_of(other, CITY, 7, theirs);
		CU_ASSERT(memcmp(ours, theirs, CODE_LEN) != 0);
		linkcode_keys_free(other);
		free(text);
	}
	linkcode_keys_free(k);
}

static int
by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, CODE_LEN);
}

static void
unique_within_an_agency(void)
{
	static uint8_t codes[PEOPLE][CODE_LEN];
	struct linkcode_keys *k = keys();

	for (unsigned n = 0; n < PEOPLE; n++)
		code_of(k, CITY, n, codes[n]);
	qsort(codes, PEOPLE, CODE_LEN, by_bytes);
	for (unsigned n = 1; n < PEOPLE; n++)
		CU_ASSERT(by_bytes(codes[n - 1], codes[n]) != 0);
	linkcode_keys_free(k);
}

static void
different_between_agencies(void)
{
	struct linkcode_keys *k = keys();
	uint8_t here[CODE_LEN], there[CODE_LEN];

	for (unsigned n = 0; n < PEOPLE; n++) {
		unsigned unlike;

		code_of(k, CITY, n, here);
		code_of(k, PENSION, n, there);
		unlike = bits_unlike(here, there);
		CU_ASSERT(unlike > 64 && unlike < 192);
	}
	linkcode_keys_free(k);
}

/* Order Art. 26(6): the core can, and only the core. */
static void
core_tells_the_same_person(void)
{
	struct linkcode_keys *k = keys();
	uint8_t code[CODE_LEN], city[LINKCODE_HANDLE_LEN],
	    pension[LINKCODE_HANDLE_LEN], neighbour[LINKCODE_HANDLE_LEN];

	code_of(k, CITY, 7, code);
	SUITE_ERR(linkcode_open(k, CITY, LINKCODE_EPOCH, code, city), ERR_NONE);
	code_of(k, PENSION, 7, code);
	SUITE_ERR(
	    linkcode_open(k, PENSION, LINKCODE_EPOCH, code, pension), ERR_NONE);
	SUITE_BYTES(city, pension, LINKCODE_HANDLE_LEN);
	code_of(k, PENSION, 8, code);
	SUITE_ERR(linkcode_open(k, PENSION, LINKCODE_EPOCH, code, neighbour),
	    ERR_NONE);
	CU_ASSERT(memcmp(city, neighbour, LINKCODE_HANDLE_LEN) != 0);
	linkcode_keys_free(k);
}

/* --- what does not open --- */

static void
refuses_what_is_not_its_own(void)
{
	static const uint8_t zero[LINKCODE_HANDLE_LEN];
	struct linkcode_keys *k = keys();
	uint8_t code[CODE_LEN], handle[LINKCODE_HANDLE_LEN];

	code_of(k, CITY, 7, code);
	SUITE_ERR(
	    linkcode_open(k, PENSION, LINKCODE_EPOCH, code, handle), ERR_CODE);
	SUITE_BYTES(handle, zero, sizeof(zero));
	SUITE_ERR(
	    linkcode_open(k, CITY, LINKCODE_EPOCH + 1, code, handle), ERR_CODE);
	memset(code, 'x', CODE_LEN);
	SUITE_ERR(
	    linkcode_open(k, CITY, LINKCODE_EPOCH, code, handle), ERR_CODE);
	linkcode_keys_free(k);
}

static void
refuses_any_bit_changed(void)
{
	struct linkcode_keys *k = keys();
	uint8_t code[CODE_LEN], handle[LINKCODE_HANDLE_LEN];

	code_of(k, CITY, 7, code);
	for (unsigned b = 0; b < CODE_LEN * 8; b++) {
		code[b / 8] ^= (uint8_t)(1u << (b % 8));
		SUITE_ERR(linkcode_open(k, CITY, LINKCODE_EPOCH, code, handle),
		    ERR_CODE);
		code[b / 8] ^= (uint8_t)(1u << (b % 8));
	}
	SUITE_ERR(
	    linkcode_open(k, CITY, LINKCODE_EPOCH, code, handle), ERR_NONE);
	linkcode_keys_free(k);
}

/* --- holders and aliases --- */

static void
holders_differ(void)
{
	struct linkcode_keys *k = keys();
	uint8_t a[LINKCODE_HANDLE_LEN] = {1}, b[LINKCODE_HANDLE_LEN] = {2};
	uint8_t tag[LINKCODE_TAG_LEN], again[LINKCODE_TAG_LEN];

	linkcode_holder(k, CITY, a, tag);
	linkcode_holder(k, CITY, a, again);
	SUITE_BYTES(tag, again, LINKCODE_TAG_LEN);
	linkcode_holder(k, PENSION, a, again);
	CU_ASSERT(memcmp(tag, again, LINKCODE_TAG_LEN) != 0);
	linkcode_holder(k, CITY, b, again);
	CU_ASSERT(memcmp(tag, again, LINKCODE_TAG_LEN) != 0);
	linkcode_keys_free(k);
}

static void
alias_keeps_the_handle(void)
{
	struct linkcode_keys *k = keys();
	uint8_t handle[LINKCODE_HANDLE_LEN], back[LINKCODE_HANDLE_LEN];
	uint8_t key[LINKCODE_TAG_LEN], other[LINKCODE_TAG_LEN];
	uint8_t value[LINKCODE_ALIAS_LEN];
	char before[RESIDENT_LEN], after[RESIDENT_LEN];

	resident(7, before);
	resident(4711, after);
	linkcode_handle(k, before, handle);
	linkcode_alias_key(k, after, key);
	linkcode_alias_seal(k, key, handle, value);
	SUITE_ERR(linkcode_alias_open(k, key, SPAN(value), back), ERR_NONE);
	SUITE_BYTES(handle, back, LINKCODE_HANDLE_LEN);
	/* a row under another's key, a cut one, a bent one */
	linkcode_alias_key(k, before, other);
	SUITE_ERR(linkcode_alias_open(k, other, SPAN(value), back), ERR_SEAL);
	SUITE_ERR(linkcode_alias_open(
		      k, key, span_of(value, sizeof(value) - 1), back),
	    ERR_SEAL);
	value[3] ^= 1;
	SUITE_ERR(linkcode_alias_open(k, key, SPAN(value), back), ERR_SEAL);
	linkcode_keys_free(k);
}

/* --- the key file --- */

static void
refuse_text(const char *text)
{
	struct linkcode_keys *k = NULL;

	SUITE_ERR(linkcode_keys_parse(span_str(text), &k), ERR_LINE);
	CU_ASSERT_PTR_NULL(k);
	linkcode_keys_free(k);
}

static void
refuses_bad_key_files(void)
{
	char *text = strdup(key_text), *at;
	struct buf twice = {0};

	refuse_text("");
	refuse_text("k_person\n");
	refuse_text("k_nobody = 00\n");
	buf_printf(&twice, "%s%s", key_text, strstr(key_text, "k_alias"));
	buf_add_u8(&twice, 0);
	refuse_text((const char *)twice.p);
	*strstr(text, "k_alias") = '\0'; /* one is missing */
	refuse_text(text);
	free(text);
	text = strdup(key_text);
	at = strstr(text, "k_alias = ");
	memcpy(at + 10, strstr(text, "k_holder = ") + 11, 64);
	refuse_text(text); /* two are the same */
	at[10] = 'g';
	refuse_text(text); /* no hex */
	free(text);
	buf_free(&twice);
}

static const struct suite_case cases[] = {
    {"shows no regularity between neighbours (Order 27(5))", no_regularity},
    {"cannot be made without the keys", needs_the_keys},
    {"is unique within an agency", unique_within_an_agency},
    {"is different at every agency", different_between_agencies},
    {"lets the core tell whether two codes are one person",
	core_tells_the_same_person},
    {"refuses a guessed code, another agency's, another epoch's",
	refuses_what_is_not_its_own},
    {"refuses a code with any bit changed", refuses_any_bit_changed},
    {"keeps holders apart by person and agency", holders_differ},
    {"keeps the person through a change of resident code",
	alias_keeps_the_handle},
    {"refuses a key file that lacks, repeats or copies a key",
	refuses_bad_key_files},
};
SUITE("linkcode", cases)

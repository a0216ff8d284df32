/* lib/signkey.h: keys that sign, keys that verify. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/hex.h"
#include "lib/signkey.h"
#include "tests/unit/suite.h"

static const enum sign_algorithm both[] = {SIGN_ED25519, SIGN_ES256};
static const struct span message = {(const uint8_t *)"照会", 6};

static struct signkey *
fresh(enum sign_algorithm a)
{
	struct signkey *k = NULL;

	SUITE_ERR(signkey_generate(a, &k), ERR_NONE);
	return k;
}

static void
own_signature(void)
{
	for (int i = 0; i < 2; i++) {
		struct signkey *k = fresh(both[i]);
		const struct verifykey *pub = signkey_public(k);
		uint8_t s[SIGNATURE_LEN];

		CU_ASSERT_EQUAL(verifykey_algorithm(pub), both[i]);
		SUITE_ERR(signkey_sign(k, message, s), ERR_NONE);
		SUITE_ERR(verifykey_check(pub, message, SPAN(s)), ERR_NONE);
		signkey_free(k);
	}
}

static void
any_flipped_bit(void)
{
	for (int i = 0; i < 2; i++) {
		struct signkey *k = fresh(both[i]);
		const struct verifykey *pub = signkey_public(k);
		uint8_t s[SIGNATURE_LEN];

		SUITE_ERR(signkey_sign(k, message, s), ERR_NONE);
		for (int bit = 0; bit < 8 * SIGNATURE_LEN; bit += 7) {
			s[bit / 8] ^= (uint8_t)(1 << bit % 8);
			SUITE_ERR(verifykey_check(pub, message, SPAN(s)),
			    ERR_SIGNATURE);
			s[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		signkey_free(k);
	}
}

static void
other_message_or_key(void)
{
	for (int i = 0; i < 2; i++) {
		struct signkey *k = fresh(both[i]), *other = fresh(both[i]);
		uint8_t s[SIGNATURE_LEN];

		SUITE_ERR(signkey_sign(k, message, s), ERR_NONE);
		SUITE_ERR(verifykey_check(
			      signkey_public(k), span_str("照会 "), SPAN(s)),
		    ERR_SIGNATURE);
		SUITE_ERR(
		    verifykey_check(signkey_public(other), message, SPAN(s)),
		    ERR_SIGNATURE);
		signkey_free(k);
		signkey_free(other);
	}
}

static void
other_lengths(void)
{
	uint8_t s[SIGNATURE_LEN + 1] = {0};

	for (int i = 0; i < 2; i++) {
		struct signkey *k = fresh(both[i]);
		const struct verifykey *pub = signkey_public(k);

		SUITE_ERR(signkey_sign(k, message, s), ERR_NONE);
		SUITE_ERR(verifykey_check(
			      pub, message, span_of(s, SIGNATURE_LEN - 1)),
		    ERR_SIGNATURE);
		SUITE_ERR(
		    verifykey_check(pub, message, SPAN(s)), ERR_SIGNATURE);
		SUITE_ERR(verifykey_check(pub, message, span_of(NULL, 0)),
		    ERR_SIGNATURE);
		signkey_free(k);
	}
}

/* r or s of zero, or of the group's order, verifies nothing. */
static void
es256_out_of_range(void)
{
	static const char order[] = "ffffffff00000000ffffffffffffffff"
				    "bce6faada7179e84f3b9cac2fc632551";
	struct signkey *k = fresh(SIGN_ES256);
	uint8_t s[SIGNATURE_LEN] = {0};

	SUITE_ERR(verifykey_check(signkey_public(k), message, SPAN(s)),
	    ERR_SIGNATURE);
	SUITE_ERR(signkey_sign(k, message, s), ERR_NONE);
	memset(s, 0, 32);
	SUITE_ERR(verifykey_check(signkey_public(k), message, SPAN(s)),
	    ERR_SIGNATURE);
	CU_ASSERT_EQUAL(hex_decode(span_str(order), s, 32), ERR_NONE);
	SUITE_ERR(verifykey_check(signkey_public(k), message, SPAN(s)),
	    ERR_SIGNATURE);
	signkey_free(k);
}

static void
public_keys(void)
{
	static const uint8_t zero[VERIFYKEY_RAW_MAX];
	uint8_t one[32] = {1}, raw[VERIFYKEY_RAW_MAX];
	struct verifykey *v;

	for (int i = 0; i < 2; i++) {
		struct signkey *k = fresh(both[i]);
		struct span s = verifykey_raw(signkey_public(k));

		SUITE_ERR(verifykey_parse(both[i], s, &v), ERR_NONE);
		SUITE_BYTES(verifykey_id(v), verifykey_id(signkey_public(k)),
		    KEY_ID_LEN);
		verifykey_free(v);
		SUITE_ERR(verifykey_parse(both[i], span_of(s.p, s.n - 1), &v),
		    ERR_KEY);
		CU_ASSERT_PTR_NULL(v);
		memcpy(raw, s.p, s.n);
		signkey_free(k);
	}
	/* the last was a point of P-256: off the curve, then hybrid */
	raw[40] ^= 1;
	SUITE_ERR(verifykey_parse(SIGN_ES256, SPAN(raw), &v), ERR_KEY);
	raw[40] ^= 1;
	raw[0] = (uint8_t)(0x06 | (raw[64] & 1));
	SUITE_ERR(verifykey_parse(SIGN_ES256, SPAN(raw), &v), ERR_KEY);
	SUITE_ERR(verifykey_parse(SIGN_ES256, SPAN(zero), &v), ERR_KEY);
	/* small order: everything would verify */
	SUITE_ERR(
	    verifykey_parse(SIGN_ED25519, span_of(zero, 32), &v), ERR_KEY);
	SUITE_ERR(verifykey_parse(SIGN_ED25519, SPAN(one), &v), ERR_KEY);
	SUITE_ERR(verifykey_parse(3, span_of(one, 32), &v), ERR_KEY);
}

static void
files(void)
{
	char path[] = "/tmp/signkey.XXXXXX";
	uint8_t s[SIGNATURE_LEN];
	struct signkey *back;
	struct stat st;

	CU_ASSERT_FATAL(close(mkstemp(path)) == 0);
	for (int i = 0; i < 2; i++) {
		struct signkey *k = fresh(both[i]);

		SUITE_ERR(signkey_write(k, path), ERR_NONE);
		CU_ASSERT(stat(path, &st) == 0 && (st.st_mode & 077) == 0);
		SUITE_ERR(signkey_open(path, &back), ERR_NONE);
		SUITE_ERR(signkey_sign(back, message, s), ERR_NONE);
		SUITE_ERR(verifykey_check(signkey_public(k), message, SPAN(s)),
		    ERR_NONE);
		signkey_free(back);
		signkey_free(k);
	}
	CU_ASSERT(chmod(path, 0644) == 0);
	SUITE_ERR(signkey_open(path, &back), ERR_FILE);
	SUITE_ERR(file_write(path, span_str("no key\n"), 0600), ERR_NONE);
	SUITE_ERR(signkey_open(path, &back), ERR_KEY);
	unlink(path);
	SUITE_ERR(signkey_open(path, &back), ERR_FILE);
	CU_ASSERT_PTR_NULL(back);
}

static const struct suite_case cases[] = {
    {"verifies its own signatures", own_signature},
    {"refuses a signature with any bit flipped", any_flipped_bit},
    {"refuses another message and another key", other_message_or_key},
    {"refuses signatures of any other length", other_lengths},
    {"refuses ES256 values out of range", es256_out_of_range},
    {"takes good public keys and refuses bad ones", public_keys},
    {"keeps keys in files that only the owner reads", files},
};
SUITE("signkey", cases)

/* lib/siv.h and lib/gcm.h: ciphers on contexts that are used again. */
#include <stdlib.h>
#include <string.h>

#include "lib/gcm.h"
#include "lib/hex.h"
#include "lib/siv.h"
#include "tests/unit/suite.h"

/*
 * The first is OpenSSL's own test of AES-256-SIV (RFC 5297's example with
 * longer keys), the others are answers of Python's cryptography.
 */
static const struct {
	const char *key, *ad, *pt, *sealed;
} known[] = {
    {"fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"
     "f0f1f2f3f4f5f6f7f8f9fafbfcfdfefffffefdfcfbfaf9f8f7f6f5f4f3f2f1f0",
	"101112131415161718191a1b1c1d1e1f2021222324252627",
	"112233445566778899aabbccddee",
	"724dfb2eaf94dbb19b0ba3a299a0801ef3b05a55498ec2552690b89810e4"},
    {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
     "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f",
	"72656e6b6569", "5a", "e43d1e91ea6fddaef41fd7db8a647f6885"},
    {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
     "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f",
	"313431303033", "000102030405060708090a0b0c0d0e",
	"db903030e90bd2c1732f86c9db1be8db7351d392b3e52247c31b0af03cb597"},
    {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
     "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f",
	"01066e656e6b696e00000001", "000102030405060708090a0b0c0d0e0f",
	"5a90acefaf97f8cd6bd036899acb82f6343a9d30bbca2d590e743e98917b0b34"},
    {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
     "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f",
	"6465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f80818283"
	"8485868788898a8b",
	"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
	"20",
	"8513799a74b04b1ad6a794dd378a75ef9df0d8d8ff9ff412df305c8c8027c7f3"
	"fc15dc74db4a20c0963f444d8348f90fc8"},
};

static struct span
unhex(const char *s, uint8_t *out)
{
	CU_ASSERT_FATAL(
	    hex_decode(span_str(s), out, strlen(s) / 2) == ERR_NONE);
	return span_of(out, strlen(s) / 2);
}

static void
known_answers(void)
{
	uint8_t key[SIV_KEY_LEN], a[64], p[64], c[64], out[64];

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		struct span ad = unhex(known[i].ad, a);
		struct span pt = unhex(known[i].pt, p);
		struct span sealed = unhex(known[i].sealed, c);
		struct siv *s;

		unhex(known[i].key, key);
		s = siv_new(key);
		siv_seal(s, ad, pt, out);
		SUITE_BYTES(out, sealed.p, sealed.n);
		SUITE_ERR(siv_open(s, ad, sealed, out), ERR_NONE);
		SUITE_BYTES(out, pt.p, pt.n);
		siv_free(s);
	}
}

/*
 * OpenSSL 3.0's AES-SIV with OSSL_CIPHER_PARAM_SPEED carried S2V over from one
 * operation to the next: the second code of a person differed from the first.
 */
static void
same_every_time(void)
{
	uint8_t key[SIV_KEY_LEN] = {7}, first[32], again[32], back[16];
	struct span ad = span_str("\x01\x06"
				  "141003"),
		    pt;
	struct siv *s = siv_new(key);

	pt = span_of(key, 16);
	siv_seal(s, ad, pt, first);
	for (int i = 0; i < 100; i++) {
		siv_seal(s, ad, pt, again);
		SUITE_BYTES(again, first, sizeof(first));
		SUITE_ERR(siv_open(s, ad, SPAN(first), back), ERR_NONE);
		SUITE_BYTES(back, key, sizeof(back));
		again[3] ^= 1;
		SUITE_ERR(siv_open(s, ad, SPAN(again), back), ERR_SEAL);
	}
	siv_free(s);
}

static void
siv_refusals(void)
{
	static const uint8_t zero[16];
	uint8_t key[SIV_KEY_LEN] = {1}, other[SIV_KEY_LEN] = {2};
	uint8_t sealed[32], out[16];
	struct siv *s = siv_new(key), *t = siv_new(other);

	siv_seal(s, span_str("a"), span_of(key, 16), sealed);
	memset(out, 0xaa, sizeof(out));
	SUITE_ERR(siv_open(t, span_str("a"), SPAN(sealed), out), ERR_SEAL);
	SUITE_BYTES(out, zero, sizeof(out));
	SUITE_ERR(siv_open(s, span_str("b"), SPAN(sealed), out), ERR_SEAL);
	SUITE_ERR(siv_open(s, span_of(NULL, 0), SPAN(sealed), out), ERR_SEAL);
	SUITE_ERR(
	    siv_open(s, span_str("a"), span_of(sealed, 31), out), ERR_SEAL);
	SUITE_ERR(siv_open(s, span_str("a"), span_of(sealed, 15), out),
	    ERR_TRUNCATED);
	siv_free(s);
	siv_free(t);
}

/* An empty text is authenticated all the same: V alone. */
static void
empty_text(void)
{
	uint8_t key[SIV_KEY_LEN] = {1}, v[SIV_TAG_LEN], none[1];
	const struct span nothing = span_of(NULL, 0);
	struct siv *s = siv_new(key);

	siv_seal(s, span_str("a"), nothing, v);
	SUITE_ERR(siv_open(s, span_str("a"), SPAN(v), none), ERR_NONE);
	SUITE_ERR(siv_open(s, span_str("b"), SPAN(v), none), ERR_SEAL);
	SUITE_ERR(siv_open(s, nothing, SPAN(v), none), ERR_SEAL);
	siv_free(s);
}

static void
strings_are_not_joined(void)
{
	uint8_t key[SIV_KEY_LEN] = {1}, one[20], two[20], out[4];
	struct span ab = span_str("ab");
	struct span split[2] = {span_str("a"), span_str("b")};
	struct siv *s = siv_new(key);

	siv_seal(s, ab, span_str("text"), one);
	siv_seal_strings(s, split, 2, span_str("text"), two);
	CU_ASSERT_NOT_EQUAL(memcmp(one, two, sizeof(one)), 0);
	SUITE_ERR(siv_open_strings(s, split, 2, SPAN(two), out), ERR_NONE);
	SUITE_ERR(siv_open(s, ab, SPAN(two), out), ERR_SEAL);
	siv_free(s);
}

/* Test case 14 of the GCM specification: zero key, nonce and block. */
static void
gcm_known_answer(void)
{
	static const char want[] = "cea7403d4d606b6e074ec5d3baf39d18"
				   "d0d1c8a799996bf0265b98b5d48ab919";
	uint8_t key[GCM_KEY_LEN] = {0}, nonce[GCM_NONCE_LEN] = {0};
	uint8_t zero[16] = {0}, out[32], sealed[32];
	struct gcm *g = gcm_new(key);

	unhex(want, sealed);
	for (int i = 0; i < 3; i++) {
		gcm_seal(g, nonce, span_of(NULL, 0), SPAN(zero), out);
		SUITE_BYTES(out, sealed, sizeof(sealed));
		SUITE_ERR(
		    gcm_open(g, nonce, span_of(NULL, 0), SPAN(sealed), out),
		    ERR_NONE);
		SUITE_BYTES(out, zero, sizeof(zero));
	}
	gcm_free(g);
}

static void
gcm_refusals(void)
{
	uint8_t key[GCM_KEY_LEN] = {1}, nonce[GCM_NONCE_LEN] = {2};
	uint8_t sealed[20], out[4];
	struct span ad = span_str("ad");
	struct gcm *g = gcm_new(key);

	gcm_seal(g, nonce, ad, span_str("text"), sealed);
	SUITE_ERR(gcm_open(g, nonce, ad, SPAN(sealed), out), ERR_NONE);
	SUITE_ERR(
	    gcm_open(g, nonce, span_str("AD"), SPAN(sealed), out), ERR_SEAL);
	SUITE_ERR(
	    gcm_open(g, nonce, ad, span_of(sealed, 15), out), ERR_TRUNCATED);
	for (size_t i = 0; i < sizeof(sealed); i++) {
		sealed[i] ^= 0x80;
		SUITE_ERR(gcm_open(g, nonce, ad, SPAN(sealed), out), ERR_SEAL);
		sealed[i] ^= 0x80;
	}
	nonce[0]++;
	SUITE_ERR(gcm_open(g, nonce, ad, SPAN(sealed), out), ERR_SEAL);
	gcm_free(g);
}

static const struct suite_case cases[] = {
    {"SIV gives the answers others found", known_answers},
    {"SIV gives the same answer every time", same_every_time},
    {"SIV refuses another key, data, text and length", siv_refusals},
    {"SIV authenticates an empty text", empty_text},
    {"SIV tells two strings from their joining", strings_are_not_joined},
    {"GCM gives the answer of its specification", gcm_known_answer},
    {"GCM refuses every flipped byte and another nonce", gcm_refusals},
};
SUITE("siv", cases)

/* lib/siv.h and lib/gcm.h: ciphers on contexts that are used again. */
#include <stdlib.h>
#include <string.h>

#include "lib/gcm.h"
#include "lib/hex.h"
#include "lib/siv.h"
#include "tests/unit/suite.h"

/* From Project Wycheproof's aes_siv_cmac_test (Apache-2.0), 512-bit keys. */
static const struct {
	const char *key, *ad, *pt, *sealed;
} known[] = {
    {"d47ab6d51f99f4249da56c93d1f09e856231f3fed777b303111ad31079270839"
     "e4bc4b5d8623162d4738d70803934a75f457fdbf4a277b828cb6e2753e88702a",
	"41257da6108bedbb150d4e290b6b9a76d11092c6", "",
	"a8d27944a84317098eed170631f4c867"},
    {"2a93a0c37797bee0c344b9ceed1a609813d8c5ee686d260f3aa6fc2f66dc59f4"
     "00479d1dfe04e89e6df608a3f699ff1cb4e9bf24a78fb2dfddaa0011a2e40208",
	"6ae54f41ac52baf2f89abe8e", "3fc3bf53bb485c9edcb1d25adb4ca0",
	"2d344a54038a857f47e0c77eb0834538aaf01e61a8ac82c0012f9dac6f15ef"},
    {"c25cafc6018b98dfbb79a40ec89c575a4f88c4116489bba27707479800c01302"
     "35334a45dbe8d8dae3da8dcb45bbe5dce031b0f68ded544fda7eca30d6749442",
	"deeb0ccf3aef47a296ed1ca8f4ae5907", "beec61030fa3d670337196beade6aeaa",
	"5865208eab9163db85cab9f96d846234a2626aae22f5c17c9aad4b501f4416e4"},
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
    {"SIV tells two strings from their joining", strings_are_not_joined},
    {"GCM gives the answer of its specification", gcm_known_answer},
    {"GCM refuses every flipped byte and another nonce", gcm_refusals},
};
SUITE("siv", cases)

/* lib/seal.h: codes that only the vault or one agency can open. */
#include <stdlib.h>
#include <string.h>

#include "lib/gcm.h"
#include "lib/hkdf.h"
#include "lib/seal.h"
#include "tests/unit/suite.h"

static const uint8_t code[CODE_LEN] = "12345678901234567890123456789012";
static const uint8_t id[ID_LEN] = {1};

/* The vault and the agency "nenkin", a ring each. */
struct both {
	struct dhkey *vault, *agency;
	struct seal_ring *at_vault, *at_agency;
};

static void
both_open(struct both *b)
{
	SUITE_ERR(dhkey_generate(&b->vault), ERR_NONE);
	SUITE_ERR(dhkey_generate(&b->agency), ERR_NONE);
	b->at_vault = seal_ring_new(b->vault, true, SEAL_CAP);
	b->at_agency = seal_ring_new(b->agency, false, SEAL_CAP);
}

static void
both_close(struct both *b)
{
	seal_ring_free(b->at_vault);
	seal_ring_free(b->at_agency);
	dhkey_free(b->vault);
	dhkey_free(b->agency);
}

static struct seal_channel *
vault_end(struct both *b, enum seal_direction d)
{
	return seal_ring_find(b->at_vault, "nenkin", dhkey_point(b->agency), d);
}

static struct seal_channel *
agency_end(struct both *b, enum seal_direction d)
{
	return seal_ring_find(b->at_agency, "nenkin", dhkey_point(b->vault), d);
}

static void
there_and_back(void)
{
	uint8_t out[CODE_LEN];
	uint32_t epoch = 0;
	struct span ad = span_str("ad");
	struct buf s = {0};
	struct both b;

	both_open(&b);
	SUITE_ERR(seal_code(agency_end(&b, SEAL_TO_VAULT), 7, code, ad, &s),
	    ERR_NONE);
	CU_ASSERT_EQUAL(s.n, SEALED_CODE_LEN);
	SUITE_ERR(seal_open_code(vault_end(&b, SEAL_TO_VAULT), buf_span(&s), ad,
		      &epoch, out),
	    ERR_NONE);
	CU_ASSERT_EQUAL(epoch, 7);
	SUITE_BYTES(out, code, CODE_LEN);
	buf_reset(&s);
	SUITE_ERR(seal_code(vault_end(&b, SEAL_FROM_VAULT), 8, code, ad, &s),
	    ERR_NONE);
	SUITE_ERR(seal_open_code(agency_end(&b, SEAL_FROM_VAULT), buf_span(&s),
		      ad, &epoch, out),
	    ERR_NONE);
	CU_ASSERT_EQUAL(epoch, 8);
	SUITE_BYTES(out, code, CODE_LEN);
	buf_free(&s);
	both_close(&b);
}

/* The byte form, from its definition. */
static void
byte_form(void)
{
	uint8_t x[DH_LEN], prk[SHA256_LEN], key[GCM_KEY_LEN], plain[37];
	struct span ikm = SPAN(x), i;
	struct buf info = {0}, s = {0};
	struct gcm *g;
	struct both b;

	both_open(&b);
	SUITE_ERR(seal_code(agency_end(&b, SEAL_TO_VAULT), 258, code,
		      span_str("ad"), &s),
	    ERR_NONE);
	SUITE_BYTES(s.p, dhkey_id(b.agency), KEY_ID_LEN);
	SUITE_BYTES(s.p + 16, dhkey_id(b.vault), KEY_ID_LEN);
	SUITE_ERR(dhkey_agree(b.vault, dhkey_point(b.agency), x), ERR_NONE);
	buf_add(&info, "renkei/v1/seal", 14);
	buf_add_u8(&info, 1);
	buf_add_lp(&info, "nenkin");
	buf_add(&info, dhkey_id(b.agency), KEY_ID_LEN);
	buf_add(&info, dhkey_id(b.vault), KEY_ID_LEN);
	i = buf_span(&info);
	hkdf_extract(NULL, &ikm, 1, prk);
	hkdf_expand(prk, &i, 1, key, sizeof(key));
	g = gcm_new(key);
	SUITE_ERR(gcm_open(g, s.p + 32, span_str("ad"),
		      span_of(s.p + 44, s.n - 44), plain),
	    ERR_NONE);
	SUITE_BYTES(plain, "\1\0\0\1\2", 5);
	SUITE_BYTES(plain + 5, code, CODE_LEN);
	gcm_free(g);
	buf_free(&info);
	buf_free(&s);
	both_close(&b);
}

static void
never_the_same(void)
{
	struct buf s = {0}, t = {0};
	struct both b;

	both_open(&b);
	SUITE_ERR(seal_code(agency_end(&b, SEAL_TO_VAULT), 1, code,
		      span_str("ad"), &s),
	    ERR_NONE);
	SUITE_ERR(seal_code(agency_end(&b, SEAL_TO_VAULT), 1, code,
		      span_str("ad"), &t),
	    ERR_NONE);
	CU_ASSERT_FALSE(span_equal(
	    span_of(s.p + 32, s.n - 32), span_of(t.p + 32, t.n - 32)));
	buf_free(&s);
	buf_free(&t);
	both_close(&b);
}

static enum err
open_at_vault(struct both *b, const char *party, enum seal_direction d,
    struct span data, struct span ad)
{
	struct seal_channel *c =
	    seal_ring_find(b->at_vault, party, dhkey_point(b->agency), d);
	uint8_t out[CODE_LEN];
	uint32_t epoch;

	return seal_open_code(c, data, ad, &epoch, out);
}

static void
bound_to_its_purpose(void)
{
	struct buf s = {0}, ad = {0}, other = {0};
	struct span data;
	struct both b;

	both_open(&b);
	seal_ad_inquiry(&ad, "nenkin", "141003", id);
	SUITE_ERR(seal_code(agency_end(&b, SEAL_TO_VAULT), 1, code,
		      buf_span(&ad), &s),
	    ERR_NONE);
	data = buf_span(&s);
	SUITE_ERR(
	    open_at_vault(&b, "nenkin", SEAL_TO_VAULT, data, buf_span(&ad)),
	    ERR_NONE);
	/* another party's name, the other way round, another exchange */
	SUITE_ERR(
	    open_at_vault(&b, "kyokai", SEAL_TO_VAULT, data, buf_span(&ad)),
	    ERR_SEAL);
	SUITE_ERR(
	    open_at_vault(&b, "nenkin", SEAL_FROM_VAULT, data, buf_span(&ad)),
	    ERR_SEAL);
	seal_ad_inquiry(&other, "nenkin", "141004", id);
	SUITE_ERR(
	    open_at_vault(&b, "nenkin", SEAL_TO_VAULT, data, buf_span(&other)),
	    ERR_SEAL);
	for (size_t i = 32; i < s.n; i++) {
		s.p[i] ^= 1;
		SUITE_ERR(open_at_vault(
			      &b, "nenkin", SEAL_TO_VAULT, data, buf_span(&ad)),
		    ERR_SEAL);
		s.p[i] ^= 1;
	}
	buf_free(&s);
	buf_free(&ad);
	buf_free(&other);
	both_close(&b);
}

static void
other_keys(void)
{
	struct buf s = {0};
	struct both a, b;

	both_open(&a);
	both_open(&b);
	SUITE_ERR(seal_code(agency_end(&a, SEAL_TO_VAULT), 1, code,
		      span_str("ad"), &s),
	    ERR_NONE);
	SUITE_ERR(open_at_vault(&b, "nenkin", SEAL_TO_VAULT, buf_span(&s),
		      span_str("ad")),
	    ERR_KEY);
	memcpy(s.p, dhkey_id(b.agency), KEY_ID_LEN);
	memcpy(s.p + 16, dhkey_id(b.vault), KEY_ID_LEN);
	SUITE_ERR(open_at_vault(&b, "nenkin", SEAL_TO_VAULT, buf_span(&s),
		      span_str("ad")),
	    ERR_SEAL);
	buf_free(&s);
	both_close(&a);
	both_close(&b);
}

static void
lengths_and_suites(void)
{
	uint8_t plain[37] = {2}; /* a suite nobody speaks yet */
	struct span ad = span_str("ad");
	struct buf s = {0};
	struct both b;

	both_open(&b);
	SUITE_ERR(
	    seal_bytes(agency_end(&b, SEAL_TO_VAULT), SPAN(plain), ad, &s),
	    ERR_NONE);
	SUITE_ERR(open_at_vault(&b, "nenkin", SEAL_TO_VAULT, buf_span(&s), ad),
	    ERR_VERSION);
	buf_add_u8(&s, 0);
	SUITE_ERR(open_at_vault(&b, "nenkin", SEAL_TO_VAULT, buf_span(&s), ad),
	    ERR_TOO_LONG);
	for (size_t n = 0; n < SEALED_CODE_LEN; n += 16)
		SUITE_ERR(open_at_vault(
			      &b, "nenkin", SEAL_TO_VAULT, span_of(s.p, n), ad),
		    ERR_TRUNCATED);
	buf_free(&s);
	both_close(&b);
}

static void
resident_codes(void)
{
	char out[RESIDENT_LEN];
	struct span ad = span_str("ad");
	struct seal_channel *from, *to;
	struct buf s = {0};
	struct both b;

	both_open(&b);
	from = agency_end(&b, SEAL_TO_VAULT);
	to = vault_end(&b, SEAL_TO_VAULT);
	SUITE_ERR(seal_resident(from, "12345678901", ad, &s), ERR_NONE);
	CU_ASSERT_EQUAL(s.n, SEALED_RESIDENT_LEN);
	SUITE_ERR(seal_open_resident(to, buf_span(&s), ad, out), ERR_NONE);
	SUITE_BYTES(out, "12345678901", RESIDENT_LEN);
	/* a link code in its place, and text that is no digits */
	buf_reset(&s);
	SUITE_ERR(seal_code(from, 1, code, ad, &s), ERR_NONE);
	SUITE_ERR(seal_open_resident(to, buf_span(&s), ad, out), ERR_TOO_LONG);
	SUITE_ERR(seal_resident(from, "1234567890x", ad, &s), ERR_MALFORMED);
	buf_reset(&s);
	SUITE_ERR(seal_bytes(from,
		      span_of("\1\0\0\0\0"
			      "1234567890/",
			  16),
		      ad, &s),
	    ERR_NONE);
	SUITE_ERR(seal_open_resident(to, buf_span(&s), ad, out), ERR_MALFORMED);
	buf_free(&s);
	both_close(&b);
}

static void
count_is_capped(void)
{
	struct seal_ring *r;
	struct seal_channel *c;
	struct buf s = {0};
	struct both b;

	both_open(&b);
	r = seal_ring_new(b.agency, false, 2);
	c = seal_ring_find(r, "nenkin", dhkey_point(b.vault), SEAL_TO_VAULT);
	SUITE_ERR(seal_code(c, 1, code, span_str("ad"), &s), ERR_NONE);
	SUITE_ERR(seal_code(c, 1, code, span_str("ad"), &s), ERR_NONE);
	SUITE_ERR(seal_code(c, 1, code, span_str("ad"), &s), ERR_SEAL);
	CU_ASSERT_EQUAL(s.n, 2 * SEALED_CODE_LEN);
	seal_ring_free(r);
	buf_free(&s);
	both_close(&b);
}

static void
ring_keeps_apart(void)
{
	uint8_t bad[POINT_LEN] = {0x04};
	struct seal_channel *c[200];
	char party[32];
	struct both b;

	both_open(&b);
	for (int i = 0; i < 200; i++) {
		snprintf(party, sizeof(party), "party-%d", i);
		c[i] = seal_ring_find(
		    b.at_vault, party, dhkey_point(b.agency), SEAL_TO_VAULT);
		CU_ASSERT_PTR_NOT_NULL(c[i]);
	}
	for (int i = 0; i < 200; i++) {
		snprintf(party, sizeof(party), "party-%d", i);
		CU_ASSERT_PTR_EQUAL(
		    c[i], seal_ring_find(b.at_vault, party,
			      dhkey_point(b.agency), SEAL_TO_VAULT));
	}
	seal_ring_drop(b.at_vault, "party-3");
	seal_ring_drop(b.at_vault, "nobody");
	CU_ASSERT_PTR_NULL(seal_ring_find(b.at_vault, "x", bad, SEAL_TO_VAULT));
	both_close(&b);
}

/* Two purposes never have the same associated data. */
static void
purposes_differ(void)
{
	static const uint8_t hash[HASH_LEN] = {5};
	struct buf ad[7] = {{0}};

	seal_ad_inquiry(&ad[0], "a", "b", id);
	seal_ad_permit(&ad[1], "a", "b", id, hash);
	seal_ad_resident(&ad[2], "a", id);
	seal_ad_issue(&ad[3], "a", id);
	seal_ad_record(&ad[4], id, 1);
	seal_ad_change(&ad[5], true, id);
	seal_ad_change(&ad[6], false, id);
	for (int i = 0; i < 7; i++)
		for (int j = 0; j < i; j++)
			CU_ASSERT_FALSE(
			    span_equal(buf_span(&ad[i]), buf_span(&ad[j])));
	for (int i = 0; i < 7; i++)
		buf_free(&ad[i]);
}

static const struct suite_case cases[] = {
    {"opens at the other end, both ways", there_and_back},
    {"has exactly the bytes the protocol says", byte_form},
    {"never seals the same code the same way", never_the_same},
    {"refuses another party, direction, exchange and byte",
	bound_to_its_purpose},
    {"refuses codes sealed with other keys", other_keys},
    {"refuses other lengths and suites", lengths_and_suites},
    {"seals resident codes, and only digits", resident_codes},
    {"stops at the cap of one key", count_is_capped},
    {"keeps channels apart and refuses bad points", ring_keeps_apart},
    {"gives every purpose its own associated data", purposes_differ},
};
SUITE("seal", cases)

/* lib/payloadseal.h: only the inquirer can read the answer. */
#include <stdlib.h>
#include <string.h>

#include "lib/payloadseal.h"
#include "lib/sha256.h"
#include "tests/unit/suite.h"

static const uint8_t leaf[HASH_LEN] = {1, 2, 3};
static const struct payload_binding binding = {"141003", "nenkin", leaf};

/* A provider and an inquirer. */
struct pair {
	struct dhkey *own;
	struct payload_sealer *sealer;
	struct payload_opener *opener;
};

static void
pair_open(struct pair *p)
{
	SUITE_ERR(dhkey_generate(&p->own), ERR_NONE);
	p->sealer = payload_sealer_new();
	p->opener = payload_opener_new(p->own);
}

static void
pair_close(struct pair *p)
{
	payload_opener_free(p->opener);
	payload_sealer_free(p->sealer);
	dhkey_free(p->own);
}

static void
seal_text(struct pair *p, struct span text, uint64_t now_ms,
    struct payload_sealed *s, struct buf *ct)
{
	buf_reset(ct);
	SUITE_ERR(payload_seal(p->sealer, &binding, dhkey_point(p->own), text,
		      now_ms, s, ct),
	    ERR_NONE);
}

static void
round_trip(void)
{
	static const size_t sizes[] = {
	    0, 1, 2044, 2045, 10000, PAYLOAD_BUCKET_MAX - 4};
	static const size_t buckets[] = {
	    2048, 2048, 2048, 4096, 16384, PAYLOAD_BUCKET_MAX};
	uint8_t *text = xcalloc(PAYLOAD_BUCKET_MAX, 1), hash[HASH_LEN];
	struct payload_sealed s;
	struct buf ct = {0}, out = {0};
	struct pair p;

	pair_open(&p);
	memset(text, 'x', PAYLOAD_BUCKET_MAX);
	for (int i = 0; i < 6; i++) {
		seal_text(&p, span_of(text, sizes[i]), 0, &s, &ct);
		CU_ASSERT_EQUAL(ct.n, buckets[i] + 16);
		CU_ASSERT_EQUAL(ct.n, payload_sealed_size(sizes[i]));
		sha256(buf_span(&ct), hash);
		SUITE_BYTES(s.hash, hash, HASH_LEN);
		buf_reset(&out);
		SUITE_ERR(
		    payload_open(p.opener, &binding, &s, buf_span(&ct), &out),
		    ERR_NONE);
		CU_ASSERT(span_equal(buf_span(&out), span_of(text, sizes[i])));
	}
	SUITE_ERR(payload_seal(p.sealer, &binding, dhkey_point(p.own),
		      span_of(text, PAYLOAD_BUCKET_MAX - 3), 0, &s, &ct),
	    ERR_TOO_LONG);
	CU_ASSERT_EQUAL(payload_sealed_size(PAYLOAD_BUCKET_MAX - 3), 0);
	free(text);
	buf_free(&ct);
	buf_free(&out);
	pair_close(&p);
}

/* Ten minutes or 2^16 answers, and no two answers alike. */
static void
encapsulation_renewed(void)
{
	struct payload_sealed first, s;
	struct buf ct = {0};
	struct pair p;

	pair_open(&p);
	seal_text(&p, span_str("a"), 1000, &first, &ct);
	seal_text(&p, span_str("a"), 600999, &s, &ct);
	SUITE_BYTES(s.enc, first.enc, POINT_LEN);
	CU_ASSERT_NOT_EQUAL(memcmp(s.salt, first.salt, 16), 0);
	CU_ASSERT_NOT_EQUAL(memcmp(s.hash, first.hash, HASH_LEN), 0);
	seal_text(&p, span_str("a"), 601001, &s, &ct);
	CU_ASSERT_NOT_EQUAL(memcmp(s.enc, first.enc, POINT_LEN), 0);
	first = s;
	for (int i = 1; i < 1 << 16; i++)
		seal_text(&p, span_str("a"), 601001, &s, &ct);
	SUITE_BYTES(s.enc, first.enc, POINT_LEN);
	seal_text(&p, span_str("a"), 601001, &s, &ct);
	CU_ASSERT_NOT_EQUAL(memcmp(s.enc, first.enc, POINT_LEN), 0);
	buf_free(&ct);
	pair_close(&p);
}

static void
bound_to_its_exchange(void)
{
	static const uint8_t other_leaf[HASH_LEN] = {9};
	struct payload_binding b;
	struct payload_sealed s, t;
	struct buf ct = {0}, out = {0};
	struct pair p;

	pair_open(&p);
	seal_text(&p, span_str("answer"), 0, &s, &ct);
	b = binding;
	b.permit_leaf = other_leaf;
	SUITE_ERR(
	    payload_open(p.opener, &b, &s, buf_span(&ct), &out), ERR_SEAL);
	b = binding;
	b.provider = "141004";
	SUITE_ERR(
	    payload_open(p.opener, &b, &s, buf_span(&ct), &out), ERR_SEAL);
	b = binding;
	b.inquirer = "kyokai";
	SUITE_ERR(
	    payload_open(p.opener, &b, &s, buf_span(&ct), &out), ERR_SEAL);
	t = s;
	t.salt[0] ^= 1;
	SUITE_ERR(payload_open(p.opener, &binding, &t, buf_span(&ct), &out),
	    ERR_SEAL);
	t = s;
	t.enc[64] ^= 1;
	SUITE_ERR(
	    payload_open(p.opener, &binding, &t, buf_span(&ct), &out), ERR_KEY);
	t = s;
	t.key_id[0] ^= 1;
	SUITE_ERR(
	    payload_open(p.opener, &binding, &t, buf_span(&ct), &out), ERR_KEY);
	ct.p[100] ^= 1;
	SUITE_ERR(payload_open(p.opener, &binding, &s, buf_span(&ct), &out),
	    ERR_SEAL);
	CU_ASSERT_EQUAL(out.n, 0);
	buf_free(&ct);
	buf_free(&out);
	pair_close(&p);
}

static void
other_inquirer(void)
{
	struct payload_sealed s;
	struct buf ct = {0}, out = {0};
	struct pair p, q;

	pair_open(&p);
	pair_open(&q);
	seal_text(&p, span_str("answer"), 0, &s, &ct);
	SUITE_ERR(
	    payload_open(q.opener, &binding, &s, buf_span(&ct), &out), ERR_KEY);
	memcpy(s.key_id, dhkey_id(q.own), KEY_ID_LEN);
	SUITE_ERR(payload_open(q.opener, &binding, &s, buf_span(&ct), &out),
	    ERR_SEAL);
	buf_free(&ct);
	buf_free(&out);
	pair_close(&p);
	pair_close(&q);
}

static void
odd_lengths(void)
{
	static const size_t lengths[] = {0, 15, 16, 2048, 2063};
	struct payload_sealed s;
	struct buf ct = {0}, out = {0};
	struct pair p;

	pair_open(&p);
	seal_text(&p, span_str("answer"), 0, &s, &ct);
	for (int i = 0; i < 5; i++)
		SUITE_ERR(payload_open(p.opener, &binding, &s,
			      span_of(ct.p, lengths[i]), &out),
		    ERR_MALFORMED);
	buf_free(&ct);
	buf_free(&out);
	pair_close(&p);
}

static const struct suite_case cases[] = {
    {"opens what was sealed, in buckets that double", round_trip},
    {"encapsulates anew after ten minutes or 65,536 answers",
	encapsulation_renewed},
    {"refuses another permit, party, salt, key and text",
	bound_to_its_exchange},
    {"refuses to open another inquirer's answer", other_inquirer},
    {"refuses lengths that are no bucket", odd_lengths},
};
SUITE("payloadseal", cases)

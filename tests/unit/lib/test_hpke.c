/* lib/hpke.h: RFC 9180, base mode, P-256 and AES-256-GCM. */
#include <stdlib.h>
#include <string.h>

#include "lib/hex.h"
#include "lib/hkdf.h"
#include "lib/hpke.h"
#include "tests/unit/suite.h"

/* Numbers from RFC 9180's test vectors: mode 0, KEM 16, KDF 1, AEAD 2. */
static const char info_hex[] = "4f6465206f6e2061204772656369616e2055726e";
static const char ikm_r[] =
    "a0ce15d49e28bd47a18a97e147582d814b08cbe00109fed5ec27d1b4e9f6f5e3";
static const char ikm_e[] =
    "a90d3417c3da9cb6c6ae19b4b5dd6cc9529a4cc24efb7ae0ace1f31887a8cd6c";
static const char sk_r[] =
    "317f915db7bc629c48fe765587897e01e282d3e8445f79f27f65d031a88082b2";
static const char pk_r[] =
    "04abc7e49a4c6b3566d77d0304addc6ed0e98512ffccf505e6a8e3eb25c685136f"
    "853148544876de76c0f2ef99cdc3a05ccf5ded7860c7c021238f9e2073d2356c";
static const char enc_hex[] =
    "04c06b4f6bebc7bb495cb797ab753f911aff80aefb86fd8b6fcc35525f3ab5f03e"
    "0b21bd31a86c6048af3cb2d98e0d3bf01da5cc4c39ff5370d331a4f1f7d5a4e0";
static const char pt_hex[] =
    "4265617574792069732074727574682c20747275746820626561757479";
static const struct {
	const char *aad, *ct;
} encryptions[] = {
    {"436f756e742d30",
	"58c61a45059d0c5704560e9d88b564a8b63f1364b8d1fcb3c4c6ddc1d29174246"
	"5e902cd216f8908da49f8f96f"},
    {"436f756e742d31",
	"b4e7c90d1dd62cb563694956eb517ab55d5e7d1f6366a0066c04ababaa444dbaf"
	"60a30d7bb7d3e91b969762dee"},
};
static const struct {
	const char *context, *value;
} exports[] = {
    {"", "7a4c2b89e1909fb0e3ca42d5040f4c2d8346dc0643d787b8474e804f8f72798e"},
    {"00", "3ca0e7e10b601a32edd2f91c49bac766892c52bde2df01a6126320c6e6eb8af1"},
    {"54657374436f6e74657874",
	"76c6b4f404990ae362be3efe0d60d9669d87017f9dfe33b8c2ed9fd31d295182"},
};

static struct span
unhex(const char *s, uint8_t *out)
{
	CU_ASSERT_FATAL(
	    hex_decode(span_str(s), out, strlen(s) / 2) == ERR_NONE);
	return span_of(out, strlen(s) / 2);
}

/* Both ends of the RFC's example. */
struct ends {
	struct dhkey *recipient;
	struct hpke *s, *r;
	uint8_t enc[POINT_LEN];
};

static void
ends_open(struct ends *x)
{
	uint8_t ikm[32], info[32];
	struct dhkey *ephemeral;
	struct span i = unhex(info_hex, info);

	SUITE_ERR(hpke_derive_key(unhex(ikm_r, ikm), &x->recipient), ERR_NONE);
	SUITE_ERR(hpke_derive_key(unhex(ikm_e, ikm), &ephemeral), ERR_NONE);
	SUITE_ERR(hpke_encap_with(
		      ephemeral, dhkey_point(x->recipient), i, x->enc, &x->s),
	    ERR_NONE);
	SUITE_ERR(hpke_decap(x->recipient, x->enc, i, &x->r), ERR_NONE);
	dhkey_free(ephemeral);
}

static void
ends_close(struct ends *x)
{
	dhkey_free(x->recipient);
	hpke_free(x->s);
	hpke_free(x->r);
}

static void
derived_keys(void)
{
	uint8_t scalar[32], want[POINT_LEN];
	struct dhkey *k;
	struct ends x;

	ends_open(&x);
	unhex(pk_r, want);
	SUITE_BYTES(dhkey_point(x.recipient), want, POINT_LEN);
	unhex(enc_hex, want);
	SUITE_BYTES(x.enc, want, POINT_LEN);
	SUITE_ERR(dhkey_from_scalar(unhex(sk_r, scalar), &k), ERR_NONE);
	SUITE_BYTES(dhkey_point(k), dhkey_point(x.recipient), POINT_LEN);
	dhkey_free(k);
	ends_close(&x);
}

static void
known_encryptions(void)
{
	uint8_t p[64], a[16], c[64];
	struct span pt = unhex(pt_hex, p);
	struct buf out = {0};
	struct ends x;

	ends_open(&x);
	for (int i = 0; i < 2; i++) {
		struct span aad = unhex(encryptions[i].aad, a);
		struct span ct = unhex(encryptions[i].ct, c);

		buf_reset(&out);
		SUITE_ERR(hpke_seal(x.s, aad, pt, &out), ERR_NONE);
		CU_ASSERT(span_equal(buf_span(&out), ct));
		buf_reset(&out);
		SUITE_ERR(hpke_open(x.r, aad, ct, &out), ERR_NONE);
		CU_ASSERT(span_equal(buf_span(&out), pt));
	}
	buf_free(&out);
	ends_close(&x);
}

static void
known_exports(void)
{
	uint8_t c[16], want[32], got[32];
	struct ends x;

	ends_open(&x);
	for (int i = 0; i < 3; i++) {
		struct span context = unhex(exports[i].context, c);

		unhex(exports[i].value, want);
		hpke_export(x.s, context, got, sizeof(got));
		SUITE_BYTES(got, want, sizeof(want));
		hpke_export(x.r, context, got, sizeof(got));
		SUITE_BYTES(got, want, sizeof(want));
	}
	ends_close(&x);
}

/* A failed Open does not move the sequence: the next message still opens. */
static void
refused_then_opened(void)
{
	struct span aad = span_str("aad"), pt = span_str("text");
	struct buf ct = {0}, out = {0};
	struct ends x;

	ends_open(&x);
	SUITE_ERR(hpke_seal(x.s, aad, pt, &ct), ERR_NONE);
	ct.p[0] ^= 1;
	SUITE_ERR(hpke_open(x.r, aad, buf_span(&ct), &out), ERR_SEAL);
	ct.p[0] ^= 1;
	SUITE_ERR(
	    hpke_open(x.r, span_str("AAD"), buf_span(&ct), &out), ERR_SEAL);
	SUITE_ERR(hpke_open(x.r, aad, span_of(ct.p, 15), &out), ERR_SEAL);
	CU_ASSERT_EQUAL(out.n, 0);
	SUITE_ERR(hpke_open(x.r, aad, buf_span(&ct), &out), ERR_NONE);
	SUITE_ERR(hpke_open(x.r, aad, buf_span(&ct), &out), ERR_SEAL);
	buf_free(&ct);
	buf_free(&out);
	ends_close(&x);
}

static void
bad_points(void)
{
	uint8_t enc[POINT_LEN], zero[POINT_LEN] = {0};
	struct span info = span_str("info");
	struct hpke *h;
	struct ends x;

	ends_open(&x);
	memcpy(enc, x.enc, POINT_LEN);
	enc[64] ^= 1;
	SUITE_ERR(hpke_decap(x.recipient, enc, info, &h), ERR_KEY);
	CU_ASSERT_PTR_NULL(h);
	SUITE_ERR(hpke_decap(x.recipient, zero, info, &h), ERR_KEY);
	enc[64] ^= 1;
	enc[0] = 0x02;
	SUITE_ERR(hpke_decap(x.recipient, enc, info, &h), ERR_KEY);
	SUITE_ERR(hpke_encap(zero, info, enc, &h), ERR_KEY);
	zero[0] = 0x04;
	SUITE_ERR(hpke_encap(zero, info, enc, &h), ERR_KEY);
	CU_ASSERT_PTR_NULL(h);
	ends_close(&x);
}

static void
bad_scalars(void)
{
	static const char order[] = "ffffffff00000000ffffffffffffffff"
				    "bce6faada7179e84f3b9cac2fc632551";
	uint8_t bytes[32] = {0};
	struct dhkey *k;

	SUITE_ERR(dhkey_from_scalar(SPAN(bytes), &k), ERR_KEY);
	SUITE_ERR(dhkey_from_scalar(unhex(order, bytes), &k), ERR_KEY);
	SUITE_ERR(dhkey_from_scalar(span_of(bytes, 31), &k), ERR_KEY);
	bytes[31]--;
	SUITE_ERR(dhkey_from_scalar(SPAN(bytes), &k), ERR_NONE);
	dhkey_free(k);
}

static void
fresh_every_time(void)
{
	struct span info = span_str("info");
	uint8_t a[POINT_LEN], b[POINT_LEN];
	struct hpke *s, *t, *r;
	struct buf ct = {0}, out = {0};
	struct ends x;

	ends_open(&x);
	SUITE_ERR(hpke_encap(dhkey_point(x.recipient), info, a, &s), ERR_NONE);
	SUITE_ERR(hpke_encap(dhkey_point(x.recipient), info, b, &t), ERR_NONE);
	CU_ASSERT_NOT_EQUAL(memcmp(a, b, POINT_LEN), 0);
	SUITE_ERR(hpke_decap(x.recipient, b, info, &r), ERR_NONE);
	SUITE_ERR(hpke_seal(t, info, info, &ct), ERR_NONE);
	SUITE_ERR(hpke_open(r, info, buf_span(&ct), &out), ERR_NONE);
	hpke_free(r);
	/* the same enc under another info is another key */
	SUITE_ERR(hpke_decap(x.recipient, b, span_str("Info"), &r), ERR_NONE);
	SUITE_ERR(hpke_open(r, info, buf_span(&ct), &out), ERR_SEAL);
	hpke_free(r);
	hpke_free(s);
	hpke_free(t);
	buf_free(&ct);
	buf_free(&out);
	ends_close(&x);
}

/* RFC 5869, test cases 1 (42 bytes) and 3 (empty salt and info). */
static void
hkdf_known(void)
{
	static const char want1[] =
	    "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
	    "34007208d5b887185865";
	static const char want3[] =
	    "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
	    "9d201395faa4b61a96c8";
	uint8_t ikm[22], salt[SHA256_LEN] = {0}, info[10], prk[SHA256_LEN];
	uint8_t out[42], want[42];
	struct span i = SPAN(info), k = SPAN(ikm);

	memset(ikm, 0x0b, sizeof(ikm));
	for (uint8_t b = 0; b < 13; b++)
		salt[b] = b;
	for (uint8_t b = 0; b < 10; b++)
		info[b] = (uint8_t)(0xf0 + b);
	hkdf_extract(salt, &k, 1, prk);
	hkdf_expand(prk, &i, 1, out, sizeof(out));
	unhex(want1, want);
	SUITE_BYTES(out, want, sizeof(out));
	hkdf_extract(NULL, &k, 1, prk);
	hkdf_expand(prk, NULL, 0, out, sizeof(out));
	unhex(want3, want);
	SUITE_BYTES(out, want, sizeof(out));
}

static const struct suite_case cases[] = {
    {"derives the keys of RFC 9180", derived_keys},
    {"encrypts and decrypts as RFC 9180 does", known_encryptions},
    {"exports the secrets of RFC 9180", known_exports},
    {"refuses what was changed and opens what comes next", refused_then_opened},
    {"refuses points that are not on the curve", bad_points},
    {"refuses scalars out of range", bad_scalars},
    {"never encapsulates the same way twice", fresh_every_time},
    {"derives as RFC 5869 does", hkdf_known},
};
SUITE("hpke", cases)

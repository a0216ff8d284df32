/*
 * Run outside test vectors through our own code.
 *
 *	vectors FORMAT FILE
 *
 * hpke: RFC 9180's JSON; merkle: one JSON object, an inclusion or consistency
 * proof; ecdsa, ed25519, siv: Project Wycheproof's JSON. Vectors of suites
 * that renkei does not speak are skipped and counted. Exit status 0: every
 * verdict was right and at least one vector was run; 1: a wrong verdict (the
 * first ends the run), or none was run; 2: usage, or a file that is not of
 * the format.
 */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "lib/b64.h"
#include "lib/hex.h"
#include "lib/hpke.h"
#include "lib/merkle.h"
#include "lib/sha256.h"
#include "lib/signkey.h"
#include "lib/siv.h"

static unsigned n_run, n_skipped;

static _Noreturn void __attribute__((format(printf, 2, 3)))
stop(int status, const char *fmt, ...)
{
	va_list ap;

	fputs("vectors: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(status);
}

static _Noreturn void
not_of_format(const char *what)
{
	stop(2, "not of this format: %s", what);
}

/* ---- reading JSON ---------------------------------------------------------
 */

static json_t *
member(const json_t *object, const char *key)
{
	json_t *v = json_object_get(object, key);

	if (v == NULL)
		not_of_format(key);
	return v;
}

static const char *
text_member(const json_t *object, const char *key)
{
	const char *s = json_string_value(member(object, key));

	if (s == NULL)
		not_of_format(key);
	return s;
}

/* A text member, or "" where there is none. */
static const char *
text_or_none(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s != NULL ? s : "";
}

static json_int_t
int_member(const json_t *object, const char *key)
{
	json_t *v = member(object, key);

	if (!json_is_integer(v))
		not_of_format(key);
	return json_integer_value(v);
}

/* Bytes written in hexadecimal. The caller frees. */
static struct buf
hex_member(const json_t *object, const char *key)
{
	const char *s = text_member(object, key);
	size_t n = strlen(s) / 2;
	struct buf b = {0};

	if (hex_decode(span_str(s), buf_grow(&b, n), n) != ERR_NONE)
		not_of_format(key);
	return b;
}

/* ---- verdicts of Wycheproof -----------------------------------------------
 */

/* "acceptable" leaves the verdict to us. */
static void
judge(const json_t *test, bool accepted)
{
	const char *want = text_member(test, "result");

	n_run++;
	if ((strcmp(want, "valid") == 0 && !accepted) ||
	    (strcmp(want, "invalid") == 0 && accepted))
		stop(1, "tcId %" JSON_INTEGER_FORMAT " (%s): %s, and we %s",
		    int_member(test, "tcId"), text_or_none(test, "comment"),
		    want, accepted ? "accept" : "refuse");
}

/* Each test of a group in turn. */
typedef void run_test(const json_t *group, const json_t *test, const void *ctx);

static void
each_test(const json_t *group, run_test *run, const void *ctx)
{
	json_t *tests = member(group, "tests"), *test;
	size_t i;

	json_array_foreach(tests, i, test)
	{
		if (run == NULL)
			n_skipped++;
		else
			run(group, test, ctx);
	}
}

/* The public key of a group: "publicKey" now, "key" in older files. */
static const json_t *
group_key(const json_t *group)
{
	json_t *k = json_object_get(group, "publicKey");

	return k != NULL ? k : member(group, "key");
}

static struct verifykey *
key_member(const json_t *group, enum sign_algorithm a, const char *name)
{
	struct buf raw = hex_member(group_key(group), name);
	struct verifykey *k;

	/* a key we do not take verifies nothing: NULL refuses everything */
	verifykey_parse(a, buf_span(&raw), &k);
	buf_free(&raw);
	return k;
}

/* ---- ecdsa and ed25519 ----------------------------------------------------
 */

typedef enum err check_signature(
    const struct verifykey *k, struct span message, struct span signature);

struct signature_run {
	struct verifykey *key;
	check_signature *check;
};

static void
signature_test(const json_t *group, const json_t *test, const void *ctx)
{
	const struct signature_run *run = ctx;
	struct buf message = hex_member(test, "msg");
	struct buf signature = hex_member(test, "sig");

	judge(test, run->key != NULL && run->check(run->key, buf_span(&message),
					    buf_span(&signature)) == ERR_NONE);
	buf_free(&message);
	buf_free(&signature);
}

static void
ecdsa_group(const json_t *group)
{
	const char *type = text_member(group, "type");
	bool p1363 = strncmp(type, "EcdsaP1363", 10) == 0;
	struct signature_run run = {
	    .check = p1363 ? verifykey_check : verifykey_check_der};
	const char *curve = text_or_none(group_key(group), "curve");

	if (strcmp(text_or_none(group, "sha"), "SHA-256") != 0 ||
	    strcmp(curve, "secp256r1") != 0) {
		each_test(group, NULL, NULL);
		return;
	}
	run.key = key_member(group, SIGN_ES256, "uncompressed");
	each_test(group, signature_test, &run);
	verifykey_free(run.key);
}

static void
ed25519_group(const json_t *group)
{
	const char *curve = text_or_none(group_key(group), "curve");
	struct signature_run run = {.check = verifykey_check};

	if (strcmp(curve, "edwards25519") != 0) {
		each_test(group, NULL, NULL);
		return;
	}
	run.key = key_member(group, SIGN_ED25519, "pk");
	each_test(group, signature_test, &run);
	verifykey_free(run.key);
}

/* ---- siv ------------------------------------------------------------------
 */

/* V || C: the file's "ct" is both, or "tag" is V. */
static struct buf
siv_sealed(const json_t *test)
{
	struct buf c = hex_member(test, "ct"), v;

	if (json_object_get(test, "tag") == NULL)
		return c;
	v = hex_member(test, "tag");
	buf_add(&v, c.p, c.n);
	buf_free(&c);
	return v;
}

static bool
siv_agrees(struct siv *s, const struct span *ad, size_t n, struct span pt,
    struct span sealed)
{
	struct buf out = {0};
	bool same;

	if (sealed.n != pt.n + SIV_TAG_LEN)
		return false;
	/* one byte more: an empty text still needs a place */
	if (siv_open_strings(s, ad, n, sealed, buf_grow(&out, pt.n + 1)) !=
	    ERR_NONE) {
		buf_free(&out);
		return false;
	}
	same = span_equal(span_of(out.p, pt.n), pt);
	buf_reset(&out);
	siv_seal_strings(s, ad, n, pt, buf_grow(&out, sealed.n));
	same = same && span_equal(buf_span(&out), sealed);
	buf_free(&out);
	return same;
}

static void
siv_test(const json_t *group, const json_t *test, const void *ctx)
{
	struct buf key = hex_member(test, "key"), nonce = {0};
	struct buf aad = hex_member(test, "aad");
	struct buf msg = hex_member(test, "msg");
	struct buf sealed = siv_sealed(test);
	struct span ad[2] = {buf_span(&aad)};
	size_t n = 1;
	struct siv *s;

	if (json_object_get(test, "iv") != NULL) {
		nonce = hex_member(test, "iv");
		ad[n++] = buf_span(&nonce);
	}
	if (key.n == SIV_KEY_LEN) {
		s = siv_new(key.p);
		judge(test,
		    siv_agrees(s, ad, n, buf_span(&msg), buf_span(&sealed)));
		siv_free(s);
	} else {
		n_skipped++;
	}
	buf_free(&key);
	buf_free(&nonce);
	buf_free(&aad);
	buf_free(&msg);
	buf_free(&sealed);
}

static void
siv_group(const json_t *group)
{
	each_test(group, siv_test, NULL);
}

/* ---- hpke -----------------------------------------------------------------
 */

static bool
hpke_is_ours(const json_t *vector)
{
	return int_member(vector, "mode") == 0 &&
	       int_member(vector, "kem_id") == HPKE_KEM &&
	       int_member(vector, "kdf_id") == HPKE_KDF &&
	       int_member(vector, "aead_id") == HPKE_AEAD;
}

/* One vector: both ends, made from its keys. */
struct hpke_run {
	struct hpke *sender, *recipient;
};

static _Noreturn void
hpke_wrong(const char *what)
{
	stop(1, "vector %u: %s differs", n_run + n_skipped, what);
}

static void
hpke_want(struct span got, const json_t *object, const char *key)
{
	struct buf want = hex_member(object, key);

	if (!span_equal(got, buf_span(&want)))
		hpke_wrong(key);
	buf_free(&want);
}

static struct dhkey *
hpke_key(const json_t *vector, const char *ikm, const char *scalar,
    const char *point)
{
	struct buf seed = hex_member(vector, ikm);
	struct buf secret = hex_member(vector, scalar);
	struct dhkey *derived, *k;

	if (hpke_derive_key(buf_span(&seed), &derived) != ERR_NONE ||
	    dhkey_from_scalar(buf_span(&secret), &k) != ERR_NONE)
		hpke_wrong(scalar);
	hpke_want(span_of(dhkey_point(derived), POINT_LEN), vector, point);
	hpke_want(span_of(dhkey_point(k), POINT_LEN), vector, point);
	dhkey_free(derived);
	buf_free(&seed);
	buf_wipe_free(&secret);
	return k;
}

static struct hpke_run
hpke_setup(const json_t *vector)
{
	struct dhkey *own = hpke_key(vector, "ikmR", "skRm", "pkRm");
	struct dhkey *ephemeral = hpke_key(vector, "ikmE", "skEm", "pkEm");
	struct buf info = hex_member(vector, "info");
	uint8_t enc[POINT_LEN];
	struct hpke_run run;

	if (hpke_encap_with(ephemeral, dhkey_point(own), buf_span(&info), enc,
		&run.sender) != ERR_NONE ||
	    hpke_decap(own, enc, buf_span(&info), &run.recipient) != ERR_NONE)
		hpke_wrong("the set-up");
	hpke_want(SPAN(enc), vector, "enc");
	dhkey_free(own);
	dhkey_free(ephemeral);
	buf_free(&info);
	return run;
}

static void
hpke_encryption(struct hpke_run *run, const json_t *e)
{
	struct buf aad = hex_member(e, "aad"), pt = hex_member(e, "pt");
	struct buf ct = hex_member(e, "ct"), out = {0};

	if (hpke_seal(run->sender, buf_span(&aad), buf_span(&pt), &out) !=
	    ERR_NONE)
		hpke_wrong("ct");
	hpke_want(buf_span(&out), e, "ct");
	buf_reset(&out);
	if (hpke_open(run->recipient, buf_span(&aad), buf_span(&ct), &out) !=
		ERR_NONE ||
	    !span_equal(buf_span(&out), buf_span(&pt)))
		hpke_wrong("pt");
	buf_free(&aad);
	buf_free(&pt);
	buf_free(&ct);
	buf_free(&out);
}

static void
hpke_exports(const struct hpke_run *run, const json_t *e)
{
	struct buf context = hex_member(e, "exporter_context"), out = {0};
	json_int_t n = int_member(e, "L");

	if (n < 0 || n > 255 * 32)
		not_of_format("L");
	buf_grow(&out, (size_t)n);
	hpke_export(run->sender, buf_span(&context), out.p, out.n);
	hpke_want(buf_span(&out), e, "exported_value");
	memset(out.p, 0, out.n);
	hpke_export(run->recipient, buf_span(&context), out.p, out.n);
	hpke_want(buf_span(&out), e, "exported_value");
	buf_free(&context);
	buf_free(&out);
}

static void
run_hpke(const json_t *root)
{
	json_t *vector, *e;
	size_t i, j;

	if (!json_is_array(root))
		not_of_format("an array of vectors");
	json_array_foreach(root, i, vector)
	{
		struct hpke_run run;

		if (!hpke_is_ours(vector)) {
			n_skipped++;
			continue;
		}
		run = hpke_setup(vector);
		json_array_foreach(member(vector, "encryptions"), j, e)
		    hpke_encryption(&run, e);
		json_array_foreach(member(vector, "exports"), j, e)
		    hpke_exports(&run, e);
		hpke_free(run.sender);
		hpke_free(run.recipient);
		n_run++;
	}
}

/* ---- merkle ---------------------------------------------------------------
 */

/*
 * Whole numbers arrive as doubles (they reach 2^64 - 1, past what jansson's
 * integers hold): exact up to 2^53, and 2^64 stands for the largest.
 */
static uint64_t
u64_member(const json_t *object, const char *key)
{
	json_t *v = member(object, key);
	double d = json_real_value(v);

	if (!json_is_real(v) || d < 0 || d != floor(d) || d > 0x1p64 ||
	    (d > 0x1p53 && d < 0x1p64))
		not_of_format(key);
	return d < 0x1p64 ? (uint64_t)d : UINT64_MAX;
}

/* false where the text is no hash: such a proof is refused before we see it */
static bool
hash_of(const json_t *text, uint8_t out[static MERKLE_LEN])
{
	const char *s = json_string_value(text);

	return s != NULL &&
	       b64_decode_fixed(span_str(s), out, MERKLE_LEN) == ERR_NONE;
}

struct merkle_proof {
	uint8_t (*hash)[MERKLE_LEN];
	size_t n;
};

static bool
proof_of(const json_t *object, struct merkle_proof *p)
{
	json_t *list = member(object, "proof");
	bool ok = true;

	p->n = json_array_size(list);
	p->hash = xcalloc(p->n, MERKLE_LEN);
	for (size_t i = 0; i < p->n; i++)
		ok = hash_of(json_array_get(list, i), p->hash[i]) && ok;
	return ok;
}

/*
 * A root may be any text ("equal roots of equal sizes"): one that is no hash
 * stands for its own hash, which keeps equal equal and different different.
 */
static void
root_of(const json_t *v, const char *key, uint8_t out[static MERKLE_LEN])
{
	const char *s = text_member(v, key);

	if (b64_decode_fixed(span_str(s), out, MERKLE_LEN) != ERR_NONE)
		sha256(span_str(s), out);
}

static bool
inclusion_holds(const json_t *v, const struct merkle_proof *p)
{
	uint8_t root[MERKLE_LEN], leaf[MERKLE_LEN];

	root_of(v, "root", root);
	return hash_of(member(v, "leafHash"), leaf) &&
	       merkle_inclusion_check(u64_member(v, "leafIdx"),
		   u64_member(v, "treeSize"), leaf,
		   (const uint8_t(*)[MERKLE_LEN])p->hash, p->n,
		   root) == ERR_NONE;
}

static bool
consistency_holds(const json_t *v, const struct merkle_proof *p)
{
	uint8_t root1[MERKLE_LEN], root2[MERKLE_LEN];

	root_of(v, "root1", root1);
	root_of(v, "root2", root2);
	return merkle_consistency_check(u64_member(v, "size1"),
		   u64_member(v, "size2"), root1, root2,
		   (const uint8_t(*)[MERKLE_LEN])p->hash, p->n) == ERR_NONE;
}

static void
run_merkle(const json_t *root)
{
	json_t *want = member(root, "wantErr");
	struct merkle_proof p;
	bool holds = proof_of(root, &p);

	if (!json_is_boolean(want))
		not_of_format("wantErr");
	if (json_object_get(root, "treeSize") != NULL)
		holds = holds && inclusion_holds(root, &p);
	else
		holds = holds && consistency_holds(root, &p);
	free(p.hash);
	if (holds == json_is_true(want))
		stop(1, "%s: wantErr is %s, and we %s",
		    text_or_none(root, "desc"),
		    json_is_true(want) ? "true" : "false",
		    holds ? "accept" : "refuse");
	n_run++;
}

/* ---- formats --------------------------------------------------------------
 */

static void
each_group(const json_t *root, void (*run)(const json_t *))
{
	json_t *groups = member(root, "testGroups"), *group;
	size_t i;

	json_array_foreach(groups, i, group) run(group);
}

static void
run_ecdsa(const json_t *root)
{
	each_group(root, ecdsa_group);
}

static void
run_ed25519(const json_t *root)
{
	each_group(root, ed25519_group);
}

static void
run_siv(const json_t *root)
{
	each_group(root, siv_group);
}

static const struct {
	const char *name;
	void (*run)(const json_t *);
	size_t flags; /* of jansson */
} formats[] = {
    {"hpke", run_hpke, 0},
    {"merkle", run_merkle, JSON_DECODE_INT_AS_REAL},
    {"ecdsa", run_ecdsa, 0},
    {"ed25519", run_ed25519, 0},
    {"siv", run_siv, 0},
};

static int
run_file(size_t format, const char *path)
{
	json_error_t error;
	json_t *root = json_load_file(
	    path, JSON_REJECT_DUPLICATES | formats[format].flags, &error);

	if (root == NULL)
		stop(2, "%s:%d: %s", path, error.line, error.text);
	formats[format].run(root);
	json_decref(root);
	printf(
	    "%s: %u run, %u skipped\n", formats[format].name, n_run, n_skipped);
	if (n_run == 0)
		stop(1, "%s: nothing in it could be run", path);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc == 3)
		for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]);
		     i++)
			if (strcmp(formats[i].name, argv[1]) == 0)
				return run_file(i, argv[2]);
	fputs("usage: vectors hpke|merkle|ecdsa|ed25519|siv FILE\n", stderr);
	return 2;
}

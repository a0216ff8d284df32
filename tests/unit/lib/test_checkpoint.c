#include "lib/checkpoint.h"
#include "lib/tlogproof.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <string.h>

#define ORIGIN "log.example/2026"
#define ROOT "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="

static struct note_signer
signer(const char *name)
{
	struct note_signer s;
	uint8_t seed[32] = {3};

	SUITE_ERR(note_signer_make(name, NOTE_ED25519, seed, &s), ERR_NONE);
	return s;
}

static void
reads(void)
{
	struct checkpoint c;
	struct buf again = {0};
	struct span text =
	    span_str("example.com/behind-the-sofa\n20852163\n" ROOT "\n");

	SUITE_ERR(checkpoint_parse(text, &c), ERR_NONE);
	CU_ASSERT_STRING_EQUAL(c.origin, "example.com/behind-the-sofa");
	CU_ASSERT_EQUAL(c.size, 20852163);
	CU_ASSERT_EQUAL(c.root[0], 0x0a);
	CU_ASSERT_EQUAL(c.n_extensions, 0);
	checkpoint_format(&c, &again);
	CU_ASSERT(span_equal(buf_span(&again), text));
	buf_free(&again);
	SUITE_ERR(checkpoint_parse(span_str("o\n0\n" ROOT "\nmore\nyet\n"), &c),
	    ERR_NONE);
	CU_ASSERT_EQUAL(c.n_extensions, 2);
	CU_ASSERT_EQUAL(c.size, 0);
}

static void
refuses(void)
{
	static const char *const bad[] = {"", "o\n", "o\n1\n", "o\n1\n" ROOT,
	    "\n1\n" ROOT "\n", "o\n\n" ROOT "\n", "o\n01\n" ROOT "\n",
	    "o\n+1\n" ROOT "\n", "o\n-1\n" ROOT "\n", "o\n1 \n" ROOT "\n",
	    "o\n18446744073709551616\n" ROOT "\n", "o\n0x1\n" ROOT "\n",
	    "o\n1\nAAAA\n", "o\n1\n" ROOT "\n\n", "o\n1\n" ROOT "\nx\n\ny\n",
	    "o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n"};
	struct checkpoint c;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		SUITE_ERR(
		    checkpoint_parse(span_str(bad[i]), &c), ERR_MALFORMED);
}

static void
opens_under_its_own_key(void)
{
	struct note_signer s = signer(ORIGIN), other = signer("log.example/1");
	struct checkpoint c = {.origin = ORIGIN, .size = 5}, got;
	struct buf note = {0}, alien = {0};

	SUITE_ERR(checkpoint_sign(&c, &s, &note), ERR_NONE);
	SUITE_ERR(checkpoint_open(buf_span(&note), &s.key, &got), ERR_NONE);
	CU_ASSERT_EQUAL(got.size, 5);
	SUITE_ERR(checkpoint_open(buf_span(&note), &other.key, &got), ERR_KEY);
	/* a good signature of another log's key over this log's text */
	SUITE_ERR(checkpoint_sign(&c, &other, &alien), ERR_NONE);
	SUITE_ERR(checkpoint_open(buf_span(&alien), &other.key, &got), ERR_KEY);
	CU_ASSERT_EQUAL(got.size, 0);
	note.p[sizeof(ORIGIN)] ^= 1;
	SUITE_ERR(
	    checkpoint_open(buf_span(&note), &s.key, &got), ERR_SIGNATURE);
	buf_free(&note);
	buf_free(&alien);
}

/* --- offline proofs --------------------------------------------------------
 */

static uint8_t leaves[7][MERKLE_LEN];

/* A proof of leaf `index` among seven, as a file. */
static void
proof_make(uint64_t index, struct span extra, struct buf *file)
{
	struct note_signer s = signer(ORIGIN);
	struct checkpoint c = {.origin = ORIGIN, .size = 7};
	struct tlogproof p = {.index = index, .extra = extra};
	struct merkle_batch b;
	struct buf note = {0};

	merkle_batch_init(&b, NULL);
	for (uint8_t i = 0; i < 7; i++) {
		merkle_leaf(span_of(&i, 1), leaves[i]);
		merkle_batch_append(&b, leaves[i]);
	}
	SUITE_ERR(merkle_inclusion(
		      merkle_batch_read, &b, index, 7, p.path, &p.n_path),
	    ERR_NONE);
	SUITE_ERR(merkle_root_at(merkle_batch_read, &b, 7, c.root), ERR_NONE);
	SUITE_ERR(checkpoint_sign(&c, &s, &note), ERR_NONE);
	p.checkpoint = buf_span(&note);
	tlogproof_encode(&p, file);
	merkle_batch_fini(&b);
	buf_free(&note);
}

static enum err
proof_check(struct span file, const uint8_t *leaf)
{
	struct note_signer s = signer(ORIGIN);
	struct tlogproof p;
	struct buf store = {0};
	enum err e = tlogproof_decode(file, &store, &p);

	if (e == ERR_NONE)
		e = tlogproof_check(&p, leaf, &s.key, NULL);
	buf_free(&store);
	return e;
}

static void
proves_offline(void)
{
	for (uint64_t i = 0; i < 7; i++) {
		struct buf file = {0};
		struct tlogproof p;
		struct buf store = {0};
		struct span extra =
		    i & 1 ? span_str("something") : span_of(NULL, 0);

		proof_make(i, extra, &file);
		SUITE_ERR(proof_check(buf_span(&file), leaves[i]), ERR_NONE);
		SUITE_ERR(proof_check(buf_span(&file), leaves[(i + 1) % 7]),
		    ERR_PROOF);
		SUITE_ERR(
		    tlogproof_decode(buf_span(&file), &store, &p), ERR_NONE);
		CU_ASSERT(span_equal(p.extra, extra));
		CU_ASSERT_EQUAL(p.index, i);
		buf_free(&store);
		buf_free(&file);
	}
}

static void
refuses_bent_proofs(void)
{
	struct buf file = {0};

	proof_make(5, span_of(NULL, 0), &file);
	for (size_t bit = 0; bit < file.n * 8; bit++) {
		file.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		CU_ASSERT_NOT_EQUAL(
		    proof_check(buf_span(&file), leaves[5]), ERR_NONE);
		file.p[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t n = 0; n < file.n; n++)
		CU_ASSERT_NOT_EQUAL(
		    proof_check(span_of(file.p, n), leaves[5]), ERR_NONE);
	buf_free(&file);
}

static void
bounds_proofs(void)
{
	struct buf file = {0}, store = {0};
	struct tlogproof p;

	buf_printf(&file, "c2sp.org/tlog-proof@v1\nindex 0\n");
	for (int i = 0; i < MERKLE_PATH_MAX + 1; i++)
		buf_printf(&file, ROOT "\n");
	buf_printf(&file, "\n");
	SUITE_ERR(tlogproof_decode(buf_span(&file), &store, &p), ERR_TOO_LONG);
	memset(buf_grow(&file, TLOGPROOF_MAX), 'A', TLOGPROOF_MAX);
	SUITE_ERR(tlogproof_decode(buf_span(&file), &store, &p), ERR_TOO_LONG);
	buf_free(&file);
	buf_free(&store);
}

static const struct suite_case cases[] = {
    {"reads and writes the specification's example", reads},
    {"refuses what is not three or more full lines", refuses},
    {"opens under the key of its own origin and no other",
	opens_under_its_own_key},
    {"proves an entry offline, with or without an extra line", proves_offline},
    {"refuses a proof with any bit flipped, and cut anywhere",
	refuses_bent_proofs},
    {"bounds a proof's lines and bytes", bounds_proofs},
};
SUITE("checkpoint", cases)

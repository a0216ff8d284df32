#include "lib/b64.h"
#include "lib/note.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <string.h>

/* The example of C2SP signed-note. */
static const char example_key[] =
    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
static const char example[] =
    "This is an example message.\n"
    "\n"
    "\xe2\x80\x94 example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXm"
    "RKuwHjG1Yu72IneyaQM=\n";
#define STRANGER "\xe2\x80\x94 stranger.example AAAAAQIDBAUGBwgJ\n"

static struct note_signer
signer(const char *name, enum note_kind kind, uint8_t seed_byte)
{
	struct note_signer s;
	uint8_t seed[32];

	memset(seed, seed_byte, sizeof(seed));
	SUITE_ERR(note_signer_make(name, kind, seed, &s), ERR_NONE);
	return s;
}

static enum err
open_with(struct span bytes, const struct note_key *keys, size_t n,
    uint64_t *verified)
{
	struct note note;

	return note_open(bytes, keys, n, &note, verified);
}

static void
opens_the_example(void)
{
	struct note_key key;
	struct note note;
	uint64_t verified;
	char text[NOTE_KEY_TEXT_MAX];

	SUITE_ERR(note_key_parse(example_key, &key), ERR_NONE);
	CU_ASSERT_EQUAL(key.id, 0x530d903a);
	note_key_format(&key, text);
	CU_ASSERT_STRING_EQUAL(text, example_key);
	SUITE_ERR(
	    note_open(span_str(example), &key, 1, &note, &verified), ERR_NONE);
	CU_ASSERT_EQUAL(verified, 1);
	CU_ASSERT(
	    span_equal(note.text, span_str("This is an example message.\n")));
}

static void
refuses_every_bit(void)
{
	struct note_key key;
	char bent[sizeof(example)];
	uint64_t verified;
	/* of the last character before "=" two bits mean nothing, and the
	   decoder refuses them; every other bit is signed or a signature */
	size_t n = sizeof(example) - 1;

	SUITE_ERR(note_key_parse(example_key, &key), ERR_NONE);
	for (size_t bit = 0; bit < n * 8; bit++) {
		memcpy(bent, example, sizeof(example));
		bent[bit / 8] ^= (char)(1 << bit % 8);
		CU_ASSERT_NOT_EQUAL(
		    open_with(span_of(bent, n), &key, 1, &verified), ERR_NONE);
		CU_ASSERT_EQUAL(verified, 0);
	}
	for (size_t cut = 0; cut < n; cut++)
		CU_ASSERT_NOT_EQUAL(
		    open_with(span_of(example, cut), &key, 1, &verified),
		    ERR_NONE);
}

static void
ignores_strangers(void)
{
	struct note_signer a = signer("a.example", NOTE_ED25519, 1);
	struct note_signer namesake = signer("a.example", NOTE_ED25519, 2);
	struct note_signer b = signer("b.example", NOTE_ED25519, 3);
	struct span text = span_str("text\n");
	struct buf note = {0};
	uint64_t verified;
	struct note_key keys[2] = {b.key, a.key};

	SUITE_ERR(note_sign(&namesake, text, &note), ERR_NONE);
	buf_printf(&note, STRANGER);
	SUITE_ERR(open_with(buf_span(&note), keys, 2, &verified), ERR_KEY);
	SUITE_ERR(note_sign_line(&a, text, 0, &note), ERR_NONE);
	SUITE_ERR(open_with(buf_span(&note), keys, 2, &verified), ERR_NONE);
	CU_ASSERT_EQUAL(verified, 2);
	/* the same line again, then the other key's */
	SUITE_ERR(note_sign_line(&a, text, 0, &note), ERR_NONE);
	SUITE_ERR(note_sign_line(&b, text, 0, &note), ERR_NONE);
	SUITE_ERR(open_with(buf_span(&note), keys, 2, &verified), ERR_NONE);
	CU_ASSERT_EQUAL(verified, 3);
	buf_free(&note);
}

static void
one_forged_line_spoils(void)
{
	struct note_signer a = signer("a.example", NOTE_ED25519, 1);
	struct note_signer b = signer("b.example", NOTE_ED25519, 3);
	struct span text = span_str("text\n");
	struct buf note = {0};
	struct note_key keys[2] = {a.key, b.key};
	uint64_t verified;

	SUITE_ERR(note_sign(&a, text, &note), ERR_NONE);
	SUITE_ERR(note_sign_line(&b, span_str("other\n"), 0, &note), ERR_NONE);
	SUITE_ERR(open_with(buf_span(&note), keys, 1, &verified), ERR_NONE);
	SUITE_ERR(
	    open_with(buf_span(&note), keys, 2, &verified), ERR_SIGNATURE);
	CU_ASSERT_EQUAL(verified, 0);
	/* a good line first does not excuse a second one that is forged */
	SUITE_ERR(note_sign_line(&a, span_str("other\n"), 0, &note), ERR_NONE);
	SUITE_ERR(
	    open_with(buf_span(&note), keys, 1, &verified), ERR_SIGNATURE);
	buf_free(&note);
}

static void
refuses_other_forms(void)
{
	static const char *const bad[] = {"", "\n", "\n\n", "text\n\n",
	    "text\n" STRANGER, "text\n\n" STRANGER "\n",
	    "text\n\n" STRANGER "\xe2\x80\x94 x.example\n",
	    "text\n\n\xe2\x80\x94 x.example AAAA\n",
	    "text\n\n\xe2\x80\x94 x+y AAAAAQIDBAUGBwgJ\n",
	    "text\n\n\xe2\x80\x94  AAAAAQIDBAUGBwgJ\n",
	    "text\n\n\xe2\x80\x94 x\xc2\xa0y AAAAAQIDBAUGBwgJ\n",
	    "text\n\n\xe2\x80\x94 x\xe3\x80\x80y AAAAAQIDBAUGBwgJ\n",
	    "text\n\n- x.example AAAAAQIDBAUGBwgJ\n", "te\txt\n\n" STRANGER,
	    "te\rxt\n\n" STRANGER, "te\xffxt\n\n" STRANGER,
	    "text\n\n\xe2\x80\x94 x AAAAAQIDBA\n",
	    "text\n\n\xe2\x80\x94 x AAAAAQIDBAUGBwgJ \n"};
	struct note note;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		SUITE_ERR(note_parse(span_str(bad[i]), &note), ERR_MALFORMED);
	SUITE_ERR(note_parse(span_str("a\n\nb\n\n" STRANGER), &note), ERR_NONE);
	CU_ASSERT(span_equal(note.text, span_str("a\n\nb\n")));
	CU_ASSERT_EQUAL(note.n_lines, 1);
}

static void
bounds_what_it_reads(void)
{
	struct buf b = {0};
	struct note note;

	buf_printf(&b, "text\n\n");
	for (int i = 0; i < NOTE_LINES_MAX; i++)
		buf_printf(&b, STRANGER);
	SUITE_ERR(note_parse(buf_span(&b), &note), ERR_NONE);
	CU_ASSERT_EQUAL(note.n_lines, NOTE_LINES_MAX);
	buf_printf(&b, STRANGER);
	SUITE_ERR(note_parse(buf_span(&b), &note), ERR_TOO_LONG);
	memset(buf_grow(&b, NOTE_MAX), 'x', NOTE_MAX);
	SUITE_ERR(note_parse(buf_span(&b), &note), ERR_TOO_LONG);
	buf_free(&b);
}

static void
cosigns(void)
{
	struct note_signer log = signer("log.example", NOTE_ED25519, 1);
	struct note_signer w = signer("w.example", NOTE_COSIGNATURE, 2);
	struct note_signer plain = signer("w.example", NOTE_ED25519, 2);
	struct span text = span_str("log.example\n0\nx\n");
	struct note_key keys[2] = {log.key, w.key};
	struct buf note = {0};
	struct note opened;
	uint64_t verified;

	/* one public key, two kinds: two ids */
	CU_ASSERT_NOT_EQUAL(w.key.id, plain.key.id);
	SUITE_ERR(note_sign(&log, text, &note), ERR_NONE);
	SUITE_ERR(note_sign_line(&w, text, 1679315147, &note), ERR_NONE);
	SUITE_ERR(
	    note_open(buf_span(&note), keys, 2, &opened, &verified), ERR_NONE);
	CU_ASSERT_EQUAL(verified, 3);
	CU_ASSERT_EQUAL(note_cosigned(&opened, &w.key), 1679315147);
	CU_ASSERT_EQUAL(note_cosigned(&opened, &plain.key), 0);
	/* another time than the one signed: a bit of the seventh byte */
	struct buf bent = {0};
	buf_add(&bent, note.p, note.n);
	char *line = memmem(bent.p, bent.n, "w.example ", 10);
	CU_ASSERT_PTR_NOT_NULL_FATAL(line);
	line[10 + 15] = line[10 + 15] == 'A' ? 'B' : 'A';
	SUITE_ERR(note_open(buf_span(&bent), keys, 2, &opened, &verified),
	    ERR_SIGNATURE);
	buf_free(&bent);
	buf_free(&note);
}

static void
reads_keys_strictly(void)
{
	static const char *const bad[] = {"", "example.com/foo",
	    "example.com/foo+530d903a", "example.com/foo+530d903a+",
	    "example.com/foo+530d903b+"
	    "AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
	    "example.com/fop+530d903a+"
	    "AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
	    "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
	    "example.com/foo+530d903a+"
	    "A+kyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"};
	struct note_signer s = signer("a.example", NOTE_ED25519, 5), again;
	struct note_key key;
	char text[NOTE_KEY_TEXT_MAX];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		SUITE_ERR(note_key_parse(bad[i], &key), ERR_MALFORMED);
	note_signer_format(&s, text);
	SUITE_ERR(note_signer_parse(text, &again), ERR_NONE);
	SUITE_BYTES(&again, &s, sizeof(s));
	SUITE_ERR(note_key_parse(text, &key), ERR_MALFORMED);
	text[strlen(text) - 2] ^= 1;
	SUITE_ERR(note_signer_parse(text, &again), ERR_MALFORMED);
	SUITE_ERR(note_signer_parse(example_key, &again), ERR_MALFORMED);
}

static void
signs_only_notes(void)
{
	struct note_signer s = signer("a.example", NOTE_ED25519, 5);
	struct buf out = {0};

	SUITE_ERR(note_sign(&s, span_str("no newline"), &out), ERR_MALFORMED);
	SUITE_ERR(note_sign(&s, span_str("a\tb\n"), &out), ERR_MALFORMED);
	SUITE_ERR(note_sign(&s, span_str(""), &out), ERR_MALFORMED);
	CU_ASSERT_EQUAL(out.n, 0);
	buf_free(&out);
}

static const struct suite_case cases[] = {
    {"opens the specification's example", opens_the_example},
    {"refuses it with any bit flipped, and cut anywhere", refuses_every_bit},
    {"ignores lines of unknown keys, namesakes too", ignores_strangers},
    {"refuses a note with one forged line of a known key",
	one_forged_line_spoils},
    {"refuses what has not the form of a note", refuses_other_forms},
    {"bounds lines and bytes", bounds_what_it_reads},
    {"cosigns with a time that is signed, too", cosigns},
    {"reads keys strictly and writes what it reads", reads_keys_strictly},
    {"signs nothing that could not be a note", signs_only_notes},
};
SUITE("note", cases)

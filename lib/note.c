#include "lib/note.h"

#include "lib/b64.h"
#include "lib/hex.h"
#include "lib/sha256.h"
#include "lib/text.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unictype.h>
#include <unistr.h>

#define ID_TEXT_LEN 8
#define BLOB_LEN 33			    /* kind || key */
#define SIGNATURE_MAX 8192		    /* post-quantum ones reach 5 kB */
static const char dash[] = "\xe2\x80\x94 "; /* em dash, space */

/* --- keys ------------------------------------------------------------------
 */

/* Not empty, UTF-8, no Unicode space, no plus, no control character. */
static bool
name_valid(struct span name)
{
	if (name.n == 0 || name.n > NOTE_NAME_MAX)
		return false;
	for (size_t i = 0; i < name.n;) {
		ucs4_t c;
		int n = u8_mbtoucr(&c, name.p + i, name.n - i);

		if (n <= 0 || c < 0x20 || c == '+' ||
		    uc_is_property_white_space(c))
			return false;
		i += (size_t)n;
	}
	return true;
}

static bool
kind_known(unsigned kind)
{
	return kind == NOTE_ED25519 || kind == NOTE_COSIGNATURE;
}

enum err
note_key_make(const char *name, enum note_kind kind,
    const uint8_t public_key[static 32], struct note_key *out)
{
	uint8_t head[2] = {'\n', (uint8_t)kind}, digest[SHA256_LEN];
	struct span runs[] = {
	    span_str(name), SPAN(head), span_of(public_key, 32)};

	memset(out, 0, sizeof(*out));
	if (!name_valid(span_str(name)) || !kind_known(kind))
		return ERR_MALFORMED;
	sha256_all(runs, 3, digest);
	strcpy(out->name, name);
	out->id = (uint32_t)digest[0] << 24 | (uint32_t)digest[1] << 16 |
		  (uint32_t)digest[2] << 8 | digest[3];
	out->kind = (uint8_t)kind;
	memcpy(out->public_key, public_key, 32);
	return ERR_NONE;
}

/* "name+id+base64", the form both kinds of key share. */
struct key_text {
	char name[NOTE_NAME_MAX + 1];
	uint32_t id;
	uint8_t blob[BLOB_LEN];
};

static enum err
key_text_parse(struct span text, struct key_text *out)
{
	const uint8_t *plus = memchr(text.p, '+', text.n);
	size_t name = plus != NULL ? (size_t)(plus - text.p) : 0;
	size_t head = name + 1 + ID_TEXT_LEN;
	uint8_t id[4];

	if (plus == NULL || !name_valid(span_of(text.p, name)) ||
	    text.n < head + 1 || text.p[head] != '+' ||
	    hex_decode(span_of(plus + 1, ID_TEXT_LEN), id, 4) != ERR_NONE)
		return ERR_MALFORMED;
	memcpy(out->name, text.p, name);
	out->name[name] = 0;
	out->id = (uint32_t)id[0] << 24 | (uint32_t)id[1] << 16 |
		  (uint32_t)id[2] << 8 | id[3];
	return b64_decode_fixed(
	    span_of(text.p + head + 1, text.n - head - 1), out->blob, BLOB_LEN);
}

static struct span
key_trim(const char *text)
{
	size_t n = strlen(text);

	while (n > 0 && strchr(" \t\r\n", text[n - 1]) != NULL)
		n--;
	for (; n > 0 && strchr(" \t\r\n", *text) != NULL; n--)
		text++;
	return span_of(text, n);
}

enum err
note_key_parse(const char *text, struct note_key *out)
{
	struct key_text k;
	enum err e = key_text_parse(key_trim(text), &k);

	memset(out, 0, sizeof(*out));
	if (e == ERR_NONE)
		e = note_key_make(k.name, k.blob[0], k.blob + 1, out);
	if (e == ERR_NONE && out->id != k.id)
		e = ERR_MALFORMED;
	if (e != ERR_NONE)
		memset(out, 0, sizeof(*out));
	return e;
}

static void
key_text_format(const char *prefix, const struct note_key *key,
    const uint8_t material[static 32], char text[static NOTE_KEY_TEXT_MAX])
{
	uint8_t blob[BLOB_LEN];
	char b64[sodium_base64_ENCODED_LEN(
	    BLOB_LEN, sodium_base64_VARIANT_ORIGINAL)];
	int n;

	blob[0] = key->kind;
	memcpy(blob + 1, material, 32);
	sodium_bin2base64(b64, sizeof(b64), blob, sizeof(blob),
	    sodium_base64_VARIANT_ORIGINAL);
	n = snprintf(text, NOTE_KEY_TEXT_MAX, "%s%s+%08x+%s", prefix, key->name,
	    key->id, b64);
	assert(n > 0 && n < NOTE_KEY_TEXT_MAX);
	explicit_bzero(blob, sizeof(blob));
	explicit_bzero(b64, sizeof(b64));
}

void
note_key_format(const struct note_key *key, char text[static NOTE_KEY_TEXT_MAX])
{
	key_text_format("", key, key->public_key, text);
}

enum err
note_signer_make(const char *name, enum note_kind kind,
    const uint8_t seed[static 32], struct note_signer *out)
{
	uint8_t public_key[32];

	crypto_sign_seed_keypair(public_key, out->secret, seed);
	return note_key_make(name, kind, public_key, &out->key);
}

static const char private_prefix[] = "PRIVATE+KEY+";

enum err
note_signer_parse(const char *text, struct note_signer *out)
{
	struct span s = key_trim(text);
	size_t prefix = sizeof(private_prefix) - 1;
	struct key_text k;
	enum err e = ERR_MALFORMED;

	memset(out, 0, sizeof(*out));
	if (s.n > prefix && memcmp(s.p, private_prefix, prefix) == 0)
		e = key_text_parse(span_of(s.p + prefix, s.n - prefix), &k);
	if (e == ERR_NONE)
		e = note_signer_make(k.name, k.blob[0], k.blob + 1, out);
	if (e == ERR_NONE && out->key.id != k.id)
		e = ERR_MALFORMED;
	if (e != ERR_NONE)
		note_signer_fini(out);
	explicit_bzero(&k, sizeof(k));
	return e;
}

void
note_signer_format(
    const struct note_signer *s, char text[static NOTE_KEY_TEXT_MAX])
{
	/* libsodium's secret key begins with the seed */
	key_text_format(private_prefix, &s->key, s->secret, text);
}

void
note_signer_fini(struct note_signer *s)
{
	explicit_bzero(s, sizeof(*s));
}

/* --- the form --------------------------------------------------------------
 */

/* One signature line, its base64 decoded into blob. */
struct line {
	struct span name;
	struct buf blob; /* u32 key id || signature */
};

static uint32_t
line_id(const struct line *l)
{
	return (uint32_t)l->blob.p[0] << 24 | (uint32_t)l->blob.p[1] << 16 |
	       (uint32_t)l->blob.p[2] << 8 | l->blob.p[3];
}

/* Take the next line off *rest, which ends in a newline. */
static enum err
line_next(struct span *rest, struct line *out)
{
	size_t prefix = sizeof(dash) - 1;
	const uint8_t *end = memchr(rest->p, '\n', rest->n), *p, *space;

	if (end == NULL || (size_t)(end - rest->p) < prefix ||
	    memcmp(rest->p, dash, prefix) != 0)
		return ERR_MALFORMED;
	p = rest->p + prefix;
	*rest = span_of(end + 1, rest->n - (size_t)(end + 1 - rest->p));
	space = memchr(p, ' ', (size_t)(end - p));
	if (space == NULL || end - space > SIGNATURE_MAX)
		return ERR_MALFORMED;
	out->name = span_of(p, (size_t)(space - p));
	buf_reset(&out->blob);
	if (!name_valid(out->name) ||
	    b64_decode(span_of(space + 1, (size_t)(end - space - 1)),
		&out->blob) != ERR_NONE ||
	    out->blob.n < 5)
		return ERR_MALFORMED;
	return ERR_NONE;
}

/* UTF-8, and no control character but the newline. */
static bool
text_allowed(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 0x20 && s.p[i] != '\n')
			return false;
	return u8_check(s.p, s.n) == NULL;
}

/* "the text is separated from the signatures by the last empty line" */
static size_t
text_length(struct span bytes)
{
	for (size_t i = bytes.n; i >= 2; i--)
		if (bytes.p[i - 1] == '\n' && bytes.p[i - 2] == '\n')
			return i - 1;
	return 0;
}

enum err
note_parse(struct span bytes, struct note *out)
{
	struct line line = {0};
	struct span rest;
	size_t text;
	enum err e = ERR_NONE;

	memset(out, 0, sizeof(*out));
	if (bytes.n > NOTE_MAX)
		return ERR_TOO_LONG;
	text = text_length(bytes);
	if (text == 0 || !text_allowed(bytes) || bytes.n == text + 1)
		return ERR_MALFORMED;
	out->text = span_of(bytes.p, text);
	out->lines = span_of(bytes.p + text + 1, bytes.n - text - 1);
	for (rest = out->lines; e == ERR_NONE && rest.n > 0; out->n_lines++)
		e = out->n_lines < NOTE_LINES_MAX ? line_next(&rest, &line)
						  : ERR_TOO_LONG;
	buf_free(&line.blob);
	if (e != ERR_NONE)
		memset(out, 0, sizeof(*out));
	return e;
}

/* --- signing and verifying -------------------------------------------------
 */

/* What a cosignature signs (C2SP tlog-cosignature). */
static void
cosigned_message(struct span text, uint64_t time, struct buf *out)
{
	buf_printf(
	    out, "cosignature/v1\ntime %llu\n", (unsigned long long)time);
	buf_add(out, text.p, text.n);
}

enum err
note_sign_line(const struct note_signer *s, struct span text, uint64_t time,
    struct buf *out)
{
	struct buf blob = {0}, message = {0};
	uint8_t signature[crypto_sign_BYTES];

	if (text.n == 0 || text.p[text.n - 1] != '\n' || !text_allowed(text))
		return ERR_MALFORMED;
	buf_add_u32(&blob, s->key.id);
	if (s->key.kind == NOTE_COSIGNATURE) {
		buf_add_u64(&blob, time);
		cosigned_message(text, time, &message);
		text = buf_span(&message);
	}
	crypto_sign_detached(signature, NULL, text.p, text.n, s->secret);
	buf_add(&blob, signature, sizeof(signature));
	buf_printf(out, "%s%s ", dash, s->key.name);
	b64_encode(buf_span(&blob), out);
	buf_add(out, "\n", 1);
	buf_free(&blob);
	buf_free(&message);
	return ERR_NONE;
}

enum err
note_sign(const struct note_signer *s, struct span text, struct buf *out)
{
	size_t before = out->n;
	enum err e;

	buf_add(out, text.p, text.n);
	buf_add(out, "\n", 1);
	e = note_sign_line(s, text, 0, out);
	if (e != ERR_NONE)
		out->n = before;
	return e;
}

static bool
line_is_of(const struct line *l, const struct note_key *key)
{
	return line_id(l) == key->id &&
	       span_equal(l->name, span_str(key->name));
}

static uint64_t
line_time(const struct line *l)
{
	uint64_t time = 0;

	for (int i = 4; i < 12; i++)
		time = time << 8 | l->blob.p[i];
	return time;
}

static bool
line_verifies(
    const struct line *l, const struct note_key *key, struct span text)
{
	struct buf message = {0};
	size_t at = key->kind == NOTE_COSIGNATURE ? 12 : 4;
	bool ok;

	if (l->blob.n != at + crypto_sign_BYTES)
		return false;
	if (key->kind == NOTE_COSIGNATURE) {
		if (line_time(l) > INT64_MAX)
			return false;
		cosigned_message(text, line_time(l), &message);
		text = buf_span(&message);
	}
	ok = crypto_sign_verify_detached(
		 l->blob.p + at, text.p, text.n, key->public_key) == 0;
	buf_free(&message);
	return ok;
}

enum err
note_open(struct span bytes, const struct note_key *keys, size_t n,
    struct note *out, uint64_t *verified)
{
	struct line line = {0};
	struct span rest;
	enum err e = note_parse(bytes, out);

	assert(n <= 64);
	*verified = 0;
	rest = out->lines;
	while (e == ERR_NONE && rest.n > 0) {
		e = line_next(&rest, &line);
		for (size_t i = 0; e == ERR_NONE && i < n; i++) {
			if (!line_is_of(&line, &keys[i]))
				continue;
			if (!line_verifies(&line, &keys[i], out->text))
				e = ERR_SIGNATURE;
			*verified |= (uint64_t)1 << i;
		}
	}
	buf_free(&line.blob);
	if (e == ERR_NONE && *verified == 0)
		e = ERR_KEY;
	if (e != ERR_NONE) {
		memset(out, 0, sizeof(*out));
		*verified = 0;
	}
	return e;
}

struct span
note_line(const struct note *note, const struct note_key *key)
{
	struct line line = {0};
	struct span rest = note->lines, found = {0};

	while (found.n == 0 && rest.n > 0) {
		const uint8_t *start = rest.p;

		if (line_next(&rest, &line) != ERR_NONE)
			break;
		if (line_is_of(&line, key))
			found = span_of(start, (size_t)(rest.p - start));
	}
	buf_free(&line.blob);
	return found;
}

uint64_t
note_cosigned(const struct note *note, const struct note_key *key)
{
	struct line line = {0};
	struct span rest = note->lines;
	uint64_t time = 0;

	while (key->kind == NOTE_COSIGNATURE && rest.n > 0 &&
	       line_next(&rest, &line) == ERR_NONE)
		if (line_is_of(&line, key) && line.blob.n >= 12 &&
		    line_time(&line) > time)
			time = line_time(&line);
	buf_free(&line.blob);
	return time;
}

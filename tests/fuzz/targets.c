#include "tests/fuzz/targets.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lib/b64.h"
#include "lib/checkpoint.h"
#include "lib/clock.h"
#include "lib/config.h"
#include "lib/csv.h"
#include "lib/frame.h"
#include "lib/note.h"
#include "lib/text.h"
#include "lib/tile.h"
#include "lib/tlogproof.h"
#include "lib/tsv.h"
#include "lib/uuid.h"
#include "tests/fuzz/keytargets.h"
#include "tests/unit/samples.h"

/* What these decoders take is text: a copy with a NUL, unless one is in it. */
static char *
as_text(struct span s)
{
	char *text;

	if (s.n > 0 && memchr(s.p, 0, s.n) != NULL)
		return NULL;
	text = xcalloc(1, s.n + 1);
	if (s.n > 0)
		memcpy(text, s.p, s.n);
	return text;
}

static void
text_seed(const struct target *t, size_t i, struct buf *out)
{
	const char *const *texts = t->arg;

	for (size_t k = 0; texts[k] != NULL; k++)
		if (k == i)
			buf_add(out, texts[k], strlen(texts[k]));
}

/* --- messages ---------------------------------------------------------------
 */

static void
message_seed(const struct target *t, size_t i, struct buf *out)
{
	const struct sample *s = t->arg;
	struct arena a = {0};

	if (i == 0)
		s->encode(&a, out);
	arena_wipe_free(&a);
}

/* What was accepted is within the limits, or encoding would assert. */
static void
message_run(const struct target *t, struct span bytes)
{
	const struct sample *s = t->arg;
	struct arena a = {0}, b = {0};
	struct buf once = {0}, twice = {0};
	void *m = xcalloc(1, s->size), *zero = xcalloc(1, s->size);

	if (s->decode(bytes, &a, m) == ERR_NONE) {
		s->encode_again(m, &once);
		if (s->decode(buf_span(&once), &b, m) != ERR_NONE)
			abort();
		s->encode_again(m, &twice);
		assert(span_equal(buf_span(&once), buf_span(&twice)));
	} else {
		assert(memcmp(m, zero, s->size) == 0);
	}
	buf_free(&once);
	buf_free(&twice);
	arena_wipe_free(&a);
	arena_wipe_free(&b);
	free(m);
	free(zero);
}

static void
frame_seed(const struct target *t, size_t i, struct buf *out)
{
	(void)t;
	if (i < 2)
		frame_wrap(i == 0 ? FRAME_INQUIRY : FRAME_ANSWER,
		    span_str("the body"), out);
}

static void
frame_run(const struct target *t, struct span bytes)
{
	struct arena a = {0};
	struct frame f;

	(void)t;
	if (frame_open(bytes, &a, &f) == ERR_NONE)
		assert(strcmp(frame_name(f.kind), "?") != 0);
	else
		assert(f.kind == 0 && f.body.n == 0);
	arena_wipe_free(&a);
}

/* --- text
 * --------------------------------------------------------------------- */

static const char *const guard_seeds[] = {"番号は1234-5678-9018です",
    "１２３４　５６７８　９０１８", "2024 123456789018", "12345678901", NULL};

/* The bytes of a digit at s: 1, 3 for a full-width one, 0 if it is none. */
static size_t
digit_at(const char *s)
{
	static const char *const digits[] = {
	    "０", "１", "２", "３", "４", "５", "６", "７", "８", "９"};

	if (*s >= '0' && *s <= '9')
		return 1;
	for (size_t i = 0; i < 10; i++)
		if (strncmp(s, digits[i], 3) == 0)
			return 3;
	return 0;
}

static size_t
separator_at(const char *s)
{
	if (*s == ' ' || *s == '-' || *s == '\t')
		return 1;
	return strncmp(s, "　", 3) == 0 ? 3 : 0;
}

/* Whether there is nothing in it but ASCII and what those two know. */
static bool
by_hand_reads(const char *s)
{
	while (*s != '\0') {
		size_t n = digit_at(s) + separator_at(s);

		if (n == 0 && (*s & 0x80) != 0)
			return false;
		s += n ? n : 1;
	}
	return true;
}

/* The guard again, as slowly and plainly as it can be said. */
static bool
guard_by_hand(const char *s)
{
	size_t n, group = 0, joined = 0;

	for (;; s += n ? n : 1) {
		n = digit_at(s);
		if (n > 0) {
			group++;
			joined++;
			continue;
		}
		if (group == 12)
			return true;
		group = 0;
		n = separator_at(s);
		if (n > 0)
			continue;
		if (joined == 12)
			return true;
		joined = 0;
		if (*s == '\0')
			return false;
	}
}

static void
guard_run(const struct target *t, struct span bytes)
{
	char *text = as_text(bytes), clean[100];
	bool guarded = text_has_twelve_digits(bytes);

	(void)t;
	text_clean(bytes, clean, sizeof(clean));
	assert(text_check_content(span_str(clean), sizeof(clean)) == ERR_NONE);
	if (text != NULL && by_hand_reads(text))
		assert(guarded == guard_by_hand(text));
	free(text);
}

static const char *const b64_seeds[] = {
    "Zm9vYmFy", "Zm9vYg==", "Zm9vYmE=", "", NULL};

static void
b64_run(const struct target *t, struct span bytes)
{
	struct buf b = {0}, again = {0};

	(void)t;
	if (b64_decode(bytes, &b) == ERR_NONE) {
		b64_encode(buf_span(&b), &again);
		assert(span_equal(bytes, buf_span(&again)));
	}
	buf_reset(&b);
	buf_reset(&again);
	if (b64url_decode(bytes, &b) == ERR_NONE) {
		b64url_encode(buf_span(&b), &again);
		assert(span_equal(bytes, buf_span(&again)));
	}
	buf_free(&b);
	buf_free(&again);
}

static const char *const word_seeds[] = {"2024-05-27",
    "017f22e2-79b0-7cc3-98c4-dc0c0c07398f", "tile/0/x001/x234/067.p/12",
    "tile/entries/000", "18446744073709551615", NULL};

static void
word_run(const struct target *t, struct span bytes)
{
	char *text = as_text(bytes), out[TILE_PATH_MAX];
	struct day day;
	uint8_t id[UUID_LEN];
	int level;
	unsigned width;
	uint64_t n;

	(void)t;
	if (text == NULL)
		return;
	if (day_parse(text, &day) == ERR_NONE)
		assert(strcmp(day_text(day, out), text) == 0);
	if (uuid_parse(text, id) == ERR_NONE)
		assert(strcasecmp(uuid_text(id, out), text) == 0);
	if (tile_path_parse(text, &level, &n, &width) == ERR_NONE) {
		tile_path(level, n, width, out);
		assert(strcmp(out, text) == 0);
	}
	(void)text_to_u64(text, UINT64_MAX, &n);
	free(text);
}

/* --- files
 * -------------------------------------------------------------------- */

static const char *const table_seeds[] = {
    "# version 7\ncode\tname\n1\t地方税\n2\t\n",
    "a,b\r\n1,\"x, \"\"y\"\"\nz\"\r\n,last\r\n", NULL};

static void
rows_walk(const struct rows *r)
{
	for (size_t i = 0; i < r->n; i++)
		for (size_t c = 0; c < r->n_columns; c++)
			assert(text_check_content(span_str(rows_cell(r, i, c)),
				   SIZE_MAX) == ERR_NONE);
}

static void
table_run(const struct target *t, struct span bytes)
{
	struct rows r;
	struct fault f;
	uint64_t v;

	(void)t;
	(void)tsv_version(bytes, &v);
	if (tsv_parse("fuzz", bytes, &r, &f) == ERR_NONE)
		rows_walk(&r);
	rows_free(&r);
	if (csv_parse("fuzz", bytes, &r, &f) == ERR_NONE)
		rows_walk(&r);
	rows_free(&r);
}

static const char *const config_seeds[] = {
    "# c\n[host]\nbroker = tcp://[::1]:5000\nworkers = 4\nquiet = no\n"
    "\n[agency 141003]\nkeys = k\n",
    NULL};

static void
config_run(const struct target *t, struct span bytes)
{
	static const struct config_section sections[] = {
	    {"host", CONFIG_ONE}, {"agency", CONFIG_NAMED}};
	static const struct config_key keys[] = {
	    {"host", "broker", CONFIG_ENDPOINT, true, NULL, 0, 0, ""},
	    {"host", "workers", CONFIG_NUMBER, false, "2", 1, 64, ""},
	    {"host", "quiet", CONFIG_BOOL, false, "no", 0, 0, ""},
	    {"agency", "keys", CONFIG_PATH, true, NULL, 0, 0, ""}};
	static const struct config_form form = {sections, 2, keys, 4};
	struct config *c;
	struct fault f = {.line = 0};

	(void)t;
	if (config_parse("/fuzz", bytes, &form, &c, &f) == ERR_NONE) {
		uint64_t n = config_number(c, "host", 0, "workers");

		assert(n >= 1 && n <= 64);
		assert(config_text(c, "host", 0, "broker") != NULL);
		for (size_t i = 0; i < config_count(c, "agency"); i++)
			assert(*config_name(c, "agency", i) != '\0');
	} else {
		assert(c == NULL && f.what[0] != '\0');
	}
	config_free(c);
}

/* --- the log's formats
 * ---------------------------------------------------------- */

static void
log_signer(struct note_signer *s)
{
	static const uint8_t seed[32] = {1};

	if (note_signer_make("renkei.example/log", NOTE_ED25519, seed, s) !=
	    ERR_NONE)
		abort();
}

static void
checkpoint_seed(const struct target *t, size_t i, struct buf *out)
{
	struct checkpoint c = {.origin = "renkei.example/log", .size = 12345};
	struct note_signer s;

	(void)t;
	log_signer(&s);
	if (i == 0 && checkpoint_sign(&c, &s, out) != ERR_NONE)
		abort();
	note_signer_fini(&s);
}

/* No change to a signed checkpoint may pass for one. */
static void
checkpoint_run(const struct target *t, struct span bytes)
{
	struct checkpoint c;
	struct note_signer s;
	struct note n;
	uint64_t verified;

	(void)t;
	log_signer(&s);
	(void)note_parse(bytes, &n);
	(void)note_open(bytes, &s.key, 1, &n, &verified);
	(void)checkpoint_parse(bytes, &c);
	if (checkpoint_open(bytes, &s.key, &c) == ERR_NONE)
		assert(c.size == 12345 && c.n_extensions == 0);
	note_signer_fini(&s);
}

static void
proof_seed(const struct target *t, size_t i, struct buf *out)
{
	struct tlogproof p = {.index = 77, .n_path = 3};
	struct buf checkpoint = {0};

	if (i > 1)
		return;
	checkpoint_seed(t, 0, &checkpoint);
	p.checkpoint = buf_span(&checkpoint);
	if (i == 1)
		p.extra = span_str("opaque");
	tlogproof_encode(&p, out);
	buf_free(&checkpoint);
}

static void
proof_run(const struct target *t, struct span bytes)
{
	struct tlogproof p;
	struct buf store = {0}, again = {0};

	(void)t;
	if (tlogproof_decode(bytes, &store, &p) == ERR_NONE) {
		tlogproof_encode(&p, &again);
		assert(span_equal(bytes, buf_span(&again)));
	}
	buf_free(&store);
	buf_free(&again);
}

static const char *const key_seeds[] = {
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    "PRIVATE+KEY+PeterNeumann+c74f20a3+"
    "AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz",
    NULL};

static void
key_run(const struct target *t, struct span bytes)
{
	char *text = as_text(bytes), out[NOTE_KEY_TEXT_MAX];
	struct note_key k;
	struct note_signer s;

	(void)t;
	if (text == NULL)
		return;
	if (note_key_parse(text, &k) == ERR_NONE) {
		note_key_format(&k, out);
		assert(note_key_parse(out, &k) == ERR_NONE);
	}
	if (note_signer_parse(text, &s) == ERR_NONE)
		note_signer_fini(&s);
	free(text);
}

static void
bundle_seed(const struct target *t, size_t i, struct buf *out)
{
	static const uint8_t leaf[ENTRY_LEAF_LEN] = {ENTRY_LEAF_VERSION};

	(void)t;
	for (int k = 0; i == 0 && k < 3; k++)
		bundle_add(out, leaf);
}

static void
bundle_run(const struct target *t, struct span bytes)
{
	struct span rest = bytes, entry;

	(void)t;
	while (rest.n > 0 && bundle_next(&rest, &entry) == ERR_NONE)
		assert(entry.p >= bytes.p && entry.p + entry.n == rest.p &&
		       rest.p + rest.n == bytes.p + bytes.n);
}

/* --- the table
 * ------------------------------------------------------------------ */

static const struct target others[] = {
    {"frame-open", frame_seed, frame_run, NULL},
    {"guard", text_seed, guard_run, guard_seeds},
    {"base64", text_seed, b64_run, b64_seeds},
    {"words", text_seed, word_run, word_seeds},
    {"tables", text_seed, table_run, table_seeds},
    {"config", text_seed, config_run, config_seeds},
    {"checkpoint", checkpoint_seed, checkpoint_run, NULL},
    {"tlog-proof", proof_seed, proof_run, NULL},
    {"note-keys", text_seed, key_run, key_seeds},
    {"entry-bundle", bundle_seed, bundle_run, NULL},
};
#define N_OTHERS (sizeof(others) / sizeof(others[0]))

const struct target *
targets(void)
{
	static struct target all[128];

	if (all[0].name != NULL)
		return all;
	assert(
	    n_samples + N_OTHERS + KEY_TARGETS < sizeof(all) / sizeof(all[0]));
	for (size_t i = 0; i < n_samples; i++)
		all[i] = (struct target){
		    samples[i].name, message_seed, message_run, &samples[i]};
	memcpy(all + n_samples, others, sizeof(others));
	memcpy(all + n_samples + N_OTHERS, key_targets, sizeof(key_targets));
	return all;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct target *t = targets();
	size_t pick;

	if (n == 0)
		return 0;
	pick = data[0] % (n_samples + N_OTHERS);
	t[pick].run(&t[pick], span_of(data + 1, n - 1));
	return 0;
}

#include "agents/witness/witness.h"
#include "lib/file.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A witness on a folder of its own, and a log whose every size we can sign. */
#define ORIGIN "log.example/2026"
#define NAME "witness.example/w1"
#define LEAVES 20
static char dir[64], key_file[96];
static struct witness w;
static struct note_signer log_key, witness_signer;
static struct witness_answer answer;

static struct note_signer
signer(const char *name, enum note_kind kind, uint8_t seed_byte)
{
	struct note_signer s;
	uint8_t seed[32];

	memset(seed, seed_byte, sizeof(seed));
	SUITE_ERR(note_signer_make(name, kind, seed, &s), ERR_NONE);
	return s;
}

static void
start(void)
{
	SUITE_ERR(witness_open(dir, key_file, &w), ERR_NONE);
	SUITE_ERR(witness_watch(&w, &log_key.key), ERR_NONE);
}

static void
room_make(void)
{
	char text[NOTE_KEY_TEXT_MAX];

	strcpy(dir, "/tmp/renkei-witness-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
	snprintf(key_file, sizeof(key_file), "%s/key", dir);
	log_key = signer(ORIGIN, NOTE_ED25519, 1);
	witness_signer = signer(NAME, NOTE_COSIGNATURE, 2);
	note_signer_format(&witness_signer, text);
	SUITE_ERR(file_write(key_file, span_str(text), 0600), ERR_NONE);
	start();
}

static void
state_path(char path[static 200])
{
	snprintf(path, 200, "%s/%s", dir, w.log[0].hash);
}

static void
room_remove(void)
{
	char state[200];

	state_path(state);
	witness_close(&w);
	unlink(state);
	unlink(key_file);
	CU_ASSERT_EQUAL(rmdir(dir), 0);
	buf_free(&answer.body);
}

/* The log up to `size`; a fork has another first leaf. */
static void
log_at(uint64_t size, bool fork, struct merkle_batch *b)
{
	uint8_t hash[MERKLE_LEN];

	merkle_batch_init(b, NULL);
	for (uint64_t i = 0; i < size; i++) {
		uint8_t leaf[2] = {(uint8_t)i, fork && i == 0};

		merkle_leaf(SPAN(leaf), hash);
		merkle_batch_append(b, hash);
	}
}

/* A request to go on from `old` to `size`. */
static void
request_make(uint64_t old, uint64_t size, bool fork,
    const struct note_signer *s, struct buf *out)
{
	struct addcheckpoint q = {.old = old};
	struct checkpoint c = {.size = size};
	struct merkle_batch b;
	struct buf note = {0};

	log_at(size, fork, &b);
	strcpy(c.origin, s->key.name);
	SUITE_ERR(
	    merkle_root_at(merkle_batch_read, &b, size, c.root), ERR_NONE);
	if (old > 0 && old < size)
		SUITE_ERR(merkle_consistency(merkle_batch_read, &b, old, size,
			      q.path, &q.n_path),
		    ERR_NONE);
	SUITE_ERR(checkpoint_sign(&c, s, &note), ERR_NONE);
	q.checkpoint = buf_span(&note);
	addcheckpoint_encode(&q, out);
	merkle_batch_fini(&b);
	buf_free(&note);
}

static int
ask(uint64_t old, uint64_t size, bool fork, uint64_t now)
{
	struct buf body = {0};

	request_make(old, size, fork, &log_key, &body);
	witness_add(&w, buf_span(&body), now, &answer);
	buf_free(&body);
	return answer.status;
}

static int
ask_raw(const char *body)
{
	witness_add(&w, span_str(body), 1000, &answer);
	return answer.status;
}

/* What it shows of the log verifies under both keys. */
static void
shows(uint64_t size, uint64_t time)
{
	struct note_key keys[2] = {log_key.key, witness_signer.key};
	struct note note;
	struct checkpoint c;
	uint64_t verified;
	char path[100];

	snprintf(path, sizeof(path), "/%s/checkpoint", w.log[0].hash);
	witness_get(&w, path, &answer);
	CU_ASSERT_EQUAL(answer.status, 200);
	SUITE_ERR(note_open(buf_span(&answer.body), keys, 2, &note, &verified),
	    ERR_NONE);
	CU_ASSERT_EQUAL(verified, 3);
	SUITE_ERR(checkpoint_parse(note.text, &c), ERR_NONE);
	CU_ASSERT_EQUAL(c.size, size);
	CU_ASSERT_EQUAL(note_cosigned(&note, &keys[1]), time);
}

static void
cosigns_a_growing_log(void)
{
	struct note_key keys[1];

	room_make();
	keys[0] = witness_signer.key;
	CU_ASSERT_EQUAL(ask(0, 3, false, 1000), 200);
	/* the answer is the line that, put below the checkpoint, verifies */
	struct buf body = {0}, note = {0};
	struct addcheckpoint q;
	struct note opened;
	uint64_t verified;
	request_make(0, 3, false, &log_key, &body);
	SUITE_ERR(addcheckpoint_decode(buf_span(&body), &q), ERR_NONE);
	buf_add(&note, q.checkpoint.p, q.checkpoint.n);
	buf_add(&note, answer.body.p, answer.body.n);
	SUITE_ERR(
	    note_open(buf_span(&note), keys, 1, &opened, &verified), ERR_NONE);
	CU_ASSERT_EQUAL(note_cosigned(&opened, &keys[0]), 1000);
	buf_free(&body);
	buf_free(&note);

	CU_ASSERT_EQUAL(ask(3, 4, false, 1001), 200);
	CU_ASSERT_EQUAL(ask(4, 4, false, 1002), 200);
	CU_ASSERT_EQUAL(ask(4, LEAVES, false, 1003), 200);
	shows(LEAVES, 1003);
	room_remove();
}

static void
says_what_it_holds(void)
{
	room_make();
	CU_ASSERT_EQUAL(ask(5, 9, false, 1000), 409);
	CU_ASSERT(span_equal(buf_span(&answer.body), span_str("0\n")));
	CU_ASSERT_STRING_EQUAL(answer.type, "text/x.tlog.size");
	CU_ASSERT_EQUAL(ask(0, 9, false, 1000), 200);
	CU_ASSERT_EQUAL(ask(0, 9, false, 1000), 409);
	CU_ASSERT_EQUAL(ask(8, 12, false, 1000), 409);
	CU_ASSERT(span_equal(buf_span(&answer.body), span_str("9\n")));
	/* a rollback: the log is smaller than what it cosigned */
	CU_ASSERT_EQUAL(ask(4, 8, false, 1000), 409);
	CU_ASSERT_EQUAL(ask(9, 8, false, 1000), 400);
	shows(9, 1000);
	room_remove();
}

static void
refuses_a_fork(void)
{
	struct buf body = {0};

	room_make();
	CU_ASSERT_EQUAL(ask(0, 9, false, 1000), 200);
	CU_ASSERT_EQUAL(ask(9, 12, true, 1001), 422);
	CU_ASSERT_EQUAL(ask(9, 9, true, 1001), 422);
	CU_ASSERT_EQUAL(answer.body.n, 0);
	/* a proof cut short, and one where none may be */
	request_make(9, 12, false, &log_key, &body);
	uint8_t *end = memmem(body.p, body.n, "\n\n", 2);
	memmove(end - 44, end + 1, (size_t)(body.p + body.n - end - 1));
	body.n -= 45;
	witness_add(&w, buf_span(&body), 1001, &answer);
	CU_ASSERT_EQUAL(answer.status, 422);
	shows(9, 1000);
	buf_free(&body);
	CU_ASSERT_EQUAL(ask(9, 12, false, 1002), 200);
	room_remove();
}

static void
refuses_what_it_does_not_know(void)
{
	struct note_signer other = signer("other.example", NOTE_ED25519, 1);
	struct note_signer thief = signer(ORIGIN, NOTE_ED25519, 9);
	struct buf body = {0};

	room_make();
	request_make(0, 3, false, &other, &body);
	witness_add(&w, buf_span(&body), 1000, &answer);
	CU_ASSERT_EQUAL(answer.status, 404);
	buf_reset(&body);
	request_make(0, 3, false, &thief, &body);
	witness_add(&w, buf_span(&body), 1000, &answer);
	CU_ASSERT_EQUAL(answer.status, 403);
	buf_reset(&body);
	request_make(0, 3, false, &log_key, &body);
	body.p[body.n - 10] ^= 1; /* a known key's line that does not verify */
	witness_add(&w, buf_span(&body), 1000, &answer);
	CU_ASSERT(answer.status == 403 || answer.status == 400);
	witness_get(&w, "/checkpoint", &answer);
	CU_ASSERT_EQUAL(answer.status, 404);
	buf_free(&body);
	room_remove();
}

static void
refuses_other_forms(void)
{
	static const char *const bad[] = {"", "old", "old \n\n", "old 0\n",
	    "old 00\n\n", "old -1\n\n", "new 0\n\n", "old 0\n\nx",
	    "old 0\nAAAA\n\n", "old 0\n\nlog.example/2026\n0\n\n"};

	room_make();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT_EQUAL(ask_raw(bad[i]), 400);
	/* 64 hashes where 63 are the most */
	struct buf body = {0};
	buf_printf(&body, "old 1\n");
	for (int i = 0; i < 64; i++)
		buf_printf(
		    &body, "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n");
	buf_printf(&body, "\n");
	witness_add(&w, buf_span(&body), 1000, &answer);
	CU_ASSERT_EQUAL(answer.status, 400);
	buf_free(&body);
	room_remove();
}

static void
knows_the_empty_log(void)
{
	struct checkpoint c = {.origin = ORIGIN};
	struct buf note = {0}, body = {0};
	struct addcheckpoint q = {0};

	room_make();
	CU_ASSERT_EQUAL(ask(0, 0, false, 1000), 200);
	SUITE_ERR(checkpoint_sign(&c, &log_key, &note), ERR_NONE);
	q.checkpoint = buf_span(&note);
	addcheckpoint_encode(&q, &body);
	witness_add(&w, buf_span(&body), 1000, &answer);
	CU_ASSERT_EQUAL(answer.status, 422); /* a root that empty trees lack */
	buf_free(&note);
	buf_free(&body);
	CU_ASSERT_EQUAL(ask(0, 2, false, 1000), 200);
	room_remove();
}

static void
remembers(void)
{
	char state[200];

	room_make();
	CU_ASSERT_EQUAL(ask(0, 9, false, 5000), 200);
	witness_close(&w);
	start();
	CU_ASSERT_EQUAL(ask(0, 3, false, 5000), 409);
	/* the clock went back: the time it says does not */
	CU_ASSERT_EQUAL(ask(9, 10, false, 4000), 200);
	shows(10, 5000);
	/* a second witness on its state */
	struct witness second;
	SUITE_ERR(witness_open(dir, key_file, &second), ERR_BUSY);
	witness_close(&second);
	/* memory that somebody wrote to */
	state_path(state);
	struct buf memory = {0};
	SUITE_ERR(file_read(state, 4096, &memory), ERR_NONE);
	memory.p[sizeof(ORIGIN)] ^= 1;
	SUITE_ERR(file_write(state, buf_span(&memory), 0644), ERR_NONE);
	buf_free(&memory);
	witness_close(&w);
	SUITE_ERR(witness_open(dir, key_file, &w), ERR_NONE);
	SUITE_ERR(witness_watch(&w, &log_key.key), ERR_SIGNATURE);
	room_remove();
}

static void
cannot_keep(void)
{
	char state[200], gone[80];

	room_make();
	CU_ASSERT_EQUAL(ask(0, 3, false, 1000), 200);
	/* the folder is gone, as a full disk would have it */
	state_path(state);
	snprintf(gone, sizeof(gone), "%s.gone", dir);
	CU_ASSERT_EQUAL(rename(dir, gone), 0);
	CU_ASSERT_EQUAL(ask(3, 5, false, 1000), 500);
	CU_ASSERT_EQUAL(answer.body.n, 0);
	CU_ASSERT_EQUAL(rename(gone, dir), 0);
	shows(3, 1000);
	CU_ASSERT_EQUAL(ask(3, 5, false, 1000), 200);
	room_remove();
}

static const struct suite_case cases[] = {
    {"cosigns a log that grows", cosigns_a_growing_log},
    {"says the size it holds to who assumes another", says_what_it_holds},
    {"refuses a fork, and goes on with the log it knows", refuses_a_fork},
    {"refuses unknown logs and keys", refuses_what_it_does_not_know},
    {"refuses what has not the form of a request", refuses_other_forms},
    {"knows the empty log by its root", knows_the_empty_log},
    {"remembers over a restart, alone, and not what it did not sign",
	remembers},
    {"does not cosign what it cannot keep", cannot_keep},
};
SUITE("witness", cases)

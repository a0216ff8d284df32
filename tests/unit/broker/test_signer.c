#include "broker/signer.h"
#include "lib/checkpoint.h"
#include "lib/entry.h"
#include "lib/file.h"
#include "lib/hex.h"
#include "tests/unit/suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* A signer in a process of its own, as in life, and what it should hold. */
#define ORIGIN "renkei.example/log/2026"
static char dir[64], log_key[96], endorse_key[96];
static struct note_signer key;
static uint8_t endorse[32];
static struct arena arena;
static int fd;
static pid_t child;

static struct signer_config
config(void)
{
	return (struct signer_config){dir, ORIGIN, log_key, endorse_key};
}

static void
secrets_write(void)
{
	uint8_t seed[32];
	char text[NOTE_KEY_TEXT_MAX], hex[65];

	memset(seed, 7, sizeof(seed));
	memset(endorse, 9, sizeof(endorse));
	SUITE_ERR(note_signer_make(ORIGIN, NOTE_ED25519, seed, &key), ERR_NONE);
	note_signer_format(&key, text);
	SUITE_ERR(file_write(log_key, span_str(text), 0600), ERR_NONE);
	hex_encode(SPAN(endorse), hex);
	SUITE_ERR(file_write(endorse_key, span_str(hex), 0600), ERR_NONE);
}

static void
room_make(void)
{
	strcpy(dir, "/tmp/renkei-signer-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
	snprintf(log_key, sizeof(log_key), "%s/log.key", dir);
	snprintf(endorse_key, sizeof(endorse_key), "%s/endorse.key", dir);
	secrets_write();
}

static void
room_remove(void)
{
	char state[96];

	snprintf(state, sizeof(state), "%s/signer.state", dir);
	unlink(state);
	snprintf(state, sizeof(state), "%s/checkpoint", dir);
	unlink(state);
	unlink(log_key);
	unlink(endorse_key);
	CU_ASSERT_EQUAL(rmdir(dir), 0);
	arena_wipe_free(&arena);
}

static void
start(void)
{
	int pair[2];

	CU_ASSERT_EQUAL_FATAL(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	child = fork();
	if (child == 0) {
		struct signer_config c = config();

		close(pair[0]);
		_exit(signer_main(pair[1], &c));
	}
	close(pair[1]);
	fd = pair[0];
}

/* Close the channel (or kill) and return how the process ended. */
static int
stop(int signal)
{
	int status = 0;

	if (signal != 0)
		kill(child, signal);
	close(fd);
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void
leaf_make(uint64_t i, struct signer_leaf *l)
{
	uint8_t salt[ENTRY_SALT_LEN] = {0};

	memset(l, 0, sizeof(*l));
	l->entry_id[0] = (uint8_t)i;
	entry_leaf(ENTRY_PERMIT, salt, span_of(&i, sizeof(i)), l->leaf);
	entry_endorse(
	    endorse, l->leaf, l->record_code_hash, l->entry_id, l->endorsement);
}

static enum err
ask(uint64_t size, struct signer_leaf *leaves, size_t n,
    struct signer_reply *reply)
{
	struct signer_request q = {
	    .size = size, .n_leaves = n, .leaves = leaves};

	arena_reset(&arena);
	return signer_call(fd, &q, &arena, reply);
}

/* The file beside the state says the same. */
static void
published_is(struct span checkpoint)
{
	struct buf file = {0};
	char path[96];

	snprintf(path, sizeof(path), "%s/checkpoint", dir);
	SUITE_ERR(file_read(path, CHECKPOINT_MAX, &file), ERR_NONE);
	CU_ASSERT(span_equal(buf_span(&file), checkpoint));
	buf_free(&file);
}

/* Append the next n leaves and hold the checkpoint against our own. */
static void
append(struct merkle_frontier *f, size_t n)
{
	struct signer_leaf leaves[16];
	struct signer_reply reply;
	struct checkpoint c;
	uint8_t root[MERKLE_LEN], hash[MERKLE_LEN];
	uint64_t size = f->size;

	CU_ASSERT_FATAL(n <= 16);
	for (size_t i = 0; i < n; i++) {
		leaf_make(size + i, &leaves[i]);
		entry_leaf_hash(leaves[i].leaf, hash);
		merkle_append(f, hash);
	}
	merkle_root(f, root);
	SUITE_ERR(ask(size, leaves, n, &reply), ERR_NONE);
	CU_ASSERT_EQUAL(reply.size, f->size);
	SUITE_ERR(checkpoint_open(reply.checkpoint, &key.key, &c), ERR_NONE);
	CU_ASSERT_EQUAL(c.size, f->size);
	SUITE_BYTES(c.root, root, MERKLE_LEN);
	published_is(reply.checkpoint);
}

static void
signs(void)
{
	struct merkle_frontier f = {0};

	room_make();
	start();
	append(&f, 0);
	append(&f, 1);
	append(&f, 7);
	append(&f, 16);
	append(&f, 0);
	CU_ASSERT_EQUAL(stop(0), 0);
	room_remove();
}

static void
resumes(void)
{
	struct merkle_frontier f = {0};

	room_make();
	start();
	append(&f, 5);
	append(&f, 3);
	CU_ASSERT_EQUAL(stop(SIGKILL), -SIGKILL);
	for (int i = 0; i < 5; i++) {
		start();
		append(&f, 0);
		append(&f, 9);
		CU_ASSERT_EQUAL(
		    stop(i & 1 ? SIGKILL : 0), i & 1 ? -SIGKILL : 0);
	}
	room_remove();
}

static void
unendorsed(void)
{
	struct merkle_frontier f = {0};
	struct signer_leaf l[2];
	struct signer_reply reply;

	room_make();
	start();
	append(&f, 4);
	for (int what = 0; what < 4; what++) {
		leaf_make(4, &l[0]);
		leaf_make(5, &l[1]);
		uint8_t *at[] = {l[1].leaf + 32, l[1].record_code_hash,
		    l[1].entry_id, l[1].endorsement + 5};
		*at[what] ^= 1;
		SUITE_ERR(ask(4, l, 2, &reply), ERR_ENDORSEMENT);
		CU_ASSERT_EQUAL(reply.size, 4);
		CU_ASSERT_EQUAL(reply.checkpoint.n, 0);
	}
	leaf_make(4, &l[0]);
	l[0].leaf[0] = 2;
	SUITE_ERR(ask(4, l, 1, &reply), ERR_VERSION);
	append(&f, 2);
	CU_ASSERT_EQUAL(stop(0), 0);
	room_remove();
}

static void
wrong_size(void)
{
	struct merkle_frontier f = {0};
	struct signer_leaf l;
	struct signer_reply reply;

	room_make();
	start();
	append(&f, 6);
	leaf_make(77, &l);
	/* another leaf in the place of one it signed; a shorter tree; a hole */
	SUITE_ERR(ask(5, &l, 1, &reply), ERR_HEAD_MOVED);
	SUITE_ERR(ask(0, &l, 1, &reply), ERR_HEAD_MOVED);
	SUITE_ERR(ask(7, &l, 1, &reply), ERR_HEAD_MOVED);
	CU_ASSERT_EQUAL(reply.size, 6);
	append(&f, 1);
	CU_ASSERT_EQUAL(stop(0), 0);
	room_remove();
}

static void
versions(void)
{
	struct signer_request q = {.policy_version = 5, .directory_version = 2};
	struct signer_reply reply;

	room_make();
	start();
	SUITE_ERR(signer_call(fd, &q, &arena, &reply), ERR_NONE);
	CU_ASSERT_EQUAL(stop(SIGKILL), -SIGKILL);
	start();
	SUITE_ERR(ask(0, NULL, 0, &reply), ERR_NONE);
	CU_ASSERT_EQUAL(reply.policy_version, 5);
	CU_ASSERT_EQUAL(reply.directory_version, 2);
	q.policy_version = 4;
	SUITE_ERR(signer_call(fd, &q, &arena, &reply), ERR_POLICY_VERSION);
	q.policy_version = 6;
	q.directory_version = 1;
	SUITE_ERR(signer_call(fd, &q, &arena, &reply), ERR_POLICY_VERSION);
	CU_ASSERT_EQUAL(reply.policy_version, 5);
	CU_ASSERT_EQUAL(stop(0), 0);
	room_remove();
}

static void
garbage(void)
{
	static const uint8_t bad[] = {0, 0, 0, 3, 0xff, 0xff, 0xff};
	static const uint8_t huge[] = {0xff, 0xff, 0xff, 0xff};
	struct merkle_frontier f = {0};
	uint8_t reply[256];

	room_make();
	start();
	CU_ASSERT_EQUAL(write(fd, bad, sizeof(bad)), sizeof(bad));
	CU_ASSERT(read(fd, reply, sizeof(reply)) > 4);
	append(&f, 3);
	CU_ASSERT_EQUAL(write(fd, huge, sizeof(huge)), sizeof(huge));
	CU_ASSERT_EQUAL(read(fd, reply, sizeof(reply)), 0);
	CU_ASSERT_EQUAL(stop(0), 0);
	start();
	append(&f, 1);
	CU_ASSERT_EQUAL(stop(0), 0);
	room_remove();
}

static void
state_spoil(off_t at)
{
	char path[96];
	uint8_t b;
	int state;

	snprintf(path, sizeof(path), "%s/signer.state", dir);
	state = open(path, O_RDWR);
	CU_ASSERT_EQUAL(pread(state, &b, 1, at), 1);
	b ^= 4;
	CU_ASSERT_EQUAL(pwrite(state, &b, 1, at), 1);
	close(state);
}

static void
torn_state(void)
{
	struct merkle_frontier f = {0};
	struct signer_reply reply;

	room_make();
	start();
	append(&f, 3);
	CU_ASSERT_EQUAL(stop(0), 0);
	/* it stopped in good order: slot 0 has 3 leaves, slot 1 the empty log
	 */
	state_spoil(100);
	start();
	SUITE_ERR(ask(0, NULL, 0, &reply), ERR_NONE);
	CU_ASSERT_EQUAL(reply.size, 0);
	f.size = 0;
	append(&f, 3); /* what a front replays after a power loss */
	append(&f, 1);
	CU_ASSERT_EQUAL(stop(SIGKILL), -SIGKILL);
	state_spoil(100);
	state_spoil(4096 + 100);
	start();
	SUITE_ERR(ask(0, NULL, 0, &reply), ERR_OFFLINE);
	CU_ASSERT_EQUAL(stop(0), 1);
	room_remove();
}

static void
cannot_start(void)
{
	struct signer_reply reply;
	struct merkle_frontier f = {0};
	struct signer_config c = config();
	int first;
	pid_t first_child;

	room_make();
	start();
	append(&f, 1);
	first = fd;
	first_child = child;
	start(); /* a second broker on the same state */
	SUITE_ERR(ask(0, NULL, 0, &reply), ERR_OFFLINE);
	CU_ASSERT_EQUAL(stop(0), 1);
	fd = first;
	child = first_child;
	append(&f, 1);
	CU_ASSERT_EQUAL(stop(0), 0);
	/* a key others can read, a key of another log */
	chmod(log_key, 0644);
	start();
	CU_ASSERT_EQUAL(stop(0), 1);
	chmod(log_key, 0600);
	c = config();
	c.origin = "renkei.example/log/2027";
	child = fork();
	if (child == 0)
		_exit(signer_main(0, &c));
	fd = -1;
	CU_ASSERT_EQUAL(stop(0), 1);
	room_remove();
}

static const struct suite_case cases[] = {
    {"signs the root of the endorsed leaves it was given", signs},
    {"goes on where it was after a stop or a kill", resumes},
    {"refuses a leaf no worker endorsed, and goes on", unendorsed},
    {"refuses two roots of one size, a shorter tree and a hole", wrong_size},
    {"keeps policy and directory versions from going back", versions},
    {"answers garbage with a refusal, and ends on a length too long", garbage},
    {"falls back on the other slot, and not on none", torn_state},
    {"does not start twice, with a bared key, or for another log",
	cannot_start},
};
SUITE("signer", cases)

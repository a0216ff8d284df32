#include "broker/signerstate.h"

#include "lib/clock.h"
#include "lib/sha256.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/*
 * A slot: magic(16) sequence(8) origin hash(32) policy(8) directory(8)
 * size(8) frontier nodes(64 * 32) root(32), zeros, SHA-256 of all before.
 */
#define SLOT_LEN 4096
#define SLOTS 2
static const char magic[16] = "renkei-signer/1";

static void
slot_encode(const struct signerstate *s, struct buf *out)
{
	uint8_t root[MERKLE_LEN], sum[SHA256_LEN];
	size_t fill;

	merkle_root(&s->frontier, root);
	buf_add(out, magic, sizeof(magic));
	buf_add_u64(out, s->sequence);
	buf_add(out, s->origin_hash, sizeof(s->origin_hash));
	buf_add_u64(out, s->policy_version);
	buf_add_u64(out, s->directory_version);
	buf_add_u64(out, s->frontier.size);
	buf_add(out, s->frontier.node, sizeof(s->frontier.node));
	buf_add(out, root, sizeof(root));
	fill = SLOT_LEN - SHA256_LEN - out->n;
	memset(buf_grow(out, fill), 0, fill);
	sha256(buf_span(out), sum);
	buf_add(out, sum, sizeof(sum));
}

static uint64_t
u64_take(const uint8_t **p)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | *(*p)++;
	return v;
}

static bool
slot_decode(const uint8_t slot[static SLOT_LEN], struct signerstate *s)
{
	const uint8_t *p = slot + sizeof(magic);
	uint8_t sum[SHA256_LEN], root[MERKLE_LEN];

	sha256(span_of(slot, SLOT_LEN - SHA256_LEN), sum);
	if (memcmp(slot, magic, sizeof(magic)) != 0 ||
	    memcmp(sum, slot + SLOT_LEN - SHA256_LEN, SHA256_LEN) != 0)
		return false;
	s->sequence = u64_take(&p);
	memcpy(s->origin_hash, p, sizeof(s->origin_hash));
	p += sizeof(s->origin_hash);
	s->policy_version = u64_take(&p);
	s->directory_version = u64_take(&p);
	s->frontier.size = u64_take(&p);
	memcpy(s->frontier.node, p, sizeof(s->frontier.node));
	p += sizeof(s->frontier.node);
	merkle_root(&s->frontier, root);
	return memcmp(root, p, sizeof(root)) == 0;
}

static void
sync_now(struct signerstate *s)
{
	if (fdatasync(s->fd) != 0)
		return; /* stays dirty; the good slot stays untouched */
	s->slot = 1 - s->slot;
	s->dirty = false;
	s->synced_ms = clock_mono_ms();
}

int
signerstate_tick(struct signerstate *s)
{
	uint64_t age;

	if (!s->dirty)
		return -1;
	age = clock_mono_ms() - s->synced_ms;
	if (age < SIGNERSTATE_SYNC_MS)
		return (int)(SIGNERSTATE_SYNC_MS - age);
	sync_now(s);
	return s->dirty ? SIGNERSTATE_SYNC_MS : -1;
}

enum err
signerstate_write(struct signerstate *s)
{
	struct buf slot = {0};
	ssize_t n;

	s->sequence++;
	slot_encode(s, &slot);
	n = pwrite(s->fd, slot.p, SLOT_LEN, (off_t)s->slot * SLOT_LEN);
	buf_free(&slot);
	if (n != SLOT_LEN)
		return ERR_FILE;
	s->dirty = true;
	signerstate_tick(s);
	return ERR_NONE;
}

/* --- opening ---------------------------------------------------------------
 */

/* Both slots on disk, and the folder that names them. */
static enum err
make_fresh(struct signerstate *s, int folder)
{
	for (int i = 0; i < SLOTS; i++) {
		if (signerstate_write(s) != ERR_NONE)
			return ERR_FILE;
		sync_now(s);
		if (s->dirty)
			return ERR_FILE;
	}
	return fsync(folder) == 0 ? ERR_NONE : ERR_FILE;
}

/* Take the whole slot with the higher sequence; write the other one next. */
static enum err
read_back(struct signerstate *s, const uint8_t bytes[SLOTS][SLOT_LEN])
{
	struct signerstate found[SLOTS] = {*s, *s};
	uint8_t origin_hash[32];
	int best = -1;

	memcpy(origin_hash, s->origin_hash, sizeof(origin_hash));
	for (int i = 0; i < SLOTS; i++)
		if (slot_decode(bytes[i], &found[i]) &&
		    (best < 0 || found[i].sequence > found[best].sequence))
			best = i;
	if (best < 0)
		return ERR_MALFORMED;
	*s = found[best];
	s->slot = 1 - best;
	if (memcmp(s->origin_hash, origin_hash, sizeof(origin_hash)) != 0)
		return ERR_FORK;
	/* the slot read may be in the kernel alone: a kill is no sync */
	return fdatasync(s->fd) == 0 ? ERR_NONE : ERR_FILE;
}

static enum err
take_up(struct signerstate *s, int folder, bool *fresh)
{
	uint8_t bytes[SLOTS][SLOT_LEN];
	ssize_t n;

	if (flock(s->fd, LOCK_EX | LOCK_NB) != 0)
		return errno == EWOULDBLOCK ? ERR_BUSY : ERR_FILE;
	n = pread(s->fd, bytes, sizeof(bytes), 0);
	if (n < 0)
		return ERR_FILE;
	*fresh = n == 0;
	if (n == 0)
		return make_fresh(s, folder);
	if (n != sizeof(bytes))
		return ERR_MALFORMED;
	return read_back(s, (const uint8_t(*)[SLOT_LEN])bytes);
}

enum err
signerstate_open(
    const char *folder, const char *origin, struct signerstate *s, bool *fresh)
{
	int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum err e = ERR_FILE;

	memset(s, 0, sizeof(*s));
	s->fd = s->published = -1;
	s->synced_ms = clock_mono_ms();
	sha256(span_str(origin), s->origin_hash);
	if (dir < 0)
		return ERR_FILE;
	s->fd = openat(dir, "signer.state",
	    O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (s->fd >= 0)
		e = take_up(s, dir, fresh);
	if (e == ERR_NONE)
		s->published = openat(dir, "checkpoint",
		    O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	close(dir);
	if (e != ERR_NONE)
		signerstate_close(s);
	return e;
}

void
signerstate_publish(struct signerstate *s, struct span checkpoint)
{
	if (s->published >= 0 &&
	    pwrite(s->published, checkpoint.p, checkpoint.n, 0) ==
		(ssize_t)checkpoint.n &&
	    ftruncate(s->published, (off_t)checkpoint.n) != 0)
		return; /* a longer one of before: it does not verify */
}

void
signerstate_close(struct signerstate *s)
{
	if (s->published >= 0)
		close(s->published);
	s->published = -1;
	if (s->fd < 0)
		return;
	if (s->dirty)
		sync_now(s);
	close(s->fd);
	s->fd = -1;
}

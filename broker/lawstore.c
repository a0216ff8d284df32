#include "broker/lawstore.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/file.h"
#include "lib/messages.h"
#include "lib/sha256.h"
#include "policy/blob.h"

#define MAGIC "renkei/v1/law" /* with its NUL */
#define HEAD (sizeof(MAGIC) + 4)
#define FILE_MOST (BLOB_MAX + 65536)

static void
path_make(
    char out[static 4096], const char *dir, const char *kind, const char *what)
{
	snprintf(out, 4096, "%s/%s.%s", dir, kind, what);
}

/* How long the signatures are; false where the bytes are no law. */
static bool
head_read(struct span file, size_t *n)
{
	const uint8_t *p = file.p + sizeof(MAGIC);

	if (file.n < HEAD || memcmp(file.p, MAGIC, sizeof(MAGIC)) != 0)
		return false;
	*n = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
	return *n <= file.n - HEAD;
}

enum err
lawstore_read(
    const char *dir, const char *kind, struct buf *signatures, struct buf *law)
{
	struct buf file = {0};
	char path[4096];
	size_t n;
	enum err e;

	path_make(path, dir, kind, "law");
	e = file_read(path, FILE_MOST, &file);
	if (e == ERR_FILE && errno == ENOENT)
		return ERR_NOT_FOUND;
	if (e == ERR_NONE && !head_read(buf_span(&file), &n))
		e = ERR_MALFORMED;
	if (e == ERR_NONE) {
		buf_add(signatures, file.p + HEAD, n);
		buf_add(law, file.p + HEAD + n, file.n - HEAD - n);
	}
	buf_free(&file);
	return e;
}

enum err
lawstore_write(
    const char *dir, const char *kind, struct span signatures, struct span law)
{
	struct buf file = {0};
	char path[4096];
	enum err e;

	path_make(path, dir, kind, "law");
	buf_add(&file, MAGIC, sizeof(MAGIC));
	buf_add_u32(&file, (uint32_t)signatures.n);
	buf_add(&file, signatures.p, signatures.n);
	buf_add(&file, law.p, law.n);
	e = file_write(path, buf_span(&file), 0644);
	buf_free(&file);
	return e;
}

enum err
lawstore_mark(const char *dir, const char *kind, struct span law)
{
	uint8_t hash[HASH_LEN];
	char path[4096];

	path_make(path, dir, kind, "recorded");
	sha256(law, hash);
	return file_write(path, SPAN(hash), 0644);
}

bool
lawstore_marked(const char *dir, const char *kind, struct span law)
{
	uint8_t hash[HASH_LEN];
	struct buf noted = {0};
	char path[4096];
	bool same;

	path_make(path, dir, kind, "recorded");
	sha256(law, hash);
	same = file_read(path, HASH_LEN, &noted) == ERR_NONE &&
	       span_equal(buf_span(&noted), SPAN(hash));
	buf_free(&noted);
	return same;
}

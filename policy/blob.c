#include "policy/blob.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "policy/policy.h"

#define MANIFEST "manifest.tsv"

static bool
file_take(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "rb");
	char chunk[65536];
	size_t n;
	bool ok;

	if (f == NULL)
		return false;
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0 &&
	       out->n + n <= BLOB_MAX)
		buf_add(out, chunk, n);
	ok = n == 0 && !ferror(f);
	fclose(f);
	return ok;
}

static enum err
file_add(struct buf *blob, const char *dir, const char *name, struct buf *why)
{
	struct buf path = {0}, bytes = {0};
	enum err e = ERR_FILE;

	buf_printf(&path, "%s/%s", dir, name);
	buf_add_u8(&path, '\0');
	errno = 0;
	if (file_take((char *)path.p, &bytes)) {
		buf_add_lp(blob, name);
		buf_add_u64(blob, bytes.n);
		buf_add(blob, bytes.p, bytes.n);
		e = ERR_NONE;
	} else {
		buf_printf(why, "%s:0: cannot be read: %s\n", name,
		    errno ? strerror(errno) : "too large");
	}
	buf_free(&path);
	buf_free(&bytes);
	return e;
}

/* A plain name: no folder, at most 63 bytes. */
static bool
name_ok(const char *name, size_t n)
{
	if (n == 0 || n > 63 || name[0] == '.')
		return false;
	for (size_t i = 0; i < n; i++)
		if (name[i] == '/' || name[i] == '\0')
			return false;
	return true;
}

/* Append each file that a manifest's "file" lines name. */
static enum err
manifest_follow(const char *dir, struct buf *blob, struct buf *why)
{
	struct span m;
	char *text, *line, *save = NULL;
	enum err e = ERR_NONE;
	unsigned at = 0;

	if (!blob_find(buf_span(blob), MANIFEST, &m))
		return ERR_FILE;
	text = xcalloc(m.n + 1, 1);
	memcpy(text, m.p, m.n);
	for (line = strtok_r(text, "\n", &save); line != NULL && e == ERR_NONE;
	     line = strtok_r(NULL, "\n", &save)) {
		at++;
		if (strncmp(line, "file\t", 5) != 0)
			continue;
		if (name_ok(line + 5, strlen(line + 5))) {
			e = file_add(blob, dir, line + 5, why);
		} else {
			buf_printf(why, MANIFEST ":%u: no file name\n", at);
			e = ERR_LINE;
		}
	}
	free(text);
	return e;
}

enum err
policy_pack(const char *dir, struct buf *blob, struct buf *why)
{
	enum err e;

	buf_reset(blob);
	buf_add(blob, BLOB_MAGIC, sizeof(BLOB_MAGIC));
	e = file_add(blob, dir, MANIFEST, why);
	if (e == ERR_NONE)
		e = manifest_follow(dir, blob, why);
	if (e != ERR_NONE)
		buf_reset(blob);
	return e;
}

/* The file at *at, moving *at past it; false where the bytes do not hold. */
static bool
blob_next(struct span blob, size_t *at, struct span *name, struct span *bytes)
{
	const uint8_t *p = blob.p + *at;
	size_t left = blob.n - *at;
	uint64_t size = 0;

	if (left < 1 || left < 1u + p[0] + 8)
		return false;
	*name = span_of(p + 1, p[0]);
	for (int i = 0; i < 8; i++)
		size = size << 8 | p[1 + p[0] + i];
	left -= 1u + p[0] + 8;
	if (size > left)
		return false;
	*bytes = span_of(p + 1 + p[0] + 8, (size_t)size);
	*at += 1u + p[0] + 8 + (size_t)size;
	return true;
}

static bool
blob_begins(struct span blob)
{
	return blob.n >= sizeof(BLOB_MAGIC) &&
	       memcmp(blob.p, BLOB_MAGIC, sizeof(BLOB_MAGIC)) == 0;
}

bool
blob_find(struct span blob, const char *file, struct span *out)
{
	size_t at = sizeof(BLOB_MAGIC);
	struct span name;

	if (!blob_begins(blob))
		return false;
	while (at < blob.n && blob_next(blob, &at, &name, out))
		if (span_equal(name, span_str(file)))
			return true;
	return false;
}

enum err
blob_check(struct span blob)
{
	size_t at = sizeof(BLOB_MAGIC);
	struct span name, bytes;

	if (!blob_begins(blob))
		return ERR_MALFORMED;
	while (at < blob.n)
		if (!blob_next(blob, &at, &name, &bytes))
			return ERR_MALFORMED;
	return ERR_NONE;
}

static bool
write_all(int fd, struct span b)
{
	while (b.n > 0) {
		ssize_t n = write(fd, b.p, b.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		b = span_of(b.p + n, b.n - (size_t)n);
	}
	return true;
}

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

int
policy_memfd(struct span blob)
{
	int fd = memfd_create("renkei-policy", MFD_ALLOW_SEALING);

	if (fd < 0)
		return -1;
	if (!write_all(fd, blob) || fcntl(fd, F_ADD_SEALS, SEALS) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

enum err
policy_map(int fd, struct policy **out, struct buf *why)
{
	struct stat st;
	enum err e;
	void *p;
	int seals = fcntl(fd, F_GET_SEALS);

	*out = NULL;
	if (seals < 0 || (seals & SEALS) != SEALS || fstat(fd, &st) != 0 ||
	    st.st_size <= 0 || st.st_size > BLOB_MAX) {
		buf_printf(why, "policy:0: not a sealed policy\n");
		return ERR_FILE;
	}
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return ERR_SYSTEM;
	e = policy_parse(span_of(p, (size_t)st.st_size), out, why);
	munmap(p, (size_t)st.st_size);
	return e;
}

enum err
policy_open(const char *dir, struct policy **out, struct buf *why)
{
	struct buf blob = {0};
	enum err e;

	*out = NULL;
	e = policy_pack(dir, &blob, why);
	if (e == ERR_NONE)
		e = policy_parse(buf_span(&blob), out, why);
	buf_free(&blob);
	return e;
}

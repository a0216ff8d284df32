#include "lib/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err
descriptor_read(int fd, size_t max, struct buf *out)
{
	size_t before = out->n;
	struct stat st;
	ssize_t n = 1;

	if (fstat(fd, &st) != 0)
		return ERR_FILE;
	if (!S_ISREG(st.st_mode)) {
		errno = S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
		return ERR_FILE;
	}
	/* it may grow while we read: count what came, not what was said */
	while (n > 0 && out->n - before <= max) {
		size_t chunk = 65536;

		n = read(fd, buf_grow(out, chunk), chunk);
		out->n -= chunk - (n > 0 ? (size_t)n : 0);
		if (n < 0 && errno == EINTR)
			n = 1;
	}
	if (n >= 0 && out->n - before <= max)
		return ERR_NONE;
	out->n = before;
	return n < 0 ? ERR_FILE : ERR_TOO_LONG;
}

enum err
file_read_at(int dir, const char *path, size_t max, struct buf *out)
{
	/* a FIFO must not make us wait before we saw what it is */
	int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), saved;
	enum err e;

	if (fd < 0)
		return ERR_FILE;
	e = descriptor_read(fd, max, out);
	saved = errno;
	close(fd);
	errno = saved;
	return e;
}

enum err
file_read(const char *path, size_t max, struct buf *out)
{
	return file_read_at(AT_FDCWD, path, max, out);
}

static bool
write_all(int fd, struct span bytes)
{
	while (bytes.n > 0) {
		ssize_t n = write(fd, bytes.p, bytes.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		bytes.p += n;
		bytes.n -= (size_t)n;
	}
	return true;
}

static bool
sync_directory_of(const char *path)
{
	char *dir = xstrdup(path), *slash = strrchr(dir, '/');
	int fd;
	bool done;

	if (slash != NULL)
		slash[slash == dir] = '\0';
	fd =
	    open(slash != NULL ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(dir);
	if (fd < 0)
		return false;
	done = fsync(fd) == 0;
	close(fd);
	return done;
}

static bool
write_beside(const char *beside, struct span bytes, unsigned mode)
{
	int fd = open(beside,
	    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	bool done;

	if (fd < 0)
		return false;
	done = fchmod(fd, (mode_t)mode) == 0 && write_all(fd, bytes) &&
	       fsync(fd) == 0;
	return close(fd) == 0 && done;
}

enum err
file_write(const char *path, struct span bytes, unsigned mode)
{
	struct buf beside = {0};
	enum err e = ERR_FILE;
	int saved;

	buf_printf(&beside, "%s.new", path);
	buf_add_u8(&beside, 0);
	if (!write_beside((const char *)beside.p, bytes, mode)) {
		saved = errno;
		unlink((const char *)beside.p);
		errno = saved;
	} else if (rename((const char *)beside.p, path) == 0 &&
		   sync_directory_of(path)) {
		e = ERR_NONE;
	}
	buf_free(&beside);
	return e;
}

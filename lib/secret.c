#include "lib/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void
sodium_ready(void)
{
	if (sodium_init() < 0) {
		fputs("renkei: libsodium does not start\n", stderr);
		abort();
	}
}

struct secret
secret_new(size_t n)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct secret s = {NULL, n};

	pthread_once(&once, sodium_ready);
	/* pages of its own, guarded, locked, left out of core dumps */
	s.p = sodium_malloc(n ? n : 1);
	if (s.p == NULL) {
		fputs("renkei: out of memory for a secret\n", stderr);
		abort();
	}
	sodium_memzero(s.p, n);
	return s;
}

struct secret
secret_random(size_t n)
{
	struct secret s = secret_new(n);

	randombytes_buf(s.p, n);
	return s;
}

struct secret
secret_take(uint8_t *p, size_t n)
{
	struct secret s = secret_new(n);

	memcpy(s.p, p, n);
	explicit_bzero(p, n);
	return s;
}

struct span
secret_span(const struct secret *s)
{
	return span_of(s->p, s->n);
}

bool
secret_equal(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || sodium_memcmp(a.p, b.p, a.n) == 0);
}

static enum err
private_file(int fd, size_t max, size_t *size)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return ERR_FILE;
	if (!S_ISREG(st.st_mode) || (st.st_mode & 077) != 0) {
		errno = EACCES;
		return ERR_FILE;
	}
	if (st.st_size < 0 || (uint64_t)st.st_size > max)
		return ERR_TOO_LONG;
	*size = (size_t)st.st_size;
	return ERR_NONE;
}

static enum err
locked_read(int fd, size_t n, struct secret *out)
{
	struct secret s = secret_new(n);
	size_t at = 0;

	while (at < n) {
		ssize_t got = read(fd, s.p + at, n - at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0) {
			secret_free(&s);
			return ERR_FILE;
		}
		at += (size_t)got;
	}
	*out = s;
	return ERR_NONE;
}

enum err
secret_read(const char *path, size_t max, struct secret *out)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), saved;
	size_t n = 0;
	enum err e;

	*out = (struct secret){0};
	if (fd < 0)
		return ERR_FILE;
	e = private_file(fd, max, &n);
	if (e == ERR_NONE)
		e = locked_read(fd, n, out);
	saved = errno;
	close(fd);
	errno = saved;
	return e;
}

void
secret_free(struct secret *s)
{
	if (s == NULL)
		return;
	/* wipes before it unmaps */
	sodium_free(s->p);
	*s = (struct secret){0};
}

enum err
process_harden(bool hidden)
{
	const struct rlimit none = {0, 0};

	if (setrlimit(RLIMIT_CORE, &none) != 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return ERR_SYSTEM;
	if (hidden && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return ERR_SYSTEM;
	return ERR_NONE;
}

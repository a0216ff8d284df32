#include "agents/cli/control.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/tsv.h"

#define WAIT_MS 30000
#define ANSWER_MAX (1024 * 1024)

static enum err
control_dial(const char *path, int *out)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(at.sun_path))
		return ERR_TOO_LONG;
	strcpy(at.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return ERR_SYSTEM;
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) != 0) {
		close(fd);
		return ERR_OFFLINE;
	}
	*out = fd;
	return ERR_NONE;
}

static enum err
word_send(int to, const char *word, const int fds[2])
{
	char room[CMSG_SPACE(2 * sizeof(int))] = {0}, line[64];
	struct iovec v = {line, 0};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
	struct cmsghdr *h;

	v.iov_len = (size_t)snprintf(line, sizeof(line), "%s\n", word);
	if (fds != NULL) {
		m.msg_control = room;
		m.msg_controllen = sizeof(room);
		h = CMSG_FIRSTHDR(&m);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(2 * sizeof(int));
		memcpy(CMSG_DATA(h), fds, 2 * sizeof(int));
	}
	return sendmsg(to, &m, MSG_NOSIGNAL) == (ssize_t)v.iov_len
		   ? ERR_NONE
		   : ERR_OFFLINE;
}

static void
fds_take(struct msghdr *m, int fds[2])
{
	struct cmsghdr *h = CMSG_FIRSTHDR(m);

	if (fds != NULL && h != NULL && h->cmsg_type == SCM_RIGHTS &&
	    h->cmsg_len == CMSG_LEN(2 * sizeof(int)))
		memcpy(fds, CMSG_DATA(h), 2 * sizeof(int));
}

static bool
answer_whole(const struct buf *b)
{
	return (b->n == 2 && memcmp(b->p, ".\n", 2) == 0) ||
	       (b->n > 2 && memcmp(b->p + b->n - 3, "\n.\n", 3) == 0);
}

/* Up to the line with a single dot, which is cut off; and a NUL behind it. */
static enum err
answer_read(int from, struct buf *out, int fds[2])
{
	char room[CMSG_SPACE(2 * sizeof(int))], chunk[4096];

	while (!answer_whole(out)) {
		struct pollfd p = {from, POLLIN, 0};
		struct iovec v = {chunk, sizeof(chunk)};
		struct msghdr m = {.msg_iov = &v,
		    .msg_iovlen = 1,
		    .msg_control = room,
		    .msg_controllen = sizeof(room)};
		ssize_t n;

		if (poll(&p, 1, WAIT_MS) <= 0)
			return ERR_TIMEOUT;
		n = recvmsg(from, &m, MSG_CMSG_CLOEXEC);
		if (n <= 0 || out->n > ANSWER_MAX)
			return ERR_OFFLINE;
		fds_take(&m, fds);
		buf_add(out, chunk, (size_t)n);
	}
	out->n -= 2;
	buf_add_u8(out, '\0');
	return ERR_NONE;
}

static enum err
descriptor_read(int fd, struct buf *out)
{
	struct stat st;
	size_t n;

	if (fd < 0 || fstat(fd, &st) != 0 || st.st_size < 0)
		return ERR_FILE;
	n = (size_t)st.st_size;
	if (n > 0 && pread(fd, buf_grow(out, n), n, 0) != (ssize_t)n)
		return ERR_FILE;
	return ERR_NONE;
}

static enum err
law_take(const int fds[2], bool list_only, struct law_held *out)
{
	struct buf why = {0};
	enum err e = fds[0] >= 0 ? ERR_NONE : ERR_OFFLINE;

	if (e == ERR_NONE && !list_only)
		e = policy_map(fds[0], &out->policy, &why);
	if (e == ERR_NONE)
		e = descriptor_read(fds[1], &out->suspensions);
	if (e == ERR_NONE && out->suspensions.n > 0)
		e = tsv_version(
		    buf_span(&out->suspensions), &out->suspensions_version);
	if (e == ERR_NONE && out->suspensions.n > 0 && !list_only)
		e = policy_suspend(
		    out->policy, buf_span(&out->suspensions), &why);
	buf_free(&why);
	return e;
}

enum err
control_law(const char *socket, bool list_only, struct law_held *out)
{
	struct buf text = {0};
	int fd = -1, fds[2] = {-1, -1};
	enum err e = control_dial(socket, &fd);

	memset(out, 0, sizeof(*out));
	if (e == ERR_NONE)
		e = word_send(fd, "policy", NULL);
	if (e == ERR_NONE)
		e = answer_read(fd, &text, fds);
	if (e == ERR_NONE)
		e = law_take(fds, list_only, out);
	if (e != ERR_NONE)
		law_held_fini(out);
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	if (fd >= 0)
		close(fd);
	buf_free(&text);
	return e;
}

void
law_held_fini(struct law_held *held)
{
	policy_free(held->policy);
	buf_free(&held->suspensions);
	memset(held, 0, sizeof(*held));
}

/* "ok" or an error's code, a line end, and what there is to say. */
static enum err
answer_split(struct buf *answer, struct buf *said)
{
	char *text = (char *)answer->p, *end = strchr(text, '\n');
	const char *rest = "";

	if (end != NULL) {
		*end = '\0';
		rest = end + 1;
	}
	buf_add(said, rest, strlen(rest));
	return strcmp(text, err_code(ERR_NONE)) == 0 ? ERR_NONE
						     : err_from_code(text);
}

enum err
control_amend(const char *socket, const char *word, struct span law,
    struct span signatures, struct buf *said)
{
	int fds[2] = {policy_memfd(law), policy_memfd(signatures)}, fd = -1;
	struct buf answer = {0};
	enum err e = fds[0] >= 0 && fds[1] >= 0 ? ERR_NONE : ERR_SYSTEM;

	if (e == ERR_NONE)
		e = control_dial(socket, &fd);
	if (e == ERR_NONE)
		e = word_send(fd, word, fds);
	if (e == ERR_NONE)
		e = answer_read(fd, &answer, NULL);
	if (e == ERR_NONE)
		e = answer_split(&answer, said);
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	if (fd >= 0)
		close(fd);
	buf_free(&answer);
	return e;
}

/* What a process that holds keys may still do: nothing but answer. */
#include "broker/sandbox.h"
#include "tests/unit/suite.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* --- a child that shuts itself in, then tries something --- */

#define DONE 42

static int
status_of(enum sandbox_kind kind, void (*attempt)(void))
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		if (sandbox_enter(kind) != ERR_NONE)
			_exit(1);
		attempt();
		_exit(DONE);
	}
	waitpid(pid, &status, 0);
	return status;
}

static bool
is_killed(enum sandbox_kind kind, void (*attempt)(void))
{
	int status = status_of(kind, attempt);

	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

static bool
goes_through(enum sandbox_kind kind, void (*attempt)(void))
{
	int status = status_of(kind, attempt);

	return WIFEXITED(status) && WEXITSTATUS(status) == DONE;
}

/* --- what is tried --- */

static void
compute(void)
{
	uint8_t r[32];
	struct timespec t;
	struct tm tm;
	char *volatile p = malloc(1 << 20);

	if (p == NULL || getrandom(r, sizeof(r), 0) != sizeof(r) ||
	    clock_gettime(CLOCK_REALTIME, &t) != 0 ||
	    gmtime_r(&t.tv_sec, &tm) == NULL)
		_exit(2);
	memset(p, 1, 1 << 20);
	free(p);
}

static void
open_file(void)
{
	_exit(open("/etc/hostname", O_RDONLY) < 0 ? 4 : 5);
}

static void
open_socket(void)
{
	socket(AF_INET, SOCK_STREAM, 0);
}

static void
start_child(void)
{
	if (fork() == 0)
		_exit(0);
}

static void
run_program(void)
{
	execl("/bin/true", "true", (char *)NULL);
}

static void
kill_another(void)
{
	kill(getppid(), 0);
}

static void
map_code(void)
{
	mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
	    0);
}

static void
make_code(void)
{
	static uint8_t pages[8192];
	uintptr_t at = ((uintptr_t)pages + 4095) & ~(uintptr_t)4095;

	mprotect((void *)at, 4096, PROT_READ | PROT_EXEC);
}

static void
sync_file(void)
{
	fsync(STDERR_FILENO);
}

static struct msghdr
message(struct iovec *v, void *control, size_t n)
{
	return (struct msghdr){.msg_iov = v,
	    .msg_iovlen = 1,
	    .msg_control = control,
	    .msg_controllen = n};
}

#define CHANNEL 9

static void
receive_descriptor(void)
{
	char room[CMSG_SPACE(sizeof(int))], byte;
	struct iovec v = {&byte, 1};
	struct msghdr m = message(&v, room, sizeof(room));

	if (recvmsg(CHANNEL, &m, 0) != 1 || !(m.msg_flags & MSG_CTRUNC))
		_exit(3);
}

/* --- tests --- */

static void
lives(void)
{
	CU_ASSERT(goes_through(SANDBOX_VAULT, compute));
	CU_ASSERT(goes_through(SANDBOX_SIGNER, compute));
}

static void
no_file(void)
{
	CU_ASSERT(is_killed(SANDBOX_VAULT, open_file));
	CU_ASSERT(is_killed(SANDBOX_SIGNER, open_file));
}

static void
no_network(void)
{
	CU_ASSERT(is_killed(SANDBOX_VAULT, open_socket));
	CU_ASSERT(is_killed(SANDBOX_SIGNER, open_socket));
}

static void
no_child(void)
{
	CU_ASSERT(is_killed(SANDBOX_VAULT, start_child));
	CU_ASSERT(is_killed(SANDBOX_VAULT, run_program));
	CU_ASSERT(is_killed(SANDBOX_VAULT, kill_another));
}

static void
no_code(void)
{
	CU_ASSERT(is_killed(SANDBOX_VAULT, map_code));
	CU_ASSERT(is_killed(SANDBOX_VAULT, make_code));
}

static void
only_the_signer_syncs(void)
{
	CU_ASSERT(is_killed(SANDBOX_VAULT, sync_file));
	CU_ASSERT(goes_through(SANDBOX_SIGNER, sync_file));
}

static void
no_descriptor(void)
{
	char room[CMSG_SPACE(sizeof(int))] = {0}, byte = 'x';
	struct iovec v = {&byte, 1};
	struct msghdr m = message(&v, room, sizeof(room));
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);
	int pair[2], zero = 0;

	CU_ASSERT_FATAL(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(h), &zero, sizeof(zero));
	CU_ASSERT_FATAL(sendmsg(pair[0], &m, 0) == 1);
	CU_ASSERT_FATAL(dup2(pair[1], CHANNEL) == CHANNEL);
	CU_ASSERT(goes_through(SANDBOX_VAULT, receive_descriptor));
	close(CHANNEL);
	close(pair[0]);
	close(pair[1]);
}

static const struct suite_case cases[] = {
    {"lets a process compute, tell the time and draw at random", lives},
    {"kills one that opens a file", no_file},
    {"kills one that opens a socket", no_network},
    {"kills one that starts a child or signals another", no_child},
    {"kills one that makes memory executable", no_code},
    {"lets the signer sync its state, and a vault nothing such",
	only_the_signer_syncs},
    {"takes no descriptor that is sent to it", no_descriptor},
};
SUITE("sandbox", cases)

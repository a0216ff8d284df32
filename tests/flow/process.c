#include "tests/flow/process.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__has_feature)
#define HAS(feature) __has_feature(feature)
#else
#define HAS(feature) 0
#endif

bool
process_sanitized(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || \
    HAS(address_sanitizer) || HAS(thread_sanitizer)
	return true;
#else
	return false;
#endif
}

long long
process_clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

void
process_sleep_ms(unsigned ms)
{
	struct timespec t = {ms / 1000, (ms % 1000) * 1000000L};

	while (nanosleep(&t, &t) != 0 && errno == EINTR)
		;
}

/* A datagram socket in the abstract name space, for NOTIFY_SOCKET. */
static int
notify_listen(char *name, size_t n)
{
	static unsigned count;
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t len;

	assert(fd >= 0);
	snprintf(name, n, "@renkei-test-%d-%u", (int)getpid(), count++);
	len = offsetof(struct sockaddr_un, sun_path) + strlen(name);
	memcpy(a.sun_path, name, strlen(name));
	a.sun_path[0] = '\0';
	if (bind(fd, (struct sockaddr *)&a, len) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static _Noreturn void
child_exec(
    char *const argv[], char *const env[], const char *log, const char *notify)
{
	int out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
	int in = open("/dev/null", O_RDONLY);
	sigset_t none;

	if (out < 0 || in < 0)
		_exit(126);
	dup2(in, 0);
	dup2(out, 1);
	dup2(out, 2);
	close(in);
	close(out);
	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	setenv("NOTIFY_SOCKET", notify, 1);
	for (; env != NULL && *env != NULL; env++)
		putenv(*env);
	execv(argv[0], argv);
	perror(argv[0]);
	_exit(127);
}

/* Whether a READY=1 line came; -1 when nothing came within `ms`. */
static int
notify_read(int fd, int ms)
{
	struct pollfd p = {fd, POLLIN, 0};
	char line[512];
	ssize_t n;

	if (poll(&p, 1, ms) <= 0)
		return -1;
	n = recv(fd, line, sizeof line - 1, 0);
	if (n <= 0)
		return -1;
	line[n] = '\0';
	return strncmp(line, "READY=1", 7) == 0 ||
	       strstr(line, "\nREADY=1") != NULL;
}

bool
process_start(struct process *p, char *const argv[], char *const env[],
    const char *log, unsigned seconds)
{
	char name[64];
	int fd = notify_listen(name, sizeof name);
	long long until = process_clock_ms() + seconds * 1000LL;

	memset(p, 0, sizeof *p);
	if (fd < 0)
		return false;
	snprintf(p->log, sizeof p->log, "%s", log);
	p->pid = fork();
	if (p->pid == 0)
		child_exec(argv, env, log, name);
	while (p->pid > 0 && process_alive(p) && process_clock_ms() < until) {
		if (notify_read(fd, 20) == 1) {
			close(fd);
			return true;
		}
	}
	close(fd);
	process_kill(p, true);
	return false;
}

bool
process_alive(struct process *p)
{
	if (p->pid <= 0)
		return false;
	if (waitpid(p->pid, &p->status, WNOHANG) == 0)
		return true;
	p->pid = 0;
	return false;
}

bool
process_wait(struct process *p, unsigned seconds)
{
	long long until = process_clock_ms() + seconds * 1000LL;

	while (process_alive(p)) {
		if (process_clock_ms() >= until)
			return false;
		process_sleep_ms(5);
	}
	return true;
}

bool
process_stop(struct process *p, unsigned seconds)
{
	if (!process_alive(p))
		return false;
	kill(p->pid, SIGTERM);
	if (!process_wait(p, seconds)) {
		process_kill(p, true);
		return false;
	}
	return WIFEXITED(p->status) && WEXITSTATUS(p->status) == 0;
}

void
process_kill(struct process *p, bool group)
{
	if (p->pid <= 0)
		return;
	if (group)
		kill(-p->pid, SIGKILL);
	kill(p->pid, SIGKILL);
	while (waitpid(p->pid, &p->status, 0) < 0 && errno == EINTR)
		;
	p->pid = 0;
}

#include "broker/parent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "broker/lawstore.h"
#include "broker/vault_ops.h"
#include "broker/workers.h"
#include "lib/clock.h"
#include "lib/oplog.h"
#include "policy/policy.h"

#define FD_HIGH 128 /* our own descriptors, above all FD_* */
#define CHANNEL_BYTES (1 << 20)
#define STOP_MS 8000 /* for a set to end by itself */
#define FRONT_MS 500 /* for a front to end when a leaf has */
#define BACK_OFF_MIN_MS 100
#define BACK_OFF_MAX_MS 5000
#define STEADY_MS 10000 /* a set that ran so long was no failure */
#define CHILDREN_MAX (WORKERS_MAX + 2)

struct child {
	pid_t pid; /* 0: gone */
	enum role role;
};

struct parent {
	const struct options *o;
	const char *config_path;
	struct child child[CHILDREN_MAX];
	size_t n;
	int policy_fd, control_fd, signal_fd, ready_fd;
	pid_t pid;
	bool was_ready;	   /* at least once */
	bool stop, reload; /* what the signals asked for */
	bool fallen;	   /* a child of this set died by itself */
	int status;	   /* of the first that did */
	uint64_t started_ms;
	unsigned back_off_ms;
};

static const char *const role_words[ROLE_COUNT] = {
#define ROLE_WORD(name, word) word,
    ROLE_TABLE(ROLE_WORD)
#undef ROLE_WORD
};

enum role
role_find(const char *word)
{
	enum role r = 0;
	while (r < ROLE_COUNT && strcmp(role_words[r], word) != 0)
		r++;
	return r;
}

/* ---- what children are given ----------------------------------------------
 */

/* Away from the low numbers that children find theirs under. */
static int
fd_raise(int fd)
{
	if (fd < 0)
		return -1;
	int high = fcntl(fd, F_DUPFD_CLOEXEC, FD_HIGH);
	close(fd);
	return high;
}

static bool
channel_open(int type, int ends[2])
{
	int bytes = CHANNEL_BYTES;
	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) != 0)
		return false;
	for (int i = 0; i < 2; i++) {
		ends[i] = fd_raise(ends[i]);
		setsockopt(
		    ends[i], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
		setsockopt(
		    ends[i], SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	}
	return ends[0] >= 0 && ends[1] >= 0;
}

/* What was loaded last; the configured folder is for the first start only. */
static enum err
policy_fetch(const struct options *o, struct buf *blob, struct buf *why)
{
	struct buf signatures = {0};
	enum err e = ERR_NOT_FOUND;
	if (o->policy_store != NULL)
		e = lawstore_read(
		    o->policy_store, LAW_POLICY, &signatures, blob);
	buf_free(&signatures);
	if (e == ERR_NOT_FOUND)
		return policy_pack(o->policy, blob, why);
	if (e != ERR_NONE)
		buf_printf(why, "%s: %s", o->policy_store, err_sentence(e));
	return e;
}

static enum err
policy_pass(struct parent *p)
{
	struct buf blob = {0}, why = {0};
	enum err e = policy_fetch(p->o, &blob, &why);
	if (e == ERR_NONE) {
		if (p->policy_fd >= 0)
			close(p->policy_fd);
		p->policy_fd = fd_raise(policy_memfd(buf_span(&blob)));
		if (p->policy_fd < 0)
			e = ERR_SYSTEM;
	}
	if (e != ERR_NONE) {
		buf_add_u8(&why, '\0');
		oplog(OPLOG_ERROR, "policy-unreadable", LOG_ERR(e),
		    LOG_TEXT("why", (const char *)why.p));
	}
	buf_free(&blob);
	buf_free(&why);
	return e;
}

/* A socket file of a parent that was killed is nobody's; a live one is. */
static enum err
control_open(struct parent *p)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	if (strlen(p->o->control) >= sizeof(at.sun_path))
		return ERR_CONFIG;
	strcpy(at.sun_path, p->o->control);
	int fd = fd_raise(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0) {
		close(fd);
		oplog(OPLOG_ERROR, "already-running",
		    LOG_TEXT("control", p->o->control));
		return ERR_CONFIG;
	}
	close(fd);
	unlink(p->o->control);
	fd = fd_raise(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
	    chmod(p->o->control, 0660) != 0 || listen(fd, 16) != 0) {
		oplog(OPLOG_ERROR, "control-socket",
		    LOG_TEXT("path", p->o->control),
		    LOG_TEXT("why", strerror(errno)));
		close(fd);
		return ERR_CONFIG;
	}
	p->control_fd = fd;
	return ERR_NONE;
}

/* ---- starting a set
 * ---------------------------------------------------------- */

static void
child_become(struct parent *p, enum role role, const int *fds, size_t n)
{
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != p->pid)
		_exit(1); /* it went before we could be tied to it */
	for (size_t i = 0; i < n; i++)
		if (dup2(fds[i], (int)(3 + i)) < 0)
			_exit(EX_OSERR);
	const char *argv[] = {
	    "renkei-broker", p->config_path, "--role", role_words[role], NULL};
	execv("/proc/self/exe", (char *const *)argv);
	_exit(EX_OSERR);
}

static bool
child_start(struct parent *p, enum role role, const int *fds, size_t n)
{
	pid_t pid = fork();
	if (pid == 0)
		child_become(p, role, fds, n);
	if (pid < 0)
		return false;
	p->child[p->n++] = (struct child){pid, role};
	return true;
}

/* Signer, workers, front: the front's ends are in no other process. */
static bool
set_start(struct parent *p)
{
	int signer[2], ready[2], vault[2];
	int front_fds[FD_VAULTS - 3 + WORKERS_MAX];
	bool good = channel_open(SOCK_STREAM, signer) &&
		    channel_open(SOCK_STREAM, ready);
	size_t n_front = FD_VAULTS - 3;
	p->n = 0;
	p->fallen = false;
	p->status = 0;
	p->started_ms = clock_mono_ms();
	if (!good || !child_start(p, ROLE_SIGNER, &signer[1], 1))
		return false;
	close(signer[1]);
	for (uint32_t i = 0; i < p->o->workers && good; i++) {
		good = channel_open(SOCK_SEQPACKET, vault);
		int fds[] = {vault[1], p->policy_fd};
		good = good && child_start(p, ROLE_VAULT, fds, 2);
		close(vault[1]);
		front_fds[n_front++] = vault[0];
	}
	front_fds[FD_SIGNER - 3] = signer[0];
	front_fds[FD_POLICY - 3] = p->policy_fd;
	front_fds[FD_CONTROL - 3] = p->control_fd;
	front_fds[FD_READY - 3] = ready[1];
	good = good && child_start(p, ROLE_FRONT, front_fds, n_front);
	close(signer[0]);
	close(ready[1]);
	for (size_t i = FD_VAULTS - 3; i < n_front; i++)
		close(front_fds[i]);
	p->ready_fd = ready[0];
	/* a place to crash at is for the first set only */
	unsetenv("RENKEI_CRASH");
	return good;
}

/* ---- ending one
 * ---------------------------------------------------------------- */

static size_t
children_left(const struct parent *p)
{
	size_t left = 0;
	for (size_t i = 0; i < p->n; i++)
		left += p->child[i].pid != 0;
	return left;
}

static void
child_gone(struct parent *p, struct child *c, int status, bool expected)
{
	int code =
	    WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	c->pid = 0;
	/* leaves end because the front did: its word counts, not theirs */
	if (p->fallen && c->role == ROLE_FRONT && code != 0 && code < 128)
		p->status = code;
	if (expected && code == 0)
		return;
	oplog(expected ? OPLOG_INFO : OPLOG_ERROR, "child-gone",
	    LOG_TEXT("role", role_words[c->role]), LOG_NUMBER("status", code));
	if (!expected && !p->fallen) {
		p->fallen = true;
		p->status = code == 0 ? 1 : code;
	}
}

static void
children_reap(struct parent *p, bool expected)
{
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		for (size_t i = 0; i < p->n; i++)
			if (p->child[i].pid == pid)
				child_gone(p, &p->child[i], status, expected);
}

static void
children_signal(struct parent *p, enum role only, int signal)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->child[i].pid != 0 &&
		    (only == ROLE_COUNT || p->child[i].role == only))
			kill(p->child[i].pid, signal);
}

/* A front that lost a leaf, or gave up, ends by itself and says why. */
static void
front_await(struct parent *p)
{
	struct child *front = &p->child[p->n - 1];
	uint64_t until = clock_mono_ms() + FRONT_MS;
	children_reap(p, true);
	while (front->role == ROLE_FRONT && front->pid != 0 &&
	       clock_mono_ms() < until) {
		poll(NULL, 0, 5);
		children_reap(p, true);
	}
}

/*
 * The front drains on SIGTERM; signer and workers end when its ends of their
 * channels close. What does not end in time is killed.
 */
static void
set_stop(struct parent *p, bool gently)
{
	uint64_t until = clock_mono_ms() + STOP_MS;
	if (gently) {
		children_signal(p, ROLE_FRONT, SIGTERM);
	} else {
		front_await(p);
		children_signal(p, ROLE_COUNT, SIGKILL);
	}
	children_reap(p, true);
	while (children_left(p) > 0) {
		if (clock_mono_ms() >= until)
			children_signal(p, ROLE_COUNT, SIGKILL);
		poll(NULL, 0, 5);
		children_reap(p, true);
	}
	if (p->ready_fd >= 0)
		close(p->ready_fd);
	p->ready_fd = -1;
}

/* ---- the loop
 * -------------------------------------------------------------------- */

static void
signals_read(struct parent *p)
{
	struct signalfd_siginfo s;
	while (read(p->signal_fd, &s, sizeof(s)) == sizeof(s)) {
		if (s.ssi_signo == SIGTERM || s.ssi_signo == SIGINT)
			p->stop = true;
		else if (s.ssi_signo == SIGHUP)
			p->reload = true;
	}
	children_reap(p, false);
}

static void
ready_read(struct parent *p)
{
	char byte;
	if (read(p->ready_fd, &byte, 1) == 1) {
		p->was_ready = true;
		oplog(OPLOG_INFO, "ready",
		    LOG_NUMBER("ms", clock_mono_ms() - p->started_ms));
		sd_notify(0, "READY=1");
	}
	close(p->ready_fd);
	p->ready_fd = -1;
}

/* Until a signal asks for something, or a child falls. */
static void
set_watch(struct parent *p)
{
	while (!p->stop && !p->reload && !p->fallen) {
		struct pollfd fds[] = {
		    {p->signal_fd, POLLIN, 0}, {p->ready_fd, POLLIN, 0}};
		poll(fds, 2, 1000);
		signals_read(p);
		if (p->ready_fd >= 0 && fds[1].revents != 0)
			ready_read(p);
	}
}

/* Time before the next attempt; signals cut it short. */
static void
back_off(struct parent *p)
{
	if (clock_mono_ms() >= p->started_ms + STEADY_MS)
		p->back_off_ms = 0;
	struct pollfd fd = {p->signal_fd, POLLIN, 0};
	poll(&fd, 1, (int)p->back_off_ms);
	signals_read(p);
	p->back_off_ms = p->back_off_ms == 0 ? BACK_OFF_MIN_MS
			 : p->back_off_ms * 2 > BACK_OFF_MAX_MS
			     ? BACK_OFF_MAX_MS
			     : p->back_off_ms * 2;
}

static int
sets_run(struct parent *p)
{
	for (;;) {
		if (!set_start(p)) {
			oplog(OPLOG_ERROR, "start-failed",
			    LOG_TEXT("why", strerror(errno)));
			set_stop(p, false);
			return EX_OSERR;
		}
		set_watch(p);
		set_stop(p, !p->fallen);
		if (p->stop)
			return 0;
		if (!p->was_ready)
			return p->status;
		if (p->reload) {
			sd_notify(0, "RELOADING=1");
			p->reload = false;
		} else {
			back_off(p);
		}
		/* what cannot be read leaves the old one in force */
		policy_pass(p);
	}
}

int
parent_main(const struct options *o, const char *config_path)
{
	struct parent p = {.o = o,
	    .config_path = config_path,
	    .pid = getpid(),
	    .policy_fd = -1,
	    .control_fd = -1,
	    .ready_fd = -1};
	sigset_t mask;
	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGHUP);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	p.signal_fd = fd_raise(signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC));
	if (p.signal_fd < 0)
		return EX_OSERR;
	if (policy_pass(&p) != ERR_NONE || control_open(&p) != ERR_NONE)
		return EX_CONFIG;
	int status = sets_run(&p);
	unlink(o->control);
	return status;
}

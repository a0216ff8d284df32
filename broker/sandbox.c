#include "broker/sandbox.h"

#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

/*
 * What stays. No open, no socket, no clone, no exec: a worker that was taken
 * over can still answer wrongly, but it has no way to carry its keys off
 * except through the front.
 */
static const int calls_all[] = {
    /* the channel, and the operator's log on stderr */
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(recvfrom),
    SCMP_SYS(recvmsg),
    SCMP_SYS(recvmmsg),
    SCMP_SYS(sendto),
    SCMP_SYS(sendmsg),
    SCMP_SYS(sendmmsg),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(close),
    /* memory; mmap and mprotect below, never executable */
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(mlock),
    SCMP_SYS(munlock),
    SCMP_SYS(futex),
    /* time, randomness, who am I (OpenSSL notices a fork by it) */
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(getrandom),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    /* signals, dying */
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(tgkill),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

/* the signer's state file, which it opened before */
static const int calls_signer[] = {
    SCMP_SYS(pread64),
    SCMP_SYS(pwrite64),
    SCMP_SYS(lseek),
    SCMP_SYS(fsync),
    SCMP_SYS(fdatasync),
    SCMP_SYS(ftruncate),
};

static const struct {
	__rlimit_resource_t what;
	rlim_t most;
} limits[] = {
    {RLIMIT_CORE, 0},
    {RLIMIT_NPROC, 0},
    /* not 0: poll() refuses more descriptors than this */
    {RLIMIT_NOFILE, 1},
};

static bool
limits_set(void)
{
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct rlimit r = {limits[i].most, limits[i].most};

		if (setrlimit(limits[i].what, &r) != 0)
			return false;
	}
	return true;
}

static bool
calls_allow(scmp_filter_ctx f, const int *calls, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (seccomp_rule_add(f, SCMP_ACT_ALLOW, calls[i], 0) != 0)
			return false;
	return true;
}

static bool
memory_allow(scmp_filter_ctx f)
{
	static const int maps[] = {SCMP_SYS(mmap), SCMP_SYS(mprotect)};

	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
		if (seccomp_rule_add(f, SCMP_ACT_ALLOW, maps[i], 1,
			SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) != 0)
			return false;
	return true;
}

/* Only itself: abort(), and a test's crash point. */
static bool
signal_allow(scmp_filter_ctx f)
{
	return seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(kill), 1,
		   SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid(), 0)) == 0;
}

static bool
filter_load(enum sandbox_kind kind)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
	bool ok = f != NULL;

	ok = ok && calls_allow(
		       f, calls_all, sizeof(calls_all) / sizeof(calls_all[0]));
	ok = ok && memory_allow(f) && signal_allow(f);
	if (kind == SANDBOX_SIGNER)
		ok = ok && calls_allow(f, calls_signer,
			       sizeof(calls_signer) / sizeof(calls_signer[0]));
	ok = ok && seccomp_load(f) == 0;
	seccomp_release(f);
	return ok;
}

enum err
sandbox_enter(enum sandbox_kind kind)
{
	/* glibc reads /etc/localtime at the first conversion of a time */
	tzset();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || !limits_set() ||
	    !filter_load(kind))
		return ERR_SYSTEM;
	return ERR_NONE;
}

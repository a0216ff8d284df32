/* A program under test: started, waited for, stopped, killed, its log kept. */
#ifndef TESTS_FLOW_PROCESS_H
#define TESTS_FLOW_PROCESS_H

#include <stdbool.h>
#include <sys/types.h>

/* One running program. All-zero: none. */
struct process {
	pid_t pid;
	int status; /* as waitpid gave it, once it is over */
	char log[256];
};

/*
 * Start argv[0] in a session of its own, output appended to `log`, stdin
 * empty, and wait until it says READY=1 (sd_notify). False if it ended first
 * or `seconds` went by: then it is gone. `env` holds NAME=value words more,
 * NULL at the end; may be NULL.
 */
bool process_start(struct process *p, char *const argv[], char *const env[],
    const char *log, unsigned seconds);
/* Ask it to end (SIGTERM), SIGKILL after `seconds`. True if it ended well. */
bool process_stop(struct process *p, unsigned seconds);
/* SIGKILL to the process and, if `group`, to everything in its session. */
void process_kill(struct process *p, bool group);
/* Whether it still runs; takes its status if not. */
bool process_alive(struct process *p);
/* Wait until it ends by itself. False if `seconds` went by. */
bool process_wait(struct process *p, unsigned seconds);

/* Whether all is built with a sanitizer, which fills memory of its own. */
bool process_sanitized(void);

/* Milliseconds of a clock that only goes forward. */
long long process_clock_ms(void);
void process_sleep_ms(unsigned ms);

#endif

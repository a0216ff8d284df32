/*
 * Start a program in the background and wait until it is ready.
 *
 *	launch PIDFILE LOGFILE SECONDS PROGRAM [ARG...]
 *
 * Exit status 0 once it has said READY=1 (its process id is in PIDFILE), 1 if
 * it ended or stayed silent: then the end of its log is shown.
 */
#include "tests/flow/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
log_show(const char *path, long from)
{
	FILE *f = fopen(path, "r");
	char line[1024];

	if (f == NULL || fseek(f, from, SEEK_SET) != 0)
		return;
	while (fgets(line, sizeof line, f) != NULL)
		fprintf(stderr, "  %s", line);
	fclose(f);
}

static long
log_size(const char *path)
{
	FILE *f = fopen(path, "r");
	long n = 0;

	if (f == NULL)
		return 0;
	if (fseek(f, 0, SEEK_END) == 0)
		n = ftell(f);
	fclose(f);
	return n;
}

int
main(int argc, char *argv[])
{
	struct process p;
	long before;
	FILE *f;

	if (argc < 5) {
		fprintf(stderr, "usage: launch PIDFILE LOGFILE SECONDS "
				"PROGRAM [ARG...]\n");
		return 2;
	}
	before = log_size(argv[2]);
	if (!process_start(&p, argv + 4, NULL, argv[2],
		(unsigned)strtoul(argv[3], NULL, 10))) {
		fprintf(stderr, "launch: %s did not get ready\n", argv[4]);
		log_show(argv[2], before);
		return 1;
	}
	f = fopen(argv[1], "w");
	if (f == NULL || fprintf(f, "%d\n", (int)p.pid) < 0 || fclose(f) != 0) {
		perror(argv[1]);
		process_kill(&p, true);
		return 1;
	}
	return 0;
}

/* A file of inquiries, asked side by side, with a progress bar. */
#ifndef AGENTS_CLI_BATCH_H
#define AGENTS_CLI_BATCH_H

#include "agents/cli/client.h"
#include "agents/cli/question.h"

/*
 * Ask for every line of a TSV file: its columns are named as the options
 * (person, case, task, provider, data, ...; one data name a line), what it
 * lacks comes from `q`. Shows progress on a terminal, writes one line an
 * inquiry to `results` (may be NULL), prints a summary. Exit status:
 * CLI_DONE if every line was answered with data, else that of the worst.
 */
int batch_run(struct client *c, const struct question *q, const char *path,
    const char *results, bool json);

/* A bar on stderr if that is a terminal: done of all, and a rate. */
struct progress {
	size_t done, all;
	uint64_t begun_ms, shown_ms;
};
void progress_start(struct progress *p, size_t all);
void progress_step(struct progress *p);
void progress_end(struct progress *p);

#endif

#include <stdio.h>
#include <unistd.h>

#include "agents/cli/batch.h"
#include "lib/clock.h"

#define BAR 32
#define SHOW_EVERY_MS 100

static void
bar_show(const struct progress *p)
{
	uint64_t ms = clock_mono_ms() - p->begun_ms;
	size_t full = p->all > 0 ? BAR * p->done / p->all : BAR;

	fputs("\r  ", stderr);
	for (size_t i = 0; i < BAR; i++)
		fputs(i < full ? "█" : "░", stderr);
	fprintf(stderr, " %zu/%zu  %.0f/s ", p->done, p->all,
	    ms > 0 ? 1000.0 * (double)p->done / (double)ms : 0.0);
}

void
progress_start(struct progress *p, size_t all)
{
	*p = (struct progress){.all = all, .begun_ms = clock_mono_ms()};
}

void
progress_step(struct progress *p)
{
	uint64_t now = clock_mono_ms();

	p->done++;
	if (now - p->shown_ms < SHOW_EVERY_MS && p->done < p->all)
		return;
	p->shown_ms = now;
	if (isatty(STDERR_FILENO))
		bar_show(p);
}

void
progress_end(struct progress *p)
{
	if (isatty(STDERR_FILENO))
		fputc('\n', stderr);
}

#include "lib/crashpoint.h"

#include <assert.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool crash_armed;

static const char *const names[] = {
#define CRASH_NAME(name) name,
    CRASH_POINTS(CRASH_NAME)
#undef CRASH_NAME
};
#define N_NAMES (sizeof(names) / sizeof(names[0]))

static const char *armed_name;
static atomic_long armed_left;

const char *
crash_point_at(unsigned i)
{
	return i < N_NAMES ? names[i] : NULL;
}

static const char *
name_find(const char *s, size_t n)
{
	for (size_t i = 0; i < N_NAMES; i++)
		if (strlen(names[i]) == n && memcmp(names[i], s, n) == 0)
			return names[i];
	return NULL;
}

enum err
crash_arm(void)
{
	const char *text = getenv("RENKEI_CRASH");
	if (text == NULL || *text == '\0')
		return ERR_NONE;
	size_t n = strcspn(text, ":");
	long count = 1;
	if (text[n] == ':') {
		char *end;
		count = strtol(text + n + 1, &end, 10);
		if (end == text + n + 1 || *end != '\0' || count < 1)
			return ERR_CONFIG;
	}
	armed_name = name_find(text, n);
	if (armed_name == NULL)
		return ERR_CONFIG;
	atomic_store(&armed_left, count);
	crash_armed = true;
	return ERR_NONE;
}

void
crash_point_(const char *name)
{
	/* a place nobody could arm is a mistake in the table */
	assert(name_find(name, strlen(name)) != NULL);
	if (strcmp(name, armed_name) != 0)
		return;
	if (atomic_fetch_sub(&armed_left, 1) == 1) {
		kill(getpid(), SIGKILL);
		_exit(137); /* where a sandbox forbids kill */
	}
}

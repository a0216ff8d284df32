#include "lib/oplog.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "lib/bytes.h"
#include "lib/clock.h"
#include "lib/text.h"
#include "lib/uuid.h"

#define VALUE_MAX 200
#define FIELDS_MAX 16
#define NAMES_MAX 128

enum way {
	WAY_PLAIN,    /* lines with the time */
	WAY_PREFIXED, /* lines with <priority>, as systemd reads them */
	WAY_JOURNAL
};

static struct {
	pthread_mutex_t lock;
	const char *program;
	enum way way;
	enum oplog_level least;
} state = {PTHREAD_MUTEX_INITIALIZER, "renkei", WAY_PLAIN, OPLOG_INFO};

/* How often one name was written of late: a bucket of tokens. */
struct tally {
	const char *event;
	uint64_t at_ms;
	unsigned tokens, held_back;
};
static struct tally tallies[NAMES_MAX];

static const struct {
	const char *word;
	int priority;
} levels[] = {{"error", 3}, {"warn", 4}, {"info", 6}, {"debug", 7}};

/* Whether standard error is the stream systemd gave us. */
static bool
under_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char own[64];
	struct stat st;

	if (stream == NULL || fstat(STDERR_FILENO, &st) != 0)
		return false;
	snprintf(own, sizeof(own), "%llu:%llu", (unsigned long long)st.st_dev,
	    (unsigned long long)st.st_ino);
	return strcmp(own, stream) == 0;
}

void
oplog_open(const char *program)
{
	state.program = program;
	state.way = under_journal() ? WAY_JOURNAL : WAY_PLAIN;
}

void
oplog_confine(void)
{
	if (state.way == WAY_JOURNAL)
		state.way = WAY_PREFIXED;
}

void
oplog_level(enum oplog_level least)
{
	state.least = least;
}

static struct tally *
tally_find(const char *event)
{
	for (size_t i = 0; i < NAMES_MAX - 1; i++) {
		struct tally *t = &tallies[i];

		if (t->event == NULL) {
			*t = (struct tally){
			    event, clock_mono_ms(), OPLOG_BURST, 0};
			return t;
		}
		if (t->event == event || strcmp(t->event, event) == 0)
			return t;
	}
	/* more names than we have: the rest share one */
	return &tallies[NAMES_MAX - 1];
}

/* Whether this one may be written; *held_back: how many before it were not. */
static bool
tally_take(const char *event, unsigned *held_back)
{
	bool may;
	struct tally *t;
	uint64_t now = clock_mono_ms(), earned;

	pthread_mutex_lock(&state.lock);
	t = tally_find(event);
	earned = (now - t->at_ms) * OPLOG_RATE / 1000;
	if (earned > 0) {
		t->at_ms = now;
		t->tokens = earned + t->tokens > OPLOG_BURST
				? OPLOG_BURST
				: t->tokens + (unsigned)earned;
	}
	may = t->tokens > 0;
	*held_back = t->held_back;
	t->tokens -= may;
	t->held_back = may ? 0 : t->held_back + 1;
	pthread_mutex_unlock(&state.lock);
	return may;
}

static void
value_text(const struct oplog_field *f, char out[static VALUE_MAX + 1])
{
	if (f->id != NULL) {
		uuid_text(f->id, out);
		return;
	}
	if (f->text == NULL)
		snprintf(
		    out, VALUE_MAX + 1, "%llu", (unsigned long long)f->number);
	else if (text_has_twelve_digits(span_str(f->text)))
		snprintf(out, VALUE_MAX + 1, "[digits]");
	else
		text_clean(span_str(f->text), out, VALUE_MAX + 1);
}

/* key=value; a value with a space, quote or = in it stands in quotes. */
static void
add_field(struct buf *line, const char *key, const char *value)
{
	if (*value != '\0' && strpbrk(value, " \"=") == NULL) {
		buf_printf(line, " %s=%s", key, value);
		return;
	}
	buf_printf(line, " %s=\"", key);
	for (; *value != '\0'; value++) {
		if (*value == '"' || *value == '\\')
			buf_add_u8(line, '\\');
		buf_add_u8(line, (uint8_t)*value);
	}
	buf_add_u8(line, '"');
}

static void
line_begin(struct buf *line, enum oplog_level level)
{
	char now[CLOCK_TEXT_LEN];

	if (state.way == WAY_PREFIXED)
		buf_printf(
		    line, "<%d>%s", levels[level].priority, state.program);
	else
		buf_printf(line, "%s %s %s", clock_text(clock_ms(), now),
		    levels[level].word, state.program);
}

static void
write_line(enum oplog_level level, const char *event,
    const struct oplog_field *fields, unsigned held_back)
{
	struct buf line = {0};
	char value[VALUE_MAX + 1];
	ssize_t n;

	line_begin(&line, level);
	buf_printf(&line, " %s", event);
	for (; fields->key != NULL; fields++) {
		value_text(fields, value);
		add_field(&line, fields->key, value);
	}
	if (held_back > 0)
		buf_printf(&line, " held-back=%u", held_back);
	buf_add_u8(&line, '\n');
	/* one call a line, so that lines of several threads stay whole */
	n = write(STDERR_FILENO, line.p, line.n);
	(void)n;
	buf_free(&line);
}

/* The name of a journal field: RENKEI_PARTY for "party". */
static void
add_journal_name(struct buf *b, const char *key)
{
	buf_printf(b, "RENKEI_");
	for (; *key != '\0'; key++)
		buf_add_u8(b, (uint8_t)(*key >= 'a' && *key <= 'z' ? *key - 32
					: *key == '-'		   ? '_'
								   : *key));
	buf_add_u8(b, '=');
}

static void
write_journal(enum oplog_level level, const char *event,
    const struct oplog_field *fields, unsigned held_back)
{
	struct buf b[FIELDS_MAX + 3] = {{0}};
	struct iovec io[FIELDS_MAX + 3];
	char value[VALUE_MAX + 1];
	size_t n = 3;

	buf_printf(&b[0], "MESSAGE=%s", event);
	buf_printf(&b[1], "PRIORITY=%d", levels[level].priority);
	buf_printf(&b[2], "SYSLOG_IDENTIFIER=%s", state.program);
	for (; fields->key != NULL && n < FIELDS_MAX + 3; fields++, n++) {
		value_text(fields, value);
		add_field(&b[0], fields->key, value);
		add_journal_name(&b[n], fields->key);
		buf_add(&b[n], value, strlen(value));
	}
	if (held_back > 0)
		buf_printf(&b[0], " held-back=%u", held_back);
	for (size_t i = 0; i < n; i++)
		io[i] = (struct iovec){b[i].p, b[i].n};
	sd_journal_sendv(io, (int)n);
	for (size_t i = 0; i < n; i++)
		buf_free(&b[i]);
}

void
oplog_write(
    enum oplog_level level, const char *event, const struct oplog_field *fields)
{
	unsigned held_back;

	if (level > state.least || !tally_take(event, &held_back))
		return;
	if (state.way == WAY_JOURNAL)
		write_journal(level, event, fields, held_back);
	else
		write_line(level, event, fields, held_back);
}

/*
 * Look for values that must not be there.
 *
 *	canary VALUES FILE...
 *	canary VALUES --pid PID...
 *
 * VALUES: lines of label, tab, the value in hex (8 bytes and more). Each is
 * looked for as it is, as hex digits of either case, and in base64 at each of
 * its three alignments; in files, or in all readable memory of processes.
 * Prints label, form and place of what was found. Exit status 0: nothing; 1:
 * found; 2: usage; 3: memory that may not be read here.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/b64.h"
#include "lib/bytes.h"
#include "lib/hex.h"

#define VALUE_MIN 8
#define CHUNK (1024 * 1024)
#define BUCKETS (1 << 20)
#define LABEL_MAX 64
#define SHOWN_MAX 40

/* One form of one value. */
struct needle {
	char label[LABEL_MAX];
	const char *form;
	uint8_t *p;
	size_t n;
	struct needle *next; /* same bucket */
};

static struct needle *bucket[BUCKETS];
static size_t longest, found;

/* The first four bytes choose the bucket. */
static size_t
bucket_of(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return (v * UINT32_C(2654435761)) >> 12;
}

static void
needle_add(const char *label, const char *form, const void *p, size_t n)
{
	struct needle *x = xcalloc(1, sizeof *x);
	size_t at;

	snprintf(x->label, sizeof x->label, "%s", label);
	x->form = form;
	x->p = xmalloc(n);
	memcpy(x->p, p, n);
	x->n = n;
	at = bucket_of(x->p);
	x->next = bucket[at];
	bucket[at] = x;
	if (n > longest)
		longest = n;
}

/*
 * Base64 of the value as it looks after `lead` other bytes: only characters
 * that depend on the value alone.
 */
static void
base64_add(const char *label, struct span v, size_t lead)
{
	static const char *const form[] = {"base64", "base64+1", "base64+2"};
	uint8_t padded[1024] = {0};
	struct buf text = {0};
	size_t from = lead == 0 ? 0 : lead + 1;
	size_t upto = (lead + v.n) * 8 / 6;

	memcpy(padded + lead, v.p, v.n);
	b64_encode(span_of(padded, lead + v.n), &text);
	needle_add(label, form[lead], text.p + from, upto - from);
	buf_free(&text);
}

static void
value_add(const char *label, struct span v)
{
	char hex[2048];

	needle_add(label, "raw", v.p, v.n);
	hex_encode(v, hex);
	needle_add(label, "hex", hex, 2 * v.n);
	for (char *c = hex; *c != '\0'; c++)
		*c = (char)toupper(*c);
	needle_add(label, "HEX", hex, 2 * v.n);
	for (size_t lead = 0; lead < 3; lead++)
		base64_add(label, v, lead);
}

static size_t
values_read(const char *path)
{
	FILE *f = fopen(path, "r");
	char line[4096];
	uint8_t v[1000];
	size_t count = 0;

	if (f == NULL) {
		perror(path);
		exit(2);
	}
	while (fgets(line, sizeof line, f) != NULL) {
		char *hex = strchr(line, '\t');
		size_t n;

		if (hex == NULL)
			continue;
		*hex++ = '\0';
		hex[strcspn(hex, "\r\n")] = '\0';
		n = strlen(hex) / 2;
		if (n < VALUE_MIN || n > sizeof v ||
		    hex_decode(span_str(hex), v, n) != ERR_NONE) {
			fprintf(
			    stderr, "canary: a value of %s is no use\n", line);
			exit(2);
		}
		value_add(line, span_of(v, n));
		count++;
	}
	fclose(f);
	return count;
}

static void
scan(const uint8_t *p, size_t n, size_t from, const char *where,
    unsigned long long offset)
{
	for (size_t i = from; i + 4 <= n; i++) {
		struct needle *x = bucket[bucket_of(p + i)];

		for (; x != NULL; x = x->next) {
			if (x->n > n - i || memcmp(x->p, p + i, x->n) != 0)
				continue;
			if (found++ < SHOWN_MAX)
				printf("%s\t%s\t%s\t%llu\n", x->label, x->form,
				    where, offset + i);
		}
	}
}

/*
 * Everything between two offsets, in pieces that overlap by the longest
 * needle, so that what lies across a border is found once.
 */
static void
scan_range(
    int fd, const char *where, unsigned long long at, unsigned long long end)
{
	static uint8_t piece[CHUNK];
	size_t held = 0;

	while (at < end) {
		size_t want = CHUNK - held;
		ssize_t n;

		if (end - at < want)
			want = (size_t)(end - at);
		n = pread(fd, piece + held, want, (off_t)at);
		if (n <= 0)
			break; /* a hole, or a mapping that went away */
		at += (unsigned long long)n;
		held += (size_t)n;
		if (held < CHUNK && at < end)
			continue;
		scan(piece, held, 0, where, at - held);
		if (at >= end || held < longest)
			break;
		memmove(piece, piece + held - longest + 1, longest - 1);
		held = longest - 1;
	}
}

static void
file_scan(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	off_t size;

	if (fd < 0 || (size = lseek(fd, 0, SEEK_END)) < 0) {
		perror(path);
		exit(2);
	}
	scan_range(fd, path, 0, (unsigned long long)size);
	close(fd);
}

static bool
process_scan(const char *pid)
{
	unsigned long long from, to;
	char path[64], where[80], line[512], mode[8];
	FILE *maps;
	int fd;

	snprintf(path, sizeof path, "/proc/%s/maps", pid);
	maps = fopen(path, "r");
	snprintf(path, sizeof path, "/proc/%s/mem", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (maps == NULL || fd < 0)
		return false;
	while (fgets(line, sizeof line, maps) != NULL) {
		if (sscanf(line, "%llx-%llx %7s", &from, &to, mode) != 3 ||
		    mode[0] != 'r' || strstr(line, "[v") != NULL)
			continue;
		snprintf(where, sizeof where, "pid %s", pid);
		scan_range(fd, where, from, to);
	}
	fclose(maps);
	close(fd);
	return true;
}

int
main(int argc, char *argv[])
{
	bool pids = argc > 2 && strcmp(argv[2], "--pid") == 0;
	size_t n;

	if (argc < 3 || (pids && argc < 4)) {
		fprintf(stderr, "usage: canary VALUES FILE...\n"
				"       canary VALUES --pid PID...\n");
		return 2;
	}
	n = values_read(argv[1]);
	for (int i = pids ? 3 : 2; i < argc; i++) {
		if (!pids) {
			file_scan(argv[i]);
		} else if (!process_scan(argv[i])) {
			fprintf(stderr, "canary: memory of %s: %s\n", argv[i],
			    strerror(errno));
			return 3;
		}
	}
	fprintf(stderr, "canary: %zu values, found %zu times\n", n, found);
	return found > 0;
}

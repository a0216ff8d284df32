#include "tests/flow/world.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/db.h"

#define PROGRAMS_MAX 16
#define READY_SECONDS 30
#define STOP_SECONDS 15

struct world {
	char dir[256];
	bool attached;
	char admin[256];
	struct buf said;
	size_t n;
	struct {
		char name[40];
		struct process process;
	} program[PROGRAMS_MAX];
};

static const char *
build_dir(void)
{
	const char *b = getenv("BUILD");

	return b != NULL ? b : "build";
}

static _Noreturn void __attribute__((format(printf, 1, 2)))
harness_fail(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "world: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

/* --- commands ---------------------------------------------------------------
 */

static int
shell_run(struct world *w, const char *command)
{
	FILE *p = popen(command, "r");
	char chunk[4096];
	size_t n;
	int status;

	buf_reset(&w->said);
	if (p == NULL)
		harness_fail("popen: %s", strerror(errno));
	while ((n = fread(chunk, 1, sizeof chunk, p)) > 0)
		buf_add(&w->said, chunk, n);
	buf_add_u8(&w->said, 0);
	status = pclose(p);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

static int
shell_va(struct world *w, const char *prefix, const char *fmt, va_list ap)
{
	struct buf command = {0};
	char words[4096];
	int status;

	vsnprintf(words, sizeof words, fmt, ap);
	buf_printf(&command, "%s%s 2>&1 </dev/null", prefix, words);
	buf_add_u8(&command, 0);
	status = shell_run(w, (char *)command.p);
	buf_free(&command);
	return status;
}

int
world_shell(struct world *w, const char *fmt, ...)
{
	va_list ap;
	int status;

	va_start(ap, fmt);
	status = shell_va(w, "", fmt, ap);
	va_end(ap);
	return status;
}

int
world_renkei(struct world *w, const char *fmt, ...)
{
	char prefix[512];
	va_list ap;
	int status;

	snprintf(prefix, sizeof prefix, "%s/renkei ", build_dir());
	va_start(ap, fmt);
	status = shell_va(w, prefix, fmt, ap);
	va_end(ap);
	return status;
}

const char *
world_said(const struct world *w)
{
	return w->said.n > 0 ? (const char *)w->said.p : "";
}

/* --- the world
 * ---------------------------------------------------------------- */

static void
programs_list(struct world *w)
{
	const char *at, *end;

	if (world_shell(w, "ls %s/etc/*.conf", w->dir) != 0)
		harness_fail("no configuration: %s", world_said(w));
	for (at = world_said(w); (end = strstr(at, ".conf\n")) != NULL;
	     at = end + 6) {
		const char *name = end;

		while (name > at && name[-1] != '/')
			name--;
		/* these two are the auditor's, no program's */
		if (strncmp(name, "log.", 4) == 0 ||
		    strncmp(name, "audit.", 6) == 0 || w->n == PROGRAMS_MAX)
			continue;
		snprintf(w->program[w->n++].name, sizeof w->program[0].name,
		    "%.*s", (int)(end - name), name);
	}
}

static void
admin_find(struct world *w)
{
	if (world_shell(w, "sql/cluster conninfo %s/pg postgres", w->dir) != 0)
		harness_fail("conninfo: %s", world_said(w));
	snprintf(w->admin, sizeof w->admin, "%.*s",
	    (int)strcspn(world_said(w), "\n"), world_said(w));
}

struct world *
world_new(const char *options)
{
	struct world *w = xcalloc(1, sizeof *w);

	snprintf(w->dir, sizeof w->dir, "/tmp/rw.XXXXXX");
	if (mkdtemp(w->dir) == NULL)
		harness_fail("mkdtemp: %s", strerror(errno));
	setenv("RENKEI_BROKER_OPTIONS", options != NULL ? options : "", 1);
	if (world_shell(w, "tests/world/world make %s", w->dir) != 0)
		harness_fail("make: %s", world_said(w));
	admin_find(w);
	programs_list(w);
	return w;
}

struct world *
world_attach(const char *dir)
{
	struct world *w = xcalloc(1, sizeof *w);

	snprintf(w->dir, sizeof w->dir, "%s", dir);
	w->attached = true;
	admin_find(w);
	return w;
}

void
world_free(struct world *w)
{
	if (w == NULL)
		return;
	world_stop_all(w);
	if (w->attached)
		;
	else if (getenv("RENKEI_KEEP") != NULL)
		fprintf(stderr, "world: kept in %s\n", w->dir);
	else if (world_shell(w, "tests/world/world remove %s", w->dir) != 0)
		fprintf(stderr, "world: remove: %s\n", world_said(w));
	buf_free(&w->said);
	free(w);
}

struct process *
world_process(struct world *w, const char *name)
{
	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->program[i].name, name) == 0)
			return &w->program[i].process;
	harness_fail("no program is called %s", name);
}

bool
world_start(struct world *w, const char *name, char *const env[])
{
	const char *b = build_dir();
	char bin[400], conf[400], log[400];
	char *argv[] = {bin, conf, NULL};

	snprintf(bin, sizeof bin, "%s/renkei-%s", b,
	    strncmp(name, "agent-", 6) == 0 ? "agent" : name);
	snprintf(conf, sizeof conf, "%s/etc/%s.conf", w->dir, name);
	snprintf(log, sizeof log, "%s/log/%s.log", w->dir, name);
	return process_start(
	    world_process(w, name), argv, env, log, READY_SECONDS);
}

/* The broker is first, then the registrar, then the agents. */
static void
start_if_down(struct world *w, const char *name)
{
	if (process_alive(world_process(w, name)))
		return;
	if (!world_start(w, name, NULL)) {
		world_shell(w, "tail -n 20 %s/log/%s.log", w->dir, name);
		harness_fail("%s did not start:\n%s", name, world_said(w));
	}
}

void
world_start_all(struct world *w)
{
	start_if_down(w, "broker");
	start_if_down(w, "registrar");
	for (size_t i = 0; i < w->n; i++)
		start_if_down(w, w->program[i].name);
}

void
world_stop_all(struct world *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (strncmp(w->program[i].name, "agent-", 6) == 0)
			process_stop(&w->program[i].process, STOP_SECONDS);
	for (size_t i = 0; i < w->n; i++)
		process_stop(&w->program[i].process, STOP_SECONDS);
}

void
world_database_stop(struct world *w, const char *mode)
{
	if (world_shell(w, "sql/cluster stop %s/pg %s", w->dir, mode) != 0)
		harness_fail("%s", world_said(w));
}

void
world_database_start(struct world *w, const char *options)
{
	if (world_shell(w, "RENKEI_PG_OPTIONS='%s' sql/cluster start %s/pg",
		options != NULL ? options : "", w->dir) != 0)
		harness_fail("%s", world_said(w));
}

/* --- people
 * ---------------------------------------------------------------------- */

void
world_fill(struct world *w, unsigned n)
{
	if (world_shell(w, "tests/world/fill %s %u", w->dir, n) != 0)
		harness_fail("fill: %s", world_said(w));
}

const char *
world_person(struct world *w, const char *agency, unsigned i)
{
	static char line[128];
	char path[400];
	FILE *f;

	snprintf(path, sizeof path, "%s/people/%s.txt", w->dir, agency);
	f = fopen(path, "r");
	if (f == NULL)
		harness_fail("%s: %s", path, strerror(errno));
	for (unsigned at = 0; at <= i; at++)
		if (fgets(line, sizeof line, f) == NULL)
			harness_fail("%s has no line %u", path, i + 1);
	fclose(f);
	line[strcspn(line, "\n")] = '\0';
	return line;
}

const char *
world_dir(const struct world *w)
{
	return w->dir;
}

const char *
world_run_dir(const struct world *w)
{
	static char path[300];

	snprintf(path, sizeof path, "%s/run", w->dir);
	return path;
}

char *
world_file(const struct world *w, const char *fmt, ...)
{
	char path[600];
	struct stat st;
	va_list ap;
	char *text;
	int n;
	FILE *f;

	n = snprintf(path, sizeof path, "%s/", w->dir);
	va_start(ap, fmt);
	vsnprintf(path + n, sizeof path - (size_t)n, fmt, ap);
	va_end(ap);
	f = fopen(path, "r");
	if (f == NULL || fstat(fileno(f), &st) != 0)
		harness_fail("%s: %s", path, strerror(errno));
	text = xcalloc(1, (size_t)st.st_size + 1);
	if (fread(text, 1, (size_t)st.st_size, f) != (size_t)st.st_size)
		harness_fail("%s: short read", path);
	fclose(f);
	return text;
}

/* --- the databases, as superuser
 * ---------------------------------------------------- */

const char *
world_sql(struct world *w, const char *database, const char *fmt, ...)
{
	char sql[4096], conninfo[400];
	struct db_rows rows;
	struct db *db;
	va_list ap;
	enum err e;

	va_start(ap, fmt);
	vsnprintf(sql, sizeof sql, fmt, ap);
	va_end(ap);
	snprintf(conninfo, sizeof conninfo, "%s dbname=%s", w->admin, database);
	if ((e = db_open(conninfo, &db)) != ERR_NONE)
		harness_fail("%s: %s", database, err_code(e));
	e = db_run(db, sql, NULL, &rows);
	if (e != ERR_NONE)
		harness_fail("%s: %s: %s", database, sql, db_message(db));
	buf_reset(&w->said);
	if (rows.n > 0 && !db_null(&rows, 0, 0))
		buf_printf(&w->said, "%s", db_text(&rows, 0, 0));
	buf_add_u8(&w->said, 0);
	if (db_rows_end(&rows) != ERR_NONE)
		harness_fail("%s: not text: %s", database, sql);
	db_close(db);
	return world_said(w);
}

long
world_count(struct world *w, const char *database, const char *sql)
{
	return strtol(
	    world_sql(w, database, "SELECT (%s)::text", sql), NULL, 10);
}

bool
world_until(struct world *w, const char *database, const char *sql,
    const char *want, unsigned seconds)
{
	long long until = process_clock_ms() + seconds * 1000LL;

	while (strcmp(world_sql(w, database, "SELECT (%s)::text", sql), want) !=
	       0) {
		if (process_clock_ms() >= until)
			return false;
		process_sleep_ms(50);
	}
	return true;
}

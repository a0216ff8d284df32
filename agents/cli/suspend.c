/* renkei policy suspend, resume: stop a body, a row or a provider's data. */
#include "agents/cli/control.h"
#include "agents/cli/policy.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/file.h"
#include "lib/tsv.h"

#define LIST_MAX (64 * 1024)
#define SIGNATURES_MAX 16384
#define HEADER "body\trow\tdata\tin_force_from\tin_force_until\treason\n"

struct suspending {
	const char *control, *signatures, *body, *row, *data, *reason, *from;
	bool json, resume;
	struct law_held held;
	struct buf list, said;
};

static void
suspending_fini(struct suspending *s)
{
	law_held_fini(&s->held);
	buf_free(&s->list);
	buf_free(&s->said);
}

/* Lines of a list below its comments and header. */
static struct span
lines_below(struct span list)
{
	bool header = false;

	while (list.n > 0 && !header) {
		const uint8_t *end = memchr(list.p, '\n', list.n);
		size_t n = end != NULL ? (size_t)(end - list.p) + 1 : list.n;

		header = list.p[0] != '#';
		list = span_of(list.p + n, list.n - n);
	}
	return list;
}

static struct span
line_cut(struct span *lines)
{
	const uint8_t *end = memchr(lines->p, '\n', lines->n);
	size_t n = end != NULL ? (size_t)(end - lines->p) + 1 : lines->n;
	struct span line = span_of(lines->p, n);

	*lines = span_of(lines->p + n, lines->n - n);
	return line;
}

static bool
list_has(struct span list, struct span line)
{
	struct span lines = lines_below(list);

	while (lines.n > 0)
		if (span_equal(line_cut(&lines), line))
			return true;
	return false;
}

/* Tell what one list has and the other has not; how many. */
static size_t
only_in(const struct suspending *s, struct span a, struct span b, char sign)
{
	struct span lines = lines_below(a);
	size_t n = 0;

	while (lines.n > 0) {
		struct span line = line_cut(&lines);

		if (list_has(b, line))
			continue;
		n++;
		if (!s->json)
			printf("%c\t%.*s", sign, (int)line.n,
			    (const char *)line.p);
	}
	fflush(stdout);
	return n;
}

/* --- the next list, to be signed --- */

static const char *
any(const char *word)
{
	return word != NULL ? word : "*";
}

/* Whether a line is about just what the options name. */
static bool
line_meant(const struct suspending *s, struct span line)
{
	struct buf want = {0};
	bool same;

	buf_printf(
	    &want, "%s\t%s\t%s\t", any(s->body), any(s->row), any(s->data));
	same = line.n >= want.n && memcmp(line.p, want.p, want.n) == 0;
	buf_free(&want);
	return same;
}

/* What is suspended already stays as it is; what is resumed goes. */
static size_t
lines_carry(struct suspending *s)
{
	struct span lines = lines_below(buf_span(&s->held.suspensions));
	size_t dropped = 0;

	while (lines.n > 0) {
		struct span line = line_cut(&lines);

		if (s->resume && line_meant(s, line))
			dropped++;
		else
			buf_add(&s->list, line.p, line.n);
	}
	return dropped;
}

static int
list_draft(struct suspending *s)
{
	struct buf why = {0};
	char today[DAY_TEXT_LEN];
	size_t dropped;
	enum err e;

	day_text(day_of_ms(clock_ms()), today);
	buf_printf(&s->list, "# version %" PRIu64 "\n" HEADER,
	    s->held.suspensions_version + 1);
	dropped = lines_carry(s);
	if (!s->resume)
		buf_printf(&s->list, "%s\t%s\t%s\t%s\t\t%s\n", any(s->body),
		    any(s->row), any(s->data),
		    s->from != NULL ? s->from : today, s->reason);
	else if (dropped == 0)
		return cli_fail(s->json, ERR_NOT_FOUND, s->control);
	e = policy_suspend_check(s->held.policy, buf_span(&s->list), &why);
	if (e == ERR_NONE)
		fwrite(s->list.p, 1, s->list.n, stdout);
	else
		fwrite(why.p, 1, why.n, stderr);
	buf_free(&why);
	return e == ERR_NONE ? CLI_DONE : cli_fail(s->json, e, NULL);
}

/* --- a signed list --- */

/*
 * "suspend" may not lift anything by the way, nor "resume" stop anything. The
 * same list under a higher number is signed anew.
 */
static int
difference_show(struct suspending *s, const char *path)
{
	struct span now = buf_span(&s->held.suspensions);
	struct span next = buf_span(&s->list);
	size_t more = only_in(s, next, now, '+');
	size_t less = only_in(s, now, next, '-');

	if ((s->resume ? more : less) == 0)
		return CLI_DONE;
	return cli_fail(s->json, ERR_USAGE, path);
}

static int
list_send(struct suspending *s)
{
	struct buf signatures = {0};
	const char *about = s->signatures;
	enum err e = file_read(s->signatures, SIGNATURES_MAX, &signatures);

	if (e == ERR_NONE)
		e = control_amend(s->control, "suspend", buf_span(&s->list),
		    buf_span(&signatures), &s->said);
	buf_free(&signatures);
	if (e != ERR_NONE) {
		fwrite(s->said.p, 1, s->said.n, stderr);
		return cli_fail(s->json, e, about);
	}
	if (s->json)
		cli_print_json(json_pack("{s:s}", "loaded", "suspension"));
	else
		printf(cli_text("in force: %.*s", "施行: %.*s"), (int)s->said.n,
		    (const char *)s->said.p);
	return CLI_DONE;
}

static int
list_submit(struct suspending *s, const char *path)
{
	enum err e = file_read(path, LIST_MAX, &s->list);
	int status;

	if (e != ERR_NONE)
		return cli_fail(s->json, e, path);
	status = difference_show(s, path);
	return status == CLI_DONE ? list_send(s) : status;
}

/* --- the two commands --- */

static bool
words_usable(const struct suspending *s, int words)
{
	bool named = s->body != NULL || s->row != NULL || s->data != NULL;

	if (s->control == NULL || words > 1)
		return false;
	if (words == 1)
		return s->signatures != NULL && !named && s->reason == NULL;
	return s->signatures == NULL && named &&
	       (s->resume ? s->reason == NULL && s->from == NULL
			  : s->reason != NULL);
}

static int
suspending_run(
    struct suspending *s, const char *synopsis, int argc, char **argv)
{
	const struct cli_option options[] = {
	    {"control", NULL, &s->control, NULL, "SOCKET",
		"the broker's control socket", "連携基盤の制御ソケット"},
	    {"signatures", NULL, &s->signatures, NULL, "FILE",
		"the officers' lines over FILE", "政策担当官の署名"},
	    {"body", NULL, &s->body, NULL, "CODE",
		"draft: it asks no more, nor answers", "案の作成: 機関"},
	    {"row", NULL, &s->row, NULL, "ROW", "draft: this row",
		"案の作成: 表の項"},
	    {"data", NULL, &s->data, NULL, "NAME",
		"draft: this data (of --body, if given)",
		"案の作成: 特定個人情報"},
	    {"from", NULL, &s->from, NULL, "DATE",
		"draft: first day (default today)", "案の作成: 開始日"},
	    {"reason", NULL, &s->reason, NULL, "TEXT", "draft: why",
		"案の作成: 理由"},
	    {"json", &s->json, NULL, NULL, NULL, "JSON", "JSON で出力"},
	    {NULL, NULL, NULL, NULL, NULL, NULL, NULL}};
	int words, status;
	enum err e;

	if (!cli_parse(options, synopsis, argc, argv, &words))
		return CLI_USAGE;
	if (!words_usable(s, words))
		return cli_fail(s->json, ERR_USAGE, synopsis);
	e = control_law(s->control, words == 1, &s->held);
	if (e != ERR_NONE)
		status = cli_fail(s->json, e, s->control);
	else
		status = words == 1 ? list_submit(s, argv[1]) : list_draft(s);
	suspending_fini(s);
	return status;
}

int
policy_cmd_suspend(int argc, char **argv)
{
	struct suspending s = {0};

	return suspending_run(&s,
	    "policy suspend --control SOCKET (FILE --signatures FILE | "
	    "[--body CODE] [--row ROW] [--data NAME] --reason TEXT)",
	    argc, argv);
}

int
policy_cmd_resume(int argc, char **argv)
{
	struct suspending s = {.resume = true};

	return suspending_run(&s,
	    "policy resume --control SOCKET (FILE --signatures FILE | "
	    "[--body CODE] [--row ROW] [--data NAME])",
	    argc, argv);
}

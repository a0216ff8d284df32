/* renkei policy rights and diff: who may what, and what changed. */
#include "agents/cli/policy.h"

#include <stdio.h>
#include <string.h>

#include "policy/diff.h"
#include "policy/query.h"

/* What is printed, and for whom. */
struct listing {
	const struct policy *p;
	const struct policy_body *body; /* NULL: everybody */
	uint32_t day;
	bool json;
	json_t *list;
	size_t told[CHANGE_COUNT][2]; /* lost, gained */
};

static bool
names_body(const struct listing *l, const char *class_code)
{
	return strcmp(class_code, l->body->code) == 0 ||
	       policy_class_has(l->p, class_code, l->body->code, l->day);
}

/* Whether a change is about the body that was asked for. */
static bool
concerns(const struct listing *l, const struct policy_change *c)
{
	switch (c->kind) {
	case CHANGE_RIGHT:
	case CHANGE_DELEGATION:
		return names_body(l, c->field[1]) || names_body(l, c->field[2]);
	case CHANGE_MEMBER:
		return strcmp(c->field[1], l->body->code) == 0;
	default:
		return false;
	}
}

static void
change_json(struct listing *l, const struct policy_change *c)
{
	char sign[2] = {c->sign, '\0'};
	json_t *o = json_pack(
	    "{s:s,s:s}", "change", sign, "kind", policy_change_word(c->kind));

	for (unsigned i = 0; i < POLICY_CHANGE_FIELDS; i++) {
		const char *label = policy_change_label(c->kind, i);

		if (*label != '\0')
			json_object_set_new(o, label, json_string(c->field[i]));
	}
	if (c->kind == CHANGE_RIGHT) {
		json_object_set_new(o, "inquirer_name",
		    json_string(policy_class_name(l->p, c->field[1])));
		json_object_set_new(o, "provider_name",
		    json_string(policy_class_name(l->p, c->field[2])));
		json_object_set_new(o, "inquirers",
		    json_integer((json_int_t)policy_class_size(
			l->p, c->field[1], l->day)));
		json_object_set_new(o, "providers",
		    json_integer((json_int_t)policy_class_size(
			l->p, c->field[2], l->day)));
	}
	json_array_append_new(l->list, o);
}

/* "市町村長 (1741)": a class and how many bodies that is. */
static void
class_print(const struct listing *l, const char *code)
{
	printf("\t%s (%zu)", policy_class_name(l->p, code),
	    policy_class_size(l->p, code, l->day));
}

static void
change_print(const struct policy_change *c, void *arg)
{
	struct listing *l = arg;

	if (l->body != NULL && !concerns(l, c))
		return;
	l->told[c->kind][c->sign == '+']++;
	if (l->json) {
		change_json(l, c);
		return;
	}
	printf("%c\t%s\t%s", c->sign, policy_change_word(c->kind), c->field[0]);
	for (unsigned i = 1; i < POLICY_CHANGE_FIELDS; i++)
		if (c->kind == CHANGE_RIGHT && i < 3)
			class_print(l, c->field[i]);
		else if (*policy_change_label(c->kind, i) != '\0')
			printf("\t%s", c->field[i]);
	putchar('\n');
}

static void
totals_print(const struct listing *l)
{
	for (int k = 0; k < CHANGE_COUNT; k++)
		if (l->told[k][0] + l->told[k][1] > 0)
			fprintf(stderr,
			    cli_text("%s: %zu gained, %zu lost\n",
				"%s: 増 %zu、減 %zu\n"),
			    policy_change_word((enum policy_change_kind)k),
			    l->told[k][1], l->told[k][0]);
}

/* Two days as words, the rest as options. */
struct diff_ask {
	const char *dir, *with, *body;
	bool json;
	uint32_t a, b;
};

static bool
diff_options(struct diff_ask *d, int argc, char **argv)
{
	static const char synopsis[] =
	    "policy diff DATE DATE [--with DIR] [--body BODY] [--json]";
	const struct cli_option options[] = {
	    {"body", NULL, &d->body, NULL, "BODY", "this body's only",
		"この機関についてだけ"},
	    {"policy", NULL, &d->dir, NULL, "DIR", "the policy's files",
		"政策ファイルの場所"},
	    {"with", NULL, &d->with, NULL, "DIR",
		"files to take for the second day", "後の日に用いるファイル"},
	    {"json", &d->json, NULL, NULL, NULL, "JSON", "JSON で出力"},
	    {NULL, NULL, NULL, NULL, NULL, NULL, NULL}};
	int words;

	if (!cli_parse(options, synopsis, argc, argv, &words))
		return false;
	if (words != 2) {
		cli_fail(d->json, ERR_USAGE, synopsis);
		return false;
	}
	d->a = cli_policy_day(argv[1], d->json);
	d->b = cli_policy_day(argv[2], d->json);
	return d->a != 0 && d->b != 0;
}

static int
diff_print(const struct diff_ask *d, const struct policy *before,
    const struct policy *after)
{
	struct listing l = {.p = after, .day = d->b, .json = d->json};
	int status = CLI_DONE;

	if (d->body != NULL) {
		l.body = cli_policy_body(after, d->body, d->json, &status);
		if (l.body == NULL)
			return status;
	}
	if (d->json)
		l.list = json_array();
	policy_diff(before, d->a, after, d->b, change_print, &l);
	if (d->json)
		cli_print_json(l.list);
	else
		totals_print(&l);
	return CLI_DONE;
}

int
policy_cmd_diff(int argc, char **argv)
{
	struct diff_ask d = {0};
	struct policy *before, *after = NULL;
	int status = CLI_FAILED;

	if (!diff_options(&d, argc, argv))
		return CLI_USAGE;
	before = cli_policy_open(d.dir, d.json);
	if (before == NULL)
		return CLI_FAILED;
	if (d.with != NULL)
		after = cli_policy_open(d.with, d.json);
	if (d.with == NULL || after != NULL)
		status = diff_print(&d, before, after != NULL ? after : before);
	policy_free(before);
	policy_free(after);
	return status;
}

struct rights_ask {
	const char *dir, *on, *body;
	bool json;
};

/* One line of a body's rights: it may ask, or must answer. */
static void
right_print(struct listing *l, const char *side, const struct policy_row *r,
    const char *other, const char *delegator)
{
	char from[16], until[16];

	cli_policy_date(r->from, from);
	cli_policy_date(r->until, until);
	if (!l->json)
		printf("%s\t%s\t%s\t%s\t%s\t%s\t%s\n", side, r->row, other,
		    r->data_plain, from, until, delegator);
	else
		json_array_append_new(l->list,
		    json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s,s:s}", "side",
			side, "row", r->row, "task", r->task, "other", other,
			"data", r->data_plain, "article", r->article, "since",
			from, "until", until, "delegator", delegator));
}

static void
rights_print(struct listing *l)
{
	for (size_t i = 0; i < policy_rows_all(l->p); i++) {
		struct policy_row r;
		const char *delegator;

		if (!policy_row(l->p, i, l->day, &r))
			continue;
		delegator = policy_row_asks(l->p, i, l->body->code, l->day);
		if (delegator != NULL)
			right_print(l, "ask", &r, r.provider, delegator);
	}
	for (size_t i = 0; i < policy_rows_all(l->p); i++) {
		struct policy_row r;

		if (policy_row(l->p, i, l->day, &r) &&
		    policy_row_answers(l->p, i, l->body->code, l->day))
			right_print(l, "answer", &r, r.inquirer, "");
	}
}

static int
rights_of_body(const struct rights_ask *a, const struct policy *p, uint32_t day)
{
	struct listing l = {.p = p, .day = day, .json = a->json};
	int status = CLI_DONE;

	l.body = cli_policy_body(p, a->body, a->json, &status);
	if (l.body == NULL)
		return status;
	if (a->json)
		l.list = json_array();
	else
		puts("side\trow\tother\tdata\tsince\tuntil\tdelegator");
	rights_print(&l);
	if (a->json)
		cli_print_json(l.list);
	return CLI_DONE;
}

/* Without a body: every right of the day, class by class. */
static int
rights_of_all(const struct rights_ask *a, const struct policy *p, uint32_t day)
{
	struct listing l = {.p = p, .day = day, .json = a->json};

	if (a->json)
		l.list = json_array();
	policy_rights(p, day, change_print, &l);
	if (a->json)
		cli_print_json(l.list);
	return CLI_DONE;
}

int
policy_cmd_rights(int argc, char **argv)
{
	static const char synopsis[] =
	    "policy rights [--body BODY] [--on DATE] [--json]";
	struct rights_ask a = {0};
	const struct cli_option options[] = {
	    {"body", NULL, &a.body, NULL, "BODY", "whose (default: by class)",
		"対象の機関（既定は類型ごと）"},
	    {"on", NULL, &a.on, NULL, "DATE", "the legal day (default today)",
		"基準日（既定は今日）"},
	    {"policy", NULL, &a.dir, NULL, "DIR", "the policy's files",
		"政策ファイルの場所"},
	    {"json", &a.json, NULL, NULL, NULL, "JSON", "JSON で出力"},
	    {NULL, NULL, NULL, NULL, NULL, NULL, NULL}};
	struct policy *p;
	uint32_t day;
	int words, status;

	if (!cli_parse(options, synopsis, argc, argv, &words))
		return CLI_USAGE;
	if (words > 0)
		return cli_fail(a.json, ERR_USAGE, synopsis);
	day = cli_policy_day(a.on, a.json);
	if (day == 0)
		return CLI_USAGE;
	p = cli_policy_open(a.dir, a.json);
	if (p == NULL)
		return CLI_FAILED;
	status = a.body != NULL ? rights_of_body(&a, p, day)
				: rights_of_all(&a, p, day);
	policy_free(p);
	return status;
}

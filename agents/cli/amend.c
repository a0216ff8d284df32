/* renkei policy load, changes, sign: a new version of the law. */
#include "agents/cli/control.h"
#include "agents/cli/policy.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/bundle.h"
#include "lib/file.h"
#include "lib/sha256.h"
#include "lib/signkey.h"
#include "lib/tsv.h"
#include "policy/change.h"

#define SIGNATURES_MAX 16384
#define LIST_MAX (1024 * 1024)

/* What the subcommands are told. */
struct amendment {
	const char *control, *base, *signatures, *officer, *key;
	bool json;
	struct buf blob, why;
	struct policy *after;
	struct law_held held;
};

static void
amendment_fini(struct amendment *a)
{
	law_held_fini(&a->held);
	policy_free(a->after);
	buf_free(&a->blob);
	buf_free(&a->why);
}

/* "file:line: what" lines first, then the error itself. */
static int
amendment_fail(struct amendment *a, enum err e, const char *about)
{
	fwrite(a->why.p, 1, a->why.n, stderr);
	return cli_fail(a->json, e, about);
}

static int
version_read(struct amendment *a, const char *dir)
{
	enum err e = policy_pack(dir, &a->blob, &a->why);

	if (e == ERR_NONE)
		e = policy_parse(buf_span(&a->blob), &a->after, &a->why);
	return e == ERR_NONE ? CLI_DONE : amendment_fail(a, e, dir);
}

static int
base_read(struct amendment *a)
{
	enum err e;

	if (a->base != NULL) {
		a->held.policy = cli_policy_open(a->base, a->json);
		return a->held.policy != NULL ? CLI_DONE : CLI_FAILED;
	}
	e = control_law(a->control, false, &a->held);
	return e == ERR_NONE ? CLI_DONE : cli_fail(a->json, e, a->control);
}

int
policy_cmd_changes(int argc, char **argv)
{
	static const char synopsis[] =
	    "policy changes DIR --base DIR|--control SOCKET";
	struct amendment a = {0};
	const struct cli_option options[] = {
	    {"base", NULL, &a.base, NULL, "DIR", "the version in force",
		"現行の版"},
	    {"control", NULL, &a.control, NULL, "SOCKET",
		"the broker that has it in force", "現行の版をもつ連携基盤"},
	    {NULL, NULL, NULL, NULL, NULL, NULL, NULL}};
	struct buf out = {0};
	int words, status;

	if (!cli_parse(options, synopsis, argc, argv, &words))
		return CLI_USAGE;
	if (words != 1 || (a.base == NULL) == (a.control == NULL))
		return cli_fail(false, ERR_USAGE, synopsis);
	status = version_read(&a, argv[1]);
	if (status == CLI_DONE)
		status = base_read(&a);
	if (status == CLI_DONE) {
		policy_changes(a.held.policy, a.after, &out);
		fwrite(out.p, 1, out.n, stdout);
	}
	buf_free(&out);
	amendment_fini(&a);
	return status;
}

/* The complete list, as it is and as it must have been signed. */
static int
changes_show(struct amendment *a)
{
	struct buf list = {0};
	enum err e;

	policy_changes(a->held.policy, a->after, &list);
	if (!a->json)
		fwrite(list.p, 1, list.n, stdout);
	fflush(stdout);
	buf_free(&list);
	e = policy_changes_check(
	    a->held.policy, a->after, buf_span(&a->blob), &a->why);
	return e == ERR_NONE ? CLI_DONE : amendment_fail(a, e, "changes.tsv");
}

static int
version_send(struct amendment *a)
{
	struct buf signatures = {0};
	enum err e = file_read(a->signatures, SIGNATURES_MAX, &signatures);
	int status;

	buf_reset(&a->why);
	if (e != ERR_NONE) {
		status = cli_fail(a->json, e, a->signatures);
	} else {
		e = control_amend(a->control, "load", buf_span(&a->blob),
		    buf_span(&signatures), &a->why);
		status = e == ERR_NONE ? CLI_DONE
				       : amendment_fail(a, e, a->signatures);
	}
	if (status == CLI_DONE && a->json)
		cli_print_json(json_pack("{s:s,s:I}", "loaded", "policy",
		    "version", (json_int_t)policy_version(a->after)));
	else if (status == CLI_DONE)
		printf(cli_text("in force: %.*s", "施行: %.*s"), (int)a->why.n,
		    (const char *)a->why.p);
	buf_free(&signatures);
	return status;
}

int
policy_cmd_load(int argc, char **argv)
{
	static const char synopsis[] =
	    "policy load DIR --signatures FILE --control SOCKET [--json]";
	struct amendment a = {0};
	const struct cli_option options[] = {
	    {"signatures", NULL, &a.signatures, NULL, "FILE",
		"the officers' lines", "政策担当官の署名"},
	    {"control", NULL, &a.control, NULL, "SOCKET",
		"the broker's control socket", "連携基盤の制御ソケット"},
	    {"json", &a.json, NULL, NULL, NULL, "JSON", "JSON で出力"},
	    {NULL, NULL, NULL, NULL, NULL, NULL, NULL}};
	int words, status;

	if (!cli_parse(options, synopsis, argc, argv, &words))
		return CLI_USAGE;
	if (words != 1 || a.signatures == NULL || a.control == NULL)
		return cli_fail(a.json, ERR_USAGE, synopsis);
	status = version_read(&a, argv[1]);
	if (status == CLI_DONE)
		status = base_read(&a);
	if (status == CLI_DONE)
		status = changes_show(&a);
	if (status == CLI_DONE)
		status = version_send(&a);
	amendment_fini(&a);
	return status;
}

/* --- an officer's signature --- */

/* A folder is a policy; a file is a list of suspensions. */
static int
bundle_of(struct amendment *a, const char *path, struct bundle *b)
{
	struct buf file = {0};
	struct stat st;
	enum err e;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		int status = version_read(a, path);

		if (status != CLI_DONE)
			return status;
		b->kind = "policy";
		b->version = policy_version(a->after);
		memcpy(b->hash, policy_hash(a->after), HASH_LEN);
		return CLI_DONE;
	}
	b->kind = "suspension";
	e = file_read(path, LIST_MAX, &file);
	if (e == ERR_NONE)
		e = tsv_version(buf_span(&file), &b->version);
	sha256(buf_span(&file), b->hash);
	buf_free(&file);
	return e == ERR_NONE ? CLI_DONE : cli_fail(a->json, e, path);
}

int
policy_cmd_sign(int argc, char **argv)
{
	static const char synopsis[] =
	    "policy sign DIR|FILE --officer ID --key FILE";
	struct amendment a = {0};
	const struct cli_option options[] = {
	    {"officer", NULL, &a.officer, NULL, "ID", "who signs",
		"署名する担当官"},
	    {"key", NULL, &a.key, NULL, "FILE", "the officer's private key",
		"担当官の秘密鍵"},
	    {NULL, NULL, NULL, NULL, NULL, NULL, NULL}};
	struct signkey *key = NULL;
	struct bundle b = {0};
	struct buf line = {0};
	int words, status;
	enum err e;

	if (!cli_parse(options, synopsis, argc, argv, &words))
		return CLI_USAGE;
	if (words != 1 || a.officer == NULL || a.key == NULL)
		return cli_fail(false, ERR_USAGE, synopsis);
	status = bundle_of(&a, argv[1], &b);
	if (status == CLI_DONE) {
		e = signkey_open(a.key, &key);
		if (e == ERR_NONE)
			e = bundle_sign(&b, a.officer, key, &line);
		if (e != ERR_NONE)
			status = cli_fail(false, e, a.key);
		fwrite(line.p, 1, line.n, stdout);
	}
	signkey_free(key);
	buf_free(&line);
	amendment_fini(&a);
	return status;
}

/* Which versions of the law an agent holds, and who has to have signed them. */
#include "agents/runtime/law.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/file.h"
#include "tests/unit/pki.h"
#include "tests/unit/suite.h"

#define NOW UINT64_C(1795392000000) /* 2026-11-23 09:00 JST */

static struct pki *pki;
static char root[] = "/tmp/testlaw.XXXXXX";

/* --- fixtures: folders of versions --- */

static const char *
path(const char *name)
{
	static char out[4][300];
	static unsigned turn;
	char *p = out[turn++ % 4];

	snprintf(p, sizeof(out[0]), "%s/%s", root, name);
	return p;
}

/* The statute under a number; `more` is put at the end of pia.tsv. */
static void
version_make(const char *name, int number, const char *more)
{
	char command[1200];

	snprintf(command, sizeof(command),
	    "mkdir -p %s && cp policy/*.tsv %s && "
	    "sed -i 's/^version\t.*/version\t%d/' %s/manifest.tsv && "
	    "printf '%s' >>%s/pia.tsv",
	    path(name), path(name), number, path(name), more, path(name));
	CU_ASSERT_EQUAL_FATAL(system(command), 0);
}

static void
version_sign(const char *name, const char *file, unsigned officers)
{
	struct buf why = {0}, blob = {0}, out = {0};
	struct policy *p = NULL;

	SUITE_ERR(policy_pack(path(name), &blob, &why), ERR_NONE);
	SUITE_ERR(policy_parse(buf_span(&blob), &p, &why), ERR_NONE);
	pki_signatures(
	    pki, "policy", policy_version(p), buf_span(&blob), officers, &out);
	SUITE_ERR(file_write(path(file), buf_span(&out), 0600), ERR_NONE);
	policy_free(p);
	buf_free(&why);
	buf_free(&blob);
	buf_free(&out);
}

static enum err
load(struct law *law, const char *dir, const char *more)
{
	char signatures[320];
	struct fault f = {0};
	struct law_sources from = {.officers = pki->officers,
	    .dir = path(dir),
	    .signatures = signatures,
	    .versions = more != NULL ? path(more) : NULL,
	    .now_ms = NOW};

	snprintf(signatures, sizeof(signatures), "%s.sig", path(dir));
	return law_load(law, &from, &f);
}

static uint64_t
newest(const struct law *law)
{
	return policy_version(law_newest(law));
}

/* Once. */
static void
folders_make(void)
{
	static const char twin[] =
	    "131016\\tx\\t*\\tpublished\\t2024-04-24\\t\\tx\\n";

	static bool made;

	if (made)
		return;
	made = true;
	version_make("v1", 1, "");
	version_sign("v1", "v1.sig", 2);
	version_make("more/v2", 2, "");
	version_sign("more/v2", "more/v2.sig", 2);
	version_make("one", 3, "");
	version_sign("one", "one.sig", 1);
	version_make("unsigned", 3, "");
	version_make("swapped", 3, "");
	version_sign("v1", "swapped.sig", 2);
	version_make("twin", 2, twin);
	version_sign("twin", "twin.sig", 2);
	version_make("broken", 3, "nonsense\\n");
}

/* --- tests --- */

static void
holds_what_two_officers_signed(void)
{
	struct law law = {0};

	folders_make();
	SUITE_ERR(load(&law, "v1", "more"), ERR_NONE);
	CU_ASSERT_EQUAL(law.n, 2);
	CU_ASSERT_EQUAL(newest(&law), 2);
	CU_ASSERT_PTR_EQUAL(
	    law_find(&law, policy_hash(law.held[0])), law.held[0]);
	law_fini(&law);
}

static void
keeps_earlier_versions(void)
{
	struct law law = {0};
	uint8_t first[POLICY_HASH_LEN];

	folders_make();
	SUITE_ERR(load(&law, "v1", NULL), ERR_NONE);
	memcpy(first, policy_hash(law_newest(&law)), sizeof(first));
	SUITE_ERR(load(&law, "more/v2", NULL), ERR_NONE);
	CU_ASSERT_EQUAL(newest(&law), 2);
	CU_ASSERT_PTR_NOT_NULL(law_find(&law, first));
	/* the same again changes nothing */
	SUITE_ERR(load(&law, "more/v2", "more"), ERR_NONE);
	CU_ASSERT_EQUAL(law.n, 2);
	law_fini(&law);
}

static void
finds_nothing_it_lacks(void)
{
	static const uint8_t other[POLICY_HASH_LEN] = {1};
	struct law law = {0};

	folders_make();
	SUITE_ERR(load(&law, "v1", NULL), ERR_NONE);
	CU_ASSERT_PTR_NULL(law_find(&law, other));
	law_fini(&law);
}

/* Each refused whole: what was held stays. */
static void
refuses_what_it_may_not_hold(void)
{
	struct law law = {0};

	folders_make();
	SUITE_ERR(load(&law, "v1", "more"), ERR_NONE);
	SUITE_ERR(load(&law, "one", NULL), ERR_SIGNATURE);
	SUITE_ERR(load(&law, "unsigned", NULL), ERR_FILE);
	SUITE_ERR(load(&law, "swapped", NULL), ERR_SIGNATURE);
	SUITE_ERR(load(&law, "broken", NULL), ERR_LINE);
	SUITE_ERR(load(&law, "absent", NULL), ERR_FILE);
	/* older than what is held; another policy under a number it holds */
	SUITE_ERR(load(&law, "v1", NULL), ERR_POLICY_VERSION);
	SUITE_ERR(load(&law, "twin", NULL), ERR_POLICY_VERSION);
	SUITE_ERR(load(&law, "v1", "nowhere"), ERR_FILE);
	CU_ASSERT_EQUAL(law.n, 2);
	CU_ASSERT_EQUAL(newest(&law), 2);
	law_fini(&law);
}

static const struct suite_case cases[] = {
    {"holds what two officers signed", holds_what_two_officers_signed},
    {"keeps earlier versions", keeps_earlier_versions},
    {"finds no version it lacks", finds_nothing_it_lacks},
    {"refuses what it may not hold, and keeps what it held",
	refuses_what_it_may_not_hold},
};

int
main(void)
{
	char command[64];
	int status;

	if (mkdtemp(root) == NULL)
		return 1;
	pki = pki_new(NOW);
	status = suite_run("law", cases, sizeof(cases) / sizeof(cases[0]));
	pki_free(pki);
	snprintf(command, sizeof(command), "rm -rf %s", root);
	if (system(command) != 0)
		return 1;
	return status;
}

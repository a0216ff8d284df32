/* A worker's law changes only by what two officers signed, and in one step. */
#include "lib/b64.h"
#include "lib/sha256.h"
#include "policy/change.h"
#include "tests/unit/broker/vaultworld.h"
#include "tests/unit/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OFFICERS 2
#define LIST_HEAD "body\trow\tdata\tin_force_from\tin_force_until\treason\n"

static struct vaultworld *w;
static struct signkey *officer[OFFICERS];

/* --- fixtures: a worker with officers, a version that follows its own --- */

static void
world_make(void)
{
	struct buf text = {0};

	w = vw_new();
	buf_printf(&text, "officer\tname\tkey\tfrom\tuntil\n");
	for (int i = 0; i < OFFICERS; i++) {
		SUITE_ERR(
		    signkey_generate(SIGN_ED25519, &officer[i]), ERR_NONE);
		buf_printf(&text, "officer-%d\tTest\t", i);
		b64_encode(verifykey_raw(signkey_public(officer[i])), &text);
		buf_printf(&text, "\t2026-01-01\t\n");
	}
	SUITE_ERR(officers_parse("officers.tsv", buf_span(&text),
		      &w->vault->law.officers, NULL),
	    ERR_NONE);
	buf_free(&text);
}

static void
world_end(void)
{
	for (int i = 0; i < OFFICERS; i++)
		signkey_free(officer[i]);
	vw_free(w);
}

/* The statute as it is in the tree, as version 2, with its true changes. */
static void
version_make(struct buf *blob)
{
	struct buf changes = {0}, why = {0};
	struct policy *p = NULL;
	uint8_t *at;

	SUITE_ERR(policy_pack("policy", blob, &why), ERR_NONE);
	at = memmem(blob->p, blob->n, "version\t1\n", 10);
	CU_ASSERT_PTR_NOT_NULL_FATAL(at);
	at[8] = '2';
	SUITE_ERR(policy_parse(buf_span(blob), &p, &why), ERR_NONE);
	policy_changes(w->vault->policy, p, &changes);
	buf_add_lp(blob, CHANGES_FILE);
	buf_add_u64(blob, changes.n);
	buf_add(blob, changes.p, changes.n);
	policy_free(p);
	buf_free(&changes);
	buf_free(&why);
}

static void
officers_sign(const char *kind, uint64_t version, struct span bytes, int n,
    struct buf *out)
{
	struct bundle b = {.kind = kind, .version = version};
	char id[32];

	sha256(bytes, b.hash);
	for (int i = 0; i < n; i++) {
		snprintf(id, sizeof(id), "officer-%d", i);
		SUITE_ERR(bundle_sign(&b, id, officer[i], out), ERR_NONE);
	}
}

static enum err
tell(enum vault_op op)
{
	return vw_ask(w, &(struct vault_request){.ticket = 1, .op = op});
}

/* All parts, then the signatures of n officers. */
static enum err
prepare(const char *kind, uint64_t version, struct span bytes, int n)
{
	struct vault_request q = {.ticket = 1, .op = VAULT_LAW_PART};
	struct buf signatures = {0};
	enum err e;

	for (size_t at = 0; at < bytes.n; at += q.part.n) {
		size_t left = bytes.n - at;

		q.part = span_of(
		    bytes.p + at, left < LAW_PART_MAX ? left : LAW_PART_MAX);
		SUITE_ERR(vw_ask(w, &q), ERR_NONE);
	}
	officers_sign(kind, version, bytes, n, &signatures);
	q = (struct vault_request){.ticket = 1,
	    .op = VAULT_LAW_PREPARE,
	    .signatures = buf_span(&signatures)};
	snprintf(q.note, sizeof(q.note), "%s", kind);
	e = vw_ask(w, &q);
	buf_free(&signatures);
	return e;
}

/* What an inquiry of nenkin to Yokohama comes to. */
static uint32_t
outcome_now(void)
{
	struct buf envelope = {0};
	struct inquiry q;

	vw_inquiry(w, &q);
	vw_inquiry_envelope(w, &q, 1, &envelope);
	SUITE_ERR(vw_admit(w, NENKIN, buf_span(&envelope)), ERR_NONE);
	buf_free(&envelope);
	return w->reply.outcome;
}

/* --- a version --- */

static void
takes_a_version_in_one_step(void)
{
	struct buf blob = {0};
	uint8_t hash[HASH_LEN];

	world_make();
	version_make(&blob);
	sha256(buf_span(&blob), hash);
	SUITE_ERR(prepare("policy", 2, buf_span(&blob), 2), ERR_NONE);
	CU_ASSERT_EQUAL(w->entry.type, ENTRY_POLICY);
	CU_ASSERT_EQUAL(w->entry.policy_version, 2);
	SUITE_BYTES(w->entry.policy_hash, hash, HASH_LEN);
	SUITE_BYTES(w->entry.subject_hash, hash, HASH_LEN);
	CU_ASSERT_STRING_EQUAL(w->entry.actor, "officer-0 officer-1");
	CU_ASSERT(vw_endorsed(w));
	/* not before it is told to */
	CU_ASSERT_EQUAL(outcome_now(), OUTCOME_PERMITTED);
	CU_ASSERT_EQUAL(w->entry.policy_version, 1);
	SUITE_ERR(tell(VAULT_LAW_TAKE), ERR_NONE);
	CU_ASSERT_EQUAL(outcome_now(), OUTCOME_PERMITTED);
	CU_ASSERT_EQUAL(w->entry.policy_version, 2);
	SUITE_BYTES(w->entry.policy_hash, hash, HASH_LEN);
	buf_free(&blob);
	world_end();
}

static void
takes_nothing_unprepared(void)
{
	struct buf blob = {0};

	world_make();
	version_make(&blob);
	SUITE_ERR(tell(VAULT_LAW_TAKE), ERR_NOT_FOUND);
	SUITE_ERR(prepare("policy", 2, buf_span(&blob), 2), ERR_NONE);
	SUITE_ERR(tell(VAULT_LAW_DROP), ERR_NONE);
	SUITE_ERR(tell(VAULT_LAW_TAKE), ERR_NOT_FOUND);
	/* a part too many is of no version that was signed */
	SUITE_ERR(prepare("policy", 2, buf_span(&blob), 2), ERR_NONE);
	SUITE_ERR(vw_ask(w, &(struct vault_request){.ticket = 1,
				.op = VAULT_LAW_PART,
				.part = span_str("x")}),
	    ERR_TOO_LONG);
	buf_free(&blob);
	world_end();
}

static void
refuses_a_version_not_signed_so(void)
{
	struct buf blob = {0};

	world_make();
	version_make(&blob);
	SUITE_ERR(prepare("policy", 2, buf_span(&blob), 1), ERR_SIGNATURE);
	CU_ASSERT_PTR_NOT_NULL(strstr(w->reply.rule, "1 of the 2 officers"));
	SUITE_ERR(tell(VAULT_LAW_TAKE), ERR_NOT_FOUND);
	/* signed as something else, or under another number */
	SUITE_ERR(prepare("suspension", 2, buf_span(&blob), 2), ERR_MALFORMED);
	SUITE_ERR(prepare("policy", 3, buf_span(&blob), 2), ERR_SIGNATURE);
	SUITE_ERR(prepare("law", 2, buf_span(&blob), 2), ERR_MALFORMED);
	CU_ASSERT_EQUAL(policy_version(w->vault->policy), 1);
	/* and it is none the worse for it */
	SUITE_ERR(prepare("policy", 2, buf_span(&blob), 2), ERR_NONE);
	buf_free(&blob);
	world_end();
}

/* The signatures are good, the list of changes is not. */
static void
refuses_a_version_that_says_too_little(void)
{
	struct buf blob = {0};

	world_make();
	version_make(&blob);
	blob.n--; /* the last line has no end */
	for (size_t i = blob.n; i > 0; i--)
		if (memcmp(blob.p + i - 1, "base\t1\t", 7) == 0) {
			uint64_t n = blob.n - (i - 1);

			for (int k = 0; k < 8; k++)
				blob.p[i - 9 + (size_t)k] =
				    (uint8_t)(n >> (56 - 8 * k));
			break;
		}
	SUITE_ERR(prepare("policy", 2, buf_span(&blob), 2), ERR_LINE);
	CU_ASSERT_PTR_NOT_NULL(strstr(w->reply.rule, "changes.tsv:"));
	CU_ASSERT_EQUAL(policy_version(w->vault->policy), 1);
	buf_free(&blob);
	world_end();
}

/* --- suspensions --- */

static const char stop[] =
    "# version 4\n" LIST_HEAD YOKOHAMA "\t*\t*\t2026-01-01\t\ttest\n";
static const char go[] = "# version 5\n" LIST_HEAD;

static void
suspends_and_resumes(void)
{
	world_make();
	SUITE_ERR(prepare("suspension", 4, span_str(stop), 2), ERR_NONE);
	CU_ASSERT_EQUAL(w->entry.type, ENTRY_POLICY);
	CU_ASSERT_STRING_EQUAL(w->entry.note, "suspensions version 4");
	CU_ASSERT_EQUAL(outcome_now(), OUTCOME_PERMITTED);
	SUITE_ERR(tell(VAULT_LAW_TAKE), ERR_NONE);
	CU_ASSERT_EQUAL(outcome_now(), OUTCOME_SUSPENDED);
	SUITE_ERR(prepare("suspension", 5, span_str(go), 2), ERR_NONE);
	CU_ASSERT_EQUAL(outcome_now(), OUTCOME_SUSPENDED);
	SUITE_ERR(tell(VAULT_LAW_TAKE), ERR_NONE);
	CU_ASSERT_EQUAL(outcome_now(), OUTCOME_PERMITTED);
	world_end();
}

static void
refuses_a_list_at_fault(void)
{
	static const struct {
		const char *list;
		uint64_t version;
		int officers;
		enum err err;
		const char *why;
	} lists[] = {
	    {"# version 4\n" LIST_HEAD, 4, 2, ERR_POLICY_VERSION,
		"version 4 is not above 4"},
	    {"# version 5\n" LIST_HEAD, 5, 1, ERR_SIGNATURE, "1 of the 2"},
	    {"# version 5\n" LIST_HEAD, 6, 2, ERR_SIGNATURE, "not verify"},
	    {LIST_HEAD, 5, 2, ERR_MALFORMED, "no version"},
	    {"# version 5\nbody\n", 5, 2, ERR_LINE, "the columns are not"},
	    {"# version 5\n" LIST_HEAD "999999\t*\t*\t2026-01-01\t\tx\n", 5, 2,
		ERR_LINE, "suspensions.tsv:3: names no body"},
	    {"# version 5\n" LIST_HEAD YOKOHAMA
	     "\t*\t*\t2026-02-01\t2026-01-01\tx\n",
		5, 2, ERR_LINE, "suspensions.tsv:3: "},
	    {"# version 5\n" LIST_HEAD YOKOHAMA
	     "\t*\t*\t2026-01-01\t\tx\n" YOKOHAMA "\t*\t*\t2026-05-01\t\ty\n",
		5, 2, ERR_LINE, "suspensions.tsv:4: overlaps"},
	};

	world_make();
	SUITE_ERR(prepare("suspension", 4, span_str(stop), 2), ERR_NONE);
	SUITE_ERR(tell(VAULT_LAW_TAKE), ERR_NONE);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		SUITE_ERR(prepare("suspension", lists[i].version,
			      span_str(lists[i].list), lists[i].officers),
		    lists[i].err);
		if (strstr(w->reply.rule, lists[i].why) == NULL) {
			fprintf(stderr, "wanted %s, got %s\n", lists[i].why,
			    w->reply.rule);
			CU_FAIL("another reason");
		}
		SUITE_ERR(tell(VAULT_LAW_TAKE), ERR_NOT_FOUND);
	}
	CU_ASSERT_EQUAL(outcome_now(), OUTCOME_SUSPENDED);
	world_end();
}

static void
stays_suspended_under_a_new_version(void)
{
	struct buf blob = {0};

	world_make();
	SUITE_ERR(prepare("suspension", 4, span_str(stop), 2), ERR_NONE);
	SUITE_ERR(tell(VAULT_LAW_TAKE), ERR_NONE);
	version_make(&blob);
	SUITE_ERR(prepare("policy", 2, buf_span(&blob), 2), ERR_NONE);
	SUITE_ERR(tell(VAULT_LAW_TAKE), ERR_NONE);
	CU_ASSERT_EQUAL(outcome_now(), OUTCOME_SUSPENDED);
	CU_ASSERT_EQUAL(w->entry.policy_version, 2);
	buf_free(&blob);
	world_end();
}

static const struct suite_case cases[] = {
    {"takes a version in one step, when told to", takes_a_version_in_one_step},
    {"takes nothing that was not prepared", takes_nothing_unprepared},
    {"refuses a version that officers did not sign so",
	refuses_a_version_not_signed_so},
    {"refuses a version that says too little of itself",
	refuses_a_version_that_says_too_little},
    {"suspends and resumes, when told to", suspends_and_resumes},
    {"refuses a list at fault, and says where", refuses_a_list_at_fault},
    {"stays suspended under a new version",
	stays_suspended_under_a_new_version},
};
SUITE("vault law", cases)

/* What a vault worker is made of; for broker/vault*.c and their tests only. */
#ifndef BROKER_VAULT_PARTS_H
#define BROKER_VAULT_PARTS_H

#include "broker/linkcode.h"
#include "broker/vault.h"
#include "lib/bundle.h"
#include "lib/directory.h"
#include "lib/entry.h"
#include "lib/outcome.h"
#include "lib/seal.h"
#include "policy/policy.h"

#define VAULT_WINDOW_MS 120000	   /* freshness of an inquiry, both ways */
#define VAULT_SKEW_MS 5000	   /* past valid_until, for a provision */
#define VAULT_ISSUE_MS (86400000u) /* life of an acquisition number */

/*
 * What may take the place of the law in force: gathered part by part, checked,
 * ready. Outcomes name the version of their permit, so that no older policy
 * has to be kept for exchanges in flight.
 */
struct law {
	struct officers *officers; /* whose signatures count */
	struct buf incoming;	   /* parts so far */
	struct policy *next;	   /* prepared: a policy ... */
	bool next_suspends;	   /* ... or `incoming` as a suspension list */
	uint64_t next_version;	   /* of that list */
	struct policy *own;	   /* v->policy, if it came by LAW_TAKE */
	struct buf suspensions;	   /* the signed list in force; empty: none */
	uint64_t suspensions_version;
};

/*
 * A worker: keys, the directory and the policy in force, and caches. It keeps
 * nothing of an exchange from one request to the next.
 */
struct vault {
	struct linkcode_keys *keys;
	struct dhkey *seal_key;
	struct seal_ring *ring;
	struct directory *directory;
	struct policy *policy;	    /* in force */
	struct law law;		    /* how it may change */
	const struct party *portal; /* in the directory */
	struct envelope_cache *roots;
	uint64_t answer_by_ms, valid_for_ms;
	struct arena arena; /* of the request being answered */
	struct buf scratch; /* associated data, plaintexts without secrets */
	struct buf body;    /* the entry being made */
	struct buf record, person; /* sealed references being made */
};

/* Takes all but policy over (suspensions are put into it); NULL where `portal`
 * is not in the directory. */
struct vault *vault_new(struct linkcode_keys *keys, struct dhkey *seal_key,
    struct directory *directory, struct policy *policy,
    const struct vault_options *o);
void vault_free(struct vault *v);

/*
 * Answer one encoded VaultRequest at an instant; appends a VaultReply. Every
 * request gets one: at worst ticket 0 and an error.
 */
void vault_answer(
    struct vault *v, uint64_t now_ms, struct span request, struct buf *reply);

/* --- one request on its way; what the operations share --- */

struct vault_work {
	struct vault *v;
	uint64_t now_ms;
	const struct vault_request *ask;
	struct vault_reply *reply;
	struct entry entry; /* facts; vault_entry_close makes the rest */
	bool has_handle;    /* whether the person is known: */
	uint8_t handle[LINKCODE_HANDLE_LEN];
	char why[NAME_MAX_ + 1]; /* of an error, where there is more to say */
};

enum err vault_admit(struct vault_work *w);
enum err vault_settle(struct vault_work *w);
enum err vault_lapse(struct vault_work *w);
enum err vault_receipt(struct vault_work *w);
enum err vault_locate(struct vault_work *w);
enum err vault_issue(struct vault_work *w);
enum err vault_change(struct vault_work *w);
enum err vault_note(struct vault_work *w);
enum err vault_read(struct vault_work *w);
enum err vault_law_part(struct vault_work *w);
enum err vault_law_prepare(struct vault_work *w);
enum err vault_law_take(struct vault_work *w);
enum err vault_law_drop(struct vault_work *w);

/*
 * At start: put a signed suspension list into the policy in force. The same
 * checks as LAW_PREPARE makes; the reason of an error goes to `f`.
 */
enum err law_suspend(struct law *law, struct policy *p, struct span file,
    struct span signatures, uint64_t now_ms, struct fault *f);
void law_fini(struct law *law);

/* ask->envelope as a message of `type` from ask->party (directory_envelope). */
enum err vault_envelope(
    struct vault_work *w, const char *type, struct envelope *out);

/*
 * The person behind an inquiry's sealed code: sets w->handle. ERR_SEAL,
 * ERR_KEY, ERR_CODE, ...: the code is not this inquirer's for this exchange.
 */
enum err vault_person_open(struct vault_work *w, const struct inquiry *q);

/*
 * Begin an entry: version, type, time and the versions of policy and
 * directory; entry_id new where `id` is NULL.
 */
void vault_entry_begin(
    struct vault_work *w, enum entry_type type, const uint8_t *id);
/*
 * Finish w->entry into the reply: the record code of w->handle sealed to the
 * portal (none without a handle), its hash into the body, salt, leaf and
 * endorsement.
 */
enum err vault_entry_close(struct vault_work *w);

/*
 * The code of w->handle at `agency`, sealed to that party under w->v->scratch
 * as associated data, appended to `out` and set as *ref of this kind.
 */
enum err vault_code_seal(struct vault_work *w, const struct party *agency,
    enum person_kind kind, struct buf *out, struct person_ref *ref);

#endif

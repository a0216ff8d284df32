/* Whether the statute lets this inquirer ask this provider for this data. */
#ifndef POLICY_POLICY_H
#define POLICY_POLICY_H

#include "lib/bytes.h"
#include "lib/err.h"
#include "lib/outcome.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The statute's tables, who belongs to which class of bodies, procedures,
 * delegations, PIA and suspensions: read-only once parsed, so that any number
 * of threads may ask it. The files are the artefact; there is no other form.
 */
struct policy;

#define POLICY_HASH_LEN 32
#define POLICY_DATA_MAX 16 /* data names in one question */

/*
 * Concatenate the files that DIR/manifest.tsv names into *blob, in the order
 * of the manifest: "renkei/v1/policy\0", then for each file, manifest.tsv
 * first, lp(name) || u64 size || bytes. SHA-256 of the blob is the policy's
 * hash. On failure appends "file:line: what" to *why and leaves *blob empty.
 * ERR_FILE, ERR_LINE.
 */
enum err policy_pack(const char *dir, struct buf *blob, struct buf *why);

/*
 * Copy a blob into a memfd sealed against any change, for a worker that may
 * open nothing. Returns the descriptor (close-on-exec off), or -1.
 */
int policy_memfd(struct span blob);

/*
 * Parse a blob. Refused whole at the first look: every fault found is one
 * "file:line: what" line in *why, *out stays NULL and ERR_LINE is returned.
 * Keeps nothing of the blob.
 */
enum err policy_parse(struct span blob, struct policy **out, struct buf *why);

/* policy_parse of a descriptor of policy_memfd; ERR_FILE if not sealed. */
enum err policy_map(int fd, struct policy **out, struct buf *why);

/* policy_pack and policy_parse in one. */
enum err policy_open(const char *dir, struct policy **out, struct buf *why);

/*
 * Replace the suspensions in force by those of a file like suspensions.tsv
 * (lines that begin with '#' before its header are passed over). It is not
 * part of what policy_hash names, so that a suspension needs no new version.
 * ERR_LINE with the faults in *why, and then nothing has changed. Not while
 * another thread asks.
 */
enum err policy_suspend(struct policy *p, struct span tsv, struct buf *why);
/* Whether policy_suspend would take it; changes nothing that is decided by. */
enum err policy_suspend_check(
    struct policy *p, struct span tsv, struct buf *why);

/* Release; NULL is nothing. */
void policy_free(struct policy *p);

/* SHA-256 of the blob it was parsed from: what permits carry. */
const uint8_t *policy_hash(const struct policy *p);
/* The rising number in the manifest. */
uint64_t policy_version(const struct policy *p);

/*
 * A legal day as the number yyyymmdd (20261123), in JST (fixed +09:00).
 * policy_day: of an instant in milliseconds since 1970. policy_day_parse: of
 * "2026-11-23"; 0 where the text is no such day.
 */
uint32_t policy_day(uint64_t ms);
uint32_t policy_day_parse(const char *text);
/* The day before a day that exists. */
uint32_t policy_day_before(uint32_t day);

/* What is asked. Every pointer is a C string, "" where there is nothing. */
struct policy_question {
	const char *inquirer;	  /* party code: who asks */
	const char *inquirer_for; /* whose task it carries out (委任元) */
	const char *task;      /* the row as the table counts: "48", "12-2" */
	const char *procedure; /* our code; "" asks at the table's grain */
	const char *provider;  /* party code: who is asked */
	const char *provider_for; /* on whose behalf it would answer */
	const char *const *data;  /* data names as the table spells them */
	size_t n_data;		  /* 1 .. POLICY_DATA_MAX */
	uint32_t day;		  /* yyyymmdd, JST, of the admission */
};

/*
 * The decision. Texts are borrowed from the policy (or static) and never NULL.
 * At OUTCOME_PERMITTED every data name asked is covered, and citation, since
 * and until are those of the narrowest of them.
 */
struct policy_verdict {
	enum outcome outcome;
	size_t at;	       /* which data name the refusal is about */
	const char *row;       /* the row, "" where there is none */
	const char *article;   /* citation in Japanese, at most 255 bytes:
				  the table's row; with a procedure also its
				  article and item */
	const char *rule;      /* the rule that decided, a stable English
				  sentence of at most 255 bytes: what is
				  missing where it was refused */
	const char *procedure; /* the procedure's own words, or "" */
	const char *relation;  /* whose data, in the article's words, or "" */
	const char *inquirer_for; /* the delegator's code where the inquirer
				     acts as a delegate, else "" */
	const char *provider_for;
	const char *delegation; /* citation of the delegation, or "" */
	const char *suspension; /* the reason of a suspension, or "" */
	uint32_t since;		/* first day in force, or where it is not yet:
				   the first day it will be */
	uint32_t until;		/* first day no longer in force; 0 open */
	bool partial;		/* a cell also names a class that is open */
	bool by_act;		/* decided by 別表第二 (before 2024-05-27),
				   which has no procedures here */
	bool synthetic;		/* a body of ours (架空) is involved */
};

/*
 * Decide by the table in force on q->day (Act Art. 19(viii) and the order's
 * Art. 2), at the grain of the articles where a procedure is given, as an
 * inquiry must (Arts. 3-177). Starts at OUTCOME_REFUSED and ends at
 * OUTCOME_PERMITTED only if every data name is covered; suspensions are
 * checked, PIA is not (policy_pia). An inquirer that holds the task by
 * delegation may leave inquirer_for empty or name the delegator; a body not
 * delegated that names one is refused. A look-up in hash tables: allocates
 * nothing, takes no lock. Returns v->outcome.
 */
enum outcome policy_decide(const struct policy *p,
    const struct policy_question *q, struct policy_verdict *v);

/*
 * Whether a suspension stops any of this on q->day, whatever the table says of
 * it: what is asked again before an answer is handed over. The reason in *why.
 */
bool policy_suspended(
    const struct policy *p, const struct policy_question *q, const char **why);

/*
 * The privacy impact assessment (PIA, Act Arts. 21(2), 28(6)) of `body` for
 * the file it uses in `row`, as asker or as answerer, on that day. Anything
 * but published or exempt is a mandatory refusal (OUTCOME_NO_PIA).
 */
enum policy_pia {
	PIA_NONE,
	PIA_PUBLISHED,
	PIA_EXEMPT,
};
enum policy_pia policy_pia(
    const struct policy *p, const char *body, const char *row, uint32_t day);
/* "none", "published", "exempt". Static text. */
const char *policy_pia_name(enum policy_pia s);

/* A body: a party of the network, or somebody the tables name. */
struct policy_body {
	const char *code;	/* six digits, or a code of ours */
	const char *name;	/* as the statute or the register names it */
	const char *prefecture; /* of a local body, else "" */
	const char *citation;	/* what makes it a member */
	uint32_t from, until;	/* exists; 0 open */
	bool ours;		/* the code is ours, not official */
	bool synthetic;		/* 架空: not a real body */
};

/* The body with this code; NULL if there is none. */
const struct policy_body *policy_body(const struct policy *p, const char *code);

/*
 * Find a body by code, exact name, or prefecture and name written together
 * (神奈川県横浜市). ERR_NOT_FOUND, or ERR_AMBIGUOUS for a name that more than
 * one body bears.
 */
enum err policy_body_find(
    const struct policy *p, const char *text, const struct policy_body **out);

/* Whether any row of any date names this data. */
bool policy_knows_data(const struct policy *p, const char *data);

#endif

/* The register: residents, acquisition numbers under way, changed codes. */
#ifndef AGENTS_REGISTRAR_REGISTER_H
#define AGENTS_REGISTRAR_REGISTER_H

#include "agents/registrar/digits.h"
#include "lib/db.h"
#include "lib/messages.h"
#include "lib/rows.h"

/*
 * All of it lies in the registrar's own database, and every call is one
 * committed transaction (or a read). What fails is ERR_DATABASE, and nothing
 * of it happened.
 */

/* --- residents --- */

/*
 * Enter residents from a table with the columns my_number, resident_code,
 * name, address, birth, sex (others are passed over). All or none: ERR_LINE
 * with file and line for a wrong number or day, ERR_DUPLICATE for a number
 * that is there already. *n: how many were entered. Never quotes a value.
 */
enum err register_import(
    struct db *db, const struct rows *rows, size_t *n, struct fault *f);

/* Where a My Number leads. */
struct register_match {
	const char *my_number; /* asked; 12 digits */
	bool found;
	bool changing; /* a change of code is not confirmed yet: wait */
	char resident_code[RESIDENT_CODE_LEN + 1];
};
enum err register_find(struct db *db, struct register_match *m, size_t n);
enum err register_count(struct db *db, uint64_t *residents);

/* --- acquisition numbers (Act Art. 21-2(3)(4)): gone within 24 h --- */

#define ACQUISITION_MS 86400000u

struct acquisition {
	uint8_t number[ID_LEN];
	char agency[PARTY_MAX + 1];
	uint64_t asked_ms;
	struct buf request; /* the CodeRequest's Envelope, for a retry */
};
void acquisitions_free(struct acquisition *a, size_t n);

/* Store n new ones; ERR_DUPLICATE if one of the numbers is there. */
enum err register_begin(struct db *db, const struct acquisition *a, size_t n);
/* Those of the given numbers that are there; *out is an owned array. */
enum err register_begun(struct db *db, const uint8_t *const *numbers, size_t n,
    struct acquisition **out, size_t *n_out);
/* Those after (asked_ms, number), oldest first, at most `most`. */
enum err register_open(struct db *db, uint64_t after_ms,
    const uint8_t after[static ID_LEN], size_t most, struct acquisition **out,
    size_t *n_out);
/* Forget these: acknowledged, or refused for good. */
enum err register_end(struct db *db, const uint8_t *const *numbers, size_t n);
/* Forget all that were asked before that instant. */
enum err register_expire(struct db *db, uint64_t before_ms, uint64_t *n);

/* --- changes of resident code --- */

struct change {
	uint8_t id[ID_LEN];
	char old_code[RESIDENT_CODE_LEN + 1], new_code[RESIDENT_CODE_LEN + 1];
	uint64_t changed_ms;
};
/*
 * Give the resident with this My Number a new, random resident code, and
 * keep the change until the broker has confirmed it. ERR_NOT_FOUND.
 */
enum err register_change(struct db *db, const char *my_number);
/* The oldest that is not confirmed; ERR_NOT_FOUND if there is none. */
enum err register_changing(struct db *db, struct change *out);
enum err register_confirm(struct db *db, const uint8_t id[static ID_LEN]);

#endif

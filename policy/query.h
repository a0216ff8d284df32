/* Reading the policy as lists: rows, what is unresolved, what would do. */
#ifndef POLICY_QUERY_H
#define POLICY_QUERY_H

#include "policy/policy.h"

/* One line of a table, in the statute's own words. */
struct policy_row {
	const char *row, *inquirer, *task, *provider, *data;
	const char *task_plain; /* the task without definitions */
	const char *article;	/* citation in Japanese */
	const char *data_plain; /* the data name without definitions */
	const char *inquirer_state, *provider_state; /* see policy_gap.state */
	uint32_t from, until;			     /* until 0: in force */
	bool by_act;				     /* of 別表第二 */
};

/* How many lines the two tables have over all dates; 別表第二 comes first. */
size_t policy_rows(const struct policy *p);
/* The same with the clauses of ordinances' tasks, which come last. */
size_t policy_rows_all(const struct policy *p);
/* Line i (below policy_rows_all) in *out; whether it is in force on `day`. */
bool policy_row(
    const struct policy *p, size_t i, uint32_t day, struct policy_row *out);

/*
 * Whether line i lets the body ask on a day: NULL if not, else the code of
 * the body it asks for as a delegate, "" where it asks in its own name.
 */
const char *policy_row_asks(
    const struct policy *p, size_t i, const char *body, uint32_t day);
/* Whether line i makes the body answer on a day. */
bool policy_row_answers(
    const struct policy *p, size_t i, const char *body, uint32_t day);

/* Something in force that permits nothing, or not all it says. */
struct policy_gap {
	const char *kind;  /* "inquirer", "provider", "procedure" */
	const char *state; /* of a cell: "open", "no-list", "partial",
			      "unlisted"; of a procedure's line: why it is not
			      mapped */
	const char *row, *article;
	const char *procedure; /* our code, "" for a cell */
	const char *words;     /* the cell, or the line's words for its data */
	const char *file;      /* and where they stand */
	unsigned line;
};

/* Tell each gap of a day to visit, in the order of the files. */
void policy_gaps(const struct policy *p, uint32_t day,
    void (*visit)(const struct policy_gap *gap, void *arg), void *arg);

/*
 * What the files say to no effect, as "file:line: what" lines: a class, a
 * cell or a phrase that nothing uses, a mapping to data its row never has. No
 * fault; borrowed.
 */
struct span policy_notes(const struct policy *p);

/* How far the day's law is resolved and mapped. */
struct policy_coverage {
	size_t rows, rows_resolved; /* resolved or partial on both sides */
	size_t lines, lines_mapped; /* of the procedures */
};
void policy_coverage(
    const struct policy *p, uint32_t day, struct policy_coverage *out);

/*
 * Lines of the day that would let the inquirer of *q ask, nearest first: the
 * same data of the same provider under another row, the same data of another
 * provider under this row, then under another row. Fills at most `most`
 * numbers of lines (for policy_row) and returns how many.
 */
size_t policy_nearest(const struct policy *p, const struct policy_question *q,
    size_t *lines, size_t most);

/*
 * Codes of the row's procedures that give the first data name of *q that day:
 * at most `most` in codes; returns how many.
 */
size_t policy_nearest_procedures(const struct policy *p,
    const struct policy_question *q, const char **codes, size_t most);
/* The words a procedure's code stands for on a day, "" where it has none. */
const char *policy_procedure_words(
    const struct policy *p, const char *code, uint32_t day);

/* A procedure of a row, as one of its lines in force that day says it. */
struct policy_procedure {
	const char *code, *row, *article, *words;
	const char *data_words, *relation;
	const char *mapped; /* "mapped", or why not: see policy_gap.state */
};
/* Tell each line of the procedures in force; row "" is every row. */
void policy_procedures(const struct policy *p, const char *row, uint32_t day,
    void (*visit)(const struct policy_procedure *o, void *arg), void *arg);

/*
 * Tell each (row, phrase) that a pass over the procedures has to map, once,
 * with the data names ("A|B") that the row has on any day: the work list of
 * phrases_a.tsv and phrases_b.tsv. Texts are valid during the call.
 */
void policy_phrases(const struct policy *p,
    void (*visit)(
	const char *row, const char *phrase, const char *names, void *arg),
    void *arg);

#endif

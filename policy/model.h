/* What a parsed policy holds; seen by policy/ alone. */
#ifndef POLICY_MODEL_H
#define POLICY_MODEL_H

#include "policy/names.h"
#include "policy/policy.h"
#include "policy/sheet.h"

/* The first day decided by the order; days before it by 別表第二. */
#define ORDER_BEGINS 20240527u

/*
 * A period is [from, until): until UINT32_MAX while in force. Numbers of
 * bodies, rows, data and so on are those of the names they are kept under;
 * 0 is none.
 */
static inline bool
period_has(uint32_t from, uint32_t until, uint32_t day)
{
	return from <= day && day < until;
}

/* How a class, or a cell of the tables, is known. */
enum known {
	KNOWN_LIST,	 /* all its members are known */
	KNOWN_SYNTHETIC, /* stand-ins of ours only, marked 架空 */
	KNOWN_OPEN,	 /* whoever is designated with a citation */
	KNOWN_NONE,	 /* no list of its members is to be had */
	KNOWN_PARTIAL,	 /* of a cell: some of its classes are open */
};

struct class_ {
	const char *code, *name, *words, *citation;
	enum known known;
	unsigned line;	/* in classes.tsv */
	bool used;	/* some cell names it */
	uint64_t *bits; /* members at all times, by body */
	uint32_t synthetic;
};

/* A member for a while: by class and body, see policy.dated_runs. */
struct dated {
	uint32_t class_, body, from, until;
	const char *citation;
};

struct cell {
	const char *text;
	enum known known;
	bool listed, used; /* cells.tsv has it; a table has it */
	unsigned line;	   /* in cells.tsv */
	uint32_t *class_;  /* n numbers of classes */
	uint32_t n;
	uint64_t *always, *ever; /* by body: at all times, at some time */
};

/* One line of a table: may this inquirer ask this provider for this data? */
struct clause {
	uint32_t row, inquirer, provider, data;
	uint32_t from, until;
	uint32_t since, ends; /* of the right, whatever its wording was */
	uint32_t inquirer_text, task_text, provider_text, data_text;
	uint32_t task_plain; /* the task without definitions */
	unsigned line;
	bool by_act;	/* of 別表第二 */
	bool ordinance; /* of an ordinance's task, no line of a table */
};

/* The part of a clause that decides, kept close together: see policy.right. */
struct right {
	uint32_t data, inquirer, provider, from, until;
	bool by_act;
};

struct delegation {
	uint32_t row, delegator, delegate, from, until;
	const char *citation;
};

/* A provider that filed it does not answer ordinances' tasks. */
struct decline {
	uint32_t body, row; /* row 0: every one */
	uint32_t from, until;
	const char *citation;
};

/* Why a line of the procedures permits nothing. */
enum unmapped {
	MAPPED,
	UNMAPPED_NO_CODE,   /* procedures.tsv has no code for its text */
	UNMAPPED_PHRASE,    /* no pass maps its phrase */
	UNMAPPED_ONE_PASS,  /* only one of the two passes maps it */
	UNMAPPED_DIFFER,    /* the two passes map it differently */
	UNMAPPED_NO_NAME,   /* no data name of the row fits, say both, or one
			       and the other is silent */
	UNMAPPED_REFERENCE, /* it points at a line that is not there */
};

struct procedure {
	const char *code;
	uint32_t row;
	uint32_t first, until; /* over all its lines */
	unsigned line;	       /* in procedures.tsv */
};

/* One line of order_procedures.tsv. */
struct line {
	uint32_t procedure, row;
	const char *article, *item, *sub;
	uint32_t procedure_text, data_text, relation_text, citation_text;
	uint32_t phrase; /* 0 where it only refers to other lines */
	uint32_t from, until;
	unsigned line;
	enum unmapped unmapped;
};

/* A procedure allows data through a line. */
struct allowance {
	uint32_t procedure, data, line, from, until;
	uint32_t since, ends; /* of the right, whatever its item was */
};

struct pia {
	uint32_t body, row; /* row 0: every row */
	enum policy_pia state;
	uint32_t from, until;
	const char *file, *citation;
};

struct suspension {
	uint32_t body, row, data; /* 0 each: any */
	uint32_t from, until;
	const char *citation;
};
struct suspensions {
	struct suspension *v;
	uint32_t n;
};

struct policy {
	uint8_t hash[POLICY_HASH_LEN];
	uint64_t version;

	struct buf notes;   /* see policy_notes */
	struct names texts; /* anything said more than once */

	struct names codes; /* of bodies: number = place in body[] */
	struct policy_body *body;
	struct names body_names; /* names and prefecture + name */
	uint32_t *named;	 /* body of a name; UINT32_MAX: several */
	size_t words;		 /* of 64 bits in a set of bodies */

	struct names class_codes; /* number = place in class_[] */
	struct class_ *class_;
	struct dated *dated;
	uint32_t n_dated;
	struct runs dated_runs; /* class, body -> dated[] */
	struct names cells;	/* plain text; number = place in cell[] */
	struct cell *cell;

	struct names rows;
	const char **order_article, **act_article; /* by row */
	struct names data;			   /* every spelling */
	uint32_t *canonical;   /* spelling -> the data it means */
	struct clause *clause; /* sorted by row, data, order of files */
	uint32_t n_clause;
	uint32_t n_table;     /* those of in_file that are of the tables */
	struct right *right;  /* of each clause */
	uint32_t *in_file;    /* clauses in the order of the files, act first */
	struct runs rights;   /* row, data -> clause[] */
	struct runs row_runs; /* 0, row -> clause[] */
	const char **ordinance; /* by row: its citation, NULL of a statute's */
	struct decline *decline;
	uint32_t n_decline;
	struct delegation *delegation;
	uint32_t n_delegation;
	struct runs delegation_runs; /* row, delegate -> delegation[] */

	struct names procedures; /* codes; number = place in procedure[] */
	struct procedure *procedure;
	struct line *line;
	uint32_t n_line;
	struct names phrases;
	struct allowance *allowance; /* sorted by procedure, data */
	uint32_t n_allowance;
	struct runs allowances; /* procedure, data -> allowance[] */
	struct runs line_runs;	/* 0, procedure -> by_procedure[] */
	uint32_t *by_procedure;

	struct pia *pia;
	uint32_t n_pia;
	struct runs pia_runs;		/* body, row + 1 -> pia[] */
	struct suspensions suspensions; /* in force */
	struct suspensions filed;	/* as the version's own file says */
};

/* Files as they lie in a blob, while it is parsed. */
struct load {
	struct policy *p;
	struct span blob;
	struct buf *why;
	unsigned faults;
};

/* Open a file of the blob; one that is not there is a fault, and is empty. */
void load_open(
    struct load *l, const char *file, const char *header, struct sheet *s);
/* Note something that is no fault, as a "file:line: what" line. */
void load_note(struct load *l, const char *file, unsigned line,
    const char *what, const char *about);
/* Room for one more of `size` bytes in an array of n; zeroed. */
void *load_more(void *array, uint32_t n, size_t size);
/* A text kept in p->texts. */
const char *load_text(struct load *l, const char *text);
/* A statutory text without definitions, in a scratch buf, NUL at its end. */
const char *load_plain(struct buf *scratch, const char *text);

/* The files in the order they need each other. */
void load_bodies(struct load *l);
void load_classes(struct load *l);
void load_cells(struct load *l);
void load_table(struct load *l);
/* Between the table's lines and its index: clauses of ordinances' tasks. */
void load_ordinances(struct load *l);
/* Whether a provider declines an ordinance's task that day. */
bool ordinance_declined(
    const struct policy *p, uint32_t row, uint32_t provider, uint32_t day);
void load_delegations(struct load *l);
void load_procedures(struct load *l);
void load_guards(struct load *l);
/* After all: classes and cells that nothing uses. */
void load_notes(struct load *l);

/* A cell that names one body, known; for what no table says. */
uint32_t cell_of_body(struct load *l, uint32_t body, const char *citation);
/* Add a clause made from others. */
void clause_put(struct policy *p, struct clause c);
/* Whether it is a local body of that kind: "prefecture", "municipality". */
bool body_is_kind(const struct policy_body *b, const char *kind);
/* The cell with this text, made unresolved where cells.tsv lacks it. */
uint32_t cell_intern(struct load *l, const char *text);
/* Whether a cell names the body that day. */
bool cell_names(
    const struct policy *p, uint32_t cell, uint32_t body, uint32_t day);
/* Whether part of a cell names bodies we do not know. */
bool cell_open(const struct policy *p, uint32_t cell);
/* Whether a suspension stops this that day; its citation in *why. */
bool guard_suspended(const struct policy *p, uint32_t inquirer,
    uint32_t provider, uint32_t row, uint32_t data, uint32_t day,
    const char **why);

static inline bool
bits_has(const uint64_t *bits, uint32_t i)
{
	return bits[i / 64] >> (i % 64) & 1;
}

static inline void
bits_set(uint64_t *bits, uint32_t i)
{
	bits[i / 64] |= UINT64_C(1) << (i % 64);
}

#endif

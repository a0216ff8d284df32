/* Replica records (副本) from a business system's CSV: all of it, or nothing.
 */
#ifndef AGENTS_RUNTIME_IMPORT_H
#define AGENTS_RUNTIME_IMPORT_H

#include "agents/runtime/layout.h"
#include "lib/rows.h"

/* One record as it will be stored. */
struct imported {
	char person[65];
	char fiscal_year[16];
	uint32_t version;
	uint64_t as_of_ms, published_until_ms; /* 0: no end */
	bool no_auto_answer, non_disclosure;
	const struct layout_item *first; /* its layout and data name */
	struct buf body;		 /* the encoded Record */
};

/* What columns become: the parsed mapping.tsv. */
struct mapping;

/*
 * Read mapping.tsv: columns column, target, empty. A target is a fact of the
 * record (person, fiscal_year, version, as_of, published_until,
 * no_auto_answer, non_disclosure) or an item code of the layout; all items
 * of a mapping belong to one data name. `empty` is why an item is empty when
 * the cell is, `refuse` where it must not be, `none` for facts that may be
 * absent. ERR_FILE, ERR_LINE.
 */
enum err mapping_open(const char *path, const struct layout *l,
    struct mapping **out, struct fault *f);
void mapping_free(struct mapping *m);

/*
 * Make records of the rows of a CSV table. The first row that cannot be used
 * (a column not mapped, a cell of the wrong kind, an empty cell that may not
 * be, the same record twice) is ERR_LINE with file, line and column, never
 * the cell. *out is owned: free with imported_free.
 */
enum err import_rows(const struct mapping *m, const struct layout *l,
    const struct rows *csv, struct imported **out, struct fault *f);
void imported_free(struct imported *records, size_t n);

#endif

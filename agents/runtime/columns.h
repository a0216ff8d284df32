/* Columns of a group of jobs, bound as arrays for unnest. */
#ifndef AGENTS_RUNTIME_COLUMNS_H
#define AGENTS_RUNTIME_COLUMNS_H

#include "agents/runtime/store.h"

/*
 * Inside a store_op, with `jobs` and `n` in scope: bind one value of each
 * job. `expr` speaks of job `i` of them.
 */
#define COLUMN(p, bind, type, expr)              \
	do {                                     \
		type column_[STORE_BATCH] = {0}; \
		for (size_t i = 0; i < n; i++)   \
			column_[i] = (expr);     \
		bind(p, column_, n);             \
	} while (0)
#define TEXTS(p, expr) COLUMN(p, db_bind_texts, const char *, expr)
#define NUMBERS(p, expr) COLUMN(p, db_bind_i64s, int64_t, (int64_t)(expr))
#define INTS(p, expr) COLUMN(p, db_bind_i32s, int32_t, (int32_t)(expr))
#define BOOLS(p, expr) COLUMN(p, db_bind_bools, bool, expr)
#define BLOBS(p, expr) COLUMN(p, db_bind_bytess, struct span, expr)
#define UUIDS(p, expr) COLUMN(p, db_bind_uuids, const uint8_t *, expr)

/*
 * In an UPDATE or DELETE over unnest, compare every column of the key with a
 * column of it, also those that are the same in every row: a constant gives
 * the planner a way into the index that reads all rows of the constant.
 *
 * Several texts as one value, which SQL takes apart with
 * string_to_array(x, E'\x1f'): arrays of arrays cannot be ragged.
 */
#define UNIT_SEPARATOR '\x1f'

#endif

/* A run of the log's rows: each checked by itself, hashed to its blocks. */
#ifndef AGENTS_CLI_LOGCHUNK_H
#define AGENTS_CLI_LOGCHUNK_H

#include "agents/cli/logaudit.h"
#include "lib/db.h"
#include "lib/messages.h"
#include "lib/tile.h"

#define CHUNK_LEAVES 8192 /* rows of one query */
#define CHUNK_BLOCKS (CHUNK_LEAVES / TILE_WIDTH)
#define NOWHERE UINT64_MAX

/* One checker's own things: a connection and what it decodes into. */
struct logchecker {
	struct db *db;
	int log; /* fiscal year */
	const uint8_t *endorse_key;
	uint64_t expired_below; /* rows may be gone here, their leaves not */
	struct arena arena;
	struct db_params params;
};

/* What checking one chunk gave; the arrays are the caller's. */
struct logchunk {
	uint64_t first, end;			 /* indices, end excluded */
	uint8_t (*leaf)[MERKLE_LEN];		 /* CHUNK_LEAVES */
	uint8_t block[CHUNK_BLOCKS][MERKLE_LEN]; /* roots, of full blocks */
	uint8_t tile_block[CHUNK_BLOCKS][MERKLE_LEN]; /* by level-0 tiles */
	enum logfault fault; /* the first of its rows, at index */
	uint64_t index;
	char detail[160];
	uint64_t differs; /* first leaf that its tile has otherwise */
	uint64_t tiles, expired;
	bool tile_missing; /* a full block without its tiles */
};

/*
 * Check rows c->first .. c->end - 1. Stops at the first that is at fault.
 * ERR_DATABASE when they could not be read.
 */
enum err logchunk_check(struct logchecker *k, struct logchunk *c);
/* The root over n leaf hashes, n at most CHUNK_LEAVES. */
void logchunk_root(const uint8_t (*leaf)[MERKLE_LEN], size_t n,
    uint8_t root[static MERKLE_LEN]);

#endif

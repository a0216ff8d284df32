/* Tiles and entry bundles of a log: names, widths, forms (C2SP tlog-tiles). */
#ifndef LIB_TILE_H
#define LIB_TILE_H

#include "lib/bytes.h"
#include "lib/entry.h"
#include "lib/err.h"

#define TILE_HEIGHT 8
#define TILE_WIDTH 256	  /* hashes in a full tile */
#define TILE_LEN 8192	  /* bytes of a full tile */
#define TILE_ENTRIES (-1) /* in place of a level: the entry bundle */
#define TILE_LEVEL_MAX 7  /* levels 0..7 hold any tree of 64-bit size */
#define TILE_PATH_MAX 64  /* bytes of a path, with NUL */
#define BUNDLE_ENTRY_LEN (2 + ENTRY_LEAF_LEN)
#define BUNDLE_LEN (TILE_WIDTH * BUNDLE_ENTRY_LEN)

/*
 * "tile/0/x001/x234/067", "tile/entries/000.p/12": level 0..63 or
 * TILE_ENTRIES, n-th tile, width 1..256 (256: full, no suffix).
 */
void tile_path(
    int level, uint64_t n, unsigned width, char path[static TILE_PATH_MAX]);
/* Take such a path apart; ERR_MALFORMED if it is none. */
enum err tile_path_parse(
    const char *path, int *level, uint64_t *n, unsigned *width);
/* Full tiles a log of `size` leaves has at this level, and the width of the
 * partial one after them (0: there is none). */
uint64_t tile_count(int level, uint64_t size);
unsigned tile_partial(int level, uint64_t size);
/* Append one entry (its 33 bytes of leaf data) to a bundle. */
void bundle_add(struct buf *bundle, const uint8_t leaf[static ENTRY_LEAF_LEN]);
/*
 * The next entry of a bundle of any log, at most 65,535 bytes; *rest moves
 * behind it. ERR_TRUNCATED if the bytes end within an entry.
 */
enum err bundle_next(struct span *rest, struct span *entry);

#endif

/* The law that was loaded last, kept over a restart with its signatures. */
#ifndef BROKER_LAWSTORE_H
#define BROKER_LAWSTORE_H

#include "lib/bytes.h"
#include "lib/err.h"

/*
 * One file a kind ("policy", "suspension") in `dir`, replaced in one step:
 * magic || u32 length of the signatures || signatures || the law's bytes. It
 * is not trusted: whoever takes it up checks the signatures. That nobody put
 * an older one there is the signer's to see, which remembers the version.
 */

/* ERR_NOT_FOUND where there is none, ERR_FILE, ERR_MALFORMED. Appends. */
enum err lawstore_read(
    const char *dir, const char *kind, struct buf *signatures, struct buf *law);
enum err lawstore_write(
    const char *dir, const char *kind, struct span signatures, struct span law);

/*
 * Whether the log has the entry of this law's coming into force: noted beside
 * it once it was committed, so that a broker which died before can tell.
 */
enum err lawstore_mark(const char *dir, const char *kind, struct span law);
bool lawstore_marked(const char *dir, const char *kind, struct span law);

#endif

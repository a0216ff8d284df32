/* The policy's files in one run of bytes, whose hash names the policy. */
#ifndef POLICY_BLOB_H
#define POLICY_BLOB_H

#include "lib/bytes.h"
#include "lib/err.h"
#include <stdbool.h>

#define BLOB_MAGIC "renkei/v1/policy" /* with its NUL */
#define BLOB_MAX (64u << 20)

/* The bytes of the named file within a blob; false where it is not there. */
bool blob_find(struct span blob, const char *file, struct span *out);
/* Walk the whole blob: ERR_MALFORMED unless it is files to its last byte. */
enum err blob_check(struct span blob);

#endif

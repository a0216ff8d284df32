/* UUIDv7 (RFC 9562): ids that sort by the time of their making. */
#ifndef LIB_UUID_H
#define LIB_UUID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

#define UUID_LEN 16
#define UUID_TEXT_LEN 37 /* with its NUL */

/*
 * A new id of this instant; 74 random bits. Ids of one thread rise strictly,
 * also within a millisecond and when the clock is set back.
 */
void uuid_make(uint8_t id[static UUID_LEN]);
/* A new id of the given instant, not ordered with others. */
void uuid_make_at(uint64_t ms, uint8_t id[static UUID_LEN]);
/* Version 7 and the variant of RFC 9562. */
bool uuid_is_v7(const uint8_t id[static UUID_LEN]);
/* Its instant in ms since 1970 UTC; the id must be a version 7. */
uint64_t uuid_ms(const uint8_t id[static UUID_LEN]);
/* 8-4-4-4-12 in lower case; returns out. */
const char *uuid_text(
    const uint8_t id[static UUID_LEN], char out[static UUID_TEXT_LEN]);
/* From that text, either case. ERR_MALFORMED. */
enum err uuid_parse(const char *text, uint8_t id[static UUID_LEN]);

#endif

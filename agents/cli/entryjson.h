/* A log entry's body as JSON, for people and for their tools. */
#ifndef AGENTS_CLI_ENTRYJSON_H
#define AGENTS_CLI_ENTRYJSON_H

#include "lib/messages.h"

#include <jansson.h>

/*
 * Every field that says something, by its name in schemas/renkei.proto;
 * bytes in lower-case hexadecimal; beside `type` and `outcome` their stable
 * codes. The caller owns the value.
 */
json_t *entryjson(const struct entry *e);

#endif

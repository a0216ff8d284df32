/* How an inquiry's end is shown to the person who asked. */
#ifndef AGENTS_CLI_SHOW_H
#define AGENTS_CLI_SHOW_H

#include "agents/cli/cli.h"

/*
 * What to do next after an outcome, in the reader's language; "" where
 * nothing is to be done. Static text.
 */
const char *advice_for(enum outcome o);
/* The same for an error that ended an inquiry without an entry. */
const char *advice_for_err(enum err e);

/*
 * Print the end of an inquiry (a reply of the agent): outcome, who said it,
 * rule and citation, what to do next, and the answer's items, indented by
 * depth; items and layouts that are not official are marked.
 */
void show_end(const json_t *reply);

#endif

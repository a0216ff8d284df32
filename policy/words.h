/* The statute's wording, made comparable: definitions at first use dropped. */
#ifndef POLICY_WORDS_H
#define POLICY_WORDS_H

#include "lib/bytes.h"
#include <stdbool.h>

/*
 * Append s without the parentheses that only introduce a law or a term:
 * a law's number (昭和二十五年法律第二百二十六号), a definition
 * (…以下…という。), a reach (…において同じ。), 特別区を含む. What narrows or
 * widens stays (…に限る。, …を除く。). Adds no NUL.
 */
void words_plain(struct span s, struct buf *out);
/* The same without any parentheses. */
void words_bare(struct span s, struct buf *out);
/* Whether s ends with the text. */
bool words_end(struct span s, const char *text);
/* Whether s begins with the text. */
bool words_begin(struct span s, const char *text);
/* The first place of text in s at or after from; SIZE_MAX where it is not. */
size_t words_find(struct span s, size_t from, const char *text);
/* The last place of text in s; SIZE_MAX where it is not. */
size_t words_last(struct span s, const char *text);

#endif

/* Text from the wire or a file: UTF-8, NUL, length, the twelve-digit guard. */
#ifndef LIB_TEXT_H
#define LIB_TEXT_H

#include "lib/bytes.h"
#include "lib/err.h"

/*
 * Whether s holds a run of exactly twelve digits, as a My Number is written:
 * ASCII or full-width (U+FF10..FF19), mixed or not; with spaces, ideographic
 * spaces, hyphens or dashes between digits or without. Eleven and thirteen
 * are no such run. Both readings count: "2024 123456789012" is refused for
 * its second group, "1234-5678-9012" for the three together.
 */
bool text_has_twelve_digits(struct span s);

/*
 * A field that is no payload: at most limit bytes (ERR_TOO_LONG), no NUL
 * (ERR_NUL), UTF-8 (ERR_UTF8), no run of twelve digits (ERR_TWELVE_DIGITS);
 * looked for in this order.
 */
enum err text_check(struct span s, size_t limit);
/* The same for what a payload holds: any digits. */
enum err text_check_content(struct span s, size_t limit);

/*
 * A decimal number without sign, space or leading zeros, at most max.
 * ERR_MALFORMED, or ERR_TOO_LONG where it is more than max.
 */
enum err text_to_u64(const char *s, uint64_t max, uint64_t *out);
/* Copy s, which must fit (asserted): the destination has n bytes. */
void text_copy(char *out, size_t n, const char *s);
/* Copy what fits of s, cut between characters, and a NUL. */
void text_cut(char *out, size_t n, struct span s);
/* Copy s for an operator's eyes: controls and broken UTF-8 become '?'. */
void text_clean(struct span s, char *out, size_t n);
/* Drop spaces and tabs at both ends. */
struct span text_trim(struct span s);
/* Append s in NFKC, so that full-width letters and digits compare equal. */
enum err text_fold(struct span s, struct buf *out);
/* Columns on a terminal; an East Asian wide character is two. */
size_t text_width(const char *s);

#endif

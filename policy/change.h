/* What a new version says it changes, against what it does change. */
#ifndef POLICY_CHANGE_H
#define POLICY_CHANGE_H

#include "policy/diff.h"

/*
 * changes.tsv, one of the files of a version that is to be loaded over
 * another: part of its hash, and so of what its officers sign. Its first line
 * is "base", the number and the hash (hex) of the version in force; its second
 * the header; then a line for each thing gained ('+') or lost ('-') on any
 * day, in any order:
 *	sign kind a b c d e in_force_from in_force_until
 * kind and a..e as policy_change has them, or "pia" with body, row ("*": all)
 * and state, "suspension" with body, row and data, "decline" with body and
 * row; the dates are the first day on which the two versions differ in
 * it and the first day on which they no longer do ("" for good).
 */
#define CHANGES_FILE "changes.tsv"

/* Append the file that is true of these two versions. */
void policy_changes(
    const struct policy *before, const struct policy *after, struct buf *out);

/*
 * Whether `after`, parsed from `blob`, may take the place of `before`: a
 * higher version (ERR_POLICY_VERSION), whose changes.tsv says all that it
 * changes and nothing else, and in which no body bears another name than
 * before, because it would inherit the rights of the old one (ERR_LINE).
 * Every fault is one "file:line: what" line in *why; what was not declared is
 * named.
 */
enum err policy_changes_check(const struct policy *before,
    const struct policy *after, struct span blob, struct buf *why);

#endif

/* The decision in words a counter officer understands. */
#ifndef POLICY_EXPLAIN_H
#define POLICY_EXPLAIN_H

#include "lib/bytes.h"
#include "policy/policy.h"

/*
 * Append a paragraph (lines ended by LF) on the verdict *v that *q got: what
 * permits it (row, article, since when, until when, for whom), or what is
 * missing and the nearest lines under which it would be lawful. Japanese or
 * English; the statute is always quoted in Japanese.
 */
void policy_explain(const struct policy *p, const struct policy_question *q,
    const struct policy_verdict *v, bool japanese, struct buf *out);

/* "2026年6月14日" or "14 June 2026"; returns out. */
const char *policy_day_said(uint32_t day, bool japanese, char out[32]);

#endif

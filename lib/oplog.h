/* The operators' log: what happened to the machine, never to a person. */
#ifndef LIB_OPLOG_H
#define LIB_OPLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/err.h"

/*
 * One line an event on standard error, or the journal with a field each when
 * systemd started us: "info broker listening endpoint=tcp://..". It may be
 * lost and is never evidence (that is the exchange record). It never holds a
 * link code, a payload, a name or a My Number: values are cut at 200 bytes,
 * controls become '?', and a run of exactly twelve digits becomes "[digits]".
 */
enum oplog_level { OPLOG_ERROR, OPLOG_WARN, OPLOG_INFO, OPLOG_DEBUG };

struct oplog_field {
	const char *key;
	const char *text;  /* or */
	const uint8_t *id; /* 16 bytes, shown as a UUID, or */
	uint64_t number;   /* where the others are NULL */
};

#define LOG_TEXT(key, value) ((struct oplog_field){key, value, NULL, 0})
#define LOG_ID(key, value) ((struct oplog_field){key, NULL, value, 0})
#define LOG_NUMBER(key, value) \
	((struct oplog_field){key, NULL, NULL, (uint64_t)(value)})
#define LOG_ERR(e) ((struct oplog_field){"error", err_code(e), NULL, 0})

/*
 * Once, before threads: the program's name as it shall stand in every line
 * (kept, not copied). Before it, lines go to standard error as "renkei".
 */
void oplog_open(const char *program);
/* From now on standard error only: for what is about to enter a sandbox. */
void oplog_confine(void);
/* Least important level still written; OPLOG_INFO at first. */
void oplog_level(enum oplog_level least);
/*
 * Write an event: oplog(OPLOG_WARN, "frame-refused", LOG_TEXT("party", p),
 * LOG_ERR(e)). An event's name is a literal of ours. Any one name is written
 * at most OPLOG_BURST times at once and OPLOG_RATE times a second; the next
 * line let through says how many were not. Callable from any thread.
 */
#define oplog(level, event, ...)          \
	oplog_write(level, event,         \
	    (const struct oplog_field[]){ \
		__VA_ARGS__ __VA_OPT__(, ){NULL, NULL, NULL, 0}})
void oplog_write(enum oplog_level level, const char *event,
    const struct oplog_field *fields);

#define OPLOG_BURST 50
#define OPLOG_RATE 10

#endif

/* Named places where a test may kill the process, always compiled in. */
#ifndef LIB_CRASHPOINT_H
#define LIB_CRASHPOINT_H

#include "lib/err.h"

#include <stdbool.h>

/*
 * One place after every step of every process: "<process>.<after what>".
 * A program kills itself with SIGKILL at the place named by the environment,
 * RENKEI_CRASH=name or name:count (the count-th time it comes by; 1 is the
 * first). Nothing else arms one.
 */
#define CRASH_POINTS(X)                \
	X("front.after_arrival")       \
	X("front.after_admit")         \
	X("front.after_record")        \
	X("front.after_forward")       \
	X("front.after_provision")     \
	X("front.after_verify")        \
	X("front.after_settle")        \
	X("front.after_answer")        \
	X("front.after_receipt")       \
	X("front.after_forget")        \
	X("front.after_locate")        \
	X("front.after_issue")         \
	X("front.after_notice")        \
	X("front.after_acknowledge")   \
	X("front.after_law_store")     \
	X("ledger.before_commit")      \
	X("ledger.after_commit")       \
	X("ledger.after_sign")         \
	X("ledger.after_tiles")        \
	X("signer.after_check")        \
	X("signer.after_append")       \
	X("signer.after_state")        \
	X("vault.after_request")       \
	X("vault.after_decision")      \
	X("vault.after_reply")         \
	X("agent.after_store_inquiry") \
	X("agent.after_send_inquiry")  \
	X("agent.after_permit")        \
	X("agent.after_use")           \
	X("agent.after_lookup")        \
	X("agent.after_provision")     \
	X("agent.after_answer")        \
	X("agent.after_receipt")       \
	X("agent.after_settled")       \
	X("registrar.after_request")   \
	X("registrar.after_forward")   \
	X("registrar.after_notice")

/*
 * Read RENKEI_CRASH; once, in main, before threads and sandboxes. ERR_CONFIG
 * for a name the table lacks or a count that is none: do not start then.
 */
enum err crash_arm(void);
/* Whether a place is armed in this process. */
extern bool crash_armed;
/* The process ends here if this place is the armed one. Any thread. */
#define crash_point(name)                   \
	do {                                \
		if (crash_armed)            \
			crash_point_(name); \
	} while (0)
void crash_point_(const char *name);
/* Every name, one at a time; NULL past the last. Static text. */
const char *crash_point_at(unsigned i);

#endif

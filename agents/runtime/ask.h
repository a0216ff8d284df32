/* The asking side: an inquiry from the local number to its outcome. */
#ifndef AGENTS_RUNTIME_ASK_H
#define AGENTS_RUNTIME_ASK_H

#include <jansson.h>

#include "agents/runtime/host.h"

#define LOCAL_ID_MAX 64
#define CASE_MAX 255

/* Where an inquiry of ours stands. */
enum asked_state {
	ASKED_QUEUED, /* waits for its turn */
	ASKED_LOOKUP, /* its person's code is being read */
	ASKED_SIGNING,
	ASKED_STORING, /* its bytes are being committed */
	ASKED_READY,   /* stored, not sent (no connection, or BUSY) */
	ASKED_SENT,
	ASKED_ENDING, /* the outcome is being committed */
};

/* One open inquiry; host->asked finds it by exchange id. */
struct asked {
	struct agency *agency;
	struct asked *next; /* in the agency's queue */
	enum asked_state state;
	struct inquiry q;
	char local_id[LOCAL_ID_MAX + 1];
	char official[NAME_MAX_ + 1]; /* who asks; stays in our own record */
	char case_reference[CASE_MAX + 1];
	char batch[NAME_MAX_ + 1];
	uint32_t batch_line;
	struct buf envelope;	/* the bytes that are sent, again and again */
	uint8_t hash[HASH_LEN]; /* of its body */
	bool pending;		/* an official must decide */
	uint64_t retry_ms;	/* monotonic: not sent before */
	uint64_t client;	/* of the local API, 0 nobody waits */
	uint64_t tag;
	bool wait;  /* answer the client at the end, not when stored */
	bool brief; /* and without the answer's items */
};

/*
 * Begin an inquiry: `q` carries what the official said (the rest of it is
 * filled here), the agency queues it. Takes ownership of *asked.
 */
void ask_begin(struct asked *asked);
void asked_free(struct asked *asked);
/*
 * An inquiry back from its stored bytes, open again and ready to be sent.
 * NULL if the bytes are none. Owned by host->asked.
 */
struct asked *asked_reopen(struct agency *a, struct span envelope);
/* Send an open inquiry's bytes again now, unless it is still being stored. */
void ask_again(struct asked *asked);

/* How an inquiry ended, for the local API. A new reference. */
struct ended_job;
json_t *ask_end_json(const struct inquiry *q, const struct ended_job *end);

/* Frames of the broker about our inquiries. */
enum err ask_answer(struct agency *a, struct span body);
enum err ask_refusal(struct agency *a, struct span body);
enum err ask_notice(struct agency *a, struct span body);
enum err ask_busy(struct agency *a, struct span body);

/* Send again what is stored and has no outcome (after HELLO_REPLY). */
void ask_resume(struct agency *a);
/* Send what BUSY or a lost connection put off, if its time has come. */
void ask_maintain(struct host *h);
/* Take up what was open when this process last ended. ERR_DATABASE. */
enum err ask_load(struct host *h);

#endif

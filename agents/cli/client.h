/* The command's side of an agent's local API: JSON lines over a socket. */
#ifndef AGENTS_CLI_CLIENT_H
#define AGENTS_CLI_CLIENT_H

#include "agents/cli/cli.h"
#include "lib/bytes.h"

/* Where to connect and for whom, as every subcommand of an agent is told. */
struct client_target {
	const char *socket; /* --socket, else $RENKEI_SOCKET */
	const char *agency; /* --agency, else $RENKEI_AGENCY */
	bool json;
};
/* The rows for these in a subcommand's option table. */
#define CLIENT_OPTIONS(t)                                                    \
	{"socket", NULL, &(t).socket, NULL, "PATH", "the agent's socket",    \
	    "エージェントのソケット"},                                       \
	    {"agency", NULL, &(t).agency, NULL, "CODE", "the agency's code", \
		"機関の符号"},                                               \
	{                                                                    \
		"json", &(t).json, NULL, NULL, NULL, "print JSON",           \
		    "JSONで出力する"                                    \
	}

struct client;

/*
 * Connect. What is missing is taken from the environment; ERR_USAGE if it is
 * not there either (already said on stderr), ERR_OFFLINE if nobody listens.
 */
enum err client_open(struct client_target *t, struct client **out);
void client_close(struct client *c);

/*
 * Send one request: {"op": op, "tag": tag, "agency": ...} and what `body`
 * holds, which is taken over (may be NULL). fd is sent along unless -1. What
 * passed through is wiped.
 */
enum err client_send(
    struct client *c, const char *op, uint64_t tag, json_t *body, int fd);
/*
 * The next reply, a new reference. ERR_TIMEOUT after timeout_ms (-1: none),
 * ERR_OFFLINE when the agent went away.
 */
enum err client_receive(struct client *c, int timeout_ms, json_t **out);
/* One request and its last reply; notices on the way are passed over. */
enum err client_ask(struct client *c, const char *op, json_t *body, int fd,
    int timeout_ms, json_t **out);

/* A text of a reply, "" where there is none. Borrowed. */
const char *reply_text(const json_t *reply, const char *key);
/*
 * If the reply is an error, print it (as JSON, or a sentence in the reader's
 * language) and put the exit status in *status.
 */
bool reply_failed(const json_t *reply, bool json, int *status);
/* The outcome a reply names; OUTCOME_REFUSED for words we do not know. */
enum outcome reply_outcome(const json_t *reply);

#endif

/* One process that hosts agencies: what they share, and what each has. */
#ifndef AGENTS_RUNTIME_HOST_H
#define AGENTS_RUNTIME_HOST_H

#include "agents/runtime/held.h"
#include "agents/runtime/idmap.h"
#include "agents/runtime/law.h"
#include "agents/runtime/store.h"
#include "lib/config.h"
#include "lib/directory.h"
#include "lib/payloadseal.h"
#include "lib/seal.h"
#include "lib/zsock.h"

struct api;
struct layout;
struct outbox;

/* What agent.conf may say; `renkei-agent --reference` prints it. */
extern const struct config_form host_form;

/* Where an agency's connection to the broker stands. */
enum line_state {
	LINE_DOWN,
	LINE_GREETING, /* HELLO sent, HELLO_REPLY awaited */
	LINE_UP,
};

/* One agency: its keys, its connections, its queues. Owned by the loop. */
struct agency {
	struct host *host;
	char code[PARTY_MAX + 1];
	const struct party *party; /* itself, in the directory */
	struct signkey *sign;
	struct dhkey *hpke, *seal;
	struct secret curve, case_key;
	struct seal_ring *ring;
	struct payload_sealer *sealer;
	struct payload_opener *opener;
	struct layout *layout; /* NULL: answers nothing */
	char mapping[4096];    /* path, "" for none */
	char unit[NAME_MAX_ + 1];
	uint32_t in_flight_max;

	struct zsock *broker, *registrar;
	enum line_state state, registrar_state;
	uint64_t greeted_ms; /* when HELLO was last sent, monotonic */
	struct held_line line;
	struct outbox *outbox;
	uint64_t asked, provided; /* last sequence numbers given out */

	struct asked *queue_head, **queue_tail; /* inquiries not yet begun */
	size_t queued, in_flight;
	uint64_t counters[8]; /* enum counter */
};

enum counter {
	COUNT_ASKED,
	COUNT_ANSWERS,
	COUNT_REFUSALS,
	COUNT_PERMITS,
	COUNT_PROVISIONS,
	COUNT_CODES,
	COUNT_BAD_FRAMES,
	COUNT_BUSY,
};

struct host {
	struct config *conf;
	struct znet *net;
	struct officers *officers;
	struct cert_trust *trust;
	struct directory *directory;
	struct law law;
	uint8_t vault_point[POINT_LEN];
	uint8_t broker_key[CURVE_KEY_LEN], registrar_key[CURVE_KEY_LEN];
	struct held held;
	struct envelope_cache *roots; /* signatures seen to verify */
	struct store *store;
	struct api *api;
	struct arena arena; /* of the frame in hand */
	struct agency **agency;
	size_t n_agencies;
	struct idmap asked;    /* our open inquiries, by exchange id */
	struct idmap permits;  /* permits being answered, by use */
	struct idmap acquired; /* acquisitions under way, by their number */
	uint64_t maintained_ms;
	uint64_t
	    again_ms; /* monotonic: when an inquiry is sent again; 0 none */
};

/*
 * Read the configuration and everything it names, verify officers'
 * signatures over directory and policy, open keys and database. On failure
 * the reason was written to the operator's log and *out is NULL.
 */
enum err host_open(const char *conf_path, struct host **out);
void host_close(struct host *h);
/*
 * Read directory, revocations and the policy's versions again, as the
 * configuration names them. A directory that officers did not sign, that is
 * older, or lacks a hosted agency or its keys, or a policy that cannot be
 * used, changes nothing and is said in the operator's log.
 */
enum err host_reload(struct host *h);
/* NULL if this process does not host the agency. */
struct agency *host_agency(struct host *h, const char *code);

#endif

/* The worker as a process: real key files, real statute, inside its sandbox. */
#include "broker/vault.h"

#include "broker/vault_ops.h"
#include "lib/clock.h"
#include "lib/entry.h"
#include "lib/envelope.h"
#include "lib/messages.h"
#include "lib/outcome.h"
#include "lib/seal.h"
#include "lib/signkey.h"
#include "lib/uuid.h"
#include "policy/policy.h"
#include "tests/unit/suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- a world of files, made once by devpki --- */

static char dir[] = "/tmp/vaultprocess.XXXXXX";

static const char *
in_world(const char *name)
{
	static char path[16][256];
	static unsigned at;
	char *p = path[at++ % 16];

	snprintf(p, sizeof(path[0]), "%s/pki/%s", dir, name);
	return p;
}

static void
shell(const char *command)
{
	CU_ASSERT_EQUAL_FATAL(system(command), 0);
}

static void
world_remove(void)
{
	char command[512];

	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	if (system(command) != 0)
		printf("left behind: %s\n", dir);
}

static void
world_make(void)
{
	const char *build = getenv("BUILD");
	char command[1024];

	if (strchr(dir, 'X') == NULL)
		return;
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
	atexit(world_remove);
	snprintf(command, sizeof(command),
	    "printf 'nenkin\\tagency\\tN\\n141003\\tagency\\tY\\n"
	    "portal\\tportal\\tP\\n' >%s/parties.tsv && "
	    "%s/tests/devpki %s/parties.tsv policy %s/pki >/dev/null",
	    dir, build != NULL ? build : "build", dir, dir);
	shell(command);
}

/* --- a worker --- */

struct worker {
	pid_t pid;
	int fd;
};

static int
policy_fd(void)
{
	struct buf blob = {0}, why = {0};
	int fd;

	SUITE_ERR(policy_pack("policy", &blob, &why), ERR_NONE);
	fd = policy_memfd(buf_span(&blob));
	buf_free(&blob);
	buf_free(&why);
	return fd;
}

static void
options_fill(struct vault_options *o)
{
	*o = (struct vault_options){.directory = in_world("directory.tsv"),
	    .directory_signatures = in_world("directory.tsv.sig"),
	    .officers = in_world("officers.tsv"),
	    .ca = in_world("ca/ca.pem"),
	    .crl = in_world("ca/crl.pem"),
	    .vault_keys = in_world("broker/vault.keys"),
	    .vault_seal_key = in_world("broker/vault-seal.key"),
	    .policy_signatures = in_world("policy.sig"),
	    .portal = "portal",
	    .answer_by_seconds = 60,
	    .valid_for_seconds = 604800,
	    .workers = 2};
}

static void
worker_start(struct worker *w, struct vault_options *o)
{
	int pair[2];

	CU_ASSERT_FATAL(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) == 0);
	o->policy_fd = policy_fd();
	o->channel_fd = pair[1];
	fflush(stdout);
	w->pid = fork();
	if (w->pid == 0) {
		int null = open("/dev/null", O_WRONLY);

		close(pair[0]);
		dup2(null, STDERR_FILENO);
		_exit(vault_main(o));
	}
	close(pair[1]);
	close(o->policy_fd);
	w->fd = pair[0];
}

/* Close the channel and wait: the exit status, or 128 + signal. */
static int
worker_end(struct worker *w)
{
	int status = 0;

	close(w->fd);
	waitpid(w->pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static uint8_t packet[VAULT_PACKET_MAX];

static bool
worker_ask(struct worker *w, const struct vault_request *ask, struct arena *a,
    struct vault_reply *r)
{
	struct buf bytes = {0};
	ssize_t n;

	vault_request_encode(ask, &bytes);
	n = send(w->fd, bytes.p, bytes.n, MSG_NOSIGNAL);
	buf_free(&bytes);
	if (n > 0)
		n = recv(w->fd, packet, sizeof(packet), 0);
	return n > 0 &&
	       vault_reply_decode(span_of(packet, (size_t)n), a, r) == ERR_NONE;
}

/* A signed inquiry of nenkin, with a code nobody issued. */
static void
inquiry_make(struct buf *out)
{
	struct inquiry q = {.version = 1,
	    .inquirer = "nenkin",
	    .unit = "年金給付部",
	    .task = "73",
	    .procedure = "p73.001",
	    .provider = "141003",
	    .n_data = 1,
	    .data = {"地方税関係情報"},
	    .time_ms = clock_ms(),
	    .sequence = 1};
	static const uint8_t sealed[SEALED_CODE_LEN];
	struct envelope_item item = {.type = "inquiry"};
	struct signkey *key = NULL;
	struct buf body = {0};

	uuid_make(q.exchange_id);
	memset(q.case_tag, 7, sizeof(q.case_tag));
	q.person =
	    (struct person_ref){SEAL_SUITE, PERSON_LINK_CODE, SPAN(sealed)};
	inquiry_encode(&q, &body);
	item.body = buf_span(&body);
	SUITE_ERR(
	    signkey_open(in_world("parties/nenkin/sign.key"), &key), ERR_NONE);
	SUITE_ERR(envelope_sign(key, "nenkin", &item, 1, out), ERR_NONE);
	signkey_free(key);
	buf_free(&body);
}

/* --- tests --- */

static void
answers(void)
{
	struct vault_request ask = {
	    .ticket = 1, .op = VAULT_ADMIT, .party = "nenkin"};
	struct vault_options o;
	struct vault_reply r;
	struct arena a = {0};
	struct buf env = {0};
	struct worker w;

	world_make();
	options_fill(&o);
	worker_start(&w, &o);
	inquiry_make(&env);
	ask.envelope = buf_span(&env);
	for (ask.ticket = 1; ask.ticket <= 100; ask.ticket++) {
		arena_reset(&a);
		CU_ASSERT_FATAL(worker_ask(&w, &ask, &a, &r));
		CU_ASSERT_EQUAL(r.ticket, ask.ticket);
		CU_ASSERT_STRING_EQUAL(r.error, "");
		CU_ASSERT_EQUAL(r.entry_type, ENTRY_REFUSAL);
	}
	CU_ASSERT_EQUAL(worker_end(&w), 0);
	buf_free(&env);
	arena_wipe_free(&a);
}

static void
survives_garbage(void)
{
	struct vault_request ask = {.ticket = 5,
	    .op = VAULT_NOTE,
	    .entry_type = ENTRY_OPERATOR,
	    .actor = "test"};
	struct vault_options o;
	struct vault_reply r;
	struct arena a = {0};
	struct worker w;

	world_make();
	options_fill(&o);
	worker_start(&w, &o);
	CU_ASSERT(send(w.fd, "\xff\xff\xff", 3, MSG_NOSIGNAL) == 3);
	CU_ASSERT(recv(w.fd, packet, sizeof(packet), 0) > 0);
	CU_ASSERT(worker_ask(&w, &ask, &a, &r));
	CU_ASSERT_EQUAL(r.ticket, 5);
	CU_ASSERT_EQUAL(worker_end(&w), 0);
	arena_wipe_free(&a);
}

static int
status_with(void (*spoil)(struct vault_options *o))
{
	struct vault_options o;
	struct worker w;

	world_make();
	options_fill(&o);
	spoil(&o);
	worker_start(&w, &o);
	return worker_end(&w);
}

static void
no_directory_signatures(struct vault_options *o)
{
	o->directory_signatures = in_world("policy.sig");
}
static void
no_policy_signatures(struct vault_options *o)
{
	o->policy_signatures = in_world("directory.tsv.sig");
}
static void
no_keys(struct vault_options *o)
{
	o->vault_keys = in_world("broker/endorse.key");
}
static void
no_seal_key(struct vault_options *o)
{
	o->vault_seal_key = in_world("nowhere");
}
static void
no_portal(struct vault_options *o)
{
	o->portal = "141003";
}
static void
nothing(struct vault_options *o)
{
}

static void
starts_with_signed_files_only(void)
{
	CU_ASSERT_EQUAL(status_with(nothing), 0);
	CU_ASSERT_EQUAL(status_with(no_directory_signatures), 1);
	CU_ASSERT_EQUAL(status_with(no_policy_signatures), 1);
	CU_ASSERT_EQUAL(status_with(no_keys), 1);
	CU_ASSERT_EQUAL(status_with(no_seal_key), 1);
	CU_ASSERT_EQUAL(status_with(no_portal), 1);
}

static const struct suite_case cases[] = {
    {"answers from inside its sandbox until the channel ends", answers},
    {"survives garbage on its channel", survives_garbage},
    {"starts only with signed files and whole keys",
	starts_with_signed_files_only},
};
SUITE("vault_process", cases)

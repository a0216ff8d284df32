/* renkei-broker: the core of the linkage network, one program, four roles. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sysexits.h>

#include "broker/front.h"
#include "broker/options.h"
#include "broker/parent.h"
#include "broker/signer.h"
#include "broker/vault.h"
#include "broker/workers.h"
#include "lib/crashpoint.h"
#include "lib/oplog.h"
#include "lib/secret.h"

static const char usage[] =
    "usage: renkei-broker -c broker.conf\n"
    "       renkei-broker --crash-points | --options\n"
    "\n"
    "  -c FILE          start the broker (起動)\n"
    "  --crash-points   places where a test may kill it, by name\n"
    "  --options        every key of broker.conf and its meaning\n"
    "\n"
    "SIGTERM finishes what is in hand and stops; SIGHUP reads directory and\n"
    "officers again. A policy is loaded by `renkei policy load`.\n";

static int
run_signer(const struct options *o)
{
	struct signer_config c = {.state_dir = o->state,
	    .origin = o->log_origin,
	    .log_key = o->log_key,
	    .endorse_key = o->endorse_key};
	oplog_open("renkei-broker signer");
	return signer_main(FD_CHANNEL, &c);
}

static int
run_vault(const struct options *o)
{
	struct vault_options v = {.directory = o->directory,
	    .directory_signatures = o->directory_signatures,
	    .officers = o->officers,
	    .ca = o->ca,
	    .crl = o->crl,
	    .vault_keys = o->vault_keys,
	    .vault_seal_key = o->vault_seal_key,
	    .policy_signatures = o->policy_signatures,
	    .policy_store = o->policy_store,
	    .portal = o->portal,
	    .answer_by_seconds = o->answer_by_seconds,
	    .valid_for_seconds = o->valid_for_seconds,
	    .workers = o->workers,
	    .policy_fd = FD_POLICY,
	    .channel_fd = FD_CHANNEL};
	oplog_open("renkei-broker vault");
	return vault_main(&v);
}

static int
run_front(const struct options *o)
{
	int vaults[WORKERS_MAX];
	struct front_fds fds = {.signer = FD_SIGNER,
	    .policy = FD_POLICY,
	    .control = FD_CONTROL,
	    .ready = FD_READY,
	    .vaults = vaults,
	    .n_vaults = o->workers};
	for (uint32_t i = 0; i < o->workers; i++)
		vaults[i] = FD_VAULTS + (int)i;
	oplog_open("renkei-broker front");
	process_harden(true);
	return front_main(o, &fds);
}

static int (*const roles[ROLE_COUNT])(const struct options *o) = {
    [ROLE_SIGNER] = run_signer,
    [ROLE_VAULT] = run_vault,
    [ROLE_FRONT] = run_front,
};

static int
list_crash_points(void)
{
	const char *name;
	for (unsigned i = 0; (name = crash_point_at(i)) != NULL; i++)
		puts(name);
	return 0;
}

static int
list_options(void)
{
	struct buf text = {0};
	config_reference(&options_form, &text);
	fwrite(text.p, 1, text.n, stdout);
	buf_free(&text);
	return 0;
}

static int
run(const char *path, const char *word)
{
	struct config *config = NULL;
	struct options o;
	struct fault fault = {0};
	char text[512];
	enum err e = options_read(path, &config, &o, &fault);
	if (e != ERR_NONE) {
		fprintf(stderr, "renkei-broker: %s\n",
		    fault_text(&fault, text, sizeof(text)));
		return EX_CONFIG;
	}
	if (crash_arm() != ERR_NONE) {
		fprintf(stderr, "renkei-broker: RENKEI_CRASH: no such place\n");
		config_free(config);
		return EX_USAGE;
	}
	static const char *const names[ROLE_COUNT] = {
	    "renkei-signer", "renkei-vault", "renkei-front"};
	int status = EX_USAGE;
	enum role role = word == NULL ? ROLE_COUNT : role_find(word);
	if (role < ROLE_COUNT) {
		prctl(PR_SET_NAME, names[role]);
		status = roles[role](&o);
	} else if (word == NULL) {
		status = parent_main(&o, path);
	}
	config_free(config);
	return status;
}

int
main(int argc, char **argv)
{
	const char *path = NULL, *word = NULL;
	bool usable = true;
	oplog_open("renkei-broker");
	for (int i = 1; i < argc; i++) {
		bool more = i + 1 < argc;
		if (strcmp(argv[i], "-c") == 0 && more)
			path = argv[++i];
		else if (strcmp(argv[i], "--role") == 0 && more)
			word = argv[++i];
		else if (strcmp(argv[i], "--crash-points") == 0)
			return list_crash_points();
		else if (strcmp(argv[i], "--options") == 0)
			return list_options();
		else if (argv[i][0] != '-' && path == NULL)
			path = argv[i];
		else
			usable = false;
	}
	if (path == NULL || !usable) {
		fputs(usage, stderr);
		return EX_USAGE;
	}
	return run(path, word);
}

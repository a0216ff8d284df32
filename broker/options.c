#include "broker/options.h"

#include <stddef.h>

#include "lib/note.h"

#define SECTION "broker"
#define WITNESS "witness"
#define MIB (1024 * 1024)

/* clang-format off */
/* X(field, kind, required, fallback, min, max, meaning) */
#define TEXT_KEYS(X) \
	X(listen, CONFIG_ENDPOINT, true, NULL, 0, 0, \
	    "where parties connect: tcp://HOST:PORT") \
	X(control, CONFIG_PATH, true, NULL, 0, 100, \
	    "UNIX socket for health, counters and metrics") \
	X(database, CONFIG_TEXT, true, NULL, 0, 1023, \
	    "libpq connection of the ledger's role") \
	X(state, CONFIG_PATH, true, NULL, 0, 0, \
	    "folder of the signer's state") \
	X(policy, CONFIG_PATH, true, NULL, 0, 0, "folder of the statute") \
	X(policy_signatures, CONFIG_PATH, true, NULL, 0, 0, \
	    "officers' signatures over the policy's hash") \
	X(policy_store, CONFIG_PATH, false, NULL, 0, 4000, \
	    "folder for what is loaded while running; then it rules") \
	X(directory, CONFIG_PATH, true, NULL, 0, 0, "directory.tsv") \
	X(directory_signatures, CONFIG_PATH, true, NULL, 0, 0, \
	    "officers' signatures over the directory") \
	X(officers, CONFIG_PATH, true, NULL, 0, 0, "officers.tsv") \
	X(ca, CONFIG_PATH, true, NULL, 0, 0, "the pinned CA, PEM") \
	X(crl, CONFIG_PATH, true, NULL, 0, 0, "its revocation list, PEM") \
	X(curve_key, CONFIG_PATH, true, NULL, 0, 0, \
	    "the broker's CURVE secret key") \
	X(vault_keys, CONFIG_PATH, true, NULL, 0, 0, \
	    "the link codes' keys; read by vault workers only") \
	X(vault_seal_key, CONFIG_PATH, true, NULL, 0, 0, \
	    "the vault's sealing key; read by vault workers only") \
	X(endorse_key, CONFIG_PATH, true, NULL, 0, 0, \
	    "K_endorse; read by the signer only") \
	X(log_key, CONFIG_PATH, true, NULL, 0, 0, \
	    "the log's signing key; read by the signer only") \
	X(log_origin, CONFIG_TEXT, true, NULL, 0, 100, \
	    "the log's origin, such as renkei.example/log/2026") \
	X(portal, CONFIG_PARTY, false, "portal", 0, 0, \
	    "the party record codes are sealed to")
#define NUMBER_KEYS(X) \
	X(workers, CONFIG_NUMBER, false, "2", 1, 64, "vault workers") \
	X(answer_by_seconds, CONFIG_NUMBER, false, "60", 1, 3600, \
	    "until when a provider answers or says it is pending") \
	X(valid_for_seconds, CONFIG_NUMBER, false, "604800", 1, 31536000, \
	    "until when a permit may be answered (Rule 41(3))") \
	X(collect_for_seconds, CONFIG_NUMBER, false, "86400", 1, 604800, \
	    "until when an answer waits to be collected") \
	X(quorum, CONFIG_NUMBER, false, "0", 0, WITNESSES_MAX, \
	    "witnesses that must cosign; 0: all there are") \
	X(witness_seconds, CONFIG_NUMBER, false, "60", 2, 86400, \
	    "without a quorum for so long nothing is released") \
	X(rebuild_signer, CONFIG_NUMBER, false, "0", 0, 0, \
	    "once, when the signer's state is lost: entries in the database") \
	X(party_messages, CONFIG_NUMBER, false, "4096", 1, 1000000, \
	    "exchanges one party may have in flight") \
	X(party_bytes, CONFIG_NUMBER, false, "16777216", MIB, 0, \
	    "bytes one party may have in flight") \
	X(all_messages, CONFIG_NUMBER, false, "32768", 1, 1000000, \
	    "exchanges in flight in all") \
	X(all_bytes, CONFIG_NUMBER, false, "33554432", MIB, 0, \
	    "bytes in flight in all")
/* clang-format on */

static const struct config_section sections[] = {
    {SECTION, CONFIG_ONE}, {WITNESS, CONFIG_NAMED}};
static const struct config_key keys[] = {
#define KEY(name, kind, required, fallback, min, max, meaning) \
	{SECTION, #name, kind, required, fallback, min, max, meaning},
    TEXT_KEYS(KEY) NUMBER_KEYS(KEY)
#undef KEY
	{WITNESS, "url", CONFIG_TEXT, true, NULL, 0, 0,
	    "http://HOST[:PORT][/PREFIX] of a renkei-witness or any of its "
	    "kind"},
    {WITNESS, "key", CONFIG_TEXT, true, NULL, 0, NOTE_KEY_TEXT_MAX - 1,
	"its verifier key: what new-key printed"},
};
const struct config_form options_form = {sections,
    sizeof(sections) / sizeof(sections[0]), keys,
    sizeof(keys) / sizeof(keys[0])};

static enum err
witnesses_read(struct config *config, struct options *out, struct fault *f)
{
	out->n_witnesses = config_count(config, WITNESS);
	if (out->n_witnesses > WITNESSES_MAX)
		return fault_set(f, ERR_CONFIG, "broker.conf", 0,
		    "more than %d witnesses", WITNESSES_MAX);
	for (size_t i = 0; i < out->n_witnesses; i++)
		out->witness[i] = (struct witness_address){
		    .name = config_name(config, WITNESS, i),
		    .url = config_text(config, WITNESS, i, "url"),
		    .key = config_text(config, WITNESS, i, "key")};
	return ERR_NONE;
}

enum err
options_read(const char *path, struct config **config, struct options *out,
    struct fault *f)
{
	enum err e = config_read(path, &options_form, config, f);
	if (e != ERR_NONE)
		return e;
#define READ_TEXT(name, ...) \
	out->name = config_text(*config, SECTION, 0, #name);
#define READ_NUMBER(name, ...) \
	out->name = (uint32_t)config_number(*config, SECTION, 0, #name);
	TEXT_KEYS(READ_TEXT)
	NUMBER_KEYS(READ_NUMBER)
#undef READ_TEXT
#undef READ_NUMBER
	return witnesses_read(*config, out, f);
}

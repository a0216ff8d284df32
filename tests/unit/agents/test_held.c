#include <string.h>

#include "agents/runtime/held.h"
#include "tests/unit/suite.h"

/* A log of our own: entries, its tree, and notes the key signs. */
static struct note_signer signer;
static struct merkle_batch tree;
static struct arena arena;

static void
log_begin(void)
{
	static const uint8_t seed[32] = {7};

	note_signer_make("renkei.test/log", NOTE_ED25519, seed, &signer);
	merkle_batch_init(&tree, NULL);
}

static void
log_end(void)
{
	merkle_batch_fini(&tree);
	arena_wipe_free(&arena);
	arena = (struct arena){0};
}

/* Append an entry of this type; its body comes back encoded. */
static void
log_append(unsigned type, struct buf *body)
{
	struct entry e = {.version = 1, .type = type, .time_ms = 5};
	uint8_t leaf[ENTRY_LEAF_LEN], hash[MERKLE_LEN];
	static const uint8_t salt[ENTRY_SALT_LEN] = {1};

	entry_encode(&e, body);
	entry_leaf(type, salt, buf_span(body), leaf);
	entry_leaf_hash(leaf, hash);
	merkle_batch_append(&tree, hash);
}

static void
log_note(uint64_t size, struct buf *note)
{
	struct checkpoint c = {.size = size};

	strcpy(c.origin, "renkei.test/log");
	merkle_root_at(merkle_batch_read, &tree, size, c.root);
	checkpoint_sign(&c, &signer, note);
}

/* The proof of entry `index`, as the broker gives it to a line at `from`. */
static void
log_prove(struct entry_proof *p, const struct buf *body, const struct buf *note,
    uint64_t index, uint64_t size, uint64_t from)
{
	static uint8_t path[MERKLE_PATH_MAX][MERKLE_LEN];
	static uint8_t consistency[MERKLE_PATH_MAX][MERKLE_LEN];

	*p = (struct entry_proof){.body = buf_span(body),
	    .salt = {1},
	    .index = index,
	    .path = path,
	    .checkpoint = buf_span(note),
	    .consistent_from = from,
	    .consistency = consistency};
	merkle_inclusion(
	    merkle_batch_read, &tree, index, size, path, &p->n_path);
	merkle_consistency(merkle_batch_read, &tree, from, size, consistency,
	    &p->n_consistency);
}

struct fixture {
	struct held held;
	struct held_line line;
	struct buf body[4], note[5];
};

static void
fixture_begin(struct fixture *x)
{
	*x = (struct fixture){0};
	log_begin();
	for (unsigned i = 0; i < 4; i++) {
		log_append(ENTRY_PERMIT, &x->body[i]);
		log_note(i + 1, &x->note[i + 1]);
	}
	held_init(&x->held, &signer.key);
	held_line_start(&x->held, &x->line);
}

static void
fixture_end(struct fixture *x)
{
	for (unsigned i = 0; i < 4; i++) {
		buf_free(&x->body[i]);
		buf_free(&x->note[i + 1]);
	}
	held_fini(&x->held);
	log_end();
}

static enum err
prove(struct fixture *x, uint64_t index, uint64_t size, uint64_t from)
{
	struct entry_proof p;
	struct proved out;

	log_prove(&p, &x->body[index], &x->note[size], index, size, from);
	return held_prove(&x->held, &x->line, &p, &arena, &out);
}

static void
takes_proofs_that_go_on(void)
{
	struct fixture x;

	fixture_begin(&x);
	SUITE_ERR(prove(&x, 1, 2, 0), ERR_NONE);
	CU_ASSERT_EQUAL(x.line.size, 2);
	SUITE_ERR(prove(&x, 3, 4, 2), ERR_NONE);
	SUITE_ERR(prove(&x, 0, 4, 4), ERR_NONE);
	CU_ASSERT_EQUAL(x.held.newest.size, 4);
	CU_ASSERT_TRUE(x.held.changed);
	fixture_end(&x);
}

static void
refuses_a_proof_from_elsewhere(void)
{
	struct fixture x;

	fixture_begin(&x);
	SUITE_ERR(prove(&x, 1, 2, 0), ERR_NONE);
	SUITE_ERR(prove(&x, 3, 4, 1), ERR_PROOF);
	CU_ASSERT_EQUAL(x.line.size, 2);
	CU_ASSERT_FALSE(x.held.forked);
	fixture_end(&x);
}

static void
refuses_another_entry_in_the_place(void)
{
	struct fixture x;
	struct entry_proof p;
	struct proved out;

	fixture_begin(&x);
	log_prove(&p, &x.body[1], &x.note[2], 1, 2, 0);
	p.salt[0] = 9;
	SUITE_ERR(held_prove(&x.held, &x.line, &p, &arena, &out), ERR_PROOF);
	fixture_end(&x);
}

static void
takes_an_earlier_tree_only_if_known(void)
{
	struct fixture x;

	fixture_begin(&x);
	SUITE_ERR(prove(&x, 1, 2, 0), ERR_NONE);
	SUITE_ERR(prove(&x, 3, 4, 2), ERR_NONE);
	SUITE_ERR(prove(&x, 0, 2, 2), ERR_NONE);
	SUITE_ERR(prove(&x, 0, 3, 2), ERR_PROOF);
	fixture_end(&x);
}

/* The log signs another history of the same length. */
static void
stops_at_a_fork(void)
{
	struct fixture x;
	struct entry_proof p;
	struct proved out;
	struct buf body = {0}, note = {0};

	fixture_begin(&x);
	SUITE_ERR(prove(&x, 1, 2, 0), ERR_NONE);
	log_end();
	merkle_batch_init(&tree, NULL);
	log_append(ENTRY_REFUSAL, &body);
	buf_reset(&body);
	log_append(ENTRY_REFUSAL, &body);
	log_note(2, &note);
	log_prove(&p, &body, &note, 1, 2, 2);
	SUITE_ERR(held_prove(&x.held, &x.line, &p, &arena, &out), ERR_FORK);
	CU_ASSERT_TRUE(x.held.forked);
	/* and nothing is believed any more, not even what was right */
	SUITE_ERR(held_prove(&x.held, &x.line, &p, &arena, &out), ERR_FORK);
	buf_free(&body);
	buf_free(&note);
	fixture_end(&x);
}

static void
refuses_a_note_of_another_key(void)
{
	static const uint8_t seed[32] = {8};
	struct note_signer other;
	struct fixture x;
	struct held_line line;

	fixture_begin(&x);
	note_signer_make("renkei.test/log", NOTE_ED25519, seed, &other);
	held_fini(&x.held);
	held_init(&x.held, &other.key);
	held_line_start(&x.held, &line);
	CU_ASSERT_NOT_EQUAL(prove(&x, 1, 2, 0), ERR_NONE);
	fixture_end(&x);
}

static void
goes_on_from_the_stored_note(void)
{
	struct fixture x;

	fixture_begin(&x);
	SUITE_ERR(held_load(&x.held, buf_span(&x.note[3])), ERR_NONE);
	held_line_start(&x.held, &x.line);
	CU_ASSERT_EQUAL(x.line.size, 3);
	CU_ASSERT_FALSE(x.held.changed);
	SUITE_ERR(prove(&x, 3, 4, 3), ERR_NONE);
	fixture_end(&x);
}

static const struct suite_case cases[] = {
    {"takes proofs that go on from what is held", takes_proofs_that_go_on},
    {"refuses a consistency proof from another size",
	refuses_a_proof_from_elsewhere},
    {"refuses another entry in the same place",
	refuses_another_entry_in_the_place},
    {"takes an earlier tree only if it was accepted before",
	takes_an_earlier_tree_only_if_known},
    {"stops for good at two roots of one size", stops_at_a_fork},
    {"refuses a checkpoint another key signed", refuses_a_note_of_another_key},
    {"goes on from the checkpoint stored before a restart",
	goes_on_from_the_stored_note},
};
SUITE("held", cases)

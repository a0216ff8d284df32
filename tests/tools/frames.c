/*
 * Raw frames of real exchanges, for others to judge.
 *
 *	frames WORLD OUTDIR
 *
 * Plays pension body, city and registrar against the running broker of a
 * world, and writes every frame that passed, with list.tsv saying what each
 * is. The agents of those parties must not be running.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/flow/load.h"

#define RESIDENT "90000000015"
#define LINES 6
#define WAIT_MS 10000

static void
refused(struct actor *a, const struct question *q)
{
	struct buf sealed = {0};
	struct inquiry inq;
	struct frame f;

	actor_inquiry(a, q, &sealed, &inq);
	actor_ask(a, &inq, NULL);
	raw_await(a->raw, FRAME_REFUSAL, WAIT_MS, &f);
	buf_free(&sealed);
}

/* One's signed inquiry, sent by another: what the other is told. */
static void
stolen(struct actor *owner, struct actor *thief, const struct question *q)
{
	struct buf sealed = {0}, body = {0}, envelope = {0};
	struct arena arena = {0};
	struct inquiry inq;
	struct refusal r;
	struct frame f;

	actor_inquiry(owner, q, &sealed, &inq);
	inquiry_encode(&inq, &body);
	actor_sign(owner, "inquiry", buf_span(&body), &envelope);
	raw_send_frame(thief->raw, FRAME_INQUIRY, buf_span(&envelope));
	if (raw_await(thief->raw, FRAME_REFUSAL, WAIT_MS, &f) &&
	    refusal_decode(f.body, &arena, &r) == ERR_NONE)
		printf("stolen: %s, %s\n", r.error,
		    r.has_entry ? "on the log" : "on no log");
	arena_wipe_free(&arena);
	buf_free(&sealed);
	buf_free(&body);
	buf_free(&envelope);
}

static bool
play(struct world *w)
{
	struct actor *nenkin = actor_new(w, "nenkin");
	struct actor *city = actor_new(w, "141003");
	struct actor *registrar = actor_new(w, "registrar");
	uint8_t of_nenkin[CODE_LEN], of_city[CODE_LEN];
	struct question lawful = {
	    "73", "p73.001", "141003", "地方税関係情報", "mhlw", of_nenkin};
	struct question no_clause = {
	    "48", "p48.022", "nenkin", "年金給付関係情報", NULL, of_city};
	struct question no_pia = {
	    "73", "p73.001", "271004", "地方税関係情報", "mhlw", of_nenkin};
	struct load *l;
	bool done;

	if (!actor_acquire(nenkin, registrar, RESIDENT, of_nenkin) ||
	    !actor_acquire(city, registrar, RESIDENT, of_city))
		return false;
	for (int i = 0; i < 3; i++) {
		refused(city, &no_clause);
		refused(nenkin, &no_pia);
	}
	stolen(nenkin, city, &lawful);
	l = load_new(nenkin, city, &lawful, LINES);
	load_begin(l, LINES);
	done = load_turn(l, WAIT_MS);
	load_turn(l, 300); /* what the provider is told afterwards */
	load_free(l);
	actor_free(nenkin);
	actor_free(city);
	actor_free(registrar);
	return done;
}

int
main(int argc, char *argv[])
{
	struct world *w;

	if (argc != 3) {
		fprintf(stderr, "usage: frames WORLD OUTDIR\n");
		return 2;
	}
	if (mkdir(argv[2], 0755) != 0 && errno != EEXIST) {
		perror(argv[2]);
		return 1;
	}
	w = world_attach(argv[1]);
	raw_record(argv[2]);
	if (!play(w)) {
		fprintf(stderr, "frames: the exchanges did not end\n");
		return 1;
	}
	world_free(w);
	return 0;
}

#include "broker/witness.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "broker/post.h"
#include "lib/addcheckpoint.h"
#include "lib/clock.h"
#include "lib/file.h"
#include "lib/lines.h"
#include "lib/note.h"
#include "lib/oplog.h"

#define POST_MS 5000  /* for one question to one witness */
#define GREET_MS 6000 /* for all of them at start */
#define BEAT_MS 1000  /* between one checkpoint offered and the next */
#define RETRY_MS 1000 /* after a witness that failed */
#define RECENT 64     /* checkpoints whose cosignatures are collected */

/* A checkpoint that was offered, and who cosigned it. */
struct offered {
	uint64_t size;
	struct buf note;
	struct buf line[WITNESSES_MAX];
};

/* What one thread is to ask. */
struct task {
	struct buf note;
	uint64_t size, beat;
	uint64_t from;
	uint8_t path[MERKLE_PATH_MAX][MERKLE_LEN];
	size_t n_path;
};

struct witness {
	struct witnesses *all;
	size_t i;
	char name[64];
	struct post_url url;
	struct note_key key;
	pthread_t thread;
	bool started;
	bool busy;    /* `task` is the thread's */
	bool proving; /* the ledger is making it a proof */
	struct task task;
	/* what is known of it */
	bool known;    /* that `held` is the size it holds */
	uint64_t held; /* the largest size it has seen */
	uint64_t beat; /* the newest it cosigned */
	uint64_t retry_ms;
	uint64_t cosigned_ms; /* 0: not yet */
	uint64_t refusals, cosignatures;
	bool answered, failing;
};

/*
 * `lock` guards everything but what is set at open; `keeping` the file, so
 * that nothing of the front waits for a disk.
 */
struct witnesses {
	struct witness one[WITNESSES_MAX];
	size_t n, quorum;
	uint64_t within_ms;
	char *file;
	pthread_mutex_t lock, keeping;
	pthread_cond_t work;
	bool closing;
	int stop; /* an eventfd: readable when closing */
	enum err fault;
	/* the newest that is offered, and its number */
	struct buf note;
	uint64_t size, beat, beat_ms;
	struct offered recent[RECENT];
	size_t next;
	uint64_t kept_size; /* under `keeping` */
	bool agree, told;
};

/* ---- opening ------------------------------------------------------------ */

static enum err
refuse(const char *name, const char *what)
{
	oplog(OPLOG_ERROR, "witness-refused", LOG_TEXT("witness", name),
	    LOG_TEXT("what", what));
	return ERR_CONFIG;
}

static enum err
address_take(struct witnesses *ws, const struct witness_address *a)
{
	struct witness *w = &ws->one[ws->n];
	w->all = ws;
	w->i = ws->n;
	if (strlen(a->name) >= sizeof(w->name))
		return refuse(a->name, "name");
	strcpy(w->name, a->name);
	if (post_url_parse(a->url, &w->url) != ERR_NONE)
		return refuse(a->name, "url");
	if (note_key_parse(a->key, &w->key) != ERR_NONE ||
	    w->key.kind != NOTE_COSIGNATURE)
		return refuse(a->name, "key");
	/* one witness twice would be a quorum of itself */
	for (size_t i = 0; i < ws->n; i++)
		if (memcmp(ws->one[i].key.public_key, w->key.public_key,
			sizeof(w->key.public_key)) == 0)
			return refuse(a->name, "the same key twice");
	ws->n++;
	return ERR_NONE;
}

static void *witness_thread(void *arg);

static enum err
threads_start(struct witnesses *ws)
{
	for (size_t i = 0; i < ws->n; i++) {
		struct witness *w = &ws->one[i];
		if (pthread_create(&w->thread, NULL, witness_thread, w) != 0)
			return ERR_SYSTEM;
		pthread_setname_np(w->thread, "witness");
		w->started = true;
	}
	return ERR_NONE;
}

enum err
witnesses_open(const struct witnesses_options *o, struct witnesses **out)
{
	struct witnesses *ws = xcalloc(1, sizeof(*ws));
	enum err e = ERR_NONE;
	*out = ws;
	pthread_mutex_init(&ws->lock, NULL);
	pthread_mutex_init(&ws->keeping, NULL);
	pthread_cond_init(&ws->work, NULL);
	ws->stop = eventfd(0, EFD_CLOEXEC);
	ws->file = xstrdup(o->file);
	ws->within_ms = (uint64_t)o->seconds * 1000;
	ws->quorum = o->quorum == 0 ? o->n : o->quorum;
	ws->agree = o->n == 0;
	if (o->n > WITNESSES_MAX || ws->quorum > o->n)
		return refuse("", "quorum");
	for (size_t i = 0; i < o->n && e == ERR_NONE; i++)
		e = address_take(ws, &o->witness[i]);
	if (e != ERR_NONE)
		return e;
	if (ws->n == 0)
		oplog(OPLOG_WARN, "no-witness",
		    LOG_TEXT("meaning",
			"who holds our keys can rewrite the log unseen"));
	return ws->stop < 0 ? ERR_SYSTEM : threads_start(ws);
}

void
witnesses_close(struct witnesses *ws)
{
	uint64_t one = 1;
	if (ws == NULL)
		return;
	pthread_mutex_lock(&ws->lock);
	ws->closing = true;
	pthread_cond_broadcast(&ws->work);
	pthread_mutex_unlock(&ws->lock);
	if (write(ws->stop, &one, sizeof(one)) != (ssize_t)sizeof(one))
		oplog(OPLOG_WARN, "witness-stop"); /* POST_MS ends it, too */
	for (size_t i = 0; i < ws->n; i++) {
		if (ws->one[i].started)
			pthread_join(ws->one[i].thread, NULL);
		buf_free(&ws->one[i].task.note);
	}
	for (size_t r = 0; r < RECENT; r++) {
		buf_free(&ws->recent[r].note);
		for (size_t i = 0; i < WITNESSES_MAX; i++)
			buf_free(&ws->recent[r].line[i]);
	}
	close(ws->stop);
	buf_free(&ws->note);
	free(ws->file);
	free(ws);
}

/* ---- what comes back ----------------------------------------------------
 */

static struct offered *
offered_find(struct witnesses *ws, const struct task *t)
{
	for (size_t r = 0; r < RECENT; r++)
		if (span_equal(
			buf_span(&ws->recent[r].note), buf_span(&t->note)))
			return &ws->recent[r];
	struct offered *o = &ws->recent[ws->next++ % RECENT];
	buf_reset(&o->note);
	buf_add(&o->note, t->note.p, t->note.n);
	o->size = t->size;
	for (size_t i = 0; i < WITNESSES_MAX; i++)
		buf_reset(&o->line[i]);
	return o;
}

/* The checkpoint with its cosignatures, if they are a quorum. */
static bool
offered_whole(
    const struct witnesses *ws, const struct offered *o, struct buf *out)
{
	size_t n = 0;
	buf_add(out, o->note.p, o->note.n);
	for (size_t i = 0; i < ws->n; i++) {
		buf_add(out, o->line[i].p, o->line[i].n);
		n += o->line[i].n > 0;
	}
	return n >= ws->quorum;
}

/* Never an older one over a newer one. */
static void
keep(struct witnesses *ws, uint64_t size, const struct buf *whole)
{
	pthread_mutex_lock(&ws->keeping);
	if (size >= ws->kept_size) {
		enum err e = file_write(ws->file, buf_span(whole), 0644);
		if (e == ERR_NONE)
			ws->kept_size = size;
		else
			oplog(OPLOG_ERROR, "cosigned-not-kept", LOG_ERR(e),
			    LOG_TEXT("file", ws->file));
	}
	pthread_mutex_unlock(&ws->keeping);
}

/* The line of this witness over the checkpoint it was asked about. */
static enum err
cosignature_check(const struct witness *w, struct span answer, struct buf *line)
{
	struct buf whole = {0};
	struct note note;
	uint64_t verified;
	buf_add(&whole, w->task.note.p, w->task.note.n);
	buf_add(&whole, answer.p, answer.n);
	enum err e = note_open(buf_span(&whole), &w->key, 1, &note, &verified);
	if (e == ERR_NONE) {
		struct span found = note_line(&note, &w->key);
		buf_add(line, found.p, found.n);
	}
	buf_free(&whole);
	return e;
}

static void
cosigned(struct witness *w, const struct buf *line)
{
	struct witnesses *ws = w->all;
	struct buf whole = {0};
	uint64_t size = w->task.size;
	pthread_mutex_lock(&ws->lock);
	struct offered *o = offered_find(ws, &w->task);
	buf_reset(&o->line[w->i]);
	buf_add(&o->line[w->i], line->p, line->n);
	bool enough = offered_whole(ws, o, &whole);
	w->known = true;
	w->held = size;
	w->beat = w->task.beat;
	w->cosigned_ms = clock_mono_ms();
	w->cosignatures++;
	if (w->failing)
		oplog(OPLOG_INFO, "witness-back", LOG_TEXT("witness", w->name),
		    LOG_NUMBER("size", size));
	w->failing = false;
	pthread_mutex_unlock(&ws->lock);
	if (enough)
		keep(ws, size, &whole);
	buf_free(&whole);
}

/* It holds another size than we thought: smaller, or we are behind it. */
static enum err
size_take(struct witness *w, struct span answer)
{
	uint64_t size;
	struct span line;
	if (line_take(&answer, &line) != ERR_NONE ||
	    line_number(line, &size) != ERR_NONE)
		return ERR_MALFORMED;
	if (size > w->task.size)
		return ERR_BEHIND;
	if (size == w->task.from)
		return size == w->task.size ? ERR_FORK : ERR_MALFORMED;
	pthread_mutex_lock(&w->all->lock);
	w->known = true;
	w->held = size;
	w->retry_ms = 0;
	pthread_mutex_unlock(&w->all->lock);
	return ERR_NONE;
}

static void
failed(struct witness *w, enum err e, int status)
{
	struct witnesses *ws = w->all;
	bool ends = e == ERR_BEHIND || e == ERR_FORK;
	pthread_mutex_lock(&ws->lock);
	w->refusals++;
	w->retry_ms = clock_mono_ms() + RETRY_MS;
	if (!ws->closing && (ends || !w->failing))
		oplog(ends ? OPLOG_ERROR : OPLOG_WARN,
		    ends ? "witness-saw-another-log" : "witness-fails",
		    LOG_TEXT("witness", w->name), LOG_ERR(e),
		    LOG_NUMBER("status", status),
		    LOG_NUMBER("size", w->task.size));
	w->failing = true;
	if (ends && ws->fault == ERR_NONE)
		ws->fault = e;
	pthread_mutex_unlock(&ws->lock);
}

/* 422: the tree does not continue its own; our proof is not what is wrong. */
static enum err
answer_take(struct witness *w, int status, struct span answer)
{
	struct buf line = {0};
	enum err e = ERR_REFUSED;
	if (status == 409)
		return size_take(w, answer);
	if (status == 422)
		return ERR_FORK;
	if (status == 200)
		e = cosignature_check(w, answer, &line);
	if (e == ERR_NONE)
		cosigned(w, &line);
	buf_free(&line);
	return e;
}

static void
ask(struct witness *w)
{
	const struct task *t = &w->task;
	struct addcheckpoint q = {.old = t->from,
	    .n_path = t->n_path,
	    .checkpoint = buf_span(&t->note)};
	struct buf body = {0}, answer = {0};
	int status = 0;
	memcpy(q.path, t->path, t->n_path * MERKLE_LEN);
	addcheckpoint_encode(&q, &body);
	enum err e = post_send(&w->url, "/add-checkpoint", buf_span(&body),
	    POST_MS, w->all->stop, &status, &answer);
	if (e == ERR_NONE)
		e = answer_take(w, status, buf_span(&answer));
	if (e != ERR_NONE)
		failed(w, e, status);
	buf_free(&body);
	buf_free(&answer);
}

static void *
witness_thread(void *arg)
{
	struct witness *w = arg;
	struct witnesses *ws = w->all;
	pthread_mutex_lock(&ws->lock);
	for (;;) {
		while (!w->busy && !ws->closing)
			pthread_cond_wait(&ws->work, &ws->lock);
		if (ws->closing)
			break;
		pthread_mutex_unlock(&ws->lock);
		ask(w);
		pthread_mutex_lock(&ws->lock);
		w->busy = false;
		w->answered |= w->failing || w->cosigned_ms != 0;
	}
	pthread_mutex_unlock(&ws->lock);
	return NULL;
}

/* ---- what is asked ------------------------------------------------------
 */

static void
task_give(struct witness *w, struct span note, uint64_t size, uint64_t from,
    uint8_t path[][MERKLE_LEN], size_t n)
{
	struct task *t = &w->task;
	buf_reset(&t->note);
	buf_add(&t->note, note.p, note.n);
	t->size = size;
	t->beat = w->all->beat;
	t->from = from;
	t->n_path = n;
	memcpy(t->path, path, n * MERKLE_LEN);
	w->busy = true;
	pthread_cond_broadcast(&w->all->work);
}

/*
 * Of a witness never heard we suppose that it holds just this size: it says
 * 409 and its own size, or cosigns at once.
 */
static void
offer(struct witness *w, witness_prove *prove, void *ctx)
{
	struct witnesses *ws = w->all;
	uint8_t path[MERKLE_PATH_MAX][MERKLE_LEN];
	uint64_t from = w->known ? w->held : ws->size;
	size_t n = 0;
	if (from == 0 || from == ws->size) {
		task_give(w, buf_span(&ws->note), ws->size, from, path, 0);
		return;
	}
	enum err e = prove(ctx, w->i, from, ws->size, path, &n);
	if (e == ERR_NONE)
		task_give(w, buf_span(&ws->note), ws->size, from, path, n);
	w->proving = e == ERR_BUSY;
}

static void
beat_begin(struct witnesses *ws, struct span note, uint64_t size, uint64_t now)
{
	ws->beat++;
	ws->beat_ms = now;
	ws->size = size;
	buf_reset(&ws->note);
	buf_add(&ws->note, note.p, note.n);
}

/* A new number when there is something new, or the old word grows old. */
static void
beat_set(struct witnesses *ws, struct span note, uint64_t size, uint64_t now)
{
	uint64_t renew = ws->within_ms / 4;
	uint64_t pace = renew < BEAT_MS ? renew : BEAT_MS;
	bool fresh = size != ws->size || ws->beat == 0;
	if (ws->beat > 0 && now < ws->beat_ms + (fresh ? pace : renew))
		return;
	beat_begin(ws, note, size, now);
}

static size_t
current(const struct witnesses *ws, uint64_t now)
{
	size_t n = 0;
	for (size_t i = 0; i < ws->n; i++)
		n += ws->one[i].cosigned_ms != 0 &&
		     now < ws->one[i].cosigned_ms + ws->within_ms;
	return n;
}

static void
agree_set(struct witnesses *ws, uint64_t now)
{
	bool agree = ws->n == 0 || current(ws, now) >= ws->quorum;
	if (agree != ws->agree || (!agree && !ws->told)) {
		ws->told = true;
		oplog(agree ? OPLOG_INFO : OPLOG_ERROR,
		    agree ? "witness-quorum" : "no-witness-quorum",
		    LOG_NUMBER("cosigning", current(ws, now)),
		    LOG_NUMBER("quorum", ws->quorum));
	}
	ws->agree = agree;
}

static enum err
offer_all(struct witnesses *ws, struct span note, uint64_t size,
    witness_prove *prove, void *ctx)
{
	uint64_t now = clock_mono_ms();
	pthread_mutex_lock(&ws->lock);
	beat_set(ws, note, size, now);
	for (size_t i = 0; i < ws->n; i++) {
		struct witness *w = &ws->one[i];
		if (!w->busy && !w->proving && w->beat < ws->beat &&
		    now >= w->retry_ms)
			offer(w, prove, ctx);
	}
	enum err e = ws->fault;
	pthread_mutex_unlock(&ws->lock);
	return e;
}

enum err
witnesses_tick(struct witnesses *ws, struct span note, uint64_t size,
    witness_prove *prove, void *ctx)
{
	if (ws->n == 0)
		return ERR_NONE;
	enum err e = offer_all(ws, note, size, prove, ctx);
	pthread_mutex_lock(&ws->lock);
	agree_set(ws, clock_mono_ms());
	pthread_mutex_unlock(&ws->lock);
	return e;
}

static bool
all_answered(struct witnesses *ws)
{
	size_t n = 0;
	pthread_mutex_lock(&ws->lock);
	for (size_t i = 0; i < ws->n; i++)
		n += ws->one[i].answered;
	pthread_mutex_unlock(&ws->lock);
	return n == ws->n;
}

enum err
witnesses_greet(struct witnesses *ws, struct span note, uint64_t size,
    witness_prove *prove, void *ctx)
{
	uint64_t until = clock_mono_ms() + GREET_MS;
	enum err e = ERR_NONE;
	while (e == ERR_NONE && !all_answered(ws) && clock_mono_ms() < until) {
		e = offer_all(ws, note, size, prove, ctx);
		usleep(5000);
	}
	/* the last to answer may be the one that says no */
	return witnesses_tick(ws, note, size, prove, ctx);
}

void
witnesses_proved(struct witnesses *ws, size_t i, enum err e, struct span note,
    uint64_t size, uint64_t from, uint8_t path[][MERKLE_LEN], size_t n)
{
	if (i >= ws->n)
		return;
	struct witness *w = &ws->one[i];
	pthread_mutex_lock(&ws->lock);
	w->proving = false;
	w->retry_ms = clock_mono_ms() + RETRY_MS;
	if (e == ERR_NONE && !w->busy && from == w->held && n > 0) {
		/* no other may be offered an older one after it */
		if (size > ws->size)
			beat_begin(ws, note, size, clock_mono_ms());
		task_give(w, note, size, from, path, n);
	}
	pthread_mutex_unlock(&ws->lock);
}

/* ---- what is known ------------------------------------------------------ */

bool
witnesses_agree(const struct witnesses *ws)
{
	return ws->agree;
}

size_t
witnesses_count(const struct witnesses *ws)
{
	return ws->n;
}

void
witnesses_report(struct witnesses *ws, struct buf *out)
{
	uint64_t asked = 0, refused = 0;
	pthread_mutex_lock(&ws->lock);
	for (size_t i = 0; i < ws->n; i++) {
		asked += ws->one[i].cosignatures;
		refused += ws->one[i].refusals;
	}
	buf_printf(out,
	    "witnesses %zu\nwitness_quorum %zu\nwitnesses_cosigning %zu\n"
	    "cosignatures %" PRIu64 "\nwitness_failures %" PRIu64 "\n",
	    ws->n, ws->quorum, current(ws, clock_mono_ms()), asked, refused);
	pthread_mutex_unlock(&ws->lock);
}

/* The law of a running system changes: loads, suspensions, and what may not. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/entry.h"
#include "lib/file.h"
#include "policy/policy.h"
#include "tests/flow/actor.h"
#include "tests/unit/suite.h"

#define WAIT_MS 10000
#define RESIDENT "10000000018"
#define OPEN 64 /* inquiries kept open under load */
#define TAX "地方税関係情報"

static struct world *w;
static struct actor *nenkin, *city, *registrar;
static uint8_t nenkin_code[CODE_LEN];

static const struct question row_73 = {
    .task = "73",
    .procedure = "p73.001",
    .provider = "141003",
    .data = TAX,
    .principal = "mhlw",
    .code = nenkin_code,
};

/* --- the control socket, without what the command checks first --- */

static int
file_memfd(const char *path)
{
	struct buf bytes = {0};
	int fd = memfd_create("law", 0);

	if (file_read(path, 1 << 24, &bytes) != ERR_NONE)
		fprintf(stderr, "no %s\n", path);
	CU_ASSERT_EQUAL_FATAL(write(fd, bytes.p, bytes.n), (ssize_t)bytes.n);
	buf_free(&bytes);
	return fd;
}

static int
control_dial(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(at.sun_path, sizeof at.sun_path, "%.90s/broker.sock",
	    world_run_dir(w));
	CU_ASSERT_EQUAL_FATAL(
	    connect(fd, (struct sockaddr *)&at, sizeof at), 0);
	return fd;
}

/* The answer, with its last line; static. */
static const char *
control_read(int fd)
{
	static char text[8192];
	size_t n = 0;
	ssize_t got;

	while (n < sizeof text - 1 &&
	       (got = recv(fd, text + n, sizeof text - 1 - n, 0)) > 0) {
		n += (size_t)got;
		text[n] = '\0';
		if (n >= 3 && strcmp(text + n - 3, "\n.\n") == 0)
			break;
	}
	text[n] = '\0';
	close(fd);
	return text;
}

static const char *
control_say(const char *word)
{
	int fd = control_dial();

	dprintf(fd, "%s\n", word);
	return control_read(fd);
}

/* Files of the world, by name. */
static const char *
control_give(const char *word, const char *law, const char *signatures)
{
	char path[400], room[CMSG_SPACE(2 * sizeof(int))] = {0}, line[32];
	struct iovec v = {line, 0};
	struct msghdr m = {.msg_iov = &v,
	    .msg_iovlen = 1,
	    .msg_control = room,
	    .msg_controllen = sizeof room};
	int fd = control_dial(), fds[2];
	struct cmsghdr *h = CMSG_FIRSTHDR(&m);

	snprintf(path, sizeof path, "%s/%s", world_dir(w), law);
	fds[0] = file_memfd(path);
	snprintf(path, sizeof path, "%s/%s", world_dir(w), signatures);
	fds[1] = file_memfd(path);
	v.iov_len = (size_t)snprintf(line, sizeof line, "%s\n", word);
	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof fds);
	memcpy(CMSG_DATA(h), fds, sizeof fds);
	CU_ASSERT_EQUAL(sendmsg(fd, &m, 0), (ssize_t)v.iov_len);
	close(fds[0]);
	close(fds[1]);
	return control_read(fd);
}

/* Whether an answer begins with the code and says the rest somewhere. */
static bool
answers(const char *answer, const char *code, const char *part)
{
	size_t n = strlen(code);

	if (strncmp(answer, code, n) == 0 && answer[n] == '\n' &&
	    strstr(answer, part) != NULL)
		return true;
	fprintf(stderr, "wanted %s, %s; got %s\n", code, part, answer);
	return false;
}

/* --- versions of the law, made as officers would --- */

static void
shell(const char *command)
{
	if (world_shell(w, "cd %s && %s", world_dir(w), command) != 0) {
		fprintf(stderr, "%s\n%s\n", command, world_said(w));
		CU_FAIL("a command of the test failed");
	}
}

/* A copy of `base` under another number, with its list of changes named. */
static void
version_copy(const char *base, const char *name, int number)
{
	if (world_shell(w,
		"d=%s && rm -rf $d/%s && cp -r %s $d/%s && cd $d/%s && "
		"chmod -R u+w . && rm -f *.[ch] && "
		"sed -i 's/^version\t.*/version\t%d/; /changes.tsv/d' "
		"manifest.tsv && printf 'file\tchanges.tsv\n' >>manifest.tsv "
		"&& : >changes.tsv",
		world_dir(w), name, base, name, name, number) != 0)
		CU_FAIL("no copy of the policy");
}

static void
changes_declare(const char *name)
{
	if (world_shell(w,
		"d=%s && ${BUILD:-build}/renkei policy changes $d/%s "
		"--control %s/broker.sock >$d/changes.tmp 2>$d/changes.err || "
		"{ cat $d/changes.err; exit 1; }; "
		"mv $d/changes.tmp $d/%s/changes.tsv",
		world_dir(w), name, world_run_dir(w), name) != 0) {
		fprintf(stderr, "%s\n", world_said(w));
		CU_FAIL("changes cannot be listed");
	}
}

/* Officers' lines over a folder or a list, one after the other. */
static void
officers_sign(const char *name, const char *officers, const char *file)
{
	if (world_shell(w,
		"d=%s && : >$d/%s && for o in %s; do "
		"${BUILD:-build}/renkei policy sign $d/%s --officer officer-$o "
		"--key $d/pki/officers/officer-$o.key >>$d/%s || exit 1; done",
		world_dir(w), file, officers, name, file) != 0) {
		fprintf(stderr, "%s\n", world_said(w));
		CU_FAIL("not signed");
	}
}

/* The bytes that are handed over, for the bare socket. */
static void
version_pack(const char *name, const char *file)
{
	struct buf blob = {0}, why = {0};
	char path[400];

	snprintf(path, sizeof path, "%s/%s", world_dir(w), name);
	SUITE_ERR(policy_pack(path, &blob, &why), ERR_NONE);
	snprintf(path, sizeof path, "%s/%s", world_dir(w), file);
	SUITE_ERR(file_write(path, buf_span(&blob), 0600), ERR_NONE);
	buf_free(&blob);
	buf_free(&why);
}

static int
version_load(const char *name, const char *signatures)
{
	return world_renkei(w,
	    "policy load %s/%s --signatures %s/%s "
	    "--control %s/broker.sock",
	    world_dir(w), name, world_dir(w), signatures, world_run_dir(w));
}

static bool
said(const char *part)
{
	if (strstr(world_said(w), part) != NULL)
		return true;
	fprintf(stderr, "wanted %s in\n%s\n", part, world_said(w));
	return false;
}

static bool
version_is(int number)
{
	char want[40];

	snprintf(want, sizeof want, "version %d\n", number);
	return strncmp(control_say("policy"), want, strlen(want)) == 0;
}

static long
law_entries(void)
{
	return world_count(
	    w, "renkei_broker", "SELECT count(*) FROM entry WHERE type = 7");
}

/* --- asking --- */

/* What came of an inquiry: its outcome, and the rule that the entry names. */
struct came {
	uint32_t outcome;
	uint64_t version; /* of the policy, as the entry has it */
	char rule[NAME_MAX_ + 1];
	bool refused;
};

static void
entry_came(const struct entry_proof *p, struct arena *arena, struct came *out)
{
	struct entry entry;

	SUITE_ERR(entry_decode(p->body, arena, &entry), ERR_NONE);
	out->outcome = entry.outcome;
	out->version = entry.policy_version;
	snprintf(out->rule, sizeof out->rule, "%s", entry.rule);
}

/* Take one frame of the inquirer's; false where it settles nothing. */
static bool
frame_came(const struct frame *f, struct came *out, uint8_t id[ID_LEN])
{
	struct arena arena = {0};
	struct answer answer;
	struct refusal refusal;
	bool over = false;

	memset(out, 0, sizeof *out);
	if (f->kind == FRAME_ANSWER &&
	    answer_decode(f->body, &arena, &answer) == ERR_NONE) {
		entry_came(&answer.outcome, &arena, out);
		memcpy(id, answer.exchange_id, ID_LEN);
		over = true;
	} else if (f->kind == FRAME_REFUSAL &&
		   refusal_decode(f->body, &arena, &refusal) == ERR_NONE) {
		if (refusal.has_entry)
			entry_came(&refusal.entry, &arena, out);
		else
			fprintf(stderr, "refused: %s\n", refusal.error);
		memcpy(id, refusal.exchange_id, ID_LEN);
		over = out->refused = true;
	}
	arena_wipe_free(&arena);
	return over;
}

static void
ask(const struct question *q, struct inquiry *inq)
{
	struct buf sealed = {0};

	actor_inquiry(nenkin, q, &sealed, inq);
	actor_ask(nenkin, inq, NULL);
	buf_free(&sealed);
}

/* Until this exchange is over. */
static struct came
await(const struct inquiry *inq)
{
	long long until = process_clock_ms() + WAIT_MS;
	struct came came;
	uint8_t id[ID_LEN];
	struct frame f;

	while (process_clock_ms() < until)
		if (raw_receive(nenkin->raw, 200, &f) &&
		    frame_came(&f, &came, id) &&
		    memcmp(id, inq->exchange_id, ID_LEN) == 0)
			return came;
	CU_FAIL("an inquiry that never ends");
	memset(&came, 0, sizeof came);
	return came;
}

static struct came
ask_and_await(const struct question *q)
{
	struct inquiry inq;

	ask(q, &inq);
	return await(&inq);
}

/* --- a version that officers did not sign so --- */

static void
refuses_what_two_officers_did_not_sign(void)
{
	static const struct {
		const char *officers, *code, *what;
	} lines[] = {
	    {"", "bad-signature", "0 of the 2 officers needed"},
	    {"1", "bad-signature", "1 of the 2 officers needed"},
	    {"1 1", "duplicate", "the same officer twice"},
	    {"1 3", "unknown-key", "not known or not in office"},
	};

	/* the first start took what was configured: now only a load counts */
	shell("test -s state/policy/policy.law");
	version_copy("policy", "v2", 2);
	/* one of row 73's procedures begins in April */
	shell("awk -F'\\t' -v OFS='\\t' '$1 == 73 && $5 == "
	      "\"国民年金法による保険料その他徴収金の徴収に関する事務\" "
	      "{ $7 = \"2027-04-01\" } { print }' v2/order_procedures.tsv "
	      ">t && mv t v2/order_procedures.tsv");
	changes_declare("v2");
	version_pack("v2", "v2.blob");
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		officers_sign("v2", lines[i].officers, "bad.sig");
		CU_ASSERT(answers(control_give("load", "v2.blob", "bad.sig"),
		    lines[i].code, lines[i].what));
	}
	CU_ASSERT(version_is(1));
	CU_ASSERT_EQUAL(law_entries(), 0);
}

static void
refuses_signatures_over_another_file(void)
{
	version_copy("policy", "other", 2);
	changes_declare("other");
	officers_sign("other", "1 2", "other.sig");
	CU_ASSERT(answers(control_give("load", "v2.blob", "other.sig"),
	    "bad-signature", "does not verify"));
	CU_ASSERT(version_is(1));
}

static void
refuses_files_at_fault_and_names_the_line(void)
{
	version_copy("policy", "broken", 2);
	changes_declare("broken");
	shell("printf '73\\tmhlw\\tnenkin\\t2026-05-01\\t2026-04-01\\tx\\n' "
	      ">>broken/delegations.tsv && touch broken.sig");
	version_pack("broken", "broken.blob");
	CU_ASSERT(answers(control_give("load", "broken.blob", "broken.sig"),
	    "line", "delegations.tsv:6: "));
	CU_ASSERT(answers(control_give("load", "broken.sig", "broken.sig"),
	    "malformed", "not a policy's bytes"));
	CU_ASSERT(version_is(1));
}

/* --- a version that says too little of itself --- */

static void
names_a_pair_that_was_not_declared(void)
{
	shell("rm -rf quiet && cp -r v2 quiet && awk -F'\\t' -v OFS='\\t' "
	      "'{ print } $1 == 73 && $4 == \"市町村長\" && "
	      "$5 == \"地方税関係情報\" { $5 = \"医療保険給付関係情報\"; "
	      "$6 = \"2026-12-01\"; $7 = \"\"; print }' v2/order_table.tsv "
	      ">quiet/order_table.tsv");
	officers_sign("quiet", "1 2", "quiet.sig");
	CU_ASSERT_NOT_EQUAL(version_load("quiet", "quiet.sig"), 0);
	CU_ASSERT(said("not declared: + right 73 mhlw shichoson "
		       "医療保険給付関係情報 2026-12-01"));
	/* and whoever leaves the command out is told the same */
	version_pack("quiet", "quiet.blob");
	CU_ASSERT(answers(control_give("load", "quiet.blob", "quiet.sig"),
	    "line", "医療保険給付関係情報 2026-12-01"));
	CU_ASSERT(version_is(1));
}

static void
lets_no_renamed_body_inherit(void)
{
	shell("rm -rf renamed && cp -r v2 renamed && "
	      "sed -i 's/^kyokai\\t全国健康保険協会/kyokai\\t"
	      "架空健康保険機構/' renamed/bodies.tsv");
	changes_declare("renamed");
	officers_sign("renamed", "1 2", "renamed.sig");
	version_pack("renamed", "renamed.blob");
	CU_ASSERT(answers(control_give("load", "renamed.blob", "renamed.sig"),
	    "line", "a renamed body inherits no rights"));
	CU_ASSERT(version_is(1));
}

/* --- a load, and exchanges in flight --- */

static void
agent_signal(int number)
{
	kill(world_process(w, "agent-cities")->pid, number);
}

static bool
agent_logs(const char *text)
{
	for (int i = 0; i < 100; i++) {
		if (world_shell(w, "grep -q '%s' %s/log/agent-cities.log", text,
			world_dir(w)) == 0)
			return true;
		process_sleep_ms(50);
	}
	return false;
}

static struct inquiry in_flight;

static void
loads_what_two_officers_signed(void)
{
	CU_ASSERT_EQUAL(ask_and_await(&row_73).outcome, OUTCOME_NOT_HELD);
	agent_signal(SIGSTOP);
	ask(&row_73, &in_flight); /* permitted under version 1 */
	CU_ASSERT(
	    world_until(
		w, "renkei_broker", "SELECT count(*) FROM live", "2", 10) ||
	    world_count(w, "renkei_broker", "SELECT count(*) FROM live") > 0);
	officers_sign("v2", "1 2", "v2.sig");
	CU_ASSERT_EQUAL(version_load("v2", "v2.sig"), 0);
	CU_ASSERT(said("-\tprocedure\tp73.004\t" TAX));
	CU_ASSERT(version_is(2));
	CU_ASSERT_EQUAL(law_entries(), 1);
}

static void
ends_an_exchange_under_its_own_version(void)
{
	struct came came;

	agent_signal(SIGCONT);
	came = await(&in_flight);
	CU_ASSERT_EQUAL(came.outcome, OUTCOME_NOT_HELD);
	CU_ASSERT_EQUAL(came.version, 1);
}

static void
refuses_a_permit_under_a_version_it_lacks(void)
{
	struct came came = ask_and_await(&row_73);

	CU_ASSERT_EQUAL(came.outcome, OUTCOME_PROVIDER_REFUSED);
	CU_ASSERT_STRING_EQUAL(came.rule, "policy-version");
	CU_ASSERT_EQUAL(came.version, 2);
}

static void
gives_no_agent_an_unsigned_version(void)
{
	shell("cp -r v2 state/versions/2");
	officers_sign("v2", "1", "state/versions/2.sig");
	agent_signal(SIGHUP);
	CU_ASSERT(agent_logs("policy-kept"));
	CU_ASSERT_EQUAL(
	    ask_and_await(&row_73).outcome, OUTCOME_PROVIDER_REFUSED);
}

static void
gives_an_agent_a_signed_version(void)
{
	struct came came;

	officers_sign("v2", "1 2", "state/versions/2.sig");
	agent_signal(SIGHUP);
	CU_ASSERT(agent_logs("policy-held newest=2 versions=2"));
	came = ask_and_await(&row_73);
	CU_ASSERT_EQUAL(came.outcome, OUTCOME_NOT_HELD);
	CU_ASSERT_EQUAL(came.version, 2);
}

static void
refuses_what_the_new_version_ends(void)
{
	struct question q = row_73;
	struct came came;

	q.procedure = "p73.004";
	came = ask_and_await(&q);
	CU_ASSERT_EQUAL(came.outcome, OUTCOME_NOT_YET);
	CU_ASSERT_EQUAL(came.version, 2);
	CU_ASSERT(came.refused);
}

static void
refuses_an_older_version(void)
{
	CU_ASSERT_NOT_EQUAL(version_load("v2", "v2.sig"), 0);
	CU_ASSERT(said("version 2 is not above 2"));
	CU_ASSERT(answers(control_give("load", "v2.blob", "v2.sig"),
	    "policy-version", "version 2 is not above 2"));
	CU_ASSERT_EQUAL(law_entries(), 1);
}

static void
keeps_its_version_over_a_kill(void)
{
	actor_free(nenkin);
	actor_free(registrar);
	process_kill(world_process(w, "broker"), true);
	CU_ASSERT_TRUE_FATAL(world_start(w, "broker", NULL));
	CU_ASSERT(version_is(2));
	nenkin = actor_new(w, "nenkin");
	registrar = actor_new(w, "registrar");
}

/* --- suspension under load --- */

static void
list_draft(const char *words, const char *file)
{
	if (world_shell(w,
		"${BUILD:-build}/renkei policy %s --control %s/broker.sock "
		">%s/%s",
		words, world_run_dir(w), world_dir(w), file) != 0) {
		fprintf(stderr, "%s\n", world_said(w));
		CU_FAIL("no draft");
	}
}

/* In the background, so that the load goes on. */
static void
list_submit(const char *verb, const char *file)
{
	CU_ASSERT_EQUAL(
	    world_shell(w,
		"{ ${BUILD:-build}/renkei policy %s %s/%s --signatures "
		"%s/%s.sig "
		"--control %s/broker.sock; echo status $?; } >%s/%s.out 2>&1 &",
		verb, world_dir(w), file, world_dir(w), file, world_run_dir(w),
		world_dir(w), file),
	    0);
}

static bool
submitted(const char *file)
{
	return world_shell(
		   w, "grep -q 'status 0' %s/%s.out", world_dir(w), file) == 0;
}

/* A stream of inquiries, and what came of them since when. */
struct stream {
	uint8_t id[OPEN][ID_LEN]; /* of those that are open */
	long long last_end, gap;  /* longest time in which none ended */
	size_t open, sent, answered, suspended, other;
	long long last_permit, first_suspended, last_suspended, first_permit;
};

static void
stream_provide(struct stream *s, bool hold)
{
	struct answer_parts parts;
	struct frame f;

	while (raw_receive(city->raw, 0, &f)) {
		if (f.kind != FRAME_PERMIT)
			continue;
		s->last_permit = process_clock_ms();
		if (s->first_permit == 0)
			s->first_permit = s->last_permit;
		if (hold)
			continue;
		actor_provision(city, f.body, OUTCOME_NOT_HELD, NULL,
		    (struct span){0}, &parts);
		actor_provide(city, &parts);
		answer_parts_free(&parts);
	}
}

/* False for what an earlier test left behind. */
static bool
stream_close(struct stream *s, const uint8_t id[ID_LEN])
{
	long long now = process_clock_ms();

	for (size_t i = 0; i < s->open; i++)
		if (memcmp(s->id[i], id, ID_LEN) == 0) {
			memmove(s->id[i], s->id[--s->open], ID_LEN);
			if (s->last_end != 0 && now - s->last_end > s->gap)
				s->gap = now - s->last_end;
			s->last_end = now;
			return true;
		}
	return false;
}

static void
stream_take(struct stream *s)
{
	struct came came;
	uint8_t id[ID_LEN];
	struct frame f;

	while (raw_receive(nenkin->raw, 0, &f)) {
		if (!frame_came(&f, &came, id) || !stream_close(s, id))
			continue;
		if (came.outcome == OUTCOME_NOT_HELD)
			s->answered++;
		else if (came.outcome == OUTCOME_SUSPENDED ||
			 came.outcome == OUTCOME_SUSPENDED_LATE) {
			s->suspended++;
			s->last_suspended = process_clock_ms();
			if (s->first_suspended == 0)
				s->first_suspended = s->last_suspended;
		} else {
			fprintf(
			    stderr, "came: %u %s\n", came.outcome, came.rule);
			s->other++;
		}
	}
}

static void
stream_run(struct stream *s, unsigned ms)
{
	long long until = process_clock_ms() + ms;
	struct inquiry inq;

	while (process_clock_ms() < until) {
		for (; s->open < OPEN; s->open++, s->sent++) {
			ask(&row_73, &inq);
			memcpy(s->id[s->open], inq.exchange_id, ID_LEN);
		}
		stream_provide(s, false);
		stream_take(s);
		process_sleep_ms(1);
	}
}

/* Until it flows: some hundreds of them have ended. */
static void
stream_settle(struct stream *s)
{
	for (int i = 0; i < 100 && s->answered + s->suspended < 500; i++)
		stream_run(s, 100);
}

static void
stream_end(struct stream *s)
{
	long long until = process_clock_ms() + WAIT_MS;

	while (s->open > 0 && process_clock_ms() < until) {
		stream_provide(s, false);
		stream_take(s);
		process_sleep_ms(1);
	}
	CU_ASSERT_EQUAL(s->open, 0);
	CU_ASSERT_EQUAL(s->other, 0);
}

static struct buf held_permit; /* given before the suspension */
static struct inquiry held;

static void
suspends_in_under_a_second_under_load(void)
{
	struct stream s = {0};
	long entries = law_entries();
	long long asked;
	struct frame f;

	process_stop(world_process(w, "agent-cities"), 10);
	city = actor_new(w, "141003");
	ask(&row_73, &held);
	CU_ASSERT_TRUE_FATAL(raw_await(city->raw, FRAME_PERMIT, WAIT_MS, &f));
	buf_add(&held_permit, f.body.p, f.body.n);
	list_draft("suspend --body 141003 --data " TAX " --reason 誤りの調査",
	    "s1.tsv");
	officers_sign("s1.tsv", "1 2", "s1.tsv.sig");
	stream_settle(&s);
	CU_ASSERT(s.answered > 0 && s.suspended == 0);
	asked = process_clock_ms();
	list_submit("suspend", "s1.tsv");
	stream_run(&s, 2000);
	CU_ASSERT(submitted("s1.tsv"));
	CU_ASSERT(s.first_suspended != 0 && s.first_suspended < asked + 1000);
	CU_ASSERT(s.last_permit < asked + 1000);
	stream_end(&s);
	printf("    %zu asked under load, refused %lld ms after the command, "
	       "last permit %+lld ms\n",
	    s.sent, s.first_suspended - asked, s.last_permit - asked);
	CU_ASSERT_EQUAL(law_entries(), entries + 1);
}

static void
hands_no_answer_over_once_suspended(void)
{
	struct answer_parts parts;
	struct came came;

	actor_provision(city, buf_span(&held_permit), OUTCOME_PROVIDED,
	    nenkin->hpke, span_str("nobody may read this now"), &parts);
	actor_provide(city, &parts);
	came = await(&held);
	CU_ASSERT_EQUAL(came.outcome, OUTCOME_SUSPENDED_LATE);
	answer_parts_free(&parts);
	buf_free(&held_permit);
}

static void
explains_a_suspension(void)
{
	CU_ASSERT_EQUAL(
	    world_renkei(w,
		"explain --control %s/broker.sock --inquirer nenkin --task 73 "
		"--provider 141003 --data " TAX,
		world_run_dir(w)),
	    3);
	CU_ASSERT(said("誤りの調査"));
	CU_ASSERT(said("suspended"));
}

static void
refuses_a_list_it_may_not_follow(void)
{
	CU_ASSERT(answers(control_give("suspend", "s1.tsv", "s1.tsv.sig"),
	    "policy-version", "version 1 is not above 1"));
	shell("printf '# version 2\\nbody\\trow\\tdata\\tin_force_from\\t"
	      "in_force_until\\treason\\n' >s2.tsv");
	officers_sign("s2.tsv", "1", "one.sig");
	CU_ASSERT(answers(control_give("suspend", "s2.tsv", "one.sig"),
	    "bad-signature", "1 of the 2"));
	officers_sign("s2.tsv", "1 3", "one.sig");
	CU_ASSERT(answers(control_give("suspend", "s2.tsv", "one.sig"),
	    "unknown-key", "not in office"));
	shell("printf '141003\\t*\\t*\\t2026-11-20\\t2026-11-01\\tx\\n' "
	      ">>s2.tsv");
	officers_sign("s2.tsv", "1 2", "s2.sig");
	CU_ASSERT(answers(control_give("suspend", "s2.tsv", "s2.sig"), "line",
	    "suspensions.tsv:3: "));
	CU_ASSERT_EQUAL(ask_and_await(&row_73).outcome, OUTCOME_SUSPENDED);
}

static void
stays_suspended_over_a_kill(void)
{
	actor_free(nenkin);
	actor_free(city);
	process_kill(world_process(w, "broker"), true);
	CU_ASSERT_TRUE_FATAL(world_start(w, "broker", NULL));
	nenkin = actor_new(w, "nenkin");
	city = actor_new(w, "141003");
	CU_ASSERT_EQUAL(ask_and_await(&row_73).outcome, OUTCOME_SUSPENDED);
}

static void
resumes_under_load(void)
{
	struct stream s = {0};
	long entries = law_entries();
	long long asked;

	list_draft("resume --body 141003 --data " TAX, "s3.tsv");
	officers_sign("s3.tsv", "1 2", "s3.tsv.sig");
	stream_settle(&s);
	CU_ASSERT(s.suspended > 0 && s.answered == 0);
	asked = process_clock_ms();
	list_submit("resume", "s3.tsv");
	stream_run(&s, 2000);
	CU_ASSERT(submitted("s3.tsv"));
	CU_ASSERT(s.first_permit != 0 && s.first_permit < asked + 1000);
	CU_ASSERT(s.last_suspended < asked + 1000);
	stream_end(&s);
	printf(
	    "    resumed %lld ms after the command\n", s.first_permit - asked);
	CU_ASSERT_EQUAL(law_entries(), entries + 1);
}

static void
loads_under_load(void)
{
	struct stream s = {0};
	long entries = law_entries();
	long long asked;

	version_copy("policy", "v3", 3);
	shell("cp v2/order_procedures.tsv v3/");
	changes_declare("v3");
	officers_sign("v3", "1 2", "v3.sig");
	stream_run(&s, 300);
	CU_ASSERT_EQUAL(
	    world_shell(w,
		"{ ${BUILD:-build}/renkei policy load %s/v3 --signatures "
		"%s/v3.sig --control %s/broker.sock; echo status $?; } "
		">%s/v3.out 2>&1 &",
		world_dir(w), world_dir(w), world_run_dir(w), world_dir(w)),
	    0);
	asked = process_clock_ms();
	while (!submitted("v3") && process_clock_ms() < asked + 15000)
		stream_run(&s, 100);
	CU_ASSERT(submitted("v3"));
	printf("    loaded after %lld ms, no exchange ended for %lld ms\n",
	    process_clock_ms() - asked, s.gap);
	stream_end(&s);
	CU_ASSERT_EQUAL(s.suspended, 0);
	CU_ASSERT_EQUAL(s.answered, s.sent);
	CU_ASSERT(version_is(3));
	CU_ASSERT_EQUAL(law_entries(), entries + 1);
	CU_ASSERT_EQUAL(world_renkei(w, "log verify --config %s/etc/log.conf",
			    world_dir(w)),
	    0);
}

/* Stored, and killed before it was entered: in force, and entered at start. */
static void
records_a_law_that_a_crash_left(void)
{
	static char crash[] = "RENKEI_CRASH=front.after_law_store";
	char *env[] = {crash, NULL};
	long entries = law_entries();

	actor_free(nenkin);
	actor_free(city);
	nenkin = city = NULL;
	process_stop(world_process(w, "broker"), 10);
	CU_ASSERT_TRUE_FATAL(world_start(w, "broker", env));
	list_draft("suspend --row 48 --reason 試験", "s4.tsv");
	officers_sign("s4.tsv", "1 2", "s4.tsv.sig");
	control_give("suspend", "s4.tsv", "s4.tsv.sig");
	CU_ASSERT(world_until(w, "renkei_broker",
	    "SELECT count(*) FROM entry WHERE type = 7", "5", 20));
	CU_ASSERT_EQUAL(law_entries(), entries + 1);
	CU_ASSERT_EQUAL(world_count(w, "renkei_broker",
			    "SELECT count(*) FROM entry WHERE type = 7 AND "
			    "position('found in force'::bytea IN body) > 0"),
	    1);
	CU_ASSERT(strstr(control_say("policy"), "suspensions 3\n") != NULL);
	CU_ASSERT(version_is(3));
}

/* The policy by who stays, the list under its next number: then it starts. */
static void
starts_after_an_officer_left(void)
{
	char command[300], today[DAY_TEXT_LEN];

	process_stop(world_process(w, "broker"), 10);
	shell("sed -i '/^officer-3/s/\t[^\t]*$/\t/' pki/officers.tsv");
	CU_ASSERT_TRUE_FATAL(world_start(w, "broker", NULL));
	list_draft("resume --row 48", "s5.tsv");
	officers_sign("s5.tsv", "1 3", "s5.tsv.sig");
	CU_ASSERT(answers(control_give("suspend", "s5.tsv", "s5.tsv.sig"), "ok",
	    "suspensions version 4"));
	process_stop(world_process(w, "broker"), 10);
	snprintf(command, sizeof command,
	    "sed -i '/^officer-2/s/\t$/\t%s/' pki/officers.tsv",
	    day_text(day_of_ms(clock_ms()), today));
	shell(command);
	/* nothing that two of those in office signed: it does not start */
	CU_ASSERT_FALSE(world_start(w, "broker", NULL));
	officers_sign("v3", "1 3", "pki/policy.sig");
	CU_ASSERT_EQUAL(
	    world_shell(w,
		"d=%s/pki; v=$(sed -n '1s/# version //p' $d/directory.tsv); "
		"${BUILD:-build}/tests/devpki sign $d directory $v "
		"$d/directory.tsv $d/directory.tsv.sig officer-1 officer-3",
		world_dir(w)),
	    0);
	CU_ASSERT_TRUE_FATAL(world_start(w, "broker", NULL));
	CU_ASSERT(version_is(3));
}

static const struct suite_case cases[] = {
    {"refuses a version that two officers did not sign",
	refuses_what_two_officers_did_not_sign},
    {"refuses signatures over another file",
	refuses_signatures_over_another_file},
    {"refuses files at fault whole, and names the line",
	refuses_files_at_fault_and_names_the_line},
    {"refuses a pair that was not declared, and names it",
	names_a_pair_that_was_not_declared},
    {"lets no renamed body inherit rights", lets_no_renamed_body_inherit},
    {"loads a version on a running broker, and records it",
	loads_what_two_officers_signed},
    {"ends an exchange under the version it was admitted under",
	ends_an_exchange_under_its_own_version},
    {"has a provider refuse a permit under a version it lacks",
	refuses_a_permit_under_a_version_it_lacks},
    {"gives no agent a version that one officer signed",
	gives_no_agent_an_unsigned_version},
    {"gives an agent a version that two officers signed",
	gives_an_agent_a_signed_version},
    {"refuses a procedure that is not yet in force",
	refuses_what_the_new_version_ends},
    {"refuses a version not above the one in force", refuses_an_older_version},
    {"keeps its version over a kill", keeps_its_version_over_a_kill},
    {"suspends in under a second under load",
	suspends_in_under_a_second_under_load},
    {"hands no answer over once it is suspended",
	hands_no_answer_over_once_suspended},
    {"explains a suspension", explains_a_suspension},
    {"refuses a list of suspensions it may not follow",
	refuses_a_list_it_may_not_follow},
    {"stays suspended over a kill", stays_suspended_over_a_kill},
    {"resumes in under a second under load", resumes_under_load},
    {"loads a version under load, and loses nothing", loads_under_load},
    {"records a law that a crash left in force unrecorded",
	records_a_law_that_a_crash_left},
    {"starts after an officer left, if others signed anew",
	starts_after_an_officer_left},
};

int
main(void)
{
	char today[DAY_TEXT_LEN];
	int status;

	w = world_new(NULL);
	/* one of the officers left today */
	world_shell(w, "sed -i '/^officer-3/s/\\t$/\\t%s/' %s/pki/officers.tsv",
	    day_text(day_of_ms(clock_ms()), today), world_dir(w));
	if (!world_start(w, "broker", NULL) ||
	    !world_start(w, "agent-cities", NULL)) {
		fprintf(stderr, "not started\n");
		return 1;
	}
	nenkin = actor_new(w, "nenkin");
	registrar = actor_new(w, "registrar");
	actor_acquire(nenkin, registrar, RESIDENT, nenkin_code);
	status =
	    suite_run("policy live", cases, sizeof(cases) / sizeof(cases[0]));
	actor_free(nenkin);
	actor_free(registrar);
	actor_free(city);
	world_stop_all(w);
	world_free(w);
	return status;
}

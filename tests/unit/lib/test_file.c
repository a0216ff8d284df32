/* lib/file.h, lib/secret.h: files whole or not at all, secrets locked. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/file.h"
#include "lib/secret.h"
#include "tests/unit/suite.h"

static char dir[200];

static const char *
path_of(const char *name)
{
	static char path[300];
	const char *build = getenv("BUILD");

	if (dir[0] == '\0') {
		snprintf(dir, sizeof(dir), "%s/tests/file-XXXXXX",
		    build != NULL ? build : "build");
		CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
	}
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void
write_read(void)
{
	struct buf b = {0};
	struct stat st;

	SUITE_ERR(file_write(path_of("a"), span_str("one"), 0640), ERR_NONE);
	SUITE_ERR(file_write(path_of("a"), span_str("second"), 0600), ERR_NONE);
	CU_ASSERT_EQUAL(stat(path_of("a"), &st), 0);
	CU_ASSERT_EQUAL(st.st_mode & 0777, 0600);
	CU_ASSERT_NOT_EQUAL(access(path_of("a.new"), F_OK), 0);
	buf_add(&b, ">", 1);
	SUITE_ERR(file_read(path_of("a"), 6, &b), ERR_NONE);
	CU_ASSERT(span_equal(buf_span(&b), span_str(">second")));
	SUITE_ERR(file_read(path_of("a"), 5, &b), ERR_TOO_LONG);
	CU_ASSERT_EQUAL(b.n, 7);
	buf_free(&b);
}

static void
no_file(void)
{
	struct buf b = {0};

	SUITE_ERR(file_read(path_of("none"), 9, &b), ERR_FILE);
	CU_ASSERT_EQUAL(errno, ENOENT);
	SUITE_ERR(file_read(dir, 9, &b), ERR_FILE);
	CU_ASSERT_EQUAL(mkfifo(path_of("fifo"), 0600), 0);
	SUITE_ERR(file_read(path_of("fifo"), 9, &b), ERR_FILE);
	unlink(path_of("fifo"));
	SUITE_ERR(
	    file_write(path_of("no/such"), span_str("x"), 0600), ERR_FILE);
	CU_ASSERT_EQUAL(errno, ENOENT);
	CU_ASSERT_EQUAL(b.n, 0);
	buf_free(&b);
}

static void
in_a_directory(void)
{
	struct buf b = {0};
	int at = open(dir, O_RDONLY | O_DIRECTORY);

	SUITE_ERR(file_read_at(at, "a", 100, &b), ERR_NONE);
	CU_ASSERT(span_equal(buf_span(&b), span_str("second")));
	close(at);
	buf_free(&b);
}

static void
secrets(void)
{
	uint8_t key[] = "thirty-two bytes of secret......";
	struct secret s = secret_take(key, 32), r = secret_random(32);
	struct secret none = {0};

	CU_ASSERT_EQUAL(key[0] | key[31], 0);
	CU_ASSERT_EQUAL(s.p[0], 't');
	CU_ASSERT(secret_equal(secret_span(&s), secret_span(&s)));
	CU_ASSERT_FALSE(secret_equal(secret_span(&s), secret_span(&r)));
	CU_ASSERT_FALSE(secret_equal(secret_span(&s), span_of(s.p, 31)));
	secret_free(&s);
	CU_ASSERT_PTR_NULL(s.p);
	secret_free(&s);
	secret_free(&r);
	secret_free(&none);
	secret_free(NULL);
}

static void
secret_files(void)
{
	struct secret s;

	SUITE_ERR(file_write(path_of("k"), span_str("key"), 0600), ERR_NONE);
	SUITE_ERR(secret_read(path_of("k"), 3, &s), ERR_NONE);
	CU_ASSERT(span_equal(secret_span(&s), span_str("key")));
	secret_free(&s);
	SUITE_ERR(secret_read(path_of("k"), 2, &s), ERR_TOO_LONG);
	SUITE_ERR(secret_read(path_of("none"), 9, &s), ERR_FILE);
	chmod(path_of("k"), 0640);
	SUITE_ERR(secret_read(path_of("k"), 3, &s), ERR_FILE);
	chmod(path_of("k"), 0604);
	SUITE_ERR(secret_read(path_of("k"), 3, &s), ERR_FILE);
	CU_ASSERT_PTR_NULL(s.p);
	unlink(path_of("k"));
	unlink(path_of("a"));
	rmdir(dir);
}

/* In a child: what is hardened stays so. */
static void
hardening(void)
{
	struct rlimit core;
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		bool done = process_harden(true) == ERR_NONE &&
			    getrlimit(RLIMIT_CORE, &core) == 0 &&
			    core.rlim_max == 0 && prctl(PR_GET_DUMPABLE) == 0 &&
			    prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;

		_exit(done ? 0 : 1);
	}
	CU_ASSERT(child > 0 && waitpid(child, &status, 0) == child);
	CU_ASSERT_EQUAL(status, 0);
}

static const struct suite_case cases[] = {
    {"replaces a file whole and reads it within a limit", write_read},
    {"refuses what is no file, and leaves nothing behind", no_file},
    {"reads from a directory held open", in_a_directory},
    {"moves secrets in, compares and wipes them", secrets},
    {"refuses a key file others may read", secret_files},
    {"hardens a process", hardening},
};

SUITE("file", cases)

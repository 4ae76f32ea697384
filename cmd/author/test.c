// SPDX-License-Identifier: Apache-2.0
/* `bombus test`: a program's own tests, and their results as TAP. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/log.h"
#include "base/util.h"
#include "cmd/author/test_file.h"
#include "cmd/author/test_input.h"
#include "cmd/author/test_rows.h"
#include "cmd/cmd.h"
#include "cmd/run/program.h"

#define MAX_JSON_BYTES (64u << 20)
#define MAX_WHY_BYTES 65536
#define SELF "/proc/self/exe"
#define TESTS_SUFFIX ".test.yaml"

extern char **environ;

struct test_args {
	const char *tests;
};

struct testing {
	const struct global_args *global;
	const char *word; /* of the program */
	struct program program;
	struct test_file file;
	struct strbuf why;
	size_t failed;
};

static void testing_release(struct testing *t)
{
	program_release(&t->program);
	test_file_release(&t->file);
	strbuf_release(&t->why);
}

/* "dir/x.bpf.c", "dir/x.bpf.o" and "dir/x" have dir/x.test.yaml. */
static char *tests_beside(const char *word)
{
	static const char *const ends[] = { ".bpf.c", ".bpf.o", ".c", ".o" };
	size_t len = strlen(word);

	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (has_suffix(word, ends[i]))
			return xasprintf("%.*s" TESTS_SUFFIX, (int)(len - strlen(ends[i])), word);
	return xasprintf("%s" TESTS_SUFFIX, word);
}

/* ---- another bombus ---- */

static void add_words(const struct testing *t, const struct test_case *test, struct words *argv)
{
	words_add(argv, "bombus");
	words_add(argv, "--quiet");
	if (t->global->store) {
		words_add(argv, "--store");
		words_add(argv, t->global->store);
	}
	words_add(argv, test->replay ? "replay" : "run");
	words_add(argv, test->replay ? test->replay : t->word);
	words_add(argv, "-o");
	words_add(argv, "json");
	for (size_t i = 0; i < test->set.count && !test->replay; i++) {
		words_add(argv, "--set");
		words_add(argv, test->set.words[i]);
	}
	if (test->where) {
		words_add(argv, "--where");
		words_add(argv, test->where);
	}
	if (test->command.count)
		words_add(argv, "--");
	for (size_t i = 0; i < test->command.count; i++)
		words_add(argv, test->command.words[i]);
	words_add(argv, NULL);
}

/* A command's status is its own affair; bombus says on standard error why it did not run it. */
static int run_other(const struct testing *t, const struct test_case *test, int fd, struct err *err)
{
	posix_spawn_file_actions_t actions;
	struct words argv = { 0 };
	int status = 0, code;
	pid_t pid;

	add_words(t, test, &argv);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
	fflush(stdout);
	code = posix_spawn(&pid, SELF, &actions, NULL, (char **)argv.words, environ);
	posix_spawn_file_actions_destroy(&actions);
	words_release(&argv);
	if (code)
		return err_sys(err, code, "cannot run %s", SELF);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || (WEXITSTATUS(status) && !test->command.count))
		return err_set(err, EINVAL, "bombus %s ended with status %d",
			       test->replay ? "replay" : "run",
			       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return 0;
}

/* ---- one test ---- */

static int run_test(struct testing *t, const struct test_case *test, struct err *err)
{
	_cleanup_close_ int fd = memfd_create("bombus-test", MFD_CLOEXEC);
	_cleanup_free_ void *json = NULL;
	uint32_t returned = 0;
	size_t len;
	int ret = fd < 0 ? err_sys(err, errno, "memfd_create") : 0;

	if (ret == 0)
		ret = test->program ? test_input_run(&t->program, test, fd, &returned, err)
				    : run_other(t, test, fd, err);
	if (ret >= 0 && lseek(fd, 0, SEEK_SET) < 0)
		ret = err_sys(err, errno, "lseek");
	if (ret >= 0)
		ret = read_fd(fd, "the rows", MAX_JSON_BYTES, &json, &len, err);
	if (ret < 0)
		return ret;
	if (test->has_returns && returned != test->returns)
		strbuf_addf(&t->why, "it returned %d, not %d\n", (int32_t)returned,
			    (int32_t)test->returns);
	test_rows_match(json, test, &t->why);
	return 0;
}

/* TAP: "# " in front of each line of a reason. */
static void print_why(const char *text)
{
	for (const char *line = text; *line;) {
		int len = (int)strcspn(line, "\n");

		printf("# %.*s\n", len, line);
		line += len + (line[len] == '\n');
	}
}

static void do_test(struct testing *t, size_t number)
{
	const struct test_case *test = &t->file.cases[number];
	struct err err = { 0 };

	strbuf_reset(&t->why);
	if (run_test(t, test, &err) < 0) {
		strbuf_addf(&t->why, "%s%s%s\n", err.detail, *err.detail ? "\n" : "", err.msg);
		if (err.hint[0])
			strbuf_addf(&t->why, "hint: %s\n", err.hint);
	}
	printf("%sok %zu - %s\n", t->why.len ? "not " : "", number + 1, test->name);
	print_why(strbuf_str(&t->why));
	t->failed += t->why.len > 0;
}

static int run_tests(const struct global_args *global, void *args, const struct words *words,
		     struct err *err)
{
	const struct test_args *a = args;
	_cleanup_(testing_release) struct testing t = { .global = global,
							.word = words->words[0],
							.why = STRBUF_INIT(MAX_WHY_BYTES) };
	_cleanup_free_ char *beside = tests_beside(t.word);
	int ret = test_file_read(&t.file, a->tests ? a->tests : beside, err);

	if (ret == -ENOENT)
		err_hint(err, "the tests of %s stand in %s, or in the FILE of --tests", t.word,
			 beside);
	if (ret >= 0)
		ret = program_open(&t.program, global, t.word, NULL, err);
	if (ret < 0)
		return ret;
	printf("1..%zu\n", t.file.count);
	for (size_t i = 0; i < t.file.count; i++)
		do_test(&t, i);
	if (t.failed)
		return err_set(err, EINVAL, "%zu of %zu tests failed", t.failed, t.file.count);
	return 0;
}

static const struct opt test_opts[] = {
	{ 0, "tests", "FILE", OPT_TEXT, offsetof(struct test_args, tests),
	  "the tests (x.test.yaml beside x.bpf.c)", NULL, "file" },
	{ 0 },
};

const struct command cmd_test = {
	.name = "test",
	.usage = "FILE.bpf.c|FILE.o|IMAGE",
	.summary = "run a program's own tests",
	.about = "The tests stand in a YAML file beside the program. A test runs one of its BPF "
		 "programs with an input (BPF_PROG_TEST_RUN: a packet, or the arguments of a raw "
		 "tracepoint), runs the program beside a command, or replays a recording. It gives "
		 "the rows that the maps must have then, and the value that the BPF program must "
		 "return. The results go to standard output as TAP; the exit status is 1 if a test "
		 "failed.",
	.examples = "bombus test x.bpf.c\n"
		    "bombus test x.bpf.c --tests more.yaml\n"
		    "prove -e 'bombus test' *.bpf.c",
	.opts = test_opts,
	.args_bytes = sizeof(struct test_args),
	.min_words = 1,
	.max_words = 1,
	.complete = "file",
	.run = run_tests,
};

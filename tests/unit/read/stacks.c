// SPDX-License-Identifier: Apache-2.0
/* Stacks as text, functions by address, and the names of this process's own frames. */
#include "tests/support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/util.h"
#include "runner/read/stack/code_table.h"
#include "runner/read/stack/lives.h"
#include "runner/read/stack/root_open.h"
#include "runner/read/stack/stacks.h"
#include "runner/read/stack/symbolizer.h"
#include "runner/read/text/frames.h"

static void test_frames_fold_outermost_first(void **state)
{
	char text[64];
	struct frames frames;

	frames_begin(&frames, text, sizeof(text));
	assert_true(frames_add(&frames, "leaf+0x5", 8));
	assert_true(frames_add(&frames, "La;b\n", 5));
	assert_true(frames_add(&frames, "main", 4));
	assert_int_equal(frames_end(&frames), strlen("main;La:b?;leaf+0x5"));
	assert_string_equal(text, "main;La:b?;leaf+0x5");
}

/* The leaf stays whatever the room is. */
static void test_frames_cut_the_outermost(void **state)
{
	char text[24];
	struct frames frames;

	frames_begin(&frames, text, sizeof(text));
	assert_true(frames_add(&frames, "leaf_of_all", 11));
	assert_true(frames_add(&frames, "middle", 6));
	assert_false(frames_add(&frames, "outer", 5));
	assert_false(frames_add(&frames, "x", 1));
	frames_end(&frames);
	assert_string_equal(text, "...;middle;leaf_of_all");
	frames_begin(&frames, text, sizeof(text));
	assert_false(frames_add(&frames, "a_leaf_that_is_much_too_long", 28));
	frames_end(&frames);
	assert_string_equal(text, "...;");
}

static void test_frames_plain(void **state)
{
	static const struct {
		const char *frame, *want;
	} cases[] = {
		{ "vfs_read+0x50", "vfs_read" },
		{ "vfs_read", "vfs_read" },
		{ "nft_do_chain+0x3 [nf_tables]", "nft_do_chain [nf_tables]" },
		{ "nft_do_chain [nf_tables]", "nft_do_chain [nf_tables]" },
		{ "[libc.so.6]+0x12ab", "[libc.so.6]" },
		{ "parse (inlined)", "parse (inlined)" },
		{ "operator+(int)+0x1", "operator+(int)" },
		{ "operator+", "operator+" },
		{ "0x7f00 [process ended]", "[process ended]" },
		{ "0x7f00", "[unknown]" },
		{ "0x", "0x" },
		{ "f+0x", "f+0x" },
		{ "]", "]" },
		{ "...", "..." },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char text[128];
		size_t len = frame_plain(text, cases[i].frame, strlen(cases[i].frame));

		text[len] = '\0';
		assert_string_equal(text, cases[i].want);
	}
}

static void test_frames_next(void **state)
{
	const char *at = "main;;leaf", *frame;
	size_t len;

	frame = frames_next(&at, &len);
	assert_int_equal(len, 4);
	assert_memory_equal(frame, "main", 4);
	frames_next(&at, &len);
	assert_int_equal(len, 0);
	frame = frames_next(&at, &len);
	assert_int_equal(len, 4);
	assert_memory_equal(frame, "leaf", 4);
	assert_null(frames_next(&at, &len));
}

static void add(struct code_table *table, uint64_t addr, uint64_t size, uint32_t rank,
		const char *name)
{
	assert_true(code_table_add(table, addr, size, rank, name, strlen(name)));
}

static void assert_finds(const struct code_table *table, uint64_t addr, const char *want,
			 uint64_t want_offset)
{
	uint64_t offset = 0;
	const char *name = code_table_find(table, addr, &offset);

	if (!want) {
		assert_null(name);
		return;
	}
	assert_non_null(name);
	assert_string_equal(name, want);
	assert_int_equal(offset, want_offset);
}

static void test_code_table_finds(void **state)
{
	struct code_table table = { 0 };

	code_table_sort(&table);
	assert_finds(&table, 1, NULL, 0);
	add(&table, 0x300, 0, 0, "open_end");
	add(&table, 0x100, 0x80, 0, "local");
	add(&table, 0x100, 0x80, 2, "global");
	add(&table, 0x120, 0x10, 0, "inside");
	add(&table, 0x200, 0x10, 0, "alone");
	code_table_sort(&table);
	assert_finds(&table, 0xff, NULL, 0);
	assert_finds(&table, 0x100, "global", 0);
	assert_finds(&table, 0x121, "inside", 1);
	assert_finds(&table, 0x17f, "global", 0x7f);
	assert_finds(&table, 0x180, NULL, 0);
	assert_finds(&table, 0x20f, "alone", 0xf);
	assert_finds(&table, 0x210, NULL, 0);
	assert_finds(&table, 0x999, "open_end", 0x699);
	code_table_release(&table);
}

__attribute__((noinline)) int stacks_named_function(int value);
int stacks_named_function(int value)
{
	return value + 1;
}

static void assert_frame(struct symbolizer *s, uint64_t addr, const char *want)
{
	char text[STACKS_TEXT];

	symbolizer_fold(s, (uint32_t)getpid(), &addr, 1, text, sizeof(text));
	if (!strstr(text, want))
		fail_msg("%s is not in %s", want, text);
}

static void test_symbolizer_names_its_own(void **state)
{
	struct symbolizer *s = symbolizer_new(false);
	uint64_t addrs[2] = { (uintptr_t)stacks_named_function + 1,
			      (uintptr_t)stacks_named_function + 2 };
	char text[STACKS_TEXT];
	size_t len;

	assert_int_equal(stacks_named_function(1), 2);
	len = symbolizer_fold(s, (uint32_t)getpid(), addrs, 2, text, sizeof(text));
	assert_string_equal(text, "stacks_named_function+0x2;stacks_named_function+0x1");
	assert_int_equal(len, strlen(text));
	addrs[0] = (uintptr_t)stacks_named_function;
	symbolizer_fold(s, (uint32_t)getpid(), addrs, 1, text, sizeof(text));
	assert_string_equal(text, "stacks_named_function");
	symbolizer_free(s);
}

static void test_symbolizer_says_why(void **state)
{
	struct symbolizer *s = symbolizer_new(true);
	uint64_t addr = 0x10;
	char *code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char text[STACKS_TEXT];
	pid_t ended = fork();

	if (ended == 0)
		_exit(0);
	waitpid(ended, NULL, 0);
	assert_frame(s, 0x10, "0x10 [nothing is mapped there]");
	assert_frame(s, (uintptr_t)code, " [code without a file or a table of names]");
	symbolizer_fold(s, (uint32_t)ended, &addr, 1, text, sizeof(text));
	assert_string_equal(text, "0x10 [process ended]");
	munmap(code, 4096);
	symbolizer_free(s);
}

/* A table as JIT compilers write it; of two functions at one place the later one holds. */
static void test_symbolizer_reads_jit_tables(void **state)
{
	struct symbolizer *s = symbolizer_new(false);
	char *code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	_cleanup_free_ char *path = xasprintf("/tmp/perf-%d.map", getpid());
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fprintf(file, "%lx 20 old name\n%lx 20 py::work:/srv/x y.py\nbad\n12 zz\n",
		(unsigned long)code, (unsigned long)code);
	fflush(file);
	assert_frame(s, (uintptr_t)code + 4, "py::work:/srv/x y.py+0x4");
	assert_frame(s, (uintptr_t)code + 0x20, "[code without");
	fprintf(file, "%lx 10 later\n", (unsigned long)code + 0x20);
	fclose(file);
	assert_frame(s, (uintptr_t)code + 0x21, "later+0x1");
	unlink(path);
	assert_frame(s, (uintptr_t)code + 0x21, "later+0x1");
	munmap(code, 4096);
	symbolizer_free(s);
}

/* Anybody may write to /tmp: a table that another user owns does not count. */
static void test_symbolizer_refuses_jit_tables_of_others(void **state)
{
	struct symbolizer *s = symbolizer_new(false);
	char *code = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	_cleanup_free_ char *path = xasprintf("/tmp/perf-%d.map", getpid());
	FILE *file = fopen(path, "we");
	bool changed;

	assert_non_null(file);
	fprintf(file, "%lx 20 foreign\n", (unsigned long)code);
	fclose(file);
	changed = geteuid() == 0 && chown(path, 65534, 65534) == 0;
	if (changed) {
		assert_frame(s, (uintptr_t)code, "[code without");
		assert_int_equal(chown(path, 0, 0), 0);
		assert_frame(s, (uintptr_t)code, "foreign");
	}
	unlink(path);
	munmap(code, 4096);
	symbolizer_free(s);
	if (!changed)
		skip();
}

/* Files of which the opening, or the reading, would wait for others. */
static void test_root_open_does_not_wait(void **state)
{
	char dir[] = "/tmp/bombus-test-stacks.XXXXXX";
	_cleanup_close_ int root = -1, file = -1, found = -1;
	_cleanup_free_ char *pipe = NULL, *link = NULL, *leased = NULL;

	assert_non_null(mkdtemp(dir));
	pipe = xasprintf("%s/pipe", dir);
	link = xasprintf("%s/link", dir);
	leased = xasprintf("%s/leased", dir);
	root = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkfifo(pipe, 0600), 0);
	assert_int_equal(symlink("pipe", link), 0);
	file = open(leased, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(file, "x", 1), 1);
	assert_int_equal(root_open(root, "pipe"), -EINVAL);
	assert_int_equal(root_open(root, "link"), -EINVAL);
	found = root_open(root, "/../leased");
	assert_true(found >= 0);
	close_fd(&found);
	signal(SIGIO, SIG_IGN); /* that the lease is to be given up */
	if (fcntl(file, F_SETLEASE, F_WRLCK) == 0)
		assert_int_equal(root_open(root, "leased"), -EWOULDBLOCK);
	close_fd(&root);
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(root_open(root, "/proc/version"), -EINVAL);
	unlink(pipe);
	unlink(link);
	unlink(leased);
	rmdir(dir);
}

/* A mapped file begins like ELF, and is damaged behind that. */
static void test_symbolizer_survives_bad_files(void **state)
{
	struct symbolizer *s = symbolizer_new(true);
	char path[] = "/tmp/bombus-test-stacks.XXXXXX", text[STACKS_TEXT];
	_cleanup_close_ int fd = mkstemp(path), self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	unsigned char bytes[8192] = { 0 };
	char *code;
	uint64_t addr;

	assert_int_equal(read(self, bytes, sizeof(bytes)), sizeof(bytes));
	for (size_t i = 64; i < sizeof(bytes); i += 7)
		bytes[i] ^= 0x5a;
	assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
	code = mmap(NULL, sizeof(bytes), PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	assert_true(code != MAP_FAILED);
	addr = (uintptr_t)code + 0x1010;
	symbolizer_fold(s, (uint32_t)getpid(), &addr, 1, text, sizeof(text));
	assert_memory_equal(text, "[bombus-test-stacks.", 20);
	assert_non_null(strstr(text, "]+0x1010"));
	munmap(code, sizeof(bytes));
	unlink(path);
	symbolizer_free(s);
}

static void test_symbolizer_names_the_vdso(void **state)
{
	struct symbolizer *s = symbolizer_new(false);
	uint64_t vdso = getauxval(AT_SYSINFO_EHDR);

	if (vdso)
		assert_frame(s, vdso, "[vdso]");
	symbolizer_free(s);
	if (!vdso)
		skip();
}

static void test_stacks_ask_the_helper(void **state)
{
	struct stacks *stacks;
	uint64_t addr = (uintptr_t)stacks_named_function + 3;
	char text[STACKS_TEXT];

	assert_int_equal(stacks_start(&stacks, false, true, NULL), 0);
	for (int i = 0; i < 3; i++) {
		stacks_fold(stacks, (uint32_t)getpid(), &addr, 1, text);
		assert_string_equal(text, "stacks_named_function+0x3");
	}
	stacks_free(stacks);
	stacks_free(NULL);
}

/* The first child of a process; 0: none. */
static int child_of(int pid)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/task/%d/children", pid, pid);
	_cleanup_free_ void *text = NULL;

	return read_file(path, 4096, &text, NULL, NULL) < 0 ? 0 : (int)strtol(text, NULL, 10);
}

/* A worker that a damaged file ended has a successor. */
static void test_stacks_outlive_a_worker(void **state)
{
	struct stacks *stacks;
	uint64_t addr = (uintptr_t)stacks_named_function;
	char text[STACKS_TEXT];
	int helper, worker;

	assert_int_equal(stacks_start(&stacks, false, false, NULL), 0);
	stacks_fold(stacks, (uint32_t)getpid(), &addr, 1, text);
	assert_string_equal(text, "stacks_named_function");
	helper = child_of(getpid());
	worker = child_of(helper);
	assert_true(worker > 0);
	assert_int_equal(kill(worker, SIGKILL), 0);
	for (int i = 0; i < 5000 && (child_of(helper) == worker || !child_of(helper)); i++)
		usleep(1000);
	stacks_fold(stacks, (uint32_t)getpid(), &addr, 1, text);
	assert_string_equal(text, "stacks_named_function");
	stacks_free(stacks);
}

/* One that has ended, and was not waited for yet, has no program. */
static bool runs(int pid)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/exe", pid);
	char target[16];

	return readlink(path, target, sizeof(target)) > 0;
}

/* A worker that a file holds up does not hold up the end. */
static void test_stacks_end_without_the_worker(void **state)
{
	struct stacks *stacks;
	uint64_t addr = (uintptr_t)stacks_named_function;
	char text[STACKS_TEXT];
	int worker;

	assert_int_equal(stacks_start(&stacks, false, false, NULL), 0);
	stacks_fold(stacks, (uint32_t)getpid(), &addr, 1, text);
	worker = child_of(child_of(getpid()));
	assert_true(worker > 0);
	assert_int_equal(kill(worker, SIGSTOP), 0);
	stacks_free(stacks);
	for (int i = 0; i < 30000 && runs(worker); i++)
		usleep(1000);
	assert_false(runs(worker));
}

/* The kernel reports it, not /proc: the program has ended before anything asks. */
static void test_symbolizer_knows_ended_programs(void **state)
{
	struct symbolizer *s = symbolizer_new(false);
	uint64_t addr = (uintptr_t)stacks_named_function;
	struct lives *lives = NULL;
	struct err err = { 0 };
	char text[STACKS_TEXT];
	pid_t pid;

	if (lives_open(&lives, &err) < 0 || lives_map(lives, &err) < 0) {
		lives_close(lives);
		symbolizer_free(s);
		print_message("%s\n", err.msg);
		skip();
		return;
	}
	symbolizer_watch(s, lives);
	/* A fork has the code of its parent, also where that one is not known yet. */
	pid = fork();
	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	symbolizer_fold(s, (uint32_t)pid, &addr, 1, text, sizeof(text));
	assert_string_equal(text, "stacks_named_function");
	/* Another program has none of it. */
	pid = fork();
	if (pid == 0) {
		execl("/bin/true", "true", NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
	symbolizer_fold(s, (uint32_t)pid, &addr, 1, text, sizeof(text));
	assert_non_null(strstr(text, "[not mapped when the process ended]"));
	symbolizer_free(s);
	lives_close(lives);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames_fold_outermost_first),
		cmocka_unit_test(test_frames_cut_the_outermost),
		cmocka_unit_test(test_frames_plain),
		cmocka_unit_test(test_frames_next),
		cmocka_unit_test(test_code_table_finds),
		cmocka_unit_test(test_symbolizer_names_its_own),
		cmocka_unit_test(test_symbolizer_says_why),
		cmocka_unit_test(test_symbolizer_reads_jit_tables),
		cmocka_unit_test(test_symbolizer_refuses_jit_tables_of_others),
		cmocka_unit_test(test_root_open_does_not_wait),
		cmocka_unit_test(test_symbolizer_survives_bad_files),
		cmocka_unit_test(test_symbolizer_names_the_vdso),
		cmocka_unit_test(test_stacks_ask_the_helper),
		cmocka_unit_test(test_stacks_outlive_a_worker),
		cmocka_unit_test(test_stacks_end_without_the_worker),
		cmocka_unit_test(test_symbolizer_knows_ended_programs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

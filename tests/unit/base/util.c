// SPDX-License-Identifier: Apache-2.0
/* err, util, strbuf, arena, span and log. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sys/stat.h>
#include <sys/wait.h>

#include <pwd.h>

#include "base/home.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/log.h"
#include "base/bytes.h"
#include "base/strbuf.h"
#include "base/util.h"

/* A sanitizer's allocator ends the program itself unless told to return NULL as malloc() does. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void test_err_set_returns_the_negative_code(void **state)
{
	struct err err = { 0 };

	assert_int_equal(err_set(&err, ENOENT, "no map named '%s'", "x"), -ENOENT);
	assert_string_equal(err.msg, "no map named 'x'");
	assert_int_equal(err_set(NULL, EPERM, "unheard"), -EPERM);
	/* Never success, whatever was passed. */
	assert_int_equal(err_set(&err, 0, "zero"), -EIO);
	assert_int_equal(err_set(&err, -EINVAL, "negative"), -EINVAL);
	assert_int_equal(err_sys(NULL, EPERM, "unheard"), -EPERM);
}

static void test_err_wrap_puts_context_in_front(void **state)
{
	struct err err = { 0 };

	err_wrap(&err, "alone");
	assert_string_equal(err.msg, "alone");
	err_set(&err, EIO, "inner");
	err_wrap(&err, "outer %d", 1);
	err_wrap(&err, "outermost");
	assert_string_equal(err.msg, "outermost: outer 1: inner");
	err_set(&err, EIO, "again: %s", err.msg);
	assert_string_equal(err.msg, "again: outermost: outer 1: inner");
	err_wrap(NULL, "unheard");
}

static void test_err_sys_says_why(void **state)
{
	struct err err = { 0 };

	assert_int_equal(err_sys(&err, ENOENT, "cannot open %s", "/x"), -ENOENT);
	assert_string_equal(err.msg, "cannot open /x: No such file or directory");
}

static void test_err_keeps_the_first_hint_and_exit(void **state)
{
	struct err err = { 0 };

	err_hint(&err, "first");
	err_hint(&err, "second");
	err_exit(&err, EXIT_KERNEL);
	err_exit(&err, EXIT_USAGE);
	err_set(&err, EIO, "message");
	assert_string_equal(err.hint, "first");
	assert_int_equal(err.exit, EXIT_KERNEL);
	err_hint(NULL, "unheard");
	err_exit(NULL, EXIT_KERNEL);
}

static void test_err_cuts_long_messages_between_characters(void **state)
{
	char text[2 * sizeof(((struct err *)0)->msg)];
	struct err err = { 0 };
	size_t len;

	for (size_t lead = 0; lead < 3; lead++) {
		memset(text, 'a', lead);
		for (size_t i = lead; i + 3 < sizeof(text); i += 3)
			memcpy(text + i, "\u20ac", 4);
		err_set(&err, EIO, "%s", text);
		len = strlen(err.msg);
		assert_true(len < sizeof(err.msg) && len > sizeof(err.msg) - 8);
		assert_string_equal(err.msg + len - 3, "...");
		assert_int_equal((len - 3 - lead) % 3, 0);
	}
	memset(text, 'a', sizeof(err.msg));
	text[sizeof(err.msg) - 1] = '\0';
	err_set(&err, EIO, "%s", text);
	assert_string_equal(err.msg, text);
}

static void test_err_detail_keeps_the_last_lines(void **state)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT(100000);
	struct err err = { 0 };

	err_detail(&err, "short\n");
	assert_string_equal(err.detail, "short\n");
	for (unsigned i = 0; i < 2000; i++)
		strbuf_addf(&text, "line %u\n", i);
	err_detail(&err, text.buf);
	assert_true(has_prefix(err.detail, "line "));
	assert_string_equal(err.detail + strlen(err.detail) - 10, "line 1999\n");
	assert_true(strlen(err.detail) > sizeof(err.detail) - 16);

	/* A line that starts just where the cut is stays whole. */
	strbuf_reset(&text);
	strbuf_adds(&text, "x\n");
	for (unsigned i = 1; i < sizeof(err.detail); i++)
		strbuf_addc(&text, i % 64 ? 'y' : '\n');
	err_detail(&err, text.buf);
	assert_string_equal(err.detail, text.buf + 2);

	strbuf_reset(&text);
	for (unsigned i = 0; i < 3 * sizeof(err.detail); i++)
		strbuf_addc(&text, 'z');
	err_detail(&err, text.buf);
	assert_int_equal(strlen(err.detail), sizeof(err.detail) - 1);
	err_detail(&err, NULL);
	assert_string_equal(err.detail, "");
	err_detail(NULL, "unheard");
}

static void test_util_allocates_nothing_uniquely(void **state)
{
	_cleanup_free_ void *a = xmalloc(0), *b = xcalloc(0, 8), *c = xreallocarray(NULL, 8, 0);
	_cleanup_free_ char *text = xstrndup("abcdef", 3), *all = xstrndup("ab", 9);
	_cleanup_free_ char *made = xasprintf("%d-%s", 7, "x");

	assert_true(a && b && c && a != b && b != c);
	assert_string_equal(text, "abc");
	assert_string_equal(all, "ab");
	assert_string_equal(made, "7-x");
}

static int hook_fd;

static void say_hook(void)
{
	assert_int_equal(write(hook_fd, "hook", 4), 4);
	/* Running out again in here must not call the hook once more. */
	xreallocarray(NULL, SIZE_MAX / 2, 4);
}

static void test_util_out_of_memory_calls_the_hook_once(void **state)
{
	char said[16] = "";
	int fds[2], status;
	pid_t child;

	assert_int_equal(pipe(fds), 0);
	child = fork();
	if (child == 0) {
		int null = open("/dev/null", O_WRONLY);

		dup2(null, STDERR_FILENO);
		hook_fd = fds[1];
		oom_hook = say_hook;
		xcalloc(SIZE_MAX / 2, 4);
		_exit(77);
	}
	close(fds[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EXIT_FAILED);
	assert_int_equal(read(fds[0], said, sizeof(said)), 4);
	assert_string_equal(said, "hook");
	close(fds[0]);
}

/* A folder of this process that goes away with the test. */
static int make_folder(void **state)
{
	const char *root = getenv("TMPDIR");
	char *path = xasprintf("%s/bombus-test-XXXXXX", root ? root : "/tmp");

	*state = path;
	return mkdtemp(path) ? 0 : -1;
}

static int remove_folder(void **state)
{
	_cleanup_free_ char *path = *state;
	_cleanup_free_ char *command = xasprintf("rm -rf '%s'", path);

	return system(command);
}

static void test_util_read_file_minds_its_limit(void **state)
{
	_cleanup_free_ char *path = xasprintf("%s/file", (char *)*state);
	static const size_t sizes[] = { 0, 1, 4095, 4096, 4097, 100000 };
	struct err err = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		_cleanup_free_ void *data = NULL, *none = NULL;
		_cleanup_free_ char *bytes = xcalloc(sizes[i], 1);
		int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);
		size_t len = 99;

		memset(bytes, 'b', sizes[i]);
		assert_int_equal(write(fd, bytes, sizes[i]), sizes[i]);
		close(fd);
		assert_int_equal(read_file(path, sizes[i], &data, &len, &err), 0);
		assert_int_equal(len, sizes[i]);
		assert_memory_equal(data, bytes, len);
		assert_int_equal(((char *)data)[len], 0);
		if (!sizes[i])
			continue;
		assert_int_equal(read_file(path, sizes[i] - 1, &none, &len, &err), -EFBIG);
		assert_null(none);
	}
}

static void test_util_read_file_reads_what_has_no_size(void **state)
{
	_cleanup_free_ void *data = NULL, *piped = NULL;
	_cleanup_free_ char *bytes = xmalloc(30000);
	size_t len = 0;
	int fds[2];

	assert_int_equal(read_file("/proc/self/status", SIZE_MAX, &data, NULL, NULL), 0);
	assert_true(has_prefix(data, "Name:"));

	assert_int_equal(pipe(fds), 0);
	memset(bytes, 'p', 30000);
	assert_int_equal(write(fds[1], bytes, 30000), 30000);
	close(fds[1]);
	assert_int_equal(read_fd(fds[0], "the pipe", 50000, &piped, &len, NULL), 0);
	assert_int_equal(len, 30000);
	assert_memory_equal(piped, bytes, len);
	close(fds[0]);
}

static void test_util_read_file_says_what_failed(void **state)
{
	struct err err = { 0 };
	void *data = NULL;

	assert_int_equal(read_file("/nonexistent/x", 10, &data, NULL, &err), -ENOENT);
	assert_string_equal(err.msg, "cannot open /nonexistent/x: No such file or directory");
	assert_int_equal(read_file("/", 10, &data, NULL, &err), -EISDIR);
	assert_null(data);
}

static void test_util_make_dirs_makes_all_of_them(void **state)
{
	_cleanup_free_ char *deep = xasprintf("%s/a//b/c/", (char *)*state);
	_cleanup_free_ char *file = xasprintf("%s/a/file", (char *)*state);
	_cleanup_free_ char *below = xasprintf("%s/below", file);
	struct err err = { 0 };
	struct stat st;

	assert_int_equal(make_dirs(deep, &err), 0);
	assert_int_equal(make_dirs(deep, &err), 0);
	assert_int_equal(stat(deep, &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	assert_int_equal(make_dirs(file, &err), -ENOTDIR);
	assert_int_equal(make_dirs(below, &err), -ENOTDIR);
	assert_int_equal(make_dirs("/", &err), 0);
	assert_int_equal(make_dirs("", &err), -ENOENT);
}

static void test_strbuf_grows_and_stays_a_string(void **state)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(1000000);
	_cleanup_free_ char *text = NULL;

	assert_string_equal(strbuf_str(&sb), "");
	for (int i = 0; i < 10000; i++) {
		strbuf_addf(&sb, "%d,", i % 10);
		strbuf_addc(&sb, 'x');
		assert_int_equal(sb.buf[sb.len], 0);
	}
	assert_int_equal(sb.len, 30000);
	assert_true(has_prefix(sb.buf, "0,x1,x2,x"));
	text = strbuf_steal(&sb);
	assert_int_equal(strlen(text), 30000);
	assert_null(sb.buf);
	strbuf_adds(&sb, "again");
	assert_string_equal(strbuf_str(&sb), "again");
	strbuf_reset(&sb);
	assert_string_equal(strbuf_str(&sb), "");
}

static void test_strbuf_stops_at_its_maximum(void **state)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(10);

	strbuf_adds(&sb, "12345");
	strbuf_adds(&sb, "67890");
	assert_false(sb.full);
	strbuf_adds(&sb, "");
	assert_false(sb.full);
	strbuf_addc(&sb, 'x');
	assert_true(sb.full);
	assert_string_equal(sb.buf, "1234567890");

	strbuf_reset(&sb);
	strbuf_adds(&sb, "12345");
	strbuf_addf(&sb, "%s", "678901");
	assert_true(sb.full);
	/* It would fit, but what was before it is missing. */
	strbuf_addc(&sb, 'x');
	strbuf_addf(&sb, "y");
	assert_null(strbuf_reserve(&sb, 0));
	assert_string_equal(sb.buf, "12345");
	assert_int_equal(sb.len, 5);

	strbuf_reset(&sb);
	assert_null(strbuf_reserve(&sb, SIZE_MAX));
	assert_true(sb.full);
}

static void test_strbuf_without_a_maximum_survives_huge_requests(void **state)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(SIZE_MAX);

	strbuf_addc(&sb, 'x');
	assert_null(strbuf_reserve(&sb, SIZE_MAX - 1));
	assert_true(sb.full);
	assert_string_equal(sb.buf, "x");
}

static void test_strbuf_reserve_is_written_directly(void **state)
{
	_cleanup_strbuf_ struct strbuf sb;
	char *dst;

	strbuf_init(&sb, 5000);
	dst = strbuf_reserve(&sb, 4999);
	assert_non_null(dst);
	memset(dst, 'r', 4999);
	strbuf_advance(&sb, 3);
	assert_string_equal(strbuf_str(&sb), "rrr");
	strbuf_addf(&sb, "%*d", 4997, 1);
	assert_int_equal(sb.len, 5000);
	assert_false(sb.full);
}

static void test_arena_is_zeroed_aligned_and_stable(void **state)
{
	struct arena arena = { 0 };
	unsigned char *blocks[500];
	char *text = arena_strdup(&arena, "kept");

	assert_null(arena_strdup(&arena, NULL));
	for (size_t i = 0; i < ARRAY_LEN(blocks); i++) {
		size_t size = i % 50 == 0 ? 40000 : i;

		blocks[i] = arena_alloc(&arena, 1, size);
		assert_int_equal((uintptr_t)blocks[i] % 16, 0);
		for (size_t k = 0; k < size; k++)
			assert_int_equal(blocks[i][k], 0);
		memset(blocks[i], (int)i, size);
	}
	for (size_t i = 1; i < ARRAY_LEN(blocks); i++)
		if (i % 50)
			assert_int_equal(blocks[i][i - 1], i & 0xff);
	assert_string_equal(text, "kept");
	assert_string_equal(arena_printf(&arena, "%0*d", 20000, 5) + 19998, "05");
	assert_ptr_not_equal(arena_alloc(&arena, 0, 8), arena_alloc(&arena, 8, 0));
	assert_non_null(arena_array(&arena, int, 3));
	arena_release(&arena);
	assert_null(arena.chunks);
	arena_release(&arena);
}

static void test_span_checks_its_bounds(void **state)
{
	struct bytes s = bytes_of("ab\0cd", 5);
	uint16_t v = 0;

	assert_non_null(bytes_at(s, 0, 5));
	assert_non_null(bytes_at(s, 5, 0));
	assert_null(bytes_at(s, 0, 6));
	assert_null(bytes_at(s, 6, 0));
	assert_null(bytes_at(s, 2, SIZE_MAX));
	assert_null(bytes_at(s, SIZE_MAX, 2));
	assert_true(bytes_get(s, 3, &v, 2));
	assert_memory_equal(&v, "cd", 2);
	assert_false(bytes_get(s, 4, &v, 2));
	assert_string_equal(bytes_str(s, 1), "b");
	assert_null(bytes_str(s, 3));
	assert_null(bytes_str(s, 5));
}

/* The lines as "level:line|". */
static void collect(void *ctx, enum log_level level, const char *line)
{
	strbuf_addf(ctx, "%d:%s|", level, line);
}

static void test_log_hands_out_clean_lines(void **state)
{
	_cleanup_strbuf_ struct strbuf lines = STRBUF_INIT(1000);

	log_to(collect, &lines);
	log_warn("one %d\n", 1);
	log_error("two\n\tlines\n\n");
	log_info("\x1b[2J\xff");
	log_info("%s", "");
	log_debug("not asked for");
	log_level = LOG_DEBUG;
	log_debug("asked for");
	log_level = LOG_ERROR;
	log_warn("too quiet");
	log_level = LOG_INFO;
	log_to(NULL, NULL);
	assert_string_equal(lines.buf,
			    "1:one 1|0:two|0:     lines|2:\\x1b[2J\\xff|2:|3:asked for|");
}

static void test_log_leaves_errno_alone(void **state)
{
	_cleanup_strbuf_ struct strbuf lines = STRBUF_INIT(1000);

	log_to(collect, &lines);
	errno = ENOTTY;
	log_info("%m");
	assert_int_equal(errno, ENOTTY);
	log_to(NULL, NULL);
	assert_string_equal(lines.buf, "2:Inappropriate ioctl for device|");
}

static void test_log_writes_to_standard_error(void **state)
{
	int fds[2], before = dup(STDERR_FILENO);
	char text[200] = "";

	assert_int_equal(pipe(fds), 0);
	dup2(fds[1], STDERR_FILENO);
	log_error("a");
	log_warn("b");
	log_info("c");
	dup2(before, STDERR_FILENO);
	close(before);
	close(fds[1]);
	assert_true(read(fds[0], text, sizeof(text) - 1) > 0);
	close(fds[0]);
	assert_string_equal(text, "bombus: a\nbombus: warning: b\nbombus: c\n");
}

static void test_home_is_that_of_the_password_file_without_a_variable(void **state)
{
	const struct passwd *entry = getpwuid(geteuid());
	_cleanup_free_ char *before = getenv("HOME") ? xstrdup(getenv("HOME")) : NULL;
	static const char *const wrong[] = { NULL, "", "relative" };

	for (size_t i = 0; entry && i < ARRAY_LEN(wrong); i++) {
		_cleanup_free_ char *home = NULL;

		if (wrong[i])
			setenv("HOME", wrong[i], 1);
		else
			unsetenv("HOME");
		home = home_dir();
		assert_string_equal(home, entry->pw_dir);
	}
	setenv("HOME", "/tmp/some", 1);
	_cleanup_free_ char *home = home_dir();
	assert_string_equal(home, "/tmp/some");
	if (before)
		setenv("HOME", before, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_err_set_returns_the_negative_code),
		cmocka_unit_test(test_err_wrap_puts_context_in_front),
		cmocka_unit_test(test_err_sys_says_why),
		cmocka_unit_test(test_err_keeps_the_first_hint_and_exit),
		cmocka_unit_test(test_err_cuts_long_messages_between_characters),
		cmocka_unit_test(test_err_detail_keeps_the_last_lines),
		cmocka_unit_test(test_util_allocates_nothing_uniquely),
		cmocka_unit_test(test_util_out_of_memory_calls_the_hook_once),
		cmocka_unit_test_setup_teardown(test_util_read_file_minds_its_limit, make_folder,
						remove_folder),
		cmocka_unit_test(test_util_read_file_reads_what_has_no_size),
		cmocka_unit_test(test_util_read_file_says_what_failed),
		cmocka_unit_test_setup_teardown(test_util_make_dirs_makes_all_of_them, make_folder,
						remove_folder),
		cmocka_unit_test(test_strbuf_grows_and_stays_a_string),
		cmocka_unit_test(test_strbuf_stops_at_its_maximum),
		cmocka_unit_test(test_strbuf_without_a_maximum_survives_huge_requests),
		cmocka_unit_test(test_strbuf_reserve_is_written_directly),
		cmocka_unit_test(test_arena_is_zeroed_aligned_and_stable),
		cmocka_unit_test(test_span_checks_its_bounds),
		cmocka_unit_test(test_log_hands_out_clean_lines),
		cmocka_unit_test(test_log_leaves_errno_alone),
		cmocka_unit_test(test_log_writes_to_standard_error),
		cmocka_unit_test(test_home_is_that_of_the_password_file_without_a_variable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: Apache-2.0
/* Files that get their name when there is something in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/new_file.h"
#include "base/util.h"

static char folder[64];

static char *in_folder(const char *name)
{
	return xasprintf("%s/%s", folder, name);
}

static int entries(void)
{
	DIR *dir = opendir(folder);
	int n = 0;

	for (struct dirent *e; (e = readdir(dir));)
		n += e->d_name[0] != '.' || strlen(e->d_name) > 2;
	closedir(dir);
	return n;
}

static void put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void assert_text(const char *path, const char *want)
{
	_cleanup_free_ void *text = NULL;

	assert_int_equal(read_file(path, 4096, &text, NULL, NULL), 0);
	assert_string_equal(text, want);
}

static void begin(void)
{
	snprintf(folder, sizeof(folder), "/tmp/bombus-new-XXXXXX");
	assert_non_null(mkdtemp(folder));
}

static void end(void)
{
	_cleanup_free_ char *command = xasprintf("rm -r %s", folder);

	assert_int_equal(system(command), 0);
}

static void test_a_file_appears_with_the_commit(void **state)
{
	_cleanup_free_ char *path = NULL;
	struct new_file file;
	struct stat st;

	begin();
	path = in_folder("a");
	assert_int_equal(new_file_open(&file, path, false, NULL), 0);
	assert_int_equal(write(file.fd, "one ", 4), 4);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(new_file_commit(&file), 0);
	assert_int_equal(new_file_commit(&file), 0);
	assert_int_equal(write(file.fd, "two", 3), 3);
	new_file_release(&file);
	assert_text(path, "one two");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(entries(), 1);
	end();
}

static void test_without_a_commit_nothing_happened(void **state)
{
	_cleanup_free_ char *path = NULL;
	struct new_file file;

	begin();
	path = in_folder("a");
	put(path, "old");
	assert_int_equal(new_file_open(&file, path, true, NULL), 0);
	assert_int_equal(write(file.fd, "new", 3), 3);
	new_file_release(&file);
	assert_text(path, "old");
	assert_int_equal(entries(), 1);
	end();
}

static void test_a_file_is_replaced_on_request_only(void **state)
{
	_cleanup_free_ char *path = NULL, *other = NULL;
	struct new_file file;
	struct err err = { 0 };

	begin();
	path = in_folder("a");
	other = in_folder("b");
	put(path, "old");
	assert_int_equal(new_file_open(&file, path, false, &err), -EEXIST);
	assert_non_null(strstr(err.msg, "exists"));
	assert_int_equal(new_file_open(&file, path, true, NULL), 0);
	assert_int_equal(write(file.fd, "new", 3), 3);
	assert_int_equal(new_file_commit(&file), 0);
	new_file_release(&file);
	assert_text(path, "new");
	/* One that comes between the two calls is safe, too. */
	assert_int_equal(new_file_open(&file, other, false, NULL), 0);
	put(other, "mine");
	assert_int_equal(new_file_commit(&file), -EEXIST);
	new_file_release(&file);
	assert_text(other, "mine");
	assert_int_equal(entries(), 2);
	end();
}

static void test_a_link_is_not_followed(void **state)
{
	_cleanup_free_ char *path = NULL, *victim = NULL;
	struct new_file file;
	struct err err = { 0 };

	begin();
	path = in_folder("link");
	victim = in_folder("victim");
	put(victim, "precious");
	assert_int_equal(symlink(victim, path), 0);
	assert_int_equal(new_file_open(&file, path, false, &err), -ELOOP);
	assert_int_equal(new_file_open(&file, path, true, &err), -ELOOP);
	assert_int_equal(unlink(path), 0);
	/* It may come later. */
	assert_int_equal(new_file_open(&file, path, true, NULL), 0);
	assert_int_equal(symlink(victim, path), 0);
	assert_int_equal(write(file.fd, "new", 3), 3);
	assert_int_equal(new_file_commit(&file), 0);
	new_file_release(&file);
	assert_text(victim, "precious");
	assert_text(path, "new");
	end();
}

static void test_streams_are_written_to(void **state)
{
	_cleanup_free_ char *pipe = NULL;
	struct new_file file;
	char text[4] = "";
	int fd;

	begin();
	assert_int_equal(new_file_open(&file, "/dev/null", false, NULL), 0);
	assert_int_equal(new_file_commit(&file), 0);
	new_file_release(&file);
	pipe = in_folder("pipe");
	assert_int_equal(mkfifo(pipe, 0600), 0);
	fd = open(pipe, O_RDONLY | O_NONBLOCK);
	assert_int_equal(new_file_open(&file, pipe, false, NULL), 0);
	assert_int_equal(write(file.fd, "abc", 3), 3);
	assert_int_equal(read(fd, text, 3), 3);
	assert_string_equal(text, "abc");
	new_file_release(&file);
	close(fd);
	assert_true(new_file_open(&file, folder, true, NULL) < 0);
	assert_true(new_file_open(&file, "/nowhere/at/all", true, NULL) < 0);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_file_appears_with_the_commit),
		cmocka_unit_test(test_without_a_commit_nothing_happened),
		cmocka_unit_test(test_a_file_is_replaced_on_request_only),
		cmocka_unit_test(test_a_link_is_not_followed),
		cmocka_unit_test(test_streams_are_written_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

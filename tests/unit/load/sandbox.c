// SPDX-License-Identifier: Apache-2.0
/*
 * What a process can still do once it is in the sandbox, tried: each trial is a child that enters
 * it and tells by its exit status, or by the signal that ends it. Needs root.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/new_file.h"
#include "base/util.h"
#include "runner/load/sandbox/files.h"
#include "runner/load/sandbox/opener.h"
#include "runner/load/sandbox/sandbox.h"
#include "runner/load/sandbox/seccomp.h"

#define REFUSED_TO_ENTER 77

static char folder[] = "/tmp/bombus-sandbox-XXXXXX";
static char secret[64], named[64];

/* The exit status of a trial in the sandbox; -signal. */
static int tried(int (*trial)(void), unsigned uses)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		struct err err = { 0 };
		const struct landlock_path paths[] = { { named } };
		struct sandbox box = {
			.changes_user = geteuid() == 0, .uses = uses, .paths = paths, .npaths = 1
		};

		if (sandbox_user_parse(&box.user, NULL, &err) < 0 || sandbox_enter(&box, &err) < 0)
			_exit(REFUSED_TO_ENTER);
		_exit(trial());
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int code_of(long ret)
{
	return ret < 0 ? errno : 0;
}

static int try_secret(void)
{
	return code_of(open(secret, O_RDONLY));
}
static int try_named(void)
{
	return code_of(open(named, O_RDONLY));
}
static int try_write_named(void)
{
	return code_of(open(named, O_WRONLY));
}
static int try_shadow(void)
{
	return code_of(open("/etc/shadow", O_WRONLY));
}
static int try_write(void)
{
	return code_of(open("/tmp/bombus-sandbox-new", O_WRONLY | O_CREAT, 0600));
}
static int try_exec(void)
{
	return code_of(execl("/bin/true", "true", NULL));
}
static int try_fork(void)
{
	return code_of(fork());
}
static int try_trace(void)
{
	return code_of(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}
static int try_mount(void)
{
	return code_of(mount("none", "/mnt", "tmpfs", 0, NULL));
}
static int try_root(void)
{
	return code_of(setuid(0));
}
static int try_kill(void)
{
	return code_of(kill(getppid(), 0));
}
static int try_socket(void)
{
	return code_of(socket(AF_INET, SOCK_STREAM, 0));
}
static int try_type(void)
{
	char c = 'x';

	return code_of(ioctl(STDIN_FILENO, TIOCSTI, &c));
}
static int try_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0) == MAP_FAILED
		       ? errno
		       : 0;
}
static void *nothing(void *ctx)
{
	return ctx;
}
static int try_thread(void)
{
	pthread_t thread;

	return pthread_create(&thread, NULL, nothing, NULL) || pthread_join(thread, NULL);
}
static int try_user(void)
{
	return !getpwuid(0);
}

static void test_sandbox_keeps_what_it_needs(void **state)
{
	assert_int_equal(tried(try_thread, SECCOMP_READS), 0);
	assert_int_equal(tried(try_user, SECCOMP_READS), 0);
	assert_int_equal(tried(try_named, SECCOMP_READS), 0);
	assert_int_equal(tried(try_socket, SECCOMP_READS | SECCOMP_TALKS), 0);
}

static void test_sandbox_opens_nothing_else(void **state)
{
	struct sandbox_text text;

	assert_int_equal(tried(try_shadow, SECCOMP_READS), EACCES);
	sandbox_describe(&text);
	if (!text.has_landlock) {
		print_message("this kernel has no Landlock\n");
		skip();
		return;
	}
	assert_int_equal(tried(try_secret, SECCOMP_READS), EACCES);
	assert_int_equal(tried(try_write, SECCOMP_READS), EACCES);
	assert_int_equal(tried(try_write_named, SECCOMP_READS), EACCES);
}

static void test_sandbox_calls_nothing_else(void **state)
{
#ifdef SANITIZER
	print_message("sanitizers need more calls\n");
	skip();
#else
	assert_int_equal(tried(try_exec, SECCOMP_READS), -SIGSYS);
	assert_int_equal(tried(try_trace, SECCOMP_READS), -SIGSYS);
	assert_int_equal(tried(try_mount, SECCOMP_READS), -SIGSYS);
	assert_int_equal(tried(try_root, SECCOMP_READS), -SIGSYS);
	assert_int_equal(tried(try_fork, SECCOMP_READS), ENOSYS);
	assert_int_equal(tried(try_kill, SECCOMP_READS), ENOSYS);
	assert_int_equal(tried(try_socket, SECCOMP_READS), ENOSYS);
	assert_int_equal(tried(try_code, SECCOMP_READS), ENOSYS);
	assert_int_equal(tried(try_type, SECCOMP_READS | SECCOMP_TERMINAL), ENOSYS);
#endif
}

static void test_sandbox_user(void **state)
{
	const char *const wrong[] = { "no-such-user", "nobody:no-such-group", "-1", "" };
	struct sandbox_user user;
	struct err err = { 0 };

	assert_int_equal(sandbox_user_parse(&user, NULL, &err), 0);
	assert_string_equal(user.name, "nobody");
	assert_int_equal(user.uid, 65534);
	assert_int_equal(sandbox_user_parse(&user, "4711:4712", &err), 0);
	assert_int_equal(user.uid, 4711);
	assert_int_equal(user.gid, 4712);
	assert_int_equal(sandbox_user_parse(&user, "root", &err), 0);
	assert_int_equal(user.uid, 0);
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		assert_true(sandbox_user_parse(&user, wrong[i], &err) < 0);
}

/* A file that the process may no longer name gets its name from its helper. */
static void test_sandbox_entrusted_file(void **state)
{
	_cleanup_free_ char *path = xasprintf("%s/entrusted", folder);
	struct new_file file, given_up;
	struct err err = { 0 };

	assert_int_equal(new_file_open(&file, path, false, &err), 0);
	assert_int_equal(files_entrust(&file, &err), 0);
	assert_int_equal(write(file.fd, "x", 1), 1);
	assert_int_equal(may_access(path, F_OK), -1);
	assert_int_equal(new_file_commit(&file), 0);
	assert_int_equal(may_access(path, F_OK), 0);
	assert_int_equal(new_file_commit(&file), 0);
	new_file_release(&file);
	unlink(path);

	assert_int_equal(new_file_open(&given_up, path, false, &err), 0);
	assert_int_equal(files_entrust(&given_up, &err), 0);
	new_file_release(&given_up);
	assert_int_equal(may_access(path, F_OK), -1);
}

/* As the person who called sudo: the file is hers, and nothing of others is written. */
static void test_sandbox_files_of_the_caller(void **state)
{
	_cleanup_free_ char *hers = xasprintf("%s/hers", folder);
	_cleanup_free_ char *path = xasprintf("%s/hers/x.csv", folder);
	_cleanup_free_ char *other = xasprintf("%s/x.csv", folder);
	struct files *files = NULL;
	struct new_file file;
	struct err err = { 0 };
	struct stat st;

	if (geteuid() != 0)
		skip();
	mkdir(hers, 0700);
	assert_int_equal(chown(hers, 4711, 4711), 0);
	setenv("SUDO_UID", "4711", 1);
	setenv("SUDO_GID", "4711", 1);
	setenv("SUDO_USER", "somebody", 1);
	assert_int_equal(files_start(&files, &err), 0);
	unsetenv("SUDO_UID");
	assert_int_equal(files_new_file(files, &file, other, &err), -EACCES);
	assert_non_null(strstr(err.msg, "cannot write"));
	assert_int_equal(files_new_file(files, &file, path, &err), 0);
	assert_int_equal(write(file.fd, "x", 1), 1);
	assert_int_equal(new_file_commit(&file), 0);
	new_file_release(&file);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_uid, 4711);
	assert_int_equal(files_new_file(files, &file, path, &err), -EEXIST);
	files_free(files);
	unlink(path);
	rmdir(hers);
}

/* The helper opens no event that shows other processes, and nothing by a handle of another file
 * system than cgroup2. */
static void test_sandbox_opener_refuses(void **state)
{
	struct perf_event_attr attr = { .size = sizeof(attr),
					.type = PERF_TYPE_SOFTWARE,
					.config = PERF_COUNT_SW_BPF_OUTPUT,
					.sample_type = PERF_SAMPLE_RAW };
	_cleanup_close_ int dir = open(folder, O_RDONLY | O_DIRECTORY), fd = -1;
	struct opener *opener = opener_new();
	struct sandbox_user user;
	struct err err = { 0 };
	struct stat st;

	if (geteuid() != 0)
		skip();
	fd = opener_perf_event(opener, &attr, 0);
	if (fd < 0) {
		opener_free(opener);
		skip();
	}
	assert_int_equal(sandbox_user_parse(&user, NULL, &err), 0);
	assert_int_equal(opener_start(opener, &user, &err), 0);
	close(fd);
	fd = opener_perf_event(opener, &attr, 0);
	assert_true(fd >= 0);
	attr.sample_type |= PERF_SAMPLE_IP;
	assert_int_equal(opener_perf_event(opener, &attr, 0), -EPERM);
	attr.sample_type = 0;
	attr.type = PERF_TYPE_TRACEPOINT;
	assert_int_equal(opener_perf_event(opener, &attr, 0), -EPERM);
	assert_int_equal(fstat(dir, &st), 0);
	assert_int_equal(opener_cgroup(opener, dir, st.st_ino), -EPERM);
	opener_free(opener);
}

static int make_folder(void **state)
{
	_cleanup_close_ int fd = -1, other = -1;

	if (!mkdtemp(folder))
		return -1;
	chmod(folder, 0755);
	snprintf(secret, sizeof(secret), "%s/secret", folder);
	snprintf(named, sizeof(named), "%s/named", folder);
	fd = open(secret, O_CREAT | O_WRONLY, 0644);
	other = open(named, O_CREAT | O_WRONLY, 0644);
	return fd < 0 || other < 0 || fchmod(other, 0666) < 0; /* Landlock alone keeps it */
}

static int remove_folder(void **state)
{
	unlink(secret);
	unlink(named);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sandbox_keeps_what_it_needs),
		cmocka_unit_test(test_sandbox_opens_nothing_else),
		cmocka_unit_test(test_sandbox_calls_nothing_else),
		cmocka_unit_test(test_sandbox_user),
		cmocka_unit_test(test_sandbox_entrusted_file),
		cmocka_unit_test(test_sandbox_files_of_the_caller),
		cmocka_unit_test(test_sandbox_opener_refuses),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

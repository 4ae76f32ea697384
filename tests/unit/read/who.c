// SPDX-License-Identifier: Apache-2.0
/* Groups of the test's own, with the names that runtimes give theirs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/util.h"
#include "runner/read/who/who.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"
#define SHORT 1000

static char *root;	  /* a group of this process, of version 2; NULL: none can be made */
static const char *group; /* its path below the mount */

static char *path_of(const char *name)
{
	return xasprintf("%s/%s", root, name);
}

/* The id of the new group. */
static uint64_t make(const char *name)
{
	_cleanup_free_ char *path = path_of(name);
	struct stat st;

	rmdir(path);
	if (mkdir(path, 0755) < 0 || stat(path, &st) < 0)
		fail_msg("cannot make %s", path);
	return st.st_ino;
}

static void take_away(const char *name)
{
	_cleanup_free_ char *path = path_of(name);

	assert_int_equal(rmdir(path), 0);
}

static struct who *start(void)
{
	struct who *who = NULL;

	assert_int_equal(who_start(&who, NULL), 0);
	assert_int_equal(who_begin(who, NULL, 0, NULL), 0);
	assert_int_equal(who_run(who, NULL), 0);
	return who;
}

static void assert_part(struct who *who, enum who_id kind, uint64_t id, unsigned part,
			const char *want)
{
	char text[CONTAINER_TEXT];
	bool known = false;

	/* On a busy machine an answer may come after the wait for it. */
	for (int i = 0; i < 20 && !known; i++)
		known = who_part(who, kind, id, part, WHO_WAIT_MS, text);
	assert_int_equal(known, want != NULL);
	if (want)
		assert_string_equal(text, want);
}

static void skip_without_root(void)
{
	if (root)
		return;
	print_message("no cgroup2 mount where groups can be made\n");
	skip();
}

static void test_who_group(void **state)
{
	uint64_t before, after, plain;
	struct who *who;

	skip_without_root();
	before = make("libpod-" ID "1.scope");
	who = start();
	after = make("docker-" ID "2.scope");
	plain = make("bombus-test-who");
	assert_part(who, WHO_CGROUP, before, CONTAINER_ID, ID "1");
	assert_part(who, WHO_CGROUP, before, CONTAINER_RUNTIME, "podman");
	assert_part(who, WHO_CGROUP, after, CONTAINER_ID, ID "2");
	assert_part(who, WHO_CGROUP, after, CONTAINER_RUNTIME, "docker");
	assert_part(who, WHO_CGROUP, plain, CONTAINER_ID, "");
	assert_part(who, WHO_CGROUP, plain, WHO_NODE, "");
	assert_part(who, WHO_CGROUP, 0, CONTAINER_ID, "");
	assert_part(who, WHO_CGROUP, UINT64_MAX / 4, CONTAINER_ID, NULL);
	take_away("libpod-" ID "1.scope");
	take_away("docker-" ID "2.scope");
	take_away("bombus-test-who");
	assert_part(who, WHO_CGROUP, before, CONTAINER_ID, ID "1");
	assert_part(who, WHO_CGROUP, after, CONTAINER_ID, ID "2");
	who_free(who);
}

/* Each group is gone at once: only an event can report it. */
static void test_who_short(void **state)
{
	static uint64_t ids[SHORT];
	struct who *who;

	skip_without_root();
	who = start();
	for (int i = 0; i < SHORT; i++) {
		_cleanup_free_ char *name = xasprintf("docker-%060x%04d.scope", 0, i);

		ids[i] = make(name);
		take_away(name);
	}
	for (int i = 0; i < SHORT; i++) {
		_cleanup_free_ char *id = xasprintf("%060x%04d", 0, i);

		assert_part(who, WHO_CGROUP, ids[i], CONTAINER_ID, id);
	}
	who_free(who);
}

/* A process in the group, with namespaces of its own. */
static pid_t enter(const char *name)
{
	_cleanup_free_ char *procs = xasprintf("%s/%s/cgroup.procs", root, name);
	int ready[2];
	pid_t pid;
	char byte;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		FILE *file = fopen(procs, "w");

		if (unshare(CLONE_NEWNS | CLONE_NEWNET) < 0 || !file ||
		    fprintf(file, "%d", getpid()) < 0 || fclose(file))
			_exit(1);
		(void)!write(ready[1], "", 1);
		pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

static uint64_t namespace_of(pid_t pid, const char *kind)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/ns/%s", pid, kind);
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

/* The keeper finds namespaces by itself, at its own time. */
static void await_part(struct who *who, enum who_id kind, uint64_t id, const char *want)
{
	char text[CONTAINER_TEXT] = "";

	for (int i = 0; i < 500 && !streq(text, want); i++) {
		if (!who_part(who, kind, id, CONTAINER_ID, WHO_WAIT_MS, text))
			poll(NULL, 0, 10);
	}
	assert_string_equal(text, want);
}

static void test_who_process(void **state)
{
	struct who *who;
	pid_t pid;

	skip_without_root();
	who = start();
	make("docker-" ID "3.scope");
	pid = enter("docker-" ID "3.scope");
	assert_part(who, WHO_PID, (uint64_t)pid, CONTAINER_ID, ID "3");
	assert_part(who, WHO_PID, 1, CONTAINER_ID, "");
	await_part(who, WHO_MNTNS, namespace_of(pid, "mnt"), ID "3");
	await_part(who, WHO_NETNS, namespace_of(pid, "net"), ID "3");
	assert_part(who, WHO_MNTNS, namespace_of(getpid(), "mnt"), CONTAINER_ID, "");
	assert_part(who, WHO_MNTNS, 1, CONTAINER_ID, NULL);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	take_away("docker-" ID "3.scope");
	assert_part(who, WHO_PID, (uint64_t)pid, CONTAINER_ID, ID "3");
	assert_part(who, WHO_PID, UINT32_MAX, CONTAINER_ID, NULL);
	who_free(who);
}

struct seen {
	uint64_t id;
	unsigned came, went;
};

static void on_group(void *ctx, const struct who_group *of)
{
	struct seen *seen = ctx;

	if (!has_prefix(of->path, group) ||
	    !streq(of->path + strlen(group), "/docker-" ID "4.scope"))
		return;
	__atomic_store_n(&seen->id, of->id, __ATOMIC_RELEASE);
	__atomic_fetch_add(of->gone ? &seen->went : &seen->came, 1, __ATOMIC_RELEASE);
}

static void await(unsigned *count)
{
	for (int i = 0; i < 500 && !__atomic_load_n(count, __ATOMIC_ACQUIRE); i++)
		poll(NULL, 0, 10);
	assert_true(__atomic_load_n(count, __ATOMIC_ACQUIRE) > 0);
}

static void test_who_watch(void **state)
{
	struct seen seen = { 0 }, late = { 0 };
	struct who_watch watch = { on_group, &seen, NULL }, second = { on_group, &late, NULL };
	struct who *who;
	uint64_t id;

	skip_without_root();
	who = start();
	who_watch(who, &watch);
	id = make("docker-" ID "4.scope");
	await(&seen.came);
	assert_int_equal(seen.id, id);
	who_watch(who, &second);
	assert_int_equal(late.came, 1);
	take_away("docker-" ID "4.scope");
	await(&seen.went);
	await(&late.went);
	who_unwatch(who, &watch);
	who_unwatch(who, &second);
	who_free(who);
}

/* The one child of this process. */
static pid_t keeper(void)
{
	_cleanup_free_ char *path = xasprintf("/proc/self/task/%d/children", getpid());
	_cleanup_file_ FILE *file = fopen(path, "re");
	int pid = 0;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%d", &pid), 1);
	return pid;
}

/* The keeper does nothing until the start gives up waiting for it. */
static void test_who_late(void **state)
{
	struct seen early = { 0 }, late = { 0 };
	struct who_watch first = { on_group, &early, NULL }, second = { on_group, &late, NULL };
	struct who *who;

	skip_without_root();
	for (int runs = 0; runs < 2; runs++) {
		early = late = (struct seen){ 0 };
		make("docker-" ID "4.scope");
		assert_int_equal(who_start(&who, NULL), 0);
		kill(keeper(), SIGSTOP);
		assert_int_equal(who_begin(who, NULL, 0, NULL), 0);
		if (runs)
			assert_int_equal(who_run(who, NULL), 0);
		who_watch(who, &first);
		assert_int_equal(early.came, 0);
		who_unwatch(who, &first);
		kill(keeper(), SIGCONT);
		assert_int_equal(who_await(who, NULL), 0);
		who_watch(who, &second);
		assert_int_equal(late.came, 1);
		who_unwatch(who, &second);
		who_free(who);
		take_away("docker-" ID "4.scope");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_group),   cmocka_unit_test(test_who_short),
		cmocka_unit_test(test_who_process), cmocka_unit_test(test_who_watch),
		cmocka_unit_test(test_who_late),
	};
	static const char *const mounts[] = { "/sys/fs/cgroup/unified", "/sys/fs/cgroup" };
	int failed;

	for (size_t i = 0; i < ARRAY_LEN(mounts) && !root; i++) {
		_cleanup_free_ char *file = xasprintf("%s/cgroup.procs", mounts[i]);

		if (access(file, W_OK) < 0)
			continue;
		root = xasprintf("%s/bombus-test-who-%d", mounts[i], getpid());
		group = root + strlen(mounts[i]);
		if (mkdir(root, 0755) < 0)
			free(steal_ptr(&root));
	}
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	if (root)
		rmdir(root);
	free(root);
	return failed;
}

// SPDX-License-Identifier: Apache-2.0
/*
 * What the running system knows, checked against what it says by another way. The user database is
 * made up here, so that look-ups can be counted.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <linux/bpf.h>
#include <net/if.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/util.h"
#include "runner/read/text/resolve.h"

#define NOBODY 65534
#define FIRST_USER 1000
#define LAST_USER 9000

static unsigned lookups;

int getpwuid_r(uid_t uid, struct passwd *user, char *line, size_t size, struct passwd **ret)
{
	lookups++;
	*ret = NULL;
	if (uid < FIRST_USER || uid > LAST_USER)
		return 0;
	snprintf(line, size, "user%u", uid);
	*user = (struct passwd){ .pw_name = line, .pw_uid = uid };
	*ret = user;
	return 0;
}

static void assert_resolves(struct resolver *r, enum meaning meaning, uint64_t id, const char *want)
{
	const char *got = resolve(r, meaning, id);

	if (!want) {
		assert_null(got);
		return;
	}
	assert_non_null(got);
	assert_string_equal(got, want);
}

static void test_resolve_remembers(void **state)
{
	struct resolver *r = resolver_new(NULL);

	lookups = 0;
	for (int i = 0; i < 3; i++) {
		assert_resolves(r, MEAN_UID, 1234, "user1234");
		assert_resolves(r, MEAN_UID, 7, NULL);
	}
	assert_int_equal(lookups, 2);
	/* The same number with another meaning is another thing. */
	assert_resolves(r, MEAN_IFINDEX, 1234, NULL);
	assert_resolves(r, MEAN_UID, 1234, "user1234");
	assert_int_equal(lookups, 2);
	resolver_free(r);
}

/* Of many more than it keeps the oldest are gone, the newest are there, and all were right. */
static void test_resolve_is_bounded(void **state)
{
	struct resolver *r = resolver_new(NULL);
	char want[32];

	for (uint64_t uid = FIRST_USER; uid <= LAST_USER; uid++) {
		snprintf(want, sizeof(want), "user%llu", (unsigned long long)uid);
		assert_resolves(r, MEAN_UID, uid, want);
	}
	lookups = 0;
	for (uint64_t uid = FIRST_USER; uid < LAST_USER - 2000; uid++)
		resolve(r, MEAN_UID, uid);
	assert_int_equal(lookups, LAST_USER - 2000 - FIRST_USER);
	lookups = 0;
	for (uint64_t uid = LAST_USER - 2512; uid < LAST_USER - 2000; uid++) {
		snprintf(want, sizeof(want), "user%llu", (unsigned long long)uid);
		assert_resolves(r, MEAN_UID, uid, want);
	}
	assert_int_equal(lookups, 0);
	resolver_free(r);
}

static void test_resolve_ids_that_cannot_be(void **state)
{
	struct resolver *r = resolver_new(NULL);

	assert_resolves(r, MEAN_UID, UINT32_MAX, NULL);
	assert_resolves(r, MEAN_UID, (uint64_t)1 << 40 | 1234, NULL);
	assert_resolves(r, MEAN_GID, UINT64_MAX, NULL);
	assert_resolves(r, MEAN_IFINDEX, 0, NULL);
	assert_resolves(r, MEAN_IFINDEX, UINT64_MAX, NULL);
	assert_resolves(r, MEAN_DEV, UINT64_MAX, NULL);
	assert_resolves(r, MEAN_CGROUP, 0, NULL);
	assert_resolves(r, MEAN_CGROUP, UINT64_MAX, NULL);
	assert_resolves(r, MEAN_KSYM, 0, NULL);
	assert_resolves(r, MEAN_KSYM, 0x1000, NULL);
	assert_resolves(r, MEAN_KSTACK, 1, NULL);
	assert_resolves(r, MEAN_USTACK, (uint64_t)-14, NULL);
	assert_resolves(r, MEAN_NONE, 1, NULL);
	resolver_free(r);
	resolver_free(NULL);
}

static void test_resolve_group_and_interface(void **state)
{
	struct resolver *r = resolver_new(NULL);
	uint64_t value = 0;

	assert_resolves(r, MEAN_GID, 0, "root");
	assert_resolves(r, MEAN_IFINDEX, if_nametoindex("lo"), "lo");
	assert_true(resolve_value(MEAN_UID, "root", &value));
	assert_int_equal(value, 0);
	assert_true(resolve_value(MEAN_GID, "root", &value));
	assert_true(resolve_value(MEAN_IFINDEX, "lo", &value));
	assert_int_equal(value, if_nametoindex("lo"));
	assert_false(resolve_value(MEAN_IFINDEX, "no-such-thing", &value));
	assert_false(resolve_value(MEAN_UID, "no-such-user", &value));
	assert_false(resolve_value(MEAN_DEV, "../../etc", &value));
	assert_false(resolve_value(MEAN_DEV, "..", &value));
	assert_false(resolve_value(MEAN_DEV, "no-such-disk", &value));
	assert_false(resolve_value(MEAN_PID, "1", &value));
	resolver_free(r);
}

static void test_resolve_devices_both_ways(void **state)
{
	struct resolver *r = resolver_new(NULL);
	DIR *dir = opendir("/sys/dev/block");
	struct dirent *e;
	unsigned seen = 0;

	while (dir && (e = readdir(dir))) {
		unsigned major, minor;
		uint64_t dev, value;
		const char *name;

		if (sscanf(e->d_name, "%u:%u", &major, &minor) != 2)
			continue;
		dev = (uint64_t)major << 20 | minor;
		name = resolve(r, MEAN_DEV, dev);
		assert_non_null(name);
		assert_null(strchr(name, '/'));
		assert_true(resolve_value(MEAN_DEV, name, &value));
		assert_int_equal(value, dev);
		seen++;
	}
	if (dir)
		closedir(dir);
	resolver_free(r);
	if (!seen) {
		print_message("no block devices in /sys/dev/block\n");
		skip();
	}
}

/* A folder of its own on the cgroup2 mount; NULL where there is none to write to. */
static char *make_cgroup(uint64_t *ret_id)
{
	static const char *const mounts[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };

	for (size_t i = 0; i < ARRAY_LEN(mounts); i++) {
		_cleanup_free_ char *path =
			xasprintf("%s/bombus-test-%d/in ner", mounts[i], getpid());
		_cleanup_free_ char *procs = xasprintf("%s/cgroup.procs", mounts[i]);
		struct stat st;

		if (access(procs, W_OK) < 0 || make_dirs(path, NULL) < 0 || stat(path, &st) < 0)
			continue;
		*ret_id = st.st_ino;
		return steal_ptr(&path);
	}
	return NULL;
}

static void remove_cgroup(char *path)
{
	rmdir(path);
	*strrchr(path, '/') = '\0';
	rmdir(path);
}

/* In a child, so that its exit status tells: 0 when the id gives the path without privileges. */
static int resolve_as_nobody(uint64_t id, const char *want)
{
	pid_t pid = fork();
	int status = -1;

	if (pid == 0) {
		struct resolver *r = resolver_new(NULL);
		const char *got;

		if (setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
			_exit(2);
		got = resolve(r, MEAN_CGROUP, id);
		_exit(!got || !streq(got, want));
	}
	waitpid(pid, &status, 0);
	return status;
}

static void test_resolve_cgroups(void **state)
{
	struct resolver *r = resolver_new(NULL);
	uint64_t id = 0;
	_cleanup_free_ char *path = make_cgroup(&id);
	_cleanup_free_ char *want = xasprintf("/bombus-test-%d/in ner", getpid());

	if (!path) {
		resolver_free(r);
		print_message("no cgroup2 mount to make a cgroup in\n");
		skip();
		return;
	}
	assert_resolves(r, MEAN_CGROUP, id, want);
	assert_int_equal(resolve_as_nobody(id, want), 0);
	remove_cgroup(path);
	/* It is gone, its last events are not. */
	assert_resolves(r, MEAN_CGROUP, id, want);
	resolver_free(r);
}

static uint64_t address_of(const char *symbol)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	unsigned long long addr = 0, one;
	char name[256], line[1024];

	while (f && !addr && fgets(line, sizeof(line), f))
		if (sscanf(line, "%llx %*c %255s", &one, name) == 2 && streq(name, symbol))
			addr = one;
	if (f)
		fclose(f);
	return addr;
}

static void test_resolve_kernel_symbols(void **state)
{
	struct resolver *r = resolver_new(NULL);
	uint64_t addr = address_of("vfs_read");

	if (addr) {
		assert_resolves(r, MEAN_KSYM, addr, "vfs_read");
		assert_resolves(r, MEAN_KSYM, addr + 5, "vfs_read+0x5");
		assert_resolves(r, MEAN_KSYM, UINT64_MAX, NULL);
	}
	resolver_free(r);
	if (!addr) {
		print_message("/proc/kallsyms shows no addresses\n");
		skip();
	}
}

/* "return bpf_get_stackid(ctx, map, flags)", run once by the kernel's test run. */
static int stack_id_of_a_run(int map_fd, uint32_t flags)
{
	struct bpf_insn insns[] = {
		{ .code = BPF_LD | BPF_DW | BPF_IMM,
		  .dst_reg = 2,
		  .src_reg = BPF_PSEUDO_MAP_FD,
		  .imm = map_fd },
		{ 0 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3, .imm = (int)flags },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_get_stackid },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_test_run_opts, run);
	_cleanup_close_ int prog = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "stackid", "GPL",
						 insns, ARRAY_LEN(insns), NULL);

	if (prog < 0 || bpf_prog_test_run_opts(prog, &run) < 0)
		return -1;
	return (int)run.retval;
}

static void test_resolve_stacks(void **state)
{
	struct resolver *r = resolver_new(NULL);
	_cleanup_close_ int map = bpf_map_create(BPF_MAP_TYPE_STACK_TRACE, "stacks", 4,
						 127 * sizeof(uint64_t), 64, NULL);
	int kernel = map < 0 ? -1 : stack_id_of_a_run(map, 0);
	int user = map < 0 ? -1 : stack_id_of_a_run(map, BPF_F_USER_STACK);

	/* A size that is not the map's would let the kernel write over the end. */
	resolver_set_stacks(r, 0, map, 64);
	if (kernel >= 0)
		assert_null(resolve(r, MEAN_KSTACK, (uint64_t)kernel));
	resolver_free(r);
	r = resolver_new(NULL);
	resolver_set_stacks(r, 0, map, 127);
	assert_resolves(r, MEAN_KSTACK, (uint64_t)-14, NULL);
	if (kernel >= 0) {
		const char *summed = resolve(r, MEAN_KSTACK, (uint64_t)kernel);

		assert_non_null(summed);
		assert_true(strlen(summed) < RESOLVE_MAX);
		if (address_of("vfs_read"))
			assert_non_null(strstr(summed, "bpf_prog_test_run_raw_tp"));
		else
			assert_memory_equal(summed, "0xffff", 6);
		assert_non_null(strchr(summed, ';'));
	}
	if (user >= 0) {
		const char *summed = resolve(r, MEAN_USTACK, (uint64_t)user);

		assert_non_null(summed);
		assert_memory_equal(summed, "0x", 2);
	}
	resolver_free(r);
	if (kernel < 0) {
		print_message("no stack ids from a test run: %s\n", strerror(errno));
		skip();
	}
}

static void test_resolve_keeps_the_clock(void **state)
{
	struct wallclock *clock = wallclock_new();
	struct resolver *r = resolver_new(clock);

	assert_ptr_equal(resolver_clock(r), clock);
	resolver_set_stacks(r, 0, -1, 127);
	resolver_free(r);
	wallclock_free(clock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_resolve_remembers),
		cmocka_unit_test(test_resolve_is_bounded),
		cmocka_unit_test(test_resolve_ids_that_cannot_be),
		cmocka_unit_test(test_resolve_group_and_interface),
		cmocka_unit_test(test_resolve_devices_both_ways),
		cmocka_unit_test(test_resolve_cgroups),
		cmocka_unit_test(test_resolve_kernel_symbols),
		cmocka_unit_test(test_resolve_stacks),
		cmocka_unit_test(test_resolve_keeps_the_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: Apache-2.0
/*
 * tc filters on kernels without tcx, tried on any kernel: they go away with whoever attached them,
 * and the qdisc with them if it was made for them alone. Needs root; works in a network namespace
 * of its own.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/util.h"
#include "runner/load/attach/attach_internal.h"

struct fixture {
	int prog_fd;
	unsigned ifindex;
	struct prog_plan plan;
	struct attach_job job;
};

static void hook_at(const struct fixture *f, enum bpf_tc_attach_point point,
		    struct bpf_tc_hook *ret)
{
	opts_init(ret);
	ret->ifindex = (int)f->ifindex;
	ret->attach_point = point;
}

/* Tells by making it: -EEXIST where it is there already. */
static bool has_qdisc(const struct fixture *f)
{
	struct bpf_tc_hook hook;
	int rc;

	hook_at(f, BPF_TC_INGRESS | BPF_TC_EGRESS, &hook);
	hook.attach_point = BPF_TC_INGRESS;
	rc = bpf_tc_hook_create(&hook);
	if (rc == -EEXIST)
		return true;
	assert_int_equal(rc, 0);
	hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	assert_int_equal(bpf_tc_hook_destroy(&hook), 0);
	return false;
}

/* Asked of a qdisc that is not there, the answer would be "in doubt". */
static bool has_filter(const struct fixture *f, enum bpf_tc_attach_point point)
{
	return has_qdisc(f) && tc_has_filters(f->ifindex, point == BPF_TC_EGRESS);
}

static bool comes_true(bool (*what)(const struct fixture *f), const struct fixture *f)
{
	for (int i = 0; i < 200 && !what(f); i++)
		usleep(10000);
	return what(f);
}

static bool is_clean(const struct fixture *f)
{
	return !has_qdisc(f);
}

static int setup(void **state)
{
	static const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = -1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	struct fixture *f = xcalloc(1, sizeof(*f));
	const char *target;

	f->ifindex = if_nametoindex("lo");
	f->prog_fd = bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "pass", "GPL", pass, 2, NULL);
	f->plan = (struct prog_plan){ .name = "pass", .section = "tc", .target = "lo:ingress" };
	f->job = (struct attach_job){ .list = attachments_new(),
				      .plan = &f->plan,
				      .type = hook_of("tc", &target) };
	*state = f;
	return f->prog_fd < 0 || !f->ifindex ? -1 : 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	struct bpf_tc_hook hook;

	hook_at(f, BPF_TC_INGRESS | BPF_TC_EGRESS, &hook);
	attachments_free(f->job.list);
	bpf_tc_hook_destroy(&hook);
	close(f->prog_fd);
	free(f);
	return 0;
}

static void attach(struct fixture *f, bool egress)
{
	struct err err = { 0 };

	if (attach_tc_clsact(&f->job, f->prog_fd, f->ifindex, egress, &err) < 0)
		fail_msg("%s", err.msg);
}

static void detach(struct fixture *f)
{
	attachments_free(f->job.list);
	f->job.list = attachments_new();
}

static void test_tc_both_ways_leave_nothing(void **state)
{
	struct fixture *f = *state;

	attach(f, false);
	attach(f, true);
	assert_true(has_filter(f, BPF_TC_INGRESS));
	assert_true(has_filter(f, BPF_TC_EGRESS));
	detach(f);
	assert_false(has_qdisc(f));
}

static void test_tc_qdisc_of_others_stays(void **state)
{
	struct fixture *f = *state;
	struct bpf_tc_hook hook;

	hook_at(f, BPF_TC_INGRESS, &hook);
	assert_int_equal(bpf_tc_hook_create(&hook), 0);
	attach(f, false);
	assert_true(has_filter(f, BPF_TC_INGRESS));
	detach(f);
	assert_false(has_filter(f, BPF_TC_INGRESS));
	assert_true(has_qdisc(f));
}

static void test_tc_filter_of_others_stays(void **state)
{
	struct fixture *f = *state;
	struct bpf_tc_hook hook;
	struct bpf_tc_opts opts;

	hook_at(f, BPF_TC_EGRESS, &hook);
	opts_init(&opts);
	opts.prog_fd = f->prog_fd;
	attach(f, false);
	assert_int_equal(bpf_tc_attach(&hook, &opts), 0);
	detach(f);
	assert_false(has_filter(f, BPF_TC_INGRESS));
	assert_true(has_filter(f, BPF_TC_EGRESS));
}

static void test_tc_killed_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	int ready[2], status;
	pid_t child;
	char byte;

	assert_int_equal(pipe(ready), 0);
	child = fork();
	if (child == 0) {
		attach(f, false);
		_exit(write(ready[1], "x", 1) == 1 ? pause() : 1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_true(has_filter(f, BPF_TC_INGRESS));
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	assert_true(comes_true(is_clean, f));
	close(ready[0]);
	close(ready[1]);
}

/* The guard of this process, by its name. */
static pid_t find_guard(pid_t owner)
{
	_cleanup_free_ char *path = xasprintf("/proc/%d/task/%d/children", (int)owner, (int)owner);
	_cleanup_free_ void *text = NULL;
	size_t len;

	if (read_file(path, 4096, &text, &len, NULL) < 0)
		return 0;
	return (pid_t)strtol(text, NULL, 10);
}

static void test_tc_guard_keeps_one_capability(void **state)
{
	struct fixture *f = *state;
	_cleanup_free_ char *path = NULL;
	pid_t guard;
	bool least = false;

	attach(f, false);
	guard = find_guard(getpid());
	if (!guard)
		skip();
	path = xasprintf("/proc/%d/status", (int)guard);
	for (int i = 0; i < 200 && !least; i++) {
		_cleanup_free_ void *text = NULL;
		size_t len;

		usleep(10000);
		assert_int_equal(read_file(path, 1 << 16, &text, &len, NULL), 0);
		least = strstr(text, "CapEff:\t0000000000001000") &&
			strstr(text, "CapPrm:\t0000000000001000");
	}
	assert_true(least);
	detach(f);
	assert_false(has_qdisc(f));
}

/* Owner and guard are both killed: the next start removes what they left, and nothing else. */
static void test_tc_next_start_removes_orphans(void **state)
{
	struct fixture *f = *state;
	int ready[2], status;
	pid_t child, guard;
	char byte;

	assert_int_equal(pipe(ready), 0);
	child = fork();
	if (child == 0) {
		attach(f, false);
		usleep(200000); /* the guard's note is written */
		_exit(write(ready[1], "x", 1) == 1 ? pause() : 1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	guard = find_guard(child);
	if (!guard)
		skip();
	kill(guard, SIGKILL);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	usleep(50000);
	assert_true(has_filter(f, BPF_TC_INGRESS));
	attach(f, true);
	assert_false(has_filter(f, BPF_TC_INGRESS));
	assert_true(has_filter(f, BPF_TC_EGRESS));
	detach(f);
	assert_false(has_qdisc(f));
	close(ready[0]);
	close(ready[1]);
}

/* The loopback interface of a new namespace is down, which tc does not mind. */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_tc_both_ways_leave_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tc_qdisc_of_others_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tc_filter_of_others_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tc_killed_leaves_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tc_guard_keeps_one_capability, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_tc_next_start_removes_orphans, setup,
						teardown),
	};

	char notes[] = "/tmp/bombus-tc.XXXXXX";
	int failed;

	libbpf_set_print(NULL);
	if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0) {
		printf("1..0 # SKIP not root: no network namespace can be made\n");
		return 0;
	}
	assert_non_null(mkdtemp(notes));
	setenv("RUNTIME_DIRECTORY", notes, 1);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	/* Every note is gone with its filter. */
	if (rmdir(notes) < 0) {
		perror(notes);
		failed++;
	}
	return failed;
}

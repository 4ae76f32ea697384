// SPDX-License-Identifier: Apache-2.0
/* Text to meaning, without a kernel: sections, the words of --attach, the verifier's log. */
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/util.h"
#include "runner/load/attach/attach_internal.h"
#include "runner/load/kernel/bpflog.h"
#include "runner/load/kernel/verifier.h"

static void test_hook_sections(void **state)
{
	static const struct {
		const char *section, *target;
		enum hook hook;
		bool ret, needs;
	} cases[] = {
		{ "tracepoint/sock/inet_sock_set_state", "sock/inet_sock_set_state",
		  HOOK_TRACEPOINT, false, false },
		{ "tp", "", HOOK_TRACEPOINT, false, true },
		{ "raw_tp.w/x", "x", HOOK_RAW_TP, false, false },
		{ "fexit.s/f", "f", HOOK_FENTRY, true, false },
		{ "kprobe.multi/tcp_*", "tcp_*", HOOK_KPROBE_MULTI, false, false },
		{ "uretprobe//bin/x:y", "/bin/x:y", HOOK_UPROBE, true, false },
		{ "perf_event/cpu-clock:99", "cpu-clock:99", HOOK_PERF_EVENT, false, false },
		{ "perf_event", "", HOOK_PERF_EVENT, false, true },
		{ "tc/ingress", "ingress", HOOK_TC, false, true },
		{ "tc/eth0:ingress", "eth0:ingress", HOOK_TC, false, false },
		{ "cgroup/connect4", "connect4", HOOK_CGROUP, false, true },
		{ "sockops", "", HOOK_CGROUP, false, true },
		{ "sk_lookup", "", HOOK_NETNS, false, false },
		{ "xdp/devmap", "devmap", HOOK_NONE, false, false },
		{ "xdp.frags/cpumap", "cpumap", HOOK_NONE, false, false },
		{ "xdp", "", HOOK_XDP, false, true },
		{ "iter/task", "task", HOOK_ITER, false, false },
		{ "struct_ops/x", "x", HOOK_FOREIGN, false, false },
		{ "kprobes/x", "x", HOOK_UNKNOWN, false, false },
		{ "kprob", "", HOOK_UNKNOWN, false, false },
		{ "", "", HOOK_UNKNOWN, false, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *target;
		const struct hook_type *type = hook_of(cases[i].section, &target);

		assert_int_equal(type->hook, cases[i].hook);
		assert_string_equal(target, cases[i].target);
		assert_int_equal(type->ret, cases[i].ret);
		assert_int_equal(hook_needs_target(type, target), cases[i].needs);
	}
}

static void test_target_words(void **state)
{
	static const struct {
		const char *word, *head;
		int64_t pid;
		uint64_t period;
		size_t files;
		bool bad;
	} cases[] = {
		{ "/bin/x:f", "/bin/x:f", -1, 0, 0, false },
		{ "/bin/x:f,pid=12", "/bin/x:f", 12, 0, 0, false },
		{ "pid=12", "", 12, 0, 0, false },
		{ "/a,b/c:f,pid=1", "/a,b/c:f", 1, 0, 0, false },
		{ "cycles,period=1000,pid=3", "cycles", 3, 1000, 0, false },
		{ "", "", -1, 0, 0, false },
		{ "files=7", "", -1, 0, 1, false },
		{ "libc:f,files=8,files=7", "libc:f", -1, 0, 2, false },
		{ "libc:f,files=0", NULL, 0, 0, 0, true },
		{ "files=x", NULL, 0, 0, 0, true },
		{ "/bin/x:f,pid=0", NULL, 0, 0, 0, true },
		{ "/bin/x:f,pid=-1", NULL, 0, 0, 0, true },
		{ "/bin/x:f,pid=99999999999", NULL, 0, 0, 0, true },
		{ "cycles,period=0", NULL, 0, 0, 0, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct target target = { 0 };
		struct err err = { 0 };
		int rc = target_parse(cases[i].word, &target, &err);

		assert_int_equal(rc < 0, cases[i].bad);
		if (cases[i].bad) {
			assert_int_equal(err.exit, EXIT_USAGE);
			continue;
		}
		assert_string_equal(target.head, cases[i].head);
		assert_int_equal(target.pid, cases[i].pid);
		assert_int_equal(target.period, cases[i].period);
		assert_int_equal(target.nfiles, cases[i].files);
		for (size_t k = 0; k < target.nfiles; k++)
			assert_int_equal(target.files[k], 7 + k);
		assert_false(target.none);
		target_release(&target);
	}
}

static const char rejected[] = "func#0 @0\n"
			       "0: R1=ctx(off=0,imm=0) R10=fp0\n"
			       "; (*value)++;\n"
			       "7: (79) r1 = *(u64 *)(r0 +0)\n"
			       "R0 invalid mem access 'map_value_or_null'\n"
			       "processed 7 insns (limit 1000000) max_states_per_insn 0\n";

static void test_verifier_verdict(void **state)
{
	char line[128];

	assert_true(verifier_verdict(rejected, line, sizeof(line)));
	assert_string_equal(line, "R0 invalid mem access 'map_value_or_null'");
	assert_true(verifier_verdict("infinite loop detected at insn 2\ncur state: R1=scalar()\n"
				     "old state: R1=scalar()\n",
				     line, sizeof(line)));
	assert_string_equal(line, "infinite loop detected at insn 2");
	assert_non_null(strstr(verifier_advice(line), "bpf_loop()"));
	assert_null(verifier_advice("something new"));
	assert_true(verifier_verdict("R0 !read_ok", line, sizeof(line)));
	assert_string_equal(line, "R0 !read_ok");
	assert_false(verifier_verdict("", line, sizeof(line)));
	assert_false(
		verifier_verdict("processed 0 insns\n\n; x\n3: (95) exit\n", line, sizeof(line)));
	/* What does not fit is cut, not overrun. */
	assert_true(verifier_verdict(rejected, line, 8));
	assert_string_equal(line, "R0 inva");
}

static void test_verifier_tail(void **state)
{
	char text[4096], small[16], longer[8192] = "";
	size_t lines = 0, len = 0;

	verifier_tail(rejected, text, sizeof(text));
	assert_non_null(strstr(text, "(*value)++"));
	assert_null(strstr(text, "processed"));
	verifier_tail("", text, sizeof(text));
	assert_string_equal(text, "");
	verifier_tail(rejected, small, sizeof(small));
	assert_true(strlen(small) < sizeof(small));

	for (int i = 0; i < 200; i++)
		len += (size_t)snprintf(longer + len, sizeof(longer) - len, "line %d\n", i);
	verifier_tail(longer, text, sizeof(text));
	for (const char *p = text; *p; p++)
		lines += *p == '\n';
	assert_in_range(lines, 10, 40);
	assert_non_null(strstr(text, "line 199\n"));
	assert_null(strstr(text, "line 100\n"));
}

static void test_verifier_causes(void **state)
{
	char line[256];

	assert_true(verifier_core_failure(
		"1: <invalid CO-RE relocation>\nfailed to resolve CO-RE relocation <byte_off> [20] "
		"struct task_struct.gone (0:0 @ offset 0)\nprocessed 2 insns\n",
		line, sizeof(line)));
	assert_string_equal(line, "'struct task_struct.gone'");
	assert_true(
		verifier_core_failure("failed to resolve CO-RE relocation ", line, sizeof(line)));
	assert_false(verifier_core_failure(rejected, line, sizeof(line)));

	assert_true(verifier_unknown_call("unknown func bpf_loop#181\n", line, sizeof(line)));
	assert_non_null(strstr(line, "the helper bpf_loop()"));
	assert_true(verifier_unknown_call(
		"program of this type cannot use helper bpf_skb_pull_data#39\n", line,
		sizeof(line)));
	assert_non_null(strstr(line, "the helper bpf_skb_pull_data()"));
	assert_true(verifier_unknown_call("calling kernel function bpf_task_acquire is not "
					  "allowed\n",
					  line, sizeof(line)));
	assert_non_null(strstr(line, "the kernel function bpf_task_acquire()"));
	assert_true(verifier_unknown_call("invalid func unknown#999\n", line, sizeof(line)));
	assert_true(verifier_unknown_call("unknown func unknown#212\n", line, sizeof(line)));
	assert_string_equal(line, "this kernel does not know a helper that the program calls");
	assert_false(verifier_unknown_call(rejected, line, sizeof(line)));
}

/* Something that libbpf warns about, without a kernel. */
static void provoke(void)
{
	btf__free(btf__parse("/dev/null/nothing", NULL));
	bpf_object__close(bpf_object__open_mem("no ELF", 6, NULL));
}

static void test_bpflog_keeps_warnings(void **state)
{
	_cleanup_free_ struct bpflog *log = xcalloc(1, sizeof(*log));

	bpflog_begin(log);
	provoke();
	bpflog_end(log);
	assert_non_null(strstr(log->warnings, "libbpf: "));
	assert_int_equal(log->warnings[strlen(log->warnings) - 1], '\n');

	/* Bounded, whole lines, the last ones. */
	bpflog_begin(log);
	assert_string_equal(log->warnings, "");
	for (int i = 0; i < 1000; i++)
		provoke();
	bpflog_end(log);
	assert_true(strlen(log->warnings) < sizeof(log->warnings));
	assert_true(strlen(log->warnings) > sizeof(log->warnings) / 2);
	assert_true(has_prefix(log->warnings, "libbpf: "));

	/* Nothing is kept once it is over. */
	bpflog_begin(log);
	bpflog_end(log);
	provoke();
	assert_string_equal(log->warnings, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hook_sections),
		cmocka_unit_test(test_target_words),
		cmocka_unit_test(test_verifier_verdict),
		cmocka_unit_test(test_verifier_tail),
		cmocka_unit_test(test_verifier_causes),
		cmocka_unit_test(test_bpflog_keeps_warnings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

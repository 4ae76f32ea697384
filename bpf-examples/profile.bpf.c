// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Stacks of the code that runs, sampled 99 times a second on each CPU. Each sample stands for a
 * ninety-ninth of a second. Another rate, or another event:
 *
 *	bombus run profile --attach on_sample=cpu-clock:997
 *	bombus run profile --attach on_sample=cycles:99
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/bombus.bpf.h>

BOMBUS_FILTERS;
const volatile bool kernel_only BOMBUS_PARAM BOMBUS_HELP("only samples in the kernel") = false;
const volatile bool user_only BOMBUS_PARAM BOMBUS_HELP("only samples in programs") = false;
const volatile bool with_idle BOMBUS_PARAM BOMBUS_HELP("also CPUs that have nothing to do") = false;

BOMBUS_STACKS(stacks, 16384);

struct sample_key {
	pid_t pid BOMBUS_HELP("process");
	char comm[BOMBUS_COMM_LEN] BOMBUS_HELP("name of the thread");
	ustack_id user BOMBUS_HELP("stack of the program");
	kstack_id kernel BOMBUS_HELP("stack of the kernel, if the sample is there");
};

BOMBUS_LOST(print_samples);
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct sample_key);
	__type(value, __u64);
} print_samples SEC(".maps") BOMBUS_HELP("samples by stack");

/* For metrics: no stacks, and no series a process. */
enum sampled {
	SAMPLED_USER,
	SAMPLED_KERNEL,
	SAMPLED_IDLE,
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 3);
	__type(key, enum sampled);
	__type(value, __u64);
} cpu_samples SEC(".maps.counter") BOMBUS_HELP("samples by what the CPU did");

static __always_inline void count(enum sampled where)
{
	__u64 *samples = bpf_map_lookup_elem(&cpu_samples, &where);

	if (samples)
		bombus_add(samples, 1);
}

SEC("perf_event/cpu-clock:99")
int on_sample(struct bpf_perf_event_data *ctx)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	struct sample_key key = {};

	if (bombus_filtered())
		return 0;
	/* 0 is the idle thread of every CPU. */
	if (!(__u32)pid_tgid && !with_idle) {
		count(SAMPLED_IDLE);
		return 0;
	}
	/* Without a stack of the kernel the sample is in the program. */
	key.kernel = bpf_get_stackid(ctx, &stacks, 0);
	if (key.kernel == -14 /* EFAULT */ ? kernel_only : user_only)
		return 0;
	/* 0 would be a stack. */
	key.user = kernel_only ? -2 /* ENOENT */
			       : bpf_get_stackid(ctx, &stacks, BPF_F_USER_STACK);
	count((__u32)pid_tgid ? key.kernel < 0 ? SAMPLED_USER : SAMPLED_KERNEL : SAMPLED_IDLE);
	key.pid = pid_tgid >> 32;
	bpf_get_current_comm(key.comm, sizeof(key.comm));
	bombus_count(&print_samples, &key, 1);
	return 0;
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("sampled stacks of the code that runs on the CPUs") = "GPL";

// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* Programs that the kernel refuses, each for a reason of its own; to be chosen with --only. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} values SEC(".maps");

struct task_struct___unheard_of {
	int no_such_member;
} __attribute__((preserve_access_index));

/* Not checked against NULL. */
SEC("raw_tp/sys_enter") int null(void *ctx)
{
	__u32 zero = 0;
	__u64 *value = bpf_map_lookup_elem(&values, &zero);

	(*value)++;
	return 0;
}

SEC("raw_tp/sys_enter") int core(void *ctx)
{
	struct task_struct___unheard_of *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, no_such_member);
}

SEC("raw_tp/sys_enter") int helper(void *ctx)
{
	static long (*no_such_helper)(void) = (void *)999;

	return no_such_helper();
}

SEC("raw_tp/sys_enter") int wrong_helper(void *ctx)
{
	return bpf_skb_pull_data(ctx, 0);
}

SEC("fentry/tcp_v4_connct") int BPF_PROG(misspelt)
{
	return 0;
}

SEC("tp_btf/sched_process_exti") int BPF_PROG(misspelt_tp)
{
	return 0;
}

SEC("tracepoint/sched/sched_process_exti") int misspelt_event(void *ctx)
{
	return 0;
}

SEC("tracepoint/task/sched_process_exit") int wrong_category(void *ctx)
{
	return 0;
}

SEC("raw_tp/sched_process_exti") int misspelt_raw(void *ctx)
{
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

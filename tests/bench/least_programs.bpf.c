// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * The least that each of some programs can be: the same job without filters, labels and counted
 * loss, written by hand. tests/bench/programs.sh measures the programs beside these.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>

#define SLOTS 64

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u64);
} calls SEC(".maps.counter");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SLOTS);
	__type(key, __u32);
	__type(value, __u64);
} slots SEC(".maps.counter");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, __u64);
} since SEC(".maps");

static __always_inline void count(void *map, __u32 key)
{
	__u64 one = 1, *value = bpf_map_lookup_elem(map, &key);

	if (value)
		*value += 1;
	else
		bpf_map_update_elem(map, &key, &one, BPF_NOEXIST);
}

static __always_inline void observe(__u64 value)
{
	__u32 slot = 0;

	for (__u32 step = 32; step; step /= 2) {
		if (value >> step) {
			value >>= step;
			slot += step;
		}
	}
	count(&slots, slot & (SLOTS - 1));
}

/* syscount */
SEC("tp_btf/sys_enter")
int BPF_PROG(least_syscount, struct pt_regs *regs, long id)
{
	count(&calls, (__u32)id);
	return 0;
}

/* cpudist */
SEC("tp_btf/sched_switch")
int BPF_PROG(least_cpudist, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	__u32 from = prev->pid, to = next->pid;
	__u64 now_ns = bpf_ktime_get_ns(), *since_ns;

	since_ns = bpf_map_lookup_elem(&since, &from);
	if (since_ns)
		observe((now_ns - *since_ns) / 1000);
	bpf_map_update_elem(&since, &to, &now_ns, BPF_ANY);
	return 0;
}

/* softirqs: its begin is one of two events */
SEC("tp_btf/softirq_entry")
int BPF_PROG(least_softirqs_entry, unsigned int vector)
{
	__u32 cpu = bpf_get_smp_processor_id();
	__u64 now_ns = bpf_ktime_get_ns();

	bpf_map_update_elem(&since, &cpu, &now_ns, BPF_ANY);
	return 0;
}

SEC("tp_btf/softirq_exit")
int BPF_PROG(least_softirqs_exit, unsigned int vector)
{
	__u32 cpu = bpf_get_smp_processor_id();
	__u64 *since_ns = bpf_map_lookup_elem(&since, &cpu);

	if (since_ns)
		observe(bpf_ktime_get_ns() - *since_ns);
	return 0;
}

/* futexctn */
SEC("tracepoint/syscalls/sys_enter_futex")
int least_futexctn_enter(struct trace_event_raw_sys_enter *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();
	__u64 now_ns = bpf_ktime_get_ns();

	bpf_map_update_elem(&since, &tid, &now_ns, BPF_ANY);
	return 0;
}

SEC("tracepoint/syscalls/sys_exit_futex")
int least_futexctn_exit(struct trace_event_raw_sys_exit *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();
	__u64 *since_ns = bpf_map_lookup_elem(&since, &tid);

	if (since_ns)
		observe(bpf_ktime_get_ns() - *since_ns);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

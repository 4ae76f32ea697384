// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * How long threads that could run wait for a CPU: from being woken, or put aside by another, to
 * running. Wakeups happen anywhere, so the filters are about the thread that waits.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/histogram.bpf.h>

#define TASK_RUNNABLE 0

BOMBUS_FILTERS;
const volatile bool by_comm BOMBUS_PARAM BOMBUS_HELP("a series for each thread name") = false;
const volatile duration_us min_us BOMBUS_PARAM BOMBUS_HELP("only waits of at least this") = 0;

struct wait_key {
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("thread name, with by_comm");
	__u32 bucket;
};

BOMBUS_HISTOGRAM(runq_latency, struct wait_key, 16384)
BOMBUS_UNIT("us") BOMBUS_HELP("time that threads wait for a CPU");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, __u64);
} waiting SEC(".maps") BOMBUS_HELP("since when a thread could run, by thread id");

static __always_inline void begin(const struct task_struct *task)
{
	__u32 tid = BPF_CORE_READ(task, pid);
	__u64 now_ns = bpf_ktime_get_ns();

	/* 0 is the idle thread of every CPU. */
	if (!tid || bombus_task_filtered(task))
		return;
	if (bpf_map_update_elem(&waiting, &tid, &now_ns, BPF_ANY))
		bombus_lost(&runq_latency);
}

static __always_inline void end(const struct task_struct *task)
{
	__u32 tid = BPF_CORE_READ(task, pid);
	__u64 *since_ns = bpf_map_lookup_elem(&waiting, &tid);
	struct wait_key key = {};
	__u64 took_us;

	if (!since_ns)
		return;
	took_us = (bpf_ktime_get_ns() - *since_ns) / 1000;
	bpf_map_delete_elem(&waiting, &tid);
	if (took_us < min_us)
		return;
	if (by_comm)
		BPF_CORE_READ_STR_INTO(&key.comm, task, comm);
	bombus_histogram_observe(&runq_latency, &key, took_us);
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(on_wakeup, struct task_struct *task)
{
	begin(task);
	return 0;
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(on_wakeup_new, struct task_struct *task)
{
	begin(task);
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	/* Put aside while it could have gone on. */
	if (preempt || BPF_CORE_READ(prev, __state) == TASK_RUNNABLE)
		begin(prev);
	end(next);
	return 0;
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("how long runnable threads wait for a CPU, as a histogram") = "GPL";

// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * How long threads stay on their CPU, and why they leave it. For the time that they are off it, see
 * offcputime.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/histogram.bpf.h>

#define TASK_RUNNABLE 0

BOMBUS_FILTERS;
const volatile bool by_comm BOMBUS_PARAM BOMBUS_HELP("a series for each thread name") = false;

enum cpu_end {
	RUN_ENDS_BY_SLEEP,	/* or its end */
	RUN_ENDS_BY_PREEMPTION, /* it could have gone on */
};

struct run_key {
	enum cpu_end end BOMBUS_LABEL BOMBUS_HELP("why the thread left its CPU");
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("thread name, with by_comm");
	__u32 bucket;
};
BOMBUS_HISTOGRAM(cpu_time, struct run_key, 16384)
BOMBUS_UNIT("us") BOMBUS_HELP("time that threads stay on their CPU");

struct run {
	__u64 since_ns;
	__u32 tid;
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct run);
} runs SEC(".maps") BOMBUS_HELP("what runs, and since when");

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	__u64 now_ns = bpf_ktime_get_ns();
	struct run_key key = {};
	struct run *run;
	__u32 zero = 0;

	run = bpf_map_lookup_elem(&runs, &zero);
	if (!run)
		return 0;
	if (run->tid && run->tid == (__u32)prev->pid) {
		key.end = preempt || prev->__state == TASK_RUNNABLE ? RUN_ENDS_BY_PREEMPTION
								    : RUN_ENDS_BY_SLEEP;
		if (by_comm)
			BPF_CORE_READ_STR_INTO(&key.comm, prev, comm);
		bombus_histogram_observe(&cpu_time, &key, (now_ns - run->since_ns) / 1000);
	}
	run->tid = bombus_task_filtered(next) ? 0 : next->pid;
	run->since_ns = now_ns;
	return 0;
}

char LICENSE[] SEC("license") BOMBUS_HELP("how long threads stay on their CPU") = "GPL";

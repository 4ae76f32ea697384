// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * How long a traced thread stood still because its cgroup had used up its CPU quota: from being
 * taken off its CPU until it runs again, below the span of the program that the thread works for.
 *
 * The program says so itself, through libbombus-trace (demos/cfs-throttling.c):
 *
 *	bombus run cfs-throttling-trace --attach on_trace=/path/of/the/program
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bpf/usdt.bpf.h>
#include <bombus/trace.bpf.h>

#define NO_QUOTA (~0ULL) /* the kernel's RUNTIME_INF */
#define GROUPS_DEEP 16

BOMBUS_FILTERS;

struct throttled_span {
	struct span_base span_base;
	__u32 cpu BOMBUS_HELP("the CPU it runs on again");
	struct {
		pid_t pid BOMBUS_HELP("process");
	} process;
	struct {
		pid_t id BOMBUS_HELP("thread");
		char name[BOMBUS_COMM_LEN] BOMBUS_HELP("its name");
	} thread;
	duration quota BOMBUS_HELP("CPU time that its group has in each period");
	duration period BOMBUS_HELP("length of a period");
};

BOMBUS_SPANS(throttled_spans, struct throttled_span, 1 << 20)
BOMBUS_SERVICE("kernel") BOMBUS_SPAN("throttled") BOMBUS_HELP("traced threads without quota");

BOMBUS_FOLLOW_THREADS;

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, __u64);
} throttled SEC(".maps") BOMBUS_HELP("since when traced threads have no quota, by thread id");

/* Since 6.18 each thread stops by itself, on its way back to user space, and says so. */
struct task_struct___6_18 {
	bool throttled;
} __attribute__((preserve_access_index));

/* Before, the whole queue of the group did, on that CPU and for every group in it. */
static __always_inline bool is_throttled(const struct task_struct *task)
{
	const struct task_struct___6_18 *newer = (const void *)task;

	if (bpf_core_field_exists(newer->throttled))
		return BPF_CORE_READ(newer, throttled);
	return BPF_CORE_READ(task, se.cfs_rq, throttle_count) > 0;
}

/* The nearest of the task's groups that has a quota. */
static __always_inline void read_quota(struct throttled_span *s, const struct task_struct *task)
{
	const struct task_group *group = BPF_CORE_READ(task, sched_task_group);

	for (int i = 0; i < GROUPS_DEEP && group; i++) {
		if (BPF_CORE_READ(group, cfs_bandwidth.quota) != NO_QUOTA) {
			s->quota = BPF_CORE_READ(group, cfs_bandwidth.quota);
			s->period = BPF_CORE_READ(group, cfs_bandwidth.period);
			return;
		}
		group = BPF_CORE_READ(group, parent);
	}
}

static __always_inline void report(const struct task_struct *task, const struct span_parent *parent,
				   __u64 since_ns)
{
	struct throttled_span *s;

	s = bombus_span_reserve(&throttled_spans, struct throttled_span, parent);
	if (!s)
		return;
	s->span_base.span_duration_ns = s->span_base.span_monotonic_timestamp_ns - since_ns;
	s->span_base.span_monotonic_timestamp_ns = since_ns;
	s->cpu = bpf_get_smp_processor_id();
	s->process.pid = BPF_CORE_READ(task, tgid);
	s->thread.id = BPF_CORE_READ(task, pid);
	BPF_CORE_READ_STR_INTO(&s->thread.name, task, comm);
	read_quota(s, task);
	bpf_ringbuf_submit(s, 0);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	__u32 from = prev->pid, to = next->pid;
	__u64 now_ns = bpf_ktime_get_ns(), *since_ns;
	struct span_parent *parent;

	if (bombus_parent_get(&followed_threads, &from) && is_throttled(prev) &&
	    bpf_map_update_elem(&throttled, &from, &now_ns, BPF_ANY))
		bombus_lost(&throttled_spans);
	parent = bombus_parent_get(&followed_threads, &to);
	since_ns = parent ? bpf_map_lookup_elem(&throttled, &to) : NULL;
	if (!since_ns)
		return 0;
	report(next, parent, *since_ns);
	bpf_map_delete_elem(&throttled, &to);
	return 0;
}

char LICENSE[] SEC("license") BOMBUS_HELP(
	"how long a traced thread stands still because its cgroup used up its CPU quota") = "GPL";

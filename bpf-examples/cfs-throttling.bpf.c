// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * How often and how long cgroups are throttled because they used up their CPU quota. The kernel
 * counts this itself: before each sweep an iterator walks over the processes and takes the counts
 * of their cgroups, and nothing runs in between. Cgroups without a process are not seen; cgroups
 * without a quota have no counts.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/bombus.bpf.h>

#define NO_QUOTA (~0ULL) /* the kernel's RUNTIME_INF */
#define GROUPS_DEEP 16

BOMBUS_OWNER_FILTERS;

struct group_key {
	cgroup_id cgroup BOMBUS_LABEL
		BOMBUS_HELP("the group, of the hierarchy of the CPU controller");
	char name[64] BOMBUS_LABEL BOMBUS_HELP("last part of its path");
};
struct group_value {
	__u64 periods BOMBUS_COUNTER BOMBUS_HELP("periods in which the group ran");
	__u64 throttled_periods BOMBUS_COUNTER BOMBUS_HELP("of these: it used up its quota");
	duration throttled_time BOMBUS_COUNTER BOMBUS_HELP("time without quota, all CPUs together");
	duration quota BOMBUS_GAUGE BOMBUS_HELP("CPU time that it has in each period");
	duration period BOMBUS_GAUGE BOMBUS_HELP("length of a period");
};
BOMBUS_LOST(cfs_throttling);
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct group_key);
	__type(value, struct group_value);
} cfs_throttling SEC(".maps.counter") BOMBUS_HELP("groups with a CPU quota");

static __always_inline void take(const struct task_group *group)
{
	struct group_value value = {};
	struct group_key key = {};

	value.quota = BPF_CORE_READ(group, cfs_bandwidth.quota);
	if (value.quota == NO_QUOTA)
		return;
	value.period = BPF_CORE_READ(group, cfs_bandwidth.period);
	value.periods = BPF_CORE_READ(group, cfs_bandwidth.nr_periods);
	value.throttled_periods = BPF_CORE_READ(group, cfs_bandwidth.nr_throttled);
	value.throttled_time = BPF_CORE_READ(group, cfs_bandwidth.throttled_time);
	key.cgroup = BPF_CORE_READ(group, css.cgroup, kn, id);
	bpf_probe_read_kernel_str(key.name, sizeof(key.name),
				  BPF_CORE_READ(group, css.cgroup, kn, name));
	bombus_update(&cfs_throttling, &key, &value, BPF_ANY);
}

SEC("iter/task")
BOMBUS_AT_SWEEP int take_groups(struct bpf_iter__task *ctx)
{
	const struct task_group *group;
	const struct task_struct *task = ctx->task;

	if (!task || task->pid != task->tgid ||
	    bombus_owner_filtered(task->tgid, bombus_task_cgroup(task)))
		return 0;
	group = BPF_CORE_READ(task, sched_task_group);
	for (int i = 0; i < GROUPS_DEEP && group; i++) {
		take(group);
		group = BPF_CORE_READ(group, parent);
	}
	return 0;
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("how long cgroups are throttled by their CPU quota") = "GPL";

// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * What ebpf_exporter gives a program besides its maps' output: an address of the kernel, a mark
 * once all programs are attached, and maps with the cgroups that expressions match.
 */
#include "exporter.bpf.h"
#include "run.bpf.h"
#include <bpf/bpf_tracing.h>

const volatile __u64 kaddr_schedule = 0;

MAP(address, BPF_MAP_TYPE_ARRAY, 1, __u32);
MAP(groups, BPF_MAP_TYPE_HASH, 16384, __u64);
MAP(rounds_by_cgroup, BPF_MAP_TYPE_HASH, 2, __u64);
MAP(rounds_by_storage, BPF_MAP_TYPE_HASH, 2, __u64);

struct {
	__uint(type, BPF_MAP_TYPE_CGRP_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u64);
} stored SEC(".maps");

SEC("uprobe//proc/self/exe:post_attach_mark")
int on_mark(void *ctx)
{
	__u32 zero = 0;
	__u64 addr = kaddr_schedule & 0xffffffff;

	bpf_map_update_elem(&address, &zero, &addr, BPF_ANY);
	return 0;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(on_call, struct pt_regs *regs, long nr)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u64 *found, key;

	if (!target_pid || bpf_get_current_pid_tgid() >> 32 != target_pid || nr != 110)
		return 0;
	found = bpf_cgrp_storage_get(&stored, task->cgroups->dfl_cgrp, 0,
				     BPF_LOCAL_STORAGE_GET_F_CREATE);
	key = found ? *found : 9;
	add_one(&rounds_by_storage, &key);
	key = bpf_get_current_cgroup_id();
	add_one(&rounds_by_cgroup, &key);
	return 0;
}

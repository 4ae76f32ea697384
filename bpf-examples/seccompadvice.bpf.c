// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * System calls that a container (a cgroup) uses, for its seccomp profile. The section of the
 * program in docs/programs/security.md shows how to make a profile of them.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/bombus.bpf.h>

BOMBUS_FILTERS;

struct use {
	cgroup_id cgroup BOMBUS_LABEL BOMBUS_HELP("cgroup: the container");
	syscall_t syscall BOMBUS_LABEL BOMBUS_HELP("system call");
	__u32 unused BOMBUS_HIDE;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct use);
	__type(value, __u64);
} allowed SEC(".maps.counter") BOMBUS_HELP("system calls that are used");
BOMBUS_LOST(allowed);

SEC("tracepoint/raw_syscalls/sys_enter")
int on_call(struct trace_event_raw_sys_enter *ctx)
{
	struct use use = {};

	if (ctx->id < 0 || bombus_filtered())
		return 0;
	use.cgroup = bpf_get_current_cgroup_id();
	use.syscall = ctx->id;
	bombus_count(&allowed, &use, 1);
	return 0;
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("system calls that a container uses, for its seccomp profile") = "GPL";

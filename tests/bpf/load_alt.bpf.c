// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Alternatives. `job` has three that end with what every kernel has; `lost` has none that works;
 * `first` works at once, so that its others are not tried. `which` says who ran.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

const volatile __u32 target_pid = 0;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, char[16]);
	__type(value, __u64);
} which SEC(".maps.counter");

static __always_inline int ran(const char *text, __u32 size)
{
	char name[16] = {};
	__u64 one = 1, *count;

	if (bpf_get_current_pid_tgid() >> 32 != target_pid)
		return 0;
	__builtin_memcpy(name, text, size);
	count = bpf_map_lookup_elem(&which, name);
	if (count)
		__sync_fetch_and_add(count, 1);
	else
		bpf_map_update_elem(&which, name, &one, BPF_ANY);
	return 0;
}
#define RAN(text) ran(text, sizeof(text))

SEC("fentry/tcp_v4_connect") int BPF_PROG(job___fentry)
{
	return RAN("fentry");
}

SEC("kprobe/__x64_sys_getppid") int job___kprobe(void *ctx)
{
	return RAN("kprobe");
}

SEC("tracepoint/syscalls/sys_enter_getppid") int job___tp(void *ctx)
{
	return RAN("tp");
}

SEC("fentry/no_such_function_here") int BPF_PROG(lost___fentry)
{
	return RAN("lost");
}

SEC("tracepoint/syscalls/sys_enter_nothing") int lost___tp(void *ctx)
{
	return RAN("lost");
}

SEC("tracepoint/syscalls/sys_enter_nothing") int missing___first(void *ctx)
{
	return RAN("nothing");
}

SEC("tracepoint/syscalls/sys_enter_getuid") int missing___second(void *ctx)
{
	return RAN("second");
}

SEC("raw_tp/sys_exit") int first___rawtp(void *ctx)
{
	return 0;
}

SEC("fentry/tcp_v4_connect") int BPF_PROG(first___fentry)
{
	return RAN("not me");
}

/* A hook that loads and cannot be attached, with one behind it that can. */
SEC("raw_tp/no_such_tracepoint") int late___rawtp(void *ctx)
{
	return RAN("not me");
}

SEC("tracepoint/syscalls/sys_enter_getgid") int late___tp(void *ctx)
{
	return RAN("late");
}

char LICENSE[] SEC("license") = "GPL";

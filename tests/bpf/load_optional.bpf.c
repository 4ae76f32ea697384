// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* For kernel/programs_tls: programs that may be left out, since their hooks are missing. */
#include "run.bpf.h"
#include <bombus/bombus.bpf.h>

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} by_pid SEC(".maps.counter");

ON_ROUND int always_there(void *ctx)
{
	__u64 round;

	if (next_round(&round))
		add_one(&by_pid, (const void *)&target_pid);
	return 0;
}

SEC("uprobe/libnot_there:f")
BOMBUS_OPTIONAL int no_library(void *ctx)
{
	return 0;
}

SEC("uprobe/libc:no_such_function")
BOMBUS_OPTIONAL int no_function(void *ctx)
{
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_of_another_kernel")
BOMBUS_OPTIONAL int no_tracepoint(void *ctx)
{
	return 0;
}

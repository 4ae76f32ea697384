// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* Its hook is not there, on any kernel. */
#include "run.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} calls SEC(".maps.counter");

SEC("tracepoint/syscalls/sys_enter_no_such_call")
int no_hook(void *ctx)
{
	__u32 key = 0;

	add_one(&calls, &key);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* A program that cannot run before it has a target. */
#include "run.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} hits SEC(".maps.counter");

SEC("uprobe") int upro(void *ctx)
{
	__u32 zero = 0;

	add_one(&hits, &zero);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* The verifier has to refuse it: what a lookup returned is used without a look. */
#include "run.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} calls SEC(".maps.counter");

ON_ROUND int unsafe(void *ctx)
{
	__u32 key = 0;
	__u64 *count = bpf_map_lookup_elem(&calls, &key);

	(*count)++;
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* Maps whose sizes are left to the author's own loader. */
#include "run.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32);
	__type(value, __u64);
} calls SEC(".maps.counter");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(key_size, sizeof(__u32));
} stacks SEC(".maps");

#ifdef NO_VALUE
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__uint(key_size, 4);
} open_value SEC(".maps");
#endif

ON_ROUND int sizes(void *ctx)
{
	__u32 key = 7;
	__u64 round;

	if (!next_round(&round))
		return 0;
	add_one(&calls, &key);
	bpf_get_stackid(ctx, &stacks, 0);
#ifdef NO_VALUE
	bpf_map_lookup_elem(&open_value, &key);
#endif
	return 0;
}

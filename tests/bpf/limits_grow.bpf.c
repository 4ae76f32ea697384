// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* A map that grows: 4,544 keys after the first round, 65,536 after the second. */
#include "run.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 70000);
	__type(key, __u32);
	__type(value, __u64);
} flows SEC(".maps.gauge");

static long put_flow(__u32 i, void *ctx)
{
	__u64 value = 1;

	bpf_map_update_elem(&flows, &i, &value, BPF_ANY);
	return 0;
}

ON_ROUND int grow(void *ctx)
{
	__u64 round;

	if (next_round(&round))
		bpf_loop(round ? 65536 : 4544, put_flow, NULL, 0);
	return 0;
}

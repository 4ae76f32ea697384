// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* An array that no sweep comes to the end of in the time of a test, and a small map beside it. */
#include "run.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 30000000);
	__type(key, __u32);
	__type(value, __u64);
} huge SEC(".maps.counter");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} small SEC(".maps.counter");

ON_ROUND int on_round(void *ctx)
{
	__u32 key = 0;
	__u64 round;

	if (!next_round(&round))
		return 0;
	add_one(&huge, &key);
	add_one(&small, &key);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* What most programs look like: no map has a role, and some results are variables. */
#include "run.bpf.h"

struct stats {
	__u64 calls, bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, struct stats);
} http_stats SEC(".maps");

__u64 buckets[27];

ON_ROUND int plain(void *ctx)
{
	struct stats first = { 1, 100 }, *stats;
	__u32 key = 5;
	__u64 round;

	if (!next_round(&round))
		return 0;
	__sync_fetch_and_add(&buckets[3], 1);
	stats = bpf_map_lookup_elem(&http_stats, &key);
	if (stats) {
		__sync_fetch_and_add(&stats->calls, 1);
		__sync_fetch_and_add(&stats->bytes, 100);
	} else {
		bpf_map_update_elem(&http_stats, &key, &first, BPF_NOEXIST);
	}
	return 0;
}

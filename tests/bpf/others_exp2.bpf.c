// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * A histogram in another tool's numbering: bucket n for values up to 2^n, 27 for all that is
 * larger, and the sum behind it. Round n observes 100 + n.
 */
#include "run.bpf.h"

#define MAX_BUCKET 27

struct lat_key {
	__u32 disk, bucket;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, struct lat_key);
	__type(value, __u64);
} lat SEC(".maps");

/* A list of counts by index, as many write it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u32);
} by_index SEC(".maps");

/* The same numbering by index: the sum is the last entry. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_BUCKET + 2);
	__type(key, __u32);
	__type(value, __u64);
} flat SEC(".maps");

static __always_inline void put_flat(__u32 index, __u64 n)
{
	__u64 *count = bpf_map_lookup_elem(&flat, &index);

	if (count)
		__sync_fetch_and_add(count, n);
}

static __always_inline void put(__u32 bucket, __u64 n)
{
	struct lat_key key = { 1, bucket };
	__u64 *count = bpf_map_lookup_elem(&lat, &key);

	if (count)
		__sync_fetch_and_add(count, n);
	else
		bpf_map_update_elem(&lat, &key, &n, BPF_NOEXIST);
}

ON_ROUND int observe(void *ctx)
{
	__u32 seven = 7, *slot = bpf_map_lookup_elem(&by_index, &seven);
	__u64 round;

	if (!next_round(&round))
		return 0;
	put(7, 1); /* 65 to 128 */
	put(MAX_BUCKET + 1, 100 + round);
	put_flat(7, 1);
	put_flat(MAX_BUCKET + 1, 100 + round);
	if (slot)
		__sync_fetch_and_add(slot, 1);
	return 0;
}

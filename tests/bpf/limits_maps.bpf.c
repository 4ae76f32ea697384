// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Maps whose limits matter: keys that stop changing, an LRU map that is too small, a histogram
 * without a sum, one with.
 */
#include "run.bpf.h"
#include <bombus/bombus.bpf.h>

struct bucket_key {
	__u32 kind;
	__u32 bucket;
};

/* Key 0 changes with every round, key 1 with the first one only. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} idle SEC(".maps.counter");

/* A key for each round. */
BOMBUS_LOST(recent);
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16);
	__type(key, __u64);
	__type(value, __u64);
} recent SEC(".maps.counter");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, struct bucket_key);
	__type(value, __u64);
} without_sum SEC(".maps.histogram");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, struct bucket_key);
	__type(value, __u64);
} with_sum SEC(".maps.histogram");

ON_ROUND int limits(void *ctx)
{
	struct bucket_key bucket = { .bucket = 3 };
	__u32 key = 0;
	__u64 round;

	if (!next_round(&round))
		return 0;
	add_one(&idle, &key);
	key = 1;
	if (!round)
		add_one(&idle, &key);
	bombus_count(&recent, &round, 1);
	add_one(&without_sum, &bucket);
	add_one(&with_sum, &bucket);
	bucket.bucket = 65;
	add_one(&with_sum, &bucket);
	return 0;
}

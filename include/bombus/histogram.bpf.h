/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Histograms with power-of-two bounds, counted in the kernel.
 *
 *	struct latency_key {
 *		dev_id disk BOMBUS_LABEL;
 *		__u32 bucket;		// the last member, of this name
 *	};
 *	BOMBUS_HISTOGRAM(latency, struct latency_key, 4096) BOMBUS_HELP("...") BOMBUS_UNIT("us");
 *	...
 *	struct latency_key key = { .disk = disk };
 *	bombus_histogram_observe(&latency, &key, took_us);
 *
 * The map is a per-CPU hash from the key to a __u64. What stands under which `bucket`:
 *
 *	0		how many values were 0 or 1			le="1"
 *	b = 1 .. 63	how many were above 2^(b-1) and up to 2^b	le="2^b"
 *	64		how many were above 2^63			le="+Inf" only
 *	65		the sum of all values, modulo 2^64
 *
 * so that a value of exactly 2^k is counted under le="2^k". The buckets are not cumulative: the
 * reader adds them up, over buckets for `le` and over CPUs. An observation that finds no room for
 * its bucket or its sum changes neither, and is counted in NAME__lost.
 *
 * A series takes one entry per bucket that ever had a value, and one for the sum: rarely more than
 * 20 of the map's entries. The key must have no padding, or zeroed padding.
 */
#ifndef BOMBUS_HISTOGRAM_BPF_H
#define BOMBUS_HISTOGRAM_BPF_H

#include <bombus/bombus.bpf.h>

#define BOMBUS_HISTOGRAM_INF 64
#define BOMBUS_HISTOGRAM_SUM 65

/* Declares the map and its loss; annotations of the map may follow. */
#define BOMBUS_HISTOGRAM(name, K, size)                                                            \
	BOMBUS_LOST(name);                                                                         \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_PERCPU_HASH);                                            \
		__uint(max_entries, size);                                                         \
		__type(key, K);                                                                    \
		__type(value, __u64);                                                              \
	} name SEC(".maps.hist")

/* The smallest b with value <= 2^b; 64 where 2^63 is too little. */
static __always_inline __u32 bombus_histogram_bucket(__u64 value)
{
	__u32 bucket = 1;
	__u64 rest;

	if (value <= 1)
		return 0;
	/* 1 + floor(log2(value - 1)), by halves: BPF has no instruction to count zeros. */
	rest = value - 1;
	for (__u32 step = 32; step; step /= 2) {
		if (rest >> step) {
			rest >>= step;
			bucket += step;
		}
	}
	return bucket;
}

/* Counts one value. `key` points to the key; its other members are the labels, its bucket is
 * overwritten. */
#define bombus_histogram_observe(map, key, value) bombus_histogram_observe_n(map, key, value, 1)

/* Counts the same value n times. */
#define bombus_histogram_observe_n(map, key, value, n)                                             \
	({                                                                                         \
		__u64 observed_ = (value), times_ = (n), total_ = times_;                          \
		__u64 *sum_, *count_ = (void *)0;                                                  \
                                                                                                   \
		total_ *= observed_;                                                               \
		(key)->bucket = BOMBUS_HISTOGRAM_SUM;                                              \
		sum_ = bombus_counter(map, key);                                                   \
		(key)->bucket = bombus_histogram_bucket(observed_);                                \
		if (sum_)                                                                          \
			count_ = bombus_counter(map, key);                                         \
		if (count_) {                                                                      \
			bombus_add(sum_, total_);                                                  \
			bombus_add(count_, times_);                                                \
		} else {                                                                           \
			bombus__lost(map##__lost);                                                 \
		}                                                                                  \
	})

#endif

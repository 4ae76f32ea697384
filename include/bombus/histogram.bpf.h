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
 * A key that has no member for the bucket gets one:
 *
 *	BOMBUS_HISTOGRAM(latency, BOMBUS_WITH_BUCKET(struct disk_key), 4096);
 *	bombus_histogram_observe_by(&latency, &key, took_us);	// a struct disk_key
 *
 * The map is a per-CPU hash from the key to a __u64. The meaning of each `bucket`:
 *
 *	0		number of values 0 and 1				le="1"
 *	b = 1 .. 63	number of values above 2^(b-1), up to 2^b	le="2^b"
 *	64		number of values above 2^63			le="+Inf" only
 *	65		the sum of all values, modulo 2^64
 *
 * so that a value of exactly 2^k is counted under le="2^k". The buckets are not cumulative: the
 * reader adds them up, over buckets for `le` and over CPUs. An observation that finds no room for
 * its bucket or its sum changes neither, and is counted in NAME__lost.
 *
 * A series takes one entry per bucket that ever had a value, and one for the sum: rarely more than
 * 20 of the map's entries. The key must have no padding, or zeroed padding.
 *
 * Other bounds: another declaration, and the same call. The declaration is all that says how the
 * map is counted; it is written down with the map (a tag "counted"), so that the reader knows.
 *
 *	BOMBUS_HISTOGRAM_FINE(name, K, size, 3)
 *		2^3 = 8 bounds for each power of two: 2^(b/8). Buckets 0 .. 511, 512 is +Inf's, 513 the
 *		sum. The parameter is 1 to 4. Native histograms have the same bounds.
 *	BOMBUS_HISTOGRAM_LINEAR(name, K, size, 10, 0, 100)
 *		le="0", "10" .. "90"; what is above 90 is in bucket 10, which is +Inf's, 11 is the sum.
 *		0 and 100 are multiples of 10. Plain numbers.
 *	BOMBUS_HISTOGRAM_FIXED(name, K, size, 5,50,500)
 *		Ascending plain numbers, at most 64. Bucket 3 is +Inf's, 4 the sum.
 *
 * BOMBUS_BUCKETS("exp2 MIN MAX"), or "exp2/8 MIN MAX" of a fine one, shows 2^MIN .. 2^MAX of what is
 * counted; any other one that differs from the declaration is refused.
 */
#ifndef BOMBUS_HISTOGRAM_BPF_H
#define BOMBUS_HISTOGRAM_BPF_H

#include <bombus/bombus.bpf.h>

#define BOMBUS_HISTOGRAM_INF 64
#define BOMBUS_HISTOGRAM_SUM 65

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

/* The smallest b with value <= 2^(b / 2^bits), for bits up to 4; 64 * 2^bits where 2^63.99 is too
 * little. */
static __always_inline __u32 bombus_histogram_bucket_fine(__u64 value, const __u32 bits)
{
	/* 2^(63 + i/16): compared with the value moved up until its highest bit is the 63rd. */
	static const __u64 sixteenths[16] = {
		0x8000000000000000ull, 0x85aac367cc487b14ull, 0x8b95c1e3ea8bd6e6ull, 0x91c3d373ab11c336ull,
		0x9837f0518db8a96full, 0x9ef5326091a111adull, 0xa5fed6a9b15138eaull, 0xad583eea42a14ac6ull,
		0xb504f333f9de6484ull, 0xbd08a39f580c36beull, 0xc5672a115506daddull, 0xce248c151f8480e3ull,
		0xd744fccad69d6af4ull, 0xe0ccdeec2a94e111ull, 0xeac0c6e7dd24392eull, 0xf5257d152486cc2cull,
	};
	__u32 power = 63, bucket;

	if (value <= 1)
		return 0;
	for (__u32 step = 32; step; step /= 2) {
		if (!(value >> (64 - step))) {
			value <<= step;
			power -= step;
		}
	}
	bucket = power << bits;
	for (__u32 i = 0; i < 16; i += 16 >> bits)
		bucket += value > sixteenths[i];
	return bucket;
}

static __always_inline __u32 bombus_histogram_bucket_linear(__u64 value, __u64 step, __u64 min,
							    __u64 max)
{
	if (value <= min)
		return min / step;
	return (value < max ? value + step - 1 : max) / step;
}

static __always_inline __u32 bombus_histogram_bucket_fixed(__u64 value, const __u64 *bounds,
							   const __u32 count)
{
	__u32 bucket = 0;

	for (__u32 i = 0; i < count && i < 64; i++)
		bucket += value > bounds[i];
	return bucket;
}

/* Each declares the map, its loss, and how it is counted; annotations of the map may follow. */
#define BOMBUS_HISTOGRAM(name, K, size)                                                            \
	BOMBUS__COUNTED(name, bombus_histogram_bucket(value), BOMBUS_HISTOGRAM_SUM);               \
	BOMBUS__HISTOGRAM_MAP(name, K, size, "exp2")

#define BOMBUS_HISTOGRAM_FINE(name, K, size, bits)                                                 \
	BOMBUS__COUNTED(name, bombus_histogram_bucket_fine(value, bits), (64 << (bits)) + 1);      \
	BOMBUS__HISTOGRAM_MAP(name, K, size, BOMBUS__FINE(bits))

#define BOMBUS_HISTOGRAM_LINEAR(name, K, size, step, min, max)                                     \
	BOMBUS__COUNTED(name, bombus_histogram_bucket_linear(value, step, min, max),               \
			(max) / (step) + 1);                                                       \
	BOMBUS__HISTOGRAM_MAP(name, K, size,                                                       \
			      "linear " BOMBUS__TEXT(step) " " BOMBUS__TEXT(min) " " BOMBUS__TEXT(max))

#define BOMBUS_HISTOGRAM_FIXED(name, K, size, ...)                                                 \
	static const __u64 name##__bounds[] = { __VA_ARGS__ };                                     \
	BOMBUS__COUNTED(name,                                                                      \
			bombus_histogram_bucket_fixed(value, name##__bounds,                       \
						      sizeof(name##__bounds) / sizeof(__u64)),     \
			sizeof(name##__bounds) / sizeof(__u64) + 1);                               \
	BOMBUS__HISTOGRAM_MAP(name, K, size, BOMBUS__TEXT(__VA_ARGS__))

#define BOMBUS__TEXT(...) BOMBUS__TEXT_AS_IS(__VA_ARGS__)
#define BOMBUS__TEXT_AS_IS(...) #__VA_ARGS__
#define BOMBUS__FINE(bits) BOMBUS__FINE_AS_IS(bits)
#define BOMBUS__FINE_AS_IS(bits) BOMBUS__FINE_##bits
#define BOMBUS__FINE_1 "exp2/2"
#define BOMBUS__FINE_2 "exp2/4"
#define BOMBUS__FINE_3 "exp2/8"
#define BOMBUS__FINE_4 "exp2/16"

#define BOMBUS__HISTOGRAM_MAP(name, K, size, counted)                                              \
	BOMBUS_LOST(name);                                                                         \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_PERCPU_HASH);                                            \
		__uint(max_entries, size);                                                         \
		__type(key, K);                                                                    \
		__type(value, __u64);                                                              \
	} name SEC(".maps.hist") BOMBUS_TAG("counted:" counted)

#define BOMBUS__COUNTED(name, bucket_of_value, sum_bucket)                                         \
	static __always_inline __u32 name##__bucket(__u64 value)                                   \
	{                                                                                          \
		return bucket_of_value;                                                            \
	}                                                                                          \
	static __always_inline __u32 name##__sum(void)                                             \
	{                                                                                          \
		return sum_bucket;                                                                 \
	}                                                                                          \
	struct bombus__histogram

/* The key of a histogram by K, which may be a number. Its members are shown as K's. */
#define BOMBUS_WITH_BUCKET(K)                                                                      \
	struct {                                                                                   \
		K bombus__labels;                                                                  \
		__u32 bucket;                                                                      \
	}

/* Counts one value of a map by BOMBUS_WITH_BUCKET(K). `labels` points to a K. */
#define bombus_histogram_observe_by(map, labels, value)                                            \
	({                                                                                         \
		__typeof__(*(map)->key) by_;                                                       \
                                                                                                   \
		__builtin_memset(&by_, 0, sizeof(by_));                                            \
		by_.bombus__labels = *(labels);                                                    \
		bombus_histogram_observe(map, &by_, value);                                        \
	})

/* Counts one value. `map` is &NAME, `key` points to the key; its other members are the labels, its
 * bucket is overwritten. */
#define bombus_histogram_observe(map, key, value) bombus_histogram_observe_n(map, key, value, 1)

/* Counts the same value n times: the count and the sum, or neither. */
#define bombus_histogram_observe_n(map, key, value, n)                                             \
	({                                                                                         \
		__u64 observed_ = (value), times_ = (n), total_ = times_;                          \
		__u64 *sum_, *count_ = (void *)0;                                                  \
                                                                                                   \
		total_ *= observed_;                                                               \
		(key)->bucket = (map##__sum)();                                                    \
		sum_ = bombus_counter(map, key);                                                   \
		(key)->bucket = (map##__bucket)(observed_);                                        \
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

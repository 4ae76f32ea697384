// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * A program as those of ebpf_exporter are written, with one map of each kind that tests/bpf/
 * exporter.yaml describes. A round is a call of getppid() by the process target_pid or, where that
 * is 0, by processes that are called exporter_load.
 */
#include "exporter.bpf.h"

const volatile __u32 target_pid = 0;

struct op_key {
	__u32 dev;
	__u8 op;
	char comm[16];
};

struct bucket_key {
	__u16 dev;
	__u64 bucket;
};

MAP(ops_total, BPF_MAP_TYPE_HASH, 64, struct op_key);
MAP(rounds_total, BPF_MAP_TYPE_ARRAY, 1, __u32);
MAP(index_total, BPF_MAP_TYPE_ARRAY, 4, __u32);
MAP(each_cpu_total, BPF_MAP_TYPE_PERCPU_ARRAY, 2, __u32);
MAP(all_cpus_total, BPF_MAP_TYPE_PERCPU_HASH, 64, __u64);
MAP(lru_total, BPF_MAP_TYPE_LRU_HASH, 64, __u64);
MAP(peers, BPF_MAP_TYPE_HASH, 64, __u32);
MAP(latency_seconds, BPF_MAP_TYPE_HASH, 1024, struct bucket_key);
MAP(zero_size, BPF_MAP_TYPE_HASH, 64, __u64);
MAP(linear_seconds, BPF_MAP_TYPE_ARRAY, 12, __u32);
MAP(fixed_size, BPF_MAP_TYPE_PERCPU_HASH, 64, __u64);
MAP(unmentioned, BPF_MAP_TYPE_HASH, 64, __u64);

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} kills_total SEC(".maps");

struct kill {
	__u32 code;
	char comm[16];
};

struct span {
	__u64 trace_id_hi, trace_id_lo, parent, span_id, at, took;
	__u32 code;
	char what[8];
} __attribute__((packed));

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536);
} round_spans SEC(".maps");

__u64 round_number = 0;

static __always_inline void add(void *map, const void *key, __u64 n)
{
	__u64 zero = 0, *count = bpf_map_lookup_elem(map, key);

	if (!count) {
		bpf_map_update_elem(map, key, &zero, BPF_NOEXIST);
		count = bpf_map_lookup_elem(map, key);
	}
	if (count)
		__sync_fetch_and_add(count, n);
}

static __always_inline int is_wanted(void)
{
	static const char name[16] = "exporter_load";
	char comm[16] = {};

	if (target_pid)
		return bpf_get_current_pid_tgid() >> 32 == target_pid;
	bpf_get_current_comm(comm, sizeof(comm));
	for (int i = 0; i < 14; i++)
		if (comm[i] != name[i])
			return 0;
	return 1;
}

static __always_inline void count_ops(__u64 round)
{
	struct op_key key = {};

	key.dev = round & 1 ? 7 : 0xdead;
	key.op = round % 3;
	__builtin_memcpy(key.comm, round & 1 ? "kworker/0:1\0\0\0\0" : "sh\0secret\0\0\0\0\0\0",
			 16);
	add(&ops_total, &key, 1);
	/* No expression takes it. */
	__builtin_memcpy(key.comm, "left_out\0\0\0\0\0\0\0", 16);
	add(&ops_total, &key, 1);
}

static __always_inline void count_numbers(__u64 round)
{
	__u32 zero = 0, index = round % 3, peer = round & 1 ? 0x0100007f : 0x0200000a;
	__u64 id = round & 1;

	add(&rounds_total, &zero, 1);
	add(&index_total, &index, 2);
	index = round & 1;
	add(&each_cpu_total, &index, 1);
	add(&all_cpus_total, &id, 3);
	add(&lru_total, &id, 1);
	add(&peers, &peer, 1);
	add(&unmentioned, &id, 1);
}

/* The value n is in bucket `bucket` of buckets up to `max`; the sum is behind them. */
static __always_inline void count_buckets(__u64 round)
{
	struct bucket_key key = {};
	__u64 bucket = round % 4;
	__u32 index = round % 11;

	key.dev = 3;
	key.bucket = bucket;
	add(&latency_seconds, &key, 1);
	key.bucket = 6;
	add(&latency_seconds, &key, 1ull << bucket);
	add(&zero_size, &bucket, 1);
	add(&linear_seconds, &index, 1);
	index = 11;
	add(&linear_seconds, &index, round % 11);
	bucket = round & 1 ? 5 : 25;
	add(&fixed_size, &bucket, 1);
	bucket = 101;
	add(&fixed_size, &bucket, round & 1 ? 4 : 20);
}

static __always_inline void send(void *ctx, __u64 round)
{
	struct kill kill = { .code = 9 + (round & 1), .comm = "victim" };
	struct span *span;

	bpf_perf_event_output(ctx, &kills_total, BPF_F_CURRENT_CPU, &kill, sizeof(kill));
	span = bpf_ringbuf_reserve(&round_spans, sizeof(*span), 0);
	if (!span)
		return;
	span->trace_id_hi = 1;
	span->trace_id_lo = 2;
	span->parent = 0;
	span->span_id = round + 1;
	span->at = bpf_ktime_get_ns();
	span->took = 1000 * (round + 1);
	span->code = 2;
	__builtin_memcpy(span->what, "round\0\0", 8);
	bpf_ringbuf_submit(span, 0);
}

SEC("tracepoint/syscalls/sys_enter_getppid")
int on_round(void *ctx)
{
	__u64 round;

	if (!is_wanted())
		return 0;
	round = __sync_fetch_and_add(&round_number, 1);
	count_ops(round);
	count_numbers(round);
	count_buckets(round);
	send(ctx, round);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

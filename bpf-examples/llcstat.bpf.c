// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * References to the last level of the CPU's cache, and misses, by process: one sample for every
 * 10000 of them. The CPU counts them; virtual machines seldom have these counters. Another event or
 * period:
 *
 *	bombus run llcstat --attach on_miss=type=0,config=3,sample_period=1000
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/bombus.bpf.h>

BOMBUS_FILTERS;

struct cache_key {
	pid_t pid BOMBUS_HELP("process");
	char comm[BOMBUS_COMM_LEN] BOMBUS_HELP("name of the thread");
};
struct cache_value {
	__u64 references BOMBUS_HELP("references to the cache");
	__u64 misses BOMBUS_HELP("of these: it was not there");
};
BOMBUS_LOST(print_by_process);
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct cache_key);
	__type(value, struct cache_value);
} print_by_process SEC(".maps") BOMBUS_HELP("use of the cache by process");

struct cache_totals {
	__u64 references BOMBUS_COUNTER BOMBUS_HELP("references to the cache");
	__u64 misses BOMBUS_COUNTER BOMBUS_HELP("of these: it was not there");
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cache_totals);
} last_level_cache SEC(".maps.counter") BOMBUS_HELP("use of the cache by all processes");

static __always_inline int count(__u64 references, __u64 misses)
{
	struct cache_key key = {};
	struct cache_totals *all;
	struct cache_value *value;
	__u32 zero = 0;

	if (bombus_filtered())
		return 0;
	all = bpf_map_lookup_elem(&last_level_cache, &zero);
	if (all) {
		bombus_add(&all->references, references);
		bombus_add(&all->misses, misses);
	}
	key.pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(key.comm, sizeof(key.comm));
	value = bombus_entry(&print_by_process, &key);
	if (value) {
		bombus_add(&value->references, references);
		bombus_add(&value->misses, misses);
	}
	return 0;
}

/* PERF_COUNT_HW_CACHE_REFERENCES and PERF_COUNT_HW_CACHE_MISSES. */
SEC("perf_event/type=0,config=2,sample_period=10000")
int on_reference(struct bpf_perf_event_data *ctx)
{
	return count(ctx->sample_period, 0);
}

SEC("perf_event/type=0,config=3,sample_period=10000")
int on_miss(struct bpf_perf_event_data *ctx)
{
	return count(0, ctx->sample_period);
}

char LICENSE[] SEC("license") BOMBUS_HELP("use of the CPU's last cache, by process") = "GPL";

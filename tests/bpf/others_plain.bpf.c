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

/* As the tools of bcc count: by powers of two, in one value. */
struct hist {
	__u32 slots[8];
	char comm[16];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, struct hist);
} lat SEC(".maps");

/* The same among results of its own. */
struct info {
	__u64 count, total, max;
	__u32 slots[8];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, struct info);
} infos SEC(".maps");

/* When something began. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} start SEC(".maps");

__u64 buckets[27];
static struct hist no_hist;
static struct info no_info;

ON_ROUND int plain(void *ctx)
{
	struct stats first = { 1, 100 }, *stats;
	struct hist *hist;
	struct info *info;
	__u32 key = 5;
	__u64 round, now = bpf_ktime_get_ns();

	if (!next_round(&round))
		return 0;
	__sync_fetch_and_add(&buckets[3], 1);
	bpf_map_update_elem(&start, &key, &now, BPF_ANY);
	bpf_map_update_elem(&lat, &key, &no_hist, BPF_NOEXIST);
	bpf_map_update_elem(&infos, &key, &no_info, BPF_NOEXIST);
	info = bpf_map_lookup_elem(&infos, &key);
	if (info) {
		info->count++;
		info->total += 3;
		info->max = 3;
	}
	hist = bpf_map_lookup_elem(&lat, &key);
	if (hist) {
		__sync_fetch_and_add(&hist->slots[round ? 4 : 2], 1);
		bpf_get_current_comm(hist->comm, sizeof(hist->comm));
	}
	stats = bpf_map_lookup_elem(&http_stats, &key);
	if (stats) {
		__sync_fetch_and_add(&stats->calls, 1);
		__sync_fetch_and_add(&stats->bytes, 100);
	} else {
		bpf_map_update_elem(&http_stats, &key, &first, BPF_NOEXIST);
	}
	return 0;
}

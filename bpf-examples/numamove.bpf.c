// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Pages that the kernel moves in memory, by thread and reason, with the time that it takes: to the
 * NUMA node that uses them (MR_NUMA_MISPLACED), to free a contiguous piece of memory
 * (MR_COMPACTION), by a system call, to slower memory.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/histogram.bpf.h>

BOMBUS_FILTERS;

struct move_key {
	pid_t pid BOMBUS_HELP("process");
	char comm[BOMBUS_COMM_LEN] BOMBUS_HELP("name of the thread");
	enum migrate_reason reason BOMBUS_HELP("why");
};
struct move_value {
	__u64 moved BOMBUS_HELP("pages moved");
	__u64 failed BOMBUS_HELP("pages that could not be moved");
	duration time BOMBUS_HELP("time that it took");
};
BOMBUS_LOST(print_by_process);
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct move_key);
	__type(value, struct move_value);
} print_by_process SEC(".maps") BOMBUS_HELP("pages moved by process and reason");

struct reason_key {
	enum migrate_reason reason BOMBUS_LABEL BOMBUS_HELP("why");
};
struct reason_value {
	__u64 moved BOMBUS_COUNTER BOMBUS_HELP("pages moved");
	__u64 failed BOMBUS_COUNTER BOMBUS_HELP("pages that could not be moved");
};
BOMBUS_LOST(page_moves);
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 32);
	__type(key, struct reason_key);
	__type(value, struct reason_value);
} page_moves SEC(".maps.counter") BOMBUS_HELP("pages that the kernel moved");

struct time_key {
	enum migrate_reason reason BOMBUS_LABEL BOMBUS_HELP("why");
	__u32 bucket;
};
BOMBUS_HISTOGRAM(page_move_time, struct time_key, 1024)
BOMBUS_UNIT("us") BOMBUS_HELP("time that moving pages takes, a batch at a time");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, __u64);
} begun SEC(".maps") BOMBUS_HELP("since when threads move pages, by thread id");

SEC("tracepoint/migrate/mm_migrate_pages_start")
int on_start(struct trace_event_raw_mm_migrate_pages_start *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();
	__u64 now_ns = bpf_ktime_get_ns();

	if (bombus_filtered())
		return 0;
	if (bpf_map_update_elem(&begun, &tid, &now_ns, BPF_ANY))
		bombus_lost(&page_move_time);
	return 0;
}

SEC("tracepoint/migrate/mm_migrate_pages")
int on_end(struct trace_event_raw_mm_migrate_pages *ctx)
{
	__u32 tid = bpf_get_current_pid_tgid();
	__u64 *since_ns = bpf_map_lookup_elem(&begun, &tid), took_ns = 0;
	struct reason_key by_reason = { .reason = ctx->reason };
	struct time_key by_time = { .reason = ctx->reason };
	struct move_key key = { .reason = ctx->reason };
	struct reason_value *all;
	struct move_value *value;

	if (bombus_filtered())
		return 0;
	if (since_ns) {
		took_ns = bpf_ktime_get_ns() - *since_ns;
		bpf_map_delete_elem(&begun, &tid);
		bombus_histogram_observe(&page_move_time, &by_time, took_ns / 1000);
	}
	key.pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(key.comm, sizeof(key.comm));
	value = bombus_entry(&print_by_process, &key);
	if (value) {
		bombus_add(&value->moved, ctx->succeeded);
		bombus_add(&value->failed, ctx->failed);
		bombus_add(&value->time, took_ns);
	}
	all = bombus_entry(&page_moves, &by_reason);
	if (all) {
		bombus_add(&all->moved, ctx->succeeded);
		bombus_add(&all->failed, ctx->failed);
	}
	return 0;
}

char LICENSE[] SEC("license") BOMBUS_HELP("pages that the kernel moves, and why") = "GPL";

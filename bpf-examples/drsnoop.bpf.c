// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Direct reclaim: threads that have to free memory before they get any, because the machine is
 * short of it or their cgroup is at its limit. With the time that it takes and the pages that it
 * frees.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/histogram.bpf.h>

BOMBUS_FILTERS;
const volatile duration_us min_us BOMBUS_PARAM BOMBUS_HELP("only reclaims of at least this") = 0;

enum reclaim {
	RECLAIM_MACHINE,
	RECLAIM_CGROUP,
};

struct event {
	ktime_ns time BOMBUS_HIDE BOMBUS_HELP("when it ended");
	duration took BOMBUS_OBSERVE BOMBUS_HELP("from begin to end");
	enum reclaim reclaim BOMBUS_LABEL
		BOMBUS_HELP("whether the machine or the cgroup was short of memory");
	pid_t pid BOMBUS_HELP("process");
	pid_t tid BOMBUS_HELP("thread");
	__u32 order BOMBUS_HELP("it needs 2^order pages in one piece");
	__u64 reclaimed BOMBUS_UNIT("pages") BOMBUS_HELP("pages that were freed");
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("name of the thread");
	cgroup_id cgroup BOMBUS_HELP("its cgroup");
};
BOMBUS_EVENTS(reclaims, struct event, 1 << 20) BOMBUS_HELP("direct reclaims");

struct time_key {
	enum reclaim reclaim BOMBUS_LABEL
		BOMBUS_HELP("whether the machine or the cgroup was short of memory");
	__u32 bucket;
};
BOMBUS_HISTOGRAM(reclaim_time, struct time_key, 256)
BOMBUS_UNIT("us") BOMBUS_HELP("time of direct reclaims");

struct begun {
	__u64 since_ns;
	__u32 order;
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, struct begun);
} running SEC(".maps") BOMBUS_HELP("threads that reclaim, by thread id");

static __always_inline int begins(int order)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct begun begun = { .order = order };

	if (bombus_filtered())
		return 0;
	begun.since_ns = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&running, &tid, &begun, BPF_ANY))
		bombus_lost(&reclaims);
	return 0;
}

static __always_inline void report(enum reclaim reclaim, const struct begun *begun, __u64 took_ns,
				   __u64 reclaimed)
{
	struct event *e = bombus_reserve(&reclaims, sizeof(*e));
	__u64 pid_tgid = bpf_get_current_pid_tgid();

	if (!e)
		return;
	e->time = begun->since_ns + took_ns;
	e->took = took_ns;
	e->reclaim = reclaim;
	e->pid = pid_tgid >> 32;
	e->tid = pid_tgid;
	e->order = begun->order;
	e->reclaimed = reclaimed;
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	e->cgroup = bpf_get_current_cgroup_id();
	bpf_ringbuf_submit(e, 0);
}

static __always_inline int ends(enum reclaim reclaim, __u64 reclaimed)
{
	__u32 tid = bpf_get_current_pid_tgid();
	struct begun *begun = bpf_map_lookup_elem(&running, &tid);
	struct time_key key = { .reclaim = reclaim };
	__u64 took_ns;

	if (!begun)
		return 0;
	took_ns = bpf_ktime_get_ns() - begun->since_ns;
	if (took_ns >= min_us * 1000) {
		report(reclaim, begun, took_ns, reclaimed);
		bombus_histogram_observe(&reclaim_time, &key, took_ns / 1000);
	}
	bpf_map_delete_elem(&running, &tid);
	return 0;
}

SEC("tp_btf/mm_vmscan_direct_reclaim_begin")
int BPF_PROG(on_begin, int order)
{
	return begins(order);
}

SEC("tp_btf/mm_vmscan_direct_reclaim_end")
int BPF_PROG(on_end, unsigned long reclaimed)
{
	return ends(RECLAIM_MACHINE, reclaimed);
}

/* Kernels without memory cgroups have none of these two. */
SEC("tp_btf/mm_vmscan_memcg_reclaim_begin")
int BPF_PROG(on_cgroup_begin, int order)
{
	return begins(order);
}

SEC("tp_btf/mm_vmscan_memcg_reclaim_end")
int BPF_PROG(on_cgroup_end, unsigned long reclaimed)
{
	return ends(RECLAIM_CGROUP, reclaimed);
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("threads that have to free memory before they get any") = "GPL";

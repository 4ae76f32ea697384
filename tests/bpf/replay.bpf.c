// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * One map of each way in which data comes out, for recordings: records with times and with ids
 * whose names only this machine knows, records that are counted, entries that come and go, a
 * histogram, a variable. Round 5 deletes what round 1 made; each takes some time.
 */
#include "run.bpf.h"
#include <bombus/bombus.bpf.h>
#include <bombus/histogram.bpf.h>

struct who {
	ktime_ns when;
	boottime_ns since_boot;
	cgroup_id group;
	ksym_addr caller;
	uid user;
	gid users_group;
	ifindex device;
	kstack_id stack;
	__u32 round;
	char comm[BOMBUS_COMM_LEN];
};

BOMBUS_EVENTS(events, struct who, 1 << 18);

struct call {
	uid user;
	__u8 parity;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 16);
	__type(value, struct call);
} calls SEC(".maps.counter");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} open_rounds SEC(".maps.gauge");

struct lat_key {
	uid user;
	__u32 bucket;
};
BOMBUS_HISTOGRAM(latency, struct lat_key, 1024) BOMBUS_UNIT("us");

__u64 all_rounds BOMBUS_COUNTER;

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 64);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, 127 * sizeof(__u64));
} stacks SEC(".maps");

static __always_inline void tell(void *ctx, __u32 round, __u32 user, __u32 group)
{
	struct who *e = bombus_reserve(&events, sizeof(*e));
	struct task_struct *task = (void *)bpf_get_current_task();

	if (!e)
		return;
	__builtin_memset(e, 0, sizeof(*e));
	e->when = bpf_ktime_get_ns();
	e->since_boot = bpf_ktime_get_boot_ns();
	e->group = bpf_get_current_cgroup_id();
	e->caller = (__u64)BPF_CORE_READ(task, sched_class);
	e->user = user;
	e->users_group = group;
	e->device = 1;
	e->stack = bpf_get_stackid(ctx, &stacks, 0);
	e->round = round;
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	bpf_ringbuf_submit(e, 0);
}

ON_ROUND int on_round(void *ctx)
{
	__u64 ids = bpf_get_current_uid_gid(), round, value;
	struct call call = { .user = (__u32)ids };
	struct lat_key key = { .user = (__u32)ids };
	__u32 number;

	if (!next_round(&round))
		return 0;
	number = (__u32)round;
	value = round * 3;
	call.parity = round & 1;
	tell(ctx, number, (__u32)ids, ids >> 32);
	bpf_ringbuf_output(&calls, &call, sizeof(call), 0);
	bpf_map_update_elem(&open_rounds, &number, &value, BPF_ANY);
	if (round >= 4) {
		number = (__u32)round - 4;
		bpf_map_delete_elem(&open_rounds, &number);
	}
	bombus_histogram_observe(&latency, &key, 1ull << (round & 15));
	__sync_fetch_and_add(&all_rounds, 1);
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/* Each round hands over 1000 records, no two of all rounds alike, and counts as many entries of a
 * map on whatever CPU it runs. */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bombus/bombus.bpf.h>

#define A_ROUND 1000

const volatile __u32 target_pid = 0;
__u64 rounds = 0;

struct key_event {
	__u64 number BOMBUS_LABEL;
};
BOMBUS_EVENTS_IN(".maps.counter", keys, struct key_event, 16 << 20);

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u64);
} slots SEC(".maps.counter");
BOMBUS_LOST(slots);

static long emit(__u32 i, void *ctx)
{
	__u64 number = *(__u64 *)ctx * A_ROUND + i;
	struct key_event *e = bombus_reserve(&keys, sizeof(*e));
	__u32 slot = number & 31;

	if (e) {
		e->number = number;
		bpf_ringbuf_submit(e, 0);
	}
	bombus_count(&slots, &slot, 1);
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_getppid")
int on_round(void *ctx)
{
	__u64 round;

	if (!target_pid || bpf_get_current_pid_tgid() >> 32 != target_pid)
		return 0;
	round = __sync_fetch_and_add(&rounds, 1);
	bpf_loop(A_ROUND, emit, &round, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * One program in the form of each tool that peers.sh compares: an event of 48 bytes for each
 * getppid() of one process, with a thousand sets of labels, and for FOR_EXPORTER a map of KEYS
 * counters. TARGET is the process.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

#ifdef FOR_EXPORTER
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, KEYS);
	__type(key, __u64);
	__type(value, __u64);
} peers_total SEC(".maps");
#else
struct event {
	__u64 number, bytes;
	__u32 pid, group;
	char comm[16];
	__u64 flags;
} __attribute__((packed));

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
#ifndef FOR_IG
	__type(value, struct event);
#endif
} counter_events SEC(".maps");

#ifdef FOR_IG
const struct event *unused_event __attribute__((unused));
const void *gadget_tracer_peers___counter_events___event __attribute__((unused));
#endif
#endif

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} made SEC(".maps");

SEC("tracepoint/syscalls/sys_enter_getppid")
int on_getppid(void *ctx)
{
	__u32 zero = 0;
	__u64 *number;

	if (bpf_get_current_pid_tgid() >> 32 != TARGET)
		return 0;
	number = bpf_map_lookup_elem(&made, &zero);
	if (!number)
		return 0;
	*number += 1;
#ifdef FOR_EXPORTER
	__u64 key = *number % KEYS;

	return bpf_map_update_elem(&peers_total, &key, number, BPF_ANY);
#else
	struct event *e = bpf_ringbuf_reserve(&counter_events, sizeof(*e), 0);

	if (!e)
		return 0;
	e->number = 0;
	e->bytes = *number % 10 * 64;
	e->pid = TARGET;
	e->group = *number % 1000;
	e->flags = 1;
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	bpf_ringbuf_submit(e, 0);
	return 0;
#endif
}

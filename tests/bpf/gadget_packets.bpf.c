// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * A gadget that reads packets, with nothing of ours: a numbered socket filter, records with the
 * packet behind them, a struct of its own loader that it reaches as if it were the kernel's, and a
 * map of bytes that is read as a whole.
 */
#include "vmlinux.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define PACKET_OUTGOING 4
#define ETH_HEADER 14

const volatile __u16 port = 0;
const void *gadget_param_port __attribute__((unused));

struct event {
	__u32 bytes;
	__u16 port;
	__u64 mntns;
};

/* Filled by a loader that is not here. */
struct gadget_socket_value {
	char more[16];
	__u64 mntns;
} __attribute__((preserve_access_index));

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, 24);
} gadget_sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} packets SEC(".maps");
const void *gadget_tracer_packets___packets___event __attribute__((unused));
const struct event *unused __attribute__((unused));

struct bits {
	__u8 set[4];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, __u64);
	__type(value, struct bits);
} seen SEC(".maps");
const void *gadget_mapiter_advise___seen __attribute__((unused));

SEC("socket1")
int ig_packets(struct __sk_buff *skb)
{
	struct event event = { .bytes = skb->len };
	struct gadget_socket_value *value;
	struct bits bits = { { 1, 2, 3, 4 } };
	__u64 key = 5;
	__u32 socket = 0;
	__u16 to;

	if (skb->pkt_type != PACKET_OUTGOING || skb->protocol != bpf_htons(0x0800) ||
	    bpf_skb_load_bytes(skb, ETH_HEADER + 20 + 2, &to, sizeof(to)) ||
	    bpf_ntohs(to) != port)
		return 0;
	event.port = port;
	value = bpf_map_lookup_elem(&gadget_sockets, &socket);
	if (value)
		event.mntns = value->mntns;
	bpf_map_update_elem(&seen, &key, &bits, BPF_ANY);
	bpf_perf_event_output(skb, &packets, (__u64)skb->len << 32 | BPF_F_CURRENT_CPU, &event,
			      sizeof(event));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

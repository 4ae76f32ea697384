// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Packets and bytes that an interface receives, counted by XDP before the network stack gets them,
 * and passed on. --attach count_packets=eth0
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include <bombus/bombus.bpf.h>

#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86dd
#define ETH_P_8021Q 0x8100
#define ETH_P_8021AD 0x88a8

struct packet_key {
	ifindex interface BOMBUS_LABEL BOMBUS_HELP("interface that received it");
	__u16 ether_type BOMBUS_LABEL BOMBUS_DECODE("static_map 2048=IPv4 2054=ARP 34525=IPv6 "
						    "allow_unknown")
		BOMBUS_HELP("kind of packet, behind VLAN tags");
	ip_proto protocol BOMBUS_LABEL BOMBUS_HELP("protocol above IP");
	bool vlan BOMBUS_LABEL BOMBUS_HELP("it had a VLAN tag");
};

struct amount {
	__u64 packets BOMBUS_HELP("packets");
	__u64 bytes BOMBUS_UNIT("bytes") BOMBUS_HELP("bytes, Ethernet header included");
};

BOMBUS_LOST(received);
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct packet_key);
	__type(value, struct amount);
} received SEC(".maps.counter") BOMBUS_HELP("packets that interfaces received");

static __always_inline void protocol_of(struct packet_key *key, const __u8 *at, const __u8 *end)
{
	__u16 type;

	if (at + 14 > end)
		return;
	type = at[12] << 8 | at[13];
	at += 14;
#pragma unroll
	for (int i = 0; i < 2; i++) {
		if ((type != ETH_P_8021Q && type != ETH_P_8021AD) || at + 4 > end)
			break;
		key->vlan = true;
		type = at[2] << 8 | at[3];
		at += 4;
	}
	key->ether_type = type;
	if (type == ETH_P_IP && at + 10 <= end)
		key->protocol = at[9];
	else if (type == ETH_P_IPV6 && at + 7 <= end)
		key->protocol = at[6];
}

SEC("xdp")
int count_packets(struct xdp_md *ctx)
{
	const __u8 *at = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct packet_key key = { .interface = ctx->ingress_ifindex };
	struct amount *sum, one = { .packets = 1, .bytes = end - at };

	protocol_of(&key, at, end);
	sum = bpf_map_lookup_elem(&received, &key);
	if (!sum) {
		bombus_update(&received, &key, &one, BPF_ANY);
		return XDP_PASS;
	}
	sum->packets++;
	sum->bytes += one.bytes;
	return XDP_PASS;
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("packets and bytes that an interface receives, by protocol, with XDP") = "GPL";

// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * How many outgoing TCP connections are open, by addresses: a gauge that goes up when a connection
 * is established and down when its socket is closed.
 *
 * Connections that were there before are not known, and so never subtracted. A pair of addresses
 * without connections stays at 0 until the map is full; then such pairs make room.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/bombus.bpf.h>

BOMBUS_FILTERS;

struct peer {
	ip_addr saddr BOMBUS_HELP("local address");
	ip_addr daddr BOMBUS_HELP("remote address");
};

BOMBUS_LOST(connections);
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct peer);
	__type(value, __u64);
} connections SEC(".maps.gauge") BOMBUS_HELP("outgoing TCP connections that are open");

struct tracked {
	struct peer peer;
	__u32 open; /* counted in connections */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, struct tracked);
} sockets SEC(".maps") BOMBUS_HELP("sockets that connect or are connected, by address");

static long drop_if_zero(void *map, const struct peer *peer, __u64 *count, void *ctx)
{
	if (*count == 0)
		bpf_map_delete_elem(map, peer);
	return 0;
}

static __always_inline bool opened(const struct peer *peer)
{
	__u64 *count = bombus_counter(&connections, peer);

	if (!count) {
		bpf_for_each_map_elem(&connections, drop_if_zero, NULL, 0);
		count = bombus_counter(&connections, peer);
	}
	if (!count) {
		bombus_lost(&connections);
		return false;
	}
	bombus_add(count, 1);
	return true;
}

static __always_inline void closed(const struct peer *peer)
{
	__u64 *count = bpf_map_lookup_elem(&connections, peer);

	if (count)
		bombus_add(count, -1);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(activeconn, const struct sock *sk, int oldstate, int newstate)
{
	struct tracked *known, fresh = {};
	__u64 id = (__u64)sk;

	if (newstate == TCP_SYN_SENT) {
		/* connect() itself: the one moment when the process is the current one. */
		if (!bombus_filtered() && bpf_map_update_elem(&sockets, &id, &fresh, BPF_ANY))
			bombus_lost(&connections);
		return 0;
	}
	known = bpf_map_lookup_elem(&sockets, &id);
	if (!known)
		return 0;
	if (newstate == TCP_ESTABLISHED && !known->open) {
		bombus_ip_from_sock(&fresh.peer.saddr, &fresh.peer.daddr, sk);
		known->peer = fresh.peer;
		known->open = opened(&fresh.peer);
	} else if (newstate == TCP_CLOSE) {
		if (known->open)
			closed(&known->peer);
		bpf_map_delete_elem(&sockets, &id);
	}
	return 0;
}

char LICENSE[] SEC("license") BOMBUS_HELP("open outgoing TCP connections, by addresses") = "GPL";

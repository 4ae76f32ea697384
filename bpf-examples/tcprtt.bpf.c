// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * The round trips of TCP connections: the kernel's smoothed time, looked at whenever an established
 * connection receives a segment.
 */
#include "vmlinux.h"
#include "sock_owner.bpf.h"
#include <bombus/histogram.bpf.h>

const volatile bool by_address BOMBUS_PARAM BOMBUS_HELP("by remote address, too") = false;
const volatile bool
	by_port BOMBUS_PARAM BOMBUS_HELP("by port of the side that listens, too") = false;

struct rtt_key {
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("process of the socket");
	ip_addr daddr BOMBUS_LABEL BOMBUS_HELP("remote address, with by_address");
	__u16 port BOMBUS_LABEL BOMBUS_HELP("port of the side that listens, with by_port");
	__u16 unused BOMBUS_HIDE;
};

BOMBUS_HISTOGRAM(tcp_rtt, BOMBUS_WITH_BUCKET(struct rtt_key), 16384)
BOMBUS_UNIT("us")
BOMBUS_BUCKETS("exp2 0 23") BOMBUS_HELP("smoothed round trips of TCP connections");

OWNERS_FOLLOW

SEC("tp_btf/tcp_probe")
int BPF_PROG(tcprtt, struct sock *sk)
{
	const struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);
	const struct sock_owner *o = owner_of(sk);
	struct rtt_key key = {};
	ip_addr local;

	if (!tp || !tp->srtt_us || owner_filtered(sk, o))
		return 0;
	if (o)
		__builtin_memcpy(key.comm, o->comm, sizeof(key.comm));
	if (by_address)
		bombus_ip_from_sock(&local, &key.daddr, sk);
	if (by_port)
		key.port = o && o->accepted ? sock_local_port(sk) : sock_remote_port(sk);
	bombus_histogram_observe_by(&tcp_rtt, &key, tp->srtt_us >> 3);
	return 0;
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("round trips of TCP connections, by process, address or port") = "GPL";

// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Which process connects where over TCP: an event for each attempt that a process makes, and a
 * counter for each pair of addresses. Attempts count, whether they succeed or not.
 *
 * connect() moves its socket to SYN_SENT when both addresses are known; the local port is chosen
 * later, so that it is not shown.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>
#include <bombus/bombus.bpf.h>

BOMBUS_FILTERS;
const volatile __u16
	target_port BOMBUS_PARAM BOMBUS_HELP("only connections to this port, 0: every one") = 0;

struct event {
	ktime_ns time BOMBUS_HIDE BOMBUS_HELP("when connect() was called");
	ip_addr saddr BOMBUS_LABEL BOMBUS_HELP("local address");
	ip_addr daddr BOMBUS_LABEL BOMBUS_HELP("remote address");
	port_be dport BOMBUS_LABEL BOMBUS_HELP("remote port");
	pid_t pid BOMBUS_HELP("process");
	pid_t tid BOMBUS_HELP("thread");
	uid uid BOMBUS_LABEL BOMBUS_HELP("user");
	cgroup_id cgroup BOMBUS_HIDE BOMBUS_HELP("its cgroup");
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("name of the thread");
};

BOMBUS_EVENTS(events, struct event, 1 << 20) BOMBUS_HELP("attempts to connect over TCP");

struct peer {
	ip_addr saddr BOMBUS_HELP("local address");
	ip_addr daddr BOMBUS_HELP("remote address");
};

BOMBUS_LOST(connects);
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct peer);
	__type(value, __u64);
} connects SEC(".maps.counter") BOMBUS_HELP("attempts to connect over TCP, by addresses");

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tcpconnect, const struct sock *sk, int oldstate, int newstate)
{
	struct peer peer = {};
	struct event *e;
	__u16 dport_be;
	__u32 uid;

	if (newstate != TCP_SYN_SENT || bombus_filtered())
		return 0;
	uid = bpf_get_current_uid_gid();
	dport_be = BPF_CORE_READ(sk, __sk_common.skc_dport);
	if (target_port && target_port != bpf_ntohs(dport_be))
		return 0;

	bombus_ip_from_sock(&peer.saddr, &peer.daddr, sk);
	bombus_count(&connects, &peer, 1);

	e = bombus_reserve(&events, sizeof(*e));
	if (!e)
		return 0;
	e->time = bpf_ktime_get_ns();
	e->saddr = peer.saddr;
	e->daddr = peer.daddr;
	e->dport = dport_be;
	e->pid = bpf_get_current_pid_tgid() >> 32;
	e->tid = bpf_get_current_pid_tgid();
	e->uid = uid;
	e->cgroup = bpf_get_current_cgroup_id();
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	bpf_ringbuf_submit(e, 0);
	return 0;
}

char LICENSE[] SEC("license") BOMBUS_HELP(
	"TCP connections that processes try to open, and their number by addresses") = "GPL";

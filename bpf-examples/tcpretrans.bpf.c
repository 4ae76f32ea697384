// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * TCP segments that had to be sent again, and whose they were.
 *
 * The kernel sends again from timers and on the arrival of others' packets: the process that runs
 * then has nothing to do with it. The owner of a socket is therefore noted when it connects and
 * when it sends. The best place for that depends on the kernel: a tracepoint since 6.3, the
 * function before. A socket that has done neither since the start has no owner yet, and is left
 * out when the filters ask for a certain one.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>
#include <bombus/bombus.bpf.h>

BOMBUS_FILTERS;
const volatile __u16 target_port BOMBUS_PARAM
	BOMBUS_HELP("only connections to or from this port, 0: every one") = 0;

struct event {
	ktime_ns time BOMBUS_HIDE BOMBUS_HELP("when it was sent again");
	pid_t pid BOMBUS_HELP("process that owns the socket, 0: not known");
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("name of the thread that used it");
	ip_addr saddr BOMBUS_HELP("local address");
	ip_addr daddr BOMBUS_LABEL BOMBUS_HELP("remote address");
	port_be sport BOMBUS_HELP("local port");
	port_be dport BOMBUS_LABEL BOMBUS_HELP("remote port");
	tcp_state state BOMBUS_LABEL BOMBUS_HELP("state of the connection");
	__u8 retries BOMBUS_HELP("how often the same segment was sent again without answer");
};

BOMBUS_EVENTS(retransmits, struct event, 1 << 20) BOMBUS_HELP("TCP segments sent again");

struct owner {
	pid_t pid;
	char comm[BOMBUS_COMM_LEN];
};

/* LRU: of owners that never send again, the oldest may be forgotten. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, struct owner);
} owners SEC(".maps") BOMBUS_HELP("who uses a socket, by its address");

static __always_inline int note_owner(const struct sock *sk)
{
	pid_t pid = bpf_get_current_pid_tgid() >> 32;
	struct owner *known, owner = {};
	__u64 id = (__u64)sk;

	if (bombus_filtered())
		return 0;
	known = bpf_map_lookup_elem(&owners, &id);
	if (known && known->pid == pid)
		return 0;
	owner.pid = pid;
	bpf_get_current_comm(owner.comm, sizeof(owner.comm));
	bpf_map_update_elem(&owners, &id, &owner, BPF_ANY);
	return 0;
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(on_send___tp, const struct sock *sk)
{
	if (BPF_CORE_READ(sk, sk_protocol) == IPPROTO_TCP)
		note_owner(sk);
	return 0;
}

SEC("fentry/tcp_sendmsg")
int BPF_PROG(on_send___fentry, struct sock *sk)
{
	return note_owner(sk);
}

SEC("kprobe/tcp_sendmsg")
int BPF_KPROBE(on_send___kprobe, struct sock *sk)
{
	return note_owner(sk);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_state, const struct sock *sk, int oldstate, int newstate)
{
	__u64 id = (__u64)sk;

	/* connect() enters SYN_SENT itself; after CLOSE the address may become another socket's. */
	if (newstate == TCP_SYN_SENT)
		note_owner(sk);
	else if (newstate == TCP_CLOSE)
		bpf_map_delete_elem(&owners, &id);
	return 0;
}

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(on_retransmit, const struct sock *sk)
{
	const struct inet_connection_sock *conn = (const struct inet_connection_sock *)sk;
	__u16 sport = BPF_CORE_READ(sk, __sk_common.skc_num);
	__u16 dport_be = BPF_CORE_READ(sk, __sk_common.skc_dport);
	struct owner *owner;
	__u64 id = (__u64)sk;
	struct event *e;

	if (target_port && target_port != sport && target_port != bpf_ntohs(dport_be))
		return 0;
	owner = bpf_map_lookup_elem(&owners, &id);
	if (!owner && bombus_is_filtering())
		return 0;
	e = bombus_reserve(&retransmits, sizeof(*e));
	if (!e)
		return 0;
	e->time = bpf_ktime_get_ns();
	if (owner) {
		e->pid = owner->pid;
		__builtin_memcpy(e->comm, owner->comm, sizeof(e->comm));
	}
	bombus_ip_from_sock(&e->saddr, &e->daddr, sk);
	e->sport = bpf_htons(sport);
	e->dport = dport_be;
	e->state = BPF_CORE_READ(sk, __sk_common.skc_state);
	e->retries = BPF_CORE_READ(conn, icsk_retransmits);
	bpf_ringbuf_submit(e, 0);
	return 0;
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("TCP segments that are sent again, and the process of their socket") = "GPL";

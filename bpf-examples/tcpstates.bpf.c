// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Each change of state of a TCP socket, and how long it was in the state before. A socket that was
 * there before the program started has no such time at its first change.
 */
#include "vmlinux.h"
#include "sock_owner.bpf.h"

const volatile duration_us
	min_us BOMBUS_PARAM BOMBUS_HELP("only after at least this long in the old state") = 0;

struct event {
	ktime_ns time BOMBUS_HIDE BOMBUS_HELP("when the state changed");
	__u64 socket BOMBUS_HELP("its cookie, the same for all changes of a socket but SYN_RECV");
	pid_t pid BOMBUS_HELP("process of the socket, 0: not known");
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("its name");
	ip_addr saddr BOMBUS_HELP("local address");
	__u16 sport BOMBUS_HELP("local port");
	ip_addr daddr BOMBUS_HELP("remote address");
	__u16 dport BOMBUS_HELP("remote port");
	tcp_state old BOMBUS_LABEL BOMBUS_HELP("state before");
	tcp_state new BOMBUS_LABEL BOMBUS_HELP("state now");
	duration in_old BOMBUS_OBSERVE BOMBUS_HELP("time in the state before, 0: not known");
	cgroup_id cgroup BOMBUS_HIDE BOMBUS_HELP("cgroup of the socket");
};

BOMBUS_EVENTS(changes, struct event, 1 << 20) BOMBUS_HELP("changes of the state of TCP sockets");

BOMBUS_LOST(since);
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
} since SEC(".maps") BOMBUS_HELP("when a socket came into its state");

/* Nanoseconds since the last change of this socket, 0: not known. */
static __always_inline __u64 since_last(const struct sock *sk, __u64 now)
{
	__u64 *at = bpf_sk_storage_get(&since, (void *)sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	__u64 before;

	if (!at) {
		bombus_lost(&since);
		return 0;
	}
	before = *at;
	*at = now;
	return before ? now - before : 0;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tcpstates, const struct sock *sk, int from, int to)
{
	const struct sock_owner *o;
	__u64 now = bpf_ktime_get_ns(), took;
	struct event *e;

	if (sk->sk_protocol != IPPROTO_TCP)
		return 0;
	o = owner_follow(sk, from, to);
	took = since_last(sk, now);
	if (took < min_us * 1000 || owner_filtered(sk, o))
		return 0;
	e = bombus_reserve(&changes, sizeof(*e));
	if (!e)
		return 0;
	e->time = now;
	/* A socket that comes from a listening one still has that one's cookie. */
	if (to != TCP_SYN_RECV)
		e->socket = bpf_get_socket_cookie((void *)sk);
	if (o) {
		e->pid = o->pid;
		__builtin_memcpy(e->comm, o->comm, sizeof(e->comm));
	}
	bombus_ip_from_sock(&e->saddr, &e->daddr, sk);
	e->sport = sock_local_port(sk);
	e->dport = sock_remote_port(sk);
	e->old = from;
	e->new = to;
	e->in_old = took;
	e->cgroup = sock_cgroup(sk);
	bpf_ringbuf_submit(e, 0);
	return 0;
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("changes of the state of TCP sockets, with the time in each state") = "GPL";

// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * How much each process sends and receives over TCP, by peer. The kernel counts the bytes of its
 * sockets: before each sweep an iterator adds the bytes since the last one, and the rest is added
 * when a socket is closed. Nothing runs when data is sent or received.
 */
#include "vmlinux.h"
#include "sock_owner.bpf.h"
#include "tcp_bytes.bpf.h"

const volatile bool by_connection BOMBUS_PARAM
	BOMBUS_HELP("each connection by itself: also by the port that its client chose") = false;

struct peer {
	pid_t pid BOMBUS_HELP("process that connected or listens, 0: not known");
	char comm[BOMBUS_COMM_LEN] BOMBUS_HELP("its name");
	ip_addr saddr BOMBUS_HELP("local address");
	ip_addr daddr BOMBUS_HELP("remote address");
	__u16 port BOMBUS_HELP("port of the side that listens");
	__u16 client_port BOMBUS_HELP("with by_connection: port of the side that connected");
	bool accepted BOMBUS_HELP("the other end connected");
	__u8 unused[3] BOMBUS_HIDE;
};

struct amount {
	__u64 sent BOMBUS_UNIT("bytes") BOMBUS_HELP("data that the process sent");
	__u64 received BOMBUS_UNIT("bytes") BOMBUS_HELP("data that the process received");
};

BOMBUS_LOST(tcp);
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct peer);
	__type(value, struct amount);
} tcp SEC(".maps.counter") BOMBUS_HELP("data over TCP, by process and peer");

/* What was added up already. */
BOMBUS_LOST(counted);
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct amount);
} counted SEC(".maps") BOMBUS_HELP("bytes of each socket that are in the sums");

static __always_inline struct amount *amount_of(const struct sock *sk, const struct sock_owner *o)
{
	struct peer key = {};
	__u16 local = sock_local_port(sk);
	__u16 remote = sock_remote_port(sk);

	if (o) {
		key.pid = o->pid;
		__builtin_memcpy(key.comm, o->comm, sizeof(key.comm));
		key.accepted = o->accepted & 1;
	}
	bombus_ip_from_sock(&key.saddr, &key.daddr, sk);
	key.port = key.accepted ? local : remote;
	if (by_connection)
		key.client_port = key.accepted ? remote : local;
	return bombus_entry(&tcp, &key);
}

/* One that was open before counts from its first look. */
static __always_inline void add_up(const struct sock *sk, const struct sock_owner *o, int state)
{
	const struct tcp_sock *tp = bpf_skc_to_tcp_sock((void *)sk);
	struct amount *sum, *before, now;
	bool is_new;

	if (!tp)
		return;
	now.sent = tcp_sent(tp, state);
	now.received = tcp_received(tp, sk);
	before = bpf_sk_storage_get(&counted, (void *)sk, 0, 0);
	is_new = !before;
	if (is_new)
		before = bpf_sk_storage_get(&counted, (void *)sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!before) {
		bombus_lost(&counted);
		return;
	}
	if (is_new && o && o->since_ns) {
		before->sent = !o->accepted; /* its SYN */
	} else if (is_new) {
		*before = now;
		return;
	}
	if (now.sent <= before->sent && now.received <= before->received)
		return;
	sum = amount_of(sk, o);
	if (!sum)
		return;
	if (now.sent > before->sent)
		bombus_add(&sum->sent, now.sent - before->sent);
	if (now.received > before->received)
		bombus_add(&sum->received, now.received - before->received);
	*before = now;
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_state, const struct sock *sk, int from, int to)
{
	struct sock_owner *o = owner_follow(sk, from, to);

	if (!o || to != TCP_CLOSE)
		return 0;
	if (from != TCP_LISTEN && from != TCP_SYN_SENT && !owner_filtered(sk, o))
		add_up(sk, o, from);
	bpf_sk_storage_delete(&counted, (void *)sk);
	return 0;
}

SEC("iter/bpf_sk_storage_map")
BOMBUS_AT_SWEEP BOMBUS_OVER("owners") int add_up_open(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct sock_owner *o = ctx->value;
	struct sock *sk = ctx->sk;
	int state;

	if (!sk || !o)
		return 0;
	state = sk->__sk_common.skc_state;
	if (state != TCP_LISTEN && state != TCP_CLOSE && state != TCP_SYN_SENT &&
	    !owner_filtered(sk, o))
		add_up(sk, o, state);
	return 0;
}

char LICENSE[] SEC("license") BOMBUS_HELP("data over TCP, by process and peer") = "GPL";

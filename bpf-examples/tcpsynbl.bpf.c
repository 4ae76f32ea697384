// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * How full the queues of listening TCP sockets are: connections that wait for accept(), looked at
 * when one more comes in, and as they are now. A full queue drops new connections.
 */
#include "vmlinux.h"
#include "sock_owner.bpf.h"
#include <bombus/histogram.bpf.h>

struct listen_key {
	ip_addr address BOMBUS_LABEL BOMBUS_HELP("where it listens");
	__u16 port BOMBUS_LABEL BOMBUS_HELP("its port");
	__u16 unused BOMBUS_HIDE;
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("process that listens");
};

BOMBUS_HISTOGRAM(backlog, BOMBUS_WITH_BUCKET(struct listen_key), 16384)
BOMBUS_BUCKETS("exp2 0 16")
BOMBUS_HELP("connections that wait for accept() when one more comes in");

struct now {
	__u32 waiting BOMBUS_GAUGE BOMBUS_HELP("connections that wait for accept()");
	__u32 most BOMBUS_GAUGE BOMBUS_HELP("connections that may wait: the backlog of listen()");
	__u64 dropped BOMBUS_COUNTER
		BOMBUS_HELP("connections that the socket dropped since it listens");
};

BOMBUS_LOST(listeners);
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct listen_key);
	__type(value, struct now);
} listeners SEC(".maps.gauge") BOMBUS_HELP("sockets that listen");

static __always_inline void name_listener(struct listen_key *key, const struct sock *sk,
					  const struct sock_owner *o)
{
	ip_addr remote;

	bombus_ip_from_sock(&key->address, &remote, sk);
	key->port = sock_local_port(sk);
	__builtin_memcpy(key->comm, o->comm, sizeof(key->comm));
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(tcpsynbl, const struct sock *sk, int from, int to)
{
	const struct sock_owner *o = owner_follow(sk, from, to);
	struct listen_key key = {};
	const struct sock *at;

	if (!o || !o->listener)
		return 0;
	if (from == TCP_LISTEN && to == TCP_CLOSE) {
		name_listener(&key, sk, o);
		bpf_map_delete_elem(&listeners, &key);
	}
	if (from != TCP_LISTEN || to != TCP_SYN_RECV || owner_filtered(sk, o))
		return 0;
	/* `sk` is new; the listening socket, which it is a copy of, is in use by this CPU. */
	at = (const struct sock *)o->listener;
	name_listener(&key, at, o);
	bombus_histogram_observe_by(&backlog, &key, BPF_CORE_READ(at, sk_ack_backlog));
	return 0;
}

SEC("iter/bpf_sk_storage_map")
BOMBUS_AT_SWEEP
	BOMBUS_OVER("owners") int look_at_listeners(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	const struct sock_owner *o = ctx->value;
	const struct sock *sk = ctx->sk;
	struct listen_key key = {};
	struct now now = {};

	if (!sk || !o || o->listener != (__u64)sk || sk->__sk_common.skc_state != TCP_LISTEN ||
	    owner_filtered(sk, o))
		return 0;
	name_listener(&key, sk, o);
	now.waiting = sk->sk_ack_backlog;
	now.most = sk->sk_max_ack_backlog;
	now.dropped = sk->sk_drops.counter;
	bombus_update(&listeners, &key, &now, BPF_ANY);
	return 0;
}

char LICENSE[] SEC("license") BOMBUS_HELP(
	"queues of listening TCP sockets: how many connections wait, and drops") = "GPL";

// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * How much each process sends and receives over UDP, by peer. The remote address of a socket is
 * known if it is connected; the other ones are shown by their own port.
 */
#include "vmlinux.h"
#include "sock.bpf.h"

#define MSG_PEEK_FLAG 0x2
#define MSG_ERRQUEUE_FLAG 0x2000

struct peer {
	pid_t pid BOMBUS_HELP("process that sends or receives");
	char comm[BOMBUS_COMM_LEN] BOMBUS_HELP("name of the thread");
	ip_addr saddr BOMBUS_HELP("local address");
	ip_addr daddr BOMBUS_HELP("remote address; none: the socket is not connected");
	__u16 port BOMBUS_HELP("remote port; if the socket is not connected: local port");
	__u16 unused BOMBUS_HIDE;
};

struct amount {
	__u64 sent BOMBUS_UNIT("bytes") BOMBUS_HELP("data that the process sent");
	__u64 received BOMBUS_UNIT("bytes") BOMBUS_HELP("data that the process received");
	__u64 datagrams_sent BOMBUS_HELP("datagrams that the process sent");
	__u64 datagrams_received BOMBUS_HELP("datagrams that the process received");
};

BOMBUS_LOST(udp);
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct peer);
	__type(value, struct amount);
} udp SEC(".maps.counter") BOMBUS_HELP("data over UDP, by process and peer");

static __always_inline int datagram(const struct sock *sk, int len, bool sent)
{
	struct peer key = {};
	struct amount *sum;

	if (len < 0 || bombus_filtered() || sock_filtered(sk))
		return 0;
	key.pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(key.comm, sizeof(key.comm));
	bombus_ip_from_sock(&key.saddr, &key.daddr, sk);
	key.port = sock_remote_port(sk);
	if (!key.port) {
		bombus_ip_zero(&key.daddr);
		key.port = sock_local_port(sk);
	}
	sum = bombus_entry(&udp, &key);
	if (!sum)
		return 0;
	bombus_add(sent ? &sum->sent : &sum->received, len);
	bombus_add(sent ? &sum->datagrams_sent : &sum->datagrams_received, 1);
	return 0;
}

static __always_inline bool is_udp(const struct sock *sk)
{
	return sk->sk_protocol == IPPROTO_UDP &&
	       (sk->__sk_common.skc_family == AF_INET || sk->__sk_common.skc_family == AF_INET6);
}

static __always_inline int received(const struct sock *sk, int len, int flags)
{
	return flags & (MSG_PEEK_FLAG | MSG_ERRQUEUE_FLAG) ? 0 : datagram(sk, len, false);
}

/*
 * The functions of UDP come first. Where a kernel allows no fexit, tracepoints (Linux 6.3) take
 * their place, one for both families; hooks that hardly ever run then stand for the functions of
 * IPv6.
 */
SEC("fexit/udp_sendmsg")
int BPF_PROG(on_sent___fexit, struct sock *sk, struct msghdr *msg, size_t size, int len)
{
	/* udpv6_sendmsg() calls it for IPv4 over an IPv6 socket. */
	return sk->__sk_common.skc_family == AF_INET ? datagram(sk, len, true) : 0;
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(on_sent___tp, struct sock *sk, int len, int flags)
{
	return is_udp(sk) ? datagram(sk, len, true) : 0;
}

SEC("fexit/udpv6_sendmsg")
int BPF_PROG(on_sent6___fexit, struct sock *sk, struct msghdr *msg, size_t size, int len)
{
	return datagram(sk, len, true);
}

SEC("tp_btf/udp_fail_queue_rcv_skb")
int BPF_PROG(on_sent6___none, int code, struct sock *sk)
{
	return 0;
}

SEC("fexit/udp_recvmsg")
int BPF_PROG(on_received___fexit, struct sock *sk, struct msghdr *msg, size_t size, int flags,
	     int *addr_len, int len)
{
	return received(sk, len, flags);
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(on_received___tp, struct sock *sk, int len, int flags)
{
	return is_udp(sk) ? received(sk, len, flags) : 0;
}

SEC("fexit/udpv6_recvmsg")
int BPF_PROG(on_received6___fexit, struct sock *sk, struct msghdr *msg, size_t size, int flags,
	     int *addr_len, int len)
{
	return received(sk, len, flags);
}

SEC("tp_btf/udp_fail_queue_rcv_skb")
int BPF_PROG(on_received6___none, int code, struct sock *sk)
{
	return 0;
}

char LICENSE[] SEC("license") BOMBUS_HELP("data over UDP, by process and peer") = "GPL";

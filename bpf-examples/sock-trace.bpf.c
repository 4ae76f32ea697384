// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * What the kernel does for one TCP socket: connecting and closing, each call that sends or
 * receives, and as moments each segment that goes out, comes in, is sent again or resets it. All of
 * it is below the span that the socket works for at that time; a program gives each step of a
 * connection a span of its own, through libbombus-trace (demos/sock.c):
 *
 *	bombus run sock-trace --attach on_trace=/path/of/the/program
 *
 * A call begins where the thread enters the kernel and ends where the socket has done its part.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bpf/usdt.bpf.h>
#include <bombus/trace.bpf.h>

#define IPPROTO_TCP_NUMBER 6
#define HEADER_LENGTH_AT 12 /* in TCP's header, four bits: in words of 4 bytes */
#define KIND_OF_FILE 0170000
#define KIND_SOCKET 0140000

BOMBUS_FILTERS;
const volatile bool segments BOMBUS_PARAM BOMBUS_HELP("each segment is a moment of its own") = true;

struct sock_span {
	struct span_base span_base;
	char span_name[16];
	errno_t span_status BOMBUS_HELP("how the call ended");
	__u32 length BOMBUS_HELP("bytes of data");
	tcp_state state BOMBUS_HELP("state of the connection then");
	struct {
		ip_addr address BOMBUS_HELP("of this end");
		port_be port BOMBUS_HELP("of this end");
	} source;
	struct {
		ip_addr address BOMBUS_HELP("of the other end");
		port_be port BOMBUS_HELP("of the other end");
	} destination;
	__u32 cwnd BOMBUS_HELP("congestion window, in segments");
	duration_us srtt BOMBUS_HELP("smoothed time of a round trip");
};

BOMBUS_SPANS(sock_spans, struct sock_span, 4 << 20)
BOMBUS_SERVICE("kernel") BOMBUS_HELP("what the kernel does for traced sockets");

struct followed {
	struct span_parent parent;
	__u64 connect_ns; /* 0: not under way */
	__u64 close_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct followed);
} followed SEC(".maps") BOMBUS_HELP("traced sockets, by their address");

/* Processes that have had a traced socket, and when their threads entered the kernel last. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u8);
} callers SEC(".maps") BOMBUS_HELP("processes with traced sockets, by process id");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, __u64);
} called SEC(".maps") BOMBUS_HELP("when their threads entered the kernel, by thread id");

/* The TCP socket behind a descriptor of the current process, 0: it is none. */
static __always_inline __u64 socket_of(__u64 fd)
{
	const struct task_struct *task = bpf_get_current_task_btf();
	const struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	const struct socket *socket;
	struct file **place, *file;
	const struct sock *sk;

	if (fd >= BPF_CORE_READ(table, max_fds))
		return 0;
	place = BPF_CORE_READ(table, fd) + fd;
	if (bpf_probe_read_kernel(&file, sizeof(file), place) || !file)
		return 0;
	if ((BPF_CORE_READ(file, f_inode, i_mode) & KIND_OF_FILE) != KIND_SOCKET)
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	sk = BPF_CORE_READ(socket, sk);
	if (BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP_NUMBER)
		return 0;
	return (__u64)sk;
}

/* Of a socket that is followed already only the span is another. */
static __always_inline void follow(__u64 fd, __u64 hi, __u64 lo, __u64 span, __u64 flags)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;
	__u64 sk = socket_of(fd);
	struct followed f = {}, *known;
	__u8 yes = 1;

	if (!(hi | lo) || !sk) {
		bpf_map_delete_elem(&followed, &sk);
		return;
	}
	f.parent.trace_flags = (__u8)flags;
	__builtin_memcpy(f.parent.trace_id, &hi, sizeof(hi));
	__builtin_memcpy(f.parent.trace_id + sizeof(hi), &lo, sizeof(lo));
	__builtin_memcpy(f.parent.span_id, &span, sizeof(span));
	known = bpf_map_lookup_elem(&followed, &sk);
	if (known)
		bombus_context_copy(&known->parent, &f.parent);
	else if (bpf_map_update_elem(&followed, &sk, &f, BPF_ANY))
		bombus_lost(&sock_spans);
	else
		bpf_map_update_elem(&callers, &tgid, &yes, BPF_ANY);
}

SEC("usdt/:bombus:trace")
int BPF_USDT(on_trace, __u64 what, __u64 subject, __u64 hi, __u64 lo, __u64 span, __u64 flags)
{
	if (bombus_filtered())
		return 0;
	if (what == BOMBUS_TRACE_SOCKET)
		follow(subject, hi, lo, span, flags);
	else if (what == BOMBUS_TRACE_SPAN)
		bombus_user_span(subject);
	return 0;
}

static __always_inline struct followed *followed_by(const void *sk)
{
	__u64 key = (__u64)sk;

	return bpf_map_lookup_elem(&followed, &key);
}

static __always_inline void read_addresses(struct sock_span *s, const struct sock *sk)
{
	const struct sock_common *c = &sk->__sk_common;

	s->state = BPF_CORE_READ(c, skc_state);
	s->source.port = BPF_CORE_READ((const struct inet_sock *)sk, inet_sport);
	s->destination.port = BPF_CORE_READ(c, skc_dport);
	s->source.address.family = BPF_CORE_READ(c, skc_family);
	s->destination.address.family = s->source.address.family;
	if (s->source.address.family == AF_INET) {
		BPF_CORE_READ_INTO(&s->source.address.addr, c, skc_rcv_saddr);
		BPF_CORE_READ_INTO(&s->destination.address.addr, c, skc_daddr);
	} else {
		BPF_CORE_READ_INTO(&s->source.address.addr, c, skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&s->destination.address.addr, c, skc_v6_daddr);
	}
}

/* `name` is a constant, `begin_ns` 0 for a moment; a negative result is an error. */
static __always_inline void report(const struct followed *f, const struct sock *sk,
				   const char *name, __u32 name_bytes, __u64 begin_ns, int result)
{
	struct sock_span *s = bombus_span_reserve(&sock_spans, struct sock_span, &f->parent);
	const struct tcp_sock *tcp = (const struct tcp_sock *)sk;

	if (!s)
		return;
	if (begin_ns) {
		s->span_base.span_duration_ns = s->span_base.span_monotonic_timestamp_ns - begin_ns;
		s->span_base.span_monotonic_timestamp_ns = begin_ns;
	}
	__builtin_memcpy(s->span_name, name, name_bytes);
	s->span_status = result < 0 ? result : 0;
	s->length = result < 0 ? 0 : result;
	read_addresses(s, sk);
	s->cwnd = BPF_CORE_READ(tcp, snd_cwnd);
	s->srtt = BPF_CORE_READ(tcp, srtt_us) >> 3; /* the kernel keeps eighths */
	bpf_ringbuf_submit(s, 0);
}
#define REPORT(f, sk, name, begin_ns, result) report(f, sk, name, sizeof(name), begin_ns, result)

/* --- calls ----------------------------------------------------------------------------------- */

SEC("tp_btf/sys_enter")
int BPF_PROG(on_call, struct pt_regs *regs, long number)
{
	__u64 ids = bpf_get_current_pid_tgid(), now_ns;
	__u32 tgid = ids >> 32, tid = (__u32)ids;

	if (!bpf_map_lookup_elem(&callers, &tgid))
		return 0;
	now_ns = bpf_ktime_get_ns();
	bpf_map_update_elem(&called, &tid, &now_ns, BPF_ANY);
	return 0;
}

static __always_inline __u64 call_begin(void)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	__u64 *begin_ns = bpf_map_lookup_elem(&called, &tid);

	return begin_ns ? *begin_ns : 0;
}

static __always_inline int sent(const struct sock *sk, int result)
{
	const struct followed *f = followed_by(sk);

	if (f)
		REPORT(f, sk, "send", call_begin(), result);
	return 0;
}

static __always_inline int received(const struct sock *sk, int result)
{
	const struct followed *f = followed_by(sk);

	if (f)
		REPORT(f, sk, "receive", call_begin(), result);
	return 0;
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(on_send___tp, struct sock *sk, int result, int flags)
{
	return sent(sk, result);
}

/* Before Linux 6.3. */
SEC("fexit/tcp_sendmsg")
int BPF_PROG(on_send___fexit, struct sock *sk, struct msghdr *msg, size_t size, int result)
{
	return sent(sk, result);
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(on_receive___tp, struct sock *sk, int result, int flags)
{
	return received(sk, result);
}

SEC("fexit/tcp_recvmsg")
int BPF_PROG(on_receive___fexit, struct sock *sk, struct msghdr *msg, size_t size, int flags,
	     int *addr_len, int result)
{
	return received(sk, result);
}

/* --- the connection -------------------------------------------------------------------------- */

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_state, const struct sock *sk, int from, int to)
{
	struct followed *f = followed_by(sk);

	if (!f)
		return 0;
	if (to == TCP_SYN_SENT) {
		f->connect_ns = bpf_ktime_get_ns();
	} else if (from == TCP_SYN_SENT) {
		REPORT(f, sk, "connect", f->connect_ns,
		       to == TCP_CLOSE ? -BPF_CORE_READ(sk, sk_err) : 0);
	} else if (to == TCP_FIN_WAIT1 || to == TCP_LAST_ACK) {
		f->close_ns = bpf_ktime_get_ns();
	} else if (to == TCP_CLOSE && f->close_ns) {
		REPORT(f, sk, "finish", f->close_ns, 0);
	}
	return 0;
}

/* Its address may be another's a moment later. */
SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(on_destroy, struct sock *sk)
{
	__u64 key = (__u64)sk;

	bpf_map_delete_elem(&followed, &key);
	return 0;
}

/* --- segments -------------------------------------------------------------------------------- */

/* What is behind the headers. */
static __always_inline int payload(const struct sk_buff *skb)
{
	const unsigned char *header =
		BPF_CORE_READ(skb, head) + BPF_CORE_READ(skb, transport_header);
	unsigned char words = 0;

	bpf_probe_read_kernel(&words, sizeof(words), header + HEADER_LENGTH_AT);
	return (int)BPF_CORE_READ(skb, len) - (int)(header - BPF_CORE_READ(skb, data)) -
	       (words >> 4) * 4;
}

SEC("tp_btf/net_dev_queue")
int BPF_PROG(on_segment_out, struct sk_buff *skb)
{
	const struct sock *sk = skb->sk;
	const struct followed *f = segments && sk ? followed_by(sk) : NULL;

	if (f)
		REPORT(f, sk, "segment out", 0, payload(skb));
	return 0;
}

SEC("tp_btf/tcp_probe")
int BPF_PROG(on_segment_in, struct sock *sk, struct sk_buff *skb)
{
	const struct followed *f = segments ? followed_by(sk) : NULL;

	if (f)
		REPORT(f, sk, "segment in", 0, payload(skb));
	return 0;
}

SEC("tp_btf/tcp_retransmit_skb")
int BPF_PROG(on_retransmit, const struct sock *sk, const struct sk_buff *skb)
{
	const struct followed *f = followed_by(sk);

	if (f)
		REPORT(f, sk, "retransmit", 0, BPF_CORE_READ(skb, len));
	return 0;
}

SEC("tp_btf/tcp_receive_reset")
int BPF_PROG(on_reset, struct sock *sk)
{
	const struct followed *f = followed_by(sk);

	if (f)
		REPORT(f, sk, "reset", 0, 0);
	return 0;
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("what the kernel does for a traced TCP socket, as spans") = "GPL";

// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * TCP and UDP connections from their opening to their end, on the connecting and on the accepting
 * side: a connection over the loopback interface is two, one of each socket.
 *
 * A TCP connection is open from ESTABLISHED to CLOSE, a UDP connection from the first datagram of a
 * socket until the socket is closed. Sockets that were there before are taken in at start; a UDP
 * socket among them when it is connected.
 *
 * What is known of a connection hangs on its socket (BPF_MAP_TYPE_SK_STORAGE): there is no map that
 * could be full, and nothing to clean up. A listening socket hands its own down to those that it
 * accepts, so that these know their process. The kernel counts the bytes of TCP sockets itself, and
 * nothing here runs when they send or receive. Before each sweep an iterator looks at all open
 * connections and counts what changes without any event: open, idle, bytes, averages.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>
#include <bombus/bombus.bpf.h>
#include <bombus/histogram.bpf.h>

#include "tcp_bytes.bpf.h"

#define IPPROTO_TCP_NUMBER 6
#define IPPROTO_UDP_NUMBER 17
#define MSG_PEEK_FLAG 0x2
#define MSG_ERRQUEUE_FLAG 0x2000
#define REASON_SIZE 24
#define SOCK_LINGER_BIT 4
#define NS_PER_S 1000000000ull

BOMBUS_OWNER_FILTERS;
const volatile netns_id netns BOMBUS_PARAM BOMBUS_HELP(
	"only sockets of this network namespace (its inode, as in /proc/PID/ns/net), 0: of all") =
	0;
const volatile __u16 port BOMBUS_PARAM BOMBUS_HELP("only with this port at either end, 0: any") = 0;
const volatile __u32 idle_after BOMBUS_PARAM
	BOMBUS_HELP("a connection is idle when no byte went either way for so many seconds") = 60;
const volatile bool with_events BOMBUS_PARAM BOMBUS_HELP("each event is also a record") = true;
const volatile __u64 bombus_tick_ns BOMBUS_HELP("nanoseconds of a jiffy; bombus sets it") = 4000000;

/* --- what is shown ---------------------------------------------------------------------------- */

struct event {
	ktime_ns time BOMBUS_HIDE;
	char event[8] BOMBUS_HELP("open, close, reset or failed");
	ip_proto protocol;
	bool accepted BOMBUS_HELP("this end accepted it; of UDP: its first datagram came in");
	ip_addr local;
	__u16 local_port;
	ip_addr remote BOMBUS_HELP("no address: a UDP socket that is not connected");
	__u16 remote_port;
	pid_t pid BOMBUS_HELP("process that connected or listens, 0: unknown");
	char comm[BOMBUS_COMM_LEN];
	duration lasted BOMBUS_HELP("of a connection that was_open: since it was taken in");
	bool was_open BOMBUS_HELP("it was open before the program started");
	bytes sent;
	bytes received;
	duration_us rtt BOMBUS_HELP("smoothed time of a round trip at the end");
	__u32 retransmits BOMBUS_HELP("segments");
	errno_t error BOMBUS_HELP("of an attempt that failed, 0: it was given up");
	char reset_reason[REASON_SIZE] BOMBUS_HELP("by_peer, or why this end reset it");
	cgroup_id cgroup;
	netns_id netns;
	__u64 socket BOMBUS_HELP("its cookie, the same in all events of a connection");
};
BOMBUS_UNREAD(events);
BOMBUS_EVENTS(events, struct event, 4 << 20) BOMBUS_HELP("connections that open, end or fail");

/* Averages are doubles, and "not a number" as long as there is nothing to average. */
struct summary {
	__u64 open_connections BOMBUS_GAUGE BOMBUS_HELP("Connections that are open.");
	__u64 idle_connections BOMBUS_GAUGE
		BOMBUS_HELP("Open connections without a byte for idle_after seconds.");
	__u64 total_connections BOMBUS_GAUGE
		BOMBUS_HELP("Connections seen, those that were open at start included.");
	__u64 closed_connections BOMBUS_COUNTER
		BOMBUS_HELP("Connections that ended, those that were reset included.");
	__u64 reset_connections BOMBUS_COUNTER BOMBUS_HELP("Connections that either end reset.");
	__u64 failed_connections BOMBUS_COUNTER BOMBUS_HELP("Attempts to connect that failed.");
	__u64 tcp_connections BOMBUS_COUNTER BOMBUS_HELP("TCP connections seen.");
	__u64 udp_connections BOMBUS_COUNTER BOMBUS_HELP("UDP connections seen.");
	__u64 bytes_sent BOMBUS_COUNTER BOMBUS_UNIT("bytes")
		BOMBUS_HELP("Bytes that programs sent.");
	__u64 bytes_received BOMBUS_COUNTER BOMBUS_UNIT("bytes")
		BOMBUS_HELP("Bytes that programs received.");
	__u64 retransmitted_segments BOMBUS_COUNTER BOMBUS_HELP("TCP segments sent again.");
	double avg_connection_duration_ms BOMBUS_GAUGE
		BOMBUS_HELP("Mean duration of connections that ended, in milliseconds.");
	double avg_rtt_microseconds BOMBUS_GAUGE BOMBUS_HELP(
		"Mean of the last smoothed round trip of all TCP connections, in microseconds.");
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct summary);
} connections SEC(".maps.counter") BOMBUS_PLAIN_NAMES BOMBUS_HELP("all connections together");

struct way {
	char direction[9] BOMBUS_LABEL;
	char protocol[4] BOMBUS_LABEL;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4);
	__type(key, struct way);
	__type(value, __u64);
} connection_bandwidth SEC(".maps.counter") BOMBUS_UNIT("bytes")
	BOMBUS_HELP("Bytes by direction and protocol.");

struct kind {
	char event_type[8] BOMBUS_LABEL;
	char protocol[4] BOMBUS_LABEL;
	char reset_reason[REASON_SIZE] BOMBUS_LABEL;
};

BOMBUS_LOST(connection_events);
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 64);
	__type(key, struct kind);
	__type(value, __u64);
} connection_events SEC(".maps.counter") BOMBUS_HELP("Events of connections.");

struct by_protocol {
	char protocol[4] BOMBUS_LABEL;
};
BOMBUS_HISTOGRAM(connection_duration, BOMBUS_WITH_BUCKET(struct by_protocol), 256)
BOMBUS_UNIT("us") BOMBUS_HELP("Duration of connections that ended.");
BOMBUS_HISTOGRAM(connection_rtt, BOMBUS_WITH_BUCKET(struct by_protocol), 128)
BOMBUS_UNIT("us") BOMBUS_HELP("Smoothed round trip of TCP connections at their end.");

/* --- what is known of a socket ---------------------------------------------------------------- */

enum conn_state {
	STATE_NONE,
	STATE_LISTENS,
	STATE_CONNECTS,
	STATE_OPEN,
	STATE_ENDING, /* closed; a reset may follow in a moment */
	STATE_ENDED,
};

struct conn {
	__u64 since_ns, ended_ns;
	__u64 last_ns; /* UDP: the last datagram either way */
	/* UDP: bytes so far. TCP: what the kernel had counted before, and at the end the result. */
	__u64 sent, received;
	__u64 cgroup, cookie;
	ip_addr local, remote;
	__u16 local_port, remote_port;
	__u32 netns, rtt_us, retransmits;
	pid_t tgid;
	__u8 state; /* enum conn_state */
	__u8 udp; /* 0 or 1; no bool, of which clang believes that the kernel's verifier knows it */
	bool accepted, was_open, was_reset;
	char comm[BOMBUS_COMM_LEN];
	char reset_reason[REASON_SIZE];
};

BOMBUS_LOST(sockets);
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC | BPF_F_CLONE);
	__type(key, int);
	__type(value, struct conn);
} sockets SEC(".maps") BOMBUS_HELP("what is known of each socket");

/* Of several connections. */
struct sums {
	__u64 sent[2], received[2]; /* TCP, UDP */
	__u64 retransmits, rtt_us, with_rtt;
	__u64 lasted_ns, with_duration;
};
struct sums ended;

static __always_inline struct conn *conn_of(const struct sock *sk)
{
	return bpf_sk_storage_get(&sockets, (void *)sk, 0, 0);
}

static __always_inline struct conn *conn_make(const struct sock *sk)
{
	struct conn *c = bpf_sk_storage_get(&sockets, (void *)sk, 0, BPF_SK_STORAGE_GET_F_CREATE);

	if (!c)
		bombus_lost(&sockets);
	return c;
}

static __always_inline struct summary *totals(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&connections, &zero);
}

#define TOTAL_ADD(member, n)                                                                       \
	do {                                                                                       \
		struct summary *totals_ = totals();                                                \
                                                                                                   \
		if (totals_)                                                                       \
			bombus_add(&totals_->member, n);                                           \
	} while (0)

static __always_inline __u64 cgroup_of(const struct sock *sk)
{
	return BPF_CORE_READ(sk, sk_cgrp_data.cgroup, kn, id);
}

/* Before connect() has chosen the local port, it is 0. */
static __always_inline bool left_out(const struct sock *sk, pid_t tgid)
{
	__u16 local = BPF_CORE_READ(sk, __sk_common.skc_num);
	__u16 remote = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));

	if (netns && netns != BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum))
		return true;
	if (port && port != local && port != remote)
		return true;
	return bombus_owner_filtered(tgid, cgroup_of(sk));
}

static __always_inline __u64 minus(__u64 now, __u64 before)
{
	return now > before ? now - before : 0;
}

/* --- events ----------------------------------------------------------------------------------- */

#define WORD(text)                                                                                 \
	({                                                                                         \
		const char text_[8] = text;                                                        \
		__u64 word_;                                                                       \
                                                                                                   \
		__builtin_memcpy(&word_, text_, sizeof(word_));                                    \
		word_;                                                                             \
	})

static __always_inline void put_protocol(char protocol[4], bool udp)
{
	protocol[0] = udp ? 'u' : 't';
	protocol[1] = udp ? 'd' : 'c';
	protocol[2] = 'p';
	protocol[3] = '\0';
}

/* A function of its own, since many places call it. */
static __noinline int report(const struct conn *c, __u64 word, int error)
{
	struct kind kind = {};
	struct event *e;

	if (!c)
		return 0;
	__builtin_memcpy(kind.event_type, &word, sizeof(word));
	put_protocol(kind.protocol, c->udp);
	__builtin_memcpy(kind.reset_reason, c->reset_reason, sizeof(kind.reset_reason));
	bombus_count(&connection_events, &kind, 1);
	if (!with_events || bombus_unread(&events))
		return 0;
	e = bombus_reserve(&events, sizeof(*e));
	if (!e)
		return 0;
	e->time = bpf_ktime_get_ns();
	__builtin_memcpy(e->event, &word, sizeof(e->event));
	e->protocol = c->udp ? IPPROTO_UDP_NUMBER : IPPROTO_TCP_NUMBER;
	e->accepted = c->accepted;
	e->local = c->local;
	e->local_port = c->local_port;
	e->remote = c->remote;
	e->remote_port = c->remote_port;
	e->pid = c->tgid;
	__builtin_memcpy(e->comm, c->comm, sizeof(e->comm));
	if (c->state >= STATE_ENDING) {
		e->lasted = c->ended_ns - c->since_ns;
		e->sent = c->sent;
		e->received = c->received;
		e->rtt = c->rtt_us;
	}
	e->retransmits = c->retransmits;
	e->was_open = c->was_open;
	e->error = error;
	__builtin_memcpy(e->reset_reason, c->reset_reason, sizeof(e->reset_reason));
	e->cgroup = c->cgroup;
	e->netns = c->netns;
	e->socket = c->cookie;
	bpf_ringbuf_submit(e, 0);
	return 0;
}

/* --- opening ---------------------------------------------------------------------------------- */

static __always_inline void set_owner(struct conn *c, const struct task_struct *task)
{
	c->tgid = BPF_CORE_READ(task, tgid);
	BPF_CORE_READ_INTO(&c->comm, task, group_leader, comm);
}

static __always_inline void set_addresses(struct conn *c, const struct sock *sk)
{
	bombus_ip_from_sock(&c->local, &c->remote, sk);
	c->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	c->remote_port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (!c->remote_port)
		bombus_ip_zero(&c->remote);
}

/* The process, `accepted`, and what the kernel counted before are known already. */
static __always_inline void begin(struct conn *c, const struct sock *sk, bool udp, bool was_open)
{
	c->since_ns = c->last_ns = bpf_ktime_get_ns();
	c->ended_ns = 0;
	c->udp = udp;
	c->was_open = was_open;
	c->was_reset = false;
	c->rtt_us = c->retransmits = 0;
	__builtin_memset(c->reset_reason, 0, sizeof(c->reset_reason));
	c->cgroup = cgroup_of(sk);
	c->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	c->cookie = bpf_get_socket_cookie((void *)sk);
	set_addresses(c, sk);
}

static __always_inline void opened(struct conn *c)
{
	c->state = STATE_OPEN;
	TOTAL_ADD(total_connections, 1);
	if (c->udp)
		TOTAL_ADD(udp_connections, 1);
	else
		TOTAL_ADD(tcp_connections, 1);
	if (!c->was_open)
		report(c, WORD("open"), 0);
}

/* --- the end ---------------------------------------------------------------------------------- */

static __noinline int finish(struct conn *c)
{
	struct by_protocol by = {};
	__u32 udp;

	if (!c)
		return 0;
	udp = c->udp & 1;
	c->state = STATE_ENDED;
	put_protocol(by.protocol, udp);
	bombus_add(&ended.sent[udp], c->sent);
	bombus_add(&ended.received[udp], c->received);
	bombus_add(&ended.retransmits, c->retransmits);
	if (!c->was_open) {
		__u64 lasted_ns = c->ended_ns - c->since_ns;

		bombus_add(&ended.lasted_ns, lasted_ns);
		bombus_add(&ended.with_duration, 1);
		bombus_histogram_observe_by(&connection_duration, &by, lasted_ns / 1000);
	}
	if (c->rtt_us) {
		bombus_add(&ended.rtt_us, c->rtt_us);
		bombus_add(&ended.with_rtt, 1);
		bombus_histogram_observe_by(&connection_rtt, &by, c->rtt_us);
	}
	TOTAL_ADD(closed_connections, 1);
	return report(c, WORD("close"), 0);
}

static __always_inline void was_reset(struct conn *c)
{
	c->was_reset = true;
	TOTAL_ADD(reset_connections, 1);
	report(c, WORD("reset"), 0);
}

/* --- TCP -------------------------------------------------------------------------------------- */

static __always_inline void connects(const struct sock *sk)
{
	const struct task_struct *task = (void *)bpf_get_current_task();
	struct conn *c = conn_of(sk);

	if (c && c->state == STATE_ENDING)
		finish(c);
	if (c)
		c->state = STATE_NONE;
	if (left_out(sk, bpf_get_current_pid_tgid() >> 32))
		return;
	c = conn_make(sk);
	if (!c)
		return;
	set_owner(c, task);
	c->accepted = false;
	begin(c, sk, false, false);
	c->state = STATE_CONNECTS;
}

static __always_inline void listens(const struct sock *sk)
{
	struct conn *c = conn_make(sk);

	if (!c)
		return;
	set_owner(c, (void *)bpf_get_current_task());
	c->state = STATE_LISTENS;
}

static __always_inline void established(const struct sock *sk, int from)
{
	struct conn *c = conn_of(sk);

	if (c && c->state == STATE_CONNECTS) {
		c->accepted = false;
	} else if (from == TCP_SYN_RECV) {
		/* The listening socket's own, copied, where it is known. */
		if (left_out(sk, c ? c->tgid : 0)) {
			if (c)
				c->state = STATE_NONE;
			return;
		}
		if (!c)
			c = conn_make(sk);
		if (!c)
			return;
		c->accepted = true;
	} else {
		return;
	}
	begin(c, sk, false, false);
	c->sent = !c->accepted;
	c->received = 0;
	opened(c);
}

static __always_inline void failed(const struct sock *sk, struct conn *c)
{
	const struct tcp_sock *tp = bpf_skc_to_tcp_sock((void *)sk);

	set_addresses(c, sk);
	if (tp)
		c->retransmits = tp->total_retrans;
	c->state = STATE_NONE;
	TOTAL_ADD(failed_connections, 1);
	report(c, WORD("failed"), sk->sk_err);
}

static __always_inline void closed(const struct sock *sk, int from)
{
	const struct tcp_sock *tp;
	struct conn *c = conn_of(sk);

	if (!c)
		return;
	if (c->state == STATE_CONNECTS) {
		failed(sk, c);
		return;
	}
	if (c->state != STATE_OPEN) {
		c->state = STATE_NONE;
		return;
	}
	tp = bpf_skc_to_tcp_sock((void *)sk);
	if (!tp)
		return;
	c->sent = minus(tcp_sent(tp, from), c->sent);
	c->received = minus(tcp_received(tp, sk), c->received);
	c->rtt_us = tp->srtt_us >> 3;
	c->retransmits = tp->total_retrans;
	c->ended_ns = bpf_ktime_get_ns();
	c->state = STATE_ENDING;
	/* This end goes without a FIN: it says why when it sends a reset, which it does next. */
	if ((from == TCP_ESTABLISHED || from == TCP_CLOSE_WAIT || from == TCP_FIN_WAIT1) &&
	    !c->was_reset && !sk->sk_err)
		return;
	finish(c);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_state, const struct sock *sk, int from, int to)
{
	if (sk->sk_protocol != IPPROTO_TCP_NUMBER)
		return 0;
	if (to == TCP_SYN_SENT)
		connects(sk);
	else if (to == TCP_LISTEN)
		listens(sk);
	else if (to == TCP_ESTABLISHED)
		established(sk, from);
	else if (to == TCP_CLOSE)
		closed(sk, from);
	return 0;
}

SEC("tp_btf/tcp_destroy_sock")
int BPF_PROG(on_destroy, struct sock *sk)
{
	struct conn *c = conn_of(sk);

	if (c && c->state == STATE_ENDING)
		finish(c);
	return 0;
}

SEC("tp_btf/tcp_receive_reset")
int BPF_PROG(on_reset_received, struct sock *sk)
{
	struct conn *c = conn_of(sk);

	if (!c || c->state != STATE_OPEN || c->was_reset)
		return 0;
	__builtin_memcpy(c->reset_reason, "by_peer", 8);
	was_reset(c);
	return 0;
}

#define REASON(c, text) __builtin_memcpy((c)->reset_reason, text, sizeof(text))

static __always_inline struct conn *to_be_reset(const struct sock *sk)
{
	struct conn *c = sk ? conn_of(sk) : NULL;

	return c && c->state >= STATE_OPEN && !c->was_reset ? c : NULL;
}

static __always_inline int reset_by_us(struct conn *c)
{
	was_reset(c);
	if (c->state == STATE_ENDING)
		finish(c);
	return 0;
}

/* SO_LINGER with 0 seconds: close() resets. */
static __always_inline bool lingers_not(const struct sock *sk)
{
	return sk->__sk_common.skc_flags >> SOCK_LINGER_BIT & 1 && !sk->sk_lingertime;
}

/* As the kernel has them since 6.10. */
enum sk_rst_reason___known {
	SK_RST_REASON_TCP_ABORT_ON_DATA___known,
	SK_RST_REASON_TCP_ABORT_ON_CLOSE___known,
	SK_RST_REASON_TCP_ABORT_ON_LINGER___known,
	SK_RST_REASON_TCP_ABORT_ON_MEMORY___known,
	SK_RST_REASON_TCP_KEEPALIVE_TIMEOUT___known,
	SK_RST_REASON_TCP_DISCONNECT_WITH_DATA___known,
	SK_RST_REASON_TCP_STATE___known,
};
#define IS_REASON(reason, name)                                                                    \
	((reason) ==                                                                               \
	 (int)bpf_core_enum_value(enum sk_rst_reason___known, SK_RST_REASON_TCP_##name##___known))

SEC("tp_btf/tcp_send_reset")
int BPF_PROG(on_reset_sent___reason, const struct sock *sk, const struct sk_buff *skb, int reason)
{
	struct conn *c = to_be_reset(sk);

	if (!c)
		return 0;
	if (IS_REASON(reason, ABORT_ON_CLOSE))
		REASON(c, "unread_data");
	else if (IS_REASON(reason, ABORT_ON_LINGER))
		REASON(c, "no_linger");
	else if (IS_REASON(reason, ABORT_ON_DATA))
		REASON(c, "data_after_close");
	else if (IS_REASON(reason, ABORT_ON_MEMORY))
		REASON(c, "memory");
	else if (IS_REASON(reason, KEEPALIVE_TIMEOUT))
		REASON(c, "keepalive_timeout");
	else if (!skb && lingers_not(sk))
		REASON(c, "no_linger");
	else if (IS_REASON(reason, STATE) || IS_REASON(reason, DISCONNECT_WITH_DATA))
		REASON(c, "disconnect");
	else
		REASON(c, "other");
	return reset_by_us(c);
}

/* Before Linux 6.10. */
SEC("tp_btf/tcp_send_reset")
int BPF_PROG(on_reset_sent___plain, const struct sock *sk, const struct sk_buff *skb)
{
	struct conn *c = to_be_reset(sk);

	if (!c)
		return 0;
	if (skb)
		REASON(c, "data_after_close");
	else if (c->state == STATE_OPEN)
		REASON(c, "keepalive_timeout");
	else if (lingers_not(sk))
		REASON(c, "no_linger");
	else
		REASON(c, "unread_data");
	return reset_by_us(c);
}

/* --- UDP -------------------------------------------------------------------------------------- */

static __always_inline int datagram(struct sock *sk, int result, bool sent)
{
	struct conn *c;

	if (result < 0)
		return 0;
	c = conn_of(sk);
	if (!c || c->state != STATE_OPEN) {
		if (BPF_CORE_READ_BITFIELD_PROBED(sk, __sk_common.skc_net_refcnt) == 0 ||
		    left_out(sk, bpf_get_current_pid_tgid() >> 32))
			return 0;
		c = conn_make(sk);
		if (!c)
			return 0;
		set_owner(c, (void *)bpf_get_current_task());
		c->accepted = !sent;
		c->sent = c->received = 0;
		begin(c, sk, true, false);
		opened(c);
	}
	bombus_add(sent ? &c->sent : &c->received, result);
	c->last_ns = bpf_ktime_get_ns();
	return 0;
}

static __always_inline bool is_udp(const struct sock *sk)
{
	return sk->sk_protocol == IPPROTO_UDP_NUMBER &&
	       (sk->__sk_common.skc_family == AF_INET || sk->__sk_common.skc_family == AF_INET6);
}

static __always_inline int received(struct sock *sk, int result, int flags)
{
	return flags & (MSG_PEEK_FLAG | MSG_ERRQUEUE_FLAG) ? 0 : datagram(sk, result, false);
}

/*
 * The functions of UDP come first. Where a kernel allows no fexit, tracepoints (Linux 6.3) take
 * their place. They run for all sockets, and so make each request over TCP dearer; one tracepoint
 * serves both families.
 */
SEC("fexit/udp_sendmsg")
int BPF_PROG(on_udp_sent___fexit, struct sock *sk, struct msghdr *msg, size_t len, int result)
{
	/* udpv6_sendmsg() calls it for IPv4 over an IPv6 socket. */
	return sk->__sk_common.skc_family == AF_INET ? datagram(sk, result, true) : 0;
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(on_udp_sent___tp, struct sock *sk, int result, int flags)
{
	return is_udp(sk) ? datagram(sk, result, true) : 0;
}

SEC("fexit/udpv6_sendmsg")
int BPF_PROG(on_udp6_sent___fexit, struct sock *sk, struct msghdr *msg, size_t len, int result)
{
	return datagram(sk, result, true);
}

SEC("fexit/udp_recvmsg")
int BPF_PROG(on_udp_received___fexit, struct sock *sk, struct msghdr *msg, size_t len, int flags,
	     int *addr_len, int result)
{
	return received(sk, result, flags);
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(on_udp_received___tp, struct sock *sk, int result, int flags)
{
	return is_udp(sk) ? received(sk, result, flags) : 0;
}

SEC("fexit/udpv6_recvmsg")
int BPF_PROG(on_udp6_received___fexit, struct sock *sk, struct msghdr *msg, size_t len, int flags,
	     int *addr_len, int result)
{
	return received(sk, result, flags);
}

/* With the tracepoints, IPv6 is covered already: hooks that hardly ever run replace the two above.
 */
SEC("tp_btf/udp_fail_queue_rcv_skb")
int BPF_PROG(on_udp6_sent___none, int code, struct sock *sk)
{
	return 0;
}

SEC("tp_btf/udp_fail_queue_rcv_skb")
int BPF_PROG(on_udp6_received___none, int code, struct sock *sk)
{
	return 0;
}

static __always_inline void udp_closed(struct conn *c)
{
	if (!c || !c->udp || c->state != STATE_OPEN)
		return;
	c->ended_ns = bpf_ktime_get_ns();
	finish(c);
}

SEC("fentry/sk_common_release")
int BPF_PROG(on_udp_closed___fentry, struct sock *sk)
{
	udp_closed(conn_of(sk));
	return 0;
}

/* Kernels that allow no fentry. */
SEC("cgroup/sock_release") BOMBUS_ATTACH("/") int on_udp_closed___cgroup(struct bpf_sock *sk)
{
	udp_closed(bpf_sk_storage_get(&sockets, sk, 0, 0));
	return 1;
}

/* --- sockets that were there before ----------------------------------------------------------- */

static __always_inline bool is_connected(int state)
{
	return state == TCP_ESTABLISHED || state == TCP_FIN_WAIT1 || state == TCP_FIN_WAIT2 ||
	       state == TCP_CLOSE_WAIT || state == TCP_LAST_ACK || state == TCP_CLOSING;
}

/* `task` NULL: unknown. */
static __always_inline void take_in(struct sock *sk, const struct task_struct *task)
{
	const struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);
	int state = sk->__sk_common.skc_state;
	struct conn *c;

	if (!tp && !(is_udp(sk) && state == TCP_ESTABLISHED))
		return;
	if (state != TCP_LISTEN && state != TCP_SYN_SENT && !is_connected(state))
		return;
	c = conn_of(sk);
	if (c && c->state != STATE_NONE)
		return;
	if (state != TCP_LISTEN && left_out(sk, task ? BPF_CORE_READ(task, tgid) : 0))
		return;
	c = conn_make(sk);
	if (!c)
		return;
	if (task)
		set_owner(c, task);
	if (state == TCP_LISTEN) {
		c->state = STATE_LISTENS;
		return;
	}
	begin(c, sk, !tp, true);
	if (state == TCP_SYN_SENT) {
		c->state = STATE_CONNECTS;
		return;
	}
	c->sent = tp ? tcp_sent(tp, state) : 0;
	c->received = tp ? tcp_received(tp, sk) : 0;
	opened(c);
}

/* Of all processes, in all network namespaces. */
SEC("iter/task_file")
BOMBUS_AT_START int BPF_PROG(take_in_files, struct bpf_iter_meta *meta, struct task_struct *task,
			     __u32 fd, struct file *file)
{
	struct socket *socket = task && file ? bpf_sock_from_file(file) : NULL;
	struct sock *sk = socket ? socket->sk : NULL;

	if (sk)
		take_in(sk, task);
	return 0;
}

/* Sockets that no process has any more, of this network namespace. */
SEC("iter/tcp") BOMBUS_AT_START int take_in_tcp(struct bpf_iter__tcp *ctx)
{
	struct sock_common *common = ctx->sk_common;
	struct tcp_sock *tp = common ? bpf_skc_to_tcp_sock(common) : NULL;

	if (tp)
		take_in((struct sock *)tp, NULL);
	return 0;
}

/* --- what changes without any event ----------------------------------------------------------- */

/* One walk at a time. */
struct {
	__u64 start_ns, jiffies, open, idle;
	struct sums sums;
} walk;

static __always_inline void walk_add(const struct conn *c, __u64 sent, __u64 received, __u32 rtt_us,
				     __u32 retransmits)
{
	__u32 udp = c->udp & 1;

	walk.sums.sent[udp] += sent;
	walk.sums.received[udp] += received;
	walk.sums.retransmits += retransmits;
	walk.sums.rtt_us += rtt_us;
	walk.sums.with_rtt += rtt_us > 0;
}

/* 0: never. */
static __always_inline __u64 quiet_ns(__u32 at)
{
	return at ? (__u32)((__u32)walk.jiffies - at) * bombus_tick_ns : ~0ull;
}

static __always_inline void walk_open(struct sock *sk, const struct conn *c)
{
	const struct tcp_sock *tp = bpf_skc_to_tcp_sock(sk);
	int state = sk->__sk_common.skc_state;
	__u64 quiet, sent, age = walk.start_ns - c->since_ns;

	if (tp) {
		sent = quiet_ns(tp->lsndtime);
		quiet = quiet_ns(tp->inet_conn.icsk_ack.lrcvtime);
		quiet = sent < quiet ? sent : quiet;
		if (!c->was_open && age < quiet)
			quiet = age;
		walk_add(c, minus(tcp_sent(tp, state), c->sent),
			 minus(tcp_received(tp, sk), c->received), tp->srtt_us >> 3,
			 tp->total_retrans);
	} else {
		quiet = walk.start_ns - c->last_ns;
		walk_add(c, c->sent, c->received, 0, 0);
	}
	walk.open++;
	/* Younger than the walk: its age is "negative". */
	walk.idle += quiet >= idle_after * NS_PER_S && (__s64)quiet > 0;
}

/* num / den as a double; "not a number" for 0 / 0. There is no floating point here. */
static __always_inline __u64 ratio(__u64 num, __u64 den)
{
	__u64 shift = 0, bits = 63;

	if (!den)
		return 0x7ff8000000000000ull;
	if (!num)
		return 0;
	for (__u32 step = 32; step; step /= 2) {
		if (!(num >> (64 - step))) {
			num <<= step;
			shift += step;
		}
	}
	num /= den;
	for (__u32 step = 32; step; step /= 2) {
		if (!(num >> (64 - step))) {
			num <<= step;
			bits -= step;
		}
	}
	return ((bits + 1023 - shift) << 52) | (num << 1 >> 12);
}

static __always_inline void put_way(bool sent, bool udp, __u64 n)
{
	struct way way = {};
	__u64 *known;

	if (sent)
		__builtin_memcpy(way.direction, "sent", sizeof("sent"));
	else
		__builtin_memcpy(way.direction, "received", sizeof("received"));
	put_protocol(way.protocol, udp);
	known = bpf_map_lookup_elem(&connection_bandwidth, &way);
	if (!known || *known < n)
		bpf_map_update_elem(&connection_bandwidth, &way, &n, BPF_ANY);
}

#define RAISE(member, n)                                                                           \
	do {                                                                                       \
		__u64 n_ = (n);                                                                    \
                                                                                                   \
		if (s->member < n_)                                                                \
			s->member = n_;                                                            \
	} while (0)

/* A connection that ends during the walk may be missing this time; no counter goes back. */
static __always_inline void walk_end(void)
{
	const struct sums *all = &walk.sums;
	struct summary *s = totals();

	if (!s)
		return;
	s->open_connections = walk.open;
	s->idle_connections = walk.idle;
	RAISE(bytes_sent, all->sent[0] + all->sent[1]);
	RAISE(bytes_received, all->received[0] + all->received[1]);
	RAISE(retransmitted_segments, all->retransmits);
	*(__u64 *)&s->avg_connection_duration_ms =
		ratio(all->with_duration ? all->lasted_ns / all->with_duration : 0,
		      all->with_duration ? 1000000 : 0);
	*(__u64 *)&s->avg_rtt_microseconds = ratio(all->rtt_us, all->with_rtt);
	put_way(true, false, all->sent[0]);
	put_way(false, false, all->received[0]);
	put_way(true, true, all->sent[1]);
	put_way(false, true, all->received[1]);
}

SEC("iter/bpf_sk_storage_map")
BOMBUS_AT_SWEEP BOMBUS_OVER("sockets") int look_at_open(struct bpf_iter__bpf_sk_storage_map *ctx)
{
	struct sock *sk = ctx->sk;
	const struct conn *c = ctx->value;

	if (ctx->meta->seq_num == 0) {
		walk.start_ns = bpf_ktime_get_ns();
		walk.jiffies = bpf_jiffies64();
		walk.open = walk.idle = 0;
		walk.sums = ended;
	}
	if (!sk || !c) {
		walk_end();
		return 0;
	}
	if (c->state == STATE_OPEN)
		walk_open(sk, c);
	else if (c->state == STATE_ENDING ||
		 (c->state == STATE_ENDED && c->ended_ns >= walk.start_ns))
		walk_add(c, c->sent, c->received, c->rtt_us, c->retransmits);
	return 0;
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("TCP and UDP connections: opened, closed, reset, failed") = "GPL";

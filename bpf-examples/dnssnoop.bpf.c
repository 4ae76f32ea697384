// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * DNS queries that processes send over UDP, with their answers and the time until these came. A
 * query is reported when its answer comes, or after `timeout` seconds without one. The program
 * reads packets at the root cgroup, where those of all sockets pass, so it also sees queries that
 * do not go through the C library. It does not see queries over TCP, TLS and HTTPS.
 */
#include "vmlinux.h"
#include "sock.bpf.h"
#include <bombus/histogram.bpf.h>

#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86dd
#define NAME_MAX_BYTES 128
#define MESSAGE_MAX 512 /* bytes of a message that are looked at */
#define DNS_HEADER 12
#define ANSWERS_SHOWN 4
#define ANSWERS_READ 16
#define LABELS_MAX 32
#define NS_PER_S 1000000000ull

const volatile __u16 dns_port BOMBUS_PARAM BOMBUS_HELP("port of name servers") = 53;
const volatile __u32
	timeout BOMBUS_PARAM BOMBUS_HELP("a query is not answered after so many seconds") = 5;

enum dns_type {
	A = 1,
	NS = 2,
	CNAME = 5,
	SOA = 6,
	PTR = 12,
	MX = 15,
	TXT = 16,
	AAAA = 28,
	SRV = 33,
	NAPTR = 35,
	DS = 43,
	DNSKEY = 48,
	SVCB = 64,
	HTTPS = 65,
	ANY = 255,
};

enum dns_result {
	NOERROR,
	FORMERR,
	SERVFAIL,
	NXDOMAIN,
	NOTIMP,
	REFUSED,
	NO_ANSWER = 255,
};

struct event {
	ktime_ns time BOMBUS_HIDE BOMBUS_HELP("when the answer came");
	pid_t pid BOMBUS_HELP("process that asked");
	pid_t tid BOMBUS_HELP("thread");
	uid uid BOMBUS_HELP("user");
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("name of the thread");
	ip_addr server BOMBUS_LABEL BOMBUS_HELP("name server that was asked");
	__u16 id BOMBUS_HELP("number of the query");
	enum dns_type type BOMBUS_LABEL BOMBUS_HELP("what was asked for");
	enum dns_result result BOMBUS_LABEL BOMBUS_HELP("how the server answered");
	duration took BOMBUS_OBSERVE BOMBUS_HELP("from query to answer");
	__u16 answers BOMBUS_HELP("records in the answer");
	ip_addr addresses[ANSWERS_SHOWN] BOMBUS_HELP("first addresses in the answer");
	cgroup_id cgroup BOMBUS_HIDE BOMBUS_HELP("cgroup of the process");
	netns_id netns BOMBUS_HELP("network namespace");
	dns_name name[NAME_MAX_BYTES] BOMBUS_HELP("name that was asked for, cut at 127 bytes");
};

BOMBUS_EVENTS(queries, struct event, 1 << 20) BOMBUS_HELP("DNS queries and how they were answered");

struct latency_key {
	ip_addr server BOMBUS_LABEL BOMBUS_HELP("name server that was asked");
	enum dns_result result BOMBUS_LABEL BOMBUS_HELP("how the server answered");
};

BOMBUS_HISTOGRAM(dns_latency, BOMBUS_WITH_BUCKET(struct latency_key), 8192)
BOMBUS_UNIT("us") BOMBUS_BUCKETS("exp2 0 23") BOMBUS_HELP("time until DNS queries are answered");

struct query_key {
	__u64 socket; /* cookie */
	__u64 id;
};

struct query {
	__u64 since_ns, cgroup;
	pid_t pid, tid;
	__u32 uid, netns;
	ip_addr server;
	__u32 type;
	char comm[BOMBUS_COMM_LEN];
	char name[NAME_MAX_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct query_key);
	__type(value, struct query);
} asked SEC(".maps") BOMBUS_HELP("queries without an answer yet");

/* What is too large for the stack. Programs of this kind do not interrupt each other on a CPU. */
struct message {
	__u32 len;
	__u8 bytes[MESSAGE_MAX];
	__u32 at, found; /* of its answers: the next one, and the addresses so far */
	ip_addr addresses[ANSWERS_SHOWN];
	struct query query;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct message);
} scratch SEC(".maps") BOMBUS_HELP("the message at hand: one that is sent, one that is received");

static __always_inline __u32 byte_at(const struct message *m, __u32 at)
{
	return m->bytes[at & (MESSAGE_MAX - 1)];
}

static __always_inline __u32 short_at(const struct message *m, __u32 at)
{
	return byte_at(m, at) << 8 | byte_at(m, at + 1);
}

/* Where what follows a name begins; 0: not in what was read. */
static __always_inline __u32 skip_name(const struct message *m, __u32 at)
{
	for (int i = 0; i < LABELS_MAX; i++) {
		__u32 len;

		if (at >= m->len)
			return 0;
		len = byte_at(m, at);
		if (!len)
			return at + 1;
		if ((len & 0xc0) == 0xc0)
			return at + 2;
		at += len + 1;
	}
	return 0;
}

/* Loads the DNS message of a packet to or from `port`; NULL: it is none. */
static __always_inline struct message *message_of(struct __sk_buff *skb, __u32 which, __u16 port_at,
						  ip_addr *ret_server, bool sent)
{
	__u8 ip[40] = {}, udp[8];
	struct message *m;
	__u32 at;
	__u64 len;

	if (bpf_skb_load_bytes(skb, 0, ip, 20))
		return NULL;
	if (ip[0] >> 4 == 4 && ip[9] == IPPROTO_UDP) {
		at = (ip[0] & 15) * 4;
		bombus_ip_from_v4(ret_server, *(__u32 *)&ip[sent ? 16 : 12]);
	} else if (ip[0] >> 4 == 6 && ip[6] == IPPROTO_UDP) {
		if (bpf_skb_load_bytes(skb, 0, ip, sizeof(ip)))
			return NULL;
		at = sizeof(ip);
		bombus_ip_zero(ret_server);
		__builtin_memcpy(ret_server->addr, &ip[sent ? 24 : 8], 16);
		ret_server->family = AF_INET6;
	} else {
		return NULL;
	}
	if (bpf_skb_load_bytes(skb, at, udp, sizeof(udp)) ||
	    (udp[port_at] << 8 | udp[port_at + 1]) != dns_port)
		return NULL;
	at += sizeof(udp);
	m = bpf_map_lookup_elem(&scratch, &which);
	if (!m || skb->len < at + DNS_HEADER)
		return NULL;
	len = skb->len - at;
	/* The verifier sees the bounds of this value alone, not of where it comes from. */
	asm volatile("" : "+r"(len));
	if (len > MESSAGE_MAX)
		len = MESSAGE_MAX;
	if (len < DNS_HEADER || bpf_skb_load_bytes(skb, at, m->bytes, len))
		return NULL;
	m->len = len;
	return m;
}

static __always_inline bool left_out(const struct task_struct *task, __u32 ns)
{
	return (netns && netns != ns) || bombus_task_filtered(task);
}

SEC("cgroup_skb/egress")
BOMBUS_ATTACH("/") int on_sent(struct __sk_buff *skb)
{
	const struct task_struct *task = (void *)bpf_get_current_task();
	struct query_key key = {};
	struct message *m;
	struct query *q;
	ip_addr server;
	__u32 end, ns;

	m = message_of(skb, 0, 2, &server, true);
	if (!m || byte_at(m, 2) & 0x80)
		return 1;
	ns = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
	if (left_out(task, ns))
		return 1;
	q = &m->query;
	__builtin_memset(q, 0, sizeof(*q));
	q->since_ns = bpf_ktime_get_ns();
	q->cgroup = bombus_task_cgroup(task);
	q->pid = BPF_CORE_READ(task, tgid);
	q->tid = BPF_CORE_READ(task, pid);
	q->uid = BPF_CORE_READ(task, cred, uid.val);
	q->netns = ns;
	q->server = server;
	BPF_CORE_READ_STR_INTO(&q->comm, task, comm);
	end = skip_name(m, DNS_HEADER);
	if (end) {
		q->type = short_at(m, end);
		__builtin_memcpy(q->name, m->bytes + DNS_HEADER, NAME_MAX_BYTES);
		q->name[NAME_MAX_BYTES - 1] = '\0';
		if (end - DNS_HEADER < NAME_MAX_BYTES)
			q->name[(end - DNS_HEADER) & (NAME_MAX_BYTES - 1)] = '\0';
	}
	key.socket = bpf_get_socket_cookie(skb);
	key.id = short_at(m, 0);
	if (bpf_map_update_elem(&asked, &key, q, BPF_ANY))
		bombus_lost(&queries);
	return 1;
}

/* One record of the answer; 1: the last one. */
static long read_answer(__u32 i, struct message **ctx)
{
	struct message *m = *ctx;
	__u32 at = skip_name(m, m->at), type, len;
	ip_addr *to = &m->addresses[m->found & (ANSWERS_SHOWN - 1)];

	if (!at || at + 10 > m->len)
		return 1;
	type = short_at(m, at);
	len = short_at(m, at + 8);
	at += 10;
	m->at = at + len;
	if (m->at > m->len)
		return 1;
	if (type == A && len == 4 && at <= MESSAGE_MAX - 4) {
		__builtin_memcpy(to->addr, &m->bytes[at], 4);
		to->family = AF_INET;
	} else if (type == AAAA && len == 16 && at <= MESSAGE_MAX - 16) {
		__builtin_memcpy(to->addr, &m->bytes[at], 16);
		to->family = AF_INET6;
	} else {
		return 0;
	}
	return ++m->found == ANSWERS_SHOWN;
}

static __always_inline void read_answers(struct event *e, struct message *m)
{
	__u32 questions_end = skip_name(m, DNS_HEADER);

	__builtin_memset(m->addresses, 0, sizeof(m->addresses));
	m->found = 0;
	m->at = questions_end + 4;
	if (questions_end)
		bpf_loop(e->answers < ANSWERS_READ ? e->answers : ANSWERS_READ, read_answer, &m, 0);
	__builtin_memcpy(e->addresses, m->addresses, sizeof(e->addresses));
}

static __always_inline struct event *begin(const struct query_key *key, const struct query *q,
					   enum dns_result result, __u64 now)
{
	struct latency_key by = { .server = q->server, .result = result };
	struct event *e;

	bombus_histogram_observe_by(&dns_latency, &by, (now - q->since_ns) / 1000);
	e = bombus_reserve(&queries, sizeof(*e));
	if (!e)
		return NULL;
	e->time = now;
	e->pid = q->pid;
	e->tid = q->tid;
	e->uid = q->uid;
	__builtin_memcpy(e->comm, q->comm, sizeof(e->comm));
	e->server = q->server;
	e->id = key->id;
	e->type = q->type;
	e->result = result;
	e->took = now - q->since_ns;
	e->cgroup = q->cgroup;
	e->netns = q->netns;
	__builtin_memcpy(e->name, q->name, sizeof(e->name));
	return e;
}

SEC("cgroup_skb/ingress")
BOMBUS_ATTACH("/") int on_received(struct __sk_buff *skb)
{
	struct query_key key = {};
	struct message *m;
	struct event *e;
	struct query *q;
	ip_addr server;

	m = message_of(skb, 1, 0, &server, false);
	if (!m || !(byte_at(m, 2) & 0x80))
		return 1;
	key.socket = bpf_get_socket_cookie(skb);
	key.id = short_at(m, 0);
	q = bpf_map_lookup_elem(&asked, &key);
	if (!q)
		return 1;
	e = begin(&key, q, byte_at(m, 3) & 15, bpf_ktime_get_ns());
	if (e) {
		e->answers = short_at(m, 6);
		read_answers(e, m);
		bpf_ringbuf_submit(e, 0);
	}
	bpf_map_delete_elem(&asked, &key);
	return 1;
}

SEC("iter/bpf_map_elem")
BOMBUS_AT_SWEEP BOMBUS_OVER("asked") int give_up(struct bpf_iter__bpf_map_elem *ctx)
{
	const struct query_key *at = ctx->key;
	const struct query *q = ctx->value;
	struct query_key key;
	__u64 now = bpf_ktime_get_ns();
	struct event *e;

	if (!at || !q || now - q->since_ns < timeout * NS_PER_S)
		return 0;
	key = *at;
	e = begin(&key, q, NO_ANSWER, now);
	if (e)
		bpf_ringbuf_submit(e, 0);
	bpf_map_delete_elem(&asked, &key);
	return 0;
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("DNS queries of processes, with answers and the time until they came") = "GPL";

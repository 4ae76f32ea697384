// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * How long data that arrived over TCP waits until its process takes it: from the first segment with
 * data after the last read to the next read. A process that is slow, or waits for a CPU, shows
 * here.
 */
#include "vmlinux.h"
#include "sock.bpf.h"
#include <bombus/histogram.bpf.h>

const volatile duration_us min_us BOMBUS_PARAM BOMBUS_HELP("only events of at least this") = 0;
const volatile bool with_events BOMBUS_PARAM BOMBUS_HELP("each read is also a record") = true;

struct event {
	ktime_ns time BOMBUS_HIDE BOMBUS_HELP("when the data was read");
	pid_t pid BOMBUS_HELP("process that read it");
	pid_t tid BOMBUS_HELP("thread");
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("name of the thread");
	ip_addr saddr BOMBUS_HELP("local address");
	__u16 sport BOMBUS_HELP("local port");
	ip_addr daddr BOMBUS_HELP("remote address");
	__u16 dport BOMBUS_HELP("remote port");
	duration waited BOMBUS_OBSERVE BOMBUS_HELP("from its arrival until it was read");
	cgroup_id cgroup BOMBUS_HIDE BOMBUS_HELP("cgroup of the process");
};

BOMBUS_UNREAD(reads);
BOMBUS_EVENTS(reads, struct event, 1 << 20) BOMBUS_HELP("data over TCP that was read");

struct reader {
	char comm[BOMBUS_COMM_LEN] BOMBUS_LABEL BOMBUS_HELP("thread that reads");
};

BOMBUS_HISTOGRAM(read_wait, BOMBUS_WITH_BUCKET(struct reader), 16384)
BOMBUS_UNIT("us")
BOMBUS_BUCKETS("exp2 0 23") BOMBUS_HELP("time that data over TCP waits to be read");

BOMBUS_LOST(arrived);
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, __u64);
} arrived SEC(".maps") BOMBUS_HELP("when the first data came that was not read yet");

SEC("tp_btf/tcp_probe")
int BPF_PROG(on_segment, struct sock *sk, const struct sk_buff *skb)
{
	const struct tcphdr *th = (const struct tcphdr *)skb->data;
	__u64 *at;

	if (skb->len <= BPF_CORE_READ_BITFIELD_PROBED(th, doff) * 4 ||
	    (netns && netns != BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum)))
		return 0;
	at = bpf_sk_storage_get(&arrived, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!at)
		bombus_lost(&arrived);
	else if (!*at)
		*at = bpf_ktime_get_ns();
	return 0;
}

static __always_inline void report(const struct sock *sk, __u64 now, __u64 waited)
{
	struct reader by = {};
	struct event *e;

	bpf_get_current_comm(by.comm, sizeof(by.comm));
	bombus_histogram_observe_by(&read_wait, &by, waited / 1000);
	if (!with_events || waited < min_us * 1000 || bombus_unread(&reads))
		return;
	e = bombus_reserve(&reads, sizeof(*e));
	if (!e)
		return;
	e->time = now;
	e->pid = bpf_get_current_pid_tgid() >> 32;
	e->tid = bpf_get_current_pid_tgid();
	__builtin_memcpy(e->comm, by.comm, sizeof(e->comm));
	bombus_ip_from_sock(&e->saddr, &e->daddr, sk);
	e->sport = sock_local_port(sk);
	e->dport = sock_remote_port(sk);
	e->waited = waited;
	e->cgroup = bpf_get_current_cgroup_id();
	bpf_ringbuf_submit(e, 0);
}

SEC("tp_btf/tcp_rcv_space_adjust")
int BPF_PROG(on_read, struct sock *sk)
{
	__u64 *at = bpf_sk_storage_get(&arrived, sk, 0, 0), now, since;

	if (!at || !*at)
		return 0;
	since = *at;
	*at = 0;
	now = bpf_ktime_get_ns();
	if (!bombus_filtered() && !sock_filtered(sk))
		report(sk, now, now - since);
	return 0;
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("how long data over TCP waits until its process reads it") = "GPL";

// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * How long packets wait in the queues of network interfaces (queueing disciplines), from their
 * entry until they leave for the device. Packets that pass an empty queue without entering it, and
 * interfaces without a queue (lo, veth as they are), do not appear.
 */
#include "vmlinux.h"
#include "sock_owner.bpf.h"
#include <bombus/histogram.bpf.h>

#define CHAIN_MAX 64 /* packets that leave a queue together, at most */

struct queue_key {
	char interface[16] BOMBUS_LABEL BOMBUS_HELP("network interface");
	char qdisc[16] BOMBUS_LABEL BOMBUS_HELP("kind of queue");
	netns_id netns BOMBUS_LABEL BOMBUS_HELP("network namespace of the interface");
};

BOMBUS_HISTOGRAM(qdisc_latency, BOMBUS_WITH_BUCKET(struct queue_key), 16384)
BOMBUS_UNIT("us") BOMBUS_BUCKETS("exp2 0 23") BOMBUS_HELP("time of packets in queues");

BOMBUS_LOST(queued);
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, __u64);
} queued SEC(".maps") BOMBUS_HELP("when a packet came into its queue, by address");

OWNERS_FOLLOW

/* The process that runs is often another one; that of a TCP socket is known. */
static __always_inline bool left_out(const struct Qdisc *qdisc, const struct sk_buff *skb)
{
	const struct sock *sk = skb->sk;

	if (netns && netns != BPF_CORE_READ(qdisc, dev_queue, dev, nd_net.net, ns.inum))
		return true;
	if (!target_port && !bombus_is_filtering())
		return false;
	if (!sk || sk->__sk_common.skc_state == TCP_NEW_SYN_RECV ||
	    sk->__sk_common.skc_state == TCP_TIME_WAIT)
		return true;
	return owner_filtered(sk, owner_of(sk));
}

SEC("tp_btf/qdisc_enqueue")
int BPF_PROG(on_enqueue, struct Qdisc *qdisc, const struct netdev_queue *txq, struct sk_buff *skb)
{
	__u64 id = (__u64)skb, now = bpf_ktime_get_ns();

	if (!left_out(qdisc, skb))
		bombus_update(&queued, &id, &now, BPF_ANY);
	return 0;
}

SEC("tp_btf/qdisc_dequeue")
int BPF_PROG(on_dequeue, struct Qdisc *qdisc, const struct netdev_queue *txq, int packets,
	     struct sk_buff *skb)
{
	__u64 now = bpf_ktime_get_ns(), id = (__u64)skb, *since;
	struct queue_key key = {};

	BPF_CORE_READ_STR_INTO(&key.interface, qdisc, dev_queue, dev, name);
	bpf_probe_read_kernel_str(key.qdisc, sizeof(key.qdisc), BPF_CORE_READ(qdisc, ops, id));
	key.netns = BPF_CORE_READ(qdisc, dev_queue, dev, nd_net.net, ns.inum);
	for (int i = 0; i < CHAIN_MAX && id; i++) {
		since = bpf_map_lookup_elem(&queued, &id);
		if (since) {
			bombus_histogram_observe_by(&qdisc_latency, &key, (now - *since) / 1000);
			bpf_map_delete_elem(&queued, &id);
		}
		id = (__u64)BPF_CORE_READ((const struct sk_buff *)id, next);
	}
	return 0;
}

/* Dropped in the queue. */
SEC("tp_btf/kfree_skb")
int BPF_PROG(on_free, struct sk_buff *skb)
{
	__u64 id = (__u64)skb;

	bpf_map_delete_elem(&queued, &id);
	return 0;
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("how long packets wait in the queues of network interfaces") = "GPL";

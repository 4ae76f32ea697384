// SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0
/*
 * Errors of network interfaces that the kernel sees: packets that a driver did not take, queues
 * that stood still, and packets that an XDP program could not handle or pass on. Errors that
 * hardware counts by itself have no hook; /sys/class/net/NAME/statistics has them.
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include <bombus/bombus.bpf.h>

#define NETDEV_TX_BUSY_CODE 0x10

const volatile netns_id
	netns BOMBUS_PARAM BOMBUS_HELP("only interfaces of this network namespace (its inode, as "
				       "in /proc/PID/ns/net), 0: of all") = 0;

enum interface_error {
	TRANSMIT_DROPPED,   /* the driver dropped it, or told that it is congested */
	TRANSMIT_BUSY,	    /* the driver took it not now; it is sent again */
	TRANSMIT_TIMEOUT,   /* a queue stood still for too long */
	XDP_UNHANDLED,	    /* an XDP program's answer was not understood, or it aborted */
	XDP_NOT_REDIRECTED, /* where an XDP program sent it to, it could not go */
};

struct error_key {
	char interface[16] BOMBUS_LABEL BOMBUS_HELP("network interface");
	netns_id netns BOMBUS_LABEL BOMBUS_HELP("its network namespace");
	enum interface_error error BOMBUS_LABEL BOMBUS_HELP("what happened");
};

BOMBUS_LOST(interface_errors);
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct error_key);
	__type(value, __u64);
} interface_errors SEC(".maps.counter") BOMBUS_HELP("errors of network interfaces");

static __always_inline int count(const struct net_device *dev, enum interface_error error)
{
	struct error_key key = { .error = error };

	key.netns = BPF_CORE_READ(dev, nd_net.net, ns.inum);
	if (netns && netns != key.netns)
		return 0;
	BPF_CORE_READ_STR_INTO(&key.interface, dev, name);
	bombus_count(&interface_errors, &key, 1);
	return 0;
}

SEC("tp_btf/net_dev_xmit")
int BPF_PROG(on_transmit, struct sk_buff *skb, int code, struct net_device *dev)
{
	if (!code)
		return 0;
	return count(dev, code == NETDEV_TX_BUSY_CODE ? TRANSMIT_BUSY : TRANSMIT_DROPPED);
}

SEC("tp_btf/net_dev_xmit_timeout")
int BPF_PROG(on_timeout, struct net_device *dev)
{
	return count(dev, TRANSMIT_TIMEOUT);
}

SEC("tp_btf/xdp_exception")
int BPF_PROG(on_xdp_exception, const struct net_device *dev)
{
	return count(dev, XDP_UNHANDLED);
}

SEC("tp_btf/xdp_redirect_err")
int BPF_PROG(on_redirect_error, const struct net_device *dev)
{
	return count(dev, XDP_NOT_REDIRECTED);
}

char LICENSE[] SEC("license")
	BOMBUS_HELP("errors of network interfaces that the kernel sees") = "GPL";

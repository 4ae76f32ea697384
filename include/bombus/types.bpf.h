/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Types that carry a meaning. A member declared with one of these typedefs is shown as what it is
 * (an address, a duration, the name of a syscall) without any further word; the storage is an
 * ordinary integer or array. The first of these names on a member's chain of typedefs counts, so
 * that `typedef ipv4_addr peer_t;` is an address too.
 *
 *	struct event {
 *		ipv4_addr daddr;	// 10.0.0.1
 *		port_be dport;		// 443
 *		duration took;		// 1.22ms in tables, nanoseconds in JSON and metrics
 *	};
 *
 * Include it after "vmlinux.h", or let <bombus/bombus.bpf.h> do so.
 *
 * Some of these names are words that a program may want for itself: a global called `bytes` or
 * `uid`. Such a program defines BOMBUS_NO_SHORT_TYPES before it includes any of these headers; the
 * types are then called bombus_duration, bombus_bytes, bombus_uid, bombus_gid, bombus_ifindex and
 * bombus_hex only.
 */
#ifndef BOMBUS_TYPES_BPF_H
#define BOMBUS_TYPES_BPF_H

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

/* Addresses, all in network order. */
typedef __u32 ipv4_addr;
#ifndef BOMBUS_SOLO_TYPES_H
typedef __u8 ipv6_addr[16];
#endif
typedef struct {
	__u8 addr[16]; /* AF_INET: the first 4 bytes, the others zero */
	__u32 family;  /* AF_INET, AF_INET6, or 0 for no address */
} ip_addr;
typedef __u16 port_be;
/* Kernels with bonding built in have a `mac_addr` of their own, which is understood as well. */
typedef __u8 bombus_mac_addr[6];

/* Lengths of time. */
typedef __u64 bombus_duration; /* nanoseconds */
typedef __u64 duration_us;
typedef __u64 duration_ms;

/* Points in time, in nanoseconds. */
typedef __u64 ktime_ns;	   /* bpf_ktime_get_ns(): CLOCK_MONOTONIC */
typedef __u64 boottime_ns; /* bpf_ktime_get_boot_ns(): CLOCK_BOOTTIME */
typedef __u64 unix_ns;	   /* since 1970 */

/* An amount of data. */
typedef __u64 bombus_bytes;

/* Identities. A process or thread is the kernel's own pid_t. */
typedef __u32 bombus_uid;
typedef __u32 bombus_gid;
typedef __u32 mntns_id; /* inode numbers, as in /proc/PID/ns */
typedef __u32 netns_id;
typedef __u64 cgroup_id; /* bpf_get_current_cgroup_id() */

/* Numbers with names. */
typedef __s32 errno_t;	/* of either sign; 0 is none */
typedef __s32 signal_t; /* 0 is none */
typedef __u32 syscall_t;
typedef __u16 af_t;
typedef __u8 tcp_state;
typedef __u8 ip_proto;
typedef __u32 open_flags_t; /* of open(2) */

/* Devices: the kernel's dev_t (major << 20 | minor), and a network interface's index. */
typedef __u32 dev_id;
typedef __u32 bombus_ifindex;

/* An address in the kernel, and ids that bpf_get_stackid() gave (negative: none). The frames of a
 * user's stack have names where its process stands beside it: a number called tgid or pid. */
typedef __u64 ksym_addr;
typedef __s32 kstack_id;
typedef __s32 ustack_id;

/* Elements of arrays: `dns_name query[64];` (wire format or dotted text), `hex digest[20];`. */
typedef char dns_name;
typedef __u8 bombus_hex;

#ifndef BOMBUS_NO_SHORT_TYPES
typedef bombus_duration duration;
typedef bombus_bytes bytes;
typedef bombus_uid uid;
typedef bombus_gid gid;
typedef bombus_ifindex ifindex;
typedef bombus_hex hex;
#endif

/* What vmlinux.h cannot know, since these are macros. */
#ifndef AF_INET
#define AF_INET 2
#endif
#ifndef AF_INET6
#define AF_INET6 10
#endif
/* Bytes of a task's name, NUL included. */
#define BOMBUS_COMM_LEN 16

/* Filling an address. `ret` is overwritten as a whole. */
static __always_inline void bombus_ip_zero(ip_addr *ret)
{
	__builtin_memset(ret, 0, sizeof(*ret));
}

static __always_inline void bombus_ip_from_v4(ip_addr *ret, __u32 addr_be)
{
	bombus_ip_zero(ret);
	__builtin_memcpy(ret->addr, &addr_be, sizeof(addr_be));
	ret->family = AF_INET;
}

/* IPv4 over an IPv6 socket (::ffff:a.b.c.d) becomes the IPv4 address that it is. */
static __always_inline void bombus_ip_from_v6(ip_addr *ret, const struct in6_addr *kernel_addr)
{
	const __u8 *mapped = &ret->addr[10];

	bombus_ip_zero(ret);
	bpf_core_read(ret->addr, sizeof(ret->addr), kernel_addr);
	ret->family = AF_INET6;
	for (int i = 0; i < 10; i++) {
		if (ret->addr[i])
			return;
	}
	if (mapped[0] == 0xff && mapped[1] == 0xff) {
		__u32 addr_be;

		__builtin_memcpy(&addr_be, &ret->addr[12], sizeof(addr_be));
		bombus_ip_from_v4(ret, addr_be);
	}
}

/* Both ends of a socket as the socket has them; the zero address for families other than IP. */
static __always_inline void bombus_ip_from_sock(ip_addr *ret_local, ip_addr *ret_remote,
						const struct sock *sk)
{
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);

	if (family == AF_INET) {
		bombus_ip_from_v4(ret_local, BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr));
		bombus_ip_from_v4(ret_remote, BPF_CORE_READ(sk, __sk_common.skc_daddr));
	} else if (family == AF_INET6) {
		bombus_ip_from_v6(ret_local, &sk->__sk_common.skc_v6_rcv_saddr);
		bombus_ip_from_v6(ret_remote, &sk->__sk_common.skc_v6_daddr);
	} else {
		bombus_ip_zero(ret_local);
		bombus_ip_zero(ret_remote);
	}
}

#endif

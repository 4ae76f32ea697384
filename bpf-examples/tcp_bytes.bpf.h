/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Bytes that programs gave to a TCP socket and took from it, as the kernel counts them. While the
 * socket works on, the reads are in an order that makes the result too small rather than too large.
 * FIN is left out. The SYN of a socket that connected is counted as a byte sent.
 */
#ifndef BOMBUS_EXAMPLES_TCP_BYTES_BPF_H
#define BOMBUS_EXAMPLES_TCP_BYTES_BPF_H

#define SOCK_DONE_BIT 1 /* enum sock_flags: the other end sent its FIN */

static __always_inline __u64 tcp_sent(const struct tcp_sock *tp, int state)
{
	__u64 acked = *(volatile __u64 *)&tp->bytes_acked;
	__u32 written = *(volatile __u32 *)&tp->write_seq;
	__u64 all = acked + (__u32)(written - *(volatile __u32 *)&tp->snd_una);
	bool fin = state == TCP_FIN_WAIT1 || state == TCP_FIN_WAIT2 || state == TCP_CLOSING ||
		   state == TCP_LAST_ACK;

	return all - (fin && all);
}

static __always_inline __u64 tcp_received(const struct tcp_sock *tp, const struct sock *sk)
{
	__u64 all = *(volatile __u64 *)&tp->bytes_received;
	__u32 waiting = *(volatile __u32 *)&tp->rcv_nxt - *(volatile __u32 *)&tp->copied_seq;
	bool fin = sk->__sk_common.skc_flags >> SOCK_DONE_BIT & 1;

	if (waiting > all)
		return 0;
	all -= waiting;
	return all - (fin && !waiting && all);
}

#endif

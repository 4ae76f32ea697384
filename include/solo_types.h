/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * The typedef names that sources written for BumbleBee expect under this file's name, so that they
 * compile as they are. New programs include <bombus/bombus.bpf.h> instead; both together work.
 *
 * There, an IPv6 address is one 32-bit word. It is kept so, since such sources assign to it as to a
 * number; a whole address needs the array of <bombus/types.bpf.h>, which wins when it comes first.
 */
#ifndef BOMBUS_SOLO_TYPES_H
#define BOMBUS_SOLO_TYPES_H

#ifndef BOMBUS_TYPES_BPF_H
typedef __u32 ipv6_addr;
#endif
typedef __u32 ipv4_addr;
typedef __u64 duration; /* nanoseconds */

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packets between two processes of this program, over a socketpair of SOCK_SEQPACKET: some bytes,
 * which arrive whole or not at all, and descriptors. What is too large for a packet goes into a
 * sealed file in memory, whose descriptor is sent.
 */
#ifndef BOMBUS_RUNNER_LOAD_SANDBOX_PACKET_H
#define BOMBUS_RUNNER_LOAD_SANDBOX_PACKET_H

#include <stddef.h>
#include <stdint.h>

#define PACKET_MAX_FDS 200 /* the kernel takes 253 */

/* Both ends; close-on-exec. 0 or -errno. */
int packet_pair(int ret[2]);

/* 0 or -errno; -EPIPE: the other end is gone. The descriptors stay the caller's. */
int packet_send(int fd, const void *bytes, size_t len, const int *fds, size_t nfds);

/*
 * The bytes of the packet, 0 at the end, or -errno. -EMSGSIZE: the packet was larger than `size`,
 * or had more descriptors than `max_fds`; what did arrive of it is closed. The descriptors are
 * close-on-exec and the caller's.
 */
int packet_receive(int fd, void *bytes, size_t size, int *fds, size_t max_fds, size_t *ret_nfds);

/* A sealed file with these bytes: a descriptor or -errno. */
int packet_file(const void *bytes, size_t len);

/* The bytes of such a file, mapped for reading, so that no sender can change them meanwhile.
 * munmap() them. -EINVAL: it is not sealed; -EFBIG: it is larger than `max_bytes`. */
int packet_map(int fd, size_t max_bytes, void **ret, size_t *ret_len);

#endif

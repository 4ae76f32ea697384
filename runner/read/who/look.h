/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets, interfaces and open files of this machine, as they are now. For the keeper (keeper.h),
 * which may read processes of others.
 */
#ifndef BOMBUS_RUNNER_READ_WHO_LOOK_H
#define BOMBUS_RUNNER_READ_WHO_LOOK_H

#include <stddef.h>
#include <stdint.h>

#define LOOK_BYTES 4096

/* What to look at now, which is not kept up to date. */
enum look_kind {
	LOOK_NONE,	/* nothing: the question is about a group or process */
	LOOK_PEERS,	/* of the sockets of a process */
	LOOK_ADDRESS,	/* sockets with it, its interface and its name */
	LOOK_INTERFACE, /* by its index */
	LOOK_INODE,	/* of an open file or a socket */
};

struct question {
	uint64_t group;	     /* or the id of another kind */
	uint32_t look;	     /* enum look_kind */
	uint8_t address[16]; /* IPv4 is mapped into IPv6 */
};

/* Pairs of a name and a text, each with its NUL; returns their bytes. It takes a tenth of a second
 * at most. */
size_t look_now(const struct question *what, char dst[LOOK_BYTES]);

#endif

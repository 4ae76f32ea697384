/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way to a DogStatsD server: UDP, or a Unix socket of either kind. Sending waits at most until
 * a deadline, for a server that is slow; one that is not there costs nothing. A Unix socket is
 * connected again when it is needed, once a round.
 *
 * A stream has the length of each packet before it: 4 bytes, little-endian.
 */
#ifndef BOMBUS_RUNNER_SINK_DOGSTATSD_DOGSTATSD_SOCKET_H
#define BOMBUS_RUNNER_SINK_DOGSTATSD_DOGSTATSD_SOCKET_H

#include <stddef.h>
#include <stdint.h>

struct dogstatsd_config;
struct dogstatsd_socket;
struct err;

/* Why something was not sent. */
enum dogstatsd_drop {
	DOGSTATSD_TOO_LARGE, /* one metric is larger than a packet may be */
	DOGSTATSD_REFUSED,   /* no server listens at the address */
	DOGSTATSD_ABSENT,    /* there is no such Unix socket */
	DOGSTATSD_FULL,	     /* the server does not read, or not fast enough */
	DOGSTATSD_ERROR,     /* any other error */
	DOGSTATSD_DROPS,
};
const char *dogstatsd_drop_name(enum dogstatsd_drop drop);

/* Finds the address of the host. `config` is borrowed. */
int dogstatsd_socket_new(struct dogstatsd_socket **ret, const struct dogstatsd_config *config,
			 struct err *err);
void dogstatsd_socket_free(struct dogstatsd_socket *socket);

/* A round begins; until deadline_ns (monotonic) it may wait. */
void dogstatsd_socket_round(struct dogstatsd_socket *socket, uint64_t deadline_ns);

/*
 * 0, or -errno with *ret_drop set. The server of a Unix socket has what was sent; that of UDP may
 * still refuse it, which is known at once on the same machine and later elsewhere.
 */
int dogstatsd_socket_send(struct dogstatsd_socket *socket, const void *bytes, size_t len,
			  enum dogstatsd_drop *ret_drop);

#endif

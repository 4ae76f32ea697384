/* SPDX-License-Identifier: Apache-2.0 */
/* A listening TCP socket from what people write. */
#ifndef BOMBUS_BASE_NET_LISTEN_H
#define BOMBUS_BASE_NET_LISTEN_H

#include <stdint.h>

struct err;

/*
 * "127.0.0.1:9091", "localhost:9091", "[::1]:9091", ":9091" (all interfaces, both IP versions),
 * "9091" (this host only). Port 0 takes a free one. Returns the socket (close-on-exec, not
 * blocking) and the port that was bound. A text of another form is EXIT_USAGE.
 */
int listen_tcp(const char *text, uint16_t *ret_port, struct err *err);

/* A socket that listens already and came from outside (socket activation): prepares it as
 * listen_tcp() does, and returns it. */
int listen_taken(int fd, uint16_t *ret_port, struct err *err);

#endif

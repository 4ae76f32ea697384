/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections that a request is awaited on, so that those which only trickle do not keep others
 * out for ever: the HTTP library's own limit begins again with each byte. Called in the server's
 * thread, waiting_tick() in another.
 */
#ifndef BOMBUS_RUNNER_SINK_WEB_WAITING_H
#define BOMBUS_RUNNER_SINK_WEB_WAITING_H

#include <stdint.h>

#define WAITING_MAX 64u

struct waiting;
struct waiting *waiting_new(void);
void waiting_free(struct waiting *waiting);

/* Awaited from now on: the connection is new, or its last answer is sent. */
void waiting_begin(struct waiting *waiting, int fd, uint64_t now_ns);
/* A request is there as a whole, or the connection ends. */
void waiting_end(struct waiting *waiting, int fd);
/* Shuts down those that were awaited for too long: less long where few more can come. */
void waiting_tick(struct waiting *waiting, uint64_t now_ns);

#endif

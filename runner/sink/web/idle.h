/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections that are open and have sent no whole request yet. One that only trickles must not
 * keep others out, and the HTTP library's own limit begins again with each byte. The server's
 * thread calls all of this but idle_tick(), which any thread may call.
 */
#ifndef BOMBUS_RUNNER_SINK_WEB_IDLE_H
#define BOMBUS_RUNNER_SINK_WEB_IDLE_H

#include <stdint.h>

struct idle;
struct idle *idle_new(unsigned max); /* connections */
void idle_free(struct idle *idle);

/* A connection is new, or its last answer was sent. */
void idle_begin(struct idle *idle, int fd, uint64_t now_ns);
/* A request is complete, or the connection ends. */
void idle_end(struct idle *idle, int fd);
/* Shuts down connections that were idle for 15 seconds, or for 2 where a quarter of all is idle. */
void idle_tick(struct idle *idle, uint64_t now_ns);

#endif

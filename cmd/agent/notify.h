/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What systemd wants to know of a service (sd_notify(3)): a datagram to NOTIFY_SOCKET, and nothing
 * where there is none. And what it hands over: sockets (sd_listen_fds(3)), the watchdog's time.
 */
#ifndef BOMBUS_CMD_AGENT_NOTIFY_H
#define BOMBUS_CMD_AGENT_NOTIFY_H

#include <stdint.h>

/* "READY=1\nSTATUS=..." Never blocks. */
void notify_send(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Half of the watchdog's time; 0: there is no watchdog. */
uint64_t notify_watchdog_ns(void);
/* The first socket that was handed over; 0: none. Children do not get it. */
int notify_listen_fd(void);

#endif

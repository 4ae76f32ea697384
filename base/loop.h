/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One thread's event loop: file descriptors, timers and signals over epoll, timerfd, signalfd.
 * A callback returns 0 to go on, 1 to end the loop well, -errno to end it with that. Sources may
 * be added and removed from inside callbacks.
 */
#ifndef BOMBUS_BASE_LOOP_H
#define BOMBUS_BASE_LOOP_H

#include <signal.h>
#include <stdint.h>

struct err;
struct loop;
struct loop_source;

/* `events` are epoll's (EPOLLIN, ...); for a timer it is the number of expirations (at most
 * INT_MAX), for signals the signal's number. */
typedef int (*loop_fn)(void *ctx, uint32_t events);

int loop_new(struct loop **ret, struct err *err);
void loop_free(struct loop *loop); /* frees all its sources; descriptors given to it stay open */

/*
 * `ret` may be NULL where the source is never removed by hand. Remove it before closing fd.
 * -EPERM: epoll does not take this descriptor (a regular file), nothing was added.
 */
int loop_add_fd(struct loop *loop, int fd, uint32_t events, loop_fn fn, void *ctx,
		struct loop_source **ret, struct err *err);
/* First after first_ns (0: at once), then every interval_ns (0: only once). Monotonic clock. */
int loop_add_timer(struct loop *loop, uint64_t first_ns, uint64_t interval_ns, loop_fn fn,
		   void *ctx, struct loop_source **ret, struct err *err);
/* Other times for a timer that goes on. Any thread, while the source is there. */
void loop_set_timer(struct loop_source *source, uint64_t interval_ns);
/* Blocks these signals in the calling thread (call before any thread starts) and delivers them. */
int loop_add_signals(struct loop *loop, const sigset_t *signals, loop_fn fn, void *ctx,
		     struct err *err);
/* Its callback does not run any more, even if it was due. A timer that fires only once is
 * removed like any other. NULL is fine. */
void loop_remove(struct loop *loop, struct loop_source *source);

/* Runs until a callback ends it; returns 0 or what the callback returned. */
int loop_run(struct loop *loop);

#endif

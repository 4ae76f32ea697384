/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that get no signals: these are the main thread's, but for those that say that the thread
 * itself cannot go on.
 */
#ifndef BOMBUS_BASE_THREAD_H
#define BOMBUS_BASE_THREAD_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

struct err;

/* The name is cut after 15 characters. */
int thread_start(pthread_t *ret, const char *name, void *(*fn)(void *ctx), void *ctx,
		 struct err *err);
/* False: it has not ended yet. */
bool thread_join_within(pthread_t thread, int timeout_ms);

/*
 * The calling thread runs before all that have no real-time priority; threads that it makes later
 * do not inherit that. 0 or -errno; takes CAP_SYS_NICE, but not where it has the priority already.
 */
int thread_raise_priority(void);

/* Around a library's call that makes a thread: that gets no signals either. */
void thread_signals_block(sigset_t *ret_before);
void thread_signals_restore(const sigset_t *before);

#endif

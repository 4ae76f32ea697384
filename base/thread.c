// SPDX-License-Identifier: Apache-2.0
#include "base/thread.h"

#include <errno.h>
#include <sched.h>
#include <sys/prctl.h>
#include <time.h>
#include "base/err.h"
#include "base/util.h"

#define NAME_BYTES 16 /* the kernel's, with the NUL */

void thread_signals_block(sigset_t *ret_before)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
	sigset_t all;

	sigfillset(&all);
	for (size_t i = 0; i < ARRAY_LEN(faults); i++)
		sigdelset(&all, faults[i]);
	pthread_sigmask(SIG_SETMASK, &all, ret_before);
}

void thread_signals_restore(const sigset_t *before)
{
	pthread_sigmask(SIG_SETMASK, before, NULL);
}

int thread_start(pthread_t *ret, const char *name, void *(*fn)(void *ctx), void *ctx,
		 struct err *err)
{
	char own[NAME_BYTES] = "";
	sigset_t before;
	int code;

	/* It inherits the name. A thread cannot always name another one: that takes a file of
	 * /proc, which is root's once a process has another user. */
	prctl(PR_GET_NAME, own);
	prctl(PR_SET_NAME, name);
	thread_signals_block(&before);
	code = pthread_create(ret, NULL, fn, ctx);
	thread_signals_restore(&before);
	prctl(PR_SET_NAME, own);
	return code ? err_sys(err, code, "cannot start the thread '%s'", name) : 0;
}

int thread_raise_priority(void)
{
	const struct sched_param param = { .sched_priority = 1 };

	return sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &param) < 0 ? -errno : 0;
}

/* The thread sanitizer of GCC 12 does not know pthread_clockjoin_np(). */
#ifdef __SANITIZE_THREAD__
#define JOIN_CLOCK CLOCK_REALTIME
#define join_until(thread, deadline) pthread_timedjoin_np(thread, NULL, deadline)
#else
#define JOIN_CLOCK CLOCK_MONOTONIC
#define join_until(thread, deadline) pthread_clockjoin_np(thread, NULL, JOIN_CLOCK, deadline)
#endif

bool thread_join_within(pthread_t thread, int timeout_ms)
{
	struct timespec deadline;

	clock_gettime(JOIN_CLOCK, &deadline);
	deadline.tv_sec += timeout_ms / 1000;
	deadline.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
	if (deadline.tv_nsec >= 1000000000) {
		deadline.tv_sec++;
		deadline.tv_nsec -= 1000000000;
	}
	return join_until(thread, &deadline) == 0;
}

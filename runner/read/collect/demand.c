// SPDX-License-Identifier: Apache-2.0
#include "runner/read/collect/demand.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>

#include "base/clock.h"

void demand_init(struct demand *d)
{
	pthread_condattr_t attr;

	*d = (struct demand){ .lock = PTHREAD_MUTEX_INITIALIZER };
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&d->answered_cond, &attr);
	pthread_condattr_destroy(&attr);
}

void demand_release(struct demand *d)
{
	pthread_cond_destroy(&d->answered_cond);
}

bool demand_wait(struct demand *d, int bell_fd, uint64_t within_ns)
{
	const struct itimerspec at_once = { .it_value.tv_nsec = 1 };
	uint64_t end_ns = now_mono_ns() + within_ns, mine;
	const struct timespec end = { .tv_sec = (time_t)(end_ns / 1000000000),
				      .tv_nsec = (long)(end_ns % 1000000000) };
	bool answered;
	int code = 0;

	pthread_mutex_lock(&d->lock);
	mine = ++d->asked;
	timerfd_settime(bell_fd, 0, &at_once, NULL);
	while (d->answered < mine && !d->closed && code != ETIMEDOUT)
		code = pthread_cond_timedwait(&d->answered_cond, &d->lock, &end);
	answered = d->answered >= mine;
	pthread_mutex_unlock(&d->lock);
	return answered;
}

bool demand_is_open(struct demand *d)
{
	bool open;

	pthread_mutex_lock(&d->lock);
	open = d->asked > d->answered;
	pthread_mutex_unlock(&d->lock);
	return open;
}

void demand_take(struct demand *d)
{
	pthread_mutex_lock(&d->lock);
	d->taken = d->asked;
	pthread_mutex_unlock(&d->lock);
}

void demand_answer(struct demand *d)
{
	pthread_mutex_lock(&d->lock);
	d->answered = d->taken;
	pthread_cond_broadcast(&d->answered_cond);
	pthread_mutex_unlock(&d->lock);
}

void demand_close(struct demand *d)
{
	pthread_mutex_lock(&d->lock);
	d->closed = true;
	pthread_cond_broadcast(&d->answered_cond);
	pthread_mutex_unlock(&d->lock);
}

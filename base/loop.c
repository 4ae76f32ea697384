// SPDX-License-Identifier: Apache-2.0
/*
 * epoll hands out pointers to sources, several at a time. A source removed by one callback may
 * still be among those that wait for theirs, so removal only marks it and takes it from epoll;
 * the memory is freed when the batch is done.
 */
#include "base/loop.h"

#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>

#include "base/err.h"
#include "base/util.h"

#define BATCH 32

enum source_kind { SOURCE_FD, SOURCE_TIMER, SOURCE_SIGNALS };

struct loop_source {
	struct loop_source *next, **link; /* link: what points here */
	enum source_kind kind;
	int fd; /* the caller's for SOURCE_FD, else ours; -1 once removed */
	loop_fn fn;
	void *ctx;
};

struct loop {
	int epoll_fd;
	unsigned running; /* depth of loop_run() */
	struct loop_source *sources;
	struct loop_source *removed;
};

static void list_put(struct loop_source **head, struct loop_source *source)
{
	source->next = *head;
	source->link = head;
	if (source->next)
		source->next->link = &source->next;
	*head = source;
}

static void list_take(struct loop_source *source)
{
	*source->link = source->next;
	if (source->next)
		source->next->link = source->link;
}

static void free_list(struct loop_source **head)
{
	while (*head) {
		struct loop_source *source = *head;

		*head = source->next;
		free(source);
	}
}

int loop_new(struct loop **ret, struct err *err)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);
	struct loop *loop;

	if (fd < 0)
		return err_sys(err, errno, "cannot create an epoll descriptor");
	loop = xcalloc(1, sizeof(*loop));
	loop->epoll_fd = fd;
	*ret = loop;
	return 0;
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	while (loop->sources)
		loop_remove(loop, loop->sources);
	free_list(&loop->removed);
	close(loop->epoll_fd);
	free(loop);
}

static int add_source(struct loop *loop, enum source_kind kind, int fd, uint32_t events, loop_fn fn,
		      void *ctx, struct loop_source **ret, struct err *err)
{
	struct loop_source *source = xcalloc(1, sizeof(*source));
	struct epoll_event event = { .events = events, .data.ptr = source };

	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
		int code = errno;

		free(source);
		return err_sys(err, code, "cannot wait for descriptor %d", fd);
	}
	source->kind = kind;
	source->fd = fd;
	source->fn = fn;
	source->ctx = ctx;
	list_put(&loop->sources, source);
	if (ret)
		*ret = source;
	return 0;
}

int loop_add_fd(struct loop *loop, int fd, uint32_t events, loop_fn fn, void *ctx,
		struct loop_source **ret, struct err *err)
{
	return add_source(loop, SOURCE_FD, fd, events, fn, ctx, ret, err);
}

static struct timespec timespec_of(uint64_t ns)
{
	return (struct timespec){ .tv_sec = (time_t)(ns / 1000000000),
				  .tv_nsec = (long)(ns % 1000000000) };
}

int loop_add_timer(struct loop *loop, uint64_t first_ns, uint64_t interval_ns, loop_fn fn,
		   void *ctx, struct loop_source **ret, struct err *err)
{
	/* A first time of 0 would disarm it. */
	struct itimerspec spec = { .it_value = timespec_of(first_ns ? first_ns : 1),
				   .it_interval = timespec_of(interval_ns) };
	_cleanup_close_ int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	int rc;

	if (fd < 0)
		return err_sys(err, errno, "cannot create a timer");
	if (timerfd_settime(fd, 0, &spec, NULL) < 0)
		return err_sys(err, errno, "cannot start a timer");
	rc = add_source(loop, SOURCE_TIMER, fd, EPOLLIN, fn, ctx, ret, err);
	if (rc == 0)
		steal_fd(&fd);
	return rc;
}

void loop_set_timer(struct loop_source *source, uint64_t interval_ns)
{
	struct itimerspec spec = { .it_value = timespec_of(interval_ns ? interval_ns : 1),
				   .it_interval = timespec_of(interval_ns) };

	timerfd_settime(source->fd, 0, &spec, NULL);
}

int loop_add_signals(struct loop *loop, const sigset_t *signals, loop_fn fn, void *ctx,
		     struct err *err)
{
	_cleanup_close_ int fd = signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK);
	int rc;

	if (fd < 0)
		return err_sys(err, errno, "cannot create a signal descriptor");
	rc = add_source(loop, SOURCE_SIGNALS, fd, EPOLLIN, fn, ctx, NULL, err);
	if (rc < 0)
		return rc;
	steal_fd(&fd);
	pthread_sigmask(SIG_BLOCK, signals, NULL);
	return 0;
}

void loop_remove(struct loop *loop, struct loop_source *source)
{
	if (!source || source->fd < 0)
		return;
	epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
	if (source->kind != SOURCE_FD)
		close(source->fd);
	source->fd = -1;
	list_take(source);
	if (loop->running)
		list_put(&loop->removed, source);
	else
		free(source);
}

static int dispatch_timer(struct loop_source *source)
{
	uint64_t expirations;

	if (read(source->fd, &expirations, sizeof(expirations)) != sizeof(expirations))
		return 0;
	return source->fn(source->ctx, (uint32_t)MIN(expirations, (uint64_t)INT_MAX));
}

/* One at a time: what is left makes the descriptor ready again. */
static int dispatch_signal(struct loop_source *source)
{
	struct signalfd_siginfo info;

	if (read(source->fd, &info, sizeof(info)) != sizeof(info))
		return 0;
	return source->fn(source->ctx, info.ssi_signo);
}

static int dispatch(struct loop_source *source, uint32_t events)
{
	if (source->fd < 0)
		return 0;
	switch (source->kind) {
	case SOURCE_TIMER:
		return dispatch_timer(source);
	case SOURCE_SIGNALS:
		return dispatch_signal(source);
	case SOURCE_FD:
		break;
	}
	return source->fn(source->ctx, events);
}

/* Waits once. Whatever a callback that ends the loop leaves undone stays ready in epoll. */
static int run_batch(struct loop *loop)
{
	struct epoll_event events[BATCH];
	int count = epoll_wait(loop->epoll_fd, events, BATCH, -1);
	int rc = 0;

	if (count < 0)
		return errno == EINTR ? 0 : -errno;
	for (int i = 0; i < count && rc == 0; i++)
		rc = dispatch(events[i].data.ptr, events[i].events);
	return rc;
}

int loop_run(struct loop *loop)
{
	int rc;

	loop->running++;
	do {
		rc = run_batch(loop);
		if (loop->running == 1)
			free_list(&loop->removed);
	} while (rc == 0);
	loop->running--;
	return rc > 0 ? 0 : rc;
}

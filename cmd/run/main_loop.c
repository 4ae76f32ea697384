// SPDX-License-Identifier: Apache-2.0
#include "cmd/run/main_loop.h"

#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/bell.h"
#include "base/err.h"
#include "base/util.h"

static const int leave[] = { SIGINT, SIGTERM, SIGHUP };

static int on_event(void *ctx, uint32_t what)
{
	return 1;
}

int main_loop_init(struct main_loop *l, struct err *err)
{
	sigset_t signals;
	int fd = bell_new(), ret;

	if (fd < 0)
		return err_sys(err, -fd, "eventfd");
	l->wake_fd = fd;
	sigemptyset(&signals);
	for (size_t i = 0; i < ARRAY_LEN(leave); i++)
		sigaddset(&signals, leave[i]);
	ret = loop_new(&l->loop, err);
	if (ret >= 0)
		ret = loop_add_signals(l->loop, &signals, on_event, NULL, err);
	if (ret >= 0)
		ret = loop_add_fd(l->loop, fd, EPOLLIN, on_event, NULL, NULL, err);
	return ret;
}

int main_loop_end_after(struct main_loop *l, uint64_t ns, struct err *err)
{
	return loop_add_timer(l->loop, ns, 0, on_event, NULL, NULL, err);
}

bool main_loop_interrupted(void)
{
	sigset_t pending;

	if (sigpending(&pending) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(leave); i++)
		if (sigismember(&pending, leave[i]))
			return true;
	return false;
}

int main_loop_run(struct main_loop *l, struct err *err)
{
	int ret = loop_run(l->loop);

	return ret < 0 ? err_sys(err, -ret, "waiting") : ret;
}

void main_loop_release(struct main_loop *l)
{
	loop_free(l->loop);
	if (l->wake_fd > STDERR_FILENO)
		close_fd(&l->wake_fd);
}

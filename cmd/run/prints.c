// SPDX-License-Identifier: Apache-2.0
#include "cmd/run/prints.h"

#include <sys/epoll.h>

#include "base/log.h"
#include "base/loop.h"
#include "runner/load/kernel/trace_pipe.h"

static void show_print(void *ctx, const char *text)
{
	log_info("printed: %s", text);
}

static int on_print(void *ctx, uint32_t events)
{
	trace_pipe_read(ctx, show_print, NULL);
	return 0;
}

int prints_open(struct trace_pipe **ret, struct loop *loop, struct err *err)
{
	int code = trace_pipe_open(ret, err);

	return code < 0
		       ? code
		       : loop_add_fd(loop, trace_pipe_fd(*ret), EPOLLIN, on_print, *ret, NULL, err);
}

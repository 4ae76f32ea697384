// SPDX-License-Identifier: Apache-2.0
#include "runner/load/kernel/trace_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/err.h"
#include "base/util.h"
#include "runner/load/kernel/mounts.h"

#define LINE_BYTES 4096
#define MARK "bpf_trace_printk: "

struct trace_pipe {
	int fd;
	size_t len;
	char text[LINE_BYTES + 1];
};

int trace_pipe_open(struct trace_pipe **ret, struct err *err)
{
	_cleanup_free_ char *path = NULL;
	struct trace_pipe *pipe;
	int fd;

	if (tracefs_ensure() < 0 && !tracefs_path()) {
		err_exit(err, EXIT_KERNEL);
		err_hint(err, errno == EACCES ? "root may, and so may CAP_DAC_READ_SEARCH"
					      : "mount -t tracefs tracefs /sys/kernel/tracing");
		return err_set(err, ENOENT, "--trace-pipe: tracefs is not mounted, or closed");
	}
	path = xasprintf("%s/trace_pipe", tracefs_path());
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, errno, "--trace-pipe: %s", path);
	pipe = xcalloc(1, sizeof(*pipe));
	pipe->fd = fd;
	*ret = pipe;
	return 0;
}

void trace_pipe_free(struct trace_pipe *pipe)
{
	if (pipe)
		close_fd(&pipe->fd);
	free(pipe);
}

int trace_pipe_fd(const struct trace_pipe *pipe)
{
	return pipe->fd;
}

/* "   name-123  [001] d..1  12.34: bpf_trace_printk: text"; lines of other tracers are left out. */
static void hand_over(char *text, void (*line)(void *ctx, const char *text), void *ctx)
{
	char *mark = strstr(text, MARK), *process = text + strspn(text, " "), *end;
	_cleanup_free_ char *out = NULL;

	if (!mark)
		return;
	end = strstr(process, " [");
	if (!end || end > mark)
		end = process;
	while (end > process && end[-1] == ' ')
		end--;
	out = xasprintf("%.*s: %s", (int)(end - process), process, mark + strlen(MARK));
	line(ctx, out);
}

void trace_pipe_read(struct trace_pipe *pipe, void (*line)(void *ctx, const char *text), void *ctx)
{
	for (;;) {
		ssize_t n = read(pipe->fd, pipe->text + pipe->len, LINE_BYTES - pipe->len);
		char *start = pipe->text, *end;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		pipe->len += (size_t)n;
		while ((end = memchr(start, '\n', pipe->len - (size_t)(start - pipe->text)))) {
			*end = '\0';
			hand_over(start, line, ctx);
			start = end + 1;
		}
		pipe->len -= (size_t)(start - pipe->text);
		memmove(pipe->text, start, pipe->len);
		if (pipe->len == LINE_BYTES)
			pipe->len = 0; /* no line of the kernel's is this long */
	}
}

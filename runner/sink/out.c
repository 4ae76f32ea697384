// SPDX-License-Identifier: Apache-2.0
/*
 * Standard output is shared with other processes, so its O_NONBLOCK flag is not ours to set: it
 * would change under a shell or a pager. A pipe or a terminal is therefore opened a second time
 * through /proc, which gives a description with flags of its own; a socket takes MSG_DONTWAIT.
 * Where neither works, poll() first and at most PIPE_BUF bytes then: what poll() promises room for.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include "base/bell.h"
#include "base/util.h"
#include "runner/sink/out.h"

static int open_again(int fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

void out_init(struct out *out, int fd)
{
	struct stat st;

	*out = (struct out){ .fd = fd, .private_fd = -1, .kind = OUT_FILE };
	out->cancel_fd = bell_new();
	if (fstat(fd, &st) < 0)
		return;
	if (S_ISSOCK(st.st_mode))
		out->kind = OUT_SOCKET;
	else if (S_ISFIFO(st.st_mode) || (S_ISCHR(st.st_mode) && isatty(fd)))
		out->kind = OUT_PIPE;
	if (out->kind == OUT_PIPE)
		out->private_fd = open_again(fd);
}

void out_release(struct out *out)
{
	if (out->private_fd >= 0)
		close(out->private_fd);
	if (out->cancel_fd >= 0)
		close(out->cancel_fd);
	free(out->buf);
	*out = (struct out){ .fd = -1, .private_fd = -1, .cancel_fd = -1 };
}

/* write() with SIGPIPE held back, and taken away again if this write raised it. */
static ssize_t write_quietly(int fd, const void *bytes, size_t len)
{
	static const struct timespec at_once;
	sigset_t pipe_only, before, pending;
	ssize_t n;
	int code;

	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	sigpending(&pending);
	pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
	n = write(fd, bytes, len);
	code = errno;
	if (n < 0 && code == EPIPE && !sigismember(&pending, SIGPIPE))
		sigtimedwait(&pipe_only, NULL, &at_once);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = code;
	return n;
}

static ssize_t write_some(struct out *out, const void *bytes, size_t len)
{
	if (out->kind == OUT_FILE)
		return write(out->fd, bytes, len);
	if (out->kind == OUT_SOCKET)
		return send(out->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (out->private_fd >= 0)
		return write_quietly(out->private_fd, bytes, len);
	return write_quietly(out->fd, bytes, MIN(len, (size_t)PIPE_BUF));
}

/* Until there is room, or out_cancel(). */
static int wait_for_room(struct out *out)
{
	struct pollfd fds[2] = {
		{ .fd = out->private_fd >= 0 ? out->private_fd : out->fd, .events = POLLOUT },
		{ .fd = out->cancel_fd, .events = POLLIN },
	};

	if (poll(fds, 2, -1) < 0 && errno != EINTR)
		return -errno;
	return 0;
}

static int write_pending(struct out *out, size_t *done)
{
	bool wait_first = out->kind == OUT_PIPE && out->private_fd < 0;
	ssize_t n;
	int ret = 0;

	while (*done < out->len && !ret) {
		if (wait_first)
			ret = wait_for_room(out);
		if (__atomic_load_n(&out->cancelled, __ATOMIC_ACQUIRE))
			return -ECANCELED;
		if (ret)
			return ret;
		n = write_some(out, out->buf + *done, out->len - *done);
		if (n > 0)
			*done += n;
		else if (n == 0)
			ret = -EIO;
		else if (errno == EAGAIN)
			ret = wait_for_room(out);
		else if (errno != EINTR)
			ret = -errno;
	}
	return ret;
}

static uint64_t count_lines(const char *text, size_t len)
{
	const char *end = text + len;
	uint64_t lines = 0;

	while (text < end && (text = memchr(text, '\n', end - text))) {
		lines++;
		text++;
	}
	return lines;
}

/* A terminal that hung up says EIO, a reset connection ECONNRESET: the reader left all the same. */
static int as_reader_left(const struct out *out, int ret)
{
	if (out->kind == OUT_SOCKET && ret == -ECONNRESET)
		return -EPIPE;
	if (out->kind == OUT_PIPE && ret == -EIO && out_reader_left(out))
		return -EPIPE;
	return ret;
}

int out_flush(struct out *out)
{
	size_t done = 0;

	if (!out->error && out->len && out->take)
		out->error = out->take(out->ctx, out->buf, out->len);
	else if (!out->error && out->len)
		out->error = as_reader_left(out, write_pending(out, &done));
	if (out->error && out->len)
		out->unwritten_lines += count_lines(out->buf + done, out->len - done);
	out->len = 0;
	return out->error;
}

char *out_grow(struct out *out, size_t more)
{
	size_t want;

	if (out->len)
		out_flush(out);
	if (out->cap < more || !out->buf) {
		want = MAX(2 * (size_t)OUT_BATCH_BYTES, more);
		out->buf = xreallocarray(out->buf, want, 1);
		out->cap = want;
	}
	return out->buf;
}

void out_add(struct out *out, const void *bytes, size_t len)
{
	memcpy(out_reserve(out, len), bytes, len);
	out_advance(out, len);
}

void out_adds(struct out *out, const char *text)
{
	out_add(out, text, strlen(text));
}

bool out_has_reader(const struct out *out)
{
	return out->kind != OUT_FILE;
}

bool out_reader_left(const struct out *out)
{
	struct pollfd watched = { .fd = out->fd };

	return out_has_reader(out) && poll(&watched, 1, 0) > 0 &&
	       (watched.revents & (POLLERR | POLLHUP | POLLNVAL));
}

void out_cancel(struct out *out)
{
	__atomic_store_n(&out->cancelled, true, __ATOMIC_RELEASE);
	bell_ring(out->cancel_fd);
}

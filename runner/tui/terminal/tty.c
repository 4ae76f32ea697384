// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/terminal/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/util.h"

#define PENDING_MAX_BYTES (8u << 20)
/* Upper bound on leaving while the terminal takes no output. */
#define LEAVE_MS 500
#define BACKGROUND_POLL_US 20000

/* O_NONBLOCK on the given descriptor would affect the other processes that share it. */
static int open_own(int fd, struct err *err)
{
	char path[64];
	int own;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	own = open(path, O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (own < 0)
		own = open("/dev/tty", O_RDWR | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (own < 0)
		return err_sys(err, errno, "cannot open the terminal");
	return own;
}

int tty_open(struct tty *t, int in_fd, int out_fd, int epoll_fd, struct err *err)
{
	*t = (struct tty){ .in_fd = -1, .out_fd = -1, .epoll_fd = epoll_fd };
	strbuf_init(&t->pending, PENDING_MAX_BYTES);
	t->in_fd = open_own(in_fd, err);
	if (t->in_fd < 0)
		return t->in_fd;
	t->out_fd = open_own(out_fd, err);
	if (t->out_fd < 0)
		return t->out_fd;
	if (tcgetattr(t->in_fd, &t->before) < 0)
		return err_sys(err, errno, "the terminal's settings");
	return 0;
}

void tty_close(struct tty *t)
{
	close_fd(&t->in_fd);
	close_fd(&t->out_fd);
	strbuf_release(&t->pending);
}

bool tty_ready(const struct tty *t)
{
	return t->written == t->pending.len;
}

static void want_out(struct tty *t, bool on)
{
	struct epoll_event event = { .events = EPOLLOUT, .data.fd = t->out_fd };

	if (t->wants_out != on)
		epoll_ctl(t->epoll_fd, on ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, t->out_fd, &event);
	t->wants_out = on;
}

void tty_flush(struct tty *t)
{
	while (!tty_ready(t)) {
		ssize_t n =
			write(t->out_fd, t->pending.buf + t->written, t->pending.len - t->written);

		if (n > 0) {
			t->written += (size_t)n;
		} else if (n < 0 && errno == EAGAIN) {
			want_out(t, true);
			return;
		} else if (n == 0 || errno != EINTR) {
			t->left = true;
			break;
		}
	}
	want_out(t, false);
	strbuf_reset(&t->pending);
	t->written = 0;
}

/* The last chance to write, when the program leaves or stops. */
static void flush_for_good(struct tty *t)
{
	uint64_t until = now_mono_ns() + LEAVE_MS * 1000000ull;
	struct pollfd pfd = { .fd = t->out_fd, .events = POLLOUT };

	for (tty_flush(t); !tty_ready(t) && !t->left; tty_flush(t)) {
		uint64_t now = now_mono_ns();

		if (now >= until)
			break;
		poll(&pfd, 1, (int)((until - now) / 1000000) + 1);
	}
	strbuf_reset(&t->pending);
	t->written = 0;
}

void tty_remember(struct tty *t)
{
	tcgetattr(t->in_fd, &t->before);
}

/* Keys arrive at once and without echo; ^\, ^S and ^Q keep their meaning. ^C and ^Z are keys: in
 * pasted text they mean nothing. */
void tty_keys_mode(struct tty *t)
{
	struct termios mode = t->before;

	mode.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR | ISTRIP);
	mode.c_oflag &= ~(tcflag_t)OPOST;
	mode.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ECHONL | IEXTEN);
	mode.c_cc[VMIN] = 1;
	mode.c_cc[VTIME] = 0;
	mode.c_cc[VINTR] = mode.c_cc[VSUSP] = _POSIX_VDISABLE;
	tcsetattr(t->in_fd, TCSANOW, &mode);
}

/* Turning flow control off resumes a terminal that ^S stopped. */
static void unstop(struct tty *t)
{
	struct termios mode;

	if (tcgetattr(t->in_fd, &mode) < 0)
		return;
	mode.c_iflag &= ~(tcflag_t)IXON;
	tcsetattr(t->in_fd, TCSANOW, &mode);
}

void tty_write_rest(struct tty *t)
{
	unstop(t);
	flush_for_good(t);
}

void tty_leave(struct tty *t)
{
	tcsetattr(t->in_fd, TCSANOW, &t->before);
}

/* Another job owns the terminal while this one is in the background. Like a job that reads from it,
 * this one stops, once, until `fg`; after SIGCONT in the background it waits without stopping, so
 * that it can still be ended. */
void tty_wait_for_foreground(struct tty *t)
{
	bool stopped = false;
	pid_t front;

	while ((front = tcgetpgrp(t->in_fd)) > 0 && front != getpgrp()) {
		if (!stopped)
			kill(getpid(), SIGTTOU);
		stopped = true;
		usleep(BACKGROUND_POLL_US);
	}
}

void tty_copy(struct tty *t, const char *text, size_t len)
{
	char *dst;

	strbuf_adds(&t->pending, "\x1b]52;c;");
	dst = strbuf_reserve(&t->pending, BASE64_ROOM(len));
	if (dst)
		strbuf_advance(&t->pending, base64_encode(dst, text, len));
	strbuf_adds(&t->pending, "\a");
	tty_flush(t);
}

bool tty_has_left(struct tty *t)
{
	struct pollfd pfd = { .fd = t->in_fd };

	return t->left || (poll(&pfd, 1, 0) > 0 && pfd.revents & (POLLHUP | POLLERR | POLLNVAL));
}

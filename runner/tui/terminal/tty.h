/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The line to a terminal: its settings, and bytes that go out without ever waiting. The descriptors
 * are our own; whoever else has the terminal open is not to find that it does not block.
 */
#ifndef BOMBUS_RUNNER_TUI_TERMINAL_TTY_H
#define BOMBUS_RUNNER_TUI_TERMINAL_TTY_H

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>
#include "base/strbuf.h"

struct err;

struct tty {
	int in_fd, out_fd;
	int epoll_fd; /* borrowed: out_fd is in it while something waits */
	struct termios before;
	struct strbuf pending; /* on its way; `written` bytes of it went out */
	size_t written;
	bool wants_out, left;
};

int tty_open(struct tty *tty, int in_fd, int out_fd, int epoll_fd, struct err *err);
void tty_close(struct tty *tty);

/* Nothing waits. */
bool tty_ready(const struct tty *tty);
/* What the terminal takes now. */
void tty_flush(struct tty *tty);
void tty_copy(struct tty *tty, const char *text, size_t len); /* OSC 52 */

/* The settings that tty_leave() goes back to are those of now. */
void tty_remember(struct tty *tty);
void tty_keys_mode(struct tty *tty);
/* The rest, now or never, and the settings from before. A terminal that ^S stopped goes on. */
void tty_leave(struct tty *tty);
void tty_wait_for_foreground(struct tty *tty);
bool tty_has_left(struct tty *tty); /* nobody is there any more */

#endif

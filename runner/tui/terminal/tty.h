/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The line to a terminal: its settings, and output that never waits. The descriptors are our own,
 * because O_NONBLOCK on shared ones would affect other processes.
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
	int epoll_fd; /* borrowed; holds out_fd while output is pending */
	struct termios before;
	struct strbuf pending; /* of this, `written` bytes are written */
	size_t written;
	bool wants_out, left;
};

int tty_open(struct tty *tty, int in_fd, int out_fd, int epoll_fd, struct err *err);
void tty_close(struct tty *tty);

/* Nothing is pending. */
bool tty_ready(const struct tty *tty);
/* Writes as much as the terminal takes now. */
void tty_flush(struct tty *tty);
void tty_copy(struct tty *tty, const char *text, size_t len); /* OSC 52 */

/* Saves the settings that tty_leave() restores. */
void tty_remember(struct tty *tty);
void tty_keys_mode(struct tty *tty);
/* Writes what is pending, within a bounded time. Resumes a terminal that ^S stopped. */
void tty_write_rest(struct tty *tty);
/* Restores the settings. */
void tty_leave(struct tty *tty);
void tty_wait_for_foreground(struct tty *tty);
bool tty_has_left(struct tty *tty); /* the terminal is gone */

#endif

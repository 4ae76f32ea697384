/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The terminal back in order when the program dies: by a fault, an abort, SIGQUIT or lack of
 * memory. What has to be written is prepared before; the handler writes it, resets the line's
 * settings and lets the signal do what it does.
 *
 * A process has one terminal: this is the one place of the interface with a state of its own,
 * because a signal handler is given no context.
 */
#ifndef BOMBUS_RUNNER_TUI_TERMINAL_RESCUE_H
#define BOMBUS_RUNNER_TUI_TERMINAL_RESCUE_H

#include <stddef.h>
#include <termios.h>

#define RESCUE_MAX_BYTES 256

/* `before` is what the terminal's settings go back to, `text` what takes the screen away. */
void rescue_arm(int fd, const struct termios *before, const char *text, size_t len);
void rescue_disarm(void);

#endif

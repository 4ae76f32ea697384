/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Restores the terminal when the process dies: by a fault, an abort, SIGQUIT or lack of memory. The
 * sequence to write is prepared in advance; the handler writes it, restores the terminal's settings
 * and lets the signal take effect.
 *
 * This module alone has global state, because a signal handler has no context argument. A process
 * has one terminal.
 */
#ifndef BOMBUS_RUNNER_TUI_TERMINAL_RESCUE_H
#define BOMBUS_RUNNER_TUI_TERMINAL_RESCUE_H

#include <stddef.h>
#include <termios.h>

#define RESCUE_MAX_BYTES 256

/* before: the settings to restore. text: the sequence that leaves the screen. */
void rescue_arm(int fd, const struct termios *before, const char *text, size_t len);
void rescue_disarm(void);

#endif

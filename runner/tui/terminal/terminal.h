/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The terminal: keys in, a canvas out. Boundary file of ncurses.
 *
 * Nothing here waits for the terminal. ncurses writes into memory; from there its bytes go to a
 * descriptor of our own that does not block, as far as the terminal takes them. Nothing new is
 * drawn before all of it went out (terminal_ready()), so that what waits is never more than a
 * frame.
 *
 *	terminal_open()		any thread, before the program is loaded: can it be used at all
 *	terminal_start()	from here on all by one thread
 *	terminal_stop()		the screen that was there before; may be started again
 *
 * SIGWINCH, SIGTSTP and SIGCONT are taken by a descriptor: terminal_open() blocks them in its
 * thread, and in those that this one starts afterwards.
 */
#ifndef BOMBUS_RUNNER_TUI_TERMINAL_TERMINAL_H
#define BOMBUS_RUNNER_TUI_TERMINAL_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "runner/tui/screen/canvas.h"
#include "runner/tui/screen/theme.h"

struct err;
struct terminal;

/* Both are terminals, and this one's type can move the cursor. */
bool terminal_usable(int in_fd, int out_fd);

int terminal_open(struct terminal **ret, int in_fd, int out_fd, const struct theme *theme,
		  struct err *err);
void terminal_free(struct terminal *terminal); /* stops it; takes NULL */

int terminal_start(struct terminal *terminal, struct err *err);
void terminal_stop(struct terminal *terminal);

/* Readable when terminal_next() may have something or terminal_flush() can go on. */
int terminal_fd(const struct terminal *terminal);
/* Another descriptor that makes terminal_fd() readable. */
void terminal_watch(struct terminal *terminal, int fd);

enum terminal_kind {
	TERMINAL_NOTHING,
	TERMINAL_KEY,	  /* key */
	TERMINAL_PASTED,  /* key, a character of pasted text */
	TERMINAL_CLICK,	  /* x, y */
	TERMINAL_WHEEL,	  /* rows */
	TERMINAL_RESIZED, /* draw again, in whatever size it is now */
	TERMINAL_LEFT,	  /* nobody is there any more */
};
struct terminal_event {
	enum terminal_kind kind;
	uint32_t key; /* enum key */
	uint32_t x, y;
	int32_t rows;
};
/* Suspends, and goes on, by itself when it is told so from outside. */
void terminal_next(struct terminal *terminal, struct terminal_event *ret);

void terminal_size(struct terminal *terminal, uint32_t *ret_width, uint32_t *ret_height);
/* Everything went out. */
bool terminal_ready(const struct terminal *terminal);
/* Whether it shows something else now. */
bool terminal_differs(const struct terminal *terminal, const struct canvas *canvas);
/* Only when it is ready, and with a canvas of its size. Rows that did not change cost nothing. */
void terminal_show(struct terminal *terminal, const struct canvas *canvas);
void terminal_flush(struct terminal *terminal);

void terminal_redraw(struct terminal *terminal); /* the next frame is a whole one */
void terminal_mouse(struct terminal *terminal, bool on);
void terminal_copy(struct terminal *terminal, const char *text, size_t len); /* OSC 52 */
/* Leaves the screen, stops the process, and comes back when that goes on. */
void terminal_suspend(struct terminal *terminal);

#endif

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The terminal: keys in, a canvas out. Boundary file of ncurses.
 *
 * No function waits for the terminal. ncurses writes into memory; its bytes then go to a
 * non-blocking descriptor of our own, as fast as the terminal takes them. The next frame is drawn
 * only when all of the last one is shown (terminal_ready()), so that never more than a frame is
 * pending.
 *
 *	terminal_open()		in any thread, before the program is loaded; fails if unusable
 *	terminal_start()	shows the screen; one thread makes this call and all later ones
 *	terminal_stop()		restores the screen from before; the terminal may start again
 *
 * SIGWINCH, SIGTSTP and SIGCONT arrive through a descriptor: terminal_open() blocks them in its
 * thread, and so in the threads that this one starts afterwards.
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

/* Both descriptors are terminals, and $TERM can move the cursor. */
bool terminal_usable(int in_fd, int out_fd);
/* The user's terminal shows UTF-8, and has the signs of the screen. */
bool terminal_utf8(void);
/* This system has no description of this type of terminal. */
bool terminal_unknown(const char *type);

int terminal_open(struct terminal **ret, int in_fd, int out_fd, const struct theme *theme,
		  struct err *err);
void terminal_free(struct terminal *terminal); /* stops it; takes NULL */

int terminal_start(struct terminal *terminal, struct err *err);
void terminal_stop(struct terminal *terminal);

/* Readable when terminal_next() may return an event or terminal_flush() can write more. */
int terminal_fd(const struct terminal *terminal);
/* Adds a descriptor that makes terminal_fd() readable. */
void terminal_watch(struct terminal *terminal, int fd);

enum terminal_kind {
	TERMINAL_NOTHING,
	TERMINAL_KEY,	  /* key */
	TERMINAL_PASTED,  /* key, a character of pasted text */
	TERMINAL_CLICK,	  /* x, y */
	TERMINAL_WHEEL,	  /* rows */
	TERMINAL_RESIZED, /* draw again; the size may differ */
	TERMINAL_LEFT,	  /* the terminal is gone */
};
struct terminal_event {
	enum terminal_kind kind;
	uint32_t key; /* enum key */
	uint32_t x, y;
	int32_t rows;
};
/* Also suspends and resumes on signals from outside. */
void terminal_next(struct terminal *terminal, struct terminal_event *ret);

void terminal_size(struct terminal *terminal, uint32_t *ret_width, uint32_t *ret_height);
/* The terminal has shown the last frame, or has at least taken it where it answers no requests.
 * *ret_wait_ns: when to ask again if terminal_fd() stays quiet; 0: never. */
bool terminal_ready(struct terminal *terminal, uint64_t now_ns, uint64_t *ret_wait_ns);
/* The canvas differs from the frame on the terminal. */
bool terminal_differs(const struct terminal *terminal, const struct canvas *canvas);
/* Requires terminal_ready() and a canvas of terminal_size(). Unchanged rows cost nothing. */
void terminal_show(struct terminal *terminal, const struct canvas *canvas);
void terminal_flush(struct terminal *terminal);

void terminal_redraw(struct terminal *terminal); /* the next frame is drawn in full */
void terminal_mouse(struct terminal *terminal, bool on);
/* Other looks from now on. */
void terminal_theme(struct terminal *t, const struct theme *theme);
/* Rings the bell of the terminal. */
void terminal_bell(struct terminal *t);
void terminal_copy(struct terminal *terminal, const char *text, size_t len); /* OSC 52 */
/* Leaves the screen, stops the process, and returns to the screen when the process resumes. */
void terminal_suspend(struct terminal *terminal);

#endif

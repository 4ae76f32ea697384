/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A screen as a grid of cells that views draw into. It needs no terminal, neither to draw nor to
 * read the result. A wide character stands in its first cell; its second cell has width 0 and no
 * text. Drawing outside the grid is cut off. Overwriting half of a wide character leaves a blank in
 * place of the other half.
 *
 * A cell has a paint, which says its meaning; a theme says how each paint looks (theme.h).
 */
#ifndef BOMBUS_RUNNER_TUI_SCREEN_CANVAS_H
#define BOMBUS_RUNNER_TUI_SCREEN_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct strbuf;

enum paint {
	PAINT_PLAIN,
	PAINT_TITLE, /* first line */
	PAINT_LIVE,
	PAINT_PAUSED,
	PAINT_TAB,
	PAINT_TAB_NOW,
	PAINT_HEADER,
	PAINT_SORT,   /* the header of the sort column */
	PAINT_COLUMN, /* the header of the cursor's column */
	PAINT_CURSOR, /* the cursor's row */
	PAINT_NEW,
	PAINT_GONE,
	PAINT_FOUND,
	PAINT_WARN, /* lost records, programs that are not attached */
	PAINT_NOTE, /* lines between rows, rulers */
	PAINT_BARS,
	PAINT_STATUS,
	PAINT_KEY, /* a key in the hint line and the help */
	PAINT_HINT,
	PAINT_PROMPT,
	PAINT_ERROR,
	PAINT_NAME, /* of a field in the detail */
	PAINT_HEAT, /* the first of HEAT_MAX */
	PAINT_HEAT_LAST = PAINT_HEAT + 7,
	NPAINTS,
};

#define CANVAS_CELL_BYTES 13 /* a character and a few that combine with it */
#define CANVAS_MAX 1000 /* cells in either direction; the rest of a larger terminal stays empty */

struct canvas_cell {
	char text[CANVAS_CELL_BYTES]; /* no NUL at the end */
	uint8_t bytes;
	uint8_t width; /* 0: the second cell of a wide character */
	uint8_t paint; /* enum paint */
};

struct canvas {
	uint32_t width, height;
	struct canvas_cell *cells;
	int cursor_x, cursor_y; /* -1: hidden */
};

/* Resizes and clears. Sizes are limited to 1 .. CANVAS_MAX. A zeroed canvas may be resized. */
void canvas_resize(struct canvas *canvas, uint32_t width, uint32_t height);
void canvas_release(struct canvas *canvas);
void canvas_clear(struct canvas *canvas);

/*
 * Puts text at (x, y) into at most `room` cells; returns the cells used. Invalid bytes and control
 * characters become '?', so that none of them reaches a terminal.
 */
uint32_t canvas_put(struct canvas *canvas, uint32_t x, uint32_t y, uint32_t room, enum paint paint,
		    const char *text);
/* The same, with the text at the right end of `room` cells. */
void canvas_put_right(struct canvas *canvas, uint32_t x, uint32_t y, uint32_t room,
		      enum paint paint, const char *text);
/* Repeats one character. */
void canvas_fill(struct canvas *canvas, uint32_t x, uint32_t y, uint32_t room, enum paint paint,
		 const char *text);
const struct canvas_cell *canvas_row(const struct canvas *canvas, uint32_t y);
/* The number of cells that the text takes. */
uint32_t canvas_cells(const char *text);
/* Appends all rows as text, without trailing blanks. */
void canvas_text(const struct canvas *canvas, struct strbuf *dst);

#endif

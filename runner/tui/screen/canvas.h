/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A screen as a grid of cells that views draw into. Pure: no terminal is needed to draw or to
 * look at the result. A wide character stands in its first cell; the second one then has width 0
 * and no text. Whatever is drawn outside is cut off, and whoever overwrites half of a wide
 * character leaves a blank in place of the other half.
 *
 * What a cell means is its paint; how that looks is a matter of themes (theme.h).
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
	PAINT_SORT,   /* the header of the column that is sorted by */
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
#define CANVAS_MAX 1000	     /* cells in either direction; more are not used */

struct canvas_cell {
	char text[CANVAS_CELL_BYTES]; /* no NUL at the end */
	uint8_t bytes;
	uint8_t width; /* 0: behind a wide character */
	uint8_t paint; /* enum paint */
};

struct canvas {
	uint32_t width, height;
	struct canvas_cell *cells;
	int cursor_x, cursor_y; /* -1: hidden */
};

/* Clears as well. The size is held within 1 .. CANVAS_MAX. A zeroed canvas may be resized. */
void canvas_resize(struct canvas *canvas, uint32_t width, uint32_t height);
void canvas_release(struct canvas *canvas);
void canvas_clear(struct canvas *canvas);

/*
 * Text from (x, y) on, of at most `room` cells; returns the cells that it took. What is no
 * character, or a control character, comes out as '?': nothing else reaches a terminal.
 */
uint32_t canvas_put(struct canvas *canvas, uint32_t x, uint32_t y, uint32_t room, enum paint paint,
		    const char *text);
/* The same with the text at the right end of `room` cells. */
void canvas_put_right(struct canvas *canvas, uint32_t x, uint32_t y, uint32_t room,
		      enum paint paint, const char *text);
/* One character over and over. */
void canvas_fill(struct canvas *canvas, uint32_t x, uint32_t y, uint32_t room, enum paint paint,
		 const char *text);
const struct canvas_cell *canvas_row(const struct canvas *canvas, uint32_t y);
/* Cells that the text would take. */
uint32_t canvas_cells(const char *text);
/* All rows as text, without the blanks at their ends. */
void canvas_text(const struct canvas *canvas, struct strbuf *dst);

#endif

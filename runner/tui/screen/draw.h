/* SPDX-License-Identifier: Apache-2.0 */
/* Drawing that the frame and the views share: signs, cut text, wrapped text. It knows the canvas
 * and nothing of the screen. */
#ifndef BOMBUS_RUNNER_TUI_SCREEN_DRAW_H
#define BOMBUS_RUNNER_TUI_SCREEN_DRAW_H

#include <stddef.h>
#include <stdint.h>
#include "runner/tui/screen/canvas.h"

/* The signs of the frame, in Unicode and in ASCII. */
struct signs {
	const char *live, *paused, *over, *cursor, *line, *rule, *left, *right, *more;
	const char *rows, *stream, *histogram, *good, *bad;
};
extern const struct signs signs_unicode, signs_ascii;

struct area {
	uint32_t x, y, width, height;
};

/* Text of at most `room` cells, with a sign where it is cut; returns its cells. */
uint32_t draw_cut(const struct signs *signs, struct canvas *canvas, uint32_t x, uint32_t y,
		  uint32_t room, enum paint paint, const char *text);

/* Lines of text of which an area shows those from `top` on. */
struct sheet {
	struct canvas *canvas;
	struct area area;
	uint32_t top;
};
/* Draws text over as many lines as it needs, from `line` and from column x of the area on; returns
 * the line after it. */
uint32_t draw_wrapped(const struct sheet *sheet, uint32_t line, uint32_t x, enum paint paint,
		      const char *text);

#endif

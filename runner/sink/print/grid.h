/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Aligned columns for a stream of lines whose values are not known beforehand: columns start as
 * wide as their kind suggests and grow with what comes (never over GRID_GROW_MAX; a longer value
 * only moves the rest of its own line). Widths are terminal cells, text is UTF-8.
 *
 *	grid_begin(&grid); grid_cell(&grid, ...) once per column; grid_end(&grid, ...)
 */
#ifndef BOMBUS_RUNNER_SINK_PRINT_GRID_H
#define BOMBUS_RUNNER_SINK_PRINT_GRID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/strbuf.h"

#define GRID_GROW_MAX 48

enum grid_look { LOOK_PLAIN, LOOK_HEADER, LOOK_GONE, LOOK_WARNING };

struct grid_page {
	uint32_t width; /* lines are cut there; 0: no limit */
	bool color;
	bool utf8; /* false: everything beyond ASCII is written \xNN */
};

struct grid_column {
	char *title;
	uint32_t width;
	bool right;
};

struct grid {
	struct grid_column *columns;
	uint32_t ncolumns;
	uint32_t at;   /* next column of the line that is being made */
	uint32_t owed; /* blanks before the next text: none are written at the end of a line */
	struct strbuf line, done;
	const struct grid_page *page; /* borrowed: its width may change between lines */
};

void grid_init(struct grid *grid, const struct grid_page *page);
void grid_release(struct grid *grid);
/* Titles become upper case. */
void grid_add_column(struct grid *grid, const char *title, uint32_t width, bool right);

void grid_begin(struct grid *grid);
void grid_cell(struct grid *grid, const char *text, size_t len);
/* The finished line, with its newline, cut and coloured; valid until the next grid_begin(). */
const char *grid_end(struct grid *grid, enum grid_look look, size_t *ret_len);

/* The columns' titles as a line. */
const char *grid_header(struct grid *grid, size_t *ret_len);

/* One character of escaped text: its bytes and its cells. What is not valid or cannot be shown does
 * not come here, and would count as one cell. */
size_t text_next(const char *text, size_t len, uint32_t *ret_cells);
uint32_t text_cells(const char *text, size_t len);

/* Adds escaped text in the page's character set. */
void page_text(struct strbuf *sb, const struct grid_page *page, const char *text, size_t len);
/* Any text as a line of this page. */
void page_line(const struct grid_page *page, struct strbuf *dst, const char *text, size_t len,
	       enum grid_look look);

#endif

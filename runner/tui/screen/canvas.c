// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/screen/canvas.h"

#include <wchar.h>

#include "base/strbuf.h"
#include "base/utf8.h"
#include "base/util.h"

static const struct canvas_cell blank = { .text = " ", .bytes = 1, .width = 1 };

void canvas_resize(struct canvas *c, uint32_t width, uint32_t height)
{
	c->width = MIN(MAX(width, 1u), (uint32_t)CANVAS_MAX);
	c->height = MIN(MAX(height, 1u), (uint32_t)CANVAS_MAX);
	c->cells = xreallocarray(c->cells, (size_t)c->width * c->height, sizeof(*c->cells));
	canvas_clear(c);
}

void canvas_release(struct canvas *c)
{
	free(c->cells);
	*c = (struct canvas){ 0 };
}

void canvas_clear(struct canvas *c)
{
	for (size_t i = 0; i < (size_t)c->width * c->height; i++)
		c->cells[i] = blank;
	c->cursor_x = c->cursor_y = -1;
}

const struct canvas_cell *canvas_row(const struct canvas *c, uint32_t y)
{
	return &c->cells[(size_t)y * c->width];
}

/* One character: returns its bytes. *ret_cells is 0 for a character that combines with the one
 * before it. */
static size_t next_char(const char *text, size_t len, uint32_t *ret_cells, bool *ret_shown)
{
	uint32_t c;
	size_t n = utf8_decode(text, len, &c);
	int width = n ? wcwidth((wchar_t)c) : -1;

	if (n == 1 && c >= 0x20 && c < 0x7f)
		width = 1;
	*ret_shown = width >= 0;
	*ret_cells = width < 0 ? 1 : (uint32_t)width;
	return n ? n : 1;
}

uint32_t canvas_cells(const char *text)
{
	size_t len = strlen(text);
	uint32_t cells = 0, c;
	bool shown;

	for (size_t i = 0; i < len; cells += c)
		i += next_char(text + i, len - i, &c, &shown);
	return cells;
}

/* Before a cell is overwritten: replaces the other half of its wide character with a blank. */
static void part_wide(struct canvas *c, uint32_t x, uint32_t y)
{
	struct canvas_cell *cell = &c->cells[(size_t)y * c->width + x];

	if (cell->width == 0 && x > 0) {
		cell[-1] = (struct canvas_cell){ .text = " ", 1, 1, cell[-1].paint };
		cell[0] = (struct canvas_cell){ .text = " ", 1, 1, cell[0].paint };
	} else if (cell->width == 2 && x + 1 < c->width) {
		cell[1] = (struct canvas_cell){ .text = " ", 1, 1, cell[1].paint };
	}
}

static void put_char(struct canvas *c, uint32_t x, uint32_t y, const char *text, size_t n,
		     uint32_t cells, enum paint paint)
{
	struct canvas_cell *cell = &c->cells[(size_t)y * c->width + x];

	part_wide(c, x, y);
	if (cells == 2) {
		part_wide(c, x + 1, y);
		cell[1] = (struct canvas_cell){ .paint = (uint8_t)paint };
	}
	*cell = (struct canvas_cell){ .bytes = (uint8_t)n,
				      .width = (uint8_t)cells,
				      .paint = (uint8_t)paint };
	memcpy(cell->text, text, n);
}

/* Adds a combining character to the cell before it, while there is room. */
static void join_char(struct canvas *c, uint32_t x, uint32_t y, const char *text, size_t n)
{
	struct canvas_cell *cell = &c->cells[(size_t)y * c->width + x];

	if (cell->width == 0 && x > 0)
		cell--;
	if (cell->bytes + n > sizeof(cell->text))
		return;
	memcpy(cell->text + cell->bytes, text, n);
	cell->bytes += (uint8_t)n;
}

uint32_t canvas_put(struct canvas *c, uint32_t x, uint32_t y, uint32_t room, enum paint paint,
		    const char *text)
{
	size_t len = strlen(text), n;
	uint32_t used = 0, cells;
	bool shown;

	if (y >= c->height || x >= c->width)
		return 0;
	room = MIN(room, c->width - x);
	for (size_t i = 0; i < len; i += n) {
		n = next_char(text + i, len - i, &cells, &shown);
		if (cells == 0) {
			if (used)
				join_char(c, x + used - 1, y, text + i, n);
			continue;
		}
		if (used + cells > room)
			break;
		put_char(c, x + used, y, shown ? text + i : "?", shown ? n : 1, cells, paint);
		used += cells;
	}
	return used;
}

void canvas_put_right(struct canvas *c, uint32_t x, uint32_t y, uint32_t room, enum paint paint,
		      const char *text)
{
	uint32_t cells = canvas_cells(text);
	uint32_t skip = cells < room ? room - cells : 0;

	canvas_put(c, x + skip, y, room - skip, paint, text);
}

void canvas_fill(struct canvas *c, uint32_t x, uint32_t y, uint32_t room, enum paint paint,
		 const char *text)
{
	uint32_t done = 0, n;

	do {
		n = canvas_put(c, x + done, y, room - done, paint, text);
		done += n;
	} while (n && done < room);
}

void canvas_text(const struct canvas *c, struct strbuf *dst)
{
	for (uint32_t y = 0; y < c->height; y++) {
		const struct canvas_cell *row = canvas_row(c, y);
		size_t start = dst->len;

		for (uint32_t x = 0; x < c->width; x++)
			strbuf_add(dst, row[x].text, row[x].bytes);
		while (dst->len > start && dst->buf[dst->len - 1] == ' ')
			dst->buf[--dst->len] = '\0';
		strbuf_addc(dst, '\n');
	}
}

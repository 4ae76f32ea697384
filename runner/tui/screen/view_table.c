// SPDX-License-Identifier: Apache-2.0
/* Rows and columns: maps, streams, programs, and the left part of histograms. */
#include "base/util.h"
#include "runner/tui/screen/screen.h"

static enum paint header_paint(const struct page_column *column)
{
	if (column->cursor)
		return PAINT_COLUMN;
	return column->sort ? PAINT_SORT : PAINT_HEADER;
}

static void draw_header(struct screen *s, struct canvas *canvas, struct area area,
			const struct model_page *page)
{
	for (uint32_t i = 0; i < page->ncolumns; i++) {
		const struct page_column *column = &page->columns[i];
		uint32_t x = area.x + column->x;

		if (s->ncolumns < SCREEN_HITS)
			s->columns[s->ncolumns++] =
				(struct hit){ x, column->width, column->column };
		if (column->right)
			canvas_put_right(canvas, x, area.y, column->width, header_paint(column),
					 column->title);
		else
			canvas_put(canvas, x, area.y, column->width, header_paint(column),
				   column->title);
	}
	if (page->more_left)
		canvas_put(canvas, area.x, area.y, 1, PAINT_KEY, s->signs->left);
	if (page->more_right)
		canvas_put(canvas, area.x + area.width - 1, area.y, 1, PAINT_KEY, s->signs->right);
}

static enum paint row_paint(uint32_t marks)
{
	static const struct {
		uint32_t mark;
		enum paint paint;
	} paints[] = {
		{ ROW_CURSOR, PAINT_CURSOR }, { ROW_WARN, PAINT_WARN }, { ROW_FOUND, PAINT_FOUND },
		{ ROW_GONE, PAINT_GONE },     { ROW_NEW, PAINT_NEW },
	};

	for (size_t i = 0; i < ARRAY_LEN(paints); i++)
		if (marks & paints[i].mark)
			return paints[i].paint;
	return PAINT_PLAIN;
}

/* A note between rows, with a rule to the end of the line. */
static void draw_note(struct screen *s, struct canvas *canvas, struct area area, uint32_t y,
		      const struct page_row *row)
{
	enum paint paint = row->marks & ROW_CURSOR ? PAINT_CURSOR : PAINT_NOTE;
	uint32_t x = area.x + PAGE_MARGIN, end = area.x + area.width - 1;

	canvas_fill(canvas, area.x, y, area.width, paint, " ");
	if (row->marks & ROW_CURSOR)
		canvas_put(canvas, area.x, y, 1, paint, s->signs->cursor);
	x += draw_cut(s->signs, canvas, x, y, end - x, paint, row->note);
	if (x < end)
		canvas_fill(canvas, x, y, end - x, paint, s->signs->rule);
}

static void draw_marks(struct screen *s, struct canvas *canvas, struct area area, uint32_t y,
		       uint32_t marks, enum paint paint)
{
	const char *second = marks & ROW_FOUND	? "*"
			     : marks & ROW_NEW	? "+"
			     : marks & ROW_GONE ? "-"
			     : marks & ROW_WARN ? "!"
						: NULL;
	uint32_t x = area.x;

	if (marks & ROW_CURSOR)
		x += canvas_put(canvas, x, y, 1, paint, s->signs->cursor);
	if (second)
		canvas_put(canvas, x, y, 1, paint, second);
}

/* Text of a cell, with the part that is searched for in it. */
static void draw_cell(struct canvas *canvas, uint32_t x, uint32_t y, uint32_t room,
		      enum paint paint, const struct page_cell *cell)
{
	_cleanup_free_ char *before = NULL, *hit = NULL;
	uint32_t at;

	canvas_put(canvas, x, y, room, paint, cell->text);
	if (!cell->hit_bytes || paint == PAINT_CURSOR)
		return;
	before = xstrndup(cell->text, cell->hit);
	hit = xstrndup(cell->text + cell->hit, cell->hit_bytes);
	at = canvas_cells(before);
	if (at < room)
		canvas_put(canvas, x + at, y, room - at, PAINT_FOUND, hit);
}

static void draw_row(struct screen *s, struct canvas *canvas, struct area area, uint32_t y,
		     const struct model_page *page, const struct page_row *row)
{
	enum paint paint = row_paint(row->marks);
	uint32_t end = 0;

	if (row->marks & ROW_CURSOR)
		canvas_fill(canvas, area.x, y, area.width, paint, " ");
	draw_marks(s, canvas, area, y, row->marks, paint);
	for (uint32_t i = 0; i < page->ncolumns; i++) {
		const struct page_column *column = &page->columns[i];
		const struct page_cell *cell = &row->cells[i];
		uint32_t pad = column->right && cell->cells < column->width
				       ? column->width - cell->cells
				       : 0;
		bool bars = column->is_bars && paint == PAINT_PLAIN;

		draw_cell(canvas, area.x + column->x + pad, y, column->width - pad,
			  bars ? PAINT_BARS : paint, cell);
		end = column->x + column->width;
	}
	if (row->marks & ROW_GONE && end + PAGE_GAP + 4 <= area.width)
		canvas_put(canvas, area.x + end + PAGE_GAP, y, 4, paint, "gone");
}

static uint32_t draw_table(struct screen *s, struct canvas *canvas, struct area area)
{
	struct model_page page;

	model_page(s->model, area.width, area.height - 1, &page);
	draw_header(s, canvas, area, &page);
	for (uint32_t i = 0; i < page.nrows; i++) {
		if (s->quiet)
			page.rows[i].marks &= ~(uint32_t)ROW_CURSOR;
		if (page.rows[i].marks & ROW_NOTE)
			draw_note(s, canvas, area, area.y + 1 + i, &page.rows[i]);
		else
			draw_row(s, canvas, area, area.y + 1 + i, &page, &page.rows[i]);
	}
	if (!page.nrows && page.empty)
		canvas_put(canvas, area.x + PAGE_MARGIN, area.y + 2, area.width - PAGE_MARGIN,
			   PAINT_GONE, page.empty);
	return 0;
}

const struct view_ops view_table = {
	.title = "table",
	.draw = draw_table,
};

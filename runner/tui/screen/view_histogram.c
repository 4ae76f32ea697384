// SPDX-License-Identifier: Apache-2.0
/* Rows on the left; on the right the buckets of the selected row, as bars or as heat over time. */
#include "base/util.h"
#include "runner/read/text/human.h"
#include "runner/tui/model/blocks.h"
#include "runner/tui/screen/screen.h"

#define LEAST_LEFT 24u
#define MOST_LEFT 56u
#define SECOND_NS 1000000000ull
#define NOTE_CELLS 4u /* " p50" */

/* Draws the rows and the line beside them; returns the area to their right. */
static struct area draw_left(struct screen *s, struct canvas *canvas, struct area area)
{
	struct area left = area, right = area;
	const struct page_column *last;
	struct model_page page;

	left.width = MIN(MAX(area.width * 2 / 5, LEAST_LEFT), MOST_LEFT);
	/* The bars get the room that the columns do not need. */
	model_page(s->model, left.width, area.height - 1, &page);
	last = page.ncolumns ? &page.columns[page.ncolumns - 1] : NULL;
	if (last && !page.more_right)
		left.width = MAX(MIN(last->x + last->width + PAGE_GAP, left.width), LEAST_LEFT);
	view_table.draw(s, canvas, left);
	for (uint32_t y = 0; y < area.height; y++)
		canvas_put(canvas, left.width, area.y + y, 1, PAINT_NOTE, s->signs->line);
	right.x = left.width + 2;
	right.width = area.width - right.x - 1;
	return right;
}

/* The first line that is shown, chosen so that the longest bar is visible. */
static uint32_t first_line(const struct model_histogram *h, uint32_t height)
{
	uint32_t longest = 0, first;

	if (h->nlines <= height)
		return 0;
	for (uint32_t i = 0; i < h->nlines; i++)
		if (h->lines[i].part > h->lines[longest].part)
			longest = i;
	first = longest > height / 2 ? longest - height / 2 : 0;
	return MIN(first, h->nlines - height);
}

static void draw_bucket(struct screen *s, struct canvas *canvas, struct area area, uint32_t y,
			const struct model_histogram *h, const struct histogram_line *line)
{
	char bar[BLOCKS_ROOM(CANVAS_MAX)];
	uint32_t x = area.x, end = area.x + area.width, room, cells;

	canvas_put_right(canvas, x, y, MIN(h->range_cells, area.width), PAINT_NAME, line->range);
	x += h->range_cells + 2;
	if (x < end)
		canvas_put_right(canvas, x, y, MIN(h->count_cells, end - x), PAINT_PLAIN,
				 line->count);
	x += h->count_cells + 2;
	if (x < end)
		canvas_put_right(canvas, x, y, MIN(h->cumulative_cells, end - x), PAINT_PLAIN,
				 line->cumulative);
	x += h->cumulative_cells + 2;
	if (x + NOTE_CELLS >= end)
		return;
	room = end - x - NOTE_CELLS;
	blocks_bar(bar, line->part, room, s->utf8, &cells);
	canvas_put(canvas, x, y, room, PAINT_BARS, bar);
	if (line->note[0])
		canvas_put(canvas, x + cells + 1, y, end - x - cells - 1, PAINT_SORT, line->note);
}

static uint32_t draw_histogram(struct screen *s, struct canvas *canvas, struct area area)
{
	struct model_histogram h;
	uint32_t x, first, height = area.height - 1;

	area = draw_left(s, canvas, area);
	if (!model_histogram(s->model, &h)) {
		canvas_put(canvas, area.x, area.y + 2, area.width, PAINT_GONE,
			   "no observations yet");
		return 0;
	}
	x = canvas_put(canvas, area.x, area.y, area.width, PAINT_SORT, h.title) + 2;
	x = MAX(x, h.range_cells + 2);
	if (x < area.width)
		draw_cut(s->signs, canvas, area.x + x, area.y, area.width - x, PAINT_HEADER,
			 h.summary);
	first = first_line(&h, height);
	for (uint32_t i = 0; i < height && first + i < h.nlines; i++)
		draw_bucket(s, canvas, area, area.y + 1 + i, &h, &h.lines[first + i]);
	return 0;
}

static void draw_span(struct canvas *canvas, struct area area, uint32_t x, uint32_t y,
		      const struct model_heatmap *h)
{
	char ago[HUMAN_ROOM + 8] = "-";
	size_t n;

	/* Whole seconds below a minute. */
	if (h->span_ns < 60 * SECOND_NS)
		n = 1 + human_duration(ago + 1, h->span_ns / SECOND_NS, SECOND_NS);
	else
		n = 1 + human_duration(ago + 1, h->span_ns, 1);
	ago[n] = '\0';
	canvas_put(canvas, x, y, area.x + area.width - x, PAINT_HEADER, ago);
	canvas_put_right(canvas, x + (uint32_t)n + 1, y,
			 h->ncolumns > n + 1 ? h->ncolumns - (uint32_t)n - 1 : 0, PAINT_HEADER,
			 "now");
}

/* The first row that is shown, chosen so that rows with heat are in the middle. */
static uint32_t first_row(const struct model_heatmap *h, uint32_t height)
{
	uint32_t first = h->nrows, last = 0, start;

	if (h->nrows <= height)
		return 0;
	for (uint32_t i = 0; i < h->nrows * h->ncolumns; i++)
		if (h->heat[i]) {
			first = MIN(first, i / h->ncolumns);
			last = i / h->ncolumns;
		}
	if (first > last)
		return 0;
	start = (first + last + 1) / 2;
	start -= MIN(start, height / 2);
	return MIN(start, h->nrows - height);
}

static uint32_t draw_heatmap(struct screen *s, struct canvas *canvas, struct area area)
{
	struct model_heatmap h;
	uint32_t x, room, height = area.height - 1, first, names;

	area = draw_left(s, canvas, area);
	/* The model tells the width of the ranges with the heat map, so it may be asked twice. */
	if (!model_heatmap(s->model, area.width, &h) || !h.nrows ||
	    area.width < h.range_cells + 4) {
		canvas_put(canvas, area.x, area.y + 2, area.width, PAINT_GONE,
			   "no observations in this time");
		return 0;
	}
	names = MAX(h.range_cells, MIN(canvas_cells(h.title), area.width / 2));
	room = area.width - names - 2;
	if (h.ncolumns > room && !model_heatmap(s->model, room, &h))
		return 0;
	x = area.x + names + 2;
	draw_cut(s->signs, canvas, area.x, area.y, names, PAINT_SORT, h.title);
	draw_span(canvas, area, x, area.y, &h);
	first = first_row(&h, height);
	for (uint32_t i = 0; i < height && first + i < h.nrows; i++) {
		const uint8_t *heat = h.heat + (size_t)(first + i) * h.ncolumns;

		canvas_put_right(canvas, area.x, area.y + 1 + i, names, PAINT_NAME,
				 h.ranges[first + i]);
		for (uint32_t c = 0; c < h.ncolumns; c++)
			if (heat[c])
				canvas_put(canvas, x + c, area.y + 1 + i, 1,
					   (enum paint)(PAINT_HEAT + MIN(heat[c], HEAT_MAX) - 1),
					   blocks_heat(heat[c], s->utf8));
	}
	return 0;
}

const struct view_ops view_histogram = {
	.title = "histogram",
	.draw = draw_histogram,
};
const struct view_ops view_heatmap = {
	.title = "heat map",
	.draw = draw_heatmap,
};

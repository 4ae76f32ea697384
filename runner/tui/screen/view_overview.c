// SPDX-License-Identifier: Apache-2.0
/* All tabs side by side, small. The current one has the cursor. */
#include "base/util.h"
#include "runner/tui/screen/screen.h"

#define PANE_WIDTH 40u /* at least, where there are several beside each other */
#define PANE_HEIGHT 5u /* a title, a header, three rows */

struct grid_of_panes {
	uint32_t columns, rows, first; /* the first row of panes that is shown */
	uint32_t height;
};

/* As few columns as leave each pane its height. */
static struct grid_of_panes arrange(uint32_t panes, uint32_t now, const struct area *area)
{
	uint32_t most = MAX(area->width / PANE_WIDTH, 1u), all;
	uint32_t fit = MAX(area->height / PANE_HEIGHT, 1u);
	struct grid_of_panes g = { .columns = 1 };

	while (g.columns < most && (panes + g.columns - 1) / g.columns > fit)
		g.columns++;
	/* Wide panes beside each other rather than empty room to their right. */
	while (g.columns < most && g.columns < panes && g.columns * 2 * PANE_WIDTH <= area->width)
		g.columns++;
	all = (panes + g.columns - 1) / g.columns;
	g.rows = MIN(all, fit);
	g.height = area->height / g.rows;
	g.first = MIN(now / g.columns, all - g.rows);
	return g;
}

static void draw_pane(struct screen *s, struct canvas *canvas, struct area area, uint32_t number,
		      bool focused)
{
	enum paint paint = focused ? PAINT_TAB_NOW : PAINT_NOTE;
	uint32_t was = model_peek(s->model, number), x = area.x;
	struct model_tab tab;
	char text[160];

	model_tab(s->model, number, &tab);
	snprintf(text, sizeof(text), " %u %.100s %s ", number + 1, tab.name, tab.count);
	canvas_fill(canvas, area.x, area.y, area.width - 1, PAINT_NOTE, s->signs->rule);
	x += 1 + draw_cut(s->signs, canvas, x + 1, area.y, area.width - 2, paint, text);
	if (model_linked(s->model) && x + 2 < area.x + area.width)
		canvas_put(canvas, x, area.y, 1, PAINT_FOUND, "*");
	area.y++;
	area.height--;
	area.width--;
	s->quiet = !focused;
	view_table.draw(s, canvas, area);
	s->quiet = false;
	model_peek(s->model, was);
}

static uint32_t draw_overview(struct screen *s, struct canvas *canvas, struct area area)
{
	uint32_t panes = model_tabs(s->model), now = model_current(s->model);
	struct grid_of_panes g = arrange(panes, now, &area);
	uint32_t width = area.width / g.columns;

	for (uint32_t i = g.first * g.columns; i < panes; i++) {
		uint32_t row = i / g.columns - g.first, column = i % g.columns;
		struct area pane = { area.x + column * width, area.y + row * g.height, width,
				     g.height };

		if (row >= g.rows)
			break;
		if (row == g.rows - 1)
			pane.height = area.height - row * g.height;
		if (column == g.columns - 1)
			pane.width = area.width - column * width;
		draw_pane(s, canvas, pane, i, i == now);
	}
	s->ncolumns = 0; /* a click reaches none of them */
	return 0;
}

const struct view_ops view_overview = {
	.title = "overview",
	.draw = draw_overview,
};

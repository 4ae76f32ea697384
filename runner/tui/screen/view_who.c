// SPDX-License-Identifier: Apache-2.0
/* The pane beside a view: what is known of the ids in the row under the cursor. */
#include "base/util.h"
#include "runner/tui/screen/screen.h"

#define NAME_CELLS 14u

/* A line between the view and the pane, and the place of the text. */
static struct area frame(struct screen *s, struct canvas *canvas, struct area area)
{
	if (area.x)
		for (uint32_t y = 0; y < area.height; y++)
			canvas_put(canvas, area.x, area.y + y, 1, PAINT_NOTE, s->signs->line);
	else
		canvas_fill(canvas, 0, area.y, area.width, PAINT_NOTE, s->signs->rule);
	canvas_put(canvas, area.x + PAGE_MARGIN, area.y, area.width - PAGE_MARGIN, PAINT_SORT,
		   area.x ? "who" : " who ");
	return (struct area){ area.x + PAGE_MARGIN, area.y + 1, area.width - PAGE_MARGIN - 1,
			      area.height - 1 };
}

static uint32_t draw_who(struct screen *s, struct canvas *canvas, struct area area)
{
	struct sheet sheet = { canvas, frame(s, canvas, area), 0 }, names;
	struct model_detail who;
	uint32_t line = 0, before, cells;

	model_who(s->model, &who);
	if (!who.count)
		return draw_wrapped(&sheet, 0, 0, PAINT_GONE,
				    "nothing in this row can be looked up");
	cells = MIN(MIN(who.name_cells, NAME_CELLS), area.width / 2);
	names = sheet;
	names.area.width = cells;
	for (uint32_t i = 0; i < who.count && line < sheet.area.height; i++) {
		const struct detail_line *l = &who.lines[i];
		bool heads = l->name[0] && l->name[0] != ' ';

		before = draw_wrapped(&names, line, 0, heads ? PAINT_TITLE : PAINT_NAME, l->name);
		line = draw_wrapped(&sheet, line, cells + 1, heads ? PAINT_TITLE : PAINT_PLAIN,
				    l->text);
		line = MAX(line, before);
	}
	return line;
}

const struct view_ops view_who = {
	.title = "who",
	.draw = draw_who,
};

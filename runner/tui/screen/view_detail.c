// SPDX-License-Identifier: Apache-2.0
/* All fields of the row under the cursor. */
#include "base/util.h"
#include "runner/tui/screen/screen.h"

static uint32_t draw_detail(struct screen *s, struct canvas *canvas, struct area area)
{
	struct sheet sheet = { canvas, area, s->top }, names = sheet;
	struct model_detail detail;
	uint32_t line = 0, before, cells;

	model_detail(s->model, &detail);
	if (!detail.count)
		return draw_wrapped(&sheet, 0, PAGE_MARGIN, PAINT_GONE, "the row is gone");
	cells = MIN(detail.name_cells, area.width / 2);
	names.area.width = PAGE_MARGIN + cells;
	if (detail.title[0])
		line = draw_wrapped(&sheet, line, PAGE_MARGIN, PAINT_TITLE, detail.title) + 1;
	for (uint32_t i = 0; i < detail.count; i++) {
		before = draw_wrapped(&names, line, PAGE_MARGIN, PAINT_NAME, detail.lines[i].name);
		line = draw_wrapped(&sheet, line, PAGE_MARGIN + cells + PAGE_GAP, PAINT_PLAIN,
				    detail.lines[i].text);
		line = MAX(line, before);
	}
	return line;
}

const struct view_ops view_detail = {
	.title = "detail",
	.draw = draw_detail,
};

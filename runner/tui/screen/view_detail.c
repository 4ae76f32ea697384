// SPDX-License-Identifier: Apache-2.0
/* All fields of the row under the cursor. */
#include "base/util.h"
#include "runner/tui/screen/screen.h"

static uint32_t draw_detail(struct screen *s, struct canvas *canvas, struct area area)
{
	struct model_detail detail;
	uint32_t line = 0, names;

	model_detail(s->model, &detail);
	if (!detail.count)
		return wrap_draw(s, canvas, area, 0, PAGE_MARGIN, PAINT_GONE, "the row is gone");
	names = MIN(detail.name_cells, area.width / 2);
	if (detail.title[0])
		line = wrap_draw(s, canvas, area, line, PAGE_MARGIN, PAINT_TITLE, detail.title) + 1;
	for (uint32_t i = 0; i < detail.count; i++) {
		struct area name = { area.x, area.y, PAGE_MARGIN + names, area.height };
		uint32_t before = line;

		line = wrap_draw(s, canvas, area, line, PAGE_MARGIN + names + PAGE_GAP, PAINT_PLAIN,
				 detail.lines[i].text);
		before = wrap_draw(s, canvas, name, before, PAGE_MARGIN, PAINT_NAME,
				   detail.lines[i].name);
		line = MAX(line, before);
	}
	return line;
}

const struct view_ops view_detail = {
	.title = "detail",
	.draw = draw_detail,
};

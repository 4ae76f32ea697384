// SPDX-License-Identifier: Apache-2.0
/* Messages, newest last. */
#include "runner/tui/screen/screen.h"

#include <stdio.h>

static uint32_t draw_log(struct screen *s, struct canvas *canvas, struct area area)
{
	struct sheet sheet = { canvas, area, s->top };
	uint64_t dropped = model_log_dropped(s->model);
	uint32_t count = model_log_lines(s->model), line = 0;
	char text[64];

	if (!count)
		return draw_wrapped(&sheet, 0, PAGE_MARGIN, PAINT_GONE, "no messages");
	if (dropped) {
		snprintf(text, sizeof(text), "%llu older messages were dropped",
			 (unsigned long long)dropped);
		line = draw_wrapped(&sheet, line, PAGE_MARGIN, PAINT_NOTE, text);
	}
	for (uint32_t i = 0; i < count; i++)
		line = draw_wrapped(&sheet, line, PAGE_MARGIN, PAINT_PLAIN,
				    model_log_line(s->model, i));
	return line;
}

const struct view_ops view_log = {
	.title = "messages",
	.draw = draw_log,
	.from_end = true,
};

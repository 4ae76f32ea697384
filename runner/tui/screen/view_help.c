// SPDX-License-Identifier: Apache-2.0
/* The help: the table of keys, the marks, and examples of filters. */
#include "base/util.h"
#include "runner/tui/screen/screen.h"

#define KEYS_CELLS 15u

static const struct {
	const char *name, *text;
} notes[] = {
	{ "", "" },
	{ "marks", "+ new  - gone  * marked  ! not attached" },
	{ "", "" },
	{ "filters", "curl: rows that contain this text" },
	{ "", "pid > 600 && comm != \"sshd\": by field, with && || ! ( )" },
	{ "", "comm ~ \"^ng\": a regular expression" },
	{ "", "daddr in 10.0.0.0/8: a network" },
};

static uint32_t draw_line(const struct sheet *sheet, uint32_t line, const char *keys,
			  enum paint paint, const char *text)
{
	const struct area *area = &sheet->area;
	uint32_t y = line - sheet->top;

	if (line >= sheet->top && y < area->height)
		canvas_put(sheet->canvas, area->x + PAGE_MARGIN, area->y + y, KEYS_CELLS, paint,
			   keys);
	return draw_wrapped(sheet, line, PAGE_MARGIN + KEYS_CELLS + PAGE_GAP, PAINT_PLAIN, text);
}

static uint32_t draw_help(struct screen *s, struct canvas *canvas, struct area area)
{
	struct sheet sheet = { canvas, area, s->top };
	uint32_t line = 0;
	char keys[64];

	for (size_t i = 0; i < nbindings; i++) {
		if (!bindings[i].help)
			continue;
		screen_key_names(s, &bindings[i], false, keys, sizeof(keys));
		line = draw_line(&sheet, line, keys, PAINT_KEY, bindings[i].help);
	}
	for (size_t i = 0; i < ARRAY_LEN(notes); i++)
		line = draw_line(&sheet, line, notes[i].name, PAINT_NAME, notes[i].text);
	return line;
}

const struct view_ops view_help = {
	.title = "help",
	.draw = draw_help,
};

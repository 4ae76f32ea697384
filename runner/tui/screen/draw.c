// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/screen/draw.h"

#include "base/util.h"

const struct signs signs_unicode = {
	.live = "●",
	.paused = "‖",
	.over = "■",
	.cursor = "▸",
	.line = "│",
	.rule = "─",
	.left = "‹",
	.right = "›",
	.more = "…",
	.rows = " ▦ ",
	.stream = " ≡ ",
	.histogram = " ▥ ",
	.good = " ✓",
	.bad = " ✗",
};
const struct signs signs_ascii = {
	.live = "*",
	.paused = "=",
	.over = "#",
	.cursor = ">",
	.line = "|",
	.rule = "-",
	.left = "<",
	.right = ">",
	.more = "~",
	.rows = " ",
	.stream = " ",
	.histogram = " ",
	.good = " ",
	.bad = " !",
};

uint32_t draw_cut(const struct signs *signs, struct canvas *canvas, uint32_t x, uint32_t y,
		  uint32_t room, enum paint paint, const char *text)
{
	uint32_t used;

	if (canvas_cells(text) <= room)
		return canvas_put(canvas, x, y, room, paint, text);
	if (!room)
		return 0;
	used = canvas_put(canvas, x, y, room - 1, paint, text);
	return used + canvas_put(canvas, x + used, y, 1, paint, signs->more);
}

/* How many bytes of the text go into a line of `room` cells; 0 only at its end. */
static size_t wrap_text(const char *text, uint32_t room)
{
	size_t len = strlen(text), fits, n;
	char part[CANVAS_CELL_BYTES + 1];
	uint32_t cells = 0;

	for (fits = 0; fits < len; fits += n) {
		for (n = 1; fits + n < len && ((unsigned char)text[fits + n] & 0xc0) == 0x80;)
			n++;
		n = MIN(n, (size_t)CANVAS_CELL_BYTES);
		memcpy(part, text + fits, n);
		part[n] = '\0';
		cells += canvas_cells(part);
		if (cells > room && fits)
			break;
	}
	/* Break between words, unless that leaves much of the line empty. */
	for (n = fits; fits < len && n > fits / 2; n--)
		if (text[n - 1] == ' ')
			return n;
	return fits;
}

uint32_t draw_wrapped(const struct sheet *sheet, uint32_t line, uint32_t x, enum paint paint,
		      const char *text)
{
	const struct area *area = &sheet->area;
	uint32_t room = area->width > x ? area->width - x : 1;

	do {
		size_t n = wrap_text(text, room);

		if (line >= sheet->top && line - sheet->top < area->height) {
			_cleanup_free_ char *part = xstrndup(text, n);

			canvas_put(sheet->canvas, area->x + x, area->y + line - sheet->top, room,
				   paint, part);
		}
		text += n;
		line++;
	} while (*text);
	return line;
}

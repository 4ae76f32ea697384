// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/screen/palette.h"

#include "base/util.h"
#include "runner/tui/screen/screen.h"

#define NAME_CELLS 18u
#define KEYS_CELLS 15u

/* Its help, or that of the action before it, which covers both. */
static const char *help_of(const struct binding *b)
{
	while (!b->help && b > bindings)
		b--;
	return b->help;
}

/* Numbers of tables are typed, and the palette is open already. */
static bool is_action(const struct binding *b)
{
	return b->act != ACT_TAB && b->act != ACT_PALETTE;
}

/* Those with the text in their names come first. */
const struct binding *palette_at(const char *text, uint32_t i)
{
	for (size_t k = 0; k < 2 * nbindings; k++) {
		const struct binding *b = &bindings[k % nbindings];
		bool named = strcasestr(binding_name(b), text) != NULL;
		bool found = k < nbindings ? named : !named && strcasestr(help_of(b), text);

		if (is_action(b) && found && i-- == 0)
			return b;
	}
	return NULL;
}

uint32_t palette_count(const char *text)
{
	uint32_t n = 0;

	while (palette_at(text, n))
		n++;
	return n;
}

static void draw_action(struct screen *s, struct canvas *canvas, const struct area *area,
			uint32_t y, const struct binding *b, bool chosen)
{
	uint32_t x = area->x + PAGE_MARGIN, end = area->x + area->width;
	char keys[64];

	if (chosen) {
		canvas_fill(canvas, area->x, y, area->width, PAINT_CURSOR, " ");
		canvas_put(canvas, area->x, y, 1, PAINT_CURSOR, s->signs->cursor);
	}
	screen_key_names(s, b, true, keys, sizeof(keys));
	canvas_put(canvas, x, y, NAME_CELLS, chosen ? PAINT_CURSOR : PAINT_NAME, binding_name(b));
	x += NAME_CELLS;
	canvas_put(canvas, x, y, KEYS_CELLS, chosen ? PAINT_CURSOR : PAINT_KEY, keys);
	x += KEYS_CELLS;
	if (x < end)
		draw_cut(s->signs, canvas, x, y, end - x, chosen ? PAINT_CURSOR : PAINT_PLAIN,
			 help_of(b));
}

/* The chosen one stays in sight. */
static uint32_t draw_palette(struct screen *s, struct canvas *canvas, struct area area)
{
	uint32_t count = palette_count(s->prompt.text), first;

	s->chosen = count ? MIN(s->chosen, count - 1) : 0;
	first = s->chosen >= area.height ? s->chosen - area.height + 1 : 0;
	for (uint32_t i = first; i < count && i - first < area.height; i++)
		draw_action(s, canvas, &area, area.y + i - first, palette_at(s->prompt.text, i),
			    i == s->chosen);
	if (!count)
		canvas_put(canvas, area.x + PAGE_MARGIN, area.y, area.width, PAINT_GONE,
			   "no action has this in its name or help");
	return 0;
}

const struct view_ops view_palette = {
	.title = "actions",
	.draw = draw_palette,
};

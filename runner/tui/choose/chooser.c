// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/choose/chooser.h"

#include <strings.h>

#include "base/utf8.h"
#include "base/util.h"
#include "runner/tui/screen/keys.h"

#define NAME_MOST 40u
#define HERE_CELLS 4u
#define MARGIN 2u
#define TITLE_Y 0u
#define SEARCH_Y 1u
#define HEADER_Y 2u
#define LEAST_HEIGHT 6u

/* Every word of the search is in the name or the description, in upper or lower case. */
static bool matches(const struct choice *choice, const char *search)
{
	_cleanup_free_ char *words = xstrdup(search);
	char *save = NULL;

	for (char *word = strtok_r(words, " ", &save); word; word = strtok_r(NULL, " ", &save))
		if (!strcasestr(choice->name, word) && !strcasestr(choice->description, word))
			return false;
	return true;
}

static void search(struct chooser *c)
{
	c->nshown = 0;
	for (size_t i = 0; i < c->count; i++)
		if (matches(&c->all[i], c->search.text))
			c->shown[c->nshown++] = i;
	c->cursor = c->top = 0;
}

void chooser_init(struct chooser *c, struct choice *all, size_t count, bool utf8)
{
	*c = (struct chooser){ .all = all,
			       .count = count,
			       .signs = utf8 ? &signs_unicode : &signs_ascii,
			       .utf8 = utf8 };
	c->shown = xcalloc(count + 1, sizeof(*c->shown));
	prompt_open(&c->search, "search: ", "");
	search(c);
}

void chooser_release(struct chooser *c)
{
	free(c->shown);
}

static bool move(struct chooser *c, uint32_t key)
{
	size_t page = MAX(c->rows, 2u) - 1, last = c->nshown ? c->nshown - 1 : 0;

	if (key == KEY_CODE_UP || key == CTRL_KEY('p'))
		c->cursor -= c->cursor > 0;
	else if (key == KEY_CODE_DOWN || key == CTRL_KEY('n'))
		c->cursor = MIN(c->cursor + 1, last);
	else if (key == KEY_CODE_PAGE_UP)
		c->cursor -= MIN(c->cursor, page);
	else if (key == KEY_CODE_PAGE_DOWN)
		c->cursor = MIN(c->cursor + page, last);
	else
		return false;
	return true;
}

enum chooser_wish chooser_key(struct chooser *c, uint32_t key)
{
	if (key == CTRL_KEY('c'))
		return CHOOSER_LEFT;
	if (key == CTRL_KEY('l'))
		return CHOOSER_REDRAW;
	if (key == CTRL_KEY('z'))
		return CHOOSER_SUSPEND;
	if (move(c, key))
		return CHOOSER_GOES_ON;
	switch (prompt_key(&c->search, key)) {
	case PROMPT_DONE:
		return c->nshown ? CHOOSER_CHOSEN : CHOOSER_GOES_ON;
	case PROMPT_LEFT:
		if (!c->search.len)
			return CHOOSER_LEFT;
		prompt_open(&c->search, c->search.label, "");
		search(c);
		break;
	case PROMPT_CHANGED:
		search(c);
		break;
	default:
		break;
	}
	return CHOOSER_GOES_ON;
}

bool chooser_chosen(const struct chooser *c, size_t *ret)
{
	if (!c->nshown)
		return false;
	*ret = c->shown[c->cursor];
	return true;
}

static bool find_open(const struct chooser *c, size_t from, size_t to, size_t *ret)
{
	for (size_t i = from; i < MIN(to, c->nshown); i++) {
		if (c->all[c->shown[i]].verdict != VERDICT_OPEN)
			continue;
		*ret = c->shown[i];
		return true;
	}
	return false;
}

bool chooser_open(const struct chooser *c, size_t *ret)
{
	if (find_open(c, c->cursor, c->cursor + 1, ret) ||
	    find_open(c, c->top, c->top + c->rows, ret) || find_open(c, 0, c->nshown, ret))
		return true;
	for (size_t i = 0; i < c->count; i++) {
		if (c->all[i].verdict != VERDICT_OPEN)
			continue;
		*ret = i;
		return true;
	}
	return false;
}

/* --- drawing --- */

/* A name or description of an image, which may have any bytes. */
static void put(const struct chooser *c, struct canvas *canvas, uint32_t x, uint32_t y,
		uint32_t room, enum paint paint, const char *text)
{
	_cleanup_free_ char *safe = utf8_term_text(text);

	if (!c->utf8)
		for (char *at = safe; *at; at++)
			*at = (unsigned char)*at < 0x80 ? *at : '?';
	draw_cut(c->signs, canvas, x, y, room, paint, safe);
}

static uint32_t name_cells(const struct chooser *c, uint32_t width)
{
	uint32_t most = 4;

	for (size_t i = 0; i < c->count; i++)
		most = MAX(most, (uint32_t)strlen(c->all[i].name));
	return MIN(MIN(most, NAME_MOST), width * 2 / 5);
}

static void draw_choice(const struct chooser *c, struct canvas *canvas, uint32_t y, size_t at,
			uint32_t names)
{
	static const char *const here[] = { [VERDICT_OPEN] = "",
					    [VERDICT_ASKED] = "",
					    [VERDICT_YES] = "yes",
					    [VERDICT_NO] = "no" };
	const struct choice *choice = &c->all[c->shown[at]];
	enum paint paint = at == c->cursor		   ? PAINT_CURSOR
			   : choice->verdict == VERDICT_NO ? PAINT_GONE
							   : PAINT_PLAIN;
	uint32_t x = MARGIN, width = canvas->width;

	if (at == c->cursor) {
		canvas_fill(canvas, 0, y, width, paint, " ");
		canvas_put(canvas, 0, y, 1, paint, c->signs->cursor);
	}
	put(c, canvas, x, y, names, paint, choice->name);
	x += names + MARGIN;
	canvas_put(canvas, x, y, HERE_CELLS, paint, here[choice->verdict]);
	x += HERE_CELLS + MARGIN;
	if (x < width)
		put(c, canvas, x, y, width - x, paint, choice->description);
}

/* What this kernel says of the chosen one. */
static void draw_why(const struct chooser *c, struct canvas *canvas, uint32_t y)
{
	const struct choice *choice = c->nshown ? &c->all[c->shown[c->cursor]] : NULL;
	const char *text = !choice			    ? "nothing matches"
			   : choice->why		    ? choice->why
			   : choice->verdict >= VERDICT_YES ? ""
							    : "looking at what this kernel can do";

	put(c, canvas, 1, y, canvas->width - 1,
	    choice && choice->verdict == VERDICT_NO ? PAINT_WARN : PAINT_STATUS, text);
}

static void draw_hints(const struct chooser *c, struct canvas *canvas, uint32_t y)
{
	static const struct {
		uint32_t key;
		const char *hint;
	} hints[] = { { KEY_RETURN, "run" },
		      { KEY_CODE_DOWN, "next" },
		      { KEY_CODE_UP, "previous" },
		      { KEY_ESCAPE, "clear, quit" } };
	char key[KEY_LABEL_ROOM];
	uint32_t x = 1;

	x += canvas_put(canvas, x, y, canvas->width, PAINT_HINT, "type to search") + MARGIN;
	for (size_t i = 0; i < ARRAY_LEN(hints); i++) {
		key_label(key, hints[i].key, c->utf8);
		x += canvas_put(canvas, x, y, canvas->width, PAINT_KEY, key) + 1;
		x += canvas_put(canvas, x, y, canvas->width, PAINT_HINT, hints[i].hint) + MARGIN;
	}
}

void chooser_draw(struct chooser *c, struct canvas *canvas)
{
	uint32_t height = canvas->height, names = name_cells(c, canvas->width);
	uint32_t x = names + 2 * MARGIN;
	char text[64];

	canvas_clear(canvas);
	if (height < LEAST_HEIGHT) {
		canvas_put(canvas, 0, 0, canvas->width, PAINT_PLAIN, "needs more rows; ^C quits");
		return;
	}
	c->rows = height - HEADER_Y - 3;
	c->top = MIN(c->top, c->cursor);
	if (c->cursor >= c->top + c->rows)
		c->top = c->cursor - c->rows + 1;
	canvas_put(canvas, 1, TITLE_Y, canvas->width, PAINT_TITLE, "bombus");
	snprintf(text, sizeof(text), "%zu of %zu programs", c->nshown, c->count);
	canvas_put_right(canvas, 8, TITLE_Y, canvas->width - 9, PAINT_PLAIN, text);
	canvas_put(canvas, MARGIN, HEADER_Y, names, PAINT_HEADER, "NAME");
	canvas_put(canvas, x, HEADER_Y, HERE_CELLS, PAINT_HEADER, "HERE");
	canvas_put(canvas, x + HERE_CELLS + MARGIN, HEADER_Y, canvas->width, PAINT_HEADER,
		   "DESCRIPTION");
	for (uint32_t i = 0; i < c->rows && c->top + i < c->nshown; i++)
		draw_choice(c, canvas, HEADER_Y + 1 + i, c->top + i, names);
	draw_why(c, canvas, height - 2);
	draw_hints(c, canvas, height - 1);
	/* It has the cursor of the terminal. */
	prompt_draw(&c->search, canvas, SEARCH_Y);
}

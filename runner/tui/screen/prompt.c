// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/screen/prompt.h"

#include <wchar.h>

#include "base/utf8.h"
#include "base/util.h"
#include "runner/tui/screen/keys.h"

void prompt_open(struct prompt *p, const char *label, const char *text)
{
	*p = (struct prompt){ .open = true, .label = label };
	prompt_set(p, text);
}

void prompt_set(struct prompt *p, const char *text)
{
	p->len = MIN(strlen(text), (size_t)PROMPT_MAX_BYTES);
	memcpy(p->text, text, p->len);
	p->text[p->len] = '\0';
	p->at = p->len;
	p->why[0] = '\0';
}

void prompt_complete(struct prompt *p, size_t from, const char *text)
{
	size_t len = strlen(text);

	if (p->len - (p->at - from) + len > PROMPT_MAX_BYTES)
		return;
	memmove(p->text + from + len, p->text + p->at, p->len - p->at + 1);
	memcpy(p->text + from, text, len);
	p->len += len - (p->at - from);
	p->at = from + len;
}

void prompt_close(struct prompt *p)
{
	p->open = false;
}

static size_t before(const struct prompt *p, size_t at)
{
	while (at > 0 && ((unsigned char)p->text[--at] & 0xc0) == 0x80)
		;
	return at;
}

static size_t behind(const struct prompt *p, size_t at)
{
	if (at < p->len)
		at++;
	while (at < p->len && ((unsigned char)p->text[at] & 0xc0) == 0x80)
		at++;
	return at;
}

static enum prompt_result cut(struct prompt *p, size_t from, size_t to)
{
	if (from == to)
		return PROMPT_SAME;
	memmove(p->text + from, p->text + to, p->len - to + 1);
	p->len -= to - from;
	p->at = from;
	return PROMPT_CHANGED;
}

static size_t word_start(const struct prompt *p)
{
	size_t at = p->at;

	while (at > 0 && p->text[at - 1] == ' ')
		at--;
	while (at > 0 && p->text[at - 1] != ' ')
		at--;
	return at;
}

static enum prompt_result move(struct prompt *p, size_t at)
{
	p->at = at;
	return PROMPT_MOVED;
}

static enum prompt_result insert(struct prompt *p, uint32_t key)
{
	char bytes[4];
	size_t n = 0;

	if (key < ' ' || key == KEY_ERASE || key >= KEY_CODE_NONE || wcwidth((wchar_t)key) < 0)
		return PROMPT_SAME;
	if (key < 0x80) {
		bytes[n++] = (char)key;
	} else if (key < 0x800) {
		bytes[n++] = (char)(0xc0 | key >> 6);
		bytes[n++] = (char)(0x80 | (key & 0x3f));
	} else if (key < 0x10000) {
		bytes[n++] = (char)(0xe0 | key >> 12);
		bytes[n++] = (char)(0x80 | (key >> 6 & 0x3f));
		bytes[n++] = (char)(0x80 | (key & 0x3f));
	} else {
		bytes[n++] = (char)(0xf0 | key >> 18);
		bytes[n++] = (char)(0x80 | (key >> 12 & 0x3f));
		bytes[n++] = (char)(0x80 | (key >> 6 & 0x3f));
		bytes[n++] = (char)(0x80 | (key & 0x3f));
	}
	if (p->len + n > PROMPT_MAX_BYTES)
		return PROMPT_SAME;
	memmove(p->text + p->at + n, p->text + p->at, p->len - p->at + 1);
	memcpy(p->text + p->at, bytes, n);
	p->len += n;
	p->at += n;
	return PROMPT_CHANGED;
}

enum prompt_result prompt_key(struct prompt *p, uint32_t key)
{
	switch (key) {
	case KEY_RETURN:
	case '\n':
		return PROMPT_DONE;
	case KEY_ESCAPE:
		return PROMPT_LEFT;
	case KEY_CODE_LEFT:
	case CTRL_KEY('b'):
		return move(p, before(p, p->at));
	case KEY_CODE_RIGHT:
	case CTRL_KEY('f'):
		return move(p, behind(p, p->at));
	case KEY_CODE_HOME:
	case CTRL_KEY('a'):
		return move(p, 0);
	case KEY_CODE_END:
	case CTRL_KEY('e'):
		return move(p, p->len);
	case KEY_ERASE:
	case CTRL_KEY('h'):
		return cut(p, before(p, p->at), p->at);
	case KEY_CODE_DELETE:
	case CTRL_KEY('d'):
		return cut(p, p->at, behind(p, p->at));
	case CTRL_KEY('u'):
		return cut(p, 0, p->at);
	case CTRL_KEY('k'):
		return cut(p, p->at, p->len);
	case CTRL_KEY('w'):
		return cut(p, word_start(p), p->at);
	default:
		return insert(p, key);
	}
}

/* Cells of the first `len` bytes. */
static uint32_t cells_to(const struct prompt *p, size_t len)
{
	char part[PROMPT_MAX_BYTES + 1];

	len = MIN(len, p->len);
	memcpy(part, p->text, len);
	part[len] = '\0';
	return canvas_cells(part);
}

/* The first byte that is shown, chosen so that the cursor is visible. */
static size_t first_shown(const struct prompt *p, uint32_t room)
{
	size_t first = 0;

	while (first < p->at && cells_to(p, p->at) - cells_to(p, first) >= room)
		first = behind(p, first);
	return first;
}

void prompt_draw(const struct prompt *p, struct canvas *canvas, uint32_t y)
{
	uint32_t x = 1 + canvas_cells(p->label);
	uint32_t room = canvas->width > x + 1 ? canvas->width - x - 1 : 1;
	size_t first = first_shown(p, room);
	uint32_t skipped = cells_to(p, first), caret;

	canvas_fill(canvas, 0, y, canvas->width, PAINT_PLAIN, " ");
	canvas_put(canvas, 1, y, canvas->width, PAINT_KEY, p->label);
	canvas_put(canvas, x, y, room, PAINT_PROMPT, p->text + first);
	canvas->cursor_x = (int)MIN(x + cells_to(p, p->at) - skipped, canvas->width - 1);
	canvas->cursor_y = (int)y;
	if (!p->why[0] || !y)
		return;
	canvas_fill(canvas, 0, y - 1, canvas->width, PAINT_PLAIN, " ");
	caret = cells_to(p, p->caret);
	caret = x + (caret > skipped ? caret - skipped : 0);
	/* The message moves to the left of the caret if it does not fit on the right. */
	if (caret + 2 + canvas_cells(p->why) <= canvas->width || caret < canvas->width / 2) {
		canvas_put(canvas, caret, y - 1, 1, PAINT_ERROR, "v");
		canvas_put(canvas, caret + 2, y - 1, canvas->width, PAINT_ERROR, p->why);
	} else {
		canvas_put_right(canvas, 0, y - 1, caret - 1, PAINT_ERROR, p->why);
		canvas_put(canvas, caret, y - 1, 1, PAINT_ERROR, "v");
	}
}

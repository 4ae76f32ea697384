// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/terminal/curses_keys.h"

#include "runner/tui/screen/keys.h"
#include "runner/tui/terminal/pace.h"

#include <curses.h>

#include "base/util.h"

/* Codes beyond those of ncurses. */
#define KEY_PASTE_BEGIN (KEY_MAX + 1000)
#define KEY_PASTE_END (KEY_MAX + 1001)
#define KEY_ANSWER (KEY_MAX + 1002)

void curses_keys_define(void)
{
	define_key("\x1b[200~", KEY_PASTE_BEGIN);
	define_key("\x1b[201~", KEY_PASTE_END);
	define_key(PACE_ANSWER, KEY_ANSWER);
}

bool curses_key_is_answer(int kind, wint_t key)
{
	return kind == KEY_CODE_YES && key == KEY_ANSWER;
}

static uint32_t code_of(wint_t code)
{
	static const struct {
		wint_t curses;
		uint32_t key;
	} codes[] = {
		{ KEY_UP, KEY_CODE_UP },	 { KEY_DOWN, KEY_CODE_DOWN },
		{ KEY_LEFT, KEY_CODE_LEFT },	 { KEY_RIGHT, KEY_CODE_RIGHT },
		{ KEY_PPAGE, KEY_CODE_PAGE_UP }, { KEY_NPAGE, KEY_CODE_PAGE_DOWN },
		{ KEY_HOME, KEY_CODE_HOME },	 { KEY_END, KEY_CODE_END },
		{ KEY_BTAB, KEY_CODE_BACK_TAB }, { KEY_DC, KEY_CODE_DELETE },
		{ KEY_F(1), KEY_CODE_F1 },	 { KEY_BACKSPACE, KEY_ERASE },
		{ KEY_ENTER, KEY_RETURN },
	};

	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (codes[i].curses == code)
			return codes[i].key;
	return KEY_CODE_NONE;
}

static void take_mouse(struct terminal_event *ret)
{
	MEVENT event;

	if (getmouse(&event) != OK)
		return;
	ret->x = (uint32_t)event.x;
	ret->y = (uint32_t)event.y;
	ret->rows = event.bstate & BUTTON4_PRESSED ? -1 : 1;
	if (event.bstate & BUTTON1_PRESSED)
		ret->kind = TERMINAL_CLICK;
	else if (event.bstate & (BUTTON4_PRESSED | BUTTON5_PRESSED))
		ret->kind = TERMINAL_WHEEL;
}

void curses_key_event(int kind, wint_t key, bool *pasting, struct terminal_event *ret)
{
	if (kind == KEY_CODE_YES && (key == KEY_PASTE_BEGIN || key == KEY_PASTE_END)) {
		*pasting = key == KEY_PASTE_BEGIN;
	} else if (*pasting) {
		if (kind == OK)
			*ret = (struct terminal_event){ .kind = TERMINAL_PASTED, .key = key };
	} else if (kind == KEY_CODE_YES && key == KEY_MOUSE) {
		take_mouse(ret);
	} else if (kind == OK || key != KEY_RESIZE) {
		ret->kind = TERMINAL_KEY;
		ret->key = kind == OK ? (uint32_t)key : code_of(key);
	}
}

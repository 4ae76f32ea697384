// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/screen/keys.h"

#include <stdio.h>

#include "base/strbuf.h"
#include "base/util.h"

#define MODEL(op_, ...) { __VA_ARGS__ }, ACT_MODEL, op_

/* The order of the help, and of the hints as far as they fit. */
const struct binding bindings[] = {
	{ MODEL(OP_UP, 'k', KEY_CODE_UP), 0, NULL, "move up and down" },
	{ MODEL(OP_DOWN, 'j', KEY_CODE_DOWN), HINT_OVERLAY, "more", NULL },
	{ { 'J' },
	  ACT_ROW,
	  OP_DOWN,
	  HINT_DETAIL,
	  "next row",
	  "go to the next and the previous row, also in the details" },
	{ { 'K' }, ACT_ROW, OP_UP, 0, NULL, NULL },
	{ MODEL(OP_LEFT, 'h', KEY_CODE_LEFT), 0, NULL, "choose a column" },
	{ MODEL(OP_RIGHT, 'l', KEY_CODE_RIGHT), 0, NULL, NULL },
	{ MODEL(OP_PAGE_UP, KEY_CODE_PAGE_UP, CTRL_KEY('b')), 0, NULL, "move a page up and down" },
	{ MODEL(OP_PAGE_DOWN, KEY_CODE_PAGE_DOWN, CTRL_KEY('f')), 0, NULL, NULL },
	{ MODEL(OP_FIRST, 'g', KEY_CODE_HOME), 0, NULL, "go to the first row" },
	{ MODEL(OP_LAST, 'G', KEY_CODE_END), HINT_STREAM, "newest",
	  "go to the last row; a stream follows its end again" },
	{ MODEL(OP_TAB_NEXT, KEY_TAB, CTRL_KEY('n')), HINT_ALWAYS, "next",
	  "go to the next and the previous table" },
	{ MODEL(OP_TAB_PREV, KEY_CODE_BACK_TAB, CTRL_KEY('p')), 0, NULL, NULL },
	{ { '1', '9' }, ACT_TAB, 0, 0, NULL, "go to the table of that number" },
	{ { '/' },
	  ACT_FILTER,
	  0,
	  HINT_TABS | HINT_TRACE,
	  "filter",
	  "show only rows that contain a text or match an expression" },
	{ { '&' }, ACT_MARK, 0, HINT_TABS, "mark", "mark such rows instead of hiding the others" },
	{ MODEL(OP_FOUND_NEXT, 'n'), 0, NULL, "go to the next and the previous marked row" },
	{ MODEL(OP_FOUND_PREV, 'N'), 0, NULL, NULL },
	{ MODEL(OP_SORT, 's'), HINT_ROWS | HINT_PROGRAMS, "sort",
	  "sort by the chosen column; again: reverse" },
	{ MODEL(OP_SORT_LEFT, '<'), 0, NULL, "sort by the column to the left or right" },
	{ MODEL(OP_SORT_RIGHT, '>'), 0, NULL, NULL },
	{ { KEY_RETURN, '\n' },
	  ACT_DETAIL,
	  0,
	  HINT_TABS | HINT_TRACE,
	  "detail",
	  "show all fields of the row; of a trace its spans" },
	{ { 'o' },
	  ACT_OVERVIEW,
	  0,
	  HINT_ROWS | HINT_STREAM | HINT_PROGRAMS | HINT_OVERVIEW,
	  "overview",
	  "show all tables side by side; the row that you go to filters the others" },
	{ { 'p' },
	  ACT_WHO,
	  0,
	  HINT_ROWS | HINT_STREAM | HINT_TRACE,
	  "who",
	  "show what is known of the row's process, container, address, interface or inode" },
	{ { KEY_ESCAPE },
	  ACT_BACK,
	  0,
	  HINT_OVERLAY | HINT_OVERVIEW,
	  "back",
	  "go back, or clear the filter and the marks" },
	{ MODEL(OP_GROUP, '#'), HINT_ROWS | HINT_STREAM, "group",
	  "group by the chosen column, or no longer; on a number of groups: choose one more "
	  "column; Enter goes into a group" },
	{ MODEL(OP_OUT, KEY_ERASE, CTRL_KEY('h')), HINT_TRACE, "traces",
	  "go out of a group or a trace again" },
	{ MODEL(OP_VIEW, 'v'), HINT_ROWS | HINT_STREAM, "view",
	  "next view: table, histogram, heat map, waterfall; of groups by two columns: who "
	  "talks to whom" },
	{ { 'f' },
	  ACT_FLAMES,
	  0,
	  HINT_ROWS | HINT_STREAM,
	  "flames",
	  "show the stacks of the table as flames; there: Enter and Bksp zoom, / searches" },
	{ { 'i' },
	  ACT_TURN,
	  0,
	  0,
	  NULL,
	  "flames: turn round, from the innermost frames to their callers" },
	{ MODEL(OP_FOLD, 'c'), HINT_TRACE, "fold",
	  "in a trace: hide the spans below the chosen one, or show them" },
	{ MODEL(OP_ZERO, 'z'), HINT_ROWS, "zero", "count from now on; again: from the start" },
	{ { 'w' }, ACT_WRITE, 0, HINT_TABS, "write", "write the rows to a file: csv, json or txt" },
	{ { 'T' },
	  ACT_TRAP,
	  0,
	  0,
	  NULL,
	  "set a trap: EXPR [for SWEEPS] [then bell, freeze, record]" },
	{ { 'R' }, ACT_RECORD, 0, 0, NULL, "record what comes, for bombus replay; again: end it" },
	{ { 'S' }, ACT_SAVE, 0, 0, NULL, "save what is in memory as a recording" },
	{ MODEL(OP_PAUSE, ' ', 'Z'), HINT_TABS, "pause",
	  "freeze all tables, or resume; collecting goes on" },
	{ MODEL(OP_EARLIER, '['), 0, NULL, "go back and ahead in time by a sweep" },
	{ MODEL(OP_LATER, ']'), 0, NULL, NULL },
	{ MODEL(OP_EARLIER_FAR, '{'), 0, NULL, "go back and ahead by ten seconds" },
	{ MODEL(OP_LATER_FAR, '}'), 0, NULL, NULL },
	{ { '@' },
	  ACT_SEEK,
	  0,
	  0,
	  NULL,
	  "go to a time: 14:02:31, -90s (ago); of a recording also 1m30s" },
	{ { '(' }, ACT_SLOWER, 0, 0, NULL, "play a recording at half or double speed" },
	{ { ')' }, ACT_FASTER, 0, 0, NULL, NULL },
	{ MODEL(OP_MOMENT, 'a'), 0, NULL, "mark the moment that is shown, A" },
	{ MODEL(OP_COMPARE, 'D'), 0, NULL,
	  "compare the chosen column with A: factor, difference; or no longer" },
	{ MODEL(OP_FOLLOW, 'F'), 0, NULL, "resume; follow the end of a stream, or the row" },
	{ MODEL(OP_HIDE, '-'), 0, NULL, "hide the column; show all columns" },
	{ MODEL(OP_SHOW_ALL, '='), 0, NULL, NULL },
	{ MODEL(OP_MOVE_LEFT, 'H'), 0, NULL, "move the column to the left or right" },
	{ MODEL(OP_MOVE_RIGHT, 'L'), 0, NULL, NULL },
	{ MODEL(OP_WIDTH, '_'), 0, NULL, "change the column's width: fitting, narrow, wide" },
	{ { 'd' }, ACT_INTERVAL, 0, 0, NULL, "set the time between sweeps" },
	{ { 'y' }, ACT_COPY, 0, 0, NULL, "copy the row as JSON to the clipboard (OSC 52)" },
	{ { 'Y' }, ACT_COPY_VIEW, 0, 0, NULL, "copy the command line that prints this view" },
	{ { ':' }, ACT_PALETTE, 0, 0, NULL, "search all actions, and do one" },
	{ { 0 }, ACT_THEME, 0, 0, NULL, "change the looks: default, light, mono" },
	{ { '!' }, ACT_LOG, 0, 0, NULL, "show messages" },
	{ { 'm' }, ACT_MOUSE, 0, 0, NULL, "use the mouse, or leave it to the terminal" },
	{ { CTRL_KEY('l') }, ACT_REDRAW, 0, 0, NULL, "redraw the screen" },
	{ { CTRL_KEY('z') }, ACT_SUSPEND, 0, 0, NULL, "suspend; fg resumes" },
	{ { '?', KEY_CODE_F1 }, ACT_HELP, 0, HINT_ALWAYS, "help", "show this help" },
	{ { 'q', CTRL_KEY('c') }, ACT_QUIT, 0, HINT_ALWAYS, "quit", "detach everything and quit" },
};
const size_t nbindings = ARRAY_LEN(bindings);

/* By act; those of the model by op. */
static const char *const act_names[] = {
	[ACT_TAB] = "table",	       [ACT_FILTER] = "filter",	  [ACT_MARK] = "mark",
	[ACT_INTERVAL] = "interval",   [ACT_WRITE] = "write",	  [ACT_TRAP] = "trap",
	[ACT_RECORD] = "record",       [ACT_SEEK] = "seek",	  [ACT_SLOWER] = "slower",
	[ACT_FASTER] = "faster",       [ACT_SAVE] = "save",	  [ACT_COPY] = "copy-row",
	[ACT_COPY_VIEW] = "copy-view", [ACT_DETAIL] = "detail",	  [ACT_BACK] = "back",
	[ACT_LOG] = "messages",	       [ACT_HELP] = "help",	  [ACT_MOUSE] = "mouse",
	[ACT_REDRAW] = "redraw",       [ACT_SUSPEND] = "suspend", [ACT_QUIT] = "quit",
	[ACT_FLAMES] = "flames",       [ACT_TURN] = "turn",	  [ACT_WHO] = "who",
	[ACT_OVERVIEW] = "overview",   [ACT_PALETTE] = "palette", [ACT_THEME] = "theme",
};
static const char *const op_names[] = {
	[OP_UP] = "up",
	[OP_DOWN] = "down",
	[OP_PAGE_UP] = "page-up",
	[OP_PAGE_DOWN] = "page-down",
	[OP_FIRST] = "first",
	[OP_LAST] = "last",
	[OP_LEFT] = "left",
	[OP_RIGHT] = "right",
	[OP_TAB_NEXT] = "next-table",
	[OP_TAB_PREV] = "previous-table",
	[OP_SORT] = "sort",
	[OP_SORT_LEFT] = "sort-left",
	[OP_SORT_RIGHT] = "sort-right",
	[OP_PAUSE] = "pause",
	[OP_EARLIER] = "earlier",
	[OP_LATER] = "later",
	[OP_EARLIER_FAR] = "earlier-10s",
	[OP_LATER_FAR] = "later-10s",
	[OP_MOMENT] = "mark-moment",
	[OP_COMPARE] = "compare",
	[OP_FOLLOW] = "follow",
	[OP_HIDE] = "hide-column",
	[OP_SHOW_ALL] = "show-columns",
	[OP_MOVE_LEFT] = "move-left",
	[OP_MOVE_RIGHT] = "move-right",
	[OP_WIDTH] = "width",
	[OP_VIEW] = "view",
	[OP_GROUP] = "group",
	[OP_OUT] = "leave-group",
	[OP_ZERO] = "zero",
	[OP_FOUND_NEXT] = "next-mark",
	[OP_FOUND_PREV] = "previous-mark",
	[OP_FOLD] = "fold",
};

const char *binding_name(const struct binding *b)
{
	const char *name = NULL;

	if (b->act == ACT_ROW)
		return b->op == OP_UP ? "previous-row" : "next-row";
	if (b->act == ACT_MODEL && b->op < ARRAY_LEN(op_names))
		name = op_names[b->op];
	else if (b->act < ARRAY_LEN(act_names))
		name = act_names[b->act];
	return name ? name : "";
}

const struct binding *binding_named(const char *name)
{
	for (size_t i = 0; *name && i < nbindings; i++)
		if (streq(binding_name(&bindings[i]), name))
			return &bindings[i];
	return NULL;
}

const struct binding *binding_find(uint32_t key)
{
	for (size_t i = 0; i < nbindings; i++) {
		const struct binding *b = &bindings[i];

		if (b->act == ACT_TAB && key >= b->keys[0] && key <= b->keys[1])
			return b;
		for (size_t k = 0; k < KEYS_PER_BINDING && b->keys[k]; k++)
			if (b->keys[k] == key)
				return b;
	}
	return NULL;
}

void key_label(char dst[KEY_LABEL_ROOM], uint32_t key, bool utf8)
{
	static const struct {
		uint32_t key;
		const char *name, *sign;
	} names[] = {
		{ KEY_CODE_UP, "Up", "↑" },
		{ KEY_CODE_DOWN, "Down", "↓" },
		{ KEY_CODE_LEFT, "Left", "←" },
		{ KEY_CODE_RIGHT, "Right", "→" },
		{ KEY_CODE_PAGE_UP, "PgUp", "PgUp" },
		{ KEY_CODE_PAGE_DOWN, "PgDn", "PgDn" },
		{ KEY_CODE_HOME, "Home", "Home" },
		{ KEY_CODE_END, "End", "End" },
		{ KEY_CODE_BACK_TAB, "S-Tab", "⇤" },
		{ KEY_CODE_F1, "F1", "F1" },
		{ KEY_TAB, "Tab", "⇥" },
		{ KEY_RETURN, "Enter", "⏎" },
		{ KEY_ESCAPE, "Esc", "Esc" },
		{ KEY_ERASE, "Bksp", "Bksp" },
		{ ' ', "Space", "␣" },
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i].key == key) {
			snprintf(dst, KEY_LABEL_ROOM, "%s", utf8 ? names[i].sign : names[i].name);
			return;
		}
	if (key < ' ')
		snprintf(dst, KEY_LABEL_ROOM, "^%c", (char)(key + '@'));
	else
		snprintf(dst, KEY_LABEL_ROOM, "%c", key < KEY_ERASE ? (char)key : '?');
}

uint32_t key_labelled(const char *label)
{
	char text[KEY_LABEL_ROOM];

	for (uint32_t key = 1; key < KEY_CODE_LAST; key++) {
		if (key == KEY_ERASE + 1)
			key = KEY_CODE_NONE + 1;
		key_label(text, key, false);
		if (streq(text, label) && (key < KEY_ERASE || !streq(text, "?")))
			return key;
	}
	return KEY_CODE_NONE;
}

static void add_keys(struct strbuf *sb, const struct binding *b, bool utf8)
{
	char name[KEY_LABEL_ROOM];

	if (b->act == ACT_TAB) {
		strbuf_adds(sb, "1-9");
		return;
	}
	for (size_t k = 0; k < KEYS_PER_BINDING && b->keys[k]; k++) {
		if (b->keys[k] == '\n')
			continue;
		key_label(name, b->keys[k], utf8);
		strbuf_addf(sb, "%s%s", sb->len ? " " : "", name);
	}
}

void binding_own_keys(char *dst, size_t room, const struct binding *b, bool utf8)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(256);

	add_keys(&sb, b, utf8);
	snprintf(dst, room, "%s", strbuf_str(&sb));
}

void binding_keys(char *dst, size_t room, const struct binding *b, bool utf8)
{
	_cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(256);

	add_keys(&sb, b, utf8);
	for (b++; b < bindings + nbindings && !b->help; b++)
		add_keys(&sb, b, utf8);
	snprintf(dst, room, "%s", strbuf_str(&sb));
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys and their actions: one table drives dispatch, the help screen and the hint line.
 *
 * A key is a character of Unicode, control characters included (^L is 12), or one of these.
 */
#ifndef BOMBUS_RUNNER_TUI_SCREEN_KEYS_H
#define BOMBUS_RUNNER_TUI_SCREEN_KEYS_H

#include <stddef.h>
#include <stdint.h>
#include "runner/tui/model/model.h"

enum key {
	KEY_CODE_NONE = 0x110000, /* above the last character of Unicode */
	KEY_CODE_UP,
	KEY_CODE_DOWN,
	KEY_CODE_LEFT,
	KEY_CODE_RIGHT,
	KEY_CODE_PAGE_UP,
	KEY_CODE_PAGE_DOWN,
	KEY_CODE_HOME,
	KEY_CODE_END,
	KEY_CODE_BACK_TAB,
	KEY_CODE_DELETE,
	KEY_CODE_F1,
	KEY_CODE_LAST,
};
#define KEY_ESCAPE 27u
#define KEY_RETURN 13u
#define KEY_TAB 9u
#define KEY_ERASE 127u
#define CTRL_KEY(c) ((c)&0x1fu)

enum act {
	ACT_NONE,
	ACT_MODEL, /* model_do() with `op` */
	ACT_ROW,   /* model_do() with `op`; details stay open */
	ACT_TAB,   /* 1-9 */
	ACT_FILTER,
	ACT_MARK,
	ACT_INTERVAL,
	ACT_WRITE,
	ACT_TRAP,
	ACT_RECORD,
	ACT_SEEK,
	ACT_SLOWER, /* a recording's speed */
	ACT_FASTER,
	ACT_SAVE,
	ACT_COPY,
	ACT_DETAIL,
	ACT_WHO,
	ACT_OVERVIEW,
	ACT_BACK,
	ACT_LOG,
	ACT_FLAMES,
	ACT_TURN,
	ACT_SEARCH, /* in the flames; no key of its own */
	ACT_HELP,
	ACT_MOUSE,
	ACT_THEME,
	ACT_PALETTE,
	ACT_COPY_VIEW,
	ACT_REDRAW,
	ACT_SUSPEND,
	ACT_QUIT,
};

/* Where a hint is useful. */
enum hint_where {
	HINT_ROWS = 1 << 0,
	HINT_STREAM = 1 << 1,
	HINT_PROGRAMS = 1 << 2,
	HINT_OVERLAY = 1 << 3, /* detail, log, help */
	HINT_DETAIL = 1 << 4,
	HINT_ENDED = 1 << 5, /* the source of the tab has ended */
	HINT_TRACE = 1 << 6, /* the tree of a trace */
	HINT_OVERVIEW = 1 << 7,
	HINT_TABS = HINT_ROWS | HINT_STREAM | HINT_PROGRAMS,
	HINT_ALWAYS = HINT_TABS | HINT_ENDED | HINT_TRACE | HINT_OVERVIEW,
};

#define KEYS_PER_BINDING 4
struct binding {
	uint32_t keys[KEYS_PER_BINDING]; /* 0 ends them */
	uint8_t act;			 /* enum act */
	uint8_t op;			 /* enum model_op */
	uint8_t where;			 /* enum hint_where; 0: no hint */
	const char *hint;		 /* "filter" */
	const char *help;		 /* a line; NULL: the line before covers it */
};

extern const struct binding bindings[];
extern const size_t nbindings;

/* The name of an action, in the palette and in the file of settings. */
const char *binding_name(const struct binding *binding);
/* NULL: no action has this name. */
const struct binding *binding_named(const char *name);
/* NULL: the key has no action. */
const struct binding *binding_find(uint32_t key);

/* "Esc", "^L", "PgUp", "j"; dst has KEY_LABEL_ROOM bytes. */
#define KEY_LABEL_ROOM 12
void key_label(char dst[KEY_LABEL_ROOM], uint32_t key, bool utf8);
/* The key of such a label; KEY_CODE_NONE: no key has it. */
uint32_t key_labelled(const char *label);
/* The keys of a binding alone; and those of it and of the bindings that share its help line: "k
 * Up". */
void binding_own_keys(char *dst, size_t room, const struct binding *binding, bool utf8);
void binding_keys(char *dst, size_t room, const struct binding *binding, bool utf8);

#endif

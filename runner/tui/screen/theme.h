/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How each paint looks. The background stays the terminal's own, colours are the eight that every
 * terminal has, and none carries a meaning that text or a mark does not carry as well.
 */
#ifndef BOMBUS_RUNNER_TUI_SCREEN_THEME_H
#define BOMBUS_RUNNER_TUI_SCREEN_THEME_H

#include <stdint.h>
#include "runner/tui/screen/canvas.h"

enum look_attr {
	LOOK_BOLD = 1 << 0,
	LOOK_DIM = 1 << 1,
	LOOK_UNDERLINE = 1 << 2,
	LOOK_REVERSE = 1 << 3,
};

/* One more than the colour's number as terminals count; 0: the terminal's own. */
struct look {
	uint8_t ink, ground;
	uint8_t attrs; /* enum look_attr */
};

struct theme {
	const char *name;
	struct look looks[NPAINTS];
};

#define THEME_NAMES "default light mono"
/* NULL: there is none of this name. */
const struct theme *theme_find(const char *name);

#endif

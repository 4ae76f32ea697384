/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The look of each paint. The background stays the terminal's own. Only the eight colours that
 * every terminal has are used, and colour never carries a meaning alone: text or a mark carries it
 * too.
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

/* A colour is its number in terminals plus 1; 0: the terminal's own. */
struct look {
	uint8_t ink, ground;
	uint8_t attrs; /* enum look_attr */
};

struct theme {
	const char *name;
	struct look looks[NPAINTS];
};

#define THEME_NAMES "default light mono"
/* NULL: no theme has this name. */
const struct theme *theme_find(const char *name);
/* The one after it; after the last the first. */
const struct theme *theme_next(const char *name);

#endif

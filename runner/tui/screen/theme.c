// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/screen/theme.h"

#include <stddef.h>

#include "base/util.h"

enum { OWN, BLACK, RED, GREEN, YELLOW, BLUE, MAGENTA, CYAN, WHITE };

/* For dark backgrounds; readable on light ones. */
static const struct theme theme_default = {
	"default",
	{
		[PAINT_PLAIN] = { OWN, OWN, 0 },
		[PAINT_TITLE] = { OWN, OWN, LOOK_BOLD },
		[PAINT_LIVE] = { GREEN, OWN, LOOK_BOLD },
		[PAINT_PAUSED] = { BLACK, YELLOW, 0 },
		[PAINT_TAB] = { OWN, OWN, 0 },
		[PAINT_TAB_NOW] = { CYAN, OWN, LOOK_BOLD },
		[PAINT_HEADER] = { GREEN, OWN, 0 },
		[PAINT_SORT] = { GREEN, OWN, LOOK_BOLD },
		[PAINT_COLUMN] = { GREEN, OWN, LOOK_UNDERLINE },
		[PAINT_CURSOR] = { BLACK, CYAN, 0 },
		[PAINT_NEW] = { GREEN, OWN, 0 },
		[PAINT_GONE] = { OWN, OWN, LOOK_DIM },
		[PAINT_FOUND] = { YELLOW, OWN, LOOK_BOLD },
		[PAINT_WARN] = { RED, OWN, LOOK_BOLD },
		[PAINT_NOTE] = { YELLOW, OWN, 0 },
		[PAINT_BARS] = { CYAN, OWN, 0 },
		[PAINT_STATUS] = { OWN, OWN, 0 },
		[PAINT_KEY] = { CYAN, OWN, LOOK_BOLD },
		[PAINT_HINT] = { OWN, OWN, 0 },
		[PAINT_PROMPT] = { OWN, OWN, LOOK_BOLD },
		[PAINT_ERROR] = { RED, OWN, LOOK_BOLD },
		[PAINT_NAME] = { GREEN, OWN, 0 },
		[PAINT_HEAT] = { BLUE, OWN, 0 },
		[PAINT_HEAT + 1] = { BLUE, OWN, 0 },
		[PAINT_HEAT + 2] = { CYAN, OWN, 0 },
		[PAINT_HEAT + 3] = { GREEN, OWN, 0 },
		[PAINT_HEAT + 4] = { YELLOW, OWN, 0 },
		[PAINT_HEAT + 5] = { YELLOW, OWN, LOOK_BOLD },
		[PAINT_HEAT + 6] = { RED, OWN, 0 },
		[PAINT_HEAT + 7] = { RED, OWN, LOOK_BOLD },
	},
};

/* For light backgrounds: no yellow, no cyan, nothing dim. */
static const struct theme theme_light = {
	"light",
	{
		[PAINT_PLAIN] = { OWN, OWN, 0 },
		[PAINT_TITLE] = { OWN, OWN, LOOK_BOLD },
		[PAINT_LIVE] = { BLUE, OWN, LOOK_BOLD },
		[PAINT_PAUSED] = { WHITE, RED, 0 },
		[PAINT_TAB] = { OWN, OWN, 0 },
		[PAINT_TAB_NOW] = { BLUE, OWN, LOOK_BOLD },
		[PAINT_HEADER] = { BLUE, OWN, 0 },
		[PAINT_SORT] = { BLUE, OWN, LOOK_BOLD },
		[PAINT_COLUMN] = { BLUE, OWN, LOOK_UNDERLINE },
		[PAINT_CURSOR] = { WHITE, BLUE, 0 },
		[PAINT_NEW] = { BLUE, OWN, LOOK_BOLD },
		[PAINT_GONE] = { MAGENTA, OWN, 0 },
		[PAINT_FOUND] = { MAGENTA, OWN, LOOK_BOLD },
		[PAINT_WARN] = { RED, OWN, LOOK_BOLD },
		[PAINT_NOTE] = { MAGENTA, OWN, 0 },
		[PAINT_BARS] = { BLUE, OWN, 0 },
		[PAINT_STATUS] = { OWN, OWN, 0 },
		[PAINT_KEY] = { BLUE, OWN, LOOK_BOLD },
		[PAINT_HINT] = { OWN, OWN, 0 },
		[PAINT_PROMPT] = { OWN, OWN, LOOK_BOLD },
		[PAINT_ERROR] = { RED, OWN, LOOK_BOLD },
		[PAINT_NAME] = { BLUE, OWN, 0 },
		[PAINT_HEAT] = { BLUE, OWN, 0 },
		[PAINT_HEAT + 1] = { BLUE, OWN, 0 },
		[PAINT_HEAT + 2] = { BLUE, OWN, 0 },
		[PAINT_HEAT + 3] = { BLUE, OWN, LOOK_BOLD },
		[PAINT_HEAT + 4] = { MAGENTA, OWN, 0 },
		[PAINT_HEAT + 5] = { MAGENTA, OWN, LOOK_BOLD },
		[PAINT_HEAT + 6] = { RED, OWN, 0 },
		[PAINT_HEAT + 7] = { RED, OWN, LOOK_BOLD },
	},
};

/* Without colour. */
static const struct theme theme_mono = {
	"mono",
	{
		[PAINT_TITLE] = { OWN, OWN, LOOK_BOLD },
		[PAINT_LIVE] = { OWN, OWN, LOOK_BOLD },
		[PAINT_PAUSED] = { OWN, OWN, LOOK_REVERSE },
		[PAINT_TAB_NOW] = { OWN, OWN, LOOK_BOLD },
		[PAINT_SORT] = { OWN, OWN, LOOK_BOLD },
		[PAINT_COLUMN] = { OWN, OWN, LOOK_UNDERLINE },
		[PAINT_CURSOR] = { OWN, OWN, LOOK_REVERSE },
		[PAINT_NEW] = { OWN, OWN, LOOK_BOLD },
		[PAINT_FOUND] = { OWN, OWN, LOOK_BOLD | LOOK_UNDERLINE },
		[PAINT_WARN] = { OWN, OWN, LOOK_BOLD },
		[PAINT_KEY] = { OWN, OWN, LOOK_BOLD },
		[PAINT_PROMPT] = { OWN, OWN, LOOK_BOLD },
		[PAINT_ERROR] = { OWN, OWN, LOOK_BOLD },
		[PAINT_NAME] = { OWN, OWN, LOOK_BOLD },
	},
};

static const struct theme *const themes[] = { &theme_default, &theme_light, &theme_mono };

const struct theme *theme_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(themes); i++)
		if (streq(themes[i]->name, name))
			return themes[i];
	return NULL;
}

const struct theme *theme_next(const char *name)
{
	for (size_t i = 0; i + 1 < ARRAY_LEN(themes); i++)
		if (streq(themes[i]->name, name))
			return themes[i + 1];
	return themes[0];
}

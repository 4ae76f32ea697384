/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list of programs to choose one from, without a terminal: keys go in, a canvas comes out. Typed
 * text leaves the programs whose name or description has all of its words.
 */
#ifndef BOMBUS_RUNNER_TUI_CHOOSE_CHOOSER_H
#define BOMBUS_RUNNER_TUI_CHOOSE_CHOOSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "runner/tui/screen/draw.h"
#include "runner/tui/screen/prompt.h"

enum verdict { VERDICT_OPEN, VERDICT_ASKED, VERDICT_YES, VERDICT_NO };

struct choice {
	const char *name, *description; /* borrowed */
	uint8_t verdict;		/* enum verdict: it would run here */
	char *why;			/* of a verdict, in one line; NULL: none */
};

struct chooser {
	struct choice *all; /* borrowed */
	size_t count;
	size_t *shown; /* indexes of `all` */
	size_t nshown, cursor, top;
	uint32_t rows; /* of the last canvas */
	struct prompt search;
	const struct signs *signs;
	bool utf8;
};

enum chooser_wish {
	CHOOSER_GOES_ON,
	CHOOSER_CHOSEN,
	CHOOSER_LEFT,
	CHOOSER_REDRAW,
	CHOOSER_SUSPEND
};

void chooser_init(struct chooser *chooser, struct choice *all, size_t count, bool utf8);
void chooser_release(struct chooser *chooser);

enum chooser_wish chooser_key(struct chooser *chooser, uint32_t key);
void chooser_draw(struct chooser *chooser, struct canvas *canvas);
/* The chosen one. False: the search leaves none. */
bool chooser_chosen(const struct chooser *chooser, size_t *ret);
/* The next one whose verdict is open: the chosen one, those on the screen, the others. */
bool chooser_open(const struct chooser *chooser, size_t *ret);

#endif

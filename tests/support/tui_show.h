/* SPDX-License-Identifier: Apache-2.0 */
/* A screen of the fixture's model: keys go in, text comes out. */
#ifndef BOMBUS_TESTS_TUI_SHOW_H
#define BOMBUS_TESTS_TUI_SHOW_H

#include "tests/support/tui_feed.h"
#include "runner/tui/keep/trap.h"
#include "runner/tui/screen/screen.h"

struct show {
	struct tui t;
	struct screen screen;
	struct traps traps;
	struct canvas canvas;
};

void show_programs(struct show *s, bool utf8, uint32_t width, uint32_t height, bool several);
void show_init(struct show *s, bool utf8, uint32_t width, uint32_t height);
void show_release(struct show *s);
/* Keys as they are typed; \r is Enter, \t Tab. */
enum wish type(struct show *s, const char *keys);
/* As text; the caller frees. */
char *look(struct show *s);
void assert_shows(struct show *s, const char *text);
void assert_hides(struct show *s, const char *text);

#endif

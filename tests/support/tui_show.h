/* SPDX-License-Identifier: Apache-2.0 */
/* A screen of the fixture's model: keys go in, text comes out. */
#ifndef BOMBUS_TESTS_TUI_SHOW_H
#define BOMBUS_TESTS_TUI_SHOW_H

#include "tests/support/tui_feed.h"
#include "runner/tui/screen/screen.h"

struct show {
	struct tui t;
	struct screen screen;
	struct canvas canvas;
};

static inline void show_programs(struct show *s, bool utf8, uint32_t width, uint32_t height,
				 bool several)
{
	memset(s, 0, sizeof(*s));
	tui_init_programs(&s->t, utf8, several);
	feed_all(&s->t);
	if (several)
		feed_second(&s->t);
	screen_init(&s->screen, s->t.model, utf8);
	canvas_resize(&s->canvas, width, height);
}

static inline void show_init(struct show *s, bool utf8, uint32_t width, uint32_t height)
{
	show_programs(s, utf8, width, height, false);
}

static inline void show_release(struct show *s)
{
	screen_release(&s->screen);
	canvas_release(&s->canvas);
	tui_release(&s->t);
}

/* Keys as they are typed; \r is Enter, \t Tab. */
static inline enum wish type(struct show *s, const char *keys)
{
	enum wish wish = WISH_NONE;

	for (; *keys; keys++)
		wish = screen_key(&s->screen, (unsigned char)*keys);
	return wish;
}

/* As text; the caller frees. */
static inline char *look(struct show *s)
{
	struct strbuf sb = STRBUF_INIT(1 << 20);

	screen_draw(&s->screen, &s->canvas, 192);
	canvas_text(&s->canvas, &sb);
	return strbuf_steal(&sb);
}

static inline void assert_shows(struct show *s, const char *text)
{
	_cleanup_free_ char *screen = look(s);

	if (!strstr(screen, text))
		fail_msg("'%s' is not in:\n%s", text, screen);
}

static inline void assert_hides(struct show *s, const char *text)
{
	_cleanup_free_ char *screen = look(s);

	if (strstr(screen, text))
		fail_msg("'%s' is in:\n%s", text, screen);
}

#endif

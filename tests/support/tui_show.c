// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tui_show.h"

void show_programs(struct show *s, bool utf8, uint32_t width, uint32_t height, bool several)
{
	memset(s, 0, sizeof(*s));
	tui_init_programs(&s->t, utf8, several);
	feed_all(&s->t);
	if (several)
		feed_second(&s->t);
	screen_init(&s->screen, s->t.model, utf8);
	s->traps.model = s->t.model;
	s->screen.traps = &s->traps;
	canvas_resize(&s->canvas, width, height);
}

void show_init(struct show *s, bool utf8, uint32_t width, uint32_t height)
{
	show_programs(s, utf8, width, height, false);
}

void show_release(struct show *s)
{
	traps_release(&s->traps);
	screen_release(&s->screen);
	canvas_release(&s->canvas);
	tui_release(&s->t);
}

enum wish type(struct show *s, const char *keys)
{
	enum wish wish = WISH_NONE;

	for (; *keys; keys++)
		wish = screen_key(&s->screen, (unsigned char)*keys);
	return wish;
}

char *look(struct show *s)
{
	struct strbuf sb = STRBUF_INIT(1 << 20);

	screen_draw(&s->screen, &s->canvas, 192);
	canvas_text(&s->canvas, &sb);
	return strbuf_steal(&sb);
}

void assert_shows(struct show *s, const char *text)
{
	_cleanup_free_ char *screen = look(s);

	if (!strstr(screen, text))
		fail_msg("'%s' is not in:\n%s", text, screen);
}

void assert_hides(struct show *s, const char *text)
{
	_cleanup_free_ char *screen = look(s);

	if (strstr(screen, text))
		fail_msg("'%s' is in:\n%s", text, screen);
}

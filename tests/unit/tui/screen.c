// SPDX-License-Identifier: Apache-2.0
/*
 * What is on the screen, at four sizes, in Unicode, ASCII and without colour, as files of
 * tests/golden/tui; and what keys, the mouse and prompts do to it.
 */
#include "tests/support/tui_feed.h"
#include "runner/tui/screen/screen.h"
#include "runner/tui/screen/theme.h"

struct show {
	struct tui t;
	struct screen screen;
	struct canvas canvas;
};

static void show_init(struct show *s, bool utf8, uint32_t width, uint32_t height)
{
	memset(s, 0, sizeof(*s));
	tui_init(&s->t, utf8);
	feed_all(&s->t);
	screen_init(&s->screen, s->t.model, "images.example/tcpconnect:1", utf8);
	canvas_resize(&s->canvas, width, height);
}

static void show_release(struct show *s)
{
	screen_release(&s->screen);
	canvas_release(&s->canvas);
	tui_release(&s->t);
}

/* Keys as they are typed; \r is Enter, \t Tab. */
static enum wish type(struct show *s, const char *keys)
{
	enum wish wish = WISH_NONE;

	for (; *keys; keys++)
		wish = screen_key(&s->screen, (unsigned char)*keys);
	return wish;
}

/* As text; the caller frees. */
static char *look(struct show *s)
{
	struct strbuf sb = STRBUF_INIT(1 << 20);

	screen_draw(&s->screen, &s->canvas, 192);
	canvas_text(&s->canvas, &sb);
	return strbuf_steal(&sb);
}

static void assert_shows(struct show *s, const char *text)
{
	_cleanup_free_ char *screen = look(s);

	if (!strstr(screen, text))
		fail_msg("'%s' is not in:\n%s", text, screen);
}

static void assert_hides(struct show *s, const char *text)
{
	_cleanup_free_ char *screen = look(s);

	if (strstr(screen, text))
		fail_msg("'%s' is in:\n%s", text, screen);
}

/* --- the golden files --- */

static const struct {
	const char *name, *keys;
} scenes[] = {
	{ "rows, filtered, the second one chosen", "3/10.0\rjls" },
	{ "an empty table", "4" },
	{ "the stream", "1" },
	{ "a filter that is wrong", "1/delta_us > 5 && com == \"x\"" },
	{ "marked rows", "1&curl\r" },
	{ "all fields of a row", "1G\r" },
	{ "histogram", "5j" },
	{ "heat map", "5jv" },
	{ "histograms as rows", "5jvv" },
	{ "programs", "9\t\t\t\t\t" },
	{ "help", "?" },
	{ "messages", "!" },
};

/* Which cells look how: "12-20 bold red" below each row, for what is not plain. */
static void add_looks(struct strbuf *sb, const struct canvas *canvas, uint32_t y,
		      const struct theme *theme)
{
	static const char *const colors[] = { "",      " black",   " red",  " green", " yellow",
					      " blue", " magenta", " cyan", " white" };
	const struct canvas_cell *row = canvas_row(canvas, y);
	uint32_t from = 0;

	strbuf_adds(sb, "    ");
	for (uint32_t x = 1; x <= canvas->width; x++) {
		const struct look *l = &theme->looks[row[from].paint];

		if (x < canvas->width && memcmp(&theme->looks[row[x].paint], l, sizeof(*l)) == 0)
			continue;
		if (l->ink || l->ground || l->attrs)
			strbuf_addf(sb, " %u-%u%s%s%s%s%s%s%s", from, x - 1,
				    l->attrs & LOOK_BOLD ? " bold" : "",
				    l->attrs & LOOK_DIM ? " dim" : "",
				    l->attrs & LOOK_UNDERLINE ? " underlined" : "",
				    l->attrs & LOOK_REVERSE ? " reverse" : "", colors[l->ink],
				    l->ground ? " on" : "", colors[l->ground]);
		from = x;
	}
	end_line(sb);
}

static void add_screen(struct strbuf *sb, struct show *s, const struct theme *theme)
{
	_cleanup_free_ char *text = look(s);
	char *line = text, *end;

	for (uint32_t y = 0; y < s->canvas.height; y++, line = end + 1) {
		end = strchr(line, '\n');
		strbuf_add(sb, line, (size_t)(end - line) + 1);
		if (theme)
			add_looks(sb, &s->canvas, y, theme);
	}
}

static void check_golden(const char *name, bool utf8, uint32_t width, uint32_t height,
			 const char *theme)
{
	struct strbuf sb = STRBUF_INIT(8 << 20);
	char path[64];
	struct show s;

	for (size_t i = 0; i < ARRAY_LEN(scenes); i++) {
		show_init(&s, utf8, width, height);
		free(look(&s)); /* the model knows its page now */
		for (const char *k = scenes[i].keys; *k; k++) {
			screen_key(&s.screen, (unsigned char)*k);
			free(look(&s));
		}
		strbuf_addf(&sb, "=== %s\n", scenes[i].name);
		add_screen(&sb, &s, theme ? theme_find(theme) : NULL);
		show_release(&s);
	}
	snprintf(path, sizeof(path), "tui/%ux%u.%s", width, height, name);
	assert_golden(path, strbuf_str(&sb));
	strbuf_release(&sb);
}

static void check_sizes(const char *name, bool utf8, const char *theme)
{
	check_golden(name, utf8, 60, 10, theme);
	check_golden(name, utf8, 80, 24, theme);
	check_golden(name, utf8, 120, 36, theme);
	check_golden(name, utf8, 200, 60, theme);
}

static void test_screen_golden_unicode(void **state)
{
	check_sizes("unicode", true, NULL);
}

static void test_screen_golden_ascii(void **state)
{
	check_sizes("ascii", false, NULL);
}

static void test_screen_golden_mono(void **state)
{
	check_sizes("mono", true, "mono");
}

static void test_screen_golden_colors(void **state)
{
	check_golden("default", true, 80, 24, "default");
	check_golden("light", true, 80, 24, "light");
}

/* Nothing but ASCII where the terminal cannot more. */
static void test_screen_ascii_is_ascii(void **state)
{
	struct show s;

	show_init(&s, false, 120, 36);
	for (size_t i = 0; i < ARRAY_LEN(scenes); i++) {
		_cleanup_free_ char *text = NULL;

		type(&s, scenes[i].keys);
		text = look(&s);
		for (const char *c = text; *c; c++)
			assert_true(*c == '\n' || (*c >= ' ' && *c <= '~'));
		type(&s, "\x1b\x1b");
	}
	show_release(&s);
}

/* --- sizes --- */

static void test_screen_too_small(void **state)
{
	struct show s;

	show_init(&s, true, 59, 10);
	assert_shows(&s, "bombus needs 60x10, has 59x10; q quits");
	canvas_resize(&s.canvas, 60, 9);
	assert_shows(&s, "bombus needs 60x10, has 60x9; q quits");
	canvas_resize(&s.canvas, 1, 1);
	free(look(&s));
	assert_int_equal(type(&s, "q"), WISH_QUIT);
	canvas_resize(&s.canvas, 60, 10);
	assert_shows(&s, "LIVE 1s  00:03:12");
	show_release(&s);
}

/* Losses, programs and cost are there at any size. */
static void test_screen_status_never_drops(void **state)
{
	struct show s;

	show_init(&s, true, 60, 10);
	type(&s, "1/comm != \"quite a word\" && tgid > 5\r");
	for (uint32_t width = 60; width < 200; width += 7) {
		canvas_resize(&s.canvas, width, 10);
		assert_shows(&s, "lost 3 (4.11%)  prog 1/2");
		assert_shows(&s, "% cpu");
	}
	show_release(&s);
}

/* --- prompts --- */

static void test_screen_filter(void **state)
{
	struct show s;

	show_init(&s, true, 100, 20);
	type(&s, "3");
	assert_shows(&s, "10.0.0.1");
	type(&s, "/0.0.2");
	assert_shows(&s, " / 0.0.2");
	assert_shows(&s, "10.0.0.2");
	assert_hides(&s, "10.0.0.1");
	type(&s, "\x7f"
		 "1\r");
	assert_shows(&s, "10.0.0.1");
	assert_hides(&s, "10.0.0.2");
	assert_shows(&s, "filter 0.0.1");
	/* What is wrong is said, and the last good one stays. */
	type(&s, "/\x15valu > 3\r");
	assert_shows(&s, "v no field 'valu'");
	assert_hides(&s, "10.0.0.2");
	assert_true(s.screen.prompt.open);
	type(&s, "\x1b");
	assert_false(s.screen.prompt.open);
	assert_hides(&s, "filter 0");
	assert_shows(&s, "10.0.0.2");
	/* Esc without a prompt is no filter too. */
	type(&s, "/0.0.2\r");
	assert_hides(&s, "10.0.0.1");
	type(&s, "\x1b");
	assert_shows(&s, "10.0.0.1");
	show_release(&s);
}

static void test_screen_prompt_edits(void **state)
{
	struct prompt p;
	struct show s;

	prompt_open(&p, "/ ", "ab 日本");
	assert_int_equal(prompt_key(&p, KEY_ERASE), PROMPT_CHANGED);
	assert_string_equal(p.text, "ab 日");
	assert_int_equal(prompt_key(&p, KEY_CODE_LEFT), PROMPT_MOVED);
	assert_int_equal(prompt_key(&p, 0x1f41d), PROMPT_CHANGED);
	assert_string_equal(p.text, "ab \U0001f41d日");
	prompt_key(&p, KEY_CODE_DELETE);
	assert_string_equal(p.text, "ab \U0001f41d");
	prompt_key(&p, CTRL_KEY('w'));
	assert_string_equal(p.text, "ab ");
	prompt_key(&p, CTRL_KEY('a'));
	assert_int_equal(prompt_key(&p, KEY_ERASE), PROMPT_SAME);
	prompt_key(&p, 'x');
	prompt_key(&p, CTRL_KEY('k'));
	assert_string_equal(p.text, "x");
	prompt_key(&p, CTRL_KEY('u'));
	assert_string_equal(p.text, "");
	assert_int_equal(prompt_key(&p, 1), PROMPT_MOVED);
	assert_int_equal(prompt_key(&p, 0x9b), PROMPT_SAME);
	for (int i = 0; i < 2 * PROMPT_MAX_BYTES; i++)
		prompt_key(&p, 0xe9);
	assert_int_equal(p.len, PROMPT_MAX_BYTES);
	/* The cursor stays in view. */
	show_init(&s, true, 60, 10);
	screen_key(&s.screen, '/');
	for (int i = 0; i < 200; i++)
		screen_key(&s.screen, 'a' + i % 26);
	free(look(&s));
	assert_int_equal(s.canvas.cursor_x, 58);
	assert_int_equal(s.canvas.cursor_y, 9);
	show_release(&s);
}

static void test_screen_interval(void **state)
{
	struct show s;

	show_init(&s, true, 80, 24);
	assert_int_equal(type(&s, "d"), WISH_NONE);
	assert_shows(&s, "time between sweeps: 1s");
	assert_int_equal(type(&s, "\x15soon\r"), WISH_NONE);
	assert_shows(&s, "a time from 100ms to 1d");
	assert_int_equal(type(&s, "\x15"
				  "250ms\r"),
			 WISH_INTERVAL);
	assert_true(model_interval(s.t.model) == SECOND / 4);
	assert_shows(&s, "LIVE 250ms");
	s.screen.replayed = true;
	assert_shows(&s, "REPLAY 250ms");
	assert_int_equal(type(&s, "d"), WISH_NONE);
	assert_shows(&s, "the sweeps of a recording are what they were");
	show_release(&s);
}

static void test_screen_write(void **state)
{
	char dir[] = "/tmp/bombus-screen-XXXXXX";
	_cleanup_free_ char *path = NULL;
	void *text = NULL;
	struct show s;

	assert_non_null(mkdtemp(dir));
	path = xasprintf("%s/rows.csv", dir);
	show_init(&s, true, 100, 24);
	type(&s, "3w");
	assert_shows(&s, "(.csv .json .txt): conns.csv");
	type(&s, "\x15");
	type(&s, path);
	type(&s, "\r");
	assert_shows(&s, "4 rows written to /tmp/");
	assert_int_equal(read_file(path, 1 << 20, &text, NULL, NULL), 0);
	assert_non_null(strstr(text, "10.0.0.2"));
	free(text);
	/* Not over what is there. */
	type(&s, "w\x15");
	type(&s, path);
	type(&s, "\r");
	assert_true(s.screen.prompt.open);
	assert_hides(&s, "written");
	show_release(&s);
	unlink(path);
	rmdir(dir);
}

/* --- everything else --- */

static void test_screen_wishes(void **state)
{
	struct show s;

	show_init(&s, true, 80, 24);
	type(&s, "3");
	free(look(&s));
	assert_int_equal(type(&s, "y"), WISH_COPY);
	assert_non_null(strstr(strbuf_str(&s.screen.copied), "\"daddr_v4\":\"10.0.0.2\""));
	assert_int_equal(type(&s, "m"), WISH_MOUSE);
	assert_true(s.screen.mouse);
	assert_int_equal(type(&s, "\x0c"), WISH_REDRAW);
	assert_int_equal(type(&s, "\x1a"), WISH_SUSPEND);
	/* Out of the help first, but ^C is meant. */
	assert_int_equal(type(&s, "?q"), WISH_NONE);
	assert_null(s.screen.overlay);
	assert_int_equal(type(&s, "q"), WISH_QUIT);
	assert_int_equal(type(&s, "?\x03"), WISH_QUIT);
	show_release(&s);
}

static void test_screen_mouse(void **state)
{
	struct show s;

	show_init(&s, true, 100, 24);
	type(&s, "1");
	free(look(&s));
	screen_click(&s.screen, s.screen.tabs[2].x, 1);
	assert_int_equal(model_current(s.t.model), 2);
	assert_shows(&s, "[3 conns");
	screen_click(&s.screen, s.screen.columns[1].x, 2); /* by value */
	assert_shows(&s, "▼ VALUE");
	screen_click(&s.screen, 10, 4);
	assert_shows(&s, "▸ 10.0.0.1 ");
	screen_wheel(&s.screen, -1);
	assert_shows(&s, "10.0.0.2");
	screen_click(&s.screen, 9999, 9999);
	show_release(&s);
}

/* The help names every key once, and every key does what it says there. */
static void test_screen_keys(void **state)
{
	for (size_t i = 0; i < nbindings; i++)
		for (size_t k = 0; k < KEYS_PER_BINDING && bindings[i].keys[k]; k++)
			assert_ptr_equal(binding_find(bindings[i].keys[k]), &bindings[i]);
	assert_int_equal(binding_find('5')->act, ACT_TAB);
	assert_null(binding_find('x'));
	assert_int_equal(bindings[nbindings - 1].act, ACT_QUIT);
	assert_non_null(bindings[0].help);
}

static void test_screen_overlay_scrolls(void **state)
{
	struct show s;

	show_init(&s, true, 60, 10);
	type(&s, "?");
	assert_shows(&s, "choose a column");
	for (int i = 0; i < 3; i++) {
		free(look(&s));
		screen_key(&s.screen, 'j');
	}
	assert_hides(&s, "choose a column");
	screen_key(&s.screen, 'G');
	assert_shows(&s, "daddr in 10.0.0.0/8: a network");
	screen_key(&s.screen, 'g');
	assert_shows(&s, "choose a column");
	show_release(&s);
}

/* --- the canvas --- */

static void test_canvas_wide(void **state)
{
	struct strbuf sb = STRBUF_INIT(1 << 10);
	struct canvas c = { 0 };

	setlocale(LC_ALL, "C.UTF-8");
	canvas_resize(&c, 6, 2);
	assert_int_equal(canvas_put(&c, 0, 0, 6, PAINT_PLAIN, "日本語"), 6);
	/* Half of one: a blank is left. */
	assert_int_equal(canvas_put(&c, 1, 0, 1, PAINT_PLAIN, "x"), 1);
	assert_int_equal(canvas_put(&c, 4, 0, 1, PAINT_PLAIN, "y"), 1);
	/* No room for half of one. */
	assert_int_equal(canvas_put(&c, 5, 1, 6, PAINT_PLAIN, "日"), 0);
	assert_int_equal(canvas_put(&c, 0, 1, 3, PAINT_PLAIN, "a日b"), 3);
	/* What is no character, or moves cursors, does not come through. */
	assert_int_equal(canvas_put(&c, 3, 1, 3, PAINT_PLAIN, "\x1b\xff\x9b"), 3);
	canvas_text(&c, &sb);
	assert_string_equal(strbuf_str(&sb), " x本y\na日???\n");
	strbuf_reset(&sb);
	canvas_clear(&c);
	/* What combines goes with the character before it, as far as there is room. */
	assert_int_equal(canvas_put(&c, 0, 0, 6, PAINT_PLAIN, "e\u0301z"), 2);
	for (int i = 0; i < 20; i++)
		canvas_put(&c, 0, 1, 6, PAINT_PLAIN, "e\u0301\u0301\u0301\u0301\u0301\u0301\u0301");
	assert_true(canvas_row(&c, 1)->bytes <= CANVAS_CELL_BYTES);
	assert_int_equal(canvas_row(&c, 0)->bytes, 3);
	assert_int_equal(canvas_put(&c, 99, 0, 6, PAINT_PLAIN, "z"), 0);
	assert_int_equal(canvas_put(&c, 0, 99, 6, PAINT_PLAIN, "z"), 0);
	strbuf_release(&sb);
	canvas_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_screen_golden_unicode),
		cmocka_unit_test(test_screen_golden_ascii),
		cmocka_unit_test(test_screen_golden_mono),
		cmocka_unit_test(test_screen_golden_colors),
		cmocka_unit_test(test_screen_ascii_is_ascii),
		cmocka_unit_test(test_screen_too_small),
		cmocka_unit_test(test_screen_status_never_drops),
		cmocka_unit_test(test_screen_filter),
		cmocka_unit_test(test_screen_prompt_edits),
		cmocka_unit_test(test_screen_interval),
		cmocka_unit_test(test_screen_write),
		cmocka_unit_test(test_screen_wishes),
		cmocka_unit_test(test_screen_mouse),
		cmocka_unit_test(test_screen_keys),
		cmocka_unit_test(test_screen_overlay_scrolls),
		cmocka_unit_test(test_canvas_wide),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

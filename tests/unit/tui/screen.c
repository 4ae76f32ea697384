// SPDX-License-Identifier: Apache-2.0
/* Keys, the mouse and prompts, and how they change the screen. */
#include "tests/support/tui_show.h"

/* --- sizes --- */

static void test_screen_too_small(void **state)
{
	struct show s;

	show_init(&s, true, 39, 6);
	assert_shows(&s, "needs 40x6, the terminal has 39x6");
	canvas_resize(&s.canvas, 60, 5);
	assert_shows(&s, "needs 40x6, the terminal has 60x5; q quits");
	canvas_resize(&s.canvas, 1, 1);
	free(look(&s));
	assert_int_equal(type(&s, "q"), WISH_QUIT);
	canvas_resize(&s.canvas, 40, 6);
	assert_shows(&s, "LIVE 1s  00:03:12");
	assert_shows(&s, "lost 3 (4.11%)  prog 1/2");
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
	assert_shows(&s, "a recording has the sweeps it was made with");
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
	screen_click(&s.screen, s.screen.columns[1].x, 2);
	assert_shows(&s, "▲ VALUE");
	screen_click(&s.screen, s.screen.columns[1].x, 2);
	assert_shows(&s, "▼ VALUE");
	screen_click(&s.screen, 10, 4);
	assert_shows(&s, "▸ 10.0.0.1 ");
	screen_wheel(&s.screen, -1);
	assert_shows(&s, "10.0.0.2");
	screen_click(&s.screen, 9999, 9999);
	show_release(&s);
}

/* The details of a stream's record stay with it while more records come. */
static void test_screen_detail_holds_record(void **state)
{
	struct show s;

	show_init(&s, true, 100, 24);
	type(&s, "1\r");
	assert_shows(&s, "tgid      1047");
	feed_events(&s.t, 48, 5);
	assert_shows(&s, "tgid      1047");
	assert_shows(&s, "PAUSED");
	assert_int_equal(type(&s, "y"), WISH_COPY);
	assert_non_null(strstr(strbuf_str(&s.screen.copied), "\"tgid\":1047"));
	type(&s, "K");
	assert_shows(&s, "tgid      1046");
	type(&s, "J");
	assert_shows(&s, "tgid      1047");
	type(&s, "\x1b"
		 "F\r");
	assert_shows(&s, "tgid      1052");
	show_release(&s);
}

/* The same for a series, whatever becomes the first row; of one that went there are none. */
static void test_screen_detail_holds_row(void **state)
{
	struct show s;

	show_init(&s, true, 100, 24);
	type(&s, "3\r");
	assert_shows(&s, "daddr_v4  10.0.0.2");
	CONNS(&s.t, 900000, 182650, NONE, 7, 1);
	assert_shows(&s, "daddr_v4  10.0.0.2");
	CONNS(&s.t, 900001, NONE, NONE, 7, 1);
	CONNS(&s.t, 900002, NONE, NONE, 7, 1);
	CONNS(&s.t, 900003, NONE, NONE, 7, 1);
	assert_shows(&s, "the row is gone");
	assert_int_equal(type(&s, "y"), WISH_NONE);
	assert_shows(&s, "no row to copy");
	type(&s, "\x1b");
	assert_shows(&s, "▸ 10.0.0.4 ");
	assert_int_equal(type(&s, "y"), WISH_COPY);
	show_release(&s);
}

static void test_screen_detail_without_number(void **state)
{
	struct show s;

	show_init(&s, true, 100, 24);
	type(&s, "5z\r");
	assert_shows(&s, "count  0");
	assert_shows(&s, "avg    -");
	assert_shows(&s, "p99    -");
	assert_hides(&s, "NaN");
	show_release(&s);
}

static void test_screen_nothing_marked(void **state)
{
	struct show s;

	show_init(&s, true, 100, 24);
	type(&s, "3n");
	assert_shows(&s, "no marks yet: & marks rows");
	type(&s, "&elsewhere\r");
	assert_shows(&s, "no row matches elsewhere");
	type(&s, "j");
	assert_hides(&s, "no row matches");
	type(&s, "N");
	assert_shows(&s, "no row matches elsewhere");
	type(&s, "&\x15"
		 "0.0.4\r");
	assert_hides(&s, "no row matches");
	type(&s, "n");
	assert_hides(&s, "no row matches");
	show_release(&s);
}

static void paste(struct show *s, const char *text)
{
	for (; *text; text++)
		screen_paste(&s->screen, (unsigned char)*text);
}

static void test_screen_paste(void **state)
{
	struct show s;

	show_init(&s, true, 100, 24);
	type(&s, "3");
	paste(&s, "z\nq/x\x1b");
	assert_shows(&s, "[3 conns");
	assert_shows(&s, "pasted text is ignored");
	assert_hides(&s, "from zero");
	assert_false(s.screen.prompt.open);
	type(&s, "/");
	paste(&s, "10.0.0.2\r\nq\x1b");
	assert_string_equal(s.screen.prompt.text, "10.0.0.2  q");
	assert_true(s.screen.prompt.open);
	show_release(&s);
}

/* All actions have names, by which they are found. */
static void test_screen_palette(void **state)
{
	struct show s;

	for (size_t i = 0; i < nbindings; i++) {
		const char *name = binding_name(&bindings[i]);

		assert_string_not_equal(name, "");
		assert_string_equal(binding_name(binding_named(name)), name);
	}
	show_init(&s, true, 80, 24);
	type(&s, "3:");
	assert_shows(&s, "move up and down");
	type(&s, "zer");
	assert_shows(&s, "count from now on");
	assert_hides(&s, "move up and down");
	type(&s, "\r");
	assert_shows(&s, "from zero");
	assert_false(s.screen.prompt.open);
	type(&s, ":no such thing\r");
	assert_hides(&s, "no action");
	/* The arrows choose. */
	type(&s, ":table");
	assert_shows(&s, "▸ next-table");
	screen_key(&s.screen, KEY_CODE_DOWN);
	assert_shows(&s, "▸ previous-table");
	type(&s, "\r");
	assert_shows(&s, "[2 nested");
	type(&s, ":\x1b");
	assert_null(s.screen.overlay);
	show_release(&s);
}

static void test_screen_keys_of_the_user(void **state)
{
	struct show s;

	assert_int_equal(key_labelled("x"), 'x');
	assert_int_equal(key_labelled("^X"), CTRL_KEY('x'));
	assert_int_equal(key_labelled("F1"), KEY_CODE_F1);
	assert_int_equal(key_labelled("Space"), ' ');
	assert_int_equal(key_labelled("?"), '?');
	assert_int_equal(key_labelled("xx"), KEY_CODE_NONE);
	assert_int_equal(key_labelled(""), KEY_CODE_NONE);
	show_init(&s, true, 80, 24);
	assert_true(screen_bind(&s.screen, 'x', binding_named("zero")));
	assert_true(screen_bind(&s.screen, 'z', NULL));
	type(&s, "3z");
	assert_hides(&s, "from zero");
	type(&s, "x");
	assert_shows(&s, "from zero");
	type(&s, ":zero");
	assert_shows(&s, "z x");
	show_release(&s);
}

static void test_screen_prompt_completes(void **state)
{
	struct show s;

	show_init(&s, true, 120, 24);
	type(&s, "1/de\t");
	assert_string_equal(s.screen.prompt.text, "delta_us");
	type(&s, " > 5 && t\t");
	assert_string_equal(s.screen.prompt.text, "delta_us > 5 && t");
	assert_shows(&s, "ts_us  tgid");
	type(&s, "g\t < 1004\r");
	assert_shows(&s, "filter delta_us > 5 && tgid < 1004");
	type(&s, "/");
	type(&s, "\x15xx\t");
	assert_shows(&s, "no field begins so");
	/* What was entered comes back, and what is being typed after it. */
	type(&s, "\x1b/");
	type(&s, "com");
	screen_key(&s.screen, KEY_CODE_UP);
	assert_string_equal(s.screen.prompt.text, "delta_us > 5 && tgid < 1004");
	screen_key(&s.screen, KEY_CODE_UP);
	assert_string_equal(s.screen.prompt.text, "delta_us > 5 && tgid < 1004");
	screen_key(&s.screen, KEY_CODE_DOWN);
	assert_string_equal(s.screen.prompt.text, "com");
	type(&s, "\x1b&");
	screen_key(&s.screen, KEY_CODE_UP); /* marks have texts of their own */
	assert_string_equal(s.screen.prompt.text, "");
	type(&s, "curl\r");
	assert_shows(&s, "12 rows marked");
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
	for (int i = 0; i < 5; i++) {
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_screen_too_small),
		cmocka_unit_test(test_screen_status_never_drops),
		cmocka_unit_test(test_screen_filter),
		cmocka_unit_test(test_screen_prompt_edits),
		cmocka_unit_test(test_screen_interval),
		cmocka_unit_test(test_screen_write),
		cmocka_unit_test(test_screen_wishes),
		cmocka_unit_test(test_screen_mouse),
		cmocka_unit_test(test_screen_keys),
		cmocka_unit_test(test_screen_palette),
		cmocka_unit_test(test_screen_keys_of_the_user),
		cmocka_unit_test(test_screen_prompt_completes),
		cmocka_unit_test(test_screen_detail_holds_record),
		cmocka_unit_test(test_screen_detail_holds_row),
		cmocka_unit_test(test_screen_detail_without_number),
		cmocka_unit_test(test_screen_nothing_marked),
		cmocka_unit_test(test_screen_paste),
		cmocka_unit_test(test_screen_overlay_scrolls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

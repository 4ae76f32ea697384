// SPDX-License-Identifier: Apache-2.0
/* Screens at four sizes, in Unicode, ASCII and without colour, as files of tests/golden/tui. */
#include "tests/support/golden.h"
#include "tests/support/tui_show.h"
#include "runner/tui/screen/theme.h"

struct scene {
	const char *name, *keys;
};

static const struct scene scenes[] = {
	{ "rows, filtered, the second one chosen", "3/10.0\rjls" },
	{ "an empty table", "4" },
	{ "the stream", "1" },
	{ "a filter that is wrong", "1/delta_us > 5 && com == \"x\"" },
	{ "marked rows", "1&curl\r" },
	{ "all fields of a row", "1G\r" },
	{ "who is this", "3jp" },
	{ "histogram", "5j" },
	{ "heat map", "5jv" },
	{ "histograms as rows", "5jvv" },
	{ "back in time", "3[[" },
	{ "compared with a moment", "3[a]D" },
	{ "groups of records", "1lll#" },
	{ "a trap, and a text that is found", "3Trate > 40 for 2\r/0.1\r" },
	{ "all actions", ":" },
	{ "some actions", ":column" },
	{ "the fields that a filter has", "1/d\t" },
	{ "programs", "9\t\t\t\t\t" },
	{ "help", "?" },
	{ "messages", "!" },
};

/* Of two programs whose maps have the same names. */
static const struct scene two_scenes[] = {
	{ "rows of the first", "3" },
	{ "the stream of the second", "6" },
	{ "all fields of a row of the second", "8\r" },
	{ "programs of both, by time per run", "9\t\tlllllls" },
	{ "the second has ended, and its rows are looked at", "8*" },
	{ "and they are left", "8*\t" },
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
	while (sb->buf[sb->len - 1] == ' ')
		sb->len--;
	strbuf_addc(sb, '\n');
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

/* One more key; "*" ends the second program. */
static void press(struct show *s, char key)
{
	if (key == '*')
		tui_second(&s->t, false);
	else
		screen_key(&s->screen, (unsigned char)key);
	free(look(s));
}

static void check_scenes(const char *name, bool utf8, uint32_t width, uint32_t height,
			 const char *theme, const struct scene *all, size_t count)
{
	struct strbuf sb = STRBUF_INIT(8 << 20);
	char path[64];
	struct show s;

	for (size_t i = 0; i < count; i++) {
		show_programs(&s, utf8, width, height, all == two_scenes);
		free(look(&s)); /* the model knows its page now */
		for (const char *k = all[i].keys; *k; k++)
			press(&s, *k);
		strbuf_addf(&sb, "=== %s\n", all[i].name);
		add_screen(&sb, &s, theme ? theme_find(theme) : NULL);
		show_release(&s);
	}
	snprintf(path, sizeof(path), "tui/%ux%u.%s", width, height, name);
	assert_golden(path, strbuf_str(&sb));
	strbuf_release(&sb);
}

static void check_golden(const char *name, bool utf8, uint32_t width, uint32_t height,
			 const char *theme)
{
	check_scenes(name, utf8, width, height, theme, scenes, ARRAY_LEN(scenes));
}

static void check_sizes(const char *name, bool utf8, const char *theme)
{
	check_golden(name, utf8, 60, 10, theme);
	check_golden(name, utf8, 80, 24, theme);
	check_golden(name, utf8, 120, 36, theme);
	check_golden(name, utf8, 200, 60, theme);
}

static void test_golden_unicode(void **state)
{
	check_sizes("unicode", true, NULL);
}

static void test_golden_two_programs(void **state)
{
	static const struct {
		uint32_t width, height;
	} sizes[] = { { 60, 10 }, { 80, 24 }, { 120, 36 }, { 200, 60 } };

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
		check_scenes("two", true, sizes[i].width, sizes[i].height, NULL, two_scenes,
			     ARRAY_LEN(two_scenes));
}

static void test_golden_ascii(void **state)
{
	check_sizes("ascii", false, NULL);
}

static void test_golden_mono(void **state)
{
	check_sizes("mono", true, "mono");
}

static void test_golden_colors(void **state)
{
	check_golden("default", true, 80, 24, "default");
	check_golden("light", true, 80, 24, "light");
}

/* Nothing but ASCII where the terminal cannot more. */
static void test_golden_ascii_is_ascii(void **state)
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden_unicode),
		cmocka_unit_test(test_golden_ascii),
		cmocka_unit_test(test_golden_mono),
		cmocka_unit_test(test_golden_colors),
		cmocka_unit_test(test_golden_two_programs),
		cmocka_unit_test(test_golden_ascii_is_ascii),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

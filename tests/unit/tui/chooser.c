// SPDX-License-Identifier: Apache-2.0
/* The list of programs to choose from: keys, the search, what is asked next, and its screens. */
#include "tests/support/golden.h"
#include "tests/support/unit.h"
#include "base/strbuf.h"
#include "base/util.h"
#include "runner/tui/choose/chooser.h"
#include "runner/tui/screen/keys.h"

#include <locale.h>

static void make(struct choice choices[6])
{
	const struct choice all[6] = {
		{ .name = "biolatency", .description = "latency of block devices" },
		{ .name = "execsnoop", .description = "programs as they start" },
		{ .name = "oomkill",
		  .description = "processes that the kernel kills",
		  .verdict = VERDICT_NO,
		  .why = (char *)"oomkill: program 'oom' would not run here: no such symbol" },
		{ .name = "opensnoop",
		  .description = "files as they are \x1b[31m opened, 日本語",
		  .verdict = VERDICT_YES,
		  .why = (char *)"opensnoop would run here" },
		{ .name = "registry.example/team/very-long-name-of-a-program-that-is-cut:1.2",
		  .description = "" },
		{ .name = "tcpconnect", .description = "connections as they are made" },
	};

	memcpy(choices, all, sizeof(all));
}

static void type(struct chooser *c, const char *text)
{
	for (; *text; text++)
		assert_int_equal(chooser_key(c, (unsigned char)*text), CHOOSER_GOES_ON);
}

static const char *chosen(const struct chooser *c)
{
	size_t at;

	return chooser_chosen(c, &at) ? c->all[at].name : NULL;
}

static void test_chooser_search(void **state)
{
	struct choice choices[6];
	struct chooser c;

	make(choices);
	chooser_init(&c, choices, 6, true);
	assert_string_equal(chosen(&c), "biolatency");
	type(&c, "SNOOP");
	assert_int_equal(c.nshown, 2);
	assert_string_equal(chosen(&c), "execsnoop");
	assert_int_equal(chooser_key(&c, KEY_CODE_DOWN), CHOOSER_GOES_ON);
	assert_int_equal(chooser_key(&c, KEY_CODE_DOWN), CHOOSER_GOES_ON);
	assert_string_equal(chosen(&c), "opensnoop");
	assert_int_equal(chooser_key(&c, KEY_CODE_PAGE_UP), CHOOSER_GOES_ON);
	assert_string_equal(chosen(&c), "execsnoop");
	/* Of the name and of the description, in any order. */
	type(&c, " files");
	assert_int_equal(c.nshown, 1);
	assert_string_equal(chosen(&c), "opensnoop");
	assert_int_equal(chooser_key(&c, KEY_RETURN), CHOOSER_CHOSEN);
	type(&c, "x");
	assert_null(chosen(&c));
	assert_int_equal(chooser_key(&c, KEY_RETURN), CHOOSER_GOES_ON);
	assert_int_equal(chooser_key(&c, KEY_CODE_DOWN), CHOOSER_GOES_ON);
	assert_null(chosen(&c));
	/* Esc clears the search, and then leaves; q is a letter. */
	assert_int_equal(chooser_key(&c, KEY_ESCAPE), CHOOSER_GOES_ON);
	assert_int_equal(c.nshown, 6);
	type(&c, "q");
	assert_int_equal(c.nshown, 0);
	assert_int_equal(chooser_key(&c, KEY_ERASE), CHOOSER_GOES_ON);
	assert_int_equal(chooser_key(&c, KEY_ESCAPE), CHOOSER_LEFT);
	assert_int_equal(chooser_key(&c, CTRL_KEY('c')), CHOOSER_LEFT);
	chooser_release(&c);
}

/* The chosen one comes first, then those that match, then the others. */
static void test_chooser_asks(void **state)
{
	struct choice choices[6];
	struct chooser c;
	size_t at;

	make(choices);
	chooser_init(&c, choices, 6, true);
	type(&c, "as they");
	chooser_key(&c, KEY_CODE_DOWN);
	chooser_key(&c, KEY_CODE_DOWN);
	for (size_t i = 0; i < 4; i++) {
		static const char *const order[] = {
			"tcpconnect", "execsnoop", "biolatency",
			"registry.example/team/very-long-name-of-a-program-that-is-cut:1.2"
		};

		assert_true(chooser_open(&c, &at));
		assert_string_equal(choices[at].name, order[i]);
		choices[at].verdict = VERDICT_ASKED;
	}
	assert_false(chooser_open(&c, &at));
	chooser_release(&c);
	chooser_init(&c, choices, 0, true);
	assert_null(chosen(&c));
	assert_false(chooser_open(&c, &at));
	chooser_release(&c);
}

static void add_scene(struct strbuf *sb, bool utf8, uint32_t width, uint32_t height,
		      const char *keys)
{
	struct choice choices[6];
	struct canvas canvas = { 0 };
	struct chooser c;

	make(choices);
	chooser_init(&c, choices, 6, utf8);
	canvas_resize(&canvas, width, height);
	chooser_draw(&c, &canvas);
	for (; *keys; keys++)
		chooser_key(&c, *keys == '>' ? KEY_CODE_DOWN : (uint32_t)*keys);
	chooser_draw(&c, &canvas);
	canvas_text(&canvas, sb);
	canvas_release(&canvas);
	chooser_release(&c);
}

static void check_golden(bool utf8, uint32_t width, uint32_t height)
{
	static const char *const keys[] = { "", ">>", "opens", "none" };
	struct strbuf sb = STRBUF_INIT(1 << 20);
	char path[64];

	assert_non_null(setlocale(LC_ALL, utf8 ? "C.UTF-8" : "C"));
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		strbuf_addf(&sb, "=== keys: %s\n", keys[i]);
		add_scene(&sb, utf8, width, height, keys[i]);
	}
	snprintf(path, sizeof(path), "tui/%ux%u.choose%s", width, height, utf8 ? "" : ".ascii");
	assert_golden(path, strbuf_str(&sb));
	strbuf_release(&sb);
}

static void test_chooser_golden(void **state)
{
	check_golden(true, 60, 10);
	check_golden(true, 80, 24);
	check_golden(true, 120, 36);
	check_golden(true, 200, 60);
	check_golden(false, 80, 24);
}

static void test_chooser_small(void **state)
{
	for (uint32_t width = 1; width < 30; width += 4)
		for (uint32_t height = 1; height < 10; height++) {
			struct strbuf sb = STRBUF_INIT(1 << 16);

			add_scene(&sb, true, width, height, ">>>>op");
			strbuf_release(&sb);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chooser_search),
		cmocka_unit_test(test_chooser_asks),
		cmocka_unit_test(test_chooser_golden),
		cmocka_unit_test(test_chooser_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

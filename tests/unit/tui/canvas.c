// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tui_fixture.h"
#include "runner/tui/screen/canvas.h"

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
		cmocka_unit_test(test_canvas_wide),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

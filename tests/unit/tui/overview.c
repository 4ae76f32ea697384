// SPDX-License-Identifier: Apache-2.0
/* All tabs side by side, and a row of one that filters the others. */
#include "tests/support/golden.h"
#include "tests/support/tui_show.h"

static void test_overview_links(void **state)
{
	struct connlat event = a_connlat();
	struct model_why why;
	const char *names;
	struct record record;
	struct show s;

	show_init(&s, true, 120, 36);
	record = record_of(&s.t.f, MAP_EVENTS, &event);
	memcpy(event.daddr, (const uint8_t[]){ 10, 0, 0, 2 }, 4);
	event.tgid = 77777;
	model_event(s.t.model, &s.t.f.fake.source, &record);
	tui_go(&s.t, "conns");
	/* The field that both have, by the text that a filter takes. */
	assert_true(model_link(s.t.model, true, &names));
	assert_string_equal(names, "daddr_v4");
	tui_go(&s.t, "events");
	assert_true(model_linked(s.t.model));
	assert_string_equal(model_filter_text(s.t.model), "daddr_v4 == \"10.0.0.2\"");
	assert_shows(&s, "77777");
	assert_hides(&s, "1047");
	/* A map without it is not filtered. */
	tui_go(&s.t, "lat");
	assert_false(model_linked(s.t.model));
	assert_string_equal(model_filter_text(s.t.model), "");
	/* Off: what was there before. */
	assert_true(model_link(s.t.model, false, &names));
	assert_false(model_link(s.t.model, false, &names));
	tui_go(&s.t, "events");
	assert_string_equal(model_filter_text(s.t.model), "");
	/* The user's filter stays in force, and comes back. */
	assert_int_equal(model_filter(s.t.model, "tgid < 50 || tgid > 1000", &why), 0);
	tui_go(&s.t, "conns");
	assert_true(model_link(s.t.model, true, &names));
	assert_true(model_do(s.t.model, OP_DOWN));
	assert_true(model_link(s.t.model, true, &names));
	tui_go(&s.t, "events");
	assert_string_equal(model_filter_text(s.t.model),
			    "(tgid < 50 || tgid > 1000) && daddr_v4 == \"10.0.0.1\"");
	assert_true(model_link(s.t.model, false, &names));
	assert_string_equal(model_filter_text(s.t.model), "tgid < 50 || tgid > 1000");
	/* A new one, while a row filters, is the user's from then on. */
	tui_go(&s.t, "conns");
	assert_true(model_link(s.t.model, true, &names));
	tui_go(&s.t, "events");
	assert_int_equal(model_filter(s.t.model, "tgid > 5", &why), 0);
	assert_false(model_link(s.t.model, false, &names));
	assert_string_equal(model_filter_text(s.t.model), "tgid > 5");
	show_release(&s);
}

static void test_overview_keys(void **state)
{
	struct show s;

	show_init(&s, true, 120, 36);
	type(&s, "3o");
	assert_shows(&s, "1 events");
	assert_shows(&s, "5 lat");
	assert_shows(&s, "▸ 10.0.0.2");
	type(&s, "j");
	assert_shows(&s, "the other tables show the rows of the same daddr_v4");
	assert_shows(&s, "▸ 10.0.0.1");
	assert_hides(&s, "8.8.8.8"); /* of the events */
	type(&s, "\x1b");
	assert_shows(&s, "8.8.8.8");
	/* Another pane, and into it. */
	type(&s, "5\r");
	assert_hides(&s, "1 events 0/s");
	assert_shows(&s, "[5 lat");
	/* The other ways out. */
	type(&s, "oj");
	assert_true(s.screen.overview);
	assert_int_equal(type(&s, "q"), WISH_NONE);
	assert_false(s.screen.overview);
	type(&s, "oo");
	assert_false(s.screen.overview);
	type(&s, "3oj\x1b");
	assert_true(s.screen.overview);
	type(&s, "\x1b");
	assert_false(s.screen.overview);
	assert_int_equal(type(&s, "o\x03"), WISH_QUIT);
	/* Help over it, and a click that hits nothing. */
	type(&s, "?");
	assert_shows(&s, "  help");
	type(&s, "q");
	screen_click(&s.screen, 5, 5);
	assert_true(s.screen.overview);
	show_release(&s);
}

static void check_golden(const char *name, bool utf8, uint32_t width, uint32_t height, bool several)
{
	static const char *const keys[] = { "o", "3oj", "o\t\t\t" };
	struct strbuf sb = STRBUF_INIT(1 << 20);
	char path[64];
	struct show s;

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		_cleanup_free_ char *text = NULL;

		show_programs(&s, utf8, width, height, several);
		free(look(&s));
		for (const char *k = keys[i]; *k; k++) {
			screen_key(&s.screen, (unsigned char)*k);
			free(look(&s));
		}
		text = look(&s);
		strbuf_addf(&sb, "=== %zu\n%s", i + 1, text);
		show_release(&s);
	}
	snprintf(path, sizeof(path), "tui/%ux%u.overview%s", width, height, name);
	assert_golden(path, strbuf_str(&sb));
	strbuf_release(&sb);
}

static void test_overview_golden(void **state)
{
	check_golden("", true, 60, 10, false);
	check_golden("", true, 80, 24, false);
	check_golden("", true, 120, 36, false);
	check_golden("", true, 200, 60, false);
	check_golden(".two", true, 120, 36, true);
	check_golden(".ascii", false, 80, 24, false);
}

static void test_overview_any_size(void **state)
{
	struct show s;

	show_init(&s, true, 40, 6);
	type(&s, "oj");
	for (uint32_t width = 38; width < 220; width += 13)
		for (uint32_t height = 5; height < 40; height += 3) {
			canvas_resize(&s.canvas, width, height);
			free(look(&s));
			type(&s, "\t");
		}
	show_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_overview_links),
		cmocka_unit_test(test_overview_keys),
		cmocka_unit_test(test_overview_golden),
		cmocka_unit_test(test_overview_any_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

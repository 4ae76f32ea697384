// SPDX-License-Identifier: Apache-2.0
/* Several programs in one live table, which come and go. */
#include "tests/support/tui_page.h"
#include "tests/support/tui_show.h"

static void assert_tabs(struct tui *t, const char *want)
{
	struct strbuf sb = STRBUF_INIT(1 << 12);
	struct model_tab tab;

	for (uint32_t i = 0; i < model_tabs(t->model); i++) {
		model_tab(t->model, i, &tab);
		strbuf_addf(&sb, "%s%s", i ? " " : "", tab.name);
	}
	assert_string_equal(strbuf_str(&sb), want);
	strbuf_release(&sb);
}

static const char *current_tab(struct tui *t)
{
	static struct model_tab tab;

	model_tab(t->model, model_current(t->model), &tab);
	return tab.name;
}

#define FIRST "tcpconnect:events tcpconnect:nested tcpconnect:conns tcpconnect:http tcpconnect:lat"
#define SECOND_TABS "opensnoop:events opensnoop:nested opensnoop:conns opensnoop:http opensnoop:lat"

static void test_sources_tabs(void **state)
{
	struct tui t;

	tui_init(&t, true);
	assert_tabs(&t, "events nested conns http lat programs");
	assert_string_equal(model_title(t.model), "images.example/tcpconnect:1");
	tui_release(&t);
	tui_init_programs(&t, true, true);
	assert_tabs(&t, FIRST " " SECOND_TABS " programs");
	assert_string_equal(model_title(t.model), "2 programs: tcpconnect, opensnoop");
	assert_string_equal(current_tab(&t), "tcpconnect:events");
	tui_release(&t);
}

/* What one program does is no matter of the other, also where their maps have one name. */
static void test_sources_apart(void **state)
{
	struct strbuf json = STRBUF_INIT(1 << 12);
	struct model_status status;
	struct show s;

	show_programs(&s, true, 120, 20, true);
	tui_go(&s.t, "opensnoop:conns");
	assert_rows(&s.t, 10, "10.0.0.77 10.0.0.78");
	assert_true(model_row_json(s.t.model, &json));
	assert_non_null(strstr(strbuf_str(&json), "\"program\":\"opensnoop\""));
	strbuf_release(&json);
	tui_go(&s.t, "tcpconnect:conns");
	assert_rows(&s.t, 10, "10.0.0.2 10.0.0.1 10.0.0.5 10.0.0.3 10.0.0.4");
	tui_go(&s.t, "opensnoop:events");
	model_status(s.t.model, &status);
	assert_string_equal(status.left[0], "7 rows"); /* six, and a line for what was lost */
	/* Losses, programs and cost are those of both. */
	assert_string_equal(status.lost, "lost 4 (3.85%)");
	assert_string_equal(status.prog, "prog 2/3");
	assert_string_equal(status.cost, "1.69us×9.3k/s 1.6% cpu");
	show_release(&s);
}

static void test_sources_programs(void **state)
{
	struct model_why why;
	struct show s;

	show_programs(&s, true, 120, 20, true);
	tui_go(&s.t, "programs");
	assert_rows(&s.t, 10, "tcpconnect tcpconnect tcpconnect opensnoop");
	assert_int_equal(model_filter(s.t.model, "program == \"opensnoop\"", &why), 0);
	assert_rows(&s.t, 10, "opensnoop");
	model_filter(s.t.model, "", &why);
	/* The cursor stays with its program when others go; what is frozen stays as it was. */
	model_do(s.t.model, OP_LAST);
	assert_cursor(&s.t, 3);
	model_do(s.t.model, OP_PAUSE);
	tui_second(&s.t, false);
	assert_cursor(&s.t, 3);
	model_do(s.t.model, OP_PAUSE);
	assert_rows(&s.t, 10, "tcpconnect tcpconnect tcpconnect");
	tui_second(&s.t, true);
	assert_rows(&s.t, 10, "tcpconnect tcpconnect tcpconnect opensnoop");
	show_release(&s);
}

static void test_sources_come_and_go(void **state)
{
	struct model_why why;
	struct show s;

	show_programs(&s, true, 120, 20, true);
	/* A tab in front of the current one. */
	tui_go(&s.t, "programs");
	tui_second(&s.t, false);
	assert_tabs(&s.t, FIRST " programs");
	assert_string_equal(current_tab(&s.t), "programs");
	tui_second(&s.t, true);
	assert_string_equal(current_tab(&s.t), "programs");
	feed_second(&s.t);
	/* The current one says that its program ended, with its last rows, until it is left. */
	tui_go(&s.t, "opensnoop:conns");
	assert_int_equal(model_filter(s.t.model, "10.0", &why), 0);
	free(look(&s));
	tui_second(&s.t, false);
	assert_tabs(&s.t, FIRST " opensnoop:conns programs");
	assert_string_equal(current_tab(&s.t), "opensnoop:conns");
	assert_shows(&s, "[6 opensnoop:conns ended]");
	assert_shows(&s, "the program ended  last rows");
	assert_shows(&s, "10.0.0.77");
	/* No key does harm. */
	type(&s, "jkgGlhsHL-=_zv&x\r/daddr_v4 == 1\r\x1bnNyw\r\x1b\x1b \rJK<>F");
	screen_click(&s.screen, 10, 2);
	screen_wheel(&s.screen, 1);
	assert_shows(&s, "10.0.0.77");
	canvas_resize(&s.canvas, 60, 10);
	assert_shows(&s, "10.0.0.77");
	/* Another version of the program takes its place, with what the user chose. */
	tui_second(&s.t, true);
	assert_tabs(&s.t, FIRST " " SECOND_TABS " programs");
	assert_string_equal(current_tab(&s.t), "opensnoop:conns");
	assert_string_equal(model_filter_text(s.t.model), "10.0");
	/* Left without a successor, its last page goes. */
	tui_second(&s.t, false);
	type(&s, "\t");
	assert_tabs(&s.t, FIRST " programs");
	assert_string_equal(current_tab(&s.t), "programs");
	show_release(&s);
}

/* Its last page was made for the whole width. */
static void test_sources_ended_beside(void **state)
{
	struct show s;

	show_programs(&s, true, 120, 12, true);
	tui_go(&s.t, "opensnoop:events");
	free(look(&s));
	tui_second(&s.t, false);
	type(&s, "p");
	assert_shows(&s, "│ who\n");
	assert_shows(&s, "│ nothing in this row");
	show_release(&s);
}

static void test_sources_none(void **state)
{
	struct show s;

	show_programs(&s, true, 120, 20, true);
	type(&s, "3");
	free(look(&s));
	tui_second(&s.t, false);
	model_remove(s.t.model, &s.t.f.fake.source);
	assert_tabs(&s.t, "tcpconnect:conns programs");
	assert_shows(&s, "no program");
	type(&s, "\t");
	assert_tabs(&s.t, "programs");
	assert_shows(&s, "no programs");
	assert_shows(&s, "prog 0/0");
	model_add(s.t.model, &s.t.f.fake.source);
	assert_string_equal(current_tab(&s.t), "tcpconnect:events");
	show_release(&s);
}

/* All streams together keep --history. */
static void test_sources_share_history(void **state)
{
	struct model_opts opts = { .history_bytes = 4 << 20 };
	struct connlat event = a_connlat();
	struct model_status status;
	struct record record;
	struct tui t;

	tui_init_programs(&t, false, true);
	model_free(t.model);
	t.model = model_new(&opts);
	model_add(t.model, &t.f.fake.source);
	record = record_of(&t.f, MAP_EVENTS, &event);
	for (uint32_t i = 0; i < 100000; i++)
		model_event(t.model, &t.f.fake.source, &record);
	model_status(t.model, &status);
	assert_string_equal(status.left[1], "history 0s, 819.0KiB full");
	model_add(t.model, &t.second.fake.source);
	model_status(t.model, &status);
	assert_string_equal(status.left[1], "history 0s, 409.5KiB full");
	model_remove(t.model, &t.second.fake.source);
	for (uint32_t i = 0; i < 100000; i++)
		model_event(t.model, &t.f.fake.source, &record);
	model_status(t.model, &status);
	assert_string_equal(status.left[1], "history 0s, 819.0KiB full");
	tui_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sources_tabs),
		cmocka_unit_test(test_sources_apart),
		cmocka_unit_test(test_sources_programs),
		cmocka_unit_test(test_sources_come_and_go),
		cmocka_unit_test(test_sources_ended_beside),
		cmocka_unit_test(test_sources_none),
		cmocka_unit_test(test_sources_share_history),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

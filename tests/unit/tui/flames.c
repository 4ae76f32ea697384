// SPDX-License-Identifier: Apache-2.0
/* The flames of a tab: what is drawn, moving, searching, turning round, comparing. */
#include "tests/support/stacks_fixture.h"

#include "runner/tui/screen/screen.h"

#define SECOND 1000000000ull

struct shown {
	struct stacks_fixture f;
	struct model *model;
	struct screen screen;
	struct canvas canvas;
	uint64_t now_ns;
};

static void put(struct shown *s, uint64_t id, int32_t user, const char *comm, uint64_t us)
{
	struct stacks_row row = { .key = { 7, user, user == 2 ? -14 : 1, "" },
				  .cell = { .u = us },
				  .id = id,
				  .flags = SERIES_CHANGED };
	struct series_rows rows = stacks_rows(&s->f, &row);

	memcpy(row.key.comm, comm, strlen(comm));
	model_rows(s->model, &s->f.fake.source, &rows);
}

static void sweep(struct shown *s)
{
	s->now_ns += SECOND;
	model_swept(s->model, &s->f.fake.source, s->now_ns, FIXTURE_TIME_NS + s->now_ns);
}

static void begin(struct shown *s)
{
	*s = (struct shown){ 0 };
	stacks_init(&s->f, false);
	s->model = model_new(&(struct model_opts){ .interval_ns = SECOND });
	model_add(s->model, &s->f.fake.source);
	screen_init(&s->screen, s->model, false);
	canvas_resize(&s->canvas, 60, 16);
	put(s, 1, 1, "sh", 30);
	put(s, 2, 2, "sh", 10);
	put(s, 3, 1, "cat", 20);
	sweep(s);
}

static void release(struct shown *s)
{
	screen_release(&s->screen);
	canvas_release(&s->canvas);
	model_remove(s->model, &s->f.fake.source);
	model_free(s->model);
	stacks_release(&s->f);
}

static void type(struct shown *s, const char *keys)
{
	for (; *keys; keys++)
		screen_key(&s->screen, (unsigned char)*keys);
}

/* Lines `from` to `to` of the screen are these. */
static void assert_lines(struct shown *s, uint32_t from, uint32_t to, const char *want)
{
	_cleanup_strbuf_ struct strbuf text = STRBUF_INIT(1 << 16);
	char *at, *end;

	screen_draw(&s->screen, &s->canvas, 0);
	canvas_text(&s->canvas, &text);
	at = text.buf;
	for (uint32_t i = 0; i < from; i++)
		at = strchr(at, '\n') + 1;
	end = at;
	for (uint32_t i = from; i <= to; i++)
		end = strchr(end, '\n') + 1;
	*end = '\0';
	assert_string_equal(at, want);
}

static void test_draws_a_frame_by_its_part(void **state)
{
	struct shown s;

	begin(&s);
	type(&s, "f");
	assert_lines(&s, 2, 8,
		     "  all  60 us 100.0%, self 0.0%\n"
		     "|all\n"
		     "|cat                |sh\n"
		     "|main               |main\n"
		     "|work               |work\n"
		     "|leaf               |leaf\n"
		     "|do_syscall_64      |do_syscall_64\n");
	/* down: the widest; its neighbour; zoom */
	type(&s, "j");
	assert_lines(&s, 2, 2, "  sh  40 us 66.7%, self 0.0%\n");
	type(&s, "h");
	assert_lines(&s, 2, 2, "  cat  20 us 33.3%, self 0.0%\n");
	type(&s, "ljjj");
	assert_lines(&s, 2, 2, "  leaf  30 us 50.0%, self 0.0%\n");
	type(&s, "k");
	assert_lines(&s, 2, 2, "  work  40 us 66.7%, self 16.7%\n");
	type(&s, "\r");
	assert_lines(&s, 3, 8,
		     "|all\n"
		     "|sh\n"
		     "|main\n"
		     "|work\n"
		     "|leaf\n"
		     "|do_syscall_64\n");
	type(&s, "\x7f\x7f\x7f");
	assert_lines(&s, 4, 4, "|cat                |sh\n");
	/* Esc goes to everything, then back to the table. */
	type(&s, "\r\x1b");
	assert_lines(&s, 4, 4, "|cat                |sh\n");
	type(&s, "\x1b");
	assert_null(s.screen.overlay);
	release(&s);
}

static void test_searches(void **state)
{
	struct shown s;

	begin(&s);
	type(&s, "f/^le");
	assert_lines(&s, 2, 2, "  all  60 us 100.0%, self 0.0%  found 83.3%\n");
	type(&s, "(");
	assert_non_null(strchr(s.screen.prompt.why, '('));
	type(&s, "\x7f\r");
	type(&s, "n");
	assert_lines(&s, 2, 2, "  leaf  20 us 33.3%, self 0.0%  found 83.3%\n");
	type(&s, "n");
	assert_lines(&s, 2, 2, "  leaf  30 us 50.0%, self 0.0%  found 83.3%\n");
	type(&s, "N");
	assert_lines(&s, 2, 2, "  leaf  20 us 33.3%, self 0.0%  found 83.3%\n");
	/* Up brings back the search, wherever another prompt left the earlier texts. */
	type(&s, "\x1b\x1b/cat\rf/ma\r\x1b\x1b/");
	screen_key(&s.screen, KEY_CODE_UP);
	assert_string_equal(s.screen.prompt.text, "cat");
	type(&s, "\x1b"
		 "f/");
	screen_key(&s.screen, KEY_CODE_UP);
	assert_string_equal(s.screen.prompt.text, "ma");
	release(&s);
}

static void test_turns_round(void **state)
{
	struct shown s;

	begin(&s);
	type(&s, "fi");
	assert_lines(&s, 2, 8,
		     "  all  60 us 100.0%, self 0.0%  inverted\n"
		     "|all\n"
		     "|vfs_read [vfs]                                   |work\n"
		     "|do_syscall_64                                    |main\n"
		     "|leaf                                             |sh\n"
		     "|work\n"
		     "|main\n");
	type(&s, "i");
	assert_lines(&s, 4, 4, "|cat                |sh\n");
	release(&s);
}

static void test_compares_two_moments(void **state)
{
	struct shown s;

	begin(&s);
	type(&s, "fD");
	assert_non_null(strstr(s.screen.flash, "marks a moment"));
	type(&s, "aD");
	put(&s, 3, 1, "cat", 60);
	sweep(&s);
	/* 20 of 60, and 60 of 100. */
	assert_lines(&s, 2, 4,
		     "  all  100 us 100.0%, self 0.0%, +0.0% since A\n"
		     "|all\n"
		     "|cat +26.7%                         |sh -26.7%\n");
	/* The table, at the earlier moment, is what is drawn. */
	type(&s, "[");
	assert_lines(&s, 4, 4, "|cat                |sh\n");
	type(&s, "D");
	release(&s);
}

static void test_only_where_there_are_stacks(void **state)
{
	struct shown s;

	begin(&s);
	type(&s, "2f"); /* the programs */
	assert_null(s.screen.overlay);
	assert_non_null(strstr(s.screen.flash, "no stacks"));
	type(&s, "1f");
	assert_non_null(s.screen.overlay);
	/* What the filter hides does not count. */
	type(&s, "f/cat\rf");
	assert_lines(&s, 2, 4,
		     "  all  20 us 100.0%, self 0.0%\n"
		     "|all\n"
		     "|cat\n");
	release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_draws_a_frame_by_its_part),
		cmocka_unit_test(test_searches),
		cmocka_unit_test(test_turns_round),
		cmocka_unit_test(test_compares_two_moments),
		cmocka_unit_test(test_only_where_there_are_stacks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

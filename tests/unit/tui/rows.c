// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tui_page.h"
#include "runner/tui/model/rows.h"

/* Columns, and what counters show. */
static void test_rows_page(void **state)
{
	struct tui t;

	tui_init(&t, true);
	tui_go(&t, "conns");
	assert_page(&t, 80, 5, "  DADDR_V4           VALUE     ▼ /s  TREND 20s\n(no rows yet)\n");
	CONNS(&t, 1000, 20);
	/* The first sweep is no change, and nothing of it is new. Ties are in the order of keys. */
	assert_page(&t, 80, 5,
		    "  DADDR_V4           VALUE     ▼ /s  TREND 20s\n"
		    "> 10.0.0.1           1,000        0  ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁\n"
		    "  10.0.0.2              20        0  ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁\n");
	CONNS(&t, 1000, 182440, 5);
	assert_page(&t, 80, 5,
		    "  DADDR_V4           VALUE     ▼ /s  TREND 20s\n"
		    "> 10.0.0.2         182,440  182,420  ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁█\n"
		    "+ 10.0.0.3               5        5  ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁█\n"
		    "  10.0.0.1           1,000        0  ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁\n");
	CONNS(&t, NONE, 182440, 105);
	/* Gone rows are there once more, and the rates of what did not change are zero. */
	assert_page(&t, 80, 5,
		    "  DADDR_V4           VALUE     ▼ /s  TREND 20s\n"
		    "> 10.0.0.3             105      100  ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▂█\n"
		    "  10.0.0.1           1,000        0  ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁  gone\n"
		    "  10.0.0.2         182,440        0  ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁█▁\n");
	CONNS(&t, NONE, 182440, 105);
	assert_page(&t, 80, 5,
		    "  DADDR_V4           VALUE     ▼ /s  TREND 20s\n"
		    "> 10.0.0.2         182,440        0  ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁█▁▁\n"
		    "  10.0.0.3             105        0  ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▂█▁\n");
	tui_release(&t);
}

/* Among rows in the order of a value the cursor keeps its place, and follows its row on request. */
static void test_rows_cursor_follows(void **state)
{
	struct tui t;

	tui_init(&t, false);
	tui_go(&t, "conns");
	CONNS(&t, 10, 10, 10);
	CONNS(&t, 30, 20, 15);
	assert_rows(&t, 9, "10.0.0.1 10.0.0.2 10.0.0.3");
	CONNS(&t, 31, 40, 60);
	assert_cursor(&t, 0);
	assert_true(model_do(t.model, OP_DOWN)); /* 10.0.0.2 */
	CONNS(&t, 32, 100, 61);
	assert_rows(&t, 9, "10.0.0.2 10.0.0.1 10.0.0.3");
	assert_cursor(&t, 1);
	assert_true(model_do(t.model, OP_UP));
	assert_true(model_do(t.model, OP_FOLLOW));
	CONNS(&t, 132, 101, 61);
	assert_rows(&t, 9, "10.0.0.1 10.0.0.2 10.0.0.3");
	assert_cursor(&t, 1);
	CONNS(&t, 133, 301, 61);
	assert_rows(&t, 9, "10.0.0.2 10.0.0.1 10.0.0.3");
	assert_cursor(&t, 0);
	CONNS(&t, 333, 302, 61);
	assert_cursor(&t, 1);
	/* Its row goes: the cursor stays where it is. */
	CONNS(&t, 432, NONE, 61);
	CONNS(&t, 532, NONE, 61);
	assert_rows(&t, 9, "10.0.0.1 10.0.0.3");
	assert_cursor(&t, 1);
	assert_false(model_do(t.model, OP_DOWN));
	assert_true(model_do(t.model, OP_FIRST));
	assert_true(model_do(t.model, OP_LAST));
	assert_cursor(&t, 1);
	tui_release(&t);
}

static void test_rows_sort(void **state)
{
	struct tui t;

	tui_init(&t, false);
	tui_go(&t, "conns");
	CONNS(&t, 10, 300, 20, 20);
	assert_true(model_column(t.model, 1));
	assert_true(model_do(t.model, OP_SORT));
	assert_rows(&t, 9, "10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.1");
	assert_true(model_do(t.model, OP_SORT)); /* reversed; ties do not move */
	assert_rows(&t, 9, "10.0.0.1 10.0.0.3 10.0.0.4 10.0.0.2");
	assert_true(model_do(t.model, OP_SORT_LEFT));
	assert_rows(&t, 9, "10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4");
	assert_false(model_do(t.model, OP_SORT_LEFT));
	assert_false(model_column(t.model, 3)); /* of a comparison, of which there is none */
	assert_true(model_column(t.model, 6));
	assert_false(model_do(t.model, OP_SORT)); /* not by a sparkline */
	tui_release(&t);
}

static void test_rows_filter(void **state)
{
	struct model_status status;
	struct model_why why;
	struct tui t;

	tui_init(&t, false);
	tui_go(&t, "conns");
	CONNS(&t, 10, 300, 20, 20);
	assert_int_equal(model_filter(t.model, "value > 10", &why), 0);
	assert_rows(&t, 9, "10.0.0.2 10.0.0.3 10.0.0.4");
	assert_int_equal(model_filter(t.model, "value > 10 && daddr_v4 in 10.0.0.2/31", &why), 0);
	assert_rows(&t, 9, "10.0.0.2 10.0.0.3");
	/* A bad one changes nothing and shows where. */
	assert_int_equal(model_filter(t.model, " value > 10 && addr == 1", &why), -EINVAL);
	assert_int_equal(why.caret, 15);
	assert_non_null(strstr(why.text, "no field 'addr'"));
	assert_string_equal(model_filter_text(t.model), "value > 10 && daddr_v4 in 10.0.0.2/31");
	assert_rows(&t, 9, "10.0.0.2 10.0.0.3");
	/* Any text, as it is shown. */
	assert_int_equal(model_filter(t.model, "0.0.3", &why), 0);
	assert_rows(&t, 9, "10.0.0.3");
	assert_int_equal(model_filter(t.model, "300", &why), 0);
	assert_rows(&t, 9, "10.0.0.2");
	assert_int_equal(model_filter(t.model, "nothing", &why), 0);
	assert_page(
		&t, 60, 3,
		"  DADDR_V4           VALUE     v /s  TREND 20s\n(nothing matches the filter)\n");
	/* What it hides is kept, and what comes is filtered too. */
	assert_int_equal(model_filter(t.model, "rate >= 5", &why), 0);
	CONNS(&t, 15, 304, 20, 20, 1000);
	assert_rows(&t, 9, "10.0.0.5 10.0.0.1");
	CONNS(&t, 20, 304, 20, 20);
	assert_int_equal(model_filter(t.model, "value > 15", &why), 0);
	assert_rows(&t, 9, "10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5");
	model_status(t.model, &status);
	assert_string_equal(status.left[0], "4/4 rows"); /* the one that is gone is not counted */
	CONNS(&t, 25, 304, 20, 20, 1000);
	assert_int_equal(model_filter(t.model, "", &why), 0);
	assert_rows(&t, 9, "10.0.0.5 10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4");
	tui_release(&t);
}

static void test_rows_mark(void **state)
{
	struct model_why why;
	struct tui t;

	tui_init(&t, false);
	tui_go(&t, "conns");
	CONNS(&t, 10, 300, 20, 21);
	assert_int_equal(model_mark(t.model, "value ~ ^2", &why), 0);
	assert_page(&t, 40, 9,
		    "  DADDR_V4           VALUE     v /s\n"
		    "  10.0.0.1              10        0\n"
		    "  10.0.0.2             300        0\n"
		    ">*10.0.0.3              20        0\n"
		    " *10.0.0.4              21        0\n");
	assert_true(model_do(t.model, OP_FOUND_NEXT));
	assert_cursor(&t, 3);
	assert_true(model_do(t.model, OP_FOUND_NEXT));
	assert_cursor(&t, 2);
	assert_true(model_do(t.model, OP_FOUND_PREV));
	assert_cursor(&t, 3);
	assert_int_equal(model_mark(t.model, "", &why), 0);
	assert_false(model_do(t.model, OP_FOUND_NEXT));
	tui_release(&t);
}

/* The view stands still, is sorted and filtered as it was, and what came shows afterwards. */
static void test_rows_pause(void **state)
{
	struct model_why why;
	struct tui t;

	tui_init(&t, false);
	tui_go(&t, "conns");
	CONNS(&t, 10, 300, 20);
	assert_true(model_do(t.model, OP_PAUSE));
	assert_true(model_paused(t.model));
	CONNS(&t, 500, 301, NONE, 7);
	CONNS(&t, 501, 301, NONE, 7);
	model_column(t.model, 1);
	model_do(t.model, OP_SORT);
	assert_page(&t, 40, 9,
		    "  DADDR_V4         v VALUE       /s\n"
		    "> 10.0.0.2             300        0\n"
		    "  10.0.0.3              20        0\n"
		    "  10.0.0.1              10        0\n");
	assert_int_equal(model_filter(t.model, "value < 100", &why), 0);
	assert_rows(&t, 9, "10.0.0.3 10.0.0.1");
	assert_int_equal(model_filter(t.model, NULL, &why), 0);
	assert_true(model_do(t.model, OP_PAUSE));
	assert_page(&t, 40, 9,
		    "  DADDR_V4         v VALUE       /s\n"
		    "> 10.0.0.1             501        1\n"
		    "  10.0.0.2             301        0\n"
		    "  10.0.0.4               7        0\n");
	tui_release(&t);
}

static void test_rows_zero(void **state)
{
	struct model_why why;
	struct tui t;

	tui_init(&t, false);
	tui_go(&t, "conns");
	CONNS(&t, 10, 300, 20);
	assert_true(model_do(t.model, OP_ZERO));
	CONNS(&t, 11, 305, 3, 9); /* the third was reset, the fourth is new */
	assert_int_equal(model_filter(t.model, "value < 9", &why), 0);
	assert_page(&t, 40, 9,
		    "  DADDR_V4           VALUE     v /s\n"
		    "> 10.0.0.2               5        5\n"
		    "  10.0.0.1               1        1\n"
		    "  10.0.0.3               3        0\n");
	assert_true(model_do(t.model, OP_ZERO));
	assert_int_equal(model_filter(t.model, "", &why), 0);
	assert_page(&t, 40, 9,
		    "  DADDR_V4           VALUE     v /s\n"
		    "> 10.0.0.4               9        9\n"
		    "  10.0.0.2             305        5\n"
		    "  10.0.0.1              11        1\n"
		    "  10.0.0.3               3        0\n");
	tui_release(&t);
}

/* Narrow: the trend goes first, then columns from the right, never the cursor's. */
static void test_rows_columns(void **state)
{
	struct model_page page;
	struct tui t;

	tui_init(&t, false);
	tui_go(&t, "http");
	sweep_begin(&t.f, MAP_HTTP);
	put_http(&t.f, 443, 3 << 20, -5);
	sweep_end(&t.f, MAP_HTTP);
	tui_sweep(&t);
	assert_page(&t, 110, 2,
		    "  SRC.ADDR           SRC.PORT    BYTES  v BYTES /s    DEPTH    DEPTH CHANGE  "
		    "TREND 20s\n"
		    "> 10.0.0.9                443   3.0MiB          0B       -5                  "
		    "____________________\n");
	assert_page(&t, 80, 1,
		    "  SRC.ADDR           SRC.PORT    BYTES  v BYTES /s    DEPTH    DEPTH CHANGE\n"
		    "> 10.0.0.9                443   3.0MiB          0B       -5\n");
	model_page(t.model, 40, 1, &page);
	assert_int_equal(page.ncolumns, 3);
	assert_true(page.more_right && !page.more_left);
	model_column(t.model, 4);
	assert_page(&t, 40, 1,
		    "    BYTES  v BYTES /s    DEPTH\n"
		    ">  3.0MiB          0B       -5\n");
	model_page(t.model, 1, 1, &page);
	assert_int_equal(page.ncolumns, 1);
	/* Hidden, moved, and as it was. */
	assert_true(model_do(t.model, OP_HIDE));
	model_column(t.model, 2);
	assert_true(model_do(t.model, OP_MOVE_LEFT));
	assert_true(model_do(t.model, OP_MOVE_LEFT));
	assert_false(model_do(t.model, OP_MOVE_LEFT));
	assert_true(model_do(t.model, OP_WIDTH));
	assert_page(&t, 80, 1,
		    "    BYTES  SRC.ADDR           SRC.PORT  v BYTES /s    DEPTH CHANGE\n"
		    ">  3.0MiB  10.0.0.9                443          0B\n");
	assert_true(model_do(t.model, OP_SHOW_ALL));
	model_column(t.model, 0);
	assert_page(&t, 80, 1,
		    "  SRC.ADDR           SRC.PORT    BYTES  v BYTES /s    DEPTH    DEPTH CHANGE\n"
		    "> 10.0.0.9                443   3.0MiB          0B       -5\n");
	tui_release(&t);
}

/* Of gauges the change, and all that found no room in one row. */
static void test_rows_gauge_and_overflow(void **state)
{
	struct series_opts opts = { .max_series = 1 };
	struct model_why why;
	struct tui t;

	tui_init(&t, false);
	series_free(t.f.fake.series[MAP_HTTP]);
	t.f.fake.series[MAP_HTTP] = series_new(&t.f.metrics[MAP_HTTP], &opts);
	tui_go(&t, "http");
	for (int64_t depth = 5; depth >= -5; depth -= 5) {
		sweep_begin(&t.f, MAP_HTTP);
		put_http(&t.f, 443, 3000, depth);
		put_http(&t.f, 444, 5000, 1);
		put_http(&t.f, 445, 5000, 1);
		sweep_end(&t.f, MAP_HTTP);
		tui_sweep(&t);
	}
	assert_page(
		&t, 80, 9,
		"  SRC.ADDR             SRC.PORT    BYTES  v BYTES /s    DEPTH    DEPTH CHANGE\n"
		"> __overflow__     __overflow__   9.8KiB          0B        2\n"
		"  10.0.0.9                  443   2.9KiB          0B       -5              -5\n");
	assert_int_equal(model_filter(t.model, "depth.change < 0", &why), 0);
	assert_rows(&t, 9, "10.0.0.9");
	tui_release(&t);
}

/* Rows come and go; each is found as long as it lives, and none afterwards. */
static void test_rows_churn(void **state)
{
	static bool alive[4000];
	struct fixture f;
	struct series_rows batch;
	struct rows *rows;
	uint32_t slot, live = 0;

	fixture_init(&f);
	srand(3);
	rows = rows_new(&f.metrics[MAP_CONNS]);
	series_rows_init(&batch, &f.metrics[MAP_CONNS], ARRAY_LEN(alive));
	for (uint32_t round = 0; round < 60; round++) {
		batch.count = 0;
		for (uint32_t i = 0; i < ARRAY_LEN(alive); i++) {
			uint32_t n = batch.count;

			if (rand() % 3)
				continue;
			alive[i] = !alive[i];
			live += alive[i] ? 1 : -1;
			batch.id[n] = i;
			batch.flags[n] = alive[i] ? SERIES_NEW : SERIES_GONE;
			batch.cells[n].u = i;
			memcpy(batch.keys + 4 * (size_t)n, &i, 4);
			batch.count++;
		}
		rows_put(rows, &batch);
		rows_swept(rows, (round + 1) * SECOND, (round + 1) * SECOND);
		batch.count = 0;
		rows_put(rows, &batch);
		rows_swept(rows, (round + 1) * SECOND + SECOND / 2, 0);
		assert_int_equal(rows_live(rows), live);
		for (uint32_t i = 0; i < ARRAY_LEN(alive); i++) {
			assert_int_equal(rows_find(rows, i, &slot), alive[i]);
			if (!alive[i])
				continue;
			assert_int_equal(rows_at(rows, slot)->id, i);
			assert_memory_equal(rows_key(rows, slot), &i, 4);
		}
	}
	series_rows_release(&batch);
	rows_free(rows);
	fixture_release(&f);
}

/* Rows that went while nobody looked go all the same. */
static void test_rows_missed(void **state)
{
	struct tui t;

	tui_init(&t, false);
	tui_go(&t, "conns");
	CONNS(&t, 1, 2, 3);
	/* Three sweeps without us. */
	for (uint32_t i = 0; i < 3; i++) {
		t.now_ns += SECOND;
		series_sweep_begin(t.f.fake.series[MAP_CONNS], t.now_ns);
		put_conn(&t.f, 1, 1);
		sweep_end(&t.f, MAP_CONNS);
	}
	for (uint32_t i = 0; i < 5; i++)
		CONNS(&t, 1);
	assert_rows(&t, 9, "10.0.0.1");
	tui_release(&t);
}

/* Nothing changes: nothing to be drawn, but for the trends that run out. */
static void test_rows_idle(void **state)
{
	uint64_t generation;
	struct tui t;

	tui_init(&t, false);
	tui_go(&t, "conns");
	CONNS(&t, 1, 2, 3);
	for (uint32_t i = 0; i < MODEL_TREND + 1; i++)
		CONNS(&t, 1, 2, 3);
	generation = model_generation(t.model);
	for (uint32_t i = 0; i < 5; i++) {
		CONNS(&t, 1, 2, 3);
		free(page_text_of(&t, 80, 24));
	}
	assert_int_equal(model_generation(t.model), generation);
	CONNS(&t, 1, 2, 4);
	assert_true(model_generation(t.model) > generation);
	tui_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows_page),   cmocka_unit_test(test_rows_gauge_and_overflow),
		cmocka_unit_test(test_rows_churn),  cmocka_unit_test(test_rows_cursor_follows),
		cmocka_unit_test(test_rows_sort),   cmocka_unit_test(test_rows_filter),
		cmocka_unit_test(test_rows_mark),   cmocka_unit_test(test_rows_pause),
		cmocka_unit_test(test_rows_zero),   cmocka_unit_test(test_rows_columns),
		cmocka_unit_test(test_rows_missed), cmocka_unit_test(test_rows_idle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

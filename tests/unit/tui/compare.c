// SPDX-License-Identifier: Apache-2.0
/* Rows against those of a marked moment. */
#include "tests/support/tui_fixture.h"
#include "tests/support/tui_page.h"

static void choose(struct tui *t, const char *title)
{
	struct model_page page;

	model_page(t->model, 300, 10, &page);
	for (uint32_t i = 0; i < page.ncolumns; i++)
		if (strstr(page.columns[i].title, title)) {
			model_column(t->model, page.columns[i].column);
			return;
		}
	fail_msg("no column %s", title);
}

static void assert_status(struct tui *t, const char *want, bool there)
{
	struct model_status status;
	bool found = false;

	model_status(t->model, &status);
	for (uint32_t i = 0; i < status.nleft; i++)
		found |= strstr(status.left[i], want) != NULL;
	assert_int_equal(found, there);
}

static void assert_detail(struct tui *t, const char *name, const char *want)
{
	struct model_detail detail;

	model_detail(t->model, &detail);
	for (uint32_t i = 0; i < detail.count; i++)
		if (strcmp(detail.lines[i].name, name) == 0) {
			assert_string_equal(detail.lines[i].text, want);
			return;
		}
	fail_msg("no field %s", name);
}

static void test_compares_with_the_moment(void **state)
{
	struct tui t;

	tui_init(&t, false);
	tui_go(&t, "conns");
	assert_false(model_do(t.model, OP_MOMENT)); /* no sweep yet */
	CONNS(&t, 10, 100, 7);
	CONNS(&t, 20, 104, 7); /* 10/s, 4/s, none */
	assert_false(model_do(t.model, OP_COMPARE));
	assert_non_null(strstr(model_why_not_compared(t.model), "no moment"));
	assert_true(model_do(t.model, OP_MOMENT));
	CONNS(&t, 45, 105, 7, 9000);
	assert_true(model_do(t.model, OP_COMPARE)); /* the rate, by which it is sorted */
	assert_status(&t, "rate against ", true);
	assert_page(&t, 80, 6,
		    "  DADDR_V4           VALUE     v /s     THEN    DIFFERENCE    FACTOR\n"
		    "> 10.0.0.4           9,000    9,000        0        +9,000       new\n"
		    "  10.0.0.1              45       25       10           +15     2.50x\n"
		    "  10.0.0.2             105        1        4            -3     0.25x\n"
		    "  10.0.0.3               7        0        0\n");
	assert_detail(&t, "difference", "9,000  (9000)");
	assert_detail(&t, "factor", "new");
	/* Another column, sorted, filtered. */
	choose(&t, "VALUE");
	assert_true(model_do(t.model, OP_COMPARE));
	choose(&t, "FACTOR");
	assert_true(model_do(t.model, OP_SORT));
	assert_rows(&t, 6, "10.0.0.4 10.0.0.1 10.0.0.2 10.0.0.3");
	assert_true(model_do(t.model, OP_SORT));
	assert_rows(&t, 6, "10.0.0.3 10.0.0.2 10.0.0.1 10.0.0.4");
	assert_int_equal(
		model_filter(t.model, "difference > 0 && then > 0", &(struct model_why){ 0 }), 0);
	assert_rows(&t, 6, "10.0.0.2 10.0.0.1");
	assert_int_equal(model_filter(t.model, NULL, &(struct model_why){ 0 }), 0);
	/* Counting from zero leaves the comparison as it was. */
	assert_true(model_do(t.model, OP_ZERO));
	assert_rows(&t, 6, "10.0.0.3 10.0.0.2 10.0.0.1 10.0.0.4");
	/* No longer: the order falls back on what was compared. */
	assert_true(model_do(t.model, OP_COMPARE));
	assert_status(&t, "against", false);
	assert_page(&t, 60, 1,
		    "  DADDR_V4         ^ VALUE       /s  TREND 20s\n"
		    "> 10.0.0.1               0       25  __________________-#\n");
	tui_release(&t);
}

/* A moment of the past is compared with the present, and the present with it. */
static void test_compares_in_the_past(void **state)
{
	struct tui t;

	tui_init(&t, false);
	tui_go(&t, "conns");
	CONNS(&t, 10);
	CONNS(&t, 12); /* 2/s */
	CONNS(&t, 20); /* 8/s */
	CONNS(&t, 21); /* 1/s */
	assert_true(model_do(t.model, OP_EARLIER));
	assert_true(model_do(t.model, OP_MOMENT)); /* 8/s */
	assert_true(model_do(t.model, OP_COMPARE));
	assert_true(model_do(t.model, OP_EARLIER));
	assert_page(&t, 80, 1,
		    "  DADDR_V4           VALUE     v /s     THEN    DIFFERENCE    FACTOR\n"
		    "> 10.0.0.1              12        2        8            -6     0.25x\n");
	assert_true(model_do(t.model, OP_PAUSE));
	assert_page(&t, 80, 1,
		    "  DADDR_V4           VALUE     v /s     THEN    DIFFERENCE    FACTOR\n"
		    "> 10.0.0.1              21        1        8            -7     0.12x\n");
	/* Another moment takes the place of the first. */
	CONNS(&t, 25);
	assert_true(model_do(t.model, OP_MOMENT));
	CONNS(&t, 35);
	assert_page(&t, 80, 1,
		    "  DADDR_V4           VALUE     v /s     THEN    DIFFERENCE    FACTOR\n"
		    "> 10.0.0.1              35       10        4            +6     2.50x\n");
	tui_release(&t);
}

/* The text of the columns that settings keep; NULL: they are as at first. */
static void assert_kept(struct tui *t, const char *want)
{
	_cleanup_free_ char *name = NULL, *text = NULL;

	assert_true(model_columns(t->model, model_current(t->model), &name, &text));
	if (!want)
		assert_null(text);
	else
		assert_string_equal(text, want);
}

/* Settings keep the columns, but not those of a comparison, which takes its usual place again. */
static void test_settings_have_no_comparison(void **state)
{
	_cleanup_free_ char *name = NULL, *text = NULL;
	struct tui t;

	tui_init(&t, false);
	tui_go(&t, "conns");
	CONNS(&t, 10);
	assert_true(model_do(t.model, OP_MOMENT));
	assert_true(model_do(t.model, OP_COMPARE));
	choose(&t, "THEN");
	assert_true(model_do(t.model, OP_MOVE_LEFT));
	assert_true(model_do(t.model, OP_HIDE));
	assert_kept(&t, NULL);
	assert_true(model_do(t.model, OP_SHOW_ALL));
	choose(&t, "VALUE");
	assert_true(model_do(t.model, OP_HIDE));
	assert_kept(&t, "daddr_v4 -value rate trend");
	assert_true(model_columns(t.model, model_current(t.model), &name, &text));
	assert_true(model_do(t.model, OP_SHOW_ALL));
	model_set_columns(t.model, name, text);
	assert_kept(&t, text);
	assert_page(&t, 80, 1,
		    "  DADDR_V4            v /s     THEN    DIFFERENCE    FACTOR\n"
		    "> 10.0.0.1               0        0\n");
	/* A column that the text does not have follows the one before it. */
	model_set_columns(t.model, name, "rate daddr_v4:wide");
	assert_kept(&t, "rate trend daddr_v4:wide -value");
	tui_release(&t);
}

/* Percentiles keep their unit. One above the last bound has neither difference nor factor. */
static void test_compares_percentiles(void **state)
{
	struct tui t;

	tui_init(&t, false);
	tui_go(&t, "lat");
	observe(&t.f, "vda", 1);
	observe(&t.f, "vdb", 100);
	observe(&t.f, "vdc", 5000);
	tui_sweep(&t);
	assert_true(model_do(t.model, OP_VIEW)); /* the heat map */
	assert_true(model_do(t.model, OP_VIEW)); /* the table */
	assert_true(model_do(t.model, OP_MOMENT));
	for (uint64_t i = 0; i < 9; i++)
		observe(&t.f, "vda", 400);
	for (uint64_t i = 0; i < 8; i++)
		observe(&t.f, "vdb", 5000);
	observe(&t.f, "vdd", 100);
	tui_sweep(&t);
	choose(&t, "P50");
	assert_true(model_do(t.model, OP_COMPARE));
	assert_page(
		&t, 110, 4,
		"  DISK      v COUNT       /s      AVG     ~P50     ~P90     ~P99     THEN    "
		"DIFFERENCE    FACTOR\n"
		"> vda            10        9    360us    447us    889us    989us      1us        "
		"+447us    894.4x\n"
		"  vdb             9        8   4.46ms  >1.00ms  >1.00ms  >1.00ms    503us\n"
		"  vdc             1        0   5.00ms  >1.00ms  >1.00ms  >1.00ms  >1.00ms\n"
		"+ vdd             1        1    100us    503us    901us    990us\n");
	tui_release(&t);
}

static void test_compares_no_records(void **state)
{
	struct tui t;

	tui_init(&t, false);
	tui_go(&t, "events");
	assert_false(model_do(t.model, OP_COMPARE));
	assert_non_null(strstr(model_why_not_compared(t.model), "only rows"));
	tui_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_compares_with_the_moment),
		cmocka_unit_test(test_compares_in_the_past),
		cmocka_unit_test(test_settings_have_no_comparison),
		cmocka_unit_test(test_compares_percentiles),
		cmocka_unit_test(test_compares_no_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

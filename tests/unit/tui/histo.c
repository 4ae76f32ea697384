// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tui_page.h"
#include <math.h>
#include "runner/tui/model/blocks.h"
#include "runner/tui/model/histo.h"

static void test_histo_quantiles(void **state)
{
	static const uint64_t bounds[] = { 10, 20, 40 };
	const struct family family = { .base = "", .bounds = bounds, .nbounds = 3 };
	union cell cells[5] = { { .u = 10 }, { .u = 0 }, { .u = 10 }, { .u = 0 } };

	assert_true(histo_quantile(&family, cells, 0.25) == 5);
	assert_true(histo_quantile(&family, cells, 0.5) == 10);
	assert_true(histo_quantile(&family, cells, 0.75) == 30);
	assert_true(histo_quantile(&family, cells, 1) == 40);
	cells[3].u = 80;
	assert_true(isinf(histo_quantile(&family, cells, 0.99)));
	memset(cells, 0, sizeof(cells));
	assert_true(isnan(histo_quantile(&family, cells, 0.5)));
}

static void test_histo_ranges(void **state)
{
	static const uint64_t exp2[] = { 1, 2, 4, 1024 }, log2[] = { 1, 3, 7, 1023 };
	static const struct {
		const uint64_t *bounds;
		uint8_t shape;
		const char *want[5];
	} cases[] = {
		{ exp2, BOUNDS_EXP2, { "[0,1]", "(1,2]", "(2,4]", "(4,1Ki]", "(1Ki,inf)" } },
		{ log2, BOUNDS_LOG2, { "[0,2)", "[2,4)", "[4,8)", "[8,1Ki)", "[1Ki,inf)" } },
	};
	char text[HISTO_RANGE_ROOM];

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct family family = {
			.base = "", .bounds = cases[i].bounds, .nbounds = 4, .shape = cases[i].shape
		};

		for (uint32_t b = 0; b < 5; b++) {
			histo_range(text, &family, b);
			assert_string_equal(text, cases[i].want[b]);
		}
	}
}

/* BOMBUS_UNIT on a map without a typed member is a unit all the same. */
static void test_histo_units(void **state)
{
	static const uint64_t bounds[] = { 1000, 5000, 30000000 };
	struct family family = { .base = "",
				 .bounds = bounds,
				 .nbounds = 3,
				 .shape = BOUNDS_EXP2,
				 .cell_unit = "us",
				 .meaning = MEAN_DURATION_US };
	char text[HISTO_RANGE_ROOM];

	histo_range(text, &family, 1);
	assert_string_equal(text, "(1ms,5ms]");
	text[histo_number(text, &family, 29831)] = '\0';
	assert_string_equal(text, "29.8ms");
	family.meaning = MEAN_SIZE_BYTES;
	histo_range(text, &family, 3);
	assert_string_equal(text, "(28.6MiB,inf)");
}

static void test_histo_view(void **state)
{
	struct model_histogram h;
	struct tui t;

	tui_init(&t, true);
	tui_go(&t, "lat");
	assert_false(model_histogram(t.model, &h));
	for (uint64_t us = 0; us < 100; us++)
		observe(&t.f, "vda", us * 10);
	observe(&t.f, "sda", 5000);
	tui_sweep(&t);
	assert_page(&t, 40, 5,
		    "  DISK      ▼ COUNT\n"
		    "> vda           100\n"
		    "  sda             1\n");
	assert_true(model_histogram(t.model, &h));
	assert_string_equal(h.title, "lat");
	assert_string_equal(h.summary, "n=100  ≈p50 497us  ≈p90 899us  ≈p99 990us");
	assert_int_equal(h.nlines, 3);
	assert_string_equal(h.lines[0].range, "[0,1us]");
	assert_string_equal(h.lines[0].count, "1");
	assert_string_equal(h.lines[0].cumulative, "1.0%");
	assert_string_equal(h.lines[1].range, "(1us,5us]"); /* empty, but between others */
	assert_string_equal(h.lines[2].range, "(5us,1ms]");
	assert_string_equal(h.lines[2].note, "p50 p90 p99");
	assert_true(h.lines[2].part == 1);
	assert_true(model_do(t.model, OP_DOWN));
	assert_true(model_histogram(t.model, &h));
	assert_string_equal(h.summary, "n=1  ≈p50 >1ms  ≈p90 >1ms  ≈p99 >1ms");
	assert_int_equal(h.nlines, 1);
	assert_string_equal(h.lines[0].range, "(1ms,inf)");
	tui_release(&t);
}

static void test_histo_heatmap(void **state)
{
	struct model_heatmap heat;
	struct tui t;

	tui_init(&t, false);
	tui_go(&t, "lat");
	assert_true(model_can_view(t.model, VIEW_HEATMAP));
	observe(&t.f, "vda", 3);
	tui_sweep(&t);
	for (uint32_t i = 0; i < 4; i++) {
		for (uint32_t k = 0; k < 1u << (2 * i); k++)
			observe(&t.f, "vda", i == 2 ? 3 : 700);
		tui_sweep(&t);
	}
	assert_true(model_do(t.model, OP_VIEW));
	assert_true(model_heatmap(t.model, 5, &heat));
	assert_int_equal(heat.nrows, 2);
	assert_int_equal(heat.ncolumns, 5);
	assert_string_equal(heat.ranges[0], "(5us,1ms]");
	assert_string_equal(heat.ranges[1], "(1us,5us]");
	assert_memory_equal(heat.heat, ((uint8_t[]){ 0, 1, 3, 0, 8, 0, 0, 0, 6, 0 }), 10);
	for (uint32_t i = 0; i < 200; i++)
		tui_sweep(&t);
	assert_true(model_heatmap(t.model, 500, &heat));
	assert_int_equal(heat.nrows, 0);
	assert_int_equal(heat.ncolumns, HEAT_SAMPLES);
	tui_release(&t);
}

/* Histories are bounded: which has none gets one when it is looked at, and loses it again. */
static void observe_many(struct tui *t)
{
	char name[9];

	for (uint32_t i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "d%u", i);
		observe(&t->f, name, 3);
	}
	tui_sweep(t);
}

static void assert_heat_rows(struct tui *t, uint32_t want)
{
	struct model_heatmap heat;

	assert_true(model_heatmap(t->model, 5, &heat));
	assert_int_equal(heat.nrows, want);
}

static void test_histo_heat_bounded(void **state)
{
	struct model_why why;
	struct tui t;

	tui_init(&t, false);
	tui_go(&t, "lat");
	observe_many(&t);
	observe_many(&t);
	assert_heat_rows(&t, 1);
	assert_int_equal(model_filter(t.model, "disk in (d2998, d2999)", &why), 0);
	assert_heat_rows(&t, 0); /* it starts now */
	observe_many(&t);
	assert_heat_rows(&t, 1);
	assert_true(model_do(t.model, OP_DOWN));
	assert_heat_rows(&t, 0);
	assert_true(model_do(t.model, OP_UP));
	assert_heat_rows(&t, 0);
	assert_int_equal(model_filter(t.model, "disk == d1", &why), 0);
	assert_heat_rows(&t, 1);
	tui_release(&t);
}

static void test_histo_views(void **state)
{
	struct model_tab tab;
	struct tui t;

	tui_init(&t, false);
	tui_go(&t, "lat");
	model_tab(t.model, model_current(t.model), &tab);
	assert_int_equal(tab.view, VIEW_HISTOGRAM);
	model_do(t.model, OP_VIEW);
	model_tab(t.model, model_current(t.model), &tab);
	assert_int_equal(tab.view, VIEW_HEATMAP);
	model_do(t.model, OP_VIEW);
	assert_page(&t, 100, 1,
		    "  DISK      v COUNT       /s      AVG     ~P50     ~P90     ~P99  TREND 20s\n"
		    "(no rows yet)\n");
	tui_go(&t, "conns");
	assert_false(model_do(t.model, OP_VIEW)); /* only what fits is offered */
	assert_false(model_can_view(t.model, VIEW_HISTOGRAM));
	tui_release(&t);
}

static void test_histo_blocks(void **state)
{
	const float samples[] = { 0, 1, 50, 100 };
	char text[BLOCKS_ROOM(10)];
	uint32_t cells;

	blocks_spark(text, samples, 4, true);
	assert_string_equal(text, "▁▂▅█");
	blocks_spark(text, samples, 4, false);
	assert_string_equal(text, "_.=#");
	blocks_bar(text, 0.55, 10, true, &cells);
	assert_string_equal(text, "█████▌");
	assert_int_equal(cells, 6);
	blocks_bar(text, 0.0001, 10, true, &cells);
	assert_string_equal(text, "▏");
	blocks_bar(text, 2, 10, false, &cells);
	assert_string_equal(text, "##########");
	blocks_bar(text, 0, 10, true, &cells);
	assert_int_equal(cells, 0);
	blocks_bar(text, 1, 0, true, &cells);
	assert_int_equal(cells, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_histo_quantiles), cmocka_unit_test(test_histo_ranges),
		cmocka_unit_test(test_histo_units),	cmocka_unit_test(test_histo_view),
		cmocka_unit_test(test_histo_heatmap),	cmocka_unit_test(test_histo_heat_bounded),
		cmocka_unit_test(test_histo_views),	cmocka_unit_test(test_histo_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

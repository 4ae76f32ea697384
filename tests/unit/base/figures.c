// SPDX-License-Identifier: Apache-2.0
/* The registry of the figures that this process has about itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/figures.h"
#include "base/process.h"
#include "base/strbuf.h"
#include "base/util.h"

struct shop {
	const char *name;
	uint64_t sold, ns;
	bool open;
};

static bool get_sold(const void *of, struct figure_value *ret)
{
	return figure_count(ret, ((const struct shop *)of)->sold);
}

static bool get_time(const void *of, struct figure_value *ret)
{
	const struct shop *shop = of;

	return shop->open && figure_scaled(ret, shop->ns, 1e-9);
}

static void each_shop(void *ctx, const struct own_figure *figure, struct figure_visit *visit)
{
	const struct figure_label label = { "shop", ((struct shop *)ctx)->name };

	visit->visit(visit, ctx, &label, 1);
}

static const struct own_figure shop_rows[] = {
	{ "sold_total", "Sold.", "", FIGURE_COUNTER, get_sold },
	{ "open_seconds", "Open.", "seconds", FIGURE_GAUGE, get_time },
};
static const struct figure_table shops = { shop_rows, ARRAY_LEN(shop_rows), FIGURES_SCRAPES,
					   each_shop };
static const struct own_figure plain_rows[] = { { "plain", "", "", FIGURE_GAUGE, get_sold } };
static const struct figure_table plain = { plain_rows, 1, FIGURES_MAPS, NULL };

static void put(void *arg, const struct own_figure *figure, const struct figure_label *labels,
		size_t nlabels, const struct figure_value *value)
{
	strbuf_addf(arg, " %s{%s%s%s}=%g", figure->name, nlabels ? labels[0].name : "",
		    nlabels ? ":" : "", nlabels ? labels[0].text : "",
		    value->is_number ? value->number : (double)value->count * value->scale);
}

static void assert_figures(struct figures *figures, const char *want)
{
	struct strbuf sb = STRBUF_INIT(4096);

	for (size_t i = 0; figures_walk(figures, i, put, &sb); i++)
		strbuf_adds(&sb, ";");
	assert_string_equal(strbuf_str(&sb), want);
	strbuf_release(&sb);
}

/* Values of one figure stand together, whatever the order in which objects came. */
static void test_figures_stand_together(void **state)
{
	struct shop a = { "a", 3, 1500000000, true }, b = { "b", 4, 0, false },
		    c = { "c", 5, 0, 0 };
	struct figures *figures = figures_new();

	assert_figures(figures, "");
	figures_add(figures, &shops, &a);
	figures_add(figures, &plain, &c);
	figures_add(figures, &shops, &b);
	assert_figures(figures, " plain{}=5; sold_total{shop:a}=3 sold_total{shop:b}=4;"
				" open_seconds{shop:a}=1.5;");
	figures_remove(figures, &a);
	/* One that has no such figure leaves the figure without a value. */
	assert_figures(figures, " plain{}=5; sold_total{shop:b}=4;;");
	figures_remove(figures, &c);
	figures_remove(figures, &b);
	assert_figures(figures, "");
	figures_free(figures);
}

static void test_no_registry_is_no_error(void **state)
{
	struct shop a = { "a" };

	figures_add(NULL, &shops, &a);
	figures_remove(NULL, &a);
	assert_false(figures_walk(NULL, 0, put, NULL));
	figures_free(NULL);
}

static void test_the_process_and_the_build_have_figures(void **state)
{
	struct figures *figures = figures_new();
	struct strbuf sb = STRBUF_INIT(4096);

	figures_add(figures, &process_figures, NULL);
	figures_add(figures, &build_figures, NULL);
	for (size_t i = 0; figures_walk(figures, i, put, &sb); i++)
		;
	assert_true(
		has_prefix(strbuf_str(&sb), " bombus_build_info{version:" BOMBUS_VERSION "}=1"));
	assert_non_null(strstr(strbuf_str(&sb), " process_cpu_seconds_total{}="));
	assert_non_null(strstr(strbuf_str(&sb), " process_threads{}=1"));
	strbuf_release(&sb);
	figures_free(figures);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_figures_stand_together),
		cmocka_unit_test(test_no_registry_is_no_error),
		cmocka_unit_test(test_the_process_and_the_build_have_figures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

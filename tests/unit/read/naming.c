// SPDX-License-Identifier: Apache-2.0
/* What metrics are called outside: by Prometheus, OTLP, dashboards, and as BumbleBee does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/util.h"
#include "runner/read/series/naming.h"
#include "tests/support/read_fixture.h"

/* The first family of a map with one number in it. */
static struct metric_plan compile_one(struct arena *arena, const char *symbol, const char *name,
				      uint8_t role, const char *member, const char *unit)
{
	struct field *field = arena_array(arena, struct field, 2);
	struct map_plan *map = arena_array(arena, struct map_plan, 1);
	struct metric_plan plan = { 0 };
	struct err err = { 0 };

	for (int i = 0; i < 2; i++)
		field[i] = (struct field){ .name = i ? "other" : member,
					   .path = i ? "other" : member,
					   .label = i ? "other" : member,
					   .off_bits = (uint32_t)i * 64,
					   .size_bits = 64,
					   .count = 1,
					   .kind = KIND_UINT,
					   .unit = i ? NULL : unit };
	*map = (struct map_plan){ .symbol = symbol,
				  .name = name,
				  .role = role,
				  .source = SOURCE_HASH,
				  .has_value = true,
				  .value = { .fields = field, .nfields = 2, .size_bytes = 16 },
				  .lost_map = -1,
				  .unread_map = -1 };
	if (metric_compile(&plan, map, NULL, &err) < 0)
		fail_msg("%s", err.msg);
	return plan;
}

static void test_a_unit_in_the_name_is_not_repeated(void **state)
{
	static const struct {
		const char *map, *member, *unit, *wanted, *otlp;
		uint8_t role;
	} cases[] = {
		{ "http_stats", "bytes_sent", "bytes", "ebpf_http_stats_bytes_sent_total",
		  "ebpf.http_stats_bytes_sent", ROLE_COUNTER },
		{ "http_stats", "bytes_sent", "kbytes", "ebpf_http_stats_bytes_sent_total",
		  "ebpf.http_stats_bytes_sent", ROLE_COUNTER },
		{ "net", "rx_bytes", "bytes", "ebpf_net_rx_bytes_total", "ebpf.net_rx",
		  ROLE_COUNTER },
		{ "bytes", "sent", "bytes", "ebpf_bytes_sent_total", "ebpf.bytes_sent",
		  ROLE_COUNTER },
		{ "packets", "dropped", "packets", "ebpf_packets_dropped", "ebpf.packets_dropped",
		  ROLE_GAUGE },
		{ "run", "lat_ns", "ns", "ebpf_run_lat_seconds", "ebpf.run_lat", ROLE_GAUGE },
		{ "run", "ns_max", "ns", "ebpf_run_max_seconds", "ebpf.run_max", ROLE_GAUGE },
		{ "run", "us_ns_total", "us", "ebpf_run_ns_seconds_total", "ebpf.run_ns",
		  ROLE_COUNTER },
		{ "run", "min", "us", "ebpf_run_min_seconds", "ebpf.run_min", ROLE_GAUGE },
		{ "run", "min_lag", "min", "ebpf_run_min_lag_seconds", "ebpf.run_min_lag",
		  ROLE_GAUGE },
		{ "kilobytes", "sent", "bytes", "ebpf_kilobytes_sent_bytes", "ebpf.kilobytes_sent",
		  ROLE_GAUGE },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct arena arena = { 0 };
		struct metric_plan plan =
			compile_one(&arena, cases[i].map, cases[i].map, cases[i].role,
				    cases[i].member, cases[i].unit);
		_cleanup_free_ char *name =
			naming_prometheus(&naming_usual, &plan, &plan.families[0]);
		_cleanup_free_ char *otlp = naming_otlp(&naming_usual, &plan, &plan.families[0]);

		assert_string_equal(name, cases[i].wanted);
		assert_string_equal(otlp, cases[i].otlp);
		metric_release(&plan);
		arena_release(&arena);
	}
}

static void test_bee_names_keep_the_maps_symbol(void **state)
{
	struct arena arena = { 0 };
	struct metric_plan plan =
		compile_one(&arena, "counter_events", "events", ROLE_COUNTER, "seen", "us");
	struct naming naming;
	_cleanup_free_ char *name = NULL, *help = NULL, *ours = NULL;

	assert_int_equal(naming_init(&naming, NULL, "bee", NULL), 0);
	name = naming_prometheus(&naming, &plan, &plan.families[0]);
	help = naming_help(&naming, &plan, &plan.families[0]);
	assert_string_equal(name, "ebpf_solo_io_counter_events_seen");
	assert_string_equal(help, "");
	assert_true(naming_scale(&naming, &plan.families[0]) == 1);
	assert_false(naming_has_total(&naming));
	assert_int_equal(naming_init(&naming, "our", NULL, NULL), 0);
	ours = naming_prometheus(&naming, &plan, &plan.families[0]);
	assert_string_equal(ours, "our_events_seen_seconds_total");
	assert_true(naming_scale(&naming, &plan.families[0]) == 1e-6);
	assert_true(naming_has_total(&naming));
	metric_release(&plan);
	arena_release(&arena);
}

static void test_a_namespace_begins_a_name(void **state)
{
	static const char *const good[] = { "ebpf", "a", "_", "gespann_2" };
	static const char *const bad[] = { "", "2a", "a-b", "a b", "a\n", "bombus", "process" };
	struct naming naming;

	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_int_equal(naming_init(&naming, good[i], NULL, NULL), 0);
		assert_string_equal(naming.name_space, good[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct err err = { 0 };

		assert_true(naming_init(&naming, bad[i], NULL, &err) < 0);
		assert_int_equal(err.exit, EXIT_USAGE);
	}
}

static void test_units_in_the_words_of_others(void **state)
{
	static const struct {
		const char *base, *ucum, *panel, *rate;
	} cases[] = {
		{ "seconds", "s", "s", "percentunit" },
		{ "bytes", "By", "bytes", "Bps" },
		{ "ratio", "1", "percentunit", "percentunit" },
		{ "packets", "{packets}", "short", "cps" },
		{ "", "", "short", "cps" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct family family = { .unit = cases[i].base, .type = METRIC_GAUGE };
		_cleanup_free_ char *ucum = naming_ucum(&family);

		assert_string_equal(ucum, cases[i].ucum);
		assert_string_equal(naming_panel_unit(cases[i].base, false), cases[i].panel);
		assert_string_equal(naming_panel_unit(cases[i].base, true), cases[i].rate);
	}
}

static void test_labels_of_others_make_room(void **state)
{
	assert_string_equal(naming_scraped("job"), "exported_job");
	assert_string_equal(naming_scraped("instance"), "exported_instance");
	assert_string_equal(naming_scraped("comm"), "comm");
	assert_string_equal(naming_beside_program("program"), "exported_program");
	assert_string_equal(naming_beside_program("comm"), "comm");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_unit_in_the_name_is_not_repeated),
		cmocka_unit_test(test_bee_names_keep_the_maps_symbol),
		cmocka_unit_test(test_a_namespace_begins_a_name),
		cmocka_unit_test(test_units_in_the_words_of_others),
		cmocka_unit_test(test_labels_of_others_make_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

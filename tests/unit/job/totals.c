// SPDX-License-Identifier: Apache-2.0
/* The totals of a program's maps, for the closing line. */
#include "tests/support/unit.h"

#include "runner/job/totals.h"
#include "tests/support/fake_source.h"
#include "tests/support/read_fixture.h"

enum { MAP_EVENTS, MAP_CALLS, MAP_HIDDEN, NMAPS };

static struct field number = SCALAR("value", uint64_t, KIND_UINT);

struct fixture {
	struct map_plan maps[NMAPS];
	struct plan plan;
	struct metric_plan metric;
	struct fake_source fake;
	struct wallclock *clock;
};

static void init(struct fixture *f)
{
	const struct series_opts opts = { .max_series = 2 };
	struct map_plan *calls = &f->maps[MAP_CALLS];

	*f = (struct fixture){ 0 };
	f->maps[MAP_EVENTS] =
		(struct map_plan){ .name = "events", .role = ROLE_EVENTS, .source = SOURCE_RING };
	*calls = (struct map_plan){
		.name = "calls",
		.symbol = "calls",
		.role = ROLE_COUNTER,
		.source = SOURCE_HASH,
		.has_key = true,
		.has_value = true,
		.key_bytes = 8,
		.value_bytes = 8,
		.key = { .fields = &number, .nfields = 1, .size_bytes = 8, .is_scalar = true },
		.value = { .fields = &number, .nfields = 1, .size_bytes = 8, .is_scalar = true },
	};
	f->maps[MAP_HIDDEN] =
		(struct map_plan){ .name = "hidden", .role = ROLE_INTERNAL, .source = SOURCE_RING };
	for (uint32_t i = 0; i < NMAPS; i++)
		f->maps[i].index = i;
	f->plan = (struct plan){ .maps = f->maps, .nmaps = NMAPS };
	f->metric = compile(calls, NULL);
	f->clock = wallclock_new();
	fake_source_init(&f->fake, "fixture", &f->plan, f->clock);
	f->fake.series[MAP_CALLS] = series_new(&f->metric, &opts);
}

static void release(struct fixture *f)
{
	series_free(f->fake.series[MAP_CALLS]);
	fake_source_release(&f->fake);
	metric_release(&f->metric);
	wallclock_free(f->clock);
}

static void test_totals_are_of_the_maps_that_are_shown(void **state)
{
	struct job_totals t;
	struct fixture f;

	init(&f);
	f.fake.stats[MAP_EVENTS] = (struct map_stats){ .read = 10,
						       .filtered = 3,
						       .malformed = 1,
						       .lost = 2,
						       .lost_known = true,
						       .dropped = 4 };
	/* Entries of a sweep are no events, and filtered at each sweep anew. */
	f.fake.stats[MAP_CALLS] = (struct map_stats){
		.read = 100, .filtered = 50, .malformed = 5, .lost = 7, .lost_known = true
	};
	f.fake.stats[MAP_HIDDEN] = (struct map_stats){ .read = 1000, .lost = 1000 };
	t = job_totals(&f.fake.source);
	assert_true(t.any_events && t.any_series && t.any_known);
	assert_false(t.any_unknown);
	assert_int_equal(t.events, 9);
	assert_int_equal(t.filtered, 3);
	assert_int_equal(t.malformed, 6);
	assert_int_equal(t.lost, 9);
	assert_int_equal(t.dropped, 4);
	assert_int_equal(t.series, 0);
	release(&f);
}

static void test_one_map_that_cannot_tell_makes_the_loss_unknown(void **state)
{
	struct job_totals t;
	struct fixture f;

	init(&f);
	f.fake.stats[MAP_EVENTS].lost_known = false;
	assert_true(job_totals(&f.fake.source).any_unknown);
	f.fake.stats[MAP_EVENTS].lost_known = true;
	assert_false(job_totals(&f.fake.source).any_unknown);
	/* An LRU map forgets entries and says so only where it can. */
	f.maps[MAP_CALLS].type = BPF_MAP_TYPE_LRU_HASH;
	t = job_totals(&f.fake.source);
	assert_true(t.any_known && t.any_unknown);
	release(&f);
}

static void test_series_beyond_the_limit_are_counted(void **state)
{
	struct job_totals t;
	struct fixture f;

	init(&f);
	series_sweep_begin(f.fake.series[MAP_CALLS], 1);
	for (uint64_t key = 0; key < 5; key++)
		series_sweep_put(f.fake.series[MAP_CALLS], &key, &(union cell){ .u = 1 });
	series_sweep_end(f.fake.series[MAP_CALLS]);
	t = job_totals(&f.fake.source);
	assert_int_equal(t.series, 2);
	assert_int_equal(t.over_entries, 3);
	assert_int_equal(t.over_events, 0);
	release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_totals_are_of_the_maps_that_are_shown),
		cmocka_unit_test(test_one_map_that_cannot_tell_makes_the_loss_unknown),
		cmocka_unit_test(test_series_beyond_the_limit_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

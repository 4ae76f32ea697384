// SPDX-License-Identifier: Apache-2.0
/* Which records and metrics a configuration chooses of a program's maps. */
#include "tests/support/unit.h"

#include <errno.h>

#include "runner/job/select.h"
#include "tests/support/read_fixture.h"

struct event {
	uint32_t pid;
	uint64_t us;
};
struct key {
	uint32_t pid, cpu;
};

static struct field event_fields[] = { FIELD(struct event, pid, KIND_UINT),
				       FIELD(struct event, us, KIND_UINT) };
static struct field key_fields[] = { FIELD(struct key, pid, KIND_UINT),
				     FIELD(struct key, cpu, KIND_UINT) };
static struct field count_field = SCALAR("value", uint64_t, KIND_UINT);

enum { MAP_EVENTS, MAP_CALLS, MAP_HIDDEN, NMAPS };

struct fixture {
	struct map_plan maps[NMAPS];
	struct plan plan;
	struct selection selection;
	struct err err;
};

static void init(struct fixture *f)
{
	*f = (struct fixture){ 0 };
	f->maps[MAP_EVENTS] = (struct map_plan){ .name = "events",
						 .symbol = "events__ring",
						 .role = ROLE_EVENTS,
						 .source = SOURCE_RING,
						 .has_value = true,
						 .value = LAYOUT(struct event, event_fields) };
	f->maps[MAP_CALLS] = (struct map_plan){
		.name = "calls",
		.symbol = "calls",
		.role = ROLE_COUNTER,
		.source = SOURCE_HASH,
		.has_key = true,
		.has_value = true,
		.key_bytes = sizeof(struct key),
		.value_bytes = sizeof(uint64_t),
		.key = LAYOUT(struct key, key_fields),
		.value = { .fields = &count_field,
			   .nfields = 1,
			   .size_bytes = 8,
			   .is_scalar = true },
	};
	f->maps[MAP_HIDDEN] = f->maps[MAP_EVENTS];
	f->maps[MAP_HIDDEN].name = f->maps[MAP_HIDDEN].symbol = "hidden";
	f->maps[MAP_HIDDEN].role = ROLE_INTERNAL;
	for (uint32_t i = 0; i < NMAPS; i++)
		f->maps[i].index = i;
	f->plan = (struct plan){ .maps = f->maps, .nmaps = NMAPS };
}

/* 0 or -EINVAL with f->err. The selection before is released. */
static int choose(struct fixture *f, const struct select_opts *opts)
{
	selection_release(&f->plan, &f->selection);
	f->err = (struct err){ 0 };
	return select_maps(&f->plan, opts, &f->selection, &f->err);
}

static bool passes(struct fixture *f, uint32_t map, const void *key, const void *value)
{
	struct record record = record_of(&f->maps[map], key, value);

	return filter_match(f->selection.filters[map], &record);
}

static int filter(struct fixture *f, const char *map, const char *field, const char *text)
{
	const struct select_filter filters[] = { { map, field, text } };

	return choose(f, &(struct select_opts){ .filters = filters, .nfilters = 1 });
}

static void assert_refused(const struct fixture *f, int code, const char *message, const char *hint)
{
	assert_int_equal(code, -EINVAL);
	assert_int_equal(f->err.exit, EXIT_USAGE);
	assert_string_equal(f->err.msg, message);
	assert_string_equal(f->err.hint, hint);
}

static void test_an_expression_is_for_all_maps_that_it_fits(void **state)
{
	const struct event few = { 7, 10 }, many = { 7, 2000 }, other = { 8, 10 };
	const struct key seven = { 7, 0 }, eight = { 8, 0 };
	const uint64_t one = 1;
	struct fixture f;

	init(&f);
	assert_int_equal(filter(&f, NULL, NULL, "pid == 7"), 0);
	assert_true(passes(&f, MAP_EVENTS, NULL, &few));
	assert_false(passes(&f, MAP_EVENTS, NULL, &other));
	assert_true(passes(&f, MAP_CALLS, &seven, &one));
	assert_false(passes(&f, MAP_CALLS, &eight, &one));
	/* A field of one map alone. */
	assert_int_equal(filter(&f, NULL, NULL, "us > 1000"), 0);
	assert_false(passes(&f, MAP_EVENTS, NULL, &few));
	assert_true(passes(&f, MAP_EVENTS, NULL, &many));
	assert_null(f.selection.filters[MAP_CALLS]);
	/* By symbol; filters of one map add up. */
	const struct select_filter both[] = { { "events__ring", NULL, "us > 1000" },
					      { "events", "pid", "^8$" } };
	assert_int_equal(choose(&f, &(struct select_opts){ .filters = both, .nfilters = 2 }), 0);
	assert_false(passes(&f, MAP_EVENTS, NULL, &many));
	assert_false(passes(&f, MAP_EVENTS, NULL, &other));
	assert_true(passes(&f, MAP_EVENTS, NULL, &(struct event){ 8, 2000 }));
	selection_release(&f.plan, &f.selection);
}

static void test_a_filter_that_is_for_nothing_is_refused(void **state)
{
	struct fixture f;

	init(&f);
	assert_refused(&f, filter(&f, "evens", NULL, "pid == 7"), "--where: no map 'evens'",
		       "did you mean 'events'?");
	assert_refused(&f, filter(&f, "hidden", NULL, "pid == 7"),
		       "--where: map 'hidden' is internal to the program",
		       "--all-maps or --map hidden=ROLE shows it");
	assert_refused(&f, filter(&f, "hidden", "pid", "7"),
		       "-f: map 'hidden' is internal to the program",
		       "--all-maps or --map hidden=ROLE shows it");
	assert_refused(&f, filter(&f, NULL, NULL, "uss > 1"), "no field 'uss'",
		       "did you mean 'us'?");
	assert_non_null(strstr(f.err.detail, "uss > 1"));
	f.maps[MAP_EVENTS].role = f.maps[MAP_CALLS].role = ROLE_INTERNAL;
	assert_refused(&f, filter(&f, NULL, NULL, "pid == 7"), "--where: no map is shown", "");
	selection_release(&f.plan, &f.selection);
}

static void test_labels_are_chosen_and_dropped(void **state)
{
	static const char *const pid[] = { "pid" };
	const struct select_fields only = { "calls", pid, 1 }, none = { "events", pid, 1 };
	struct fixture f;

	init(&f);
	assert_int_equal(choose(&f, &(struct select_opts){ 0 }), 0);
	assert_null(f.selection.metrics[MAP_EVENTS]);
	assert_null(f.selection.metrics[MAP_HIDDEN]);
	assert_labels(f.selection.metrics[MAP_CALLS], "pid cpu");
	assert_int_equal(choose(&f, &(struct select_opts){ .labels = &only, .nlabels = 1 }), 0);
	assert_labels(f.selection.metrics[MAP_CALLS], "pid");
	assert_int_equal(
		choose(&f, &(struct select_opts){ .drop_labels = &only, .ndrop_labels = 1 }), 0);
	assert_labels(f.selection.metrics[MAP_CALLS], "cpu");
	assert_refused(&f, choose(&f, &(struct select_opts){ .labels = &none, .nlabels = 1 }),
		       "--labels: map 'events' is shown as events, not as a counter",
		       "--map events=counter shows it as one");
	selection_release(&f.plan, &f.selection);
}

static void test_bounds_are_for_histograms(void **state)
{
	const struct select_buckets buckets = { "events", "1,2,3", NULL };
	const struct select_observed observed = { "events", "us" };
	const struct select_opts opts = {
		.buckets = &buckets, .nbuckets = 1, .observed = &observed, .nobserved = 1
	};
	const struct metric_plan *metric;
	struct fixture f;

	init(&f);
	assert_refused(&f, choose(&f, &opts),
		       "--hist-value-key: map 'events' is shown as events, not as a histogram",
		       "--map events=histogram shows it as one");
	f.maps[MAP_EVENTS].role = ROLE_HISTOGRAM;
	assert_int_equal(choose(&f, &opts), 0);
	metric = f.selection.metrics[MAP_EVENTS];
	assert_int_equal(metric->nfamilies, 1);
	assert_int_equal(metric->families[0].nbounds, 3);
	assert_true(metric->families[0].bounds[2] == 3);
	assert_labels(metric, "pid");
	selection_release(&f.plan, &f.selection);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_expression_is_for_all_maps_that_it_fits),
		cmocka_unit_test(test_a_filter_that_is_for_nothing_is_refused),
		cmocka_unit_test(test_labels_are_chosen_and_dropped),
		cmocka_unit_test(test_bounds_are_for_histograms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

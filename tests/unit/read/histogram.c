// SPDX-License-Identifier: Apache-2.0
/* The three layouts of histograms: which cell a count goes to, and under which bound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>

#include "tests/support/read_fixture.h"

struct bucket_key {
	uint32_t disk;
	uint32_t bucket;
};

static struct field bucket_fields[] = {
	FIELD(struct bucket_key, disk, KIND_UINT, .meaning = MEAN_DEV),
	FIELD(struct bucket_key, bucket, KIND_UINT),
};

static struct map_plan bucket_map(const char *buckets)
{
	struct map_plan map = scalar_map(SOURCE_HASH, ROLE_HISTOGRAM, 1000);

	map.name = "latency";
	map.unit = "us";
	map.buckets = buckets;
	map.key_bytes = sizeof(struct bucket_key);
	map.key = (struct layout)LAYOUT(struct bucket_key, bucket_fields);
	return map;
}

static void put_bucket(const struct metric_plan *plan, uint32_t bucket, uint64_t n,
		       union cell *cells)
{
	struct bucket_key key = { 1, bucket };
	struct record record = record_of(plan->map, &key, &n);

	metric_cells(plan, &record, 1, cells);
}

static void test_histogram_bucket_in_key(void **state)
{
	struct map_plan map = bucket_map(NULL);
	struct metric_plan plan = compile(&map, NULL);
	const struct family *family = &plan.families[0];
	union cell cells[67] = { 0 };

	assert_labels(&plan, "disk");
	assert_families(&plan, "latency_seconds");
	assert_int_equal(family->nbounds, 64);
	assert_int_equal(family->bounds[0], 1);
	assert_true(family->bounds[63] == 1ull << 63);
	assert_true(family->has_sum);
	assert_int_equal(plan.ncells, 67);
	for (uint32_t b = 0; b <= 64; b++)
		put_bucket(&plan, b, b + 1, cells);
	assert_false(family_knows_sum(family, cells)); /* until the program writes it */
	put_bucket(&plan, 65, 66, cells);
	assert_true(family_knows_sum(family, cells));
	for (uint32_t b = 0; b <= 64; b++)
		assert_int_equal(cells[b].u, b + 1);
	assert_int_equal(cells[65].u, 66); /* the sum */
	memset(cells, 0, sizeof(cells));
	put_bucket(&plan, 65, 0, cells);
	assert_true(family_knows_sum(family, cells)); /* also one of 0 */
	memset(cells, 0, sizeof(cells));
	put_bucket(&plan, 64, 65, cells);
	put_bucket(&plan, UINT32_MAX, 1, cells);
	assert_int_equal(cells[64].u, 66); /* nonsense is +Inf's */
	metric_release(&plan);
}

static void test_histogram_bucket_with_a_maximum(void **state)
{
	struct map_plan map = bucket_map("exp2 0 27");
	struct metric_plan plan = compile(&map, NULL);
	union cell cells[66] = { 0 };

	assert_int_equal(plan.families[0].nbounds, 27);
	put_bucket(&plan, 26, 1, cells);
	put_bucket(&plan, 27, 2, cells);
	put_bucket(&plan, 28, 3, cells);
	assert_int_equal(cells[26].u, 1);
	assert_int_equal(cells[27].u, 2); /* everything larger: +Inf */
	assert_int_equal(cells[28].u, 3); /* the sum */
	metric_release(&plan);

	map = bucket_map("linear 10 0 50");
	plan = compile(&map, NULL);
	assert_int_equal(plan.families[0].nbounds, 5);
	assert_int_equal(plan.families[0].bounds[4], 40);
	metric_release(&plan);
}

/* Counted by <bombus/histogram.bpf.h>: 0 to 64 and the sum, whatever is shown of it. */
static void test_histogram_of_which_a_part_is_shown(void **state)
{
	struct map_plan map = bucket_map("exp2 4 27");
	struct metric_plan plan;
	union cell cells[26] = { 0 };

	map.counted = "exp2";
	plan = compile(&map, NULL);
	assert_int_equal(plan.families[0].nbounds, 24);
	assert_int_equal(plan.families[0].bounds[0], 16);
	assert_int_equal(plan.families[0].bounds[23], 1 << 27);
	for (uint32_t b = 0; b <= 64; b++)
		put_bucket(&plan, b, 1, cells);
	put_bucket(&plan, 65, 1000, cells);
	assert_int_equal(cells[0].u, 5); /* up to 2^4 */
	for (uint32_t i = 1; i < 24; i++)
		assert_int_equal(cells[i].u, 1);
	assert_int_equal(cells[24].u, 64 - 27);
	assert_int_equal(cells[25].u, 1000);
	memset(cells, 0, sizeof(cells));
	assert_true(family_knows_sum(&plan.families[0], cells)); /* its header always keeps it */
	metric_release(&plan);
}

static void test_histogram_that_contradicts_how_it_is_counted(void **state)
{
	static const struct {
		const char *counted, *buckets;
		bool good;
	} cases[] = {
		{ "exp2", NULL, true },
		{ "exp2", "exp2", true },
		{ "exp2", "exp2 3 9", true },
		{ "exp2", "exp2/2", false },
		{ "exp2", "log2", false },
		{ "exp2", "1,2,4", false },
		{ "exp2/8", "exp2/8 1 3", true },
		{ "exp2/8", "exp2", false },
		{ "exp2/8", "exp2/4", false },
		{ "linear 10 0 100", "linear 10 0 100", true },
		{ "linear 10 0 100", "linear 10 0 90", false },
		{ "linear 10 0 100", "linear 5 0 100", false },
		{ "linear 10 0 100", "exp2", false },
		{ "5,50,500", NULL, true },
		{ "5,50,500", "5, 50, 500", true },
		{ "5,50,500", "5,50,501", false },
		{ "5,50,500", "5,50", false },
		{ "nonsense", NULL, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct map_plan map = bucket_map(cases[i].buckets);
		struct metric_plan plan;
		struct err err = { 0 };
		int code;

		map.counted = cases[i].counted;
		code = metric_compile(&plan, &map, NULL, &err);
		assert_int_equal(code, cases[i].good ? 0 : -EINVAL);
		if (cases[i].good)
			metric_release(&plan);
		else
			assert_non_null(strstr(err.msg, cases[i].counted));
	}
}

/* Another tool's numbering: buckets up to 27, and the sum behind them. */
static void test_histogram_as_the_command_line_says(void **state)
{
	const struct metric_opts opts = { .buckets = "exp2 0 27", .unit = "ns" };
	struct map_plan map = bucket_map(NULL);
	struct metric_plan plan = compile(&map, &opts);
	union cell cells[80] = { 0 };

	assert_families(&plan, "latency_seconds");
	assert_true(fabs(plan.families[0].scale - 1e-9) < 1e-15);
	assert_false(plan.is_guess);
	put_bucket(&plan, 4, 50, cells);
	put_bucket(&plan, 9, 8, cells);
	put_bucket(&plan, 28, 4500, cells);
	assert_int_equal(plan.families[0].nbounds, 27);
	assert_int_equal(cells[4].u, 50);
	assert_int_equal(cells[9].u, 8);
	assert_int_equal(cells[27].u, 0);
	assert_int_equal(cells[28].u, 4500); /* the sum */
	metric_release(&plan);
}

static void test_histogram_suspects_a_sum(void **state)
{
	static const struct {
		uint32_t buckets[4][2];
		uint32_t suspect;
	} cases[] = {
		{ { { 4, 50 }, { 9, 8 }, { 28, 4500 } }, 28 },
		{ { { 4, 50 }, { 9, 8 }, { 28, 45 } }, 0 },	/* too few to be the sum */
		{ { { 4, 50 }, { 9, 8 }, { 28, 100000 } }, 0 }, /* too many */
		{ { { 20, 7 }, { 21, 5000 } }, 0 },
		{ { { 3, 1 }, { 20, 7 } }, 0 },
		{ { { 28, 4500 } }, 0 },
	};
	struct map_plan map = bucket_map(NULL);
	struct metric_plan plan = compile(&map, NULL);

	assert_true(plan.is_guess);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		union cell cells[80] = { 0 };

		for (size_t k = 0; k < 4; k++)
			put_bucket(&plan, cases[i].buckets[k][0], cases[i].buckets[k][1], cells);
		assert_int_equal(histogram_suspect(&plan, cells), cases[i].suspect);
	}
	metric_release(&plan);
}

/* case: A4, counts by an array's index in another tool's numbering. */
static void test_histogram_by_index(void **state)
{
	static const struct {
		const char *buckets;
		uint32_t entries, nbounds, sum; /* the cell of the last entry, if it is the sum */
		bool has_sum;
	} cases[] = {
		{ "exp2 0 27", 29, 27, 28, true },   { "exp2 0 27", 28, 27, 0, false },
		{ "linear 10 0 50", 7, 5, 6, true }, { "1,5,10", 5, 3, 4, true },
		{ "1,5,10", 4, 3, 0, false },	     { "log2", 28, 27, 0, false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct metric_opts opts = { .buckets = cases[i].buckets };
		struct map_plan map = scalar_map(SOURCE_ARRAY, ROLE_HISTOGRAM, cases[i].entries);
		struct metric_plan plan = compile(&map, &opts);
		uint32_t index = cases[i].entries - 1;
		uint64_t n = 4500;
		struct record record = record_of(&map, &index, &n);
		union cell cells[80] = { 0 };

		assert_int_equal(plan.families[0].nbounds, cases[i].nbounds);
		assert_int_equal(plan.families[0].has_sum, cases[i].has_sum);
		metric_cells(&plan, &record, 1, cells);
		assert_int_equal(cells[cases[i].has_sum ? cases[i].sum : cases[i].nbounds].u, 4500);
		metric_release(&plan);
	}
}

/* case: A4, the same where nothing says how it is counted. */
static void test_histogram_by_index_suspects_a_sum(void **state)
{
	static const uint32_t buckets[][2] = { { 4, 50 }, { 9, 8 }, { 28, 4500 } };
	struct map_plan map = scalar_map(SOURCE_ARRAY, ROLE_HISTOGRAM, 29);
	struct metric_plan plan = compile(&map, NULL);
	union cell cells[80] = { 0 };

	assert_true(plan.is_guess);
	for (size_t i = 0; i < ARRAY_LEN(buckets); i++) {
		uint64_t n = buckets[i][1];
		struct record record = record_of(&map, &buckets[i][0], &n);

		metric_cells(&plan, &record, 1, cells);
	}
	assert_int_equal(histogram_suspect(&plan, cells), 28);
	metric_release(&plan);
}

static void test_histogram_refuses_buckets_of_the_command_line(void **state)
{
	static const struct {
		const char *counted, *buckets, *part;
	} cases[] = {
		{ "exp2", "linear 10 0 100", "counted in other buckets" },
		{ "exp2", "1,5,10", "counted in other buckets" },
		{ NULL, "exp2 5 2", "not understood" },
		{ NULL, "exp3", "not understood" },
	};
	struct map_plan map = bucket_map(NULL);
	struct metric_plan plan;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct metric_opts opts = { .buckets = cases[i].buckets };
		struct err err = { 0 };

		map.counted = cases[i].counted;
		assert_int_equal(metric_compile(&plan, &map, &opts, &err), -EINVAL);
		assert_int_equal(err.exit, EXIT_USAGE);
		if (!strstr(err.msg, cases[i].part))
			fail_msg("'%s' is not '%s'", err.msg, cases[i].part);
	}
}

struct middle_key {
	uint32_t disk, bucket, op;
};

static struct field middle_fields[] = {
	FIELD(struct middle_key, disk, KIND_UINT),
	FIELD(struct middle_key, bucket, KIND_UINT),
	FIELD(struct middle_key, op, KIND_UINT),
};

static void test_histogram_bucket_between_labels(void **state)
{
	struct map_plan map = bucket_map(NULL);
	struct middle_key key = { 1, 5, 2 };
	uint64_t n = 3;
	struct metric_plan plan;
	struct record record;
	union cell cells[80] = { 0 };

	map.key_bytes = sizeof(key);
	map.key = (struct layout)LAYOUT(struct middle_key, middle_fields);
	plan = compile(&map, NULL);
	record = record_of(&map, &key, &n);
	metric_cells(&plan, &record, 1, cells);
	assert_int_equal(plan.nlabels, 2);
	assert_int_equal(cells[5].u, 3);
	metric_release(&plan);
}

struct slots_value {
	char comm[16];
	uint32_t slots[27];
	uint64_t sum;
};

static struct field slots_fields[] = {
	FIELD(struct slots_value, comm, KIND_TEXT),
	LIST(struct slots_value, slots, KIND_UINT),
	FIELD(struct slots_value, sum, KIND_UINT),
};

static void test_histogram_slots_in_value(void **state)
{
	struct map_plan map = scalar_map(SOURCE_HASH, ROLE_HISTOGRAM, 10);
	struct slots_value value = { .comm = "x",
				     .slots = { 1, 2, [25] = 4, [26] = 3 },
				     .sum = 99 };
	struct metric_plan plan;
	union cell cells[29] = { 0 };
	uint32_t key = 0;
	struct record record;

	map.value = (struct layout)LAYOUT(struct slots_value, slots_fields);
	map.value_bytes = sizeof(value);
	plan = compile(&map, NULL);
	assert_labels(&plan, "key comm");
	assert_int_equal(plan.families[0].nbounds, 26);
	assert_int_equal(plan.families[0].bounds[0], 1); /* [1, 2) */
	assert_int_equal(plan.families[0].bounds[1], 3); /* [2, 4) */
	assert_int_equal(plan.families[0].bounds[25], (1 << 26) - 1);
	assert_int_equal(plan.ncells, 28);
	record = record_of(&map, &key, &value);
	metric_cells(&plan, &record, 1, cells);
	assert_int_equal(cells[0].u, 1);
	assert_int_equal(cells[1].u, 2);
	assert_int_equal(cells[25].u, 4);
	assert_int_equal(cells[26].u, 3);
	assert_int_equal(cells[27].u, 99);
	metric_release(&plan);
	/* Fewer bounds than slots: the rest is +Inf's. */
	map.buckets = "1,5";
	plan = compile(&map, NULL);
	memset(cells, 0, sizeof(cells));
	metric_cells(&plan, &record, 1, cells);
	assert_int_equal(cells[2].u, 7);
	assert_int_equal(cells[3].u, 99);
	metric_release(&plan);
}

struct event {
	uint64_t took_us;
	char comm[8];
	uint64_t sent;
	double load;
};

static struct field event_fields[] = {
	FIELD(struct event, took_us, KIND_UINT, .unit = "us", .tags = TAG_OBSERVE),
	FIELD(struct event, comm, KIND_TEXT),
	FIELD(struct event, sent, KIND_UINT, .tags = TAG_COUNTER, .unit = "bytes"),
	FIELD(struct event, load, KIND_FLOAT, .tags = TAG_GAUGE),
};

static const struct map_plan events_map = {
	.name = "events",
	.role = ROLE_HISTOGRAM,
	.source = SOURCE_RING,
	.has_value = true,
	.value = LAYOUT(struct event, event_fields),
};

/* As BumbleBee's examples have it: hist_nfs_op_time_us with a member `le`. */
static void test_a_member_le_is_observed(void **state)
{
	static const char *const every[] = { "op", "le" };
	struct op {
		uint64_t op, le;
	} op = { .op = 'r' };
	struct field fields[] = { FIELD(struct op, op, KIND_UINT),
				  FIELD(struct op, le, KIND_UINT) };
	struct map_plan map = { .symbol = "hist_op_time",
				.name = "op_time",
				.role = ROLE_HISTOGRAM,
				.source = SOURCE_RING,
				.has_value = true,
				.value = LAYOUT(struct op, fields),
				.lost_map = -1,
				.unread_map = -1 };
	static const uint64_t bounds[] = { 0, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000 };
	struct record record = record_of(&map, NULL, &op);
	union cell cells[16] = { 0 };
	struct metric_plan plan;

	fields[0].tags = TAG_LABEL;
	plan = compile(&map, NULL);
	assert_labels(&plan, "op");
	assert_int_equal(plan.families[0].nbounds, ARRAY_LEN(bounds));
	assert_memory_equal(plan.families[0].bounds, bounds, sizeof(bounds));
	for (op.le = 0; op.le <= 6000; op.le += 1000)
		metric_event(&plan, &record, cells);
	assert_int_equal(cells[0].u, 1); /* 0 */
	assert_int_equal(cells[7].u, 1); /* 1000 */
	assert_int_equal(cells[9].u, 3); /* 3000 .. 5000 */
	assert_int_equal(cells[10].u, 1);
	metric_release(&plan);
	/* --compat bee: every member is a label, but this one. */
	plan = compile(&map, &(struct metric_opts){ .labels = every, .nlabels = 2 });
	assert_labels(&plan, "op");
	metric_release(&plan);
	/* What is asked for wins. */
	plan = compile(&map, &(struct metric_opts){ .buckets = "1,5", .observe = "le" });
	assert_int_equal(plan.families[0].nbounds, 2);
	metric_release(&plan);
}

static void test_histogram_of_events(void **state)
{
	struct map_plan map = events_map;
	struct metric_plan plan;
	struct event e = { .comm = "x", .sent = 100 };
	struct record record = record_of(&map, NULL, &e);
	union cell cells[80] = { 0 };

	plan = compile(&map, &(struct metric_opts){ .buckets = "1,5,10" });
	assert_families(&plan, "events_seconds events_sent_bytes_total events_load");
	for (e.took_us = 0; e.took_us <= 11; e.took_us++)
		metric_event(&plan, &record, cells);
	assert_int_equal(cells[0].u, 2);  /* 0 1 */
	assert_int_equal(cells[1].u, 4);  /* 2 .. 5 */
	assert_int_equal(cells[2].u, 5);  /* 6 .. 10 */
	assert_int_equal(cells[3].u, 1);  /* 11 */
	assert_int_equal(cells[4].u, 66); /* the sum */
	assert_int_equal(cells[5].u, 1200);
	metric_release(&plan);
	plan = compile(&map, &(struct metric_opts){ .observe = "load" });
	memset(cells, 0, sizeof(cells));
	e.load = 2.5; /* above 2, so up to 4 */
	metric_event(&plan, &record, cells);
	assert_int_equal(cells[2].u, 1);
	e.load = 1e30;
	metric_event(&plan, &record, cells);
	assert_int_equal(cells[64].u, 1);
	e.load = -1;
	metric_event(&plan, &record, cells);
	e.load = NAN;
	metric_event(&plan, &record, cells);
	assert_int_equal(cells[0].u, 2);
	metric_release(&plan);
}

static void test_bucket_edges(void **state)
{
	struct map_plan map = bucket_map(NULL);
	struct metric_plan plan = compile(&map, NULL);
	const struct family *family = &plan.families[0];

	assert_int_equal(metric_bucket(family, 0), 0);
	assert_int_equal(metric_bucket(family, 1), 0);
	assert_int_equal(metric_bucket(family, UINT64_MAX), 64);
	for (uint32_t k = 1; k < 64; k++) {
		assert_int_equal(metric_bucket(family, 1ull << k), k);
		assert_int_equal(metric_bucket(family, (1ull << k) + 1), k + 1);
		assert_int_equal(metric_bucket(family, (1ull << k) - 1), k == 1 ? 0 : k);
	}
	metric_release(&plan);
}

static void test_buckets_wrong(void **state)
{
	static const char *const wrong[] = { "",
					     "exp3",
					     "exp2 5",
					     "exp2 5 5",
					     "exp2 0 65",
					     "keys",
					     "keys exp2 3 3",
					     "keys 5,4",
					     "keys 1 times 0",
					     "linear",
					     "linear 0 1 2",
					     "linear 1 5 5",
					     "linear 1 0 99999",
					     "5,4",
					     "1,1",
					     "1,x",
					     "log2 3" };
	struct metric_plan plan;
	struct err err = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct map_plan map = bucket_map(wrong[i]);

		assert_int_equal(metric_compile(&plan, &map, NULL, &err), -EINVAL);
		assert_non_null(strstr(err.msg, "latency"));
	}
}

struct exact_key {
	uint16_t dev;
	uint64_t last;
};

static struct field exact_fields[] = {
	FIELD(struct exact_key, dev, KIND_UINT),
	FIELD(struct exact_key, last, KIND_UINT),
};

/* Another tool's map: `count` entries of {key, n}, and the bounds, counts and sum of its series. */
static void exact(const char *words, const uint64_t (*entries)[2], size_t count,
		  const double *bounds, const uint64_t *counts, uint32_t nbounds, uint64_t sum)
{
	struct map_plan map = bucket_map(words);
	struct metric_plan plan;
	const struct family *family;
	union cell cells[32] = { 0 };

	map.name = map.symbol = "latency_us";
	map.name_space = "tool";
	map.key_bytes = sizeof(struct exact_key);
	map.key = (struct layout)LAYOUT(struct exact_key, exact_fields);
	plan = compile(&map, NULL);
	family = &plan.families[0];
	assert_labels(&plan, "dev");
	assert_families(&plan, "latency_us");
	assert_int_equal(family->nbounds, nbounds);
	for (size_t i = 0; i < count; i++) {
		struct exact_key key = { 1, entries[i][0] };
		struct record record = record_of(&map, &key, &entries[i][1]);

		metric_cells(&plan, &record, 1, cells);
	}
	for (uint32_t i = 0; i < nbounds; i++) {
		assert_true(family->bounds[i] * family->scale == bounds[i]);
		assert_int_equal(cells[i].u, counts[i]);
	}
	assert_int_equal(cells[nbounds].u, 0);
	assert_true(family_knows_sum(family, cells));
	assert_int_equal(cells[nbounds + 1].u, sum);
	metric_release(&plan);
}

static void test_histograms_of_another_tool(void **state)
{
	static const uint64_t exp2[][2] = { { 2, 3 }, { 5, 1 }, { 4, 2 }, { 6, 40 } };
	static const uint64_t zero[][2] = { { 0, 7 }, { 1, 5 }, { 3, 1 } };
	static const uint64_t linear[][2] = { { 1, 4 }, { 3, 2 }, { 4, 99 } };
	static const uint64_t fixed[][2] = { { 5, 1 }, { 100, 2 }, { 101, 33 } };

	exact("keys exp2 2 5 times 0.5", exp2, 4, (double[]){ 2, 4, 8, 16 },
	      (uint64_t[]){ 3, 0, 2, 1 }, 4, 40);
	exact("keys exp2zero 0 3", zero, 3, (double[]){ 0, 1, 2, 4 }, (uint64_t[]){ 7, 5, 0, 1 }, 4,
	      0);
	exact("keys exp2zero 1 3", zero + 1, 2, (double[]){ 1, 2, 4 }, (uint64_t[]){ 5, 0, 1 }, 3,
	      0);
	exact("keys linear 1 3 times 50", linear, 3, (double[]){ 50, 100, 150 },
	      (uint64_t[]){ 4, 0, 2 }, 3, 99);
	exact("keys 5,25,100 times 0.25", fixed, 3, (double[]){ 1.25, 6.25, 25 },
	      (uint64_t[]){ 1, 0, 2 }, 3, 33);
}

static void test_histogram_of_nothing(void **state)
{
	struct map_plan map = events_map;
	struct field fields[ARRAY_LEN(event_fields)];
	struct metric_plan plan;
	struct err err = { 0 };

	memcpy(fields, event_fields, sizeof(fields));
	fields[0].tags = 0;
	map.value.fields = fields;
	assert_int_equal(metric_compile(&plan, &map, NULL, &err), -EINVAL);
	assert_int_equal(err.exit, EXIT_USAGE);
	assert_non_null(strstr(err.hint, "--hist-value-key"));
	assert_int_equal(
		metric_compile(&plan, &map, &(struct metric_opts){ .observe = "comm" }, &err),
		-EINVAL);
	assert_int_equal(
		metric_compile(&plan, &map, &(struct metric_opts){ .observe = "took" }, &err),
		-EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_histogram_bucket_in_key),
		cmocka_unit_test(test_histogram_bucket_with_a_maximum),
		cmocka_unit_test(test_histogram_of_which_a_part_is_shown),
		cmocka_unit_test(test_histogram_that_contradicts_how_it_is_counted),
		cmocka_unit_test(test_histogram_as_the_command_line_says),
		cmocka_unit_test(test_histogram_suspects_a_sum),
		cmocka_unit_test(test_histogram_by_index),
		cmocka_unit_test(test_histogram_by_index_suspects_a_sum),
		cmocka_unit_test(test_histogram_refuses_buckets_of_the_command_line),
		cmocka_unit_test(test_histogram_bucket_between_labels),
		cmocka_unit_test(test_histogram_slots_in_value),
		cmocka_unit_test(test_a_member_le_is_observed),
		cmocka_unit_test(test_histogram_of_events),
		cmocka_unit_test(test_bucket_edges),
		cmocka_unit_test(test_buckets_wrong),
		cmocka_unit_test(test_histograms_of_another_tool),
		cmocka_unit_test(test_histogram_of_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

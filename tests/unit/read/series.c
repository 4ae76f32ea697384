// SPDX-License-Identifier: Apache-2.0
/* The series table: events, sweeps, limits, what comes and goes, and reading it in pieces. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "runner/read/series/series.h"
#include "tests/support/read_fixture.h"

#define SECOND 1000000000ull

/* A plan with a key of so many bytes and one u64 cell, which is all that the table looks at. */
struct small {
	struct family family;
	struct metric_plan plan;
};

static struct metric_plan *small_plan(struct small *small, uint8_t kind, uint8_t type,
				      uint32_t key_bytes)
{
	small->family = (struct family){ .type = type, .cell_type = CELL_U64 };
	small->plan = (struct metric_plan){ .kind = kind,
					    .families = &small->family,
					    .nfamilies = 1,
					    .ncells = 1,
					    .key_bytes = key_bytes };
	return &small->plan;
}

static struct series *new_series(struct small *small, uint8_t kind, uint8_t type,
				 uint32_t key_bytes, uint32_t max, uint64_t ttl_ns)
{
	return series_new(small_plan(small, kind, type, key_bytes),
			  &(struct series_opts){ .max_series = max, .ttl_ns = ttl_ns });
}

struct row {
	uint64_t value, id;
	uint8_t flags;
	bool found;
};

/* The row of a key by a read in pieces of 3, and how many rows there were. */
static struct row read_row(const struct series *s, const void *key, uint64_t since, bool changed,
			   uint32_t *ret_count)
{
	const struct metric_plan *plan = series_plan(s);
	struct series_rows rows;
	struct row row = { 0 };
	uint64_t cursor = 0;
	uint32_t count = 0;

	series_rows_init(&rows, plan, 3);
	while (series_read(s, &cursor, since, changed, &rows)) {
		for (uint32_t i = 0; i < rows.count; i++) {
			bool overflow = rows.flags[i] & SERIES_OVERFLOW;

			if (key ? overflow || memcmp(rows.keys + i * plan->key_bytes, key,
						     plan->key_bytes)
				: !overflow)
				continue;
			assert_false(row.found); /* none twice */
			row = (struct row){ rows.cells[i].u, rows.id[i], rows.flags[i], true };
		}
		count += rows.count;
	}
	series_rows_release(&rows);
	if (ret_count)
		*ret_count = count;
	return row;
}

static uint64_t value_of(const struct series *s, const void *key)
{
	struct row row = read_row(s, key, 0, false, NULL);

	return row.found ? row.value : UINT64_MAX;
}

/* Keys of every length: those that the code knows when compiling, and the others. */
static void test_series_counts_by_key(void **state)
{
	for (uint32_t len = 1; len <= 70; len++) {
		struct small small;
		struct series *s = new_series(&small, METRIC_EVENTS, METRIC_COUNTER, len, 0, 0);
		uint8_t *key = calloc(1, len);

		for (uint32_t i = 0; i < 200; i++) {
			key[len - 1] = (uint8_t)i;
			for (uint32_t n = 0; n <= i; n++)
				series_touch(s, key, 1)->u++;
		}
		assert_int_equal(series_stats(s).live, 200);
		for (uint32_t i = 0; i < 200; i++) {
			key[len - 1] = (uint8_t)i;
			assert_int_equal(value_of(s, key), i + 1);
		}
		/* A byte that differs at either end is another key. */
		if (len > 1) {
			key[0] = 1;
			series_touch(s, key, 1)->u++;
			assert_int_equal(series_stats(s).live, 201);
		}
		free(key);
		series_free(s);
	}
}

static void test_series_many_at_once_is_the_same(void **state)
{
	static const uint32_t lengths[] = { 3, 8, 16, 20, 24, 32, 48, 56 };

	for (size_t l = 0; l < ARRAY_LEN(lengths); l++) {
		struct small small;
		uint32_t len = lengths[l];
		struct series *s = new_series(&small, METRIC_EVENTS, METRIC_COUNTER, len, 400, 0);
		uint8_t(*bytes)[56] = calloc(SERIES_TOUCH_MAX, sizeof(*bytes));
		const void *keys[SERIES_TOUCH_MAX];
		union cell *cells[SERIES_TOUCH_MAX];
		uint32_t total = 0;

		for (uint32_t round = 0; round < 100; round++) {
			uint32_t count = 1 + round % SERIES_TOUCH_MAX;

			for (uint32_t i = 0; i < count; i++) {
				uint32_t n =
					(round * 17 + i * i) % 401; /* some twice, one too many */

				memcpy(bytes[i] + len - 2, &n, 2);
				keys[i] = bytes[i];
			}
			series_touch_many(s, keys, count, 1, cells);
			for (uint32_t i = 0; i < count; i++)
				cells[i]->u++;
			total += count;
		}
		for (uint32_t n = 0; n < 401; n++) {
			uint64_t value;

			memcpy(bytes[0] + len - 2, &n, 2);
			value = value_of(s, bytes[0]);
			total -= value == UINT64_MAX ? 0 : (uint32_t)value;
		}
		assert_int_equal(total, series_stats(s).overflowed);
		free(bytes);
		series_free(s);
	}
}

static void test_series_grows(void **state)
{
	struct small small;
	struct series *s = new_series(&small, METRIC_EVENTS, METRIC_COUNTER, 8, 200000, 0);
	size_t before = series_stats(s).memory_bytes;
	union cell *first = NULL;
	uint64_t zero = 0;

	for (uint64_t key = 0; key < 100000; key++) {
		union cell *cell = series_touch(s, &key, key);

		cell->u += key;
		if (!key)
			first = cell;
	}
	assert_ptr_equal(series_touch(s, &zero, 1), first); /* entries do not move */
	for (uint64_t key = 0; key < 100000; key++)
		assert_int_equal(series_touch(s, &key, 1)->u, key);
	assert_int_equal(series_stats(s).live, 100000);
	assert_in_range(series_stats(s).memory_bytes, before + 100000 * 32, before + 100000 * 160);
	series_free(s);
}

/*
 * So many keys that some have the same tag (half of the hash), of which nothing but the first word
 * differs: they must not be taken for each other.
 */
static void test_series_tells_equal_tags_apart(void **state)
{
	struct small small;
	struct series *s = new_series(&small, METRIC_EVENTS, METRIC_COUNTER, 24, 400000, 0);
	uint64_t key[3] = { 0, 1, 2 };

	for (key[0] = 0; key[0] < 400000; key[0]++)
		series_touch(s, key, 1)->u++;
	assert_int_equal(series_stats(s).live, 400000);
	series_free(s);
}

static void test_series_without_labels_is_one(void **state)
{
	struct small small;
	struct series *s = new_series(&small, METRIC_EVENTS, METRIC_COUNTER, 0, 0, 0);
	uint32_t count;

	series_touch(s, "", 1)->u += 5;
	series_touch(s, "", 2)->u += 5;
	assert_int_equal(read_row(s, "", 0, false, &count).value, 10);
	assert_int_equal(count, 1);
	series_free(s);
}

static void test_series_overflow_of_events(void **state)
{
	struct small small;
	struct series *s = new_series(&small, METRIC_EVENTS, METRIC_COUNTER, 4, 10, 0);
	struct row row;

	assert_false(read_row(s, NULL, 0, false, NULL).found);
	for (uint32_t round = 0; round < 2; round++)
		for (uint32_t key = 1; key <= 15; key++)
			series_touch(s, &key, 1)->u++;
	assert_int_equal(series_stats(s).live, 10);
	assert_int_equal(series_stats(s).overflowed, 10);
	row = read_row(s, NULL, 0, false, NULL);
	assert_int_equal(row.value, 10);
	assert_true(row.flags & SERIES_OVERFLOW);
	series_free(s);
}

static void test_series_marks_what_changed(void **state)
{
	struct small small;
	struct series *s = new_series(&small, METRIC_EVENTS, METRIC_COUNTER, 4, 0, 0);
	uint32_t a = 1, b = 2, c = 3, count;
	uint64_t mark;

	series_touch(s, &a, 1)->u++;
	series_touch(s, &b, 1)->u++;
	assert_int_equal(read_row(s, &a, 0, true, &count).flags, SERIES_NEW | SERIES_CHANGED);
	assert_int_equal(count, 2);
	mark = series_mark(s);
	read_row(s, &a, mark, true, &count);
	assert_int_equal(count, 0);
	series_touch(s, &b, 1)->u++;
	series_touch(s, &c, 1)->u++;
	assert_int_equal(read_row(s, &b, mark, true, &count).flags, SERIES_CHANGED);
	assert_int_equal(count, 2);
	assert_int_equal(read_row(s, &c, mark, true, NULL).flags, SERIES_NEW | SERIES_CHANGED);
	read_row(s, &a, mark, false, &count);
	assert_int_equal(count, 3);
	series_free(s);
}

static void test_series_expires_events(void **state)
{
	struct small small;
	struct series *s = new_series(&small, METRIC_EVENTS, METRIC_COUNTER, 4, 2, 10 * SECOND);
	uint32_t a = 1, b = 2, c = 3;
	uint64_t id, mark;

	series_touch(s, &a, SECOND)->u++;
	series_touch(s, &b, 5 * SECOND)->u++;
	id = read_row(s, &a, 0, false, NULL).id;
	mark = series_mark(s);
	series_expire(s, 11 * SECOND);
	assert_int_equal(series_stats(s).live, 2); /* not older than the limit */
	series_expire(s, 12 * SECOND);
	assert_int_equal(series_stats(s).live, 1);
	assert_int_equal(series_stats(s).expired, 1);
	assert_int_equal(read_row(s, &a, mark, true, NULL).flags, SERIES_GONE);
	/* There is room again, and what comes back is another series. */
	series_touch(s, &c, 12 * SECOND)->u++;
	assert_int_equal(series_stats(s).overflowed, 0);
	mark = series_mark(s);
	assert_false(read_row(s, &a, mark, true, NULL).found);
	series_expire(s, 13 * SECOND);
	series_expire(s, 13 * SECOND);
	assert_false(read_row(s, &a, 0, false, NULL).found);
	series_expire(s, 16 * SECOND);
	series_expire(s, 16 * SECOND);
	series_expire(s, 16 * SECOND);
	series_touch(s, &a, 16 * SECOND)->u++;
	assert_int_equal(value_of(s, &a), 1);
	assert_int_not_equal(read_row(s, &a, 0, false, NULL).id, id);
	series_free(s);
}

static void test_series_are_flushed(void **state)
{
	struct small small;
	struct series *s = new_series(&small, METRIC_EVENTS, METRIC_COUNTER, 4, 1, 0);
	uint32_t a = 1, b = 2;
	uint64_t mark;

	series_touch(s, &a, SECOND)->u += 3;
	series_touch(s, &b, SECOND)->u++; /* the overflow's */
	assert_int_equal(series_stats(s).overflowed, 1);
	mark = series_mark(s);
	series_flush(s);
	assert_int_equal(series_stats(s).live, 0);
	assert_int_equal(read_row(s, &a, mark, true, NULL).flags, SERIES_GONE);
	series_touch(s, &b, 2 * SECOND)->u++;
	assert_int_equal(value_of(s, &b), 1);
	assert_int_equal(series_stats(s).overflowed, 1);
	series_free(s);
}

static void put(struct series *s, uint32_t key, uint64_t value)
{
	series_sweep_put(s, &key, &(union cell){ .u = value });
}

static void test_series_sweep_shows_whole_sweeps(void **state)
{
	struct small small;
	struct series *s = new_series(&small, METRIC_ENTRIES, METRIC_GAUGE, 4, 0, 0);
	uint32_t a = 1, b = 2, count;
	uint64_t mark;

	series_sweep_begin(s, 1);
	put(s, a, 5);
	put(s, a, 6);
	assert_false(read_row(s, &a, 0, false, NULL).found); /* not before the end */
	series_sweep_end(s);
	assert_int_equal(value_of(s, &a), 11);
	mark = series_mark(s);
	series_sweep_begin(s, 2);
	put(s, a, 7);
	put(s, b, 8);
	read_row(s, &b, mark, true, &count);
	assert_int_equal(count, 0);
	assert_int_equal(value_of(s, &a), 11);
	series_sweep_end(s);
	assert_int_equal(read_row(s, &a, mark, true, &count).flags, SERIES_CHANGED);
	assert_int_equal(count, 2);
	assert_int_equal(read_row(s, &b, mark, true, NULL).flags, SERIES_NEW | SERIES_CHANGED);
	mark = series_mark(s);
	series_sweep_begin(s, 3);
	put(s, a, 7);
	put(s, b, 9);
	series_sweep_end(s);
	assert_false(read_row(s, &a, mark, true, &count).found); /* as it was */
	assert_int_equal(count, 1);
	series_free(s);
}

static void test_series_sweep_gauges_go_at_once(void **state)
{
	struct small small;
	struct series *s = new_series(&small, METRIC_ENTRIES, METRIC_GAUGE, 4, 0, 3600 * SECOND);
	uint32_t a = 1, b = 2;
	uint64_t mark, id;

	series_sweep_begin(s, 1);
	put(s, a, 5);
	put(s, b, 5);
	series_sweep_end(s);
	mark = series_mark(s);
	id = read_row(s, &b, 0, false, NULL).id;
	series_sweep_begin(s, 2);
	put(s, a, 5);
	series_sweep_end(s);
	assert_int_equal(series_stats(s).live, 1);
	assert_int_equal(read_row(s, &b, mark, true, NULL).flags, SERIES_GONE);
	assert_int_equal(read_row(s, &b, mark, true, NULL).id, id);
	mark = series_mark(s);
	assert_false(read_row(s, &b, mark, true, NULL).found);
	for (int i = 0; i < 2; i++) {
		series_sweep_begin(s, 3);
		put(s, a, 5);
		series_sweep_end(s);
	}
	assert_false(read_row(s, &b, 0, false, NULL).found);
	series_free(s);
}

static void test_series_sweep_counters_stay_for_the_ttl(void **state)
{
	struct small small;
	struct series *s = new_series(&small, METRIC_ENTRIES, METRIC_COUNTER, 4, 0, 10 * SECOND);
	uint32_t a = 1;

	series_sweep_begin(s, SECOND);
	put(s, a, 5);
	series_sweep_end(s);
	series_sweep_begin(s, 11 * SECOND);
	series_sweep_end(s);
	assert_int_equal(value_of(s, &a), 5);
	series_sweep_begin(s, 12 * SECOND);
	series_sweep_end(s);
	assert_int_equal(read_row(s, &a, 0, false, NULL).flags, SERIES_GONE);
	assert_int_equal(series_stats(s).expired, 1);
	series_free(s);
}

static void test_series_sweep_overflow_is_counted_anew(void **state)
{
	struct small small;
	struct series *s = new_series(&small, METRIC_ENTRIES, METRIC_GAUGE, 4, 10, 0);

	for (int i = 0; i < 3; i++) {
		series_sweep_begin(s, 1);
		for (uint32_t key = 1; key <= 12; key++)
			put(s, key, 100);
		series_sweep_end(s);
		assert_int_equal(read_row(s, NULL, 0, false, NULL).value, 200);
	}
	assert_int_equal(series_stats(s).overflowed, 6);
	/* All keys are others: there is room for them, as the old ones go with this sweep. */
	series_sweep_begin(s, 2);
	for (uint32_t key = 101; key <= 110; key++)
		put(s, key, 1);
	series_sweep_end(s);
	assert_int_equal(series_stats(s).overflowed, 6);
	assert_int_equal(series_stats(s).live, 10);
	assert_int_equal(read_row(s, NULL, 0, false, NULL).flags, SERIES_GONE | SERIES_OVERFLOW);
	series_free(s);
}

/* Known keys that a sweep meets late have their room all the same: the limit holds. */
static void test_series_sweep_keeps_the_limit_when_a_map_grows(void **state)
{
	static const uint8_t types[] = { METRIC_GAUGE, METRIC_COUNTER };

	for (size_t t = 0; t < ARRAY_LEN(types); t++) {
		struct small small;
		struct series *s = new_series(&small, METRIC_ENTRIES, types[t], 4, 100, 0);
		struct row over;

		series_sweep_begin(s, 1);
		for (uint32_t key = 900; key < 960; key++)
			put(s, key, 1);
		series_sweep_end(s);
		assert_int_equal(series_stats(s).live, 60);
		for (int round = 0; round < 3; round++) {
			series_sweep_begin(s, 2);
			for (uint32_t key = 1; key <= 1000; key++) {
				put(s, key, 1);
				assert_in_range(series_stats(s).live, 60, 100);
			}
			series_sweep_end(s);
			assert_int_equal(series_stats(s).live, 100);
			assert_int_equal(series_stats(s).over_now, 900);
			over = read_row(s, NULL, 0, false, NULL);
			assert_int_equal(over.value, 900);
			/* Those that were there first stay. */
			for (uint32_t key = 900; key < 960; key++)
				assert_int_equal(value_of(s, &key), 1);
		}
		assert_int_equal(series_stats(s).overflowed, 2700);
		series_free(s);
	}
}

static void sweep_two(struct series *s, uint64_t now_ns, uint64_t a, uint64_t b)
{
	series_sweep_begin(s, now_ns);
	put(s, 1, a);
	put(s, 2, b);
	series_sweep_end(s);
}

/* A key that stays in its map without changing expires, and comes back with its next change. */
static void test_series_sweep_expires_what_does_not_change(void **state)
{
	static const uint8_t types[] = { METRIC_GAUGE, METRIC_COUNTER };

	for (size_t t = 0; t < ARRAY_LEN(types); t++) {
		struct small small;
		struct series *s = new_series(&small, METRIC_ENTRIES, types[t], 4, 0, 10 * SECOND);
		uint32_t a = 1, b = 2, count;
		uint64_t mark, id;

		sweep_two(s, SECOND, 5, 5);
		id = read_row(s, &b, 0, false, NULL).id;
		sweep_two(s, 11 * SECOND, 6, 5);
		assert_int_equal(series_stats(s).live, 2); /* not longer than the limit */
		mark = series_mark(s);
		sweep_two(s, 12 * SECOND, 7, 5);
		assert_int_equal(series_stats(s).live, 1);
		assert_int_equal(series_stats(s).expired, 1);
		assert_int_equal(read_row(s, &b, mark, true, NULL).flags, SERIES_GONE);
		for (uint64_t i = 13; i < 20; i++)
			sweep_two(s, i * SECOND, i, 5);
		assert_false(read_row(s, &b, 0, false, &count).found);
		assert_int_equal(count, 1);
		assert_int_equal(series_stats(s).expired, 1);
		mark = series_mark(s);
		sweep_two(s, 20 * SECOND, 20, 6);
		assert_int_equal(read_row(s, &b, mark, true, NULL).flags,
				 SERIES_NEW | SERIES_CHANGED);
		assert_int_equal(value_of(s, &b), 6);
		assert_int_equal(read_row(s, &b, 0, false, NULL).id, id);
		/* One that was deleted while it was idle is not remembered. */
		sweep_two(s, 40 * SECOND, 40, 6);
		series_sweep_begin(s, 41 * SECOND);
		put(s, a, 41);
		series_sweep_end(s);
		sweep_two(s, 42 * SECOND, 42, 6);
		assert_int_equal(value_of(s, &b), 6);
		assert_int_not_equal(read_row(s, &b, 0, false, NULL).id, id);
		series_free(s);
	}
}

/* What is idle leaves its place to others, and stays out where there is none when it is back. */
static void test_series_sweep_idle_makes_room(void **state)
{
	struct small small;
	struct series *s = new_series(&small, METRIC_ENTRIES, METRIC_COUNTER, 4, 1, 10 * SECOND);
	uint32_t b = 2;

	sweep_two(s, SECOND, 5, 3);
	assert_int_equal(read_row(s, NULL, 0, false, NULL).value, 3);
	sweep_two(s, 12 * SECOND, 5, 4);
	assert_int_equal(series_stats(s).live, 0);
	sweep_two(s, 13 * SECOND, 5, 4);
	assert_int_equal(value_of(s, &b), 4);
	assert_int_equal(series_stats(s).live, 1);
	sweep_two(s, 14 * SECOND, 6, 4);
	assert_int_equal(series_stats(s).live, 1);
	assert_int_equal(series_stats(s).over_now, 1);
	assert_int_equal(read_row(s, NULL, 0, false, NULL).value, 6);
	series_free(s);
}

static void test_series_sweep_cancelled(void **state)
{
	struct small small;
	struct series *s = new_series(&small, METRIC_ENTRIES, METRIC_GAUGE, 4, 0, 0);
	uint32_t a = 1, b = 2, count;

	series_sweep_begin(s, 1);
	put(s, a, 5);
	series_sweep_end(s);
	series_sweep_begin(s, 2);
	put(s, b, 6);
	series_sweep_cancel(s);
	assert_int_equal(read_row(s, &a, 0, false, &count).value, 5);
	assert_int_equal(count, 1);
	assert_int_equal(series_stats(s).live, 1);
	assert_null(series_sweep_known(s, &b));
	series_sweep_begin(s, 3);
	assert_non_null(series_sweep_known(s, &a));
	put(s, b, 7);
	series_sweep_end(s);
	assert_int_equal(value_of(s, &a), 0);
	assert_int_equal(value_of(s, &b), 7);
	series_free(s);
}

/* Random keys come and go; a plain array says what has to be there. */
static void test_series_like_a_model(void **state)
{
	struct small small;
	struct series *s = new_series(&small, METRIC_ENTRIES, METRIC_GAUGE, 2, 5000, 0);
	uint64_t random = 88172645463325252ull;
	uint64_t model[4096];

	for (uint32_t round = 1; round <= 60; round++) {
		uint32_t present = 0;

		memset(model, 0, sizeof(model));
		series_sweep_begin(s, round);
		for (uint32_t i = 0; i < round * 61 % 3500; i++) {
			uint16_t key;

			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			key = random % ARRAY_LEN(model);
			present += !model[key];
			model[key] += round + i;
			series_sweep_touch(s, &key)->u += round + i;
		}
		series_sweep_end(s);
		assert_int_equal(series_stats(s).live, present);
		if (round % 7)
			continue;
		for (uint32_t i = 0; i < 50; i++) {
			uint16_t key = (uint16_t)(i * 79);
			struct series_rows rows;
			uint64_t cursor = 0, found = 0;

			series_rows_init(&rows, series_plan(s), 1000);
			while (series_read(s, &cursor, 0, false, &rows))
				for (uint32_t k = 0; k < rows.count; k++)
					if (!(rows.flags[k] & SERIES_GONE) &&
					    !memcmp(rows.keys + 2 * k, &key, 2))
						found += rows.cells[k].u;
			series_rows_release(&rows);
			assert_int_equal(found, model[key]);
		}
	}
	series_free(s);
}

/* Doubles add up as doubles, histogram cells as numbers. */
static void test_series_sweep_put_by_cell_type(void **state)
{
	static const uint64_t bounds[] = { 1 };
	struct family families[] = {
		{ .type = METRIC_GAUGE, .cell_type = CELL_DOUBLE, .cell = 0 },
		{ .type = METRIC_HISTOGRAM, .cell = 1, .bounds = bounds, .nbounds = 1 },
	};
	struct metric_plan plan = {
		.kind = METRIC_ENTRIES, .families = families, .nfamilies = 2, .ncells = 4
	};
	union cell cells[4] = { { .d = 0.5 }, { .u = 1 }, { .u = 2 }, { .u = 3 } };
	struct series *s = series_new(&plan, NULL);
	struct series_rows rows;
	uint64_t cursor = 0;

	series_sweep_begin(s, 1);
	series_sweep_put(s, "", cells);
	series_sweep_put(s, "", cells);
	series_sweep_end(s);
	series_rows_init(&rows, &plan, 5);
	assert_true(series_read(s, &cursor, 0, false, &rows));
	assert_int_equal(rows.count, 1);
	assert_true(rows.cells[0].d == 1.0);
	assert_int_equal(rows.cells[1].u, 2);
	assert_int_equal(rows.cells[3].u, 6);
	assert_false(series_read(s, &cursor, 0, false, &rows));
	series_rows_release(&rows);
	series_free(s);
}

/* What one table gave makes another the same: live, changed, gone and overflowing rows. */
static void test_series_put_row_follows_another(void **state)
{
	struct small small, other;
	struct series *live = new_series(&small, METRIC_ENTRIES, METRIC_GAUGE, 8, 2, 0);
	struct series *copy = new_series(&other, METRIC_ENTRIES, METRIC_GAUGE, 8, 10, 0);
	struct series_rows rows;
	uint64_t cursor, since = 0, mark;
	uint32_t count;

	series_rows_init(&rows, series_plan(live), 4);
	for (uint64_t sweep = 1; sweep <= 3; sweep++) {
		series_sweep_begin(live, sweep * SECOND);
		for (uint64_t key = sweep; key < sweep + (sweep < 3 ? 3 : 1); key++)
			series_sweep_put(live, &key, &(union cell){ .u = 10 * key + sweep });
		series_sweep_end(live);
		mark = series_mark(live);
		cursor = 0;
		while (series_read(live, &cursor, since, true, &rows))
			for (uint32_t i = 0; i < rows.count; i++)
				series_put_row(copy, &rows, i);
		since = mark;
		assert_int_equal(series_stats(copy).live, series_stats(live).live);
		for (uint64_t key = 0; key < 6; key++) {
			struct row a = read_row(live, &key, 0, false, &count);
			struct row b = read_row(copy, &key, 0, false, &count);

			assert_int_equal(a.found, b.found);
			assert_int_equal(a.value, b.value);
			assert_int_equal(a.flags & SERIES_GONE, b.flags & SERIES_GONE);
		}
		assert_int_equal(read_row(live, NULL, 0, false, &count).value,
				 read_row(copy, NULL, 0, false, &count).value);
		series_expire(copy, sweep * SECOND);
	}
	series_rows_release(&rows);
	series_free(live);
	series_free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_series_counts_by_key),
		cmocka_unit_test(test_series_many_at_once_is_the_same),
		cmocka_unit_test(test_series_grows),
		cmocka_unit_test(test_series_tells_equal_tags_apart),
		cmocka_unit_test(test_series_without_labels_is_one),
		cmocka_unit_test(test_series_overflow_of_events),
		cmocka_unit_test(test_series_marks_what_changed),
		cmocka_unit_test(test_series_expires_events),
		cmocka_unit_test(test_series_are_flushed),
		cmocka_unit_test(test_series_sweep_shows_whole_sweeps),
		cmocka_unit_test(test_series_sweep_gauges_go_at_once),
		cmocka_unit_test(test_series_sweep_counters_stay_for_the_ttl),
		cmocka_unit_test(test_series_sweep_overflow_is_counted_anew),
		cmocka_unit_test(test_series_sweep_keeps_the_limit_when_a_map_grows),
		cmocka_unit_test(test_series_sweep_expires_what_does_not_change),
		cmocka_unit_test(test_series_sweep_idle_makes_room),
		cmocka_unit_test(test_series_sweep_cancelled),
		cmocka_unit_test(test_series_like_a_model),
		cmocka_unit_test(test_series_sweep_put_by_cell_type),
		cmocka_unit_test(test_series_put_row_follows_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

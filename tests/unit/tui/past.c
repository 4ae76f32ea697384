// SPDX-License-Identifier: Apache-2.0
/* Rows that go back in time are what they were then, number by number. */
#include "runner/tui/model/past.h"
#include "runner/tui/model/rows.h"
#include "tests/support/tui_fixture.h"
#include "tests/support/tui_page.h"

#define SWEEPS 80u
#define IDS 300u

/* What a table shows of a row. */
struct shown {
	uint64_t id;
	uint8_t key[16];
	union cell figures[16];
	float trend[MODEL_TREND];
	uint8_t state;
	bool is_new;
};

struct moment {
	struct shown *rows; /* by id; id UINT64_MAX: not there */
	uint32_t live;
};

static struct moment take_moment(const struct rows *rows, const struct metric_plan *plan)
{
	struct moment ret = { xcalloc(IDS, sizeof(struct shown)), rows_live(rows) };

	for (uint32_t i = 0; i < IDS; i++) {
		struct shown *shown = &ret.rows[i];
		uint32_t slot;

		shown->id = UINT64_MAX;
		if (!rows_find(rows, i, &slot))
			continue;
		shown->id = rows_at(rows, slot)->id;
		memcpy(shown->key, rows_key(rows, slot), plan->key_bytes);
		rows_read(rows, slot, shown->figures);
		rows_trend(rows, slot, shown->trend);
		shown->state = rows_at(rows, slot)->state;
		shown->is_new = rows_is_new(rows, rows_at(rows, slot));
	}
	return ret;
}

static void put_sweep(struct rows *rows, struct series_rows *batch, uint64_t *values, bool *alive,
		      const struct metric_plan *plan)
{
	batch->count = 0;
	for (uint32_t i = 0; i < IDS; i++) {
		uint32_t n = batch->count, what = (uint32_t)rand() % 8;
		bool before = alive[i];

		if (what > 3)
			continue; /* at rest */
		alive[i] = what != 0;
		if (!before && !alive[i])
			continue;
		batch->id[n] = i;
		batch->flags[n] = !alive[i] ? SERIES_GONE : before ? SERIES_CHANGED : SERIES_NEW;
		for (uint32_t c = 0; c < plan->ncells; c++)
			values[i] += (uint64_t)rand() % 5000;
		for (uint32_t c = 0; c < plan->ncells; c++)
			batch->cells[(size_t)n * plan->ncells + c].u = values[i] + c;
		memset(batch->keys + (size_t)n * plan->key_bytes, 0, plan->key_bytes);
		memcpy(batch->keys + (size_t)n * plan->key_bytes, &i, 4);
		batch->count++;
	}
	rows_put(rows, batch);
}

static void assert_moment(const struct moment *now, const struct moment *then)
{
	assert_int_equal(now->live, then->live);
	for (uint32_t i = 0; i < IDS; i++) {
		const struct shown *a = &now->rows[i], *b = &then->rows[i];

		assert_int_equal(a->id, b->id);
		if (a->id == UINT64_MAX)
			continue;
		assert_int_equal(a->state, b->state);
		assert_int_equal(a->is_new, b->is_new);
		assert_memory_equal(a->key, b->key, sizeof(a->key));
		assert_memory_equal(a->figures, b->figures, sizeof(a->figures));
		assert_memory_equal(a->trend, b->trend, sizeof(a->trend));
	}
}

static void check_past(struct fixture *f, uint32_t map)
{
	const struct metric_plan *plan = &f->metrics[map];
	struct moment moments[SWEEPS];
	struct series_rows batch;
	struct rows *rows = rows_new(plan);
	uint64_t values[IDS] = { 0 };
	bool alive[IDS] = { 0 };

	rows_keep_past(rows, 8 << 20);
	series_rows_init(&batch, plan, IDS);
	for (uint32_t i = 0; i < SWEEPS; i++) {
		put_sweep(rows, &batch, values, alive, plan);
		rows_swept(rows, (i + 1) * SECOND, (i + 1) * SECOND);
		moments[i] = take_moment(rows, plan);
		if (++i == SWEEPS)
			break;
		/* What went is shown for one more sweep; a series that comes again is another one.
		 */
		batch.count = 0;
		rows_put(rows, &batch);
		rows_swept(rows, (i + 1) * SECOND, (i + 1) * SECOND);
		moments[i] = take_moment(rows, plan);
	}
	assert_int_equal(past_steps(rows_past(rows)), SWEEPS);
	for (uint32_t i = SWEEPS; i-- > 0;) {
		struct rows *clone = rows_clone(rows);
		struct moment then;

		rows_back(clone, rows_past(rows), i + 1);
		assert_int_equal(rows_sample(clone), i + 1);
		then = take_moment(clone, plan);
		assert_moment(&then, &moments[i]);
		free(then.rows);
		rows_free(clone);
	}
	for (uint32_t i = 0; i < SWEEPS; i++)
		free(moments[i].rows);
	series_rows_release(&batch);
	rows_free(rows);
}

static void test_past_is_what_was(void **state)
{
	struct fixture f;

	srand(5);
	fixture_init(&f);
	for (uint32_t map = MAP_CONNS; map < NMAPS; map++)
		check_past(&f, map);
	fixture_release(&f);
}

/* The oldest sweeps make room, and what is left has no gap. */
static void test_past_is_bounded(void **state)
{
	struct fixture f;
	const struct metric_plan *plan;
	struct series_rows batch;
	struct rows *rows;
	uint64_t values[IDS] = { 0 };
	bool alive[IDS] = { 0 };

	srand(6);
	fixture_init(&f);
	plan = &f.metrics[MAP_CONNS];
	rows = rows_new(plan);
	rows_keep_past(rows, 20000);
	series_rows_init(&batch, plan, IDS);
	for (uint32_t i = 0; i < 300; i++) {
		put_sweep(rows, &batch, values, alive, plan);
		rows_swept(rows, (i + 1) * SECOND, (i + 1) * SECOND);
		assert_true(past_used_bytes(rows_past(rows)) <= 20000);
		for (uint32_t k = 0; k < past_steps(rows_past(rows)); k++)
			assert_int_equal(past_step(rows_past(rows), k)->sample,
					 i + 2 + k - past_steps(rows_past(rows)));
	}
	assert_in_range(past_steps(rows_past(rows)), 5, 40);
	/* Idle hours are bounded too. */
	batch.count = 0;
	for (uint32_t i = 0; i < 10000; i++) {
		rows_put(rows, &batch);
		rows_swept(rows, (i + 400) * SECOND, (i + 400) * SECOND);
	}
	assert_true(past_used_bytes(rows_past(rows)) <= 20000);
	series_rows_release(&batch);
	rows_free(rows);
	fixture_release(&f);
}

/* The trend of another counter is what it would have been. */
static void test_trend_of_another(void **state)
{
	float first[MODEL_TREND], second[MODEL_TREND], again[MODEL_TREND];
	struct fixture f;
	struct family *families;
	struct series_rows batch;
	struct rows *rows, *clone;
	uint32_t slot;

	fixture_init(&f);
	families = (struct family *)f.metrics[MAP_HTTP].families;
	families[1].type = METRIC_COUNTER; /* bytes, and depth */
	rows = rows_new(&f.metrics[MAP_HTTP]);
	rows_keep_past(rows, 1 << 20);
	series_rows_init(&batch, &f.metrics[MAP_HTTP], 1);
	batch.count = 1;
	batch.id[0] = 7;
	for (uint32_t i = 1; i <= 25; i++) {
		batch.flags[0] = i == 1 ? SERIES_NEW : SERIES_CHANGED;
		batch.cells[families[0].cell].u = 100 * i;
		batch.cells[families[1].cell].u = i * i;
		rows_put(rows, &batch);
		rows_swept(rows, i * SECOND, i * SECOND);
	}
	assert_true(rows_find(rows, 7, &slot));
	rows_trend(rows, slot, first);
	assert_int_equal(rows_sparked(rows), 0);
	rows_spark(rows, 1, rows_past(rows));
	rows_trend(rows, slot, second);
	for (uint32_t k = 0; k < MODEL_TREND; k++) {
		assert_int_equal((int)first[k], 100);
		assert_int_equal((int)second[k], 2 * (6 + k) - 1); /* i*i - (i-1)*(i-1) */
	}
	/* It goes on so, and the past has the same. */
	batch.cells[families[1].cell].u = 1000;
	rows_put(rows, &batch);
	rows_swept(rows, 26 * SECOND, 26 * SECOND);
	rows_trend(rows, slot, again);
	assert_int_equal((int)again[MODEL_TREND - 1], 1000 - 625);
	clone = rows_clone(rows);
	rows_back(clone, rows_past(rows), 25);
	rows_trend(clone, slot, again);
	assert_memory_equal(again, second, sizeof(again));
	rows_free(clone);
	rows_spark(rows, 0, rows_past(rows));
	rows_trend(rows, slot, again);
	assert_int_equal((int)again[MODEL_TREND - 2], 100);
	series_rows_release(&batch);
	rows_free(rows);
	fixture_release(&f);
}

static void test_travel(void **state)
{
	struct model_status status;
	struct tui t;

	tui_init(&t, true);
	tui_go(&t, "conns");
	CONNS(&t, 10, 100);
	CONNS(&t, 20, 100, 5);
	CONNS(&t, 50, 100, 5);
	CONNS(&t, 51, NONE, 5, 7);
	CONNS(&t, 60, NONE, 5, 7);
	assert_false(model_do(t.model, OP_LATER));
	assert_true(model_do(t.model, OP_EARLIER));
	assert_true(model_do(t.model, OP_EARLIER));
	assert_true(model_paused(t.model));
	assert_page(&t, 60, 5,
		    "  DADDR_V4           VALUE     ▼ /s  TREND 20s\n"
		    "> 10.0.0.1              50       30  ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▄█\n"
		    "  10.0.0.2             100        0  ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁\n"
		    "  10.0.0.3               5        0  ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁█▁\n");
	model_status(t.model, &status);
	assert_string_equal(status.left[0], "2.00s ago");
	/* The present goes on meanwhile, and Space comes back to it. */
	CONNS(&t, 99, NONE, 5, 7);
	assert_true(model_do(t.model, OP_LATER));
	assert_true(model_do(t.model, OP_EARLIER_FAR));
	assert_rows(&t, 9, "10.0.0.1 10.0.0.2");
	model_status(t.model, &status);
	assert_string_equal(status.left[2], "┃▁▁▄▁▁▁▇▁▁▁▃▁▁▁▃▁▁▁█");
	assert_true(model_do(t.model, OP_LATER_FAR));
	assert_rows(&t, 9, "10.0.0.1 10.0.0.3 10.0.0.4");
	assert_true(model_do(t.model, OP_PAUSE));
	assert_false(model_paused(t.model));
	assert_rows(&t, 9, "10.0.0.1 10.0.0.3 10.0.0.4");
	tui_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_past_is_what_was),
		cmocka_unit_test(test_past_is_bounded),
		cmocka_unit_test(test_trend_of_another),
		cmocka_unit_test(test_travel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

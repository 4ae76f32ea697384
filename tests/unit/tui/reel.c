// SPDX-License-Identifier: Apache-2.0
/* The past of rows, forwards: each sweep gives what it gave when it happened. */
#include "runner/tui/keep/reel.h"
#include "runner/tui/model/past.h"
#include "tests/support/tui_fixture.h"

#define SWEEPS 60u
#define IDS 40u

/* All rows by id, as a sink that is given sweeps knows them. */
struct state {
	uint64_t cell[IDS]; /* the first; NONE: not there */
	uint8_t key[IDS];
	uint32_t flags; /* all that were given since the last look */
};

struct taker {
	struct sink sink;
	struct state now;
};

static void take(struct state *state, const struct series_rows *rows)
{
	for (uint32_t i = 0; i < rows->count; i++) {
		uint64_t id = rows->id[i];

		state->flags |= rows->flags[i];
		state->cell[id] = rows->flags[i] & SERIES_GONE
					  ? NONE
					  : rows->cells[(size_t)i * rows->plan->ncells].u;
		state->key[id] = rows->keys[(size_t)i * rows->plan->key_bytes];
	}
}

static int take_rows(struct sink *sink, struct source *source, const struct series_rows *rows,
		     uint64_t time_ns)
{
	take(&container_of(sink, struct taker, sink)->now, rows);
	return 0;
}

static void put_sweep(struct rows *rows, struct series_rows *batch, uint64_t *value, bool *alive)
{
	const struct metric_plan *plan = batch->plan;

	batch->count = 0;
	for (uint32_t i = 0; i < IDS; i++) {
		uint32_t n = batch->count, what = (uint32_t)rand() % 6;
		bool before = alive[i];

		if (what > 3)
			continue; /* at rest */
		alive[i] = what != 0;
		if (!before && !alive[i])
			continue;
		batch->id[n] = i;
		batch->flags[n] = !alive[i] ? SERIES_GONE : before ? SERIES_CHANGED : SERIES_NEW;
		*value += 1 + (uint64_t)rand() % 5000;
		for (uint32_t c = 0; c < plan->ncells; c++)
			batch->cells[(size_t)n * plan->ncells + c].u = *value + c;
		memset(batch->keys + (size_t)n * plan->key_bytes, (int)i, plan->key_bytes);
		batch->count++;
	}
	rows_put(rows, batch);
}

static void assert_state(const struct state *now, const struct state *then)
{
	assert_memory_equal(now->cell, then->cell, sizeof(now->cell));
	for (uint32_t i = 0; i < IDS; i++)
		if (now->cell[i] != NONE)
			assert_int_equal(now->key[i], i);
}

/* From a sweep in the middle, from the first and from before it. */
static void check_from(const struct rows *rows, const struct state *states, uint32_t from,
		       uint32_t oldest)
{
	static const struct sink_ops ops = { .rows = take_rows };
	struct taker taker = { .sink.ops = &ops };
	struct reel *reel = reel_new(rows, NULL, from * SECOND);
	uint32_t sweep = from < oldest ? oldest : from;

	memset(taker.now.cell, 0xff, sizeof(taker.now.cell));
	assert_int_equal(reel_next_ns(reel), sweep * SECOND);
	for (; sweep <= SWEEPS; sweep++) {
		assert_int_equal(reel_next_ns(reel), sweep * SECOND);
		assert_int_equal(reel_give(reel, &taker.sink), 0);
		assert_state(&taker.now, &states[sweep]);
	}
	assert_true(reel_next_ns(reel) == UINT64_MAX);
	assert_int_equal(taker.now.flags, SERIES_NEW | SERIES_CHANGED | SERIES_GONE);
	reel_free(reel);
}

/* Returns the bytes that the past took. */
static uint64_t check_map(struct fixture *f, uint32_t map, uint64_t history_bytes)
{
	const struct metric_plan *plan = &f->metrics[map];
	static struct state states[SWEEPS + 1];
	struct rows *rows = rows_new(plan);
	struct series_rows batch;
	bool alive[IDS] = { 0 };
	uint64_t value = 0, used;
	uint32_t oldest;

	memset(states[0].cell, 0xff, sizeof(states[0].cell));
	rows_keep_past(rows, history_bytes);
	series_rows_init(&batch, plan, IDS);
	for (uint32_t i = 1; i <= SWEEPS; i++) {
		states[i] = states[i - 1];
		batch.count = 0;
		/* A series that comes again is another one: a sweep later at the earliest. */
		if (i % 2)
			put_sweep(rows, &batch, &value, alive);
		take(&states[i], &batch);
		rows_swept(rows, i * SECOND, i * SECOND);
	}
	oldest = SWEEPS - past_steps(rows_past(rows));
	if (history_bytes > 1 << 20)
		assert_int_equal(oldest, 0);
	else
		assert_in_range(oldest, SWEEPS / 4, SWEEPS - 5);
	check_from(rows, states, SWEEPS - 4, oldest);
	check_from(rows, states, oldest, oldest);
	if (oldest)
		check_from(rows, states, 1, oldest);
	used = past_used_bytes(rows_past(rows));
	series_rows_release(&batch);
	rows_free(rows);
	return used;
}

static void test_reel_gives_what_was_given(void **state)
{
	struct fixture f;

	srand(7);
	fixture_init(&f);
	for (uint32_t map = MAP_CONNS; map < NMAPS; map++) {
		uint64_t used = check_map(&f, map, 8 << 20);

		check_map(&f, map, used / 2);
	}
	fixture_release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reel_gives_what_was_given),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: Apache-2.0
#include "runner/read/collect/round.h"

#include <stdlib.h>

#include "base/util.h"
#include "runner/read/collect/reader.h"

static int by_size(const void *a, const void *b, void *ctx)
{
	const struct reader *readers = ctx;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	uint64_t nx = readers[x].map->max_entries, ny = readers[y].map->max_entries;

	return nx != ny ? (nx < ny ? -1 : 1) : (x > y) - (x < y);
}

void round_init(struct round *round, struct reader *readers, uint32_t count)
{
	*round = (struct round){ .readers = readers,
				 .order = xcalloc(count + 1, sizeof(uint32_t)),
				 .count = count,
				 .turn = count };
	for (uint32_t i = 0; i < count; i++)
		round->order[i] = i;
	qsort_r(round->order, count, sizeof(uint32_t), by_size, readers);
}

void round_release(struct round *round)
{
	free(round->order);
}

void round_begin(struct round *round, bool only_records)
{
	round->turn = 0;
	round->begun = false;
	round->only_records = only_records;
	round->deadline_ns = 0;
}

static void watch_stream(struct reader *r)
{
	uint64_t now_ns = now_mono_ns();

	if (r->perf)
		perf_reader_sweep(r->perf);
	if (!r->series)
		return;
	fair_lock_take(&r->env->lock);
	series_expire(r->series, now_ns);
	if (r->map->flush_ns && r->flush_at_ns && now_ns >= r->flush_at_ns)
		series_flush(r->series);
	if (now_ns >= r->flush_at_ns)
		r->flush_at_ns = now_ns + r->map->flush_ns;
	fair_lock_release(&r->env->lock);
}

/* False: there is nothing to sweep. */
static bool begin_map(const struct round *round, struct reader *r)
{
	if (reader_is_stream(r)) {
		watch_stream(r);
		return false;
	}
	if (round->only_records && r->series && r->map->source != SOURCE_QUEUE)
		return false;
	if (round->deadline_ns && now_mono_ns() + r->expected_ns > round->deadline_ns) {
		tally_set(&r->cut, true);
		return false;
	}
	reader_sweep_begin(r);
	return true;
}

bool round_step(struct round *round)
{
	struct reader *r;

	if (!round_runs(round))
		return false;
	r = &round->readers[round->order[round->turn]];
	round->begun = round->begun ? reader_sweep_step(r) : begin_map(round, r);
	if (!round->begun)
		round->turn++;
	return round_runs(round);
}

void round_cut(struct round *round)
{
	for (; round_runs(round); round->turn++) {
		struct reader *r = &round->readers[round->order[round->turn]];

		if (round->begun)
			reader_sweep_cancel(r);
		else if (!reader_is_stream(r))
			tally_set(&r->cut, true);
		round->begun = false;
	}
}

void round_watch_streams(struct round *round)
{
	for (uint32_t i = 0; i < round->count; i++)
		if (reader_is_stream(&round->readers[i]))
			watch_stream(&round->readers[i]);
}

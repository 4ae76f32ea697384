// SPDX-License-Identifier: Apache-2.0
#include "runner/read/reader.h"

#include "runner/read/decode.h"

#define BATCH 1024 /* records read with the lock held */

static uint64_t record_time(const struct reader *r, const void *value)
{
	const struct field *field = r->time;
	uint64_t ns = field ? field_u64(field, value, 0) : 0;

	if (!ns)
		return now_real_ns();
	switch (field->meaning) {
	case MEAN_KTIME_NS:
		return wallclock_from_mono(r->env->clock, ns);
	case MEAN_BOOTTIME_NS:
		return wallclock_from_boot(r->env->clock, ns);
	}
	return ns;
}

static bool to_queues(struct reader *r, struct record *record)
{
	struct reader_env *env = r->env;

	if (!env->nqueues)
		return true;
	record->time_ns = record_time(r, record->part[PART_VALUE]);
	for (uint32_t i = 0; i < env->nqueues; i++) {
		if (likely(queue_put(env->queues[i], record)))
			continue;
		if (env->nqueues == 1 && env->hold)
			return false;
		tally_add(&r->dropped, 1);
	}
	return true;
}

bool reader_take(struct reader *r, const void *bytes, uint32_t len, uint64_t now_ns)
{
	struct record record = {
		.map = r->map,
		.part[PART_VALUE] = bytes,
		.value_bytes = r->map->value.size_bytes,
	};

	if (unlikely(len < record.value_bytes)) {
		tally_add(&r->malformed, 1);
		return true;
	}
	if (r->filter && !filter_match(r->filter, &record)) {
		tally_add(&r->filtered, 1);
		return true;
	}
	if (r->series) {
		const void *key = metric_key_in(r->metric, &record, r->key);
		union cell *cells = series_touch(r->series, key, now_ns);

		if (likely(r->metric->counts_only))
			cells[0].u++;
		else
			metric_event(r->metric, &record, cells);
		return true;
	}
	return to_queues(r, &record);
}

uint64_t reader_run_ring(struct reader *r, uint64_t max)
{
	struct ring *ring = &r->ring;
	uint64_t total = 0, n;
	const void *bytes;
	uint32_t len;

	r->waits = false;
	do {
		uint64_t now_ns = now_mono_ns();

		if (r->series)
			fair_lock_take(&r->env->lock);
		for (n = 0; n < BATCH && (bytes = ring_peek(ring, &len)); n++) {
			if (unlikely(!reader_take(r, bytes, len, now_ns))) {
				r->waits = true;
				break;
			}
			ring_advance(ring);
		}
		if (r->series)
			fair_lock_release(&r->env->lock);
		ring_release(ring);
		tally_add(&r->read, n);
		total += n;
	} while (n == BATCH && total < max);
	reader_publish(r);
	return total;
}

void reader_publish(struct reader *r)
{
	for (uint32_t i = 0; !r->series && i < r->env->nqueues; i++)
		queue_publish(r->env->queues[i]);
}

bool reader_has_room(const struct reader *r)
{
	const struct reader_env *env = r->env;

	if (r->series || env->nqueues != 1 || !env->hold)
		return true;
	return queue_has_room(env->queues[0], 0, r->map->value.size_bytes);
}

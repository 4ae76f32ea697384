// SPDX-License-Identifier: Apache-2.0
/* Entries of a swept map on their way into the series. */
#include "base/util.h"
#include "runner/read/collect/reader.h"
#include "runner/read/raw.h"

#define LOCKED_ENTRIES 256 /* put with the lock held */

static bool passes(struct reader *r, struct record record, bool per_cpu)
{
	if (!r->filter)
		return true;
	if (per_cpu)
		record.part[PART_VALUE] = reader_sum_cpus(r, record.part[PART_VALUE]);
	if (filter_match(r->filter, &record))
		return true;
	tally_add(&r->filtered, 1);
	return false;
}

/* Zeros of an array do not make a series where there may be many. */
static union cell *cells_for(struct reader *r, const void *key, const uint8_t *values, size_t len)
{
	bool only = r->map->source != SOURCE_ARRAY || r->map->max_entries == 1 ||
		    !r->metric->key_bytes || map_is_exact(r->map);

	if (only || !raw_all_zero(values, len))
		return series_sweep_touch(r->series, key);
	return series_sweep_known(r->series, key);
}

static void take_cpu(struct reader *r, struct record *record, uint32_t cpu)
{
	const struct metric_plan *plan = r->metric;
	const uint8_t *value = record->part[PART_VALUE];
	union cell *cells;

	if (!passes(r, *record, false))
		return;
	metric_key(plan, record, r->key);
	memcpy(r->key + plan->key_bytes - sizeof(cpu), &cpu, sizeof(cpu));
	cells = raw_all_zero(value, record->value_bytes) && !map_is_exact(r->map)
			? series_sweep_known(r->series, r->key)
			: series_sweep_touch(r->series, r->key);
	if (cells)
		metric_cells(plan, record, 1, cells);
}

static void take_entry(struct reader *r, const void *key, const uint8_t *values,
		       uint32_t value_bytes)
{
	const struct metric_plan *plan = r->metric;
	bool per_cpu = r->map->per_cpu;
	uint32_t cpus = per_cpu ? r->env->cpus : 1;
	size_t stride = (value_bytes + 7) & ~7ull;
	struct record record = {
		.map = r->map,
		.part = { key, values },
		.value_bytes = value_bytes,
	};
	const void *series_key;
	union cell *cells;

	if (plan->split_cpu) {
		for (uint32_t cpu = 0; cpu < cpus; cpu++) {
			record.part[PART_VALUE] = values + cpu * stride;
			take_cpu(r, &record, cpu);
		}
		return;
	}
	if (!passes(r, record, per_cpu))
		return;
	if (per_cpu && plan->value_labels)
		record.part[PART_VALUE] = reader_telling_copy(r, values);
	series_key = metric_key_in(plan, &record, r->key);
	record.part[PART_VALUE] = values;
	cells = cells_for(r, series_key, values, per_cpu ? cpus * stride : value_bytes);
	if (cells)
		metric_cells(plan, &record, cpus, cells);
}

void reader_put_entries(struct reader *r, const uint8_t *keys, uint32_t key_step,
			const uint8_t *values, size_t value_step, uint32_t value_bytes,
			uint32_t count)
{
	for (uint32_t i = 0; i < count;) {
		uint32_t end = MIN(count, i + LOCKED_ENTRIES);

		fair_lock_take(&r->env->lock);
		for (; i < end; i++)
			take_entry(r, keys ? keys + (size_t)i * key_step : NULL,
				   values + i * value_step, value_bytes);
		fair_lock_release(&r->env->lock);
	}
	tally_add(&r->read, count);
	tally_add(&r->entries, count);
}

// SPDX-License-Identifier: Apache-2.0
#include "runner/read/collect/reader.h"

#include <string.h>
#include "base/log.h"
#include "base/util.h"
#include "runner/read/collect/collector.h"
#include "runner/read/collect/cpu_buffer.h"
#include "runner/read/text/decode.h"

#define BATCH 1024 /* records read with the lock held */

static uint64_t record_time(const struct reader *r, const void *value)
{
	const struct field *field = r->time;
	uint64_t ns = field ? field_u64(field, value, 0) : 0;

	if (!ns)
		return now_real_ns();
	return time_to_unix(r->env->clock, field->meaning, ns);
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

void reader_expect(struct reader *r)
{
	const struct map_plan *map = r->map;
	const struct layout *layout = &map->value;

	r->least = layout->min_bytes ? layout->min_bytes : layout->size_bytes;
	r->most = layout->size_bytes;
	/* perf fills a sample up, with its length in front, to whole words. */
	if (map->source == SOURCE_PERF)
		r->most = ((r->most + 4 + 7) & ~7u) - 4;
	if (layout->is_open || !map_is_ring(map))
		r->most = UINT32_MAX;
	if (r->least < layout->size_bytes)
		r->padded = xcalloc(1, layout->size_bytes);
}

/* Once for each map, so that the number of malformed records has a reason. */
static void warn_size(struct reader *r, uint32_t len)
{
	const struct map_plan *map = r->map;

	if (r->warned_size)
		return;
	r->warned_size = true;
	log_warn("map '%s': it also has records of %u bytes, and type %s has %u: these count as "
		 "malformed and are not shown",
		 map->name, len, *map->value.type_name ? map->value.type_name : "(anonymous)",
		 map->value.is_open ? r->least : map->value.size_bytes);
}

/* A record of another type, or the bytes of a shorter one with zeros behind them. */
static bool fit_record(struct reader *r, struct record *record, uint32_t len)
{
	if (len < r->least || len > r->most) {
		warn_size(r, len);
		return false;
	}
	if (len < record->value_bytes) {
		memcpy(r->padded, record->part[PART_VALUE], len);
		memset(r->padded + len, 0, record->value_bytes - len);
		record->part[PART_VALUE] = r->padded;
	}
	return true;
}

/* Whether a record is whole and passes the filter. */
static bool is_passed(struct reader *r, struct record *record, uint32_t len)
{
	uint8_t trace_id[TRACE_ID_BYTES];

	if (unlikely((len != record->value_bytes && !fit_record(r, record, len)) ||
		     (r->trace.nparts && !span_id_read(&r->trace, record->part[PART_VALUE],
						       trace_id, sizeof(trace_id))))) {
		tally_add(&r->malformed, 1);
		return false;
	}
	if (r->filter && !filter_match(r->filter, record)) {
		tally_add(&r->filtered, 1);
		return false;
	}
	return true;
}

static struct record make_record(const struct reader *r, const void *bytes)
{
	return (struct record){
		.map = r->map,
		.part[PART_VALUE] = bytes,
		.value_bytes = r->map->value.size_bytes,
	};
}

bool reader_take(struct reader *r, const void *bytes, uint32_t len, uint64_t now_ns)
{
	struct record record = make_record(r, bytes);

	if (!is_passed(r, &record, len))
		return true;
	if (!r->series)
		return to_queues(r, &record);
	metric_event(r->metric, &record,
		     series_touch(r->series, metric_key_in(r->metric, &record, r->key), now_ns));
	return true;
}

/* Adds at least one record to their series, all at once. */
static void count_records(struct reader *r, const void **values, uint32_t count, uint64_t now_ns)
{
	const struct metric_plan *plan = r->metric;
	const void *keys[SERIES_TOUCH_MAX];
	union cell *cells[SERIES_TOUCH_MAX];
	size_t stride = 0;
	uint32_t i = 0;

	if (!plan->key_is_record) {
		stride = reader_key_stride(plan);
		metric_keys(plan, values, count, r->key, stride);
	}
	do {
		keys[i] = plan->key_is_record ? (const uint8_t *)values[i] + plan->steps[0].src
					      : r->key + i * stride;
	} while (++i < count);
	series_touch_many(r->series, keys, count, now_ns, cells);
	for (i = 0; i < count; i++) {
		if (likely(plan->counts_only)) {
			cells[i]->u++;
		} else {
			struct record record = make_record(r, values[i]);

			metric_event(plan, &record, cells[i]);
		}
	}
}

/* The records stay in the ring until they are counted: their bytes may be the keys. */
static uint32_t run_series(struct reader *r, uint64_t now_ns)
{
	const void *values[SERIES_TOUCH_MAX];
	uint32_t n = 0, count = 0, len;
	const void *bytes;

	for (; n < r->group && (bytes = ring_peek(&r->ring, &len)); n++) {
		struct record record = make_record(r, bytes);

		/* There is room for one that is shorter than its type: it goes alone. */
		if (unlikely(len < record.value_bytes && count))
			break;
		if (likely(is_passed(r, &record, len)))
			values[count++] = record.part[PART_VALUE];
		ring_advance(&r->ring);
		if (unlikely(record.part[PART_VALUE] != bytes)) {
			n++;
			break;
		}
	}
	if (count)
		count_records(r, values, count, now_ns);
	ring_release_some(&r->ring);
	return n;
}

static uint32_t run_queues(struct reader *r, uint64_t now_ns)
{
	uint32_t n = 0, len;
	const void *bytes;

	for (; n < SERIES_TOUCH_MAX && (bytes = ring_peek(&r->ring, &len)); n++) {
		if (unlikely(!reader_take(r, bytes, len, now_ns))) {
			r->waits = true;
			break;
		}
		ring_advance(&r->ring);
		ring_release_some(&r->ring);
	}
	return n;
}

static void note_fill(struct reader *r)
{
	uint64_t bytes = __atomic_load_n(r->ring.producer, __ATOMIC_ACQUIRE) - r->ring.released;

	if (unlikely(bytes > tally_get(&r->ring_high_bytes)))
		tally_set(&r->ring_high_bytes, bytes);
}

uint64_t reader_run_ring(struct reader *r, uint64_t max)
{
	uint64_t total = 0, n, group;

	r->waits = false;
	do {
		uint64_t now_ns = now_mono_ns();

		note_fill(r);
		n = 0;
		if (r->series)
			fair_lock_take(&r->env->lock);
		do {
			group = r->series ? run_series(r, now_ns) : run_queues(r, now_ns);
			n += group;
		} while (group && !r->waits && n < BATCH);
		if (r->series)
			fair_lock_release(&r->env->lock);
		ring_release(&r->ring);
		tally_add(&r->read, n);
		total += n;
	} while (n >= BATCH && total < max);
	reader_publish(r);
	return total;
}

static uint32_t run_cpu_series(struct reader *r, struct cpu_buffer *b, uint8_t *room,
			       uint64_t now_ns)
{
	const void *values[SERIES_TOUCH_MAX];
	uint32_t n = 0, count = 0, len;
	const void *bytes;

	for (; n < r->group && (bytes = cpu_buffer_peek(b, room, &len)); n++) {
		struct record record = make_record(r, bytes);

		if (unlikely(len < record.value_bytes && count))
			break;
		if (likely(is_passed(r, &record, len)))
			values[count++] = record.part[PART_VALUE];
		cpu_buffer_advance(b);
		if (unlikely(record.part[PART_VALUE] != bytes)) {
			n++;
			break;
		}
	}
	if (count)
		count_records(r, values, count, now_ns);
	return n;
}

static uint32_t run_cpu_queues(struct reader *r, struct cpu_buffer *b, uint8_t *room,
			       uint64_t now_ns)
{
	uint32_t n = 0, len;
	const void *bytes;

	for (; n < SERIES_TOUCH_MAX && (bytes = cpu_buffer_peek(b, room, &len)); n++) {
		if (unlikely(!reader_take(r, bytes, len, now_ns))) {
			r->waits = true;
			break;
		}
		cpu_buffer_advance(b);
	}
	return n;
}

uint64_t reader_run_cpu(struct reader *r, struct cpu_buffer *b, uint8_t *room)
{
	uint64_t end = cpu_buffer_head(b), total = 0, n;
	uint32_t group;

	/* Later records wake the reader again; other CPUs and maps have their turn first. */
	while (b->pos < end && !r->waits) {
		uint64_t now_ns = now_mono_ns();

		n = 0;
		if (r->series)
			fair_lock_take(&r->env->lock);
		do {
			group = r->series ? run_cpu_series(r, b, room, now_ns)
					  : run_cpu_queues(r, b, room, now_ns);
			n += group;
			cpu_buffer_release(b);
		} while (group && !r->waits && n < BATCH);
		if (r->series)
			fair_lock_release(&r->env->lock);
		tally_add(&r->read, n);
		total += n;
		if (!n)
			break;
	}
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

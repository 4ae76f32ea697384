// SPDX-License-Identifier: Apache-2.0
/*
 * Sweeps: a map is read whole, a batch at a time where the kernel can do that, else key by key.
 * Key by key a map that changes meanwhile may send us back to its beginning (the key we stood at
 * was deleted), so that the keys that were seen are remembered and none is counted twice.
 */
#include "runner/read/collect/reader.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <xxhash.h>

#include "base/err.h"
#include "base/log.h"
#include "base/util.h"
#include "runner/read/raw.h"

#define BATCH_BYTES (256u << 10)
#define MIN_BATCH 64u
#define LOCKED_ENTRIES 256 /* put with the lock held */
#define ITER_BYTES (64u << 10)
#define GUESS_SWEEPS 60 /* that are looked at, and of each so many rows */
#define GUESS_ROWS 32
#define ERRNO_ENOTSUPP 524 /* the kernel's own, for maps that cannot be read in batches */

static uint8_t *sweep_room(struct reader_env *env, size_t bytes)
{
	if (env->room_bytes < bytes) {
		free(env->room);
		env->room = xmalloc(bytes);
		env->room_bytes = bytes;
	}
	return env->room;
}

static bool passes(struct reader *r, struct record record, bool per_cpu)
{
	if (!r->filter)
		return true;
	if (per_cpu)
		record.part[PART_VALUE] = reader_fold_cpus(r, record.part[PART_VALUE]);
	if (filter_match(r->filter, &record))
		return true;
	tally_add(&r->filtered, 1);
	return false;
}

/* Zeros of an array do not make a series where there may be many. */
static union cell *cells_for(struct reader *r, const void *key, const uint8_t *values, size_t len)
{
	bool only =
		r->map->source != SOURCE_ARRAY || r->map->max_entries == 1 || !r->metric->key_bytes;

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
	cells = raw_all_zero(value, record->value_bytes) ? series_sweep_known(r->series, r->key)
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

static void put_entries(struct reader *r, const uint8_t *keys, uint32_t key_step,
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

static size_t value_step(const struct reader *r)
{
	return (size_t)reader_stride(r->map) * (r->map->per_cpu ? r->env->cpus : 1);
}

static uint32_t first_batch(const struct reader *r)
{
	size_t entry = r->map->key_bytes + value_step(r);
	size_t count = MAX(BATCH_BYTES / entry, (size_t)MIN_BATCH);

	return (uint32_t)MIN(count, (size_t)MAX(r->map->max_entries, 1u));
}

/* 0, or -errno where this did not work. */
static int sweep_batches(struct reader *r)
{
	uint32_t key_bytes = r->map->key_bytes;
	size_t step = value_step(r);
	uint64_t in = 0, out = 0; /* places in the map; both kinds need 4 bytes */
	bool first = true;
	int code;

	if (!r->batch)
		r->batch = first_batch(r);
	do {
		uint32_t count = r->batch;
		uint8_t *values = sweep_room(r->env, count * (key_bytes + step));
		uint8_t *keys = values + count * step;

		code = bpf_map_lookup_batch(r->fd, first ? NULL : &in, &out, keys, values, &count,
					    NULL) < 0
			       ? errno
			       : 0;
		if (code == ENOSPC && r->batch < r->map->max_entries) {
			/* A bucket of a hash has to fit whole. */
			r->batch = (uint32_t)MIN(2ull * r->batch, (uint64_t)r->map->max_entries);
			continue;
		}
		if (code && code != ENOENT)
			return -code;
		put_entries(r, keys, key_bytes, values, step, r->map->value_bytes, count);
		in = out;
		first = false;
		r->env->breathe(r->env->ctx);
	} while (code != ENOENT);
	return 0;
}

/* The hashes of the keys seen so far, 0 for an empty place. */
struct seen {
	uint64_t *hashes;
	uint64_t mask, count;
};

static void seen_release(struct seen *seen)
{
	free(seen->hashes);
}

/* True the first time. */
static bool seen_add(struct seen *seen, const void *key, uint32_t len)
{
	uint64_t hash = XXH3_64bits(key, len) | 1, i;

	if (2 * (seen->count + 1) > seen->mask) {
		uint64_t mask = seen->mask ? 2 * seen->mask + 1 : 1023;
		uint64_t *bigger = xcalloc(mask + 1, sizeof(*bigger));

		for (i = 0; seen->hashes && i <= seen->mask; i++) {
			uint64_t at = seen->hashes[i] >> 1 & mask;

			while (seen->hashes[i] && bigger[at])
				at = (at + 1) & mask;
			if (seen->hashes[i])
				bigger[at] = seen->hashes[i];
		}
		free(seen->hashes);
		seen->hashes = bigger;
		seen->mask = mask;
	}
	for (i = hash >> 1 & seen->mask; seen->hashes[i]; i = (i + 1) & seen->mask)
		if (seen->hashes[i] == hash)
			return false;
	seen->hashes[i] = hash;
	seen->count++;
	return true;
}

static int sweep_keys(struct reader *r)
{
	uint32_t key_bytes = r->map->key_bytes;
	size_t step = value_step(r), key_step = (key_bytes + 7) & ~7u;
	uint8_t *room = sweep_room(r->env, step + 8 + 2 * key_step);
	uint8_t *value = room, *next = room + ((step + 7) & ~(size_t)7), *key = next + key_step;
	_cleanup_(seen_release) struct seen seen = { 0 };
	/* Being sent back to the beginning again and again has to end somewhere. */
	uint64_t left = 4 * (uint64_t)r->map->max_entries + 1024;
	bool first = true;

	for (; left; left--) {
		if (bpf_map_get_next_key(r->fd, first ? NULL : key, next) < 0)
			return errno == ENOENT ? 0 : -errno;
		first = false;
		memcpy(key, next, key_bytes);
		if (seen_add(&seen, key, key_bytes) && bpf_map_lookup_elem(r->fd, key, value) == 0)
			put_entries(r, key, key_bytes, value, step, r->map->value_bytes, 1);
		if (left % MIN_BATCH == 0)
			r->env->breathe(r->env->ctx);
	}
	return -EAGAIN;
}

static int sweep_map(struct reader *r)
{
	int code = r->per_key ? -ENOTSUP : sweep_batches(r);

	switch (-code) {
	case EINVAL:
	case ENOTSUP:
	case ERRNO_ENOTSUPP:
		r->per_key = true;
		return sweep_keys(r);
	}
	return code;
}

static int sweep_globals(struct reader *r)
{
	uint8_t *value = sweep_room(r->env, value_step(r));
	uint32_t zero = 0;

	if (bpf_map_lookup_elem(r->fd, &zero, value) < 0)
		return -errno;
	put_entries(r, NULL, 0, value, 0, r->map->value_bytes, 1);
	return 0;
}

static void take_iter_records(struct reader *r, const uint8_t *bytes, uint32_t count)
{
	uint32_t len = r->map->value.size_bytes;
	uint64_t now_ns = now_mono_ns();
	bool hold = r->env->hold;

	if (r->series) {
		put_entries(r, NULL, 0, bytes, len, len, count);
		return;
	}
	/* The iterator does not wait: what does not fit is dropped, and counted. */
	r->env->hold = false;
	for (uint32_t i = 0; i < count; i++)
		reader_take(r, bytes + (size_t)i * len, len, now_ns);
	r->env->hold = hold;
	tally_add(&r->read, count);
	tally_add(&r->entries, count);
	reader_publish(r);
}

static int sweep_iter(struct reader *r)
{
	const struct prog_plan *prog = &r->env->plan->progs[r->map->prog];
	uint32_t len = r->map->value.size_bytes;
	size_t size = MAX((size_t)ITER_BYTES, (size_t)len), have = 0;
	_cleanup_close_ int fd = -1;
	uint8_t *room;

	if (object_prog_status(r->env->object, prog).state !=
	    PROG_ATTACHED) /* not among those that were asked for */
		return 0;
	fd = object_iter_fd(r->env->object, prog, NULL);
	if (fd < 0)
		return fd;
	room = sweep_room(r->env, size);
	for (;;) {
		ssize_t n = read(fd, room + have, size - have);

		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		have += (size_t)n;
		take_iter_records(r, room, (uint32_t)(have / len));
		memmove(room, room + have / len * len, have % len);
		have %= len;
		r->env->breathe(r->env->ctx);
	}
	if (have)
		tally_add(&r->malformed, 1);
	return 0;
}

/* At most as many as fit at once: what comes meanwhile is for the next time. */
static int empty_queue(struct reader *r)
{
	uint8_t *value = sweep_room(r->env, r->map->value_bytes);
	uint32_t i = 0;
	int code = 0;

	for (; i < r->map->max_entries && !code && reader_has_room(r); i++) {
		if (bpf_map_lookup_and_delete_elem(r->fd, NULL, value) < 0) {
			code = errno;
			break;
		}
		if (r->series)
			fair_lock_take(&r->env->lock);
		if (!reader_take(r, value, r->map->value_bytes, now_mono_ns()))
			tally_add(&r->dropped, 1);
		if (r->series)
			fair_lock_release(&r->env->lock);
	}
	tally_add(&r->read, i);
	tally_set(&r->entries, i);
	reader_publish(r);
	return code == ENOENT ? 0 : -code;
}

static int sweep_source(struct reader *r)
{
	switch (r->map->source) {
	case SOURCE_HASH:
	case SOURCE_ARRAY:
		return r->series ? sweep_map(r) : 0;
	case SOURCE_GLOBALS:
		return r->series ? sweep_globals(r) : 0;
	case SOURCE_ITER:
		return sweep_iter(r);
	case SOURCE_QUEUE:
		return empty_queue(r);
	}
	return 0;
}

static void finish_series(struct reader *r, uint64_t now_ns, int code)
{
	if (!r->series)
		return;
	fair_lock_take(&r->env->lock);
	if (r->map->source == SOURCE_QUEUE)
		series_expire(r->series, now_ns);
	else if (code < 0)
		series_sweep_cancel(r->series);
	else
		series_sweep_end(r->series);
	fair_lock_release(&r->env->lock);
}

/* The first rows are enough to tell. */
static void check_guess(struct reader *r)
{
	struct series_rows rows;
	uint64_t cursor = 0;
	uint32_t bucket = 0;

	series_rows_init(&rows, r->metric, GUESS_ROWS);
	fair_lock_take(&r->env->lock);
	series_read(r->series, &cursor, 0, false, &rows);
	fair_lock_release(&r->env->lock);
	for (uint32_t i = 0; i < rows.count && !bucket; i++)
		bucket = histogram_suspect(r->metric, rows.cells + (size_t)i * r->metric->ncells);
	series_rows_release(&rows);
	if (!bucket)
		return;
	log_warn("map '%s': bucket %u holds what looks like the sum of the others; if so, "
		 "--hist-buckets '%s,exp2 0 %u' shows it as that",
		 r->map->name, bucket, r->map->name, bucket - 1);
	r->guess_checks = GUESS_SWEEPS;
}

void reader_sweep(struct reader *r)
{
	uint64_t start_ns = now_mono_ns();
	int code;

	tally_set(&r->entries, 0);
	if (r->series && r->map->source != SOURCE_QUEUE) {
		fair_lock_take(&r->env->lock);
		series_sweep_begin(r->series, start_ns);
		fair_lock_release(&r->env->lock);
	}
	code = sweep_source(r);
	finish_series(r, start_ns, code);
	if (r->series && r->metric->is_guess && r->guess_checks < GUESS_SWEEPS) {
		r->guess_checks++;
		check_guess(r);
	}
	tally_add(&r->sweeps, 1);
	tally_set(&r->sweep_ns, now_mono_ns() - start_ns);
	if (code == 0)
		return;
	tally_add(&r->sweep_errors, 1);
	if (!r->warned)
		log_warn("map %s: it cannot be read: %s", r->map->name, strerror(-code));
	r->warned = true;
}

bool reader_read_lost(const struct reader_env *env, const struct map_plan *map, uint64_t *ret)
{
	const struct map_plan *lost;
	_cleanup_free_ uint8_t *values = NULL;
	uint32_t cpus, stride, zero = 0;
	uint64_t sum = 0;

	if (map->lost_map < 0)
		return false;
	lost = &env->plan->maps[map->lost_map];
	cpus = lost->per_cpu ? env->cpus : 1;
	stride = reader_stride(lost);
	if (lost->value_bytes < 4)
		return false;
	values = xcalloc(cpus, stride);
	if (bpf_map_lookup_elem(object_map_fd(env->object, lost), &zero, values) < 0)
		return false;
	for (uint32_t cpu = 0; cpu < cpus; cpu++) {
		uint64_t n = 0;

		if (lost->value_bytes < 8)
			n = *(const uint32_t *)(values + (size_t)cpu * stride);
		else
			memcpy(&n, values + (size_t)cpu * stride, sizeof(n));
		sum += n;
	}
	*ret = sum;
	return true;
}

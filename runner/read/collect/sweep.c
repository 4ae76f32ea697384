// SPDX-License-Identifier: Apache-2.0
/*
 * Sweeps: a map is read whole, a batch at a time where the kernel can do that, else key by key.
 * Key by key, a map that changes meanwhile may send us back to its beginning (the key we stood at
 * was deleted), so the keys that were seen are remembered and none is counted twice.
 *
 * A sweep is made of steps, each of which takes a bounded time. Between them the collector reads
 * its buffers, and can end the sweep: the series are then as the last whole sweep left them.
 */
#include "runner/read/collect/reader.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/err.h"
#include "base/log.h"
#include "base/util.h"
#include "runner/read/raw.h"

#define BATCH_BYTES (256u << 10)
#define MIN_BATCH 64u
#define ITER_BYTES (64u << 10)
#define QUEUE_STEP 1024
#define FIELD_REACH 256
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

/*
 * Each step_*() does one bounded piece of the sweep: 1 when there is more to do, 0 at the end,
 * -errno where it did not work.
 */

static int step_batch(struct reader *r)
{
	struct sweep *sweep = &r->env->sweep;
	uint32_t key_bytes = r->map->key_bytes, count;
	size_t step = value_step(r);
	uint8_t *keys, *values;
	int code;

	if (!r->batch)
		r->batch = first_batch(r);
	count = r->batch;
	values = sweep_room(r->env, count * (key_bytes + step));
	keys = values + count * step;
	code = bpf_map_lookup_batch(r->fd, sweep->first ? NULL : &sweep->in, &sweep->out, keys,
				    values, &count, NULL) < 0
		       ? errno
		       : 0;
	if (code == ENOSPC && r->batch < r->map->max_entries) {
		/* A bucket of a hash has to fit whole. */
		r->batch = (uint32_t)MIN(2ull * r->batch, (uint64_t)r->map->max_entries);
		return 1;
	}
	if (code && code != ENOENT)
		return -code;
	reader_put_entries(r, keys, key_bytes, values, step, r->map->value_bytes, count);
	sweep->in = sweep->out;
	sweep->first = false;
	return code != ENOENT;
}

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

static int step_keys(struct reader *r)
{
	struct sweep *sweep = &r->env->sweep;
	uint32_t key_bytes = r->map->key_bytes;
	size_t step = value_step(r), key_step = (key_bytes + 7) & ~7u;
	uint8_t *room = sweep_room(r->env, step + 8 + 2 * key_step);
	uint8_t *value = room, *next = room + ((step + 7) & ~(size_t)7), *key = next + key_step;

	for (uint32_t i = 0; i < MIN_BATCH; i++) {
		if (!sweep->left--)
			return -EAGAIN;
		if (bpf_map_get_next_key(r->fd, sweep->first ? NULL : key, next) < 0)
			return errno == ENOENT ? 0 : -errno;
		sweep->first = false;
		memcpy(key, next, key_bytes);
		if (seen_add(&sweep->seen, key, key_bytes) &&
		    bpf_map_lookup_elem(r->fd, key, value) == 0)
			reader_put_entries(r, key, key_bytes, value, step, r->map->value_bytes, 1);
	}
	return 1;
}

static int step_map(struct reader *r)
{
	int code = r->per_key ? step_keys(r) : step_batch(r);

	if (r->per_key || !r->env->sweep.first)
		return code;
	switch (-code) {
	case EINVAL:
	case ENOTSUP:
	case ERRNO_ENOTSUPP:
		r->per_key = true;
		return 1;
	}
	return code;
}

/* The bytes of the section that fields of the map are in, in whole pages. */
static void globals_range(const struct map_plan *map, size_t *ret_first, size_t *ret_end)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), first = map->value_bytes, end = 0;

	for (uint32_t i = 0; i < map->value.nfields; i++) {
		const struct field *f = &map->value.fields[i];
		size_t at = f->off_bits / 8;

		/* An address and its family stand up to FIELD_REACH from each other. */
		first = MIN(first, at - MIN(at, (size_t)FIELD_REACH));
		end = MAX(end, at + (size_t)f->size_bits / 8 * MAX(f->count, 1u) + FIELD_REACH);
	}
	*ret_first = MIN(first, end) / page * page;
	*ret_end = MIN((end + page - 1) / page * page, (map->value_bytes + page - 1) / page * page);
}

/* The section where it stands, without the pages that nothing is read of: a mapping counts as
 * resident. NULL where the kernel cannot map it (before 5.5). */
static const uint8_t *mapped_globals(struct reader *r)
{
	size_t first, end;
	void *at;

	if (r->globals)
		return r->globals - r->globals_first;
	globals_range(r->map, &first, &end);
	at = mmap(NULL, end - first, PROT_READ, MAP_SHARED, r->fd, (off_t)first);
	if (at == MAP_FAILED)
		return NULL;
	r->globals = at;
	r->globals_first = first;
	r->globals_bytes = end - first;
	return r->globals - first;
}

static int step_globals(struct reader *r)
{
	const uint8_t *value = mapped_globals(r);
	uint32_t zero = 0;

	if (!value) {
		uint8_t *copy = sweep_room(r->env, value_step(r));

		if (bpf_map_lookup_elem(r->fd, &zero, copy) < 0)
			return -errno;
		value = copy;
	}
	reader_put_entries(r, NULL, 0, value, 0, r->map->value_bytes, 1);
	return 0;
}

static void take_iter_records(struct reader *r, const uint8_t *bytes, uint32_t count)
{
	uint32_t len = r->map->value.size_bytes;
	uint64_t now_ns = now_mono_ns();
	bool hold = r->env->hold;

	if (r->series) {
		reader_put_entries(r, NULL, 0, bytes, len, len, count);
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

/* Before the first step. 0: there is nothing to read. */
static int open_iter(struct reader *r)
{
	const struct prog_plan *prog = &r->env->plan->progs[r->map->prog];
	int fd;

	if (object_prog_status(r->env->object, prog).state !=
	    PROG_ATTACHED) /* not among those that were asked for */
		return 0;
	fd = object_iter_fd(r->env->object, prog, NULL);
	r->env->sweep.iter_fd = fd < 0 ? -1 : fd;
	return fd < 0 ? fd : 1;
}

static int step_iter(struct reader *r)
{
	struct sweep *sweep = &r->env->sweep;
	uint32_t len = r->map->value.size_bytes;
	size_t size = MAX((size_t)ITER_BYTES, (size_t)len);
	uint8_t *room = sweep_room(r->env, size);
	ssize_t n;

	if (sweep->iter_fd < 0)
		return open_iter(r);
	n = read(sweep->iter_fd, room + sweep->have, size - sweep->have);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 1 : -errno;
	if (n == 0) {
		tally_add(&r->malformed, sweep->have > 0);
		return 0;
	}
	sweep->have += (size_t)n;
	take_iter_records(r, room, (uint32_t)(sweep->have / len));
	memmove(room, room + sweep->have / len * len, sweep->have % len);
	sweep->have %= len;
	return 1;
}

/* At most as many as fit at once: what comes meanwhile is for the next time. */
static int step_queue(struct reader *r)
{
	struct sweep *sweep = &r->env->sweep;
	uint8_t *value = sweep_room(r->env, r->map->value_bytes);
	uint32_t i = 0;
	int code = 0;

	for (; i < QUEUE_STEP && sweep->left && reader_has_room(r); i++, sweep->left--) {
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
	tally_add(&r->entries, i);
	reader_publish(r);
	return code == ENOENT ? 0 : code ? -code : i == QUEUE_STEP;
}

static int step_source(struct reader *r)
{
	switch (r->map->source) {
	case SOURCE_HASH:
	case SOURCE_ARRAY:
		return r->series ? step_map(r) : 0;
	case SOURCE_GLOBALS:
		return r->series ? step_globals(r) : 0;
	case SOURCE_ITER:
		return step_iter(r);
	case SOURCE_QUEUE:
		return step_queue(r);
	}
	return 0;
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

static bool sweeps_series(const struct reader *r)
{
	return r->series && r->map->source != SOURCE_QUEUE;
}

void reader_sweep_begin(struct reader *r)
{
	struct sweep *sweep = &r->env->sweep;
	uint32_t max = r->map->max_entries;

	*sweep = (struct sweep){
		.start_ns = now_mono_ns(),
		.first = true,
		.iter_fd = -1,
		/* Being sent back to the beginning again and again has to end somewhere. */
		.left = r->map->source == SOURCE_QUEUE ? max : 4 * (uint64_t)max + 1024,
	};
	tally_set(&r->entries, 0);
	if (!sweeps_series(r))
		return;
	fair_lock_take(&r->env->lock);
	series_sweep_begin(r->series, sweep->start_ns);
	fair_lock_release(&r->env->lock);
}

/* Makes the sweep's values visible, or leaves the series as they were. */
static void finish(struct reader *r, bool whole)
{
	struct sweep *sweep = &r->env->sweep;

	r->expected_ns = now_mono_ns() - sweep->start_ns;
	seen_release(&sweep->seen);
	close_fd(&sweep->iter_fd);
	sweep->iter_fd = -1;
	if (!r->series)
		return;
	fair_lock_take(&r->env->lock);
	if (!sweeps_series(r))
		series_expire(r->series, sweep->start_ns);
	else if (whole)
		series_sweep_end(r->series);
	else
		series_sweep_cancel(r->series);
	fair_lock_release(&r->env->lock);
}

static void end_sweep(struct reader *r, int code)
{
	uint64_t now_ns = now_mono_ns();

	finish(r, code == 0);
	if (r->series && r->metric->is_guess && r->guess_checks < GUESS_SWEEPS) {
		r->guess_checks++;
		check_guess(r);
	}
	tally_add(&r->sweeps, 1);
	tally_set(&r->sweep_ns, now_ns - r->env->sweep.start_ns);
	if (code == 0) {
		tally_set(&r->whole_ns, now_ns);
		tally_set(&r->cut, false);
		return;
	}
	tally_add(&r->sweep_errors, 1);
	if (!r->warned)
		log_warn("map %s: it cannot be read: %s", r->map->name, strerror(-code));
	r->warned = true;
}

bool reader_sweep_step(struct reader *r)
{
	int code = step_source(r);

	if (code > 0)
		return true;
	end_sweep(r, code);
	return false;
}

void reader_sweep_cancel(struct reader *r)
{
	finish(r, false);
	tally_set(&r->cut, true);
}

void reader_sweep(struct reader *r)
{
	reader_sweep_begin(r);
	while (reader_sweep_step(r))
		;
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

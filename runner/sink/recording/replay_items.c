// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "base/log.h"
#include "base/util.h"
#include "runner/read/filter/filter.h"
#include "runner/sink/recording/replay_internal.h"

/* A time of the recording at this speed; bounded, so that sums do not overflow. */
static uint64_t as_played(uint64_t step_ns, double speed)
{
	return (uint64_t)MIN((double)step_ns / speed, 1e18);
}

/* Sleeps until what comes next is due. */
static int play_time(struct replay *rp, struct cursor *c)
{
	uint64_t step = get_number(c, UINT64_MAX / 4 - rp->result.span_ns), due, now;
	struct source_play *play = &rp->play;
	int ret = 0;

	rp->result.span_ns += step;
	play->at_ns = rp->result.span_ns;
	while (!ret) {
		now = now_mono_ns();
		if (play->at_ns <= play->until_ns || (!play->paused && !(play->speed > 0))) {
			rp->due_ns = now;
			return 0;
		}
		if (play->paused)
			rp->due_ns = now;
		due = play->paused ? UINT64_MAX : rp->due_ns + as_played(step, play->speed);
		if (now >= due) {
			rp->due_ns = due;
			return 0;
		}
		ret = rp->feed->rest(rp->feed, -1, (due - now) / 1000000 + 1);
	}
	return ret;
}

static uint64_t get_time(struct replay *rp, struct cursor *c)
{
	rp->last_ns += unzigzag(get_varint(c));
	return rp->last_ns;
}

static uint32_t get_map(const struct replay *rp, struct cursor *c)
{
	if (rp->current->source.plan->nmaps)
		return (uint32_t)get_number(c, rp->current->source.plan->nmaps - 1);
	c->bad = true;
	return 0;
}

static bool passes(const struct replay *rp, const struct record *record)
{
	struct filter *filter =
		rp->current->filters ? rp->current->filters[record->map->index] : NULL;

	return filter_match(filter, record);
}

static int play_record(struct replay *rp, struct cursor *c)
{
	uint32_t map = get_map(rp, c);
	const struct map_shape *shape = &rp->current->shapes[map];
	struct record record = { .map = &rp->current->source.plan->maps[map],
				 .value_bytes = shape->record_value_bytes };

	c->bad |= !shape->record_value_bytes;
	record.time_ns = get_time(rp, c);
	if (shape->record_key_bytes)
		record.part[PART_KEY] = get_bytes(c, shape->record_key_bytes);
	record.part[PART_VALUE] = get_bytes(c, shape->record_value_bytes);
	if (c->bad)
		return 0;
	__atomic_store_n(&rp->current->played[map], rp->current->played[map] + 1, __ATOMIC_RELAXED);
	return passes(rp, &record) ? rp->feed->event(rp->feed, &rp->current->source, &record) : 0;
}

/* One row behind those that are kept; false: the filter hides it. */
static bool get_row(const struct replay *rp, struct cursor *c, struct series_rows *rows,
		    uint64_t *id, uint64_t *change_ns)
{
	const struct metric_plan *metric = rows->plan;
	uint32_t i = rows->count;
	union cell *cells = rows->cells + (size_t)i * metric->ncells;
	const void *key;
	struct record record = { .map = metric->map };
	uint32_t recorded = rp->current->shapes[metric->map->index].row_cells;

	rows->flags[i] =
		(uint8_t)get_number(c, SERIES_NEW | SERIES_CHANGED | SERIES_GONE | SERIES_OVERFLOW);
	rows->id[i] = *id += unzigzag(get_varint(c));
	rows->change_ns[i] = *change_ns += unzigzag(get_varint(c));
	key = get_bytes(c, metric->key_bytes);
	if (!key)
		return false;
	memcpy(rows->keys + (size_t)i * metric->key_bytes, key, metric->key_bytes);
	for (uint32_t k = 0; k < metric->ncells; k++) {
		if (rows->flags[i] & SERIES_GONE)
			cells[k].u = 0;
		else /* a sum was known where the recording does not say whether it was */
			cells[k].u = k < recorded ? get_varint(c) : 1;
	}
	record.part[PART_KEY] = row_key(rows, i);
	record.part[PART_VALUE] = cells;
	record.value_bytes = metric->ncells * (uint32_t)sizeof(*cells);
	return passes(rp, &record);
}

static int play_rows(struct replay *rp, struct cursor *c)
{
	uint32_t map = get_map(rp, c);
	uint64_t time_ns = get_time(rp, c), id = 0, change_ns = 0;
	uint64_t count = get_number(c, RECORDING_MAX_ROWS);
	struct series_rows *rows = &rp->current->rows[map];

	c->bad |= !rp->current->shapes[map].metric;
	if (c->bad)
		return 0;
	rows->count = 0;
	for (uint64_t i = 0; i < count && !c->bad; i++)
		rows->count += get_row(rp, c, rows, &id, &change_ns);
	if (c->bad || !rows->count)
		return 0;
	replay_put_rows(rp->current, rows);
	return rp->feed->rows(rp->feed, &rp->current->source, rows, time_ns);
}

static int play_lost(struct replay *rp, struct cursor *c)
{
	uint32_t map = get_map(rp, c);
	enum lost_where where = get_number(c, LOST_QUEUE);
	uint64_t count = get_varint(c), time_ns = get_time(rp, c);

	if (c->bad)
		return 0;
	return rp->feed->lost(rp->feed, &rp->current->source, &rp->current->source.plan->maps[map],
			      where, count, time_ns);
}

static int play_sweep(struct replay *rp, struct cursor *c)
{
	uint64_t time_ns = get_time(rp, c);

	return c->bad ? 0 : rp->feed->swept(rp->feed, &rp->current->source, time_ns);
}

static int play_stats(struct replay *rp, struct cursor *c)
{
	uint32_t map = get_map(rp, c);
	struct map_stats s = { 0 };

	s.read = get_varint(c);
	s.filtered = get_varint(c);
	s.malformed = get_varint(c);
	s.lost = get_varint(c);
	s.lost_known = get_number(c, 1);
	s.dropped = get_varint(c);
	s.sweeps = get_varint(c);
	s.sweep_ns = get_varint(c);
	s.entries = get_varint(c);
	s.ring_high_bytes = get_varint(c);
	s.sweep_errors = get_varint(c);
	if (!c->bad)
		replay_put_stats(rp->current, &rp->current->source.plan->maps[map], &s);
	return 0;
}

static int play_prog(struct replay *rp, struct cursor *c)
{
	uint64_t prog = get_varint(c);
	enum prog_state state = get_number(c, PROG_DETACHED);
	size_t len = get_number(c, RECORDING_MAX_TEXT);
	const char *text = get_bytes(c, len);
	_cleanup_free_ char *reason = text && len ? xstrndup(text, len) : NULL;
	struct prog_stats stats = { 0 };

	stats.runs = get_varint(c);
	stats.run_ns = get_varint(c);
	stats.misses = get_varint(c);
	c->bad |= prog >= rp->current->source.plan->nprogs;
	if (!c->bad)
		replay_put_prog(rp->current, (uint32_t)prog, state, reason, &stats);
	return 0;
}

static int play_name(struct replay *rp, struct cursor *c)
{
	enum meaning meaning = recording_name_meaning(get_varint(c));
	uint64_t id = get_varint(c);
	bool found = get_number(c, 1);
	size_t len = found ? get_number(c, RECORDING_MAX_TEXT) : 0;
	const char *text = found ? get_bytes(c, len) : NULL;

	if (!c->bad)
		replay_names_put(rp->current->names, meaning, id, text, len);
	return 0;
}

static int play_log(struct replay *rp, struct cursor *c)
{
	enum log_level level = get_number(c, LOG_DEBUG);
	size_t len = get_number(c, RECORDING_MAX_TEXT);
	const char *text = get_bytes(c, len);

	if (!c->bad)
		log_msg(level, "%.*s", (int)len, text);
	return 0;
}

static int play_clock(struct replay *rp, struct cursor *c)
{
	struct clock_offsets offsets = { 0 };

	offsets.mono.from_ns = get_varint(c);
	offsets.mono.offset_ns = get_varint(c);
	offsets.boot.from_ns = get_varint(c);
	offsets.boot.offset_ns = get_varint(c);
	if (!c->bad)
		wallclock_tell(rp->current->source.clock, &offsets);
	return 0;
}

static int play_of(struct replay *rp, struct cursor *c)
{
	rp->current = rp->programs[get_number(c, rp->count - 1)];
	return 0;
}

int replay_block(struct replay *rp)
{
	static int (*const play[])(struct replay * rp, struct cursor * c) = {
		[ITEM_TIME] = play_time,   [ITEM_RECORD] = play_record, [ITEM_ROWS] = play_rows,
		[ITEM_LOST] = play_lost,   [ITEM_STATS] = play_stats,	[ITEM_PROG] = play_prog,
		[ITEM_NAME] = play_name,   [ITEM_LOG] = play_log,	[ITEM_CLOCK] = play_clock,
		[ITEM_SWEEP] = play_sweep, [ITEM_OF] = play_of,
	};
	struct cursor c = { rp->file.bytes, rp->file.bytes + rp->file.len, false };
	int ret = 0;

	while (!ret && !c.bad && c.at < c.end) {
		uint8_t item = *c.at++;

		if (item < ARRAY_LEN(play) && play[item])
			ret = play[item](rp, &c);
		else
			c.bad = true;
	}
	if (!c.bad)
		return ret;
	err_hint(rp->err, "what stands before it was replayed");
	return err_set(rp->err, EBADMSG, "%s: the block in front of byte %llu has wrong content",
		       rp->file.path, (unsigned long long)rp->file.offset);
}

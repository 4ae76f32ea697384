// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/host/internal.h"

#include <errno.h>
#include "runner/read/collect/queue.h"
#include "runner/read/text/decoding.h"
#include "runner/sink/out.h"

/* A sink that people talk to, or another source, has its turn after so many records: a millisecond
 * or so. */
#define TURN_RECORDS 4096u

/* What a sink returned: remembers which one failed. */
static int checked(struct sink_runner *r, struct sink *sink, int ret)
{
	if (unlikely(ret < 0) && !r->failed)
		r->failed = sink;
	return ret;
}

/* A decoder finds that the record is to be left out. */
static bool is_dropped(struct sink_runner *r, struct source *source, const struct record *record)
{
	if (!r->names)
		r->names = source_resolver(source);
	return decoding_drops(&record->map->value, record->part[PART_VALUE], r->names);
}

int runner_give_event(struct sink_runner *r, struct source *source, const struct record *record)
{
	int ret = 0;

	if (unlikely(record->map->value.drops) && is_dropped(r, source, record))
		return 0;

	for (size_t i = 0; i < r->ntakers && !ret; i++)
		ret = checked(r, r->takers[i],
			      r->takers[i]->ops->event(r->takers[i], source, record));
	if (unlikely(--r->left == 0) && !ret)
		ret = 1;
	return ret;
}

/* No more rows than -n leaves. */
int runner_give_rows(struct sink_runner *r, struct source *source, const struct series_rows *all,
		     uint64_t time_ns)
{
	struct series_rows rows = *all;
	int ret = 0;

	rows.count = (uint32_t)MIN((uint64_t)rows.count, r->left);
	for (size_t i = 0; i < r->nsinks && !ret; i++) {
		struct sink *sink = r->sinks[i];

		if (sink->ops->rows)
			ret = checked(r, sink, sink->ops->rows(sink, source, &rows, time_ns));
	}
	r->left -= rows.count;
	return ret || r->left ? ret : 1;
}

int runner_give_loss(struct sink_runner *r, struct source *source, const struct map_plan *map,
		     enum lost_where where, uint64_t count, uint64_t time_ns)
{
	int ret = 0;

	for (size_t i = 0; i < r->nsinks && !ret; i++) {
		struct sink *sink = r->sinks[i];

		if (sink->ops->lost)
			ret = checked(r, sink,
				      sink->ops->lost(sink, source, map, where, count, time_ns));
	}
	return ret;
}

int runner_give_swept(struct sink_runner *r, struct source *source, uint64_t time_ns)
{
	int ret = 0;

	for (size_t i = 0; i < r->nsinks && !ret; i++) {
		struct sink *sink = r->sinks[i];

		if (sink->ops->swept)
			ret = checked(r, sink, sink->ops->swept(sink, source, time_ns));
	}
	return ret;
}

struct out *runner_out(const struct sink_runner *r)
{
	struct out *out = NULL;

	for (size_t i = 0; i < r->nsinks && !out; i++)
		out = r->sinks[i]->ops->out ? r->sinks[i]->ops->out(r->sinks[i]) : NULL;
	return out;
}

/* Everything that was given is on its way; -EPIPE: it has no reader. */
int runner_flush(struct sink_runner *r)
{
	struct out *out = runner_out(r);
	int ret = 0;

	for (size_t i = 0; i < r->nsinks && !ret; i++) {
		struct sink *sink = r->sinks[i];

		if (sink->ops->flush)
			ret = checked(r, sink, sink->ops->flush(sink));
	}
	return !ret && out && out_reader_left(out) ? -EPIPE : ret;
}

int runner_turn(struct sink_runner *r)
{
	int ret = 0;

	r->timeout_ms = -1;
	for (size_t i = 0; i < r->nsinks && !ret; i++) {
		struct sink *sink = r->sinks[i];
		int wanted_ms = -1;

		if (!sink->ops->work)
			continue;
		ret = checked(r, sink, sink->ops->work(sink, &wanted_ms));
		if (wanted_ms >= 0 && (r->timeout_ms < 0 || wanted_ms < r->timeout_ms))
			r->timeout_ms = wanted_ms;
	}
	return ret;
}

/* ---- from queues and sweeps ---- */

/* Records until there is none, a sweep is over, or it is the turn of something else. */
int runner_give_records(struct sink_runner *r, struct attached *at, bool *ret_more)
{
	uint32_t left = r->has_work || r->nsources > 1 ? TURN_RECORDS : UINT32_MAX;
	struct record record;
	int ret = 0;

	while (!ret && left && !attached_has_tick(at) && queue_get(at->queue, &record)) {
		ret = runner_give_event(r, at->source, &record);
		left--;
	}
	*ret_more |= !left;
	return ret;
}

static int give_lost(struct sink_runner *r, struct attached *at, uint64_t time_ns)
{
	const struct plan *plan = at->source->plan;
	int ret = 0;

	for (uint32_t i = 0; r->wants_lost && i < plan->nmaps && !ret; i++) {
		const struct map_plan *map = &plan->maps[i];
		struct runner_map *seen = &at->maps[i];
		struct map_stats now;

		if (map->role == ROLE_INTERNAL && !seen->has_rows)
			continue;
		now = source_map_stats(at->source, map);
		if (now.lost > seen->lost)
			ret = runner_give_loss(r, at->source, map, LOST_KERNEL,
					       now.lost - seen->lost, time_ns);
		/* Of records that no sink's queue took there are some only where these sinks want
		 * records. */
		if (!ret && r->ntakers && now.dropped > seen->dropped)
			ret = runner_give_loss(r, at->source, map, LOST_QUEUE,
					       now.dropped - seen->dropped, time_ns);
		seen->lost = now.lost;
		seen->dropped = now.dropped;
	}
	return ret;
}

/* What changed in one map's series since the last time, in blocks. */
static int give_series(struct sink_runner *r, struct attached *at, struct runner_map *map,
		       uint64_t time_ns)
{
	int ret = 0;

	source_walk_begin_changed(&map->walk);
	while (!ret && source_walk_next(&map->walk))
		if (map->walk.rows.count)
			ret = runner_give_rows(r, at->source, &map->walk.rows, time_ns);
	return ret;
}

int runner_give_sweep(struct sink_runner *r, struct attached *at)
{
	uint64_t time_ns = now_real_ns();
	int ret;

	__atomic_store_n(&at->tick, false, __ATOMIC_RELAXED);
	ret = give_lost(r, at, time_ns);
	for (uint32_t i = 0; i < at->source->plan->nmaps && !ret; i++)
		if (at->maps[i].has_rows)
			ret = give_series(r, at, &at->maps[i], time_ns);
	return ret ? ret : runner_give_swept(r, at->source, time_ns);
}

nfds_t runner_sink_fds(const struct sink_runner *r, nfds_t n)
{
	struct out *out = runner_out(r);

	for (size_t i = 0; i < r->nsinks; i++)
		if (r->sinks[i]->ops->fd)
			r->fds[n++] =
				(struct pollfd){ r->sinks[i]->ops->fd(r->sinks[i]), POLLIN, 0 };
	if (out && out_has_reader(out))
		r->fds[n++] = (struct pollfd){ .fd = out->fd }; /* for errors */
	return n;
}

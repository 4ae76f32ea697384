// SPDX-License-Identifier: Apache-2.0
#include "runner/read/collect/live.h"

#include <errno.h>
#include "base/util.h"
#include "runner/load/attach/object.h"
#include "runner/read/collect/collector.h"

static struct live_source *live_of(struct source *source)
{
	return container_of(source, struct live_source, source);
}

static const struct metric_plan *live_metric(struct source *source, const struct map_plan *map)
{
	const struct series *series = collector_series(live_of(source)->collector, map);

	return series ? series_plan(series) : NULL;
}

static bool live_walk(struct source *source, struct source_walk *walk)
{
	struct collector *collector = live_of(source)->collector;
	bool more;

	collector_lock(collector);
	more = source_walk_step(walk, collector_series(collector, walk->map));
	collector_unlock(collector);
	return more;
}

static struct series_stats live_series_stats(struct source *source, const struct map_plan *map)
{
	struct collector *collector = live_of(source)->collector;
	struct series_stats stats;

	collector_lock(collector);
	stats = series_stats(collector_series(collector, map));
	collector_unlock(collector);
	return stats;
}

static struct map_stats live_map_stats(struct source *source, const struct map_plan *map)
{
	return collector_stats(live_of(source)->collector, map);
}

static struct prog_status live_prog_status(struct source *source, const struct prog_plan *prog)
{
	return object_prog_status(live_of(source)->object, prog);
}

/* Before a program is loaded its object belongs to the thread that starts it. */
static int live_prog_stats(struct source *source, const struct prog_plan *prog,
			   struct prog_stats *ret)
{
	const struct object *object = live_of(source)->object;

	if (object_prog_status(object, prog).state < PROG_LOADED)
		return -ENOENT;
	return object_prog_stats(object, prog, ret);
}

static int live_stacks_fd(struct source *source, const struct map_plan *map)
{
	return object_map_fd(live_of(source)->object, map);
}

static bool live_steps(struct source *source, struct source_steps *ret)
{
	const struct live_source *live = live_of(source);
	struct object_times times = object_times(live->object);

	*ret = (struct source_steps){ live->pull, times.open, times.load, times.attach };
	return true;
}

static void live_on_demand(struct source *source, bool on_demand)
{
	collector_on_demand(live_of(source)->collector, on_demand);
}

static bool live_refresh(struct source *source, uint64_t within_ns)
{
	return collector_refresh(live_of(source)->collector, within_ns);
}

static void live_set_interval(struct source *source, uint64_t interval_ns)
{
	collector_set_interval(live_of(source)->collector, interval_ns);
}

static uint64_t live_set_aside(struct source *source, uint64_t max)
{
	return collector_set_aside(live_of(source)->collector, max);
}

static void live_add_queue(struct source *source, struct queue *queue)
{
	collector_add_queue(live_of(source)->collector, queue);
}

static void live_remove_queue(struct source *source, struct queue *queue)
{
	collector_remove_queue(live_of(source)->collector, queue);
}

void live_source_init(struct live_source *ret, const char *name, struct object *object,
		      struct collector *collector, struct wallclock *clock)
{
	static const struct source_ops ops = {
		.metric = live_metric,
		.walk = live_walk,
		.series_stats = live_series_stats,
		.map_stats = live_map_stats,
		.prog_status = live_prog_status,
		.prog_stats = live_prog_stats,
		.stacks_fd = live_stacks_fd,
		.steps = live_steps,
		.on_demand = live_on_demand,
		.refresh = live_refresh,
		.set_interval = live_set_interval,
		.set_aside = live_set_aside,
		.add_queue = live_add_queue,
		.remove_queue = live_remove_queue,
	};

	*ret = (struct live_source){
		.source = { .ops = &ops, .plan = object_plan(object), .clock = clock },
		.object = object,
		.collector = collector,
	};
	source_set_name(&ret->source, name);
}

// SPDX-License-Identifier: Apache-2.0
#include "tests/support/fake_source.h"

#include <errno.h>
#include "base/util.h"

static struct fake_source *fake_of(struct source *source)
{
	return container_of(source, struct fake_source, source);
}

void fake_lock(struct fake_source *fake)
{
	pthread_mutex_lock(&fake->lock);
}

void fake_unlock(struct fake_source *fake)
{
	pthread_mutex_unlock(&fake->lock);
}

static const struct metric_plan *fake_metric(struct source *source, const struct map_plan *map)
{
	const struct series *series = fake_of(source)->series[map->index];

	return series ? series_plan(series) : NULL;
}

static bool fake_walk(struct source *source, struct source_walk *walk)
{
	struct fake_source *fake = fake_of(source);
	bool more;

	fake_lock(fake);
	more = source_walk_step(walk, fake->series[walk->map->index]);
	fake_unlock(fake);
	return more;
}

static struct series_stats fake_series_stats(struct source *source, const struct map_plan *map)
{
	struct fake_source *fake = fake_of(source);
	struct series_stats stats;

	fake_lock(fake);
	stats = series_stats(fake->series[map->index]);
	fake_unlock(fake);
	return stats;
}

static struct map_stats fake_map_stats(struct source *source, const struct map_plan *map)
{
	struct fake_source *fake = fake_of(source);
	struct map_stats stats;

	fake_lock(fake);
	stats = fake->stats[map->index];
	fake_unlock(fake);
	return stats;
}

static struct prog_status fake_prog_status(struct source *source, const struct prog_plan *prog)
{
	struct fake_source *fake = fake_of(source);
	struct prog_status status;

	fake_lock(fake);
	status = fake->progs[prog - source->plan->progs];
	fake_unlock(fake);
	return status;
}

static int fake_prog_stats(struct source *source, const struct prog_plan *prog,
			   struct prog_stats *ret)
{
	struct fake_source *fake = fake_of(source);

	if (!fake->knows_stats)
		return -ENOENT;
	*ret = fake->prog_stats[prog - source->plan->progs];
	return 0;
}

static bool fake_steps(struct source *source, struct source_steps *ret)
{
	*ret = fake_of(source)->steps;
	return true;
}

static void fake_set_interval(struct source *source, uint64_t interval_ns)
{
	fake_of(source)->interval_ns = interval_ns;
}

static void fake_add_queue(struct source *source, struct queue *queue)
{
	struct fake_source *fake = fake_of(source);

	for (size_t i = 0; i < FAKE_QUEUES; i++) {
		if (fake->queues[i])
			continue;
		fake->queue = fake->queues[i] = queue;
		return;
	}
}

static void fake_remove_queue(struct source *source, struct queue *queue)
{
	struct fake_source *fake = fake_of(source);

	for (size_t i = 0; i < FAKE_QUEUES; i++)
		if (fake->queues[i] == queue)
			fake->queues[i] = NULL;
	if (fake->queue == queue)
		fake->queue = NULL;
}

void fake_source_init(struct fake_source *fake, const char *name, const struct plan *plan,
		      struct wallclock *clock)
{
	static const struct source_ops ops = {
		.metric = fake_metric,
		.walk = fake_walk,
		.series_stats = fake_series_stats,
		.map_stats = fake_map_stats,
		.prog_status = fake_prog_status,
		.prog_stats = fake_prog_stats,
		.steps = fake_steps,
		.set_interval = fake_set_interval,
		.add_queue = fake_add_queue,
		.remove_queue = fake_remove_queue,
	};

	*fake = (struct fake_source){ .source = { .ops = &ops, .plan = plan, .clock = clock } };
	source_set_name(&fake->source, name);
	pthread_mutex_init(&fake->lock, NULL);
}

void fake_source_release(struct fake_source *fake)
{
	pthread_mutex_destroy(&fake->lock);
}

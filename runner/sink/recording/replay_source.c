// SPDX-License-Identifier: Apache-2.0
/* A recording as a source: what it said last is how things are. */
#include <errno.h>

#include "base/clock.h"
#include "base/util.h"
#include "runner/sink/recording/replay_internal.h"

static struct replay *replay_of(struct source *source)
{
	return container_of(source, struct replay, source);
}

static const struct metric_plan *get_metric(struct source *source, const struct map_plan *map)
{
	return replay_of(source)->metrics[map->index];
}

static bool walk(struct source *source, struct source_walk *walk)
{
	struct replay *rp = replay_of(source);
	bool more;

	pthread_mutex_lock(&rp->lock);
	more = source_walk_step(walk, rp->series[walk->map->index]);
	pthread_mutex_unlock(&rp->lock);
	return more;
}

static struct series_stats get_series_stats(struct source *source, const struct map_plan *map)
{
	struct replay *rp = replay_of(source);
	struct series_stats stats;

	pthread_mutex_lock(&rp->lock);
	stats = series_stats(rp->series[map->index]);
	pthread_mutex_unlock(&rp->lock);
	return stats;
}

static struct map_stats get_map_stats(struct source *source, const struct map_plan *map)
{
	struct replay *rp = replay_of(source);
	struct map_stats stats;

	pthread_mutex_lock(&rp->lock);
	stats = rp->stats[map->index];
	pthread_mutex_unlock(&rp->lock);
	/* The recording says it once a second. */
	stats.read = MAX(stats.read, __atomic_load_n(&rp->played[map->index], __ATOMIC_RELAXED));
	return stats;
}

static struct prog_status get_prog_status(struct source *source, const struct prog_plan *prog)
{
	struct replay *rp = replay_of(source);
	struct prog_status status;

	pthread_mutex_lock(&rp->lock);
	status = rp->status[prog->index];
	pthread_mutex_unlock(&rp->lock);
	return status;
}

static int get_prog_stats(struct source *source, const struct prog_plan *prog,
			  struct prog_stats *ret)
{
	struct replay *rp = replay_of(source);

	pthread_mutex_lock(&rp->lock);
	*ret = rp->prog_stats[prog->index];
	pthread_mutex_unlock(&rp->lock);
	return 0;
}

void replay_put_rows(struct replay *rp, const struct series_rows *rows)
{
	struct series *series = rp->series[rows->plan->map->index];

	pthread_mutex_lock(&rp->lock);
	for (uint32_t i = 0; i < rows->count; i++)
		series_put_row(series, rows, i);
	pthread_mutex_unlock(&rp->lock);
}

/* Gone series age with each call, as with each sweep. */
void replay_put_stats(struct replay *rp, const struct map_plan *map, const struct map_stats *stats)
{
	struct series *series = rp->series[map->index];

	pthread_mutex_lock(&rp->lock);
	rp->stats[map->index] = *stats;
	if (series)
		series_expire(series, now_mono_ns());
	pthread_mutex_unlock(&rp->lock);
}

void replay_put_prog(struct replay *rp, uint32_t prog, enum prog_state state, const char *reason,
		     const struct prog_stats *stats)
{
	struct prog_status *status = &rp->status[prog];

	pthread_mutex_lock(&rp->lock);
	status->state = (uint8_t)state;
	if (reason && !status->reason)
		status->reason = arena_strdup(&rp->reasons, reason);
	rp->prog_stats[prog] = *stats;
	pthread_mutex_unlock(&rp->lock);
}

/* The metric of a map that a collector would read; else it is no more. */
static void take_metric(struct replay *rp, const struct map_plan *map, struct metric_plan *metric,
			const struct series_opts *opts)
{
	if (!metric)
		return;
	if (map->role == ROLE_INTERNAL || map->source == SOURCE_NONE || !map->has_value) {
		metric_release(metric);
		free(metric);
		return;
	}
	rp->metrics[map->index] = metric;
	rp->series[map->index] = series_new(metric, opts);
}

static void prepare_map(struct replay *rp, const struct map_plan *map)
{
	struct map_shape *shape = &rp->shapes[map->index];

	rp->stats[map->index].lost_known = map->role != ROLE_INTERNAL && map_loses_nothing(map);
	*shape = recording_shape(&rp->source, map);
	if (shape->metric)
		series_rows_init(&rp->rows[map->index], shape->metric, RECORDING_MAX_ROWS);
}

void replay_source_init(struct replay *rp, const struct plan *plan, struct metric_plan **metrics,
			struct wallclock *clock, const struct series_opts *opts)
{
	static const struct source_ops ops = {
		.metric = get_metric,
		.walk = walk,
		.series_stats = get_series_stats,
		.map_stats = get_map_stats,
		.prog_status = get_prog_status,
		.prog_stats = get_prog_stats,
	};

	rp->ops = ops;
	rp->source = (struct source){ .ops = &rp->ops,
				      .recorded = true,
				      .plan = plan,
				      .clock = clock,
				      .names = replay_names_source(rp->names) };
	source_set_name(&rp->source, rp->program);
	pthread_mutex_init(&rp->lock, NULL);
	rp->metrics = xcalloc(plan->nmaps + 1, sizeof(*rp->metrics));
	rp->series = xcalloc(plan->nmaps + 1, sizeof(*rp->series));
	rp->stats = xcalloc(plan->nmaps + 1, sizeof(*rp->stats));
	rp->played = xcalloc(plan->nmaps + 1, sizeof(*rp->played));
	rp->shapes = xcalloc(plan->nmaps + 1, sizeof(*rp->shapes));
	rp->rows = xcalloc(plan->nmaps + 1, sizeof(*rp->rows));
	rp->status = xcalloc(plan->nprogs + 1, sizeof(*rp->status));
	rp->prog_stats = xcalloc(plan->nprogs + 1, sizeof(*rp->prog_stats));
	for (uint32_t i = 0; i < plan->nmaps; i++) {
		take_metric(rp, &plan->maps[i], steal_ptr(&metrics[i]), opts);
		prepare_map(rp, &plan->maps[i]);
	}
	for (uint32_t i = 0; i < plan->nprogs; i++) {
		rp->status[i].state = plan->progs[i].first_state;
		rp->status[i].reason = plan->progs[i].off_reason;
	}
}

void replay_source_release(struct replay *rp)
{
	const struct plan *plan = rp->source.plan;

	if (!plan)
		return;
	for (uint32_t i = 0; i < plan->nmaps; i++) {
		if (rp->rows[i].plan)
			series_rows_release(&rp->rows[i]);
		series_free(rp->series[i]);
		if (rp->metrics[i])
			metric_release(rp->metrics[i]);
		free(rp->metrics[i]);
	}
	free(rp->metrics);
	free(rp->series);
	free(rp->stats);
	free(rp->played);
	free(rp->shapes);
	free(rp->rows);
	free(rp->status);
	free(rp->prog_stats);
	arena_release(&rp->reasons);
	pthread_mutex_destroy(&rp->lock);
}

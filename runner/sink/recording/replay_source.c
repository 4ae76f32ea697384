// SPDX-License-Identifier: Apache-2.0
/* A recording as a source: what it said last is how things are. */
#include <errno.h>

#include "base/clock.h"
#include "base/util.h"
#include "runner/sink/recording/replay_internal.h"

static struct replay_program *program_of(struct source *source)
{
	return container_of(source, struct replay_program, source);
}

static const struct metric_plan *get_metric(struct source *source, const struct map_plan *map)
{
	return program_of(source)->metrics[map->index];
}

static bool walk(struct source *source, struct source_walk *walk)
{
	struct replay_program *p = program_of(source);
	bool more;

	pthread_mutex_lock(&p->lock);
	more = source_walk_step(walk, p->series[walk->map->index]);
	pthread_mutex_unlock(&p->lock);
	return more;
}

static struct series_stats get_series_stats(struct source *source, const struct map_plan *map)
{
	struct replay_program *p = program_of(source);
	struct series_stats stats;

	pthread_mutex_lock(&p->lock);
	stats = series_stats(p->series[map->index]);
	pthread_mutex_unlock(&p->lock);
	return stats;
}

static struct map_stats get_map_stats(struct source *source, const struct map_plan *map)
{
	struct replay_program *p = program_of(source);
	struct map_stats stats;

	pthread_mutex_lock(&p->lock);
	stats = p->stats[map->index];
	pthread_mutex_unlock(&p->lock);
	/* A recording has statistics once a second only. */
	stats.read = MAX(stats.read, __atomic_load_n(&p->played[map->index], __ATOMIC_RELAXED));
	return stats;
}

static struct prog_status get_prog_status(struct source *source, const struct prog_plan *prog)
{
	struct replay_program *p = program_of(source);
	struct prog_status status;

	pthread_mutex_lock(&p->lock);
	status = p->status[prog->index];
	pthread_mutex_unlock(&p->lock);
	return status;
}

static int get_prog_stats(struct source *source, const struct prog_plan *prog,
			  struct prog_stats *ret)
{
	struct replay_program *p = program_of(source);

	pthread_mutex_lock(&p->lock);
	*ret = p->prog_stats[prog->index];
	pthread_mutex_unlock(&p->lock);
	return 0;
}

void replay_put_rows(struct replay_program *p, const struct series_rows *rows)
{
	struct series *series = p->series[rows->plan->map->index];

	pthread_mutex_lock(&p->lock);
	for (uint32_t i = 0; i < rows->count; i++)
		series_put_row(series, rows, i);
	pthread_mutex_unlock(&p->lock);
}

/* Gone series age with each call, as with each sweep. */
void replay_put_stats(struct replay_program *p, const struct map_plan *map,
		      const struct map_stats *stats)
{
	struct series *series = p->series[map->index];

	pthread_mutex_lock(&p->lock);
	p->stats[map->index] = *stats;
	if (series)
		series_expire(series, now_mono_ns());
	pthread_mutex_unlock(&p->lock);
}

void replay_put_prog(struct replay_program *p, uint32_t prog, enum prog_state state,
		     const char *reason, const struct prog_stats *stats)
{
	struct prog_status *status = &p->status[prog];

	pthread_mutex_lock(&p->lock);
	status->state = (uint8_t)state;
	if (reason && !status->reason)
		status->reason = arena_strdup(&p->reasons, reason);
	p->prog_stats[prog] = *stats;
	pthread_mutex_unlock(&p->lock);
}

/* The metric of a map that a collector would read; else it is no more. */
static void take_metric(struct replay_program *p, const struct map_plan *map,
			struct metric_plan *metric, const struct series_opts *opts)
{
	if (!metric)
		return;
	if (map->role == ROLE_INTERNAL || map->source == SOURCE_NONE || !map->has_value) {
		metric_release(metric);
		free(metric);
		return;
	}
	p->metrics[map->index] = metric;
	p->series[map->index] = series_new(metric, opts);
}

static void prepare_map(struct replay_program *p, const struct map_plan *map)
{
	struct map_shape *shape = &p->shapes[map->index];

	p->stats[map->index].lost_known = map->role != ROLE_INTERNAL && map_loses_nothing(map);
	*shape = recording_shape(&p->source, map);
	if (shape->metric)
		series_rows_init(&p->rows[map->index], shape->metric, RECORDING_MAX_ROWS);
}

void replay_source_init(struct replay_program *p, const struct plan *plan,
			struct metric_plan **metrics, struct wallclock *clock,
			const struct series_opts *opts)
{
	static const struct source_ops ops = {
		.metric = get_metric,
		.walk = walk,
		.series_stats = get_series_stats,
		.map_stats = get_map_stats,
		.prog_status = get_prog_status,
		.prog_stats = get_prog_stats,
	};

	p->ops = ops;
	p->source = (struct source){ .ops = &p->ops,
				     .recorded = true,
				     .plan = plan,
				     .clock = clock,
				     .names = replay_names_source(p->names) };
	source_set_name(&p->source, p->name);
	if (p->short_name)
		snprintf(p->source.program, sizeof(p->source.program), "%s", p->short_name);
	p->source.several = p->short_name != NULL;
	pthread_mutex_init(&p->lock, NULL);
	p->metrics = xcalloc(plan->nmaps + 1, sizeof(*p->metrics));
	p->series = xcalloc(plan->nmaps + 1, sizeof(*p->series));
	p->stats = xcalloc(plan->nmaps + 1, sizeof(*p->stats));
	p->played = xcalloc(plan->nmaps + 1, sizeof(*p->played));
	p->shapes = xcalloc(plan->nmaps + 1, sizeof(*p->shapes));
	p->rows = xcalloc(plan->nmaps + 1, sizeof(*p->rows));
	p->status = xcalloc(plan->nprogs + 1, sizeof(*p->status));
	p->prog_stats = xcalloc(plan->nprogs + 1, sizeof(*p->prog_stats));
	for (uint32_t i = 0; i < plan->nmaps; i++) {
		take_metric(p, &plan->maps[i], steal_ptr(&metrics[i]), opts);
		prepare_map(p, &plan->maps[i]);
	}
	for (uint32_t i = 0; i < plan->nprogs; i++) {
		p->status[i].state = plan->progs[i].first_state;
		p->status[i].reason = plan->progs[i].off_reason;
	}
}

void replay_source_release(struct replay_program *p)
{
	const struct plan *plan = p->source.plan;

	if (!plan)
		return;
	for (uint32_t i = 0; i < plan->nmaps; i++) {
		if (p->rows[i].plan)
			series_rows_release(&p->rows[i]);
		series_free(p->series[i]);
		if (p->metrics[i])
			metric_release(p->metrics[i]);
		free(p->metrics[i]);
	}
	free(p->metrics);
	free(p->series);
	free(p->stats);
	free(p->played);
	free(p->shapes);
	free(p->rows);
	free(p->status);
	free(p->prog_stats);
	arena_release(&p->reasons);
	pthread_mutex_destroy(&p->lock);
}

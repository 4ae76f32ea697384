// SPDX-License-Identifier: Apache-2.0
#include "runner/read/collect/collector.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <sys/mman.h>

#include "base/err.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/util.h"
#include "runner/read/collect/collector_internal.h"

#define DEFAULT_INTERVAL_NS 1000000000ull
#define GROUP_BYTES 8192 /* of records or keys that are counted at once */

/* A map that has something for us. */
static bool is_wanted(const struct map_plan *map)
{
	return map->role != ROLE_INTERNAL && map->source != SOURCE_NONE && map->has_value;
}

/* A layout that reaches over the kernel's sizes would read what is not there. */
static int check_sizes(const struct map_plan *map, struct err *err)
{
	bool table = map->source == SOURCE_HASH || map->source == SOURCE_ARRAY;

	if (map->has_key && table && map->key.size_bytes > map->key_bytes)
		return err_set(err, EINVAL, "map %s: its keys have %u bytes, their type has %u",
			       map->symbol, map->key_bytes, map->key.size_bytes);
	if ((table || map->source == SOURCE_GLOBALS || map->source == SOURCE_QUEUE) &&
	    map->value.size_bytes > map->value_bytes)
		return err_set(err, EINVAL, "map %s: its values have %u bytes, their type has %u",
			       map->symbol, map->value_bytes, map->value.size_bytes);
	if (!map->value.size_bytes)
		return err_set(err, EINVAL, "map %s: its records are empty", map->symbol);
	return 0;
}

/* A map that another tool shows whole has room for a series of each entry, unless the user sets a
 * limit. */
static struct series_opts series_opts_of(const struct collector *c, const struct map_plan *map)
{
	struct series_opts opts = c->opts.series;

	if (!opts.max_series && map_is_exact(map) && map->max_entries > SERIES_DEFAULT_MAX)
		opts.max_series = (uint32_t)MIN((uint64_t)map->max_entries *
							(map->split_cpu ? c->env.cpus : 1),
						(uint64_t)UINT32_MAX / 2);
	return opts;
}

static void init_reader(struct collector *c, struct reader *r, const struct map_plan *map,
			struct filter **filter, struct metric_plan **metric)
{
	r->env = &c->env;
	r->map = map;
	r->fd = -1;
	r->filter = filter ? steal_ptr(filter) : NULL;
	r->metric = metric ? steal_ptr(metric) : NULL;
	r->time = layout_time(&map->value);
	reader_expect(r);
	if (map->role == ROLE_SPANS)
		r->trace = span_trace_id(map);
	if (r->metric) {
		const struct series_opts opts = series_opts_of(c, map);

		r->series = series_new(r->metric, &opts);
		r->group = MAX(1u, MAX(r->metric->key_bytes, map->value.size_bytes));
		r->group = MIN(GROUP_BYTES / r->group, (uint32_t)SERIES_TOUCH_MAX);
		r->group = MAX(1u, r->group);
		r->key = xcalloc(r->group, reader_key_stride(r->metric));
	}
	if (r->filter && map->per_cpu)
		r->summed = xcalloc(1, map->value_bytes);
	c->by_map[map->index] = r;
}

static void free_metric(struct metric_plan *metric)
{
	if (metric)
		metric_release(metric);
	free(metric);
}

int collector_new(struct collector **ret, struct object *object, const struct collector_opts *opts,
		  struct filter **filters, struct metric_plan **metrics, struct err *err)
{
	const struct plan *plan = object_plan(object);
	struct collector *c = xcalloc(1, sizeof(*c));
	int r = 0;

	c->opts = opts ? *opts : (struct collector_opts){ 0 };
	if (!c->opts.interval_ns)
		c->opts.interval_ns = DEFAULT_INTERVAL_NS;
	if (!c->opts.clock)
		c->opts.clock = c->own_clock = wallclock_new();
	c->env = (struct reader_env){
		.object = object,
		.opener = c->opts.opener,
		.plan = plan,
		.clock = c->opts.clock,
		.lock = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER },
		.hold = true,
		.cpus = (uint32_t)MAX(libbpf_num_possible_cpus(), 1),
		.sweep.iter_fd = -1,
	};
	c->next_fd = -1;
	demand_init(&c->demand);
	c->readers = xcalloc(plan->nmaps, sizeof(*c->readers));
	c->by_map = xcalloc(plan->nmaps, sizeof(struct reader *));
	for (uint32_t i = 0; i < plan->nmaps; i++) {
		if (!is_wanted(&plan->maps[i]))
			continue;
		if (r == 0)
			r = check_sizes(&plan->maps[i], err);
		init_reader(c, &c->readers[c->nreaders++], &plan->maps[i],
			    filters ? &filters[i] : NULL, metrics ? &metrics[i] : NULL);
	}
	/* The others were taken over too, and have no reader. */
	for (uint32_t i = 0; i < plan->nmaps; i++) {
		filter_free(filters ? filters[i] : NULL);
		free_metric(metrics ? metrics[i] : NULL);
	}
	if (r < 0) {
		collector_free(c);
		return r;
	}
	round_init(&c->round, c->readers, c->nreaders);
	*ret = c;
	return 0;
}

static void free_reader(struct collector *c, struct reader *r)
{
	if (c->loop)
		loop_remove(c->loop, r->source);
	loop_remove(c->loop, r->pace.timer);
	if (r->globals)
		munmap((void *)r->globals, r->globals_bytes);
	perf_reader_free(r->perf);
	ring_close(&r->ring);
	series_free(r->series);
	filter_free(r->filter);
	free_metric(r->metric);
	free(r->key);
	free(r->padded);
	free(r->summed);
}

void collector_free(struct collector *c)
{
	if (!c)
		return;
	if (round_runs(&c->round))
		round_cut(&c->round);
	for (uint32_t i = 0; i < c->nreaders; i++)
		free_reader(c, &c->readers[i]);
	for (uint32_t i = 0; c->loop && i < c->env.nqueues; i++)
		loop_remove(c->loop, c->room_sources[i]);
	if (c->loop) {
		loop_remove(c->loop, c->timer);
		loop_remove(c->loop, c->clock_source);
		loop_remove(c->loop, c->next_source);
	}
	close_fd(&c->next_fd);
	demand_release(&c->demand);
	round_release(&c->round);
	wallclock_free(c->own_clock);
	free(c->room_sources);
	free(c->env.queues);
	free(c->env.room);
	free(c->readers);
	free(c->by_map);
	free(c);
}

void collector_lock(struct collector *c)
{
	fair_lock_take(&c->env.lock);
}

void collector_unlock(struct collector *c)
{
	fair_lock_release(&c->env.lock);
}

uint64_t collector_set_aside(struct collector *c, uint64_t max)
{
	struct series_budget *budget = c->opts.series.budget;
	uint64_t share = max;

	if (!budget)
		return max;
	collector_lock(c);
	share = (budget->max_bytes + budget->aside_bytes) / 4 / MAX(budget->sharers, 1u);
	share = MIN(max, share);
	budget->max_bytes -= share;
	budget->aside_bytes += share;
	collector_unlock(c);
	return share;
}

struct series *collector_series(const struct collector *c, const struct map_plan *map)
{
	const struct reader *r = c->by_map[map->index];

	return r ? r->series : NULL;
}

static bool loses_nothing(const struct reader *r)
{
	const struct perf_reader *perf = __atomic_load_n(&r->perf, __ATOMIC_ACQUIRE);

	return map_loses_nothing(r->map) || (perf && perf_reader_knows_loss(perf));
}

struct map_stats collector_stats(const struct collector *c, const struct map_plan *map)
{
	const struct reader *r = c->by_map[map->index];
	struct map_stats stats = { 0 };
	uint64_t lost = 0;
	bool counted;

	/* Updates that an internal map refused are records that are missing. */
	if (!r) {
		stats.lost_known = reader_read_lost(&c->env, map, &stats.lost) && !map_evicts(map);
		return stats;
	}
	counted = __atomic_load_n(&r->fd, __ATOMIC_ACQUIRE) >= 0 &&
		  reader_read_lost(&c->env, map, &lost);
	stats = (struct map_stats){
		.read = tally_get(&r->read),
		.filtered = tally_get(&r->filtered),
		.malformed = tally_get(&r->malformed),
		/* The kernel and the program count the same refusals of a perf event array. */
		.lost = MAX(tally_get(&r->lost), lost),
		.lost_known = (counted && !map_evicts(map)) || loses_nothing(r),
		.dropped = tally_get(&r->dropped),
		.sweeps = tally_get(&r->sweeps),
		.sweep_ns = tally_get(&r->sweep_ns),
		.entries = tally_get(&r->entries),
		.ring_high_bytes = tally_get(&r->ring_high_bytes),
		.sweep_errors = tally_get(&r->sweep_errors),
		.whole_ns = tally_get(&r->whole_ns),
		.cut = tally_get(&r->cut),
	};
	return stats;
}

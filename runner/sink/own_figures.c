// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/own_figures.h"

#include <stdlib.h>

#include "base/util.h"
#include "runner/load/attach/object.h"
#include "runner/sink/text.h"

/* --- maps ------------------------------------------------------------------------------------- */

struct map_view {
	const struct map_plan *map;
	struct map_stats stats;
	bool has_series;
	struct series_stats series;
};

/* Maps whose entries are counted by a sweep. */
static bool is_table(const struct map_view *view)
{
	return view->stats.sweeps &&
	       (view->map->source == SOURCE_HASH || view->map->source == SOURCE_ARRAY ||
		view->map->source == SOURCE_QUEUE);
}

static bool get_read(const void *of, struct figure_value *ret)
{
	const struct map_view *view = of;

	return figure_count(ret, view->stats.read);
}

static bool get_filtered(const void *of, struct figure_value *ret)
{
	const struct map_view *view = of;

	return figure_count(ret, view->stats.filtered);
}

static bool get_malformed(const void *of, struct figure_value *ret)
{
	const struct map_view *view = of;

	return figure_count(ret, view->stats.malformed);
}

static bool get_lost(const void *of, struct figure_value *ret)
{
	const struct map_view *view = of;

	return view->stats.lost_known && figure_count(ret, view->stats.lost);
}

static bool get_dropped(const void *of, struct figure_value *ret)
{
	const struct map_view *view = of;

	return figure_count(ret, view->stats.dropped);
}

static bool get_entries(const void *of, struct figure_value *ret)
{
	const struct map_view *view = of;

	return is_table(view) && figure_count(ret, view->stats.entries);
}

static bool get_capacity(const void *of, struct figure_value *ret)
{
	const struct map_view *view = of;

	return is_table(view) && figure_count(ret, view->map->max_entries);
}

static bool get_fill(const void *of, struct figure_value *ret)
{
	const struct map_view *view = of;

	return is_table(view) &&
	       figure_number(ret, (double)view->stats.entries / MAX(view->map->max_entries, 1u));
}

static bool get_refused(const void *of, struct figure_value *ret)
{
	const struct map_view *view = of;

	return view->map->source == SOURCE_HASH && view->stats.lost_known &&
	       figure_count(ret, view->stats.lost);
}

static bool get_ring_size(const void *of, struct figure_value *ret)
{
	const struct map_view *view = of;

	return view->map->source == SOURCE_RING && figure_count(ret, view->map->max_entries);
}

static bool get_ring_high(const void *of, struct figure_value *ret)
{
	const struct map_view *view = of;

	return view->map->source == SOURCE_RING && figure_count(ret, view->stats.ring_high_bytes);
}

static bool get_series(const void *of, struct figure_value *ret)
{
	const struct map_view *view = of;

	return view->has_series && figure_count(ret, view->series.live);
}

static bool get_series_max(const void *of, struct figure_value *ret)
{
	const struct map_view *view = of;

	return view->has_series && figure_count(ret, view->series.max);
}

static bool get_series_memory(const void *of, struct figure_value *ret)
{
	const struct map_view *view = of;

	return view->has_series && figure_count(ret, view->series.memory_bytes);
}

static bool get_overflowed(const void *of, struct figure_value *ret)
{
	const struct map_view *view = of;

	return view->has_series && figure_count(ret, view->series.overflowed);
}

static bool get_expired(const void *of, struct figure_value *ret)
{
	const struct map_view *view = of;

	return view->has_series && figure_count(ret, view->series.expired);
}

static bool get_sweep_time(const void *of, struct figure_value *ret)
{
	const struct map_view *view = of;

	return view->stats.sweeps && figure_scaled(ret, view->stats.sweep_ns, 1e-9);
}

static bool get_sweep_errors(const void *of, struct figure_value *ret)
{
	const struct map_view *view = of;

	return view->stats.sweeps && figure_count(ret, view->stats.sweep_errors);
}

static const struct own_figure map_rows[] = {
	{ "bombus_events_read_total", "Records and map entries taken from the kernel.", "",
	  FIGURE_COUNTER, get_read },
	{ "bombus_events_filtered_total", "Of those read, kept away by a filter.", "",
	  FIGURE_COUNTER, get_filtered },
	{ "bombus_events_malformed_total", "Of those read, of another size than their type.", "",
	  FIGURE_COUNTER, get_malformed },
	{ "bombus_events_lost_total",
	  "Records that the program could not hand over; absent where it cannot tell.", "",
	  FIGURE_COUNTER, get_lost },
	{ "bombus_events_dropped_total", "Records read that an output was too slow for.", "",
	  FIGURE_COUNTER, get_dropped },
	{ "bombus_map_entries", "Entries that the last sweep found.", "", FIGURE_GAUGE,
	  get_entries },
	{ "bombus_map_capacity", "Entries that the map has room for.", "", FIGURE_GAUGE,
	  get_capacity },
	{ "bombus_map_fill_ratio", "How full the last sweep found the map.", "ratio", FIGURE_GAUGE,
	  get_fill },
	{ "bombus_map_update_failures_total",
	  "Updates that the map refused; absent where the program cannot tell.", "", FIGURE_COUNTER,
	  get_refused },
	{ "bombus_ring_size_bytes", "Size of the ring buffer.", "bytes", FIGURE_GAUGE,
	  get_ring_size },
	{ "bombus_ring_fill_max_bytes",
	  "The most that stood in the ring buffer when it was looked at.", "bytes", FIGURE_GAUGE,
	  get_ring_high },
	{ "bombus_series", "Series that are kept at the moment.", "", FIGURE_GAUGE, get_series },
	{ "bombus_series_limit", "Most series that are kept.", "", FIGURE_GAUGE, get_series_max },
	{ "bombus_series_memory_bytes", "Memory that the series take.", "bytes", FIGURE_GAUGE,
	  get_series_memory },
	{ "bombus_series_overflowed_total",
	  "Records and entries counted in the overflow series, being over the limit.", "",
	  FIGURE_COUNTER, get_overflowed },
	{ "bombus_series_expired_total", "Series dropped after their time to live.", "",
	  FIGURE_COUNTER, get_expired },
	{ "bombus_sweep_duration_seconds", "Time that the last sweep of the map took.", "seconds",
	  FIGURE_GAUGE, get_sweep_time },
	{ "bombus_sweep_errors_total", "Sweeps of the map that ended early.", "", FIGURE_COUNTER,
	  get_sweep_errors },
};

static void visit_map(const struct sink_env *env, const struct map_plan *map,
		      struct figure_visit *visit)
{
	struct series *series = collector_series(env->collector, map);
	struct map_view view = { .map = map, .stats = collector_stats(env->collector, map) };
	const struct figure_label label = { "map", map->name };

	if (series) {
		view.has_series = true;
		collector_lock(env->collector);
		view.series = series_stats(series);
		collector_unlock(env->collector);
	}
	visit->visit(visit, &view, &label, 1);
}

/* An internal map is not read, but the program may count what it refused. */
static bool is_of(const struct own_figure *figure, const struct map_plan *map)
{
	return map_has_records(map) || map_has_series(map) ||
	       (map->lost_map >= 0 && (figure->get == get_lost || figure->get == get_refused));
}

static void each_map(void *ctx, const struct own_figure *figure, struct figure_visit *visit)
{
	const struct sink_env *env = ctx;

	for (uint32_t i = 0; i < env->plan->nmaps; i++)
		if (is_of(figure, &env->plan->maps[i]))
			visit_map(env, &env->plan->maps[i], visit);
}

static const struct figure_table map_figures = { map_rows, ARRAY_LEN(map_rows), FIGURES_MAPS,
						 each_map };

/* --- programs --------------------------------------------------------------------------------- */

struct program_view {
	const struct prog_plan *prog;
	bool has_runs;
	struct prog_stats runs;
};

/* It may be detached from outside meanwhile. */
static uint8_t state_of(const struct prog_plan *prog)
{
	return __atomic_load_n(&prog->state, __ATOMIC_ACQUIRE);
}

static bool get_attached(const void *of, struct figure_value *ret)
{
	const struct program_view *view = of;

	return figure_count(ret, state_of(view->prog) == PROG_ATTACHED);
}

static bool get_attach_errno(const void *of, struct figure_value *ret)
{
	const struct program_view *view = of;

	return figure_count(ret, (uint64_t)abs(view->prog->reason_code));
}

static bool get_runs(const void *of, struct figure_value *ret)
{
	const struct program_view *view = of;

	return view->has_runs && figure_count(ret, view->runs.runs);
}

static bool get_run_time(const void *of, struct figure_value *ret)
{
	const struct program_view *view = of;

	return view->has_runs && figure_scaled(ret, view->runs.run_ns, 1e-9);
}

static bool get_misses(const void *of, struct figure_value *ret)
{
	const struct program_view *view = of;

	return view->has_runs && figure_count(ret, view->runs.misses);
}

static const struct own_figure program_rows[] = {
	{ "bombus_program_attached",
	  "1 where the program is attached, by what alternatives have in common.", "", FIGURE_GAUGE,
	  get_attached },
	{ "bombus_program_attach_errno", "Why it is not, as the number of the error; 0: no error.",
	  "", FIGURE_GAUGE, get_attach_errno },
	{ "bombus_program_runs_total", "How often the program ran.", "", FIGURE_COUNTER, get_runs },
	{ "bombus_program_run_seconds_total", "Time that the program ran.", "seconds",
	  FIGURE_COUNTER, get_run_time },
	{ "bombus_program_misses_total", "Runs left out as the program was running already.", "",
	  FIGURE_COUNTER, get_misses },
};

static void visit_program(const struct sink_env *env, const struct prog_plan *prog,
			  struct figure_visit *visit)
{
	struct program_view view = { .prog = prog };
	const struct figure_label labels[] = { { "program", prog->job },
					       { "variant", prog->name },
					       { "type", prog->type } };

	view.has_runs = env->object && object_prog_stats(env->object, prog, &view.runs) == 0;
	visit->visit(visit, &view, labels, ARRAY_LEN(labels));
}

static void each_program(void *ctx, const struct own_figure *figure, struct figure_visit *visit)
{
	const struct sink_env *env = ctx;

	for (uint32_t i = 0; i < env->plan->nprogs; i++) {
		uint8_t state = state_of(&env->plan->progs[i]);

		/* The others were not chosen. */
		if (state != PROG_OFF && state != PROG_STANDBY)
			visit_program(env, &env->plan->progs[i], visit);
	}
}

static const struct figure_table program_figures = { program_rows, ARRAY_LEN(program_rows),
						     FIGURES_FUNCTIONS, each_program };

void own_figures_add(struct figures *figures, const struct sink_env *env)
{
	figures_add(figures, &map_figures, (void *)env);
	figures_add(figures, &program_figures, (void *)env);
}

void own_figures_remove(struct figures *figures, const struct sink_env *env)
{
	figures_remove(figures, env);
}

// SPDX-License-Identifier: Apache-2.0
#include "runner/sink/own_figures.h"

#include <stdlib.h>

#include "base/util.h"
#include "runner/read/series/naming.h"
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

static void visit_map(struct source *source, const struct map_plan *map, struct figure_visit *visit)
{
	struct map_view view = { .map = map, .stats = source_map_stats(source, map) };
	const struct figure_label labels[] = { { NAMING_PROGRAM, source->program },
					       { "map", map->name } };

	view.has_series = source_metric(source, map) != NULL;
	if (view.has_series)
		view.series = source_series_stats(source, map);
	visit->visit(visit, &view, labels, ARRAY_LEN(labels));
}

/* An internal map is not read, but the program may count what it refused. */
static bool is_of(const struct own_figure *figure, const struct map_plan *map)
{
	return map_has_records(map) || map_has_series(map) ||
	       (map->lost_map >= 0 && (figure->get == get_lost || figure->get == get_refused));
}

static void each_map(void *ctx, const struct own_figure *figure, struct figure_visit *visit)
{
	struct source *source = ctx;

	for (uint32_t i = 0; i < source->plan->nmaps; i++)
		if (is_of(figure, &source->plan->maps[i]))
			visit_map(source, &source->plan->maps[i], visit);
}

static const struct figure_table map_figures = { map_rows, ARRAY_LEN(map_rows), FIGURES_MAPS,
						 each_map };

/* --- programs --------------------------------------------------------------------------------- */

struct program_view {
	struct prog_status status;
	bool has_runs;
	struct prog_stats runs;
};

static bool get_attached(const void *of, struct figure_value *ret)
{
	const struct program_view *view = of;

	return figure_count(ret, view->status.state == PROG_ATTACHED);
}

static bool get_attach_errno(const void *of, struct figure_value *ret)
{
	const struct program_view *view = of;

	return figure_count(ret, (uint64_t)abs(view->status.reason_code));
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

static void visit_program(struct source *source, const struct prog_plan *prog,
			  const struct prog_status *status, struct figure_visit *visit)
{
	struct program_view view = { .status = *status };
	const struct figure_label labels[] = { { NAMING_PROGRAM, source->program },
					       { "function", prog->job },
					       { "variant", prog->name },
					       { "type", prog->type } };

	view.has_runs = source_prog_stats(source, prog, &view.runs) == 0;
	visit->visit(visit, &view, labels, ARRAY_LEN(labels));
}

static void each_program(void *ctx, const struct own_figure *figure, struct figure_visit *visit)
{
	struct source *source = ctx;

	for (uint32_t i = 0; i < source->plan->nprogs; i++) {
		struct prog_status status = source_prog_status(source, &source->plan->progs[i]);

		/* The others were not chosen. */
		if (status.state != PROG_OFF && status.state != PROG_STANDBY)
			visit_program(source, &source->plan->progs[i], &status, visit);
	}
}

static const struct figure_table program_figures = { program_rows, ARRAY_LEN(program_rows),
						     FIGURES_FUNCTIONS, each_program };

/* --- images ----------------------------------------------------------------------------------- */

static bool get_one(const void *of, struct figure_value *ret)
{
	return figure_count(ret, 1);
}

static const struct own_figure info_rows[] = {
	{ "bombus_program_info", "Always 1, labelled with the image and its digest.", "",
	  FIGURE_GAUGE, get_one },
};

static void each_info(void *ctx, const struct own_figure *figure, struct figure_visit *visit)
{
	const struct source *source = ctx;
	const struct figure_label labels[] = { { NAMING_PROGRAM, source->program },
					       { "image", source->name },
					       { "digest", source->digest } };

	visit->visit(visit, source, labels, ARRAY_LEN(labels) - !source->digest);
}

static const struct figure_table info_figures = { info_rows, ARRAY_LEN(info_rows), FIGURES_PROGRAMS,
						  each_info };

void own_figures_add(struct figures *figures, struct source *source)
{
	figures_add(figures, &info_figures, source);
	figures_add(figures, &map_figures, source);
	figures_add(figures, &program_figures, source);
}

void own_figures_remove(struct figures *figures, struct source *source)
{
	figures_remove(figures, source);
}

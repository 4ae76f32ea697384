// SPDX-License-Identifier: Apache-2.0
#include "base/util.h"
#include "runner/sink/scrape_own.h"
#include "runner/sink/text.h"

/* Looks at one map; false: it has no such figure. */
typedef bool (*own_fn)(const struct map_stats *stats, const struct series_stats *series,
		       struct expo_number *ret);

static bool own_read(const struct map_stats *stats, const struct series_stats *series,
		     struct expo_number *ret)
{
	ret->cell.u = stats->read;
	return true;
}

static bool own_filtered(const struct map_stats *stats, const struct series_stats *series,
			 struct expo_number *ret)
{
	ret->cell.u = stats->filtered;
	return true;
}

static bool own_malformed(const struct map_stats *stats, const struct series_stats *series,
			  struct expo_number *ret)
{
	ret->cell.u = stats->malformed;
	return true;
}

static bool own_lost(const struct map_stats *stats, const struct series_stats *series,
		     struct expo_number *ret)
{
	ret->cell.u = stats->lost;
	return stats->lost_known;
}

static bool own_dropped(const struct map_stats *stats, const struct series_stats *series,
			struct expo_number *ret)
{
	ret->cell.u = stats->dropped;
	return true;
}

static bool own_series(const struct map_stats *stats, const struct series_stats *series,
		       struct expo_number *ret)
{
	ret->cell.u = series ? series->live : 0;
	return series;
}

static bool own_series_max(const struct map_stats *stats, const struct series_stats *series,
			   struct expo_number *ret)
{
	ret->cell.u = series ? series->max : 0;
	return series;
}

static bool own_overflowed(const struct map_stats *stats, const struct series_stats *series,
			   struct expo_number *ret)
{
	ret->cell.u = series ? series->overflowed : 0;
	return series;
}

static bool own_expired(const struct map_stats *stats, const struct series_stats *series,
			struct expo_number *ret)
{
	ret->cell.u = series ? series->expired : 0;
	return series;
}

static bool own_sweep_time(const struct map_stats *stats, const struct series_stats *series,
			   struct expo_number *ret)
{
	ret->cell.u = stats->sweep_ns;
	ret->scale = 1e-9;
	return stats->sweeps;
}

static bool own_sweep_errors(const struct map_stats *stats, const struct series_stats *series,
			     struct expo_number *ret)
{
	ret->cell.u = stats->sweep_errors;
	return stats->sweeps;
}

static const struct own {
	struct expo_family family;
	own_fn fn;
} owns[] = {
	{ { "bombus_events_read_total", "Records and map entries taken from the kernel.", "",
	    METRIC_COUNTER },
	  own_read },
	{ { "bombus_events_filtered_total", "Of those read, kept away by a filter.", "",
	    METRIC_COUNTER },
	  own_filtered },
	{ { "bombus_events_malformed_total", "Of those read, shorter than their layout.", "",
	    METRIC_COUNTER },
	  own_malformed },
	{ { "bombus_events_lost_total",
	    "Records that the program could not hand over; absent where it cannot tell.", "",
	    METRIC_COUNTER },
	  own_lost },
	{ { "bombus_events_dropped_total", "Records read that an output was too slow for.", "",
	    METRIC_COUNTER },
	  own_dropped },
	{ { "bombus_series", "Series that are kept at the moment.", "", METRIC_GAUGE },
	  own_series },
	{ { "bombus_series_limit", "Most series that are kept.", "", METRIC_GAUGE },
	  own_series_max },
	{ { "bombus_series_overflowed_total",
	    "Records and entries counted in the overflow series, being over the limit.", "",
	    METRIC_COUNTER },
	  own_overflowed },
	{ { "bombus_series_expired_total", "Series dropped after their time to live.", "",
	    METRIC_COUNTER },
	  own_expired },
	{ { "bombus_sweep_duration_seconds", "Time that the last sweep of the map took.", "seconds",
	    METRIC_GAUGE },
	  own_sweep_time },
	{ { "bombus_sweep_errors_total", "Sweeps of the map that ended early.", "",
	    METRIC_COUNTER },
	  own_sweep_errors },
};

static void own_build_info(struct strbuf *dst, const struct expo_format *format)
{
	static const struct expo_family family = { "bombus_build_info",
						   "Always 1, labelled with the version.", "",
						   METRIC_GAUGE };
	static const struct expo_number one = { CELL_U64, { 1 }, 1 };
	struct expo_label version = { "version", BOMBUS_VERSION, strlen(BOMBUS_VERSION) };

	format->family(dst, &family);
	format->number(dst, &family, &version, 1, &one);
}

static void own_map(struct strbuf *dst, const struct own *own, const struct map_plan *map,
		    const struct sink_env *env, const struct expo_format *format, bool *headed)
{
	struct series *series = collector_series(env->collector, map);
	struct map_stats stats = collector_stats(env->collector, map);
	struct series_stats of_series = { 0 };
	struct expo_number number = { .type = CELL_U64, .scale = 1 };
	struct expo_label label = { "map", map->name, strlen(map->name) };

	if (series) {
		collector_lock(env->collector);
		of_series = series_stats(series);
		collector_unlock(env->collector);
	}
	if (!own->fn(&stats, series ? &of_series : NULL, &number))
		return;
	if (!*headed)
		format->family(dst, &own->family);
	*headed = true;
	format->number(dst, &own->family, &label, 1, &number);
}

bool scrape_own(struct strbuf *dst, uint32_t nth, const struct sink_env *env,
		const struct expo_format *format)
{
	bool headed = false;

	if (nth == 0) {
		own_build_info(dst, format);
		return true;
	}
	if (nth > ARRAY_LEN(owns))
		return false;
	for (uint32_t i = 0; i < env->plan->nmaps; i++) {
		const struct map_plan *map = &env->plan->maps[i];

		if (map_has_records(map) || map_has_series(map))
			own_map(dst, &owns[nth - 1], map, env, format, &headed);
	}
	return true;
}

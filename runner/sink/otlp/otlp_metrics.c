// SPDX-License-Identifier: Apache-2.0
/*
 * Series are read in blocks of rows, copies. Of each block each family
 * becomes one metric in the queue, with a data point a row.
 *
 * The state of a series from one collection to the next is in two tables by its id:
 * the one of the last collection is read, the one of this collection is made. So what is gone is
 * forgotten, and there are never more entries than series.
 */
#include "base/clock.h"
#include "base/util.h"
#include "runner/sink/deltas.h"
#include "runner/sink/otlp/otlp_attrs.h"
#include "runner/sink/otlp/otlp_config.h"
#include "runner/sink/otlp/otlp_metrics.h"
#include "runner/sink/otlp/otlp_points.h"
#include "runner/sink/text.h"

/* Field numbers and names of opentelemetry/proto/metrics/v1/metrics.proto. */
#define METRIC_NAME OTLP_KEY(1, "name")
#define METRIC_DESCRIPTION OTLP_KEY(2, "description")
#define METRIC_UNIT OTLP_KEY(3, "unit")
#define METRIC_AS_GAUGE OTLP_KEY(5, "gauge")
#define METRIC_AS_SUM OTLP_KEY(7, "sum")
#define METRIC_AS_HISTOGRAM OTLP_KEY(9, "histogram")
#define METRIC_AS_EXPONENTIAL OTLP_KEY(10, "exponentialHistogram")
#define DATA_POINTS OTLP_KEY(1, "dataPoints")
#define DATA_TEMPORALITY OTLP_KEY(2, "aggregationTemporality")
#define DATA_MONOTONIC OTLP_KEY(3, "isMonotonic")
#define POINT_START OTLP_KEY(2, "startTimeUnixNano")
#define POINT_TIME OTLP_KEY(3, "timeUnixNano")
#define NUMBER_ATTRIBUTES OTLP_KEY(7, "attributes")
#define HISTOGRAM_ATTRIBUTES OTLP_KEY(9, "attributes")
#define EXPONENTIAL_ATTRIBUTES OTLP_KEY(1, "attributes")

enum { TEMPORALITY_DELTA = 1, TEMPORALITY_CUMULATIVE };

#define BLOCK_ROWS 1024u
#define BLOCK_BYTES (256u << 10)

struct family_words {
	char *name, *unit, *help;
	struct otlp_key data;	    /* METRIC_AS_... */
	struct otlp_key attributes; /* of its points */
};

struct metrics_map {
	const struct metric_plan *plan;
	struct family_words *families;
	struct span_attr *labels;
	bool delta;
	/* By the series' id: its start, and of deltas its cells at the last collection. */
	struct deltas *before, *after;
	struct source_walk walk;
};

struct otlp_metrics {
	const struct otlp_config *config;
	struct source *source;
	struct otlp_queue *queue;
	struct otlp_origin origin;
	struct sink_names names;
	struct metrics_map *maps;
	uint32_t nmaps;
	char *room;		   /* of a label's text */
	union cell *cells;	   /* of one row, after subtraction */
	uint64_t last_ns, time_ns; /* of collections; Unix time */
};

/* A metric being written: its head comes with its first point. */
struct point_writer {
	struct otlp_metrics *metrics;
	const struct metrics_map *map;
	const struct family *family;
	const struct family_words *words;
	struct otlp_writer *w; /* NULL: no point yet */
	size_t data, point;
	uint64_t points;
	bool refused; /* the queue has no room */
};

/* --- preparing ------------------------------------------------------------------------------- */

static bool is_exponential(const struct otlp_config *config, const struct family *family)
{
	return config->exponential_histograms && family->shape != BOUNDS_OTHER && family->nbounds;
}

static void prepare_family(struct family_words *words, const struct otlp_metrics_opts *opts,
			   const struct metric_plan *plan, const struct family *family)
{
	words->name = naming_otlp(opts->naming, plan, family);
	words->unit = naming_ucum(family);
	words->help = naming_help(opts->naming, plan, family);
	words->attributes = NUMBER_ATTRIBUTES;
	words->data = family->type == METRIC_COUNTER ? METRIC_AS_SUM : METRIC_AS_GAUGE;
	if (family->type != METRIC_HISTOGRAM)
		return;
	words->data = METRIC_AS_HISTOGRAM;
	words->attributes = HISTOGRAM_ATTRIBUTES;
	if (!is_exponential(opts->config, family))
		return;
	words->data = METRIC_AS_EXPONENTIAL;
	words->attributes = EXPONENTIAL_ATTRIBUTES;
}

/* Where records are counted here their number since the last time is at hand; what the kernel
 * counts would have to be remembered, which is what "lowmemory" does not want. */
static bool wants_delta(const struct otlp_config *config, const struct metric_plan *plan)
{
	bool of_events = plan->kind == METRIC_EVENTS || plan->kind == METRIC_HIST_EVENTS;

	return config->temporality == OTLP_DELTA ||
	       (config->temporality == OTLP_LOWMEMORY && of_events);
}

static struct deltas *new_table(const struct metrics_map *map)
{
	return deltas_new(1 + (map->delta ? map->plan->ncells : 0), UINT32_MAX / 4);
}

static void prepare_map(struct metrics_map *map, const struct otlp_metrics_opts *opts,
			const struct metric_plan *plan, size_t *room, size_t *cells)
{
	map->plan = plan;
	map->delta = wants_delta(opts->config, plan);
	map->before = new_table(map);
	map->after = new_table(map);
	map->families = xcalloc(plan->nfamilies + 1, sizeof(*map->families));
	map->labels = xcalloc(plan->nlabels + 1, sizeof(*map->labels));
	for (uint32_t i = 0; i < plan->nfamilies; i++)
		prepare_family(&map->families[i], opts, plan, &plan->families[i]);
	for (uint32_t i = 0; i < plan->nlabels; i++) {
		span_attr_init(&map->labels[i], &plan->labels[i].in_key, plan->labels[i].name);
		*room = MAX(*room, (size_t)span_attr_text_max(&map->labels[i]));
	}
	*cells = MAX(*cells, (size_t)plan->ncells);
	source_walk_init(&map->walk, opts->source, plan->map,
			 series_block_rows(plan, BLOCK_ROWS, BLOCK_BYTES));
}

struct otlp_metrics *otlp_metrics_new(const struct otlp_metrics_opts *opts)
{
	struct otlp_metrics *metrics = xcalloc(1, sizeof(*metrics));
	const struct plan *plan = opts->source->plan;
	size_t room = 1, cells = 1;
	void *resource = xmalloc(opts->origin->resource_bytes);

	memcpy(resource, opts->origin->resource, opts->origin->resource_bytes);
	metrics->config = opts->config;
	metrics->source = opts->source;
	metrics->queue = opts->queue;
	metrics->origin = *opts->origin;
	metrics->origin.resource = resource;
	metrics->maps = xcalloc(plan->nmaps + 1, sizeof(*metrics->maps));
	for (uint32_t i = 0; i < plan->nmaps; i++) {
		const struct map_plan *map = &plan->maps[i];
		const struct metric_plan *metric = source_metric(opts->source, map);

		if (map->exported && map_has_series(map) && metric)
			prepare_map(&metrics->maps[metrics->nmaps++], opts, metric, &room, &cells);
	}
	metrics->room = xmalloc(room);
	metrics->cells = xcalloc(cells, sizeof(union cell));
	sink_names_init(&metrics->names, opts->source);
	metrics->last_ns = now_real_ns();
	return metrics;
}

static void release_map(struct metrics_map *map)
{
	for (uint32_t i = 0; i < map->plan->nfamilies; i++) {
		free(map->families[i].name);
		free(map->families[i].unit);
		free(map->families[i].help);
	}
	free(map->families);
	free(map->labels);
	deltas_free(map->before);
	deltas_free(map->after);
	source_walk_release(&map->walk);
}

void otlp_metrics_free(struct otlp_metrics *metrics)
{
	if (!metrics)
		return;
	for (uint32_t i = 0; i < metrics->nmaps; i++)
		release_map(&metrics->maps[i]);
	sink_names_release(&metrics->names);
	free((void *)metrics->origin.resource);
	free(metrics->maps);
	free(metrics->room);
	free(metrics->cells);
	free(metrics);
}

/* --- one point ------------------------------------------------------------------------------- */

static bool open_metric(struct point_writer *pw)
{
	struct otlp_writer *w;

	if (pw->w || pw->refused)
		return !pw->refused;
	w = otlp_queue_item(pw->metrics->queue, &pw->metrics->origin);
	pw->w = w;
	pw->refused = !w;
	if (!w)
		return false;
	otlp_string(w, METRIC_NAME, pw->words->name, strlen(pw->words->name));
	otlp_string(w, METRIC_DESCRIPTION, pw->words->help, strlen(pw->words->help));
	if (pw->words->unit[0])
		otlp_string(w, METRIC_UNIT, pw->words->unit, strlen(pw->words->unit));
	pw->data = otlp_message(w, pw->words->data);
	otlp_list(w, DATA_POINTS);
	return true;
}

static void close_metric(struct point_writer *pw)
{
	struct otlp_writer *w = pw->w;

	if (!w)
		return;
	otlp_list_end(w);
	if (pw->family->type != METRIC_GAUGE)
		otlp_enum(w, DATA_TEMPORALITY,
			  pw->map->delta ? TEMPORALITY_DELTA : TEMPORALITY_CUMULATIVE);
	if (pw->family->type == METRIC_COUNTER)
		otlp_bool(w, DATA_MONOTONIC, true);
	otlp_end(w, pw->data);
	otlp_queue_item_end_as(pw->metrics->queue, pw->points);
}

static void put_attributes(struct point_writer *pw, uint32_t row)
{
	const struct series_rows *rows = &pw->map->walk.rows;
	struct otlp_attrs attrs = { .w = pw->w,
				    .resolver = sink_names_get(&pw->metrics->names),
				    .room = pw->metrics->room,
				    .value_chars = UINT64_MAX,
				    .left = UINT64_MAX,
				    .all = true };
	uint32_t number = pw->words->attributes.number;

	otlp_list(pw->w, pw->words->attributes);
	if (rows->flags[row] & SERIES_OVERFLOW)
		otlp_attr_bool(pw->w, number, "otel.metric.overflow", true);
	else
		for (uint32_t i = 0; i < pw->map->plan->nlabels; i++)
			otlp_attrs_put(&attrs, number, &pw->map->labels[i], row_key(rows, row));
	otlp_list_end(pw->w);
}

static void open_point(struct point_writer *pw, uint32_t row, uint64_t start_ns)
{
	pw->point = otlp_item(pw->w, DATA_POINTS);
	if (pw->family->type != METRIC_GAUGE)
		otlp_fixed64(pw->w, POINT_START, start_ns);
	otlp_fixed64(pw->w, POINT_TIME, pw->metrics->time_ns);
	put_attributes(pw, row);
}

static void close_point(struct point_writer *pw)
{
	otlp_end(pw->w, pw->point);
	pw->points++;
}

/* A delta of nothing says nothing. */
static bool is_nothing(const struct family *family, const union cell *cells)
{
	if (family->type == METRIC_HISTOGRAM)
		return histogram_count(family, cells) == 0;
	return family->type == METRIC_COUNTER && cells[family->cell].u == 0;
}

static void put_point(struct point_writer *pw, uint32_t row, const union cell *cells,
		      uint64_t start_ns)
{
	if ((pw->map->delta && is_nothing(pw->family, cells)) || !open_metric(pw))
		return;
	open_point(pw, row, start_ns);
	if (pw->family->type != METRIC_HISTOGRAM)
		otlp_put_number(pw->w, pw->family, cells[pw->family->cell]);
	else if (is_exponential(pw->metrics->config, pw->family))
		otlp_put_exponential(pw->w, pw->family, cells);
	else
		otlp_put_explicit(pw->w, pw->family, cells);
	close_point(pw);
}

/* --- what was the last time ------------------------------------------------------------------- */

/* A counter of the kernel may begin anew: then all of it is new. */
static union cell difference(union cell now, union cell before, uint8_t type)
{
	if (type == CELL_DOUBLE)
		now.d = now.d < before.d ? now.d : now.d - before.d;
	else if (type == CELL_I64)
		now.i = now.i < before.i ? now.i : now.i - before.i;
	else
		now.u = now.u < before.u ? now.u : now.u - before.u;
	return now;
}

/* The cells of one family of a row, as they are to be told. */
static const union cell *tell_cells(struct point_writer *pw, const union cell *now,
				    const uint64_t *before)
{
	const struct family *family = pw->family;
	uint32_t ncounts = family->type == METRIC_HISTOGRAM ? family->nbounds + 1 : 0;
	union cell *dst = pw->metrics->cells;

	if (!pw->map->delta || family->type == METRIC_GAUGE)
		return now;
	for (uint32_t i = family->cell; i < family->cell + ncounts; i++)
		dst[i] = difference(now[i], (union cell){ .u = before[1 + i] }, CELL_U64);
	if (!ncounts || family->has_sum) {
		uint32_t i = family->cell + ncounts;

		dst[i] = difference(now[i], (union cell){ .u = before[1 + i] }, family->cell_type);
		if (ncounts && family->sum_optional)
			dst[i + 1] = now[i + 1];
	}
	return dst;
}

static void put_family(struct otlp_metrics *metrics, struct metrics_map *map, uint32_t number)
{
	struct point_writer pw = { .metrics = metrics,
				   .map = map,
				   .family = &map->plan->families[number],
				   .words = &map->families[number] };
	const struct series_rows *rows = &map->walk.rows;

	for (uint32_t i = 0; i < rows->count; i++) {
		const uint64_t *before;
		bool known;

		if (rows->flags[i] & SERIES_GONE)
			continue;
		before = deltas_of(map->before, rows->id[i], &known);
		put_point(&pw, i, tell_cells(&pw, row_cells(rows, i), before),
			  before[0] && !map->delta ? before[0] : metrics->last_ns);
	}
	close_metric(&pw);
}

static void remember(const struct otlp_metrics *metrics, struct metrics_map *map)
{
	const struct series_rows *rows = &map->walk.rows;

	for (uint32_t i = 0; i < rows->count; i++) {
		const uint64_t *before;
		uint64_t *after;
		bool known;

		if (rows->flags[i] & SERIES_GONE)
			continue;
		before = deltas_of(map->before, rows->id[i], &known);
		after = deltas_of(map->after, rows->id[i], &known);
		after[0] = before[0] ? before[0] : metrics->last_ns;
		if (map->delta)
			memcpy(after + 1, row_cells(rows, i),
			       map->plan->ncells * sizeof(union cell));
	}
}

static void collect_map(struct otlp_metrics *metrics, struct metrics_map *map)
{
	source_walk_begin(&map->walk);
	while (source_walk_next(&map->walk)) {
		for (uint32_t i = 0; i < map->plan->nfamilies; i++)
			put_family(metrics, map, i);
		remember(metrics, map);
	}
	deltas_free(map->before);
	map->before = map->after;
	map->after = new_table(map);
}

void otlp_metrics_note(struct otlp_metrics *metrics, uint64_t since_ns)
{
	uint64_t now_ns = metrics->last_ns;

	for (uint32_t i = 0; i < metrics->nmaps; i++) {
		struct metrics_map *map = &metrics->maps[i];

		metrics->last_ns = map->delta ? now_ns : since_ns;
		source_walk_begin(&map->walk);
		while (source_walk_next(&map->walk))
			remember(metrics, map);
		deltas_free(map->before);
		map->before = map->after;
		map->after = new_table(map);
	}
	metrics->last_ns = now_ns;
}

void otlp_metrics_collect(struct otlp_metrics *metrics)
{
	metrics->time_ns = now_real_ns();
	for (uint32_t i = 0; i < metrics->nmaps; i++)
		collect_map(metrics, &metrics->maps[i]);
	metrics->last_ns = metrics->time_ns;
}

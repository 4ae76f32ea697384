// SPDX-License-Identifier: Apache-2.0
/*
 * What the receiver was told of a series is in two tables by its id, as in OTLP's metrics: the one
 * of the last round is read, the one of this round is made. So what is gone is forgotten.
 */
#include "runner/sink/dogstatsd/dogstatsd_series.h"

#include <inttypes.h>

#include "base/util.h"
#include "runner/sink/deltas.h"
#include "runner/sink/dogstatsd/dogstatsd_config.h"
#include "runner/sink/dogstatsd/dogstatsd_line.h"
#include "runner/sink/prometheus/merge.h"
#include "runner/sink/text.h"

#define BLOCK_ROWS 256u
#define BLOCK_BYTES (128u << 10)
#define LINE_MAX_BYTES (256u << 10)

struct told_map {
	const struct metric_plan *plan;
	struct source_walk walk;
	char **names; /* of the families */
	struct deltas *before, *after;
	bool has_gauges;
};

struct dogstatsd_series {
	const struct dogstatsd_config *config;
	const struct naming *naming;
	struct source *source;
	struct sink_names names;
	struct told_map *maps;
	uint32_t nmaps;
	char *room;	    /* of a label's text */
	struct strbuf tags; /* of a row */
	struct strbuf line;
	char time[32]; /* "|T<seconds>", or "" */
};

/* A row that is being told. */
struct row {
	struct dogstatsd_series *of;
	struct told_map *map;
	struct dogstatsd_packet *packet;
	uint64_t id;
	const union cell *cells;
};

static struct deltas *new_table(const struct metric_plan *plan)
{
	return deltas_new(plan->ncells, UINT32_MAX / 4);
}

static void prepare_map(struct dogstatsd_series *s, const struct metric_plan *plan, size_t *room)
{
	struct told_map *map = &s->maps[s->nmaps++];

	map->plan = plan;
	map->before = new_table(plan);
	map->after = new_table(plan);
	map->names = xcalloc(plan->nfamilies + 1, sizeof(*map->names));
	for (uint32_t i = 0; i < plan->nfamilies; i++) {
		map->names[i] = naming_prometheus(s->naming, plan, &plan->families[i]);
		map->has_gauges |= plan->families[i].type == METRIC_GAUGE;
	}
	for (uint32_t i = 0; i < plan->nlabels; i++)
		*room = MAX(*room, label_text_max(&plan->labels[i]));
	source_walk_init(&map->walk, s->source, plan->map,
			 series_block_rows(plan, BLOCK_ROWS, BLOCK_BYTES));
}

struct dogstatsd_series *dogstatsd_series_new(const struct dogstatsd_config *config,
					      const struct naming *naming, struct source *source)
{
	struct dogstatsd_series *s = xcalloc(1, sizeof(*s));
	const struct plan *plan = source->plan;
	size_t room = 1;

	s->config = config;
	s->naming = naming;
	s->source = source;
	s->maps = xcalloc(plan->nmaps + 1, sizeof(*s->maps));
	for (uint32_t i = 0; i < plan->nmaps; i++) {
		const struct map_plan *map = &plan->maps[i];
		const struct metric_plan *metric = source_metric(source, map);

		if (map->exported && map_has_series(map) && metric)
			prepare_map(s, metric, &room);
	}
	s->room = xmalloc(room);
	sink_names_init(&s->names, source);
	strbuf_init(&s->tags, LINE_MAX_BYTES);
	strbuf_init(&s->line, LINE_MAX_BYTES);
	return s;
}

static void release_map(struct told_map *map)
{
	for (uint32_t i = 0; i < map->plan->nfamilies; i++)
		free(map->names[i]);
	free(map->names);
	deltas_free(map->before);
	deltas_free(map->after);
	source_walk_release(&map->walk);
}

void dogstatsd_series_free(struct dogstatsd_series *s)
{
	if (!s)
		return;
	for (uint32_t i = 0; i < s->nmaps; i++)
		release_map(&s->maps[i]);
	sink_names_release(&s->names);
	strbuf_release(&s->tags);
	strbuf_release(&s->line);
	free(s->maps);
	free(s->room);
	free(s);
}

/* --- lines ------------------------------------------------------------------------------------ */

static void begin_line(struct row *row, uint32_t family, const char *suffix)
{
	struct strbuf *line = &row->of->line;

	strbuf_reset(line);
	strbuf_adds(line, row->map->names[family]);
	strbuf_adds(line, suffix);
	strbuf_addc(line, ':');
}

/* Everything behind the value and its type. */
static void end_line(struct row *row, bool has_time, const struct dogstatsd_mark *mark)
{
	const struct dogstatsd_series *s = row->of;
	struct strbuf *line = &row->of->line;

	dogstatsd_add_end(line, &s->tags, s->config->container);
	if (has_time)
		strbuf_adds(line, s->time);
	/* One that is too long for its buffer is too long for a packet. */
	dogstatsd_packet_add(row->packet, line->buf, line->full ? SIZE_MAX : line->len, mark);
}

static double scale_of(const struct row *row, const struct family *family)
{
	return naming_scale(row->of->naming, family);
}

static bool is_negative(union cell cell, enum cell_type type)
{
	return type == CELL_DOUBLE ? cell.d < 0 : type == CELL_I64 && cell.i < 0;
}

static void tell_gauge(struct row *row, uint32_t number, union cell cell)
{
	const struct family *family = &row->map->plan->families[number];
	const struct dogstatsd_mark none = { 0 };

	if (is_negative(cell, family->cell_type)) {
		begin_line(row, number, "");
		strbuf_adds(&row->of->line, "0|g");
		end_line(row, true, &none);
	}
	begin_line(row, number, "");
	dogstatsd_add_cell(&row->of->line, cell, family->cell_type, scale_of(row, family));
	strbuf_adds(&row->of->line, "|g");
	end_line(row, true, &none);
}

/* What is to be added to a cell that was told. A counter of the kernel may begin anew: then all of
 * it is new. */
static struct dogstatsd_mark mark_of(struct row *row, uint32_t cell, enum cell_type type)
{
	struct dogstatsd_mark mark = {
		.told = row->map->after, .id = row->id, .cell = cell, .type = type
	};
	union cell now = row->cells[cell];
	bool known;
	union cell *told = (union cell *)deltas_of(mark.told, row->id, &known) + cell;

	if (type == CELL_DOUBLE ? now.d < told->d
	    : type == CELL_I64	? now.i < told->i
				: now.u < told->u)
		told->u = 0;
	if (type == CELL_DOUBLE)
		mark.delta.d = now.d - told->d;
	else
		mark.delta.u = now.u - told->u;
	return mark;
}

static void tell_counter(struct row *row, uint32_t number, uint32_t cell, const char *suffix)
{
	const struct family *family = &row->map->plan->families[number];
	struct dogstatsd_mark mark = mark_of(row, cell, family->cell_type);

	if (!mark.delta.u)
		return;
	begin_line(row, number, suffix);
	dogstatsd_add_cell(&row->of->line, mark.delta, family->cell_type, scale_of(row, family));
	strbuf_adds(&row->of->line, "|c");
	end_line(row, true, &mark);
}

static void tell_bucket(struct row *row, uint32_t number, uint32_t bucket)
{
	const struct family *family = &row->map->plan->families[number];
	struct dogstatsd_mark mark = mark_of(row, family->cell + bucket, CELL_U64);
	double value = dogstatsd_bucket_value(family, bucket, scale_of(row, family));

	for (uint64_t left = mark.delta.u; left; left -= mark.delta.u) {
		double rate = dogstatsd_rate(left, &mark.delta.u);
		struct strbuf *line = &row->of->line;

		begin_line(row, number, "");
		dogstatsd_add_cell(line, (union cell){ .d = value }, CELL_DOUBLE, 1);
		strbuf_addc(line, '|');
		strbuf_addc(line, row->of->config->histogram_type);
		if (mark.delta.u > 1) {
			strbuf_adds(line, "|@");
			dogstatsd_add_cell(line, (union cell){ .d = rate }, CELL_DOUBLE, 1);
		}
		end_line(row, false, &mark);
	}
}

static void tell_histogram(struct row *row, uint32_t number)
{
	const struct family *family = &row->map->plan->families[number];

	for (uint32_t i = 0; i <= family->nbounds; i++)
		tell_bucket(row, number, i);
	if (family_knows_sum(family, row->cells))
		tell_counter(row, number, family->cell + family->nbounds + 1, ".total");
}

/* --- rows ------------------------------------------------------------------------------------- */

static void make_tags(struct dogstatsd_series *s, const struct series_rows *rows, uint32_t i)
{
	strbuf_reset(&s->tags);
	strbuf_adds(&s->tags, s->config->tags);
	if (s->source->several)
		dogstatsd_add_tag(&s->tags, NAMING_PROGRAM, s->source->program,
				  strlen(s->source->program));
	for (uint32_t k = 0; k < rows->plan->nlabels; k++) {
		const struct label *label = &rows->plan->labels[k];
		size_t len =
			label_text(s->room, label, rows, i, STYLE_PLAIN, sink_names_get(&s->names));

		dogstatsd_add_tag(&s->tags,
				  s->source->several ? naming_beside_program(label->name)
						     : label->name,
				  s->room, len);
	}
}

static struct expo_set set_of(const struct dogstatsd_series *s)
{
	return (struct expo_set){ strbuf_str(&s->tags), s->tags.len };
}

/* Series that read the same are one gauge, their sum. Their counters add up at the receiver. */
static struct merge *merge_gauges(struct dogstatsd_series *s, struct told_map *map)
{
	struct merge *merge;

	if (!map->has_gauges || !series_may_read_same(s->source, map->plan))
		return NULL;
	merge = merge_new(map->plan);
	source_walk_begin(&map->walk);
	while (source_walk_next(&map->walk))
		for (uint32_t i = 0; i < map->walk.rows.count; i++) {
			if (map->walk.rows.flags[i] & SERIES_GONE)
				continue;
			make_tags(s, &map->walk.rows, i);
			merge_add(merge, set_of(s), row_cells(&map->walk.rows, i));
		}
	return merge;
}

static void tell_row(struct row *row, struct merge *merge)
{
	/* NULL: another series has the sum of them. */
	const union cell *merged = merge ? merge_take(merge, set_of(row->of), row->cells) : NULL;

	for (uint32_t i = 0; i < row->map->plan->nfamilies; i++) {
		const struct family *family = &row->map->plan->families[i];

		if (family->type == METRIC_HISTOGRAM)
			tell_histogram(row, i);
		else if (family->type == METRIC_COUNTER)
			tell_counter(row, i, family->cell, "");
		else if (!merge)
			tell_gauge(row, i, row->cells[family->cell]);
		else if (merged)
			tell_gauge(row, i, merged[family->cell]);
	}
}

/* What was told of it until now. */
static void keep(struct told_map *map, uint64_t id)
{
	size_t bytes = map->plan->ncells * sizeof(uint64_t);
	const uint64_t *before;
	bool known;

	before = deltas_of(map->before, id, &known);
	memcpy(deltas_of(map->after, id, &known), before, bytes);
}

static void tell_map(struct dogstatsd_series *s, struct told_map *map,
		     struct dogstatsd_packet *packet)
{
	struct merge *merge = merge_gauges(s, map);

	source_walk_begin(&map->walk);
	while (source_walk_next(&map->walk)) {
		const struct series_rows *rows = &map->walk.rows;

		for (uint32_t i = 0; i < rows->count; i++) {
			struct row row = { s, map, packet, rows->id[i], row_cells(rows, i) };

			if (rows->flags[i] & SERIES_GONE)
				continue;
			make_tags(s, rows, i);
			keep(map, rows->id[i]);
			tell_row(&row, merge);
		}
	}
	dogstatsd_packet_flush(packet);
	merge_free(merge);
	deltas_free(map->before);
	map->before = map->after;
	map->after = new_table(map->plan);
}

void dogstatsd_series_note(struct dogstatsd_series *s)
{
	for (uint32_t i = 0; i < s->nmaps; i++) {
		struct told_map *map = &s->maps[i];
		bool known;

		source_walk_begin(&map->walk);
		while (source_walk_next(&map->walk))
			for (uint32_t row = 0; row < map->walk.rows.count; row++)
				memcpy(deltas_of(map->before, map->walk.rows.id[row], &known),
				       row_cells(&map->walk.rows, row),
				       map->plan->ncells * sizeof(union cell));
	}
}

void dogstatsd_series_tell(struct dogstatsd_series *s, struct dogstatsd_packet *packet,
			   uint64_t time_s)
{
	s->time[0] = '\0';
	if (time_s)
		snprintf(s->time, sizeof(s->time), "|T%" PRIu64, time_s);
	for (uint32_t i = 0; i < s->nmaps; i++)
		tell_map(s, &s->maps[i], packet);
}

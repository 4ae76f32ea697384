// SPDX-License-Identifier: Apache-2.0
#include <ctype.h>
#include <math.h>
#include "base/num.h"
#include "base/utf8.h"
#include "base/util.h"
#include "runner/load/plan/meanings.h"
#include "runner/read/text/human.h"
#include "runner/sink/print/table_map.h"

#define CLOCK_CELLS 15 /* "12:04:31.918377", as in meaning_rows.h */
#define NUMBER_CELLS 7 /* of counters and gauges at the start */
#define MIN_SCRATCH 128

static const struct quantile {
	const char *title;
	double of;
} quantiles[] = { { "~P50", 0.5 }, { "~P90", 0.9 }, { "~P99", 0.99 } };

bool field_stands_right(const struct field *field)
{
	const struct meaning_traits *traits = meaning_traits(field->meaning);

	if (field->count != 1)
		return false;
	switch (field->kind) {
	case KIND_UINT:
	case KIND_INT:
	case KIND_FLOAT:
		break;
	default:
		return false;
	}
	/* Names of users and the like are shown instead of numbers. */
	return (traits->flags & MEANS_NUMBER) && !(traits->flags & MEANS_NAMED);
}

static uint32_t longest_name(const struct enum_names *names)
{
	size_t longest = 0;

	for (uint32_t i = 0; names && i < names->count; i++)
		longest = MAX(longest, strlen(names->names[i].name));
	return MIN(longest, (size_t)20);
}

static uint32_t number_cells(const struct field *field)
{
	if (field->kind == KIND_ENUM)
		return longest_name(field->enums);
	if (field->kind == KIND_BOOL)
		return 5;
	if (field->kind == KIND_PTR)
		return 18;
	return field->size_bits <= 8 ? 3 : 5;
}

uint32_t field_first_cells(const struct field *field)
{
	if (meaning_traits(field->meaning)->cells)
		return meaning_traits(field->meaning)->cells;
	if (field->kind == KIND_TEXT || field->kind == KIND_BYTES)
		return MIN(field->size_bits / 8, 10u);
	return number_cells(field);
}

static void need_scratch(size_t *need, size_t bytes)
{
	*need = MAX(*need, bytes);
}

/* Whether the unit is a word of the name. */
static bool has_word(const char *name, const char *unit)
{
	size_t len = strlen(unit);

	for (const char *at = name; (at = strcasestr(at, unit)); at++)
		if ((at == name || !isalnum((unsigned char)at[-1])) &&
		    !isalnum((unsigned char)at[len]))
			return true;
	return false;
}

char *field_title(const struct field *field, const char *name)
{
	const char *unit = field->unit;

	if (!unit || !*unit || meaning_traits(field->meaning)->unit || has_word(name, unit))
		return xstrdup(name);
	return xasprintf("%s(%s)", name, unit);
}

static void add_column(struct table_map *map, const struct field *field, const char *name,
		       uint32_t width, bool right)
{
	_cleanup_free_ char *title = field_title(field, name);

	grid_add_column(&map->grid, title, width, right);
}

static void add_layout(struct table_map *map, const struct layout *layout, size_t *scratch)
{
	for (uint32_t i = 0; i < layout->nfields; i++) {
		const struct field *field = &layout->fields[i];

		if (!has_column(layout, field))
			continue;
		add_column(map, field, field->path, field_first_cells(field),
			   field_stands_right(field));
		need_scratch(scratch, field_text_max(field));
	}
}

/* The ids come last: they are wide, and a terminal may have no room for them. */
static const struct span_shown {
	enum span_cell cell;
	const char *title;
	uint32_t width;
} span_first[] = { { SPAN_CELL_DURATION, "duration", 7 },
		   { SPAN_CELL_NAME, "name", 12 },
		   { SPAN_CELL_SERVICE, "service", 12 },
		   { SPAN_CELL_STATUS, "status", 12 } },
  span_last[] = { { SPAN_CELL_TRACE, "trace_id", 32 },
		  { SPAN_CELL_ID, "span_id", 16 },
		  { SPAN_CELL_PARENT, "parent_span_id", 16 } };

static void add_span_columns(struct table_map *map, const struct span_plan *plan,
			     const struct span_shown *shown, size_t count, size_t *scratch)
{
	for (size_t i = 0; i < count; i++) {
		grid_add_column(&map->grid, shown[i].title, shown[i].width,
				shown[i].cell == SPAN_CELL_DURATION);
		need_scratch(scratch, span_cell_max(map->spans, plan, shown[i].cell));
	}
}

static void add_span(struct table_map *map, const struct span_plan *plan, size_t *scratch)
{
	add_span_columns(map, plan, span_first, ARRAY_LEN(span_first), scratch);
	for (uint32_t i = 0; i < plan->attrs.count; i++) {
		const struct field *field = plan->attrs.all[i].field;

		add_column(map, field, plan->attrs.all[i].name, field_first_cells(field),
			   field_stands_right(field));
		need_scratch(scratch, field_text_max(field));
	}
	add_span_columns(map, plan, span_last, ARRAY_LEN(span_last), scratch);
}

/* The cell as if it were a field: durations and sizes get units. */
struct field field_of_cell(const struct family *family)
{
	struct field field = { .name = "value", .path = "value", .label = "value" };

	if (!family->field || field_is_numeric(family->field)) {
		field.meaning = family->meaning;
		field.unit = family->cell_unit;
	}
	field.size_bits = 64;
	field.count = 1;
	field.kind = family->cell_type == CELL_U64   ? KIND_UINT
		     : family->cell_type == CELL_I64 ? KIND_INT
						     : KIND_FLOAT;
	field.is_signed = family->cell_type == CELL_I64;
	return field;
}

static void add_family(struct table_map *map, const struct family *family, const struct field *cell)
{
	const char *title = family->base[0] ? family->base : family->field ? "value" : "count";
	_cleanup_free_ char *prefix = xasprintf("%s%s", family->base, family->base[0] ? " " : "");

	if (family->type != METRIC_HISTOGRAM) {
		add_column(map, cell, title, NUMBER_CELLS, true);
		if (family->type == METRIC_COUNTER)
			grid_add_column(&map->grid, "change", NUMBER_CELLS, true);
		return;
	}
	title = family->base[0] ? family->base : "count";
	grid_add_column(&map->grid, title, NUMBER_CELLS, true);
	grid_add_column(&map->grid, "change", NUMBER_CELLS, true);
	if (family->has_sum) {
		_cleanup_free_ char *average = xasprintf("%saverage", prefix);

		add_column(map, cell, average, NUMBER_CELLS, true);
	}
	for (size_t i = 0; i < ARRAY_LEN(quantiles); i++)
		add_column(map, cell, quantiles[i].title, NUMBER_CELLS, true);
}

static void add_plan(struct table_map *map, size_t *scratch)
{
	const struct metric_plan *plan = map->plan;

	for (uint32_t i = 0; i < plan->nlabels; i++) {
		const struct field *field = &plan->labels[i].in_key;

		add_column(map, field, field->path, field_first_cells(field),
			   field_stands_right(field));
		need_scratch(scratch, label_text_max(&plan->labels[i]));
	}
	map->cells = xcalloc(plan->nfamilies + 1, sizeof(*map->cells));
	for (uint32_t i = 0; i < plan->nfamilies; i++) {
		map->cells[i] = field_of_cell(&plan->families[i]);
		need_scratch(scratch, field_text_max(&map->cells[i]) + 1);
		add_family(map, &plan->families[i], &map->cells[i]);
	}
	map->deltas = deltas_new(plan->nfamilies, DELTAS_MAX_IDS);
}

void table_map_init(struct table_map *ret, const struct map_plan *map,
		    const struct metric_plan *plan, struct span_views *spans,
		    const struct grid_page *page, const struct table_names *names)
{
	const struct span_plan *span = span_views_plan(spans, map);
	size_t scratch = MIN_SCRATCH;

	*ret = (struct table_map){
		.map = map, .plan = plan, .spans = spans, .names_map = names->map
	};
	grid_init(&ret->grid, page);
	if (!plan && !map_has_records(map))
		return;
	grid_add_column(&ret->grid, "time", CLOCK_CELLS, false);
	if (names->program) {
		ret->program = xmalloc(UTF8_TERM_ROOM(strlen(names->program)) + 1);
		ret->program[utf8_term_escape(ret->program, names->program,
					      strlen(names->program))] = '\0';
		grid_add_column(&ret->grid, "program", 8, false);
	}
	if (names->map) {
		grid_add_column(&ret->grid, "map", 8, false);
		need_scratch(&scratch, UTF8_TERM_ROOM(strlen(map->name)));
	}
	if (span) {
		add_span(ret, span, &scratch);
	} else if (plan) {
		add_plan(ret, &scratch);
	} else {
		if (map->has_key)
			add_layout(ret, &map->key, &scratch);
		add_layout(ret, &map->value, &scratch);
	}
	ret->scratch = xmalloc(scratch);
}

void table_map_release(struct table_map *map)
{
	grid_release(&map->grid);
	deltas_free(map->deltas);
	free(map->program);
	free(map->cells);
	free(map->scratch);
}

static void begin(struct table_map *map, uint64_t time_ns)
{
	grid_begin(&map->grid);
	grid_cell(&map->grid, map->scratch, human_clock(map->scratch, time_ns));
	if (map->program)
		grid_cell(&map->grid, map->program, strlen(map->program));
	if (map->names_map)
		grid_cell(&map->grid, map->scratch,
			  utf8_term_escape(map->scratch, map->map->name, strlen(map->map->name)));
}

static void add_part(struct table_map *map, const struct layout *layout, const void *base,
		     struct resolver *resolver)
{
	for (uint32_t i = 0; i < layout->nfields; i++) {
		size_t len = 0;

		if (!has_column(layout, &layout->fields[i]))
			continue;
		if (base)
			len = field_text(map->scratch, &layout->fields[i], base, STYLE_TABLE,
					 resolver);
		grid_cell(&map->grid, map->scratch, len);
	}
}

static void put_span_cells(struct table_map *map, const struct trace_span *span,
			   const struct span_shown *shown, size_t count)
{
	for (size_t i = 0; i < count; i++)
		grid_cell(&map->grid, map->scratch,
			  span_cell(map->scratch, map->spans, span, shown[i].cell, STYLE_TABLE));
}

static const char *span_line(struct table_map *map, const struct record *record,
			     struct resolver *resolver, size_t *ret_len)
{
	const struct trace_span *span = span_views_read(map->spans, record);
	const void *value = record->part[PART_VALUE];

	if (!span)
		return NULL;
	begin(map, span->start_ns);
	put_span_cells(map, span, span_first, ARRAY_LEN(span_first));
	for (uint32_t i = 0; i < span->plan->attrs.count; i++)
		grid_cell(&map->grid, map->scratch,
			  field_text(map->scratch, span->plan->attrs.all[i].field, value,
				     STYLE_TABLE, resolver));
	put_span_cells(map, span, span_last, ARRAY_LEN(span_last));
	return grid_end(&map->grid, LOOK_PLAIN, ret_len);
}

const char *table_map_record(struct table_map *map, const struct record *record,
			     struct resolver *resolver, size_t *ret_len)
{
	if (map->map->role == ROLE_SPANS)
		return span_line(map, record, resolver, ret_len);
	begin(map, record->time_ns);
	if (map->map->has_key)
		add_part(map, &map->map->key, record->part[PART_KEY], resolver);
	add_part(map, &map->map->value, record->part[PART_VALUE], resolver);
	return grid_end(&map->grid, LOOK_PLAIN, ret_len);
}

static void add_labels(struct table_map *map, const struct series_rows *rows, uint32_t i,
		       struct resolver *resolver)
{
	for (uint32_t k = 0; k < map->plan->nlabels; k++)
		grid_cell(&map->grid, map->scratch,
			  label_text(map->scratch, &map->plan->labels[k], rows, i, STYLE_TABLE,
				     resolver));
}

void table_map_measure(struct table_map *map, const struct series_rows *rows,
		       struct resolver *resolver)
{
	for (uint32_t i = 0; i < rows->count; i++) {
		begin(map, 0);
		add_labels(map, rows, i, resolver);
	}
}

static void add_empty(struct table_map *map)
{
	grid_cell(&map->grid, "", 0);
}

static void add_cell(struct table_map *map, const struct field *field, union cell cell)
{
	grid_cell(&map->grid, map->scratch,
		  field_text(map->scratch, field, &cell, STYLE_TABLE, NULL));
}

/* "+12" since the last line of this series. Nothing when that is not known. */
static void add_change(struct table_map *map, const struct field *field, uint64_t *last,
		       union cell now, bool known)
{
	union cell change;
	size_t len = 0;

	if (known && field->kind == KIND_FLOAT)
		change.d = now.d - ((union cell){ .u = *last }).d;
	else
		change.u = now.u - *last;
	*last = now.u;
	/* A counter that went back was reset. */
	if (field->kind == KIND_FLOAT ? !(change.d > 0) : (int64_t)change.u <= 0)
		known = false;
	if (known) {
		map->scratch[0] = '+';
		len = 1 + field_text(map->scratch + 1, field, &change, STYLE_TABLE, NULL);
	}
	grid_cell(&map->grid, map->scratch, len);
}

/* The upper bound of the bucket that holds the q-th observation, or ">last" for the open one. */
static void add_quantile(struct table_map *map, const struct family *family,
			 const struct field *field, const union cell *cells, double q)
{
	uint64_t count = histogram_count(family, cells), seen = 0, want;
	union cell bound;
	uint32_t i = 0;
	size_t len = 0;

	if (!count) {
		add_empty(map);
		return;
	}
	want = (uint64_t)ceil(q * (double)count);
	for (; i < family->nbounds; i++) {
		seen += cells[family->cell + i].u;
		if (seen >= want)
			break;
	}
	if (i == family->nbounds)
		map->scratch[len++] = '>';
	if (!family->nbounds) {
		add_empty(map);
		return;
	}
	bound.u = family->bounds[MIN(i, family->nbounds - 1)];
	len += field_text(map->scratch + len, field, &bound, STYLE_TABLE, NULL);
	grid_cell(&map->grid, map->scratch, len);
}

static double as_double(const struct family *family, union cell cell)
{
	return family->cell_type == CELL_DOUBLE ? cell.d
	       : family->cell_type == CELL_I64	? (double)cell.i
						: (double)cell.u;
}

static void add_histogram(struct table_map *map, uint32_t k, const union cell *cells,
			  uint64_t *last, bool known)
{
	static const struct field plain = { .size_bits = 64, .count = 1, .kind = KIND_UINT };
	const struct family *family = &map->plan->families[k];
	union cell count = { .u = histogram_count(family, cells) };
	struct field field = map->cells[k];
	union cell average;

	add_cell(map, &plain, count);
	add_change(map, &plain, last, count, known);
	if (family_knows_sum(family, cells) && count.u) {
		average.d = as_double(family, histogram_sum(family, cells)) / (double)count.u;
		field.kind = KIND_UINT;
		average.u = average.d > 0 ? (uint64_t)(average.d + 0.5) : 0;
		add_cell(map, &field, average);
	} else if (family->has_sum) {
		add_empty(map);
	}
	field.kind = KIND_UINT; /* as the bounds are */
	for (size_t i = 0; i < ARRAY_LEN(quantiles); i++)
		add_quantile(map, family, &field, cells, quantiles[i].of);
}

static void add_values(struct table_map *map, const struct series_rows *rows, uint32_t i)
{
	const union cell *cells = row_cells(rows, i);
	bool known;
	uint64_t *last = deltas_of(map->deltas, rows->id[i], &known);

	/* A series that has just come grew from nothing. */
	known = known || (rows->flags[i] & SERIES_NEW);
	for (uint32_t k = 0; k < map->plan->nfamilies; k++) {
		const struct family *family = &map->plan->families[k];

		if (family->type == METRIC_HISTOGRAM) {
			add_histogram(map, k, cells, &last[k], known);
			continue;
		}
		add_cell(map, &map->cells[k], cells[family->cell]);
		if (family->type == METRIC_COUNTER)
			add_change(map, &map->cells[k], &last[k], cells[family->cell], known);
	}
}

const char *table_map_row(struct table_map *map, const struct series_rows *rows, uint32_t i,
			  uint64_t time_ns, struct resolver *resolver, size_t *ret_len)
{
	begin(map, time_ns);
	add_labels(map, rows, i, resolver);
	if (rows->flags[i] & SERIES_GONE) {
		grid_cell(&map->grid, "gone", 4);
		return grid_end(&map->grid, LOOK_GONE, ret_len);
	}
	add_values(map, rows, i);
	return grid_end(&map->grid, LOOK_PLAIN, ret_len);
}

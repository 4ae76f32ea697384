// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include "base/util.h"
#include "runner/sink/print/table_map.h"
#include "runner/tui/model/histo.h"
#include "runner/tui/model/rows_internal.h"

static void add_figure(struct rows *rows, uint32_t number, enum figure_kind kind, const char *name,
		       double q)
{
	const struct family *family = &rows->plan->families[number];
	struct figure *figure = &rows->figures[rows->nfigures];
	const char *base = family->base;

	*figure = (struct figure){ .kind = kind, .family = family, .number = number, .q = q };
	figure->field = field_of_cell(family);
	if (kind == FIGURE_RATE || kind == FIGURE_CHANGE)
		figure->field.kind = KIND_FLOAT;
	if (kind == FIGURE_COUNT || kind == FIGURE_RATE)
		figure->field.meaning =
			family->type == METRIC_HISTOGRAM ? MEAN_NONE : figure->field.meaning;
	if (kind == FIGURE_COUNT || kind == FIGURE_RATE)
		figure->field.unit = NULL;
	if (kind == FIGURE_COUNT)
		figure->field.kind = KIND_UINT;
	if (kind == FIGURE_AVERAGE || kind == FIGURE_QUANTILE)
		figure->field.kind = KIND_FLOAT;
	figure->field.is_signed = figure->field.kind == KIND_INT;
	figure->field.off_bits = rows->nfigures++ * 64;
	if (!base[0])
		base = name;
	else if (kind != FIGURE_VALUE)
		base = arena_printf(&rows->arena, "%s.%s", base, name);
	figure->field.name = figure->field.path = figure->field.label = base;
}

static void add_family(struct rows *rows, uint32_t i)
{
	static const struct {
		const char *name;
		double q;
	} quantiles[] = { { "p50", 0.5 }, { "p90", 0.9 }, { "p99", 0.99 } };
	const struct family *family = &rows->plan->families[i];

	if (family->type == METRIC_GAUGE) {
		add_figure(rows, i, FIGURE_VALUE, "value", 0);
		add_figure(rows, i, FIGURE_CHANGE, "change", 0);
		return;
	}
	if (rows->trend < 0)
		rows->trend = (int)i;
	if (family->type == METRIC_COUNTER) {
		add_figure(rows, i, FIGURE_VALUE, family->field ? "value" : "count", 0);
		add_figure(rows, i, FIGURE_RATE, "rate", 0);
		return;
	}
	add_figure(rows, i, FIGURE_COUNT, "count", 0);
	add_figure(rows, i, FIGURE_RATE, "rate", 0);
	if (family->has_sum)
		add_figure(rows, i, FIGURE_AVERAGE, "avg", 0);
	for (size_t k = 0; k < ARRAY_LEN(quantiles) && family->nbounds; k++)
		add_figure(rows, i, FIGURE_QUANTILE, quantiles[k].name, quantiles[k].q);
}

/* They exist in every map, so that filters know them. */
static void add_comparison(struct rows *rows)
{
	static const struct {
		const char *name;
		enum figure_kind kind;
	} all[] = { { "then", FIGURE_THEN },
		    { "difference", FIGURE_DIFFERENCE },
		    { "factor", FIGURE_FACTOR } };

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct figure *figure = &rows->figures[rows->nfigures];

		*figure = (struct figure){ .kind = all[i].kind,
					   .family = &rows->plan->families[0],
					   .field = field_of_cell(&rows->plan->families[0]) };
		figure->field.kind = KIND_FLOAT;
		figure->field.is_signed = false;
		figure->field.meaning = MEAN_NONE;
		figure->field.unit = NULL;
		figure->field.off_bits = rows->nfigures++ * 64;
		figure->field.name = figure->field.path = figure->field.label = all[i].name;
	}
}

void rows_describe(struct rows *rows)
{
	const struct metric_plan *plan = rows->plan;
	struct map_plan *shown = &rows->shown;

	rows->figures = arena_array(&rows->arena, struct figure, 6 * (size_t)plan->nfamilies + 4);
	for (uint32_t i = 0; i < plan->nfamilies; i++)
		add_family(rows, i);
	if (plan->nfamilies)
		add_comparison(rows);
	*shown = (struct map_plan){ .name = plan->map->name, .symbol = plan->map->symbol };
	shown->has_key = plan->nlabels > 0;
	shown->key.type_name = shown->value.type_name = "";
	shown->key.fields = arena_array(&rows->arena, struct field, plan->nlabels + 1);
	shown->key.nfields = plan->nlabels;
	shown->key.size_bytes = plan->key_bytes;
	for (uint32_t i = 0; i < plan->nlabels; i++)
		shown->key.fields[i] = plan->labels[i].in_key;
	shown->has_value = true;
	shown->value.fields = arena_array(&rows->arena, struct field, rows->nfigures + 1);
	shown->value.nfields = rows->nfigures;
	shown->value.size_bytes = shown->value_bytes = rows->nfigures * sizeof(union cell);
	for (uint32_t i = 0; i < rows->nfigures; i++)
		shown->value.fields[i] = rows->figures[i].field;
}

static double as_double(const struct family *family, union cell cell)
{
	return family->cell_type == CELL_DOUBLE ? cell.d
	       : family->cell_type == CELL_I64	? (double)cell.i
						: (double)cell.u;
}

void rows_cells(const struct rows *rows, uint32_t slot, union cell *ret)
{
	const struct metric_plan *plan = rows->plan;
	const union cell *base = base_of(rows, slot);

	memcpy(ret, part_of(row_at(rows, slot), rows->cells_at), plan->ncells * sizeof(*ret));
	for (uint32_t i = 0; base && i < plan->nfamilies; i++) {
		const struct family *family = &plan->families[i];
		uint32_t k = family->cell;

		if (family->type != METRIC_HISTOGRAM) {
			ret[k] = cell_minus(family, ret[k], base[k]);
			continue;
		}
		for (; k <= family->cell + family->nbounds; k++)
			ret[k].u -= base[k].u;
		ret[k] = cell_minus(family, ret[k], base[k]);
	}
}

static union cell read_figure(const struct rows *rows, const struct figure *figure,
			      const struct row *row, const double *changes, const union cell *cells)
{
	const struct family *family = figure->family;
	double change = row->sample >= rows->sample ? changes[figure->number] : 0;
	uint64_t count;

	switch ((enum figure_kind)figure->kind) {
	case FIGURE_VALUE:
		return cells[family->cell];
	case FIGURE_RATE:
		return (union cell){ .d = change / rows->seconds };
	case FIGURE_CHANGE:
		return (union cell){ .d = change };
	case FIGURE_COUNT:
		return (union cell){ .u = histogram_count(family, cells) };
	case FIGURE_AVERAGE:
		count = histogram_count(family, cells);
		count = family_knows_sum(family, cells) ? count : 0;
		return (union cell){ .d = count ? as_double(family, histogram_sum(family, cells)) /
							  (double)count
						: NAN };
	case FIGURE_QUANTILE:
		break;
	case FIGURE_THEN:
	case FIGURE_DIFFERENCE:
	case FIGURE_FACTOR:
		return (union cell){ .d = NAN };
	}
	return (union cell){ .d = histo_quantile(family, cells, figure->q) };
}

/* A figure as a number, counted from the start. */
static double whole_figure(const struct rows *rows, uint32_t number, uint32_t slot)
{
	const struct figure *figure = &rows->figures[number];
	struct row *row = row_at(rows, slot);
	union cell cell = read_figure(rows, figure, row, part_of(row, rows->changes_at),
				      part_of(row, rows->cells_at));

	return figure->kind == FIGURE_COUNT   ? (double)cell.u
	       : figure->kind == FIGURE_VALUE ? as_double(figure->family, cell)
					      : cell.d;
}

static bool counts(const struct figure *figure)
{
	return figure->kind == FIGURE_RATE || figure->kind == FIGURE_COUNT ||
	       (figure->kind == FIGURE_VALUE && figure->family->type == METRIC_COUNTER);
}

/* What counts was at 0 before its row came; of a gauge and a percentile nothing is known. */
static double figure_then(const struct rows *rows, uint64_t id)
{
	uint32_t slot;

	if (rows_find(rows->then, id, &slot) && row_at(rows->then, slot)->state == SLOT_LIVE)
		return whole_figure(rows->then, rows->compared, slot);
	return counts(&rows->figures[rows->compared]) ? 0 : NAN;
}

/* Of a percentile above the last bound, which is infinite, only the order is known. */
static void read_comparison(const struct rows *rows, uint32_t slot, union cell *ret)
{
	double now = whole_figure(rows, rows->compared, slot);
	double then = figure_then(rows, row_at(rows, slot)->id);
	bool known = isfinite(now) && isfinite(then);

	ret[0].d = then;
	ret[1].d = known ? now - then : NAN;
	ret[2].d = known && then != 0 ? now / then : known && now > 0 ? INFINITY : NAN;
}

void rows_compare(struct rows *rows, const struct rows *then, uint32_t figure)
{
	rows->then = then;
	rows->compared = figure;
}

const struct figure *rows_compared(const struct rows *rows)
{
	return rows->then ? &rows->figures[rows->compared] : NULL;
}

void rows_read(const struct rows *rows, uint32_t slot, union cell *ret)
{
	union cell some[64], *many = NULL, *cells = some;
	struct row *row = row_at(rows, slot);

	if (!rows->bases)
		cells = part_of(row, rows->cells_at);
	else if (rows->plan->ncells > ARRAY_LEN(some))
		cells = many = xcalloc(rows->plan->ncells, sizeof(*many));
	if (rows->bases)
		rows_cells(rows, slot, cells);
	for (uint32_t i = 0; i < rows->nfigures; i++)
		ret[i] = read_figure(rows, &rows->figures[i], row, part_of(row, rows->changes_at),
				     cells);
	if (rows->then)
		read_comparison(rows, slot, ret + rows->nfigures - 3);
	free(many);
}

void rows_trend(const struct rows *rows, uint32_t slot, float ret[MODEL_TREND])
{
	struct row *row = row_at(rows, slot);
	const float *trend = part_of(row, rows->trend_at);

	for (uint32_t i = 0; i < MODEL_TREND; i++) {
		uint32_t back = MODEL_TREND - 1 - i, sample = rows->sample - back;

		ret[i] = 0;
		if (back > rows->sample || sample < row->born || sample > row->sample ||
		    row->sample - sample >= MODEL_TREND)
			continue;
		ret[i] = trend[sample % MODEL_TREND];
	}
}

bool rows_is_new(const struct rows *rows, const struct row *row)
{
	return row->state == SLOT_LIVE && row->born >= rows->sample && row->born != rows->first;
}

const struct map_plan *rows_shown(const struct rows *rows)
{
	return &rows->shown;
}

const struct figure *rows_figures(const struct rows *rows, uint32_t *ret_count)
{
	*ret_count = rows->nfigures;
	return rows->figures;
}

bool rows_have_trend(const struct rows *rows)
{
	return rows->trend >= 0;
}

bool rows_zeroed(const struct rows *rows)
{
	return rows->bases != NULL;
}

uint32_t rows_live(const struct rows *rows)
{
	return rows->live - rows->overflows;
}

uint64_t rows_sum(const struct rows *rows)
{
	const struct family *family = rows->trend < 0 ? NULL : &rows->plan->families[rows->trend];
	uint64_t sum = 0;

	for (uint32_t i = 0; family && i < rows->nslots; i++) {
		if (row_at(rows, i)->state == SLOT_LIVE)
			sum += histogram_count(family, part_of(row_at(rows, i), rows->cells_at));
	}
	return sum;
}

uint32_t rows_slots(const struct rows *rows)
{
	return rows->nslots;
}

const struct row *rows_at(const struct rows *rows, uint32_t slot)
{
	const struct row *row = row_at(rows, slot);

	return row->state == SLOT_FREE ? NULL : row;
}

bool rows_find(const struct rows *rows, uint64_t id, uint32_t *ret_slot)
{
	return id_map_find(&rows->slots, id, ret_slot);
}

const uint8_t *rows_key(const struct rows *rows, uint32_t slot)
{
	return part_of(row_at(rows, slot), rows->key_at);
}

uint32_t rows_sample(const struct rows *rows)
{
	return rows->sample;
}

void rows_want_heat(struct rows *rows, uint32_t slot)
{
	struct row *row = row_at(rows, slot);
	const struct family *family = rows->trend < 0 ? NULL : &rows->plan->families[rows->trend];

	if (row->heat || !family || family->type != METRIC_HISTOGRAM)
		return;
	if (rows->heat_bytes >= ROWS_HEAT_BYTES) {
		if (rows->guest && id_map_find(&rows->slots, rows->guest - 1, &slot)) {
			heat_free(row_at(rows, slot)->heat);
			rows->heat_bytes -= row_at(rows, slot)->heat ? heat_bytes(family) : 0;
			row_at(rows, slot)->heat = NULL;
		}
		rows->guest = row->id + 1;
	}
	row->heat = heat_new(family);
	rows->heat_bytes += heat_bytes(family);
}

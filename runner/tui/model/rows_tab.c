// SPDX-License-Identifier: Apache-2.0
/* The tab of a map that has series. */
#include <errno.h>
#include <math.h>
#include "base/util.h"
#include "runner/read/text/human.h"
#include "runner/tui/model/histo.h"
#include "runner/tui/model/order.h"
#include "runner/tui/model/past.h"
#include "runner/tui/model/rows.h"
#include "runner/tui/model/shorts.h"
#include "runner/tui/model/tab.h"

#define GIVE_ROWS 256u
#define BEHIND_SWEEPS 3 /* so many in a row are no coincidence: rows went unnoticed */

struct rows_tab {
	struct tab tab;
	const struct metric_plan *plan;
	struct rows *live;
	struct rows *frozen; /* shown while paused */
	union cell *figures; /* of one row */
	uint32_t nfigures;
	struct order_item *order;
	uint32_t room;
	uint32_t shown; /* rows that match the filter, without those that are gone */
	uint64_t sum;	/* of all histograms, after sweep number `summed` */
	uint32_t summed;
	uint64_t past_bytes;
	uint32_t behind;   /* sweeps in a row that left rows which the source does not have */
	struct rows *then; /* at the marked moment; NULL: none */
	uint64_t then_ns;
	uint32_t comparison;	/* its first column */
	struct field fields[3]; /* of its columns, with the meaning of what is compared */
};

static struct rows_tab *rows_tab_of(struct tab *tab)
{
	return container_of(tab, struct rows_tab, tab);
}

static struct rows *seen(const struct rows_tab *rt)
{
	return rt->frozen ? rt->frozen : rt->live;
}

static void read_slot(struct rows_tab *rt, uint32_t slot, struct item *ret)
{
	const struct row *row = rows_at(seen(rt), slot);

	rows_read(seen(rt), slot, rt->figures);
	*ret = (struct item){ .record = { .map = rt->tab.shown,
					  .part = { rows_key(seen(rt), slot), rt->figures },
					  .value_bytes = rt->tab.shown->value_bytes },
			      .id = row->id,
			      .slot = slot,
			      .overflow = row->overflow };
	if (row->state == SLOT_GONE)
		ret->marks |= ROW_GONE;
	else if (rows_is_new(seen(rt), row))
		ret->marks |= ROW_NEW;
}

static void rows_item(struct tab *tab, uint64_t at, struct item *ret)
{
	struct rows_tab *rt = rows_tab_of(tab);

	read_slot(rt, rt->order[at].slot, ret);
}

static int compare_rows(const void *a, const void *b, void *ctx)
{
	const struct order_item *x = a, *y = b;
	const struct rows_tab *rt = ctx;
	const struct columns *columns = &rt->tab.columns;
	const struct column *sorted = columns->sort >= 0 ? &columns->all[columns->sort] : NULL;
	const struct layout *labels = &rt->tab.shown->key;
	const uint8_t *p, *q;
	int ret = 0;

	if (x->key != y->key)
		return x->key < y->key ? -1 : 1;
	p = rows_key(seen(rt), x->slot);
	q = rows_key(seen(rt), y->slot);
	if (sorted && sorted->field && sorted->part == PART_KEY)
		ret = order_compare(sorted->field, p, q) * columns->direction;
	if (!ret && x->tie != y->tie)
		return x->tie < y->tie ? -1 : 1;
	for (uint32_t i = 0; i < labels->nfields && !ret; i++)
		ret = order_compare(&labels->fields[i], p, q);
	return ret ? ret : x->slot < y->slot ? -1 : x->slot > y->slot;
}

static struct order_item order_of(const struct rows_tab *rt, const struct item *item)
{
	const struct columns *columns = &rt->tab.columns;
	const struct column *sorted = columns->sort >= 0 ? &columns->all[columns->sort] : NULL;
	const struct layout *labels = &rt->tab.shown->key;
	struct order_item ret = { .slot = item->slot };

	if (sorted && sorted->field)
		ret.key = order_key(sorted->field, item->record.part[sorted->part]);
	if (columns->direction < 0)
		ret.key = ~ret.key;
	if (labels->nfields)
		ret.tie = order_key(&labels->fields[0], item->record.part[PART_KEY]);
	return ret;
}

/* The figure of a column; false: the column is a label or a part of the comparison. */
static bool figure_of(struct rows_tab *rt, int column, uint32_t *ret)
{
	const struct figure *figures = rows_figures(rt->live, &rt->nfigures);

	for (uint32_t i = 0; column >= 0 && i < rt->nfigures; i++) {
		if (rt->tab.columns.all[column].field != &figures[i].field ||
		    figures[i].kind == FIGURE_CHANGE)
			continue;
		*ret = i;
		return true;
	}
	return false;
}

/* The other way: the figures have columns one after the other, and the comparison follows. */
static uint32_t column_of(const struct rows_tab *rt, uint32_t figure)
{
	return rt->comparison - (rt->nfigures - (uint32_t)ARRAY_LEN(rt->fields)) + figure;
}

/* The trend shows the counter whose column is chosen. */
static void follow_column(struct rows_tab *rt)
{
	const struct figure *figures = rows_figures(rt->live, &rt->nfigures);
	struct columns *columns = &rt->tab.columns;
	struct column *trend = &columns->all[columns->count - 1];
	const struct past *past = rows_past(rt->live);
	const struct family *family;
	uint32_t figure;

	if (trend->form != FORM_TREND || !past || !figure_of(rt, (int)columns->cursor, &figure))
		return;
	family = figures[figure].family;
	if (family->type != METRIC_COUNTER || (int)figures[figure].number == rows_sparked(rt->live))
		return;
	rows_spark(rt->live, figures[figure].number, past);
	if (rt->frozen)
		rows_spark(rt->frozen, figures[figure].number, past);
	columns_rename(trend, "trend ", family->base);
}

static void rows_prepare(struct tab *tab)
{
	struct rows_tab *rt = rows_tab_of(tab);
	uint32_t slots = rows_slots(seen(rt)), n = 0;
	struct item item;

	follow_column(rt);
	if (!tab->dirty)
		return;
	tab->dirty = false;
	tab->version++;
	rt->shown = 0;
	if (slots > rt->room) {
		rt->room = slots + slots / 2;
		free(rt->order);
		rt->order = xcalloc(rt->room, sizeof(*rt->order));
	}
	for (uint32_t slot = 0; slot < slots; slot++) {
		if (!rows_at(seen(rt), slot))
			continue;
		read_slot(rt, slot, &item);
		if (tab->filter && !tab_matches(tab, tab->filter, &item))
			continue;
		rt->order[n++] = order_of(rt, &item);
		rt->shown += !(item.marks & ROW_GONE) && !item.overflow;
	}
	if (n)
		qsort_r(rt->order, n, sizeof(*rt->order), compare_rows, rt);
	tab->total = n;
}

static bool rows_find_at(struct tab *tab, uint64_t id, uint64_t *ret_at)
{
	struct rows_tab *rt = rows_tab_of(tab);
	uint32_t slot;

	if (!rows_find(seen(rt), id, &slot))
		return false;
	for (uint64_t i = 0; i < tab->total; i++) {
		if (rt->order[i].slot != slot)
			continue;
		*ret_at = i;
		return true;
	}
	return false;
}

static void rows_trend_of(struct tab *tab, const struct item *item, float ret[MODEL_TREND])
{
	rows_trend(seen(rows_tab_of(tab)), item->slot, ret);
}

static void rows_pause(struct tab *tab, bool on)
{
	struct rows_tab *rt = rows_tab_of(tab);

	rows_free(rt->frozen);
	rt->frozen = on ? rows_clone(rt->live) : NULL;
	tab->dirty = true;
}

/* The last sweep that ended by then, or the oldest that is kept. */
static bool sample_at(const struct past *past, uint64_t real_ns, uint32_t *ret)
{
	uint32_t low = 0, high = past_steps(past);

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (past_step(past, mid)->real_ns <= real_ns)
			low = mid + 1;
		else
			high = mid;
	}
	if (!past_steps(past))
		return false;
	*ret = past_step(past, low ? low - 1 : 0)->sample;
	return true;
}

static void rows_travel(struct tab *tab, uint64_t real_ns)
{
	struct rows_tab *rt = rows_tab_of(tab);
	const struct past *past = rows_past(rt->live);
	uint32_t sample;

	if (!rt->frozen || !sample_at(past, real_ns, &sample) || sample == rows_sample(rt->frozen))
		return;
	if (sample > rows_sample(rt->frozen)) {
		rows_free(rt->frozen);
		rt->frozen = rows_clone(rt->live);
	}
	rows_back(rt->frozen, past, sample);
	tab_resort(tab);
}

static void rows_count(struct tab *tab, char *dst, size_t room)
{
	struct rows_tab *rt = rows_tab_of(tab);
	char text[SHORT_ROOM];

	if (tab->map->role == ROLE_HISTOGRAM && rt->summed != rows_sample(rt->live)) {
		rt->summed = rows_sample(rt->live);
		rt->sum = rows_sum(rt->live);
	}
	if (tab->map->role == ROLE_HISTOGRAM)
		short_scaled(text, (double)rt->sum);
	else
		short_commas(text, rows_live(rt->live));
	snprintf(dst, room, "%s", text);
}

static void rows_status(struct tab *tab, struct arena *arena, struct model_status *ret)
{
	struct rows_tab *rt = rows_tab_of(tab);
	uint32_t all = rows_live(seen(rt)), max = tab->map->max_entries;
	char shown[SHORT_ROOM], total[SHORT_ROOM], entries[SHORT_ROOM], most[SHORT_ROOM],
		row[SHORT_ROOM];

	short_commas(row, tab->cursor + 1);
	short_commas(shown, rt->shown);
	short_commas(total, all);
	ret->left[ret->nleft++] =
		tab->cursor || tab->tracks
			? arena_printf(arena, "row %s/%s", row, tab->filter ? shown : total)
		: tab->filter ? arena_printf(arena, "%s/%s rows", shown, total)
			      : arena_printf(arena, "%s row%s", total, all == 1 ? "" : "s");
	if (tab->tracks)
		ret->left[ret->nleft++] = "following the row";
	if (tab->filter)
		ret->left[ret->nleft++] = arena_printf(arena, "filter %s", tab->filter->text);
	if (tab->has_stats && tab->map->source == SOURCE_HASH && max) {
		short_commas(entries, tab->stats.entries);
		short_commas(most, max);
		ret->left[ret->nleft++] =
			arena_printf(arena, "map %s/%s (%llu%%)", entries, most,
				     (unsigned long long)(tab->stats.entries * 100 / max));
	}
	if (rows_compared(seen(rt))) {
		char clock[HUMAN_ROOM + 1];

		clock[MIN(human_clock(clock, rt->then_ns), (size_t)8)] = '\0';
		ret->left[ret->nleft++] = arena_printf(arena, "%s against %s",
						       rows_compared(seen(rt))->field.path, clock);
	}
	if (rows_zeroed(seen(rt)))
		ret->left[ret->nleft++] = "from zero";
}

static bool rows_can_view(const struct tab *tab, enum view view)
{
	const struct rows_tab *rt = container_of(tab, struct rows_tab, tab);

	if (view == VIEW_HISTOGRAM || view == VIEW_HEATMAP)
		return rt->plan->nfamilies && rt->plan->families[0].type == METRIC_HISTOGRAM;
	return view == VIEW_TABLE;
}

static int rows_give(struct tab *tab, struct sink *sink, uint64_t from, uint64_t to,
		     uint64_t *ret_rows)
{
	struct rows_tab *rt = rows_tab_of(tab);
	const struct metric_plan *plan = rt->plan;
	struct series_rows batch;
	int ret = 0;

	series_rows_init(&batch, plan, GIVE_ROWS);
	for (uint64_t i = from; i < to && !ret; i++) {
		uint32_t slot = rt->order[i].slot, n = batch.count;
		const struct row *row = rows_at(seen(rt), slot);

		if (row->state == SLOT_LIVE) {
			memcpy(batch.keys + (size_t)n * plan->key_bytes, rows_key(seen(rt), slot),
			       plan->key_bytes);
			rows_cells(seen(rt), slot, batch.cells + (size_t)n * plan->ncells);
			batch.flags[n] = row->overflow ? SERIES_OVERFLOW : SERIES_CHANGED;
			batch.id[n] = row->id;
			batch.count++;
			++*ret_rows;
		}
		if (batch.count == batch.max || (i + 1 == to && batch.count)) {
			ret = sink->ops->rows(sink, tab->env->source, &batch, now_real_ns());
			batch.count = 0;
		}
	}
	series_rows_release(&batch);
	return ret;
}

static const char *rows_empty(struct tab *tab)
{
	return "no rows yet";
}

static void rows_tab_free(struct tab *tab)
{
	struct rows_tab *rt = rows_tab_of(tab);

	rows_free(rt->live);
	rows_free(rt->frozen);
	rows_free(rt->then);
	free(rt->figures);
	free(rt->order);
	tab_release(tab);
	free(rt);
}

void rows_tab_limit(struct tab *tab, uint64_t bytes)
{
	struct rows_tab *rt = rows_tab_of(tab);

	if (rt->past_bytes >= bytes)
		return;
	rt->past_bytes = bytes;
	rows_keep_past(rt->live, bytes);
}

const struct past *rows_tab_past(struct tab *tab)
{
	return rows_past(rows_tab_of(tab)->live);
}

const struct rows *rows_tab_live(struct tab *tab)
{
	return rows_tab_of(tab)->live;
}

void rows_tab_put(struct tab *tab, const struct series_rows *rows)
{
	rows_put(rows_tab_of(tab)->live, rows);
	for (uint32_t i = 0; tab->process && i < rows->count; i++)
		tab_want(tab, row_key(rows, i), NULL);
}

static int compare_ids(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Marks rows as gone whose series the source no longer has, and whose end went unnoticed. */
static void find_gone(struct rows_tab *rt)
{
	size_t count = 0, room = (size_t)rows_live(rt->live) + GIVE_ROWS;
	uint64_t *ids = xcalloc(room, sizeof(*ids));
	struct source_walk walk;

	source_walk_init(&walk, rt->tab.env->source, rt->tab.map, GIVE_ROWS);
	source_walk_begin(&walk);
	while (source_walk_next(&walk)) {
		for (uint32_t i = 0; i < walk.rows.count; i++) {
			if (walk.rows.flags[i] & SERIES_GONE)
				continue;
			if (count == room) {
				room *= 2;
				ids = xreallocarray(ids, room, sizeof(*ids));
			}
			ids[count++] = walk.rows.id[i];
		}
	}
	source_walk_release(&walk);
	qsort(ids, count, sizeof(*ids), compare_ids);
	rows_keep(rt->live, ids, count);
	free(ids);
}

bool rows_tab_swept(struct tab *tab, uint64_t mono_ns, uint64_t real_ns)
{
	struct rows_tab *rt = rows_tab_of(tab);
	struct series_stats stats = source_series_stats(tab->env->source, tab->map);
	bool changed;

	/* A source reports series that went for two sweeps. A terminal that was stopped may have
	 * delayed this thread for longer. */
	rt->behind = rows_live(rt->live) > stats.live ? rt->behind + 1 : 0;
	if (rt->behind >= BEHIND_SWEEPS) {
		find_gone(rt);
		rt->behind = 0;
	}
	changed = rows_swept(rt->live, mono_ns, real_ns);
	if (!changed || tab->paused)
		return false;
	tab->dirty = true;
	return true;
}

bool rows_tab_zero(struct tab *tab)
{
	struct rows_tab *rt = rows_tab_of(tab);
	bool on = !rows_zeroed(seen(rt));

	rows_zero(rt->live, on);
	if (rt->frozen)
		rows_zero(rt->frozen, on);
	tab->dirty = true;
	return true;
}

void rows_tab_match_live(struct tab *tab, const struct pick *pick,
			 void (*found)(void *ctx, uint64_t id), void *ctx)
{
	struct rows_tab *rt = rows_tab_of(tab);
	struct rows *frozen = rt->frozen;
	struct item item;

	rt->frozen = NULL;
	for (uint32_t slot = 0; slot < rows_slots(rt->live); slot++) {
		const struct row *row = rows_at(rt->live, slot);

		if (!row || row->state != SLOT_LIVE)
			continue;
		read_slot(rt, slot, &item);
		if (tab_matches(tab, pick, &item))
			found(ctx, item.id);
	}
	rt->frozen = frozen;
}

static void compare_with(struct rows_tab *rt, const struct rows *then, uint32_t figure)
{
	rows_compare(rt->live, then, figure);
	if (rt->frozen)
		rows_compare(rt->frozen, then, figure);
	for (uint32_t i = 0; i < ARRAY_LEN(rt->fields); i++)
		rt->tab.columns.all[rt->comparison + i].off = !then;
	tab_resort(&rt->tab);
}

void rows_tab_mark(struct tab *tab, uint64_t real_ns)
{
	struct rows_tab *rt = rows_tab_of(tab);
	const struct figure *compared = rows_compared(rt->live);
	struct rows *before = rt->then;

	rt->then = rows_clone(seen(rt));
	rt->then_ns = real_ns;
	rows_compare(rt->then, NULL, 0);
	if (compared)
		compare_with(rt, rt->then,
			     (uint32_t)(compared - rows_figures(rt->live, &rt->nfigures)));
	rows_free(before);
}

static void compare_no_longer(struct rows_tab *rt)
{
	struct columns *columns = &rt->tab.columns;
	uint32_t figure =
		(uint32_t)(rows_compared(rt->live) - rows_figures(rt->live, &rt->nfigures));
	uint32_t column = column_of(rt, figure);

	compare_with(rt, NULL, 0);
	if (columns->all[columns->cursor].off)
		columns->cursor = column;
	if (columns->sort >= 0 && columns->all[columns->sort].off)
		columns->sort = (int)column;
}

bool rows_tab_compare(struct tab *tab)
{
	struct rows_tab *rt = rows_tab_of(tab);
	struct columns *columns = &tab->columns;
	const struct figure *figures = rows_figures(rt->live, &rt->nfigures);
	uint32_t figure = 0;
	bool chosen = figure_of(rt, (int)columns->cursor, &figure);

	if (!rt->then || !rt->nfigures)
		return false;
	if (rows_compared(rt->live) && (!chosen || rows_compared(rt->live) == &figures[figure])) {
		compare_no_longer(rt);
		return true;
	}
	if (!chosen)
		figure_of(rt, columns->sort, &figure);
	for (uint32_t i = 0; i < ARRAY_LEN(rt->fields); i++)
		rt->fields[i].meaning = i < 2 ? figures[figure].field.meaning : MEAN_NONE;
	columns->all[rt->comparison].limit = columns->all[column_of(rt, figure)].limit;
	compare_with(rt, rt->then, figure);
	tab->view = VIEW_TABLE;
	columns->cursor = rt->comparison + 1;
	return true;
}

const struct rows *rows_tab_then(struct tab *tab)
{
	return rows_tab_of(tab)->then;
}

void rows_tab_read_then(struct tab *tab, uint32_t slot, struct item *ret)
{
	struct rows_tab *rt = rows_tab_of(tab);

	rows_read(rt->then, slot, rt->figures);
	*ret = (struct item){ .record.part = { rows_key(rt->then, slot), rt->figures } };
}

static const struct figure *counted(struct rows_tab *rt)
{
	const struct figure *figures = rows_figures(rt->live, &rt->nfigures);

	for (uint32_t i = 0; i < rt->nfigures; i++)
		if (figures[i].kind == FIGURE_VALUE)
			return &figures[i];
	return NULL;
}

bool rows_tab_counts(struct tab *tab)
{
	return counted(rows_tab_of(tab)) != NULL;
}

const char *rows_tab_unit(struct tab *tab)
{
	const struct figure *figure = counted(rows_tab_of(tab));

	return figure && figure->family->cell_unit ? figure->family->cell_unit : "";
}

double rows_tab_value(struct tab *tab, const struct item *item)
{
	const struct figure *figure = counted(rows_tab_of(tab));
	double value = figure ? field_double(&figure->field, item->record.part[PART_VALUE], 0) : 0;

	return isfinite(value) ? value : 0;
}

/* The row under the cursor; false: no row, or no histogram. */
static bool histogram_slot(struct rows_tab *rt, uint32_t *ret)
{
	tab_prepare(&rt->tab);
	if (!rt->tab.total || !rows_can_view(&rt->tab, VIEW_HISTOGRAM))
		return false;
	*ret = rt->order[rt->tab.cursor].slot;
	return true;
}

bool rows_tab_histogram(struct tab *tab, struct arena *arena, struct model_histogram *ret)
{
	struct rows_tab *rt = rows_tab_of(tab);
	union cell *cells;
	uint32_t slot;

	if (!histogram_slot(rt, &slot))
		return false;
	cells = arena_array(arena, union cell, rt->plan->ncells);
	rows_cells(seen(rt), slot, cells);
	histo_view(ret, arena, rt->plan->families, tab_label(tab), cells,
		   tab->env->settings->page.utf8);
	return true;
}

bool rows_tab_heatmap(struct tab *tab, struct arena *arena, uint32_t max_columns,
		      struct model_heatmap *ret)
{
	struct rows_tab *rt = rows_tab_of(tab);
	uint32_t slot;

	if (!histogram_slot(rt, &slot))
		return false;
	/* The memory limit may have left this row without a history; the selected row gets one. */
	rows_want_heat(rt->live, slot);
	rows_want_heat(seen(rt), slot);
	heat_view(ret, arena, rt->plan->families, tab_label(tab), rows_at(seen(rt), slot)->heat,
		  rows_sample(seen(rt)), max_columns);
	ret->span_ns = ret->ncolumns * tab->env->settings->interval_ns;
	return true;
}

static const struct tab_ops rows_ops = {
	.kind = TAB_ROWS,
	.prepare = rows_prepare,
	.item = rows_item,
	.find = rows_find_at,
	.trend = rows_trend_of,
	.pause = rows_pause,
	.travel = rows_travel,
	.refilter = tab_resort,
	.count = rows_count,
	.status = rows_status,
	.can_view = rows_can_view,
	.give = rows_give,
	.empty = rows_empty,
	.free = rows_tab_free,
};

static void add_comparison(struct rows_tab *rt, const struct figure *figures)
{
	static const struct {
		const char *title;
		enum column_form form;
	} all[] = {
		{ "then", FORM_NUMBER },
		{ "difference", FORM_CHANGE },
		{ "factor", FORM_FACTOR },
	};

	rt->comparison = rt->tab.columns.count;
	for (uint32_t i = 0; i < ARRAY_LEN(all); i++) {
		struct column *column;

		rt->fields[i] = figures[i].field;
		column = columns_add(&rt->tab.columns, all[i].title, &rt->fields[i], all[i].form);
		column->part = PART_VALUE;
		column->off = column->passing = true;
	}
}

static void add_figure(struct rows_tab *rt, const struct figure *figure)
{
	static const char *const titles[] = {
		[FIGURE_RATE] = "/s",	  [FIGURE_CHANGE] = "change", [FIGURE_COUNT] = "count",
		[FIGURE_AVERAGE] = "avg", [FIGURE_QUANTILE] = "",
	};
	const struct family *family = figure->family;
	const char *name = titles[figure->kind];
	_cleanup_free_ char *title = NULL;
	struct column *column;

	if (figure->kind == FIGURE_VALUE)
		title = xstrdup(figure->field.path);
	else if (figure->kind == FIGURE_QUANTILE)
		title = xasprintf("%s%s%sp%.0f", family->base, family->base[0] ? " " : "",
				  rt->tab.env->settings->page.utf8 ? "≈" : "~", figure->q * 100);
	else
		title = xasprintf("%s%s%s", family->base, family->base[0] ? " " : "", name);
	column = columns_add(&rt->tab.columns, title, &figure->field,
			     figure->kind == FIGURE_CHANGE ? FORM_CHANGE : FORM_NUMBER);
	column->part = PART_VALUE;
	column->sums = figure->kind != FIGURE_AVERAGE && figure->kind != FIGURE_QUANTILE;
	column->sets |= figure->kind == FIGURE_COUNT ? SET_BESIDE : 0;
	column->limit = family->nbounds ? (double)family->bounds[family->nbounds - 1] : 0;
	/* Sort by the first rate of a counter, else by the first number. */
	if (rt->tab.columns.sort < 0 ||
	    (figure->kind == FIGURE_RATE &&
	     rt->tab.columns.all[rt->tab.columns.sort].form == FORM_NUMBER && figure->number == 0 &&
	     figure->family->type == METRIC_COUNTER)) {
		rt->tab.columns.sort = (int)rt->tab.columns.count - 1;
		rt->tab.columns.direction = -1;
	}
}

struct tab *rows_tab_new(struct tab_env *env, const struct map_plan *map,
			 const struct metric_plan *plan)
{
	struct rows_tab *rt = xcalloc(1, sizeof(*rt));
	const struct figure *figures;
	const struct layout *labels;
	struct column *column;

	rt->plan = plan;
	rt->live = rows_new(plan);
	tab_init(&rt->tab, &rows_ops, env, map->name, map, rows_shown(rt->live));
	labels = &rt->tab.shown->key;
	for (uint32_t i = 0; i < labels->nfields; i++) {
		column = columns_add(&rt->tab.columns, labels->fields[i].path, &labels->fields[i],
				     FORM_FIELD);
		column->part = PART_KEY;
		column->sets |= SET_BESIDE;
	}
	figures = rows_figures(rt->live, &rt->nfigures);
	rt->figures = xcalloc(rt->nfigures + 1, sizeof(*rt->figures));
	for (uint32_t i = 0; i + ARRAY_LEN(rt->fields) < rt->nfigures; i++)
		add_figure(rt, &figures[i]);
	if (rt->nfigures)
		add_comparison(rt, &figures[rt->nfigures - ARRAY_LEN(rt->fields)]);
	if (rows_have_trend(rt->live))
		columns_add(&rt->tab.columns, "trend", NULL, FORM_TREND);
	rt->tab.view = rows_can_view(&rt->tab, VIEW_HISTOGRAM) ? VIEW_HISTOGRAM : VIEW_TABLE;
	tab_ready(&rt->tab);
	return &rt->tab;
}

// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/model/tab.h"

#include <math.h>
#include "base/clock.h"
#include "base/util.h"
#include "runner/load/decode/enrich.h"
#include "runner/read/text/human.h"
#include "runner/tui/model/blocks.h"
#include "runner/tui/model/shorts.h"

#define MIN_SCRATCH 4096

void tab_init(struct tab *tab, const struct tab_ops *ops, struct tab_env *env, const char *name,
	      const struct map_plan *map, const struct map_plan *shown)
{
	tab->ops = ops;
	tab->env = env;
	tab->name = name;
	tab->map = map;
	tab->shown = shown;
	tab->columns.sort = -1;
	tab->dirty = true;
}

static size_t longest_text(const struct layout *layout)
{
	size_t most = 0;

	for (uint32_t i = 0; i < layout->nfields; i++)
		most = MAX(most, field_text_max(&layout->fields[i]));
	return most;
}

static const struct field *find_process(const struct layout *layout)
{
	for (uint32_t i = 0; i < layout->nfields; i++)
		if (layout->fields[i].id_of == MEAN_PID && layout->fields[i].count == 1)
			return &layout->fields[i];
	return NULL;
}

/* Of a row's process, container and pod, as --enrich adds them for every output. */
static void add_names(struct tab *tab)
{
	const uint32_t all = ENRICH_CONTAINER | ENRICH_POD | ENRICH_PROCESS;
	struct map_plan *wide = &tab->wide;

	if (!tab->env->source || !tab->env->source->who || !tab->map)
		return;
	*wide = *tab->shown;
	if (!(wide->has_key && enrich_layout(&tab->names, &wide->key, all)) &&
	    !enrich_layout(&tab->names, &wide->value, all))
		return;
	tab->shown = wide;
	tab->process = wide->has_key ? find_process(&wide->key) : NULL;
	tab->process_part = PART_KEY;
	if (tab->process)
		return;
	tab->process = find_process(&wide->value);
	tab->process_part = PART_VALUE;
}

void tab_want(struct tab *tab, const void *key, const void *value)
{
	const void *const parts[] = { [PART_KEY] = key, [PART_VALUE] = value };
	const void *base;
	uint32_t pid;

	if (likely(!tab->process))
		return;
	base = parts[tab->process_part];
	pid = base ? (uint32_t)field_u64(tab->process, base, 0) : 0;
	if (tab->wanted[pid % TAB_WANTED] == pid)
		return;
	tab->wanted[pid % TAB_WANTED] = pid;
	who_want(tab->env->source->who, pid);
}

void tab_ready(struct tab *tab)
{
	size_t key;

	add_names(tab);
	key = tab->shown->has_key ? longest_text(&tab->shown->key) : 0;
	/* The minimum also covers prefixes such as indents. */
	tab->scratch = xmalloc(MAX(key, longest_text(&tab->shown->value)) + MIN_SCRATCH);
}

void tab_release(struct tab *tab)
{
	columns_release(&tab->columns);
	pick_free(tab->filter);
	pick_free(tab->mark);
	pick_free(tab->own);
	if (tab->over)
		tab->over->ops->free(tab->over);
	arena_release(&tab->names);
	free(tab->label);
	free(tab->scratch);
}

/* The cursor. */

bool tab_go(struct tab *tab, uint64_t at)
{
	struct item item;
	uint64_t before = tab->cursor;

	if (!tab->total)
		return false;
	tab->cursor = MIN(at, tab->total - 1);
	tab->ops->item(tab, tab->cursor, &item);
	tab->cursor_id = item.id;
	tab->gone = false;
	/* A cursor on the first row stays on the first row, except in a stream. */
	tab->pinned = tab->cursor != 0 || tab->ops->kind == TAB_STREAM;
	return tab->cursor != before;
}

/* A row that is sorted by a value moves far at each sweep; the page stays where it is, unless the
 * user has asked for the row. */
static bool stays_with_row(struct tab *tab)
{
	const struct columns *columns = &tab->columns;
	bool by_value = columns->sort >= 0 && columns->all[columns->sort].part == PART_VALUE;

	if (!tab->pinned)
		return tab->tracks;
	return tab->ops->kind == TAB_STREAM || tab->held || tab->tracks || tab->refind || !by_value;
}

void tab_prepare(struct tab *tab)
{
	uint64_t at = tab->cursor;
	bool stays = stays_with_row(tab);

	tab->ops->prepare(tab);
	tab->refind = false;
	if (!tab->total) {
		tab->cursor = tab->top = 0;
		return;
	}
	if (tab->following) {
		tab_go(tab, tab->total - 1);
		return;
	}
	if (!stays) {
		tab_go(tab, tab->cursor);
		return;
	}
	if (!tab->ops->find(tab, tab->cursor_id, &at)) {
		bool gone = tab->gone || tab->held;

		tab_go(tab, at);
		tab->gone = gone;
		return;
	}
	/* Records dropped at the beginning of a stream do not move the page. */
	if (tab->ops->kind == TAB_STREAM)
		tab->top = tab->top + at > tab->cursor ? tab->top + at - tab->cursor : 0;
	tab->cursor = at;
}

void tab_resort(struct tab *tab)
{
	tab->dirty = tab->refind = true;
}

bool tab_pause(struct tab *tab, bool on)
{
	if (tab->paused == on)
		return false;
	tab_prepare(tab);
	tab->paused = on;
	tab->ops->pause(tab, on);
	return true;
}

/* Texts. */

size_t field_number(char *dst, const struct field *field, const void *base)
{
	struct field whole = *field;
	double value;
	uint64_t rounded;
	int64_t number;

	if (field->meaning != MEAN_NONE && field->kind != KIND_FLOAT)
		return field_text(dst, field, base, STYLE_TABLE, NULL);
	if (field->kind != KIND_FLOAT) {
		number = field_i64(field, base, 0);
		if (field->kind != KIND_INT || number >= 0)
			return short_commas(dst, (uint64_t)number);
		*dst = '-';
		return 1 + short_commas(dst + 1, -(uint64_t)number);
	}
	value = field_double(field, base, 0);
	if (!isfinite(value))
		return 0;
	if (value < 0 || value >= 0x1p63)
		return field_text(dst, field, base, STYLE_TABLE, NULL);
	rounded = (uint64_t)(value + 0.5);
	if (field->meaning == MEAN_NONE)
		return value < 100 ? short_scaled(dst, value) : short_commas(dst, rounded);
	whole.kind = KIND_UINT;
	whole.off_bits = 0;
	return field_text(dst, &whole, &rounded, STYLE_TABLE, NULL);
}

static size_t signed_number(char *dst, const struct field *field, double value)
{
	double size = fabs(value);
	struct field whole = *field;
	size_t len = 0;

	if (value == 0 || value != value)
		return 0;
	dst[len++] = value < 0 ? '-' : '+';
	whole.off_bits = 0;
	if (field->meaning != MEAN_NONE && isfinite(value))
		return len + field_number(dst + len, &whole, &size);
	if (size < 0x1p63 && size == floor(size))
		return len + short_commas(dst + len, (uint64_t)size);
	return len + short_scaled(dst + len, size);
}

/* A quantile above the last bound is "> bound". */
static size_t number_text(char *dst, const struct column *column, const void *base)
{
	struct field field = *column->field;

	if (field.kind != KIND_FLOAT || !isinf(field_double(&field, base, 0)))
		return field_number(dst, &field, base);
	field.off_bits = 0;
	*dst = '>';
	return 1 + field_number(dst + 1, &field, &column->limit);
}

/* 0.42, 1.5, 12.3, 1,234 times as much; "new": there was nothing. */
static size_t factor_text(char *dst, double factor)
{
	if (isnan(factor))
		return 0;
	if (isinf(factor))
		return (size_t)(stpcpy(dst, "new") - dst);
	if (factor >= 1000)
		return (size_t)(stpcpy(dst + short_commas(dst, (uint64_t)MIN(factor, 1e18)), "x") -
				dst);
	return (size_t)snprintf(dst, SHORT_ROOM, "%.*fx", fabs(factor) < 10 ? 2 : 1, factor);
}

static size_t trend_text(struct tab *tab, const struct item *item)
{
	float trend[MODEL_TREND];

	tab->ops->trend(tab, item, trend);
	return blocks_spark(tab->scratch, trend, MODEL_TREND, tab->env->settings->page.utf8);
}

size_t tab_text(struct tab *tab, const struct column *column, const struct item *item)
{
	const void *base = item->record.part[column->part];

	switch ((enum column_form)column->form) {
	case FORM_TIME:
		return human_clock(tab->scratch, item->record.time_ns);
	case FORM_TREND:
		return trend_text(tab, item);
	case FORM_BAR:
	case FORM_SPAN:
	case FORM_WORD:
		return tab->ops->span(tab, column, item);
	case FORM_FIELD:
		break;
	case FORM_NUMBER:
		return base ? number_text(tab->scratch, column, base) : 0;
	case FORM_CHANGE:
		return base ? signed_number(tab->scratch, column->field,
					    field_double(column->field, base, 0))
			    : 0;
	case FORM_FACTOR:
		return base ? factor_text(tab->scratch, field_double(column->field, base, 0)) : 0;
	}
	if (item->overflow && column->part == PART_KEY) {
		memcpy(tab->scratch, OVERFLOW_TEXT, sizeof(OVERFLOW_TEXT));
		return sizeof(OVERFLOW_TEXT) - 1;
	}
	if (item->unknown && column->field->kind == KIND_UINT)
		return (size_t)(stpcpy(tab->scratch, "?") - tab->scratch);
	return base ? field_text(tab->scratch, column->field, base, STYLE_TABLE,
				 sink_names_get(&tab->env->names))
		    : 0;
}

static size_t quoted(char *dst, const char *text, size_t len, enum style style)
{
	size_t edge = style == STYLE_JSON;

	memmove(dst + edge, text, len);
	if (edge)
		dst[0] = dst[len + 1] = '"';
	return len + 2 * edge;
}

size_t tab_value(struct tab *tab, const struct column *column, const struct item *item,
		 enum style style)
{
	const void *base = item->record.part[column->part];
	char *dst = tab->scratch, time[31];

	if (column->form == FORM_TIME)
		return quoted(dst, time, format_rfc3339(item->record.time_ns, time), style);
	if (column->form == FORM_WORD)
		return quoted(dst, dst, tab_text(tab, column, item), style);
	if (item->overflow && column->part == PART_KEY)
		return quoted(dst, OVERFLOW_TEXT, strlen(OVERFLOW_TEXT), style);
	if (base && !(item->unknown && column->field->kind == KIND_UINT))
		return field_text(dst, column->field, base, style, NULL);
	return style == STYLE_JSON ? (size_t)(stpcpy(dst, "null") - dst) : 0;
}

bool tab_matches(struct tab *tab, const struct pick *pick, const struct item *item)
{
	const struct column *column;

	if (!item->record.map)
		return false;
	if (pick->filter) {
		filter_use_names(pick->filter, sink_names_get(&tab->env->names));
		return filter_match(pick->filter, &item->record);
	}
	for (uint32_t i = 0; i < tab->columns.count; i++) {
		column = &tab->columns.all[i];
		if (column->hidden || column->off || column_is_picture(column))
			continue;
		if (pick_finds(pick, tab->scratch, tab_text(tab, column, item)))
			return true;
	}
	return false;
}

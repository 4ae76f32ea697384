// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include "base/clock.h"
#include "base/utf8.h"
#include "base/util.h"
#include "runner/tui/model/tab.h"

struct detail {
	struct tab *tab;
	struct arena *arena;
	struct model_detail *ret;
};

static void add_line(struct detail *detail, const char *name, const char *text, size_t len)
{
	struct model_detail *ret = detail->ret;
	struct detail_line *line = &ret->lines[ret->count++];
	_cleanup_free_ char *safe = xmalloc(UTF8_TERM_ROOM(strlen(name)) + 1);
	struct page_cell cell;

	cell = tab_cell(detail->tab, detail->arena, safe,
			utf8_term_escape(safe, name, strlen(name)), UINT32_MAX);
	line->name = cell.text;
	line->name_cells = cell.cells;
	cell = tab_cell(detail->tab, detail->arena, text, len, UINT32_MAX);
	line->text = cell.text;
	line->text_cells = cell.cells;
	ret->name_cells = MAX(ret->name_cells, line->name_cells);
}

/* The column of a field; NULL: it has none. */
static const struct column *find_column(const struct tab *tab, enum part part,
					const struct field *field)
{
	for (uint32_t i = 0; i < tab->columns.count; i++) {
		const struct column *column = &tab->columns.all[i];

		if (column->field && column->part == part &&
		    column->field->off_bits == field->off_bits)
			return column;
	}
	return NULL;
}

/* The text for a figure that has no number; NULL: it has one. */
static const char *no_number(const struct detail *detail, const struct field *field,
			     const void *base)
{
	const struct column *column = find_column(detail->tab, PART_VALUE, field);
	double value;

	if (!base || field->kind != KIND_FLOAT || detail->tab->ops->kind == TAB_STREAM)
		return NULL;
	value = field_double(field, base, 0);
	if (isinf(value))
		return column && column->form == FORM_FACTOR ? "new" : "above the last bound";
	return isnan(value) ? "-" : NULL;
}

/* A value as in the table, followed by the value itself where the table shortens it. */
static void add_field(struct detail *detail, const struct field *field, const struct item *item,
		      enum part part)
{
	struct resolver *resolver = sink_names_get(&detail->tab->env->names);
	const void *base = item->record.part[part];
	struct strbuf both = STRBUF_INIT(1u << 20);
	char *text = detail->tab->scratch;
	const char *instead =
		item->unknown && field->kind == KIND_UINT ? "?" : no_number(detail, field, base);
	size_t len = 0, shown;

	if (instead)
		strbuf_adds(&both, instead);
	else if (item->overflow && part == PART_KEY)
		strbuf_adds(&both, OVERFLOW_TEXT);
	else if (base && field->kind == KIND_FLOAT && detail->tab->ops->kind != TAB_STREAM)
		strbuf_add(&both, text, field_number(text, field, base));
	else if (base)
		strbuf_add(&both, text, field_text(text, field, base, STYLE_TABLE, resolver));
	shown = both.len;
	if (base && !instead && !item->overflow && !field->id_of && field->kind != KIND_TEXT &&
	    field->kind != KIND_BYTES)
		len = field_text(text, field, base, STYLE_PLAIN, NULL);
	if (len && (len != shown || memcmp(both.buf, text, len) != 0)) {
		strbuf_adds(&both, shown ? "  (" : "(");
		strbuf_add(&both, text, len);
		strbuf_adds(&both, ")");
	}
	/* Nothing is known of its container. */
	if (both.len || !field->id_of)
		add_line(detail, field->path, strbuf_str(&both), both.len);
	strbuf_release(&both);
}

/* A part of a comparison, while nothing is compared. */
static bool is_off(const struct tab *tab, enum part part, const struct field *field)
{
	const struct column *column = find_column(tab, part, field);

	return column && column->off;
}

static void add_layout(struct detail *detail, const struct layout *layout, const struct item *item,
		       enum part part)
{
	for (uint32_t i = 0; i < layout->nfields; i++)
		if (!is_off(detail->tab, part, &layout->fields[i]))
			add_field(detail, &layout->fields[i], item, part);
}

static uint32_t fields_of(const struct map_plan *shown)
{
	return (shown->has_key ? shown->key.nfields : 0) + shown->value.nfields;
}

static void add_fields(struct detail *detail, const struct item *item)
{
	const struct map_plan *shown = detail->tab->shown;
	enum tab_kind kind = (enum tab_kind)detail->tab->ops->kind;
	char time[31];

	if (kind == TAB_STREAM || kind == TAB_TRACES)
		add_line(detail, "time", time, format_rfc3339(item->record.time_ns, time));
	if (shown->has_key)
		add_layout(detail, &shown->key, item, PART_KEY);
	add_layout(detail, &shown->value, item, PART_VALUE);
}

void tab_detail(struct tab *tab, struct arena *arena, struct model_detail *ret)
{
	struct detail detail = { tab, arena, ret };
	struct tab *from = NULL;
	struct item item, origin;
	bool has_origin;

	*ret = (struct model_detail){ .title = tab_label(tab) };
	tab_prepare(tab);
	if (!tab->total || tab->gone)
		return;
	tab->ops->item(tab, tab->cursor, &item);
	has_origin = tab->ops->origin && tab->ops->origin(tab, tab->cursor, &from, &origin);
	ret->lines = arena_array(arena, struct detail_line,
				 fields_of(tab->shown) +
					 (has_origin ? fields_of(from->shown) + 1 : 0) + 1);
	if (item.note) {
		add_line(&detail, "", item.note, strlen(item.note));
		return;
	}
	add_fields(&detail, &item);
	if (!has_origin)
		return;
	detail.tab = from;
	add_fields(&detail, &origin);
}

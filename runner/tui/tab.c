// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/tab.h"

#include <math.h>
#include "base/utf8.h"
#include "base/util.h"
#include "runner/read/human.h"
#include "runner/tui/blocks.h"
#include "runner/tui/shorts.h"

#define MIN_SCRATCH 4096
#define MIN_BAR 10 /* cells */
#define MAX_BAR 1000

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

void tab_ready(struct tab *tab)
{
	size_t key = tab->shown->has_key ? longest_text(&tab->shown->key) : 0;

	/* And room for what stands in front of it. */
	tab->scratch = xmalloc(MAX(key, longest_text(&tab->shown->value)) + MIN_SCRATCH);
}

void tab_release(struct tab *tab)
{
	columns_release(&tab->columns);
	pick_free(tab->filter);
	pick_free(tab->mark);
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
	/* The first row stays the first, whichever that is. A stream has no such place. */
	tab->pinned = tab->cursor != 0 || tab->ops->kind == TAB_STREAM;
	return tab->cursor != before;
}

void tab_prepare(struct tab *tab)
{
	uint64_t at = tab->cursor;

	tab->ops->prepare(tab);
	if (!tab->total) {
		tab->cursor = tab->top = 0;
		return;
	}
	if (tab->following) {
		tab_go(tab, tab->total - 1);
		return;
	}
	if (!tab->pinned) {
		tab_go(tab, 0);
		return;
	}
	if (!tab->ops->find(tab, tab->cursor_id, &at)) {
		tab_go(tab, at);
		return;
	}
	/* What goes at the beginning of a stream moves nothing on the page. */
	if (tab->ops->kind == TAB_STREAM)
		tab->top = tab->top + at > tab->cursor ? tab->top + at - tab->cursor : 0;
	tab->cursor = at;
}

void tab_resort(struct tab *tab)
{
	tab->dirty = true;
}

/* Texts. */

static size_t signed_number(char *dst, double value)
{
	double size = fabs(value);
	size_t len = 0;

	if (value == 0 || value != value)
		return 0;
	dst[len++] = value < 0 ? '-' : '+';
	if (size < 0x1p63 && size == floor(size))
		return len + short_commas(dst + len, (uint64_t)size);
	return len + short_scaled(dst + len, size);
}

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

/* Above the last bound of a histogram nobody knows where. */
static size_t number_text(char *dst, const struct column *column, const void *base)
{
	struct field field = *column->field;

	if (field.kind != KIND_FLOAT || !isinf(field_double(&field, base, 0)))
		return field_number(dst, &field, base);
	field.off_bits = 0;
	*dst = '>';
	return 1 + field_number(dst + 1, &field, &column->limit);
}

static size_t trend_text(struct tab *tab, const struct item *item)
{
	float trend[MODEL_TREND];

	tab->ops->trend(tab, item, trend);
	return blocks_spark(tab->scratch, trend, MODEL_TREND, tab->env->page.utf8);
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
		return tab->ops->span(tab, column, item);
	case FORM_FIELD:
		break;
	case FORM_NUMBER:
		return base ? number_text(tab->scratch, column, base) : 0;
	case FORM_CHANGE:
		return base ? signed_number(tab->scratch, field_double(column->field, base, 0)) : 0;
	}
	if (item->overflow && column->part == PART_KEY) {
		memcpy(tab->scratch, OVERFLOW_TEXT, sizeof(OVERFLOW_TEXT));
		return sizeof(OVERFLOW_TEXT) - 1;
	}
	return base ? field_text(tab->scratch, column->field, base, STYLE_TABLE,
				 sink_names_get(&tab->env->names))
		    : 0;
}

bool tab_matches(struct tab *tab, const struct pick *pick, const struct item *item)
{
	const struct column *column;

	if (!item->record.map)
		return false;
	if (pick->filter)
		return filter_match(pick->filter, &item->record);
	for (uint32_t i = 0; i < tab->columns.count; i++) {
		column = &tab->columns.all[i];
		if (column->hidden || column->form >= FORM_SPAN)
			continue;
		if (pick_finds(pick, tab->scratch, tab_text(tab, column, item)))
			return true;
	}
	return false;
}

/* Pages. */

/* In the page's character set, cut to at most `cells`. */
static struct page_cell clean_cell(const struct tab *tab, struct arena *arena, const char *text,
				   size_t len, uint32_t cells)
{
	struct strbuf all = STRBUF_INIT(UTF8_TERM_ROOM(len) + 16);
	const char *cut = tab->env->page.utf8 ? "…" : ">";
	struct page_cell cell = { .text = "" };
	size_t fits = 0, mark = strlen(cut), n;
	uint32_t used = 0, one;
	char *dst;

	if (!len)
		return cell;
	page_text(&all, &tab->env->page, text, len);
	for (size_t i = 0; i < all.len; i += n) {
		n = text_next(all.buf + i, all.len - i, &one);
		if (used + one > cells)
			break;
		used += one;
		/* A cell is left for the mark in case the rest does not fit. */
		if (used < cells) {
			fits = i + n;
			cell.cells = used;
		}
		if (i + n == all.len) {
			fits = all.len;
			cell.cells = used;
		}
	}
	dst = arena_alloc(arena, fits + mark + 1, 1);
	memcpy(dst, strbuf_str(&all), fits);
	cell.text = dst;
	cell.bytes = (uint32_t)fits;
	if (fits < all.len && cells) {
		memcpy(dst + fits, cut, mark);
		cell.bytes += (uint32_t)mark;
		cell.cells++;
	}
	strbuf_release(&all);
	return cell;
}

const char *tab_clean(const struct tab *tab, struct arena *arena, const char *text)
{
	return clean_cell(tab, arena, text, strlen(text), UINT32_MAX).text;
}

struct pager {
	struct tab *tab;
	struct arena *arena;
	struct model_page *page;
	uint32_t *numbers; /* of the columns that fit */
};

static uint32_t ascii_cells(const struct tab *tab, const char *text, size_t len)
{
	uint32_t cells = 0;

	if (tab->env->page.utf8)
		return text_cells(text, len);
	for (size_t i = 0; i < len; i++)
		cells += (unsigned char)text[i] < 0x80 ? 1 : 4;
	return cells;
}

/* Widens the columns to what stands in them. True when one grew. */
static bool widen(struct pager *pager, uint32_t ncolumns)
{
	struct tab *tab = pager->tab;
	bool grew = false;
	struct item item;

	for (uint32_t i = 0; i < pager->page->nrows; i++) {
		tab->ops->item(tab, pager->page->first + i, &item);
		for (uint32_t k = 0; k < ncolumns && !item.note; k++) {
			struct column *column = &tab->columns.all[pager->numbers[k]];
			uint32_t before = column_width(column);
			size_t len;

			if (column->form >= FORM_TREND)
				continue;
			len = tab_text(tab, column, &item);
			column->seen = MAX(column->seen, ascii_cells(tab, tab->scratch, len));
			grew |= column_width(column) != before;
		}
	}
	return grew;
}

static void title_of(struct pager *pager, struct page_column *ret, const struct column *column)
{
	const struct tab *tab = pager->tab;
	const char *arrow = "";
	struct page_cell cell;
	_cleanup_free_ char *title = NULL;

	if (ret->sort)
		arrow = tab->env->page.utf8 ? (ret->sort > 0 ? "▲ " : "▼ ")
					    : (ret->sort > 0 ? "^ " : "v ");
	if (column->form == FORM_TREND) {
		title = xasprintf(
			"%s %llus", column->title,
			(unsigned long long)(MODEL_TREND * tab->env->interval_ns / 1000000000));
		if (MODEL_TREND * tab->env->interval_ns % 1000000000)
			title[strlen(column->title)] = '\0';
	} else {
		title = xasprintf("%s%s", arrow, column->title);
	}
	cell = clean_cell(tab, pager->arena, title, strlen(title), ret->width);
	ret->title = cell.text;
	ret->title_cells = cell.cells;
}

static void place_columns(struct pager *pager, uint32_t width)
{
	const struct columns *columns = &pager->tab->columns;
	struct model_page *page = pager->page;
	uint32_t x = PAGE_MARGIN;

	page->columns = arena_array(pager->arena, struct page_column, page->ncolumns + 1);
	for (uint32_t i = 0; i < page->ncolumns; i++) {
		const struct column *column = &columns->all[pager->numbers[i]];
		struct page_column *ret = &page->columns[i];

		ret->column = pager->numbers[i];
		ret->x = MIN(x, width);
		ret->width = MIN(column_width(column), width - ret->x);
		ret->right = column->right;
		ret->cursor = ret->column == columns->cursor;
		ret->sort = (int)ret->column == columns->sort ? columns->direction : 0;
		ret->is_bars = column->form >= FORM_TREND;
		title_of(pager, ret, column);
		x += ret->width + PAGE_GAP;
	}
}

/* A line on to the end of the page. */
static const char *rule(const struct tab *tab, struct arena *arena, const char *text,
			uint32_t width)
{
	struct page_cell cell = clean_cell(tab, arena, text, strlen(text), width);
	const char *dash = tab->env->page.utf8 ? "─" : "-";
	uint32_t rest = width - cell.cells;
	char *line = arena_alloc(arena, cell.bytes + rest * strlen(dash) + 1, 1);
	char *end = stpcpy(line, cell.text);

	while (rest--)
		end = stpcpy(end, dash);
	return line;
}

static void fill_row(struct pager *pager, uint64_t at, uint32_t width, struct page_row *ret)
{
	struct tab *tab = pager->tab;
	struct model_page *page = pager->page;
	struct item item;

	tab->ops->item(tab, at, &item);
	ret->marks = item.marks | (at == tab->cursor ? ROW_CURSOR : 0);
	if (item.note) {
		ret->note = rule(tab, pager->arena, item.note,
				 width - MIN(width, (uint32_t)PAGE_MARGIN));
		return;
	}
	if (tab->mark && tab_matches(tab, tab->mark, &item))
		ret->marks |= ROW_FOUND;
	ret->cells = arena_array(pager->arena, struct page_cell, page->ncolumns + 1);
	for (uint32_t k = 0; k < page->ncolumns; k++) {
		const struct column *column = &tab->columns.all[pager->numbers[k]];
		size_t len = tab_text(tab, column, &item);

		ret->cells[k] =
			clean_cell(tab, pager->arena, tab->scratch, len, page->columns[k].width);
	}
}

static void scroll(struct tab *tab, uint32_t height)
{
	uint64_t last = tab->total > height ? tab->total - height : 0;

	if (tab->cursor < tab->top)
		tab->top = tab->cursor;
	if (height && tab->cursor >= tab->top + height)
		tab->top = tab->cursor - height + 1;
	tab->top = MIN(tab->top, last);
	tab->height = height;
}

static enum column_set set_of(const struct tab *tab)
{
	return tab->view == VIEW_TABLE	     ? SET_TABLE
	       : tab->view == VIEW_WATERFALL ? SET_FALL
					     : SET_BESIDE;
}

/* A bar takes what the others leave. */
static void stretch_bar(struct columns *columns, uint32_t width, enum column_set set)
{
	uint32_t used = PAGE_MARGIN;
	struct column *bar = NULL;

	for (uint32_t i = 0; i < columns->count; i++) {
		struct column *column = &columns->all[i];

		if (column->hidden || !(column->sets & set))
			continue;
		if (column->form == FORM_BAR)
			bar = column;
		else
			used += column_width(column) + PAGE_GAP;
	}
	if (bar)
		bar->seen = MIN(MAX(width > used ? width - used : 0, (uint32_t)MIN_BAR),
				(uint32_t)MAX_BAR);
}

void tab_page(struct tab *tab, struct arena *arena, uint32_t width, uint32_t height,
	      struct model_page *ret)
{
	struct pager pager = { tab, arena, ret, NULL };
	enum column_set set = set_of(tab);

	*ret = (struct model_page){ .empty = "" };
	tab_prepare(tab);
	scroll(tab, height);
	ret->total = tab->total;
	ret->first = tab->top;
	ret->nrows = (uint32_t)MIN(tab->total - tab->top, (uint64_t)height);
	if (!ret->nrows)
		ret->empty = tab->filter && tab->ops->kind != TAB_PROGRAMS
				     ? "nothing matches the filter"
				     : tab->ops->empty(tab);
	pager.numbers = arena_array(arena, uint32_t, tab->columns.count + 1);
	do {
		stretch_bar(&tab->columns, width, set);
		ret->ncolumns = columns_fit(&tab->columns, width, set, pager.numbers,
					    &ret->more_left, &ret->more_right);
	} while (widen(&pager, ret->ncolumns));
	place_columns(&pager, width);
	ret->rows = arena_array(arena, struct page_row, ret->nrows + 1);
	for (uint32_t i = 0; i < ret->nrows; i++)
		fill_row(&pager, ret->first + i, width, &ret->rows[i]);
}

/* Details. */

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

	cell = clean_cell(detail->tab, detail->arena, safe,
			  utf8_term_escape(safe, name, strlen(name)), UINT32_MAX);
	line->name = cell.text;
	line->name_cells = cell.cells;
	cell = clean_cell(detail->tab, detail->arena, text, len, UINT32_MAX);
	line->text = cell.text;
	line->text_cells = cell.cells;
	ret->name_cells = MAX(ret->name_cells, line->name_cells);
}

/* A value as in the table, and where that is not all of it the value itself behind it. */
static void add_field(struct detail *detail, const struct field *field, const struct item *item,
		      enum part part)
{
	struct resolver *resolver = sink_names_get(&detail->tab->env->names);
	const void *base = item->record.part[part];
	struct strbuf both = STRBUF_INIT(1u << 20);
	char *text = detail->tab->scratch;
	size_t len = 0, shown;

	if (item->overflow && part == PART_KEY)
		strbuf_adds(&both, OVERFLOW_TEXT);
	else if (base && field->kind == KIND_FLOAT && detail->tab->ops->kind != TAB_STREAM)
		strbuf_add(&both, text, field_number(text, field, base));
	else if (base)
		strbuf_add(&both, text, field_text(text, field, base, STYLE_TABLE, resolver));
	shown = both.len;
	if (base && !item->overflow && field->kind != KIND_TEXT && field->kind != KIND_BYTES)
		len = field_text(text, field, base, STYLE_PLAIN, NULL);
	if (len && (len != shown || memcmp(both.buf, text, len) != 0)) {
		strbuf_adds(&both, shown ? "  (" : "(");
		strbuf_add(&both, text, len);
		strbuf_adds(&both, ")");
	}
	add_line(detail, field->path, strbuf_str(&both), both.len);
	strbuf_release(&both);
}

static void add_layout(struct detail *detail, const struct layout *layout, const struct item *item,
		       enum part part)
{
	for (uint32_t i = 0; i < layout->nfields; i++)
		add_field(detail, &layout->fields[i], item, part);
}

void tab_detail(struct tab *tab, struct arena *arena, struct model_detail *ret)
{
	const struct map_plan *shown = tab->shown;
	struct detail detail = { tab, arena, ret };
	struct item item;
	char time[31];

	*ret = (struct model_detail){ .title = tab->name };
	tab_prepare(tab);
	if (!tab->total)
		return;
	tab->ops->item(tab, tab->cursor, &item);
	ret->lines =
		arena_array(arena, struct detail_line,
			    (shown->has_key ? shown->key.nfields : 0) + shown->value.nfields + 2);
	if (item.note) {
		add_line(&detail, "", item.note, strlen(item.note));
		return;
	}
	if (tab->ops->kind == TAB_STREAM)
		add_line(&detail, "time", time, format_rfc3339(item.record.time_ns, time));
	if (shown->has_key)
		add_layout(&detail, &shown->key, &item, PART_KEY);
	add_layout(&detail, &shown->value, &item, PART_VALUE);
}

// SPDX-License-Identifier: Apache-2.0
#include "base/utf8.h"
#include "base/util.h"
#include "runner/read/text/human.h"
#include "runner/tui/model/tab.h"

#define MIN_BAR 10u /* cells */
#define MAX_BAR 1000u

struct page_cell tab_cell(const struct tab *tab, struct arena *arena, const char *text, size_t len,
			  uint32_t cells)
{
	struct strbuf all = STRBUF_INIT(UTF8_TERM_ROOM(len) + 16);
	const char *cut = tab->env->settings->page.utf8 ? "…" : ">";
	struct page_cell cell = { .text = "" };
	size_t fits = 0, mark = strlen(cut), n;
	uint32_t used = 0, one;
	char *dst;

	if (!len)
		return cell;
	page_text(&all, &tab->env->settings->page, text, len);
	for (size_t i = 0; i < all.len; i += n) {
		n = text_next(all.buf + i, all.len - i, &one);
		if (used + one > cells)
			break;
		used += one;
		/* Keeps a cell for the mark in case the rest does not fit. */
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
	return tab_cell(tab, arena, text, strlen(text), UINT32_MAX).text;
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

	if (tab->env->settings->page.utf8)
		return text_cells(text, len);
	for (size_t i = 0; i < len; i++)
		cells += (unsigned char)text[i] < 0x80 ? 1 : 4;
	return cells;
}

/* Widens the columns to their texts. True if one grew. */
static bool widen(struct pager *pager, uint32_t ncolumns)
{
	struct tab *tab = pager->tab;
	bool grew = false;
	struct item item;

	for (uint32_t i = 0; i < pager->page->nrows; i++) {
		tab->ops->item(tab, pager->page->first + i, &item);
		for (uint32_t k = 0; k < ncolumns && !item.note; k++) {
			struct column *column = &tab->columns.all[pager->numbers[k]];
			uint32_t before = column->seen;
			size_t len;

			if (column->form >= FORM_TREND)
				continue;
			len = tab_text(tab, column, &item);
			column->seen = MAX(column->seen, ascii_cells(tab, tab->scratch, len));
			grew |= column->seen != before;
		}
	}
	return grew;
}

/* "0", the middle and the end of the time that bars cover, as far as they fit. */
static char *axis_title(const struct tab *tab, uint32_t cells)
{
	char middle[HUMAN_ROOM + 1], end[HUMAN_ROOM + 1];
	char *axis = xmalloc(cells + 1);
	size_t m, n;

	memset(axis, ' ', cells);
	axis[cells] = '\0';
	m = human_duration(middle, tab->axis_ns / 2, 1);
	n = human_duration(end, tab->axis_ns, 1);
	axis[0] = '0';
	if (n + 2 <= cells)
		memcpy(axis + cells - n, end, n);
	if (cells / 2 + m + n + 2 <= cells)
		memcpy(axis + cells / 2, middle, m);
	return axis;
}

static void title_of(struct pager *pager, struct page_column *ret, const struct column *column)
{
	const struct tab *tab = pager->tab;
	const char *arrow = "";
	struct page_cell cell;
	_cleanup_free_ char *title = NULL;

	if (ret->sort)
		arrow = tab->env->settings->page.utf8 ? (ret->sort > 0 ? "▲ " : "▼ ")
						      : (ret->sort > 0 ? "^ " : "v ");
	if (column->form == FORM_TREND) {
		title = xasprintf(
			"%s %llus", column->title,
			(unsigned long long)(MODEL_TREND * tab->env->settings->interval_ns /
					     1000000000));
		if (MODEL_TREND * tab->env->settings->interval_ns % 1000000000)
			title[strlen(column->title)] = '\0';
	} else if (column->form == FORM_BAR && tab->axis_ns) {
		title = axis_title(tab, ret->width);
	} else {
		title = xasprintf("%s%s", arrow, column->title);
	}
	cell = tab_cell(tab, pager->arena, title, strlen(title), ret->width);
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
		ret->width = MIN(column_width(column) + column->extra, width - ret->x);
		ret->right = column->right;
		ret->cursor = ret->column == columns->cursor;
		ret->sort = (int)ret->column == columns->sort ? columns->direction : 0;
		ret->is_bars = column->form >= FORM_TREND;
		title_of(pager, ret, column);
		x += ret->width + PAGE_GAP;
	}
}

/* Text with a rule to the end of the page. */
static const char *rule(const struct tab *tab, struct arena *arena, const char *text,
			uint32_t width)
{
	struct page_cell cell = tab_cell(tab, arena, text, strlen(text), width);
	const char *dash = tab->env->settings->page.utf8 ? "─" : "-";
	uint32_t rest = width - cell.cells;
	char *line = arena_alloc(arena, cell.bytes + rest * strlen(dash) + 1, 1);
	char *end = stpcpy(line, cell.text);

	while (rest--)
		end = stpcpy(end, dash);
	return line;
}

/* The first place of a text that is searched for. */
static void find_hit(const struct tab *tab, struct page_cell *cell)
{
	const struct pick *const picks[] = { tab->filter, tab->mark };
	const char *at;

	for (size_t i = 0; i < ARRAY_LEN(picks) && !cell->hit_bytes; i++) {
		if (!picks[i] || picks[i]->filter || !picks[i]->needle_bytes)
			continue;
		at = strcasestr(cell->text, picks[i]->needle);
		if (!at)
			continue;
		cell->hit = (uint32_t)(at - cell->text);
		cell->hit_bytes = (uint32_t)picks[i]->needle_bytes;
	}
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
	if (tab->trap && tab_matches(tab, tab->trap, &item))
		ret->marks |= ROW_WARN;
	ret->cells = arena_array(pager->arena, struct page_cell, page->ncolumns + 1);
	for (uint32_t k = 0; k < page->ncolumns; k++) {
		const struct column *column = &tab->columns.all[pager->numbers[k]];
		size_t len = tab_text(tab, column, &item);

		ret->cells[k] =
			tab_cell(tab, pager->arena, tab->scratch, len, page->columns[k].width);
		find_hit(tab, &ret->cells[k]);
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
	return tab->view == VIEW_TABLE					? SET_TABLE
	       : tab->view == VIEW_WATERFALL || tab->view == VIEW_TALKS ? SET_FALL
									: SET_BESIDE;
}

/* A bar takes the width that the other columns leave, and at least a third. */
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
		bar->seen =
			MIN(MAX(MAX(width > used ? width - used : 0, width / 3), MIN_BAR), MAX_BAR);
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

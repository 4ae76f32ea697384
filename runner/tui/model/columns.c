// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/model/columns.h"

#include <ctype.h>

#include "base/strbuf.h"
#include "base/utf8.h"
#include "base/util.h"
#include "runner/sink/print/table_map.h"
#include "runner/tui/model/model.h"

#define FITTING_CELLS 32
#define NARROW_CELLS 8
#define NUMBER_CELLS 7 /* initial width of numbers */

void columns_release(struct columns *columns)
{
	for (uint32_t i = 0; i < columns->count; i++)
		free(columns->all[i].title);
	free(columns->all);
	free(columns->order);
	free(columns->usual);
	*columns = (struct columns){ 0 };
}

struct column *columns_add(struct columns *columns, const char *title, const struct field *field,
			   enum column_form form)
{
	uint32_t n = columns->count++;
	_cleanup_free_ char *named = field ? field_title(field, title) : xstrdup(title);
	size_t len = strlen(named);
	struct column *column;

	columns->all = xreallocarray(columns->all, columns->count, sizeof(*columns->all));
	columns->order = xreallocarray(columns->order, columns->count, sizeof(*columns->order));
	columns->order[n] = n;
	column = &columns->all[n];
	*column = (struct column){ .title = xmalloc(UTF8_TERM_ROOM(len) + 1),
				   .field = field,
				   .form = (uint8_t)form,
				   .sets = SET_TABLE };
	len = utf8_term_escape(column->title, named, len);
	column->title[len] = '\0';
	/* Escapes such as \xNN, the suffix "/s" and units stay in lower case. */
	for (size_t i = 0; i < len && !strchr("\\/(", column->title[i]); i++) {
		if (column->title[i] >= 'a' && column->title[i] <= 'z')
			column->title[i] -= 'a' - 'A';
	}
	column->title_cells = text_cells(column->title, len);
	column->right = form == FORM_NUMBER || form == FORM_CHANGE || form == FORM_FACTOR;
	if (column->right)
		column->seen = NUMBER_CELLS;
	if (field && form == FORM_FIELD) {
		column->right = field_stands_right(field);
		column->seen = field_first_cells(field);
	}
	if (form == FORM_SPAN || form == FORM_BAR)
		column->sets = SET_FALL;
	if (form == FORM_BAR)
		column->size = SIZE_WIDE;
	if (form == FORM_TREND)
		column->seen = MODEL_TREND;
	return column;
}

void columns_rename(struct column *column, const char *word, const char *name)
{
	size_t len = strlen(name), n = strlen(word);

	free(column->title);
	column->title = xmalloc(n + UTF8_TERM_ROOM(len) + 1);
	for (size_t i = 0; i < n; i++)
		column->title[i] = (char)toupper((unsigned char)word[i]);
	n += utf8_term_escape(column->title + n, name, len);
	column->title[n] = '\0';
	column->title_cells = text_cells(column->title, n);
}

/* Includes room for the sort arrow before the title. */
uint32_t column_width(const struct column *column)
{
	uint32_t cells = column->seen;

	if (column->size == SIZE_FITTING)
		cells = MIN(cells, (uint32_t)FITTING_CELLS);
	else if (column->size == SIZE_NARROW)
		return MIN(cells, (uint32_t)NARROW_CELLS);
	return MAX(cells, column->title_cells + 2 * (column->form != FORM_TREND));
}

struct fit {
	struct columns *columns;
	uint8_t set;
	bool trend;
};

static bool is_shown(const struct fit *fit, uint32_t number)
{
	const struct column *column = &fit->columns->all[number];

	if (column->hidden || column->off || !(column->sets & fit->set))
		return false;
	return fit->trend || column->form != FORM_TREND || number == fit->columns->cursor;
}

/* The place after the last column that fits, from place `first` on. One column always fits. */
static uint32_t reach(const struct fit *fit, uint32_t first, uint32_t width, uint32_t *ret_shown)
{
	const struct columns *columns = fit->columns;
	uint32_t used = PAGE_MARGIN, i;

	*ret_shown = 0;
	for (i = first; i < columns->count; i++) {
		if (!is_shown(fit, columns->order[i]))
			continue;
		used += (*ret_shown ? PAGE_GAP : 0) +
			column_width(&columns->all[columns->order[i]]);
		if (used > width && *ret_shown)
			break;
		++*ret_shown;
	}
	return i;
}

static uint32_t place_of(const struct columns *columns, uint32_t number)
{
	uint32_t i = 0;

	while (i < columns->count && columns->order[i] != number)
		i++;
	return i;
}

/* The user may have hidden all columns of a set. */
static bool any_of(const struct columns *columns, enum column_set set)
{
	for (uint32_t i = 0; i < columns->count; i++) {
		if ((columns->all[i].sets & set) && !columns->all[i].hidden && !columns->all[i].off)
			return true;
	}
	return false;
}

/* Gives free width to columns whose text is cut, from left to right. */
static void share_rest(struct columns *columns, uint32_t width, const uint32_t *shown, uint32_t n)
{
	uint32_t used = PAGE_MARGIN + (n ? n - 1 : 0) * PAGE_GAP;

	for (uint32_t i = 0; i < n; i++)
		used += column_width(&columns->all[shown[i]]);
	for (uint32_t i = 0; i < n; i++) {
		struct column *column = &columns->all[shown[i]];
		uint32_t has = column_width(column), rest = width > used ? width - used : 0;

		column->extra = column->size == SIZE_FITTING && column->seen > has
					? MIN(column->seen - has, rest)
					: 0;
		used += column->extra;
	}
}

uint32_t columns_fit(struct columns *columns, uint32_t width, enum column_set set, uint32_t *ret,
		     bool *ret_more_left, bool *ret_more_right)
{
	struct fit fit = { columns, any_of(columns, set) ? set : SET_TABLE, true };
	uint32_t cursor = place_of(columns, columns->cursor), shown, end, n = 0;

	columns->set = fit.set;
	fit.trend = reach(&fit, 0, width, &shown) == columns->count;
	if (!is_shown(&fit, columns->cursor))
		cursor = 0;
	columns->first = MIN(columns->first, cursor);
	while (columns->first && reach(&fit, columns->first - 1, width, &shown) == columns->count)
		columns->first--;
	while ((end = reach(&fit, columns->first, width, &shown)) <= cursor &&
	       columns->first < cursor)
		columns->first++;
	for (uint32_t i = columns->first; i < end; i++) {
		if (is_shown(&fit, columns->order[i]))
			ret[n++] = columns->order[i];
	}
	*ret_more_left = *ret_more_right = false;
	for (uint32_t i = 0; i < columns->count; i++) {
		if (is_shown(&fit, columns->order[i]) && i < columns->first)
			*ret_more_left = true;
		if (is_shown(&fit, columns->order[i]) && i >= end)
			*ret_more_right = true;
	}
	share_rest(columns, width, ret, n);
	return n;
}

uint32_t columns_beside(const struct columns *columns, uint32_t number, int step)
{
	uint32_t at = place_of(columns, number);
	const struct column *column;

	for (;;) {
		at += (uint32_t)step;
		if (at >= columns->count) /* also below 0 */
			return number;
		column = &columns->all[columns->order[at]];
		if (!column->hidden && !column->off &&
		    (!columns->set || column->sets & columns->set))
			return columns->order[at];
	}
}

bool columns_move(struct columns *columns, int step)
{
	uint32_t other = columns_beside(columns, columns->cursor, step);
	uint32_t from = place_of(columns, columns->cursor), to = place_of(columns, other);

	if (from == to)
		return false;
	/* Hidden columns between the two stay beside the other one. */
	for (; from != to; from += (uint32_t)step)
		columns->order[from] = columns->order[from + (uint32_t)step];
	columns->order[to] = columns->cursor;
	return true;
}

bool columns_hide(struct columns *columns)
{
	uint32_t number = columns->cursor, next = columns_beside(columns, number, 1);

	if (next == number)
		next = columns_beside(columns, number, -1);
	if (next == number)
		return false;
	columns->all[number].hidden = true;
	columns->cursor = next;
	return true;
}

bool columns_show_all(struct columns *columns)
{
	bool any = false;

	for (uint32_t i = 0; i < columns->count; i++) {
		uint32_t usual = columns->usual ? columns->usual[i] : i;

		any |= columns->all[i].hidden || columns->order[i] != usual;
		columns->all[i].hidden = false;
		if (columns->all[i].form != FORM_BAR) {
			any |= columns->all[i].size != SIZE_FITTING;
			columns->all[i].size = SIZE_FITTING;
		}
		columns->order[i] = usual;
	}
	columns->first = 0;
	return any;
}

static const char *const size_names[] = {
	[SIZE_FITTING] = "",
	[SIZE_NARROW] = ":narrow",
	[SIZE_WIDE] = ":wide",
};

static const char *name_of(const struct column *column)
{
	return column->field		    ? column->field->path
	       : column->form == FORM_TIME  ? "time"
	       : column->form == FORM_SPAN  ? "span"
	       : column->form == FORM_TREND ? "trend"
					    : "bar";
}

static uint8_t first_size(const struct column *column)
{
	return column->form == FORM_BAR ? SIZE_WIDE : SIZE_FITTING;
}

bool columns_describe(const struct columns *columns, struct strbuf *ret)
{
	bool differs = false;
	uint32_t last = 0;

	for (uint32_t i = 0; i < columns->count; i++) {
		uint32_t number = columns->order[i];
		const struct column *column = &columns->all[number];

		if (column->passing)
			continue;
		differs |= column->hidden || number < last || column->size != first_size(column);
		last = number;
		strbuf_addf(ret, "%s%s%s%s", ret->len ? " " : "", column->hidden ? "-" : "",
			    name_of(column),
			    column->size == first_size(column) ? "" : size_names[column->size]);
	}
	return differs;
}

static bool take(struct columns *columns, const char *word, bool *taken, uint32_t *ret)
{
	bool hidden = word[0] == '-';
	size_t len = strcspn(word += hidden, ":");

	for (uint32_t i = 0; i < columns->count; i++) {
		struct column *column = &columns->all[i];
		const char *name = name_of(column);

		if (taken[i] || strlen(name) != len || strncmp(name, word, len) != 0)
			continue;
		taken[i] = true;
		column->hidden = hidden;
		for (uint8_t k = 0; k < ARRAY_LEN(size_names); k++)
			if (word[len] && streq(size_names[k], word + len))
				column->size = k;
		*ret = i;
		return true;
	}
	return false;
}

void columns_apply(struct columns *columns, const char *text)
{
	_cleanup_free_ char *list = xstrdup(text);
	_cleanup_free_ bool *taken = xcalloc(columns->count + 1, sizeof(*taken));
	uint32_t n = 0, *order = columns->order;
	char *rest = list, *word;

	while ((word = strsep(&rest, " ")))
		if (*word)
			n += take(columns, word, taken, &order[n]);
	for (uint32_t i = 0; i < columns->count; i++) {
		uint32_t at = i ? place_of(columns, i - 1) + 1 : 0;

		if (taken[i])
			continue;
		memmove(&order[at + 1], &order[at], (n++ - at) * sizeof(*order));
		order[at] = i;
	}
}

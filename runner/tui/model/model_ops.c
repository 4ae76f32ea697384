// SPDX-License-Identifier: Apache-2.0
/* The actions of keys and the mouse. */
#include <errno.h>
#include "base/util.h"
#include "runner/tui/model/model_impl.h"
#include "runner/tui/overview/link.h"
#include "runner/tui/trace/traces.h"

/* Pauses a stream, so that the row under the cursor stays. */
static void hold_still(struct tab *tab)
{
	if (tab->ops->kind == TAB_STREAM && !tab->paused)
		tab_pause(tab, true);
}

static bool go_by(struct tab *tab, int64_t rows)
{
	uint64_t at = tab->cursor;

	tab_prepare(tab);
	if (!tab->total)
		return false;
	if (rows < 0)
		hold_still(tab);
	tab_prepare(tab);
	at = tab->cursor;
	if (rows < 0)
		at = at > (uint64_t)-rows ? at - (uint64_t)-rows : 0;
	else
		at += (uint64_t)rows;
	return tab_go(tab, at);
}

static bool go_to(struct tab *tab, enum model_op op)
{
	uint64_t before = tab->cursor;

	tab_prepare(tab);
	if (op == OP_FIRST) {
		hold_still(tab);
		tab_prepare(tab);
		return tab_go(tab, 0);
	}
	if (tab->ops->kind != TAB_STREAM)
		return tab_go(tab, UINT64_MAX);
	if (!tab_pause(tab, false) && tab->cursor == before && tab->following)
		return false;
	tab->following = true;
	return true;
}

static bool follow(struct tab *tab)
{
	if (tab->ops->kind == TAB_STREAM)
		return go_to(tab, OP_LAST);
	if (!tab_pause(tab, false))
		tab->tracks = !tab->tracks;
	return true;
}

/* Numbers sort in descending order first, texts in ascending order. */
static bool sort_by(struct tab *tab, uint32_t number)
{
	struct columns *columns = &tab->columns;
	const struct column *column = &columns->all[number];

	if (column->form >= FORM_SPAN || tab->view == VIEW_WATERFALL)
		return false;
	hold_still(tab);
	if (columns->sort == (int)number)
		columns->direction = (int8_t)-columns->direction;
	else
		columns->direction = column->right && column->part == PART_VALUE ? -1 : 1;
	columns->sort = (int)number;
	tab_resort(tab);
	return true;
}

static bool sort_beside(struct tab *tab, int step)
{
	struct columns *columns = &tab->columns;
	uint32_t number = columns->sort < 0 ? columns->cursor : (uint32_t)columns->sort, next;

	next = columns_beside(columns, number, step);
	if (next == number && columns->sort >= 0)
		return false;
	return sort_by(tab, columns->sort < 0 ? number : next);
}

static bool step_column(struct tab *tab, int step)
{
	uint32_t next = columns_beside(&tab->columns, tab->columns.cursor, step);

	if (next == tab->columns.cursor)
		return false;
	tab->columns.cursor = next;
	return true;
}

static bool next_view(struct tab *tab)
{
	uint8_t before = tab->view;

	do {
		tab->view = (uint8_t)((tab->view + 1) % NVIEWS);
	} while (!tab->ops->can_view(tab, (enum view)tab->view));
	tab_resort(tab);
	return tab->view != before;
}

static bool next_size(struct tab *tab)
{
	struct column *column = &tab->columns.all[tab->columns.cursor];

	column->size = (uint8_t)((column->size + 1) % 3);
	return true;
}

/* From the cursor on, wrapping at the end. from: 0 starts with the row under the cursor, 1 beside
 * it. */
static bool find_marked(struct tab *tab, int step, uint64_t from)
{
	struct item item;

	tab_prepare(tab);
	for (uint64_t i = from; tab->mark && i < tab->total + from; i++) {
		uint64_t at =
			(tab->cursor + (step > 0 ? i : tab->total - i % tab->total)) % tab->total;

		tab->ops->item(tab, at, &item);
		if (!tab_matches(tab, tab->mark, &item))
			continue;
		if (at != tab->cursor) {
			hold_still(tab);
			tab_prepare(tab);
			tab->ops->find(tab, item.id, &at);
		}
		tab_go(tab, at);
		return true;
	}
	return false;
}

static bool do_columns(struct tab *tab, enum model_op op)
{
	if (!tab->columns.count)
		return false;
	switch (op) {
	case OP_LEFT:
		return step_column(tab, -1);
	case OP_RIGHT:
		return step_column(tab, 1);
	case OP_SORT:
		return sort_by(tab, tab->columns.cursor);
	case OP_SORT_LEFT:
		return sort_beside(tab, -1);
	case OP_SORT_RIGHT:
		return sort_beside(tab, 1);
	case OP_HIDE:
		return columns_hide(&tab->columns);
	case OP_SHOW_ALL:
		return columns_show_all(&tab->columns);
	case OP_MOVE_LEFT:
		return columns_move(&tab->columns, -1);
	case OP_MOVE_RIGHT:
		return columns_move(&tab->columns, 1);
	case OP_WIDTH:
		return next_size(tab);
	default:
		return false;
	}
}

static bool do_tab(struct tab *tab, enum model_op op)
{
	int64_t page = tab->height > 1 ? tab->height - 1 : 1;

	switch (op) {
	case OP_UP:
		return go_by(tab, -1);
	case OP_DOWN:
		return go_by(tab, 1);
	case OP_PAGE_UP:
		return go_by(tab, -page);
	case OP_PAGE_DOWN:
		return go_by(tab, page);
	case OP_FIRST:
	case OP_LAST:
		return go_to(tab, op);
	case OP_FOLLOW:
		return follow(tab);
	case OP_VIEW:
		return next_view(tab);
	case OP_FOLD:
		return tab->ops->kind == TAB_TRACE && tree_tab_fold(tab);
	case OP_ZERO:
		return tab->ops->kind == TAB_ROWS && rows_tab_zero(tab);
	case OP_COMPARE:
		return tab->ops->kind == TAB_ROWS && rows_tab_compare(tab);
	case OP_FOUND_NEXT:
		return find_marked(tab, 1, 1);
	case OP_FOUND_PREV:
		return find_marked(tab, -1, 1);
	default:
		return do_columns(tab, op);
	}
}

/* All tabs stop at one moment, so that they can be compared. */
static bool pause_all(struct model *model)
{
	bool on = !current(model)->paused;

	for (uint32_t i = 0; i < model->ntabs; i++)
		tab_pause(model->tabs[i], on);
	model->moment_ns = 0;
	model->paused = on;
	return true;
}

bool model_go_map(struct model *model, const struct source *source, const struct map_plan *map)
{
	const struct tab *tab = model_tab_of(model, source, map);

	for (uint32_t i = 0; tab && i < model->ntabs; i++) {
		if (model->tabs[i] != tab)
			continue;
		model_go_tab(model, i);
		return true;
	}
	return false;
}

static bool do_model(struct model *model, enum model_op op)
{
	bool resumes =
		op == OP_FOLLOW || (op == OP_LAST && current(model)->ops->kind == TAB_STREAM);

	if (op == OP_PAUSE || (model->paused && resumes && current(model)->paused))
		return pause_all(model);
	if (op >= OP_EARLIER && op <= OP_LATER_FAR)
		return model_travel(model, op);
	if (op == OP_MOMENT)
		return model_mark_moment(model);
	if (op >= OP_GROUP && op <= OP_UNGROUP)
		return model_group(model, op);
	return do_tab(current(model), op);
}

bool model_go_tab(struct model *model, uint32_t index)
{
	uint32_t before = model->now;

	if (index >= model->ntabs || index == before)
		return false;
	model->now = index;
	if (model->tabs[before]->ops->kind == TAB_ENDED)
		model_drop_tab(model, before);
	model->generation++;
	return true;
}

uint32_t model_peek(struct model *model, uint32_t index)
{
	uint32_t was = model->now;

	model->now = index;
	return was;
}

bool model_link(struct model *model, bool on, const char **ret_names)
{
	bool any = false;

	strbuf_reset(&model->links);
	for (uint32_t i = 0; i < model->ntabs; i++) {
		struct tab *tab = model->tabs[i];

		if (!on || i == model->now)
			any |= unlink_tab(tab) && !on;
		else
			any |= link_tabs(current_base(model), tab, &model->links);
	}
	*ret_names = strbuf_str(&model->links);
	model->generation += any;
	return any;
}

bool model_linked(const struct model *model)
{
	return current_base(model)->linked;
}

bool model_do(struct model *model, enum model_op op)
{
	bool done;

	if (op == OP_TAB_NEXT)
		return model_go_tab(model, (model->now + 1) % model->ntabs);
	if (op == OP_TAB_PREV)
		return model_go_tab(model, (model->now + model->ntabs - 1) % model->ntabs);
	done = do_model(model, op);
	model->generation += done;
	return done;
}

bool model_row(struct model *model, uint32_t row)
{
	struct tab *tab = current(model);
	uint64_t at = tab->top + row;

	tab_prepare(tab);
	if (at >= tab->total || at == tab->cursor)
		return false;
	hold_still(tab);
	tab_go(tab, at);
	model->generation++;
	return true;
}

void model_go_row(struct model *model, uint64_t id)
{
	struct tab *tab = current(model);
	uint64_t at = 0;

	tab_prepare(tab);
	if (tab->total && tab->ops->find(tab, id, &at))
		tab_go(tab, at);
	model->generation++;
}

bool model_column(struct model *model, uint32_t column)
{
	struct tab *tab = current(model);

	if (column >= tab->columns.count || tab->columns.all[column].off ||
	    tab->columns.cursor == column)
		return false;
	tab->columns.cursor = column;
	model->generation++;
	return true;
}

bool model_scroll(struct model *model, int32_t rows)
{
	bool done = go_by(current(model), rows);

	model->generation += done;
	return done;
}

void model_set_interval(struct model *model, uint64_t interval_ns)
{
	model->settings.interval_ns = interval_ns;
	model->generation++;
}

uint64_t model_interval(const struct model *model)
{
	return model->settings.interval_ns;
}

void model_interval_text(const struct model *model, char *dst, size_t room)
{
	uint64_t ms = model->settings.interval_ns / 1000000;

	if (ms % 1000)
		snprintf(dst, room, "%llums", (unsigned long long)ms);
	else
		snprintf(dst, room, "%llus", (unsigned long long)ms / 1000);
}

int model_filter(struct model *model, const char *text, struct model_why *ret)
{
	struct tab *tab = current(model);
	struct pick *pick = NULL;
	int code = pick_new(&pick, tab->shown, text, ret);

	if (code < 0)
		return code;
	/* The user has seen that a row of another tab filters this one. */
	pick_free(steal_ptr(&tab->own));
	tab->linked = false;
	pick_free(tab->filter);
	tab->filter = pick;
	tab->ops->refilter(tab);
	model->generation++;
	return 0;
}

const char *model_filter_text(struct model *model)
{
	return current(model)->filter ? current(model)->filter->text : "";
}

int model_mark(struct model *model, const char *text, struct model_why *ret)
{
	struct tab *tab = current(model);
	struct pick *pick = NULL;
	int code = pick_new(&pick, tab->shown, text, ret);

	if (code < 0)
		return code;
	pick_free(tab->mark);
	tab->mark = pick;
	/* A stream that follows its end goes on. */
	if (!tab->following)
		find_marked(tab, 1, 0);
	model->generation++;
	return 0;
}

uint32_t model_complete(struct model *model, const char *text, size_t len,
			char ret_common[MODEL_NAME_MAX + 1], char *choices, size_t room)
{
	return pick_complete(current(model)->shown, text, len, ret_common, choices, room);
}

uint64_t model_marked(struct model *model)
{
	struct tab *tab = current(model);
	uint64_t n = 0;
	struct item item;

	tab_prepare(tab);
	for (uint64_t i = 0; tab->mark && i < tab->total; i++) {
		tab->ops->item(tab, i, &item);
		n += tab_matches(tab, tab->mark, &item);
	}
	return n;
}

void model_hold(struct model *model, bool on)
{
	struct tab *tab = current(model);

	for (uint32_t i = 0; !on && i < model->ntabs; i++) {
		model->tabs[i]->held = model->tabs[i]->gone = false;
		model->tabs[i]->pinned &=
			model->tabs[i]->cursor || model->tabs[i]->ops->kind == TAB_STREAM;
	}
	if (!on)
		return;
	hold_still(tab);
	tab_prepare(tab);
	tab->held = tab->pinned = true;
	model->generation++;
}

const char *model_mark_text(struct model *model)
{
	return current(model)->mark ? current(model)->mark->text : "";
}

bool model_paused(const struct model *model)
{
	return current(model)->paused;
}

bool model_all_paused(const struct model *model)
{
	return model->paused;
}

bool model_following(const struct model *model)
{
	return current(model)->following;
}

bool model_can_view(const struct model *model, enum view view)
{
	const struct tab *tab = current(model);

	return view < NVIEWS && tab->ops->can_view(tab, view);
}

// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/screen/screen.h"

#include "base/util.h"
#include "runner/tui/flame/flames.h"
#include "runner/tui/screen/ask.h"
#include "runner/tui/screen/overlay.h"

#define COPY_MAX_BYTES (64u << 10)
#define HEADER_Y 2u
#define WHEEL_ROWS 3
#define WHO_BESIDE 100u /* cells */

void screen_init(struct screen *s, struct model *model, bool utf8)
{
	*s = (struct screen){
		.model = model,
		.signs = utf8 ? &signs_unicode : &signs_ascii,
		.utf8 = utf8,
	};
	strbuf_init(&s->copied, COPY_MAX_BYTES);
}

void screen_release(struct screen *s)
{
	flames_free(s->flames);
	strbuf_release(&s->copied);
	recall_release(&s->recall);
}

/* --- keys --- */

static enum wish go_back(struct screen *s)
{
	struct model_why why;

	if (s->overlay) {
		overlay_close(s);
	} else if (!model_do(s->model, OP_UNGROUP)) {
		model_filter(s->model, NULL, &why);
		model_mark(s->model, NULL, &why);
	}
	return WISH_NONE;
}

static enum wish copy_row(struct screen *s)
{
	strbuf_reset(&s->copied);
	if (!model_row_json(s->model, &s->copied) || s->copied.full) {
		screen_say(s, true,
			   s->copied.full ? "the row is too long to copy" : "no row to copy");
		return WISH_NONE;
	}
	screen_say(s, false, "copied the row to the terminal's clipboard");
	return WISH_COPY;
}

static enum wish copy_view(struct screen *s)
{
	strbuf_reset(&s->copied);
	strbuf_adds(&s->copied, s->command ? s->command : "bombus run");
	if (!model_command(s->model, &s->copied) || s->copied.full) {
		screen_say(s, true, "no command prints this view");
		return WISH_NONE;
	}
	screen_say(s, false, "copied %s", strbuf_str(&s->copied));
	return WISH_COPY;
}

static void open_detail(struct screen *s)
{
	struct model_detail detail;

	model_detail(s->model, &detail);
	if (!detail.count)
		return;
	overlay_open(s, &view_detail);
	model_hold(s->model, true);
}

static enum wish operate(struct screen *s, enum model_op op)
{
	if (s->overlay && overlay_move(s, op))
		return WISH_NONE;
	overlay_close(s);
	if (model_do(s->model, op)) {
		if (op == OP_MOMENT)
			screen_say(s, false, "this is moment A: D compares with it");
		return WISH_NONE;
	}
	if (op == OP_LATER || op == OP_LATER_FAR)
		return ask_ahead(s, op == OP_LATER ? model_interval(s->model) : MODEL_FAR_NS);
	if (op == OP_MOMENT)
		screen_say(s, false, "no sweep yet");
	if (op == OP_COMPARE)
		screen_say(s, false, "%s", model_why_not_compared(s->model));
	if (op == OP_GROUP)
		screen_say(s, false, "choose a column to group by, with h and l");
	if (op == OP_VIEW)
		screen_say(s, false, "no other view fits this table");
	if (op == OP_FOUND_NEXT || op == OP_FOUND_PREV)
		ask_unmarked(s);
	return WISH_NONE;
}

/* Goes to the row below or above; details show that row then. */
static void step_row(struct screen *s, enum model_op op)
{
	if (s->overlay != &view_detail)
		overlay_close(s);
	s->top = 0;
	model_do(s->model, op);
}

static enum wish begin_asking(struct screen *s, enum act act)
{
	if (act == ACT_RECORD && s->records)
		return WISH_RECORD_END;
	if (act == ACT_TRAP && !s->traps)
		return WISH_NONE;
	if (act == ACT_INTERVAL && s->replayed)
		screen_say(s, true, "a recording has the sweeps it was made with");
	else
		ask(s, act);
	return WISH_NONE;
}

static void open_flames(struct screen *s)
{
	bool again = s->overlay == &view_flames;

	overlay_close(s);
	if (again)
		return;
	if (screen_find_flames(s))
		overlay_open(s, &view_flames);
	else
		screen_say(s, false, "this table has no stacks that are counted");
}

/* A view over the table may have keys of its own. */
static bool overlay_takes(struct screen *s, const struct binding *b)
{
	const char *say = NULL;
	bool taken = s->overlay && s->overlay->key && s->overlay->key(s, b, &say);

	if (say)
		screen_say(s, false, "%s", say);
	return taken;
}

static enum wish change_speed(struct screen *s, bool faster)
{
	if (s->play)
		return faster ? WISH_FASTER : WISH_SLOWER;
	screen_say(s, false, "only a recording has a speed; d sets the time between sweeps");
	return WISH_NONE;
}

static enum wish toggle_mouse(struct screen *s)
{
	s->mouse = !s->mouse;
	screen_say(s, false,
		   s->mouse ? "the mouse selects rows, columns and tables"
			    : "the terminal has the mouse again");
	return WISH_MOUSE;
}

static enum wish open_view(struct screen *s, enum act act)
{
	if (act == ACT_FLAMES) {
		open_flames(s);
	} else if (act == ACT_WHO || act == ACT_OVERVIEW) {
		overlay_close(s);
		s->who ^= act == ACT_WHO;
		s->overview |= act == ACT_OVERVIEW;
	} else {
		overlay_open(s, act == ACT_LOG ? &view_log : &view_help);
	}
	return WISH_NONE;
}

/* --- the overview --- */

static void leave_overview(struct screen *s)
{
	const char *names;

	s->overview = false;
	model_link(s->model, false, &names);
}

static void link_row(struct screen *s)
{
	const char *names;

	if (model_link(s->model, true, &names))
		screen_say(s, false, "the other tables show the rows of the same %s; Esc: all",
			   names);
}

/* Keys that mean something else in the overview. False: it is not one of them. */
static bool overview_key(struct screen *s, const struct binding *b, uint32_t key)
{
	const char *names;

	switch ((enum act)b->act) {
	case ACT_BACK:
		if (!model_link(s->model, false, &names))
			leave_overview(s);
		return true;
	case ACT_OVERVIEW:
	case ACT_DETAIL:
		leave_overview(s);
		return true;
	case ACT_QUIT:
		if (key != 'q')
			return false;
		leave_overview(s);
		return true;
	case ACT_ROW:
	case ACT_MODEL:
		if (b->op > OP_LAST)
			return false;
		model_do(s->model, b->op);
		link_row(s);
		return true;
	default:
		return false;
	}
}

static enum wish act_on(struct screen *s, const struct binding *b, uint32_t key)
{
	switch ((enum act)b->act) {
	case ACT_MODEL:
		return operate(s, b->op);
	case ACT_ROW:
		step_row(s, b->op);
		return WISH_NONE;
	case ACT_TAB:
		if (model_go_tab(s->model, key - '1'))
			overlay_close(s);
		return WISH_NONE;
	case ACT_FILTER:
	case ACT_MARK:
	case ACT_WRITE:
	case ACT_INTERVAL:
	case ACT_SEEK:
	case ACT_TRAP:
	case ACT_RECORD:
	case ACT_SAVE:
	case ACT_PALETTE:
		return begin_asking(s, b->act);
	case ACT_SLOWER:
	case ACT_FASTER:
		return change_speed(s, b->act == ACT_FASTER);
	case ACT_COPY:
		return copy_row(s);
	case ACT_COPY_VIEW:
		return copy_view(s);
	case ACT_THEME:
		return WISH_THEME;
	case ACT_DETAIL:
		if (s->overlay)
			return go_back(s);
		if (!model_do(s->model, OP_INTO))
			open_detail(s);
		return WISH_NONE;
	case ACT_BACK:
		return go_back(s);
	case ACT_WHO:
	case ACT_OVERVIEW:
	case ACT_LOG:
	case ACT_HELP:
	case ACT_FLAMES:
		return open_view(s, b->act);
	case ACT_MOUSE:
		return toggle_mouse(s);
	case ACT_REDRAW:
		return WISH_REDRAW;
	case ACT_SUSPEND:
		return WISH_SUSPEND;
	case ACT_QUIT:
		/* q leaves an overlay first, as in a pager. */
		return s->overlay && key == 'q' ? go_back(s) : WISH_QUIT;
	case ACT_TURN:
	case ACT_SEARCH:
	case ACT_NONE:
		break;
	}
	return WISH_NONE;
}

static enum wish type_key(struct screen *s, uint32_t key)
{
	const struct binding *chosen = NULL;
	enum wish wish = ask_key(s, key, &chosen);

	/* As if its key had been typed. */
	return chosen ? act_on(s, chosen, chosen->keys[0]) : wish;
}

enum wish screen_key(struct screen *s, uint32_t key)
{
	const struct binding *b = screen_binding(s, key);
	bool anywhere = b && (b->act == ACT_REDRAW || b->act == ACT_SUSPEND ||
			      (b->act == ACT_QUIT && key != 'q'));

	s->flash[0] = '\0';
	if (s->prompt.open && !anywhere)
		return type_key(s, key);
	if (b && s->overview && !s->overlay && overview_key(s, b, key))
		return WISH_NONE;
	return b && !overlay_takes(s, b) ? act_on(s, b, key) : WISH_NONE;
}

void screen_paste(struct screen *s, uint32_t key)
{
	bool blank = key == '\r' || key == '\n' || key == '\t';

	if (!s->prompt.open)
		screen_say(s, false,
			   "pasted text is ignored: open a prompt first (/ & w d @ T R S)");
	else if (blank || (key >= ' ' && key != KEY_ERASE))
		type_key(s, blank ? ' ' : key);
}

/* --- the mouse --- */

static const struct hit *hit_at(const struct hit *hits, uint32_t count, uint32_t x)
{
	for (uint32_t i = 0; i < count; i++)
		if (x >= hits[i].x && x - hits[i].x < hits[i].width)
			return &hits[i];
	return NULL;
}

void screen_click(struct screen *s, uint32_t x, uint32_t y)
{
	const struct hit *tab = y == 1 ? hit_at(s->tabs, s->ntabs, x) : NULL;
	const struct hit *column = y == HEADER_Y ? hit_at(s->columns, s->ncolumns, x) : NULL;

	if (s->prompt.open)
		return;
	if (tab) {
		overlay_close(s);
		model_go_tab(s->model, tab->number);
	} else if (s->overlay || s->overview) {
		return;
	} else if (column) {
		model_column(s->model, column->number);
		model_do(s->model, OP_SORT);
	} else if (y > HEADER_Y) {
		model_row(s->model, y - HEADER_Y - 1);
	}
}

void screen_wheel(struct screen *s, int32_t rows)
{
	if (s->overlay)
		for (int32_t i = 0; i < WHEEL_ROWS; i++)
			overlay_move(s, rows < 0 ? OP_UP : OP_DOWN);
	else
		model_scroll(s->model, rows * WHEEL_ROWS);
}

/* --- drawing --- */

static const struct view_ops *view_of(struct screen *s)
{
	static const struct view_ops *const views[NVIEWS] = {
		[VIEW_TABLE] = &view_table,	[VIEW_HISTOGRAM] = &view_histogram,
		[VIEW_HEATMAP] = &view_heatmap, [VIEW_WATERFALL] = &view_table,
		[VIEW_TALKS] = &view_table,
	};
	struct model_tab tab;

	model_tab(s->model, model_current(s->model), &tab);
	return tab.view < NVIEWS ? views[tab.view] : &view_table;
}

/* Drawing finds the number of lines. When the view has to end at the last one, it is drawn twice.
 */
static void draw_overlay(struct screen *s, struct canvas *canvas, struct area area)
{
	bool end = s->top == UINT32_MAX;
	struct area body = { area.x, area.y + 1, area.width, area.height - 1 };

	canvas_fill(canvas, area.x, area.y, area.width, PAINT_HEADER, " ");
	canvas_put(canvas, area.x + PAGE_MARGIN, area.y, area.width, PAINT_SORT, s->overlay->title);
	s->room = body.height;
	if (end)
		s->top = UINT32_MAX - body.height;
	s->lines = s->overlay->draw(s, canvas, body);
	if (s->top > 0 && s->top + body.height > s->lines) {
		s->top = s->lines > body.height ? s->lines - body.height : 0;
		for (uint32_t y = 0; y < body.height; y++)
			canvas_fill(canvas, body.x, body.y + y, body.width, PAINT_PLAIN, " ");
		s->overlay->draw(s, canvas, body);
	}
	if (end)
		s->top = UINT32_MAX;
}

/* The pane stands to the right, or below where that would be narrow. */
static void draw_view(struct screen *s, struct canvas *canvas, struct area area)
{
	struct area pane = area;

	if (s->who && area.width >= WHO_BESIDE) {
		pane.width = area.width * 2 / 5;
		area.width -= pane.width;
		pane.x = area.width;
	} else if (s->who) {
		pane.height = area.height / 2;
		area.height -= pane.height;
		pane.y += area.height;
	}
	view_of(s)->draw(s, canvas, area);
	if (s->who)
		view_who.draw(s, canvas, pane);
}

void screen_draw(struct screen *s, struct canvas *canvas, uint64_t elapsed_s)
{
	struct area area = { 0, HEADER_Y, canvas->width, 0 };
	char text[128];

	canvas_clear(canvas);
	s->ntabs = s->ncolumns = 0;
	if (canvas->width < SCREEN_LEAST_WIDTH || canvas->height < SCREEN_LEAST_HEIGHT) {
		snprintf(text, sizeof(text), "needs %ux%u, the terminal has %ux%u; q quits",
			 SCREEN_LEAST_WIDTH, SCREEN_LEAST_HEIGHT, canvas->width, canvas->height);
		canvas_put(canvas, 0, 0, canvas->width, PAINT_PLAIN, text);
		return;
	}
	area.height = canvas->height - HEADER_Y - 2;
	if (s->overlay)
		draw_overlay(s, canvas, area);
	else if (s->overview)
		view_overview.draw(s, canvas, area);
	else
		draw_view(s, canvas, area);
	/* Last, because drawing the view sorts and filters, which the status line shows. */
	frame_draw(s, canvas, elapsed_s);
}

// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/screen/screen.h"

#include <ctype.h>
#include <stdarg.h>
#include <time.h>

#include "base/err.h"
#include "base/parse.h"
#include "base/util.h"
#include "runner/tui/flame/flames.h"
#include "runner/tui/screen/palette.h"

#define COPY_MAX_BYTES (64u << 10)
#define LEAST_INTERVAL_NS 100000000ull
#define MOST_INTERVAL_NS 86400000000000ull
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

void screen_say(struct screen *s, bool bad, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->flash, sizeof(s->flash), fmt, ap);
	va_end(ap);
	s->flash_bad = bad;
}

static void current_tab(struct screen *s, struct model_tab *ret)
{
	model_tab(s->model, model_current(s->model), ret);
}

/* --- views over the table --- */

/* The details hold the row that they show. */
static void overlay_close(struct screen *s)
{
	if (s->overlay == &view_detail)
		model_hold(s->model, false);
	if (s->overlay && s->overlay->close)
		s->overlay->close(s);
	s->overlay = NULL;
}

static void overlay_open(struct screen *s, const struct view_ops *view)
{
	bool again = s->overlay == view;

	overlay_close(s);
	if (again)
		return;
	s->overlay = view;
	s->top = view->from_end ? UINT32_MAX : 0;
	s->lines = s->room = 0;
}

void screen_alarm(struct screen *s, bool on)
{
	bool is_open = s->overlay == &view_log;

	if (on && !is_open) {
		overlay_open(s, &view_log);
		s->alarmed = true;
	} else if (!on && is_open && s->alarmed) {
		overlay_close(s);
	}
	s->alarmed &= on;
}

static bool overlay_move(struct screen *s, enum model_op op)
{
	uint32_t last = s->lines > s->room ? s->lines - s->room : 0;
	uint32_t page = MAX(s->room, 2u) - 1;
	uint32_t top = MIN(s->top, last);

	switch (op) {
	case OP_UP:
		top -= top > 0;
		break;
	case OP_DOWN:
		top++;
		break;
	case OP_PAGE_UP:
		top -= MIN(top, page);
		break;
	case OP_PAGE_DOWN:
		top += page;
		break;
	case OP_FIRST:
		top = 0;
		break;
	case OP_LAST:
		top = last;
		break;
	default:
		return false;
	}
	/* A view that opens at its end stays at its end while it grows. */
	s->top = top >= last && s->overlay->from_end ? UINT32_MAX : MIN(top, last);
	return true;
}

/* --- prompts --- */

static int apply_expression(struct screen *s, const char *text)
{
	struct model_why why = { 0 };
	int ret = s->asked == ACT_FILTER ? model_filter(s->model, text, &why)
					 : model_mark(s->model, text, &why);

	s->prompt.why[0] = '\0';
	if (ret < 0) {
		snprintf(s->prompt.why, sizeof(s->prompt.why), "%s", why.text);
		s->prompt.caret = why.caret;
	}
	return ret;
}

static int apply_search(struct screen *s, const char *text)
{
	s->prompt.why[0] = '\0';
	if (!s->flames || flames_search(s->flames, text, s->prompt.why, sizeof(s->prompt.why)))
		return 0;
	s->prompt.caret = 0;
	return -1;
}

static int apply_interval(struct screen *s, enum wish *ret)
{
	uint64_t ns;

	if (parse_duration_ns(s->prompt.text, &ns) < 0 || ns < LEAST_INTERVAL_NS ||
	    ns > MOST_INTERVAL_NS) {
		snprintf(s->prompt.why, sizeof(s->prompt.why), "enter a time from 100ms to 1d");
		s->prompt.caret = 0;
		return -1;
	}
	model_set_interval(s->model, ns);
	*ret = WISH_INTERVAL;
	return 0;
}

static int apply_write(struct screen *s)
{
	struct err err = { 0 };
	uint64_t rows = 0;

	if (!s->prompt.len)
		return 0;
	if (model_export(s->model, s->prompt.text, &rows, &err) < 0) {
		snprintf(s->prompt.why, sizeof(s->prompt.why), "%.250s", err.msg);
		s->prompt.caret = 0;
		return -1;
	}
	screen_say(s, false, "%llu row%s written to %s", (unsigned long long)rows,
		   rows == 1 ? "" : "s", s->prompt.text);
	return 0;
}

/* Ahead is only a recording that has not ended, and not live. */
static enum wish go_ahead(struct screen *s, uint64_t ns)
{
	if (!s->play || s->play->over) {
		screen_say(s, false, s->play ? "the recording ends here" : "this is now");
		return WISH_NONE;
	}
	s->ahead_ns = ns;
	return WISH_AHEAD;
}

/* The time of day nearest to `latest_ns`. */
static bool parse_clock(const char *text, uint64_t latest_ns, uint64_t *ret)
{
	time_t now = (time_t)(latest_ns / 1000000000);
	unsigned h, m, sec = 0;
	struct tm tm;
	int n = 0;

	if (sscanf(text, "%2u:%2u%n:%2u%n", &h, &m, &n, &sec, &n) < 2 || text[n] || h > 23 ||
	    m > 59 || sec > 59)
		return false;
	localtime_r(&now, &tm);
	tm.tm_hour = (int)h;
	tm.tm_min = (int)m;
	tm.tm_sec = (int)sec;
	tm.tm_isdst = -1;
	*ret = (uint64_t)mktime(&tm) * 1000000000;
	/* A second is over when it is shown. */
	*ret += 999999999;
	if (*ret > latest_ns + 43200000000000ull)
		*ret -= 86400000000000ull;
	return true;
}

static int apply_seek(struct screen *s, enum wish *ret)
{
	const char *text = s->prompt.text;
	uint64_t latest_ns = model_latest(s->model), to_ns, ns;

	if (!s->prompt.len)
		return 0;
	if (parse_clock(text, latest_ns, &to_ns)) {
		/* found */
	} else if (text[0] == '-' && parse_duration_ns(text + 1, &ns) == 0) {
		to_ns = latest_ns - MIN(ns, latest_ns);
	} else if (s->play && parse_duration_ns(text, &ns) == 0) {
		to_ns = latest_ns + ns - MIN(s->play->at_ns, latest_ns + ns);
	} else {
		snprintf(s->prompt.why, sizeof(s->prompt.why), "enter 14:02:31, -90s%s",
			 s->play ? " or 1m30s" : "");
		s->prompt.caret = 0;
		return -1;
	}
	if (to_ns > latest_ns)
		*ret = go_ahead(s, to_ns - latest_ns);
	else if (!model_go_back(s->model, latest_ns - to_ns))
		screen_say(s, false, "no sweep yet");
	return 0;
}

static int apply_trap(struct screen *s)
{
	struct model_why why = { 0 };
	int ret = traps_set(s->traps, s->prompt.text, &why);

	if (ret < 0) {
		snprintf(s->prompt.why, sizeof(s->prompt.why), "%s", why.text);
		s->prompt.caret = why.caret;
	}
	return ret;
}

static void say_unmarked(struct screen *s)
{
	if (!model_mark_text(s->model)[0])
		screen_say(s, false, "no marks yet: & marks rows");
	else if (!model_marked(s->model))
		screen_say(s, false, "no row matches %s", model_mark_text(s->model));
}

static void say_marked(struct screen *s)
{
	uint64_t n = model_marked(s->model);

	if (n)
		screen_say(s, false, "%llu row%s marked; n and N go from one to the next",
			   (unsigned long long)n, n == 1 ? "" : "s");
	else
		say_unmarked(s);
}

static enum wish prompt_done(struct screen *s)
{
	enum wish wish = WISH_NONE;
	int ret = 0;

	if (s->asked == ACT_INTERVAL)
		ret = apply_interval(s, &wish);
	else if (s->asked == ACT_TRAP)
		ret = apply_trap(s);
	else if (s->asked == ACT_SEEK)
		ret = apply_seek(s, &wish);
	else if (s->asked == ACT_RECORD || s->asked == ACT_SAVE)
		wish = !s->prompt.len ? WISH_NONE : s->asked == ACT_SAVE ? WISH_SAVE : WISH_RECORD;
	else if (s->asked == ACT_WRITE)
		ret = apply_write(s);
	else if (s->asked == ACT_SEARCH)
		ret = apply_search(s, s->prompt.text);
	else
		ret = apply_expression(s, s->prompt.text);
	if (ret < 0)
		return wish;
	prompt_close(&s->prompt);
	recall_add(&s->recall, s->asked, s->prompt.text);
	if (s->asked == ACT_MARK && s->prompt.len)
		say_marked(s);
	return wish;
}

void screen_refuse(struct screen *s, const char *why)
{
	s->prompt.open = true;
	snprintf(s->prompt.why, sizeof(s->prompt.why), "%.250s", why);
	s->prompt.caret = 0;
}

static bool takes_fields(const struct screen *s)
{
	return s->asked == ACT_FILTER || s->asked == ACT_MARK || s->asked == ACT_TRAP;
}

/* A filter and marks hold while they are typed. */
static void text_changed(struct screen *s)
{
	s->prompt.why[0] = '\0';
	s->chosen = 0;
	if (s->asked == ACT_FILTER || s->asked == ACT_MARK)
		apply_expression(s, s->prompt.text);
	else if (s->asked == ACT_SEARCH)
		apply_search(s, s->prompt.text);
}

/* Completes the name before the cursor as far as it is clear, and names the choices. */
static void complete_field(struct screen *s)
{
	struct prompt *p = &s->prompt;
	char common[MODEL_NAME_MAX + 1];
	size_t from = p->at;
	uint32_t n;

	while (from > 0 &&
	       (isalnum((unsigned char)p->text[from - 1]) || strchr("_.", p->text[from - 1])))
		from--;
	n = model_complete(s->model, p->text + from, p->at - from, common, p->why, sizeof(p->why));
	p->caret = from;
	if (!n) {
		snprintf(p->why, sizeof(p->why), "no field begins so");
		return;
	}
	if (n == 1)
		p->why[0] = '\0';
	prompt_complete(p, from, common);
	if (n == 1)
		text_changed(s);
}

/* The arrows: in the palette to another action, else to a text that was entered before. */
static void step_text(struct screen *s, int step)
{
	const char *text;

	if (s->asked == ACT_PALETTE) {
		s->chosen += step < 0 ? -(s->chosen > 0) : 1;
		return;
	}
	text = recall_step(&s->recall, s->asked, step, s->prompt.text);
	if (!text)
		return;
	prompt_set(&s->prompt, text);
	text_changed(s);
}

static void prompt_left(struct screen *s)
{
	if (s->asked == ACT_FILTER || s->asked == ACT_MARK)
		apply_expression(s, "");
	if (s->asked == ACT_SEARCH)
		apply_search(s, "");
	if (s->asked == ACT_PALETTE)
		overlay_close(s);
	prompt_close(&s->prompt);
}

static enum wish do_chosen(struct screen *s);

static enum wish type_key(struct screen *s, uint32_t key)
{
	if (key == KEY_CODE_UP || key == KEY_CODE_DOWN) {
		step_text(s, key == KEY_CODE_UP ? -1 : 1);
		return WISH_NONE;
	}
	if (key == KEY_TAB && takes_fields(s)) {
		complete_field(s);
		return WISH_NONE;
	}
	switch (prompt_key(&s->prompt, key)) {
	case PROMPT_CHANGED:
		text_changed(s);
		break;
	case PROMPT_DONE:
		return s->asked == ACT_PALETTE ? do_chosen(s) : prompt_done(s);
	case PROMPT_LEFT:
		prompt_left(s);
		break;
	default:
		break;
	}
	return WISH_NONE;
}

/* Named by the time, so that one after the other finds room. */
void screen_name_file(const struct screen *s, char *dst, size_t room)
{
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	snprintf(dst, room, "%.64s-%02d%02d%02d.rec", s->file_name, tm.tm_hour, tm.tm_min,
		 tm.tm_sec);
}

static void ask(struct screen *s, enum act act)
{
	char text[128];
	struct model_tab tab;

	s->asked = act;
	s->chosen = 0;
	recall_begin(&s->recall);
	overlay_close(s);
	current_tab(s, &tab);
	if (act == ACT_FILTER) {
		prompt_open(&s->prompt, "/ ", model_filter_text(s->model));
	} else if (act == ACT_MARK) {
		prompt_open(&s->prompt, "& ", model_mark_text(s->model));
	} else if (act == ACT_WRITE) {
		snprintf(text, sizeof(text), "%s.csv", tab.name);
		for (char *c = text; *c; c++)
			*c = *c == ':' ? '-' : *c;
		prompt_open(&s->prompt, "write to (.csv .json .txt): ", text);
	} else if (act == ACT_PALETTE) {
		prompt_open(&s->prompt, ": ", "");
		overlay_open(s, &view_palette);
	} else if (act == ACT_TRAP) {
		prompt_open(&s->prompt, "trap: ", traps_text(s->traps));
	} else if (act == ACT_SEEK) {
		prompt_open(&s->prompt, "go to the time: ", "");
	} else if (act == ACT_RECORD || act == ACT_SAVE) {
		screen_name_file(s, text, sizeof(text));
		prompt_open(&s->prompt,
			    act == ACT_SAVE ? "save what is in memory to: " : "record to: ", text);
	} else {
		model_interval_text(s->model, text, sizeof(text));
		prompt_open(&s->prompt, "time between sweeps: ", text);
	}
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
		return go_ahead(s, op == OP_LATER ? model_interval(s->model) : MODEL_FAR_NS);
	if (op == OP_MOMENT)
		screen_say(s, false, "no sweep yet");
	if (op == OP_COMPARE)
		screen_say(s, false, "%s", model_why_not_compared(s->model));
	if (op == OP_GROUP)
		screen_say(s, false, "choose a column to group by, with h and l");
	if (op == OP_VIEW)
		screen_say(s, false, "no other view fits this table");
	if (op == OP_FOUND_NEXT || op == OP_FOUND_PREV)
		say_unmarked(s);
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

/* As if its key had been typed. */
static enum wish do_chosen(struct screen *s)
{
	const struct binding *b = palette_at(s->prompt.text, s->chosen);

	prompt_left(s);
	return b ? act_on(s, b, b->keys[0]) : WISH_NONE;
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
		[VIEW_TABLE] = &view_table,
		[VIEW_HISTOGRAM] = &view_histogram,
		[VIEW_HEATMAP] = &view_heatmap,
		[VIEW_WATERFALL] = &view_table,
		[VIEW_TALKS] = &view_table,
	};
	struct model_tab tab;

	current_tab(s, &tab);
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

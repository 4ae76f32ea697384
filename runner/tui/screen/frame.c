// SPDX-License-Identifier: Apache-2.0
/* The lines around a view: title, tabs, status, hints or prompt. */
#include <math.h>

#include "base/util.h"
#include "runner/load/plan/plan.h"
#include "runner/tui/flame/flames.h"
#include "runner/tui/screen/screen.h"

#define GAP 2u
#define LEAST_FILTER 12u /* fewer cells of a filter are not worth showing */

/* "2x", "max"; "": the speed that it was recorded with, or none. */
static void speed_text(const struct screen *s, char *dst, size_t room)
{
	double speed = s->play ? s->play->speed : 1;
	const char *sign = s->utf8 ? "×" : "x";

	if (speed == 1)
		*dst = '\0';
	else if (!(speed > 0))
		snprintf(dst, room, " max");
	else if (speed < 1)
		snprintf(dst, room, " 1/%.0f%s", 1 / speed, sign);
	else
		snprintf(dst, room, " %.4g%s", speed, sign);
}

static void state_text(struct screen *s, char *dst, size_t room)
{
	char every[32], speed[32];

	model_interval_text(s->model, every, sizeof(every));
	speed_text(s, speed, sizeof(speed));
	if (model_paused(s->model))
		snprintf(dst, room, "%s PAUSED", s->signs->paused);
	else if (s->play && s->play->over)
		snprintf(dst, room, "%s END", s->signs->over);
	else
		snprintf(dst, room, "%s %s %s%s", s->signs->live, s->replayed ? "REPLAY" : "LIVE",
			 every, speed);
	if (s->records)
		snprintf(dst + strlen(dst), room - strlen(dst), " %s REC", s->signs->live);
}

static void draw_title(struct screen *s, struct canvas *canvas, uint64_t elapsed_s)
{
	bool paused = model_paused(s->model);
	char state[96], clock[48];
	uint32_t width = canvas->width, x, cells;

	state_text(s, state, sizeof(state));
	snprintf(clock, sizeof(clock), "%02llu:%02llu:%02llu", (unsigned long long)elapsed_s / 3600,
		 (unsigned long long)elapsed_s / 60 % 60, (unsigned long long)elapsed_s % 60);
	if (s->play && !s->play->over && s->play->part > 0)
		snprintf(clock + strlen(clock), sizeof(clock) - strlen(clock), " %2.0f%%",
			 floor(s->play->part * 100));
	cells = canvas_cells(state) + GAP + canvas_cells(clock);
	x = width - 1 - cells;
	x += canvas_put(canvas, x, 0, cells, paused ? PAINT_PAUSED : PAINT_LIVE, state);
	canvas_put(canvas, x + GAP, 0, cells, PAINT_PLAIN, clock);
	x = 1 + canvas_put(canvas, 1, 0, width, PAINT_TITLE, "bombus") + GAP;
	draw_cut(s->signs, canvas, x, 0, width - cells - x - 1 - GAP, PAINT_PLAIN,
		 model_title(s->model));
}

/* "[1 conns # 1,204]" */
static void tab_text(struct screen *s, uint32_t number, bool now, char *dst, size_t room)
{
	const struct signs *g = s->signs;
	struct model_tab tab;
	const char *sign;

	model_tab(s->model, number, &tab);
	if (tab.kind == TAB_PROGRAMS)
		sign = tab.warns ? g->bad : g->good;
	else if (tab.kind == TAB_STREAM || tab.kind == TAB_TRACES || tab.kind == TAB_TRACE)
		sign = g->stream;
	else if (tab.kind == TAB_ENDED)
		sign = " ";
	else
		sign = tab.role == ROLE_HISTOGRAM ? g->histogram : g->rows;
	snprintf(dst, room, "%s%u %.40s%s%s%s%s%s", now ? "[" : " ", number + 1, tab.name, sign,
		 tab.count, tab.warns && tab.kind != TAB_PROGRAMS ? " !" : "",
		 tab.paused ? " " : "", tab.paused ? g->paused : "");
	snprintf(dst + strlen(dst), room - strlen(dst), "%s", now ? "]" : " ");
}

/* The first tab on the line, chosen so that the current one fits. */
static uint32_t first_tab(struct screen *s, uint32_t now, uint32_t room)
{
	uint32_t first = now, cells = 0;
	char text[160];

	for (;;) {
		tab_text(s, first, first == now, text, sizeof(text));
		cells += canvas_cells(text) + 3;
		if (cells > room && first < now)
			return first + 1;
		if (first == 0)
			return 0;
		first--;
	}
}

static void draw_tabs(struct screen *s, struct canvas *canvas)
{
	uint32_t count = model_tabs(s->model), now = model_current(s->model), x = 1;
	uint32_t room = canvas->width - 2, i = first_tab(s, now, room);
	char text[160];

	if (i > 0)
		canvas_put(canvas, 0, 1, 1, PAINT_KEY, s->signs->left);
	for (uint32_t start = i; i < count; i++) {
		uint32_t cells;

		tab_text(s, i, i == now, text, sizeof(text));
		cells = canvas_cells(text);
		if (i > start && x + cells + 3 > room + 1)
			break;
		if (i > start)
			x += 1 + canvas_put(canvas, x + 1, 1, 1, PAINT_TAB, s->signs->line) + 1;
		if (s->ntabs < SCREEN_HITS)
			s->tabs[s->ntabs++] = (struct hit){ x, cells, i };
		x += canvas_put(canvas, x, 1, room + 1 - x, i == now ? PAINT_TAB_NOW : PAINT_TAB,
				text);
	}
	if (i < count)
		canvas_put(canvas, canvas->width - 1, 1, 1, PAINT_KEY, s->signs->right);
}

static uint32_t status_right(struct canvas *canvas, uint32_t y, const struct model_status *status)
{
	const char *const texts[] = { status->lost, status->prog, status->cost };
	const enum paint paints[] = { status->lost_any ? PAINT_WARN : PAINT_STATUS,
				      status->prog_missing ? PAINT_WARN : PAINT_STATUS,
				      PAINT_STATUS };
	uint32_t cells = 1, one, x;
	size_t n = 0;

	/* In half of a terminal there is no room for the cost. */
	for (; n < ARRAY_LEN(texts); n++, cells += one) {
		one = texts[n][0] ? canvas_cells(texts[n]) + GAP : 0;
		if (cells + one > canvas->width)
			break;
	}
	x = canvas->width - cells;
	for (size_t i = 0; i < n; i++)
		if (texts[i][0])
			x += GAP +
			     canvas_put(canvas, x + GAP, y, canvas->width, paints[i], texts[i]);
	return canvas->width - cells;
}

static void draw_status(struct screen *s, struct canvas *canvas, uint32_t y)
{
	struct model_status status;
	uint32_t x = 1, end;

	model_status(s->model, &status);
	end = status_right(canvas, y, &status);
	for (uint32_t i = 0; i < status.nleft && x + 4 < end; i++) {
		uint32_t room = end - x;

		/* A long filter may be cut, a number may not. */
		if (canvas_cells(status.left[i]) > room &&
		    ((!has_prefix(status.left[i], "filter ") &&
		      !has_prefix(status.left[i], "trap ")) ||
		     room < LEAST_FILTER))
			continue;
		x += draw_cut(s->signs, canvas, x, y, room, PAINT_STATUS, status.left[i]) + GAP;
	}
}

static uint32_t hint_text(const struct binding *b, bool utf8, char key[KEY_LABEL_ROOM])
{
	key_label(key, b->keys[0], utf8);
	return canvas_cells(key) + 1 + canvas_cells(b->hint);
}

static uint32_t where_now(struct screen *s)
{
	struct model_tab tab;

	if (s->overlay)
		return s->overlay == &view_detail ? HINT_OVERLAY | HINT_DETAIL : HINT_OVERLAY;
	if (s->overview)
		return HINT_OVERVIEW;
	model_tab(s->model, model_current(s->model), &tab);
	if (tab.kind == TAB_PROGRAMS || tab.kind == TAB_TRACES)
		return HINT_PROGRAMS;
	if (tab.kind == TAB_TRACE)
		return HINT_TRACE;
	if (tab.kind == TAB_ENDED)
		return HINT_ENDED;
	return tab.kind == TAB_STREAM ? HINT_STREAM : HINT_ROWS;
}

/* More than one view fits this table. */
static bool has_views(struct screen *s)
{
	uint32_t count = 0;

	for (int i = 0; i < NVIEWS; i++)
		count += model_can_view(s->model, (enum view)i);
	return count > 1;
}

/* The last two hints, help and quit, always fit. */
static void draw_hints(struct screen *s, struct canvas *canvas, uint32_t y)
{
	uint32_t where = where_now(s), x = 1, kept = 0;
	char key[KEY_LABEL_ROOM];

	if (s->overlay && s->overlay->hints) {
		draw_cut(s->signs, canvas, x, y, canvas->width - 2, PAINT_HINT, s->overlay->hints);
		return;
	}
	for (size_t i = nbindings - 2; i < nbindings; i++)
		if (bindings[i].where & where)
			kept += GAP + hint_text(&bindings[i], s->utf8, key);
	for (size_t i = 0; i < nbindings; i++) {
		const struct binding *b = &bindings[i];
		bool last = i >= nbindings - 2;
		uint32_t cells;

		if (!(b->where & where) || (b->op == OP_VIEW && !has_views(s)) ||
		    (b->act == ACT_FLAMES && !flames_fit(s->model)))
			continue;
		cells = hint_text(b, s->utf8, key);
		if (!last && x + cells + kept + 1 > canvas->width)
			continue;
		x += canvas_put(canvas, x, y, canvas->width, PAINT_KEY, key) + 1;
		x += canvas_put(canvas, x, y, canvas->width, PAINT_HINT, b->hint) + GAP;
	}
}

void screen_draw_clock(struct screen *s, struct canvas *canvas, uint64_t elapsed_s)
{
	if (canvas->width < SCREEN_LEAST_WIDTH || canvas->height < SCREEN_LEAST_HEIGHT)
		return;
	canvas_fill(canvas, 0, 0, canvas->width, PAINT_PLAIN, " ");
	draw_title(s, canvas, elapsed_s);
}

void frame_draw(struct screen *s, struct canvas *canvas, uint64_t elapsed_s)
{
	uint32_t last = canvas->height - 1;

	draw_title(s, canvas, elapsed_s);
	draw_tabs(s, canvas);
	draw_status(s, canvas, last - 1);
	if (s->prompt.open)
		prompt_draw(&s->prompt, canvas, last);
	else if (s->flash[0])
		draw_cut(s->signs, canvas, 1, last, canvas->width - 2,
			 s->flash_bad ? PAINT_ERROR : PAINT_PROMPT, s->flash);
	else
		draw_hints(s, canvas, last);
}

// SPDX-License-Identifier: Apache-2.0
/*
 * Stacks as flames, the root at the top: a frame is as wide as its part of the focus. A line of
 * text in front of them describes the chosen frame.
 */
#include <math.h>
#include <stdio.h>

#include "base/util.h"
#include "runner/sink/flame/flame_tree.h"
#include "runner/tui/flame/flames.h"
#include "runner/tui/screen/ask.h"
#include "runner/tui/screen/screen.h"

struct drawing {
	struct screen *screen;
	struct canvas *canvas;
	struct area area;
	uint32_t top; /* depth of the first row */
	bool compared;
};

static enum paint paint_of(const struct drawing *d, const struct flames_frame *f)
{
	if (f->chosen)
		return PAINT_CURSOR;
	if (f->found)
		return PAINT_FOUND;
	if (d->compared) /* a tenth of a percent is no change */
		return f->change > 0.001    ? PAINT_WARN
		       : f->change < -0.001 ? PAINT_LIVE
					    : PAINT_PLAIN;
	switch (f->kind) {
	case FLAME_USER:
		return PAINT_NOTE;
	case FLAME_KERNEL:
		return PAINT_BARS;
	case FLAME_PROCESS:
		return PAINT_NAME;
	case FLAME_NONE:
		return PAINT_GONE;
	default:
		return PAINT_PLAIN;
	}
}

/* "name", "name +3.1%" */
static void draw_frame(void *ctx, const struct flames_frame *f)
{
	const struct drawing *d = ctx;
	const struct area *area = &d->area;
	uint32_t left = (uint32_t)(f->left * area->width + 0.5);
	uint32_t right = (uint32_t)(f->right * area->width + 0.5);
	uint32_t width = right - left, y = area->y + f->depth - d->top;
	enum paint paint = paint_of(d, f);
	char text[512], change[16] = "";

	if (f->depth < d->top || f->depth - d->top >= area->height || !width)
		return;
	if (d->compared && fabs(f->change) > 0.001)
		snprintf(change, sizeof(change), " %+.1f%%", 100 * f->change);
	snprintf(text, sizeof(text), "%.480s%s", f->name, change);
	canvas_fill(d->canvas, area->x + left, y, width, paint, " ");
	canvas_put(d->canvas, area->x + left, y, 1, paint, d->screen->signs->line);
	if (width > 1)
		draw_cut(d->screen->signs, d->canvas, area->x + left + 1, y, width - 1, paint,
			 text);
}

/* What the chosen frame is. */
static void draw_about(struct screen *s, struct canvas *canvas, struct area area,
		       const struct flames_status *st)
{
	uint32_t x = area.x + PAGE_MARGIN, end = area.x + area.width - 1;
	char text[256];

	snprintf(text, sizeof(text), "%.0f%s%s %.1f%%, self %.1f%%", round(st->value),
		 st->unit[0] ? " " : "", st->unit, 100 * st->part, 100 * st->part_self);
	if (st->compared)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), ", %+.1f%% since A",
			 100 * st->change);
	if (st->searched)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "  found %.1f%%",
			 100 * st->found);
	if (st->turned)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "  inverted");
	canvas_fill(canvas, area.x, area.y, area.width, PAINT_HEADER, " ");
	x += draw_cut(s->signs, canvas, x, area.y, area.width / 2, PAINT_SORT, st->name) + PAGE_GAP;
	if (x < end)
		draw_cut(s->signs, canvas, x, area.y, end - x, PAINT_HEADER, text);
}

/* The chosen frame stays in view. */
static uint32_t first_depth(struct screen *s, uint32_t depth, uint32_t height)
{
	if (depth < s->top)
		s->top = depth;
	else if (depth >= s->top + height)
		s->top = depth - height + 1;
	return s->top;
}

static uint32_t draw_flames(struct screen *s, struct canvas *canvas, struct area area)
{
	struct drawing d = { .screen = s, .canvas = canvas, .area = area };
	struct area header = { area.x, area.y - 1, area.width, 1 };
	struct flames_status status;

	if (!flames_update(s->flames)) {
		canvas_put(canvas, area.x + PAGE_MARGIN, area.y, area.width, PAINT_GONE,
			   "the table has gone");
		return 0;
	}
	flames_status(s->flames, &status);
	draw_about(s, canvas, header, &status);
	d.compared = status.compared;
	d.top = first_depth(s, status.depth, area.height);
	flames_each(s->flames, 0.5 / area.width, draw_frame, &d);
	return s->top + area.height; /* it scrolls by itself */
}

static enum flames_op op_of(const struct binding *b)
{
	switch (b->op) {
	case OP_UP:
		return FLAMES_OUT;
	case OP_DOWN:
		return FLAMES_IN;
	case OP_LEFT:
		return FLAMES_LEFT;
	case OP_RIGHT:
		return FLAMES_RIGHT;
	case OP_FIRST:
		return FLAMES_ALL;
	case OP_OUT:
		return FLAMES_WIDER;
	case OP_FOUND_NEXT:
		return FLAMES_NEXT;
	case OP_FOUND_PREV:
		return FLAMES_PREVIOUS;
	default:
		return FLAMES_COMPARE;
	}
}

/* Moments and pauses are the table's own. */
static bool is_own(const struct binding *b)
{
	switch (b->op) {
	case OP_UP:
	case OP_DOWN:
	case OP_LEFT:
	case OP_RIGHT:
	case OP_FIRST:
	case OP_OUT:
	case OP_FOUND_NEXT:
	case OP_FOUND_PREV:
	case OP_COMPARE:
		return true;
	default:
		return false;
	}
}

/* Keys of the table that change what the flames are made of, and leave them open. */
static bool pass_on(struct screen *s, enum model_op op, const char **ret_say)
{
	switch (op) {
	case OP_PAUSE:
	case OP_EARLIER:
	case OP_LATER:
	case OP_EARLIER_FAR:
	case OP_LATER_FAR:
	case OP_ZERO:
	case OP_FOLLOW:
		model_do(s->model, op);
		return true;
	case OP_MOMENT:
		if (model_do(s->model, op))
			*ret_say = "this is moment A: D compares with it";
		return true;
	default:
		return false;
	}
}

static bool flames_key(struct screen *s, const struct binding *b, const char **ret_say)
{
	bool done;

	switch (b->act) {
	case ACT_MODEL:
		if (!is_own(b))
			return pass_on(s, b->op, ret_say);
		done = flames_do(s->flames, op_of(b));
		if (!done && b->op == OP_COMPARE)
			*ret_say = "a marks a moment of this table, to compare with";
		if (!done && (b->op == OP_FOUND_NEXT || b->op == OP_FOUND_PREV))
			*ret_say = "no frame is found: / searches";
		return true;
	case ACT_DETAIL:
		flames_do(s->flames, FLAMES_FOCUS);
		return true;
	case ACT_BACK: /* first to everything, then to the table */
		return flames_do(s->flames, FLAMES_ALL);
	case ACT_TURN:
		return flames_do(s->flames, FLAMES_TURN);
	case ACT_FILTER:
	case ACT_MARK:
		ask_search(s);
		return true;
	default:
		return false;
	}
}

static void flames_close(struct screen *s)
{
	flames_free(s->flames);
	s->flames = NULL;
}

bool screen_find_flames(struct screen *s)
{
	flames_close(s);
	s->flames = flames_new(s->model);
	return s->flames != NULL;
}

const struct view_ops view_flames = {
	.title = "flames",
	.draw = draw_flames,
	.key = flames_key,
	.close = flames_close,
	.hints = "h j k l move  Enter zoom  Bksp wider  / search  i invert  a moment  D compare  "
		 "Esc back",
};

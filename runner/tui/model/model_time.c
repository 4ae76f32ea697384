// SPDX-License-Identifier: Apache-2.0
/* Going back in time: all tabs show one moment, from what each keeps of its past. */
#include "base/util.h"
#include "runner/read/text/human.h"
#include "runner/tui/model/blocks.h"
#include "runner/tui/model/model_impl.h"
#include "runner/tui/model/past.h"

#define STRIP_CELLS 20u

static const struct past *past_of(struct tab *tab)
{
	return tab->ops->kind == TAB_ROWS ? rows_tab_past(tab) : NULL;
}

/* The time of the sweep before or after `from`, in the current tab; false: there is none. */
static bool step_from(struct model *model, uint64_t from, bool back, uint64_t *ret)
{
	const struct past *past = past_of(current_base(model));
	uint32_t n = past ? past_steps(past) : 0;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t at = past_step(past, back ? n - 1 - i : i)->real_ns;

		if (back ? at < from : at > from) {
			*ret = at;
			return true;
		}
	}
	return false;
}

/* The time of the oldest sweep that is kept; 1: none. */
static uint64_t oldest_of(struct tab *tab)
{
	const struct past *past = past_of(tab);

	return past && past_steps(past) ? past_step(past, 0)->real_ns : 1;
}

static void go_to_moment(struct model *model, uint64_t moment_ns)
{
	model->moment_ns = moment_ns;
	model->paused = true;
	for (uint32_t i = 0; i < model->ntabs; i++) {
		struct tab *tab = model->tabs[i];

		tab_pause(tab, true);
		if (tab->ops->travel)
			tab->ops->travel(tab, moment_ns);
	}
}

bool model_travel(struct model *model, enum model_op op)
{
	bool back = op == OP_EARLIER || op == OP_EARLIER_FAR;
	bool far = op == OP_EARLIER_FAR || op == OP_LATER_FAR;
	uint64_t from = model->moment_ns ? model->moment_ns : model->latest_ns;
	uint64_t by = far ? MODEL_FAR_NS : model->settings.interval_ns, to = from;

	if (!from || (!back && (!model->moment_ns || from >= model->latest_ns)))
		return false;
	if (far || !past_of(current_base(model)))
		to = back ? MAX(from - MIN(by, from), oldest_of(current_base(model))) : from + by;
	else if (!step_from(model, from, back, &to))
		return false;
	go_to_moment(model, MIN(to, model->latest_ns));
	return true;
}

/* All tabs keep the moment that they show. */
bool model_mark_moment(struct model *model)
{
	uint64_t moment_ns = model->moment_ns ? model->moment_ns : model->latest_ns;

	if (!moment_ns)
		return false;
	for (uint32_t i = 0; i < model->ntabs; i++)
		if (model->tabs[i]->ops->kind == TAB_ROWS)
			rows_tab_mark(model->tabs[i], moment_ns);
	model->marked_ns = moment_ns;
	return true;
}

uint64_t model_latest(const struct model *model)
{
	return model->latest_ns;
}

const char *model_why_not_compared(const struct model *model)
{
	if (current(model)->ops->kind != TAB_ROWS)
		return "only rows with values are compared";
	return model->marked_ns ? "this table came after moment A: a marks another"
				: "no moment is marked: a marks one";
}

bool model_go_back(struct model *model, uint64_t ns)
{
	if (!model->latest_ns)
		return false;
	go_to_moment(model, MAX(model->latest_ns - MIN(ns, model->latest_ns),
				oldest_of(current_base(model))));
	model->generation++;
	return true;
}

/* The load over the time that is kept, with a mark at the moment. */
static const char *strip_of(struct model *model, struct arena *arena, const struct past *past)
{
	bool utf8 = model->settings.page.utf8;
	uint64_t first = past_step(past, 0)->real_ns;
	uint64_t span = past_step(past, past_steps(past) - 1)->real_ns - first + 1;
	uint32_t now =
		(uint32_t)((model->moment_ns - MIN(first, model->moment_ns)) * STRIP_CELLS / span);
	float loads[STRIP_CELLS] = { 0 };
	char before[BLOCKS_ROOM(STRIP_CELLS)], after[BLOCKS_ROOM(STRIP_CELLS)];
	size_t n;

	for (uint32_t i = 0; i < past_steps(past); i++) {
		const struct past_step *step = past_step(past, i);

		loads[(step->real_ns - first) * STRIP_CELLS / span] += (float)step->load;
	}
	now = MIN(now, STRIP_CELLS - 1);
	n = blocks_spark(before, loads, STRIP_CELLS, utf8);
	before[n] = '\0';
	/* A cell is one character, of three bytes where it is a block. */
	n = n / STRIP_CELLS;
	memcpy(after, before + (now + 1) * n, (STRIP_CELLS - now - 1) * n + 1);
	before[now * n] = '\0';
	return arena_printf(arena, "%s%s%s", before, utf8 ? "┃" : "|", after);
}

void model_time_status(struct model *model, struct arena *arena, struct model_status *ret)
{
	char ago[HUMAN_ROOM + 1];
	uint64_t ns = model->latest_ns - MIN(model->moment_ns, model->latest_ns);

	if (!model->moment_ns)
		return;
	ago[human_duration(ago, ns / 1000000, 1000000)] = '\0';
	ret->left[ret->nleft++] = ns < 1000000 ? "now" : arena_printf(arena, "%s ago", ago);
}

void model_strip_status(struct model *model, struct arena *arena, struct model_status *ret)
{
	const struct past *past = past_of(current_base(model));
	uint32_t at = MIN(ret->nleft, 2u); /* behind how long ago it was, and how many rows */

	if (!model->moment_ns || !past || !past_steps(past))
		return;
	memmove(&ret->left[at + 1], &ret->left[at], (ret->nleft++ - at) * sizeof(*ret->left));
	ret->left[at] = strip_of(model, arena, past);
}

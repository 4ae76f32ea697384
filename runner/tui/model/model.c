// SPDX-License-Identifier: Apache-2.0
#include "runner/tui/model/model.h"

#include <errno.h>
#include <math.h>
#include "base/clock.h"
#include "base/err.h"
#include "base/util.h"
#include "runner/read/text/human.h"
#include "runner/tui/model/export.h"
#include "runner/tui/model/logview.h"
#include "runner/tui/model/model_impl.h"
#include "runner/tui/model/shorts.h"

struct model *model_new(const struct model_opts *opts)
{
	struct model *model = xcalloc(1, sizeof(*model));
	const struct plan *plan = opts->source->plan;
	uint64_t bytes = opts->history_bytes ? opts->history_bytes : MODEL_HISTORY_BYTES;
	uint32_t streams = 0;

	model->env.source = opts->source;
	model->env.interval_ns = opts->interval_ns ? opts->interval_ns : 1000000000;
	model->env.page.utf8 = opts->utf8;
	model->log = logview_new();
	sink_names_init(&model->env.names, opts->source);
	model->by_map = xcalloc(plan->nmaps + 1, sizeof(struct tab *));
	model->tabs = xcalloc(plan->nmaps + 1, sizeof(struct tab *));
	for (uint32_t i = 0; i < plan->nmaps; i++)
		streams += map_has_records(&plan->maps[i]);
	for (uint32_t i = 0; i < plan->nmaps; i++) {
		const struct map_plan *map = &plan->maps[i];
		const struct metric_plan *metric =
			map_has_series(map) ? source_metric(opts->source, map) : NULL;

		if (map_has_records(map))
			model->by_map[i] = stream_tab_new(&model->env, map, bytes / streams);
		else if (metric)
			model->by_map[i] = rows_tab_new(&model->env, map, metric);
		if (model->by_map[i])
			model->tabs[model->ntabs++] = model->by_map[i];
	}
	model->programs = model->tabs[model->ntabs++] = programs_tab_new(&model->env);
	return model;
}

void model_free(struct model *model)
{
	if (!model)
		return;
	for (uint32_t i = 0; i < model->ntabs; i++)
		model->tabs[i]->ops->free(model->tabs[i]);
	for (size_t i = 0; i < ARRAY_LEN(model->arenas); i++)
		arena_release(&model->arenas[i]);
	free(model->tabs);
	free(model->by_map);
	sink_names_release(&model->env.names);
	logview_free(model->log);
	free(model);
}

/* Feeding. */

void model_event(struct model *model, const struct record *record)
{
	struct tab *tab = model->by_map[record->map->index];

	if (!tab || tab->ops->kind != TAB_STREAM)
		return;
	stream_tab_put(tab, record);
	model->generation += tab == current(model) && !tab->paused;
}

void model_rows(struct model *model, const struct series_rows *rows)
{
	struct tab *tab = model->by_map[rows->plan->map->index];

	if (tab && tab->ops->kind == TAB_ROWS)
		rows_tab_put(tab, rows);
}

void model_lost(struct model *model, const struct map_plan *map, enum lost_where where,
		uint64_t count)
{
	struct tab *tab = model->by_map[map->index];

	model->lost += count;
	model->generation++;
	if (!tab)
		return;
	tab->lost += count;
	if (tab->ops->kind == TAB_STREAM)
		stream_tab_lost(tab, where, count);
}

void model_swept(struct model *model, uint64_t mono_ns)
{
	bool changed = false;

	model->env.now_ns = mono_ns;
	for (uint32_t i = 0; i < model->ntabs; i++) {
		struct tab *tab = model->tabs[i];

		if (tab->ops->kind == TAB_ROWS)
			changed |= rows_tab_swept(tab, mono_ns);
		else if (tab->ops->kind == TAB_STREAM)
			changed |= stream_tab_swept(tab, mono_ns);
	}
	model->generation += changed;
}

void model_programs(struct model *model, const struct prog_stats *stats, uint64_t mono_ns)
{
	model->generation += programs_tab_put(model->programs, stats, mono_ns);
}

void model_log(struct model *model, const char *text, uint64_t real_ns)
{
	logview_add(model->log, text, real_ns);
	model->generation++;
}

void model_stats(struct model *model, const struct map_plan *map, const struct map_stats *stats)
{
	struct tab *tab = model->by_map[map->index];

	if (!tab)
		return;
	model->generation += !tab->has_stats || tab->stats.entries != stats->entries ||
			     tab->stats.lost_known != stats->lost_known;
	tab->stats = *stats;
	tab->has_stats = true;
}

uint64_t model_generation(struct model *model)
{
	/* A filter has not seen all records yet: every look at them goes on a while. */
	model->generation += current(model)->unfinished;
	return model->generation;
}

/* Looking. */

/* What was handed out the last time for this purpose is not valid any more. */
static struct arena *fresh(struct model *model, enum model_arena which)
{
	arena_release(&model->arenas[which]);
	model->arenas[which] = (struct arena){ 0 };
	return &model->arenas[which];
}

uint32_t model_tabs(struct model *model)
{
	return model->ntabs;
}

uint32_t model_current(const struct model *model)
{
	return model->now;
}

void model_tab(struct model *model, uint32_t index, struct model_tab *ret)
{
	struct tab *tab = model->tabs[MIN(index, model->ntabs - 1)];
	struct programs_sum sum;

	*ret = (struct model_tab){ .name = tab->name,
				   .kind = tab->ops->kind,
				   .role = tab->map ? tab->map->role : ROLE_INTERNAL,
				   .view = tab->view,
				   .paused = tab->paused,
				   .warns = tab->lost > 0 };
	tab->ops->count(tab, ret->count, sizeof(ret->count));
	if (tab == model->programs) {
		sum = programs_tab_sum(tab);
		ret->warns = sum.attached < sum.wanted;
	}
}

void model_page(struct model *model, uint32_t width, uint32_t height, struct model_page *ret)
{
	tab_page(current(model), fresh(model, ARENA_PAGE), width, height, ret);
}

static const char *lost_status(const struct model *model, struct arena *arena)
{
	bool known = true;
	uint64_t read = 0;
	char text[SHORT_ROOM];

	for (uint32_t i = 0; i < model->ntabs; i++) {
		const struct tab *tab = model->tabs[i];

		read += tab->stats.read;
		if (tab->has_stats && tab->ops->kind == TAB_STREAM && !tab->stats.lost_known)
			known = false;
	}
	short_commas(text, model->lost);
	if (!model->lost)
		return known ? "lost 0" : "lost ?";
	if (!read)
		return arena_printf(arena, "lost %s", text);
	return arena_printf(arena, "lost %s (%.2f%%)", text,
			    100 * (double)model->lost / ((double)model->lost + (double)read));
}

static const char *cost_status(const struct model *model, struct arena *arena,
			       const struct programs_sum *sum)
{
	char each[HUMAN_ROOM + 1], rate[SHORT_ROOM];

	if (isnan(sum->cpu))
		return "";
	each[human_duration(each, (uint64_t)(sum->ns_per_run + 0.5), 1)] = '\0';
	short_scaled(rate, sum->runs_per_s);
	return arena_printf(arena, "%s%s%s/s %.*f%% cpu", each, model->env.page.utf8 ? "×" : " x ",
			    rate, sum->cpu < 0.1, 100 * sum->cpu);
}

void model_status(struct model *model, struct model_status *ret)
{
	struct arena *arena = fresh(model, ARENA_STATUS);
	struct tab *tab = current(model);
	struct programs_sum sum;
	char count[24];

	*ret = (struct model_status){ 0 };
	tab_prepare(tab);
	tab->ops->status(tab, arena, ret);
	for (uint32_t i = 0; i < ret->nleft; i++)
		ret->left[i] = tab_clean(tab, arena, ret->left[i]);
	/* Programs are counted anew: they may have been attached since. */
	model->programs->ops->count(model->programs, count, sizeof(count));
	sum = programs_tab_sum(model->programs);
	ret->lost = lost_status(model, arena);
	ret->lost_any = model->lost > 0;
	ret->prog = arena_printf(arena, "prog %s", count);
	ret->prog_missing = sum.attached < sum.wanted;
	ret->cost = cost_status(model, arena, &sum);
}

void model_detail(struct model *model, struct model_detail *ret)
{
	tab_detail(current(model), fresh(model, ARENA_DETAIL), ret);
}

bool model_row_json(struct model *model, struct strbuf *ret)
{
	struct tab *tab = current(model);

	tab_prepare(tab);
	return !tab->gone && export_row(tab, ret);
}

int model_export(struct model *model, const char *path, uint64_t *ret_rows, struct err *err)
{
	return export_file(current(model), path, ret_rows, err);
}

bool model_histogram(struct model *model, struct model_histogram *ret)
{
	struct tab *tab = current(model);

	*ret = (struct model_histogram){ .title = "", .summary = "" };
	return tab->ops->kind == TAB_ROWS &&
	       rows_tab_histogram(tab, fresh(model, ARENA_HISTOGRAM), ret);
}

bool model_heatmap(struct model *model, uint32_t max_columns, struct model_heatmap *ret)
{
	struct tab *tab = current(model);

	*ret = (struct model_heatmap){ .title = "" };
	return tab->ops->kind == TAB_ROWS &&
	       rows_tab_heatmap(tab, fresh(model, ARENA_HISTOGRAM), max_columns, ret);
}

uint32_t model_log_lines(const struct model *model)
{
	return logview_lines(model->log);
}

const char *model_log_line(struct model *model, uint32_t i)
{
	return tab_clean(current(model), fresh(model, ARENA_LOG), logview_line(model->log, i));
}

uint64_t model_log_dropped(const struct model *model)
{
	return logview_dropped(model->log);
}

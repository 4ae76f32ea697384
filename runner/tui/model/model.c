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
#include "runner/tui/trace/traces.h"
#include "runner/tui/who/who_pane.h"

/* Feeding. */

void model_event(struct model *model, struct source *source, const struct record *record)
{
	struct tab *tab = model_tab_of(model, source, record->map);

	if (!tab || tab->ops->kind != TAB_STREAM)
		return;
	stream_tab_put(tab, record);
	model->generation += tab == current(model) && !tab->paused;
}

void model_rows(struct model *model, struct source *source, const struct series_rows *rows)
{
	struct tab *tab = model_tab_of(model, source, rows->plan->map);

	if (tab && tab->ops->kind == TAB_ROWS)
		rows_tab_put(tab, rows);
}

void model_lost(struct model *model, struct source *source, const struct map_plan *map,
		enum lost_where where, uint64_t count)
{
	struct tab *tab = model_tab_of(model, source, map);

	model->lost += count;
	model->generation++;
	if (!tab)
		return;
	tab->lost += count;
	if (tab->ops->kind == TAB_STREAM)
		stream_tab_lost(tab, where, count);
}

void model_swept(struct model *model, struct source *source, uint64_t mono_ns, uint64_t real_ns)
{
	bool changed = false;

	model->latest_ns = MAX(model->latest_ns, real_ns);

	for (uint32_t i = 0; i < source->plan->nmaps; i++) {
		struct tab *tab = model_tab_of(model, source, &source->plan->maps[i]);

		if (!tab)
			continue;
		if (tab->ops->kind == TAB_ROWS)
			changed |= rows_tab_swept(tab, mono_ns, real_ns);
		else if (tab->ops->kind == TAB_STREAM)
			changed |= stream_tab_swept(tab, mono_ns);
	}
	if (model->traces)
		changed |= traces_tab_swept(model->traces);
	model->generation += changed;
}

void model_programs(struct model *model, struct source *source, const struct prog_stats *stats,
		    uint64_t mono_ns)
{
	model->generation += programs_tab_put(model->programs, source, stats, mono_ns);
}

void model_log(struct model *model, const char *text, uint64_t real_ns)
{
	logview_add(model->log, text, real_ns);
	model->generation++;
}

void model_stats(struct model *model, struct source *source, const struct map_plan *map,
		 const struct map_stats *stats)
{
	struct tab *tab = model_tab_of(model, source, map);

	if (!tab)
		return;
	model->generation += !tab->has_stats || tab->stats.entries != stats->entries ||
			     tab->stats.lost_known != stats->lost_known;
	tab->stats = *stats;
	tab->has_stats = true;
}

/* Answers to what model_who() asks for. */
static uint64_t name_changes(const struct model *model)
{
	uint64_t changes = 0;

	for (uint32_t i = 0; i < model->origins.count; i++) {
		const struct origin *origin = model->origins.all[i];

		if (origin && origin->env.source->who)
			changes += who_changes(origin->env.source->who);
	}
	return changes;
}

uint64_t model_generation(struct model *model)
{
	uint64_t names = model->asks ? name_changes(model) : model->names;

	model->generation += names != model->names;
	model->names = names;
	/* The filter has not checked all records yet; each page continues. */
	model->generation += current(model)->unfinished;
	return model->generation;
}

/* Pages. */

/* Frees what the last call of this kind returned. */
static struct arena *fresh(struct model *model, enum model_arena which)
{
	arena_release(&model->arenas[which]);
	model->arenas[which] = (struct arena){ 0 };
	return &model->arenas[which];
}

const char *model_title(struct model *model)
{
	struct arena *arena = fresh(model, ARENA_TITLE);
	const char *names = "";
	const struct source *one = NULL;

	for (uint32_t i = 0; i < model->origins.count; i++) {
		const struct origin *origin = model->origins.all[i];

		if (!origin)
			continue;
		one = origin->env.source;
		names = arena_printf(arena, "%s%s%s", names, names[0] ? ", " : "", one->program);
	}
	if (!one)
		return "no program";
	if (model->norigins > 1)
		names = arena_printf(arena, "%u programs: %s", model->norigins, names);
	else if (!one->several)
		names = one->name;
	return tab_clean(current(model), arena, names);
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
	struct tab *shown = tab->over ? tab->over : tab;
	struct programs_sum sum;

	*ret = (struct model_tab){ .name = tab_label(tab),
				   .kind = shown->ops->kind,
				   .role = tab->map ? tab->map->role : ROLE_INTERNAL,
				   .view = tab->view,
				   .paused = tab->paused,
				   .warns = tab->lost > 0 };
	shown->ops->count(shown, ret->count, sizeof(ret->count));
	if (tab == model->programs) {
		sum = programs_tab_sum(tab);
		ret->warns = sum.attached < sum.wanted;
	}
}

void model_page(struct model *model, uint32_t width, uint32_t height, struct model_page *ret)
{
	struct tab *tab = current(model);

	model->width = MAX(model->width, width);
	model->height = MAX(model->height, height);
	(tab->ops->page ? tab->ops->page : tab_page)(tab, fresh(model, ARENA_PAGE), width, height,
						     ret);
}

static const char *lost_status(const struct model *model, struct arena *arena)
{
	bool known = true;
	uint64_t read = model->read;
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
	return arena_printf(arena, "%s%s%s/s %.*f%% cpu", each,
			    model->settings.page.utf8 ? "×" : " x ", rate, sum->cpu < 0.1,
			    100 * sum->cpu);
}

/* The rows of a tab that has groups: "#" adds a column to them. */
static void add_grouping(const struct tab *tab, struct arena *arena, struct model_status *ret)
{
	const char *names = "";

	for (uint32_t i = 0; i < tab->nby; i++)
		names = arena_printf(arena, "%s%s%s", names, i ? "," : "",
				     tab->columns.all[tab->by[i]].field->path);
	if (tab->nby && ret->nleft < STATUS_MAX_LEFT)
		ret->left[ret->nleft++] = arena_printf(arena, "groups by %s", names);
}

void model_status(struct model *model, struct model_status *ret)
{
	struct arena *arena = fresh(model, ARENA_STATUS);
	struct tab *tab = current(model);
	struct programs_sum sum;
	char count[24];

	*ret = (struct model_status){ 0 };
	tab_prepare(tab);
	model_time_status(model, arena, ret);
	tab->ops->status(tab, arena, ret);
	if (tab == current_base(model))
		add_grouping(tab, arena, ret);
	if (tab->trap)
		ret->left[ret->nleft++] = arena_printf(arena, "trap %s", tab->trap->text);
	model_strip_status(model, arena, ret);
	for (uint32_t i = 0; i < ret->nleft; i++)
		ret->left[i] = tab_clean(tab, arena, ret->left[i]);
	/* Count again, because programs may have been attached since. */
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

void model_who(struct model *model, struct model_detail *ret)
{
	model->asks = true;
	who_pane(current(model), fresh(model, ARENA_WHO), model->latest_ns, ret);
}

bool model_row_json(struct model *model, struct strbuf *ret)
{
	struct tab *tab = current(model);

	tab_prepare(tab);
	return !tab->gone && export_row(tab, ret);
}

int model_export(struct model *model, const char *path, uint64_t *ret_rows, struct err *err)
{
	if (current(model)->ops->kind == TAB_ENDED)
		return err_set(err, ENOENT, "the program has ended, and its rows with it");
	return export_file(current(model), model->files, path, ret_rows, err);
}

bool model_command(struct model *model, struct strbuf *ret)
{
	return export_command(current_base(model), current(model), ret);
}

void model_header(struct model *model, const struct export_how *how, struct strbuf *ret)
{
	export_header(current(model), how, ret);
}

int model_write(struct model *model, const struct export_how *how, int fd, uint64_t *ret_rows)
{
	return export_rows(current(model), how, fd, ret_rows);
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

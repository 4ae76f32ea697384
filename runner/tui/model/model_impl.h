/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by model.c, which takes data in and hands pages out, and model_ops.c, the actions of keys.
 */
#ifndef BOMBUS_RUNNER_TUI_MODEL_MODEL_IMPL_H
#define BOMBUS_RUNNER_TUI_MODEL_MODEL_IMPL_H

#include "runner/sink/slots.h"
#include "runner/tui/model/tab.h"

struct logview;

/* Memory of what a call hands out, valid until the next call of its kind. */
enum model_arena {
	ARENA_PAGE,
	ARENA_STATUS,
	ARENA_DETAIL,
	ARENA_WHO,
	ARENA_HISTOGRAM,
	ARENA_LOG,
	ARENA_TITLE,
	NARENAS,
};

/* A source and its tabs. */
struct origin {
	struct tab_env env;
	struct tab **by_map; /* by index in the plan; NULL: not shown */
};

struct model {
	struct tab_settings settings;
	struct tab_env env;   /* of tabs without a source */
	struct slots origins; /* struct origin, by number of the source */
	uint32_t norigins;
	struct tab **tabs;
	uint32_t ntabs, now;
	struct tab *programs;
	struct tab *traces; /* NULL: there are no maps of spans with traces */
	struct files *files;
	uint64_t history_bytes;
	uint32_t width, height; /* of the largest page so far */
	struct logview *log;
	struct arena arenas[NARENAS];
	uint64_t generation;
	uint64_t latest_ns;  /* the last sweep of any source, since 1970 */
	struct strbuf links; /* names of fields, of model_link() */
	bool asks;	     /* model_who() was called */
	uint64_t names;	     /* who_changes() of all sources, when they were last looked at */
	bool paused;	     /* all tabs, at one moment */
	uint64_t moment_ns;  /* that all tabs show; 0: the present, or when each was paused */
	uint64_t marked_ns;  /* the moment to compare with; 0: none */
	uint64_t lost;
	uint64_t read; /* by sources that were removed */
};

/* model_time.c */
bool model_travel(struct model *model, enum model_op op);
bool model_mark_moment(struct model *model);
/* Adds "23s ago", or a strip of the load over time. */
void model_time_status(struct model *model, struct arena *arena, struct model_status *ret);
void model_strip_status(struct model *model, struct arena *arena, struct model_status *ret);
/* model_groups.c */
bool model_group(struct model *model, enum model_op op);
/* model_sources.c */
struct tab *model_tab_of(const struct model *model, const struct source *source,
			 const struct map_plan *map);
/* Takes the tab at this index away; the current one stays the same. */
void model_drop_tab(struct model *model, uint32_t index);

/* The tab at the place that is chosen; its groups may be shown instead. */
static inline struct tab *current_base(const struct model *model)
{
	return model->tabs[model->now];
}

/* What is shown. */
static inline struct tab *current(const struct model *model)
{
	struct tab *base = current_base(model);

	return base->over ? base->over : base;
}

#endif

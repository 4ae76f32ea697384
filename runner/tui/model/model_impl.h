/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by model.c, which takes data in and hands pages out, and model_ops.c, the actions of keys.
 */
#ifndef BOMBUS_RUNNER_TUI_MODEL_MODEL_IMPL_H
#define BOMBUS_RUNNER_TUI_MODEL_MODEL_IMPL_H

#include "runner/tui/model/tab.h"

struct logview;

/* Memory of what a call hands out, valid until the next call of its kind. */
enum model_arena {
	ARENA_PAGE,
	ARENA_STATUS,
	ARENA_DETAIL,
	ARENA_HISTOGRAM,
	ARENA_LOG,
	NARENAS,
};

struct model {
	struct tab_env env;
	struct tab **tabs;
	uint32_t ntabs, now;
	struct tab **by_map; /* by index in the plan; NULL: not shown */
	struct tab *programs;
	struct logview *log;
	struct arena arenas[NARENAS];
	uint64_t generation;
	uint64_t lost;
};

static inline struct tab *current(const struct model *model)
{
	return model->tabs[model->now];
}

#endif

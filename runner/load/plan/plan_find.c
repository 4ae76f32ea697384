// SPDX-License-Identifier: Apache-2.0
/* Looking things up in a plan, finished or not. */
#include "base/util.h"
#include "runner/load/plan/plan.h"

struct map_plan *plan_map(const struct plan *plan, const char *name)
{
	for (uint32_t i = 0; i < plan->nmaps; i++)
		if (streq(plan->maps[i].name, name))
			return &plan->maps[i];
	for (uint32_t i = 0; i < plan->nmaps; i++)
		if (streq(plan->maps[i].symbol, name))
			return &plan->maps[i];
	return NULL;
}

struct prog_plan *plan_prog(const struct plan *plan, const char *name)
{
	for (uint32_t i = 0; i < plan->nprogs; i++)
		if (streq(plan->progs[i].name, name))
			return &plan->progs[i];
	return NULL;
}

struct param *plan_param(const struct plan *plan, const char *name)
{
	for (uint32_t i = 0; i < plan->nparams; i++)
		if (streq(plan->params[i].name, name))
			return &plan->params[i];
	return NULL;
}

const struct field *plan_unknown_stacks(const struct map_plan *map, const struct field *from)
{
	const struct layout *layouts[] = { map->has_key ? &map->key : NULL,
					   map->has_value ? &map->value : NULL };
	bool passed = !from;

	for (size_t l = 0; l < ARRAY_LEN(layouts); l++) {
		for (uint32_t i = 0; layouts[l] && i < layouts[l]->nfields; i++) {
			const struct field *f = &layouts[l]->fields[i];

			if (passed && f->stacks == FIELD_NO_STACKS)
				return f;
			passed = passed || f == from;
		}
	}
	return NULL;
}

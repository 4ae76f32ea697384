// SPDX-License-Identifier: Apache-2.0
/* --fields: which fields of a map are shown. */
#include <errno.h>

#include "base/err.h"
#include "base/parse.h"
#include "base/util.h"
#include "runner/load/plan/plan.h"

struct names_walk {
	const struct map_plan *map;
	const struct plan *plan;
	uint32_t index;
};

static const char *next_field(void *ctx)
{
	struct names_walk *w = ctx;
	uint32_t i = w->index++, nkeys = w->map->has_key ? w->map->key.nfields : 0;

	if (i < nkeys)
		return w->map->key.fields[i].path;
	i -= nkeys;
	return w->map->has_value && i < w->map->value.nfields ? w->map->value.fields[i].path : NULL;
}

static const char *next_map(void *ctx)
{
	struct names_walk *w = ctx;

	return w->index < w->plan->nmaps ? w->plan->maps[w->index++].name : NULL;
}

static void hide_all(struct layout *layout)
{
	for (uint32_t i = 0; i < layout->nfields; i++)
		layout->fields[i].tags |= TAG_HIDE;
}

/* A name may be that of a whole struct: "src" shows src.addr and src.port. */
static bool show(struct layout *layout, const char *name)
{
	size_t len = strlen(name);
	bool found = false;

	for (uint32_t i = 0; i < layout->nfields; i++) {
		struct field *f = &layout->fields[i];

		if (streq(f->path, name) || streq(f->label, name) ||
		    (has_prefix(f->path, name) && f->path[len] == '.')) {
			f->tags &= (uint8_t)~TAG_HIDE;
			found = true;
		}
	}
	return found;
}

static int find_map(struct plan *plan, const char *name, struct map_plan **ret, struct err *err)
{
	struct map_plan *map = plan_map(plan, name);
	const char *near;

	if (map && map->role != ROLE_INTERNAL) {
		*ret = map;
		return 0;
	}
	if (map) {
		err_hint(err, "--all-maps or --map %s=ROLE shows it", name);
		return err_usage(err, "--fields: map '%s' is internal to the program", name);
	}
	near = suggest(name, next_map, &(struct names_walk){ .plan = plan });
	if (near)
		err_hint(err, "did you mean '%s'?", near);
	return err_usage(err, "--fields: no map '%s'", name);
}

int plan_select_fields(struct plan *plan, const struct plan_fields *choice, struct err *err)
{
	struct map_plan *map = NULL;
	int ret = find_map(plan, choice->map, &map, err);

	if (ret < 0)
		return ret;
	hide_all(&map->key);
	hide_all(&map->value);
	for (size_t i = 0; i < choice->nfields; i++) {
		const char *name = choice->fields[i], *near;
		bool in_key = map->has_key && show(&map->key, name);
		bool in_value = map->has_value && show(&map->value, name);

		if (in_key || in_value)
			continue;
		near = suggest(name, next_field, &(struct names_walk){ .map = map });
		if (near)
			err_hint(err, "did you mean '%s'?", near);
		return err_usage(err, "--fields: map %s has no field '%s'", map->name, name);
	}
	return 0;
}
